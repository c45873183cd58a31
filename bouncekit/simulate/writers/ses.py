"""Amazon SES event publishing: one JSON event a line, as Firehose stores it."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from bouncekit.simulate.data import HOUR, facts, utc
from bouncekit.simulate.talk import Said

_ACCOUNT = "123456789012"
_REPORTING = "dsn; a8-31.smtp-out.amazonses.com"
_SUPPRESSED = (
    "Amazon SES did not send the message to this address because it is on the suppression list "
    "for your account."
)
_BOUNCE_TYPES = {
    "mailbox_full": ("Transient", "MailboxFull"),
    "too_large": ("Transient", "MessageTooLarge"),
    "spam": ("Transient", "ContentRejected"),
    "expired": ("Transient", "General"),
    "system": ("Transient", "General"),
    "unspecified": ("Undetermined", "Undetermined"),
}
_DELAY_TYPES = {
    "mailbox_full": "MailboxFull",
    "timeout": "TransientCommunicationFailure",
    "system": "RecipientServerError",
    "reputation": "IPFailure",
}


def lines(said: Iterator[Said]) -> Iterator[str]:
    """Yield the events of the channel ``ses`` as lines of JSON, by time."""
    for entry in said:
        if entry.channel != "ses" or entry.event not in _BODIES:
            continue
        name, body = _BODIES[entry.event](entry)
        event = {"eventType": name, "mail": _mail(entry), _KEYS[name]: body}
        yield json.dumps(event, separators=(",", ":"), ensure_ascii=True) + "\n"


def _stamp(millis: int) -> str:
    return f"{utc(millis):%Y-%m-%dT%H:%M:%S}.{millis % 1_000:03d}Z"


def _mail(entry: Said) -> dict[str, Any]:
    seller = facts()["seller"]
    sender = f"news@{seller['domain']}"
    shown = f"Brightwave Trading <{sender}>"
    provider_id = entry.message_id.partition("@")[0]
    return {
        "timestamp": _stamp(entry.sent_at),
        "source": sender,
        "sourceArn": f"arn:aws:ses:us-east-1:{_ACCOUNT}:identity/{seller['domain']}",
        "sendingAccountId": _ACCOUNT,
        "messageId": provider_id,
        "destination": [entry.address],
        "headersTruncated": False,
        "commonHeaders": {
            "from": [shown],
            "to": [entry.address],
            "messageId": provider_id,
            "subject": entry.subject,
        },
        "tags": {
            "ses:configuration-set": ["outreach"],
            "ses:from-domain": [seller["domain"]],
            "ses:outgoing-ip": [seller["ses_ip"]],
            "campaign": [entry.campaign],
        },
    }


def _send(entry: Said) -> tuple[str, dict[str, Any]]:
    return "Send", {}


def _delivery(entry: Said) -> tuple[str, dict[str, Any]]:
    return "Delivery", {
        "timestamp": _stamp(entry.at),
        "processingTimeMillis": entry.at - entry.sent_at,
        "recipients": [entry.address],
        "smtpResponse": entry.reply,
        "remoteMtaIp": entry.ip,
        "reportingMTA": _REPORTING.removeprefix("dsn; "),
    }


def _bounce(entry: Said) -> tuple[str, dict[str, Any]]:
    kind, subtype = _BOUNCE_TYPES.get(entry.kind, ("Permanent", "General"))
    reply, status, remote = f"smtp; {entry.reply}", entry.enhanced or "5.0.0", entry.ip
    if entry.event == "suppressed":
        kind, subtype = "Permanent", "OnAccountSuppressionList"
        reply, status, remote = _SUPPRESSED, "5.1.1", ""
    body: dict[str, Any] = {
        "feedbackId": f"{entry.message_id.partition('@')[0]}-feedback",
        "bounceType": kind,
        "bounceSubType": subtype,
        "bouncedRecipients": [
            {
                "emailAddress": entry.address,
                "action": "failed",
                "status": status,
                "diagnosticCode": reply,
            }
        ],
        "timestamp": _stamp(entry.at),
    }
    if remote:
        body["remoteMtaIp"] = remote
    return "Bounce", {**body, "reportingMTA": _REPORTING}


def _delay(entry: Said) -> tuple[str, dict[str, Any]]:
    return "DeliveryDelay", {
        "timestamp": _stamp(entry.at),
        "delayType": _DELAY_TYPES.get(entry.kind, "General"),
        "expirationTime": _stamp(entry.sent_at + 14 * HOUR),
        "delayedRecipients": [
            {
                "emailAddress": entry.address,
                "status": entry.enhanced or "4.0.0",
                "diagnosticCode": f"smtp; {entry.reply}",
            }
        ],
        "reportingMTA": _REPORTING.removeprefix("dsn; "),
    }


def _complaint(entry: Said) -> tuple[str, dict[str, Any]]:
    return "Complaint", {
        "feedbackId": f"{entry.message_id.partition('@')[0]}-complaint",
        "complaintSubType": None,
        "complainedRecipients": [{"emailAddress": entry.address}],
        "timestamp": _stamp(entry.at),
        "userAgent": "ExampleFeedbackLoop/1.0",
        "complaintFeedbackType": "abuse",
        "arrivalDate": _stamp(entry.at - 1_500),
    }


def _subscription(entry: Said) -> tuple[str, dict[str, Any]]:
    return "Subscription", {
        "contactList": "buyers",
        "timestamp": _stamp(entry.at),
        "source": "UnsubscribeHeader",
        "newTopicPreferences": {"unsubscribeAll": True, "topicSubscriptionStatus": []},
        "oldTopicPreferences": {"unsubscribeAll": False, "topicSubscriptionStatus": []},
    }


_BODIES: dict[str, Callable[[Said], tuple[str, dict[str, Any]]]] = {
    "sent": _send,
    "delivered": _delivery,
    "bounce": _bounce,
    "suppressed": _bounce,
    "deferral": _delay,
    "complaint": _complaint,
    "unsubscribe": _subscription,
}
_KEYS = {
    "Send": "send",
    "Delivery": "delivery",
    "Bounce": "bounce",
    "DeliveryDelay": "deliveryDelay",
    "Complaint": "complaint",
    "Subscription": "subscription",
}
