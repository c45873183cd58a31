"""The failures of each address since its last delivery, added up."""

from dataclasses import dataclass

import numpy as np

from bouncekit.analysis._grouping import UNTIMED, last_of
from bouncekit.analysis._history import NEVER, Failures
from bouncekit.analysis._keys import Bools, Ints
from bouncekit.analysis.policy import Policy
from bouncekit.analysis.policy import micros as length_of

WHOLE = 1 - 1e-9
"""The parts of a limit make up a whole; the rest is for the rounding of thirds."""


@dataclass(frozen=True, slots=True)
class Run:
    """The failures since the last delivery, added up by address.

    ``sure`` are the failures that can remove an address.
    """

    failures: Failures
    sure: Bools
    failed: Bools
    hard: Bools
    sure_hard: Bools
    at_limit: Bools
    sure_limit: Bools
    soft_count: Ints
    first: Ints
    last: Ints


def add_up(failed: Failures, credible: Bools, policy: Policy, size: int) -> Run:
    """Add up the failures since the last delivery; only credible and sure ones can remove."""
    sure = failed.sure & credible
    weight = np.where(failed.counts, policy.weights()[failed.reason], 0.0)
    span = length_of(policy.min_span)

    def at_limit(chosen: Bools) -> Bools:
        chosen = chosen & failed.counts
        who = failed.recipient[chosen]
        total = np.bincount(who, weight[chosen], minlength=size)
        first, last = extent(who, failed.failed_at[chosen], size)
        return (total >= WHOLE) & (last - np.where(last == UNTIMED, last, first) >= span)

    first, last = extent(failed.recipient, failed.failed_at, size)
    everything = np.ones(len(sure), dtype=bool)
    return Run(
        failures=failed,
        sure=sure,
        failed=flag(failed.recipient, size),
        hard=flag(failed.recipient[failed.hard | failed.contradictory], size),
        sure_hard=flag(failed.recipient[failed.hard & sure], size),
        at_limit=at_limit(everything),
        sure_limit=at_limit(sure),
        soft_count=np.bincount(failed.recipient[failed.counts], minlength=size),
        first=first,
        last=last,
    )


def extent(who: Ints, at: Ints, size: int) -> tuple[Ints, Ints]:
    """Return first and last time by address, ``UNTIMED`` where none is known."""
    timed = at != UNTIMED
    first = np.full(size, NEVER, dtype=np.int64)
    last = np.full(size, UNTIMED, dtype=np.int64)
    np.minimum.at(first, who[timed], at[timed])
    np.maximum.at(last, who[timed], at[timed])
    return np.where(first == NEVER, UNTIMED, first), last


def flag(who: Ints, size: int) -> Bools:
    found = np.zeros(size, dtype=bool)
    found[who] = True
    return found


def deciding(run: Run, size: int) -> Ints:
    """Give by address the failure that decided: a hard one, one that counts, the last; else -1.

    Of several the latest, and those that can remove an address before others.
    """
    failed = run.failures
    counted = failed.counts & run.at_limit[failed.recipient]
    decides = np.where(failed.hard, 3, np.where(counted, 1, 0)) + (
        (failed.hard | counted) & run.sure
    )
    when = np.where(failed.failed_at == UNTIMED, NEVER, failed.failed_at)
    return last_of(failed.recipient, size, failed.reason, failed.start, when, decides)
