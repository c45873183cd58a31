"""The parts of a message, by a byte scan.

Nearly every bounce is one text or a ``multipart/report`` of three plain
parts; those the scan takes apart exactly and in a fraction of the time that
a whole MIME parser needs. What it is not sure of it leaves to the engines.
"""

import re
from binascii import Error as Base64Error
from binascii import a2b_base64, a2b_qp
from collections.abc import Iterator
from functools import lru_cache, partial
from typing import NamedTuple

from bouncekit.mail.contents import Contents
from bouncekit.mail.damaged import MAX_STRAY, MISLABELLED, ORIGINALS
from bouncekit.mail.headers import decode_unlabelled
from bouncekit.texts import scalars

MAX_DEPTH = 8
MAX_PARTS = 100
MAX_PART_HEADER = 4_096

# Labels that senders put on text of a wider character set.
WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "us-ascii": "utf-8", "iso-8859-1": "cp1252"}

_HEADER = re.compile(rb"(?:[!-9;-~]+[ \t]*:[^\n]*\n(?:[ \t]+[^\n]*\n)*)*\Z")
_FIELD = re.compile(
    r"^content-(type|transfer-encoding|disposition):[ \t]*([^\n]*(?:\n[ \t]+[^\n]*)*)",
    re.IGNORECASE | re.MULTILINE,
)
_TYPE = re.compile(r"([\w.+-]+/[\w.+-]+)\s*(?:;|$)")
_MULTIPART = re.compile(
    r"multipart/(?!digest)[\w.+-]+\s*(?=;)[^\n]*?"
    r";\s*boundary=(?:\"([^\"\n]{1,200})\"|([^\s;\"]{1,200})\s*(?:;|$))",
    re.IGNORECASE,
)
_CHARSET = re.compile(r";\s*charset=(?:\"([\w.:-]{1,40})\"|([\w.:-]{1,40})\s*(?:;|$))", re.I)
_IDENTITY = frozenset(("", "7bit", "8bit", "binary"))
# Character sets in which bytes of ASCII stand for other letters.
_ESCAPED = ("iso-2022", "utf-7", "hz", "utf-16", "utf-32", "iso2022")


class _Label(NamedTuple):
    """What the header of a part says of its body."""

    kind: str
    charset: str
    encoding: str
    boundary: bytes
    attached: bool


class _Unsure(Exception):  # noqa: N818 - it never leaves this module
    """The scan leaves the message to an engine."""


def scan(raw: bytes, end: int, content_type: str, encoding: str) -> Contents | None:
    """Take a message of a usual shape apart.

    Parameters
    ----------
    raw : bytes
        The message, line ends LF.
    end : int
        Where its header block ends.
    content_type, encoding : str
        Its header fields ``Content-Type`` and ``Content-Transfer-Encoding``.

    Returns
    -------
    Contents or None
        None where the shape is none that the scan knows.
    """
    if end + 2 > len(raw):
        # Nothing but a header; where a line of it is no field, engines begin the body there.
        return None
    found = Contents()
    body = raw[end + 1 :]
    try:
        boundary = _boundary_of(content_type)
        if boundary:
            _take(found, body, boundary)
        else:
            _take_leaf(found, body, _label(content_type, encoding, ""))
    except _Unsure:
        return None
    return found


def _take(found: Contents, body: bytes, boundary: bytes, depth: int = 0) -> None:
    """Put the parts of a body where they belong; an empty line stands before it."""
    if depth == MAX_DEPTH:
        raise _Unsure
    for part in _between(body, boundary):
        end = part.find(b"\n\n", 0, MAX_PART_HEADER)
        if end < 0:
            raise _Unsure
        label = _label_of(part[1 : end + 1])
        if label.boundary:
            _take(found, part[end + 1 :], label.boundary, depth + 1)
        else:
            _take_leaf(found, part[end + 1 :], label)


