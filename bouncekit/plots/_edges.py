"""The words at the edges of a chart: title, notes, legend, and the frame between them."""

import textwrap
from collections.abc import Iterable
from typing import Any, Literal

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text
from matplotlib.transforms import ScaledTranslation

from bouncekit.plots._canvas import (
    INK,
    PALE_INK,
    SMALL,
    TITLE_SIZE,
    WIDTH,
    ChartAxes,
    Look,
    canvas,
    figure_of,
    font_families,
    frame_inches,
)

_EDGE = 9.0
"""Points from the edge of a chart to its words."""


def finish(ax: Axes, title: str, subtitle: Iterable[str], notes: Iterable[str] = ()) -> Axes:
    """Write title, subtitle and notes, and make every text plain (no formulas)."""
    width = WIDTH if isinstance(ax, ChartAxes) else frame_inches(ax) * 1.2
    head = textwrap.fill(title, round(width * 9.2))
    below = textwrap.fill(" · ".join(part for part in subtitle if part), round(width * 13.2))
    foot = "\n".join(textwrap.fill(note, round(width * 13.2)) for note in notes if note)
    if isinstance(ax, ChartAxes):
        outside, header, footer = _frame(ax, head, below, foot)
        _make_plain(ax)
        # The words stand at the figure's edges and are no part of the frame.
        for artist in outside:
            artist.set_visible(False)
        _fit(ax, header, footer)
        for artist in outside:
            artist.set_visible(True)
        ax.alt = " ".join(part for part in (f"{head}.", below) if part).replace("\n", " ")
    else:
        _squeeze(ax, head, below, foot)
        _make_plain(ax)
    return ax


def _make_plain(ax: Axes) -> None:
    for text in ax.findobj(Text):
        text.set_parse_math(False)
        text.set_fontfamily(font_families())


def _frame(ax: ChartAxes, head: str, below: str, foot: str) -> tuple[list[Artist], float, float]:
    """Set the words at the edges of the chart's own figure, which grows to hold them.

    Returns the words, and the points that they take above and below.
    """
    figure = figure_of(ax)
    box = ax.get_legend()
    top = _EDGE + _lines(head) * TITLE_SIZE * 1.3 + 2
    header = top + _lines(below) * SMALL * 1.35 + 8
    notes = _lines(foot) * SMALL * 1.45
    footer = _EDGE + notes + _legend_rows(ax) * SMALL * 1.9 + 2
    height = ax.frame_height * 72 + header + footer
    figure.set_size_inches(WIDTH, height / 72)
    title = ax.set_title(
        head, loc="left", fontsize=TITLE_SIZE, fontweight="bold", color=INK, va="top"
    )
    title.set_transform(figure.transFigure + _shift(figure, _EDGE, -_EDGE))
    outside: list[Artist] = [title, _at_edge(ax, below, 1, -top), _at_edge(ax, foot, 0, _EDGE)]
    if box is not None:
        box.set_loc("lower left")
        box.set_bbox_to_anchor((0, 0), figure.transFigure + _shift(figure, _EDGE, _EDGE + notes))
        outside.append(box)
    ax.set_xlabel(ax.get_xlabel(), loc="left", fontsize=SMALL, color=PALE_INK)
    return outside, header, footer


def _fit(ax: Axes, header: float, footer: float) -> None:
    """Give the frame all room that header, footer (points) and its own labels leave.

    matplotlib's layout engines would move the frame to make room for the
    words at the edges, which stay where they are.
    """
    figure = figure_of(ax)
    renderer = FigureCanvasAgg(figure).get_renderer()
    width, height = figure.bbox.size
    point = figure.dpi / 72
    # Twice: with the first size the ticks, and so their labels, may be others.
    for _ in range(2):
        frame, whole = ax.get_window_extent(renderer), ax.get_tightbbox(renderer)
        if whole is None:
            return
        left = frame.x0 - whole.x0 + _EDGE * point
        right = whole.x1 - frame.x1 + _EDGE * point
        bottom = frame.y0 - whole.y0 + footer * point
        top = whole.y1 - frame.y1 + header * point
        size = (max(width - left - right, 1) / width, max(height - bottom - top, 1) / height)
        ax.set_position((left / width, bottom / height, *size))


def _at_edge(ax: Axes, text: str, edge: int, up: float) -> Text:
    figure = figure_of(ax)
    return ax.text(
        0, edge, text, transform=figure.transFigure + _shift(figure, _EDGE, up),
        va="top" if edge else "bottom", ha="left", fontsize=SMALL, color=PALE_INK,
        linespacing=1.35,
    )  # fmt: skip


def _shift(figure: Figure, right: float, up: float) -> ScaledTranslation:
    return ScaledTranslation(right / 72, up / 72, figure.dpi_scale_trans)


def _lines(text: str) -> int:
    return text.count("\n") + 1 if text else 0


def _squeeze(ax: Axes, head: str, below: str, foot: str) -> None:
    """Set the words around the caller's own Axes, whose figure stays as it is."""
    pad = 8 + _lines(below) * SMALL * 1.35
    ax.set_title(head, loc="left", fontsize=TITLE_SIZE, fontweight="bold", color=INK, pad=pad)
    ax.annotate(
        below, (0, 1), (0, 6), xycoords="axes fraction", textcoords="offset points",
        va="bottom", ha="left", fontsize=SMALL, color=PALE_INK, linespacing=1.35,
    )  # fmt: skip
    ax.set_xlabel(
        "\n".join(filter(None, (ax.get_xlabel(), foot))), loc="left", fontsize=SMALL,
        color=PALE_INK, linespacing=1.4, labelpad=6 + 15 * _legend_rows(ax),
    )  # fmt: skip


def patch(look: Look, name: str) -> Patch:
    """Make a legend entry for bars."""
    return Patch(
        facecolor=look.colour, hatch=look.hatch, edgecolor="white", label=name,
        hatch_linewidth=0.7, linewidth=0,
    )  # fmt: skip


def point(look: Look, name: str, *, line: bool = True) -> Line2D:
    """Make a legend entry for points, with or without a line through them."""
    style: Literal["-", "none"] = "-" if line else "none"
    return Line2D(
        [], [], color=look.colour, marker=look.marker, label=name, linewidth=1.6, linestyle=style
    )


def legend(ax: Axes, entries: list[Any], *, ticks: int = 1) -> None:
    """Set legend entries in rows under the chart.

    Parameters
    ----------
    ax : Axes
    entries : list of Patch or Line2D
    ticks : int
        Lines of the tick labels, which the legend has to clear on a caller's Axes.
    """
    down = _shift(figure_of(ax), 0, -(8 + 13 * ticks))
    ax.legend(
        handles=entries, loc="upper left", bbox_to_anchor=(0, 0), borderaxespad=0, borderpad=0,
        bbox_transform=ax.transAxes + down, ncols=_columns(len(entries)), frameon=False,
        fontsize=SMALL, handlelength=1.6, handleheight=1.1, columnspacing=1.4, labelspacing=0.4,
    )  # fmt: skip


def _columns(entries: int) -> int:
    return 3 if entries != 4 else 2


def _legend_rows(ax: Axes) -> int:
    box = ax.get_legend()
    entries = len(box.get_texts()) if box is not None else 0
    return -(-entries // _columns(entries))


def empty(ax: Axes | None, title: str, why: str) -> Axes:
    """Say why there is nothing to draw, instead of an empty frame."""
    ax = canvas(ax, 0.5)
    ax.set_axis_off()
    return finish(ax, title, [why])
