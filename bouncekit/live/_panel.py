"""A panel: controls, and what they show; a picture of it where there is nobody to move them."""

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

import ipywidgets as widgets
from matplotlib.axes import Axes

from bouncekit.errors import BouncekitError
from bouncekit.plots._canvas import figure_of
from bouncekit.taxonomy import Language
from bouncekit.words import words

_DPI = 100
"""Enough for a screen, and quick enough to follow a slider."""

Draw = Callable[..., Sequence[Any]]
"""Values of the controls by name, to charts and tables from top to bottom."""


class Panel:
    """Controls and what they show, live in JupyterLab and as a picture everywhere else.

    One cell serves both: JupyterLab shows the controls, a report shows what
    the settings of the notebook give.

    Parameters
    ----------
    controls : mapping
        Name of a parameter of ``draw`` to its widget.
    draw : callable
        Called with the value of every control; gives the charts and tables.
    lang : {'en', 'zh'}
    """

    def __init__(
        self, controls: Mapping[str, widgets.Widget], draw: Draw, lang: Language = "en"
    ) -> None:
        self.controls = dict(controls)
        self.screen = widgets.HTML()
        self._draw = draw
        self._lang = lang
        self._drawn: tuple[dict[str, Any], Sequence[Any]] | None = None
        for control in self.controls.values():
            control.observe(self._follow, names="value")

    @property
    def values(self) -> dict[str, Any]:
        """What the controls stand at."""
        return {name: control.value for name, control in self.controls.items()}

    def shown(self) -> Sequence[Any]:
        """Give the charts and tables for what the controls stand at."""
        values = self.values
        if self._drawn is None or self._drawn[0] != values:
            self._drawn = values, self._draw(**values)
        return self._drawn[1]

    def _follow(self, _change: object = None) -> None:
        try:
            self.screen.value = "".join(map(as_html, self.shown()))
        except BouncekitError as error:
            # What a control asks for may be impossible; the panel says so and stays alive.
            self.screen.value = f"<p>{escape(str(error))}</p>"

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        self._follow()
        rows = widgets.HBox(list(self.controls.values()), layout=_WRAPPED)
        live = widgets.VBox([rows, self.screen])
        data, metadata = _static(self.shown(), **options)
        return {**(live._repr_mimebundle_(**options) or {}), **data}, metadata


_WRAPPED = widgets.Layout(flex_flow="row wrap")


def _static(shown: Sequence[Any], **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give the first chart, else the first table, as it stands in a report."""
    chart = next((one for one in shown if isinstance(one, Axes)), None)
    if chart is not None:
        data, metadata = chart._repr_mimebundle_(**options)  # type: ignore[attr-defined]
        return data, metadata
    return {"text/html": as_html(shown[0]), "text/plain": str(shown[0])}, {}


def as_html(one: Any) -> str:
    """Give a chart or a table as HTML; both escape what comes from outside."""
    if not isinstance(one, Axes):
        return str(one._repr_html_())
    figure, picture = figure_of(one), io.BytesIO()
    figure.savefig(picture, format="png", dpi=_DPI, facecolor="white")
    data = base64.b64encode(picture.getvalue()).decode("ascii")
    said = escape(getattr(one, "alt", ""), quote=True)
    width = round(figure.get_size_inches()[0] * 110)
    return f'<img src="data:image/png;base64,{data}" alt="{said}" style="width: {width}px">'


# --- controls ----------------------------------------------------------------


def slider(key: str, value: int, low: int, high: int, lang: Language) -> widgets.IntSlider:
    """Give a slider for whole numbers; it widens where the notebook asks for more."""
    return widgets.IntSlider(
        value=value,
        min=min(low, value),
        max=max(high, value),
        description=words(key, lang),
        continuous_update=False,
        style=_LABEL,
        layout=_CONTROL,
    )


def choice(
    key: str, value: Any, options: Sequence[tuple[str, Any]], lang: Language
) -> widgets.Dropdown:
    """Give a list to choose from; the notebook's own value is in it in any case."""
    known = list(options)
    if value not in [one for _, one in known]:
        known.insert(0, (str(value), value))
    return widgets.Dropdown(
        options=known, value=value, description=words(key, lang), style=_LABEL, layout=_CONTROL
    )


_LABEL = {"description_width": "initial"}
_CONTROL = widgets.Layout(width="300px", margin="2px 24px 2px 0")
