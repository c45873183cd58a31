"""Hard and soft bounces over time."""

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bouncekit.analysis.statistics import Preset, preset_of
from bouncekit.plots import _canvas, _edges
from bouncekit.plots._canvas import GREY, INK, LINE, LOOKS, PALE_INK, SMALL
from bouncekit.plots._dates import time_axis
from bouncekit.plots._series import Floats, Periods, Series, periods
from bouncekit.taxonomy import Language
from bouncekit.words import words

_MANY = 45
"""Points beyond which a line goes without markers."""
_ROOM_FOR_NUMBERS = 16
_NAME_GAP = 24.0
"""Points from one line's name to the next."""
_DAYS = {"D": 1, "W": 7, "M": 30, "Q": 91}


def plot_rates(
    rates: pd.DataFrame,
    ax: Axes | None = None,
    *,
    preset: str | Preset | None = None,
    min_n: int | None = None,
    lang: Language = "en",
) -> Axes:
    """Draw bounce rates over time, with intervals and reference lines.

    Three lines stand for dead addresses, failures that time may heal, and
    failures that the sender must heal (a fourth, grey, for those that no rule
    decides). Where it is not known what was sent there is no rate: bars show
    counts instead, and the hard share of all bounces.

    Parameters
    ----------
    rates : DataFrame
        A result of :func:`bouncekit.bounce_rates`; its periods carry the time
        zone that the chart names.
    ax : Axes, optional
        Where to draw; by default a figure of its own.
    preset : {'cold', 'ses', 'optin'}, optional
        Published reference lines; their source stands under the chart.
    min_n : int, optional
        Messages below which a point is hollow and grey; by default the
        preset's own, else 100.
    lang : {'en', 'zh'}
        Language of the words.

    Returns
    -------
    Axes
        ``ax.figure.savefig(...)`` keeps the picture.

    Raises
    ------
    TableError
        If ``rates`` is not a rates table, or is split by another column.
    """
    found = periods(rates, lang)
    if found is None:
        return _edges.empty(ax, _title("rates_title", "W", lang), _why_empty(rates, lang))
    if not found.has_rate:
        return _counts(found, ax, lang)
    lines = preset_of(preset) if preset is not None else None
    least = min_n if min_n is not None else lines.min_n if lines else 100
    return _rates(found, ax, lines, least, lang)


def _title(key: str, freq: str, lang: Language) -> str:
    return words(key, lang, per=words(f"per_{freq}", lang))


def _why_empty(rates: pd.DataFrame, lang: Language) -> str:
    why = "empty_no_rows" if rates.empty else "empty_no_times"
    return words("empty", lang, why=words(why, lang))


def _zone(found: Periods, lang: Language) -> str:
    start = words("week_start", lang) if found.freq == "W" else ""
    return " · ".join(filter(None, (words("days_of", lang, tz=found.tz), start)))


def _rates(
    found: Periods, ax: Axes | None, lines: Preset | None, least: int, lang: Language
) -> Axes:
    ax = _canvas.canvas(ax, 3.1)
    enough = found.sent >= least
    series = list(found.series)
    if lines and lines.judges == "total":
        series.append(Series("total", words("all_bounces", lang), found.failed))
    for one in series:
        _line(ax, found, one, enough)
    top = _top(found, series, enough, lines)
    ax.set_ylim(0, top)
    ax.grid(axis="y", color=LINE, linewidth=0.7)
    _canvas.percent_axis(ax.yaxis)
    time_axis(ax, _x(found), _DAYS[found.freq], lang)
    _name_lines(ax, found, series, top)
    notes = [words("interval" if len(found.starts) > 2 else "interval_bars", lang)]
    notes[0] += " · " + words(f"at_right_{found.freq}", lang)
    if (~enough & np.isfinite(found.sent)).any():
        notes[0] += " · " + words("few_sent", lang, n=f"{least:,}")
    if lines:
        notes.append(words("lines_source", lang, source=lines.source[lang]))
        curves = [one.rate(found.sent) / top for one in series]
        notes += _reference_lines(ax, lines, top, curves, lang)
    notes += found.notes
    subtitle = [found.below, _zone(found, lang)]
    return _edges.finish(ax, _title("rates_title", found.freq, lang), subtitle, notes)


