"""Brevo's webhooks, transactional and marketing, and its API's list of events.

``vendor_type`` is the event's word, as the webhook (``hard_bounce``) or the
API (``hardBounces``) spells it:

- ``request``, ``requests``; ``delivered``; ``deferred``
- ``soft_bounce``, ``softBounces``; ``hard_bounce``, ``hardBounces``;
  ``invalid_email``, ``invalid``; ``bounces``
- ``blocked``: the address is on Brevo's block list, so Brevo did not try;
  ``error``: the message never left Brevo. Both are ``suppressed``.
- ``spam``, ``complaint``; ``unsubscribe``, ``unsubscribed``

Times: ``ts_epoch``, and ``ts_event`` in marketing events, are UTC. All the
others of a webhook follow the account's zone, even those that look like
epoch seconds (developers.brevo.com/docs/transactional-webhooks).

Look-alike: the log table that the web pages export (:mod:`brevo_csv`).
"""

from typing import Any

from bouncekit import times
from bouncekit.readers import _bodies, _events, _json
from bouncekit.readers._base import ByItem, Options, Reader, Row
from bouncekit.readers._reply import codes_of

_WORDS = _events.Vocabulary(
    "Brevo",
    {
        "request": "sent",
        "requests": "sent",
        "delivered": "delivered",
        "deferred": "deferral",
        "soft_bounce": "bounce",
        "softBounces": "bounce",
        "hard_bounce": "bounce",
        "hardBounces": "bounce",
        "bounces": "bounce",
        "invalid_email": "bounce",
        "invalid": "bounce",
        "blocked": "suppressed",
        "error": "suppressed",
        "spam": "complaint",
        "complaint": "complaint",
        "unsubscribe": "unsubscribe",
        "unsubscribed": "unsubscribe",
    },
    _events.OPENS_AND_CLICKS
    | {
        "clicks": "a click",
        "unique_opened": "an open",
        "proxy_open": "an open",
        "unique_proxy_open": "an open",
        "loadedByProxy": "an open",
        "list_addition": "a contact put on a list",
        "contact_updated": "a contact changed",
        "contact_deleted": "a contact deleted",
        "unique_coupon_sent": "a coupon given out",
    },
)
_API = {"email", "date", "event", "messageId"}


def _is_event(event: dict[str, Any]) -> bool:
    known = event.get("event") in _WORDS
    of_webhook = "message-id" in event and ("ts_event" in event or "ts_epoch" in event)
    return known and (of_webhook or "camp_id" in event or set(event) >= _API)


_unwrap = _bodies.unwrapper(_is_event, "events")


def _is_local(event: dict[str, Any]) -> bool:
    """Say whether the only time is one of the account's zone."""
    date = _events.text(event, "date", "date_event")
    return _moment(event) is None and date is not None and not times.has_zone(date)


def _moment(event: dict[str, Any]) -> int | None:
    # In marketing events, which name a campaign, this one is UTC too.
    utc = "ts_event" if "camp_id" in event else None
    return times.from_epoch(_events.text(event, "ts_epoch", *([utc] if utc else [])))


def _parse(event: Any, options: Options) -> list[Row]:
    event = _events.posted(event)
    word = _events.text(event, "event")
    kind = _WORDS.event(word)
    told = _events.text(event, "reason")
    reason = None if told == "undefined" else told
    smtp, enhanced = codes_of(reason if kind in ("bounce", "deferral") else None)
    return [
        {
            "timestamp": _moment(event)
            or times.from_iso(_events.text(event, "date_event", "date"), options.tz),
            "event": kind,
            "recipient": _events.text(event, "email"),
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": reason,
            "vendor_type": word,
            "message_id": _events.bare_id(_events.text(event, "message-id", "messageId")),
            "campaign": _json.first_text(event.get("tags"))
            or _events.text(event, "campaign name", "camp_id", "tag"),
            "sender": _events.text(event, "from", "sender_email"),
            "sending_ip": _events.text(event, "sending_ip"),
        }
    ]


READER = Reader(
    name="brevo_events",
    title="Brevo webhooks and events of the API (JSON)",
    sniff=_events.recogniser(_unwrap, _is_event),
    read=ByItem(
        _events.noting_zone(_bodies.items(_unwrap), _is_local, "UTC", "Brevo writes account time"),
        _parse,
    ),
    has_denominator=True,
    how_to_get=(
        "Transactional > Settings > Webhook, or Contacts > Settings > Webhooks for marketing "
        "campaigns: add a webhook with all delivery events, and keep the bodies that it posts.\n"
        "Or call GET https://api.brevo.com/v3/smtp/statistics/events and keep the answers."
    ),
)
