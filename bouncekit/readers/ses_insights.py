"""Amazon SES message insights: what became of one message, asked of the API by its id.

One object for each message, with the events of each recipient
(docs.aws.amazon.com/ses, GetMessageInsights). The API writes in upper case
what events write otherwise, and ``vendor_type`` keeps it: ``PERMANENT/General``,
``TRANSIENT/MailboxFull``, ``UNDETERMINED``, ``COMPLAINT/abuse``, ``SEND``,
``DELIVERY``, ``REJECT``, ``RENDERING_FAILURE``, ``DELIVERY_DELAY``,
``SUBSCRIPTION``. An object is one item and may give many rows; opens and
clicks give none.
"""

from typing import Any

from bouncekit import times
from bouncekit.readers import _bodies, _json
from bouncekit.readers._base import BadItem, ByItem, Options, Reader, Row, SkipItem
from bouncekit.readers._events import Vocabulary, joined, posted, recogniser
from bouncekit.readers._reply import codes_of, without_type
from bouncekit.readers.ses import CAMPAIGN_TAG, bounce_event, complaint_event

_WORDS = Vocabulary(
    "SES",
    {
        "SEND": "sent",
        "DELIVERY": "delivered",
        "BOUNCE": "bounce",
        "COMPLAINT": "complaint",
        "DELIVERY_DELAY": "deferral",
        "REJECT": "suppressed",
        "RENDERING_FAILURE": "suppressed",
        "SUBSCRIPTION": "unsubscribe",
    },
    {"OPEN": "an open", "CLICK": "a click"},
)


def _is_message(value: dict[str, Any]) -> bool:
    return isinstance(value.get("Insights"), list) and "MessageId" in value


_messages = _bodies.unwrapper(_is_message)


def _parse(message: Any, options: Options) -> list[Row]:
    message = posted(message)
    rows: list[Row] = []
    why: SkipItem | BadItem = SkipItem("tells of no event yet")
    for told in _json.list_of(message.get("Insights")):
        for event in _json.list_of(_json.part(told).get("Events")):
            try:
                rows.append(_row(event) | {"recipient": _json.text_at(told, "Destination")})
            except (SkipItem, BadItem) as none:
                # One event that is not ours does not cost the others of its message.
                why = none
    if not rows:
        raise why
    tags = [tag for tag in _json.list_of(message.get("EmailTags")) if isinstance(tag, dict)]
    campaigns = [tag.get("Value") for tag in tags if CAMPAIGN_TAG.match(str(tag.get("Name")))]
    common = {
        "message_id": _json.text_at(message, "MessageId"),
        "sender": _json.text_at(message, "FromEmailAddress"),
        "campaign": _json.first_text(campaigns),
    }
    return [row | common for row in rows]


def _row(event: Any) -> Row:
    if not isinstance(event, dict):
        msg = "holds an event that is no object"
        raise BadItem(msg)
    word = _json.text_at(event, "Type")
    kind = _WORDS.event(word)
    row: Row = {"timestamp": _moment(event), "event": kind, "vendor_type": word}
    if kind == "bounce":
        row |= _bounce(_json.part(_json.part(event.get("Details")).get("Bounce")))
    elif kind == "complaint":
        names = ("ComplaintFeedbackType", "ComplaintSubType")
        cause, sub = (_json.text_at(event, "Details", "Complaint", name) for name in names)
        row |= {"event": complaint_event(cause, sub), "vendor_type": joined(word, sub or cause)}
    return row


def _bounce(part: dict[str, Any]) -> Row:
    kind, sub, told = (
        _json.text_of(part.get(key)) for key in ("BounceType", "BounceSubType", "DiagnosticCode")
    )
    text = without_type(told)
    smtp, enhanced = codes_of(text)
    return {
        "event": bounce_event(kind, sub, text, smtp),
        "vendor_type": joined(kind, sub) or "BOUNCE",
        "smtp_code": smtp,
        "enhanced_code": enhanced,
        "diagnostic": text,
    }


def _moment(event: dict[str, Any]) -> int | None:
    return times.from_text(_json.text_at(event, "Timestamp") or "")


READER = Reader(
    name="ses_insights",
    title="Amazon SES message insights (API JSON)",
    sniff=recogniser(_messages, _is_message),
    read=ByItem(_bodies.items(_messages), _parse),
    has_denominator=True,
    how_to_get=(
        "Needs the Virtual Deliverability Manager. For each message id: "
        "aws sesv2 get-message-insights --message-id ID >> insights.json"
    ),
)
