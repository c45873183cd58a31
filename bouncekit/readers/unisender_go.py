"""Unisender Go's webhooks: events by user, or one flat event a post.

``vendor_type`` is the status, and for failures what became of the delivery:
``hard_bounced/err_user_unknown``. Statuses: ``sent``, ``delivered``,
``soft_bounced``, ``hard_bounced``, ``spam``, ``unsubscribed``. What became of it:

- failed: ``err_user_unknown``, ``err_user_inactive``, ``err_domain_inactive``,
  ``err_mailbox_full``, ``err_too_large``, ``err_unreachable``,
  ``err_destination_misconfigured``, ``err_spam_rejected``,
  ``err_blacklisted``, ``err_delivery_failed``, ``err_lost``
- goes on trying, a deferral: ``err_will_retry``
- not tried, ``suppressed``: ``err_mailbox_discarded``, ``err_unsubscribed``,
  ``err_skip_letter``, ``err_spam_skipped``

Facts: public code that receives these posts. Times name no zone there.
"""

from typing import Any

from bouncekit import times
from bouncekit.readers import _bodies, _events, _json
from bouncekit.readers._base import ByItem, Options, Reader, Row, SkipItem
from bouncekit.readers._reply import codes_of

_WORDS = _events.Vocabulary(
    "Unisender Go",
    {
        "sent": "sent",
        "delivered": "delivered",
        "soft_bounced": "bounce",
        "hard_bounced": "bounce",
        "spam": "complaint",
        "unsubscribed": "unsubscribe",
    },
    _events.OPENS_AND_CLICKS | {"subscribed": "a new subscription"},
)
_DEFERRED = {"err_will_retry"}
_NOT_TRIED = {"err_mailbox_discarded", "err_unsubscribed", "err_skip_letter", "err_spam_skipped"}
_BLOCK = "transactional_spam_block"


def _is_event(event: dict[str, Any]) -> bool:
    flat = {"job_id", "email", "status", "event_time"} <= set(event)
    return flat or ("event_name" in event and isinstance(event.get("event_data"), dict))


_unwrap = _bodies.unwrapper(_is_event, "events_by_user", "events")


def _is_local(event: dict[str, Any]) -> bool:
    written = _events.text(_data(event), "event_time")
    return written is not None and not times.has_zone(written)


def _data(event: dict[str, Any]) -> dict[str, Any]:
    return _json.part(event, "event_data") or event


def _parse(event: Any, options: Options) -> list[Row]:
    event = _events.posted(event)
    if _events.text(event, "event_name") == _BLOCK:
        msg = "tells of a domain that blocks the sender, not of a message"
        raise SkipItem(msg)
    data = _data(event)
    word = _events.text(data, "status")
    kind = _WORDS.event(word)
    delivery = _json.part(data, "delivery_info")
    became = _events.text(delivery, "delivery_status")
    if kind == "bounce" and became in _DEFERRED | _NOT_TRIED:
        kind = "deferral" if became in _DEFERRED else "suppressed"
    words = _events.text(delivery, "destination_response")
    smtp, enhanced = codes_of(words)
    return [
        {
            "timestamp": times.from_iso(_events.text(data, "event_time"), options.tz),
            "event": kind,
            "recipient": _events.text(data, "email"),
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": words,
            "vendor_type": _events.joined(
                word, became if became and became.startswith("err_") else None
            ),
            "message_id": _events.text(data, "job_id"),
            "campaign": _events.text(_json.part(data, "metadata"), "campaign_id", "campaign"),
        }
    ]


READER = Reader(
    name="unisender_go",
    title="Unisender Go webhooks (JSON)",
    sniff=_events.recogniser(_unwrap, _is_event),
    read=ByItem(
        _events.noting_zone(_bodies.items(_unwrap), _is_local, "UTC", "Unisender Go names none"),
        _parse,
    ),
    has_denominator=True,
    certainty="seen in code",
    how_to_get=(
        "Settings > Webhooks > Add: mark all statuses of messages, and keep the bodies that it "
        "posts."
    ),
)
