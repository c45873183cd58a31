"""SendGrid's Email Activity CSV: what the activity feed of the console mails as a link.

One record for each event. Its words differ a little from the event webhook's
(``bounced``, ``drop``, ``spam_report``); ``vendor_type`` is the webhook's word
for the same thing, so that both mean the same to the rules: ``processed``,
``delivered``, ``deferred``, ``bounce``, ``blocked`` (a bounce's ``type``),
``dropped/Bounced Address`` ..., ``spamreport``, ``unsubscribe``,
``group_unsubscribe``. ``categories`` is JSON text in a cell. Times (``processed``)
are UTC where they name no zone. Look-alike: the suppression lists, which have
``created`` in place of ``processed``.
"""

import json
from collections.abc import Iterator
from contextlib import suppress

import pyarrow as pa
import pyarrow.compute as pc

from bouncekit import times
from bouncekit.accounting import Ledger
from bouncekit.inputs.sources import Blob, Head
from bouncekit.readers import _columns, _csv, _json
from bouncekit.readers._base import CERTAIN, NO, Chunk, Options, Reader
from bouncekit.readers._events import SKIP, note_zone, settled
from bouncekit.readers.sendgrid_events import DROP_REASON, WORDS, message_key

_NEEDED = {"processed", "message id", "event", "email"}
_ONLY_HERE = {"recv message id", "api key id", "originating ip", "outbound ip type"}
_WEBHOOK_WORD = {
    "bounced": "bounce",
    "block": "blocked",
    "drop": "dropped",
    "spam_report": "spamreport",
    "delivery": "delivered",
    "deferral": "deferred",
}


def sniff(head: Head) -> int:
    """Recognise the time column and the ids that only this export has."""
    names = set(head.columns)
    return CERTAIN if names >= _NEEDED and names & _ONLY_HERE else NO


def _word(text: str) -> str:
    word = text.lower().replace(" ", "_")
    return _WEBHOOK_WORD.get(word, word)


def _event(word: str) -> str | None:
    return SKIP if word in WORDS.others else WORDS.events.get(word)


def _category(cell: str) -> str | None:
    with suppress(ValueError, RecursionError):
        return _json.first_text(json.loads(cell))
    return cell


def _vendor_type(word: _columns.Column, kind: _columns.Column, reason: _columns.Column) -> pa.Array:
    """Give a bounce its type and a drop its reason, as the webhook's reader does."""
    kind = pc.coalesce(_columns.by_distinct(kind, _word, pa.string()), word)
    own = pc.match_substring_regex(reason, f"^{DROP_REASON.pattern}$")
    reason = pc.if_else(own, pc.binary_join_element_wise("dropped", reason, "/"), None)
    dropped = pc.coalesce(reason, word)
    return pc.case_when(
        pc.make_struct(pc.equal(word, "bounce"), pc.equal(word, "dropped")), kind, dropped, word
    )


def _convert(cells: pa.Table, options: Options, ledger: Ledger) -> pa.Table:
    when = _columns.column(cells, "processed")
    if not _columns.names_zones(when):
        note_zone(ledger, options, "UTC", "as SendGrid writes them")
    word = _columns.by_distinct(_columns.column(cells, "event"), _word, pa.string())
    reason = _columns.column(cells, "reason")
    smtp, enhanced = _columns.reply_codes(reason)
    ids = _columns.column(cells, "message id", "recv message id")
    categories = _columns.by_distinct(_columns.column(cells, "categories"), _category, pa.string())
    campaign = _columns.column(cells, "marketing campaign name", "marketing campaign id")
    return pa.table(
        {
            "timestamp": _columns.moments(when, lambda text: times.from_text(text, options.tz)),
            "event": _columns.by_distinct(word, _event, pa.string()),
            "recipient": _columns.column(cells, "email"),
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": reason,
            "vendor_type": _vendor_type(word, _columns.column(cells, "type"), reason),
            "message_id": _columns.by_distinct(ids, message_key, pa.string()),
            "campaign": pc.coalesce(campaign, categories),
            "sender": _columns.column(cells, "from"),
            "sending_ip": _columns.column(cells, "outbound ip"),
            "remote_mta": _columns.column(cells, "mx"),
        }
    )


def read(blob: Blob, options: Options, ledger: Ledger) -> Iterator[Chunk]:
    """Read the feed, one row per record that is a delivery event."""
    for found in _csv.records(blob, ledger, free_text="reason"):
        table = _convert(found.cells, options, ledger).append_column("item", found.items)
        yield settled(table, ledger)


READER = Reader(
    name="sendgrid_activity",
    title="SendGrid Email Activity (CSV)",
    sniff=sniff,
    read=read,
    has_denominator=True,
    how_to_get=(
        "Activity > choose the dates > Export CSV; SendGrid mails a link to the file. The feed "
        "goes back 3 days, or 30 days with the activity history add-on."
    ),
    certainty="seen in code",
)
