"""The tidy bounce table: its columns, their types, and how one is built.

Every other module takes this table or gives it. The meaning of each column
stands in :data:`COLUMNS` and nowhere else.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pandas as pd

from bouncekit.errors import TableError
from bouncekit.taxonomy import BOUNCE_TYPES, CATEGORIES, EVENTS, reasons

TEXT = pd.StringDtype("pyarrow")
TIME = pd.DatetimeTZDtype("us", "UTC")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its kind and its meaning."""

    name: str
    kind: str
    meaning: str


COLUMNS: tuple[Column, ...] = (
    Column("timestamp", "time", "when it happened, UTC (not when it was exported)"),
    Column("event", "event", "sent, delivered, deferral, bounce, complaint, ..."),
    Column("recipient", "text", "the address as it failed; domain lower-case, readable form"),
    Column("domain", "text", "ASCII (A-label) domain of the recipient"),
    Column("org_domain", "text", "registrable domain by the public suffix list"),
    Column("provider", "provider", "who hosts the mailbox; one value per domain"),
    Column("bounce_type", "bounce_type", "hard, soft, undetermined; only bounce and deferral"),
    Column("reason", "reason", "why it failed (taxonomy.toml); only bounce and deferral"),
    Column("category", "category", "whose move it is; only bounce and deferral"),
    Column("smtp_code", "code", "the receiver's reply code, 550"),
    Column("enhanced_code", "text", "the receiver's enhanced status code, 5.1.1 (RFC 3463)"),
    Column("diagnostic", "text", "the remote server's own words"),
    Column("rule", "text", "id of the rule that decided"),
    Column("vendor_type", "text", "the exporter's own word for it"),
    Column("source", "source", "name of the reader"),
    Column("message_id", "text", "Message-ID of the mail that was sent, without <>"),
    Column("campaign", "text", "campaign, where the export has it"),
    Column("sender", "text", "envelope sender (or From), where the export has it"),
    Column("sending_ip", "text", "IP address that the mail was sent from"),
    Column("remote_mta", "text", "host name of the receiving server"),
    Column("event_id", "text", "stable 128-bit id; the same event read twice is one row"),
    Column("file", "text", "path or archive member (a.zip!b.csv) it was read from"),
    Column("item", "item", "message, record or line number in that file, from 1"),
)
NAMES: tuple[str, ...] = tuple(column.name for column in COLUMNS)


@cache
def category_lists() -> dict[str, tuple[str, ...]]:
    """Give the full fixed list of values of each categorical column."""
    # Imported here because both know this module.
    from bouncekit.addresses import provider_names
    from bouncekit.readers import source_names

    return {
        "event": EVENTS,
        "provider": provider_names(),
        "bounce_type": BOUNCE_TYPES,
        "reason": tuple(reasons()),
        "category": CATEGORIES,
        "source": source_names(),
    }


@cache
def dtypes() -> dict[str, Any]:
    """Give the pandas type of each column of the tidy bounce table."""
    fixed: dict[str, Any] = {
        "time": TIME,
        "text": TEXT,
        "code": pd.Int16Dtype(),
        "item": pd.Int64Dtype(),
    }
    lists = category_lists()
    return {
        column.name: fixed.get(column.kind)
        or pd.CategoricalDtype(list(lists[column.kind]), ordered=False)
        for column in COLUMNS
    }


def conform(table: pd.DataFrame) -> pd.DataFrame:
    """Return a copy with every column of the schema, in order and typed.

    Parameters
    ----------
    table : DataFrame
        Any subset of the schema's columns; unknown columns are an error.

    Returns
    -------
    DataFrame
        All columns of :data:`COLUMNS`; absent ones are missing values.

    Raises
    ------
    TableError
        If a column is unknown or a value does not fit its type.
    """
    unknown = [name for name in table.columns if name not in NAMES]
    if unknown:
        msg = f"unknown column {unknown[0]!r}; a bounce table has: {', '.join(NAMES)}"
        raise TableError(msg)
    columns = {}
    for name, dtype in dtypes().items():
        if name in table:
            columns[name] = _typed(table[name], name, dtype)
        else:
            columns[name] = pd.Series(pd.NA, index=table.index, dtype=dtype)
    return pd.DataFrame(columns, index=table.index).reset_index(drop=True)


def _typed(values: pd.Series, name: str, dtype: Any) -> pd.Series:
    try:
        if name == "timestamp":
            return pd.to_datetime(values, utc=True, format="ISO8601").astype(dtype)
        if isinstance(dtype, pd.CategoricalDtype):
            stray = set(values.dropna().unique()) - set(dtype.categories)
            if stray:
                msg = f"{sorted(map(str, stray))[0]!r} is not one of {', '.join(dtype.categories)}"
                raise ValueError(msg)
        return values.astype(dtype)
    except (ValueError, TypeError) as error:
        msg = f"column {name!r}: {str(error).splitlines()[0]}"
        raise TableError(msg) from None


def bounce_table(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Build a complete tidy bounce table from plain rows.

    Domain, organisational domain, provider and event id are worked out for
    rows that do not give them; nothing is classified. This is what tests and
    people with an export of their own use.

    Parameters
    ----------
    rows : iterable of dict
        Keys are column names of the schema; ``timestamp`` may be text (UTC
        where it names no zone).

    Returns
    -------
    DataFrame
        The tidy bounce table, one row per dict.

    Examples
    --------
    >>> table = bounce_table([{"event": "bounce", "recipient": "Ann@Example.COM"}])
    >>> table.loc[0, ["recipient", "domain"]].tolist()
    ['Ann@example.com', 'example.com']
    """
    from bouncekit.tables import complete

    return complete(conform(pd.DataFrame(list(rows))))


def require(table: pd.DataFrame, *names: str, made_by: str = "bk.read(...)") -> None:
    """Raise :class:`TableError` unless ``table`` has the named columns.

    ``made_by`` is the call whose result was expected; the sentence names it.
    """
    if not isinstance(table, pd.DataFrame):
        msg = f"expected the result of {made_by}, got {type(table).__name__}"
        raise TableError(msg)
    absent = [name for name in names if name not in table.columns]
    if absent:
        msg = f"the table lacks the column {absent[0]!r}; give the result of {made_by}"
        raise TableError(msg)
