"""Writing a clean list: a folder of files, or one workbook."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from bouncekit.errors import BouncekitError
from bouncekit.inputs.sources import WRITTEN_BY_US
from bouncekit.lists.suppression import FOLDER, HOW_TO, formats, write_suppressions
from bouncekit.schema import TEXT
from bouncekit.taxonomy import Language, reasons
from bouncekit.texts import one_line
from bouncekit.words import has_words, words
from bouncekit.writing import atomic, atomic_folder, refuse_inputs, write_table, write_workbook

if TYPE_CHECKING:
    from bouncekit.lists.cleaning import CleanList

_FAILURE = ("smtp_code", "enhanced_code", "diagnostic", "suggestion", "evidence")
_TRACE = ("rule", "source", "file", "item")
_COLUMNS = {
    "keep": ("why", "last_delivery", "verify_on"),
    "retry": ("why", "retry_after", "soft_count", "last_failure", "last_delivery", *_FAILURE),
    "remove": ("why", "reason", "decided_at", "soft_count", "last_delivery", *_FAILURE, *_TRACE),
    "verify": ("why", "verify_on", "reason", "decided_at", "last_delivery", *_FAILURE, *_TRACE),
}  # fmt: skip
_GIVEN_BACK = (
    "recipient", "listed_by", "listed_as", "refused", "last_refused", "reason", "failed_at",
    "diagnostic", "steps", "see",
)  # fmt: skip
_CALENDAR, _RELEASE, _LEFT_OUT = "calendar", "release", "left-out"
_MARK = "bouncekit"
_BOOK = ".xlsx"
_FILES = (".csv", ".txt", ".xls", ".tsv", ".json", ".parquet")


def write(clean: "CleanList", target: Path) -> list[Path]:
    """Write a clean list; see :meth:`CleanList.write`."""
    check_place(target)
    if clean.contacts.path is not None:
        for path in [target, *planned(target)]:
            refuse_inputs(path, [str(clean.contacts.path)])
    safe, left_out = clean.suppressions
    tables = {name: _for_people(clean, name) for name in _COLUMNS}
    tables[_CALENDAR] = _headed(clean, clean.calendar)
    tables[_RELEASE] = _headed(clean, clean.release[list(_GIVEN_BACK)])
    tables[_LEFT_OUT] = _headed(clean, left_out[["address", "reason", "decided_at"]])
    if target.suffix.lower() == _BOOK:
        tables[FOLDER] = safe[["address"]]
        with atomic(target) as stream:
            write_workbook(tables, stream)
        return [target]
    with atomic_folder(target) as stage:
        for name, table in tables.items():
            write_table(table, stage / f"{name}.csv")
        write_suppressions(safe, stage / FOLDER, clean.lang)
        (stage / WRITTEN_BY_US).touch()
    return planned(target)


def check_place(target: Path) -> None:
    """Refuse a target that cannot be written.

    Raises
    ------
    BouncekitError
        If it is neither a folder nor a workbook, or lies in a folder that is not there.
    """
    ending = target.suffix.lower()
    if ending in _FILES:
        msg = f"{target}: several files are written; name a folder, or a workbook (.xlsx)"
        raise BouncekitError(msg)
    if not target.parent.is_dir():
        msg = f"{target}: cannot be written (there is no folder {target.parent})"
        raise BouncekitError(msg)
    if target.exists() and target.is_dir() == (ending == _BOOK):
        msg = f"{target}: is there and {'a' if ending == _BOOK else 'no'} folder; name another"
        raise BouncekitError(msg)


def planned(target: Path) -> list[Path]:
    """Return the files that :func:`write` makes."""
    if target.suffix.lower() == _BOOK:
        return [target]
    people = [target / f"{name}.csv" for name in (*_COLUMNS, _CALENDAR, _RELEASE, _LEFT_OUT)]
    return people + [target / FOLDER / name for name in (*(f.file for f in formats()), HOW_TO)]


def _for_people(clean: "CleanList", name: str) -> pd.DataFrame:
    """Give one list with its own columns and those of ours that say something there."""
    own = list(clean.contacts.table.columns)
    part = clean.part(name)
    ours = pd.DataFrame({column: part[clean.names[column]] for column in _COLUMNS[name]})
    headed = _headed(clean, ours)
    headed.insert(0, _MARK, pd.Series(words(f"list_{name}", clean.lang), index=part.index))
    return pd.concat([part[own], headed], axis=1)


def _headed(clean: "CleanList", table: pd.DataFrame) -> pd.DataFrame:
    """Write values and headings in the language of the list, times in its zone."""
    columns = []
    for name in table.columns:
        column = _written(table[name], clean.tz, clean.lang)
        title = words(f"col_{name}", clean.lang) if has_words(f"col_{name}") else name
        timed = isinstance(table[name].dtype, pd.DatetimeTZDtype) and name != "verify_on"
        columns.append(column.rename(f"{title} ({clean.tz})" if timed else title))
    return pd.concat(columns, axis=1) if columns else table


def _written(values: pd.Series, tz: str, lang: Language) -> pd.Series:
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        form = "%Y-%m-%d" if values.name == "verify_on" else "%Y-%m-%d %H:%M"
        return values.dt.tz_convert(tz).dt.strftime(form).astype(TEXT)
    say = _SAID.get(str(values.name))
    if say is None:
        return values
    said = {value: say(str(value), lang) for value in values.dropna().unique()}
    return values.astype("object").map(said).astype(TEXT)


def _reason(value: str, lang: Language) -> str:
    known = reasons().get(value)
    return known.label[lang] if known else value


def _named(prefix: str) -> Callable[[str, Language], str]:
    return lambda value, lang: words(f"{prefix}_{value}", lang)


_SAID: dict[str, Callable[[str, Any], str]] = {
    "reason": _reason,
    "evidence": _named("evidence"),
    "list": _named("list"),
    # A line end would make two lines of one contact.
    "diagnostic": lambda value, lang: one_line(value),
}
