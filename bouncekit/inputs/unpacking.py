"""What is inside gzip, zstd and zip, as streams that count what comes out of them.

Archive members are labels, never paths, and nothing is written to disk.
"""

import gzip
import io
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, BinaryIO, cast

from bouncekit.errors import UnreadableFileError
from bouncekit.inputs import workbooks
from bouncekit.inputs.blobs import Blob, Refusal

MAX_PRODUCED = 2_000_000_000
"""Bytes that one compressed input may unpack to."""
MAX_RATIO = 100
"""Largest unpacked size over packed size, past the first megabyte."""
MAX_MEMBERS = 100_000
MAX_INNER = 256_000_000
"""Bytes of an archive inside an archive; it is held in memory."""
MAX_DEPTH = 1
"""Archives inside archives, one inside the other."""
_GZIP, _ZIP, _ZSTD = b"\x1f\x8b", b"PK\x03\x04", b"\x28\xb5\x2f\xfd"
_EMPTY_ZIP = b"PK\x05\x06"
_PIECE = 1 << 20


def unpacked(blob: Blob, depth: int = 0) -> Iterator[Blob | Refusal]:
    """Yield what a blob holds: itself, its gzip content, or its zip members."""
    try:
        with blob.open() as stream:
            start = stream.read(8)
        magic = start[:4]
        if magic[:2] == _GZIP:
            # When the packed file was last written; zero where gzip was not told.
            written = int.from_bytes(start[4:], "little") or blob.mtime
            yield from _stream_of(replace(blob, mtime=written), gzip.open, depth)
        elif magic == _ZSTD:
            yield from _stream_of(blob, _open_zstd, depth)
        elif magic in (_ZIP, _EMPTY_ZIP):
            yield from _unzipped(blob, depth)
        else:
            yield blob
    except UnreadableFileError as error:
        yield Refusal(blob.label, f"cannot be opened ({error})")
    except _DAMAGED as error:
        yield Refusal(blob.label, f"cannot be opened or unpacked ({_words(error)})")


# What the unpackers of the standard library raise at damaged or unusual archives.
_DAMAGED = (
    OSError, EOFError, ValueError, RuntimeError, zlib.error, zipfile.BadZipFile, struct.error,
)  # fmt: skip


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _stream_of(
    blob: Blob, unpack: Callable[[BinaryIO], Any], depth: int
) -> Iterator[Blob | Refusal]:
    if depth > MAX_DEPTH:
        yield Refusal(blob.label, "is packed more than twice; unpack it first")
        return

    def opener() -> BinaryIO:
        packed = blob.open()
        return _counted(unpack(packed), _size(packed), packed)

    yield from unpacked(Blob(blob.label, opener, None, blob.mtime), depth + 1)


def _size(stream: BinaryIO) -> int | None:
    try:
        position = stream.tell()
        size = stream.seek(0, os.SEEK_END)
        stream.seek(position)
    except (OSError, ValueError):
        return None
    return size


def _open_zstd(stream: BinaryIO) -> Any:
    try:
        import zstandard
    except ImportError:
        msg = 'zstd files need one more package: pip install "bouncekit[zstd]"'
        raise UnreadableFileError(msg) from None
    return zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True)


def _unzipped(blob: Blob, depth: int) -> Iterator[Blob | Refusal]:
    names: set[str] = set()
    with suppress(*_DAMAGED), _Archive(blob) as archive:
        names = {entry.filename for entry in archive.entries}
    if workbooks.is_workbook(names):
        yield from _sheets(blob)
    elif names & _DOCUMENT_PARTS:
        yield blob
    else:
        yield from _members(blob, depth)


# What only a document has among its members; such an archive is left whole.
_DOCUMENT_PARTS = {"[Content_Types].xml", "mimetype"}


def _sheets(blob: Blob) -> Iterator[Blob]:
    """Give the sheets of a workbook; a single one is the file itself."""
    with _Archive(blob) as archive:
        for entry in archive.entries:
            _weigh(archive.member(entry))
    with _seekable(blob) as stream:
        found = list(workbooks.sheets(stream))
    for title, data in found or [("", b"")]:
        label = blob.label if len(found) < 2 else f"{blob.label}!{title}"
        yield Blob(label, partial(io.BytesIO, data), None, blob.mtime)


