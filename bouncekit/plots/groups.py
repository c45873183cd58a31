"""Failures split by reason, and by mailbox provider or any other column."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bouncekit.addresses import OTHER, provider_title
from bouncekit.analysis.statistics import rate, wilson
from bouncekit.errors import TableError
from bouncekit.plots import _canvas, _edges
from bouncekit.plots._canvas import GREY, INK, LINE, LOOKS, SMALL, Look
from bouncekit.plots._series import KINDS, Floats, below_the_line, outside_note
from bouncekit.schema import require
from bouncekit.taxonomy import Language, reasons
from bouncekit.words import has_words, words

_ROW = 0.3
"""Height of one row of a chart, inches."""
_REST = Look(GREY, "", "o")


def plot_reasons(
    rates: pd.DataFrame, ax: Axes | None = None, *, top: int = 12, lang: Language = "en"
) -> Axes:
    """Draw how many messages failed for each reason, coloured by whose move it is.

    Parameters
    ----------
    rates : DataFrame
        The result of ``bounce_rates(df, by="reason")``.
    ax : Axes, optional
        Where to draw; by default a figure of its own.
    top : int
        Reasons drawn one by one; the rest are added up in a last row.
    lang : {'en', 'zh'}
        Language of the words.

    Returns
    -------
    Axes

    Raises
    ------
    TableError
        If ``rates`` is not split by reason.
    """
    require(rates, "reason", *KINDS, made_by='bk.bounce_rates(df, by="reason")')
    title = words("reasons_title", lang)
    # A reason counts wherever it was met, also where nothing says how much was sent.
    kinds = [*KINDS, "outside"] if "outside" in rates else list(KINDS)
    counts = rates[kinds].sum(axis=1).groupby(rates["reason"].astype("str")).sum()
    counts = counts[counts > 0].sort_values(ascending=False, kind="stable")
    if counts.empty:
        why = words("empty", lang, why=words("empty_no_failures", lang))
        return _edges.empty(ax, title, why)
    known = reasons()
    shown, rest = counts.iloc[:top], counts.iloc[top:]
    names = [known[name].label[lang] if name in known else name for name in shown.index]
    looks = [known[name].heals if name in known else "time" for name in shown.index]
    values = [float(value) for value in shown]
    if len(rest):
        names.append(words("others", lang, n=len(rest)))
        looks.append("")
        values.append(float(rest.sum()))
    ax = _canvas.canvas(ax, 0.6 + _ROW * len(values))
    whole = float(counts.sum())
    for place, (value, look) in enumerate(zip(values, looks, strict=True)):
        ax.barh(place, value, 0.72, **_canvas.bars(LOOKS.get(look, _REST)))
        ax.annotate(
            f"{value:,.0f}  ({_canvas.percent(value / whole)})", (value, place), (4, 0),
            textcoords="offset points", va="center", fontsize=SMALL, color=INK,
        )  # fmt: skip
    _rows(ax, names)
    ax.set_xlim(0, max(values) * 1.22)
    _canvas.count_axis(ax.xaxis)
    ax.set_xlabel(words("reasons_axis", lang))
    bands = [band for band in ("never", "time", "sender") if band in looks]
    _edges.legend(ax, [_edges.patch(LOOKS[band], words(f"band_{band}", lang)) for band in bands])
    subtitle = [words("reasons_subtitle", lang, n=f"{whole:,.0f}")]
    return _edges.finish(ax, title, subtitle)


def plot_providers(
    rates: pd.DataFrame,
    ax: Axes | None = None,
    *,
    top: int = 12,
    min_n: int = 100,
    lang: Language = "en",
) -> Axes:
    """Draw hard and soft bounce rates by mailbox provider, largest first.

    Any other split of ``bounce_rates`` is drawn the same way: by campaign,
    say, or by domain. Where it is not known what was sent, bars show counts.

    Parameters
    ----------
    rates : DataFrame
        The result of ``bounce_rates(df, by="provider")``; its periods are
        added up.
    ax : Axes, optional
        Where to draw; by default a figure of its own.
    top : int
        Rows drawn one by one; the rest are added up in a last row.
    min_n : int
        Messages below which a row is grey.
    lang : {'en', 'zh'}
        Language of the words.

    Returns
    -------
    Axes

    Raises
    ------
    TableError
        If ``rates`` is not split by any column.
    """
    require(rates, "period", "sent", *KINDS, made_by='bk.bounce_rates(df, by="provider")')
    by = rates.columns[1]
    if by == "sent":
        msg = "plot_providers draws a split table; give bounce_rates(df, by='provider')"
        raise TableError(msg)
    groups = _totals(rates, by, top, lang)
    with_rate = np.isfinite(rate(groups.failed, groups.sent)).any()
    key = "title" if with_rate else "counts_title"
    name = f"{by}s_{key}" if has_words(f"{by}s_{key}") else f"by_{key}"
    title = words(name, lang, by=by)
    if not groups.failed.sum():
        why = words("empty", lang, why=words("empty_no_failures", lang))
        return _edges.empty(ax, title, why)
    draw = _group_rates if with_rate else _group_counts
    return draw(groups, ax, title, min_n, lang)


@dataclass(frozen=True, slots=True)
class _Groups:
    below: str
    notes: tuple[str, ...]
    names: list[str]
    sent: Floats
    hard: Floats
    soft: Floats

    @property
    def failed(self) -> Floats:
        return self.hard + self.soft


def _totals(rates: pd.DataFrame, by: str, top: int, lang: Language) -> _Groups:
    """Add the periods up; what is beyond the first ``top`` groups becomes one."""
    named = rates[by].astype("str").where(rates[by].notna(), "")
    sums = rates.assign(soft=rates["soft"] + rates["undetermined"]).groupby(named)
    # One period without denominator leaves the whole group without one.
    sent = sums["sent"].agg(lambda column: column.sum(skipna=False))
    table = pd.DataFrame({"sent": sent, "hard": sums["hard"].sum(), "soft": sums["soft"].sum()})
    weight = table["sent"].fillna(table["hard"] + table["soft"])
    is_other = table.index.isin([OTHER, ""])
    table = table.iloc[np.lexsort((table.index.to_numpy(), -weight.to_numpy(), is_other))]
    shown, rest = table.iloc[:top], table.iloc[top:]
    names = [_group_name(name, by, lang) for name in shown.index]
    if len(rest):
        names.append(words("others", lang, n=len(rest)))
        shown = pd.concat([shown, rest.sum(skipna=False).to_frame().T])
    columns = (shown[name].to_numpy(dtype=float) for name in ("sent", "hard", "soft"))
    return _Groups(below_the_line(rates, lang), outside_note(rates, lang), names, *columns)


def _group_name(name: str, by: str, lang: Language) -> str:
    if not name:
        return words("unnamed", lang)
    if by == "provider":
        return words("other_provider", lang) if name == OTHER else provider_title(name)
    return _canvas.label(name)


def _group_rates(groups: _Groups, ax: Axes | None, title: str, min_n: int, lang: Language) -> Axes:
    ax = _canvas.canvas(ax, 0.6 + 0.42 * len(groups.names))
    enough = groups.sent >= min_n
    top = 0.0
    for offset, look, values in ((-0.15, "never", groups.hard), (0.15, "time", groups.soft)):
        value, (low, high) = rate(values, groups.sent), wilson(values, groups.sent)
        top = max(top, _largest(value), _largest(np.where(enough, high, np.nan)))
        for place in np.flatnonzero(np.isfinite(value)):
            colour = LOOKS[look].colour if enough[place] else GREY
            ax.plot([low[place], high[place]], [place + offset] * 2, color=colour, linewidth=1.6)
            ax.plot(
                value[place], place + offset, LOOKS[look].marker, color=colour, markersize=6,
                markerfacecolor=colour if enough[place] else "white",
            )  # fmt: skip
    _rows(ax, [
        f"{name}\n{words('of_sent', lang, n=f'{sent:,.0f}')}" if np.isfinite(sent) else name
        for name, sent in zip(groups.names, groups.sent, strict=True)
    ])  # fmt: skip
    ax.set_xlim(0, min((top or 0.01) * 1.08, 1.0))
    ax.grid(axis="x", color=LINE, linewidth=0.7)
    _canvas.percent_axis(ax.xaxis)
    ax.set_xlabel(groups.below)
    _edges.legend(ax, [_edges.point(look, name) for look, name in _kinds(lang)])
    notes = [words("interval_bars", lang)]
    if (np.isfinite(groups.sent) & ~enough).any():
        notes.append(words("few_sent_rows", lang, n=f"{min_n:,}"))
    return _edges.finish(ax, title, [groups.below], [" · ".join(notes), *groups.notes])


def _group_counts(groups: _Groups, ax: Axes | None, title: str, _: int, lang: Language) -> Axes:
    ax = _canvas.canvas(ax, 0.6 + _ROW * len(groups.names))
    places = np.arange(len(groups.names))
    left = np.zeros(len(places))
    for look, values in (("never", groups.hard), ("time", groups.soft)):
        ax.barh(places, values, 0.72, left, **_canvas.bars(LOOKS[look]))
        left += values
    for place, (hard, failed) in enumerate(zip(groups.hard, groups.failed, strict=True)):
        share = words("hard_of", lang, share=_canvas.percent(hard / failed)) if failed else ""
        ax.annotate(
            f"{failed:,.0f}  {share}", (failed, place), (4, 0), textcoords="offset points",
            va="center", fontsize=SMALL, color=INK,
        )  # fmt: skip
    _rows(ax, groups.names)
    ax.set_xlim(0, max(groups.failed.max(), 1) * 1.25)
    _canvas.count_axis(ax.xaxis)
    ax.set_xlabel(words("counts_axis", lang))
    _edges.legend(ax, [_edges.patch(look, name) for look, name in _kinds(lang)])
    why = "above_denominator" if np.nansum(groups.sent) > 0 else "no_denominator"
    return _edges.finish(ax, title, [words(why, lang)])


def _largest(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.max()) if len(known) else 0.0


def _rows(ax: Axes, names: list[str]) -> None:
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.tick_params(axis="y", pad=6)


def _kinds(lang: Language) -> list[tuple[Look, str]]:
    return [(LOOKS["never"], words("type_hard", lang)), (LOOKS["time"], words("type_soft", lang))]
