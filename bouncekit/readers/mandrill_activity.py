"""Mandrill's activity export: one CSV record for each message, with what became of it.

Comes as ``activity.csv`` in a ZIP file (mailchimp.com/developer/transactional,
Exports). Columns: Date, Email Address, Sender, Subject, Status, Tags,
Subaccount, Opens, Clicks, Bounce Detail, then one for each field of metadata;
old files lack Tags and Subaccount. ``Date`` is UTC.

``vendor_type`` is the state, and where Bounce Detail is one of Mandrill's own
words that follows, ``bounced/bad_mailbox``. A message that arrived keeps the
state ``sent`` (event delivered) until the recipient complains (``spam``) or
leaves (``unsub``): those records give two rows, the delivery and what came
after it. ``bounced`` and ``soft-bounced`` are bounces, ``deferred`` is a
deferral, ``rejected`` suppressed.
"""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from bouncekit import times
from bouncekit.accounting import Ledger
from bouncekit.inputs.sources import Blob, Head
from bouncekit.readers import _columns, _csv
from bouncekit.readers._base import CERTAIN, NO, Chunk, Options, Reader
from bouncekit.readers._events import SKIP, settled
from bouncekit.readers._reply import without_type

_NEEDED = {"date", "email address", "sender", "status", "bounce detail"}
_EVENTS = {
    "sent": "delivered",
    "delivered": "delivered",
    "bounced": "bounce",
    "soft-bounced": "bounce",
    "deferred": "deferral",
    "rejected": "suppressed",
    "spam": "complaint",
    "unsub": "unsubscribe",
    "queued": SKIP,
    "scheduled": SKIP,
}
_ARRIVED = pa.array(["complaint", "unsubscribe"])
_OWN_WORD = r"^[a-z]+(?:_[a-z]+)*$"


def sniff(head: Head) -> int:
    """Recognise the columns."""
    return CERTAIN if set(head.columns) >= _NEEDED else NO


def _event(word: str) -> str | None:
    return _EVENTS.get(word.lower())


def _convert(cells: pa.Table, options: Options) -> pa.Table:
    word, detail = (_columns.column(cells, name) for name in ("status", "bounce detail"))
    own = pc.fill_null(pc.match_substring_regex(detail, _OWN_WORD), False)
    text = _columns.by_distinct(pc.if_else(own, None, detail), without_type, pa.string())
    smtp, enhanced = _columns.reply_codes(text)
    cause = pc.if_else(own, pc.binary_join_element_wise(word, detail, "/"), None)
    return pa.table(
        {
            "timestamp": _columns.moments(
                _columns.column(cells, "date"), lambda told: times.from_text(told, options.tz)
            ),
            "event": _columns.by_distinct(word, _event, pa.string()),
            "recipient": _columns.column(cells, "email address"),
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": text,
            "vendor_type": pc.coalesce(cause, word),
            "campaign": _columns.by_distinct(
                _columns.column(cells, "tags"), lambda tags: tags.split(",")[0], pa.string()
            ),
            "sender": _columns.column(cells, "sender"),
        }
    )


def _deliveries(table: pa.Table) -> pa.Table:
    """Give the delivery of each message whose state tells what came after it."""
    later = table.filter(pc.is_in(table.column("event"), _ARRIVED))
    kept = later.select(["timestamp", "recipient", "campaign", "sender", "item"])
    return kept.append_column("event", _columns.constant("delivered", kept.num_rows))


def read(blob: Blob, options: Options, ledger: Ledger) -> Iterator[Chunk]:
    """Read the export, one or two rows per record."""
    for found in _csv.records(blob, ledger, free_text="bounce detail"):
        table = _convert(found.cells, options).append_column("item", found.items)
        kept = settled(table, ledger, "is not sent yet")
        yield kept
        yield _deliveries(kept)


READER = Reader(
    name="mandrill_activity",
    title="Mandrill (Mailchimp Transactional) activity export (CSV)",
    sniff=sniff,
    read=read,
    has_denominator=True,
    how_to_get=(
        "Outbound > Activity > choose the dates > Export; a message tells when the ZIP file is "
        "ready (Settings > Exports). It need not be unpacked."
    ),
)
