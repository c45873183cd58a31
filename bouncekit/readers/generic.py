"""Any table or JSON list of failed mail whose columns can be recognised.

For exports that no reader knows by name. Columns are recognised by their
cells, their names are a hint (English, Chinese, some other languages);
``columns={...}`` decides where that goes wrong. What was understood stands as
notes in ``bk.ingest(df).notes``, in English and in Chinese. A table is taken
only if it has an address and a column that tells what became of it; contact
lists are left alone.

``vendor_type`` is the word in the event column, as written, or that of a
second one which says of what kind a bounce was (hard, soft). Times without a
zone are Beijing time in a table with Chinese column names, else UTC.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from bouncekit import times
from bouncekit.accounting import Ledger
from bouncekit.errors import BouncekitError
from bouncekit.inputs.encodings import fold_header
from bouncekit.inputs.sources import Blob, Head
from bouncekit.readers import _columns, _csv, _dates, _entries, _json
from bouncekit.readers._base import NO, Chunk, Options, Reader
from bouncekit.readers._events import settled
from bouncekit.readers._saying import home_zone, sentences
from bouncekit.readers._spreadsheets import ROUNDED
from bouncekit.readers._understanding import FIELDS, SAMPLE, Understanding, understand
from bouncekit.readers._words import event_of

FITS = 20
"""``sniff`` says: no reader knows it by name, but its columns make sense."""
OUR_OWN = frozenset(("event id", "org domain", "bounce type", "rule"))
"""Columns of a table that bouncekit wrote: to read it again would count all twice."""
OUR_MARK = "bouncekit"
"""A column of every list that bouncekit wrote of somebody's contacts."""
_WRAPPERS = ("items", "results", "bounces", "events", "records", "data", "info", "datalist")
_MAX_LAYERS = 4


def sniff(head: Head) -> int:
    """Recognise an address column and one that tells what became of it."""
    if is_our_own(head):
        return NO
    return FITS if understood(head, ()).tells_failures else NO


def is_our_own(head: Head) -> bool:
    """Say whether bouncekit wrote this table."""
    return set(head.columns) >= OUR_OWN or OUR_MARK in head.columns


@lru_cache(maxsize=8)
def understood(head: Head, given: tuple[tuple[str, str], ...]) -> Understanding:
    """Return what the columns of a file mean; ``given`` is what the user said of them."""
    return understand(samples(head), dict(given))


def check_fields(columns: Mapping[str, str]) -> None:
    """Raise BouncekitError if ``columns`` names a field that there is not."""
    for field in columns:
        if field not in FIELDS:
            msg = f"columns={{...}} has the field {field!r}; the fields are {', '.join(FIELDS)}"
            raise BouncekitError(msg)


def has_columns(head: Head, columns: Mapping[str, str]) -> bool:
    """Say whether a table has the columns that the user named.

    Raises
    ------
    BouncekitError
        If it has some of them only.
    """
    there = samples(head)
    absent = [title for title in columns.values() if fold_header(title) not in there]
    if absent and len(absent) < len(columns):
        msg = f"lacks the column {absent[0]!r} of columns={{...}}; it has: {', '.join(there)}"
        raise BouncekitError(msg)
    return not absent


def samples(head: Head) -> dict[str, list[str]]:
    """Return the cells in the head of a table or JSON list, by folded column name."""
    if head.is_json:
        records = [
            _flat(event) for value in _json.first_values(head, SAMPLE) for event in _layers(value)
        ]
        names = dict.fromkeys(name for record in records for name in record)
        return {name: [record.get(name, "") for record in records[:SAMPLE]] for name in names}
    if len(head.header.names) > _csv.MAX_COLUMNS:
        return {}
    return _csv.sample(head, SAMPLE)


def _layers(value: Any, depth: int = 0) -> Iterator[Any]:
    """Take off the wrappers that list endpoints of APIs put around their records."""
    if isinstance(value, dict) and depth < _MAX_LAYERS:
        for key, inner in value.items():
            if key.lower() in _WRAPPERS and isinstance(inner, (dict, list)):
                for entry in inner if isinstance(inner, list) else [inner]:
                    yield from _layers(entry, depth + 1)
                return
    yield value


def _flat(event: Any) -> dict[str, str]:
    """Give the scalars of a JSON object as cells, one level of objects included."""
    cells: dict[str, str] = {}
    for key, value in event.items() if isinstance(event, dict) else ():
        inner = value.items() if isinstance(value, dict) else ()
        for name, cell in [(key, value), *((f"{key} {sub}", found) for sub, found in inner)]:
            text = _json.text_of(cell)
            if text is not None:
                cells.setdefault(fold_header(name), text)
    return cells


