"""Amazon SES event publishing: one JSON event a line, as Firehose stores it.

The configuration set publishes no Send events and no headers: every sender
chooses which events to have, and these would double the file.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from bouncekit.simulate.data import HOUR, facts, utc
from bouncekit.simulate.talk import Said

_ACCOUNT = "123456789012"
_REPORTING = "a8-31.smtp-out.amazonses.com"
_SUPPRESSED = (
    "Amazon SES did not send the message to this address because it is on the suppression list "
    "for your account. For more information about removing addresses from the suppression list, "
    "see the Amazon SES Developer Guide at "
    "https://docs.aws.amazon.com/ses/latest/DeveloperGuide/sending-email-suppression-list.html"
)
_BOUNCE_TYPES = {
    # A domain without a mail server is transient in the eyes of SES.
    "host_unknown": ("Transient", "General"),
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


def lines(said: Iterable[Said]) -> Iterator[str]:
    """Yield the events of the channel ``ses`` as lines of JSON.

    Firehose delivers in objects, roughly by time: within an hour the lines lie
    by campaign.
    """
    published = (entry for entry in said if entry.channel == "ses" and entry.event in _BODIES)
    for entry in sorted(published, key=lambda one: (one.at // HOUR, one.campaign)):
        name, body = _BODIES[entry.event](entry)
        event = {"eventType": name, "mail": _mail(entry), KEYS[name]: body}
        yield json.dumps(event, separators=(",", ":"), ensure_ascii=True) + "\n"


def _stamp(millis: int) -> str:
    return f"{utc(millis):%Y-%m-%dT%H:%M:%S}.{millis % 1_000:03d}Z"


def _mail(entry: Said) -> dict[str, Any]:
    seller = facts()["seller"]
    return {
        "timestamp": _stamp(entry.sent_at),
        "source": f"news@{seller['domain']}",
        "sourceArn": f"arn:aws:ses:us-east-1:{_ACCOUNT}:identity/{seller['domain']}",
        "sendingAccountId": _ACCOUNT,
        "messageId": entry.message_id.partition("@")[0],
        "destination": [entry.address],
        "tags": {
            "ses:configuration-set": ["outreach"],
            "ses:outgoing-ip": [seller["ses_ip"]],
            "campaign": [entry.campaign],
        },
    }


def _delivery(entry: Said) -> tuple[str, dict[str, Any]]:
    return "Delivery", {
        "timestamp": _stamp(entry.at),
        "processingTimeMillis": entry.at - entry.sent_at,
        "recipients": [entry.address],
        "smtpResponse": entry.reply,
        "remoteMtaIp": entry.ip,
        "reportingMTA": _REPORTING,
    }


def _bounce(entry: Said) -> tuple[str, dict[str, Any]]:
    kind, subtype = _BOUNCE_TYPES.get(entry.kind, ("Permanent", "General"))
    reply, status, reporting = f"smtp; {entry.reply}", entry.enhanced or "5.0.0", _REPORTING
    if entry.event == "suppressed":
        kind, subtype = "Permanent", "OnAccountSuppressionList"
        reply, status, reporting = _SUPPRESSED, "5.1.1", "amazonses.com"
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
    if entry.event != "suppressed" and entry.cause not in ("host_unknown", "null_mx"):
        body["remoteMtaIp"] = entry.ip
    return "Bounce", {**body, "reportingMTA": f"dns; {reporting}"}


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
        "reportingMTA": _REPORTING,
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
    "delivered": _delivery,
    "bounce": _bounce,
    "suppressed": _bounce,
    "deferral": _delay,
    "complaint": _complaint,
    "unsubscribe": _subscription,
}
KEYS = {
    "Delivery": "delivery",
    "Bounce": "bounce",
    "DeliveryDelay": "deliveryDelay",
    "Complaint": "complaint",
    "Subscription": "subscription",
}
"""Where the details of an event stand, by its type."""
