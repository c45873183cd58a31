"""Tables that a log writes: the header stands again wherever the columns change.

The file is cut into pieces that have one header each, so that a piece is a
table like any other; lines that are only comments are left out.
"""

import codecs
import io
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import BinaryIO

from bouncekit.accounting import Ledger
from bouncekit.inputs.sources import Blob
from bouncekit.readers import _csv

PIECE_BYTES = 8_000_000
_LONG_RECORD = 1_000
"""Lines that one record may have; a quote open for longer was never closed."""


def records(
    blob: Blob, ledger: Ledger, mark: re.Pattern[bytes], header: Callable[[bytes], bytes | None]
) -> Iterator[_csv.Records]:
    """Read the records of a table with several headers.

    Parameters
    ----------
    blob, ledger
        The file and its account, in which all records are entered by number.
    mark : compiled pattern
        Finds the whole of a line (``MULTILINE``) that is no record.
    header : callable
        Such a line to the header that holds from there on; None where it is
        a comment only.
    """
    for head, rows in _pieces(blob, mark, header):
        data = head + b"\n" + rows
        piece = Blob(blob.label, partial(io.BytesIO, data))
        yield from _csv.records(piece, ledger, before=ledger.items)


def _pieces(
    blob: Blob, mark: re.Pattern[bytes], header: Callable[[bytes], bytes | None]
) -> Iterator[tuple[bytes, bytes]]:
    current: bytes | None = None
    with blob.open() as raw:
        for block in _blocks(_csv.as_utf8(raw, blob.head.encoding)):
            parts: list[bytes] = []
            place = 0
            for match in mark.finditer(block):
                # The same words inside a cell of several lines are words of a reply.
                if block.count(b'"', place, match.start()) % 2:
                    continue
                parts.append(block[place : match.start()])
                place = match.end()
                found = header(match[0].strip())
                if found is not None and found != current:
                    yield from _piece(current, parts)
                    parts, current = [], found
            yield from _piece(current, [*parts, block[place:]])


def _piece(head: bytes | None, parts: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
    rows = b"".join(parts)
    if head is not None and rows.strip():
        yield head, rows


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the bytes in large blocks, cut where a record ends."""
    rest = b""
    start = stream.read(len(codecs.BOM_UTF8))
    if start != codecs.BOM_UTF8:
        rest = start
    while data := stream.read(PIECE_BYTES):
        data = rest + data
        end = _record_end(data)
        yield data[:end]
        rest = data[end:]
    if rest:
        yield rest


def _record_end(data: bytes) -> int:
    """Find the last line end that is not inside quotes."""
    last = end = data.rfind(b"\n") + 1
    odd = data.count(b'"', 0, end) % 2
    for _ in range(_LONG_RECORD):
        if not odd or not end:
            break
        start = data.rfind(b"\n", 0, end - 1) + 1
        odd = (odd + data.count(b'"', start, end)) % 2
        end = start
    if end and not odd:
        return end
    # A long record goes on in the next block.
    return 0 if len(data) < PIECE_BYTES + _csv.MAX_CELL else last
