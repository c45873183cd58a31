"""SMTP2GO's webhooks, JSON or form-encoded.

``vendor_type`` is the event, and of a bounce its kind: ``processed``,
``delivered``, ``bounce/hard``, ``bounce/soft``, ``reject`` (SMTP2GO did not
try, so ``suppressed``), ``spam``, ``unsubscribe``. Facts: public code that
receives these posts.
"""

from typing import Any

from bouncekit import times
from bouncekit.readers import _bodies, _events
from bouncekit.readers._base import BadItem, ByItem, Options, Reader, Row
from bouncekit.readers._reply import codes_of

_WORDS = _events.Vocabulary(
    "SMTP2GO",
    {
        "processed": "sent",
        "delivered": "delivered",
        "bounce": "bounce",
        "reject": "suppressed",
        "spam": "complaint",
        "unsubscribe": "unsubscribe",
    },
    _events.OPENS_AND_CLICKS | {"resubscribe": "a renewed subscription"},
)


def _is_event(event: dict[str, Any]) -> bool:
    named = bool({"rcpt", "recipients"} & set(event))
    return event.get("event") in _WORDS and "email_id" in event and named


_unwrap = _bodies.unwrapper(_is_event)


def _parse(event: Any, options: Options) -> list[Row]:
    event = _events.posted(event)
    word = _events.text(event, "event")
    kind = _WORDS.event(word)
    words = _events.text(event, "message", "context")
    smtp, enhanced = codes_of(None if kind == "suppressed" else words)
    people = _events.entries(event.get("rcpt")) or _events.entries(event.get("recipients"))
    if not people:
        msg = f"is {word} and names no recipient"
        raise BadItem(msg)
    return [
        {
            "timestamp": times.from_text(_events.text(event, "time", "sendtime") or ""),
            "event": kind,
            "recipient": str(person),
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": words,
            "vendor_type": _events.joined(word, _events.text(event, "bounce")),
            "message_id": _events.bare_id(_events.text(event, "Message-Id", "email_id")),
            "sender": _events.text(event, "sender", "from_address"),
            "remote_mta": _events.text(event, "host"),
        }
        for person in people
    ]


READER = Reader(
    name="smtp2go",
    title="SMTP2GO webhooks (JSON, form)",
    sniff=_events.recogniser(_unwrap, _is_event),
    read=ByItem(_bodies.items(_unwrap), _parse),
    has_denominator=True,
    certainty="seen in code",
    how_to_get=(
        "Settings > Webhooks > Add webhook: mark all email events, and keep the bodies that it "
        "posts."
    ),
)
