"""What ``generic`` says of a table that it understood, in each language."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from bouncekit import times
from bouncekit.inputs.sources import Head
from bouncekit.readers import _dates
from bouncekit.readers._events import BEIJING, NO_ROWS
from bouncekit.readers._understanding import Understanding
from bouncekit.taxonomy import Language
from bouncekit.words import LANGUAGES, words

_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_KANA = re.compile(r"[\u3040-\u30ff]")
_MAX_WORDS = 12


def home_zone(names: Iterable[str]) -> str | None:
    """Return the zone of a table whose columns have Chinese names, None for any other.

    All places where people write Chinese names for columns have the same time.
    """
    text = "".join(names)
    return BEIJING if _CHINESE.search(text) and not _KANA.search(text) else None


def sentences(
    found: Understanding, head: Head, samples: Mapping[str, Sequence[str]], tz: str | None
) -> Iterator[str]:
    """Yield one sentence a language: which columns, words, zone and order of day and month."""
    titles = {} if head.is_json else dict(zip(head.header.names, head.header.titles, strict=True))
    dates = [cell for cell in samples.get(found.columns.get("timestamp", ""), ()) if cell.strip()]
    unclear = found.day_first is None and any(map(_dates.is_unclear, dates))
    local = any(not times.names_zone(cell) for cell in dates)
    for lang in LANGUAGES:
        parts = [_columns(found, titles, lang)]
        if found.words:
            parts.append(words("generic_words", lang, words=_words(found, lang)))
        if found.sent_is == "delivered":
            parts.append(words("generic_sent", lang))
        if local:
            parts.append(words("generic_zone", lang, zone=tz or "UTC"))
        if unclear:
            parts.append(words("generic_unclear", lang))
        yield words("generic_understood", lang, parts=words("generic_between", lang).join(parts))


def _columns(found: Understanding, titles: Mapping[str, str], lang: Language) -> str:
    named = (
        f"{words(f'field_{field}', lang)} = {titles.get(name, name)}"
        for field, name in found.columns.items()
    )
    return words("generic_comma", lang).join(named)


def _words(found: Understanding, lang: Language) -> str:
    left_out = words("generic_left_out", lang)
    told = [
        f"{word} = {left_out if event in NO_ROWS else event or '?'}"
        for word, event in found.words.items()
    ]
    return ", ".join(told[:_MAX_WORDS]) + (" ..." if len(told) > _MAX_WORDS else "")
