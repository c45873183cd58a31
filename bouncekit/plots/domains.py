"""Domains that keep failing for now."""

import pandas as pd
from matplotlib.axes import Axes

from bouncekit.addresses import readable_domain
from bouncekit.plots import _canvas, _edges
from bouncekit.plots._canvas import GREY, INK, LOOKS, PALE_INK, SMALL, Look
from bouncekit.plots._series import BANDS
from bouncekit.schema import require
from bouncekit.taxonomy import Language, reasons
from bouncekit.words import words

_UNFLAGGED = Look(GREY, "", "o")


def plot_domains(
    flags: pd.DataFrame, ax: Axes | None = None, *, top: int = 12, lang: Language = "en"
) -> Axes:
    """Draw the temporary failures of each domain in its worst window.

    Flagged domains are coloured by who can mend the main reason, the others
    grey; beside each bar stand addresses, days and that reason.

    Parameters
    ----------
    flags : DataFrame
        The result of :func:`bouncekit.flag_domains`.
    ax : Axes, optional
        Where to draw; by default a figure of its own.
    top : int
        Domains drawn, flagged ones first; how many were left out is said.
    lang : {'en', 'zh'}
        Language of the words.

    Returns
    -------
    Axes

    Raises
    ------
    TableError
        If ``flags`` lacks a column.
    """
    require(
        flags, "failures", "recipients", "days", "reason", "flagged", made_by="bk.flag_domains(df)"
    )
    title = words("domains_title", lang)
    table = flags[flags["failures"] > 0]
    if table.empty:
        why = words("empty", lang, why=words("empty_no_domains", lang))
        return _edges.empty(ax, title, why)
    order = ["flagged", "failures"]
    table = table.sort_values(order, ascending=False, kind="stable")
    shown = table.iloc[:top]
    ax = _canvas.canvas(ax, 0.6 + 0.42 * len(shown))
    for place, row in enumerate(shown.to_dict("records")):
        look = _look(row)
        ax.barh(place, row["failures"], 0.7, **_canvas.bars(LOOKS.get(look, _UNFLAGGED)))
        ax.annotate(
            _beside(row, lang), (row["failures"], place), (5, 0), textcoords="offset points",
            va="center", fontsize=SMALL, color=INK, linespacing=1.15,
        )  # fmt: skip
    names = [
        _canvas.label(readable_domain(str(name)), 24, keep_end=True) for name in shown.iloc[:, 0]
    ]
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.set_xlim(0, shown["failures"].max() * 2.3)
    _canvas.count_axis(ax.xaxis)
    ax.set_xlabel(words("domains_axis", lang))
    count = words(
        "domains_subtitle", lang, flagged=f"{int(table['flagged'].sum()):,}", n=f"{len(table):,}"
    )
    left_out = len(table) - len(shown)
    notes = [words("not_drawn", lang, n=f"{left_out:,}")] if left_out else []
    used = {_look(row) for row in shown.to_dict("records")}
    named = [(LOOKS[band], f"band_{band}") for band in BANDS if band in used]
    named += [(_UNFLAGGED, "domains_not_flagged")] if "" in used else []
    _edges.legend(ax, [_edges.patch(look, words(key, lang)) for look, key in named])
    for tick, flagged in zip(ax.get_yticklabels(), shown["flagged"], strict=True):
        tick.set_color(INK if flagged else PALE_INK)
        tick.set_fontweight("bold" if flagged else "normal")
    return _edges.finish(ax, title, [count, words("domains_window", lang)], notes)


def _look(row: dict) -> str:
    reason = reasons().get(str(row["reason"]))
    return (reason.heals if reason else "time") if row["flagged"] else ""


def _beside(row: dict, lang: Language) -> str:
    reason = reasons().get(str(row["reason"]))
    numbers = {name: f"{row[name]:,}" for name in ("failures", "recipients", "days")}
    first = words("domains_row", lang, **numbers)
    second = words("domains_days", lang, reason=reason.label[lang] if reason else "?", **numbers)
    return f"{first}\n{second}"
