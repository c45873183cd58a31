"""Put bytes on disk the same way everywhere."""

import gzip
import io
from pathlib import Path


def write_bytes(path: Path, content: bytes) -> None:
    """Write bytes; compressed where the name ends in .gz.

    The compressed stream carries neither name nor time, so that only the
    content (and the build of zlib) decides its bytes.
    """
    if path.suffix == ".gz":
        buffer = io.BytesIO()
        with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=buffer, mtime=0) as out:
            out.write(content)
        content = buffer.getvalue()
    path.write_bytes(content)
