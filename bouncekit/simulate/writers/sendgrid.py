"""SendGrid: the event webhook's posts, one a line, and the list of suppressed bounces."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

from bouncekit.simulate.data import SECOND, facts
from bouncekit.simulate.talk import Said

_WORDS = {
    "sent": "processed",
    "delivered": "delivered",
    "deferral": "deferred",
    "bounce": "bounce",
    "suppressed": "dropped",
    "complaint": "spamreport",
    "unsubscribe": "unsubscribe",
}
_CLASSES = {
    "user_unknown": ("bounce", "Invalid Address"),
    "host_unknown": ("bounce", "Invalid Address"),
    "null_mx": ("bounce", "Invalid Address"),
    "suspended": ("bounce", "Mailbox Unavailable"),
    "unspecified": ("bounce", "Unclassified"),
    "mailbox_full": ("blocked", "Mailbox Unavailable"),
    "spam": ("blocked", "Content"),
    "blocked": ("blocked", "Reputation"),
    "too_large": ("blocked", "Technical Failure"),
    "expired": ("blocked", "Technical Failure"),
}
_PER_POST = 40
_AGAIN = 50


def posts(said: Iterable[Said]) -> Iterator[str]:
    """Yield the posts of the channel ``sendgrid``; one in fifty comes twice, as in life."""
    events = [
        _event(entry) for entry in said if entry.channel == "sendgrid" and entry.event in _WORDS
    ]
    for number, start in enumerate(range(0, len(events), _PER_POST)):
        post = json.dumps(events[start : start + _PER_POST], separators=(",", ":")) + "\n"
        yield post
        if number % _AGAIN == _AGAIN - 1:
            yield post


def posted_twice(said: Iterable[Said]) -> int:
    """Count the events that stand in the file a second time."""
    count = sum(entry.channel == "sendgrid" and entry.event in _WORDS for entry in said)
    again = range((_AGAIN - 1) * _PER_POST, count, _AGAIN * _PER_POST)
    return sum(min(_PER_POST, count - start) for start in again)


def _event(entry: Said) -> dict[str, Any]:
    name = entry.message_id.partition("@")[0]
    event: dict[str, Any] = {
        "email": entry.address,
        "timestamp": entry.at // SECOND,
        "event": _WORDS[entry.event],
        "sg_event_id": f"{name}-{entry.event}-{entry.attempt}",
        "sg_message_id": f"{name}.recvd-5c8f-1-0.0",
        "smtp-id": f"<{entry.message_id}>",
        "marketing_campaign_name": entry.campaign,
    }
    return {**event, **_details(entry)}


def _details(entry: Said) -> dict[str, Any]:
    ip = facts()["seller"]["sendgrid_ip"]
    if entry.event == "delivered":
        return {"response": entry.reply, "ip": ip, "tls": 1}
    if entry.event == "deferral":
        return {"response": entry.reply, "attempt": str(entry.attempt + 1), "ip": ip, "tls": 0}
    if entry.event == "suppressed":
        return {"reason": "Bounced Address", "status": "5.0.0"}
    if entry.event == "bounce":
        kind, group = _CLASSES.get(entry.kind, ("blocked", "Unclassified"))
        return {
            "type": kind,
            "bounce_classification": group,
            "reason": entry.reply,
            "status": _status(entry),
            "ip": ip,
            "tls": 1,
        }
    return {}


def _status(entry: Said) -> str:
    return entry.enhanced or (f"{entry.code // 100}.0.0" if entry.code else "5.0.0")


def suppression_list(said: Iterable[Said]) -> str:
    """Return the download of the bounce list at the end: newest first, each address once."""
    first: dict[str, Said] = {}
    for entry in said:
        bounced = entry.channel == "sendgrid" and entry.event == "bounce"
        if bounced and _CLASSES.get(entry.kind, ("blocked", ""))[0] == "bounce":
            first.setdefault(entry.address, entry)
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["status", "reason", "email", "created"])
    for entry in sorted(first.values(), key=lambda one: (-one.at, one.address)):
        table.writerow([_status(entry), entry.reply, entry.address, entry.at // SECOND])
    return out.getvalue()
