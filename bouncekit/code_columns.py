"""Reply codes by the column: those at the start of a text in numpy, the others one by one.

Nearly every reply begins with its code, ``550 5.1.1 ...``, and there are
nearly as many texts as rows where servers write addresses and ids into them.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from bouncekit import codes
from bouncekit.arrays.buffers import Bytes, Ints, eight_bytes, layout, padded, slices
from bouncekit.arrays.encoding import encode

Bools = npt.NDArray[np.bool_]

_TYPE = b"smtp;"
_TYPE_WORD = int.from_bytes(_TYPE, "little")
# What could be a code, wherever it stands (RE2); and an enhanced one alone.
_ANY = r"[245][0-7]\d|[245]\.[0-7]\.\d"
_ANY_ENHANCED = r"[245]\.[0-7]\.\d"
# Behind a number these make it a size or a time; the first two letters are enough to doubt.
_UNITS = [word[0] << 8 | word[1] for word in (b"bytes", b"kb", b"mb", b"seconds", b"messages")]


def reply_codes(texts: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return SMTP code and enhanced code of each text.

    The same as :func:`bouncekit.codes.reply_code` and
    :func:`~bouncekit.codes.enhanced_code` of each, as int16 and string.
    """
    offsets, content = layout(texts)
    found = _at_start(offsets, content)
    bare = found.reply & ~found.enhanced
    rest = ~found.reply & (np.diff(offsets) > 0)
    rest[bare] = _matches(texts, bare, _ANY_ENHANCED)
    rest[rest & ~bare] = _matches(texts, rest & ~bare, _ANY)
    smtp = pa.array(found.codes, pa.int16(), mask=~found.reply)
    at_start = slices(content, found.start, found.end)
    enhanced = pc.if_else(pa.array(found.enhanced), at_start, None).cast(pa.string())
    return _with_rest(smtp, enhanced, texts, rest)


@dataclass(frozen=True, slots=True)
class _Found:
    """Whether a text begins with a reply code and an enhanced one; their values and places."""

    reply: Bools
    codes: npt.NDArray[np.int16]
    enhanced: Bools
    start: Ints
    end: Ints


def _at_start(offsets: Ints, content: Bytes) -> _Found:
    first, last = int(offsets[0]), int(offsets[-1])
    room = padded(content, first, last)
    starts, ends = offsets[:-1] - first, offsets[1:] - first
    starts = np.minimum(starts + _type_length(room, starts, ends), ends)
    begin = _Beginning(room, starts, ends)
    reply, sizes = begin.replies(), begin.enhanced_sizes()
    enhanced = reply & (sizes > 0)
    start = starts + first + np.where(enhanced, 4, 0)
    return _Found(reply, begin.values(), enhanced, start, start + np.where(enhanced, sizes, 0))


class _Beginning:
    """The first thirteen characters of each text, as one column for each place."""

    def __init__(self, room: Bytes, starts: Ints, ends: Ints) -> None:
        low = eight_bytes(room, starts, ends - starts)
        high = eight_bytes(room, np.minimum(starts + 8, ends), ends - starts - 8)
        eight = [np.uint64(8 * place) for place in range(8)]
        self._at = [(low >> place).astype(np.uint8) for place in eight]
        self._at += [(high >> place).astype(np.uint8) for place in eight[:5]]
        self._digit = [char - np.uint8(ord("0")) < 10 for char in self._at]

    def _is(self, place: int, characters: bytes) -> Bools:
        found = self._at[place] == characters[0]
        for character in characters[1:]:
            found |= self._at[place] == character
        return found

    def _octal(self, place: int) -> Bools:
        return self._at[place] - np.uint8(ord("0")) < 8

    def replies(self) -> Bools:
        """Mark 4yz and 5yz that can be nothing else: ``550 words`` or ``550-words``."""
        small = [self._at[place] | np.uint8(0x20) for place in (4, 5)]
        unit = np.isin(small[0].astype(np.uint16) << 8 | small[1], np.array(_UNITS, np.uint16))
        date = self._digit[4] & self._digit[5] & self._is(6, b"-")
        ended = (self._is(3, b" ") & ~unit) | (self._is(3, b"-") & ~date)
        return self._is(0, b"45") & self._octal(1) & self._digit[2] & ended

    def values(self) -> npt.NDArray[np.int16]:
        """Give the number that the first three characters are."""
        digits = [char.astype(np.int16) - ord("0") for char in self._at[:3]]
        return 100 * digits[0] + 10 * digits[1] + digits[2]

    def enhanced_sizes(self) -> npt.NDArray[np.int64]:
        """Give the length of an enhanced code behind the reply code; 0 where there is none."""
        shape = self._is(4, b"245") & self._is(5, b".") & self._octal(6) & self._is(7, b".")
        detail = np.where(self._digit[9], np.where(self._digit[10], 3, 2), 1)
        ended = [
            ~self._digit[place] & ~(self._is(place, b".") & self._digit[place + 1])
            for place in (9, 10, 11)
        ]
        return np.where(shape & self._digit[8] & np.choose(detail - 1, ended), 4 + detail, 0)


def _type_length(room: Bytes, starts: Ints, ends: Ints) -> Ints:
    """Return the length of a diagnostic type (RFC 3464 2.3.6) before each text."""
    begin = eight_bytes(room, starts, ends - starts)
    # One bit makes small letters of capitals and leaves the semicolon as it is.
    typed = (begin | np.uint64(0x20202020)) & np.uint64((1 << 40) - 1) == _TYPE_WORD
    spaced = (begin >> np.uint64(40)).astype(np.uint8) == 32
    return typed * (len(_TYPE) + spaced.astype(np.int64))


def _matches(texts: pa.Array, where: Bools, pattern: str) -> Bools:
    found = pc.match_substring_regex(texts.filter(pa.array(where)), pattern)
    return found.to_numpy(zero_copy_only=False)


def _with_rest(
    smtp: pa.Array, enhanced: pa.Array, texts: pa.Array, rest: Bools
) -> tuple[pa.Array, pa.Array]:
    """Put in the codes of the texts that want a closer look, each distinct one once."""
    if not rest.any():
        return smtp, enhanced
    where = pa.array(rest)
    places, distinct = encode(texts.filter(where))
    words = distinct.to_pylist()
    told = pa.array([codes.reply_code(text) for text in words], smtp.type)
    more = pa.array([codes.enhanced_code(text) for text in words], enhanced.type)
    return (
        pc.replace_with_mask(smtp, where, told.take(pa.array(places))),
        pc.replace_with_mask(enhanced, where, more.take(pa.array(places))),
    )