def _x(found: Periods) -> Floats:
    """Give the starts as day numbers of local wall time: a week is a week across DST."""
    return np.asarray(mdates.date2num(found.starts.tz_localize(None)))


def _line(ax: Axes, found: Periods, one: Series, enough: np.ndarray) -> None:
    look, x = LOOKS[one.look], _x(found)
    value = one.rate(found.sent)
    low, high = one.interval(found.sent)
    thin = one.look == "total"
    if len(x) > 2 and not thin:
        low, high = np.where(enough, low, np.nan), np.where(enough, high, np.nan)
        ax.fill_between(x, low, high, color=look.colour, alpha=0.16, linewidth=0)
    elif not thin:
        ends = np.array([value - low, high - value]).clip(min=0)
        ax.errorbar(x, value, ends, fmt="none", ecolor=look.colour, capsize=3, linewidth=1)
    dashes = (0, (4, 2)) if thin else "-"
    ax.plot(x, value, color=look.colour, linewidth=0.8, alpha=0.45, linestyle=dashes, zorder=3)
    ax.plot(
        x, np.where(enough, value, np.nan), color=look.colour, label=one.name, zorder=3,
        linewidth=1.1 if thin else 1.9, linestyle=dashes,
    )  # fmt: skip
    crowded = len(x) > _MANY
    # A point between two gaps would be no line at all: it keeps its marker.
    alone = np.isnan(np.append(np.nan, value[:-1])) & np.isnan(np.append(value[1:], np.nan))
    full = enough & (alone | (not crowded and not thin))
    # An empty line that is not clipped would still take room, at the figure's corner.
    if full.any():
        ax.plot(
            x[full], value[full], look.marker, color=look.colour, markersize=5, zorder=4,
            clip_on=False,
        )  # fmt: skip
    few = ~enough & np.isfinite(value)
    if thin or not few.any():
        return
    ax.plot(
        x[few], value[few], look.marker, zorder=5, markersize=3.5 if crowded else 5.5,
        markerfacecolor="white", markeredgecolor=GREY, markeredgewidth=1.3, clip_on=False,
    )  # fmt: skip


def _top(found: Periods, series: list[Series], enough: np.ndarray, lines: Preset | None) -> float:
    """Choose the upper end: every point, the bands that rest on enough, near lines."""
    peaks = [_peak(one.rate(found.sent)) for one in series]
    peaks += [_peak(np.where(enough, one.interval(found.sent)[1], np.nan)) for one in series]
    top = max(peaks, default=0.0) or 0.01
    for line in lines.lines if lines else ():
        # The next line above the data shows how far away it is.
        if line.rate <= top * 1.5:
            top = max(top, line.rate)
    return min(top * 1.12, 1.04)


def _peak(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.max()) if len(known) else 0.0


def _reference_lines(
    ax: Axes, preset: Preset, top: float, curves: list[Floats], lang: Language
) -> list[str]:
    """Draw the lines of a preset; those above the chart are returned as a note."""
    named = [(line.rate, f"{line.rate * 100:g} %: {line.meaning[lang]}") for line in preset.lines]
    drawn = [(rate, name) for rate, name in named if rate <= top]
    height = _canvas.frame_points(ax)
    lowest = 0.0
    for rate, name in drawn:
        # Lines close together would have their names on top of each other.
        place = max(rate / top * height + 2, lowest)
        lowest = place + 12
        ax.axhline(rate, color=INK, linewidth=0.9, linestyle=(0, (1, 2)), zorder=2)
        left = _freest(curves, (place + 6) / height)
        ax.annotate(
            name, (left, place / height), (2, 0), xycoords="axes fraction",
            textcoords="offset points", fontsize=SMALL, color=INK, va="bottom", zorder=5,
            bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.8},
        )  # fmt: skip
    above = [name for rate, name in named if rate > top]
    return [words("lines_above", lang, lines=", ".join(above))] if above else []


