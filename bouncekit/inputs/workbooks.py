"""Sheets of Excel workbooks, as tables of text that any reader of CSV takes."""

import csv
import io
import warnings
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any, BinaryIO

from bouncekit.errors import UnreadableFileError

MAX_SHEET = 256_000_000
"""Characters of one sheet; it is held in memory."""
_CONTENTS = "xl/workbook.xml"


def is_workbook(names: Iterable[str]) -> bool:
    """Tell by the names of its members whether an archive is an Excel workbook."""
    return _CONTENTS in names


def sheets(stream: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """Yield title and content of each sheet that is not empty.

    The content is UTF-8 text with commas: whole numbers without a decimal
    point, dates as ISO 8601. Titles above a table, which have one cell, are
    left out.

    Parameters
    ----------
    stream : binary stream
        The workbook; the caller has made sure that it is of a bearable size.

    Raises
    ------
    UnreadableFileError
        If the package that reads workbooks is missing, or the file is damaged.
    """
    try:
        import openpyxl
    except ImportError:
        msg = 'Excel files need one more package: pip install "bouncekit[excel]"; or save it as CSV'
        raise UnreadableFileError(msg) from None
    try:
        with warnings.catch_warnings():
            # It warns of styles and of rules for input, which are nothing to us.
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)
            for sheet in book.worksheets:
                # What a file says of its own size need not be so.
                sheet.reset_dimensions()
                content = _as_csv(sheet.iter_rows(values_only=True))
                if content:
                    yield sheet.title, content
    except UnreadableFileError:
        raise
    except Exception as error:  # noqa: BLE001 - it raises whatever a damaged file makes happen
        msg = f"the workbook is damaged: {error or type(error).__name__}"
        raise UnreadableFileError(msg) from None


def _as_csv(rows: Iterable[tuple[Any, ...]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for cells in _table(_trimmed(row) for row in rows):
        writer.writerow(cells)
        if out.tell() > MAX_SHEET:
            msg = f"a sheet holds more than {MAX_SHEET:,} characters; save it as CSV"
            raise UnreadableFileError(msg)
    return out.getvalue().encode(errors="replace")


def _table(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    """Yield the rows from the header on, each as wide as that; blank ones at the end go."""
    above: list[list[str]] = []
    for header in rows:
        if len(header) > 1:
            break
        above += [header] if header else []
    else:
        yield from above
        return
    yield header
    blank = 0
    for cells in rows:
        if not cells:
            blank += 1
            continue
        yield from ([""] * len(header) for _ in range(blank))
        blank = 0
        yield cells + [""] * (len(header) - len(cells))


def _trimmed(row: Iterable[Any]) -> list[str]:
    """Give the cells of a row as text, up to the last one that is filled."""
    cells = list(map(_text, row))
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return value.isoformat() if isinstance(value, date) else str(value)
