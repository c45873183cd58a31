"""What became of each message to each recipient: the table under every analysis.

One row of a bounce table is an event; a message has several. Definitions 3, 5
and 7 turn events into outcomes here and nowhere else.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pandas as pd

from bouncekit.analysis import _keys
from bouncekit.analysis._columns import (
    Codes,
    codes,
    guessed_rows,
    listed_rows,
    micros,
    source_codes,
)
from bouncekit.analysis._grouping import UNTIMED, join_deferrals, last_of, number_pairs
from bouncekit.analysis._keys import Bools, Ints, Keys
from bouncekit.analysis._messages import (
    BOUNCE,
    DEFERRAL,
    DELIVERED,
    SENT,
    SUPPRESSED,
    UNDETERMINED,
    Outcomes,
)
from bouncekit.analysis.sends import Sends, read_sends
from bouncekit.arrays.encoding import look_up
from bouncekit.errors import TableError
from bouncekit.schema import require
from bouncekit.taxonomy import EVENTS

__all__ = ["Outcomes", "outcomes"]

_NEEDED = ("timestamp", "event", "recipient", "message_id", "bounce_type", "reason", "source")
_LATEST = np.iinfo(np.int64).max


def outcomes(table: "pd.DataFrame | Outcomes", sends: object = None) -> Outcomes:
    """Work out what became of each message to each recipient.

    The latest of delivered and bounce decides (a tie, or a bounce without a
    time: the bounce), else deferral, else sent. A bounce after the delivery
    of its own message cancels that delivery. Complaints, automatic replies
    and unsubscribes are no outcomes. Rows that name no message: a final event
    is its own message (told again at the same moment it is the same), and the
    deferrals of that recipient in the 5 days before join it. Rows of a state
    list stand for themselves.

    Parameters
    ----------
    table : DataFrame or Outcomes
        A classified bounce table, not changed. An ``Outcomes`` comes back as
        it is: every analysis takes one in place of the table, so that several
        of them need this work once.
    sends : DataFrame or path, optional
        A sends table (:func:`bouncekit.analysis.sends.read_sends`).

    Raises
    ------
    TableError
        If a column is absent or the sends table is wrong, or if both an
        ``Outcomes`` and another sends table are given.
    """
    if isinstance(table, Outcomes):
        if sends is not None and sends is not table.sends:
            msg = "give sends= to outcomes(), not to the analysis of what it returned"
            raise TableError(msg)
        return table
    require(table, *_NEEDED)
    given = None if sends is None else read_sends(sends)
    extra = given.rows(table) if given is not None and given.kind == "messages" else None
    size = len(table)
    if extra is not None:
        table = pd.concat([table[list(extra.columns)], extra], ignore_index=True)
    return _outcomes(table, given, size)


# Longer than most: it is the one list of steps from rows to messages.
def _outcomes(table: pd.DataFrame, sends: Sends | None, own_rows: int) -> Outcomes:
    event = codes(table, "event")
    time = micros(table["timestamp"])
    messages, recipients = _encode_both(table)
    listed = listed_rows(table)
    member = _is(event, "sent", "delivered", "deferral", "bounce", "suppressed")
    group, size = _group(messages.codes, recipients, time, event, listed, member)

    def rows_of(name: str) -> Ints:
        return np.flatnonzero(event == EVENTS.index(name))

    def has(rows: Ints) -> Bools:
        found = np.zeros(size, dtype=bool)
        found[group[rows]] = True
        return found

    sent, delivered = rows_of("sent"), rows_of("delivered")
    deferred, bounced, suppressed = rows_of("deferral"), rows_of("bounce"), rows_of("suppressed")
    ties = _tie_breaks(table)
    last = {
        SENT: _last(sent, group, time, size, ties),
        SUPPRESSED: _last(suppressed, group, time, size, ties),
        DEFERRAL: _last(deferred, group, time, size, ties),
        DELIVERED: _last(delivered, group, time, size, ties),
        # A bounce without a time counts as the last.
        BOUNCE: _last(bounced, group, np.where(time == UNTIMED, _LATEST, time), size, ties),
    }
    outcome, row = _decide(last, time)
    timed = member & (time != UNTIMED)
    return Outcomes(
        table=table,
        own_rows=own_rows,
        sends=sends,
        recipients=recipients,
        event=event,
        group=group,
        row=row,
        recipient=recipients.codes[row],
        outcome=outcome,
        sent_at=_earliest(sent[timed[sent]], group, time, size),
        first_at=_earliest(np.flatnonzero(timed), group, time, size),
        decided_at=time[row],
        deferrals=np.bincount(group[deferred], minlength=size),
        has_sent=has(sent),
        in_sends=has(np.arange(own_rows, len(table))),
        listed=listed[row],
    )


def _decide(last: dict[int, Ints], time: Ints) -> tuple[Codes, Ints]:
    """Choose the outcome of each message and the row that decided (definition 5)."""
    outcome = np.full(len(last[SENT]), SENT, dtype=np.int8)
    row = last[SENT].copy()
    for kind in (SUPPRESSED, DEFERRAL, DELIVERED):
        found = last[kind] >= 0
        outcome[found] = kind
        row[found] = last[kind][found]
    bounce, delivery = last[BOUNCE], last[DELIVERED]
    at_bounce, at_delivery = look_up(time, bounce), look_up(time, delivery)
    later_delivery = (delivery >= 0) & (at_bounce != UNTIMED) & (at_delivery > at_bounce)
    wins = (bounce >= 0) & ~later_delivery
    outcome[wins] = BOUNCE
    row[wins] = bounce[wins]
    return outcome, row


def _group(
    messages: Ints, recipients: Keys, time: Ints, event: Codes, listed: Bools, member: Bools
) -> tuple[Ints, int]:
    """Give each row the number of its message, -1 where it is no part of one."""
    keyed = look_up(recipients.matchable.astype(np.int64), recipients.codes, 0) > 0
    keyed &= member & ~listed
    named = np.flatnonzero(keyed & (messages >= 0))
    nameless = np.flatnonzero(keyed & (messages < 0) & ~_is(event, "sent", "suppressed"))
    group = np.full(len(event), -1, dtype=np.int64)
    group[named] = number_pairs(messages[named], recipients.codes[named])
    base = int(group.max(initial=-1)) + 1
    final = ~_is(event[nameless], "deferral")
    group[nameless] = base + join_deferrals(
        recipients.codes[nameless], time[nameless], final, event[nameless]
    )
    base += len(nameless)
    alone = np.flatnonzero(member & (group < 0))
    group[alone] = base + np.arange(len(alone))
    return _close_up(group, base + len(alone))


def _close_up(group: Ints, size: int) -> tuple[Ints, int]:
    """Renumber so that no number is left out."""
    used = np.zeros(size, dtype=bool)
    used[group[group >= 0]] = True
    if used.all():
        return group, size
    return look_up(np.cumsum(used) - 1, group), int(used.sum())


def _last(rows: Ints, group: Ints, time: Ints, size: int, ties: tuple[npt.NDArray, ...]) -> Ints:
    """Find the last row of each message among ``rows``; -1 where there is none."""
    found = last_of(group[rows], size, *(tie[rows] for tie in ties), time[rows])
    return look_up(rows, found)


def _tie_breaks(table: pd.DataFrame) -> tuple[npt.NDArray, ...]:
    """Give what decides between rows of the same time, least important first."""
    kind = codes(table, "bounce_type")
    certain = np.where(kind < 0, -1, UNDETERMINED - kind)
    return source_codes(table)[0], codes(table, "reason"), ~guessed_rows(table), certain


def _earliest(rows: Ints, group: Ints, time: Ints, size: int) -> Ints:
    first = np.full(size, _LATEST, dtype=np.int64)
    np.minimum.at(first, group[rows], time[rows])
    first[first == _LATEST] = UNTIMED
    return first


def _encode_both(table: pd.DataFrame) -> tuple[Keys, Keys]:
    """Turn messages and addresses into codes side by side: Arrow leaves Python's lock alone."""
    with ThreadPoolExecutor(2) as pool:
        messages = pool.submit(_keys.message_keys, table["message_id"])
        recipients = pool.submit(_keys.recipient_keys, table["recipient"])
        return messages.result(), recipients.result()


def _is(event: Codes, *names: str) -> Bools:
    chosen = np.zeros(len(EVENTS) + 1, dtype=bool)
    chosen[[EVENTS.index(name) for name in names]] = True
    return chosen[event]
