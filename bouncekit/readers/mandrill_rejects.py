"""Mandrill's rejection list: ``rejects.csv``, exported in a ZIP file.

A state list: to whom Mandrill does not send now. Columns: Email, Reason,
Detail, Created At, Last Event At, Expires At, Subaccount
(mailchimp.com/developer/transactional, Exports); times are UTC. ``vendor_type``
is the reason: ``hard-bounce`` and ``soft-bounce`` (event bounce), ``spam``
(complaint), ``unsub`` (unsubscribe); ``custom``, ``rule``, ``invalid``,
``invalid-sender``, ``test-mode-limit``, ``unsigned`` (suppressed). ``timestamp``
is the last event, else the entry's creation.
"""

from collections.abc import Iterator

import pyarrow as pa

from bouncekit import times
from bouncekit.accounting import Ledger
from bouncekit.inputs.sources import Blob, Head
from bouncekit.readers import _columns, _csv
from bouncekit.readers._base import CERTAIN, NO, Chunk, Options, Reader
from bouncekit.readers._events import settled
from bouncekit.readers._reply import without_type

_NEEDED = {"email", "reason", "detail", "created at", "expires at"}
_EVENTS = {
    "hard-bounce": "bounce",
    "soft-bounce": "bounce",
    "spam": "complaint",
    "unsub": "unsubscribe",
    **dict.fromkeys(("custom", "rule", "invalid", "invalid-sender"), "suppressed"),
    **dict.fromkeys(("test-mode-limit", "unsigned"), "suppressed"),
}


def sniff(head: Head) -> int:
    """Recognise the columns."""
    return CERTAIN if set(head.columns) >= _NEEDED else NO


def _event(reason: str) -> str | None:
    return _EVENTS.get(reason.lower())


def _convert(cells: pa.Table, options: Options) -> pa.Table:
    reason = _columns.column(cells, "reason")
    text = _columns.by_distinct(_columns.column(cells, "detail"), without_type, pa.string())
    smtp, enhanced = _columns.reply_codes(text)
    return pa.table(
        {
            "timestamp": _columns.moments(
                _columns.column(cells, "last event at", "created at"),
                lambda told: times.from_text(told, options.tz),
            ),
            "event": _columns.by_distinct(reason, _event, pa.string()),
            "recipient": _columns.column(cells, "email"),
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": text,
            "vendor_type": reason,
        }
    )


def read(blob: Blob, options: Options, ledger: Ledger) -> Iterator[Chunk]:
    """Read the list, one row per entry."""
    for found in _csv.records(blob, ledger, free_text="detail"):
        yield settled(_convert(found.cells, options).append_column("item", found.items), ledger)


READER = Reader(
    name="mandrill_rejects",
    title="Mandrill (Mailchimp Transactional) rejection list (CSV)",
    sniff=sniff,
    read=read,
    kind="state list",
    how_to_get=(
        "Outbound > Rejection Denylist > Export; a message tells when the ZIP file is ready "
        "(Settings > Exports). It need not be unpacked."
    ),
)
