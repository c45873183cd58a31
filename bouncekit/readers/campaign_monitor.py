"""Campaign Monitor: bounces of a campaign, as its API lists them.

``vendor_type`` is ``BounceType`` and the phrase of ``Reason``:
``Soft/Soft Bounce - Mailbox Full``. The phrase is Campaign Monitor's own; the
receiver's words are not told. Where the two contradict each other the type is
right. Times are in the client's zone. Facts: test data of the vendor's own
clients (github.com/campaignmonitor).
"""

from typing import Any

from bouncekit import times
from bouncekit.readers import _bodies, _events
from bouncekit.readers._base import ByItem, Options, Reader, Row


def _is_entry(entry: dict[str, Any]) -> bool:
    return {"EmailAddress", "BounceType", "Reason", "Date"} <= set(entry)


_unwrap = _bodies.unwrapper(_is_entry, "Results")


def _parse(entry: Any, options: Options) -> list[Row]:
    entry = _events.posted(entry)
    return [
        {
            "timestamp": times.from_iso(_events.text(entry, "Date"), options.tz),
            "event": "bounce",
            "recipient": _events.text(entry, "EmailAddress"),
            "vendor_type": _events.joined(
                _events.text(entry, "BounceType"), _events.text(entry, "Reason")
            ),
        }
    ]


READER = Reader(
    name="campaign_monitor",
    title="Campaign Monitor bounces of a campaign (API JSON)",
    sniff=_events.recogniser(_unwrap, _is_entry),
    read=ByItem(
        _events.noting_zone(
            _bodies.items(_unwrap), _is_entry, "UTC", "Campaign Monitor writes the client's time"
        ),
        _parse,
    ),
    kind="failures",
    certainty="seen in code",
    how_to_get=(
        "Call GET https://api.createsend.com/api/v3.3/campaigns/ID/bounces.json page by page, and "
        "keep the answers."
    ),
)
