"""Brevo's log table: Transactional > Logs > Export, one record per message and event.

``vendor_type`` is the column ``st_text``: the event in the language of the
account's pages (``Hard bounce``, ``Bloccata``). The table tells no reason and
no code. English and Italian labels were seen; others are read by what such
words usually mean, and a record with a label that is not known fails.
``Blocked`` (the address is on Brevo's block list) and ``Error`` were not
tried: ``suppressed``.

Times are ``DD-MM-YYYY HH:MM:SS`` in the account's zone; empty cells are the
word ``NA``. An export of some days holds later events of mail that was sent
before them, so its ``Sent`` records are fewer than what it tells of.

Look-alike: the webhook and the API (:mod:`brevo_events`).
"""

import pyarrow as pa
import pyarrow.compute as pc

from bouncekit import times
from bouncekit.accounting import Ledger
from bouncekit.inputs.sources import Head
from bouncekit.readers import _columns, _events
from bouncekit.readers._base import CERTAIN, NO, Options, Reader
from bouncekit.readers._events import SKIP
from bouncekit.readers._words import event_of

_NEEDED = {"st text", "ts", "frm", "email", "mid"}
_LABELS = {
    "sent": "sent",
    "delivered": "delivered",
    "soft bounce": "bounce",
    "hard bounce": "bounce",
    "invalid email": "bounce",
    "deferred": "deferral",
    "blocked": "suppressed",
    "error": "suppressed",
    "complaint": "complaint",
    "spam": "complaint",
    "unsubscribed": "unsubscribe",
    "first opening": SKIP,
    "opened": SKIP,
    "loaded by proxy": SKIP,
    "clicked": SKIP,
    "inviata": "sent",
    "richiesta invio": "sent",
    "bloccata": "suppressed",
    "disiscrizione": "unsubscribe",
    "prima apertura": SKIP,
    "aperta": SKIP,
    "caricata per procura": SKIP,
    "cliccata": SKIP,
}


def sniff(head: Head) -> int:
    """Recognise the columns."""
    return CERTAIN if set(head.columns) >= _NEEDED else NO


def _event(label: str) -> str | None:
    return _LABELS.get(label.lower()) or event_of(label)


def _convert(cells: pa.Table, options: Options, ledger: Ledger) -> pa.Table:
    _events.note_zone(ledger, options, "UTC", "Brevo writes account time")

    found = (_filled(cells, name) for name in ("st text", "ts", "email", "mid", "tag", "frm"))
    label, written, recipient, message, tag, sender = found
    return pa.table(
        {
            "timestamp": _columns.moments(
                written, lambda text: times.from_text(text, options.tz, days_first=True)
            ),
            "event": _columns.by_distinct(label, _event, pa.string()),
            "recipient": recipient,
            "vendor_type": label,
            "message_id": pc.utf8_trim(message, "<> "),
            "campaign": tag,
            "sender": sender,
        }
    )


def _filled(cells: pa.Table, name: str) -> _columns.Column:
    found = _columns.column(cells, name)
    return pc.if_else(pc.equal(found, "NA"), pa.scalar(None, pa.string()), found)


READER = Reader(
    name="brevo_csv",
    title="Brevo transactional log (CSV)",
    sniff=sniff,
    read=_events.by_column(_convert),
    has_denominator=True,
    certainty="seen in code",
    how_to_get="Transactional > Email > Logs: choose the days > Export.",
)
