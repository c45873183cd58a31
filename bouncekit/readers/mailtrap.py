"""Mailtrap's webhooks of its sending service.

``vendor_type`` is the event's word and, of failures, the category that
Mailtrap puts it in: ``delivery``; ``bounce/hard``, ``soft bounce/unavailable``
(words for categories are free); ``suspension`` (the account may not send for
now, so a deferral); ``reject`` (Mailtrap did not try, so ``suppressed``);
``spam``; ``unsubscribe``. The reply stands in brackets behind the event's
word: ``bounced (550 5.1.1 ...)``.

Facts: docs.mailtrap.io and public test data.
"""

import re
from typing import Any

from bouncekit import times
from bouncekit.readers import _bodies, _events
from bouncekit.readers._base import ByItem, Options, Reader, Row
from bouncekit.readers._reply import codes_of

_WORDS = _events.Vocabulary(
    "Mailtrap",
    {
        "delivery": "delivered",
        "bounce": "bounce",
        "soft bounce": "bounce",
        "suspension": "deferral",
        "reject": "suppressed",
        "spam": "complaint",
        "unsubscribe": "unsubscribe",
    },
    _events.OPENS_AND_CLICKS,
)
_WRAPPED = re.compile(r"(?:[a-z]+ )?[a-z]+ \((.*)\)\s*", re.DOTALL)


def _is_event(event: dict[str, Any]) -> bool:
    return "sending_stream" in event and "event" in event


_unwrap = _bodies.unwrapper(_is_event, "events")


def _parse(event: Any, options: Options) -> list[Row]:
    event = _events.posted(event)
    word = _events.text(event, "event")
    kind = _WORDS.event(word)
    words = _reply(_events.text(event, "response")) or _events.text(event, "reason")
    smtp, enhanced = codes_of(words, _events.text(event, "response_code"))
    return [
        {
            "timestamp": times.from_epoch(_events.text(event, "timestamp")),
            "event": kind,
            "recipient": _events.text(event, "email"),
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": words,
            "vendor_type": _events.joined(word, _events.text(event, "bounce_category")),
            "message_id": _events.text(event, "message_id"),
            "campaign": _events.text(event, "category"),
        }
    ]


def _reply(response: str | None) -> str | None:
    wrapped = _WRAPPED.fullmatch(response) if response else None
    return wrapped[1] if wrapped else response


READER = Reader(
    name="mailtrap",
    title="Mailtrap email sending webhooks (JSON)",
    sniff=_events.recogniser(_unwrap, _is_event),
    read=ByItem(_bodies.items(_unwrap), _parse),
    has_denominator=True,
    certainty="seen in code",
    how_to_get=(
        "Settings > Webhooks > Create new webhook, type email sending: mark all events, and keep "
        "the bodies that it posts."
    ),
)
