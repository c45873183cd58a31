"""The rates of the last days beside those of as many days before."""

from typing import Any

import numpy as np
import pandas as pd

from bouncekit.analysis._checks import positive, whole_days
from bouncekit.analysis._columns import categorical
from bouncekit.analysis._messages import Outcomes
from bouncekit.analysis._splits import WHOLE_PERIOD
from bouncekit.analysis.outcomes import outcomes
from bouncekit.analysis.rates import bounce_rates
from bouncekit.analysis.statistics import difference, rate, wilson
from bouncekit.errors import BouncekitError
from bouncekit.schema import TEXT
from bouncekit.taxonomy import Language
from bouncekit.times import zone

MEASURES = ("hard", "soft", "total")
VERDICTS = ("rose", "fell", "no clear change", "too few")


def compare(
    df: pd.DataFrame | Outcomes,
    sends: object = None,
    window: Any = "7D",
    by: str | None = None,
    tz: str = "UTC",
    *,
    as_of: Any = None,
    min_n: int = 100,
    lang: Language = "en",
) -> pd.DataFrame:
    """Compare the rates of the last window with those of the equal window before it.

    Parameters
    ----------
    df : DataFrame or Outcomes
        A classified bounce table, not changed.
    sends : DataFrame or path, optional
        A sends table, counts or messages.
    window : str, int or Timedelta
        Length of each window in whole days of ``tz``.
    by : str, optional
        Any split of :func:`bouncekit.bounce_rates`.
    tz : str
        IANA zone whose days count.
    as_of : str or Timestamp, optional
        The last day of the last window; by default that of the last message.
    min_n : int
        Messages sent in each window below which there is no verdict.
    lang : {'en', 'zh'}
        Language of the notes.

    Returns
    -------
    DataFrame
        One row per value of ``by`` and measure (``hard``, ``soft``,
        ``total``): ``<by>``, ``measure``; ``count``, ``sent``, ``rate``,
        ``low``, ``high`` (Wilson 95 %) of the last window; the same with
        ``before_`` of the one before; ``change`` (rate less rate before),
        ``change_low``, ``change_high`` (Newcombe 95 %), ``ratio``;
        ``verdict``: ``rose`` or ``fell`` where the interval of the change
        leaves out 0, ``no clear change``, or ``too few`` sent. Largest change
        first. ``attrs``: ``first_day``, ``last_day``, ``before_first_day``,
        ``before_last_day``, ``tz``, ``by``, ``denominator``, ``notes``.

    Raises
    ------
    BouncekitError
        If a parameter is out of range.
    TableError
        If a column is absent or the sends table is wrong.
    """
    length = whole_days("window", window)
    positive("min_n", min_n)
    tz = zone(tz).key
    messages = outcomes(df, sends)
    days = bounce_rates(messages, freq="D", by=by, tz=tz, lang=lang)
    last = _last_day(days, as_of, tz)
    first, before = last - pd.Timedelta(days=length - 1), last - pd.Timedelta(days=2 * length - 1)
    day = days["period"].dt.tz_localize(None).dt.normalize()
    now = _added_up(days[(day >= first) & (day <= last)], by)
    then = _added_up(days[(day >= before) & (day < first)], by)
    table = _side_by_side(now, then, by)
    if by in WHOLE_PERIOD:
        # A reason is hard or soft; of the other there is nothing to say.
        table = table[(table["count"] > 0) | (table["before_count"] > 0)].reset_index(drop=True)
    _judge(table, min_n)
    size = table["change"].abs().fillna(-1.0)
    keys = ["_size", *([by] if by else []), "measure"]
    ascending = [False, *([True] if by else []), True]
    table = table.assign(_size=size).sort_values(keys, ascending=ascending, ignore_index=True)
    table = table.drop(columns="_size")
    table.attrs |= {
        "first_day": first, "last_day": last, "before_first_day": before,
        "before_last_day": first - pd.Timedelta(days=1),
        **{name: days.attrs[name] for name in ("tz", "by", "denominator", "notes")},
    }  # fmt: skip
    return table


def _last_day(days: pd.DataFrame, as_of: Any, tz: str) -> pd.Timestamp:
    """Return the last day of the last window, a day without a zone."""
    if as_of is None:
        # Where nothing has a time every window is empty, whichever it is.
        last = days["period"].max() if len(days) else pd.Timestamp(0, tz="UTC")
        return last.tz_localize(None).normalize()
    day = pd.to_datetime(as_of, errors="coerce")
    if not isinstance(day, pd.Timestamp) or pd.isna(day):
        msg = f"as_of must be a day such as 2026-03-31, not {as_of!r}"
        raise BouncekitError(msg)
    day = day.tz_convert(zone(tz)).tz_localize(None) if day.tzinfo else day
    return day.normalize()


def _added_up(days: pd.DataFrame, by: str | None) -> pd.DataFrame:
    """Add the days of a window up; days whose sends are unknown are left out."""
    known = days[days["sent"].notna()]
    known = known.assign(total=known["hard"] + known["soft"] + known["undetermined"])
    names = ["sent", *MEASURES]
    if by is None:
        return known[names].sum().to_frame().T
    return known.groupby(by, dropna=False)[names].sum()


def _side_by_side(now: pd.DataFrame, then: pd.DataFrame, by: str | None) -> pd.DataFrame:
    parts = now.index.union(then.index, sort=False)
    now, then = now.reindex(parts), then.reindex(parts)
    tables = []
    for name in MEASURES:
        columns: dict[str, Any] = {}
        if by is not None:
            columns[by] = pd.Series(parts, dtype=TEXT)
        columns["measure"] = pd.Series([name] * len(parts), dtype=TEXT)
        for prefix, side in (("", now), ("before_", then)):
            count = side[name].fillna(0).to_numpy(dtype=float)
            sent = side["sent"].fillna(0).to_numpy(dtype=float)
            low, high = wilson(count, sent)
            columns |= {
                f"{prefix}count": count.astype(np.int64), f"{prefix}sent": sent.astype(np.int64),
                f"{prefix}rate": rate(count, sent), f"{prefix}low": low, f"{prefix}high": high,
            }  # fmt: skip
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def _judge(table: pd.DataFrame, min_n: int) -> None:
    """Add the change, its interval, and what can be said of it."""
    low, high = difference(
        table["count"], table["sent"], table["before_count"], table["before_sent"]
    )
    table["change"] = table["rate"] - table["before_rate"]
    table["change_low"], table["change_high"] = low, high
    table["ratio"] = rate_of(table["rate"], table["before_rate"])
    few = (table[["sent", "before_sent"]].min(axis=1) < min_n) | np.isnan(low)
    verdict = np.select([few, low > 0, high < 0], [3, 0, 1], default=2)
    table["verdict"] = categorical(verdict, VERDICTS)


def rate_of(now: pd.Series, then: pd.Series) -> np.ndarray:
    """Divide one rate by another; missing where there is nothing to divide by."""
    out = np.full(len(now), np.nan)
    known = (then > 0).to_numpy()
    return np.divide(now.to_numpy(dtype=float), then.to_numpy(dtype=float), out=out, where=known)
