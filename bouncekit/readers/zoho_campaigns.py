"""Zoho Campaigns: webhooks of bounces, several contacts a post.

``vendor_type`` is ``bounce_type``, ``hard`` or ``soft`` as Zoho writes it.
``bounce_code`` and ``bounce_extended_code`` are the receiver's
(zoho.com/campaigns/help/emailapi/events/bounce.html).
"""

from typing import Any

from bouncekit import times
from bouncekit.readers import _bodies, _events
from bouncekit.readers._base import ByItem, Options, Reader, Row
from bouncekit.readers._reply import codes_of


def _is_entry(entry: dict[str, Any]) -> bool:
    return {"contact_email", "bounce_type", "action_time"} <= set(entry)


_unwrap = _bodies.unwrapper(_is_entry)


def _parse(entry: Any, options: Options) -> list[Row]:
    entry = _events.posted(entry)
    words = _events.text(entry, "bounce_reason")
    code, extended = (_events.text(entry, key) for key in ("bounce_code", "bounce_extended_code"))
    smtp, enhanced = codes_of(words, code)
    return [
        {
            "timestamp": times.from_epoch(_events.text(entry, "action_time")),
            "event": "bounce",
            "recipient": _events.text(entry, "contact_email"),
            "smtp_code": smtp,
            "enhanced_code": enhanced or codes_of(extended)[1],
            "diagnostic": words,
            "vendor_type": _events.text(entry, "bounce_type"),
            "sending_ip": _events.text(entry, "sending_ip"),
        }
    ]


READER = Reader(
    name="zoho_campaigns",
    title="Zoho Campaigns bounce webhooks (JSON)",
    sniff=_events.recogniser(_unwrap, _is_entry),
    read=ByItem(_bodies.items(_unwrap), _parse),
    kind="failures",
    how_to_get=(
        "Settings > Developer Space > Webhooks: add one for bounces, and keep the bodies that it "
        "posts."
    ),
)