def read(blob: Blob, options: Options, ledger: Ledger) -> Iterator[Chunk]:
    """Read the table, one row per record."""
    given = options.columns if has_columns(blob.head, options.columns) else {}
    found = understood(blob.head, tuple(given.items()))
    name = found.columns.get("timestamp")
    if name and not blob.head.is_json:
        found = replace(found, day_first=_dates.day_first(blob, name))
    cells = samples(blob.head)
    options = replace(options, tz=options.tz or home_zone(blob.head.columns))
    for sentence in sentences(found, blob.head, cells, options.tz):
        ledger.note(sentence)
    for records in (
        _json_records(blob, ledger) if blob.head.is_json else _csv_records(blob, ledger, found)
    ):
        yield from _convert(records, found, options, ledger)


def _csv_records(blob: Blob, ledger: Ledger, found: Understanding) -> Iterator[_csv.Records]:
    return _csv.records(blob, ledger, found.columns.get("diagnostic", ""))


def _json_records(blob: Blob, ledger: Ledger) -> Iterator[_csv.Records]:
    return _entries.joined(_numbered(blob, ledger))


def _numbered(blob: Blob, ledger: Ledger) -> Iterator[list[tuple[int, dict[str, str]]]]:
    for number, event in _json.events(_layers)(blob, Options(), ledger):
        cells = _flat(event)
        if cells:
            yield [(number, cells)]
        else:
            ledger.skip(number, "is an empty record")


def _convert(
    records: _csv.Records, found: Understanding, options: Options, ledger: Ledger
) -> Iterator[Chunk]:
    cells, count = records.cells, records.cells.num_rows

    def column(field: str) -> _columns.Column:
        name = found.columns.get(field)
        known = name is not None and name in cells.column_names
        return _columns.filled(cells.column(name)) if known else _columns.missing(count)

    word = column("event")
    diagnostic = _without_type(column("diagnostic"))
    status = pc.coalesce(column("enhanced_code"), column("code"))
    smtp, enhanced = _columns.reply_codes(diagnostic, status)
    smtp = pc.coalesce(smtp, _columns.reply_codes(column("smtp_code"))[0])
    table = pa.table(
        {
            "timestamp": _columns.moments(
                column("timestamp"),
                lambda text: times.from_text(text, options.tz, found.day_first),
            ),
            "event": _columns.by_distinct(word, lambda text: _event(text, found), pa.string()),
            "recipient": column("recipient"),
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": diagnostic,
            "vendor_type": pc.coalesce(column("vendor_type"), word),
            "message_id": _ids(column("message_id")),
            "campaign": column("campaign"),
            "sender": column("sender"),
            "sending_ip": column("sending_ip"),
            "remote_mta": column("remote_mta"),
            "item": records.items,
        }
    )
    kept = settled(_with_event(table), ledger)
    if kept.num_rows:
        yield kept


def _event(word: str, found: Understanding) -> str | None:
    event = event_of(word)
    return found.sent_is if event == "sent" else event


def _ids(column: _columns.Column) -> _columns.Column:
    """Give message ids; rounded numbers would make one message of many."""
    if pc.any(pc.match_substring(column, "+"), min_count=0).as_py():
        lost = pc.match_substring_regex(column, ROUNDED)
        column = pc.if_else(lost, pa.scalar(None, pa.string()), column)
    return pc.utf8_trim(column, "<> ")


def _without_type(column: _columns.Column) -> _columns.Column:
    """Take the type ``smtp;`` off diagnostic codes (RFC 3464 2.3.6), where there are any."""
    typed = pc.starts_with(column, "smtp", ignore_case=True)
    if not pc.any(typed, min_count=0).as_py():
        return column
    return pc.replace_substring_regex(column, r"(?i)^smtp\s*;\s*", "")


def _with_event(table: pa.Table) -> pa.Table:
    """Give an event to records that have no word for it.

    Such a record stands in a table of failures, or says with its code that it arrived.
    """
    event, word = table.column("event"), table.column("vendor_type")
    arrived = pc.fill_null(pc.less(table.column("smtp_code"), 300), False)
    plain = pc.if_else(arrived, "delivered", "bounce")
    event = pc.if_else(pc.is_null(word), plain, event)
    return table.set_column(table.column_names.index("event"), "event", event)


READER = Reader(
    name="generic",
    title="Any CSV, TSV or JSON list with recognisable columns",
    sniff=sniff,
    read=read,
    how_to_get="Export the failed addresses with reason and time; name columns with columns={...}",
    certainty="recognised by content",
)