def _weigh(part: BinaryIO) -> None:
    """Read a part of a workbook once, so that a bomb is found before it is opened."""
    with part:
        piece = part.read(_PIECE)
        if b"<!DOCTYPE" in piece:
            msg = "the workbook defines entities of its own, which none that was saved does"
            raise UnreadableFileError(msg)
        while piece:
            piece = part.read(_PIECE)


def _members(blob: Blob, depth: int) -> Iterator[Blob | Refusal]:
    if depth > MAX_DEPTH:
        yield Refusal(blob.label, "is packed more than twice; unpack it first")
        return
    with _Archive(blob) as archive:
        if len(archive.entries) > MAX_MEMBERS:
            yield Refusal(blob.label, f"holds more than {MAX_MEMBERS:,} files; unpack it first")
            return
        for entry in sorted(archive.entries, key=lambda entry: entry.filename):
            name = entry.filename
            hidden = any(part.strip(".") and part[0] == "." for part in name.split("/"))
            if entry.is_dir() or hidden or name.startswith("__MACOSX/"):
                continue
            label = f"{blob.label}!{name}"
            if entry.flag_bits & 0x1:
                yield Refusal(label, "is encrypted; unpack the archive with its password first")
            else:
                member = Blob(label, partial(archive.member, entry), None, _entry_time(entry))
                yield from unpacked(member, depth + 1)


def _entry_time(entry: zipfile.ZipInfo) -> float | None:
    with suppress(ValueError):
        return datetime(*entry.date_time, tzinfo=UTC).timestamp()
    return None


class _Archive:
    """A zip file whose directory is read once while its members are gone through."""

    def __init__(self, blob: Blob) -> None:
        self._blob = blob
        self._stream: BinaryIO | None = None
        self._zip: zipfile.ZipFile | None = None
        self.entries: list[zipfile.ZipInfo] = []

    def __enter__(self) -> "_Archive":
        self._stream = _seekable(self._blob)
        try:
            self._zip = zipfile.ZipFile(self._stream)
        except BaseException:
            self._stream.close()
            raise
        self.entries = self._zip.infolist()
        return self

    def __exit__(self, *_: object) -> None:
        if self._zip and self._stream:
            self._zip.close()
            self._stream.close()
        self._zip = self._stream = None

    def member(self, entry: zipfile.ZipInfo) -> BinaryIO:
        """Open a member, also after the archive has been gone through."""
        if self._zip is not None:
            return _counted(self._zip.open(entry), entry.compress_size)
        stream = _seekable(self._blob)
        try:
            found = zipfile.ZipFile(stream).open(entry)  # noqa: SIM115 - the caller closes it
        except BaseException:
            stream.close()
            raise
        return _counted(found, entry.compress_size, stream)


def _seekable(blob: Blob) -> BinaryIO:
    """Open a blob so that it can be read from any place; a packed one is held in memory."""
    stream = blob.open()
    if not isinstance(stream, io.BufferedReader) or not isinstance(stream.raw, _Counted):
        return stream
    with stream:
        data = stream.read(MAX_INNER + 1)
    if len(data) > MAX_INNER:
        msg = f"an archive in an archive of more than {MAX_INNER:,} bytes; unpack the outer one"
        raise UnreadableFileError(msg)
    return io.BytesIO(data)


def _counted(inner: Any, packed: int | None, below: BinaryIO | None = None) -> BinaryIO:
    return cast("BinaryIO", io.BufferedReader(_Counted(inner, packed, below)))


class _Counted(io.RawIOBase):
    """Counts the bytes that come out of a packed stream and stops a bomb."""

    def __init__(self, inner: Any, packed: int | None, below: BinaryIO | None) -> None:
        self._inner = inner
        self._below = below
        self._damage = ""
        self._allowed = MAX_PRODUCED
        if packed is not None:
            self._allowed = min(MAX_PRODUCED, max(1_000_000, packed * MAX_RATIO))
        self._produced = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._damage:
            raise OSError(self._damage)
        try:
            data = self._inner.read1(len(buffer))
        except Exception as error:  # noqa: BLE001 - each unpacker raises classes of its own
            self._damage = f"damaged: {_words(error)}"
            raise OSError(self._damage) from None
        self._produced += len(data)
        if self._produced > self._allowed:
            msg = f"unpacks to more than {self._allowed:,} bytes"
            raise OSError(msg)
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._inner.close()
            if self._below is not None:
                self._below.close()
        super().close()
