"""Entries that come as a table or as JSON of an API, the same facts in both, by the column."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from bouncekit.accounting import Ledger
from bouncekit.inputs.encodings import fold_header
from bouncekit.inputs.sources import Blob, Head
from bouncekit.readers import _bodies, _columns, _csv, _json
from bouncekit.readers._base import Options, in_chunks


def names(head: Head, unwrap: _bodies.Unwrap) -> set[str]:
    """Return the folded names of the columns, or of the keys of the first entries."""
    if not head.is_json:
        return set(head.columns)
    first = _bodies.first_objects(head, unwrap)[:20]
    return {fold_header(key) for entry in first for key in entry}


def records(
    blob: Blob, options: Options, ledger: Ledger, unwrap: _bodies.Unwrap, free_text: str = ""
) -> Iterator[_csv.Records]:
    """Give the entries as cells of text under folded names; what is none is counted.

    Parameters
    ----------
    unwrap : callable
        One stored JSON value to the entries in it.
    free_text : str
        See :func:`bouncekit.readers._csv.by_column`.
    """
    if blob.head.is_json:
        return joined(_numbered(blob, options, ledger, unwrap))
    return _csv.records(blob, ledger, free_text)


def joined(entries: Iterator[list[tuple[int, dict[str, str]]]]) -> Iterator[_csv.Records]:
    """Lay numbered entries out as tables of text cells."""
    for chunk in in_chunks(entries):
        columns = dict.fromkeys(name for _, cells in chunk for name in cells)
        texts = {
            name: _columns.texts([cells.get(name, "") for _, cells in chunk]) for name in columns
        }
        yield _csv.Records(pa.table(texts), pa.array([number for number, _ in chunk], pa.int64()))


def _numbered(
    blob: Blob, options: Options, ledger: Ledger, unwrap: _bodies.Unwrap
) -> Iterator[list[tuple[int, dict[str, str]]]]:
    for number, entry in _bodies.items(unwrap)(blob, options, ledger):
        cells = cells_of(entry)
        if cells:
            yield [(number, cells)]
        elif entry == {}:
            ledger.skip(number, "is empty")
        else:
            ledger.fail(number, "is not an entry of a list")


def cells_of(entry: Any) -> dict[str, str]:
    """Return the scalars of an entry by folded key; a list stands as its scalars."""
    cells: dict[str, str] = {}
    for key, value in _json.part(entry).items():
        told = [_json.text_of(part) for part in _json.list_of(value)] or [_json.text_of(value)]
        text = ", ".join(filter(None, told))
        if text:
            cells.setdefault(fold_header(key), text)
    return cells
