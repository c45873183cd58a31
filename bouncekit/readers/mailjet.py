"""Mailjet's event webhook: one event, or an array of them, a post.

``vendor_type`` is the event's word; failures add what Mailjet relates the
error to, the error, and ``hard`` where the event says so:
``bounce/recipient/user unknown/hard``, ``blocked/mailjet/preblocked``.
``sent`` means that the receiving server accepted the message, so it is
``delivered``; ``blocked`` that Mailjet did not try, so it is ``suppressed``.

==========  ===========================================================
related to  errors
==========  ===========================================================
recipient   ``user unknown``, ``mailbox inactive``, ``quota exceeded``,
            ``blacklisted``, ``spam reporter``
domain      ``invalid domain``, ``no mail host``,
            ``relay/access denied``, ``greylisted``, ``typofix``
content     ``bad or empty template``, ``error in template language``
spam        ``sender blocked``, ``content blocked``, ``policy issue``
system      ``system issue``, ``protocol issue``, ``connection issue``
mailjet     ``preblocked``, ``duplicate in campaign``
==========  ===========================================================

The flag ``blocked`` of a bounce only says that the address is blocked from
now on (dev.mailjet.com/email/guides/webhooks).
"""

from typing import Any

from bouncekit import times
from bouncekit.readers import _bodies, _events
from bouncekit.readers._base import ByItem, Options, Reader, Row, SkipItem
from bouncekit.readers._reply import codes_of

_WORDS = _events.Vocabulary(
    "Mailjet",
    {
        "sent": "delivered",
        "bounce": "bounce",
        "blocked": "suppressed",
        "spam": "complaint",
        "unsub": "unsubscribe",
    },
    _events.OPENS_AND_CLICKS,
)
# Mailjet goes on trying.
_DEFERRED = {"greylisted"}
# Mailjet did not try, whatever the event is called.
_NOT_TRIED = {
    *("blacklisted", "spam reporter", "typofix", "preblocked", "duplicate in campaign"),
    *("bad or empty template", "error in template language"),
}


def _is_event(event: dict[str, Any]) -> bool:
    ours = any(key in event for key in ("mj_campaign_id", "mj_contact_id", "Message_GUID"))
    return "event" in event and (ours or {"MessageID", "email", "time"} <= set(event))


_unwrap = _bodies.unwrapper(_is_event)


def _parse(event: Any, options: Options) -> list[Row]:
    event = _events.posted(event)
    word = _events.text(event, "event")
    if word is None and _events.text(event, "email") is None:
        msg = "is a test post without an event"
        raise SkipItem(msg)
    kind = _WORDS.event(word)
    error = _events.text(event, "error")
    if kind == "bounce" and error in _DEFERRED | _NOT_TRIED:
        kind = "deferral" if error in _DEFERRED else "suppressed"
    words = _events.text(event, "comment", "smtp_reply")
    smtp, enhanced = codes_of(None if kind == "suppressed" else words)
    return [
        {
            "timestamp": times.from_epoch(_events.text(event, "time")),
            "event": kind,
            "recipient": _events.text(event, "email"),
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": words,
            "vendor_type": _events.joined(
                word,
                _events.text(event, "error_related_to"),
                error,
                "hard" if event.get("hard_bounce") is True and error else None,
            ),
            "message_id": _events.text(event, "Message_GUID", "MessageID"),
            "campaign": _campaign(event),
        }
    ]


def _campaign(event: dict[str, Any]) -> str | None:
    named = _events.text(event, "customcampaign")
    number = _events.text(event, "mj_campaign_id")
    return named or (number if number != "0" else None)


READER = Reader(
    name="mailjet",
    title="Mailjet event webhook (JSON)",
    sniff=_events.recogniser(_unwrap, _is_event),
    read=ByItem(_bodies.items(_unwrap), _parse),
    has_denominator=True,
    how_to_get=(
        "Account settings > Event notifications (webhooks): give an address for sent, bounce, "
        "blocked, spam and unsub, and keep the bodies that it posts."
    ),
)
