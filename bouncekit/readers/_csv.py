"""Delimited tables of any dialect and character set, as Arrow tables of text.

The file is cut into blocks, and pyarrow reads one on each core. A block that
is not regular (ragged, badly encoded, a quote that is never closed) is read
record by record, so that one bad record costs itself alone.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from bouncekit.accounting import Ledger
from bouncekit.arrays.threads import ahead
from bouncekit.inputs.encodings import Header
from bouncekit.inputs.sources import HEAD_BYTES, Blob, Head
from bouncekit.readers import _blocks, _records
from bouncekit.readers._base import Chunk, Options
from bouncekit.readers._columns import texts
from bouncekit.readers._spreadsheets import note_damage

MAX_COLUMNS = 1_000
_LONG_CELL = 20_000
_SAMPLE = 500


@dataclass(frozen=True, slots=True)
class Records:
    """Some records of a table: cells as text, and the number of each record from 1."""

    cells: pa.Table
    items: pa.Array


@dataclass(frozen=True, slots=True)
class Block:
    """Whole records as UTF-8, behind ``skip`` lines that are none."""

    data: bytes
    header: Header
    skip: int = 0


def by_column(
    convert: Callable[[pa.Table, Options, Ledger], pa.Table], free_text: str = ""
) -> Callable[[Blob, Options, Ledger], Iterator[Chunk]]:
    """Make a ``read`` function from one that converts a table of text cells.

    Parameters
    ----------
    convert : callable
        Cells (columns named as in ``Head.columns``) to columns of
        ``RAW_SCHEMA``, row for row. Runs on several cores, with a ledger for
        its own rows.
    free_text : str
        The one column that may hold delimiters without quotes: cells too many
        in a record belong to it.
    """

    def read(blob: Blob, options: Options, ledger: Ledger) -> Iterator[Chunk]:
        def work(found: Records, own: Ledger) -> Chunk:
            own.read += found.cells.num_rows
            return convert(found.cells, options, own).append_column("item", found.items)

        return converted(lambda own: records(blob, own, free_text), work, ledger)

    return read


def converted(
    found: Callable[[Ledger], Iterable[Records]],
    work: Callable[[Records, Ledger], Chunk],
    ledger: Ledger,
) -> Iterator[Chunk]:
    """Convert records on several cores; rows and account come out as on one.

    Parameters
    ----------
    found : callable
        Gives the records, and enters in a ledger what is none.
    work : callable
        Makes rows of some records, and enters them in the ledger it is given.
    ledger : Ledger
        The account of the file.
    """
    before = Ledger(ledger.file, ledger.source)

    def with_ledgers() -> Iterator[tuple[Records, Ledger]]:
        for part in found(before):
            yield part, before.handed_over()

    def one(pair: tuple[Records, Ledger]) -> tuple[Chunk, Ledger]:
        chunk, own = work(*pair), pair[1]
        # Steps that look at the same records one after the other each find some.
        own.failures.sort(key=lambda problem: problem.item or 0)
        return chunk, own

    try:
        for chunk, own in ahead(one, with_ledgers()):
            ledger.add(own)
            yield chunk
    finally:
        ledger.add(before)


def records(blob: Blob, ledger: Ledger, free_text: str = "") -> Iterator[Records]:
    """Read a delimited table; what is no record is counted in the ledger.

    Blank records are skipped items. Records with too few cells get empty ones.
    """
    header = blob.head.header
    if len(header.names) > MAX_COLUMNS:
        ledger.fail(None, f"has more than {MAX_COLUMNS:,} columns; is it really a table?")
        return
    note_damage(header, sample(blob.head, _SAMPLE), ledger)
    with blob.open() as stream:
        skip = header.lines
        parts = _blocks.blocks(stream, blob.head.encoding)
        yield from read_blocks(
            (Block(data, header, 0 if number else skip) for number, data in enumerate(parts)),
            ledger,
            free_text,
        )


def read_blocks(blocks: Iterable[Block], ledger: Ledger, free_text: str = "") -> Iterator[Records]:
    """Read blocks of records, each with a header of its own; numbers go on from one to the next."""
    done = 0
    for block, cells in ahead(_with_cells, blocks):
        if cells is not None:
            numbers = np.arange(done + 1, done + cells.num_rows + 1, dtype=np.int64)
            yield from _without_blank(Records(cells, pa.array(numbers)), ledger)
            done += cells.num_rows
            continue
        numbered = list(enumerate(_one_by_one(block, free_text), start=done + 1))
        done += len(numbered)
        for found in _irregular(numbered, block.header, ledger):
            yield from _without_blank(found, ledger)


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


def _with_cells(block: Block) -> tuple[Block, pa.Table | None]:
    """Read a block as a whole; no cells where it wants reading record by record."""
    header = block.header
    if '"' in header.delimiter or not header.names:
        return block, None
    try:
        cells = pacsv.read_csv(
            pa.BufferReader(block.data),
            read_options=pacsv.ReadOptions(
                column_names=list(header.names),
                skip_rows=block.skip,
                use_threads=False,
                block_size=len(block.data) + 1,
            ),
            parse_options=pacsv.ParseOptions(delimiter=header.delimiter),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(header.names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowException:
        return block, None
    lines = block.data.count(b"\n") + (not block.data.endswith(b"\n")) - block.skip
    several = lines != cells.num_rows
    strange = any(_swallows(column, header, several) for column in cells.columns)
    return block, None if strange else cells


def _swallows(column: pa.ChunkedArray, header: Header, several: bool) -> bool:
    """Say whether a stray quote seems to have swallowed records into a cell.

    ``several`` says whether there are cells of several lines at all.
    """
    longest = pc.max(pc.binary_length(column)).as_py() or 0
    if longest > _LONG_CELL:
        return True
    if not several or not pc.any(pc.match_substring(column, "\n")).as_py():
        return False
    mark = re.escape(header.delimiter)
    cells = min(len(header.names), 50) - 1
    record = rf"\n(?:[^\n{mark}]*{mark}){{{cells}}}[^\n{mark}]*(?:\n|$)"
    return bool(pc.any(pc.match_substring_regex(column, record)).as_py())


def _one_by_one(block: Block, free_text: str) -> Iterator[list[str] | str]:
    names = block.header.names
    spare = names.index(free_text) if free_text in names else None
    return _records.records(block.data, block.skip, block.header.delimiter, len(names), spare)


def _irregular(
    numbered: list[tuple[int, list[str] | str]], header: Header, ledger: Ledger
) -> Iterator[Records]:
    good: list[tuple[int, list[str]]] = []
    for number, record in numbered:
        if isinstance(record, str):
            ledger.fail(number, record)
        else:
            good.append((number, record))
    if good:
        columns = zip(*(cells for _, cells in good), strict=True)
        cells = pa.table([texts(column) for column in columns], names=list(header.names))
        yield Records(cells, pa.array([number for number, _ in good], pa.int64()))


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
