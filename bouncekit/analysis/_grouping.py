"""Which rows speak of the same message to the same recipient (definition 3)."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from bouncekit.analysis._keys import Bools, Ints
from bouncekit.times import DAY

UNTIMED = np.iinfo(np.int64).min
"""Microseconds of a row without a time; earlier than every real time."""

QUEUE_LIFE = 5 * DAY
"""How long a server tries one message (RFC 5321 4.5.4.1: at least 4 to 5 days)."""


def number_pairs(messages: Ints, recipients: Ints) -> Ints:
    """Give a number to each pair of message and recipient; both codes must be 0 or more."""
    if not len(messages):
        return messages
    first = np.full(int(messages.max()) + 1, -1, dtype=np.int64)
    first[messages] = recipients
    if np.array_equal(first[messages], recipients):
        # Each message went to one recipient, as most senders do: it is the pair.
        return messages
    width = int(recipients.max()) + 1
    return pd.factorize(messages * width + recipients)[0].astype(np.int64)


def join_deferrals(
    recipients: Ints, times: Ints, final: Bools, event: npt.NDArray | None = None
) -> Ints:
    """Give a number to each message among rows that name none.

    Each final row is its own message, but the same event at the same moment
    is one that was told twice. A deferral joins the next final row of
    its recipient within :data:`QUEUE_LIFE`; deferrals that find none and lie
    within that span of the first of them are one message, and so are all
    deferrals of a recipient that have no time.

    Parameters
    ----------
    recipients, times : ndarray of int64
        Recipient code and microseconds (or :data:`UNTIMED`) of each row.
    final : ndarray of bool
        Whether the row is a final event; the others are deferrals.
    event : ndarray, optional
        Which event each row is; without it no two final rows are the same.
    """
    size = len(recipients)
    kind = np.arange(size) if event is None else event
    order = np.lexsort((kind, final, times, recipients))
    who, when, ends, kind = recipients[order], times[order], final[order], kind[order]
    following = np.where(ends, np.arange(size), size)
    following = np.minimum.accumulate(following[::-1])[::-1]
    target = np.minimum(following, max(size - 1, 0))
    joins = (following < size) & (who[target] == who) & (when != UNTIMED)
    joins &= when[target] - np.where(joins, when, 0) <= QUEUE_LIFE
    own = _first_telling(who, when, ends, kind)
    message = np.where(ends, own, np.where(joins, own[target] if size else target, -1))
    alone = np.flatnonzero(message < 0)
    message[alone] = alone[_starts(who[alone], when[alone])]
    result = np.empty(size, dtype=np.int64)
    result[order] = message
    return result


def _first_telling(who: Ints, when: Ints, ends: Bools, kind: npt.NDArray) -> Ints:
    """Give each sorted final row the first that tells of the same event, mostly itself."""
    same = np.zeros(len(who), dtype=bool)
    same[1:] = (who[1:] == who[:-1]) & (when[1:] == when[:-1]) & (kind[1:] == kind[:-1])
    same[1:] &= ends[1:] & ends[:-1] & (when[1:] != UNTIMED)
    return np.maximum.accumulate(np.where(same, -1, np.arange(len(who))))


def _starts(who: Ints, when: Ints) -> Ints:
    """Give for each deferral, sorted by recipient and time, the first of its message."""
    size = len(who)
    start = np.full(size, -1, dtype=np.int64)
    fresh = np.ones(size, dtype=bool)
    fresh[1:] = who[1:] != who[:-1]
    heads = np.flatnonzero(fresh)
    bounds = np.append(heads[1:], size)
    # One round gives one message of every recipient that still has deferrals left.
    while len(heads):
        limit = np.where(when[heads] == UNTIMED, UNTIMED, when[heads] + QUEUE_LIFE)
        stop = _first_after(when, heads, bounds, limit)
        spans = stop - heads
        members = np.repeat(heads, spans) + _ramps(spans)
        start[members] = np.repeat(heads, spans)
        left = stop < bounds
        heads, bounds = stop[left], bounds[left]
    return start


def _ramps(lengths: Ints) -> Ints:
    return np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)


def _first_after(values: Ints, low: Ints, high: Ints, limit: Ints) -> Ints:
    """Find by bisection the first position in each [low, high) whose value exceeds limit."""
    low, high = low.copy(), high.copy()
    while (low < high).any():
        middle = (low + high) // 2
        within = (low < high) & (values[np.minimum(middle, len(values) - 1)] <= limit)
        shut = (low < high) & ~within
        low = np.where(within, middle + 1, low)
        high = np.where(shut, middle, high)
    return low


def last_of(group: Ints, size: int, *order: npt.NDArray) -> Ints:
    """Find the last position of each group, -1 for a group that has none.

    Parameters
    ----------
    group : ndarray of int64
        Group of each position, 0 to ``size - 1``.
    order : ndarray
        What the positions of a group are sorted by, least important first.
    """
    last = np.full(size, -1, dtype=np.int64)
    last[group] = np.arange(len(group))
    if not len(group):
        return last
    # Only groups with several positions need sorting.
    several = np.flatnonzero(np.bincount(group, minlength=size)[group] > 1)
    ranked = several[np.lexsort((*(values[several] for values in order), group[several]))]
    # Of repeated places the last assignment stays.
    last[group[ranked]] = ranked
    return last
