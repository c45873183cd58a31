"""Exchange Server's message tracking logs (``MSGTRK*.LOG``), on premises.

``#Fields:`` names the columns; 2007, 2010 and later versions have different
ones. Times are UTC. ``vendor_type`` is the event: ``FAIL``, ``DEFER``,
``SEND``, ``SENDEXTERNAL`` (both handed the message to the next server),
``DELIVER`` (into a mailbox of one's own). All others are steps inside Exchange
and skipped items: ``RECEIVE``, ``DSN``, ``EXPAND``, ``RESOLVE``, ``TRANSFER``,
``SUBMIT``, ``AGENTINFO``, ``HAREDIRECT``, ``HARECEIVE``, ``HADISCARD``,
``RESUBMIT`` and more.

Facts: learn.microsoft.com, Exchange Server, message tracking.
"""

import re
from collections.abc import Iterator

from bouncekit.accounting import Ledger
from bouncekit.inputs.sources import Blob, Head
from bouncekit.readers import _exchange, _sections
from bouncekit.readers._base import CERTAIN, NO, Chunk, Options, Reader

_FIELDS = b"#fields:"
_MARK = re.compile(rb"^#[^\n]*\n?", re.MULTILINE)
_SNIFF = re.compile(
    r"^#Log-type: Message Tracking Log|^#Fields: *date-time,[^\n]*event-id,[^\n]*recipient-status",
    re.IGNORECASE | re.MULTILINE,
)


def sniff(head: Head) -> int:
    """Recognise the comments at the top."""
    return CERTAIN if _SNIFF.search(head.text) else NO


def _header(line: bytes) -> bytes | None:
    return line[len(_FIELDS) :].strip() if line[: len(_FIELDS)].lower() == _FIELDS else None


def read(blob: Blob, options: Options, ledger: Ledger) -> Iterator[Chunk]:
    """Read the records, one row per recipient."""
    for found in _sections.records(blob, ledger, _MARK, _header):
        yield from _exchange.read_events(found, options, ledger)


READER = Reader(
    name="exchange_tracking",
    title="Exchange Server message tracking log",
    sniff=sniff,
    read=read,
    has_denominator=True,
    how_to_get=(
        "On each Mailbox server copy the MSGTRK*.LOG files of the last weeks out of\n"
        r"C:\Program Files\Microsoft\Exchange Server\V15\TransportRoles\Logs\MessageTracking"
        "\n(Get-TransportService | Format-List MessageTrackingLogPath shows where they are)."
    ),
)
