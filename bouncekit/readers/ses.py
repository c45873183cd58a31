"""Amazon SES: feedback notifications and published events, in any wrapping.

SES writes through SNS, SQS, Lambda, EventBridge, Firehose or straight to a
file; each layer is taken off until ``notificationType`` or ``eventType``
appears. Its own names of things become ``vendor_type``:

- bounces, ``bounceType/bounceSubType``: ``Undetermined/Undetermined``;
  ``Permanent/`` ``General``, ``NoEmail``, ``Suppressed``,
  ``OnAccountSuppressionList``, ``OnTenantSuppressionList``,
  ``EmailValidationSuppressed`` (the last four were never tried: event
  ``suppressed``); ``Transient/`` ``General``, ``MailboxFull``,
  ``MessageTooLarge``, ``ContentRejected``, ``AttachmentRejected``,
  ``CustomTimeoutExceeded``. Transient is final: SES has stopped trying.
- ``Complaint``, or with the feedback type ``Complaint/abuse``,
  ``Complaint/auth-failure``, ``Complaint/fraud``, ``Complaint/other``,
  ``Complaint/virus`` (``not-spam`` is the opposite of one and is skipped);
  ``Complaint/OnAccountSuppressionList`` was never tried
- ``DeliveryDelay/`` ``InternalFailure``, ``General``, ``MailboxFull``,
  ``SpamDetected``, ``RecipientServerError``, ``IPFailure``,
  ``TransientCommunicationFailure``, ``BYOIPHostNameLookupUnavailable``,
  ``Undetermined``, ``SendingDeferral``
- ``Send``, ``Delivery``, ``Reject``, ``Rendering Failure``, ``Subscription``
"""

import re
from collections.abc import Iterable
from typing import Any

from bouncekit import times
from bouncekit.inputs.sources import Head
from bouncekit.readers import _bodies, _json
from bouncekit.readers._base import (
    CERTAIN,
    LIKELY,
    NO,
    BadItem,
    ByItem,
    Options,
    Reader,
    Row,
    SkipItem,
)
from bouncekit.readers._events import bare_id, joined
from bouncekit.readers._reply import codes_of, without_type

_SUPPRESSED = {
    "suppressed",
    "onaccountsuppressionlist",
    "ontenantsuppressionlist",
    "emailvalidationsuppressed",
}
_NOT_OURS = {
    "Open": "is an open, not a delivery event",
    "Click": "is a click, not a delivery event",
    "Received": "tells of received mail, not of mail that was sent",
    "AmazonSnsSubscriptionSucceeded": "tells of the SNS topic, not of a message",
}
_CONFIRMATIONS = {"SubscriptionConfirmation", "UnsubscribeConfirmation"}
_AUTO_REPLY = re.compile(
    r"\bout[ -]of[ -](?:the[ -])?office|\bvacation\b"
    r"|\bauto(?:matic)?[ -]?(?:reply|response|responder)\b"
    r"|\bauto-(?:replied|submitted)\b|自动回复|自動回覆|休假",
    re.IGNORECASE,
)
CAMPAIGN_TAG = re.compile(r"^campaign(?:[ _-]?(?:id|name))?$", re.IGNORECASE)


def _is_event(value: dict[str, Any]) -> bool:
    return "notificationType" in value or ("eventType" in value and "mail" in value)


def _confirms(value: dict[str, Any]) -> bool:
    return str(value.get("Type")) in _CONFIRMATIONS


_events = _bodies.unwrapper(lambda value: _is_event(value) or _confirms(value), "Event")


def sniff(head: Head) -> int:
    """Recognise an SES event in any wrapping among the first values."""
    first = _bodies.first_objects(head, _events)
    if any(map(_is_event, first)):
        return CERTAIN
    # Topics of others are confirmed in the same way.
    return LIKELY if any(map(_confirms, first)) else NO


def _parse(event: Any, options: Options) -> list[Row]:
    word = _word(event)
    rows = _PARTS[word](event)
    common = _common(event)
    for row in rows:
        row["timestamp"] = times.from_iso(_json.text_of(row.get("timestamp")))
        if row["timestamp"] is None:
            row["timestamp"] = _sent_at(event)
        row.setdefault("vendor_type", word)
        for key, value in common.items():
            row.setdefault(key, value)
    if not rows:
        msg = f"is a {word} that names no recipient"
        raise BadItem(msg)
    return rows


