"""Whether the day comes first in dates of tables that write the year last."""

import pyarrow.compute as pc

from bouncekit import times
from bouncekit.accounting import Ledger
from bouncekit.inputs.sources import Blob
from bouncekit.readers import _csv

SAMPLE = 500
"""Records of the head that are looked at before the whole file is."""


def day_first(blob: Blob, name: str) -> bool | None:
    """Tell whether the dates of a column begin with the day.

    One date that can only be read one way tells for the whole file. Where
    the head holds none, all of it is read for one; None where there is none
    at all or two contradict each other, and for dates with the year first.
    """
    cells = _csv.sample(blob.head, SAMPLE).get(name, [])
    told = times.day_first(cells)
    if told is not None or not any(map(is_unclear, cells)):
        return told
    found: set[str] = set()
    for records in _csv.records(blob, Ledger(blob.label)):
        found.update(pc.unique(records.cells.column(name)).to_pylist())
    return times.day_first(found)


def is_unclear(text: str) -> bool:
    """Say whether text is a time whose day and month cannot be told apart."""
    return times.from_text(text) is None and times.looks_like_time(text)


def note_unclear(ledger: Ledger) -> None:
    """Say in the account that some dates are missing for that."""
    ledger.note(
        "day and month cannot be told apart in its dates, so those are missing; save the file with "
        "dates that begin with the year"
    )
