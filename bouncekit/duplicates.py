"""Every event once: which of the rows that tell of the same event stays."""

from functools import cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from bouncekit.arrays.encoding import arrow
from bouncekit.arrays.hashing import Hashes, hash_texts, hash_words
from bouncekit.identity import message_hashes, recipient_hashes
from bouncekit.times import DAY

Bools = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]

_ONCE = ("bounce", "complaint")
"""Events that happen once to a message and a recipient, whoever tells of them, and when."""
_SAID = ("diagnostic", "smtp_code", "enhanced_code", "remote_mta")


def each_once(table: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Return the table with every event once, and how many rows that dropped.

    A row that stays without a diagnostic takes it, with its codes and the
    host that said it, from a dropped row of the same bounce.
    """
    drop = duplicates(table).to_numpy()
    if not drop.any():
        return table, 0
    kept = table[~drop].reset_index(drop=True)
    silent, spoke = _silent_and_spoken(table, drop)
    # Rows move up where others before them are dropped.
    moved = np.cumsum(~drop) - 1
    for name in _SAID:
        kept.loc[moved[silent], name] = table[name].iloc[spoke].array
    return kept, int(drop.sum())


_TALLIED = ("source", "event")
_MANY = 1_000_000
"""More than there are sources, events, or days until the year 4700."""


def tally_dropped(table: pd.DataFrame, kept: pd.DataFrame) -> dict[tuple[str, str, int], int]:
    """Count what :func:`each_once` dropped by source, event and day of UTC.

    Rows without a time or a source are left out.
    """
    sources, events = (list(table[name].cat.categories) for name in ("source", "event"))
    before, after = _tally(table), _tally(kept)
    return {
        (sources[source], events[event], day): count - after.get((source, event, day), 0)
        for (source, event, day), count in before.items()
        if count > after.get((source, event, day), 0)
    }


def _tally(table: pd.DataFrame) -> dict[tuple[int, int, int], int]:
    days = pd.DatetimeIndex(table["timestamp"]).as_unit("us").asi8 // DAY
    source, event = (table[name].cat.codes.to_numpy().astype(np.int64) for name in _TALLIED)
    known = table["timestamp"].notna().to_numpy() & (source >= 0) & (event >= 0)
    # One number for all three: sorting one column is twenty times faster than three.
    numbers = ((source * _MANY + event) * _MANY + days)[known]
    found, counts = np.unique(numbers, return_counts=True)
    cells = zip(found.tolist(), counts.tolist(), strict=True)
    return {
        (number // _MANY // _MANY, number // _MANY % _MANY, number % _MANY): count
        for number, count in cells
    }


def duplicates(table: pd.DataFrame) -> pd.Series:
    """Mark the rows that repeat an event another row already tells of.

    Two rows are the same event when they have the same ``event_id``, or when
    both are bounces of the same message to the same recipient (the same
    bounce seen as mail and as webhook), or both complaints. Of such rows stays that of a source
    which reports what was sent too (it knows the campaign, and is a record of
    the message), then one with a diagnostic, then the first by source name,
    then the first read.

    Returns
    -------
    Series of bool
        True for each row to drop; index of ``table``.
    """
    drop = _repeats(hash_texts(arrow(table["event_id"])), table)
    for event in _ONCE:
        rows, pairs = _pairs(table, (table["event"] == event).to_numpy() & ~drop)
        drop[rows] = _repeats(pairs, table.iloc[rows])
    return pd.Series(drop, index=table.index)


def _pairs(table: pd.DataFrame, wanted: Bools) -> tuple[Places, Hashes]:
    """Return the rows among the wanted that name message and recipient, and a key for both."""
    rows = np.flatnonzero(wanted)
    messages = message_hashes(table["message_id"])[rows]
    recipients = recipient_hashes(table["recipient"])[rows]
    known = messages.any(axis=1) & recipients.any(axis=1)
    return rows[known], hash_words(*messages[known].T, *recipients[known].T)


def _repeats(keys: Hashes, table: pd.DataFrame) -> Bools:
    """Mark the rows whose key another row has that is to be preferred."""
    drop = np.zeros(len(keys), bool)
    # Half a key tells nearly all rows apart; only the others need sorting.
    several = np.flatnonzero(pd.Series(keys[:, 0]).duplicated(keep=False))
    if not len(several):
        return drop
    keys, table = keys[several], table.iloc[several]
    # Category codes follow the sorted source names; -1 (unknown) goes last.
    source = table["source"].cat.codes.to_numpy().astype(np.int32)
    source = np.where(source < 0, np.iinfo(np.int32).max, source)
    silent = table["diagnostic"].isna().to_numpy()
    aside = ~table["source"].isin(_recorders()).to_numpy()
    order = np.lexsort((source, silent, aside, keys[:, 1], keys[:, 0]))
    ranked = keys[order]
    same = np.zeros(len(order), bool)
    same[1:] = (ranked[1:] == ranked[:-1]).all(axis=1)
    drop[several[order]] = same
    return drop


def _silent_and_spoken(table: pd.DataFrame, drop: Bools) -> tuple[list[int], list[int]]:
    """Return the bounces that stay without words, and for each a dropped one that has them."""
    silent = table["diagnostic"].isna().to_numpy()
    bounce = (table["event"] == "bounce").to_numpy()
    takers, wanting = _pairs(table, bounce & silent & ~drop)
    givers, offered = _pairs(table, bounce & ~silent & drop)
    useful = np.isin(offered[:, 0], wanting[:, 0])
    # Of several the first gives its words: it is written last.
    keys = map(tuple, offered[useful][::-1].tolist())
    giver = dict(zip(keys, givers[useful][::-1].tolist(), strict=True))
    found = zip(takers.tolist(), map(giver.get, map(tuple, wanting.tolist())), strict=True)
    met = [(taker, row) for taker, row in found if row is not None]
    return [taker for taker, _ in met], [row for _, row in met]


@cache
def _recorders() -> frozenset[str]:
    """Name the sources that report what was sent, or what was delivered, too."""
    # Imported here because readers know the schema, which is made with this module.
    from bouncekit.readers import readers

    return frozenset(reader.name for reader in readers() if reader.has_denominator)
