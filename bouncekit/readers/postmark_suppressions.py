"""Postmark's suppression dump: the JSON of the suppressions API.

A state list: to whom Postmark does not send now
(postmarkapp.com/developer, Suppressions API). ``vendor_type`` is reason and
origin, for example ``HardBounce/Recipient``:

=====================  ===============  ================================
``SuppressionReason``  ``event``        the entry
=====================  ===============  ================================
``HardBounce``         bounce           the address bounced for good
``SpamComplaint``      complaint        the recipient complained
``ManualSuppression``  unsubscribe      origin ``Recipient``
``ManualSuppression``  suppressed       origin ``Customer`` or ``Admin``
=====================  ===============  ================================
"""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from bouncekit import times
from bouncekit.accounting import Ledger
from bouncekit.inputs.sources import Blob, Head
from bouncekit.readers import _bodies, _columns, _entries, _json
from bouncekit.readers._base import CERTAIN, NO, Chunk, Options, Reader
from bouncekit.readers._events import settled

_NEEDED = {"emailaddress", "suppressionreason"}
_EVENTS = {
    "hardbounce": "bounce",
    "spamcomplaint": "complaint",
    "manualsuppression": "suppressed",
    "manualsuppression/recipient": "unsubscribe",
}


def _is_entry(value: dict[str, Any]) -> bool:
    return "EmailAddress" in value


_unwrap = _bodies.unwrapper(_is_entry, "Suppressions")


def sniff(head: Head) -> int:
    """Recognise the keys of an entry, or an empty dump."""
    empty = any(page.get("Suppressions") == [] for page in _json.first_objects(head)[:1])
    return CERTAIN if empty or _entries.names(head, _unwrap) >= _NEEDED else NO


def _event(word: str) -> str:
    word = word.lower()
    return _EVENTS.get(word) or _EVENTS.get(word.partition("/")[0], "suppressed")


def _convert(cells: pa.Table) -> pa.Table:
    reason, origin = (_columns.column(cells, name) for name in ("suppressionreason", "origin"))
    word = pc.coalesce(pc.binary_join_element_wise(reason, origin, "/"), reason)
    event = _columns.by_distinct(word, _event, pa.string())
    return pa.table(
        {
            "timestamp": _columns.moments(_columns.column(cells, "createdat"), times.from_text),
            "event": pc.fill_null(event, "suppressed"),
            "recipient": _columns.column(cells, "emailaddress"),
            "vendor_type": word,
        }
    )


def read(blob: Blob, options: Options, ledger: Ledger) -> Iterator[Chunk]:
    """Read the dump, one row per entry."""
    for found in _entries.records(blob, options, ledger, _unwrap):
        yield settled(_convert(found.cells).append_column("item", found.items), ledger)


READER = Reader(
    name="postmark_suppressions",
    title="Postmark suppression dump (API JSON)",
    sniff=sniff,
    read=read,
    kind="state list",
    how_to_get=(
        "curl -s -H 'Accept: application/json' -H 'X-Postmark-Server-Token: TOKEN' "
        "https://api.postmarkapp.com/message-streams/outbound/suppressions/dump "
        "> suppressions.json; the same for each message stream (broadcast, ...)."
    ),
)
