"""Salesforce Marketing Cloud: the files Sent and Bounces of a tracking extract.

``vendor_type`` is the event type, and of a bounce its category:
``Sent``, ``HardBounce/Hard bounce``, ``SoftBounce/Soft bounce``,
``OtherBounce/Block bounce``. The message is known by send and batch. Times
are Central Standard Time the whole year where the account keeps the default
(help.salesforce.com, Data Extract: mc_as_bounces).
"""

import pyarrow as pa
import pyarrow.compute as pc

from bouncekit import times
from bouncekit.accounting import Ledger
from bouncekit.inputs.sources import Head
from bouncekit.readers import _columns, _events
from bouncekit.readers._base import CERTAIN, NO, Options, Reader
from bouncekit.readers._words import event_of

_NEEDED = {"clientid", "subscriberkey", "eventdate", "eventtype"}
_ZONE = "Etc/GMT+6"
_TYPES = {
    "Sent": "sent",
    "HardBounce": "bounce",
    "SoftBounce": "bounce",
    "OtherBounce": "bounce",
    "BlockBounce": "bounce",
    "TechnicalBounce": "bounce",
    "UnknownBounce": "bounce",
}


def sniff(head: Head) -> int:
    """Recognise the columns."""
    return CERTAIN if set(head.columns) >= _NEEDED else NO


def _event(word: str) -> str | None:
    return _TYPES.get(word) or event_of(word)


def _convert(cells: pa.Table, options: Options, ledger: Ledger) -> pa.Table:
    _events.note_zone(ledger, options, _ZONE, "Marketing Cloud's default, UTC-6 all year")
    kind = _columns.column(cells, "eventtype")
    words = _columns.column(cells, "smtpmessage", "smtpbouncereason", "bouncereason")
    smtp, enhanced = _columns.reply_codes(words, _columns.column(cells, "smtpcode"))
    send = _columns.column(cells, "sendid", "jobid")
    return pa.table(
        {
            "timestamp": _columns.moments(
                _columns.column(cells, "eventdate"),
                lambda text: times.from_text(text, options.tz or _ZONE, days_first=False),
            ),
            "event": _columns.by_distinct(kind, _event, pa.string()),
            "recipient": _columns.column(cells, "emailaddress"),
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": words,
            "vendor_type": _joined(kind, _columns.column(cells, "bouncecategory"), "/"),
            "message_id": _joined(send, _columns.column(cells, "batchid"), "."),
            "campaign": send,
        }
    )


def _joined(first: _columns.Column, second: _columns.Column, mark: str) -> _columns.Column:
    return pc.coalesce(pc.binary_join_element_wise(first, second, mark), first)


READER = Reader(
    name="salesforce_mc",
    title="Salesforce Marketing Cloud tracking extract: Sent and Bounces (CSV)",
    sniff=sniff,
    read=_events.by_column(_convert),
    has_denominator=True,
    how_to_get=(
        "Automation Studio > Data Extract > Tracking Extract with Extract Sent and Extract "
        "Bounces, then a file transfer to the SFTP folder."
    ),
)
