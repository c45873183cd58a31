"""The parts of a message, by a byte scan.

Nearly every bounce is one text or a ``multipart/report`` of three plain
parts; those the scan takes apart exactly and in a fraction of the time that
a whole MIME parser needs. What it is not sure of it leaves to the engines.
"""

import re
from binascii import Error as Base64Error
from binascii import a2b_base64, a2b_qp
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from bouncekit.mail.damaged import MAX_STRAY, MISLABELLED, ORIGINALS
from bouncekit.mail.headers import decode_unlabelled
from bouncekit.texts import scalars

MAX_ORIGINAL = 262_144
"""Bytes of the returned original that are looked at for the end of its headers."""
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
_BOUNDARY = re.compile(r";\s*boundary=(?:\"([^\"\n]{1,200})\"|([^\s;\"]{1,200})\s*(?:;|$))", re.I)
_CHARSET = re.compile(r";\s*charset=(?:\"([\w.:-]{1,40})\"|([\w.:-]{1,40})\s*(?:;|$))", re.I)
_IDENTITY = frozenset(("", "7bit", "8bit", "binary"))
# Character sets in which bytes of ASCII stand for other letters.
_ESCAPED = ("iso-2022", "utf-7", "hz", "utf-16", "utf-32", "iso2022")


class Parts(NamedTuple):
    """What is taken out of a message: its texts, and the other parts that tell something."""

    plain: list[str]
    html: list[str]
    others: list[tuple[str, bytes]]


class _Label(NamedTuple):
    """What the header of a part says of its body."""

    kind: str
    charset: str
    encoding: str
    boundary: bytes
    attached: bool


class _Unsure(Exception):  # noqa: N818 - it never leaves this module
    """The scan leaves the message to an engine."""


def scan(raw: bytes, end: int, content_type: str, encoding: str) -> Parts | None:
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
    Parts or None
        None where the shape is none that the scan knows.
    """
    if end + 2 > len(raw):
        # Nothing but a header; where a line of it is no field, engines begin the body there.
        return None
    parts = Parts([], [], [])
    try:
        _take(parts, raw, end + 2, len(raw), _label(content_type, encoding, ""))
    except _Unsure:
        return None
    return parts


def _take(parts: Parts, raw: bytes, start: int, stop: int, label: _Label, depth: int = 0) -> None:
    """Put a body where it belongs, and the parts inside it."""
    if not label.boundary:
        _take_leaf(parts, raw, start, stop, label)
        return
    if depth == MAX_DEPTH:
        raise _Unsure
    for begin, end in _between(raw, start, stop, label.boundary):
        body = raw.find(b"\n\n", begin - 1, min(end, begin + MAX_PART_HEADER)) + 2
        if body < 2:
            raise _Unsure
        _take(parts, raw, body, end, _label_of(raw[begin : body - 1]), depth + 1)


def _take_leaf(parts: Parts, raw: bytes, start: int, stop: int, label: _Label) -> None:
    """Put a body that holds no parts where it belongs."""
    kind = label.kind
    if kind in ORIGINALS and label.encoding in _IDENTITY:
        parts.others.append((kind, _header_of(raw, start, min(stop, start + MAX_ORIGINAL))))
    elif kind == "text/html" and any(map(str.strip, parts.plain)):
        # The same words again.
        return
    elif kind in ("text/plain", "text/html") and not label.attached:
        text = decode_text(_decoded(raw[start:stop], label.encoding), label.charset)
        (parts.plain if kind == "text/plain" else parts.html).append(text)
    elif kind in MISLABELLED:
        if stop - start <= 2 * MAX_STRAY:
            parts.others.append((kind, _decoded(raw[start:stop], label.encoding)))
    elif kind.startswith(("text/", "message/")):
        parts.others.append((kind, _decoded(raw[start:stop], label.encoding)))


def _header_of(raw: bytes, start: int, stop: int) -> bytes:
    """Return the header of an original; nobody asks for the rest."""
    while start < stop and raw[start] in b"\n ":
        start += 1
    end = raw.find(b"\n\n", start, stop)
    return raw[start : end if end >= 0 else stop]


def _between(raw: bytes, start: int, stop: int, boundary: bytes) -> Iterator[tuple[int, int]]:
    """Yield begin and end of what lies between delimiter lines (RFC 2046 5.1.1)."""
    delimiter = b"\n--" + boundary
    begin, count = -1, 0
    at = raw.find(delimiter, start - 1, stop)
    while at >= 0:
        line = raw.find(b"\n", at + 1, stop)
        rest = raw[at + len(delimiter) : line if line >= 0 else stop].strip()
        if rest in (b"", b"--"):
            if begin >= 0:
                yield begin, max(begin, at)
            begin, count = (line + 1 or stop), count + 1
            if rest or count > MAX_PARTS:
                break
        at = raw.find(delimiter, at + 1, stop)
    if begin < 0 or count > MAX_PARTS:
        raise _Unsure
    if at < 0:
        yield begin, stop


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


def _label(content_type: str, encoding: str, disposition: str) -> _Label:
    found = _TYPE.match(content_type or "text/plain")
    if not found:
        raise _Unsure
    kind = found[1].lower()
    if kind.startswith("multipart/"):
        boundary = _BOUNDARY.search(content_type)
        if not boundary or kind == "multipart/digest":
            raise _Unsure
        return _Label(kind, "", "", (boundary[1] or boundary[2]).encode(), attached=False)
    charset = _CHARSET.search(content_type)
    if not charset and "charset" in content_type.lower():
        raise _Unsure
    named = (charset[1] or charset[2]).lower() if charset else ""
    return _Label(kind, named, encoding.lower(), b"", disposition.startswith("attachment"))


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
