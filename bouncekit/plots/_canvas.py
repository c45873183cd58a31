"""What all charts share: the picture itself, colours, titles, notes, fonts."""

import base64
import io
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, MaxNLocator
from matplotlib.transforms import ScaledTranslation

from bouncekit.spellings import scrub

INK, PALE_INK, LINE, GREY = "#222222", "#5c5c5c", "#d9d9d9", "#a6a6a6"
TEXT_SIZE, SMALL, TITLE_SIZE = 10.0, 9.0, 12.5
WIDTH = 6.4
_EDGE = 9.0
"""Points from the edge of a chart to its words."""
_DPI = 160
_CHINESE_FONTS = (
    "Microsoft YaHei", "PingFang SC", "Hiragino Sans GB", "Noto Sans CJK SC", "Noto Sans SC",
    "Source Han Sans SC", "WenQuanYi Micro Hei", "SimHei", "Noto Sans CJK JP",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Look:
    """How one kind of failure is drawn: colour, and shape for grey prints."""

    colour: str
    hatch: str
    marker: str


LOOKS: Mapping[str, Look] = MappingProxyType(
    {
        "never": Look("#D55E00", "", "o"),
        "time": Look("#56B4E9", "///", "s"),
        "sender": Look("#0072B2", "..", "^"),
        "unknown": Look("#8c8c8c", "xx", "v"),
        "total": Look(INK, "", "D"),
    }
)
"""By who can mend the failure (``heals`` of the taxonomy): Okabe and Ito's colours."""


class ChartAxes(Axes):
    """An Axes that shows itself as a picture at the end of a notebook cell."""

    name = "bouncekit"
    alt = ""
    frame_height = 0.0
    """Inches that the frame and its tick labels have, without titles and notes."""

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, str], dict[str, Any]]:
        figure = figure_of(self)
        picture = io.BytesIO()
        figure.savefig(picture, format="png", dpi=_DPI, facecolor="white")
        data = {
            "image/png": base64.b64encode(picture.getvalue()).decode("ascii"),
            "text/plain": self.alt,
        }
        width = round(figure.get_size_inches()[0] * 110)
        return data, {"image/png": {"width": width, "alt": self.alt}}


def canvas(ax: Axes | None, height: float) -> Axes:
    """Return the Axes to draw on: the caller's, or one on a new figure of its own.

    ``height`` is that of the frame with its tick labels, in inches; titles,
    legend and notes come on top of it.
    """
    if ax is None:
        figure = Figure(figsize=(WIDTH, height))
        ax = figure.add_subplot(axes_class=ChartAxes)
        ax.frame_height = height
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.spines["bottom"].set_color(GREY)
    ax.tick_params(
        labelsize=TEXT_SIZE, colors=INK, length=0, pad=5, labelfontfamily=font_families()
    )
    ax.set_axisbelow(True)
    return ax


def frame_points(ax: Axes) -> float:
    """Return about how many points high the frame will be, without its tick labels."""
    if isinstance(ax, ChartAxes):
        return ax.frame_height * 72 - 40
    return float(ax.get_position().height * figure_of(ax).get_size_inches()[1] * 72)


def frame_inches(ax: Axes) -> float:
    """Return about how many inches wide the frame will be."""
    if isinstance(ax, ChartAxes):
        return WIDTH * 0.75
    return float(ax.get_position().width * figure_of(ax).get_size_inches()[0])


@cache
def font_families() -> list[str]:
    """Give the fonts to try for each character: the own one, then a Chinese one."""
    # Naming a font that is absent would fill the log with complaints.
    there = set(fontManager.get_font_names())
    return ["DejaVu Sans", *[name for name in _CHINESE_FONTS if name in there][:1]]


def finish(ax: Axes, title: str, subtitle: Iterable[str], notes: Iterable[str] = ()) -> Axes:
    """Write title, subtitle and notes, and make every text plain (no formulas)."""
    width = WIDTH if isinstance(ax, ChartAxes) else frame_inches(ax) * 1.2
    head = textwrap.fill(title, round(width * 9.2))
    below = textwrap.fill(" · ".join(part for part in subtitle if part), round(width * 13.2))
    foot = "\n".join(textwrap.fill(note, round(width * 13.2)) for note in notes if note)
    if isinstance(ax, ChartAxes):
        title_text, header, footer = _frame(ax, head, below, foot)
        _make_plain(ax)
        # The title stands at the figure's edge and is no part of the frame.
        title_text.set_visible(False)
        _fit(ax, header, footer)
        title_text.set_visible(True)
        ax.alt = " ".join(part for part in (f"{head}.", below) if part).replace("\n", " ")
    else:
        _squeeze(ax, head, below, foot)
        _make_plain(ax)
    return ax


