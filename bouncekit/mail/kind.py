"""What a message is: a bounce, a delay notice, an auto reply, a complaint, or none of ours.

A machine's voice (sender, empty return path) and words of failure must come
together; neither is enough alone, and a person's quotation of a bounce never
counts.
"""

import re
from functools import lru_cache
from typing import Literal, NamedTuple

from bouncekit.mail.engine import Message
from bouncekit.mail.headers import addresses_in
from bouncekit.mail.markup import MAX_HTML, visible_text
from bouncekit.mail.wordlists import fold, has, phrases
from bouncekit.texts import scalars

Kind = Literal["bounce", "deferral", "delivered", "auto_reply", "complaint", "other"]

ORDINARY = "an ordinary message, not a bounce"
QUOTED = "a person's message that quotes or forwards a bounce"
CHALLENGE = "a challenge: the sender is asked to prove to be a person"
RECEIPT = "a read receipt, not a bounce"
CALENDAR = "a calendar message, not a bounce"

MAX_SUBJECT = 1_000
"""Characters of a subject that are looked at."""
MAX_NOTICE = 3_000
"""Characters of a notice that are searched for phrases."""
MAX_LINES = 120
MAX_LINE = 2_000
"""Lines of a notice, and characters of one, that are searched for phrases."""
SHORT = 60
"""A notice of fewer characters may say all in its subject."""

_FEEDBACK = re.compile(r"report-type=[\s\"]*feedback-report\b")
_ADDRESS = re.compile(r"@(?<=[^\s@<>]@)[^\s@<>]{1,64}\.\w")
# Tags that gateways and lists put before a subject: "[EXTERNAL]", "{Spam?}", "***SPAM***".
_TAGS = re.compile(
    r"^(?:(?:\[[^\]]{1,30}\]|\{[^}]{1,30}\}|\*{2,5}[^*]{1,20}\*{2,5})[ :]{0,3}){1,4}(?=\S)"
)
_FULL_REPLY = re.compile(r"[45](?<![\d.].)[0-7]\d[ -]#?[45]\.[0-7]\.\d")
_REPLY = re.compile(r"[45](?<![\d.].)[0-7]\d[ -]")


def is_machine(message: Message) -> bool:
    """Say whether a mail system, not a person, speaks."""
    headers = message.headers
    if _is_null(message):
        return True
    if "x-failed-recipients" in headers or is_daemon(message) or "x-mlserver" in headers:
        return True
    # Mail programs that export mail often leave the return path out.
    return not headers.first("return-path") and _is_unattended(headers.first("from"))


def _is_null(message: Message) -> bool:
    """Say whether nobody is to be told of a failure of this message (RFC 5321 4.5.5)."""
    return _is_null_path(message.headers.first("return-path"))


@lru_cache(maxsize=4_096)
def _is_null_path(path: str) -> bool:
    path = path.strip().lower()
    return path in ("<>", "<mailer-daemon>", "mailer-daemon") or path.startswith("<mailer-daemon@")


def is_daemon(message: Message) -> bool:
    """Say whether the From header is that of a mail system."""
    return _is_daemon_name(message.headers.first("from"))


def is_trusted(message: Message) -> bool:
    """Say whether more than a sender's name says that a mail system speaks.

    Anybody can call themselves Postmaster; few use its address or leave the
    return path empty.
    """
    if _is_daemon_address(message.headers.first("from")):
        return True
    path = message.headers.first("return-path").strip()
    return not path or _is_null_path(path) or _is_daemon_address(path)


@lru_cache(maxsize=4_096)
def _is_daemon_address(value: str) -> bool:
    address = value[value.rfind("<") + 1 :].lower()
    return address.startswith(phrases("machine_address"))


@lru_cache(maxsize=4_096)
def _is_unattended(value: str) -> bool:
    address = value[value.rfind("<") + 1 :].lower()
    return address.startswith(phrases("unattended_address"))


