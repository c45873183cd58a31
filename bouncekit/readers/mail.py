"""Raw bounce mail: message files, mbox files and Maildir folders.

Each message is one item. Ordinary mail is skipped with the reason; a message
that cannot be opened is one failed item.
"""

import re
import sys
from collections.abc import Iterator
from typing import BinaryIO

from bouncekit.accounting import Ledger
from bouncekit.inputs.sources import Blob, Head
from bouncekit.mail import message_rows, open_message
from bouncekit.mail.carried import carried_rows, is_envelope, is_wrapper
from bouncekit.mail.engine import MAX_MESSAGE, Engine, OpenError
from bouncekit.readers._base import (
    CERTAIN,
    NO,
    BadItem,
    ByItem,
    Options,
    Reader,
    Row,
    SkipItem,
)

SPAN = 4_000_000
"""Bytes of a mailbox that are parsed at once where several processes share one."""
OVERLAP = 1_024
"""Bytes that are searched again, so that nothing is lost where two blocks meet."""
BLOCK = 262_144
"""Bytes read at once from a mailbox; more where a message is longer."""

_LINE = rb"(?:\r\n|\n|\r)"
# A From_ line: after an empty line, with a time of day, and a header field below it.
_FROM_LINE = re.compile(
    rb"From [^\r\n]{1,300}?\d{1,2}:\d\d[^\r\n]{0,80}" + _LINE + rb"(?=>?From |[!-9;-~]{1,80}:)"
)
# Fixed words, so that a mailbox is searched for them quickly.
_FROM = re.compile(rb"From ")
# Some writers leave the empty line out after the last boundary of a message.
_LAST_BOUNDARY = re.compile(rb"(?:\A|[\r\n])--[^\r\n]{1,200}[^-\r\n]--(?:\r\n|\n|\r)\Z")
_MBOX = re.compile(rb"(?:\xef\xbb\xbf)?[\r\n]{0,4}" + _FROM_LINE.pattern)
_QUOTED = re.compile(rb"((?:\A|\n|\r))>(>*From )")
_FIELD = re.compile(rb"[!-9;-~]{1,76}[ \t]?:")
_KNOWN = frozenset(
    b"return-path received from to cc subject date message-id mime-version content-type sender "
    b"delivered-to x-original-to dkim-signature auto-submitted reply-to references in-reply-to "
    b"content-transfer-encoding envelope-to x-failed-recipients x-mailer arc-seal x-received "
    b"authentication-results x-envelope-from x-envelope-to precedence x-qq-mid x-originating-ip "
    b"status x-uid".split()
)


_ENGINES: dict[str, Engine] = {"fast": "fast", "mailparser": "mailparser"}


def sniff(head: Head) -> int:
    """Recognise a message or a mailbox by its header block."""
    data = head.data[:32_768]
    if _MBOX.match(data):
        return CERTAIN + 5
    data = data.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    block = re.split(rb"\r\n\r\n|\n\n|\r\r", data, maxsplit=1)[0]
    lines = re.split(_LINE, block)[:400]
    if lines and lines[0].startswith((b"From ", b">From ")):
        lines = lines[1:]
    names = {line.partition(b":")[0].strip().lower() for line in lines if _FIELD.match(line)}
    fitting = sum(line[:1] in (b" ", b"\t") or bool(_FIELD.match(line)) for line in lines)
    known = len(names & _KNOWN)
    if known >= 2 and fitting >= 0.8 * len(lines):
        return CERTAIN
    return NO


def messages(blob: Blob, _options: Options, ledger: Ledger) -> Iterator[tuple[int, bytes]]:
    """Yield the messages of a file, numbered from 1; of a span those that begin in it."""
    start, stop = blob.span or (0, sys.maxsize)
    # What stands before a From_ line decides whether it can be one.
    base = max(0, start - OVERLAP)
    with blob.open() as stream:
        if base:
            # A stream that is unpacked on the way cannot be sought, and has no spans either.
            stream.seek(base)
        first = stream.read(BLOCK)
        if not blob.span and not _MBOX.match(first):
            yield 1, _rest(stream, first)
            return
        found = _split(stream, first, start - base, stop - base)
        for number, raw in enumerate(found, start=1):
            if raw is None:
                ledger.fail(number, f"the message has more than {MAX_MESSAGE:,} bytes; drop it")
            else:
                yield number, raw


