"""A worker process: takes batches of raw items, gives rows (``python -m bouncekit.intake.worker``).

The other end is :mod:`bouncekit.intake.workers`. Frames on the standard streams are
8 bytes of length and a payload: one JSON line, then bytes. Nothing is
pickled, so that neither end can be made to run code.
"""

import json
import os
import sys
from typing import Any, BinaryIO, cast

import pyarrow as pa

from bouncekit.readers import reader_named
from bouncekit.readers._base import RAW_SCHEMA, ByItem, Options, Row, arrow_rows, outcome_of


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
    """Parse one batch.

    Returns
    -------
    tuple of (dict, bytes)
        ``outcomes``: ``[place in the batch, kind, reason]`` of items that gave
        no rows; and the rows as an Arrow stream, ``item`` being the place.
    """
    read = reader_named(header["reader"]).read
    parse = cast("ByItem", read).parse
    options = Options(**header["options"])
    rows: list[Row] = []
    outcomes: list[tuple[int, str, str]] = []
    start = 0
    for place, size in enumerate(header["sizes"]):
        found = outcome_of(parse, bytes(body[start : start + size]), options)
        start += size
        if isinstance(found, tuple):
            outcomes.append((place, *found))
            continue
        for row in found:
            row["item"] = place
        rows += found
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, RAW_SCHEMA) as writer:
        writer.write_table(arrow_rows(rows, RAW_SCHEMA))
    return {"outcomes": outcomes}, sink.getvalue().to_pybytes()


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
