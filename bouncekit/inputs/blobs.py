"""One input, however it is packed: its bytes, its head, or why it is not opened."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from bouncekit.inputs.encodings import Header, decode_head, header_of

HEAD_BYTES = 65_536


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
    span : tuple of (int, int) or None
        The part of the file that is wanted, from byte to byte: the items that
        begin in it.
    """

    label: str
    opener: Callable[[], BinaryIO] = field(repr=False)
    path: Path | None = None
    mtime: float | None = None
    span: tuple[int, int] | None = None

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
    """An input that was found and is not opened, with the reason.

    Parameters
    ----------
    label, reason : str
    expected : bool
        It is there with good reason, and so is passed over; else it failed.
    """

    label: str
    reason: str
    expected: bool = False
