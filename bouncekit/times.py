"""Times of any spelling to microseconds since 1970-01-01 UTC, or missing.

What is implausible, ambiguous or unparsable is missing, never guessed.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bouncekit.errors import BouncekitError

SECOND = 1_000_000
DAY = 86_400 * SECOND
EARLIEST = int(datetime(1990, 1, 1, tzinfo=UTC).timestamp()) * SECOND
LATEST = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp()) * SECOND

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO = re.compile(
    r"\s*(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})"
    r"(?:[T\s]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?"
    r"\s*(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?\s*",
    re.IGNORECASE,
)


@lru_cache(maxsize=64)
def zone(name: str | None) -> ZoneInfo:
    """Return the IANA zone; UTC for None.

    Raises
    ------
    BouncekitError
        If there is no zone of that name.
    """
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        msg = f"{name!r} is not a time zone; use an IANA name such as 'Asia/Shanghai' or 'UTC'"
        raise BouncekitError(msg) from None


def plausible(micros: int | None) -> int | None:
    """Return the time, or None where it lies outside 1990 to 2100."""
    return micros if micros is not None and EARLIEST <= micros < LATEST else None


def from_epoch(value: float | str | None) -> int | None:
    """Read epoch seconds, milliseconds or microseconds (by size).

    Over 1e14 it is microseconds, over 1e11 milliseconds, else seconds.
    """
    if value is None or value == "" or isinstance(value, bool):
        return None
    try:
        number = int(value) if isinstance(value, int) or str(value).isdigit() else float(value)
        scale = 1 if number > 1e14 else 1_000 if number > 1e11 else SECOND
        return plausible(round(number * scale))
    except (ValueError, OverflowError):
        return None


def from_datetime(moment: datetime, tz: str | None = None) -> int | None:
    """Convert a datetime; one without a zone is local time in ``tz``."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone(tz))
    return plausible((moment - _EPOCH) // timedelta(microseconds=1))


def has_zone(text: str) -> bool:
    """Say whether ISO-like text names its zone."""
    match = _ISO.fullmatch(text)
    return bool(match and match[8])


@lru_cache(maxsize=8_192)
def from_iso(text: str | None, tz: str | None = None) -> int | None:
    """Read ISO 8601 and its relatives, year first, 1 to 9 fractional digits.

    Parameters
    ----------
    text : str or None
        ``2026-11-23T04:05:06.1234567Z``, ``2026/11/23 04:05:06 UTC``,
        ``2018-10-08T14:05:45 +0000``, a bare date.
    tz : str, optional
        Zone of times that name none; UTC where not given.
    """
    match = _ISO.fullmatch(text) if text else None
    if not match:
        return None
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    try:
        moment = datetime(
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            min(int(second or 0), 59),
            int((fraction or "0")[:6].ljust(6, "0")),
            tzinfo=_offset(offset) if offset else None,
        )
    except ValueError:
        return None
    return from_datetime(moment, tz)


def _offset(text: str) -> timezone:
    if text[0] not in "+-":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    delta = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-delta if text[0] == "-" else delta)


def from_rfc2822(text: str | None) -> int | None:
    """Read a mail date (RFC 5322 3.3); a date without a zone is missing."""
    if not text or len(text) > 200:
        return None
    try:
        parts = parsedate_tz(text)
        if parts is None or parts[9] is None:
            return None
        moment = datetime(*parts[:5], min(parts[5], 59), tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return plausible(((moment - _EPOCH) // timedelta(microseconds=1)) - parts[9] * SECOND)
