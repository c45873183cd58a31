"""The facts and reply texts of the simulator, read once."""

import tomllib
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from importlib.resources import files
from typing import Any

START = date(2026, 3, 2)
"""A Monday; the half year is 26 whole weeks of Beijing time."""
WEEKS = 26
CHINA = timezone(timedelta(hours=8))
"""Beijing time, without daylight saving."""

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY
"""All times of the simulator are integer milliseconds since 1970-01-01 UTC."""


@cache
def facts() -> dict[str, Any]:
    """Return the content of ``facts.toml``."""
    return _load("facts.toml")


@cache
def reply_texts() -> dict[str, Any]:
    """Return the content of ``replies.toml``."""
    return _load("replies.toml")


def _load(name: str) -> dict[str, Any]:
    text = files("bouncekit.simulate").joinpath(name).read_text(encoding="utf-8")
    return tomllib.loads(text)


def epoch(day: date) -> int:
    """Return the start of that day in Beijing, in milliseconds."""
    return int(datetime(day.year, day.month, day.day, tzinfo=CHINA).timestamp()) * SECOND


def begin() -> int:
    """Return the first instant of the half year."""
    return epoch(START)


def local(millis: int) -> datetime:
    """Return the Beijing time of an instant."""
    return datetime.fromtimestamp(millis // SECOND, tz=CHINA)


def utc(millis: int) -> datetime:
    """Return an instant as a datetime in UTC, to the millisecond."""
    whole = datetime.fromtimestamp(millis // SECOND, tz=UTC)
    return whole + timedelta(milliseconds=millis % SECOND)