def _take_leaf(found: Contents, body: bytes, label: _Label) -> None:
    """Put a body that holds no parts where it belongs."""
    kind = label.kind
    if kind == "text/plain" and not label.attached:
        found.add_text(_text(body, label))
    elif kind in ORIGINALS and label.encoding in _IDENTITY:
        found.add(kind, body)
    elif kind == "text/html" and not label.attached:
        if found.texts:
            # Mostly the same words again.
            found.aside = found.aside or partial(_spare, body, label)
        else:
            found.add_html(_text(body, label))
    elif kind in MISLABELLED:
        if len(body) <= 2 * MAX_STRAY:
            found.add(kind, _decoded(body, label.encoding))
    elif kind.startswith(("text/", "message/")):
        found.add(kind, _decoded(body, label.encoding))


def _text(body: bytes, label: _Label) -> str:
    return decode_text(_decoded(body, label.encoding), label.charset)


def _spare(body: bytes, label: _Label) -> str:
    try:
        return _text(body, label)
    except _Unsure:
        return ""


def _between(body: bytes, boundary: bytes) -> Iterator[bytes]:
    """Yield what lies between delimiter lines (RFC 2046 5.1.1), the line's end before it."""
    delimiter = b"\n--" + boundary
    pieces = body.split(delimiter, MAX_PARTS + 1)
    if not 1 < len(pieces) <= MAX_PARTS + 1:
        raise _Unsure
    part: list[bytes] = []
    for piece in pieces[1:]:
        line = b"" if piece[:1] == b"\n" else piece.partition(b"\n")[0]
        rest = line.strip()
        if rest and rest != b"--":
            # A line that only begins like a delimiter.
            part += [piece] if part else []
            continue
        if part:
            yield delimiter.join(part)
        if rest:
            return
        part = [piece[len(line) :]]
    yield delimiter.join(part)


@lru_cache(maxsize=1_024)
def _label_of(block: bytes) -> _Label:
    """Read the header of a part; a mailbox has few that differ."""
    if not _HEADER.match(block):
        raise _Unsure
    values = {
        match[1].lower(): match[2].strip() for match in _FIELD.finditer(block.decode("latin-1"))
    }
    disposition = values.get("disposition", "").lower()
    return _label(values.get("type", ""), values.get("transfer-encoding", ""), disposition)


@lru_cache(maxsize=1_024)
def _label(content_type: str, encoding: str, disposition: str) -> _Label:
    boundary = _boundary_of(content_type)
    found = _TYPE.match(content_type or "text/plain")
    if not found:
        raise _Unsure
    charset = _CHARSET.search(content_type)
    if not charset and "charset" in content_type.lower() and not boundary:
        raise _Unsure
    named = (charset[1] or charset[2]).lower() if charset else ""
    attached = disposition.startswith("attachment")
    return _Label(found[1].lower(), named, encoding.lower(), boundary, attached)


def _boundary_of(content_type: str) -> bytes:
    """Return the boundary of the parts, empty where the body is no multipart."""
    if content_type[:10].lower() != "multipart/":
        return b""
    found = _MULTIPART.match(content_type)
    if not found:
        raise _Unsure
    return (found[1] or found[2]).encode()


def _decoded(data: bytes, encoding: str) -> bytes:
    if encoding in _IDENTITY:
        return data
    if encoding == "quoted-printable":
        data = a2b_qp(data)
    elif encoding == "base64":
        try:
            data = a2b_base64(data)
        except Base64Error:
            raise _Unsure from None
    else:
        raise _Unsure
    return data.replace(b"\r\n", b"\n") if b"\r" in data else data


def decode_text(data: bytes, charset: str) -> str:
    """Decode text by its label, or by its look where the label is missing or wrong."""
    if not charset or (data.isascii() and not charset.startswith(_ESCAPED)):
        return decode_unlabelled(data)
    try:
        return scalars(data.decode(WIDER.get(charset, charset)))
    except (LookupError, UnicodeDecodeError):
        return decode_unlabelled(data)
