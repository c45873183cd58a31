"""What a stricter or a more patient policy would have done."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bouncekit.errors import TableError
from bouncekit.plots import _canvas, _edges
from bouncekit.plots._canvas import INK, LINE, LOOKS, SMALL, TEXT_SIZE, Look
from bouncekit.schema import require
from bouncekit.taxonomy import Language
from bouncekit.words import words

_WRONG = Look(INK, "", "D")


def plot_what_if(
    choices: pd.DataFrame,
    ax: Axes | None = None,
    *,
    chosen: int | None = None,
    lang: Language = "en",
) -> Axes:
    """Draw how many addresses each soft limit removes, and how many of them wrongly.

    Parameters
    ----------
    choices : DataFrame
        The result of :func:`bouncekit.what_if`, with one ``wait`` and one
        ``min_span``.
    ax : Axes, optional
        Where to draw; by default a figure of its own.
    chosen : int, optional
        The limit in force; its tick is set in bold.
    lang : {'en', 'zh'}
        Language of the words.

    Returns
    -------
    Axes

    Raises
    ------
    TableError
        If a soft limit stands in the table twice.
    """
    require(
        choices,
        "soft_limit",
        "removed_hard",
        "removed_soft",
        "wrongly_removed",
        made_by="bk.what_if(df)",
    )
    title = words("what_if_title", lang)
    if choices["soft_limit"].duplicated().any():
        msg = "plot_what_if draws one row per soft_limit; give what_if one wait and one min_span"
        raise TableError(msg)
    if choices.empty:
        why = words("empty", lang, why=words("empty_no_rows", lang))
        return _edges.empty(ax, title, why)
    ax = _canvas.canvas(ax, 2.9)
    table = choices.sort_values("soft_limit")
    known = _bars(ax, table, lang)
    ax.set_xticks(range(len(table)), [f"{limit:d}" for limit in table["soft_limit"]])
    for tick, limit in zip(ax.get_xticklabels(), table["soft_limit"], strict=True):
        tick.set_fontweight("bold" if limit == chosen else "normal")
    ax.grid(axis="y", color=LINE, linewidth=0.7)
    _canvas.count_axis(ax.yaxis)
    ax.set_xlabel(words("what_if_x", lang))
    notes = [] if known else [words("what_if_unknown", lang)]
    hard = words("what_if_hard", lang, n=f"{choices['removed_hard'].max():,}")
    return _edges.finish(ax, title, [words("what_if_axis", lang)], [hard, *notes])


def _bars(ax: Axes, table: pd.DataFrame, lang: Language) -> bool:
    """Draw what the choice changes, and how many were removed wrongly where that is known."""
    x, soft = np.arange(len(table)), table["removed_soft"].to_numpy()
    ax.bar(x, soft, 0.62, **_canvas.bars(LOOKS["time"]))
    _number(ax, x, soft)
    entries: list[object] = [_edges.patch(LOOKS["time"], words("what_if_soft", lang))]
    wrong = table["wrongly_removed"]
    known = wrong.notna().to_numpy()
    if known.any():
        values = wrong[known].to_numpy(dtype=float)
        ax.plot(
            x[known], values, _WRONG.marker, color=_WRONG.colour, markersize=6, zorder=4,
            clip_on=False,
        )  # fmt: skip
        _number(ax, x[known], values, boxed=True)
        entries.append(_edges.point(_WRONG, words("what_if_lost", lang), line=False))
    ax.set_ylim(0, max(float(soft.max()), float(wrong.max()) if known.any() else 0, 1.0) * 1.14)
    _edges.legend(ax, entries)
    return bool(known.any())


def _number(ax: Axes, x: np.ndarray, height: np.ndarray, *, boxed: bool = False) -> None:
    box = {"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 0.6} if boxed else None
    for place, top in zip(x, height, strict=True):
        ax.annotate(
            f"{top:,.0f}", (place, top), (0, 6 if boxed else 3), ha="center", va="bottom",
            textcoords="offset points", fontsize=SMALL if boxed else TEXT_SIZE, color=INK,
            bbox=box, zorder=5,
        )  # fmt: skip
