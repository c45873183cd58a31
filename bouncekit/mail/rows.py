"""From the facts of one message to rows, or to the reason why it gives none."""

import re
from datetime import date
from functools import lru_cache

from bouncekit import addresses, times
from bouncekit.mail import codes, freetext, kind, notification, report
from bouncekit.mail.engine import Message
from bouncekit.mail.headers import HeaderBlock, fields
from bouncekit.mail.report import Recipient, Report
from bouncekit.readers._base import Row, SkipItem
from bouncekit.schema import GUESSED_RECIPIENT
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
_PLAIN = re.compile(r"<?([A-Za-z0-9_+=.-]{1,64})@([A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,6})>?")
_USUAL_DATE = re.compile(
    r"(?:[A-Z][a-z]{2}, {1,2})?(\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)\b"
)
_MONTHS = {name: number for number, name in enumerate(
    "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), start=1
)}
_EPOCH = date(1970, 1, 1).toordinal()
_AROUND = re.compile(r"[\s<>(),;:\"']+")
_WORD = re.compile(r"[^\W\d_]{3}")
_STAGES = {"RCPT": "RCPT TO", "MAIL": "MAIL FROM", "DATA": "DATA", "EHLO": "EHLO", "HELO": "HELO"}
_REPORT_FIELDS = ("reporting-mta:", "final-recipient:", "original-recipient:")
_SAID = re.compile(
    r"host ([\w.-]{2,255})(?:\[[^\]\s]{0,64}\])? (?:said|refused)\b|while talking to ([\w.-]{2,255})"
    r"|^\s*host:? ([\w-]{1,63}\.[\w.-]{2,190})(?: \[|$|:)|^([\w-]{1,63}\.[\w.-]{2,190}) \[[0-9a-f.:]{3,45}\] did not like",
    re.MULTILINE,
)
_CONTINUED = re.compile(r"^([245]\d\d)-")


def message_rows(message: Message) -> list[Row]:
    """Make the rows of one message.

    Returns
    -------
    list of dict
        One row per recipient, keys of ``readers._base.RAW_SCHEMA``.

    Raises
    ------
    SkipItem
        If the message is none of ours: ordinary mail, a receipt, a challenge.
    BadItem
        If it is ours and its content is broken.
    """
    if kind.is_complaint(message):
        return _complaint(message)
    if notification.is_notification(message):
        return notification.rows(message)
    found = report.parse(message.report) if message.report else None
    if found and found.recipients:
        return _reported(message, found, message.original, None)
    return _told(message)


# --- with a delivery report --------------------------------------------------


def _reported(
    message: Message, found: Report, original: HeaderBlock, lines: list[str] | None
) -> list[Row]:
    common = _common(message, original, found)
    rows: list[Row] = []
    seen: set[tuple[str, str]] = set()
    failed = _failed_header(message) if len(found.recipients) == 1 else []
    for recipient in found.recipients:
        address = _address_of(recipient, failed)
        event = _event(recipient, message)
        if (key := ((address or recipient.final).lower(), event)) in seen:
            continue
        seen.add(key)
        words = recipient.diagnostic or _comment(recipient.status)
        if not _speaks(recipient.diagnostic) or _CONTINUED.match(words):
            if lines is None:
                lines, _ = freetext.split_original(message.text)
            words = _fuller(words, lines, address or recipient.final, message)
        elif event == "bounce":
            words = _with_stage(words, message.plain, address or recipient.final)
        row = _row(common, event, address, words, recipient)
        if row["timestamp"] is None:
            row["timestamp"] = _when(message, found)
        rows.append(row)
    return rows


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


def _row(common: Row, event: str, address: str | None, words: str, recipient: Recipient) -> Row:
    smtp_code, enhanced = codes.of_failure(words, recipient.status)
    return {
        **common,
        "timestamp": _date(recipient.last_attempt),
        "event": event,
        "recipient": address,
        "smtp_code": smtp_code,
        "enhanced_code": enhanced,
        "diagnostic": words[:MAX_TEXT] or None,
        "vendor_type": recipient.action or None,
        "remote_mta": recipient.remote_mta or _host_in(words),
    }