def _freest(curves: list[Floats], level: float, width: float = 0.24) -> float:
    """Find where a name of some width, written at a level, is farthest from every curve.

    Curves and levels are shares of the frame's height; so is the place that
    comes back, of its width.
    """
    grid = np.linspace(0, 1, 101)
    gaps = np.full(len(grid), np.inf)
    for curve in curves:
        # Where there is no data there is no curve: interpolation gives NaN, which fmin passes over.
        at = np.interp(grid, np.linspace(0, 1, max(len(curve), 1)), curve)
        gaps = np.fmin(gaps, np.abs(at - level))
    span = round(width * 100)
    clear = [gaps[start : start + span].min() for start in range(101 - span)]
    return float(grid[int(np.argmax(clear))])


def _name_lines(ax: Axes, found: Periods, series: list[Series], top: float) -> None:
    """Write each line's name and last value at its right end, moved apart."""
    ends: list[tuple[Series, float]] = []
    for one in series:
        known = one.rate(found.sent)
        known = known[np.isfinite(known)]
        if len(known):
            ends.append((one, float(known[-1])))
    height = _canvas.frame_points(ax)
    places = _canvas.spread([value / top * height for _, value in ends], gap=_NAME_GAP)
    # The lowest name stays clear of the dates under the axis.
    lift = max(0.0, 6 - min(places, default=6))
    for (one, value), place in zip(ends, places, strict=True):
        head, _, tail = one.name.partition(": ")
        text = f"{_canvas.percent(value)} {head}" + (f"\n{tail}" if tail else "")
        up = (place + lift) / height
        ax.annotate(
            text, (1, up), (11, 0), xycoords="axes fraction", textcoords="offset points",
            va="center", fontsize=SMALL, color=INK, linespacing=1.1,
        )  # fmt: skip
        ax.plot(
            [1.012], [up], LOOKS[one.look].marker, color=LOOKS[one.look].colour,
            transform=ax.transAxes, clip_on=False, markersize=5,
        )  # fmt: skip


def _counts(found: Periods, ax: Axes | None, lang: Language) -> Axes:
    """Draw stacked counts where there is nothing to divide by."""
    ax = _canvas.canvas(ax, 3.1)
    x = _x(found)
    width = _DAYS[found.freq] * (0.8 if len(x) <= _MANY else 0.95)
    bottom = np.zeros(len(x))
    for one in found.series:
        height = np.nan_to_num(one.count)
        look = _canvas.bars(LOOKS[one.look], crowded=len(x) > _MANY)
        ax.bar(x, height, width, bottom, label=one.name, **look)
        bottom += height
    ax.set_ylim(0, max(bottom.max(), 1) * 1.12)
    ax.grid(axis="y", color=LINE, linewidth=0.7)
    _canvas.count_axis(ax.yaxis)
    time_axis(ax, _x(found), _DAYS[found.freq], lang)
    entries = [_edges.patch(LOOKS[one.look], one.name) for one in found.series]
    _edges.legend(ax, entries, ticks=2)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = found.hard / found.failed
    notes = []
    if len(x) <= _ROOM_FOR_NUMBERS:
        notes.append(words("share_axis_note", lang))
        for place, level, value in zip(x, bottom, share, strict=True):
            if np.isfinite(value):
                ax.annotate(
                    _canvas.percent(value), (place, level), (0, 3), ha="center",
                    textcoords="offset points", fontsize=SMALL, color=PALE_INK,
                )  # fmt: skip
    notes += found.notes
    sent = np.nansum(found.sent) > 0
    why = words("above_denominator" if sent else "no_denominator", lang)
    of_all = float(np.nansum(found.hard) / max(np.nansum(found.failed), 1))
    subtitle = [
        words("counts_axis", lang), why,
        words("hard_share", lang, share=_canvas.percent(of_all)), _zone(found, lang),
    ]  # fmt: skip
    return _edges.finish(ax, _title("counts_title", found.freq, lang), subtitle, notes)
