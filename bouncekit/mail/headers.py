"""Header blocks: read by a byte scan, so that every engine sees the same ones.

Only the headers that bounce handling asks for are kept; of a returned
original nothing but its headers is ever read.
"""

import re
from collections.abc import Iterator
from email.errors import HeaderParseError
from email.header import decode_header

from bouncekit.texts import scalars

MAX_BLOCK = 1_000_000
"""Bytes of one header block; what lies beyond is not read."""
MAX_LINE = 65_536
"""Bytes of one header field."""
MAX_FIELDS = 10_000

WANTED = frozenset(
    """from to subject date return-path content-type content-transfer-encoding auto-submitted
    precedence sender reply-to in-reply-to references message-id delivered-to x-original-to
    x-failed-recipients x-autoreply x-autorespond x-auto-response-suppress x-autoreply-from
    x-mail-autoreply x-mailer x-mlserver x-report-abuse list-id list-unsubscribe feedback-id
    x-actual-recipient envelope-to x-envelope-to received x-loop x-delivery-status
    x-hmxmroriginalrecipient x-spam-flag x-ms-exchange-generated-message-source""".split()
)

Headers = dict[str, list[str]]

_ISO2022 = (b"\x1b$B", b"\x1b$@", b"\x1b(J", b"\x1b$)C")
_ENCODED = re.compile(r"=\?[\w.:-]{1,40}(?:\*\w{1,20})?\?[bq]\?[^?\s]{0,2000}\?=", re.IGNORECASE)


def decode_unlabelled(data: bytes) -> str:
    """Decode bytes that carry no usable charset label.

    ASCII, ISO-2022-JP by its escape sequences, UTF-8, then GB18030 where the
    high bytes come in pairs as Chinese ones do, else Windows-1252.
    """
    if data.isascii():
        if b"\x1b$" in data and any(mark in data for mark in _ISO2022):
            return data.decode("iso2022_jp_ext", "replace")
        return data.decode("ascii")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        # A cut in the middle of a character leaves the rest readable.
        if error.start > 0 and error.reason == "unexpected end of data":
            return data.decode("utf-8", "replace")
    return data.decode(_guess(data[:4096]), "replace")


def _guess(data: bytes) -> str:
    """Guess the legacy charset of text by its pairs of high bytes."""
    high = sum(byte > 0x80 for byte in data)
    pairs = re.findall(rb"[\xa1-\xf7][\xa1-\xfe]", data)
    if 2 * len(pairs) > 0.8 * high:
        # Kana stand in rows 4 and 5 of both sets; only Japanese is full of them.
        kana = sum(pair[0] in (0xA4, 0xA5) for pair in pairs)
        return "euc_jp" if kana > 0.25 * len(pairs) else "gb18030"
    shift = len(re.findall(rb"[\x81-\x83\x88-\x9f\xe0-\xea][\x40-\x7e\x80-\xfc]", data))
    return "cp932" if 2 * shift > 0.7 * high and re.search(rb"[\x82\x83][\x40-\xf1]", data) else "cp1252"


def header_end(raw: bytes) -> int:
    """Return where the header block ends (the position of the empty line)."""
    if raw.startswith(b"\n"):
        return 0
    end = raw.find(b"\n\n", 0, MAX_BLOCK)
    return end if end >= 0 else min(len(raw), MAX_BLOCK)


def fields(block: str) -> Iterator[tuple[str, str]]:
    """Yield the unfolded fields of a header block as (lower-case name, value)."""
    if "\n " in block:
        block = block.replace("\n ", " ")
    if "\n\t" in block:
        block = block.replace("\n\t", " ")
    for number, line in enumerate(block.split("\n")):
        name, colon, value = line[:MAX_LINE].partition(":")
        if colon and number < MAX_FIELDS:
            yield name.lower().rstrip(), value.strip()


def parse(block: str, wanted: frozenset[str] = WANTED) -> Headers:
    """Return the wanted fields of a header block, decoded, in order."""
    if "\n " in block:
        block = block.replace("\n ", " ")
    if "\n\t" in block:
        block = block.replace("\n\t", " ")
    found: Headers = {}
    # One pass without a generator: this runs for every message.
    for line in block.split("\n")[:MAX_FIELDS]:
        name = line[: line.find(":") + 1][:-1].lower()
        if name in wanted or (name[-1:] == " " and (name := name.rstrip()) in wanted):
            value = line[line.find(":") + 1 : MAX_LINE].strip()
            if "=?" in value:
                value = decode_words(value)
            if name in found:
                found[name].append(value)
            else:
                found[name] = [value]
    return found


def pick(block: str, name: str) -> str:
    """Return the first value of one field, decoded, empty where it is absent.

    Quicker than :func:`parse` where a few fields of a long block are wanted.
    """
    if not block.isascii():
        return next(iter(parse(block, frozenset((name,))).get(name, ())), "")
    low = block.lower()
    at = 0 if low.startswith(f"{name}:") else low.find(f"\n{name}:") + 1
    if at == 0 and not low.startswith(f"{name}:"):
        return ""
    end = block.find("\n", at)
    while end >= 0 and block[end + 1 : end + 2] in (" ", "\t") and end - at < MAX_LINE:
        end = block.find("\n", end + 1)
    value = block[at + len(name) + 1 : end if end >= 0 else at + MAX_LINE]
    value = value.replace("\n", " ").strip()
    return decode_words(value) if "=?" in value else value


def decode_words(value: str) -> str:
    """Decode RFC 2047 encoded words; what cannot be decoded stays as written."""
    if len(value) > MAX_LINE or not _ENCODED.search(value):
        return value
    try:
        parts = decode_header(value)
    except (HeaderParseError, ValueError):
        return value
    text = ""
    for part, charset in parts:
        if isinstance(part, str):
            text += part
            continue
        try:
            text += part.decode(charset, "replace") if charset else decode_unlabelled(part)
        except LookupError:
            text += decode_unlabelled(part)
    return scalars(text)
