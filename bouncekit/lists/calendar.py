"""The verification calendar: which address to verify on which half-month day."""

import numpy as np
import pandas as pd

from bouncekit.analysis import _periods as periods
from bouncekit.analysis._columns import micros
from bouncekit.analysis._grouping import UNTIMED
from bouncekit.analysis._keys import Ints
from bouncekit.times import DAY


def verification_days(
    last_delivery: pd.Series, as_of: pd.Timestamp, every: pd.Timedelta, tz: str
) -> pd.Series:
    """Give the day on which each address is to be verified.

    Days are the 1st and the 16th of a month. The first of them after
    ``as_of`` on which the last delivery is at least ``every`` ago; an address
    that never took mail is due at once.

    Parameters
    ----------
    last_delivery : Series
        When each address last took mail, missing for never.
    as_of : Timestamp
        The moment of the judgement; where it is missing there is no day.
    every : Timedelta
        How long a delivery vouches for an address.
    tz : str
        IANA zone whose days count.

    Returns
    -------
    Series
        Midnights of that zone, datetime64[us, tz].

    Examples
    --------
    >>> took = pd.Series(pd.to_datetime(["2026-08-28", "2026-05-01"], utc=True))
    >>> now = pd.Timestamp("2026-08-30", tz="UTC")
    >>> verification_days(took, now, pd.Timedelta("15D"), "UTC").dt.strftime("%m-%d").tolist()
    ['09-16', '09-01']
    """
    if pd.isna(as_of):
        none = pd.DatetimeIndex([pd.NaT] * len(last_delivery)).as_unit("us")
        return pd.Series(none.tz_localize("UTC").tz_convert(tz), index=last_delivery.index)
    taken = micros(last_delivery)
    now = int(micros(pd.Series([as_of]))[0])
    # Rounded up to whole days: of the day itself the delivery may not be old enough.
    length = every // pd.Timedelta(microseconds=1)
    due = np.where(taken == UNTIMED, now, np.maximum(taken, 0) + length + DAY - 1)
    tomorrow = periods.local_days(np.array([now]), tz)[0] + 1
    days = half_month_day(np.maximum(periods.local_days(due.astype(np.int64), tz), tomorrow))
    return pd.Series(periods.midnights(days, tz).as_unit("us"), index=last_delivery.index)


def half_month_day(days: Ints) -> Ints:
    """Return the first 1st or 16th of a month that is not before each day."""
    dates = days.astype("datetime64[D]")
    month = dates.astype("datetime64[M]")
    first = month.astype("datetime64[D]")
    next_first = (month + np.timedelta64(1, "M")).astype("datetime64[D]")
    middle = first + np.timedelta64(15, "D")
    found = np.where(dates <= first, first, np.where(dates <= middle, middle, next_first))
    return found.astype("datetime64[D]").astype(np.int64)
