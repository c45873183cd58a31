"""What readers of vendors' events share: words, parts, times, and what is none of ours.

A vendor's event is an object that a stranger wrote: any part may be missing
or of another kind. The functions here look without ever raising, except for
the two exceptions by which a reader says what became of an item.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from bouncekit.accounting import Ledger
from bouncekit.inputs.sources import Blob, Head
from bouncekit.readers import _bodies, _csv, _json
from bouncekit.readers._base import CERTAIN, NO, BadItem, Chunk, Items, Options, SkipItem

BEIJING = "Asia/Shanghai"
"""The zone in which Chinese providers write times that name none."""
OPENS_AND_CLICKS = {
    "open": "an open",
    "opened": "an open",
    "click": "a click",
    "clicked": "a click",
}
"""What nearly every vendor calls these, for :class:`Vocabulary`."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The event words of one vendor.

    Parameters
    ----------
    vendor : str
        Its name, for sentences.
    events : mapping
        Word to an event of the table.
    others : mapping
        Word to what that is, ``an open`` for instance: understood, none of ours.
    """

    vendor: str
    events: Mapping[str, str]
    others: Mapping[str, str] = field(default_factory=dict)

    def __contains__(self, word: object) -> bool:
        """Say whether the vendor has this word."""
        return isinstance(word, str) and (word in self.events or word in self.others)

    def event(self, word: str | None) -> str:
        """Return the event of the table that a word stands for.

        Raises
        ------
        SkipItem
            If it is none of ours.
        BadItem
            If the vendor has no such word.
        """
        if not word:
            msg = f"names no event of {self.vendor}'s"
            raise BadItem(msg)
        if word in self.others:
            msg = f"is {self.others[word]}, not a delivery event"
            raise SkipItem(msg)
        if word not in self.events:
            msg = f"has the event {word[:40]!r}, which is none of {self.vendor}'s"
            raise BadItem(msg)
        return self.events[word]


def posted(event: Any) -> dict[str, Any]:
    """Return an event that is an object; what a vendor posts to try the address is skipped.

    Raises
    ------
    SkipItem
        If it is empty.
    BadItem
        If it is no object.
    """
    if event in ({}, [], ""):
        msg = "is a test post without an event"
        raise SkipItem(msg)
    if not isinstance(event, dict):
        msg = "is not a JSON object"
        raise BadItem(msg)
    return event


def entries(value: Any) -> list[Any]:
    """Return a list; one value alone stands for a list of one, none for an empty one."""
    if isinstance(value, list):
        return value
    return [] if value is None or value == "" else [value]


def text(value: Mapping[str, Any], *keys: str) -> str | None:
    """Return the first of these members that holds text or a number."""
    return next((found for key in keys if (found := _json.text_of(value.get(key)))), None)


def bare_id(value: str | None) -> str | None:
    """Take the angle brackets off a Message-ID."""
    return (value.strip("<> ") or None) if value else None


def joined(*words: str | None) -> str | None:
    """Join what there is of an exporter's words, ``bounce/hard`` for instance."""
    return "/".join(filter(None, words)) or None


def recogniser(
    unwrap: _bodies.Unwrap, is_event: Callable[[dict[str, Any]], bool], bid: int = CERTAIN
) -> Callable[[Head], int]:
    """Make the ``sniff`` function of a reader that is certain of its events.

    A ``bid`` over :data:`CERTAIN` is for events that hold all the marks of
    another vendor's as well.
    """

    def sniff(head: Head) -> int:
        """Recognise an event of the vendor's among the first objects, in any wrapping."""
        found = any(is_event(event) for event in _bodies.first_objects(head, unwrap))
        return bid if found else NO

    return sniff


def note_zone(ledger: Ledger, options: Options, zone: str, why: str) -> None:
    """Say in the account that times without a zone were read in one, unless the user gave it."""
    if not options.tz:
        ledger.note(f"times name no zone and were read as {zone} ({why}); give tz= for another")


def noting_zone(items: Items, is_local: Callable[[Any], bool], zone: str, why: str) -> Items:
    """Note the zone that is assumed as soon as an item has a time without one."""

    def noted(blob: Blob, options: Options, ledger: Ledger) -> Iterator[tuple[int, Any]]:
        for number, event in items(blob, options, ledger):
            if isinstance(event, dict) and is_local(event):
                note_zone(ledger, options, zone, why)
            yield number, event

    return noted


def by_column(
    convert: Callable[[pa.Table, Options, Ledger], pa.Table],
) -> Callable[[Blob, Options, Ledger], Iterator[Chunk]]:
    """Make a ``read`` function of a table whose records are events of every kind.

    Parameters
    ----------
    convert : callable
        Cells of text to columns of ``RAW_SCHEMA``, row for row, with
        ``event`` and ``vendor_type`` as :func:`settled` takes them.
    """

    def read(blob: Blob, options: Options, ledger: Ledger) -> Iterator[Chunk]:
        for found in _csv.records(blob, ledger):
            table = convert(found.cells, options, ledger).append_column("item", found.items)
            yield settled(table, ledger)

    return read


SKIP = "skip"
"""Stands in a column of events for what is none of ours."""
PENDING = "pending"
"""Stands there for what has no outcome yet."""
UNJOINED = "unjoined"
"""Stands there for a sending that cannot be joined to what became of the message."""
NO_ROWS = {
    SKIP: "is an open, click or subscription, not a delivery event",
    PENDING: "is still under way; its outcome is not known yet",
    UNJOINED: "tells of a sending that no message id joins to its outcome",
}
"""Why such items give no rows."""


def settled(table: pa.Table, ledger: Ledger, other: str = NO_ROWS[SKIP]) -> pa.Table:
    """Keep the rows with an event; enter all of them in the account.

    Parameters
    ----------
    table : Table
        Has ``event`` (a key of :data:`NO_ROWS` for what gives no rows, missing
        for a word that is not known), ``vendor_type`` (that word) and ``item``.
    other : str
        Why those with :data:`SKIP` are none of ours, in a sentence.
    """
    event, items = table.column("event"), table.column("item")
    strange = pc.is_null(event)
    words = table.column("vendor_type").filter(strange).to_pylist()
    for number, word in zip(items.filter(strange).to_pylist(), words, strict=True):
        ledger.fail(number, f"says {str(word)[:40]!r}, which is no event that is known")
    for name, reason in (NO_ROWS | {SKIP: other}).items():
        numbers = items.filter(pc.fill_null(pc.equal(event, name), False))
        if len(numbers):
            ledger.skip(numbers[0].as_py(), reason, len(numbers))
    left_out = pc.is_in(event, pa.array(list(NO_ROWS)))
    kept = table.filter(pc.invert(pc.or_(strange, left_out)))
    ledger.read += kept.num_rows
    return kept
