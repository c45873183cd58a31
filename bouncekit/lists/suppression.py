"""Addresses to remove, in the form that each provider imports (``suppression.toml``).

These files go to machines: exact addresses in plain UTF-8. An address that a
spreadsheet could take for a formula, or a machine for more than one cell, is
left out and listed for people instead.
"""

import csv
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import format_datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from bouncekit import addresses
from bouncekit.identity import recipient_keys
from bouncekit.taxonomy import Language

Kind = Literal["bounce", "complaint", "unsubscribe"]
_ATEXT = frozenset("!#$%&'*+/=?^_`{|}~.-")
_FORMULA = frozenset("=+-@'|%")
_MAX_ADDRESS = 254
_PERMANENT = 550
FOLDER = "suppression"
HOW_TO = "HOW-TO.txt"


@dataclass(frozen=True, slots=True)
class Format:
    """One import format of one provider; the fields are those of ``suppression.toml``."""

    file: str
    cells: tuple[str, ...]
    of: tuple[Kind, ...]
    how: dict[Language, str]
    header: tuple[str, ...] = ()
    see: str = ""


@cache
def formats() -> tuple[Format, ...]:
    """Load every format, in the order of the file."""
    text = files("bouncekit.lists").joinpath("suppression.toml").read_text(encoding="utf-8")
    return tuple(
        Format(
            file=entry["file"],
            cells=tuple(entry["cells"]),
            of=tuple(entry["of"]),
            how=entry["how"],
            header=tuple(entry.get("header", ())),
            see=entry.get("see", ""),
        )
        for entry in tomllib.loads(text)["format"]
    )


def is_plain(address: str) -> bool:
    """Say whether an address is safe in every machine file and spreadsheet.

    Letters and digits of any script and the marks of RFC 5322's ``atext``,
    the first of them none that could start a formula.

    Examples
    --------
    >>> is_plain("o'neil+news@example.com"), is_plain("=cmd@example.com")
    (True, False)
    """
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain or len(address) > _MAX_ADDRESS or local[0] in _FORMULA:
        return False
    if not all(letter.isalnum() or letter in _ATEXT for letter in local):
        return False
    return all(letter.isalnum() or letter in "-._" for letter in domain) and domain[0].isalnum()


def to_suppress(removed: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split the addresses to remove into those that go to machines, and those left out.

    Parameters
    ----------
    removed : DataFrame
        ``address``, ``cause``, ``smtp_code``, ``reason``, ``decided_at``.

    Returns
    -------
    tuple of (DataFrame, DataFrame)
        Each address once, its domain as A-label, with ``kind``.
    """
    named = removed[removed["address"].notna()]
    once = named[~recipient_keys(named.rename(columns={"address": "recipient"})).duplicated()]
    plain = once["address"].map(is_plain).to_numpy(dtype=bool)
    safe = once[plain].assign(
        address=once.loc[plain, "address"].map(_ascii),
        kind=once.loc[plain, "cause"].astype("str").map(_kind),
    )
    return safe.reset_index(drop=True), once[~plain].reset_index(drop=True)


def _ascii(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local}@{addresses.ascii_domain(domain)}"


def _kind(cause: str) -> Kind:
    return "complaint" if cause == "complaint" else (
        "unsubscribe" if cause == "unsubscribe" else "bounce"
    )  # fmt: skip


def write_suppressions(safe: pd.DataFrame, folder: Path, lang: Language) -> list[Path]:
    """Write one file per format, and how to import them; all of them always."""
    folder.mkdir()
    written = []
    records = safe.to_dict("records")
    for form in formats():
        path = folder / form.file
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\r\n" if form.header else "\n")
            writer.writerows([form.header] if form.header else [])
            writer.writerows(_lines(records, form))
        written.append(path)
    path = folder / HOW_TO
    path.write_text("".join(_how_to(lang)), encoding="utf-8-sig", newline="\r\n")
    return [*written, path]


def _lines(records: Iterable[dict[Any, Any]], form: Format) -> Iterable[list[str]]:
    for record in records:
        if record["kind"] in form.of:
            cells = _cells(record)
            yield [cells[name] for name in form.cells]


def _cells(record: dict[Any, Any]) -> dict[str, str]:
    when, code = record["decided_at"], record["smtp_code"]
    return {
        "address": record["address"],
        "ses_reason": "BOUNCE" if record["kind"] == "bounce" else "COMPLAINT",
        "code": str(_PERMANENT if pd.isna(code) else int(code)),
        "error": "" if pd.isna(record["reason"]) else str(record["reason"]).replace("_", " "),
        "date": "" if pd.isna(when) else format_datetime(when.floor("s").to_pydatetime()),
        "all": "*",
    }


def _how_to(lang: Language) -> Iterable[str]:
    for form in formats():
        see = f"\n    {form.see}" if form.see else ""
        yield f"{form.file}\n    {form.how[lang]}{see}\n"
