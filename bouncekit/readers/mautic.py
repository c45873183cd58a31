"""Mautic's email statistics: one record per email to one contact, as table or API JSON.

The table ``email_stats``, or ``GET /api/stats/email_stats``. ``vendor_type``
is ``sent``; an email that failed or came back has a second row, with
``is_failed``, the time of sending for want of another, and no reason: it is
told nowhere in it. Times are UTC. Facts: the project's code (github.com/mautic).

Look-alike: the list of who must not be contacted (:mod:`mautic_dnc`).
"""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from bouncekit import times
from bouncekit.accounting import Ledger
from bouncekit.inputs.sources import Blob, Head
from bouncekit.readers import _bodies, _columns, _entries
from bouncekit.readers._base import CERTAIN, NO, Chunk, Options, Reader

_NEEDED = {"email address", "date sent", "is failed", "is read"}
_unwrap = _bodies.unwrapper(lambda entry: "email_address" in entry, "stats")


def sniff(head: Head) -> int:
    """Recognise the columns or keys."""
    return CERTAIN if _entries.names(head, _unwrap) >= _NEEDED else NO


def read(blob: Blob, options: Options, ledger: Ledger) -> Iterator[Chunk]:
    """Read the statistics, one row per email to a contact."""
    for records in _entries.records(blob, options, ledger, _unwrap):
        cells = records.cells
        ledger.read += cells.num_rows

        failed = pc.is_in(
            pc.utf8_lower(_columns.column(cells, "is failed")), pa.array(["1", "true"])
        )
        sent = pa.table(
            {
                "timestamp": _columns.moments(
                    _columns.column(cells, "date sent"),
                    lambda text: times.from_iso(text, options.tz),
                ),
                "recipient": _columns.column(cells, "email address"),
                "message_id": pc.coalesce(
                    _columns.column(cells, "tracking hash"), _columns.column(cells, "id")
                ),
                "campaign": _columns.column(cells, "email id"),
                "item": records.items,
            }
        )
        for event, word, rows in (
            ("sent", "sent", sent),
            ("bounce", "is_failed", sent.filter(failed)),
        ):
            count = rows.num_rows
            rows = rows.append_column("event", _columns.constant(event, count))
            yield rows.append_column("vendor_type", _columns.constant(word, count))


READER = Reader(
    name="mautic",
    title="Mautic email statistics (table email_stats, CSV or API JSON)",
    sniff=sniff,
    read=read,
    has_denominator=True,
    certainty="seen in code",
    how_to_get=(
        "Call GET /api/stats/email_stats of Mautic page by page, and keep the answers.\n"
        "Or export the table email_stats of its database as CSV with a header line."
    ),
)
