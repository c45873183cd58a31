"""What to do with the addresses."""

import pandas as pd
from matplotlib.axes import Axes

from bouncekit.plots import _canvas, _edges
from bouncekit.plots._canvas import INK, SMALL, Look
from bouncekit.schema import require
from bouncekit.taxonomy import Language
from bouncekit.words import words

_STATES = {
    "remove": Look("#D55E00", "", "o"),
    "review": Look("#CC79A7", "xx", "x"),
    "retry": Look("#009E73", "\\\\\\", "^"),
    "waiting": Look("#56B4E9", "///", "s"),
    "ok": Look("#999999", "", "o"),
}
_CROWD = 4
"""Times the other states together, from which addresses that are fine are left out."""


def plot_addresses(people: pd.DataFrame, ax: Axes | None = None, *, lang: Language = "en") -> Axes:
    """Draw how many addresses to remove, to look at, to try again, to leave in peace.

    Parameters
    ----------
    people : DataFrame
        The result of :func:`bouncekit.recipients`.
    ax : Axes, optional
        Where to draw; by default a figure of its own.
    lang : {'en', 'zh'}
        Language of the words.

    Returns
    -------
    Axes
        Where addresses that are fine would dwarf the rest, they are not
        drawn but stand in the line under the title.

    Raises
    ------
    TableError
        If ``people`` has no column ``state``.
    """
    require(people, "state", made_by="bk.recipients(df)")
    title = words("addresses_title", lang)
    if people.empty:
        why = words("empty", lang, why=words("empty_no_rows", lang))
        return _edges.empty(ax, title, why)
    counts = people["state"].astype("str").value_counts()
    values = {state: int(counts.get(state, 0)) for state in _STATES}
    fine = values["ok"]
    crowd = fine > _CROWD * (len(people) - fine)
    if crowd and fine < len(people):
        del values["ok"]
    ax = _canvas.canvas(ax, 0.6 + 0.34 * len(values))
    for place, (state, value) in enumerate(values.items()):
        ax.barh(place, value, 0.7, **_canvas.bars(_STATES[state]))
        ax.annotate(
            f"{value:,}  ({_canvas.percent(value / len(people))})", (value, place), (4, 0),
            textcoords="offset points", va="center", fontsize=SMALL, color=INK,
        )  # fmt: skip
    ax.set_yticks(range(len(values)), [words(f"state_{state}", lang) for state in values])
    ax.set_ylim(len(values) - 0.4, -0.6)
    ax.set_xlim(0, max(max(values.values()), 1) * 1.2)
    _canvas.count_axis(ax.xaxis)
    ax.set_xlabel(words("addresses_axis", lang))
    drawn = "addresses_subtitle" if "ok" not in values else "addresses_all"
    subtitle = words(drawn, lang, n=f"{len(people):,}", ok=f"{fine:,}")
    return _edges.finish(ax, title, [subtitle])
