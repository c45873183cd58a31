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
from bouncekit.readers._base import (
    CERTAIN,
    NO,
    ByItem,
    Options,
    Reader,
    Row,
)
from bouncekit.readers._reply import codes_of

_EVENTS = {
    "processed": "sent",
    "delivered": "delivered",
    "deferred": "deferral",
    "bounce": "bounce",
    "blocked": "bounce",
    "dropped": "suppressed",
    "spamreport": "complaint",
    "unsubscribe": "unsubscribe",
    "group_unsubscribe": "unsubscribe",
}
_NOT_OURS = {
    "open": "is an open, not a delivery event",
    "click": "is a click, not a delivery event",
    "group_resubscribe": "is a renewed subscription, not a delivery event",
    "account_status_change": "tells of the account, not of a message",
}
# In events of recipients, such as unsubscribe, it is the address of their browser.
_WITH_OUR_IP = {"delivered", "bounce", "blocked", "deferred"}
_CAMPAIGN_KEYS = ("marketing_campaign_name", "singlesend_name", "marketing_campaign_id")
_DROP_REASON = re.compile(r"[A-Za-z ]{1,40}")


def _is_event(value: dict[str, Any]) -> bool:
    return "event" in value or "sg_event_id" in value


_events = _bodies.unwrapper(_is_event)


def sniff(head: Head) -> int:
    """Recognise SendGrid's ids, or its words for events beside an address."""
    for event in _bodies.first_objects(head, _events):
        if "sg_event_id" in event or ("sg_message_id" in event and "event" in event):
            return CERTAIN
        known = _json.text_of(event.get("event")) in {*_EVENTS, *_NOT_OURS}
        if known and {"email", "timestamp"} <= set(event) and "smtp-id" in event:
            return CERTAIN
    return NO


def _parse(event: Any, options: Options) -> list[Row]:
    word = _bodies.word_of(event, "event", _EVENTS, _NOT_OURS, "SendGrid")
    reason, response = (_json.text_of(event.get(key)) for key in ("reason", "response"))
    diagnostic = reason or response
    status = _json.text_of(event.get("status")) if _EVENTS[word] in ("bounce", "deferral") else None
    smtp, enhanced = codes_of(diagnostic, status)
    return [
        {
            "timestamp": times.from_epoch(_scalar(event.get("timestamp"))),
            "event": _EVENTS[word],
            "recipient": _json.text_of(event.get("email")),
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": diagnostic,
            "vendor_type": _vendor_type(word, event, reason),
            "message_id": _message_id(event),
            "campaign": _campaign(event),
            "sending_ip": _json.text_of(event.get("ip")) if word in _WITH_OUR_IP else None,
        }
    ]


def _scalar(value: Any) -> Any:
    return value if isinstance(value, (int, float, str)) else None


def _vendor_type(word: str, event: dict[str, Any], reason: str | None) -> str:
    if word == "bounce":
        kind = _json.text_of(event.get("type")) or word
        found = _json.text_of(event.get("bounce_classification"))
        return f"{kind}/{found}" if found else kind
    if word == "dropped" and reason and _DROP_REASON.fullmatch(reason):
        return f"{word}/{reason}"
    return word


def _message_id(event: dict[str, Any]) -> str | None:
    written = _json.text_of(event.get("smtp-id"))
    if written:
        return written.strip("<> ") or None
    given = _json.text_of(event.get("sg_message_id"))
    return given.partition(".")[0] or None if given else None


def _campaign(event: dict[str, Any]) -> str | None:
    for key in _CAMPAIGN_KEYS:
        name = _json.text_of(event.get(key))
        if name:
            return name
    return _json.first_text(event.get("category"))


READER = Reader(
    name="sendgrid_events",
    title="SendGrid event webhook (JSON)",
    sniff=sniff,
    read=ByItem(_bodies.items(_events), _parse),
    has_denominator=True,
    how_to_get="Settings > Mail Settings > Event Webhook; keep the bodies that it posts",
)
