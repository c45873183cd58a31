"""HubSpot's Email Events API: pages of events of marketing emails.

``vendor_type`` is the category of a failure, the reason of a drop, else the
type. Types: ``SENT``, ``DELIVERED``, ``DEFERRED``, ``BOUNCE``, ``DROPPED``,
``SUPPRESSED`` (also ``SUPPRESSION``), ``SPAMREPORT``, ``STATUSCHANGE`` (an
unsubscription where it says so). ``PROCESSED`` says again that it was sent.
Categories: see :mod:`hubspot_csv`.

The message is known by its SENT event, which the others name in ``sentBy``
(developers.hubspot.com, Email Analytics API).
"""

from typing import Any

from bouncekit import times
from bouncekit.readers import _bodies, _events, _json
from bouncekit.readers._base import ByItem, Options, Reader, Row, SkipItem
from bouncekit.readers._reply import codes_of
from bouncekit.readers.hubspot_csv import GLOBAL_BOUNCE

_WORDS = _events.Vocabulary(
    "HubSpot",
    {
        "SENT": "sent",
        "DELIVERED": "delivered",
        "DEFERRED": "deferral",
        "BOUNCE": "bounce",
        "DROPPED": "suppressed",
        "SUPPRESSED": "suppressed",
        "SUPPRESSION": "suppressed",
        "SPAMREPORT": "complaint",
        "STATUSCHANGE": "unsubscribe",
    },
    {
        "PROCESSED": "the same sending told again",
        "OPEN": "an open",
        "CLICK": "a click",
        "PRINT": "a print",
        "FORWARD": "a forward",
        "UNBOUNCE": "an address taken off the bounce list",
    },
)


def _is_event(event: dict[str, Any]) -> bool:
    return event.get("type") in _WORDS and {"recipient", "created"} <= set(event)


_unwrap = _bodies.unwrapper(_is_event, "events")


def _parse(event: Any, options: Options) -> list[Row]:
    event = _events.posted(event)
    word = _events.text(event, "type")
    kind = _WORDS.event(word)
    if kind == "unsubscribe" and not _unsubscribes(event):
        msg = "changes subscriptions and unsubscribes from nothing at large"
        raise SkipItem(msg)
    category = _events.text(event, "category")
    if kind == "bounce" and category == GLOBAL_BOUNCE:
        kind = "suppressed"
    words = _events.text(event, "response", "dropMessage")
    told = (words, _events.text(event, "status")) if kind != "suppressed" else (None,)
    smtp, enhanced = codes_of(*told)
    number = _json.text_at(event, "sentBy", "id")
    return [
        {
            "timestamp": times.from_epoch(_events.text(event, "created")),
            "event": kind,
            "recipient": _events.text(event, "recipient"),
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": words,
            "vendor_type": category or _events.text(event, "dropReason") or word,
            "message_id": number or (_events.text(event, "id") if word == "SENT" else None),
            "campaign": _events.text(event, "emailCampaignId"),
            "sender": _events.text(event, "from"),
        }
    ]


def _unsubscribes(event: dict[str, Any]) -> bool:
    states = [event.get("portalSubscriptionStatus")]
    states += [
        _json.part(entry).get("status") for entry in _events.entries(event.get("subscriptions"))
    ]
    return "UNSUBSCRIBED" in states


READER = Reader(
    name="hubspot_events",
    title="HubSpot Email Events API (JSON)",
    sniff=_events.recogniser(_unwrap, _is_event),
    read=ByItem(_bodies.items(_unwrap), _parse),
    has_denominator=True,
    how_to_get=(
        "Call GET https://api.hubapi.com/email/public/v1/events page by page (offset) with a "
        "private app's token, and keep the answers."
    ),
)
