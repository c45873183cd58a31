"""KumoMTA delivery logs and log hooks: one JSON object per record.

``vendor_type`` is KumoMTA's bounce classification where it has made one, else
the record type:

- record types: ``Reception``, ``Delivery``, ``TransientFailure``, ``Delayed``,
  ``Bounce``, ``Expiration``, ``OOB`` (a bounce that came back as a message),
  ``Feedback/abuse`` and the other kinds of feedback
- classifications: ``AuthenticationFailed``, ``BadConfiguration``,
  ``BadConnection``, ``BadDomain``, ``ContentRelated``, ``DNSFailure``,
  ``InactiveMailbox``, ``InvalidRecipient``, ``InvalidSender``,
  ``MessageExpired``, ``NoAnswerFromHost``, ``PolicyRelated``,
  ``ProhibitedAttachment``, ``ProtocolErrors``, ``QuotaIssues``,
  ``RelayDenied``, ``RelayingIssues``, ``RoutingErrors``, ``SpamBlock``,
  ``SpamContent``, ``SpamRelated``, ``TooManyRecipients``,
  ``TransientFailure``, ``VirusRelated``; of messages that came back also
  ``AutoReply``, ``ChallengeResponse``, ``Subscribe``, ``Unsubscribe``. Sites
  may have labels of their own.

The record of a message that came back (``OOB``, ``Feedback``) has the id and
headers of that message, not of the mail it speaks of. A reply code that it
has without any words is KumoMTA's default, not the receiver's.

``Rejection`` is mail that this server did not take in: no bounce.

Facts: docs.kumomta.com/reference/log_record and the project's code.
"""

import re
from typing import Any

from bouncekit import times
from bouncekit.readers import _bodies, _events, _json
from bouncekit.readers._base import ByItem, Options, Reader, Row, SkipItem
from bouncekit.readers._reply import codes_of

_MOVES = "a message that was moved between queues or servers"
_WORDS = _events.Vocabulary(
    "KumoMTA",
    {
        "Reception": "sent",
        "Delivery": "delivered",
        "TransientFailure": "deferral",
        "Delayed": "deferral",
        "Bounce": "bounce",
        "Expiration": "bounce",
        "OOB": "bounce",
        "Feedback": "complaint",
    },
    {
        "AdminBounce": "a message that an administrator took out of the queue",
        "Rejection": "mail that this server did not take in",
        "AdminRebind": _MOVES,
        "DeferredInjectionRebind": _MOVES,
        "XferOut": _MOVES,
        "XferIn": _MOVES,
    },
)
_NOT_CLASSIFIED = {None, "Uncategorized"}
_AUTO_REPLY = "AutoReply"
_ANSWERS = {
    "ChallengeResponse": "is a challenge to the sender, not a bounce",
    "Subscribe": "is a request to subscribe, not a bounce",
    "Unsubscribe": "is a request to unsubscribe, not a bounce",
}
_STAGES = {"RCPT": "RCPT TO", "MAIL": "MAIL FROM", "DATA": "DATA", ".": "DATA", "BDAT": "DATA"}
_STAGES |= {"EHLO": "EHLO", "HELO": "EHLO", "AUTH": "AUTH", "STAR": "STARTTLS"}
_MESSAGE_ID = re.compile(r"^message-id:\s*<([^>\s]{1,998})>", re.IGNORECASE | re.MULTILINE)


def _is_event(event: dict[str, Any]) -> bool:
    known = event.get("type") in _WORDS
    return known and "bounce_classification" in event and ("nodeid" in event or "queue" in event)


_unwrap = _bodies.unwrapper(_is_event)


