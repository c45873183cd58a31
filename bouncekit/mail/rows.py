"""From the facts of one message to rows, or to the reason why it gives none."""

from bouncekit import addresses
from bouncekit.mail import codes, freetext, kind, notice, notification, report, shared, verp
from bouncekit.mail.complaints import complaint_rows
from bouncekit.mail.engine import Message
from bouncekit.mail.headers import HeaderBlock
from bouncekit.mail.report import Report
from bouncekit.mail.reported import reported_rows
from bouncekit.readers._base import Row, SkipItem
from bouncekit.taxonomy import GUESSED_RECIPIENT
from bouncekit.texts import MAX_TEXT

_REPORT_FIELDS = ("reporting-mta:", "final-recipient:", "original-recipient:")


def message_rows(message: Message) -> list[Row]:
    """Make the rows of one message.

    Returns
    -------
    list of dict
        One row per recipient, keys of ``readers._base.RAW_SCHEMA``.

    Raises
    ------
    SkipItem
        If the message is none of ours: ordinary mail, a receipt, a challenge.
    BadItem
        If it is ours and its content is broken.
    """
    if kind.is_complaint(message):
        return complaint_rows(message)
    if notification.is_notification(message):
        return notification.rows(message)
    found = _reported(message)
    if found and found.recipients:
        if kind.is_passed_on(message):
            raise SkipItem(kind.QUOTED)
        return reported_rows(message, found, message.original, None)
    return _told(message)


def _reported(message: Message) -> Report | None:
    """Read the report of a message; where a person speaks, only one that makes up the message."""
    text = message.report
    if not text and (message.stray or message.receipt):
        refused = message.receipt and kind.is_refusal(message)
        text = message.receipt if refused else message.stray if kind.is_machine(message) else ""
    return report.parse(text) if text else None


def _told(message: Message) -> list[Row]:
    kind.read_past_banner(message)
    lines, tail = notice.split_original(_unwrapped(message))
    sort, why = kind.kind_of_text(message, lines)
    if sort == "other":
        raise SkipItem(why)
    original = message.original or HeaderBlock(
        notice.original_headers(tail) or notice.original_headers(message.more)
    )
    if sort == "auto_reply":
        return [_auto_reply(message, original)]
    glued = _glued(lines, message.plain)
    if glued:
        return reported_rows(message, glued[0], original, glued[1])
    common = {"timestamp": shared.when(message), **shared.common(message, original, None)}
    rows: list[Row] = []
    known = shared.failed_header(message)
    own = frozenset() if known else shared.own_addresses(message)
    failed = freetext.failures(lines, known, own)
    sent_to = verp.recipient(message, original) if len(failed) == 1 and not known else None
    for failure in failed:
        address = sent_to or shared.address(failure.recipient)
        guessed = ""
        if address is None:
            address = shared.guess(original)
            guessed = GUESSED_RECIPIENT if address else ""
        smtp_code, enhanced = codes.of_failure(failure.words, "")
        if enhanced is None and len(failed) == 1:
            # A code that stands away from the words is still that of the one who failed.
            enhanced = codes.of_failure("\n".join(lines)[:MAX_TEXT], "")[1]
        rows.append(
            {
                **common,
                "event": sort,
                "recipient": address,
                "smtp_code": smtp_code,
                "enhanced_code": enhanced,
                "diagnostic": failure.words[:MAX_TEXT] or message.headers.first("subject") or None,
                "vendor_type": f"/{guessed}" if guessed else None,
                "remote_mta": shared.host_in(failure.words),
            }
        )
    return rows


def _unwrapped(message: Message) -> str:
    """Return the text; without the quotation marks where a mail system quotes all of it."""
    text = message.text
    if not text.startswith(">") or not kind.is_daemon(message):
        return text
    lines = text.split("\n")
    if any(line and line[0] != ">" for line in lines):
        return text
    return "\n".join([line[1:].removeprefix(" ") for line in lines])


def _glued(lines: list[str], text: str) -> tuple[Report, list[str]] | None:
    """Find a report that a gateway glued into the text, and the lines above it."""
    if "ecipient:" not in text:
        return None
    for number, line in enumerate(lines):
        if line[:20].lower().startswith(_REPORT_FIELDS):
            found = report.parse("\n".join(lines[number:]))
            named = [item for item in found.recipients if item.action or item.status]
            return (found, lines[:number]) if named else None
    return None


def _auto_reply(message: Message, original: HeaderBlock) -> Row:
    answered = shared.first_id(message.headers.first("in-reply-to")) or shared.first_id(
        original.first("message-id")
    )
    return {
        "timestamp": shared.when(message),
        "event": "auto_reply",
        "recipient": addresses.clean(message.headers.first("from")),
        "diagnostic": message.headers.first("subject") or None,
        "message_id": answered,
        "sender": addresses.clean(message.headers.first("to")),
    }
