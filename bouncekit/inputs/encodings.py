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
_FOLD = re.compile(r"[\s_\-\u00a0\u3000]+")


def decode_head(data: bytes) -> tuple[str, str]:
    """Decode the first bytes of a file.

    Order: byte-order mark, UTF-16 by its zero bytes, UTF-8, GB18030, cp1252
    (formats of spreadsheets saved in China and Europe).

    Returns
    -------
    tuple of (str, str)
        The text without byte-order mark, and the encoding's name.
    """
    for mark, encoding in BOMS:
        if data.startswith(mark):
            return _lenient(data, encoding), encoding
    zeros_odd, zeros_even = data[1:512:2].count(0), data[0:512:2].count(0)
    half = len(data[:512]) // 4
    if half and zeros_odd > half:
        return _lenient(data, "utf-16-le"), "utf-16-le"
    if half and zeros_even > half:
        return _lenient(data, "utf-16-be"), "utf-16-be"
    for encoding in ("utf-8", *(["gb18030"] if _looks_chinese(data) else [])):
        try:
            return codecs.getincrementaldecoder(encoding)().decode(data), encoding
        except UnicodeDecodeError:
            continue
    return _lenient(data, "cp1252"), "cp1252"


def _looks_chinese(data: bytes) -> bool:
    """Tell GB18030 from single-byte text: its common characters are pairs of high bytes."""
    high = sum(byte > 0xA0 for byte in data)
    paired = 2 * len(re.findall(rb"[\xa1-\xf7][\xa1-\xfe]", data))
    return paired > 0.8 * high


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

    A line ``sep=;`` before it, as Excel writes, names the delimiter.
    """
    lines = io.StringIO(text, newline="").readlines()
    start = next((number for number, line in enumerate(lines) if line.strip()), len(lines))
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


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for position, name in enumerate(names, start=1):
        found[name if name and name not in found else f"{name or 'column'} {position}"] = None
    return tuple(found)


def delimiter_of(line: str) -> str:
    """Choose the delimiter of a header line; a comma where nothing separates."""
    return max(DELIMITERS, key=line.count) if any(map(line.count, DELIMITERS)) else ","


def fold_header(name: str) -> str:
    """Fold a column name for comparison: case, quotes, ``_`` ``-`` and spaces."""
    return _FOLD.sub(" ", name.strip().strip("\"'\ufeff").lower()).strip()