def _word(event: Any) -> str:
    if isinstance(event, str):
        if event.startswith("Successfully validated SNS topic"):
            msg = "is the test message of an SNS topic"
            raise SkipItem(msg)
        msg = "is text, not an event"
        raise BadItem(msg)
    if not isinstance(event, dict):
        msg = "is not a JSON object"
        raise BadItem(msg)
    if not event or _confirms(event):
        msg = "confirms an SNS subscription and tells of no message"
        raise SkipItem(msg)
    word = str(event.get("notificationType") or event.get("eventType"))
    if word in _NOT_OURS:
        raise SkipItem(_NOT_OURS[word])
    if word not in _PARTS or not _is_event(event):
        msg = f"is no SES event that is known ({word[:40]!r})"
        raise BadItem(msg)
    return word


def _common(event: dict[str, Any]) -> Row:
    mail = _json.part(event.get("mail"))
    # SES sends a Message-ID of its own, whatever id the headers say that it was given.
    written = _json.text_at(mail, "messageId") or _json.text_at(mail, "commonHeaders", "messageId")
    tags = _json.part(mail.get("tags"))
    campaigns = (_json.first_text(tags[key]) for key in tags if CAMPAIGN_TAG.match(key))
    return {
        "message_id": bare_id(written),
        "sender": _json.text_of(mail.get("source")),
        "campaign": next(campaigns, None),
        "sending_ip": _json.first_text(tags.get("ses:outgoing-ip")),
    }


def _sent_at(event: dict[str, Any]) -> int | None:
    return times.from_iso(_json.text_at(event, "mail", "timestamp"))


def _destinations(event: dict[str, Any]) -> list[Any]:
    return _json.list_of(_json.part(event.get("mail")).get("destination"))


def _rows(names: Iterable[Any], **facts: Any) -> list[Row]:
    """Give one row per address; an entry is an address or has ``emailAddress``."""
    return [
        {**facts, "recipient": _json.text_of(name.get("emailAddress"))}
        if isinstance(name, dict)
        else {**facts, "recipient": _json.text_of(name)}
        for name in names
    ]


def _failures(entries: Iterable[Any], **facts: Any) -> list[Row]:
    """Give one row per failed recipient, with the codes and words of its report."""
    entries = [entry for entry in entries if isinstance(entry, (dict, str))]
    rows = _rows(entries, **facts)
    for row, entry in zip(rows, map(_json.part, entries), strict=True):
        text = _json.text_of(entry.get("diagnosticCode"))
        status = _json.text_of(entry.get("status"))
        row["diagnostic"] = without_type(text)
        row["smtp_code"], row["enhanced_code"] = codes_of(row["diagnostic"], _status(status))
    return rows


def _status(text: str | None) -> str | None:
    """Give a status that is an enhanced code; the field holds nothing else that is."""
    return text if text and "." in text else None


def _remote(part: dict[str, Any]) -> str | None:
    """Name the host that reported, unless it was SES itself."""
    told = _json.text_of(part.get("reportingMTA"))
    host = told.rpartition(";")[2].strip() if told else ""
    return None if not host or host.lower().endswith("amazonses.com") else host


def bounce_event(kind: str | None, subkind: str | None, text: str | None, code: Any) -> str:
    """Tell a bounce from an address that was not tried and from an automatic reply."""
    if _folded(subkind) in _SUPPRESSED:
        return "suppressed"
    general = (_folded(kind), _folded(subkind)) == ("transient", "general")
    return "auto_reply" if general and text and not code and _AUTO_REPLY.search(text) else "bounce"


def complaint_event(kind: str | None, subkind: str | None) -> str:
    """Tell a complaint from an address that was not tried because of an older one.

    Raises
    ------
    SkipItem
        If it is the opposite of a complaint.
    """
    if _folded(kind) == "notspam":
        msg = "says that the message is not spam, the opposite of a complaint"
        raise SkipItem(msg)
    return "suppressed" if _folded(subkind) in _SUPPRESSED else "complaint"


