"""Turn an executed notebook into one HTML file that is safe to open and to share.

No script, nothing from the network, no code cells: what the cells show, in a
page with a style of its own. Every value passes through one of two doors,
escaping or a short list of harmless tags.
"""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from typing import Any

import bleach
import nbformat
from nbconvert.exporters import HTMLExporter
from traitlets.config import Config

from bouncekit.taxonomy import Language
from bouncekit.words import words

_TAGS = frozenset(
    [
        "h1", "h2", "h3", "h4", "p", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td",
        "caption", "strong", "em", "b", "i", "small", "span", "code", "pre", "blockquote", "br",
        "hr", "div", "sub", "sup",
    ]
)  # fmt: skip
_CLASSES = frozenset({"scroll", "cards", "n", "more", "wide"})
_WIDGET = "application/vnd.jupyter.widget-view+json"


@dataclass(frozen=True, slots=True)
class About:
    """What a report says of itself, beside what its cells show.

    Parameters
    ----------
    title : str
    lang : {'en', 'zh'}
    parameters : sequence of (name, value)
        The settings it was made with, as text.
    made_with : str
        Versions and hashes: the same for the same input and settings.
    date : str
        The one line that differs from run to run.
    redacted : bool
        Whether pseudonyms stand for the addresses.
    """

    title: str
    lang: Language
    parameters: Sequence[tuple[str, str]]
    made_with: str
    date: str
    redacted: bool = True


def to_html(notebook: nbformat.NotebookNode, about: About) -> str:
    """Render the outputs and texts of an executed notebook."""
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    page = {
        "title": about.title,
        "lang": about.lang,
        "parameters": about.parameters,
        "made_with": about.made_with,
        "date": about.date,
        "style": style,
        "csp": f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'",
        "words": {
            "settings": words("report_settings", about.lang),
            "name": words("report_name", about.lang),
            "value": words("report_value", about.lang),
            "pseudonymised": words(
                "report_pseudonymised" if about.redacted else "report_full", about.lang
            ),
        },
    }
    _drop_what_cannot_be_shown(notebook)
    with as_file(files("bouncekit.reporting").joinpath("templates")) as folder:
        exporter = _exporter(str(folder))
        body, _ = exporter.from_notebook_node(notebook, resources={"report": page})
    return str(body)


def _style() -> str:
    text = files("bouncekit.reporting").joinpath("templates", "bouncekit", "report.css")
    # The hash in the page's policy is that of these very bytes.
    return text.read_text(encoding="utf-8").replace("\r\n", "\n").strip()


def _exporter(folder: str) -> HTMLExporter:
    config = Config()
    config.HTMLExporter.exclude_anchor_links = True
    config.TemplateExporter.extra_template_basedirs = [folder]
    config.TemplateExporter.exclude_input = True
    return HTMLExporter(
        config=config,
        template_name="bouncekit",
        filters={
            "clean": clean,
            "alt_text": _alt_text,
            "image_width": _image_width,
            "base64_only": _base64_only,
        },
    )


def _drop_what_cannot_be_shown(notebook: nbformat.NotebookNode) -> None:
    """Take out widgets, which need scripts, and complaints printed to stderr.

    The picture that a panel gives beside its controls stays.
    """
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if _can_be_shown(output)]


def _can_be_shown(output: Any) -> bool:
    if output["output_type"] == "stream":
        return bool(output["name"] == "stdout")
    data = output.get("data", {})
    live = data.pop(_WIDGET, None) is not None
    alone = live and not {"text/html", "image/png"} & set(data)
    return output["output_type"] != "error" and not alone


def clean(html: str) -> str:
    """Keep harmless tags and show all others as text.

    Links lose their address: a page that is shared opens nothing.

    Examples
    --------
    >>> clean('<p onclick="x()">a<script>b</script></p>')
    '<p>a&lt;script&gt;b&lt;/script&gt;</p>'
    """
    return str(bleach.clean(_LINK.sub("", html), tags=_TAGS, attributes=_attribute))


_LINK = re.compile(r"</?a(?:\s[^<>]*)?>", re.IGNORECASE)


def _attribute(tag: str, name: str, value: str) -> bool:
    if name == "class":
        return set(value.split()) <= _CLASSES
    if name == "data-label":
        return tag == "td"
    return tag in ("td", "th") and name in ("colspan", "rowspan") and value.isdigit()


def _alt_text(output: Mapping[str, Any]) -> str:
    said = output.get("metadata", {}).get("image/png", {}).get("alt")
    return str(said or output["data"].get("text/plain", ""))


def _image_width(output: Mapping[str, Any]) -> str:
    width = output.get("metadata", {}).get("image/png", {}).get("width", 700)
    return str(width) if isinstance(width, int) else "700"


def _base64_only(data: str) -> str:
    return re.sub(r"[^A-Za-z0-9+/=]", "", data)
