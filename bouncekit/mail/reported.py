"""Rows of a message with a delivery report."""

import re

from bouncekit.mail import codes, freetext, kind, notice, shared, verp
from bouncekit.mail.engine import Message
from bouncekit.mail.headers import HeaderBlock
from bouncekit.mail.report import Recipient, Report
from bouncekit.mail.wordlists import phrases
from bouncekit.readers._base import Row
from bouncekit.taxonomy import GUESSED_RECIPIENT
from bouncekit.texts import MAX_TEXT

_EVENTS = {
    "failed": "bounce",
    "failure": "bounce",
    "fail": "bounce",
    "expired": "bounce",
    "undeliverable": "bounce",
    "rejected": "bounce",
    "bounced": "bounce",
    "error": "bounce",
    "delayed": "deferral",
    "delay": "deferral",
    "delivered": "delivered",
    "relayed": "delivered",
    "expanded": "delivered",
    "deliverable": "delivered",
    "relayable": "delivered",
    "success": "delivered",
}
MAX_TOLD = 200
"""Recipients for whom the notice is searched for words that the report lacks."""

_WORD = re.compile(r"[^\W\d_]{3}")
_STAGES = {"RCPT": "RCPT TO", "MAIL": "MAIL FROM", "DATA": "DATA", "EHLO": "EHLO", "HELO": "HELO"}
# Names of servers that are there to receive; one that sends on is seldom named so.
_TAKES_IN = re.compile(r"(?:inbound|mail-in|smtp-in|mx-in)[\w-]{0,20}\.[\w-]+\.")
_CONTINUED = re.compile(r"^([245]\d\d)-")


def reported_rows(
    message: Message, found: Report, original: HeaderBlock, lines: list[str] | None
) -> list[Row]:
    """Make one row per recipient of a report.

    Parameters
    ----------
    message, found : Message, Report
        The message and its report.
    original : HeaderBlock
        Header of the returned original.
    lines : list of str or None
        The notice above the report where the two were one text.
    """
    common = shared.common(message, original, found)
    rows: list[Row] = []
    seen: set[tuple[str, str]] = set()
    sent_to = _sent_to(message, original) if len(found.recipients) == 1 else []
    for recipient in found.recipients:
        address = _address_of(recipient, sent_to)
        event = _event(recipient, message)
        if (key := ((address or recipient.final).lower(), event)) in seen:
            continue
        seen.add(key)
        words = recipient.diagnostic or _comment(recipient.status)
        wanting = not _speaks(recipient.diagnostic) or bool(_CONTINUED.match(words))
        if wanting and len(rows) < MAX_TOLD:
            if lines is None:
                kind.read_past_banner(message)
                lines, _ = notice.split_original(message.text)
            words = _fuller(words, lines, address or recipient.final, message)
        elif event == "bounce":
            words = _with_code(words, message.plain)
            words = _with_stage(words, message.plain, address or recipient.final)
            words = _with_reason(words, message.plain)
        row = _row(common, event, address, words, recipient)
        if address is None and len(found.recipients) == 1:
            _guess(row, original)
        if row["remote_mta"] is None and recipient.diagnostic_type == "smtp":
            row["remote_mta"] = _receiver(found.reporting_mta)
        if row["timestamp"] is None:
            row["timestamp"] = shared.when(message, found)
        rows.append(row)
    return rows


def _sent_to(message: Message, original: HeaderBlock) -> list[str]:
    """Return whom the message was sent to, by what its sender and the first server knew."""
    known = shared.failed_header(message)
    written = verp.recipient(message, original)
    return [*known, written] if written else known


def _guess(row: Row, original: HeaderBlock) -> None:
    """Take the original's ``To`` where the report names nobody, and say so."""
    row["recipient"] = shared.guess(original)
    if row["recipient"]:
        row["vendor_type"] = f"{row['vendor_type'] or ''}/{GUESSED_RECIPIENT}"