def _parse(event: Any, options: Options) -> list[Row]:
    event = _events.posted(event)
    word = _events.text(event, "type")
    kind = _WORDS.event(word)
    if word == "Feedback":
        return _feedback(event)
    label = _events.text(event, "bounce_classification")
    if word == "OOB":
        if label in _ANSWERS:
            raise SkipItem(_ANSWERS[label])
        kind = "auto_reply" if label == _AUTO_REPLY else kind
    common = {
        "timestamp": _when(event),
        "event": kind,
        "vendor_type": word if label in _NOT_CLASSIFIED else label,
        "remote_mta": _host(_events.text(_json.part(event, "peer_address"), "name")),
        **(_response(event) if kind != "sent" else {}),
        **(_message(event) if word != "OOB" else {}),
    }
    named = [_address(name) for name in _events.entries(event.get("recipient"))] or [None]
    return [{**common, "recipient": name} for name in named]


def _when(event: dict[str, Any]) -> int | None:
    found = times.from_iso(_events.text(event, "event_time"))
    return times.from_epoch(_events.text(event, "timestamp")) if found is None else found


def _address(value: Any) -> str | None:
    name = _json.text_of(value)
    return (name.strip("<> ") or None) if name else None


def _host(name: str | None) -> str | None:
    return (name.rstrip(".") or None) if name else None


def _message(event: dict[str, Any]) -> Row:
    headers = _json.part(event, "headers")
    written = next((headers[key] for key in headers if key.lower() == "message-id"), None)
    address = _events.text(_json.part(event, "source_address"), "address")
    return {
        "message_id": _events.bare_id(_json.text_of(written)) or _events.text(event, "id"),
        "campaign": _campaign(event),
        "sender": _address(event.get("sender")),
        "sending_ip": address.rpartition(":")[0].strip("[]") or address if address else None,
    }


def _campaign(event: dict[str, Any]) -> str | None:
    """Give the campaign by the metadata, else by the queue ``campaign:tenant@domain``."""
    named = _events.text(_json.part(event, "meta"), "campaign")
    if named:
        return named
    campaign, colon, _ = (_events.text(event, "queue") or "").partition(":")
    return campaign if colon and campaign else None


def _response(event: dict[str, Any]) -> Row:
    """Put code, enhanced code and words together, which KumoMTA has taken apart."""
    response = _json.part(event, "response")
    words, code = (_events.text(response, key) for key in ("content", "code"))
    if not words:
        return {}
    parts = _json.part(response, "enhanced_code")
    digits = [_events.text(parts, key) for key in ("class", "subject", "detail")]
    status = ".".join(filter(None, digits)) if all(digits) else None
    given = code if code and re.fullmatch(r"[245]\d\d", code) else None
    reply = " ".join(filter(None, (given, status, words)))
    stage = _STAGES.get((_events.text(response, "command") or "")[:4].strip().upper())
    smtp, enhanced = codes_of(reply)
    return {
        "smtp_code": smtp,
        "enhanced_code": enhanced,
        "diagnostic": f"{reply} (in reply to {stage})" if stage and reply[0] != "2" else reply,
    }


def _feedback(event: dict[str, Any]) -> list[Row]:
    report = _json.part(event, "feedback_report")
    kind = (_events.text(report, "feedback_type") or "abuse").lower()
    if kind == "not-spam":
        msg = "says that the message is not spam, the opposite of a complaint"
        raise SkipItem(msg)
    trace = _json.part(report, "supplemental_trace")
    named = _events.entries(report.get("original_rcpto_to")) or [trace.get("recipient")]
    original = _MESSAGE_ID.search(_events.text(report, "original_message") or "")
    common = {
        "timestamp": _when(event),
        "event": "complaint",
        "vendor_type": f"Feedback/{kind}",
        "sender": _address(report.get("original_mail_from")),
        "sending_ip": _events.text(report, "source_ip"),
        "message_id": original[1] if original else None,
    }
    return [{**common, "recipient": _address(name)} for name in named]


READER = Reader(
    name="kumomta",
    title="KumoMTA log (JSON)",
    sniff=_events.recogniser(_unwrap, _is_event),
    read=ByItem(_bodies.items(_unwrap), _parse),
    has_denominator=True,
    how_to_get=(
        "Copy the files of the log_dir of kumo.configure_local_logs, often /var/log/kumomta, as "
        "they are: zstd-compressed segments, one JSON record per line.\n"
        "With headers = { 'Message-ID' } in that call, bounce mail and log are told to be one."
    ),
)
