"""Text from strangers: made valid and bounded once, at the border."""

import re

import pyarrow as pa
import pyarrow.compute as pc

MAX_TEXT = 4_096
"""Characters kept of any one text, a diagnostic for instance."""

_CONTROLS = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x{80}-\x{9f}\x{202a}-\x{202e}\x{2066}-\x{2069}]"
_SPACES = re.compile(r"\s+")


def scalars(text: str) -> str:
    """Replace lone surrogates, which no file or table can hold, by U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def one_line(text: str) -> str:
    """Fold all white space to single spaces."""
    return _SPACES.sub(" ", text).strip()


def clean_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Drop control and direction characters, bound the length; empty becomes missing.

    Line ends and tabs stay. Works on the distinct texts only.
    """
    encoded = pc.dictionary_encode(column.cast(pa.string()))
    encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    words = pc.replace_substring_regex(encoded.dictionary, _CONTROLS, " ")
    words = pc.utf8_slice_codeunits(pc.utf8_trim_whitespace(words), 0, MAX_TEXT)
    words = pc.if_else(pc.equal(words, ""), None, words)
    return pa.chunked_array([words.take(encoded.indices)])
