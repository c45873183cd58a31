"""Google Workspace Email Log Search (CSV): one record per step of a message to a recipient.

Steps to the outside have the target ``SMTP_OUT``; of the others only bounces
of mail that was sent are read. ``vendor_type`` is the event status as written:
``DELIVERED``, ``BOUNCED``, ``DEFERRED``, ``Rejected``, ``Dropped``,
``Quarantined`` and their like; ``VIEWED`` and ``Marked spam`` are skipped. The
description is the receiver's reply, ``No Error`` where all is well.

Times name the zone of the administrator, usually UTC.

Facts: support.google.com/a/answer/13828463, and public code for the columns.
"""

import re
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from bouncekit import times
from bouncekit.accounting import Ledger
from bouncekit.inputs.sources import Blob, Head
from bouncekit.readers import _columns, _csv
from bouncekit.readers._base import CERTAIN, NO, Chunk, Options, Reader
from bouncekit.readers._words import event_of, fold

_NEEDED = {"message id", "recipient address", "event target", "event status"}
_OUT = "SMTP_OUT"
_VIEWS = {"viewed", "marked spam", "unmarked spam", "opened", "starred", "forwarded"}
_HELD = {"quarantined": "suppressed", "dropped": "suppressed"}
_NOT_DELIVERY = "is a view or a mark, not a delivery event"
_INSIDE = "is a step inside Google or about mail that came in"
_OFFSET = re.compile(r"(?:GMT|UTC)([+-])(\d{1,2})(?::?(\d\d))?")
_US_ZONES = {"EST": "-05", "EDT": "-04", "MST": "-07", "MDT": "-06", "PST": "-08", "PDT": "-07"}


def sniff(head: Head) -> int:
    """Recognise the columns."""
    return CERTAIN if set(head.columns) >= _NEEDED else NO


def read(blob: Blob, options: Options, ledger: Ledger) -> Iterator[Chunk]:
    """Read the steps to the outside, one row each."""
    for found in _csv.records(blob, ledger):
        yield _convert(found, options, ledger)


def _convert(found: _csv.Records, options: Options, ledger: Ledger) -> pa.Table:
    cells = found.cells
    status = _columns.column(cells, "event status")
    event = _columns.by_distinct(status, _event, pa.string())
    told = _columns.column(cells, "event description")
    words = pc.if_else(
        pc.equal(pc.utf8_lower(told), "no error"), pa.scalar(None, pa.string()), told
    )
    smtp, enhanced = _columns.reply_codes(words)
    code = _columns.reply_codes(_columns.column(cells, "event smtp reply code"))[0]
    reason = _reasons(cells, event, status)
    table = pa.table(
        {
            "timestamp": _moments(
                _columns.column(cells, "event date", "end date"), options, ledger
            ),
            "event": event,
            "recipient": _columns.column(cells, "recipient address"),
            "smtp_code": pc.coalesce(smtp, code),
            "enhanced_code": enhanced,
            "diagnostic": words,
            "vendor_type": status,
            "message_id": pc.utf8_trim(_columns.column(cells, "message id"), "<> "),
            "sender": _columns.column(cells, "sender"),
            "item": found.items,
        }
    )
    table, reason = _columns.without_strange(table, status, reason, "Email Log Search", ledger)
    return _columns.leave_out(table, reason, ledger)


def _event(status: str) -> str | None:
    folded = fold(status)
    return _HELD.get(folded) or (None if folded in _VIEWS else event_of(status))


def _reasons(cells: pa.Table, event: _columns.Column, status: _columns.Column) -> _columns.Column:
    """Say of each record that is none of ours why."""
    views = _columns.by_distinct(
        status, lambda word: fold(word) in _VIEWS or event_of(word) == "skip", pa.bool_()
    )
    out = pc.equal(_columns.column(cells, "event target"), _OUT)
    sent = pc.equal(pc.utf8_lower(_columns.column(cells, "direction")), "sent")
    ours = pc.or_kleene(out, pc.and_kleene(sent, pc.equal(event, "bounce")))
    return pc.case_when(
        pc.make_struct(pc.fill_null(views, False), pc.invert(pc.fill_null(ours, False))),
        _NOT_DELIVERY,
        _INSIDE,
    )


def _moments(column: _columns.Column, options: Options, ledger: Ledger) -> _columns.Column:
    """Read times with a word for the zone behind them."""

    def moment(text: str) -> int | None:
        found = times.from_text(text)
        if found is not None or " " not in text:
            return found
        bare, _, zone = text.rpartition(" ")
        offset = _OFFSET.fullmatch(zone)
        if offset:
            return times.from_iso(f"{bare}{offset[1]}{offset[2]:>02}:{offset[3] or '00'}")
        if zone in _US_ZONES:
            return times.from_iso(f"{bare}{_US_ZONES[zone]}:00")
        if not options.tz:
            ledger.note(f"the zone {zone[:40]!r} of times is not known; read as UTC, give tz=")
        return times.from_text(bare, options.tz)

    return _columns.moments(column, moment)


READER = Reader(
    name="google_els",
    title="Google Workspace Email Log Search (CSV)",
    sniff=sniff,
    read=read,
    has_denominator=True,
    certainty="seen in code",
    how_to_get=(
        "admin.google.com > Reporting > Email Log Search; sender: your own, date range, Search; "
        "then the download icon > CSV (at most some ten thousand rows: take a few days at a time)."
    ),
)
