"""Text from strangers: made valid and bounded once, at the border."""

import re

import pyarrow as pa
import pyarrow.compute as pc

from bouncekit.arrays.buffers import is_printable, is_trim

MAX_TEXT = 4_096
"""Characters kept of any one text, a diagnostic for instance."""

_CONTROLS = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x{80}-\x{9f}\x{202a}-\x{202e}\x{2066}-\x{2069}]"
_ODD = rf"{_CONTROLS}|^[\s\p{{Z}}]|[\s\p{{Z}}]$|^$"
_SPACES = re.compile(r"\s+")


def scalars(text: str) -> str:
    """Replace lone surrogates, which no file or table can hold, by U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def one_line(text: str) -> str:
    """Fold all white space to single spaces."""
    return _SPACES.sub(" ", text).strip()


def clean_texts(texts: pa.Array) -> pa.Array:
    """Drop control and direction characters, bound the length; empty becomes missing.

    Line ends and tabs stay. The texts come out as ``large_string``.
    """
    texts = texts.cast(pa.large_string())
    if texts.null_count == len(texts) or (is_printable(texts) and is_trim(texts)):
        return texts if _longest(texts) <= MAX_TEXT else pc.utf8_slice_codeunits(texts, 0, MAX_TEXT)
    odd = pc.fill_null(pc.match_substring_regex(texts, _ODD), False)
    odd = pc.or_(odd, pc.fill_null(pc.greater(pc.binary_length(texts), MAX_TEXT), False))
    if not pc.any(odd).as_py():
        return texts
    return pc.replace_with_mask(texts, odd, _cleaned(texts.filter(odd)))


def _longest(texts: pa.Array) -> int:
    return pc.max(pc.binary_length(texts)).as_py() or 0


def _cleaned(texts: pa.Array) -> pa.Array:
    texts = pc.replace_substring_regex(texts, _CONTROLS, " ")
    texts = pc.utf8_slice_codeunits(pc.utf8_trim_whitespace(texts), 0, MAX_TEXT)
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, texts.type), texts)
