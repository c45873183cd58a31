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
from typing import Any

from bouncekit import times
from bouncekit.inputs.sources import Head
from bouncekit.readers import _bodies, _json
from bouncekit.readers._base import CERTAIN, NO, ByItem, Options, Reader, Row, SkipItem
from bouncekit.readers._events import OPENS_AND_CLICKS, Vocabulary, bare_id, joined, posted
from bouncekit.readers._reply import codes_of

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


def _parse(event: Any, options: Options) -> list[Row]:
    event = posted(event)
    word = _json.text_of(event.get("event"))
    kind = WORDS.event(word)
    written = _json.text_of(event.get("smtp-id"))
    if event.get("email") == _TRIAL[0] and _TRIAL[1] in (written or ""):
        msg = "is a test post, not an event"
        raise SkipItem(msg)
    reason = _json.text_of(event.get("reason"))
    diagnostic = reason or _json.text_of(event.get("response"))
    # On a drop it is SendGrid's, not a receiver's.
    status = _json.text_of(event.get("status")) if kind in ("bounce", "deferral") else None
    smtp, enhanced = codes_of(diagnostic, status)
    given = message_key(_json.text_of(event.get("sg_message_id")))
    return [
        {
            "timestamp": times.from_epoch(_scalar(event.get("timestamp"))),
            "event": kind,
            "recipient": _json.text_of(event.get("email")),
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": diagnostic,
            "vendor_type": _vendor_type(word, event, reason),
            "message_id": bare_id(written) or given,
            "campaign": _campaign(event),
            "sending_ip": _json.text_of(event.get("ip")) if word in _WITH_OUR_IP else None,
        }
    ]


def _scalar(value: Any) -> Any:
    return value if isinstance(value, (int, float, str)) else None


def _vendor_type(word: str | None, event: dict[str, Any], reason: str | None) -> str | None:
    if word == "bounce":
        kind = _json.text_of(event.get("type")) or word
        return joined(kind, _json.text_of(event.get("bounce_classification")))
    if word == "dropped" and reason and DROP_REASON.fullmatch(reason):
        return joined(word, reason)
    return word


def message_key(given: str | None) -> str | None:
    """Return the part of SendGrid's id for a message that all its events share."""
    return given.partition(".")[0] or None if given else None


def _campaign(event: dict[str, Any]) -> str | None:
    named = _json.first_text([event.get(key) for key in _CAMPAIGN_KEYS])
    return named or _json.first_text(event.get("category"))


READER = Reader(
    name="sendgrid_events",
    title="SendGrid event webhook (JSON)",
    sniff=sniff,
    read=ByItem(_bodies.items(_events), _parse),
    has_denominator=True,
    how_to_get=(
        "Settings > Mail Settings > Event Webhooks > Create new webhook: under Deliverability Data "
        "check Processed, Dropped, Deferred, Delivered and Bounced, under Engagement Data Spam "
        "Reports and Unsubscribes; keep the bodies that it posts."
    ),
)