def spans(blob: Blob) -> Iterator[tuple[int, int]]:
    """Cut a mailbox into spans that can be read apart; none for a single message."""
    if blob.path and _MBOX.match(blob.head.data):
        size = blob.path.stat().st_size
        for start in range(0, size, SPAN):
            yield start, min(start + SPAN, size)


def _rest(stream: BinaryIO, first: bytes) -> bytes:
    """Read one message whole, but never much more than the limit."""
    if len(first) < BLOCK:
        return first
    return first + stream.read(MAX_MESSAGE + 1 - len(first))


def _split(stream: BinaryIO, data: bytes, first: int, stop: int) -> Iterator[bytes | None]:
    """Split a mailbox at its From_ lines; None stands for a message over the limit.

    Yields the messages that begin from the place ``first`` on and before
    ``stop``, counted from the start of ``data``.
    """
    scanned, passed = first, 0
    begun, too_long, quoted = first == 0, False, False
    while True:
        start = 0
        for at in _from_lines(data, scanned):
            if at < 0:
                quoted = True
            elif passed + at >= first:
                if begun:
                    yield None if too_long else _unquoted(data[start:at], quoted)
                if passed + at >= stop:
                    return
                start, begun, too_long, quoted = at, True, False, False
        # As much again as is held: a long message is put together in few steps.
        block = stream.read(max(BLOCK, len(data) - start))
        if not block:
            break
        # A From_ line may stand across two blocks.
        scanned = max(0, len(data) - start - OVERLAP)
        if not begun or len(data) - start > MAX_MESSAGE:
            start, scanned, too_long = max(start, len(data) - OVERLAP), 0, begun
        passed += start
        data = data[start:] + block
    if begun:
        yield None if too_long else _unquoted(data[start:], quoted)


def _unquoted(raw: bytes, quoted: bool) -> bytes:
    """Take back the ``>`` that writers put before lines that look like a From_ line."""
    return _QUOTED.sub(rb"\1\2", raw) if quoted else raw


def _from_lines(data: bytes, start: int) -> Iterator[int]:
    """Yield where messages begin: at each From_ line in its place; -1 stands for a quoted one."""
    for match in _FROM.finditer(data, start):
        at = match.start()
        before = data[at - 1 : at] if at else b""
        if before == b">":
            yield -1
        elif before in (b"\n", b"\r") and _may_begin(data, at) and _FROM_LINE.match(data, at):
            yield at


def _may_begin(data: bytes, at: int) -> bool:
    """Say whether the line before is empty, or the last boundary of a message."""
    if data.endswith((b"\n\n", b"\r\n\r\n", b"\r\r", b"\n\r\n"), max(0, at - 4), at):
        return True
    return data.endswith((b"--\n", b"--\r\n", b"--\r"), max(0, at - 4), at) and bool(
        _LAST_BOUNDARY.search(data[max(0, at - 210) : at])
    )


def parse(raw: bytes, options: Options) -> list[Row]:
    """Make the rows of one message."""
    engine = _ENGINES.get(options.engine, "auto")
    try:
        message = open_message(raw, engine)
    except OpenError as error:
        raise BadItem(str(error)) from None
    if message.original and is_wrapper(message) and (rows := carried_rows(raw, engine)):
        return rows
    try:
        return message_rows(message)
    except SkipItem:
        rows = carried_rows(raw, engine) if is_envelope(message) else []
        if not rows:
            raise
        return rows


READER = Reader(
    name="mail",
    title="Raw bounce mail (.eml, mbox, Maildir)",
    sniff=sniff,
    read=ByItem(messages, parse, parallel=True, spans=spans),
    kind="failures",
    how_to_get=(
        "Collect the bounce messages in one folder of the mail program and save that folder.\n"
        "A mail server of your own: give the Maildir folder or the mbox file."
    ),
)
