"""What a message is: a bounce, a delay notice, an auto reply, a complaint, or none of ours.

A machine's voice (sender, empty return path) and words of failure must come
together; neither is enough alone, and a person's quotation of a bounce never
counts.
"""

import re
from functools import lru_cache
from typing import Literal

from bouncekit.mail.engine import Message
from bouncekit.mail.headers import addresses_in
from bouncekit.mail.wordlists import fold, has, phrases

Kind = Literal["bounce", "deferral", "delivered", "auto_reply", "complaint", "other"]

ORDINARY = "an ordinary message, not a bounce"
QUOTED = "a person's message that quotes or forwards a bounce"
CHALLENGE = "a challenge: the sender is asked to prove to be a person"
RECEIPT = "a read receipt, not a bounce"
CALENDAR = "a calendar message, not a bounce"

MAX_NOTICE = 3_000
"""Characters of a notice that are searched for phrases."""
SHORT = 60
"""A notice of fewer characters may say all in its subject."""

_FEEDBACK = re.compile(r"report-type=[\s\"]*feedback-report\b")
_ADDRESS = re.compile(r"@(?<=[^\s@<>]@)[^\s@<>]{1,64}\.\w")
_FULL_REPLY = re.compile(r"[45](?<![\d.].)[0-7]\d[ -]#?[45]\.[0-7]\.\d")
_REPLY = re.compile(r"[45](?<![\d.].)[0-7]\d[ -]")


def is_machine(message: Message) -> bool:
    """Say whether a mail system, not a person, speaks."""
    headers = message.headers
    if _is_null(message):
        return True
    if "x-failed-recipients" in headers:
        return True
    return is_daemon(message) or "x-mlserver" in headers


def _is_null(message: Message) -> bool:
    """Say whether nobody is to be told of a failure of this message (RFC 5321 4.5.5)."""
    return _is_null_path(message.header("return-path"))


@lru_cache(maxsize=4_096)
def _is_null_path(path: str) -> bool:
    path = path.strip().lower()
    return path in ("<>", "<mailer-daemon>", "mailer-daemon") or path.startswith("<mailer-daemon@")


def is_daemon(message: Message) -> bool:
    """Say whether the From header is that of a mail system."""
    return _is_daemon_name(message.header("from"))


def is_trusted(message: Message) -> bool:
    """Say whether more than a sender's name says that a mail system speaks.

    Anybody can call themselves Postmaster; few use its address or leave the
    return path empty.
    """
    if _is_daemon_address(message.header("from")):
        return True
    path = message.header("return-path").strip()
    return not path or _is_null_path(path) or _is_daemon_address(path)


@lru_cache(maxsize=4_096)
def _is_daemon_address(value: str) -> bool:
    address = value[value.rfind("<") + 1 :].lower()
    return address.startswith(phrases("machine_address"))


@lru_cache(maxsize=4_096)
def _is_daemon_name(sender: str) -> bool:
    # Mailboxes of bounces have few senders and few subjects.
    sender = sender.lower()
    return not sender.strip(" <>\"'") or has("machine_sender", sender)


def is_reply(subject: str) -> bool:
    """Say whether a person answers or forwards, by the subject (folded)."""
    return subject.startswith(phrases("reply_prefix"))


def is_passed_on(message: Message) -> bool:
    """Say whether a person forwards a report with words of their own."""
    if message.content_type.startswith("multipart/report"):
        return False
    return is_reply(fold(message.header("subject"))) and not is_machine(message)


def is_auto_reply(message: Message, subject: str) -> bool:
    """Say whether a person's mail system answers for them (RFC 3834 and its forerunners)."""
    headers = message.headers
    submitted = message.header("auto-submitted").lower()
    if submitted.startswith("auto-replied") or has("auto_reply_subject", subject):
        return True
    precedence = message.header("precedence").lower()
    return precedence in ("auto_reply", "auto-reply") or any(
        mark in headers for mark in phrases("auto_reply_header")
    )


