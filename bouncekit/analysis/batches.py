"""Contacts that came together, and whether they fail together: a bought or planted list."""

from typing import Any

import numpy as np
import pandas as pd

from bouncekit.analysis import _periods as periods
from bouncekit.analysis._grouping import UNTIMED
from bouncekit.analysis._keys import Bools, Ints
from bouncekit.analysis._messages import Outcomes
from bouncekit.analysis._suspects import batch_columns
from bouncekit.analysis.outcomes import outcomes
from bouncekit.analysis.statistics import rate, wilson
from bouncekit.analysis.wording import check_language, say
from bouncekit.arrays.encoding import arrow, encode
from bouncekit.errors import TableError
from bouncekit.identity import recipient_keys
from bouncekit.inputs.encodings import fold_header
from bouncekit.intake.contacts import Contacts, as_text, read_contacts
from bouncekit.schema import TEXT
from bouncekit.taxonomy import Language
from bouncekit.times import zone

FIRST_SENT = "first sent"
"""Stands for the day of the first message, where no contact list says what came together."""
MIN_MAILED = 30
"""Addresses of a batch that were mailed, below which nothing is said of it."""
LEAST_DEAD, TIMES_ELSEWHERE = 0.10, 3.0
"""A batch fails together if its share of dead addresses is surely above the first, and above
that of all others by the second."""


def batches(
    df: pd.DataFrame | Outcomes,
    contacts: object = None,
    by: str | None = None,
    tz: str = "UTC",
    *,
    lang: Language = "en",
) -> pd.DataFrame:
    """Find contacts that came together and fail together: a bought or planted list.

    A batch is a value of a column that says which contacts came together (an
    import date, a source, recognised by its name in English and Chinese).
    Without such a column it is the day of an address' first message.

    Parameters
    ----------
    df : DataFrame or Outcomes
        A classified bounce table, not changed.
    contacts : DataFrame, path or addresses, optional
        The contact list.
    by : str, optional
        The column that says what came together, where it is not recognised.
    tz : str
        IANA zone of the days of first messages.
    lang : {'en', 'zh'}
        Language of ``why``.

    Returns
    -------
    DataFrame
        One row per batch, suspicious ones first, then most dead:
        ``batch_by`` (the column), ``batch``, ``contacts``, ``mailed``
        (addresses), ``dead`` (failed for good and never took mail),
        ``dead_rate``, ``dead_low``, ``dead_high`` (Wilson 95 %, of those
        mailed), ``elsewhere_rate`` (of all other batches), ``suspicious``,
        ``why``.

    Raises
    ------
    TableError
        If the list has no column ``by``, or no column of addresses.
    BouncekitError
        If ``tz`` or ``lang`` is not known.
    """
    from bouncekit.analysis._judgement import judge

    check_language(lang)
    listed = None if contacts is None else read_contacts(contacts)
    messages = outcomes(df)
    dead = judge(messages, None, None, listed, None).dead
    table, _ = batch_table(messages, listed, dead, zone(tz).key, by)
    table["why"] = explained(table, lang)
    order = ["suspicious", "dead", "batch_by", "batch"]
    return table.sort_values(order, ascending=[False, False, True, True], ignore_index=True)


def columns_of(contacts: Contacts, by: str | None = None) -> list[str]:
    """Name the columns of a contact list that say which contacts came together.

    Raises
    ------
    TableError
        If the list has no column ``by``.
    """
    titles = {str(column): fold_header(str(column)) for column in contacts.table.columns}
    if by is None:
        return [title for title, folded in titles.items() if folded in batch_columns()]
    found = [title for title, folded in titles.items() if folded == fold_header(by)]
    if not found:
        msg = f"{contacts.name} has no column {by!r}; it has: {', '.join(titles)}"
        raise TableError(msg)
    return found[:1]


def batch_table(
    messages: Outcomes, contacts: Contacts | None, dead: Bools, tz: str, by: str | None = None
) -> tuple[pd.DataFrame, Bools]:
    """Count what was mailed and died in each batch, and say which addresses are in a bad one.

    Parameters
    ----------
    contacts : Contacts or None
        The contact list; without it the day of the first message stands for the batch.
    dead : ndarray of bool
        By address: failed for good and never took mail.

    Returns
    -------
    table : DataFrame
        See :func:`bouncekit.batches`, without ``why``.
    bad : ndarray of bool
        By address.
    """
    size = len(messages.recipients.texts)
    mailed = np.zeros(size, dtype=bool)
    tried = (messages.recipient >= 0) & ~messages.listed
    mailed[messages.recipient[tried]] = True
    tables, bad = [], np.zeros(size, dtype=bool)
    for name, who, batch, texts in _batches(messages, contacts, tz, by):
        table = _counted(name, texts, who, batch, mailed, dead & mailed)
        flagged = table["suspicious"].to_numpy()
        bad[who[flagged[batch] & (who >= 0)]] = True
        tables.append(table)
    if not tables:
        return _counted("", [], *(np.zeros(0, np.int64),) * 2, mailed, dead), bad
    return pd.concat(tables, ignore_index=True), bad


