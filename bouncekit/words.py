"""The words that charts, tables and reports show, in each language."""

import tomllib
from functools import cache
from importlib.resources import files

from bouncekit.errors import BouncekitError
from bouncekit.taxonomy import Language

LANGUAGES: tuple[Language, ...] = ("en", "zh")


@cache
def _catalogue() -> dict[str, dict[str, str]]:
    text = files("bouncekit").joinpath("words.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def words(key: str, lang: Language = "en", **values: object) -> str:
    """Return one text of the catalogue with its ``{names}`` filled in.

    Raises
    ------
    BouncekitError
        If the kit does not speak the language.

    Examples
    --------
    >>> words("others", n=3)
    '3 others'
    """
    return _catalogue()[key][known(lang)].format(**values)


def known(lang: str) -> Language:
    """Return the language, if it is one that the kit speaks.

    Raises
    ------
    BouncekitError
        If it is not.
    """
    if lang not in LANGUAGES:
        msg = f"the language {lang!r} is not known; use one of: {', '.join(LANGUAGES)}"
        raise BouncekitError(msg)
    return lang


def has_words(key: str) -> bool:
    """Say whether the catalogue has the key."""
    return key in _catalogue()