@lru_cache(maxsize=4_096)
def _is_daemon_name(sender: str) -> bool:
    # Mailboxes of bounces have few senders and few subjects.
    sender = sender.lower()
    return not sender.strip(" <>\"'") or has("machine_sender", sender)


class _Subject(NamedTuple):
    """What a subject says by itself."""

    folded: str
    auto_reply: bool
    receipt: bool
    reply: bool
    bounce: bool
    delay: bool


@lru_cache(maxsize=4_096)
def _read_subject(subject: str) -> _Subject:
    folded = fold(subject[:MAX_SUBJECT])
    folded = _TAGS.sub("", folded) or folded
    return _Subject(
        folded,
        auto_reply=has("auto_reply_subject", folded),
        receipt=folded.startswith(phrases("receipt_subject")),
        reply=folded.startswith(phrases("reply_prefix")),
        bounce=has("bounce_subject", folded),
        delay=has("delay", folded),
    )


def _subject(message: Message) -> _Subject:
    return _read_subject(message.headers.first("subject"))


def read_past_banner(message: Message) -> None:
    """Take the second text, or the page beside it, for the notice where the first tells nothing.

    Gateways put words about strangers' mail before a message or below it, and
    mail programs say that they show a page instead.
    """
    if not (message.more or message.aside) or not message.plain or _tells(message.plain):
        return
    if message.more and _tells(message.more):
        message.plain, message.more = message.more, ""
    elif message.aside and _tells(page := scalars(visible_text(message.aside()[:MAX_HTML]))):
        message.plain = page


def _tells(text: str) -> bool:
    words = fold(text[:MAX_NOTICE])
    return has("bounce_sentence", words) or bool(_REPLY.search(words))


def is_passed_on(message: Message) -> bool:
    """Say whether a person forwards a report with words of their own."""
    if message.content_type.startswith("multipart/report"):
        return False
    return _subject(message).reply and not is_machine(message)


def _is_auto_reply(message: Message) -> bool:
    """Say whether a person's mail system answers for them (RFC 3834 and its forerunners)."""
    headers = message.headers
    if message.headers.first("auto-submitted").lower().startswith("auto-replied"):
        return True
    precedence = message.headers.first("precedence").lower()
    return precedence in ("auto_reply", "auto-reply") or any(
        mark in headers for mark in phrases("auto_reply_header")
    )


def is_refusal(message: Message) -> bool:
    """Say whether a disposition notification tells that a mail filter refused the message.

    A filter may answer so (RFC 5429 2.1.1); other receipts tell that a person
    read or deleted the message.
    """
    subject = _subject(message)
    return not subject.receipt and (
        "(rejected)" in message.headers.first("auto-submitted").lower()
        or has("refusal", f"{subject.folded} {fold(message.text[:MAX_NOTICE])}")
    )


def is_complaint(message: Message) -> bool:
    """Say whether it is a spam complaint (RFC 5965, or Microsoft's older form)."""
    if message.feedback or _FEEDBACK.search(message.content_type):
        return True
    if message.report or not message.original:
        return False
    return _subject(message).folded.startswith("complaint about message from")


class _Line(NamedTuple):
    """What a line says by itself."""

    folded: str
    bounce: bool
    delay: bool


@lru_cache(maxsize=4_096)
def _read_line(line: str) -> _Line:
    # The lines of notices repeat, all but those with somebody's address.
    folded = fold(line)
    return _Line(folded, has("bounce_sentence", folded), _may_delay(folded))


def _may_delay(folded: str) -> bool:
    """Rule most notices out by a few stems before all phrases are tried."""
    return not folded.isascii() or has("delay_stem", folded)


class _Words(NamedTuple):
    """What a notice says: its words, and whether they speak of failure, and maybe of delay."""

    text: str
    bounce: bool
    delay: bool


