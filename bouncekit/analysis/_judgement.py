"""The state machine of addresses: from what became of their messages to what to do."""

from dataclasses import dataclass
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
    refine,
    spelled,
    suggestions,
    told,
)
from bouncekit.analysis._columns import categorical, micros, moments
from bouncekit.analysis._grouping import UNTIMED, last_of
from bouncekit.analysis._keys import Bools, Ints
from bouncekit.analysis._messages import SUPPRESSED, Outcomes
from bouncekit.analysis._runs import Run, add_up, deciding, flag
from bouncekit.analysis.batches import batch_table
from bouncekit.analysis.outcomes import outcomes
from bouncekit.analysis.policy import Policy
from bouncekit.analysis.policy import micros as length_of
from bouncekit.errors import BouncekitError, TableError
from bouncekit.intake.contacts import read_contacts
from bouncekit.schema import TEXT, require
from bouncekit.taxonomy import EVENTS, reasons


@dataclass(frozen=True)
class Judgement:
    """Every address with its state, and the row of the bounce table that decided.

    Parameters
    ----------
    table : DataFrame
        What :func:`bouncekit.recipients` returns.
    messages : Outcomes
        What became of each message by the moment of the judgement.
    row : ndarray of int64
        By row of ``table``: the place in ``messages.table`` of the failure,
        complaint or refusal that decided; -1 where there is none.
    dead : ndarray of bool
        By address of ``messages``: failed for good and never took mail.
    """

    table: pd.DataFrame
    messages: Outcomes
    row: Ints
    dead: Bools


def judge(
    df: pd.DataFrame | Outcomes,
    policy: Policy | None,
    sends: object,
    contacts: object,
    as_of: Any,
) -> Judgement:
    """Judge every address; parameters and errors are those of :func:`bouncekit.recipients`."""
    policy = Policy() if policy is None else policy
    contacts = None if contacts is None else read_contacts(contacts)
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
    dead = run.sure_hard & ~history.delivered_to(messages, size)
    if dead.any():
        refine(messages, cause, batch_table(messages, contacts, dead, "UTC")[1])
    decided = deciding(run, size)
    columns = {
        "state": categorical(state, STATES),
        "soft_count": run.soft_count,
        "first_failure": moments(run.first),
        "last_failure": moments(run.last),
        "last_delivery": moments(history.last_delivery(messages, size)),
        "retry_after": moments(np.where(np.isin(state, (WAITING, RETRY)), retry_after, UNTIMED)),
        "reason": categorical(_reason_of(run, decided), reasons()),
        "cause": categorical(cause, CAUSES),
        "suggestion": _sparse(suggestion, size),
        "evidence": categorical(
            _address_evidence(record, run, found, state, unmatched), evidence.EVIDENCE
        ),
    }
    shown, order = _shown(messages)
    table = pd.DataFrame(columns).take(order)
    table.insert(0, "recipient", shown)
    table = table.reset_index(drop=True)
    table.attrs = {
        "as_of": moments(np.array([now]))[0],
        "policy": policy,
        "unmatchable": _unmatchable(messages),
    }
    row = _deciding_rows(messages, run, decided, cause)
    return Judgement(table, messages, row[order], dead)


def _reason_of(run: Run, decided: Ints) -> npt.NDArray[np.int8]:
    reason = np.append(run.failures.reason, np.int8(-1))
    return np.asarray(reason[decided], dtype=np.int8)


def _deciding_rows(
    messages: Outcomes, run: Run, decided: Ints, cause: npt.NDArray[np.int8]
) -> Ints:
    """Give by address the row that decided: of a complaint, an opt-out, a refusal, a failure."""
    place = np.append(run.failures.message, -1)[decided]
    row = np.append(messages.row, -1)[place]
    time = micros(messages.table["timestamp"])
    for event in ("complaint", "unsubscribe", "suppressed"):
        wanted = cause == CAUSES.index(event)
        if wanted.any():
            rows = np.flatnonzero(messages.event == EVENTS.index(event))
            rows = rows[messages.recipients.codes[rows] >= 0]
            last = last_of(messages.recipients.codes[rows], len(cause), time[rows])
            row = np.where(wanted & (last >= 0), np.append(rows, -1)[last], row)
    return row


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


def _shown(messages: Outcomes) -> tuple[Any, Ints]:
    """Return the addresses as they are shown, sorted, and their codes.

    Addresses that match nothing are left out.
    """
    keys = messages.recipients
    seen = flag(keys.codes[keys.codes >= 0], len(keys.texts))
    known = np.flatnonzero(seen & keys.matchable)
    shown = spelled(messages, known)
    order = pc.sort_indices(shown)
    codes = known[order.to_numpy(zero_copy_only=False)]
    return pd.array(shown.take(order), dtype=TEXT), codes


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
