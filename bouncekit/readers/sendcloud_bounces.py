"""SendCloud's bounce list of the API: addresses that it does not send to any more.

A state list. ``reason`` is the receiver's words or SendCloud's sentence,
``vendor_type`` is ``bounce list``; times are Beijing time
(repository sendcloud2013/sendcloud_docs).
"""

from typing import Any

from bouncekit import times
from bouncekit.readers import _bodies, _events
from bouncekit.readers._base import BadItem, ByItem, Options, Reader, Row
from bouncekit.readers._events import BEIJING
from bouncekit.readers._reply import codes_of


def _is_entry(value: dict[str, Any]) -> bool:
    return {"email", "bounceTime"} <= set(value)


_unwrap = _bodies.unwrapper(_is_entry, "info", "dataList")


def _parse(entry: Any, options: Options) -> list[Row]:
    entry = _events.posted(entry)
    recipient = _events.text(entry, "email")
    if recipient is None:
        msg = "has no email"
        raise BadItem(msg)
    words = _events.text(entry, "reason")
    smtp, enhanced = codes_of(words)
    return [
        {
            "timestamp": times.from_iso(_events.text(entry, "bounceTime"), options.tz or BEIJING),
            "event": "bounce",
            "recipient": recipient,
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": words,
            "vendor_type": "bounce list",
        }
    ]


READER = Reader(
    name="sendcloud_bounces",
    title="SendCloud bounce list (API JSON)",
    sniff=_events.recogniser(_unwrap, _is_entry),
    read=ByItem(
        _events.noting_zone(_bodies.items(_unwrap), _is_entry, BEIJING, "Beijing time"), _parse
    ),
    kind="state list",
    how_to_get="Call the API's bounce/list for all days and keep the answers.",
)
