"""Mailgun's events: the Events and Logs APIs, webhooks, and the older form-encoded webhooks.

One format in several wrappings: a page of the API (``items``), a webhook's
``event-data``, a form body whose fields are the event
(documentation.mailgun.com, Events and Webhooks). ``vendor_type`` is the
event's word; a failure adds severity and reason, and a code that is none of
SMTP's:

- ``accepted``, ``delivered``, ``complained``, ``unsubscribed``, ``rejected``
- ``failed/temporary/generic``, ``.../bounce``, ``.../greylisted``, ``.../espblock`` ...: Mailgun
  goes on trying
- ``failed/permanent/bounce``, ``.../generic``, ``.../old``, ``.../espblock``, ``.../hardfail``
- ``failed/permanent/suppress-bounce/605``, ``.../suppress-unsubscribe/606``,
  ``.../suppress-complaint/607``: not tried, so the event is ``suppressed``
- older webhooks: ``bounced``, ``dropped/hardfail``, ``dropped/old``, with 605 to 607 as above

Codes of Mailgun's own: 498 no mail host, 499 no connection in time, 602 too
old, 605 to 607 on a suppression list. Look-alike: the suppression lists,
whose entries have an ``address`` and no ``event``.
"""

import json
from contextlib import suppress
from typing import Any

from bouncekit import addresses, times
from bouncekit.inputs.sources import Head
from bouncekit.readers import _bodies, _json
from bouncekit.readers._base import CERTAIN, NO, ByItem, Options, Reader, Row, SkipItem
from bouncekit.readers._events import OPENS_AND_CLICKS, Vocabulary, bare_id, joined, posted
from bouncekit.readers._reply import Codes, codes_of, without_type

_WORDS = Vocabulary(
    "Mailgun",
    {
        "accepted": "sent",
        "delivered": "delivered",
        "failed": "bounce",
        "rejected": "suppressed",
        "complained": "complaint",
        "unsubscribed": "unsubscribe",
        "bounced": "bounce",
        "dropped": "bounce",
    },
    OPENS_AND_CLICKS
    | {"stored": "received mail"}
    | dict.fromkeys(
        ("list_member_uploaded", "list_member_upload_error", "list_uploaded"), "about a list"
    ),
)
_MARKS = {"log-level", "delivery-status", "recipient-domain", "envelope", "message-headers"}
_SIGNED = {"token", "signature", "recipient"}
_SUPPRESSED = {605, 606, 607}
_NO_SMTP = {498, 499}


def _is_event(value: dict[str, Any]) -> bool:
    return isinstance(value.get("event"), str)


_events = _bodies.unwrapper(_is_event, "event-data", "items")


def sniff(head: Head) -> int:
    """Recognise Mailgun's words for events beside keys that only its events have."""
    for event in _bodies.first_objects(head, _events):
        if event.get("event") in _WORDS and (_MARKS & set(event) or set(event) >= _SIGNED):
            return CERTAIN
    return NO


def _parse(event: Any, options: Options) -> list[Row]:
    event = posted(event)
    word, kind = _word(event)
    status = _json.part(event.get("delivery-status"))
    code = _code(status.get("code", event.get("code")))
    text = _text(event, status)
    smtp, enhanced = _codes(text, status, code)
    headers = _headers(event)
    return [
        {
            "timestamp": _moment(event),
            "event": _event(kind, event, code),
            "recipient": _json.text_of(event.get("recipient")) or headers.get("to"),
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": text,
            "vendor_type": _vendor_type(word, event, code) if kind == "bounce" else word,
            "message_id": _message_id(event, headers),
            "campaign": _campaign(event),
            "sender": _json.text_at(event, "envelope", "sender")
            or addresses.clean(headers.get("from")),
            "sending_ip": _json.text_at(event, "envelope", "sending-ip"),
            "remote_mta": _json.text_of(status.get("mx-host")),
        }
    ]