def _make_plain(ax: Axes) -> None:
    for text in ax.findobj(Text):
        text.set_parse_math(False)
        text.set_fontfamily(font_families())


def _frame(ax: ChartAxes, head: str, below: str, foot: str) -> tuple[Text, float, float]:
    """Set the words at the edges of the chart's own figure, which grows to hold them.

    Returns the title, and the points that all words take above and below.
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
    _at_edge(ax, below, 1, -top)
    _at_edge(ax, foot, 0, _EDGE)
    if box is not None:
        box.set_loc("lower left")
        box.set_bbox_to_anchor((0, 0), figure.transFigure + _shift(figure, _EDGE, _EDGE + notes))
        box.set_in_layout(False)
    ax.set_xlabel(ax.get_xlabel(), loc="left", fontsize=SMALL, color=PALE_INK)
    return title, header, footer


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


def _at_edge(ax: Axes, text: str, edge: int, up: float) -> None:
    words = ax.annotate(
        text, (0, edge), (_EDGE, up), xycoords="figure fraction", textcoords="offset points",
        va="top" if edge else "bottom", ha="left", fontsize=SMALL, color=PALE_INK,
        linespacing=1.35,
    )  # fmt: skip
    words.set_in_layout(False)


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


def figure_of(ax: Axes) -> Figure:
    """Return the figure that a chart stands on, also where it is a part of another."""
    figure = ax.get_figure(root=True)
    assert figure is not None, "an Axes that was removed from its figure"  # noqa: S101
    return figure


def bars(look: Look, *, crowded: bool = False) -> dict[str, Any]:
    """Give the options of a bar that is drawn in a look."""
    hatch = "" if crowded else look.hatch
    return {
        "color": look.colour, "hatch": hatch, "hatch_linewidth": 0.7, "edgecolor": "white",
        "linewidth": 0.0 if crowded else 0.4,
    }  # fmt: skip


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


def label(text: object, limit: int = 34, *, keep_end: bool = False) -> str:
    """Make a label of a value from the data: one short line, without addresses."""
    line = " ".join(scrub(str(text)).split())
    if len(line) <= limit:
        return line
    return f"…{line[1 - limit :]}" if keep_end else f"{line[: limit - 1]}…"


def percent(value: float) -> str:
    """Write a share of 1 as people do: 0.4 %, 3.2 %, 12 %.

    Examples
    --------
    >>> percent(0.004), percent(0.0321), percent(0.123)
    ('0.4 %', '3.2 %', '12 %')
    """
    digits = 0 if value >= 0.0995 or value == 0 else 1 if value >= 0.00095 else 2
    return f"{value * 100:.{digits}f} %"


def percent_axis(axis: Any) -> None:
    """Write ticks as percent, without needless decimals."""
    axis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{round(value * 100, 6):g} %"))


def count_axis(axis: Any) -> None:
    """Write ticks as whole numbers with thousands marked."""
    axis.set_major_locator(MaxNLocator(nbins=5, integer=True, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def spread(places: list[float], gap: float) -> list[float]:
    """Move labels apart so that neighbours are at least ``gap`` away from each other.

    Examples
    --------
    >>> spread([1.0, 1.1, 5.0], gap=1.0)
    [0.55, 1.55, 5.0]
    """
    order = sorted(range(len(places)), key=places.__getitem__)
    clusters: list[list[int]] = []
    centres: list[float] = []
    for index in order:
        clusters.append([index])
        centres.append(places[index])
        # A cluster takes up gap * size around its centre; overlapping ones become one.
        while len(clusters) > 1 and centres[-1] - centres[-2] < gap * (
            (len(clusters[-1]) + len(clusters[-2])) / 2
        ):
            merged = clusters.pop()
            clusters[-1] += merged
            centres.pop()
            centres[-1] = sum(places[i] for i in clusters[-1]) / len(clusters[-1])
    moved = [0.0] * len(places)
    for members, centre in zip(clusters, centres, strict=True):
        for position, index in enumerate(members):
            moved[index] = round(centre + gap * (position - (len(members) - 1) / 2), 9)
    return moved
