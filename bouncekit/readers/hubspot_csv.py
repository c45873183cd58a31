"""HubSpot's recipients of a marketing email: one record per recipient and email.

The record says with TRUE and FALSE what became of the email. ``vendor_type``
is HubSpot's category (``Bounce Reason``) of a bounce, its ``Not Sent Reason``
of one that was not sent, else the column that is TRUE. Sending, outcome,
complaint and unsubscription have a row each. The only time is that of
sending, in the account's zone; all rows have it. The message is known by the
campaign's number, since a campaign mails an address once.

HubSpot itself calls ``CONTENT``, ``SPAM`` and ``POLICY`` hard, for its own
suppression; ``HUBSPOT_GLOBAL_BOUNCE`` was not tried, so it is ``suppressed``.
The categories, and those of :mod:`hubspot_events`: ``UNKNOWN_USER``,
``MAILBOX_FULL``, ``TEMPORARY_PROBLEM``, ``TIMEOUT``, ``THROTTLED``,
``GREYLISTING``, ``DNS_FAILURE``, ``ISP_MISCONFIGURATION``,
``MAILBOX_MISCONFIGURATION``, ``CONTENT``, ``SPAM``, ``POLICY``, ``DMARC``,
``FILTERED``, ``IP_REPUTATION``, ``DOMAIN_REPUTATION``,
``SENDING_DOMAIN_MISCONFIGURATION``, ``UNCATEGORIZED``.
"""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from bouncekit import times
from bouncekit.accounting import Ledger
from bouncekit.inputs.sources import Blob, Head
from bouncekit.readers import _columns, _csv, _dates, _events
from bouncekit.readers._base import CERTAIN, NO, Chunk, Options, Reader

_NEEDED = {"recipient", "not sent reason", "bounce reason", "email campaign id"}
GLOBAL_BOUNCE = "HUBSPOT_GLOBAL_BOUNCE"
"""The category of an address that bounced for another customer of HubSpot's."""


def sniff(head: Head) -> int:
    """Recognise the columns."""
    return CERTAIN if set(head.columns) >= _NEEDED else NO


def read(blob: Blob, options: Options, ledger: Ledger) -> Iterator[Chunk]:
    """Read the table: a row per record, and one for each complaint and unsubscription."""
    time = next((name for name in blob.head.columns if name.startswith("sent at")), "")
    days_first = _dates.day_first(blob, time)
    if days_first is None and any(map(_dates.is_unclear, _csv.sample(blob.head, 500)[time])):
        _dates.note_unclear(ledger)
    _events.note_zone(ledger, options, "UTC", "HubSpot writes account time")
    for records in _csv.records(blob, ledger, "bounce message"):
        yield from _convert(records, time, days_first, options, ledger)


def _convert(
    records: _csv.Records, time: str, days_first: bool | None, options: Options, ledger: Ledger
) -> Iterator[Chunk]:
    cells = records.cells
    campaign = _columns.column(cells, "email campaign id")
    common = pa.table(
        {
            "timestamp": _columns.moments(
                _columns.column(cells, time),
                lambda text: times.from_text(text, options.tz, days_first),
            ),
            "recipient": _columns.column(cells, "recipient"),
            "message_id": campaign,
            "campaign": campaign,
            "item": records.items,
        }
    )
    outcome = _outcome(cells)
    yield _told(pa.table([*common.columns, *outcome.columns], _names(common, outcome)), ledger)
    was_sent = pc.and_(_is_true(cells, "sent"), pc.is_in(outcome.column("event"), _TRIED))
    for title, event, where in (
        ("Sent", "sent", was_sent),
        ("Spam Report", "complaint", _is_true(cells, "spam report")),
        ("Unsubscribed", "unsubscribe", _is_true(cells, "unsubscribed")),
    ):
        rows = common.filter(where)
        count = rows.num_rows
        rows = rows.append_column("event", _columns.constant(event, count))
        yield rows.append_column("vendor_type", _columns.constant(title, count))


_TRIED = pa.array(["bounce", "delivered"])


def _names(*tables: pa.Table) -> list[str]:
    return [name for table in tables for name in table.column_names]


def _is_true(cells: pa.Table, name: str) -> _columns.Column:
    return pc.fill_null(pc.equal(pc.utf8_upper(_columns.column(cells, name)), "TRUE"), False)


def _outcome(cells: pa.Table) -> pa.Table:
    """Give event, codes, words and class of each record."""
    reason, not_sent = (
        _columns.column(cells, name) for name in ("bounce reason", "not sent reason")
    )
    held = pc.or_(pc.is_valid(not_sent), pc.fill_null(pc.equal(reason, GLOBAL_BOUNCE), False))
    for name in ("suppressed", "dropped"):
        held = pc.or_(held, _is_true(cells, name))
    flags = (_is_true(cells, name) for name in ("bounce", "delivered", "sent"))
    event = pc.case_when(pc.make_struct(held, *flags), "suppressed", "bounce", "delivered", "sent")
    told, refused = (
        _columns.column(cells, name) for name in ("bounce message", "not sent message")
    )
    smtp, enhanced = _columns.reply_codes(pc.if_else(held, pa.scalar(None, pa.string()), told))
    named = pc.if_else(held, pc.coalesce(not_sent, reason), reason)
    return pa.table(
        {
            "event": event,
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": pc.if_else(held, refused, told),
            "vendor_type": pc.coalesce(named, pc.utf8_capitalize(event)),
        }
    )


def _told(table: pa.Table, ledger: Ledger) -> pa.Table:
    """Leave out records of which nothing is TRUE, and enter all in the account."""
    nothing = pc.is_null(table.column("event"))
    for number in table.column("item").filter(nothing).to_pylist():
        ledger.skip(number, "was neither sent nor held back")
    kept = table.filter(pc.invert(nothing))
    ledger.read += kept.num_rows
    return kept


READER = Reader(
    name="hubspot_csv",
    title="HubSpot recipients of an email (CSV)",
    sniff=sniff,
    read=read,
    has_denominator=True,
    certainty="seen in code",
    how_to_get="Marketing > Email > the email > Recipients > Export, format CSV.",
)