def _word(event: dict[str, Any]) -> tuple[str, str]:
    flags = _json.part(event.get("flags"))
    if flags.get("is-test-mode") is True or flags.get("is-system-test") is True:
        msg = "was sent in test mode and went nowhere"
        raise SkipItem(msg)
    word = _json.text_of(event.get("event"))
    return word or "", _WORDS.event(word)


def _event(kind: str, event: dict[str, Any], code: int | None) -> str:
    if kind != "bounce":
        return kind
    if event.get("severity") == "temporary":
        return "deferral"
    listed = code in _SUPPRESSED or str(event.get("reason")).startswith("suppress")
    return "suppressed" if listed else "bounce"


def _vendor_type(word: str, event: dict[str, Any], code: int | None) -> str | None:
    own = str(code) if code is not None and _own(code) else None
    return joined(word, *(_json.text_of(event.get(key)) for key in ("severity", "reason")), own)


def _own(code: int) -> bool:
    """Say whether a code is Mailgun's, not a receiver's."""
    return code in _NO_SMTP or code >= 600


def _code(value: Any) -> int | None:
    text = _json.text_of(value)
    return int(text) if text and text.isdecimal() and len(text) == 3 else None


def _text(event: dict[str, Any], status: dict[str, Any]) -> str | None:
    """Return the words of the reply; which key holds them differs from event to event."""
    told = [status.get("message"), status.get("description")]
    older = [event.get(key) for key in ("error", "description", "notification")]
    refused = [_json.text_at(event, "reject", key) for key in ("description", "reason")]
    return without_type(_json.first_text([*told, *older, *refused]))


def _codes(text: str | None, status: dict[str, Any], code: int | None) -> Codes:
    told = [None if code is None or _own(code) else str(code)]
    told += [_json.first_text([status.get("enhanced-code"), status.get("bounce-code")])]
    return codes_of(text, " ".join(filter(None, told)))


def _headers(event: dict[str, Any]) -> dict[str, str]:
    """Return the original's headers by lower-case name: an object, or a list of pairs as text."""
    message = _json.part(event.get("message"))
    pairs: Any = list(_json.part(message.get("headers")).items())
    written = event.get("message-headers")
    if isinstance(written, str):
        with suppress(ValueError, RecursionError):
            written = json.loads(written)
    pairs += _json.list_of(written)
    found: dict[str, str] = {}
    for pair in pairs:
        if isinstance(pair, (list, tuple)) and len(pair) == 2 and _json.text_of(pair[1]):
            found.setdefault(str(pair[0]).lower(), str(pair[1]))
    return found


def _message_id(event: dict[str, Any], headers: dict[str, str]) -> str | None:
    return bare_id(_json.text_of(event.get("Message-Id")) or headers.get("message-id"))


def _campaign(event: dict[str, Any]) -> str | None:
    first = next(iter(_json.list_of(event.get("campaigns"))), None)
    named = [_json.text_at(first, key) for key in ("name", "id")]
    older = [event.get(key) for key in ("campaign-name", "campaign-id", "tag")]
    return _json.first_text([*named, *older]) or _json.first_text(event.get("tags"))


def _moment(event: dict[str, Any]) -> int | None:
    found = event.get("timestamp")
    if isinstance(found, (int, float, str)):
        return times.from_epoch(found)
    return times.from_iso(_json.text_of(event.get("@timestamp")))


READER = Reader(
    name="mailgun_events",
    title="Mailgun events and webhooks (JSON, older ones form-encoded)",
    sniff=sniff,
    read=ByItem(_bodies.items(_events), _parse),
    has_denominator=True,
    how_to_get=(
        "Send > Sending > Webhooks > Add webhook: choose Accepted, Delivered, Permanent Failure, "
        "Temporary Failure, Spam Complaints and Unsubscribes; keep the bodies that it posts, one "
        "in each line of a file.\n"
        "Or by API, page by page until 'items' is empty: curl -s --user 'api:KEY' "
        "'https://api.mailgun.net/v3/DOMAIN/events?limit=300' > page1.json, then the address "
        "under paging.next (api.eu.mailgun.net for an account in the EU). Mailgun keeps events "
        "for 1 to 30 days, as the plan says."
    ),
)
