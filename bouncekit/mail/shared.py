"""What all rows of a message share, and the short ways to it."""

import re
from datetime import date
from functools import lru_cache

from bouncekit import addresses, times
from bouncekit.mail import kind, report
from bouncekit.mail.engine import Message
from bouncekit.mail.headers import HeaderBlock, addresses_in
from bouncekit.mail.report import Report
from bouncekit.readers._base import Row

_PLAIN = re.compile(
    r"<?([A-Za-z0-9_+=.-]{1,64}@)([A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,6})>?\Z"
)
_USUAL_DATE = re.compile(
    r"(?:[A-Z][a-z]{2}, {1,2})?(\d{1,2} [A-Z][a-z]{2} \d{4} \d\d)"
    r":(\d\d):(\d\d) ([+-]\d{4})\b"
)
_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name: number for number, name in enumerate(_NAMES, start=1)}
_EPOCH = date(1970, 1, 1).toordinal()
_SAID = re.compile(
    r"host ([\w.-]{2,255})(?:\[[^\]\s]{0,64}\])? (?:said|refused)\b"
    r"|while talking to ([\w.-]{2,255})"
    r"|^\s*host:? ([\w-]{1,63}\.[\w.-]{2,190})(?: \[|$|:)"
    r"|^([\w-]{1,63}\.[\w.-]{2,190}) \[[0-9a-f.:]{3,45}\] did not like",
    re.MULTILINE,
)


def common(message: Message, original: HeaderBlock, found: Report | None) -> Row:
    """Return which message failed and who sent it."""
    message_id = first_id(original.first("message-id")) if original else None
    if not message_id and found:
        message_id = first_id(found.message_id)
    if not message_id and kind.is_machine(message):
        message_id = first_id(message.headers.first("in-reply-to"))
    sender = address(original.first("return-path")) if original else None
    if original and not sender:
        sender = address(original.first("from"))
    if not sender:
        # A notice goes to the envelope sender (RFC 5321 4.5.5), whatever it returns of the mail.
        sender = address(message.headers.first("to"))
    return {"message_id": message_id, "sender": sender}


def when(message: Message, found: Report | None = None) -> int | None:
    """Return when it happened: the notice's own date, else the next best."""
    when = read_date(message.headers.first("date"))
    if when is None and found:
        when = read_date(found.arrival)
    return when if when is not None else _received(message)


def address(value: str) -> str | None:
    """Return the address in a header or report field; the plain ones without detour."""
    match = _PLAIN.match(value)
    if not match and value.endswith(">"):
        # Behind the name of a person.
        match = _PLAIN.match(value, value.rfind("<"))
    if match and "xn--" not in match[2]:
        return match[1] + match[2].lower()
    return addresses.clean(value) if value else None


def read_date(text: str) -> int | None:
    """Read a date; the usual spelling without detour (RFC 5322 3.3)."""
    if not text:
        return None
    match = _USUAL_DATE.match(text)
    hour = _hour(match[1], match[4]) if match else None
    if match is None or hour is None:
        return times.from_rfc2822(text)
    return (hour + 60 * int(match[2]) + min(int(match[3]), 59)) * times.SECOND


@lru_cache(maxsize=1_024)
def _hour(hour: str, zone: str) -> int | None:
    """Return the epoch second at which ``3 Mar 2025 09`` began where clocks show ``+0800``."""
    day, name, year, hours = hour.split()
    try:
        days = date(int(year), _MONTHS[name], int(day)).toordinal() - _EPOCH
    except (KeyError, ValueError):
        return None
    offset = int(zone[1:3]) * 3600 + int(zone[3:]) * 60
    began = days * 86_400 + int(hours) * 3600 + (offset if zone[0] == "-" else -offset)
    return began if times.plausible(began * times.SECOND) is not None else None


def _received(message: Message) -> int | None:
    stamp = message.headers.first("received").rpartition(";")[2]
    return times.from_rfc2822(stamp.strip()) if stamp else None


def first_id(value: str) -> str | None:
    """Return the first Message-ID of a header value, without its angle brackets."""
    start = value.find("<")
    end = value.find(">", start) if start >= 0 else -1
    found = value[start + 1 : end].strip() if end >= 0 else value.strip() if start < 0 else ""
    return found if found and len(found) < 1_000 and len(found.split()) == 1 else None


def failed_header(message: Message) -> list[str]:
    """Return the recipients that the header names as failed (Exim, Gmail and others)."""
    if "x-failed-recipients" not in message.headers:
        return []
    values = ",".join(message.headers.all("x-failed-recipients"))
    found = (address(part.strip()) for part in values.split(",")[: report.MAX_RECIPIENTS])
    return list(dict.fromkeys(address for address in found if address))


def guess(original: HeaderBlock) -> str | None:
    """Return the first address that the original was written to: likely, not sure, who failed."""
    return addresses.clean(original.first("to").partition(",")[0]) if original else None


def own_addresses(message: Message) -> frozenset[str]:
    """Return the addresses of who wrote the notice and who got it, lower-case."""
    return addresses_in(f"{message.headers.first('to')} {message.headers.first('from')}".lower())


def host_in(words: str) -> str | None:
    """Return the receiving host that the words name."""
    if not ("host" in words or "talking to" in words or "did not like" in words):
        return None
    match = _SAID.search(words)
    return next(filter(None, match.groups())).strip("-.").lower() if match else None