def _with_code(words: str, text: str) -> str:
    """Return the reply of the dialogue whose words the report gives without its code."""
    if words[:1].isdigit() or "\n<<< " not in text:
        return words
    for line in text.split("\n<<< ")[1:]:
        reply = line.partition("\n")[0].strip()
        if reply[:1] in ("4", "5") and reply.endswith(words) and len(reply) - len(words) < 12:
            return reply
    return words


def _with_stage(words: str, text: str, address: str) -> str:
    """Add what the reply answered, which reports leave out and notices tell.

    The address may be fine where the refusal came after the message was sent.
    """
    at = text.find(address)
    if at < 0 or "in reply to" in words:
        return words
    told = text.find("(in reply to ", at, at + 1_500)
    if told >= 0 and "\n\n" not in text[at:told]:
        end = text.find(")", told, told + 60)
        return f"{words} {' '.join(text[told:end].split())})" if end >= 0 else words
    reply = text.find(f"\n<<< {words[:3]}")
    command = text.rfind("\n>>> ", 0, reply) if reply >= 0 else -1
    verb = _STAGES.get(text[command + 5 : command + 9].upper()) if command >= 0 else None
    # Another server's dialogue may stand between the two.
    if verb and "talking to" not in text[command:reply]:
        return f"{words} (in reply to {verb} command)"
    return words


def _with_reason(words: str, text: str) -> str:
    """Add the reason that the notice announces; the report may hold another server's reply."""
    for label in phrases("reason_follows"):
        if label in text:
            told = text.partition(label)[2].strip().partition("\n")[0]
            return f"{words}\n{told}" if told and told not in words else words
    return words


def _row(common: Row, event: str, address: str | None, words: str, recipient: Recipient) -> Row:
    smtp_code, enhanced = codes.of_failure(words, recipient.status)
    return {
        **common,
        "timestamp": shared.read_date(recipient.last_attempt),
        "event": event,
        "recipient": address,
        "smtp_code": smtp_code,
        "enhanced_code": enhanced,
        "diagnostic": words[:MAX_TEXT] or None,
        "vendor_type": _vendor_type(recipient),
        "remote_mta": recipient.remote_mta or shared.host_in(words),
    }


def _receiver(reporting: str) -> str | None:
    """Return the reporting server where it is one that takes mail in, and so refused it itself."""
    return reporting if _TAKES_IN.match(reporting) else None


def _vendor_type(recipient: Recipient) -> str | None:
    """Return the report's action, and behind it the class that the server gave the failure."""
    action, category = recipient.action, recipient.category
    return f"{action}/{category}" if action and category else action or category or None


def _event(recipient: Recipient, message: Message) -> str:
    event = _EVENTS.get(recipient.action)
    if event:
        return event
    if recipient.status[:2] == "2.":
        return "delivered"
    if recipient.status[:2] == "4.":
        told, _ = kind.kind_of_text(message, message.text.split("\n"))
        return "deferral" if told == "deferral" else "bounce"
    return "bounce"


def _address_of(recipient: Recipient, sent_to: list[str]) -> str | None:
    for value in (recipient.original, *sent_to, recipient.final, recipient.actual):
        address = shared.address(value) if value else None
        if address and " " not in address.rpartition("@")[0] and not address.startswith("|"):
            return address
    return None


def _comment(status: str) -> str:
    """Return the words in brackets that some servers add to the status (RFC 3464 2.3.4)."""
    return status.partition("(")[2].rpartition(")")[0].strip()


def _speaks(words: str) -> bool:
    """Say whether a diagnostic holds words, not only codes."""
    return bool(_WORD.search(words))


def _fuller(words: str, lines: list[str], address: str, message: Message) -> str:
    """Look in the notice for what the report leaves out or cuts after the first line."""
    match = _CONTINUED.match(words)
    if match:
        reply = [
            bare[3:].strip()
            for line in lines
            if (bare := line.strip()).startswith(f"<<< {match[1]}")
        ]
        return "\n".join(reply) if reply and "\n" not in words else words
    found = freetext.failures(lines, [address] if address else [], shared.own_addresses(message))
    told = found[0].words if found else ""
    return told if not words or words in told else f"{words}\n{told}".strip()
