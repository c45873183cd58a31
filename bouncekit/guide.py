"""How to get each file: what ``bouncekit sources`` prints and ``docs/sources.md`` holds.

What a reader says of itself is told first; words in other languages, and how
to save bounce messages from a mail program, are in ``guide.toml``.
"""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from bouncekit.errors import BouncekitError
from bouncekit.readers import readers, source_names
from bouncekit.readers._base import Reader
from bouncekit.taxonomy import Language

MAIL = "mail"
"""The reader of bounce messages, whose how-to is one section for each mail program."""


def one_source(name: str, lang: Language = "en") -> str:
    """Tell what one source is and how to get its file, as plain text.

    Raises
    ------
    BouncekitError
        If there is no such source.
    """
    reader = next((reader for reader in readers() if reader.name == name), None)
    if reader is None:
        msg = f"there is no source {name!r}; there are: {', '.join(source_names())}"
        raise BouncekitError(msg)
    lines = [f"{reader.name}: {title(reader, lang)}"]
    lines += [f"  {label}: {value}" for label, value in _facts(reader, lang)]
    lines += [f"  {_word('how', lang)}:", *_indented(how_to_get(reader, lang))]
    if reader.name == MAIL:
        for name, steps in _mailboxes(lang):
            lines += [f"  {name}:", *_indented(steps)]
    return "\n".join(lines)


def overview(lang: Language = "en") -> str:
    """List every source in a line each, as plain text."""
    width = max(map(len, source_names()))
    return "\n".join(f"{reader.name:{width}}  {title(reader, lang)}" for reader in readers())


def hint(lang: Language = "en") -> str:
    """Say how to see more of one source."""
    return _word("hint", lang)


def page(lang: Language = "en") -> str:
    """Give the whole guide as Markdown."""
    parts = [f"# {_word('title', lang)}", _word("intro", lang), f"## {_word('overview', lang)}"]
    parts.append("\n".join(_table(lang)))
    parts.append(_word("unlisted", lang))
    parts += [f"## {_word('mailboxes', lang)}", _word("mailbox_intro", lang)]
    parts += [f"### {name}\n\n{steps}" for name, steps in _mailboxes(lang)]
    parts.append(f"## {_word('how', lang)}")
    parts += [
        f"### `{reader.name}`: {title(reader, lang)}\n\n{_steps(reader, lang)}"
        for reader in readers()
    ]
    return "\n\n".join(parts) + "\n"


def title(reader: Reader, lang: Language) -> str:
    """Return what the source is called in a language."""
    said: dict[str, str] = _texts()["source"].get(reader.name, {})
    return said.get("title", reader.title) if lang != "en" else reader.title


def how_to_get(reader: Reader, lang: Language) -> str:
    """Return how a user gets the file, in a language, one step a line."""
    said: dict[str, str] = _texts()["source"].get(reader.name, {})
    return said.get("how", reader.how_to_get) if lang != "en" else reader.how_to_get


def _steps(reader: Reader, lang: Language) -> str:
    # A line end in Markdown joins two lines; a list keeps the steps apart.
    steps = [line.strip() for line in how_to_get(reader, lang).splitlines() if line.strip()]
    return "\n".join(f"- {step}" for step in steps)


def _table(lang: Language) -> list[str]:
    heads = [_word(name, lang) for name in ("reader", "what", "holds", "rates", "sure")]
    rows = [
        [f"`{reader.name}`", title(reader, lang), *(value for _, value in _facts(reader, lang))]
        for reader in readers()
    ]
    lines = [heads, ["---"] * len(heads), *rows]
    return ["| " + " | ".join(cells) + " |" for cells in lines]


def _facts(reader: Reader, lang: Language) -> list[tuple[str, str]]:
    texts = _texts()
    return [
        (_word("holds", lang), texts["kind"][reader.kind][lang]),
        (_word("rates", lang), texts["denominator"][str(reader.has_denominator).lower()][lang]),
        (_word("sure", lang), texts["certainty"][reader.certainty][lang]),
    ]


def _mailboxes(lang: Language) -> list[tuple[str, str]]:
    return [(entry["name"], entry[lang].strip()) for entry in _texts()["mailbox"]]


def _indented(text: str) -> list[str]:
    return [f"    {line.strip()}" for line in text.strip().splitlines()]


def _word(name: str, lang: Language) -> str:
    word: str = _texts()["words"][name][lang]
    return word


@cache
def _texts() -> dict[str, Any]:
    return tomllib.loads(files("bouncekit").joinpath("guide.toml").read_text(encoding="utf-8"))
