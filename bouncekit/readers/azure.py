"""Azure Communication Services: delivery reports of email, from Event Grid.

Both schemas of Event Grid, its own and CloudEvents. ``vendor_type`` is the
status: ``Delivered``; ``Bounced``; ``Failed``; ``FilteredSpam`` and
``Quarantined`` (the receiver took it for spam or a danger); ``Suppressed``
(Azure did not try). ``Expanded`` (a list sent it on) is skipped, and so are
reports of opens and the post that tries the address
(learn.microsoft.com/azure/event-grid/communication-services-email-events).
"""

from typing import Any

from bouncekit import times
from bouncekit.readers import _bodies, _events, _json
from bouncekit.readers._base import ByItem, Options, Reader, Row, SkipItem
from bouncekit.readers._reply import codes_of, without_type

_DELIVERY = "Microsoft.Communication.EmailDeliveryReportReceived"
_OTHERS = {
    "Microsoft.Communication.EmailEngagementTrackingReportReceived": "is an open or click, not a "
    "delivery event",
    "Microsoft.EventGrid.SubscriptionValidationEvent": "confirms a subscription and tells of no "
    "message",
}
_STATUSES = _events.Vocabulary(
    "Azure",
    {
        "Delivered": "delivered",
        "Bounced": "bounce",
        "Failed": "bounce",
        "FilteredSpam": "bounce",
        "Quarantined": "bounce",
        "Suppressed": "suppressed",
    },
    {"Expanded": "a list that sent the message on", "OutForDelivery": "a state on the way"},
)


def _kind(event: dict[str, Any]) -> str:
    return _events.text(event, "eventType", "type") or ""


def _is_event(event: dict[str, Any]) -> bool:
    return _kind(event) in {_DELIVERY, *_OTHERS}


_unwrap = _bodies.unwrapper(_is_event)


def _parse(event: Any, options: Options) -> list[Row]:
    event = _events.posted(event)
    if _kind(event) in _OTHERS:
        raise SkipItem(_OTHERS[_kind(event)])
    data = _json.part(event, "data")
    status = _events.text(data, "status")
    kind = _STATUSES.event(status)
    details = _json.part(data, "deliveryStatusDetails")
    words = without_type(_events.text(details, "statusMessage"))
    smtp, enhanced = codes_of(None if kind == "suppressed" else words)
    at = ("deliveryAttemptTimeStamp", "deliveryAttemptTimestamp")
    return [
        {
            "timestamp": times.from_iso(
                _events.text(data, *at) or _events.text(event, "eventTime", "time")
            ),
            "event": kind,
            "recipient": _events.text(data, "recipient"),
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": words,
            "vendor_type": status,
            "message_id": _events.bare_id(_events.text(data, "internetMessageId", "messageId")),
            "sender": _events.text(data, "sender"),
            "remote_mta": _events.text(details, "recipientMailServerHostName"),
        }
    ]


READER = Reader(
    name="azure",
    title="Azure Communication Services delivery reports (Event Grid JSON)",
    sniff=_events.recogniser(_unwrap, _is_event),
    read=ByItem(_bodies.items(_unwrap), _parse),
    has_denominator=True,
    how_to_get=(
        "Communication Services resource > Events > Event Subscription for Email Delivery Report "
        "Received, endpoint a storage queue, an event hub with capture, or a function that keeps "
        "the events."
    ),
)
