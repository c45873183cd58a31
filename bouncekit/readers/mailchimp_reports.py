"""Mailchimp's campaign reports, as the API gives them: email activity, recipients, leavers.

Four lists of one API (mailchimp.com/developer/marketing, Reports), all with
``campaign_id`` and ``email_address``:

================  =========================================  ====================
list              says                                       rows
================  =========================================  ====================
``emails``        ``activity`` of each recipient             a bounce: bounce
``sent_to``       ``status`` ``sent``, ``hard`` or ``soft``  sent, and the bounce
``unsubscribes``  who left                                   unsubscribe
``abuse_reports`` who complained                             complaint
================  =========================================  ====================

``vendor_type`` is the type of a bounce, ``hard``, ``soft`` or (older)
``syntax``; else the name of the list. A campaign sends one message to a
recipient, so ``message_id`` is the campaign's id: the same bounce in two lists
is one. ``sent_to`` names no time, so it gives no denominator for a period. No
list holds a reason or a code.
"""

from typing import Any

from bouncekit import times
from bouncekit.inputs.sources import Head
from bouncekit.readers import _bodies, _json
from bouncekit.readers._base import CERTAIN, NO, BadItem, ByItem, Options, Reader, Row, SkipItem
from bouncekit.readers._events import posted

_LISTS = ("emails", "sent_to", "unsubscribes", "abuse_reports")
_BOUNCES = ("hard", "soft", "syntax")


def _is_entry(value: dict[str, Any]) -> bool:
    return "email_address" in value and "campaign_id" in value


_entries = _bodies.unwrapper(_is_entry, *_LISTS)


def sniff(head: Head) -> int:
    """Recognise an entry of a report, or a page of one that is empty."""
    if any(_kind(entry) for entry in _bodies.first_objects(head, _entries)):
        return CERTAIN
    pages = _json.first_objects(head)[:1]
    empty = any(page.get(name) == [] for page in pages for name in _LISTS)
    return CERTAIN if empty and any("campaign_id" in page for page in pages) else NO


def _kind(entry: dict[str, Any]) -> str | None:
    if not _is_entry(entry):
        return None
    if isinstance(entry.get("activity"), list):
        return "emails"
    if "status" in entry:
        return "sent_to"
    if "timestamp" in entry:
        return "unsubscribes"
    return "abuse_reports" if "date" in entry else None


def _parse(entry: Any, options: Options) -> list[Row]:
    entry = posted(entry)
    kind = _kind(entry)
    if kind is None:
        msg = "is no entry of a report"
        raise BadItem(msg)
    campaign = _json.text_of(entry.get("campaign_id"))
    common = {
        "recipient": _json.text_of(entry.get("email_address")),
        "message_id": campaign,
        "campaign": campaign,
    }
    return [common | row for row in _ROWS[kind](entry)]


def _activity(entry: dict[str, Any]) -> list[Row]:
    told = [_json.part(step) for step in entry["activity"]]
    rows = [
        {"event": "bounce", "vendor_type": _bounce(step), "timestamp": _moment(step, "timestamp")}
        for step in told
        if step.get("action") == "bounce"
    ]
    if not rows:
        msg = "tells of opens and clicks only" if told else "tells of no activity"
        raise SkipItem(msg)
    return rows


def _bounce(step: dict[str, Any]) -> str:
    return _json.text_of(step.get("type")) or "bounce"


def _recipient(entry: dict[str, Any]) -> list[Row]:
    status = _json.text_of(entry.get("status"))
    if status == "sent":
        return [{"event": "sent", "vendor_type": status}]
    if status not in _BOUNCES:
        msg = f"has the status {str(status)[:40]!r}, which is none of Mailchimp's"
        raise BadItem(msg)
    return [{"event": "sent", "vendor_type": status}, {"event": "bounce", "vendor_type": status}]


def _leaver(entry: dict[str, Any]) -> list[Row]:
    moment = _moment(entry, "timestamp")
    return [{"event": "unsubscribe", "vendor_type": "unsubscribes", "timestamp": moment}]


def _complaint(entry: dict[str, Any]) -> list[Row]:
    moment = _moment(entry, "date")
    return [{"event": "complaint", "vendor_type": "abuse_reports", "timestamp": moment}]


_ROWS = {
    "emails": _activity,
    "sent_to": _recipient,
    "unsubscribes": _leaver,
    "abuse_reports": _complaint,
}


def _moment(part: dict[str, Any], key: str) -> int | None:
    return times.from_iso(_json.text_of(part.get(key)))


READER = Reader(
    name="mailchimp_reports",
    title="Mailchimp campaign reports (API JSON)",
    sniff=sniff,
    read=ByItem(_bodies.items(_entries), _parse),
    how_to_get=(
        "For each campaign: curl -s --user 'any:KEY' 'https://DC.api.mailchimp.com/3.0/reports/"
        "CAMPAIGN/email-activity?count=1000&offset=0' > activity.json (DC is what follows the "
        "last hyphen of the key); sent-to, unsubscribed and abuse-reports the same way.\n"
        "For rates add a table of what was sent, date, sent and campaign (sends=)."
    ),
)
