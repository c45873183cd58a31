"""From a rates table to what a chart over time draws."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from bouncekit.analysis.statistics import rate, wilson
from bouncekit.errors import TableError
from bouncekit.schema import require
from bouncekit.taxonomy import Language
from bouncekit.words import words

Floats = npt.NDArray[np.float64]
KINDS = ("hard", "soft", "undetermined")
BANDS = ("never", "time", "sender")
_BANDS = {
    "never": "hard",
    "time": "soft_time",
    "sender": "soft_sender",
    "unknown": "undetermined",
}
_RULES = {"D": "D", "W": "W-MON", "M": "MS", "Q": "QS"}


@dataclass(frozen=True, slots=True)
class Series:
    """One line or layer of a chart: counts per period, and their name."""

    look: str
    name: str
    count: Floats

    def rate(self, sent: Floats) -> Floats:
        """Return count by sent; NaN where there is no rate."""
        return rate(self.count, sent)

    def interval(self, sent: Floats) -> tuple[Floats, Floats]:
        """Return the Wilson interval of the rate."""
        return wilson(self.count, sent)


@dataclass(frozen=True, slots=True)
class Periods:
    """The periods of a chart, without holes, and what was sent in each."""

    starts: pd.DatetimeIndex
    freq: str
    sent: Floats
    series: tuple[Series, ...]
    hard: Floats
    failed: Floats
    below: str
    notes: tuple[str, ...]

    @property
    def has_rate(self) -> bool:
        """Whether at least one period has a rate."""
        return bool(np.isfinite(rate(self.failed, self.sent)).any())

    @property
    def tz(self) -> str:
        """Name of the time zone whose days these are."""
        return str(self.starts.tz)


def periods(rates: pd.DataFrame, lang: Language) -> Periods | None:
    """Read the result of ``bounce_rates``; None where it is empty.

    Raises
    ------
    TableError
        If it is split by a column, or is no rates table.
    """
    require(rates, "period", "sent", *_BANDS.values(), made_by="bk.bounce_rates(df)")
    if rates.columns[1] != "sent":
        msg = (
            f"plot_rates draws bounce_rates(df) without by=; this table is split by "
            f"{rates.columns[1]!r}, which plot_providers draws"
        )
        raise TableError(msg)
    known = rates[rates["period"].notna()]
    if known.empty:
        return None
    freq = rates.attrs.get("freq") or frequency(known["period"])
    whole = known.set_index("period")[["sent", "soft", *_BANDS.values()]].astype(float)
    # A period that is left out is a gap in the line, not a straight bridge.
    steps = pd.date_range(whole.index.min(), whole.index.max(), freq=_RULES[freq])
    whole = whole.reindex(steps.as_unit("us").union(pd.DatetimeIndex(whole.index)))
    return Periods(
        starts=pd.DatetimeIndex(whole.index),
        freq=freq,
        sent=whole["sent"].to_numpy(),
        series=tuple(
            Series(band, words(f"band_{band}", lang), whole[column].to_numpy())
            for band, column in _BANDS.items()
            if band != "unknown" or whole[column].sum() > 0
        ),
        hard=whole["hard"].to_numpy(),
        failed=whole[list(KINDS)].sum(axis=1, min_count=1).to_numpy(),
        below=below_the_line(rates, lang),
        notes=notes_of(rates, lang),
    )


def notes_of(rates: pd.DataFrame, lang: Language) -> tuple[str, ...]:
    """Say what a reader has to know: the notes, else at least what lies outside the rates."""
    return tuple(rates.attrs.get("notes", outside_note(rates, lang)))


def outside_note(rates: pd.DataFrame, lang: Language) -> tuple[str, ...]:
    """Say how many bounces have no place in the rates; nothing where all have."""
    outside = int(rates["outside"].sum()) if "outside" in rates else 0
    return (words("outside", lang, n=f"{outside:,}"),) if outside else ()


def below_the_line(rates: pd.DataFrame, lang: Language) -> str:
    """Say what rates are a share of, as ``bounce_rates`` has noted it."""
    mixed = rates.attrs.get("denominator") == "delivered + bounced"
    return words("rates_axis_delivered" if mixed else "rates_axis", lang)


def frequency(starts: pd.Series) -> str:
    """Tell days, weeks, months and quarters by the distance of period starts.

    Examples
    --------
    >>> frequency(pd.Series(pd.to_datetime(["2026-03-02", "2026-03-09", "2026-03-30"])))
    'W'
    """
    days = pd.DatetimeIndex(starts.drop_duplicates()).sort_values().tz_localize(None)
    gaps = np.diff(days.to_numpy()) / np.timedelta64(1, "D")
    if not len(gaps):
        return "W" if days[0].day_of_week == 0 else "M" if days[0].day == 1 else "D"
    if gaps.min() < 6.5:
        return "D"
    if (np.mod(np.round(gaps), 7) == 0).all() and (days.day_of_week == 0).all():
        return "W"
    return "Q" if gaps.min() > 60 and set(days.month) <= {1, 4, 7, 10} else "M"
