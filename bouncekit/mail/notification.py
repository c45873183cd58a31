"""Amazon SNS notifications that arrive as mail: a bounce told in JSON (SES)."""

import json
import re
from typing import Any

from bouncekit import addresses, codes, times
from bouncekit.mail.engine import Message
from bouncekit.readers._base import BadItem, Row, SkipItem

_MARKS = ('"notificationType"', '"eventType"', '\\"notificationType\\"', '\\"eventType\\"')
# Relays that break long lines of 8-bit text insert "!" and a line break.
_BROKEN = re.compile(r"!\n ")
_OBJECT = re.compile(r"\{.*\}", re.DOTALL)
_EVENTS = {"bounce": "bounce", "complaint": "complaint", "delivery": "delivered"}


def is_notification(message: Message) -> bool:
    """Say whether the text is the JSON of an SES event."""
    text = message.plain
    return text.startswith("{") and any(mark in text for mark in _MARKS)


def rows(message: Message) -> list[Row]:
    """Make the rows of one SES event sent as mail.

    Raises
    ------
    SkipItem, BadItem
        If the event is none of ours, or its JSON is broken.
    """
    event = _event(message.plain)
    kind = str(event.get("notificationType") or event.get("eventType") or "").lower()
    if kind not in _EVENTS:
        msg = f"an SES {kind or 'subscription'} notice, not a bounce"
        raise SkipItem(msg)
    detail = event.get("delivery" if kind == "delivery" else kind) or {}
    mail = event.get("mail") or {}
    common = {
        "timestamp": times.from_iso(detail.get("timestamp") or mail.get("timestamp")),
        "event": _EVENTS[kind],
        "message_id": mail.get("messageId"),
        "sender": addresses.clean(mail.get("source")),
    }
    return [{**common, **row} for row in _recipients(kind, detail)]


def _event(text: str) -> dict[str, Any]:
    match = _OBJECT.search(_BROKEN.sub("", text))
    try:
        event = json.loads(match[0]) if match else None
        if isinstance(event, dict) and isinstance(event.get("Message"), str):
            event = json.loads(event["Message"])
    except (ValueError, RecursionError):
        event = None
    if not isinstance(event, dict):
        msg = "an Amazon SNS notice whose JSON is broken; save it again from the mailbox"
        raise BadItem(msg)
    return event


def _recipients(kind: str, detail: dict[str, Any]) -> list[Row]:
    if kind == "delivery":
        reply = str(detail.get("smtpResponse") or "")
        return [
            {
                "recipient": addresses.clean(address),
                "smtp_code": codes.reply_code(reply),
                "enhanced_code": codes.enhanced_code(reply),
                "diagnostic": reply or None,
                "vendor_type": "Delivery",
            }
            for address in detail.get("recipients") or []
        ]
    if kind == "complaint":
        label = detail.get("complaintFeedbackType") or "complaint"
        return [
            {"recipient": addresses.clean(entry.get("emailAddress")), "vendor_type": label}
            for entry in detail.get("complainedRecipients") or []
        ]
    label = f"{detail.get('bounceType')}/{detail.get('bounceSubType')}"
    return [_bounced(entry, label) for entry in detail.get("bouncedRecipients") or []]


def _bounced(entry: dict[str, Any], label: str) -> Row:
    words = str(entry.get("diagnosticCode") or "").removeprefix("smtp;").strip()
    return {
        "recipient": addresses.clean(entry.get("emailAddress")),
        "smtp_code": codes.reply_code(words),
        "enhanced_code": codes.enhanced_code(words) or entry.get("status"),
        "diagnostic": words or None,
        "vendor_type": label,
    }
