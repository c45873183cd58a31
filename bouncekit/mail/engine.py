"""Open one raw message into plain facts; the only module that knows the MIME engines.

``fast`` is our own byte scan (:mod:`parts`) with fast-mail-parser (Rust) for
what the scan is not sure of; ``mailparser`` is mail-parser, the reference.
Both give the same :class:`Message`: header blocks are always read by our own
scan, the engine only takes the MIME structure apart and decodes parts.
"""

import logging
import re
from dataclasses import dataclass
from email import message as email_message
from email import message_from_bytes
from typing import Any, Literal

from bouncekit.mail import headers as header_block
from bouncekit.mail.damaged import (
    MISLABELLED,
    ORIGINALS,
    REPORTS,
    bare_text,
    parts_in_text,
    stray_report,
)
from bouncekit.mail.headers import HeaderBlock, decode_unlabelled, relabelled
from bouncekit.mail.markup import MAX_HTML, visible_text
from bouncekit.mail.parts import MAX_ORIGINAL, Parts, decode_text, scan
from bouncekit.texts import scalars

try:
    import fast_mail_parser
except ImportError:  # no wheel for this platform; mail-parser does its work
    fast_mail_parser = None  # type: ignore[assignment]

Engine = Literal["auto", "mailparser", "fast"]

MAX_MESSAGE = 64_000_000
"""Bytes of one message; a larger one is a failed item."""
MAX_TEXT = 65_536
"""Characters of human text that are searched for words and addresses."""
MAX_REPORT = 4_000_000
"""Characters of one report part."""

RECEIPTS = frozenset(
    ("message/disposition-notification", "message/global-disposition-notification")
)
FEEDBACK = frozenset(("message/feedback-report", "message/feedbackreport"))

_MESSAGE_PART = re.compile(rb"^(content-type:\s{0,20})message/", re.IGNORECASE | re.MULTILINE)
_RENAMED = b"text/x-bouncekit-message-"
_KIND = re.compile(r"[\w.+-]+/[\w.+-]+")


class OpenError(Exception):
    """The message cannot be opened; says why in a sentence."""


@dataclass(slots=True)
class Message:
    """The plain facts of one message.

    Parameters
    ----------
    headers : HeaderBlock
        The message's own header fields.
    content_type : str
        The field ``Content-Type``, lower case.
    report : str
        Text of the delivery report (RFC 3464, RFC 6533), else empty.
    feedback : str
        Text of the feedback report (RFC 5965), else empty.
    receipt : str
        Text of the disposition notification (RFC 8098), else empty.
    stray : str
        Text of a delivery report that is attached as a file of another type,
        else empty.
    plain, html : str
        First plain and first HTML part written for people.
    more : str
        The next plain part, where there is one.
    original : HeaderBlock
        Header of the returned original, else empty.
    """

    headers: HeaderBlock
    content_type: str
    report: str
    feedback: str
    receipt: str
    stray: str
    plain: str
    html: str
    more: str
    original: HeaderBlock

    @property
    def text(self) -> str:
        """Words written for people, without markup; worked out when asked for."""
        return self.plain or (scalars(visible_text(self.html)) if self.html else "")

    def header(self, name: str) -> str:
        """Return the first value of a header, empty where it is absent."""
        return self.headers.first(name)


def open_message(raw: bytes, engine: Engine = "auto") -> Message:
    """Open one message.

    Parameters
    ----------
    raw : bytes
        The message with any line ends.
    engine : {'auto', 'mailparser', 'fast'}
        What takes the MIME structure apart; ``auto`` is ``fast``. What
        ``fast`` cannot read goes to ``mailparser``, then to the standard
        library.

    Raises
    ------
    OpenError
        If the message is over a limit or no engine can read it.
    """
    if len(raw) > MAX_MESSAGE:
        msg = f"the message has {len(raw):,} bytes, more than {MAX_MESSAGE:,}; split or drop it"
        raise OpenError(msg)
    raw = _normalised(raw)
    end = header_block.header_end(raw)
    if end >= header_block.MAX_BLOCK:
        msg = f"the header block has more than {header_block.MAX_BLOCK:,} bytes; drop the message"
        raise OpenError(msg)
    headers = HeaderBlock(decode_unlabelled(raw[:end]))
    content_type = headers.first("content-type")
    parts = None
    if engine != "mailparser":
        whole = content_type[:10].lower() != "multipart/"
        encoding = headers.first("content-transfer-encoding") if whole else ""
        parts = scan(raw, end, content_type, encoding)
    body = raw[end : end + MAX_TEXT]
    return _facts(headers, content_type, parts or _by_engine(raw, engine), body)


def _normalised(raw: bytes) -> bytes:
    """Make every line end LF; drop byte-order mark, leading blank lines and a From_ line."""
    if b"\r" in raw:
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if raw[:1] in (b"\n", b" ", b"\t", b"\xef"):
        raw = raw.removeprefix(b"\xef\xbb\xbf").lstrip(b"\n \t")
    if raw.startswith((b"From ", b">From ")):
        raw = raw[raw.find(b"\n") + 1 :]
    if b"\0" in raw:
        raw = raw.replace(b"\0", b"")
    return raw


