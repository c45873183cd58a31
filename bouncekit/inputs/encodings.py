"""Character sets and CSV dialects of exports, by looking at the bytes."""

import codecs
import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO

BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
DELIMITERS = ",;\t|"
_QUOTED = re.compile(r'"[^"]*"')
_FOLD = re.compile(r"[\s_\-\u00a0\u3000]+")


def decode_head(data: bytes) -> tuple[str, str]:
    """Decode the first bytes of a file.

    Order: byte-order mark, UTF-16 by its zero bytes, UTF-8, the character sets
    of spreadsheets saved in East Asia (GB18030, Big5, Shift-JIS) by how common
    the characters would be, cp1252.

    Returns
    -------
    tuple of (str, str)
        The text without byte-order mark, and the encoding's name.
    """
    encoding = _encoding_of(data)
    return _lenient(data, encoding), encoding


def _encoding_of(data: bytes) -> str:
    for mark, encoding in BOMS:
        if data.startswith(mark):
            return encoding
    wide = _utf16_without_mark(data[:_WIDE_SAMPLE])
    if wide:
        return wide
    if data.isascii() or _is_utf8(data):
        return "utf-8"
    shares = {name: charset.share(data) for name, charset in _EAST_ASIA.items()}
    best = max(shares, key=lambda name: shares[name])
    return best if shares[best] > _EAST_ASIAN else "cp1252"


def _utf16_without_mark(data: bytes) -> str | None:
    """Tell UTF-16 by its zero bytes: no other text has any, and nearly all stand on one side."""
    zeros = data.count(0)
    odd = data[1::2].count(0)
    if zeros < 2 or zeros < len(data) // 50 or max(odd, zeros - odd) < 0.8 * zeros:
        return None
    return "utf-16-le" if odd > zeros - odd else "utf-16-be"


def _is_utf8(data: bytes) -> bool:
    """Say whether nearly all bytes beyond ASCII are whole characters of UTF-8."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        fitting = sum(map(len, _UTF8.findall(data)))
        return fitting > _NEARLY * len(_BEYOND_ASCII.findall(data))
    return True


@dataclass(frozen=True, slots=True)
class _Charset:
    """A double-byte character set: what its characters look like, and the common ones."""

    character: re.Pattern[bytes]
    common: re.Pattern[bytes]

    def share(self, data: bytes) -> float:
        """Return how many of the characters beyond ASCII would be common ones."""
        found = self.character.findall(data)
        return sum(map(bool, map(self.common.fullmatch, found))) / max(len(found), 1)


_WIDE_SAMPLE = 4_096
_EAST_ASIAN = 0.7
_NEARLY = 0.9
"""Share of the bytes that must fit: one damaged cell does not make a file one of another kind."""
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
_UTF8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
# Punctuation and the characters that the standards themselves put first because they are frequent.
_EAST_ASIA = {
    "gb18030": _Charset(
        re.compile(rb"[\x81-\xfe](?:[0-9][\x81-\xfe][0-9]|[\x40-\xfe])|[\x80-\xff]"),
        re.compile(rb"[\xa1-\xa3\xb0-\xd7][\xa1-\xfe]"),
    ),
    "big5hkscs": _Charset(
        re.compile(rb"[\x81-\xfe][\x40-\x7e\xa1-\xfe]|[\x80-\xff]"),
        re.compile(rb"[\xa1-\xc6][\x40-\x7e\xa1-\xfe]"),
    ),
    "cp932": _Charset(
        re.compile(rb"[\x81-\x9f\xe0-\xfc][\x40-\x7e\x80-\xfc]|[\x80-\xff]"),
        re.compile(rb"\x81[\x40-\xac]|\x82[\x4f-\xf1]|\x83[\x40-\x96]|[\x88-\x97][\x40-\xfc]"),
    ),
}


def _lenient(data: bytes, encoding: str) -> str:
    return codecs.getincrementaldecoder(encoding)("replace").decode(data)


def text_stream(stream: BinaryIO, encoding: str) -> io.TextIOWrapper:
    """Decode a binary stream, replacing what does not fit.

    Line ends come out as they are, as the csv module wants them.
    """
    return io.TextIOWrapper(stream, encoding=encoding, errors="replace", newline="")


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a delimited table.

    Parameters
    ----------
    titles : tuple of str
        Column names as written.
    names : tuple of str
        The same, folded for comparison and made unique.
    delimiter : str
        What separates the columns.
    lines : int
        Lines of the file up to the end of the header.
    """

    titles: tuple[str, ...]
    names: tuple[str, ...]
    delimiter: str
    lines: int


def header_of(text: str) -> Header:
    """Read the header of a delimited table: its first line that is not blank.

    A line ``sep=;`` before it, as Excel writes, names the delimiter; one with
    ``#TYPE``, as PowerShell writes, is passed over.
    """
    lines = io.StringIO(text, newline="").readlines()
    told = (number for number, line in enumerate(lines) if _is_told(line))
    start = next(told, len(lines))
    first = lines[start].strip('\ufeff\r\n "') if start < len(lines) else ""
    delimiter = delimiter_of(first)
    if len(first) == 5 and first.lower().startswith("sep="):
        delimiter = first[4]
        start += 1
    reader = csv.reader(lines[start:], delimiter=delimiter)
    try:
        cells = next(reader, [])
    except csv.Error:
        cells = []
    titles = tuple(cell.strip().strip("\ufeff") for cell in cells)
    return Header(
        titles, _unique(fold_header(title) for title in titles), delimiter, start + reader.line_num
    )


def _is_told(line: str) -> bool:
    bare = line.strip("\ufeff \t\r\n")
    return bool(bare) and not bare.startswith("#TYPE ")


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for position, name in enumerate(names, start=1):
        found[name if name and name not in found else f"{name or 'column'} {position}"] = None
    return tuple(found)


def delimiter_of(line: str) -> str:
    """Choose the delimiter of a header line; a comma where nothing separates."""
    bare = _QUOTED.sub("", line)
    return max(DELIMITERS, key=bare.count) if any(map(bare.count, DELIMITERS)) else ","


def fold_header(name: str) -> str:
    """Fold a column name for comparison: case, quotes, ``_`` ``-`` and spaces."""
    return _FOLD.sub(" ", name.strip().strip("\"'\ufeff").lower()).strip()
