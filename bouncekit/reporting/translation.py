"""The words of a notebook in another language; its code stays the same.

A notebook is written in English. ``notebooks-zh.toml`` has the text of each
cell of words by the cell's id, so that one notebook serves both languages and
the two cannot drift apart.
"""

import json
import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

import nbformat

from bouncekit.reporting.execution import TAG
from bouncekit.taxonomy import Language
from bouncekit.words import known

_COMMENT = re.compile(r"^(?P<line>(?P<name>\w+) = .*?)  # .*$", re.MULTILINE)


def translated(notebook: nbformat.NotebookNode, name: str, lang: Language) -> nbformat.NotebookNode:
    """Return a copy whose texts and comments are in a language.

    Parameters
    ----------
    notebook : NotebookNode
        Not changed.
    name : str
        File name without its ending. The texts of a notebook of the user's
        own stay as they are.
    lang : {'en', 'zh'}

    Raises
    ------
    BouncekitError
        If the kit does not speak the language.
    """
    texts = {} if lang == "en" else _catalogue(known(lang)).get(name, {})
    copy = nbformat.from_dict(json.loads(json.dumps(notebook)))
    for cell in copy.cells:
        if cell.cell_type == "markdown":
            cell.source = texts.get(cell.id, cell.source).strip()
        elif TAG in cell.metadata.get("tags", []):
            cell.source = _commented(cell.source, texts.get(TAG, {}), lang)
    return copy


def _commented(source: str, comments: dict[str, str], lang: Language) -> str:
    def line(match: re.Match[str]) -> str:
        said = comments.get(match["name"])
        return f"{match['line']}  # {said}" if said else match[0]

    # The notebook speaks the language that its reader chose.
    return _COMMENT.sub(line, source.replace('lang = "en"', f'lang = "{lang}"'))


@cache
def _catalogue(lang: Language) -> dict[str, dict[str, Any]]:
    path = files("bouncekit.reporting").joinpath(f"notebooks-{lang}.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))