def _by_engine(raw: bytes, engine: Engine) -> Parts:
    if engine != "mailparser" and fast_mail_parser is not None:
        try:
            return _fast(raw)
        except Exception:  # noqa: BLE001, S110 - whatever it raises, a slower engine reads on
            pass
    try:
        return _slow(_by_mailparser(raw))
    except Exception:  # noqa: BLE001, S110 - it raises more than its own errors on real bounces
        pass
    try:
        return _slow(message_from_bytes(_flat(raw)))
    except Exception as error:
        msg = f"the message cannot be taken apart ({type(error).__name__})"
        raise OpenError(msg) from error


def _fast(raw: bytes) -> Parts:
    mail = fast_mail_parser.parse_email(raw, mode="lazy")
    # It ends the lines of quoted-printable text with CRLF.
    plain = [text.replace("\r\n", "\n") if "\r" in text else text for text in mail.text_plain]
    others: list[tuple[str, bytes]] = []
    for part in mail.attachments:
        kind = part.mimetype
        if kind.startswith("text/plain") and len(kind) > 10:
            # Parameters without their semicolon; the label is still plain.
            plain = [decode_unlabelled(part.content), *plain]
        elif kind.startswith(("message/", "text/")) or kind in MISLABELLED:
            data = part.content
            others.append((kind, data.replace(b"\r\n", b"\n") if b"\r" in data else data))
    if any("\ufffd" in text for text in (*plain, *mail.text_html)):
        # A wrong charset label; the library hands out the bytes, so that they can be looked at.
        return _slow(message_from_bytes(_flat(raw)))
    return Parts(plain, mail.text_html, others)


def _by_mailparser(raw: bytes) -> email_message.Message:
    # Heavy, and only the reference engine needs it.
    import mailparser

    # It warns of every part type it does not know; nobody can act on that.
    logging.getLogger("mailparser").setLevel(logging.CRITICAL)
    message: email_message.Message = mailparser.parse_from_bytes(_flat(raw)).message
    return message


def _flat(raw: bytes) -> bytes:
    """Rename ``message/*`` parts, so that the library hands out their bytes as they are.

    It would parse them, lose lines that are no fields, and follow messages
    within messages.
    """
    return _MESSAGE_PART.sub(rb"\1" + _RENAMED, raw)


def _slow(message: email_message.Message) -> Parts:
    parts = Parts([], [], [])
    pending = [message]
    while pending:
        part = pending.pop(0)
        found = _KIND.match(part.get_content_type())
        kind = found[0] if found else "text/plain"
        if part.is_multipart():
            pending[:0] = list(part.get_payload())  # type: ignore[arg-type]
        elif kind in ("text/plain", "text/html") and not _is_attachment(part):
            text = _decoded(part).replace(_RENAMED.decode(), "message/")
            (parts.plain if kind == "text/plain" else parts.html).append(text)
        elif kind.startswith("text/") or kind in MISLABELLED:
            data: Any = part.get_payload(decode=True) or b""
            kind = kind.replace(_RENAMED.decode(), "message/")
            parts.others.append((kind, data.replace(_RENAMED, b"message/")))
    return parts


def attached_messages(raw: bytes) -> list[bytes]:
    """Return the messages that a message carries as parts, whole, in order."""
    parts = _slow(message_from_bytes(_flat(_normalised(raw))))
    return [data for kind, data in parts.others if kind.lower() == "message/rfc822"]


def _is_attachment(part: email_message.Message) -> bool:
    return str(part.get("content-disposition", "")).strip().lower().startswith("attachment")


def _decoded(part: email_message.Message) -> str:
    data: Any = part.get_payload(decode=True) or b""
    return decode_text(data, part.get_content_charset() or "")


def _facts(headers: HeaderBlock, content_type: str, parts: Parts, body: bytes) -> Message:
    report, feedback, receipt, stray, original = "", "", "", "", ""
    for kind, data in parts.others:
        kind = kind.lower()
        if kind in REPORTS:
            found = decode_unlabelled(data[:MAX_REPORT])
            report = f"{report}\n\n{found}" if report else found
        elif kind in ORIGINALS:
            original = original or original_block(data)
        elif kind in FEEDBACK:
            feedback = feedback or decode_unlabelled(data[:MAX_REPORT])
        elif kind in RECEIPTS:
            receipt = receipt or decode_unlabelled(data[:MAX_REPORT])
        elif kind in MISLABELLED:
            stray = stray or stray_report(data)
    text, more, html = _human(parts)
    if not (text or html or report or feedback or original):
        text = bare_text(body)
    if not report and "delivery-status" in text:
        text, report, found = parts_in_text(text)
        original = original or found
    return Message(
        headers=headers,
        content_type=content_type.lower(),
        report=report,
        feedback=feedback,
        receipt=receipt,
        stray=stray,
        plain=text,
        html=html,
        more=more,
        original=HeaderBlock(original),
    )


def _human(parts: Parts) -> tuple[str, str, str]:
    texts = [relabelled(text) for part in parts.plain[:8] if (text := part[:MAX_TEXT].strip())]
    html = relabelled(parts.html[0][:MAX_HTML]) if parts.html and not texts else ""
    return texts[0] if texts else "", texts[1] if len(texts) > 1 else "", html


def original_block(data: bytes) -> str:
    """Return the header block of a returned original, and nothing below it."""
    data = data[:MAX_ORIGINAL].lstrip(b"\n\r ")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    return decode_unlabelled(data[: header_block.header_end(data)])
