"""ZeptoMail's webhooks (Zoho's transactional mail).

``vendor_type`` is the event's name: ``hardbounce``, ``softbounce``,
``feedback_loop`` (a complaint). It comes in a list of one. Deliveries are not
posted. Facts: public code that receives these posts.
"""

from typing import Any

from bouncekit import times
from bouncekit.readers import _bodies, _events, _json
from bouncekit.readers._base import ByItem, Options, Reader, Row
from bouncekit.readers._reply import codes_of, without_type

_WORDS = _events.Vocabulary(
    "ZeptoMail",
    {"hardbounce": "bounce", "softbounce": "bounce", "feedback_loop": "complaint"},
    {"email_open": "an open", "email_link_click": "a click"},
)


def _is_event(event: dict[str, Any]) -> bool:
    return _json.first_text(event.get("event_name")) in _WORDS and "event_message" in event


_unwrap = _bodies.unwrapper(_is_event)


def _parse(event: Any, options: Options) -> list[Row]:
    event = _events.posted(event)
    word = _json.first_text(event.get("event_name"))
    kind = _WORDS.event(word)
    rows: list[Row] = []
    for message in _events.entries(event.get("event_message")):
        info = _json.part(message, "email_info")
        common = {
            "event": kind,
            "vendor_type": word,
            "message_id": _events.text(info, "email_reference", "client_reference"),
            "sender": _json.text_at(info, "from", "address"),
        }
        for data in _events.entries(_json.part(message).get("event_data")):
            for detail in _events.entries(_json.part(data).get("details")):
                rows.append({**common, **_failure(_json.part(detail), info)})
    return rows


def _failure(detail: dict[str, Any], info: dict[str, Any]) -> Row:
    words = without_type(_events.text(detail, "diagnostic_message", "reason"))
    smtp, enhanced = codes_of(words)
    to = [
        _json.text_at(person, "email_address", "address")
        for person in _events.entries(info.get("to"))
    ]
    return {
        "timestamp": times.from_text(
            _events.text(detail, "time") or _events.text(info, "processed_time") or ""
        ),
        "recipient": _events.text(detail, "bounced_recipient") or (to[0] if len(to) == 1 else None),
        "smtp_code": smtp,
        "enhanced_code": enhanced,
        "diagnostic": words,
    }


READER = Reader(
    name="zeptomail",
    title="ZeptoMail webhooks (JSON)",
    sniff=_events.recogniser(_unwrap, _is_event),
    read=ByItem(_bodies.items(_unwrap), _parse),
    kind="failures",
    certainty="seen in code",
    how_to_get=(
        "Agents > the agent > Webhooks > Add: mark soft bounces, hard bounces and feedback loop, "
        "and keep the bodies that it posts."
    ),
)
