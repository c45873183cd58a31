"""Exchange Online message traces: enhanced summary, extended report, and the plain summary.

===================  =======================================================
report               one record is
===================  =======================================================
enhanced summary     a message; its recipients with their states stand in
                     ``recipient_status``: ``a@x.example##Receive, Fail``.
                     ``vendor_type`` is the list of states, the last counts:
                     ``Send``, ``Deliver``, ``Fail``, ``Defer``; ``Expand``
                     and ``Receive`` alone are no outcome.
extended             a step of a message, as in the tracking log of Exchange
                     Server; ``vendor_type`` is the event: ``FAIL``,
                     ``DEFER``, ``SEND``, ``DELIVER``
summary (page or     a message to a recipient; ``vendor_type`` is the status:
``Get-MessageTrace`` ``Delivered``, ``Failed``, ``FilteredAsSpam`` and
of PowerShell)       ``Quarantined`` (both stopped by the service itself:
                     event ``suppressed``); ``Pending``, ``Expanded``,
                     ``GettingStatus`` and ``None`` are no outcome
===================  =======================================================

Only the extended report says why a delivery failed. The files are UTF-16,
often without a mark. Times of the first two are UTC; those of the summary
page are in the time zone of the person who made it and name none.

Facts: learn.microsoft.com, Exchange Online, message trace.
"""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from bouncekit import times
from bouncekit.accounting import Ledger
from bouncekit.inputs.sources import Blob, Head
from bouncekit.readers import _columns, _csv, _dates, _exchange
from bouncekit.readers._base import CERTAIN, NO, Chunk, Options, Reader, Row

_STATUS = "recipient status"
_ENHANCED = {"origin timestamp utc", "origin timestamp"}
_EXTENDED = "date time utc"
_SUMMARY = {"received", "senderaddress", "recipientaddress", "status"}
_STATES = {
    "send": "delivered",
    "deliver": "delivered",
    "fail": "bounce",
    "defer": "deferral",
    "expand": None,
    "receive": None,
}
_STATUSES = {
    "delivered": "delivered",
    "failed": "bounce",
    "filteredasspam": "suppressed",
    "quarantined": "suppressed",
}
_NO_OUTCOME = {
    "pending": "is still on its way",
    "gettingstatus": "has no status yet",
    "none": "has no status yet",
    "expanded": "went to the members of a list, who have records of their own",
}


def sniff(head: Head) -> int:
    """Recognise the columns of one of the three reports."""
    names = set(head.columns)
    detailed = _STATUS in names and (names & _ENHANCED or _EXTENDED in names)
    return CERTAIN if detailed or names >= _SUMMARY else NO


def read(blob: Blob, options: Options, ledger: Ledger) -> Iterator[Chunk]:
    """Read the records of whichever report it is."""
    names = set(blob.head.columns)
    days_first = _dates.day_first(blob, "received") if names >= _SUMMARY else None
    for found in _csv.records(blob, ledger):
        if _EXTENDED in names:
            yield from _exchange.read_events(found, options, ledger)
        elif _STATUS in names:
            yield _messages(found, ledger)
        else:
            yield _summary(found, options, ledger, days_first)


def _messages(found: _csv.Records, ledger: Ledger) -> list[Row]:
    """Make rows of an enhanced summary, one per recipient with an outcome."""
    names = {
        "time": tuple(_ENHANCED),
        "statuses": (_STATUS,),
        "message_id": ("message id",),
        "sender": ("sender address",),
        "direction": ("directionality",),
    }
    columns = {name: _columns.column(found.cells, *told) for name, told in names.items()}
    rows: list[Row] = []
    for record in pa.table(columns).append_column("item", found.items).to_pylist():
        if (record["direction"] or "").lower() in _exchange.INCOMING:
            ledger.skip(record["item"], _exchange.CAME_IN)
        else:
            rows += _outcomes(record, ledger)
    return rows


def _outcomes(record: dict[str, Any], ledger: Ledger) -> list[Row]:
    """Make the rows of one message, and enter it in the account."""
    rows: list[Row] = []
    for entry in (record["statuses"] or "").split(";"):
        name, marks, states = entry.strip().rpartition("##")
        last = states.rpartition(",")[2].strip().lower()
        if not marks or last not in _STATES:
            ledger.fail(record["item"], f"has the recipient status {entry.strip()[:60]!r}")
            return []
        if _STATES[last]:
            rows.append(
                {
                    "timestamp": times.from_iso(record["time"]),
                    "event": _STATES[last],
                    "recipient": name,
                    "vendor_type": states.strip(),
                    "message_id": (record["message_id"] or "").strip("<> ") or None,
                    "sender": record["sender"],
                    "item": record["item"],
                }
            )
    if rows:
        ledger.read += 1
    else:
        ledger.skip(record["item"], "has no outcome yet, or went to the members of a list")
    return rows


def _summary(
    found: _csv.Records, options: Options, ledger: Ledger, days_first: bool | None
) -> pa.Table:
    """Make rows of a plain summary."""
    status = _columns.column(found.cells, "status")
    word = pc.replace_substring(pc.utf8_lower(status), " ", "")
    ids = _columns.column(found.cells, "messageid", "message id")
    table = pa.table(
        {
            "timestamp": _columns.local_moments(
                _columns.column(found.cells, "received"), options, ledger, days_first
            ),
            "event": _columns.by_distinct(word, _STATUSES.get, pa.string()),
            "recipient": _columns.column(found.cells, "recipientaddress"),
            "vendor_type": status,
            "message_id": pc.utf8_trim(ids, "<> "),
            "sender": _columns.column(found.cells, "senderaddress"),
            "item": found.items,
        }
    )
    reason = _columns.by_distinct(word, _NO_OUTCOME.get, pa.string())
    table, reason = _columns.without_strange(table, status, reason, "the message trace", ledger)
    return _columns.leave_out(table, reason, ledger)


READER = Reader(
    name="exchange_trace",
    title="Exchange Online message trace (CSV)",
    sniff=sniff,
    read=read,
    has_denominator=True,
    how_to_get=(
        "admin.exchange.microsoft.com > Mail flow > Message trace > Start a trace; sender: your "
        "own, time range, Report type: Extended report (it alone holds the reasons); the file is "
        "under Downloadable reports some hours later.\n"
        "PowerShell for a list without reasons: Get-MessageTraceV2 -Status Failed -StartDate ... "
        "-EndDate ... | Export-Csv trace.csv -NoTypeInformation -Encoding utf8"
    ),
)
