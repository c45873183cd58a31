"""Find, open and look at inputs: files, folders, archives, bytes, streams.

Inputs are only ever read. Links that leave the folder, devices and pipes are
reported, not opened; archive members are labels, never paths; what is
unpacked is counted as it comes out and never written to disk.
"""

import gzip
import io
import os
import stat
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, cast

from bouncekit.encodings import Header, decode_head, header_of
from bouncekit.errors import BouncekitError, InputNotFoundError, UnreadableFileError

HEAD_BYTES = 65_536
MAX_PRODUCED = 2_000_000_000
"""Bytes that one compressed input may unpack to."""
MAX_RATIO = 100
"""Largest unpacked size over packed size, past the first megabyte."""
MAX_MEMBERS = 100_000
_GZIP, _ZIP, _ZSTD = b"\x1f\x8b", b"PK\x03\x04", b"\x28\xb5\x2f\xfd"
_EMPTY_ZIP = b"PK\x05\x06"

Source = str | os.PathLike[str] | bytes | BinaryIO


@dataclass(frozen=True)
class Blob:
    """One input file, however it is packed; it can be opened again and again.

    Parameters
    ----------
    label : str
        Path relative to the path given; archive members as ``a.zip!b.csv``.
    opener : callable
        Returns a new binary stream of the unpacked bytes.
    path : Path or None
        The file itself where it is plain (not packed), so that a reader may
        map it into memory.
    mtime : float or None
        Modification time, seconds since 1970 UTC; dates logs without a year.
    """

    label: str
    opener: Callable[[], BinaryIO] = field(repr=False)
    path: Path | None = None
    mtime: float | None = None

    def open(self) -> BinaryIO:
        """Open the unpacked bytes for reading."""
        return self.opener()

    def read_bytes(self) -> bytes:
        """Return all the unpacked bytes."""
        with self.open() as stream:
            return stream.read()

    @cached_property
    def head(self) -> "Head":
        """The first kilobytes, for sniffing."""
        with self.open() as stream:
            return Head(self.label, stream.read(HEAD_BYTES))


