"""Delimited records one by one, for tables that are not regular.

What is ragged, badly encoded or quoted by halves costs one record each.
"""

import csv
import io
import re
from collections.abc import Iterator
from itertools import islice

from bouncekit.inputs.encodings import decode_head

MAX_CELL = 1_000_000
"""Characters of the longest cell read; a record with a longer one fails."""
_LONG_RECORD = 20


def records(
    data: bytes, skip: int, delimiter: str, width: int, spare: int | None
) -> Iterator[list[str] | str]:
    """Yield the cells of each record, as many as the header has, or what is wrong with it.

    Parameters
    ----------
    data : bytes
        UTF-8; a line that is not is decoded by itself.
    skip : int
        Lines at the beginning that are no records.
    delimiter : str
        What separates cells.
    width : int
        Cells of a record.
    spare : int, optional
        The cell that may hold delimiters without quotes.
    """
    for cells in _Lines(data, skip).records(delimiter, width):
        yield cells if isinstance(cells, str) else _fit(cells, width, spare)


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

    def __init__(self, data: bytes, skip: int) -> None:
        self._lines = islice(_decoded(data), skip, None)
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


def _decoded(data: bytes) -> Iterator[str]:
    for raw in io.BytesIO(data):
        try:
            line = raw.decode("utf-8")
        except UnicodeDecodeError:
            line = decode_head(raw)[0]
        if _LONE_CR.search(line):
            yield from io.StringIO(line, newline="")
        else:
            yield line
