"""Tencent Cloud SES (腾讯云邮件推送): event callbacks, and GetSendEmailStatus.

``vendor_type`` of a callback is the event, and for bounces the type:
``delivered``, ``deferred``, ``dropped`` (Tencent did not send it:
``suppressed``), ``bounce/hard_bounce``, ``bounce/soft_bounce``, in older
posts ``bounce/hard``, ``bounce/soft``; ``spamreport``, ``unsubscribe``.
``processed`` is skipped: it is not told of every message.

That of the status list is Tencent's number: ``deliver 1`` delivered, 2
dropped, 3 refused by the recipient's provider, 8 deferred; where that is 0,
``send 1007`` and the like say why it was not sent (``suppressed``; 3024, an
address of no valid form, is a bounce), and ``send 0`` is still under way. Who
complained or unsubscribed has a row for that too, with the time of the
delivery, for want of another.

Times are epoch seconds (tencentcloud.com/document/product/1084/39492).
"""

from typing import Any

from bouncekit import times
from bouncekit.readers import _bodies, _events
from bouncekit.readers._base import BadItem, ByItem, Options, Reader, Row, SkipItem
from bouncekit.readers._events import NO_ROWS, PENDING
from bouncekit.readers._reply import codes_of

_WORDS = _events.Vocabulary(
    "Tencent",
    {
        "delivered": "delivered",
        "deferred": "deferral",
        "dropped": "suppressed",
        "bounce": "bounce",
        "spamreport": "complaint",
        "unsubscribe": "unsubscribe",
    },
    _events.OPENS_AND_CLICKS | {"processed": "a state on the way that is not always told"},
)
_DELIVER = {"1": "delivered", "2": "suppressed", "3": "bounce", "8": "deferral"}
_ACCEPTED, _BAD_FORM = "0", "3024"


def _is_status(event: dict[str, Any]) -> bool:
    return {"ToEmailAddress", "DeliverStatus"} <= set(event)


def _is_event(event: dict[str, Any]) -> bool:
    posted = event.get("event") in _WORDS and bool({"bulkId", "bulkid"} & set(event))
    return posted or _is_status(event)


_unwrap = _bodies.unwrapper(_is_event, "Response", "EmailStatusList")


def _parse(event: Any, options: Options) -> list[Row]:
    event = _events.posted(event)
    return _status_rows(event) if _is_status(event) else [_callback(event)]


def _callback(event: dict[str, Any]) -> Row:
    word = _events.text(event, "event")
    kind = _WORDS.event(word)
    reason = _events.text(event, "reason")
    smtp, enhanced = codes_of(reason if kind != "suppressed" else None)
    return {
        "timestamp": times.from_epoch(_events.text(event, "timestamp")),
        "event": kind,
        "recipient": _events.text(event, "email"),
        "smtp_code": smtp,
        "enhanced_code": enhanced,
        "diagnostic": reason,
        "vendor_type": _events.joined(word, _events.text(event, "bounceType")),
        "message_id": _events.bare_id(_events.text(event, "messageId", "bulkId", "bulkid")),
        "campaign": _events.text(event, "taskId", "templateId"),
        "sender": _events.text(event, "from"),
    }


def _status_rows(entry: dict[str, Any]) -> list[Row]:
    kind, named = _status(entry)
    words = _events.text(entry, "DeliverMessage")
    smtp, enhanced = codes_of(words if kind in ("bounce", "deferral", "delivered") else None)
    moment = times.from_epoch(_events.text(entry, "DeliverTime"))
    common = {
        "timestamp": moment or times.from_epoch(_events.text(entry, "RequestTime")),
        "recipient": _events.text(entry, "ToEmailAddress"),
        "message_id": _events.text(entry, "MessageId"),
        "sender": _events.text(entry, "FromEmailAddress"),
    }
    rows: list[Row] = [
        {
            **common,
            "event": kind,
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": words,
            "vendor_type": named,
        }
    ]
    if entry.get("UserComplainted") is True or entry.get("UserComplained") is True:
        rows.append({**common, "event": "complaint", "vendor_type": "UserComplainted"})
    if entry.get("UserUnsubscribed") is True:
        rows.append({**common, "event": "unsubscribe", "vendor_type": "UserUnsubscribed"})
    return rows


def _status(entry: dict[str, Any]) -> tuple[str, str]:
    """Return the event of a status, and Tencent's number for it."""
    deliver = _events.text(entry, "DeliverStatus") or ""
    send = _events.text(entry, "SendStatus") or _ACCEPTED
    if deliver in _DELIVER:
        return _DELIVER[deliver], f"deliver {deliver}"
    if deliver != _ACCEPTED:
        msg = f"has the DeliverStatus {deliver[:40]!r}, which is none of Tencent's"
        raise BadItem(msg)
    if send == _ACCEPTED:
        raise SkipItem(NO_ROWS[PENDING])
    return "bounce" if send == _BAD_FORM else "suppressed", f"send {send}"


READER = Reader(
    name="tencent_ses",
    title="Tencent Cloud SES: event callbacks and GetSendEmailStatus (JSON)",
    sniff=_events.recogniser(_unwrap, _is_event),
    read=ByItem(_bodies.items(_unwrap), _parse),
    has_denominator=True,
    how_to_get=(
        "SES console > Email configuration > Callback address: set one, and keep the bodies that "
        "it posts.\n"
        "Or API Explorer > ses > GetSendEmailStatus for each day, and keep the answers.\n"
        "The table that the console exports is read by generic."
    ),
)
