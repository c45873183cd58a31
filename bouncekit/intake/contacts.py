"""Contact lists: any dialect, character set or workbook, and which column holds the addresses.

Every cell stays as it is written. The address column is recognised by its
cells, its name is a hint (``readers/words.toml``: English, Chinese).
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bouncekit import address_columns
from bouncekit.accounting import Ledger
from bouncekit.arrays.encoding import arrow
from bouncekit.errors import InputNotFoundError, TableError
from bouncekit.inputs.encodings import fold_header
from bouncekit.inputs.sources import Blob, Refusal, find
from bouncekit.readers import _csv
from bouncekit.readers._words import HEADERS, WEAK
from bouncekit.schema import TEXT

_ADDRESS = r"[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]+"
_SOME, _MOST = 0.2, 0.5
"""Share of filled cells that must be addresses, with a name that says so and without."""


@dataclass(frozen=True)
class Contacts:
    """A contact list as it was given, and which column holds the addresses.

    Parameters
    ----------
    table : DataFrame
        Every column and row, in order; from a file all cells are text.
    column : str
        Name of the address column.
    name : str
        What errors call it.
    blank : int
        Records without anything in them, which are no contacts and left out.
    path : Path or None
        The file that it was read from.
    """

    table: pd.DataFrame
    column: str
    name: str
    blank: int = 0
    path: Path | None = None

    def addresses(self) -> pd.Series:
        """Return the clean address of each contact, missing where there is none."""
        cleaned = address_columns.clean(arrow(as_text(self.table[self.column])))
        return pd.Series(pd.array(cleaned, dtype=TEXT), index=self.table.index)


def read_contacts(contacts: object, column: str | None = None) -> Contacts:
    """Read a contact list and find its address column.

    Parameters
    ----------
    contacts : DataFrame, Series, str, Path, iterable of str or Contacts
        A table, a file (CSV of any dialect and character set, Excel, text
        with an address in each line; packed or not), or the addresses.
    column : str, optional
        Name of the address column, where it is not recognised.

    Raises
    ------
    InputNotFoundError
        If the file does not exist.
    TableError
        If the file is no table, a record of it is damaged, or no column (or
        more than one) holds addresses.
    """
    if isinstance(contacts, Contacts):
        return contacts
    if isinstance(contacts, str | os.PathLike):
        return _from_file(Path(contacts), column)
    name = "the contacts table"
    if isinstance(contacts, pd.DataFrame):
        table = contacts.reset_index(drop=True)
    elif isinstance(contacts, Iterable):
        table = pd.DataFrame({"email": pd.Series(list(contacts), dtype="object")})
    else:
        got = "nothing" if contacts is None else type(contacts).__name__
        msg = f"contacts: expected a table, a path or addresses (contacts.csv, say), got {got}"
        raise TableError(msg)
    return Contacts(table, address_column(table, name, column), name)


def _from_file(path: Path, column: str | None) -> Contacts:
    """Take the first table of a file (a sheet, a member of an archive) that has addresses."""
    failed: TableError | None = None
    for name, table, blank in text_tables(path, "contacts"):
        try:
            return Contacts(table, address_column(table, name, column), name, blank, path)
        except TableError as error:
            failed = failed or error
    if failed is None:
        msg = f"{path}: is empty; a contact list has one contact in each line"
        raise TableError(msg)
    raise failed


def text_tables(path: Path, what: str) -> Iterator[tuple[str, pd.DataFrame, int]]:
    """Yield the tables of a file: its name, all cells as text, and how many records were blank.

    Raises
    ------
    InputNotFoundError
        If the file does not exist.
    TableError
        If it cannot be opened, or a record is damaged.
    """
    if not path.is_file():
        msg = f"{path}: there is no such file; {what}= takes a table or the path of a CSV file"
        raise InputNotFoundError(msg)
    for found in find(path):
        name = str(path) if found.label == path.name else f"{path}: {found.label}"
        if isinstance(found, Refusal):
            msg = f"{path}: {found.reason}; save the table as CSV and give that"
            raise TableError(msg)
        table, blank = _text_table(found, name)
        if len(table.columns):
            yield name, table, blank


def _text_table(blob: Blob, name: str) -> tuple[pd.DataFrame, int]:
    head = blob.head
    if b"\0" in head.data[:1024] and not head.encoding.startswith("utf-16"):
        msg = f"{name}: is no CSV file; save the table as CSV and give that"
        raise TableError(msg)
    header, ledger = head.header, Ledger(name)
    parts = [found.cells for found in _csv.records(blob, ledger)]
    if ledger.failures:
        problem = ledger.failures[0]
        where = f", record {problem.item}" if problem.item else ""
        msg = f"{name}{where}: {problem.reason}; mend it, or save the list anew as CSV UTF-8"
        raise TableError(msg)
    cells = pa.concat_tables(parts) if parts else None
    titles = header.titles
    if any(pc.match_substring_regex(pa.array(list(titles), pa.string()), _ADDRESS).to_pylist()):
        # A list of addresses only: what stands first is no header, but a contact.
        first = pa.table({n: [t] for n, t in zip(header.names, titles, strict=True)})
        cells = pa.concat_tables([first, cells]) if cells is not None else first
        titles = tuple(f"column {number}" for number in range(1, len(titles) + 1))
    columns = {} if cells is None else dict(zip(_unique(titles), cells.columns, strict=True))
    if cells is None:
        columns = {title: pa.chunked_array([[]], pa.string()) for title in _unique(titles)}
    table = pd.DataFrame({title: pd.array(column, dtype=TEXT) for title, column in columns.items()})
    return table, ledger.skips.total()


def _unique(titles: Sequence[str]) -> list[str]:
    """Keep the titles as they are written; number those that are empty or stand there already."""
    found: list[str] = []
    for number, title in enumerate(titles, start=1):
        name = title or f"column {number}"
        found.append(f"{name} ({number})" if name in found else name)
    return found


def address_column(table: pd.DataFrame, name: str, column: str | None = None) -> str:
    """Return the name of the column that holds the addresses.

    Raises
    ------
    TableError
        If there is none, or more than one and no name tells which.
    """
    titles = [str(title) for title in table.columns]
    folded = [fold_header(title) for title in titles]
    if column is not None:
        wanted = fold_header(column)
        if wanted not in folded:
            msg = f"{name} has no column {column!r}; it has: {', '.join(titles)}"
            raise TableError(msg)
        return table.columns[folded.index(wanted)]
    shares = [_share(table.iloc[:, place]) for place in range(len(titles))]
    ranks = [_rank(title, share) for title, share in zip(folded, shares, strict=True)]
    best = max(ranks, default=0)
    if not best:
        have = ", ".join(titles) or "no columns"
        msg = f"{name} needs a column recipient or email; it has: {have}"
        raise TableError(msg)
    found = [place for place, rank in enumerate(ranks) if rank == best]
    if len(found) > 1 and best > _EMPTY:
        both = " and ".join(titles[place] for place in found)
        msg = f"{name} has addresses in the columns {both}; say which to take"
        raise TableError(msg)
    return table.columns[found[0]]


_EMPTY, _BY_CELLS, _BY_WORD, _BY_NAME = 1, 2, 3, 4


def _rank(title: str, share: float) -> int:
    """Rate a column: its own name and addresses, a name with such a word, addresses alone."""
    named = title in HEADERS["recipient"]
    if share >= _SOME and named and title not in WEAK:
        return _BY_NAME
    if share >= _SOME and (named or _has_word(title)):
        return _BY_WORD
    if share >= _MOST:
        return _BY_CELLS
    return _EMPTY if named and title not in WEAK else 0


def _has_word(title: str) -> bool:
    words = HEADERS["recipient"] - WEAK
    return any(word in (title if not word.isascii() else title.split()) for word in words)


def _share(values: pd.Series) -> float:
    """Give the share of filled cells that hold an address."""
    text = arrow(as_text(values))
    filled = pc.sum(pc.fill_null(pc.not_equal(pc.utf8_trim_whitespace(text), ""), False)).as_py()
    fits = pc.sum(pc.fill_null(pc.match_substring_regex(text, _ADDRESS), False)).as_py()
    return fits / filled if filled else 0.0


def as_text(values: pd.Series) -> pd.Series:
    """Return cells as text, missing where there are none."""
    return values.where(values.notna(), None).astype(TEXT)
