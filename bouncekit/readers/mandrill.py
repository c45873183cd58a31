"""Mandrill (Mailchimp Transactional) webhooks: a form field, or the array in it.

A post is the form field ``mandrill_events`` with a JSON array; archives hold
the one or the other (mailchimp.com/developer/transactional, Webhooks).
``vendor_type`` is the event's word, for bounces with Mandrill's description:

- ``send`` (sent; there is no event for the delivery), ``deferral``, ``spam``,
  ``unsub``; ``delivered`` where the account reports it
- ``hard_bounce/bad_mailbox``, ``hard_bounce/invalid_domain``,
  ``soft_bounce/mailbox_full``, ``soft_bounce/general`` ...; without a
  description the class number, ``soft_bounce/bgtools_code 22``
- ``reject``, ``reject/hard-bounce`` ...: on Mandrill's rejection list, so
  ``suppressed``

Changes of the rejection list (``type`` in place of ``event``), opens, clicks
and received mail are skipped. Mandrill's id for a message (``_id``) is no part
of the Message-ID, so a bounce that also came as mail cannot be joined with it.
"""

from typing import Any

from bouncekit import addresses, times
from bouncekit.inputs.sources import Head
from bouncekit.readers import _bodies, _json
from bouncekit.readers._base import CERTAIN, NO, ByItem, Options, Reader, Row, SkipItem
from bouncekit.readers._events import OPENS_AND_CLICKS, Vocabulary, joined, posted
from bouncekit.readers._reply import codes_of, without_type

_WORDS = Vocabulary(
    "Mandrill",
    {
        "send": "sent",
        "delivered": "delivered",
        "deferral": "deferral",
        "hard_bounce": "bounce",
        "soft_bounce": "bounce",
        "reject": "suppressed",
        "spam": "complaint",
        "unsub": "unsubscribe",
    },
    OPENS_AND_CLICKS | {"inbound": "received mail"},
)
_FIELD = "mandrill_events"
# Whom the button that tries a webhook writes about.
_TRIAL = "example.webhook@mandrillapp.com"


def _is_event(value: dict[str, Any]) -> bool:
    return ("event" in value and "msg" in value) or ("action" in value and "type" in value)


_events = _bodies.unwrapper(_is_event, _FIELD)


def sniff(head: Head) -> int:
    """Recognise the form field, or an event about a message with Mandrill's keys."""
    bodies = (*_bodies.first_forms(head), *_json.first_objects(head))
    if any(_FIELD in body for body in bodies):
        return CERTAIN
    for event in _bodies.first_objects(head, _events):
        message = _json.part(event.get("msg"))
        if event.get("event") in _WORDS and {"_id", "email"} <= set(message):
            return CERTAIN
    return NO


def _parse(event: Any, options: Options) -> list[Row]:
    event = posted(event)
    if "event" not in event and "action" in event:
        msg = "tells of a change of the rejection list, not of a message"
        raise SkipItem(msg)
    word = _json.text_of(event.get("event"))
    kind = _WORDS.event(word)
    message = _json.part(event.get("msg"))
    recipient = _json.text_of(message.get("email"))
    if recipient == _TRIAL:
        msg = "is a test post, not an event"
        raise SkipItem(msg)
    steps = [step for step in _json.list_of(message.get("smtp_events")) if isinstance(step, dict)]
    text = _text(kind, message, steps)
    smtp, enhanced = codes_of(text)
    return [
        {
            "timestamp": times.from_epoch(_json.text_of(event.get("ts"))),
            "event": kind,
            "recipient": recipient,
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": text,
            "vendor_type": joined(word, _cause(word, message)),
            "message_id": _json.first_text([message.get("_id"), event.get("_id")]),
            "campaign": _json.first_text(message.get("tags")),
            "sender": addresses.clean(_json.text_of(message.get("sender"))),
            "sending_ip": _json.first_text([step.get("source_ip") for step in reversed(steps)]),
        }
    ]


def _text(kind: str, message: dict[str, Any], steps: list[dict[str, Any]]) -> str | None:
    """Return the receiver's words: the message's, else those of its last attempt."""
    told = [message.get("diag")]
    if kind in ("bounce", "deferral", "delivered"):
        told += [step.get("diag") for step in reversed(steps)]
    return without_type(_json.first_text(told))


def _cause(word: str | None, message: dict[str, Any]) -> str | None:
    if word == "reject":
        return _json.first_text([_json.text_at(message, "reject", "reason")])
    if word not in ("hard_bounce", "soft_bounce"):
        return None
    number = _json.text_of(message.get("bgtools_code"))
    named = _json.text_of(message.get("bounce_description"))
    return named or (f"bgtools_code {number}" if number else None)


READER = Reader(
    name="mandrill",
    title="Mandrill (Mailchimp Transactional) webhooks",
    sniff=sniff,
    read=ByItem(_bodies.items(_events), _parse),
    has_denominator=True,
    how_to_get=(
        "Settings > Webhooks > Add a Webhook: check Message Is Sent, Is Delayed, Is Bounced, Is "
        "Soft-Bounced, Is Rejected, Is Marked As Spam and Recipient Unsubscribes; keep the bodies "
        "that it posts, one in each line of a file."
    ),
)
