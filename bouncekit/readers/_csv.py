"""Delimited tables of any dialect and character set, as Arrow tables of text.

pyarrow reads the file as long as it is regular. At the first record that is
not (ragged, badly encoded, a quote that is never closed) the rest is read
record by record, so that one bad record costs itself alone.
"""

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from bouncekit.accounting import Ledger
from bouncekit.inputs.encodings import Header, decode_head, text_stream
from bouncekit.inputs.sources import HEAD_BYTES, Blob, Head
from bouncekit.readers._base import Chunk, Options, in_chunks
from bouncekit.readers._columns import texts

MAX_CELL = 1_000_000
"""Longest cell read; a record with a longer one fails."""
MAX_COLUMNS = 1_000
_LONG_CELL = 20_000
_LONG_RECORD = 20
_BLOCK_BYTES = 8_000_000


@dataclass(frozen=True, slots=True)
class Records:
    """Some records of a table: cells as text, and the number of each record from 1."""

    cells: pa.Table
    items: pa.Array


def by_column(
    convert: Callable[[pa.Table, Options, Ledger], pa.Table], free_text: str = ""
) -> Callable[[Blob, Options, Ledger], Iterator[Chunk]]:
    """Make a ``read`` function from one that converts a table of text cells.

    Parameters
    ----------
    convert : callable
        Cells (columns named as in ``Head.columns``) to columns of
        ``RAW_SCHEMA``, row for row.
    free_text : str
        The one column that may hold delimiters without quotes: cells too many
        in a record belong to it.
    """

    def read(blob: Blob, options: Options, ledger: Ledger) -> Iterator[Chunk]:
        for found in records(blob, ledger, free_text):
            ledger.read += found.cells.num_rows
            yield convert(found.cells, options, ledger).append_column("item", found.items)

    return read


def records(
    blob: Blob, ledger: Ledger, free_text: str = "", *, before: int = 0
) -> Iterator[Records]:
    """Read a delimited table; what is no record is counted in the ledger.

    Blank records are skipped items. Records with too few cells get empty ones.
    The numbers of the records go on from ``before``.
    """
    header = blob.head.header
    if len(header.names) > MAX_COLUMNS:
        ledger.fail(None, f"has more than {MAX_COLUMNS:,} columns; is it really a table?")
        return
    done = 0
    try:
        for cells in _regular(blob, header):
            numbers = _numbers(before + done, cells.num_rows)
            yield from _without_blank(Records(cells, numbers), ledger)
            done += cells.num_rows
    except (pa.ArrowException, OSError, _Irregular):
        for found in _irregular(blob, header, ledger, free_text, done, before):
            yield from _without_blank(found, ledger)


def _numbers(done: int, count: int) -> pa.Array:
    return pa.array(np.arange(done + 1, done + count + 1, dtype=np.int64))


def _without_blank(found: Records, ledger: Ledger) -> Iterator[Records]:
    blank: Any = None
    for column in found.cells.columns:
        empty = pc.equal(column, "")
        blank = empty if blank is None else pc.and_(blank, empty)
        if not pc.any(blank).as_py():
            break
    else:
        if blank is not None and found.cells.num_rows:
            numbers = found.items.filter(blank.combine_chunks())
            ledger.skip(numbers[0].as_py(), "is a blank record", len(numbers))
            keep = pc.invert(blank)
            found = Records(found.cells.filter(keep), found.items.filter(keep.combine_chunks()))
    if found.cells.num_rows:
        yield found


class _Irregular(Exception):  # noqa: N818 - it asks for the other way of reading
    """The rest of the file wants reading record by record."""


def _regular(blob: Blob, header: Header) -> Iterator[pa.Table]:
    if '"' in header.delimiter or not header.names:
        raise _Irregular
    with blob.open() as stream:
        yield from _arrow_batches(as_utf8(stream, blob.head.encoding), header)


def _arrow_batches(stream: BinaryIO, header: Header) -> Iterator[pa.Table]:
    reader = pacsv.open_csv(
        pa.PythonFile(stream, "r"),
        read_options=pacsv.ReadOptions(
            column_names=list(header.names), skip_rows=header.lines, block_size=_BLOCK_BYTES
        ),
        parse_options=pacsv.ParseOptions(delimiter=header.delimiter, newlines_in_values=True),
        convert_options=pacsv.ConvertOptions(
            column_types=dict.fromkeys(header.names, pa.string()), strings_can_be_null=False
        ),
    )
    for batch in reader:
        table = pa.Table.from_batches([batch])
        if any(_swallows(column, header) for column in table.columns):
            raise _Irregular
        yield table


def _swallows(column: pa.ChunkedArray, header: Header) -> bool:
    """Say whether a stray quote seems to have swallowed records into a cell."""
    longest = pc.max(pc.binary_length(column)).as_py() or 0
    if longest > _LONG_CELL:
        return True
    if not pc.any(pc.match_substring(column, "\n")).as_py():
        return False
    mark = re.escape(header.delimiter)
    cells = min(len(header.names), 50) - 1
    record = rf"\n(?:[^\n{mark}]*{mark}){{{cells}}}[^\n{mark}]*(?:\n|$)"
    return bool(pc.any(pc.match_substring_regex(column, record)).as_py())


