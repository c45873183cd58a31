"""SendGrid's event webhook: arrays of events, as posted or one event per line.

``vendor_type`` is the event's word; a bounce gives its type and, where there
is one, the classification; a drop gives its reason:

- ``processed``, ``delivered``, ``deferred``, ``spamreport``, ``unsubscribe``,
  ``group_unsubscribe``
- ``bounce``, ``blocked``, ``expired`` (older), and with a classification
  ``bounce/Invalid Address``, ``blocked/Technical`` ... Classifications come in
  two spellings: ``Invalid Address`` or ``Invalid``, ``Technical Failure`` or
  ``Technical``, ``Frequency or Volume Too High`` or ``Frequency/Volume``,
  ``Content``, ``Reputation``, ``Mailbox Unavailable``, ``Unclassified``.
- ``dropped``, ``dropped/Bounced Address``, ``dropped/Unsubscribed Address``,
  ``dropped/Spam Reporting Address``, ``dropped/Invalid``, ``dropped/Spam
  Content``, ``dropped/Invalid SMTPAPI header``, ``dropped/Recipient List over
  Package Quota``: SendGrid did not try, so the event is ``suppressed``.

There is no event ``blocked``: a block is a bounce of that type. Custom
arguments stand among the event's own keys and may be of any kind.
"""

import re
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from bouncekit import times
from bouncekit.accounting import Ledger
from bouncekit.arrays.encoding import one_array
from bouncekit.inputs.sources import Head
from bouncekit.readers import _bodies, _columns, _csv, _event_columns, _json
from bouncekit.readers._base import CERTAIN, NO, Options, Reader
from bouncekit.readers._events import OPENS_AND_CLICKS, Vocabulary

WORDS = Vocabulary(
    "SendGrid",
    {
        "processed": "sent",
        "delivered": "delivered",
        "deferred": "deferral",
        "bounce": "bounce",
        "blocked": "bounce",
        "dropped": "suppressed",
        "spamreport": "complaint",
        "unsubscribe": "unsubscribe",
        "group_unsubscribe": "unsubscribe",
    },
    OPENS_AND_CLICKS
    | {
        "group_resubscribe": "a renewed subscription",
        "account_status_change": "about the account",
    },
)
DROP_REASON = re.compile(r"[A-Za-z ]{1,40}")
"""A reason of SendGrid's own for a drop; anything longer is a text."""
# In events of recipients, such as unsubscribe, it is the address of their browser.
_WITH_OUR_IP = {"delivered", "bounce", "blocked", "deferred"}
_CAMPAIGN_KEYS = ("marketing_campaign_name", "singlesend_name", "marketing_campaign_id")
# What the button that tries an address posts; its events look real otherwise.
_TRIAL = ("example@test.com", "@ismtpd-555")


def _is_event(value: dict[str, Any]) -> bool:
    return "event" in value or "sg_event_id" in value


_events = _bodies.unwrapper(_is_event)


def sniff(head: Head) -> int:
    """Recognise SendGrid's ids, or its words for events beside an address."""
    for event in _bodies.first_objects(head, _events):
        if "sg_event_id" in event or ("sg_message_id" in event and "event" in event):
            return CERTAIN
        if event.get("event") in WORDS and {"email", "timestamp", "smtp-id"} <= set(event):
            return CERTAIN
    return NO


def _campaign(event: dict[str, Any]) -> str | None:
    named = _json.first_text([event.get(key) for key in _CAMPAIGN_KEYS])
    return named or _json.first_text(event.get("category"))


_FACTS: _event_columns.Facts = {
    **{name: name for name in ("event", "email", "timestamp", "reason", "response", "status")},
    **{name: name for name in ("type", "bounce_classification", "smtp-id", "sg_message_id", "ip")},
    "campaign": _campaign,
}


def _convert(records: _csv.Records, options: Options, ledger: Ledger) -> pa.Table:
    records = _without_trials(records, ledger)
    column = partial(_columns.column, records.cells)
    word, reason = column("event"), column("reason")
    event = _event_columns.told_events(records, word, WORDS, ledger)
    diagnostic = pc.coalesce(reason, column("response"))
    # On a drop it is SendGrid's, not a receiver's.
    failed = pc.is_in(event, pa.array(["bounce", "deferral"]))
    smtp, enhanced = _columns.reply_codes(diagnostic, pc.if_else(failed, column("status"), None))
    ours = pc.is_in(word, pa.array(sorted(_WITH_OUR_IP)))
    table = pa.table(
        {
            "timestamp": _columns.moments(column("timestamp"), times.from_epoch),
            "event": event,
            "recipient": column("email"),
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": diagnostic,
            "vendor_type": _vendor_type(
                word, column("type"), column("bounce_classification"), reason
            ),
            "message_id": _message_id(column("smtp-id"), column("sg_message_id")),
            "campaign": column("campaign"),
            "sending_ip": pc.if_else(ours, column("ip"), None),
            "item": records.items,
        }
    )
    kept = table.filter(pc.is_valid(event))
    ledger.read += kept.num_rows
    return kept


def _without_trials(records: _csv.Records, ledger: Ledger) -> _csv.Records:
    """Leave out what the button that tries an address posts."""
    cells = records.cells
    trial = pc.and_(
        pc.equal(cells.column("email"), _TRIAL[0]),
        pc.match_substring(cells.column("smtp-id"), _TRIAL[1]),
    )
    word = cells.column("event")
    trial = pc.and_(pc.fill_null(trial, False), pc.is_in(word, pa.array(list(WORDS.events))))
    if not pc.any(trial).as_py():
        return records
    numbers = records.items.filter(one_array(trial))
    ledger.skip(numbers[0].as_py(), "is a test post, not an event", len(numbers))
    kept = pc.invert(trial)
    return _csv.Records(cells.filter(kept), records.items.filter(one_array(kept)))


def _vendor_type(
    word: _columns.Column,
    kind: _columns.Column,
    class_: _columns.Column,
    reason: _columns.Column,
) -> _columns.Column:
    kind = pc.coalesce(kind, word)
    bounced = pc.coalesce(pc.binary_join_element_wise(kind, class_, "/"), kind)
    told = pc.match_substring_regex(reason, f"^{DROP_REASON.pattern}$")
    dropped = pc.binary_join_element_wise(word, pc.if_else(told, reason, None), "/")
    found = pc.if_else(pc.equal(word, "bounce"), bounced, word)
    return pc.if_else(pc.equal(word, "dropped"), pc.coalesce(dropped, word), found)


def _message_id(written: _columns.Column, given: _columns.Column) -> _columns.Column:
    bare = _columns.filled(pc.utf8_trim(written, "<> "))
    if not bare.null_count:
        return bare
    own = _columns.filled(pc.replace_substring_regex(given, r"(?s)\..*$", ""))
    return pc.coalesce(bare, own)


def message_key(given: str | None) -> str | None:
    """Return the part of SendGrid's id for a message that all its events share."""
    return given.partition(".")[0] or None if given else None


READER = Reader(
    name="sendgrid_events",
    title="SendGrid event webhook (JSON)",
    sniff=sniff,
    read=_event_columns.by_column(_events, _is_event, _FACTS, _convert),
    has_denominator=True,
    how_to_get=(
        "Settings > Mail Settings > Event Webhooks > Create new webhook: under Deliverability Data "
        "check Processed, Dropped, Deferred, Delivered and Bounced, under Engagement Data Spam "
        "Reports and Unsubscribes; keep the bodies that it posts."
    ),
)
