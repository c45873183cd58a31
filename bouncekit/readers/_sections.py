"""Tables that a log writes: the header stands again wherever the columns change.

The file is cut into pieces that have one header each, so that a piece is a
table like any other; lines that are only comments are left out.
"""

import re
from collections.abc import Callable, Iterator

from bouncekit.accounting import Ledger
from bouncekit.inputs.encodings import decode_head, header_of
from bouncekit.inputs.sources import Blob
from bouncekit.readers import _blocks, _csv


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
    return _csv.read_blocks(_pieces(blob, mark, header), ledger)


def _pieces(
    blob: Blob, mark: re.Pattern[bytes], header: Callable[[bytes], bytes | None]
) -> Iterator[_csv.Block]:
    current: bytes | None = None
    with blob.open() as raw:
        for block in _blocks.blocks(raw, blob.head.encoding):
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


def _piece(head: bytes | None, parts: list[bytes]) -> Iterator[_csv.Block]:
    rows = b"".join(parts)
    if head is not None and rows.strip():
        yield _csv.Block(rows, header_of(decode_head(head)[0]))
