"""What a reader is: how it recognises a file and how it hands over rows.

A reader states facts from the file and guesses nothing: what a failure means
is for the rules, who hosts a domain for :mod:`bouncekit.addresses`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeAlias, TypeVar

import pyarrow as pa

from bouncekit.accounting import Ledger, Outcome
from bouncekit.inputs.sources import Blob, Head
from bouncekit.texts import scalars

Row: TypeAlias = dict[str, Any]
"""One event: keys are those of :data:`RAW_SCHEMA`; absent keys are missing values."""

Chunk: TypeAlias = list[Row] | pa.Table
"""What readers yield: plain rows, or a table with some columns of :data:`RAW_SCHEMA`."""

RAW_SCHEMA = pa.schema(
    [
        ("timestamp", pa.int64()),  # microseconds since 1970-01-01 UTC (bouncekit.times)
        ("event", pa.string()),
        ("recipient", pa.string()),
        ("smtp_code", pa.int16()),
        ("enhanced_code", pa.string()),
        ("diagnostic", pa.string()),
        ("vendor_type", pa.string()),
        ("message_id", pa.string()),
        ("campaign", pa.string()),
        ("sender", pa.string()),
        ("sending_ip", pa.string()),
        ("remote_mta", pa.string()),
        ("item", pa.int64()),
    ]
)


Certainty = Literal["documented", "seen in code", "known", "recognised by content"]
Kind = Literal["events", "failures", "state list"]

NO = 0
"""``sniff`` says: not mine."""
LIKELY = 50
"""``sniff`` says: the column or key names fit."""
CERTAIN = 90
"""``sniff`` says: nothing else looks like this."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the user said about the input, for every reader.

    Parameters
    ----------
    tz : str or None
        IANA zone of times that name none; None: the reader's documented
        default, and a note in the ledger that says which.
    columns : mapping
        Schema column to the name it has in the file (for ``generic``).
    engine : {'auto', 'mailparser', 'fast'}
        What opens mail messages.
    """

    tz: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    engine: str = "auto"


@dataclass(frozen=True, slots=True)
class Reader:
    """One export format.

    Parameters
    ----------
    name : str
        Permanent name: the value of the column ``source``, the module's name
        and the name of its fixture folder.
    title : str
        For people: vendor and export.
    sniff : callable
        ``Head`` to 0 (not mine) ... 100: how specific the match is. Looks at
        the first kilobytes only and never raises; the highest wins.
    read : callable
        ``(Blob, Options, Ledger)`` to chunks of rows. Counts each item in the
        ledger as read, skipped or failed; one bad item never stops it.
    kind : {'events', 'failures', 'state list'}
        ``state list``: what is blocked now, not what happened; its rows never
        enter a rate.
    has_denominator : bool
        Whether the file reports what was sent or delivered.
    how_to_get : str
        How a user gets the file, step by step.
    certainty : str
        How sure the facts about the format are.
    """

    name: str
    title: str
    sniff: Callable[[Head], int]
    read: Callable[[Blob, Options, Ledger], Iterator[Chunk]]
    kind: Kind = "events"
    has_denominator: bool = False
    how_to_get: str = ""
    certainty: Certainty = "documented"


class SkipItem(Exception):  # noqa: N818 - it is a message to the adapter, not an error
    """Raised by a parse function: understood, and not an event of ours."""


class BadItem(Exception):  # noqa: N818 - as above
    """Raised by a parse function: ours, and not readable; says why in a sentence."""


CHUNK_ROWS = 2_000

Items: TypeAlias = Callable[[Blob, Options, Ledger], Iterable[tuple[int, Any]]]
Parse: TypeAlias = Callable[[Any, Options], list[Row]]


@dataclass(frozen=True, slots=True)
class ByItem:
    """A ``read`` function made of one that lists items and one that parses one.

    Parameters
    ----------
    items : callable
        Yields ``(number from 1, raw item)``.
    parse : callable
        Raw item to rows, without ``item``; raises :class:`SkipItem` or
        :class:`BadItem` with a sentence. Anything else that it raises counts
        as a failed item too: its input was written by a stranger, and one
        item must not cost the others.
    parallel : bool
        Whether raw items are bytes and parsing one is worth handing it to
        another core (:mod:`bouncekit.intake.workers`).
    spans : callable or None
        Cuts a file into the spans (``Blob.span``) in which other processes
        can look for items themselves.
    """

    items: Items
    parse: Parse
    parallel: bool = False
    spans: Callable[[Blob], Iterable[tuple[int, int]]] | None = None

    def __call__(self, blob: Blob, options: Options, ledger: Ledger) -> Iterator[Chunk]:
        """Read all items of a file."""
        return in_chunks(self.rows(self.items(blob, options, ledger), options, ledger))

    def rows(
        self, items: Iterable[tuple[int, Any]], options: Options, ledger: Ledger
    ) -> Iterator[list[Row]]:
        """Parse items and enter each in the account; yield the rows of those that give some."""
        for number, raw in items:
            found = outcome_of(self.parse, raw, options)
            if isinstance(found, tuple):
                ledger.without_rows(number, *found)
                continue
            ledger.read += 1
            for row in found:
                row["item"] = number
            yield found


Memory = TypeVar("Memory")


@dataclass(frozen=True, slots=True)
class Rotated(Generic[Memory]):
    """A ``read`` function for logs whose files continue each other.

    Who sent a message may stand in yesterday's file and how it ended in
    today's, so the files of one folder are read one after the other, the
    oldest first, with one memory.

    Parameters
    ----------
    rows : callable
        ``(Blob, Options, Ledger, memory)`` to chunks of rows.
    memory : callable
        Makes an empty memory.
    begins : callable
        ``(Blob, Options)`` to the time of the first entry, None where it
        cannot be told.
    """

    rows: Callable[[Blob, Options, Ledger, Memory], Iterator[Chunk]]
    memory: Callable[[], Memory]
    begins: Callable[[Blob, Options], int | None]

    def __call__(self, blob: Blob, options: Options, ledger: Ledger) -> Iterator[Chunk]:
        """Read one file alone."""
        return self.rows(blob, options, ledger, self.memory())

    def order(self, blob: Blob, options: Options) -> tuple[bool, int, int, str]:
        """Give the key by which the files of a folder are sorted, the oldest first."""
        try:
            start = self.begins(blob, options)
        except OSError:
            start = None
        # Without times: mail.log.2 is older than mail.log.1, and that than mail.log.
        age = re.search(r"\.(\d{1,6})(?:\.\w+)?$", blob.label)
        return start is None, start or 0, -int(age[1]) if age else 0, blob.label


NoRows: TypeAlias = tuple[Outcome, str]


def outcome_of(parse: Callable[..., list[Row]], *item: Any) -> list[Row] | NoRows:
    """Parse one item; where it gives no rows, say whether it was skipped or failed, and why."""
    try:
        return parse(*item)
    except SkipItem as skipped:
        return "skipped", str(skipped)
    except BadItem as bad:
        return "failed", str(bad)
    except Exception as error:  # noqa: BLE001 - see ByItem
        return "failed", f"could not be read ({type(error).__name__})"


def arrow_rows(rows: Sequence[dict], schema: pa.Schema) -> pa.Table:
    """Convert plain rows to a table of ``schema``; text becomes valid Unicode."""
    columns = []
    for name, kind in zip(schema.names, schema.types, strict=True):
        values = [row.get(name) for row in rows]
        try:
            columns.append(pa.array(values, kind))
        except UnicodeEncodeError:
            columns.append(pa.array([v if v is None else scalars(v) for v in values], kind))
    return pa.Table.from_arrays(columns, schema=schema)


T = TypeVar("T")


def in_chunks(parts: Iterable[list[T]]) -> Iterator[list[T]]:
    """Join short lists to lists of about :data:`CHUNK_ROWS`.

    Where the input breaks off in the middle (a damaged archive, say), what
    was read before is handed over before the error goes on its way.
    """
    joined: list[T] = []
    try:
        for part in parts:
            joined += part
            if len(joined) >= CHUNK_ROWS:
                yield joined
                joined = []
    except OSError:
        if joined:
            yield joined
        raise
    if joined:
        yield joined
