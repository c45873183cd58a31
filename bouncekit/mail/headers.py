"""Header blocks: read by a byte scan, so that every engine sees the same ones.

Only the headers that bounce handling asks for are kept; of a returned
original nothing but its headers is ever read.
"""

import re
from collections.abc import Iterator
from email.errors import HeaderParseError
from email.header import decode_header
from functools import lru_cache

from bouncekit.texts import scalars

MAX_BLOCK = 1_000_000
"""Bytes of one header block; what lies beyond is not read."""
MAX_LINE = 65_536
"""Bytes of one header field."""
MAX_FIELDS = 10_000

_AROUND = re.compile(r"[\s<>(),;:\"']+")
_ISO2022 = (b"\x1b$B", b"\x1b$@", b"\x1b(J", b"\x1b$)C")
_TO_BYTES = {
    ord(character): byte
    for byte in range(0x80, 0xA0)
    if (character := bytes([byte]).decode("cp1252", "ignore"))
}
# An expression, because it is found twice as fast as by bytes.find.
_EMPTY_LINE = re.compile(rb"\n\n")
_PAIRS = re.compile(
    "[\u00a1-\u00f7](?:[\u00a1-\u00fe]{5}|(?<=[\u00e2-\u00ef])[\u0080-\u00bf\u0152-\u2122]{2})"
)
_ENCODED = re.compile(r"=\?[\w.:-]{1,40}(?:\*\w{1,20})?\?[bq]\?[^?\s]{0,2000}\?=", re.IGNORECASE)


def decode_unlabelled(data: bytes) -> str:
    """Decode bytes that carry no usable charset label.

    ASCII, ISO-2022-JP by its escape sequences, UTF-8, then GB18030 where the
    high bytes come in pairs as Chinese ones do, else Windows-1252.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        # A cut in the middle of a character leaves the rest readable.
        cut = error.start > 0 and error.reason == "unexpected end of data"
        return scalars(data.decode("utf-8" if cut else _guess(data[:4096]), "replace"))
    if "\x1b" in text and text.isascii() and any(mark in data for mark in _ISO2022):
        return data.decode("iso2022_jp_ext", "replace")
    return text


def relabelled(text: str) -> str:
    """Undo a Western label on text of another character set.

    Chinese and Japanese mail labelled ``us-ascii`` or ``iso-8859-1`` comes
    out as pairs of accented letters, which no Western text has in rows.
    """
    if text.isascii():
        return text
    try:
        text.encode("latin-1")
    except UnicodeEncodeError as error:
        # Text of another script stops here, at its first letter.
        if ord(text[error.start]) not in _TO_BYTES:
            return text
    if not _PAIRS.search(text[:4_096]):
        return text
    try:
        return decode_unlabelled(text.translate(_TO_BYTES).encode("latin-1"))
    except UnicodeEncodeError:
        return text


def _guess(data: bytes) -> str:
    """Guess the legacy charset of text by its pairs of high bytes."""
    high = sum(byte > 0x80 for byte in data)
    pairs = re.findall(rb"[\xa1-\xf7][\xa1-\xfe]", data)
    if len(pairs) > 1 and 2 * len(pairs) > 0.8 * high:
        # Kana stand in rows 4 and 5 of both sets; only Japanese is full of them.
        kana = sum(pair[0] in (0xA4, 0xA5) for pair in pairs)
        return "euc_jp" if kana > 0.25 * len(pairs) else "gb18030"
    shift = len(re.findall(rb"[\x81-\x83\x88-\x9f\xe0-\xea][\x40-\x7e\x80-\xfc]", data))
    return (
        "cp932"
        if 2 * shift > 0.7 * high and re.search(rb"[\x82\x83][\x40-\xf1]", data)
        else "cp1252"
    )


def header_end(raw: bytes) -> int:
    """Return where the header block ends (the position of the empty line)."""
    if raw.startswith(b"\n"):
        return 0
    found = _EMPTY_LINE.search(raw, 0, MAX_BLOCK)
    return found.start() if found else min(len(raw), MAX_BLOCK)


def fields(block: str) -> Iterator[tuple[str, str]]:
    """Yield the unfolded fields of a header block as (lower-case name, value)."""
    if "\n " in block:
        block = block.replace("\n ", " ")
    if "\n\t" in block:
        block = block.replace("\n\t", " ")
    for number, line in enumerate(block.split("\n")):
        name, colon, value = line[:MAX_LINE].partition(":")
        if colon and number < MAX_FIELDS:
            yield name.lower().rstrip(), value.strip()


class HeaderBlock:
    """The fields of one header block, looked up in its text when asked for.

    A bounce has dozens of fields and a handful matter, so nothing is taken
    apart beforehand. Names are given in lower case.
    """

    __slots__ = ("_low", "text")

    def __init__(self, text: str = "") -> None:
        self.text = text
        low = text.lower()
        # A few letters grow when lowered; positions must stay.
        low = low if len(low) == len(text) else "".join(map(_lower, text))
        # With a line end before the first field, one search finds any of them.
        self._low = f"\n{low}"

    def __bool__(self) -> bool:
        """Say whether there is a header at all."""
        return bool(self.text)

    def __contains__(self, name: str) -> bool:
        """Say whether a field is there."""
        return f"\n{name}:" in self._low

    def first(self, name: str) -> str:
        """Return the first value of a field, decoded and unfolded, empty where it is absent."""
        at = self._low.find(f"\n{name}:")
        return self._value(at + len(name) + 1) if at >= 0 else ""

    def all(self, name: str) -> list[str]:
        """Return every value of a field, in order."""
        values: list[str] = []
        at = self._low.find(f"\n{name}:")
        while at >= 0 and len(values) < MAX_FIELDS:
            values.append(self._value(at + len(name) + 1))
            at = self._low.find(f"\n{name}:", at + 1)
        return values

    def _value(self, start: int) -> str:
        text, stop = self.text, start + MAX_LINE
        end = text.find("\n", start, stop)
        while end >= 0 and text[end + 1 : end + 2] in (" ", "\t"):
            end = text.find("\n", end + 1, stop)
        value = text[start : end if end >= 0 else stop].strip()
        if "\n" in value:
            value = " ".join([line.strip() for line in value.split("\n")])
        return decode_words(value) if "=?" in value else value


@lru_cache(maxsize=4_096)
def addresses_in(value: str) -> frozenset[str]:
    """Return the words of a lower-case header value that can be addresses."""
    return frozenset(word for word in _AROUND.split(value) if "@" in word)


def _lower(character: str) -> str:
    return character.lower() if character.isascii() else character


def decode_words(value: str) -> str:
    """Decode RFC 2047 encoded words; what cannot be decoded stays as written."""
    if len(value) > MAX_LINE or not _ENCODED.search(value):
        return value
    try:
        parts = decode_header(value)
    except (HeaderParseError, ValueError):
        return value
    text = ""
    for part, charset in parts:
        if isinstance(part, str):
            text += part
            continue
        try:
            text += part.decode(charset, "replace") if charset else decode_unlabelled(part)
        except LookupError:
            text += decode_unlabelled(part)
    return scalars(text)