def is_refusal(message: Message) -> bool:
    """Say whether a disposition notification tells that a mail filter refused the message.

    A filter may answer so (RFC 5429 2.1.1); other receipts tell that a person
    read or deleted the message.
    """
    subject = fold(message.header("subject"))
    return not subject.startswith(phrases("receipt_subject")) and (
        "(rejected)" in message.header("auto-submitted").lower()
        or has("refusal", f"{subject} {fold(message.text[:MAX_NOTICE])}")
    )


def is_complaint(message: Message) -> bool:
    """Say whether it is a spam complaint (RFC 5965, or Microsoft's older form)."""
    if message.feedback or _FEEDBACK.search(message.content_type):
        return True
    if message.report or not message.original:
        return False
    return fold(message.header("subject")).startswith("complaint about message from")


def kind_of_text(message: Message, human: str) -> tuple[Kind, str]:
    """Decide on a message without a delivery report.

    Parameters
    ----------
    message : Message
        The opened message.
    human : str
        Its text above the returned original, without quoted lines.

    Returns
    -------
    tuple of (Kind, str)
        The kind, and for ``other`` the reason in a sentence.
    """
    subject = fold(message.header("subject"))
    daemon = is_daemon(message)
    named = "x-failed-recipients" in message.headers
    if not (daemon or named) and has("auto_reply_subject", subject):
        return "auto_reply", ""
    if subject.startswith(phrases("receipt_subject")) or message.receipt:
        return "other", RECEIPT
    words = fold(human[:MAX_NOTICE])
    says_so = has("bounce_sentence", words)
    if not named and not _speaks_of_failure(
        message, subject, words, daemon=daemon, says_so=says_so
    ):
        return _not_a_bounce(message, subject, words)
    if _speaks_of_delay(f"{subject}\n{words}") and not has("final", words):
        return "deferral", ""
    if not says_so and has("delivered", words):
        return "delivered", ""
    return "bounce", ""


def _speaks_of_delay(told: str) -> bool:
    # A few stems rule most notices out before all phrases are tried.
    return (not told.isascii() or has("delay_stem", told)) and has("delay", told)


def _speaks_of_failure(
    message: Message, subject: str, words: str, *, daemon: bool, says_so: bool
) -> bool:
    if not daemon and (not is_machine(message) or is_reply(subject)):
        return False
    trusted = daemon and is_trusted(message)
    if trusted and says_so:
        return True
    about = has("bounce_subject", subject)
    # A help desk, a newsletter or a phisher may use such words too, but tells of nobody else.
    of_another = _names_another(message, words)
    concrete = of_another or (trusted and bool(_ADDRESS.search(words)))
    if of_another and _is_null(message) and _FULL_REPLY.search(words):
        # Whatever the language: hardly anybody but a mail server writes so to a sender.
        return daemon or not is_auto_reply(message, subject)
    if concrete and says_so:
        return True
    failed = bool(_REPLY.search(words)) or has("failure_words", words)
    if about:
        return concrete or failed or (trusted and len(words) < SHORT)
    return of_another and failed and not has("summary_subject", subject)


def _names_another(message: Message, words: str) -> bool:
    """Say whether the words name an address that is not the reader's own."""
    for own in addresses_in(message.header("to").lower()):
        words = words.replace(own, "")
    return bool(_ADDRESS.search(words))


def _not_a_bounce(message: Message, subject: str, words: str) -> tuple[Kind, str]:
    if has("challenge", f"{subject}\n{words[:2000]}") and not has("bounce_subject", subject):
        return "other", CHALLENGE
    if is_auto_reply(message, subject):
        return "auto_reply", ""
    if message.content_type.startswith("text/calendar"):
        return "other", CALENDAR
    if has("bounce_subject", subject) and is_reply(subject):
        return "other", QUOTED
    return "other", ORDINARY
