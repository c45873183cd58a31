"""What was sent, from a table of the user's own (definition 10).

Two kinds: counts (``date, sent[, campaign, domain]``) give a denominator;
messages (``message_id, recipient, timestamp``) give a denominator and
evidence that a bounce speaks of mail that was really sent.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv

from bouncekit import addresses
from bouncekit.analysis._keys import Ints, encode
from bouncekit.arrays.encoding import arrow, look_up
from bouncekit.errors import InputNotFoundError, TableError
from bouncekit.identity import map_distinct
from bouncekit.intake.contacts import read_contacts, text_tables
from bouncekit.schema import TEXT, conform, dtypes, require
from bouncekit.tables import located
from bouncekit.taxonomy import EVENTS
from bouncekit.times import DAY, zone

_MESSAGES = ("message_id", "recipient", "timestamp")
_COUNTS = ("date", "sent")
_KINDS = f"needs the columns {', '.join(_COUNTS)} (counts) or {', '.join(_MESSAGES)} (messages)"
_ZONED = r"[Tt ].*(?:[Zz]|[+-]\d{2}(?::?\d{2})?)$"


@dataclass(frozen=True, slots=True)
class Sends:
    """A sends table that has been checked.

    Parameters
    ----------
    kind : {'counts', 'messages'}
        Which of the two kinds it is.
    table : DataFrame
        Counts: ``date``, ``sent``, ``campaign``, ``domain`` (the latter two
        missing where not given). Messages: ``message_id``, ``recipient``,
        ``timestamp`` (UTC), ``campaign``, ``sender``.
    columns : frozenset of str
        The columns that were given.
    """

    kind: Literal["counts", "messages"]
    table: pd.DataFrame
    columns: frozenset[str]

    def rows(self, beside: pd.DataFrame) -> pd.DataFrame:
        """Return the messages as ``sent`` rows with the columns of ``beside``."""
        found = located(conform(self.table))
        types = dtypes()
        found["event"] = pd.Categorical.from_codes(
            np.full(len(found), EVENTS.index("sent")), dtype=types["event"]
        )
        # One provider per domain: what the bounce table says of it comes first.
        known = providers_of(beside)
        place = {name: i for i, name in enumerate(types["provider"].categories)}
        domains, texts = encode(found["domain"])
        told = [place.get(known.get(text, ""), -1) for text in texts.to_pylist()]
        provider = look_up(np.array(told, dtype=np.int64), domains)
        provider = np.where(provider < 0, found["provider"].cat.codes, provider)
        found["provider"] = pd.Categorical.from_codes(provider, dtype=types["provider"])
        return found[[name for name in found.columns if name in beside.columns]]

    def days(self, tz: str) -> Ints:
        """Return the day of each count as days since 1970-01-01 in ``tz``."""
        dates = self.table["date"]
        if isinstance(dates.dtype, pd.DatetimeTZDtype):
            dates = dates.dt.tz_convert(zone(tz)).dt.tz_localize(None)
        return pd.DatetimeIndex(dates).as_unit("us").asi8 // DAY


def providers_of(table: pd.DataFrame) -> dict[str, str]:
    """Give the provider of each domain that a bounce table tells of."""
    names = ["domain", "provider"]
    require(table, *names)
    pairs = pa.table([arrow(table[name]) for name in names], names=names).drop_null()
    columns = pairs.group_by(names).aggregate([]).to_pydict()
    # Of several the first in the alphabet stays, whatever the order of rows.
    return dict(sorted(zip(*(columns[name] for name in names), strict=True), reverse=True))


def read_sends(sends: object) -> Sends:
    """Check a sends table, or the CSV file that holds one.

    Parameters
    ----------
    sends : DataFrame, str, Path or Sends
        Counts: ``date`` (a day of the analysis' time zone) and ``sent``, and
        optionally ``campaign`` and ``domain``; several rows for one day add
        up. Messages: ``message_id``, ``recipient`` and ``timestamp`` (UTC
        where it names no zone), and optionally ``campaign`` and ``sender``;
        with ``sender`` it is evidence for mail of those senders only.

    Raises
    ------
    InputNotFoundError
        If the file does not exist.
    TableError
        If columns are absent or a value is no date or no number; the
        sentence names the row.

    Examples
    --------
    >>> read_sends(pd.DataFrame({"date": ["2026-03-02"], "sent": [120]})).kind
    'counts'
    """
    if isinstance(sends, Sends):
        return sends
    table, name = read_table(sends, "sends")
    table = table.rename(columns=lambda column: str(column).strip().lower())
    if set(_MESSAGES) <= set(table.columns):
        return _messages(table, name)
    if set(_COUNTS) <= set(table.columns):
        return _counts(table, name)
    msg = f"{name} {_KINDS}; it has: {', '.join(map(str, table.columns)) or 'no columns'}"
    raise TableError(msg)


def read_addresses(contacts: object) -> pd.Series:
    """Return the addresses of a contact list, missing where a contact has none.

    Parameters
    ----------
    contacts : DataFrame, Series, str, Path or iterable of str
        A table with a column of addresses, the file of one (CSV, Excel), or
        the addresses themselves (:func:`bouncekit.intake.contacts.read_contacts`).

    Raises
    ------
    InputNotFoundError
        If the file does not exist.
    TableError
        If no column holds addresses.
    """
    return read_contacts(contacts).addresses()


def read_table(given: object, what: str) -> tuple[pd.DataFrame, str]:
    """Return a table that a user gave, or that its file holds, and what errors call it."""
    if isinstance(given, pd.DataFrame):
        return given.reset_index(drop=True), f"the {what} table"
    if not isinstance(given, str | os.PathLike):
        msg = f"{what}: expected a table or the path of a CSV file, got {type(given).__name__}"
        raise TableError(msg)
    path = Path(given)
    if not path.is_file():
        msg = f"{path}: there is no such file; {what}= takes a table or the path of a CSV file"
        raise InputNotFoundError(msg)
    try:
        # First the names, so that every column can be read as text.
        names = pa_csv.open_csv(path).schema.names
        as_strings = pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True
        )
        return pa_csv.read_csv(path, convert_options=as_strings).to_pandas(), str(path)
    except (pa.ArrowInvalid, UnicodeDecodeError):
        return _of_other_dialect(path, what), str(path)
    except OSError as error:
        msg = f"{path}: cannot be read ({error})"
        raise TableError(msg) from None


def _of_other_dialect(path: Path, what: str) -> pd.DataFrame:
    """Read what spreadsheets of China and Europe write: GB18030, UTF-16, semicolons, workbooks."""
    tables = [table for _, table, _ in text_tables(path, what)]
    if not tables:
        msg = f"{path}: cannot be read as CSV (it is empty); save it as CSV UTF-8"
        raise TableError(msg)
    first = tables[0]
    return first.where(first != "", None)


def _messages(table: pd.DataFrame, name: str) -> Sends:
    times = _times(table["timestamp"], name, "timestamp", utc=True)
    columns = {
        "message_id": table["message_id"].astype(TEXT),
        "recipient": table["recipient"].astype(TEXT),
        "timestamp": times,
        "campaign": _text(table, "campaign"),
        "sender": _text(table, "sender"),
    }
    return Sends("messages", pd.DataFrame(columns), frozenset(table.columns))


def _counts(table: pd.DataFrame, name: str) -> Sends:
    dates = _times(table["date"], name, "date", utc=False)
    numbers = whole_numbers(table["sent"], name)
    _refuse(dates.isna(), table["date"], name, "date", "a date such as 2026-03-02")
    domain = map_distinct(_text(table, "domain"), addresses.ascii_domain)
    columns = {
        "date": dates,
        "sent": numbers,
        "campaign": _text(table, "campaign"),
        "domain": domain,
    }
    return Sends("counts", pd.DataFrame(columns), frozenset(table.columns))


def whole_numbers(values: pd.Series, name: str) -> pd.Series:
    """Return counts as numbers; what is none is an error that names its row."""
    numbers = pd.to_numeric(values, errors="coerce").astype(float)
    bad = ~(np.isfinite(numbers) & (numbers >= 0) & (numbers == np.floor(numbers)))
    _refuse(bad, values, name, str(values.name), "a whole number of 0 or more")
    return numbers


def _text(table: pd.DataFrame, column: str) -> pd.Series:
    if column in table:
        return table[column].astype(TEXT)
    return pd.Series(pd.NA, index=table.index, dtype=TEXT)


def _times(values: pd.Series, name: str, column: str, *, utc: bool) -> pd.Series:
    """Convert to times; what is given and cannot be read is an error, not missing."""
    if isinstance(values.dtype, pd.DatetimeTZDtype) or (
        not utc and pd.api.types.is_datetime64_dtype(values.dtype)
    ):
        return values
    # As text a number is a date only where it is written like one, 20260302.
    texts = values.astype(TEXT)
    wanted = "a date such as 2026-03-02"
    if not utc:
        # A date without a zone is a day of the analysis, a time with one a moment.
        zoned = texts.str.contains(_ZONED, na=False)
        utc = bool(zoned.any())
        plain = ~zoned & texts.notna() & utc
        _refuse(plain, values, name, column, f"{wanted}, with a time zone in all rows or in none")
    found = pd.to_datetime(texts, utc=utc, errors="coerce", format="ISO8601")
    _refuse(found.isna() & values.notna(), values, name, column, wanted)
    return found


def _refuse(bad: Any, values: pd.Series, name: str, column: str, wanted: str) -> None:
    wrong = np.flatnonzero(np.asarray(bad, dtype=bool))
    if len(wrong):
        row = int(wrong[0])
        given = values.iloc[row]
        shown = "nothing" if pd.isna(given) else repr(str(given))
        msg = f"{name}, row {row + 1}: {column} is {shown}; it must be {wanted}"
        raise TableError(msg)
