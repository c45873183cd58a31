"""Find inputs: files, folders, archives, bytes, streams.

Inputs are only ever read. Links that leave the folder, devices and pipes are
reported, not opened.
"""

import io
import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, TypeAlias, cast

from bouncekit.errors import BouncekitError, InputNotFoundError
from bouncekit.inputs.blobs import HEAD_BYTES, Blob, Head, Refusal
from bouncekit.inputs.unpacking import unpacked

__all__ = ["HEAD_BYTES", "Blob", "Head", "Refusal", "Source", "find"]

WRITTEN_BY_US = ".bouncekit-lists"
"""Lies in a folder that the kit wrote for people and providers; it is not read again."""
_OWN_FOLDER = "is a folder of lists that bouncekit wrote; it tells nothing new"

Source: TypeAlias = str | os.PathLike[str] | bytes | BinaryIO


def input_name(src: object) -> str:
    """Say how errors call an input as a whole."""
    return repr(os.fspath(src)) if isinstance(src, (str, os.PathLike)) else "the input"


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
    sources = list(cast("Iterable[Source]", named)) if isinstance(named, Iterable) else [named]
    for source in sources:
        if isinstance(source, (str, os.PathLike)) and not _exists(source):
            msg = f"{os.fspath(source)!r:.200} does not exist; give a file or folder that does"
            raise InputNotFoundError(msg)
    found = _told_apart([(src, list(_outer(src, number))) for number, src in enumerate(sources)])
    found.sort(key=lambda item: item.label)
    for item in found:
        yield from unpacked(item) if isinstance(item, Blob) else [item]


def _exists(source: str | os.PathLike[str]) -> bool:
    try:
        return Path(source).exists()
    except (OSError, ValueError):
        # Text that no file system takes as a name.
        return False


def _told_apart(
    found: list[tuple[Source, list[Blob | Refusal]]],
) -> list[Blob | Refusal]:
    """Put the path as given before labels that two of the inputs share."""
    count = Counter(item.label for _, items in found for item in items)
    return [
        replace(item, label=_full_label(source, item.label)) if count[item.label] > 1 else item
        for source, items in found
        for item in items
    ]


def _full_label(source: Source, label: str) -> str:
    if not isinstance(source, (str, os.PathLike)):
        return label
    path = Path(source)
    return (path / label if path.is_dir() else path).as_posix()


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
        yield _memory(label, data.encode(errors="replace") if isinstance(data, str) else data)
    else:
        msg = f"cannot read {type(source).__name__}; give a path, bytes, an open file or a list"
        raise BouncekitError(msg)


def _memory(label: str, data: bytes) -> Blob:
    return Blob(label, lambda: io.BytesIO(data))


def _folder(root: Path) -> Iterator[Blob | Refusal]:
    top = root.resolve()
    closed: list[OSError] = []
    for folder, folders, names in os.walk(root, onerror=closed.append):
        if WRITTEN_BY_US in names:
            folders.clear()
            yield Refusal(Path(folder).relative_to(root).as_posix(), _OWN_FOLDER, expected=True)
            continue
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
    for error in closed:
        label = Path(error.filename).relative_to(root).as_posix()
        yield Refusal(label, f"cannot be opened ({error.strerror})")


def _file(path: Path, label: str) -> Blob | Refusal:
    try:
        info = path.stat()
    except OSError as error:
        return Refusal(label, f"cannot be opened ({error.strerror})")
    if not stat.S_ISREG(info.st_mode):
        return Refusal(label, "is not an ordinary file; it was not opened")
    return Blob(label, lambda: path.open("rb"), path, info.st_mtime)
