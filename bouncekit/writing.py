"""Write files whole or not at all, and tables that spreadsheets cannot misread."""

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
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


@contextmanager
def atomic_folder(target: str | os.PathLike[str]) -> Iterator[Path]:
    """Give an empty folder whose files move into ``target`` at the end, and only if all is well.

    ``target`` is made where it is missing; what else lies in it stays.

    Raises
    ------
    BouncekitError
        If the folder cannot be made or written to.
    """
    path = Path(target)
    made = not path.exists()
    try:
        path.mkdir(exist_ok=True)
        stage = Path(tempfile.mkdtemp(dir=path, prefix=".bouncekit-", suffix=".part"))
    except OSError as error:
        msg = f"{path}: cannot be written ({error.strerror}); choose a folder that can be made"
        raise BouncekitError(msg) from None
    try:
        yield stage
        for file in sorted(stage.rglob("*")):
            if file.is_file():
                place = path / file.relative_to(stage)
                place.parent.mkdir(exist_ok=True)
                file.replace(place)
    except OSError as error:
        msg = f"{path}: cannot be written ({error.strerror or error})"
        raise BouncekitError(msg) from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        if made:
            with suppress(OSError):
                # Only if nothing was written.
                path.rmdir()


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
    """Return a copy whose texts and headings no spreadsheet takes for formulas."""
    columns = [_safe_column(table.iloc[:, place]) for place in range(len(table.columns))]
    safe = pd.concat(columns, axis=1) if columns else table.copy()
    safe = safe.set_axis([safe_cell(str(name)) for name in table.columns], axis=1)
    safe.attrs = table.attrs
    return safe


def _safe_column(values: pd.Series) -> pd.Series:
    if isinstance(values.dtype, pd.CategoricalDtype) or values.dtype == object:
        return values.astype(object).map(lambda c: safe_cell(c) if isinstance(c, str) else c)
    if pd.api.types.is_string_dtype(values.dtype):
        return map_distinct(values, safe_cell)
    return values


def _write_csv(table: pd.DataFrame, stream: BinaryIO) -> None:
    for_people(table).to_csv(stream, index=False, encoding="utf-8-sig", lineterminator="\r\n")


def _write_parquet(table: pd.DataFrame, stream: BinaryIO) -> None:
    # What the reading noted is no part of the values, and no text either.
    plain = table.copy()
    plain.attrs = {}
    plain.to_parquet(stream, index=False, engine="pyarrow")


def _write_excel(table: pd.DataFrame, stream: BinaryIO) -> None:
    write_workbook({"Sheet1": table}, stream)


MAX_SHEET_ROWS = 1_048_575
"""Rows that a sheet can hold under its headings."""
# XML has no place for them, so a workbook has none either.
_NO_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def write_workbook(sheets: Mapping[str, pd.DataFrame], stream: BinaryIO) -> None:
    """Write tables as the sheets of one workbook, safe for people.

    Raises
    ------
    BouncekitError
        If the package that writes workbooks is missing, or a table is too long.
    """
    try:
        import openpyxl  # noqa: F401
    except ImportError:
        msg = "writing .xlsx needs openpyxl: pip install openpyxl; or write .csv"
        raise BouncekitError(msg) from None
    for name, table in sheets.items():
        if len(table) > MAX_SHEET_ROWS:
            msg = f"{name}: has {len(table):,} rows, more than a workbook can hold; write .csv"
            raise BouncekitError(msg)
    with pd.ExcelWriter(stream, engine="openpyxl") as book:
        for name, table in sheets.items():
            _for_workbook(table).to_excel(book, sheet_name=name, index=False)


def _for_workbook(table: pd.DataFrame) -> pd.DataFrame:
    safe = for_people(table)
    columns = [_for_sheet(safe.iloc[:, place]) for place in range(len(safe.columns))]
    return pd.concat(columns, axis=1).set_axis(safe.columns, axis=1) if columns else safe


def _for_sheet(values: pd.Series) -> pd.Series:
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        # Excel knows no time zones.
        return values.dt.tz_convert("UTC").dt.tz_localize(None)
    if values.dtype == object:
        return values.map(lambda cell: _NO_XML.sub(" ", cell) if isinstance(cell, str) else cell)
    if pd.api.types.is_string_dtype(values.dtype):
        return map_distinct(values, lambda cell: _NO_XML.sub(" ", cell))
    return values


_WRITERS: dict[str, Callable[[pd.DataFrame, BinaryIO], None]] = {
    ".csv": _write_csv,
    ".parquet": _write_parquet,
    ".xlsx": _write_excel,
}
