"""Open one raw message into plain facts; the only module that knows the MIME engines.

``fast`` is our own byte scan (:mod:`parts`) with fast-mail-parser (Rust) for
what the scan is not sure of; ``mailparser`` is mail-parser, the reference.
Both give the same :class:`Message`: header blocks are always read by our own
scan, the engine only takes the MIME structure apart and decodes parts.
"""

import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email import message as email_message
from email import message_from_bytes
from functools import partial
from typing import Any, Literal

from bouncekit.mail import headers as header_block
from bouncekit.mail.contents import MAX_TEXT, Contents
from bouncekit.mail.damaged import MISLABELLED, bare_text, parts_in_text
from bouncekit.mail.headers import HeaderBlock, decode_unlabelled
from bouncekit.mail.markup import visible_text
from bouncekit.mail.parts import decode_text, scan
from bouncekit.texts import scalars

try:
    import fast_mail_parser
except ImportError:  # no wheel for this platform; mail-parser does its work
    fast_mail_parser = None  # type: ignore[assignment]

Engine = Literal["auto", "mailparser", "fast"]

MAX_MESSAGE = 64_000_000
"""Bytes of one message; a larger one is a failed item."""
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
        First part written for people: the plain one, else the HTML one.
    aside : callable or None
        Gives the first HTML part where there is a plain one too.
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
    aside: Callable[[], str] | None
    more: str
    original: HeaderBlock

    @property
    def text(self) -> str:
        """Words written for people, without markup; worked out when asked for."""
        return self.plain or (scalars(visible_text(self.html)) if self.html else "")


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
    found = None
    if engine != "mailparser":
        whole = content_type[:10].lower() != "multipart/"
        encoding = headers.first("content-transfer-encoding") if whole else ""
        found = scan(raw, end, content_type, encoding)
    found = _by_engine(raw, engine) if found is None else found
    if not found:
        found.add_text(bare_text(raw[end : end + MAX_TEXT]))
    return _message(headers, content_type, found)


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


def _by_engine(raw: bytes, engine: Engine) -> Contents:
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


def _fast(raw: bytes) -> Contents:
    mail = fast_mail_parser.parse_email(raw, mode="lazy")
    texts = list(mail.text_plain)
    found = Contents()
    for part in mail.attachments:
        kind = part.mimetype.lower()
        if kind.startswith("text/plain") and len(kind) > 10:
            # Parameters without their semicolon; the label is still plain.
            texts.insert(0, decode_unlabelled(part.content))
        elif kind.startswith(("message/", "text/")) or kind in MISLABELLED:
            found.add(kind, part.content.replace(b"\r\n", b"\n"))
    if any("\ufffd" in text for text in (*texts, *mail.text_html)):
        # A wrong charset label; the library hands out the bytes, so that they can be looked at.
        return _slow(message_from_bytes(_flat(raw)))
    for text in texts:
        # It ends the lines of quoted-printable text with CRLF.
        found.add_text(text.replace("\r\n", "\n"))
    for text in mail.text_html:
        found.add_html(text)
    return found


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


def _slow(message: email_message.Message) -> Contents:
    found = Contents()
    for kind, part in _leaves(message):
        if kind in ("text/plain", "text/html") and not _is_attachment(part):
            text = _decoded(part).replace(_RENAMED.decode(), "message/")
            (found.add_text if kind == "text/plain" else found.add_html)(text)
        elif kind.startswith(("message/", "text/")) or kind in MISLABELLED:
            found.add(kind, _bytes_of(part))
    return found


def attached_messages(raw: bytes) -> list[bytes]:
    """Return the messages that a message carries as parts, whole, in order."""
    leaves = _leaves(message_from_bytes(_flat(_normalised(raw))))
    return [_bytes_of(part) for kind, part in leaves if kind == "message/rfc822"]


def _leaves(message: email_message.Message) -> Iterator[tuple[str, email_message.Message]]:
    """Yield the parts that hold no other parts, and what kind each is."""
    pending = [message]
    while pending:
        part = pending.pop(0)
        if part.is_multipart():
            pending[:0] = list(part.get_payload())  # type: ignore[arg-type]
        else:
            named = _KIND.match(part.get_content_type())
            kind = named[0].lower() if named else "text/plain"
            yield kind.replace(_RENAMED.decode(), "message/"), part


def _bytes_of(part: email_message.Message) -> bytes:
    data: Any = part.get_payload(decode=True) or b""
    whole: bytes = data.replace(_RENAMED, b"message/")
    return whole


def _is_attachment(part: email_message.Message) -> bool:
    return str(part.get("content-disposition", "")).strip().lower().startswith("attachment")


def _decoded(part: email_message.Message) -> str:
    data: Any = part.get_payload(decode=True) or b""
    return decode_text(data, part.get_content_charset() or "")


def _message(headers: HeaderBlock, content_type: str, found: Contents) -> Message:
    text, *more = found.texts or [""]
    report, original, aside = found.report, found.original, found.aside
    if found.texts and found.html:
        aside = partial(str, found.html)
    if not report and "delivery-status" in text:
        text, report, header = parts_in_text(text)
        original = original or header
    return Message(
        headers=headers,
        content_type=content_type.lower(),
        report=report,
        feedback=found.feedback,
        receipt=found.receipt,
        stray=found.stray,
        plain=text,
        html="" if found.texts else found.html,
        aside=aside,
        more=more[0] if more else "",
        original=HeaderBlock(original),
    )
