"""Postmark's webhooks and its bounces API: one object for each event.

A webhook says what it is in ``RecordType`` (``Bounce``, ``Delivery``,
``SpamComplaint``, ``SubscriptionChange``); the API lists the same bounce
objects under ``Bounces`` (postmarkapp.com/developer). ``vendor_type`` is the
bounce's ``Type``, which is trusted over ``TypeCode`` where the two differ:

==========================================  ===========
``Type``                                    ``event``
==========================================  ===========
HardBounce, SoftBounce, DnsError, Blocked,
SpamNotification, VirusNotification,
BadEmailAddress, DMARCPolicy, Unknown       bounce
Transient: Postmark may still try           deferral
AutoResponder, AddressChange                auto_reply
SpamComplaint                               complaint
Unsubscribe                                 unsubscribe
ManuallyDeactivated, SMTPApiError,
TemplateRenderingFailed: never tried        suppressed
Subscribe, ChallengeVerification,
OpenRelayTest, Unconfirmed, InboundError    skipped
==========================================  ===========

``SubscriptionChange`` becomes ``unsubscribe`` where the recipient asked for
it; what follows from a bounce or a complaint has a record of its own and is
skipped. ``diagnostic`` is ``Details``: ``Description`` is a sentence of
Postmark's. Look-alike: inbound mail, which has ``FromFull``.
"""

from typing import Any

from bouncekit import addresses, times
from bouncekit.inputs.sources import Head
from bouncekit.readers import _bodies, _json
from bouncekit.readers._base import CERTAIN, NO, BadItem, ByItem, Options, Reader, Row, SkipItem
from bouncekit.readers._events import Vocabulary, posted
from bouncekit.readers._reply import codes_of, without_type

_TYPES = {
    "HardBounce": "bounce",
    "Transient": "deferral",
    "Unsubscribe": "unsubscribe",
    "AutoResponder": "auto_reply",
    "AddressChange": "auto_reply",
    "DnsError": "bounce",
    "SpamNotification": "bounce",
    "Unknown": "bounce",
    "SoftBounce": "bounce",
    "VirusNotification": "bounce",
    "BadEmailAddress": "bounce",
    "SpamComplaint": "complaint",
    "ManuallyDeactivated": "suppressed",
    "Blocked": "bounce",
    "SMTPApiError": "suppressed",
    "DMARCPolicy": "bounce",
    "TemplateRenderingFailed": "suppressed",
}
_NO_FAILURES = {
    "Subscribe": "is a request to subscribe, not a failure",
    "OpenRelayTest": "is a test for open relays, not a failure",
    "ChallengeVerification": "asks the sender to prove to be human; the message waits",
    "Unconfirmed": "tells of a registration that is not confirmed, not of a message",
    "InboundError": "tells of received mail, not of mail that was sent",
}
_CODES = {
    **{1: "HardBounce", 2: "Transient", 16: "Unsubscribe", 32: "Subscribe", 64: "AutoResponder"},
    **{128: "AddressChange", 256: "DnsError", 512: "SpamNotification", 1024: "OpenRelayTest"},
    **{2048: "Unknown", 4096: "SoftBounce", 8192: "VirusNotification"},
    **{16384: "ChallengeVerification", 100000: "BadEmailAddress", 100001: "SpamComplaint"},
    **{100002: "ManuallyDeactivated", 100003: "Unconfirmed", 100006: "Blocked"},
    **{100007: "SMTPApiError", 100008: "InboundError", 100009: "DMARCPolicy"},
    **{100010: "TemplateRenderingFailed"},
}
_RECORDS = Vocabulary(
    "Postmark",
    {
        "Bounce": "bounce",
        "SpamComplaint": "complaint",
        "Delivery": "delivered",
        "SubscriptionChange": "unsubscribe",
    },
    {"Open": "an open", "Click": "a click"},
)
_REACTIVATED = "tells that the address may be sent to again"
_FOLLOWS = "follows from a bounce or complaint, which has a record of its own"
_BY_SENDER = "tells that the sender put the address on the suppression list"


def _is_event(value: dict[str, Any]) -> bool:
    return "RecordType" in value or {"TypeCode", "BouncedAt"} <= set(value) or "FromFull" in value


_events = _bodies.unwrapper(_is_event, "Bounces")


def sniff(head: Head) -> int:
    """Recognise a record by what it says it is, or a bounce by the keys of the API."""
    for event in _bodies.first_objects(head, _events):
        if event.get("RecordType") in _RECORDS and "MessageID" in event:
            return CERTAIN
        if {"TypeCode", "BouncedAt"} <= set(event):
            return CERTAIN
    pages = _json.first_objects(head)[:1]
    return CERTAIN if any({"TotalCount", "Bounces"} <= set(page) for page in pages) else NO


def _parse(event: Any, options: Options) -> list[Row]:
    event = posted(event)
    if "FromFull" in event:
        msg = "is received mail, not mail that was sent"
        raise SkipItem(msg)
    word = _json.text_of(event.get("RecordType")) or ("Bounce" if "TypeCode" in event else None)
    record = _RECORDS.event(word)
    kind = _type(event) if record in ("bounce", "complaint") else word
    text = without_type(_json.text_of(event.get("Details")))
    smtp, enhanced = codes_of(text)
    return [
        {
            "timestamp": _moment(event),
            "event": _TYPES[kind] if kind in _TYPES else _event(record, event),
            "recipient": _json.first_text([event.get("Email"), event.get("Recipient")]),
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": text,
            "vendor_type": kind,
            "message_id": _json.text_of(event.get("MessageID")),
            "campaign": _json.text_of(event.get("Tag")),
            "sender": addresses.clean(_json.text_of(event.get("From"))),
        }
    ]


def _type(event: dict[str, Any]) -> str:
    code = _json.text_of(event.get("TypeCode"))
    named = _json.text_of(event.get("Type"))
    if named is None and event.get("RecordType") == "SpamComplaint":
        named = "SpamComplaint"
    if named is None and code and code.isdecimal():
        named = _CODES.get(int(code))
    if named in _NO_FAILURES:
        raise SkipItem(_NO_FAILURES[named])
    if named not in _TYPES:
        msg = f"has the type {str(named or code)[:40]!r}, which is none of Postmark's"
        raise BadItem(msg)
    return named


def _event(record: str, event: dict[str, Any]) -> str:
    if record == "delivered":
        return record
    if event.get("SuppressSending") is not True:
        raise SkipItem(_REACTIVATED)
    if event.get("SuppressionReason") != "ManualSuppression":
        raise SkipItem(_FOLLOWS)
    if event.get("Origin") != "Recipient":
        raise SkipItem(_BY_SENDER)
    return record


def _moment(event: dict[str, Any]) -> int | None:
    keys = ("BouncedAt", "DeliveredAt", "ChangedAt")
    return times.from_iso(_json.first_text([event.get(key) for key in keys]))


READER = Reader(
    name="postmark",
    title="Postmark webhooks and bounces API (JSON)",
    sniff=sniff,
    read=ByItem(_bodies.items(_events), _parse),
    has_denominator=True,
    how_to_get=(
        "Servers > your server > your message stream > Webhooks > Add webhook: check Delivery, "
        "Bounce, Spam complaint and Subscription change; keep the bodies that it posts.\n"
        "Or by API, failures only, 500 at a time: curl -s -H 'Accept: application/json' "
        "-H 'X-Postmark-Server-Token: TOKEN' "
        "'https://api.postmarkapp.com/bounces?count=500&offset=0' > bounces.json; offset and "
        "count together reach 10 000, fromdate and todate reach the rest."
    ),
)
