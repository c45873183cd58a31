"""Mailchimp's audience export: the CSV files of the ZIP, one for each state of a contact.

A state list: ``cleaned_*.csv`` holds contacts that bounced for good or softly
too often (event bounce, ``vendor_type`` ``cleaned``), ``unsubscribed_*.csv``
those who left (event unsubscribe, ``unsubscribed``). ``subscribed_*`` and
``nonsubscribed_*`` tell of no failures; their contacts are skipped. The first
columns are the audience's own and may have any name in any language, so the
address is the first column that holds addresses; the columns that tell the
state (``CLEAN_TIME``, ``UNSUB_TIME``) have fixed names. No reason, no code.
Times name no zone.
"""

from collections.abc import Iterator

import pyarrow as pa

from bouncekit import times
from bouncekit.accounting import Ledger
from bouncekit.inputs.sources import Blob, Head
from bouncekit.readers import _columns, _csv
from bouncekit.readers._base import CERTAIN, NO, Chunk, Options, Reader
from bouncekit.readers._events import SKIP, note_zone, settled

_NEEDED = {"member rating", "leid", "euid"}
_STATES = {"clean": ("cleaned", "bounce"), "unsub": ("unsubscribed", "unsubscribe")}
_SAMPLE = 50


def sniff(head: Head) -> int:
    """Recognise the columns that Mailchimp adds to an audience's own."""
    return CERTAIN if set(head.columns) >= _NEEDED else NO


def _state(names: list[str]) -> str | None:
    """Return what the columns of a state begin with; None for contacts that may be sent to."""
    return next((state for state in _STATES if f"{state} time" in names), None)


def _address_column(head: Head) -> str:
    """Name the column of addresses: the one called so, else the first that holds any."""
    if "email address" in head.columns:
        return "email address"
    cells = _csv.sample(head, _SAMPLE)
    return next((name for name, column in cells.items() if any("@" in text for text in column)), "")


def _convert(
    cells: pa.Table, address: str, state: str | None, options: Options, ledger: Ledger
) -> pa.Table:
    when = _columns.column(cells, f"{state} time")
    if not _columns.names_zones(when):
        note_zone(ledger, options, "UTC", "Mailchimp's files do not say which")
    word, event = _STATES.get(str(state), ("subscribed", SKIP))
    return pa.table(
        {
            "timestamp": _columns.moments(when, lambda text: times.from_text(text, options.tz)),
            "event": _columns.constant(event, cells.num_rows),
            "recipient": _columns.column(cells, address),
            "vendor_type": _columns.constant(word, cells.num_rows),
            "campaign": _columns.column(cells, f"{state} campaign title", f"{state} campaign id"),
        }
    )


def read(blob: Blob, options: Options, ledger: Ledger) -> Iterator[Chunk]:
    """Read the file, one row per contact that bounced or left."""
    address, state = _address_column(blob.head), _state(list(blob.head.columns))
    for found in _csv.records(blob, ledger):
        table = _convert(found.cells, address, state, options, ledger)
        yield settled(
            table.append_column("item", found.items),
            ledger,
            "is a contact that may be sent to; give the file to the analyses as contacts",
        )


READER = Reader(
    name="mailchimp_audience",
    title="Mailchimp audience export (CSV: cleaned, unsubscribed)",
    sniff=sniff,
    read=read,
    kind="state list",
    how_to_get=(
        "Audience > All contacts > Export Audience > Export as CSV; the ZIP file need not be "
        "unpacked. Mailchimp's times are those of the account: give tz=."
    ),
    certainty="seen in code",
)