def _read(lines: list[str]) -> _Words:
    told: list[str] = []
    addressed: list[str] = []
    bounce = delay = False
    for line in lines[:MAX_LINES]:
        if line[:1] == ">":
            continue
        if "@" in line:
            told.append(fold(line[:MAX_LINE]))
            addressed.append(told[-1])
            continue
        read = _read_line(line[:MAX_LINE])
        bounce, delay = bounce or read.bounce, delay or read.delay
        if read.folded:
            told.append(read.folded)
    words = " ".join(told)[:MAX_NOTICE]
    return _Words(
        words,
        # A sentence may go over several lines.
        bounce or has("bounce_sentence", words),
        delay or _may_delay("\n".join(addressed)),
    )


def kind_of_text(message: Message, lines: list[str]) -> tuple[Kind, str]:
    """Decide on a message without a delivery report.

    Parameters
    ----------
    message : Message
        The opened message.
    lines : list of str
        Its text above the returned original; lines that a person quotes do
        not count.

    Returns
    -------
    tuple of (Kind, str)
        The kind, and for ``other`` the reason in a sentence.
    """
    subject = _subject(message)
    daemon = is_daemon(message)
    named = "x-failed-recipients" in message.headers
    if subject.auto_reply and not (daemon or named):
        return "auto_reply", ""
    if subject.receipt or message.receipt:
        return "other", RECEIPT
    words, says_so, may_delay = _read(lines)
    if subject.auto_reply and not (named or subject.bounce or says_so):
        return "auto_reply", ""
    if not named and not _speaks_of_failure(
        message, subject, words, daemon=daemon, says_so=says_so
    ):
        if daemon and is_trusted(message) and _tells_of_success(message, words):
            return "delivered", ""
        return _not_a_bounce(message, subject, words)
    delay = subject.delay or (may_delay and has("delay", words))
    if delay and not has("final", words):
        return "deferral", ""
    if not says_so and has("delivered", words):
        return "delivered", ""
    return "bounce", ""


def _speaks_of_failure(
    message: Message, subject: _Subject, words: str, *, daemon: bool, says_so: bool
) -> bool:
    if not daemon and (not is_machine(message) or subject.reply):
        return False
    trusted = daemon and is_trusted(message)
    if subject.reply or "list-unsubscribe" in message.headers:
        # Some servers answer so (Apache James), and groups pass bounces on; people and
        # newsletters do both more often.
        return trusted and says_so and _names_another(message, words)
    path = message.headers.first("return-path")
    untraced = not path or _is_null_path(path)
    if trusted and says_so and (subject.bounce or untraced):
        return True
    # A help desk, a newsletter or a phisher may use such words too, but tells of nobody else.
    of_another = _names_another(message, words)
    if of_another and _is_null_path(path) and _FULL_REPLY.search(words):
        # Whatever the language: hardly anybody but a mail server writes so to a sender.
        return daemon or not (subject.auto_reply or _is_auto_reply(message))
    if of_another and says_so:
        return True
    failed = bool(_REPLY.search(words)) or has("failure_words", words)
    if subject.bounce:
        told = of_another or failed or (trusted and len(words) < SHORT)
        return told or (trusted and bool(_ADDRESS.search(words)))
    return of_another and failed and untraced and not has("summary_subject", subject.folded)


def _tells_of_success(message: Message, words: str) -> bool:
    """Say whether a success report in words names whom the message reached."""
    return has("delivered", words) and _names_another(message, words)


def _names_another(message: Message, words: str) -> bool:
    """Say whether the words name an address that is not the reader's own."""
    for own in addresses_in(message.headers.first("to").lower()):
        words = words.replace(own, "")
    return bool(_ADDRESS.search(words))


def _not_a_bounce(message: Message, subject: _Subject, words: str) -> tuple[Kind, str]:
    told = f"{subject.folded}\n{words[:2000]}"
    if has("challenge", told) and not subject.bounce:
        return "other", CHALLENGE
    if subject.auto_reply or _is_auto_reply(message):
        return "auto_reply", ""
    if message.content_type.startswith("text/calendar"):
        return "other", CALENDAR
    if subject.bounce and subject.reply:
        return "other", QUOTED
    return "other", ORDINARY
