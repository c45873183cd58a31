"""Write files whole or not at all, and tables that spreadsheets cannot misread."""

import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import pandas as pd

from bouncekit.errors import BouncekitError
from bouncekit.identity import map_distinct

# What a spreadsheet may take for a formula, also behind spaces, quotes and invisible characters.
_FORMULA = re.compile(r"^[\s'\"\u00ad\u200b-\u200f\u2060\ufeff]*[=+\-@＝＋－＠\t\r\n]|^[\t\r\n]")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")


@contextmanager
def atomic(target: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Give a stream that becomes ``target`` at the end; on any error the old file stays.

    Raises
    ------
    BouncekitError
        If the folder is missing or cannot be written to.
    """
    path = Path(target)
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    except OSError as error:
        msg = f"{path}: cannot be written ({error.strerror}); choose a folder that exists"
        raise BouncekitError(msg) from None
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        _give_usual_mode(name)
        Path(name).replace(path)
    except OSError as error:
        msg = f"{path}: cannot be written ({error.strerror or error})"
        raise BouncekitError(msg) from error
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()


def _give_usual_mode(name: str) -> None:
    """Let the file have the rights of any new file; a temporary one is the owner's alone."""
    mask = os.umask(0)
    os.umask(mask)
    Path(name).chmod(0o666 & ~mask)


def safe_cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula.

    Examples
    --------
    >>> safe_cell("=HYPERLINK(0)"), safe_cell("-12"), safe_cell("plain")
    ("'=HYPERLINK(0)", '-12', 'plain')
    """
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def write_table(table: pd.DataFrame, target: str | os.PathLike[str]) -> Path:
    """Write a table as CSV, Parquet or Excel, by the ending of the name.

    CSV is for people: UTF-8 with a byte-order mark (Excel reads Chinese then),
    and cells that could start a formula are prefixed with ``'``. Parquet is
    for programs and holds the values as they are.

    Parameters
    ----------
    table : DataFrame
    target : path
        Ends in ``.csv``, ``.parquet`` or ``.xlsx``.

    Raises
    ------
    BouncekitError
        If the ending is another, or the file cannot be written.
    """
    path = check_target(target)
    with atomic(path) as stream:
        _WRITERS[path.suffix.lower()](table, stream)
    return path


def check_target(target: str | os.PathLike[str]) -> Path:
    """Return the path of a table to write, before any work is done for it.

    Raises
    ------
    BouncekitError
        If the ending is none that can be written, or the folder is missing.
    """
    path = Path(target)
    if path.suffix.lower() not in _WRITERS:
        known = ", ".join(_WRITERS)
        msg = f"{path}: a table can be written as {known}; choose one of these endings"
        raise BouncekitError(msg)
    if not path.parent.is_dir():
        msg = f"{path}: cannot be written (there is no folder {path.parent})"
        raise BouncekitError(msg)
    return path


def refuse_inputs(target: str | os.PathLike[str], sources: Iterable[str]) -> None:
    """Refuse to write over an input.

    Raises
    ------
    BouncekitError
        If the target is one of the sources.
    """
    path = Path(target).resolve()
    for source in map(Path, sources):
        if path == source.resolve():
            msg = f"{target}: is an input; choose another name for the output"
            raise BouncekitError(msg)


def for_people(table: pd.DataFrame) -> pd.DataFrame:
    """Return a copy whose texts no spreadsheet takes for formulas."""
    safe = table.copy()
    for name in safe.columns:
        if pd.api.types.is_string_dtype(safe[name]) and safe[name].dtype != object:
            safe[name] = map_distinct(safe[name], safe_cell)
    return safe


def _write_csv(table: pd.DataFrame, stream: BinaryIO) -> None:
    for_people(table).to_csv(stream, index=False, encoding="utf-8-sig", lineterminator="\r\n")


def _write_parquet(table: pd.DataFrame, stream: BinaryIO) -> None:
    # What the reading noted is no part of the values, and no text either.
    plain = table.copy()
    plain.attrs = {}
    plain.to_parquet(stream, index=False, engine="pyarrow")


def _write_excel(table: pd.DataFrame, stream: BinaryIO) -> None:
    try:
        import openpyxl  # noqa: F401
    except ImportError:
        msg = "writing .xlsx needs openpyxl: pip install openpyxl; or write .csv"
        raise BouncekitError(msg) from None
    plain = for_people(table)
    for name in plain.columns:
        if isinstance(plain[name].dtype, pd.DatetimeTZDtype):
            # Excel knows no time zones.
            plain[name] = plain[name].dt.tz_convert("UTC").dt.tz_localize(None)
    plain.to_excel(stream, index=False, engine="openpyxl")


_WRITERS: dict[str, Callable[[pd.DataFrame, BinaryIO], None]] = {
    ".csv": _write_csv,
    ".parquet": _write_parquet,
    ".xlsx": _write_excel,
}