@dataclass(frozen=True)
class Head:
    """The first :data:`HEAD_BYTES` of an input, in the forms that sniffing asks for."""

    label: str
    data: bytes

    @property
    def name(self) -> str:
        """File name without folders, lower-case."""
        return self.label.replace("!", "/").rpartition("/")[2].lower()

    @cached_property
    def _decoded(self) -> tuple[str, str]:
        return decode_head(self.data)

    @property
    def text(self) -> str:
        """The head as text, without byte-order mark."""
        return self._decoded[0]

    @property
    def encoding(self) -> str:
        """The encoding that fits the head."""
        return self._decoded[1]

    @cached_property
    def first_line(self) -> str:
        """The first line that is not blank."""
        return next((line for line in self.text.splitlines() if line.strip()), "")

    @cached_property
    def header(self) -> Header:
        """The header line, as that of a delimited table."""
        return header_of(self.text)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names in the header line, folded: lower-case, one space for ``_``, ``-``."""
        return () if self.is_json else self.header.names

    @cached_property
    def is_json(self) -> bool:
        """Whether the text starts like JSON."""
        return self.text.lstrip()[:1] in ("{", "[")


@dataclass(frozen=True, slots=True)
class Refusal:
    """An input that was found and is not opened, with the reason."""

    label: str
    reason: str


def find(src: Source | Iterable[Source]) -> Iterator[Blob | Refusal]:
    """Find every input file in ``src``, sorted by label.

    Parameters
    ----------
    src : str, Path, bytes, binary file object, or an iterable of these
        Folders are searched to the bottom; hidden files are passed over.

    Yields
    ------
    Blob or Refusal

    Raises
    ------
    InputNotFoundError
        If a path that was named does not exist; before anything is read.
    """
    named = [src] if isinstance(src, (str, os.PathLike, bytes)) or hasattr(src, "read") else src
    sources = list(cast("Iterable[Source]", named))
    for source in sources:
        if isinstance(source, (str, os.PathLike)) and not Path(source).exists():
            msg = f"{os.fspath(source)!r} does not exist; give a file or folder that does"
            raise InputNotFoundError(msg)
    found = [item for number, source in enumerate(sources) for item in _outer(source, number)]
    found.sort(key=lambda item: item.label)
    for item in found:
        yield from _unpacked(item) if isinstance(item, Blob) else [item]


def _outer(source: Source, number: int) -> Iterator[Blob | Refusal]:
    if isinstance(source, bytes):
        yield _memory(f"<bytes {number + 1}>", source)
    elif isinstance(source, (str, os.PathLike)):
        path = Path(source)
        if path.is_dir():
            yield from _folder(path)
        else:
            yield _file(path, path.name)
    elif hasattr(source, "read"):
        data = source.read()
        name = getattr(source, "name", None)
        label = Path(name).name if isinstance(name, str) else f"<stream {number + 1}>"
        yield _memory(label, data.encode() if isinstance(data, str) else data)
    else:
        msg = f"cannot read {type(source).__name__}; give a path, bytes, an open file or a list"
        raise BouncekitError(msg)


def _memory(label: str, data: bytes) -> Blob:
    return Blob(label, lambda: io.BytesIO(data))


def _folder(root: Path) -> Iterator[Blob | Refusal]:
    top = root.resolve()
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in [*folders, *sorted(names)]:
            path = Path(folder, name)
            if name.startswith(".") or (name in folders and not path.is_symlink()):
                continue
            label = path.relative_to(root).as_posix()
            if path.is_symlink() and not path.resolve().is_relative_to(top):
                yield Refusal(label, "is a link that leads out of the folder; it was not opened")
            elif name not in folders:
                yield _file(path, label)


def _file(path: Path, label: str) -> Blob | Refusal:
    try:
        info = path.stat()
    except OSError as error:
        return Refusal(label, f"cannot be opened ({error.strerror})")
    if not stat.S_ISREG(info.st_mode):
        return Refusal(label, "is not an ordinary file; it was not opened")
    return Blob(label, lambda: path.open("rb"), path, info.st_mtime)


def _unpacked(blob: Blob, depth: int = 0) -> Iterator[Blob | Refusal]:
    """Yield what a blob holds: itself, its gzip content, or its zip members."""
    try:
        with blob.open() as stream:
            magic = stream.read(4)
        if magic[:2] == _GZIP:
            yield from _stream_of(blob, gzip.open, depth)
        elif magic == _ZSTD:
            yield from _stream_of(blob, _open_zstd, depth)
        elif magic in (_ZIP, _EMPTY_ZIP) and not _is_workbook(blob):
            yield from _members(blob, depth)
        else:
            yield blob
    except (OSError, EOFError, zipfile.BadZipFile, UnreadableFileError) as error:
        yield Refusal(blob.label, f"cannot be opened or unpacked ({_words(error)})")


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _stream_of(
    blob: Blob, unpack: Callable[[BinaryIO], Any], depth: int
) -> Iterator[Blob | Refusal]:
    if depth > 1:
        yield Refusal(blob.label, "is packed more than twice; unpack it first")
        return

    def opener() -> BinaryIO:
        packed = blob.open()
        return cast("BinaryIO", io.BufferedReader(_Counted(unpack(packed), _size(packed))))

    yield from _unpacked(Blob(blob.label, opener, None, blob.mtime), depth + 1)


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


def _is_workbook(blob: Blob) -> bool:
    with blob.open() as stream, suppress(zipfile.BadZipFile), zipfile.ZipFile(stream) as archive:
        return "[Content_Types].xml" in archive.namelist()
    return False


def _members(blob: Blob, depth: int) -> Iterator[Blob | Refusal]:
    if depth > 1:
        yield Refusal(blob.label, "is packed more than twice; unpack it first")
        return
    with blob.open() as stream, zipfile.ZipFile(stream) as archive:
        entries = sorted(archive.infolist(), key=lambda entry: entry.filename)
    if len(entries) > MAX_MEMBERS:
        yield Refusal(blob.label, f"holds more than {MAX_MEMBERS:,} files; unpack it first")
        return
    for entry in entries:
        name = entry.filename
        hidden = any(part.startswith(".") for part in name.split("/"))
        if entry.is_dir() or hidden or name.startswith("__MACOSX/"):
            continue
        label = f"{blob.label}!{name}"
        if entry.flag_bits & 0x1:
            yield Refusal(label, "is encrypted; unpack the archive with its password first")
        else:
            member = Blob(label, _member_opener(blob, name, entry.compress_size), None, blob.mtime)
            yield from _unpacked(member, depth + 1)


def _member_opener(blob: Blob, name: str, packed: int) -> Callable[[], BinaryIO]:
    def opener() -> BinaryIO:
        archive = zipfile.ZipFile(blob.open())
        return cast("BinaryIO", io.BufferedReader(_Counted(archive.open(name), packed)))

    return opener


class _Counted(io.RawIOBase):
    """Counts the bytes that come out of a packed stream and stops a bomb."""

    def __init__(self, inner: Any, packed: int | None) -> None:
        self._inner = inner
        self._allowed = MAX_PRODUCED
        if packed is not None:
            self._allowed = min(MAX_PRODUCED, max(1_000_000, packed * MAX_RATIO))
        self._produced = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._inner.read(len(buffer))
        except (EOFError, zipfile.BadZipFile, ValueError) as error:
            raise OSError(_words(error)) from None
        except Exception as error:  # noqa: BLE001 - zlib and zstd raise classes of their own
            msg = f"damaged: {_words(error)}"
            raise OSError(msg) from None
        self._produced += len(data)
        if self._produced > self._allowed:
            msg = f"unpacks to more than {self._allowed:,} bytes"
            raise OSError(msg)
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._inner.close()
        super().close()
