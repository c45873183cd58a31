"""Failures out of what a person pastes: a line, a message, its file, a row of a table."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from bouncekit.codes import enhanced_code, reply_code
from bouncekit.errors import BouncekitError, InputNotFoundError, UnreadableFileError
from bouncekit.schema import COLUMNS
from bouncekit.taxonomy import FAILURES

_MESSAGE_FILES = (".eml", ".msg")
_HEADER = re.compile(
    r"(?:from |return-path:|received:|from:|date:|subject:|mime-version:|delivered-to:)",
    re.IGNORECASE,
)


def failures_in(what: Any) -> list[Mapping[str, Any]]:
    """Return the failures in what a person gave, as rows with the table's column names.

    Parameters
    ----------
    what : str, Path, bytes or Series
        A reply or log line; a message, as bytes, pasted, or the path of its
        file; or a row of a bounce table.

    Raises
    ------
    BouncekitError
        If nothing failed in it, or its file cannot be read.
    """
    if isinstance(what, pd.Series):
        return [_from_table(what)]
    if isinstance(what, bytes):
        return _from_message(what, "the message")
    if isinstance(what, os.PathLike) or (
        isinstance(what, str) and "\n" not in what and what.lower().endswith(_MESSAGE_FILES)
    ):
        return _from_message(_contents(Path(what)), str(what))
    if not isinstance(what, str) or not what.strip():
        msg = "explain takes a line of text, a message or its file, or a row of a bounce table"
        raise BouncekitError(msg)
    if _is_message(what):
        return _from_message(what.encode("utf-8", "surrogateescape"), "the message")
    return [
        {
            "diagnostic": what.strip(),
            "smtp_code": reply_code(what),
            "enhanced_code": enhanced_code(what),
        }
    ]


def _from_table(row: pd.Series) -> Mapping[str, Any]:
    known = {column.name for column in COLUMNS}
    values = {name: value for name, value in row.items() if name in known and not _missing(value)}
    event = values.get("event", "bounce")
    if event not in FAILURES:
        msg = f"this row is the event {event!r}, not a failure; there is nothing to explain"
        raise BouncekitError(msg)
    return values


def _missing(value: Any) -> bool:
    return bool(pd.isna(value))


def _contents(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        msg = f"{path}: no such file"
        raise InputNotFoundError(msg) from None
    except OSError as error:
        msg = f"{path}: cannot be read ({error.strerror})"
        raise UnreadableFileError(msg) from None


def _is_message(text: str) -> bool:
    head, blank, _ = text.lstrip().replace("\r\n", "\n").partition("\n\n")
    return bool(blank) and bool(_HEADER.match(head)) and head.count(":") > 1


def _from_message(raw: bytes, name: str) -> list[Mapping[str, Any]]:
    # The mail room is heavy and a pasted line does not need it.
    from bouncekit.addresses import domain_of
    from bouncekit.readers import mail
    from bouncekit.readers._base import BadItem, Options, SkipItem

    try:
        rows = mail.parse(raw, Options())
    except SkipItem as skipped:
        msg = f"{name} is no bounce: {skipped}"
        raise BouncekitError(msg) from None
    except BadItem as bad:
        msg = f"{name} cannot be read: {bad}"
        raise UnreadableFileError(msg) from None
    failed = [row for row in rows if row.get("event") in FAILURES]
    if not failed:
        event = rows[0]["event"] if rows else "nothing"
        msg = f"{name} tells of {event!r}, not of a failure; there is nothing to explain"
        raise BouncekitError(msg)
    return [{**row, "source": "mail", "domain": domain_of(row.get("recipient"))} for row in failed]
