"""Alibaba Cloud DirectMail (阿里云邮件推送): sending details of the API, and events.

The API is ``SenderStatisticsDetailByParam``; the events come from
EventBridge as CloudEvents, or are posted by it. ``vendor_type`` is the class
of the error and the status: ``SmtpNxBox/2``, ``SysOutInvRcpt/2``,
``SmtpMfFreq/4``, ``SendOk/0``. Statuses: 0 delivered, 1 under way (skipped), 2 invalid
address (无效地址), 3 spam (垃圾邮件), 4 failed (失败). Feedback gives its type:
``dm:Feedback:FblReport``.

Classes that begin with ``Smtp`` speak for the receiver, those with ``Sys``
for DirectMail itself. Its own return codes (559, 561, 563 ...) are no reply
of a receiver: they stand behind the class, ``SysOutInvRcpt/2/559``. What it
did not even try is ``suppressed``: its library of invalid addresses, traps,
recipients who complained or unsubscribed, and a message that it blocks
itself. Facts: help.aliyun.com/product/29412.html, document_detail/44499.html.

Times of events are Beijing time where they name no zone. A complaint names
the person who complained as ``block_email``.
"""

from typing import Any

from bouncekit import times
from bouncekit.readers import _bodies, _events, _json
from bouncekit.readers._base import BadItem, ByItem, Options, Reader, Row, SkipItem
from bouncekit.readers._events import BEIJING, NO_ROWS, PENDING
from bouncekit.readers._reply import Codes, codes_of

_STATUSES = {"0": "delivered", "2": "bounce", "3": "bounce", "4": "bounce"}
_UNDER_WAY = "1"
_TYPES = _events.Vocabulary(
    "DirectMail",
    {
        "dm:Deliver:Succeed": "delivered",
        "dm:Deliver:Fail": "bounce",
        "dm:Feedback:FblReport": "complaint",
        "dm:Feedback:UnSubscribe": "unsubscribe",
    },
    {
        "dm:Feedback:Subscribe": "a new subscription",
        "dm:Trace:Open": "an open",
        "dm:Trace:Click": "a click",
        "dm:Validator:GrayListResult": "a check of an address",
    },
)
_NOT_TRIED = {
    *("SysOutInvRcpt", "SysIncomingInvRcpt", "SysOutRcptOnAccountLevelBounceList"),
    *("SysOutRecipientReportedSpam", "SysOutRecipientUnsubscribed", "SysOutHoneypot"),
}
_OWN_CODES = {423, 427, 436, 504, 524, 526, 556, 557, 559, 561, 563}
_NOT_TRIED_CODES = {559, 561, 563}
_OWN = "Sys"


def _is_detail(event: dict[str, Any]) -> bool:
    return {"ToAddress", "Status"} <= set(event) and bool(
        {"AccountName", "ErrorClassification"} & set(event)
    )


def _is_event(event: dict[str, Any]) -> bool:
    return _is_detail(event) or event.get("type") in _TYPES


_unwrap = _bodies.unwrapper(_is_event, "mailDetail")


def _parse(event: Any, options: Options) -> list[Row]:
    event = _events.posted(event)
    return [(_detail if _is_detail(event) else _cloud_event)(event, options)]


def _detail(entry: dict[str, Any], options: Options) -> Row:
    status = _events.text(entry, "Status")
    if status == _UNDER_WAY:
        raise SkipItem(NO_ROWS[PENDING])
    kind = _STATUSES.get(status or "")
    if kind is None:
        msg = f"has the status {str(status)[:40]!r}, which is none of DirectMail's"
        raise BadItem(msg)
    named = _events.text(entry, "ErrorClassification")
    moment = times.from_epoch(_events.text(entry, "UtcLastUpdateTime"))
    return {
        "timestamp": moment or _moment(_events.text(entry, "LastUpdateTime"), options),
        "recipient": _events.text(entry, "ToAddress"),
        "sender": _events.text(entry, "AccountName"),
        "campaign": _events.text(entry, "ConfigSetName", "ConfigSetId"),
        **_outcome(kind, named, status, _events.text(entry, "Message"), None),
    }


def _cloud_event(event: dict[str, Any], options: Options) -> Row:
    word = _events.text(event, "type") or ""
    kind = _TYPES.event(word)
    data = _json.part(event, "data")
    common = {
        "timestamp": _moment(_written(event), options),
        "recipient": _events.text(data, "block_email", "rcpt", "to"),
        "sender": _events.text(data, "send_email", "from", "account"),
        "message_id": _events.bare_id(
            _events.text(data, "msg_id", "message_id", "env_id", "envid")
        ),
        "campaign": _events.text(data, "tag"),
        "sending_ip": _events.text(data, "outbound_ip"),
    }
    if kind in ("complaint", "unsubscribe"):
        return {**common, "event": kind, "vendor_type": word}
    told = [_events.text(data, key) for key in ("failed_type", "status", "err_msg", "err_code")]
    return {**common, **_outcome(kind, *told)}


def _outcome(
    kind: str, named: str | None, status: str | None, words: str | None, code: str | None
) -> Row:
    """Give event, codes, words and class of one delivery."""
    smtp, enhanced = codes_of(words, code)
    own = _own_code(named, smtp)
    if kind == "bounce" and (named in _NOT_TRIED or own in _NOT_TRIED_CODES):
        kind = "suppressed"
    codes: Codes = (None, None) if own or _is_own(named) else (smtp, enhanced)
    return {
        "event": kind,
        "smtp_code": codes[0],
        "enhanced_code": codes[1],
        "diagnostic": words,
        "vendor_type": _events.joined(named, status, str(own) if own else None),
    }


def _own_code(named: str | None, code: int | None) -> int | None:
    """Return the code if it is DirectMail's own: by its class, else by its number."""
    if _is_own(named):
        return code
    return code if not named and code in _OWN_CODES else None


def _is_own(named: str | None) -> bool:
    return bool(named and named.startswith(_OWN))


def _written(event: dict[str, Any]) -> str | None:
    data = _json.part(event, "data")
    own = _events.text(data, "operate_time", "deliver_time", "block_time", "send_time")
    return own or _events.text(event, "time")


def _moment(written: str | None, options: Options) -> int | None:
    return times.from_text(written, options.tz or BEIJING) if written else None


def _is_local(event: dict[str, Any]) -> bool:
    written = None if _is_detail(event) else _written(event)
    return written is not None and not times.names_zone(written)


READER = Reader(
    name="aliyun_dm",
    title="Alibaba Cloud DirectMail: API details and EventBridge events (JSON)",
    sniff=_events.recogniser(_unwrap, _is_event),
    read=ByItem(
        _events.noting_zone(_bodies.items(_unwrap), _is_local, BEIJING, "Beijing time"), _parse
    ),
    has_denominator=True,
    how_to_get=(
        "OpenAPI Explorer > Direct Mail > SenderStatisticsDetailByParam: call it page by page "
        "(NextStart) and keep the answers; 30 days are there.\n"
        "Or EventBridge > event rule for source acs.dm > keep the events in OSS or SLS.\n"
        "The table that the console exports is read by generic."
    ),
)