def as_utf8(stream: BinaryIO, encoding: str) -> BinaryIO:
    """Give a stream of any encoding as one of UTF-8."""
    if encoding in ("utf-8", "utf-8-sig"):
        return stream
    return io.BufferedReader(_Recoded(stream, encoding), 1 << 20)


class _Recoded(io.RawIOBase):
    """A stream of any encoding as UTF-8; what does not fit is replaced."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            data = self._stream.read(1 << 18)
            self._ready = self._decoder.decode(data, final=not data).encode()
            if not data:
                break
        part = self._ready[: len(buffer)]
        self._ready = self._ready[len(part) :]
        buffer[: len(part)] = part
        return len(part)


def _irregular(
    blob: Blob, header: Header, ledger: Ledger, free_text: str, done: int, before: int
) -> Iterator[Records]:
    for chunk in in_chunks(_one_by_one(blob, header, ledger, free_text, done, before)):
        numbers = pa.array([number for number, _ in chunk], pa.int64())
        columns = zip(*(cells for _, cells in chunk), strict=True)
        cells = pa.table([texts(column) for column in columns], names=list(header.names))
        yield Records(cells, numbers)


def _one_by_one(
    blob: Blob, header: Header, ledger: Ledger, free_text: str, done: int, before: int
) -> Iterator[list[tuple[int, list[str]]]]:
    width = len(header.names)
    spare = header.names.index(free_text) if free_text in header.names else None
    with blob.open() as stream:
        lines = _Lines(stream, blob.head.encoding, header.lines)
        for number, record in enumerate(lines.records(header.delimiter, width), start=1):
            if number <= done:
                continue
            fitted = record if isinstance(record, str) else _fit(record, width, spare)
            if isinstance(fitted, str):
                ledger.fail(before + number, fitted)
            else:
                yield [(before + number, fitted)]


def _fit(cells: list[str], width: int, spare: int | None) -> list[str] | str:
    """Give a record the header's number of cells, or the sentence that says why not."""
    extra = len(cells) - width
    if extra <= 0:
        return cells + [""] * -extra
    if not any(cell.strip() for cell in cells[width:]):
        return cells[:width]
    if spare is None:
        return f"has {len(cells)} cells where the header has {width}; a cell needs quotes"
    end = spare + extra + 1
    return [*cells[:spare], ",".join(cells[spare:end]), *cells[end:]]


class _Lines:
    """The lines of a table, decoded one by one, that can be put back."""

    def __init__(self, stream: BinaryIO, encoding: str, skip: int) -> None:
        self._lines = islice(_decoded(stream, encoding), skip, None)
        self._pending: list[str] = []
        self._taken: list[str] = []

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._pending.pop() if self._pending else next(self._lines)
        self._taken.append(line)
        return line

    def records(self, delimiter: str, width: int) -> Iterator[list[str] | str]:
        """Yield the cells of each record, or the sentence that says what is wrong with it."""
        # The limit is the module's only setting for it; it is raised, never lowered.
        csv.field_size_limit(max(MAX_CELL, csv.field_size_limit()))
        reader = csv.reader(self, delimiter=delimiter)
        while True:
            self._taken = []
            try:
                cells: list[str] | str = next(reader)
            except StopIteration:
                return
            except csv.Error:
                cells = f"has a cell of more than {MAX_CELL:,} characters"
            if self._runs_away(delimiter, width):
                self._pending += reversed(self._taken[1:])
                cells = "opens a quote that is never closed"
            elif len(cells) < width and not self._taken[-1].endswith(("\n", "\r")):
                cells = "is cut off at the end of the file"
            if cells:
                yield cells

    def _runs_away(self, delimiter: str, width: int) -> bool:
        """Say whether a stray quote joined lines that are records of their own."""
        if len(self._taken) < 2:
            return False
        if sum(line.count('"') for line in self._taken) % 2:
            return True
        # The last line ends the cell; those between would be records of their own.
        between = self._taken[1:-1]
        whole = [line for line in between if line.count(delimiter) == width - 1]
        sure = len(between) > _LONG_RECORD or any("@" in line for line in whole)
        return sure and width > 1 and len(whole) > len(between) / 2


_LONE_CR = re.compile(r"\r(?!\n)")


def _decoded(stream: BinaryIO, encoding: str) -> Iterator[str]:
    if not encoding.startswith("utf-8"):
        with text_stream(stream, encoding) as texts:
            yield from texts
        return
    for number, raw in enumerate(stream):
        try:
            line = raw.decode("utf-8-sig" if number == 0 else "utf-8")
        except UnicodeDecodeError:
            line = decode_head(raw)[0]
        if _LONE_CR.search(line):
            yield from io.StringIO(line, newline="")
        else:
            yield line


def sample(head: Head, count: int) -> dict[str, list[str]]:
    """Return the cells of the first records by column name, for recognising columns."""
    header = head.header
    lines = io.StringIO(head.text, newline="").readlines()[header.lines :]
    # The last line of a full head may be cut.
    lines = lines if len(lines) < 2 or len(head.data) < HEAD_BYTES else lines[:-1]
    rows: list[list[str]] = []
    with suppress(csv.Error):
        for row in islice(csv.reader(lines, delimiter=header.delimiter), count):
            if row:
                rows.append(row)
    return {
        name: [row[place] if place < len(row) else "" for row in rows]
        for place, name in enumerate(header.names)
    }
