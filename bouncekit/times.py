"""Times of any spelling to microseconds since 1970-01-01 UTC, or missing.

What is implausible, ambiguous or unparsable is missing, never guessed.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
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


_CLOCK = r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?"
_CHINESE = re.compile(
    rf"\s*(\d{{4}})\s*年\s*(\d{{1,2}})\s*月\s*(\d{{1,2}})\s*日\s*(上午|下午)?\s*(?:{_CLOCK})?\s*"
)
_YEAR_LAST = re.compile(
    rf"\s*(\d{{1,2}})([-/.])(\d{{1,2}})\2(\d{{4}})(?:,?[T\s]+{_CLOCK})?\s*([AP])?\.?(?:M\.?)?"
    r"\s*(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?\s*",
    re.IGNORECASE,
)
_WORDY = re.compile(r"[A-Za-z]{3,9}\.? \d{1,2},? \d{4}|\d{1,2} [A-Za-z]{3,9} \d{4}|[A-Za-z]{3}, \d")


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

    Over 1e14 it is microseconds, over 1e11 milliseconds, else seconds. A
    number that a spreadsheet has shortened (``1.77E+09``) is missing: it could
    be any second of four months.
    """
    if value is None or value == "" or isinstance(value, bool):
        return None
    if isinstance(value, str) and is_shortened(value):
        return None
    try:
        number = int(value) if isinstance(value, int) or str(value).isdigit() else float(value)
        scale = 1 if number > 1e14 else 1_000 if number > 1e11 else SECOND
        return plausible(round(number * scale))
    except (ValueError, OverflowError):
        return None


_SHORTENED = re.compile(r"\s*\d(?:[.,](\d*))?E\+?(?:09|9|1[0-5])\s*", re.IGNORECASE)
_SECOND_DIGITS = 9


def is_shortened(text: str) -> bool:
    """Say whether a number lacks the digits that it would need to be a time to the second."""
    match = _SHORTENED.fullmatch(text)
    return bool(match) and len((match[1] if match else "") or "") < _SECOND_DIGITS


def from_datetime(moment: datetime, tz: str | None = None) -> int | None:
    """Convert a datetime; one without a zone is local time in ``tz``.

    Where the clocks were put back, a time that they showed twice is taken for
    the first of the two. Where they were put forward, a time that they never
    showed is read as if they had not been (02:30 is then the instant at which
    they showed 03:30).
    """
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone(tz))
    since = moment - _EPOCH
    return plausible((since.days * 86_400 + since.seconds) * SECOND + since.microseconds)


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
    if not text:
        return None
    if text[4:5] == "-" and text[10:11] == "T":
        # The spelling of nearly all JSON; what the quick parser refuses may still be readable.
        with suppress(ValueError):
            return from_datetime(datetime.fromisoformat(text), tz)
    match = _ISO.fullmatch(text)
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


# The zones that RFC 5322 4.3 names; any other word for a zone is not told.
_NAMED_ZONES = {"UT": 0, "UTC": 0, "GMT": 0, "Z": 0, "EST": -5, "EDT": -4, "CST": -6}
_NAMED_ZONES |= {"CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}
_MAIL_CLOCK = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?(?:\.\d{1,9})?")
_COMMENT = re.compile(r"\([^()]*\)")
_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})(?!\d)")
_HALF = re.compile(r"\b([AP])\.?M\b\.?", re.IGNORECASE)


