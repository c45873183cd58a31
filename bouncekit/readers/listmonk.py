"""listmonk's bounces, as its API lists them.

``vendor_type`` is listmonk's type and where it got the bounce from:
``hard/ses``, ``soft/mailbox``, ``complaint/postmark`` ... Of a mailbox that
it scans, listmonk calls all bounces soft that it does not recognise, so
``soft/mailbox`` says nothing.

``meta`` is what the source told. The receiver's words are taken from where
Amazon SES, SendGrid, Postmark, Azure, Forward Email and bounce messages have
them. Facts: the project's code (github.com/knadh/listmonk).
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from bouncekit import times
from bouncekit.readers import _bodies, _events, _json
from bouncekit.readers._base import ByItem, Options, Reader, Row
from bouncekit.readers._reply import codes_of, without_type

_WORDS = _events.Vocabulary(
    "listmonk", {"hard": "bounce", "soft": "bounce", "complaint": "complaint"}
)
_MAX_LAYERS = 5
_SAYING = (
    *("diagnosticCode", "Diagnostic-Code", "Details", "reason", "statusMessage"),
    *("response", "message", "error", "Description"),
)
"""Where the sources have the receiver's words, the surest first."""


def _is_entry(entry: dict[str, Any]) -> bool:
    ours = {"type", "source", "meta", "email"} <= set(entry)
    return ours and bool({"subscriber_id", "subscriber_uuid"} & set(entry))


_unwrap = _bodies.unwrapper(_is_entry, "data", "results")


def _parse(entry: Any, options: Options) -> list[Row]:
    entry = _events.posted(entry)
    word = _events.text(entry, "type")
    kind = _WORDS.event(word)
    words = without_type(_said(entry.get("meta")))
    smtp, enhanced = codes_of(words)
    campaign = _json.part(entry, "campaign")
    return [
        {
            "timestamp": times.from_iso(_events.text(entry, "created_at")),
            "event": kind,
            "recipient": _events.text(entry, "email"),
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": words,
            "vendor_type": _events.joined(word, _events.text(entry, "source")),
            "campaign": _events.text(campaign, "name", "id"),
        }
    ]


def _said(meta: Any) -> str | None:
    """Find the receiver's words in what the source told."""
    if isinstance(meta, str):
        with suppress(ValueError, RecursionError):
            meta = json.loads(meta)
    found: dict[str, str] = {}
    for key, value in _members(meta, _MAX_LAYERS):
        text = _json.first_text(value)
        if key in _SAYING and text:
            found.setdefault(key, text)
    return next((found[key] for key in _SAYING if key in found), None)


def _members(value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    for entry in value if isinstance(value, list) else [value]:
        inner = _json.part(entry)
        yield from inner.items()
        for part in inner.values():
            if depth and isinstance(part, (dict, list)):
                yield from _members(part, depth - 1)


READER = Reader(
    name="listmonk",
    title="listmonk bounces (API JSON)",
    sniff=_events.recogniser(_unwrap, _is_entry),
    read=ByItem(_bodies.items(_unwrap), _parse),
    kind="failures",
    certainty="seen in code",
    how_to_get=(
        "Call GET /api/bounces?per_page=all with an API user's token (Admin > Users), and keep the "
        "answer."
    ),
)
