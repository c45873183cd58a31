"""MailerSend's webhooks.

``vendor_type`` is the type without ``activity.``: ``sent``, ``delivered``,
``soft_bounced``, ``hard_bounced``, ``deferred``, ``unsubscribed``,
``spam_complaint``. The ``status`` of the email inside an event is
``rejected`` for every failure and tells nothing
(developers.mailersend.com/api/v1/webhooks).

The message is known by the id that MailerSend writes into its Message-ID,
one for each recipient, where the event has it.
"""

from typing import Any

from bouncekit import times
from bouncekit.readers import _bodies, _events, _json
from bouncekit.readers._base import ByItem, Options, Reader, Row
from bouncekit.readers._reply import codes_of

_PREFIX = "activity."
_WORDS = _events.Vocabulary(
    "MailerSend",
    {
        "sent": "sent",
        "delivered": "delivered",
        "deferred": "deferral",
        "soft_bounced": "bounce",
        "hard_bounced": "bounce",
        "unsubscribed": "unsubscribe",
        "spam_complaint": "complaint",
    },
    _events.OPENS_AND_CLICKS
    | {
        "opened_unique": "an open",
        "clicked_unique": "a click",
        "survey_opened": "an open",
        "survey_submitted": "an answer to a survey",
    },
)


def _is_event(event: dict[str, Any]) -> bool:
    kind = event.get("type")
    return isinstance(kind, str) and kind.startswith(_PREFIX) and "data" in event


_unwrap = _bodies.unwrapper(_is_event)


def _parse(event: Any, options: Options) -> list[Row]:
    event = _events.posted(event)
    word = (_events.text(event, "type") or "").removeprefix(_PREFIX)
    kind = _WORDS.event(word)
    data = _json.part(event, "data")
    email, morph = _json.part(data, "email"), _json.part(data, "morph")
    own_id = _events.text(email, "id")
    words = _events.text(morph, "reason") if kind in ("bounce", "deferral") else None
    smtp, enhanced = codes_of(words)
    return [
        {
            "timestamp": times.from_iso(
                _events.text(data, "created_at") or _events.text(event, "created_at")
            ),
            "event": kind,
            "recipient": _json.text_at(email, "recipient", "email"),
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": words or _events.text(morph, "readable_reason"),
            "vendor_type": word,
            "message_id": f"{own_id}@mailersend.net"
            if own_id
            else _json.text_at(email, "message", "id"),
            "campaign": _json.first_text(email.get("tags")),
            "sender": _events.text(email, "from"),
        }
    ]


READER = Reader(
    name="mailersend",
    title="MailerSend webhooks (JSON)",
    sniff=_events.recogniser(_unwrap, _is_event),
    read=ByItem(_bodies.items(_unwrap), _parse),
    has_denominator=True,
    certainty="seen in code",
    how_to_get=(
        "Domains > Manage > Webhooks > Add webhook: mark all activity events, and keep the "
        "bodies that it posts."
    ),
)
