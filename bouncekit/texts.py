"""Text from strangers: made valid and bounded once, at the border."""

import re
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

MAX_TEXT = 4_096
"""Characters kept of any one text, a diagnostic for instance."""

_CONTROLS = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x{80}-\x{9f}\x{202a}-\x{202e}\x{2066}-\x{2069}]"
_ODD = rf"{_CONTROLS}|^[\s\p{{Z}}]|[\s\p{{Z}}]$|^$"
_SPACES = re.compile(r"\s+")


Texts: TypeAlias = pa.Array | pa.ChunkedArray


def scalars(text: str) -> str:
    """Replace lone surrogates, which no file or table can hold, by U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def one_line(text: str) -> str:
    """Fold all white space to single spaces."""
    return _SPACES.sub(" ", text).strip()


def clean_column(column: pa.ChunkedArray, *, repeats: bool = True) -> pa.ChunkedArray:
    """Drop control and direction characters, bound the length; empty becomes missing.

    Line ends and tabs stay.

    Parameters
    ----------
    column : ChunkedArray
        Text of any length.
    repeats : bool
        Whether texts repeat so often that only the distinct ones are looked at.
    """
    column = column.cast(pa.string())
    if not repeats:
        return _cleaned(column) if _any_odd(column) else column
    encoded = pc.dictionary_encode(column).combine_chunks()
    words = encoded.dictionary
    words = _cleaned(words) if _any_odd(words) else words
    return pa.chunked_array([words.take(encoded.indices)])


def _any_odd(texts: Texts) -> bool:
    longest = pc.max(pc.binary_length(texts)).as_py() or 0
    return longest > MAX_TEXT or bool(pc.any(pc.match_substring_regex(texts, _ODD)).as_py())


def _cleaned(texts: Texts) -> Texts:
    texts = pc.replace_substring_regex(texts, _CONTROLS, " ")
    texts = pc.utf8_slice_codeunits(pc.utf8_trim_whitespace(texts), 0, MAX_TEXT)
    return pc.if_else(pc.equal(texts, ""), None, texts)
