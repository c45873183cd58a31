"""Postal's webhooks (the open-source mail platform).

``vendor_type`` is the event and the status: ``MessageSent/Sent``,
``MessageDelayed/SoftFail``, ``MessageDeliveryFailed/HardFail``,
``MessageHeld/Held`` (Postal did not try: suppressed address, spam or its own
limit). ``MessageBounced`` tells that a bounce message came back and nothing
of what it says.

The reply is in ``output``; ``details`` is Postal's own sentence and stands in
where there was no reply. A bounce is known by its two messages: some versions
post it under another name.

Facts: docs.postalserver.io and the project's code.
"""

from typing import Any

from bouncekit import times
from bouncekit.readers import _bodies, _events, _json
from bouncekit.readers._base import ByItem, Options, Reader, Row, SkipItem
from bouncekit.readers._reply import codes_of

_WORDS = _events.Vocabulary(
    "Postal",
    {
        "MessageSent": "delivered",
        "MessageDelayed": "deferral",
        "MessageDeliveryFailed": "bounce",
        "MessageHeld": "suppressed",
        "MessageBounced": "bounce",
    },
    {
        "MessageLinkClicked": "a click",
        "MessageLoaded": "an open",
        "DomainDNSError": "a fault in a domain's DNS",
        "SendLimitApproaching": "a warning of a limit",
        "SendLimitExceeded": "a warning of a limit",
    },
)


def _is_event(event: dict[str, Any]) -> bool:
    return event.get("event") in _WORDS and isinstance(event.get("payload"), dict)


_unwrap = _bodies.unwrapper(_is_event)


def _parse(event: Any, options: Options) -> list[Row]:
    event = _events.posted(event)
    payload = _json.part(event, "payload")
    bounced = {"original_message", "bounce"} <= set(payload)
    word = "MessageBounced" if bounced else _events.text(event, "event")
    kind = _WORDS.event(word)
    message = _json.part(payload, "original_message" if bounced else "message")
    if _events.text(message, "direction") == "incoming":
        msg = "is about mail that came in"
        raise SkipItem(msg)
    output, details = (_events.text(payload, key) for key in ("output", "details"))
    smtp, enhanced = codes_of(output)
    return [
        {
            "timestamp": times.from_epoch(
                _events.text(payload, "timestamp") or _events.text(event, "timestamp")
            ),
            "event": kind,
            "recipient": _events.text(message, "to"),
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": output or details,
            "vendor_type": _events.joined(word, _events.text(payload, "status")),
            "message_id": _events.bare_id(_events.text(message, "message_id", "token")),
            "campaign": _events.text(message, "tag"),
            "sender": _events.text(message, "from"),
        }
    ]


READER = Reader(
    name="postal",
    title="Postal webhooks (JSON)",
    sniff=_events.recogniser(_unwrap, _is_event),
    read=ByItem(_bodies.items(_unwrap), _parse),
    has_denominator=True,
    certainty="seen in code",
    how_to_get=(
        "Mail server > Webhooks > Add a webhook for all events, and keep the bodies that it posts."
    ),
)
