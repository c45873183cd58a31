"""The word lists of ``words.toml``: plain phrases, looked for in folded text.

Plain phrases are several times quicker than one large expression and can be
added without knowing regular expressions.
"""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

KEY = 4
"""Letters that every phrase of a list of beginnings has."""


@cache
def _lists() -> dict[str, Any]:
    text = files("bouncekit.mail").joinpath("words.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def phrases(name: str) -> tuple[str, ...]:
    """Return one list of phrases."""
    return tuple(_lists()[name])


@cache
def beginnings(name: str) -> frozenset[str]:
    """Return the first :data:`KEY` letters of the phrases of a list of beginnings."""
    return frozenset(phrase[:KEY] for phrase in phrases(name))


def begins(name: str, folded: str) -> bool:
    """Say whether lower-case text begins with a phrase of the list."""
    # A look at the first letters spares nearly all lines the whole list.
    return folded[:KEY] in beginnings(name) and folded.startswith(phrases(name))


@cache
def labels(name: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return a list of labels: those that are whole words, and those that end any text."""
    return frozenset(phrases(name)), phrases(f"{name}_ending")


@cache
def spans() -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
    """Return the label pairs between which a page of fields gives its reason."""
    return tuple((tuple(span["start"]), tuple(span["end"])) for span in _lists()["span"])


def has(name: str, folded: str) -> bool:
    """Say whether lower-case text, its white space folded, holds a phrase of the list."""
    for phrase in phrases(name):  # noqa: SIM110 - twice as quick as any() on a generator
        if phrase in folded:
            return True
    return False


def fold(text: str) -> str:
    """Return text in the form phrases are looked for in: lower case, single spaces."""
    return " ".join(text.split()).lower()