def _event(recipient: Recipient, message: Message) -> str:
    event = _EVENTS.get(recipient.action)
    if event:
        return event
    if recipient.status[:2] == "2.":
        return "delivered"
    if recipient.status[:2] == "4.":
        return "deferral" if kind.kind_of_text(message, message.text)[0] == "deferral" else "bounce"
    return "bounce"


def _address_of(recipient: Recipient, failed: list[str]) -> str | None:
    for value in (recipient.original, *failed, recipient.final, recipient.actual):
        address = _address(value) if value else None
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
    found = freetext.failures(lines, [address] if address else [], _own(message))
    told = found[0].words if found else ""
    return told if not words or words in told else f"{words}\n{told}".strip()


# --- told in words only ------------------------------------------------------


def _told(message: Message) -> list[Row]:
    lines, tail = freetext.split_original(message.text)
    sort, why = kind.kind_of_text(message, freetext.unquoted(lines))
    if sort == "other":
        raise SkipItem(why)
    original = message.original or HeaderBlock(
        freetext.original_headers(tail) or freetext.original_headers(message.more)
    )
    if sort == "auto_reply":
        return [_auto_reply(message, original)]
    glued = _glued(lines)
    if glued:
        return _reported(message, glued[0], original, glued[1])
    common = {"timestamp": _when(message), **_common(message, original, None)}
    rows: list[Row] = []
    known = _failed_header(message)
    for failure in freetext.failures(lines, known, _own(message)):
        address = _address(failure.recipient)
        guessed = ""
        if address is None:
            address = _verp(message) or _guess(original)
            guessed = GUESSED_RECIPIENT if address and not _verp(message) else ""
        smtp_code, enhanced = codes.of_failure(failure.words, "")
        rows.append(
            {
                **common,
                "event": sort,
                "recipient": address,
                "smtp_code": smtp_code,
                "enhanced_code": enhanced,
                "diagnostic": failure.words[:MAX_TEXT] or message.header("subject") or None,
                "vendor_type": f"/{guessed}" if guessed else None,
                "remote_mta": _host_in(failure.words),
            }
        )
    return rows


def _glued(lines: list[str]) -> tuple[Report, list[str]] | None:
    """Find a report that a gateway glued into the text, and the lines above it."""
    for number, line in enumerate(lines):
        if line[:20].lower().startswith(_REPORT_FIELDS):
            found = report.parse("\n".join(lines[number:]))
            named = [item for item in found.recipients if item.action or item.status]
            return (found, lines[:number]) if named else None
    return None


def _auto_reply(message: Message, original: HeaderBlock) -> Row:
    answered = _first_id(message.header("in-reply-to")) or _first_id(original.first("message-id"))
    return {
        "timestamp": _when(message),
        "event": "auto_reply",
        "recipient": addresses.clean(message.header("from")),
        "diagnostic": message.header("subject") or None,
        "message_id": answered,
        "sender": addresses.clean(message.header("to")),
    }


# --- complaints ----------------------------------------------------------------


def _complaint(message: Message) -> list[Row]:
    found: dict[str, list[str]] = {}
    for name, value in fields(message.feedback):
        found.setdefault(name, []).append(value)
    original = message.original
    named = [
        *found.get("original-rcpt-to", []),
        *found.get("removal-recipient", []),
        *original.all("x-hmxmroriginalrecipient"),
    ]
    recipients = list(dict.fromkeys(filter(None, map(addresses.clean, named))))
    guessed = not recipients
    if guessed:
        recipients = [addresses.clean(original.first("to")) or ""]
    common = _common(message, message.original, None)
    when = (found.get("arrival-date") or found.get("received-date") or [""])[0]
    label = (found.get("feedback-type") or ["abuse"])[0]
    sender = addresses.clean((found.get("original-mail-from") or [""])[0])
    return [
        {
            **common,
            "timestamp": _when(message) or _date(when),
            "event": "complaint",
            "recipient": recipient or None,
            "vendor_type": f"{label}/{GUESSED_RECIPIENT}" if guessed and recipient else label,
            "sender": sender or common["sender"],
            "sending_ip": (found.get("source-ip") or [None])[0],
        }
        for recipient in recipients
    ]


