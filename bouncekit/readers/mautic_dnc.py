"""Mautic's contacts that must not be mailed: ``lead_donotcontact`` with their addresses.

A state list. The table itself knows contacts by number only, so it is
exported joined with ``leads.email``. ``vendor_type`` is the reason as
written: 1 unsubscribed, 2 bounced, 3 put there by hand (``suppressed``);
0, may be contacted, is skipped. ``comments`` holds the receiver's words,
where there are any. Times are UTC. Facts: the project's code
(github.com/mautic).
"""

import pyarrow as pa

from bouncekit import times
from bouncekit.accounting import Ledger
from bouncekit.inputs.sources import Head
from bouncekit.readers import _columns, _events
from bouncekit.readers._base import CERTAIN, NO, Options, Reader
from bouncekit.readers._events import SKIP

_NEEDED = {"email", "date added", "reason", "channel", "comments"}
_REASONS = {"0": SKIP, "1": "unsubscribe", "2": "bounce", "3": "suppressed"}


def sniff(head: Head) -> int:
    """Recognise the columns."""
    return CERTAIN if set(head.columns) >= _NEEDED else NO


def _convert(cells: pa.Table, options: Options, ledger: Ledger) -> pa.Table:
    reason = _columns.column(cells, "reason")
    words = _columns.column(cells, "comments")
    smtp, enhanced = _columns.reply_codes(words)
    return pa.table(
        {
            "timestamp": _columns.moments(
                _columns.column(cells, "date added"),
                lambda text: times.from_iso(text, options.tz),
            ),
            "event": _columns.by_distinct(reason, _REASONS.get, pa.string()),
            "recipient": _columns.column(cells, "email"),
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": words,
            "vendor_type": reason,
        }
    )


READER = Reader(
    name="mautic_dnc",
    title="Mautic do-not-contact list (table lead_donotcontact, CSV)",
    sniff=sniff,
    read=_events.by_column(_convert),
    kind="state list",
    certainty="seen in code",
    how_to_get=(
        "In Mautic's database: SELECT leads.email, d.date_added, d.reason, d.channel, d.comments "
        "FROM lead_donotcontact d JOIN leads ON leads.id = d.lead_id; export as CSV with a header "
        "line."
    ),
)