def _folded(word: str | None) -> str:
    """Fold the spellings of events and of the API: ``OnAccount...``, ``ON_ACCOUNT_...``."""
    return re.sub(r"[^a-z]", "", (word or "").lower())


def _bounce(event: dict[str, Any]) -> list[Row]:
    part = _json.part(event.get("bounce"))
    kind, subkind = (_json.text_of(part.get(key)) for key in ("bounceType", "bounceSubType"))
    rows = _failures(
        _json.list_of(part.get("bouncedRecipients")),
        timestamp=part.get("timestamp"),
        vendor_type=joined(kind, subkind) or "Bounce",
        remote_mta=_remote(part),
    )
    for row in rows:
        row["event"] = bounce_event(kind, subkind, row["diagnostic"], row["smtp_code"])
    return rows


def _complaint(event: dict[str, Any]) -> list[Row]:
    part = _json.part(event.get("complaint"))
    kind, subkind = (
        _json.text_of(part.get(key)) for key in ("complaintFeedbackType", "complaintSubType")
    )
    return _rows(
        _json.list_of(part.get("complainedRecipients")),
        event=complaint_event(kind, subkind),
        timestamp=part.get("timestamp"),
        vendor_type=joined("Complaint", subkind or kind),
    )


def _delivery(event: dict[str, Any]) -> list[Row]:
    part = _json.part(event.get("delivery"))
    response = _json.text_of(part.get("smtpResponse"))
    smtp, enhanced = codes_of(response)
    return _rows(
        _json.list_of(part.get("recipients")) or _destinations(event),
        event="delivered",
        timestamp=part.get("timestamp"),
        diagnostic=response,
        smtp_code=smtp,
        enhanced_code=enhanced,
    )


def _delay(event: dict[str, Any]) -> list[Row]:
    part = _json.part(event.get("deliveryDelay"))
    kind = _json.text_of(part.get("delayType"))
    return _failures(
        _json.list_of(part.get("delayedRecipients")) or _destinations(event),
        event="deferral",
        timestamp=part.get("timestamp"),
        vendor_type=joined("DeliveryDelay", kind),
        remote_mta=_remote(part),
    )


def _send(event: dict[str, Any]) -> list[Row]:
    return _rows(_destinations(event), event="sent")


def _reject(event: dict[str, Any]) -> list[Row]:
    reason = _json.text_at(event, "reject", "reason")
    return _rows(_destinations(event), event="suppressed", diagnostic=reason)


def _rendering(event: dict[str, Any]) -> list[Row]:
    words = _json.text_at(event, "failure", "errorMessage")
    return _rows(_destinations(event), event="suppressed", diagnostic=words)


def _subscription(event: dict[str, Any]) -> list[Row]:
    part = _json.part(event.get("subscription"))
    if _json.part(part.get("newTopicPreferences")).get("unsubscribeAll") is not True:
        msg = "changes topic preferences and unsubscribes from nothing at large"
        raise SkipItem(msg)
    return _rows(_destinations(event), event="unsubscribe", timestamp=part.get("timestamp"))


_PARTS = {
    "Bounce": _bounce,
    "Complaint": _complaint,
    "Delivery": _delivery,
    "DeliveryDelay": _delay,
    "Send": _send,
    "Reject": _reject,
    "Rendering Failure": _rendering,
    "RenderingFailure": _rendering,
    "Subscription": _subscription,
}


READER = Reader(
    name="ses",
    title="Amazon SES notifications and events (SNS, EventBridge, Firehose)",
    sniff=sniff,
    read=ByItem(_bodies.items(_events), _parse),
    has_denominator=True,
    how_to_get=(
        "Amazon SES > Configuration sets > your set > Event destinations > Add destination: check "
        "Sends, Deliveries, Hard bounces, Complaints, Rejects, Delivery delays, Rendering failures "
        "and Subscriptions; destination Amazon Data Firehose, which writes to an S3 bucket.\n"
        "Then: aws s3 sync s3://BUCKET/PREFIX ses-events\n"
        "Or keep what an SNS topic, an SQS queue, a Lambda function or EventBridge receives."
    ),
)
