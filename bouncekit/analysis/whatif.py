"""What each choice of the policy would have done, on the data at hand."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from bouncekit.analysis import _history as history
from bouncekit.analysis._grouping import UNTIMED
from bouncekit.analysis._history import Failures
from bouncekit.analysis._keys import Bools, Ints
from bouncekit.analysis._messages import DELIVERED, Outcomes
from bouncekit.analysis._runs import WHOLE
from bouncekit.analysis.outcomes import outcomes
from bouncekit.analysis.policy import Policy
from bouncekit.analysis.policy import micros as length_of
from bouncekit.taxonomy import reasons


@dataclass(frozen=True, slots=True)
class _Timeline:
    """Failures and deliveries of the addresses that failed, address by address, in order.

    ``others`` and ``span`` run over the soft bounces in a row up to each entry.
    """

    who: Ints
    delivered: Bools
    hard: Bools
    counts: Bools
    own: dict[int, npt.NDArray[np.float64]]
    others: npt.NDArray[np.float64]
    span: Ints
    since_failure: Ints


def what_if(
    df: pd.DataFrame | Outcomes,
    soft_limit: int | Iterable[int] = range(2, 9),
    wait: Any = "2D",
    min_span: Any = "7D",
    *,
    limits: dict[str, int] | None = None,
) -> pd.DataFrame:
    """Show how many addresses each choice of the policy would have removed, and how rightly.

    Every address is followed message by message. It is removed at its first
    hard bounce, or when its soft bounces in a row reach the choice; what
    happened to it afterwards shows whether that was right.

    Parameters
    ----------
    df : DataFrame or Outcomes
        A classified bounce table with deliveries, not changed. Without
        deliveries ``wrongly_removed`` is missing: nothing can be known of it.
    soft_limit : int or iterable of int
        Soft bounces in a row at which an address is removed.
    wait, min_span : str, Timedelta or a list of these
        As in :class:`bouncekit.Policy`.
    limits : mapping, optional
        Limits by reason, the same for every choice.

    Returns
    -------
    DataFrame
        One row per combination: ``soft_limit``, ``wait``, ``min_span``,
        ``removed`` (addresses), ``removed_hard`` and ``removed_soft`` (by
        what), ``wrongly_removed`` (took a later message after all),
        ``bounces_saved`` (failed messages that would not have been sent after
        the removal), ``bounces_early`` (failed messages before it that were
        sent sooner than ``wait`` after a failure).

    Raises
    ------
    BouncekitError
        If a choice is out of range.
    """
    choices = [
        Policy(soft_limit=limit, wait=pause, min_span=span, limits=limits or {})
        for limit, pause, span in product(_listed(soft_limit), _listed(wait), _listed(min_span))
    ]
    messages = outcomes(df)
    timeline = _timeline(messages, history.failures(messages, messages.latest))
    reported = bool((messages.outcome == DELIVERED).any())
    rows = [_row(timeline, choice, len(messages.recipients.texts)) for choice in choices]
    table = pd.DataFrame(rows, columns=list(_COLUMNS)).astype(_COLUMNS)
    if not reported:
        table["wrongly_removed"] = pd.Series(pd.NA, index=table.index, dtype="Int64")
    return table


_COLUMNS = {
    "soft_limit": "int64",
    "wait": "timedelta64[us]",
    "min_span": "timedelta64[us]",
    "removed": "int64",
    "removed_hard": "int64",
    "removed_soft": "int64",
    "wrongly_removed": "Int64",
    "bounces_saved": "int64",
    "bounces_early": "int64",
}


def _listed(choice: Any) -> list[Any]:
    many = isinstance(choice, Iterable) and not isinstance(choice, str)
    return list(choice) if many else [choice]


def _timeline(messages: Outcomes, failed: Failures) -> _Timeline:
    """Put failures and deliveries in order; of equal times the delivery comes first."""
    has_failed = np.zeros(len(messages.recipients.texts) + 1, dtype=bool)
    has_failed[failed.recipient] = True
    taken = np.flatnonzero((messages.outcome == DELIVERED) & has_failed[messages.recipient])
    gone, came = len(failed.message), len(taken)
    who = np.concatenate([failed.recipient, messages.recipient[taken]])
    start = np.concatenate([failed.start, messages.start_at[taken]])
    at = np.concatenate([failed.failed_at, messages.decided_at[taken]])
    is_failure = np.arange(gone + came) < gone
    hard, counts = failed.hard & failed.sure, failed.counts & failed.sure
    reason = failed.reason.astype(np.int64)
    # Failures of one moment are told apart by what they are, so that row order is nothing.
    order = np.lexsort((_pad(reason, came, 0), at, _pad(hard, came, False), is_failure, start, who))
    who, at, start, delivered = who[order], at[order], start[order], ~is_failure[order]
    hard, counts = _pad(hard, came, False)[order], _pad(counts, came, False)[order]
    reason = _pad(reason, came, -1)[order]
    run = np.cumsum(delivered | (np.diff(who, prepend=-1) != 0), dtype=np.int64)
    return _Timeline(
        who=who,
        delivered=delivered,
        hard=hard,
        counts=counts,
        own={code: _running(counts & (reason == code), run) for code in np.unique(reason[counts])},
        others=_running(counts, run),
        span=_span(counts, at, run),
        since_failure=_since_failure(delivered, start, at, run),
    )


def _pad(values: npt.NDArray, count: int, filler: Any) -> npt.NDArray:
    return np.concatenate([values, np.full(count, filler, dtype=values.dtype)])


def _running(chosen: Bools, run: Ints) -> npt.NDArray[np.float64]:
    """Count the chosen entries of each run up to each entry."""
    return pd.Series(chosen.astype(float)).groupby(run).cumsum().to_numpy()


def _span(counts: Bools, at: Ints, run: Ints) -> Ints:
    """Give the time from first to last counting failure of the run so far."""
    known = counts & (at != UNTIMED)
    first = pd.Series(np.where(known, at, np.iinfo(np.int64).max)).groupby(run).cummin().to_numpy()
    last = pd.Series(np.where(known, at, UNTIMED)).groupby(run).cummax().to_numpy()
    return np.where(last == UNTIMED, 0, last - np.where(last == UNTIMED, last, first))


def _since_failure(delivered: Bools, start: Ints, at: Ints, run: Ints) -> Ints:
    """Give the time from the failure before, in the same run, to the start of each message."""
    size = len(at)
    since = np.full(size, np.iinfo(np.int64).max, dtype=np.int64)
    same = np.zeros(size, dtype=bool)
    same[1:] = (run[1:] == run[:-1]) & ~delivered[:-1] & ~delivered[1:]
    same[1:] &= (at[:-1] != UNTIMED) & (start[1:] != history.NEVER)
    place = np.flatnonzero(same)
    since[place] = start[place] - at[place - 1]
    return since


def _row(timeline: _Timeline, choice: Policy, size: int) -> dict[str, Any]:
    """Follow every address under one choice."""
    weight = choice.weights()
    names = list(reasons())
    own = [code for code in timeline.own if code >= 0 and names[code] in choice.limits]
    total = timeline.others * weight[-1]
    for code in own:
        total = total + timeline.own[code] * (weight[code] - weight[-1])
    soft = timeline.counts & (total >= WHOLE)
    soft &= timeline.span >= length_of(choice.min_span)
    place = np.arange(len(timeline.who))
    removed_at = np.full(size, len(place), dtype=np.int64)
    ends = np.flatnonzero(timeline.hard | soft)
    np.minimum.at(removed_at, timeline.who[ends], ends)
    removed = removed_at < len(place)
    after = place > removed_at[timeline.who]
    wrongly = np.unique(timeline.who[after & timeline.delivered])
    early = ~timeline.delivered & ~after
    early &= timeline.since_failure < length_of(choice.wait)
    by_hard = int(timeline.hard[removed_at[removed]].sum())
    return {
        "soft_limit": choice.soft_limit,
        "wait": choice.wait,
        "min_span": choice.min_span,
        "removed": int(removed.sum()),
        "removed_hard": by_hard,
        "removed_soft": int(removed.sum()) - by_hard,
        "wrongly_removed": len(wrongly),
        "bounces_saved": int((after & ~timeline.delivered).sum()),
        "bounces_early": int(early.sum()),
    }
