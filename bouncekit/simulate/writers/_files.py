"""Put bytes on disk the same way everywhere."""

import gzip
import io
from collections.abc import Iterable
from pathlib import Path


def write_text(path: Path, lines: Iterable[str], *, encoding: str = "utf-8") -> None:
    """Write text with the line ends it has; compressed where the name ends in .gz.

    The compressed stream carries neither name nor time, so that only the
    text (and the build of zlib) decides its bytes.
    """
    write_bytes(path, "".join(lines).encode(encoding))


def write_bytes(path: Path, content: bytes) -> None:
    """Write bytes; compressed where the name ends in .gz."""
    if path.suffix == ".gz":
        buffer = io.BytesIO()
        with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=buffer, mtime=0) as out:
            out.write(content)
        content = buffer.getvalue()
    path.write_bytes(content)


def read_bytes(path: Path) -> bytes:
    """Return the content of a file that :func:`write_bytes` wrote."""
    content = path.read_bytes()
    return gzip.decompress(content) if path.suffix == ".gz" else content
