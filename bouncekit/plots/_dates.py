"""A time axis that says each thing once: day and month, and the year where it starts."""

from collections.abc import Sequence
from datetime import datetime

import matplotlib.dates as mdates
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import Formatter

from bouncekit.plots._canvas import frame_inches
from bouncekit.taxonomy import Language

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TICKS_PER_INCH = 1.65
_FEW = 60
"""Periods up to which ticks stand at starts of periods; beyond, at round dates."""


def time_axis(ax: Axes, x: npt.NDArray[np.float64], step_days: float, lang: Language) -> None:
    """Set ticks, labels and ends of a time axis that holds local wall time.

    Parameters
    ----------
    ax : Axes
    x : ndarray of float64
        Starts of the periods, matplotlib's day numbers.
    step_days : float
        Length of one period.
    lang : {'en', 'zh'}
    """
    most = max(3, round(frame_inches(ax) * _TICKS_PER_INCH))
    if len(x) <= _FEW:
        ax.set_xticks(list(x)[:: -(-len(x) // most)])
    else:
        ax.xaxis.set_major_locator(mdates.AutoDateLocator(minticks=3, maxticks=most))
    ax.xaxis.set_major_formatter(_Dates(lang))
    margin = max(step_days * 0.6, (x[-1] - x[0]) * 0.02)
    ax.set_xlim(x[0] - margin, x[-1] + margin)


class _Dates(Formatter):
    """Writes days, months or years, whichever the ticks are."""

    def __init__(self, lang: Language) -> None:
        self._lang = lang

    def __call__(self, value: float, pos: int | None = None) -> str:
        return self.format_ticks([value])[0]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Label all ticks together, so that none repeats what its neighbour says."""
        moments = [mdates.num2date(value) for value in values]
        months = all(moment.day == 1 for moment in moments) and len(moments) > 1
        years = months and all(moment.month == 1 for moment in moments)
        labels, year = [], None
        for moment in moments:
            first = _year(moment, self._lang)
            if years:
                labels.append(first)
                continue
            name = _month(moment, self._lang) if months else _day(moment, self._lang)
            labels.append(name if moment.year == year else f"{name}\n{first}")
            year = moment.year
        return labels


def _year(moment: datetime, lang: Language) -> str:
    return f"{moment.year}年" if lang == "zh" else str(moment.year)


def _month(moment: datetime, lang: Language) -> str:
    return f"{moment.month}月" if lang == "zh" else _MONTHS[moment.month - 1]


def _day(moment: datetime, lang: Language) -> str:
    if lang == "zh":
        return f"{moment.month}月{moment.day}日"
    return f"{moment.day} {_MONTHS[moment.month - 1]}"
