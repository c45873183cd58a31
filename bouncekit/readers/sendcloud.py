"""SendCloud (搜狐 SendCloud): form-encoded webhooks, delivery status API; EngageLab's posts.

``vendor_type`` of a webhook is the event, and for failures the subclass:
``request``, ``deliver``; ``invalid/401`` ... ``invalid/409``;
``soft_bounce/503`` ... ``soft_bounce/509``; ``report_spam``, ``unsubscribe``.
``invalid`` (无效邮件) is any failure in the dialogue, not an invalid address;
``soft_bounce`` (软退信) a bounce message that came back after a delivery,
whatever the cause. 401 (on SendCloud's block list) and 402 (unsubscribed)
were not tried: ``suppressed``. Subclasses are no SMTP codes.

The status API gives its status as written, 投递成功, 软退信, 无效邮件 ... in
Beijing time. EngageLab, the same engine abroad, posts JSON with the event as
``message_status``. Facts: repository sendcloud2013/sendcloud_docs,
aurorasendcloud.com/docs/Webhook, engagelab.com/docs/email/webhook.

Look-alikes: the bounce list of the API (:mod:`sendcloud_bounces`); Mailgun's older
webhooks, which are signed the same way and name no ``apiUser``.
"""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from bouncekit import codes, times
from bouncekit.readers import _bodies, _events, _json
from bouncekit.readers._base import CERTAIN, BadItem, ByItem, Options, Reader, Row, SkipItem
from bouncekit.readers._events import BEIJING, NO_ROWS, PENDING
from bouncekit.readers._reply import codes_of
from bouncekit.readers._words import event_of

_WORDS = _events.Vocabulary(
    "SendCloud",
    {
        "request": "sent",
        "target": "sent",
        "sent": "sent",
        "deliver": "delivered",
        "delivered": "delivered",
        "invalid": "bounce",
        "invalid_email": "bounce",
        "soft_bounce": "bounce",
        "report_spam": "complaint",
        "unsubscribe": "unsubscribe",
    },
    _events.OPENS_AND_CLICKS | {"route": "mail that came in"},
)
_STATUSES = {"无效邮件": "bounce", "软退信": "bounce", "请求投递": PENDING, "请求": PENDING}
_NOT_TRIED = {"401", "402"}
_SUBCLASS = ("subStat", "substat", "sub_stat")
_OURS = {"apiUser", "api_user", "maillistTaskId", "mail_list_task_id", "recipientArray"}


def _is_webhook(event: dict[str, Any]) -> bool:
    known = event.get("event") in _WORDS
    return known and bool(_OURS & set(event)) and bool({"emailId", "emailIds"} & set(event))


def _is_status(event: dict[str, Any]) -> bool:
    return {"emailId", "status", "recipients"} <= set(event)


def _is_engagelab(event: dict[str, Any]) -> bool:
    return event.get("server") == "email" and "message_status" in _json.part(event, "status")


def _is_event(event: dict[str, Any]) -> bool:
    return _is_webhook(event) or _is_status(event) or _is_engagelab(event)


_unwrap = _bodies.unwrapper(_is_event, "info", "voList")


def _parse(event: Any, options: Options) -> list[Row]:
    event = _events.posted(event)
    if _is_status(event):
        return _status_rows(event, options)
    if _is_engagelab(event):
        status = _json.part(event, "status")
        # Told in the words of a webhook, the two are the same.
        event = {
            "recipient": event.get("to"),
            "emailId": event.get("message_id"),
            "timestamp": event.get("itime"),
            **_json.part(status, "status_data"),
            "event": status.get("message_status"),
        }
    return list(_webhook_rows(event))


def _webhook_rows(event: dict[str, Any]) -> Iterator[Row]:
    word = _events.text(event, "event")
    kind = _WORDS.event(word)
    subclass = _events.text(event, *_SUBCLASS)
    if subclass in _NOT_TRIED:
        kind = "suppressed"
    words = _reply(event)
    smtp, enhanced = codes_of(words)
    task = _events.text(event, "maillistTaskId", "mail_list_task_id", "task_id")
    people = _people(event)
    if not people:
        msg = f"is {word} and names no recipient"
        raise BadItem(msg)
    for recipient, email_id in people:
        yield {
            "timestamp": times.from_epoch(_events.text(event, "timestamp")),
            "event": kind,
            "recipient": recipient,
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": words,
            "vendor_type": _events.joined(word, subclass),
            "message_id": email_id,
            "campaign": _events.text(event, "labelName") or (task if task not in _NONE else None),
            "sending_ip": _events.text(event, "outIp"),
        }


_NONE = {None, "0", "-1"}


def _people(event: dict[str, Any]) -> list[tuple[str, str | None]]:
    """Pair each recipient with the id of the mail to it; a request has many."""
    many = _listed(event, "recipientArray", "tos")
    ids = _listed(event, "emailIds", "email_ids")
    if many:
        return list(zip(many, [*ids, *[None] * len(many)], strict=False))
    one = _events.text(event, "recipient")
    return [(one, _events.text(event, "email_id", "emailId"))] if one else []


def _listed(event: dict[str, Any], *keys: str) -> list[str]:
    """Read a list: JSON, JSON as text, or names with commas in brackets."""
    value: Any = next((event[key] for key in keys if event.get(key)), [])
    if isinstance(value, str):
        with suppress(ValueError, RecursionError):
            value = json.loads(value)
    if isinstance(value, str):
        value = re.split(r"[,;\s]+", value.strip("[] "))
    return [str(entry).strip() for entry in _events.entries(value) if entry]


def _reply(event: dict[str, Any]) -> str | None:
    """Return the receiver's words; ``message`` is SendCloud's own unless a reply is in it."""
    message = _events.text(event, "message")
    return _events.text(event, "cause") or (message if codes.reply_code(message) else None)


def _status_rows(entry: dict[str, Any], options: Options) -> list[Row]:
    status = _events.text(entry, "status") or ""
    kind = _STATUSES.get(status) or event_of(status)
    if kind in NO_ROWS:
        raise SkipItem(NO_ROWS[kind])
    if kind is None:
        msg = f"has the status {status[:40]!r}, which is none of SendCloud's"
        raise BadItem(msg)
    words = _events.text(entry, "sendLog")
    smtp, enhanced = codes_of(words)
    return [
        {
            "timestamp": times.from_iso(
                _events.text(entry, "modifiedTime", "requestTime"), options.tz or BEIJING
            ),
            "event": kind,
            "recipient": recipient,
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": words,
            "vendor_type": status,
            "message_id": _events.text(entry, "emailId"),
        }
        for recipient in _listed(entry, "recipients")
    ]


READER = Reader(
    name="sendcloud",
    title="SendCloud and EngageLab: webhooks and delivery status (form, JSON)",
    sniff=_events.recogniser(_unwrap, _is_event, CERTAIN + 5),
    read=ByItem(
        _events.noting_zone(_bodies.items(_unwrap), _is_status, BEIJING, "Beijing time"), _parse
    ),
    has_denominator=True,
    how_to_get=(
        "Settings > WebHook: add an address for all events, and keep the bodies that it posts, "
        "one a line.\n"
        "Or call the API's emailStatus for each day and keep the answers.\n"
        "The table that the console exports is read by generic."
    ),
)