def _batches(
    messages: Outcomes, contacts: Contacts | None, tz: str, by: str | None
) -> list[tuple[str, Ints, Ints, list[Any]]]:
    """Give for each way to tell batches: its name, addresses, their batch, names of batches."""
    columns = columns_of(contacts, by) if contacts is not None else []
    if contacts is None or not columns:
        return [_by_first_message(messages, tz)]
    keys = recipient_keys(pd.DataFrame({"recipient": contacts.addresses()}))
    texts = pd.Index(messages.recipients.texts.to_pylist())
    who = np.where(keys.notna(), texts.get_indexer(pd.Index(keys)), -1).astype(np.int64)
    found = []
    for column in columns:
        values = contacts.table[column]
        batch, names = encode(arrow(as_text(values)))
        told = (batch >= 0) & keys.notna().to_numpy()
        found.append((column, who[told], batch[told], names.to_pylist()))
    return found


def _by_first_message(messages: Outcomes, tz: str) -> tuple[str, Ints, Ints, list[Any]]:
    size = len(messages.recipients.texts)
    known = (messages.recipient >= 0) & (messages.start_at != UNTIMED) & ~messages.listed
    first = np.full(size, np.iinfo(np.int64).max, dtype=np.int64)
    np.minimum.at(first, messages.recipient[known], messages.start_at[known])
    who = np.flatnonzero(first != np.iinfo(np.int64).max)
    days, batch = np.unique(periods.local_days(first[who], tz), return_inverse=True)
    return FIRST_SENT, who, batch, [str(day) for day in days.astype("datetime64[D]")]


def _counted(
    name: str, texts: list[Any], who: Ints, batch: Ints, mailed: Bools, dead: Bools
) -> pd.DataFrame:
    size = len(texts)
    # An address that stands twice in a batch is one address.
    pair = np.sort(batch[who >= 0] * (len(mailed) + 1) + who[who >= 0])
    pair = pair[np.append(True, np.diff(pair) != 0)[: len(pair)]]
    part, address = pair // (len(mailed) + 1), pair % (len(mailed) + 1)
    tried = np.bincount(part[mailed[address]], minlength=size)
    died = np.bincount(part[dead[address]], minlength=size)
    low, high = wilson(died, tried)
    listed = np.zeros(len(mailed), dtype=bool)
    listed[address] = True
    rest_tried = int((mailed & listed).sum()) - tried
    rest_died = int((dead & listed).sum()) - died
    elsewhere = rate(rest_died, rest_tried)
    table = pd.DataFrame(
        {
            "batch_by": pd.Series([name] * size, dtype=TEXT),
            "batch": pd.Series(texts, dtype=TEXT),
            "contacts": np.bincount(batch, minlength=size),
            "mailed": tried,
            "dead": died,
            "dead_rate": rate(died, tried),
            "dead_low": low,
            "dead_high": high,
            "elsewhere_rate": elsewhere,
        }
    )
    sure = np.nan_to_num(low) >= np.maximum(LEAST_DEAD, TIMES_ELSEWHERE * np.nan_to_num(elsewhere))
    table["suspicious"] = (tried >= MIN_MAILED) & sure
    return table


def explained(table: pd.DataFrame, lang: str) -> pd.Series:
    """Say of each batch what its numbers come to."""
    said = []
    for row in table.to_dict("records"):
        key = "suspicious" if row["suspicious"] else (
            "few" if row["mailed"] < MIN_MAILED else "usual"
        )  # fmt: skip
        values = {name: f"{row[name]:,}" for name in ("mailed", "dead", "contacts")}
        for name in ("dead_rate", "elsewhere_rate"):
            values[name] = "–" if np.isnan(row[name]) else f"{row[name] * 100:.1f} %"
        said.append(say(f"batch_{key}", lang, least=MIN_MAILED, **values))
    return pd.Series(said, dtype=TEXT)
