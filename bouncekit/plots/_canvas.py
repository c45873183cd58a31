"""What all charts share: the picture itself, colours, axes, fonts, labels."""

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import as_file, files
from types import MappingProxyType
from typing import Any, cast

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.ticker import FuncFormatter, MaxNLocator

from bouncekit.spellings import scrub

INK, PALE_INK, LINE, GREY = "#222222", "#5c5c5c", "#d9d9d9", "#a6a6a6"
TEXT_SIZE, SMALL, TITLE_SIZE = 10.0, 9.0, 12.5
WIDTH = 6.4
_DPI = 160
_OWN_CHINESE = "Bouncekit Sans SC"
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
        own = cast("ChartAxes", figure.add_subplot(axes_class=ChartAxes))
        own.frame_height = height
        ax = own
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
    """Give the fonts to try for each character: matplotlib's own, then Chinese ones.

    The Chinese font that comes with the kit has the common characters and looks the same
    everywhere; one of the system's, where there is one, has the rare ones.
    """
    with as_file(files("bouncekit.plots") / "fonts" / "bouncekit-sans-sc.ttf") as path:
        fontManager.addfont(path)
    own = fontManager.ttflist[-1]
    # Its one weight serves for bold titles too; matplotlib would complain of the missing one.
    fontManager.ttflist.append(replace(own, weight=700))
    # Naming a font that is absent would fill the log with complaints.
    there = set(fontManager.get_font_names())
    return ["DejaVu Sans", _OWN_CHINESE, *[name for name in _CHINESE_FONTS if name in there][:1]]


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
