"""Amazon SES's account-level suppression list, as the API and the command line write it.

A state list: ``SuppressedDestinationSummaries`` with address, reason and time
of the last change (docs.aws.amazon.com/ses, ListSuppressedDestinations), or
one ``SuppressedDestination``. ``vendor_type`` is ``BOUNCE`` (event bounce) or
``COMPLAINT`` (event complaint).
"""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from bouncekit import times
from bouncekit.accounting import Ledger
from bouncekit.inputs.sources import Blob, Head
from bouncekit.readers import _bodies, _columns, _entries, _json
from bouncekit.readers._base import CERTAIN, NO, Chunk, Options, Reader
from bouncekit.readers._events import settled

_PAGES = ("SuppressedDestinationSummaries", "SuppressedDestination")
_NEEDED = {"emailaddress", "reason", "lastupdatetime"}
_EVENTS = {"BOUNCE": "bounce", "COMPLAINT": "complaint"}


def _is_entry(value: dict[str, Any]) -> bool:
    return "EmailAddress" in value


_unwrap = _bodies.unwrapper(_is_entry, *_PAGES)


def sniff(head: Head) -> int:
    """Recognise a page by its name, or an entry by its keys."""
    named = any(key in page for page in _json.first_objects(head)[:1] for key in _PAGES)
    return CERTAIN if named or _entries.names(head, _unwrap) >= _NEEDED else NO


def _convert(cells: pa.Table) -> pa.Table:
    reason = _columns.column(cells, "reason")
    return pa.table(
        {
            "timestamp": _columns.moments(
                _columns.column(cells, "lastupdatetime"), times.from_text
            ),
            "event": _columns.by_distinct(reason, _EVENTS.get, pa.string()),
            "recipient": _columns.column(cells, "emailaddress"),
            "vendor_type": reason,
        }
    )


def read(blob: Blob, options: Options, ledger: Ledger) -> Iterator[Chunk]:
    """Read the list, one row per entry."""
    for found in _entries.records(blob, options, ledger, _unwrap):
        yield settled(_convert(found.cells).append_column("item", found.items), ledger)


READER = Reader(
    name="ses_suppressions",
    title="Amazon SES account-level suppression list (JSON)",
    sniff=sniff,
    read=read,
    kind="state list",
    how_to_get="aws sesv2 list-suppressed-destinations > suppressed.json (once for each region)",
)
