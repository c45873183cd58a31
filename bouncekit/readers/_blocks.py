"""A file in large pieces of UTF-8, each of which ends where a record ends."""

import codecs
import io
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

BLOCK_BYTES = 4_000_000
MAX_RECORD = 1_000_000
"""Bytes of the longest record that is kept whole."""
_LONG_RECORD = 1_000
"""Lines that one record may have; a quote open for longer was never closed."""


def blocks(stream: BinaryIO, encoding: str) -> Iterator[bytes]:
    """Yield the bytes of a stream as UTF-8 without a mark, cut where records end.

    Where the stream breaks off (a damaged archive, say), the whole records
    before come first.
    """
    source = as_utf8(stream, encoding)
    rest = fill(source, len(codecs.BOM_UTF8)).removeprefix(codecs.BOM_UTF8)
    while data := fill(source, BLOCK_BYTES):
        data = rest + data
        end = _record_end(data)
        if end:
            yield data[:end]
        rest = data[end:]
    if rest:
        yield rest


def fill(stream: BinaryIO, size: int) -> bytes:
    """Read ``size`` bytes, or all that there are before the end or an error.

    An error comes again at the next call, once what was read before is used.
    """
    reads = cast("io.BufferedIOBase", stream).read1
    parts: list[bytes] = []
    while size > 0:
        try:
            part = reads(size)
        except OSError:
            if parts:
                break
            raise
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _record_end(data: bytes) -> int:
    """Find the last line end that is not inside quotes; 0 where a long record goes on."""
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
    return 0 if len(data) < BLOCK_BYTES + MAX_RECORD else last


def as_utf8(stream: BinaryIO, encoding: str) -> BinaryIO:
    """Give a stream of any encoding as one of UTF-8."""
    if encoding in ("utf-8", "utf-8-sig"):
        return stream
    return io.BufferedReader(_Recoded(stream, encoding), 1 << 20)


class _Recoded(io.RawIOBase):
    """A stream of any encoding as UTF-8; what does not fit is replaced."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            data = self._stream.read(1 << 18)
            self._ready = self._decoder.decode(data, final=not data).encode()
            if not data:
                break
        part = self._ready[: len(buffer)]
        self._ready = self._ready[len(part) :]
        buffer[: len(part)] = part
        return len(part)
