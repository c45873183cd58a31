"""A worker process: takes raw items or spans of files, gives rows.

Run as ``python -m bouncekit.intake.worker``; the other end is
:mod:`bouncekit.intake.workers`. Frames on the standard streams are 8 bytes of
length and a payload: one JSON line, then bytes. Nothing is pickled, so that
neither end can be made to run code.
"""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyarrow as pa

from bouncekit.accounting import Ledger
from bouncekit.inputs.sources import Blob
from bouncekit.readers import reader_named
from bouncekit.readers._base import RAW_SCHEMA, ByItem, Options, Row, arrow_rows


@dataclass
class Answer:
    """What some items gave.

    Parameters
    ----------
    rows : pyarrow.Table
        Columns of ``RAW_SCHEMA``, ``item`` being the place, from 0.
    items : int
        How many items there were.
    silent : list of [place, kind, reason]
        The items that gave no rows.
    """

    rows: pa.Table
    items: int
    silent: list[list[Any]] = field(default_factory=list)


class Account(Ledger):
    """Keeps each item without rows by itself, for the ledger at the other end."""

    def __init__(self) -> None:
        super().__init__("")
        self.silent: list[list[Any]] = []

    def skip(self, item: int | None, reason: str, count: int = 1) -> None:
        """Keep one item that is understood and gives no row."""
        self.silent.append([item, "skipped", reason])

    def fail(self, item: int | None, reason: str) -> None:
        """Keep one item that could not be read."""
        self.silent.append([item, "failed", reason])


def parse_items(read: ByItem, raws: Iterable[bytes], options: Options) -> Answer:
    """Parse raw items."""
    return _answer(read, enumerate(raws), options, Account(), first=0)


def parse_span(read: ByItem, blob: Blob, options: Options) -> Answer:
    """Find and parse the items of a span of a file."""
    account = Account()
    return _answer(read, read.items(blob, options, account), options, account, first=1)


def _answer(
    read: ByItem,
    items: Iterable[tuple[int, Any]],
    options: Options,
    account: Account,
    *,
    first: int,
) -> Answer:
    rows: list[Row] = []
    try:
        for found in read.rows(items, options, account):
            rows += found
    except OSError as error:
        place = first + account.read + len(account.silent)
        account.fail(place, f"the rest could not be read ({error}); check the file or copy it anew")
    for row in rows:
        row["item"] -= first
    silent = [[place - first, kind, reason] for place, kind, reason in account.silent]
    return Answer(arrow_rows(rows, RAW_SCHEMA), account.read + len(silent), silent)


def send(stream: BinaryIO, header: dict[str, Any], *parts: bytes) -> None:
    """Write one frame."""
    line = json.dumps(header).encode() + b"\n"
    size = len(line) + sum(map(len, parts))
    stream.write(size.to_bytes(8, "little"))
    stream.write(line)
    for part in parts:
        stream.write(part)
    stream.flush()


def receive(stream: BinaryIO) -> tuple[dict[str, Any], memoryview] | None:
    """Read one frame; None where the other end has closed.

    Raises
    ------
    EOFError
        If the other end closed in the middle of a frame.
    """
    size = stream.read(8)
    if not size:
        return None
    payload = stream.read(int.from_bytes(size, "little"))
    if len(size) < 8 or len(payload) < int.from_bytes(size, "little"):
        msg = "the other end closed in the middle of a frame"
        raise EOFError(msg)
    end = payload.index(b"\n") + 1
    return json.loads(payload[:end]), memoryview(payload)[end:]


def answer(header: dict[str, Any], body: memoryview) -> tuple[dict[str, Any], bytes]:
    """Parse what a frame holds or names; give the frame that answers it."""
    read = cast("ByItem", reader_named(header["reader"]).read)
    options = Options(**header["options"])
    if "path" in header:
        path = Path(header["path"])
        blob = Blob("", lambda: path.open("rb"), path, span=tuple(header["span"]))
        found = parse_span(read, blob, options)
    else:
        found = parse_items(read, _cut(body, header["sizes"]), options)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, RAW_SCHEMA) as writer:
        writer.write_table(found.rows)
    return {"items": found.items, "silent": found.silent}, sink.getvalue().to_pybytes()


def _cut(body: memoryview, sizes: list[int]) -> Iterator[bytes]:
    start = 0
    for size in sizes:
        yield bytes(body[start : start + size])
        start += size


def main() -> None:
    """Answer batches until the standard input is closed."""
    # Whatever prints must not get between the frames.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while frame := receive(sys.stdin.buffer):
        header, rows = answer(*frame)
        send(out, header, rows)


if __name__ == "__main__":
    main()
