"""Scaleway Transactional Email: events of its webhooks, which SNS posts.

``vendor_type`` is the type: ``email_queued`` (handed over: ``sent``),
``email_delivered``, ``email_deferred`` (Scaleway tries again),
``email_dropped``, ``email_mailbox_not_found``, ``email_spam`` (taken for spam
by the receiver, or by Scaleway itself), ``email_blocklisted`` (on the block
list, not tried). ``blocklist_created`` tells of no message
(scaleway.com/en/docs/transactional-email).
"""

from typing import Any

from bouncekit import times
from bouncekit.readers import _bodies, _events
from bouncekit.readers._base import ByItem, Options, Reader, Row, SkipItem
from bouncekit.readers._reply import codes_of

_WORDS = _events.Vocabulary(
    "Scaleway",
    {
        "email_queued": "sent",
        "email_delivered": "delivered",
        "email_deferred": "deferral",
        "email_dropped": "bounce",
        "email_mailbox_not_found": "bounce",
        "email_spam": "bounce",
        "email_blocklisted": "suppressed",
    },
    {"blocklist_created": "an address put on the block list", "unknown_type": "of no type"},
)
_CONFIRMATIONS = {"SubscriptionConfirmation", "UnsubscribeConfirmation"}


def _is_event(event: dict[str, Any]) -> bool:
    return event.get("type") in _WORDS and bool({"email_id", "domain_name"} & set(event))


def _is_post(event: dict[str, Any]) -> bool:
    return _is_event(event) or _events.text(event, "Type") in _CONFIRMATIONS


_unwrap = _bodies.unwrapper(_is_post)


def _parse(event: Any, options: Options) -> list[Row]:
    event = _events.posted(event)
    if _events.text(event, "Type") in _CONFIRMATIONS:
        msg = "confirms a subscription and tells of no message"
        raise SkipItem(msg)
    word = _events.text(event, "type")
    kind = _WORDS.event(word)
    words = _events.text(event, "email_response_message", "email_error")
    smtp, enhanced = codes_of(words, _events.text(event, "email_response_code"))
    return [
        {
            "timestamp": times.from_iso(_events.text(event, "created_at")),
            "event": kind,
            "recipient": _events.text(event, "email_to"),
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": words,
            "vendor_type": word,
            "message_id": _events.text(event, "email_id"),
            "sender": _events.text(event, "email_from"),
        }
    ]


READER = Reader(
    name="scaleway",
    title="Scaleway Transactional Email webhooks (JSON)",
    sniff=_events.recogniser(_unwrap, _is_event),
    read=ByItem(_bodies.items(_unwrap), _parse),
    has_denominator=True,
    how_to_get=(
        "Transactional Email > the domain > Webhooks > Create webhook for all email events, and "
        "keep the messages that its SNS topic posts."
    ),
)
