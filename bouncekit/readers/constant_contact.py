"""Constant Contact: bounces of a campaign, as its APIs v3 and v2 list them.

``vendor_type`` is the bounce code: ``B`` no such address, ``D``
undeliverable, ``F`` mailbox full, ``S`` suspended (it bounced before, so it was not
tried: ``suppressed``), ``V`` a reply from the mailbox (the message arrived:
``auto_reply``), ``X`` other, ``Z`` blocked (developer.constantcontact.com).
"""

from typing import Any

from bouncekit import times
from bouncekit.readers import _bodies, _events
from bouncekit.readers._base import ByItem, Options, Reader, Row
from bouncekit.readers._reply import codes_of

_WORDS = _events.Vocabulary(
    "Constant Contact",
    {
        **dict.fromkeys("BDFXZ", "bounce"),
        "S": "suppressed",
        "V": "auto_reply",
    },
)


def _is_entry(entry: dict[str, Any]) -> bool:
    return {"email_address", "bounce_code", "contact_id"} <= set(entry)


_unwrap = _bodies.unwrapper(_is_entry, "tracking_activities", "results")


def _parse(entry: Any, options: Options) -> list[Row]:
    entry = _events.posted(entry)
    code = _events.text(entry, "bounce_code")
    kind = _WORDS.event(code)
    words = _events.text(entry, "bounce_message")
    smtp, enhanced = codes_of(words)
    return [
        {
            "timestamp": times.from_iso(_events.text(entry, "created_time", "bounce_date")),
            "event": kind,
            "recipient": _events.text(entry, "email_address"),
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": words,
            "vendor_type": code,
            "campaign": _events.text(entry, "campaign_activity_id", "campaign_id"),
        }
    ]


READER = Reader(
    name="constant_contact",
    title="Constant Contact bounces of a campaign (API JSON)",
    sniff=_events.recogniser(_unwrap, _is_entry),
    read=ByItem(_bodies.items(_unwrap), _parse),
    kind="failures",
    how_to_get=(
        "Call GET https://api.cc.email/v3/reports/email_reports/ID/tracking/bounces page by page, "
        "and keep the answers."
    ),
)