def from_rfc2822(text: str | None) -> int | None:
    """Read a mail date (RFC 5322 3.3); a date without a known zone is missing."""
    if not text or len(text) > 200:
        return None
    moment, seconds = _mail_date(text), _mail_offset(text)
    if moment is None or seconds is None:
        return None
    return plausible((moment - _EPOCH) // timedelta(microseconds=1) - seconds * SECOND)


def _mail_date(text: str) -> datetime | None:
    try:
        parts = parsedate_tz(text)
        return datetime(*parts[:5], min(parts[5], 59), tzinfo=UTC) if parts else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _mail_offset(text: str) -> int | None:
    """Return the seconds east of UTC; None where the date does not say, or in no known word."""
    rest = _behind_clock(text)
    offset = _OFFSET.search(rest)
    if offset:
        seconds = int(offset[2]) * 3600 + int(offset[3]) * 60
        return -seconds if offset[1] == "-" else seconds
    hours = next((_NAMED_ZONES[w] for w in rest.upper().split() if w in _NAMED_ZONES), None)
    return None if hours is None else hours * 3600


def _behind_clock(text: str) -> str:
    clock = _MAIL_CLOCK.search(text)
    return _COMMENT.sub(" ", text[clock.end() :]) if clock else ""


def day_first(texts: Iterable[str]) -> bool | None:
    """Tell whether dates with the year last begin with the day.

    Told by a number over 12, or by dots between the numbers (``23.11.2026``);
    None where nothing tells or the texts contradict each other.
    """
    told = set()
    for text in texts:
        match = _YEAR_LAST.fullmatch(text)
        if match and (int(match[1]) > 12 or match[2] == "."):
            told.add(True)
        elif match and int(match[3]) > 12:
            told.add(False)
    return told.pop() if len(told) == 1 else None


@lru_cache(maxsize=8_192)
def from_text(text: str, tz: str | None = None, days_first: bool | None = None) -> int | None:
    """Read a time of any usual spelling.

    Parameters
    ----------
    text : str
        Epoch number, ISO 8601, ``2026年11月23日 10:05``, ``23.11.2026 10:05``,
        ``11/23/2026 10:05 AM``, or a mail date.
    tz : str, optional
        Zone of times that name none; UTC where not given.
    days_first : bool, optional
        What comes first where the year comes last; such dates are missing
        where this is None.
    """
    text = text.strip()
    if text.replace(".", "", 1).isdigit() and len(text) >= 9:
        return from_epoch(text)
    found = from_iso(text, tz)
    if found is None and "年" in text:
        found = _from_chinese(text, tz)
    if found is None and days_first is not None:
        found = _from_year_last(text, tz, days_first)
    if found is None and _WORDY.search(text):
        found = from_rfc2822(text) or _from_wordy(text, tz)
    return found


def looks_like_time(text: str) -> bool:
    """Say whether text is a time, even one whose day and month cannot be told apart."""
    match = _YEAR_LAST.fullmatch(text)
    return from_text(text, None, bool(match and int(match[1]) > 12)) is not None


def names_zone(text: str) -> bool:
    """Say whether a time of any spelling is bound to a zone."""
    text = text.strip()
    if text.replace(".", "", 1).isdigit() or has_zone(text):
        return True
    match = _YEAR_LAST.fullmatch(text)
    return bool(match[9]) if match else from_rfc2822(text) is not None


def _from_chinese(text: str, tz: str | None) -> int | None:
    match = _CHINESE.fullmatch(text)
    if not match:
        return None
    year, month, day, half, hour, minute, second = match.groups()
    hours = _of_day(int(hour or 0), {"上午": "A", "下午": "P"}.get(half))
    return from_iso(f"{year}-{month}-{day} {hours}:{minute or '00'}:{second or '00'}", tz)


def _from_year_last(text: str, tz: str | None, days_first: bool) -> int | None:
    match = _YEAR_LAST.fullmatch(text)
    if not match:
        return None
    first, _, second, year, hour, minute, seconds, half, offset = match.groups()
    day, month = (first, second) if days_first else (second, first)
    hours = _of_day(int(hour or 0), half)
    clock = f"{hours}:{minute or '00'}:{seconds or '00'}"
    return from_iso(f"{year}-{month}-{day} {clock}{offset or ''}", tz)


def _of_day(hour: int, half: str | None) -> int:
    if not half:
        return hour
    return hour % 12 + (12 if half.upper() == "P" else 0)


def _from_wordy(text: str, tz: str | None) -> int | None:
    """Read a date with a month's name and no zone."""
    half = _HALF.search(text)
    plain = _HALF.sub("", text)
    moment = _mail_date(plain)
    if moment is None or any(word.isalpha() for word in _behind_clock(plain).split()):
        return None
    hour = _of_day(moment.hour, half[1] if half else None)
    return from_datetime(moment.replace(hour=hour % 24, tzinfo=None), tz)
