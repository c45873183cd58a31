"""What to do with each address: keep, wait, try again, remove, or look at it."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.compute as pc

from bouncekit.analysis import _evidence as evidence
from bouncekit.analysis import _history as history
from bouncekit.analysis._causes import (
    CAUSES,
    OK,
    REMOVE,
    RETRY,
    REVIEW,
    STATES,
    WAITING,
    causes,
    spelled,
    suggestions,
    told,
)
from bouncekit.analysis._columns import categorical, micros, moments
from bouncekit.analysis._grouping import UNTIMED
from bouncekit.analysis._keys import Bools, Ints
from bouncekit.analysis._messages import SUPPRESSED, Outcomes
from bouncekit.analysis._runs import Run, add_up, deciding_reasons, flag
from bouncekit.analysis.outcomes import outcomes
from bouncekit.analysis.policy import Policy
from bouncekit.analysis.policy import micros as length_of
from bouncekit.errors import BouncekitError, TableError
from bouncekit.schema import TEXT, require
from bouncekit.taxonomy import reasons

__all__ = ["CAUSES", "STATES", "Policy", "recipients"]


def recipients(
    df: pd.DataFrame | Outcomes,
    policy: Policy | None = None,
    sends: object = None,
    contacts: object = None,
    as_of: Any = None,
) -> pd.DataFrame:
    """Say for each address whether to keep, retry, remove or review it.

    A hard bounce removes at once. Soft bounces count by message, in a row:
    the delivery of a later message starts again, after a hard bounce too. At
    ``policy.soft_limit`` of them, ``policy.min_span`` from first to last, the
    address is removed. Policy and content failures never count; undetermined
    ones count, and end in a review. A deferral counts where nothing followed
    it for 5 days and its source reports deliveries. Complaints and
    unsubscribes remove.

    Parameters
    ----------
    df : DataFrame or Outcomes
        A classified bounce table, not changed.
    policy : Policy, optional
        The numbers; ``Policy()`` by default.
    sends : DataFrame or path, optional
        A sends table with message ids: evidence of what was sent.
    contacts : DataFrame, path or addresses, optional
        The contact list: evidence too.
    as_of : str or Timestamp, optional
        The moment to judge at; later events are left out. By default the
        latest time in ``df``, never the clock.

    Returns
    -------
    DataFrame
        One row per address that is not masked, sorted: ``recipient``;
        ``state`` (``ok``, ``waiting``, ``retry``, ``remove``, ``review``);
        ``soft_count``; ``first_failure``, ``last_failure`` (UTC, since the
        last delivery); ``last_delivery``; ``retry_after`` (UTC, for waiting
        and retry); ``reason`` (of the failure that decided, else the last);
        ``cause`` (one of :data:`CAUSES`, for remove and review);
        ``suggestion`` (the address that was likely meant); ``evidence``
        (``matched``, ``unmatched``, ``unknown``: whether the failures speak
        of mail that was really sent). ``attrs``: ``as_of``, ``policy``,
        ``unmatchable`` (rows with a masked or unknown address).

    Raises
    ------
    BouncekitError
        If ``as_of`` is no time.
    TableError
        If a column is absent, or the sends table or contact list is wrong.

    Notes
    -----
    Bounces can be forged. Where it is known what was sent, a bounce that
    matches none of it leads to ``review``, never to ``remove``.
    """
    policy = Policy() if policy is None else policy
    messages, now = _as_of(df, sends, as_of)
    size = len(messages.recipients.texts)
    failed = history.failures(messages, now)
    record = evidence.weigh(messages, failed, contacts)

    reset = history.last_delivered_start(messages, size)
    in_run = failed.start >= reset[failed.recipient]
    found = record.failures[in_run]
    run = add_up(failed.take(in_run), found >= evidence.UNKNOWN, policy, size)
    unmatched = flag(run.failures.recipient[found == evidence.UNMATCHED], size)
    out = {name: told(messages, name, size) for name in ("complaint", "unsubscribe")}

    state = _states(messages, run, unmatched, out, reset)
    retry_after = np.where(run.last != UNTIMED, run.last + length_of(policy.wait), UNTIMED)
    state[(state == RETRY) & (retry_after > now)] = WAITING
    cause = causes(messages, run, state, unmatched, out)
    suggestion = suggestions(messages, run, state, cause)
    columns = {
        "state": categorical(state, STATES),
        "soft_count": run.soft_count,
        "first_failure": moments(run.first),
        "last_failure": moments(run.last),
        "last_delivery": moments(history.last_delivery(messages, size)),
        "retry_after": moments(np.where(np.isin(state, (WAITING, RETRY)), retry_after, UNTIMED)),
        "reason": categorical(deciding_reasons(run, size), reasons()),
        "cause": categorical(cause, CAUSES),
        "suggestion": _sparse(suggestion, size),
        "evidence": categorical(
            _address_evidence(record, run, found, state, unmatched), evidence.EVIDENCE
        ),
    }
    table = _rows(messages, columns)
    table.attrs = {
        "as_of": moments(np.array([now]))[0],
        "policy": policy,
        "unmatchable": _unmatchable(messages),
    }
    return table


def _as_of(df: pd.DataFrame | Outcomes, sends: object, as_of: Any) -> tuple[Outcomes, int]:
    """Return the outcomes at the moment to judge at, and that moment."""
    if as_of is None:
        messages = outcomes(df, sends)
        return messages, messages.latest
    try:
        moment = pd.Timestamp(as_of)
        if pd.isna(moment):
            raise ValueError
        moment = moment.tz_localize("UTC") if moment.tzinfo is None else moment.tz_convert("UTC")
    except (ValueError, TypeError):
        msg = f"as_of must be a time such as '2026-03-31', not {as_of!r}"
        raise BouncekitError(msg) from None
    now = int(micros(pd.Series([moment]))[0])
    if isinstance(df, Outcomes):
        if df.latest > now:
            msg = "as_of lies before the last event; give the bounce table, not its outcomes"
            raise TableError(msg)
        return outcomes(df, sends), now
    require(df, "timestamp")
    time = micros(df["timestamp"])
    return outcomes(df if (time <= now).all() else df[time <= now], sends), now


def _states(
    messages: Outcomes, run: Run, unmatched: Bools, out: dict[str, dict[str, Bools]], reset: Ints
) -> npt.NDArray[np.int8]:
    """Give each address its state; ``retry`` stands for waiting too, until times are known."""
    state = np.where(run.failed, RETRY, OK).astype(np.int8)
    guessed_out = out["complaint"]["guessed"] | out["unsubscribe"]["guessed"]
    refused = _refused(messages, reset)
    state[unmatched | run.hard | run.at_limit | guessed_out | refused] = REVIEW
    opted_out = out["complaint"]["sure"] | out["unsubscribe"]["sure"]
    state[opted_out | run.sure_hard | run.sure_limit] = REMOVE
    return state


def _refused(messages: Outcomes, reset: Ints) -> Bools:
    """Mark addresses that the provider refused to try since their last delivery."""
    rows = (messages.outcome == SUPPRESSED) & (messages.recipient >= 0)
    who, start = messages.recipient[rows], messages.start_at[rows]
    return flag(who[(start == UNTIMED) | (start >= reset[who])], len(reset))


def _address_evidence(
    record: evidence.Record,
    run: Run,
    found: npt.NDArray[np.int8],
    state: npt.NDArray[np.int8],
    unmatched: Bools,
) -> npt.NDArray[np.int8]:
    """Give the evidence of an address: the best of its failures, else whether it is known."""
    best = np.where(record.addresses, evidence.MATCHED, evidence.UNKNOWN).astype(np.int8)
    best[run.failed] = evidence.UNMATCHED
    np.maximum.at(best, run.failures.recipient, found)
    best[unmatched & (state == REVIEW)] = evidence.UNMATCHED
    # Nobody is removed on the word of an unmatched bounce; here something else removed.
    best[(best == evidence.UNMATCHED) & (state == REMOVE)] = evidence.UNKNOWN
    return best


def _rows(messages: Outcomes, columns: dict[str, Any]) -> pd.DataFrame:
    """Lay the columns out by address, sorted; addresses that match nothing are left out."""
    keys = messages.recipients
    seen = flag(keys.codes[keys.codes >= 0], len(keys.texts))
    known = np.flatnonzero(seen & keys.matchable)
    shown = spelled(messages, known)
    order = pc.sort_indices(shown)
    table = pd.DataFrame(columns).take(known[order.to_numpy(zero_copy_only=False)])
    table.insert(0, "recipient", pd.array(shown.take(order), dtype=TEXT))
    return table.reset_index(drop=True)


def _sparse(values: dict[int, str], size: int) -> pd.Series:
    """Lay a few texts out as a column."""
    column = pd.Series(pd.NA, index=range(size), dtype=TEXT)
    if values:
        column.iloc[list(values)] = list(values.values())
    return column


def _unmatchable(messages: Outcomes) -> int:
    """Count the rows whose address is masked or unknown."""
    found = messages.recipients.codes
    return int(((found < 0) | ~np.append(messages.recipients.matchable, False)[found]).sum())
