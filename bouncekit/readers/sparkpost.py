"""SparkPost (Bird): webhook batches and the Events API, one format in two wrappings.

A webhook posts ``[{"msys": {"message_event": {...}}}]`` where every value is
text; a page of the API lists the same events under ``results`` with times in
ISO 8601 (developers.sparkpost.com, Webhooks and Events). ``vendor_type`` is
``bounce_class N`` for what receivers refused in the dialogue (type
``bounce``), ``out_of_band/bounce_class N`` for notices that came later, after
a delivery, ``delay/bounce_class N`` while SparkPost goes on trying, and the
type alone where there is no class:

====================  =====================================  ==========================
class                 SparkPost's name                       ``event`` unless bounce
====================  =====================================  ==========================
1                     Undetermined
10, 15, 30            Invalid Recipient, Recipient refused
                      (Adobe), No RCPT
20, 21, 22, 23, 24    Soft, DNS Failure, Mailbox Full, Too
                      Large, Timeout
25                    Admin Failure                          suppressed
40                    Generic Bounce
50, 51, 52, 53, 54    Mail Block, Spam Block, Spam Content,
                      Prohibited Attachment, Relaying Denied
60                    Auto-Reply                             auto_reply
70                    Transient Failure                      deferral
80, 100               Subscribe, Challenge-Response          skipped
90                    Unsubscribe                            unsubscribe
====================  =====================================  ==========================

``injection`` is sent, ``delivery`` delivered; ``policy_rejection``,
``generation_failure`` and ``generation_rejection`` were never tried:
``suppressed``. ``diagnostic`` is ``raw_reason``, the receiver's own text.
``sender`` is the From address: the envelope sender differs with each message.
"""

from typing import Any

from bouncekit import addresses, times
from bouncekit.inputs.sources import Head
from bouncekit.readers import _bodies, _json
from bouncekit.readers._base import CERTAIN, NO, ByItem, Options, Reader, Row, SkipItem
from bouncekit.readers._events import OPENS_AND_CLICKS, Vocabulary, joined, posted
from bouncekit.readers._reply import codes_of, without_type

_RELAY_STEPS = ("injection", "rejection", "delivery", "tempfail", "permfail")
_WORDS = Vocabulary(
    "SparkPost",
    {
        "injection": "sent",
        "delivery": "delivered",
        "delay": "deferral",
        "bounce": "bounce",
        "out_of_band": "bounce",
        "policy_rejection": "suppressed",
        "generation_failure": "suppressed",
        "generation_rejection": "suppressed",
        "spam_complaint": "complaint",
        "list_unsubscribe": "unsubscribe",
        "link_unsubscribe": "unsubscribe",
    },
    OPENS_AND_CLICKS
    | dict.fromkeys(("initial_open", "amp_open", "amp_initial_open"), "an open")
    | {"amp_click": "a click", "sms_status": "about a text message"}
    | dict.fromkeys(
        [
            f"relay_{step}"
            for step in ("injection", "rejection", "delivery", "tempfail", "permfail")
        ],
        "received mail",
    )
    | dict.fromkeys(("ab_test_completed", "ab_test_cancelled"), "about a test")
    | dict.fromkeys(("success", "error"), "about a batch of events"),
)
_BY_CLASS = {"25": "suppressed", "60": "auto_reply", "70": "deferral", "90": "unsubscribe"}
_NO_FAILURE = {
    "80": "is a request to subscribe, not a failure",
    "100": "asks the sender to prove to be human; the message waits",
}
_KINDS = (
    *("message_event", "track_event", "gen_event", "unsubscribe_event", "relay_event"),
    *("relay_message", "ab_test_event", "ingest_event"),
)
_RELAYED = {"webhook_id", "content"}
_MARKS = {"bounce_class", "transmission_id", "rcpt_meta", "raw_rcpt_to", "friendly_from"}


def _is_event(value: dict[str, Any]) -> bool:
    return isinstance(value.get("type"), str)


_events = _bodies.unwrapper(_is_event, "msys", *_KINDS, "results")


def sniff(head: Head) -> int:
    """Recognise the envelope of a webhook, or an event by its type and keys."""
    if any("msys" in value for value in _json.first_objects(head)):
        return CERTAIN
    for event in _bodies.first_objects(head, _events):
        if event.get("type") in _WORDS and "rcpt_to" in event and _MARKS & set(event):
            return CERTAIN
    return NO


def _parse(event: Any, options: Options) -> list[Row]:
    event = posted(event)
    if set(event) >= _RELAYED:
        msg = "is received mail, not mail that was sent"
        raise SkipItem(msg)
    word = _json.text_of(event.get("type"))
    kind = _WORDS.event(word)
    text = without_type(_json.first_text([event.get("raw_reason"), event.get("reason")]))
    smtp, enhanced = codes_of(text, _json.text_of(event.get("error_code")))
    senders = [event.get("friendly_from"), event.get("msg_from")]
    return [
        {
            "timestamp": times.from_text(_json.text_of(event.get("timestamp")) or ""),
            "event": _event(kind, event),
            "recipient": _json.first_text([event.get("raw_rcpt_to"), event.get("rcpt_to")]),
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": text,
            "vendor_type": _vendor_type(word, event),
            "message_id": _json.text_of(event.get("message_id")),
            "campaign": _json.text_of(event.get("campaign_id")),
            "sender": addresses.clean(_json.first_text(senders)),
            "sending_ip": _json.text_of(event.get("sending_ip")),
        }
    ]


def _class(event: dict[str, Any]) -> str | None:
    return _json.text_of(event.get("bounce_class"))


def _event(kind: str, event: dict[str, Any]) -> str:
    if kind != "bounce":
        return kind
    found = _class(event) or ""
    if found in _NO_FAILURE:
        raise SkipItem(_NO_FAILURE[found])
    return _BY_CLASS.get(found, "bounce")


def _vendor_type(word: str | None, event: dict[str, Any]) -> str | None:
    found = _class(event)
    if found is None:
        return word
    return joined(word if word != "bounce" else None, f"bounce_class {found}")


READER = Reader(
    name="sparkpost",
    title="SparkPost / Bird webhooks and Events API (JSON)",
    sniff=sniff,
    read=ByItem(_bodies.items(_events), _parse),
    has_denominator=True,
    how_to_get=(
        "Configuration > Webhooks > Create Webhook: select Injection, Delivery, Delay, Bounce, "
        "Out of Band, Policy Rejection, Generation events, Spam Complaint and the Unsubscribes; "
        "keep the bodies that it posts.\n"
        "Or by API, page by page: curl -s -H 'Authorization: KEY' "
        "'https://api.sparkpost.com/api/v1/events/message?from=2026-01-01T00:00:00Z"
        "&per_page=10000&cursor=initial' > page1.json, then the address under links.next "
        "(api.eu.sparkpost.com for an account in the EU). SparkPost keeps events for 10 days."
    ),
)
