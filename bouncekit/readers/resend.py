"""Resend's webhooks.

``vendor_type`` of a bounce is its type and subtype, which are those of Amazon
SES (``Permanent/General``, ``Transient/MailboxFull`` ...). Older events have
only a sentence of Resend's own; then it is that sentence up to its first full
stop. All other events give their type, ``email.delivered`` for instance.

Resend tells no SMTP reply, except where newer events repeat the report's
``diagnosticCode``. Of a message to several people the event does not say who
failed: each gets a row, marked as guessed.

Events that are ``suppressed``: ``email.suppressed``, ``email.failed`` (the
message never left Resend), and bounces that say so
(resend.com/docs/dashboard/webhooks/event-types).
"""

import re
from email.utils import parseaddr
from typing import Any

from bouncekit import times
from bouncekit.readers import _bodies, _events, _json
from bouncekit.readers._base import BadItem, ByItem, Options, Reader, Row, SkipItem
from bouncekit.readers._reply import codes_of, without_type
from bouncekit.taxonomy import GUESSED_RECIPIENT

_WORDS = _events.Vocabulary(
    "Resend",
    {
        "email.sent": "sent",
        "email.delivered": "delivered",
        "email.delivery_delayed": "deferral",
        "email.delivered_delayed": "deferral",
        "email.bounced": "bounce",
        "email.complained": "complaint",
        "email.suppressed": "suppressed",
        "email.failed": "suppressed",
    },
    {
        "email.opened": "an open",
        "email.clicked": "a click",
        "email.scheduled": "a plan to send",
        "email.received": "mail that came in",
    },
)
_SUPPRESSED = {
    *("Suppressed", "OnAccountSuppressionList", "OnTenantSuppressionList"),
    "EmailValidationSuppressed",
}
_SAYS_SUPPRESSED = re.compile(r"suppressed sending|suppression list", re.IGNORECASE)
_OF_THE_ACCOUNT = ("domain.", "contact.")


def _is_event(event: dict[str, Any]) -> bool:
    return event.get("type") in _WORDS and "email_id" in _json.part(event, "data")


def _is_post(event: dict[str, Any]) -> bool:
    kind = event.get("type")
    return _is_event(event) or (isinstance(kind, str) and kind.startswith(_OF_THE_ACCOUNT))


_unwrap = _bodies.unwrapper(_is_post)


def _parse(event: Any, options: Options) -> list[Row]:
    event = _events.posted(event)
    word = _events.text(event, "type") or ""
    if word.startswith(_OF_THE_ACCOUNT):
        msg = "tells of a contact or domain, not of a message"
        raise SkipItem(msg)
    kind = _WORDS.event(word)
    data = _json.part(event, "data")
    bounce = _json.part(data, "bounce")
    said = _events.text(bounce, "message") or _events.text(
        _json.part(data, "failed") | _json.part(data, "suppressed"), "message", "reason"
    )
    own = _events.joined(_events.text(bounce, "type"), _events.text(bounce, "subType"))
    if kind == "bounce" and _is_suppressed(bounce, said):
        kind = "suppressed"
    report = _report(bounce)
    smtp, enhanced = codes_of(report)
    people = _events.entries(data.get("to"))
    if not people:
        msg = f"is {word} and names no recipient"
        raise BadItem(msg)
    failed = kind in ("bounce", "deferral")
    if own is None and failed and said:
        own = said.partition(".")[0]
    guessed = len(people) > 1 and kind in ("bounce", "deferral", "complaint")
    return [
        {
            "timestamp": times.from_iso(_events.text(event, "created_at")),
            "event": kind,
            "recipient": parseaddr(str(person))[1] or None,
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": report or (None if failed else said),
            "vendor_type": _events.joined(own or word, GUESSED_RECIPIENT if guessed else None),
            "message_id": _events.text(data, "email_id"),
            "campaign": _events.text(data, "broadcast_id"),
            "sender": parseaddr(_events.text(data, "from") or "")[1] or None,
        }
        for person in people
    ]


def _is_suppressed(bounce: dict[str, Any], said: str | None) -> bool:
    subtype = _events.text(bounce, "subType")
    return subtype in _SUPPRESSED if subtype else bool(said and _SAYS_SUPPRESSED.search(said))


def _report(bounce: dict[str, Any]) -> str | None:
    return without_type(_json.first_text(bounce.get("diagnosticCode")))


READER = Reader(
    name="resend",
    title="Resend webhooks (JSON)",
    sniff=_events.recogniser(_unwrap, _is_event),
    read=ByItem(_bodies.items(_unwrap), _parse),
    has_denominator=True,
    how_to_get=(
        "Webhooks > Add webhook: mark all email events, and keep the bodies that it posts.\n"
        "The list of emails in the dashboard holds no bounce reasons."
    ),
)
