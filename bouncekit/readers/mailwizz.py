"""MailWizz: bounces of a campaign, as its API lists them.

``vendor_type`` is the bounce type: ``hard``, ``soft``, or ``internal`` (the
sending side refused it or was refused: block lists, wrong settings). No times
are told (api-docs.mailwizz.com).
"""

from typing import Any

from bouncekit.readers import _bodies, _events, _json
from bouncekit.readers._base import ByItem, Options, Reader, Row
from bouncekit.readers._reply import codes_of


def _is_entry(entry: dict[str, Any]) -> bool:
    return "bounce_type" in entry and "email" in _json.part(entry, "subscriber")


_unwrap = _bodies.unwrapper(_is_entry, "data", "records")


def _parse(entry: Any, options: Options) -> list[Row]:
    entry = _events.posted(entry)
    words = _events.text(entry, "message")
    smtp, enhanced = codes_of(words)
    return [
        {
            "event": "bounce",
            "recipient": _json.text_at(entry, "subscriber", "email"),
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": words,
            "vendor_type": _events.text(entry, "bounce_type"),
        }
    ]


READER = Reader(
    name="mailwizz",
    title="MailWizz bounces of a campaign (API JSON)",
    sniff=_events.recogniser(_unwrap, _is_entry),
    read=ByItem(_bodies.items(_unwrap), _parse),
    kind="failures",
    how_to_get=(
        "Call GET .../api/campaigns/ID/bounces of the installation page by page, and keep the "
        "answers."
    ),
)