# --- what all rows share -------------------------------------------------------


def _common(message: Message, original: HeaderBlock, found: Report | None) -> Row:
    message_id = _first_id(original.first("message-id")) if original else None
    if not message_id and found:
        message_id = _first_id(found.message_id)
    if not message_id and kind.is_machine(message):
        message_id = _first_id(message.header("in-reply-to"))
    sender = _address(original.first("return-path")) if original else None
    if original and not sender:
        sender = _address(original.first("from"))
    return {"message_id": message_id, "sender": sender}


def _when(message: Message, found: Report | None = None) -> int | None:
    """Return when it happened: the notice's own date, else the next best."""
    when = _date(message.header("date"))
    if when is None and found:
        when = _date(found.arrival)
    return when if when is not None else _received(message)


def _address(value: str) -> str | None:
    """Return the address in a header or report field; the plain ones without detour."""
    match = _PLAIN.fullmatch(value)
    if match and "xn--" not in match[2]:
        return f"{match[1]}@{match[2].lower()}"
    return addresses.clean(value) if value else None


def _date(text: str) -> int | None:
    """Read a date; the usual spelling without detour (RFC 5322 3.3)."""
    if not text:
        return None
    match = _USUAL_DATE.match(text)
    if not match or match[2] not in _MONTHS:
        return times.from_rfc2822(text)
    day, name, year, hour, minute, second, sign, hours, minutes = match.groups()
    try:
        days = date(int(year), _MONTHS[name], int(day)).toordinal() - _EPOCH
    except ValueError:
        return None
    offset = int(hours) * 3600 + int(minutes) * 60
    seconds = days * 86_400 + int(hour) * 3600 + int(minute) * 60 + min(int(second), 59)
    seconds += offset if sign == "-" else -offset
    return times.plausible(seconds * times.SECOND)


def _received(message: Message) -> int | None:
    stamp = message.header("received").rpartition(";")[2]
    return times.from_rfc2822(stamp.strip()) if stamp else None


def _first_id(value: str) -> str | None:
    """Return the first Message-ID of a header value, without its angle brackets."""
    start = value.find("<")
    end = value.find(">", start) if start >= 0 else -1
    found = value[start + 1 : end].strip() if end >= 0 else value.strip() if start < 0 else ""
    return found if found and len(found) < 1_000 and not any(map(str.isspace, found)) else None


def _failed_header(message: Message) -> list[str]:
    values = ",".join(message.headers.all("x-failed-recipients"))
    if not values:
        return []
    found = (_address(part.strip()) for part in values.split(",")[: report.MAX_RECIPIENTS])
    return list(dict.fromkeys(address for address in found if address))


def _own(message: Message) -> frozenset[str]:
    """Return the addresses of who wrote the notice and who got it, lower-case."""
    return _addresses_in(f"{message.header('to')} {message.header('from')}".lower())


@lru_cache(maxsize=4_096)
def _addresses_in(text: str) -> frozenset[str]:
    return frozenset(word for word in _AROUND.split(text) if "@" in word)


_VERP = re.compile(r"[+=-]([^+=@\s]{1,64})=([^=@\s]{1,255}\.[^=@\s]{2,63})@")


def _verp(message: Message) -> str | None:
    """Return the recipient written into the bounce's own address (VERP)."""
    for name in ("x-original-to", "delivered-to", "to"):
        match = _VERP.search(message.header(name))
        if match:
            return addresses.clean(f"{match[1].rpartition('-')[2]}@{match[2]}")
    return None


def _guess(original: HeaderBlock) -> str | None:
    return addresses.clean(original.first("to").partition(",")[0])


def _host_in(words: str) -> str | None:
    if not ("host" in words or "talking to" in words or "did not like" in words):
        return None
    match = _SAID.search(words)
    return next(filter(None, match.groups())).strip("-.").lower() if match else None
