"""Days and periods of a time zone, as whole numbers (definition 6)."""

import numpy as np
import pandas as pd

from bouncekit.analysis._keys import Ints
from bouncekit.errors import BouncekitError
from bouncekit.times import DAY, zone

FREQUENCIES = ("D", "W", "M", "Q")

# 1970-01-01 was a Thursday; the Monday of its week lies three days before.
_TO_MONDAY = 3


def check_frequency(freq: str) -> str:
    """Return ``freq``, or raise BouncekitError unless it is D, W, M or Q."""
    if freq not in FREQUENCIES:
        msg = f"freq {freq!r} is not known; use D (day), W (week), M (month) or Q (quarter)"
        raise BouncekitError(msg)
    return freq


def local_days(micros: Ints, tz: str) -> Ints:
    """Return the calendar day in ``tz`` of each time, as days since 1970-01-01."""
    if zone(tz).key == "UTC":
        return micros // DAY
    moments = pd.DatetimeIndex(micros.view("datetime64[us]")).tz_localize("UTC")
    return moments.tz_convert(zone(tz)).tz_localize(None).asi8 // DAY


def period_of_day(days: Ints, freq: str) -> Ints:
    """Return the number of the period that each day belongs to."""
    if freq == "D":
        return days
    if freq == "W":
        return (days + _TO_MONDAY) // 7
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return months if freq == "M" else months // 3


def first_day(periods: Ints, freq: str) -> Ints:
    """Return the first day of each period; the inverse of :func:`period_of_day`."""
    if freq == "D":
        return periods
    if freq == "W":
        return periods * 7 - _TO_MONDAY
    months = periods if freq == "M" else periods * 3
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def midnights(days: Ints, tz: str) -> pd.DatetimeIndex:
    """Return the first instant of each day in ``tz``.

    Where a clock change skips midnight that is the first instant after it;
    where it repeats midnight, the earlier one.
    """
    naive = pd.DatetimeIndex(days.astype("datetime64[D]").astype("datetime64[us]"))
    earlier = np.ones(len(naive), dtype=bool)
    return naive.tz_localize(zone(tz), ambiguous=earlier, nonexistent="shift_forward")
