"""Events of JSON by the column: one list for each fact, not one dict of facts for each event."""

from collections.abc import Callable, Iterator, Mapping
from operator import itemgetter
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from bouncekit.accounting import Ledger
from bouncekit.arrays.encoding import one_array
from bouncekit.inputs.sources import Blob
from bouncekit.readers import _bodies, _columns, _csv, _json
from bouncekit.readers._base import BadItem, Chunk, NoRows, Options, SkipItem, in_chunks
from bouncekit.readers._events import Vocabulary, posted

Facts: TypeAlias = Mapping[str, str | Callable[[dict[str, Any]], Any]]
"""Name of a column to the key under which events have it, or to what finds it in an event."""

Numbered: TypeAlias = list[tuple[int, dict[str, Any]]]


def by_column(
    unwrap: _bodies.Unwrap,
    is_event: Callable[[dict[str, Any]], bool],
    facts: Facts,
    convert: Callable[[_csv.Records, Options, Ledger], pa.Table],
) -> Callable[[Blob, Options, Ledger], Iterator[Chunk]]:
    """Make a ``read`` function of a format of which there are millions of events.

    Parameters
    ----------
    unwrap : callable
        One stored value to the events in it.
    is_event : callable
        Says whether an object needs no unwrapping.
    facts : mapping
        The columns of text that ``convert`` asks for.
    convert : callable
        Makes rows of some events, and enters each in the ledger it is given.
        Runs on several cores.
    """

    def read(blob: Blob, options: Options, ledger: Ledger) -> Iterator[Chunk]:
        def found(own: Ledger) -> Iterator[_csv.Records]:
            for events in _events(blob, options, own, unwrap, is_event):
                kept = list(_objects(events, own))
                if kept:
                    yield _cells(kept, facts)

        return _csv.converted(found, lambda part, own: convert(part, options, own), ledger)

    return read


def _events(
    blob: Blob,
    options: Options,
    ledger: Ledger,
    unwrap: _bodies.Unwrap,
    is_event: Callable[[dict[str, Any]], bool],
) -> Iterator[list[tuple[int, Any]]]:
    if not blob.head.is_json:
        forms = _bodies.items(unwrap)(blob, options, ledger)
        yield from in_chunks([item] for item in forms)
        return
    number = 0
    for values in _json.value_lists(blob):
        found: list[tuple[int, Any]] = []
        for value in values:
            if isinstance(value, _json.Broken):
                number += 1
                ledger.fail(number, value.reason)
            elif type(value) is dict and is_event(value):
                number += 1
                found.append((number, value))
            else:
                events = list(unwrap(value))
                found += enumerate(events, number + 1)
                number += len(events)
        yield found


def _objects(events: list[tuple[int, Any]], ledger: Ledger) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, event in events:
        if event and type(event) is dict:
            yield number, event
            continue
        try:
            posted(event)
        except SkipItem as why:
            ledger.skip(number, str(why))
        except BadItem as why:
            ledger.fail(number, str(why))


def _cells(events: Numbered, facts: Facts) -> _csv.Records:
    objects = [event for _, event in events]
    columns = {}
    for name, place in facts.items():
        found = [e.get(place) for e in objects] if isinstance(place, str) else map(place, objects)
        columns[name] = _texts(list(found))
    return _csv.Records(pa.table(columns), pa.array(map(itemgetter(0), events), pa.int64()))


def _texts(values: list[Any]) -> pa.Array:
    """Give scalars as text; None where an event has none."""
    for kind in (pa.string(), pa.int64()):
        try:
            # Arrow takes True for 1, and a number for no text.
            if kind == pa.int64() and any(type(value) is not int for value in values):
                break
            return pa.array(values, kind).cast(pa.string())
        except (pa.ArrowException, UnicodeEncodeError, OverflowError):
            continue
    return _columns.texts([_json.text_of(value) for value in values])


def told_events(
    records: _csv.Records, word: _columns.Column, words: Vocabulary, ledger: Ledger
) -> _columns.Column:
    """Return the event that each word stands for, missing for what is none of ours.

    Words that are skipped or failed are entered in the account.
    """
    events: dict[str | None, str] = {}
    refused: dict[str | None, NoRows] = {}
    for text in pc.unique(word).to_pylist():
        try:
            events[text] = words.event(text)
        except SkipItem as why:
            refused[text] = "skipped", str(why)
        except BadItem as why:
            refused[text] = "failed", str(why)
    if refused:
        none_of_ours = pc.is_in(word, pa.array(list(refused), pa.string()))
        numbers = records.items.filter(one_array(none_of_ours)).to_pylist()
        for number, text in zip(numbers, word.filter(none_of_ours).to_pylist(), strict=True):
            ledger.without_rows(number, *refused[text])
    return _columns.by_distinct(word, events.get, pa.string())
