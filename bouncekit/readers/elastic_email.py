"""Elastic Email's notifications: query strings or form bodies, one a line.

``vendor_type`` is the status, and of an error its category: ``Sent``
(accepted by the receiver, so ``delivered``), ``AbuseReport``,
``Unsubscribed``, ``Error/NoMailbox`` ... Categories: ``Unknown``, ``Ignore``,
``Spam``, ``BlackListed``, ``NoMailbox``, ``GreyListed``, ``Throttled``,
``Timeout``, ``ConnectionProblem``, ``SPFProblem``, ``AccountProblem``,
``DNSProblem``, ``CodeError``, ``ConnectionTerminated``; ``NotDelivered``,
``NotDeliveredCancelled`` and ``ManualCancel`` were not tried
(``suppressed``). The receiver's words are not told. Facts: public code that
receives these posts, and the vendor's own client.
"""

from typing import Any

from bouncekit import times
from bouncekit.readers import _bodies, _events
from bouncekit.readers._base import ByItem, Options, Reader, Row

_WORDS = _events.Vocabulary(
    "Elastic Email",
    {
        "Sent": "delivered",
        "Error": "bounce",
        "AbuseReport": "complaint",
        "Unsubscribed": "unsubscribe",
    },
    {"Opened": "an open", "Clicked": "a click"},
)
_NOT_TRIED = {"NotDelivered", "NotDeliveredCancelled", "ManualCancel"}


def _is_event(event: dict[str, Any]) -> bool:
    return event.get("status") in _WORDS and {"to", "transaction", "messageid"} <= set(event)


_unwrap = _bodies.unwrapper(_is_event)


def _is_local(event: dict[str, Any]) -> bool:
    written = _events.text(event, "date")
    return written is not None and not times.names_zone(written)


def _parse(event: Any, options: Options) -> list[Row]:
    event = _events.posted(event)
    word = _events.text(event, "status")
    kind = _WORDS.event(word)
    category = _events.text(event, "category") if kind == "bounce" else None
    written = _events.text(event, "date") or ""
    return [
        {
            # A date with AM or PM is an American one; else the order is not known.
            "timestamp": times.from_text(
                written, options.tz, False if written.upper().endswith("M") else None
            ),
            "event": "suppressed" if category in _NOT_TRIED else kind,
            "recipient": _events.text(event, "to"),
            "vendor_type": _events.joined(word, category),
            "message_id": _events.text(event, "messageid", "transaction"),
            "campaign": _events.text(event, "channel"),
            "sender": _events.text(event, "from"),
        }
    ]


READER = Reader(
    name="elastic_email",
    title="Elastic Email notifications (query strings, form)",
    sniff=_events.recogniser(_unwrap, _is_event),
    read=ByItem(
        _events.noting_zone(_bodies.items(_unwrap), _is_local, "UTC", "Elastic Email names none"),
        _parse,
    ),
    has_denominator=True,
    certainty="seen in code",
    how_to_get=(
        "Settings > Notifications > Add webhook: mark sent, error, abuse report and unsubscribe, "
        "and keep the query strings that it calls the address with, one a line."
    ),
)
