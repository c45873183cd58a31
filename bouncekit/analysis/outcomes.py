"""What became of each message to each recipient: the table under every analysis.

One row of a bounce table is an event; a message has several. Definitions 3, 5
and 7 turn events into outcomes here and nowhere else.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from bouncekit.analysis import _keys
from bouncekit.analysis._grouping import UNTIMED, join_deferrals, number_pairs
from bouncekit.analysis._keys import Bools, Ints, Keys, look_up
from bouncekit.analysis.sends import Sends, read_sends
from bouncekit.errors import TableError
from bouncekit.readers import readers
from bouncekit.schema import GUESSED_RECIPIENT, TIME, dtypes, require
from bouncekit.taxonomy import BOUNCE_TYPES, CATEGORIES, EVENTS, reasons

SENT, DELIVERED, DEFERRAL, BOUNCE, SUPPRESSED = range(5)
OUTCOMES = ("sent", "delivered", "deferral", "bounce", "suppressed")
"""Final outcomes; a ``suppressed`` message was never tried, so it was not sent either."""

HARD, SOFT, UNDETERMINED = range(3)

_NEEDED = ("timestamp", "event", "recipient", "message_id", "bounce_type", "reason", "source")
_LATEST = np.iinfo(np.int64).max
_Codes = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Messages with their final outcomes; arrays have one entry per message.

    Parameters
    ----------
    table : DataFrame
        The rows that it was made from: the bounce table, and a ``sent`` row
        for each message of a sends table.
    sends : Sends or None
        The sends table that was given.
    recipients : Keys
        Address of each *row* of ``table``.
    event : ndarray of int8
        Event of each row, its place in ``taxonomy.EVENTS``.
    group : ndarray of int64
        Message of each row, -1 for rows that are no part of one (complaints).
    row : ndarray of int64
        The row that decided: the last bounce, delivery or deferral.
    recipient : ndarray of int64
        Address, a code into ``recipients.texts``; -1 where it is unknown.
    outcome : ndarray of int8
        Place in :data:`OUTCOMES`.
    sent_at, first_at, at : ndarray of int64
        Microseconds UTC: sending, first event, the event that decided;
        ``UNTIMED`` where not known.
    deferrals : ndarray of int64
        Deferral rows of the message.
    has_sent, in_sends, listed : ndarray of bool
        Whether there is a sent event; whether the sends table has the
        message; whether a state list and no event told of it.
    """

    table: pd.DataFrame
    sends: Sends | None
    recipients: Keys
    event: _Codes
    group: Ints
    row: Ints
    recipient: Ints
    outcome: _Codes
    sent_at: Ints
    first_at: Ints
    at: Ints
    deferrals: Ints
    has_sent: Bools
    in_sends: Bools
    listed: Bools

    @property
    def period_at(self) -> Ints:
        """Time by which a message belongs to a period: its sending, else its event."""
        return np.where(self.sent_at != UNTIMED, self.sent_at, self.at)

    @property
    def start_at(self) -> Ints:
        """Time by which messages follow each other: sending, else first event."""
        return np.where(self.sent_at != UNTIMED, self.sent_at, self.first_at)

    @property
    def failed(self) -> Bools:
        """Whether a bounce or a deferral is the outcome."""
        return (self.outcome == BOUNCE) | (self.outcome == DEFERRAL)

    def bounce_type(self) -> _Codes:
        """Give place in ``BOUNCE_TYPES`` per message; -1 unless it failed.

        A deferral is never hard; a failure that nobody classified is undetermined.
        """
        found = codes(self.table, "bounce_type")[self.row]
        found = np.where(found < 0, UNDETERMINED, found)
        found = np.where((self.outcome == DEFERRAL) & (found == HARD), SOFT, found)
        return np.where(self.failed, found, -1).astype(np.int8)

    def reason(self) -> _Codes:
        """Give place in the taxonomy's reasons per message; -1 unless it failed."""
        return np.where(self.failed, codes(self.table, "reason")[self.row], -1).astype(np.int8)

    def source(self) -> tuple[Ints, list[str]]:
        """Give the source of the deciding row as codes and their names."""
        row_codes, names = _sources(self.table)
        return row_codes[self.row], names

    def guessed(self) -> Bools:
        """Say for which failures the recipient is only a guess from the original's ``To``."""
        return self.failed & _guessed(self.table)[self.row]

    def carry(self, column: str) -> tuple[Ints, list[str]]:
        """Give each message its value of a text column, from any of its rows.

        Returns
        -------
        codes, names
            -1 where no row has a value; where rows differ, the first in
            alphabetical order, so that the order of rows does not matter.
        """
        row_codes, names = _keys.labels(self.table[column])
        found = np.full(len(self.row), len(names), dtype=np.int64)
        known = (row_codes >= 0) & (self.group >= 0)
        np.minimum.at(found, self.group[known], row_codes[known])
        return np.where(found == len(names), -1, found), names

    def frame(self) -> pd.DataFrame:
        """Return the messages as a table for people, in order of time.

        Returns
        -------
        DataFrame
            ``message_id``, ``recipient``, ``outcome``, ``bounce_type``,
            ``reason``, ``category``, ``heals``, ``deferrals``, ``sent``,
            ``first``, ``last`` (UTC), ``source``, ``domain``, ``org_domain``,
            ``provider``, ``campaign``.
        """
        rows = self.table.iloc[self.row].reset_index(drop=True)
        reason, kind = self.reason(), self.bounce_type()
        whose, heals = _by_reason("category"), _by_reason("heals")
        frame = pd.DataFrame(
            {
                "message_id": rows["message_id"],
                "recipient": rows["recipient"],
                "outcome": pd.Categorical.from_codes(self.outcome, list(OUTCOMES)),
                "bounce_type": pd.Categorical.from_codes(kind, list(BOUNCE_TYPES)),
                "reason": pd.Categorical.from_codes(reason, list(reasons())),
                "category": pd.Categorical(_pick(whose, reason), list(CATEGORIES)),
                "heals": pd.Series(_pick(heals, reason), dtype="str"),
                "deferrals": self.deferrals,
                "sent": moments(self.sent_at),
                "first": moments(self.first_at),
                "last": moments(self.at),
                "source": rows["source"],
            }
        )
        for column in ("domain", "org_domain", "provider", "campaign"):
            found, names = self.carry(column)
            frame[column] = pd.Series(_pick(names, found), dtype="str")
        order = ["first", "recipient", "message_id", "outcome", "reason"]
        return frame.sort_values(order, ignore_index=True)


def outcomes(table: "pd.DataFrame | Outcomes", sends: object = None) -> Outcomes:
    """Work out what became of each message to each recipient.

    The latest of delivered and bounce decides (a tie, or a bounce without a
    time: the bounce), else deferral, else sent. A bounce after the delivery
    of its own message cancels that delivery. Complaints, automatic replies
    and unsubscribes are no outcomes. Rows that name no message: a final event
    is its own message, and the deferrals of that recipient in the 5 days
    before join it. Rows of a state list stand for themselves.

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
    return _outcomes(table, given, from_table=size)


# Longer than most: it is the one list of steps from rows to messages.
def _outcomes(table: pd.DataFrame, sends: Sends | None, *, from_table: int) -> Outcomes:
    event = codes(table, "event")
    time = micros(table["timestamp"])
    messages, recipients = _encode_both(table)
    listed = _listed(table)
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
        sends=sends,
        recipients=recipients,
        event=event,
        group=group,
        row=row,
        recipient=recipients.codes[row],
        outcome=outcome,
        sent_at=_earliest(sent[timed[sent]], group, time, size),
        first_at=_earliest(np.flatnonzero(timed), group, time, size),
        at=time[row],
        deferrals=np.bincount(group[deferred], minlength=size),
        has_sent=has(sent),
        in_sends=has(np.arange(from_table, len(table))),
        listed=listed[row],
    )


def _decide(last: dict[int, Ints], time: Ints) -> tuple[_Codes, Ints]:
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
    messages: Ints, recipients: Keys, time: Ints, event: _Codes, listed: Bools, member: Bools
) -> tuple[Ints, int]:
    """Number the message of each row; rows that are no part of one have -1."""
    keyed = look_up(recipients.matchable.astype(np.int64), recipients.codes, 0) > 0
    keyed &= member & ~listed
    named = np.flatnonzero(keyed & (messages >= 0))
    nameless = np.flatnonzero(keyed & (messages < 0) & ~_is(event, "sent", "suppressed"))
    group = np.full(len(event), -1, dtype=np.int64)
    group[named] = number_pairs(messages[named], recipients.codes[named])
    base = int(group.max(initial=-1)) + 1
    final = ~_is(event[nameless], "deferral")
    group[nameless] = base + join_deferrals(recipients.codes[nameless], time[nameless], final)
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
    last = np.full(size, -1, dtype=np.int64)
    where = group[rows]
    last[where] = rows
    # Only messages that several rows speak of need sorting.
    several = np.bincount(where, minlength=size)[where] > 1 if len(rows) else np.zeros(0, bool)
    rows = rows[several]
    order = np.lexsort((*(tie[rows] for tie in ties), time[rows], group[rows]))
    # Of repeated positions the last assignment stays.
    last[group[rows[order]]] = rows[order]
    return last


def _tie_breaks(table: pd.DataFrame) -> tuple[npt.NDArray, ...]:
    """Give what decides between rows of the same time, least important first."""
    kind = codes(table, "bounce_type")
    certain = np.where(kind < 0, -1, UNDETERMINED - kind)
    return _sources(table)[0], codes(table, "reason"), ~_guessed(table), certain


def _earliest(rows: Ints, group: Ints, time: Ints, size: int) -> Ints:
    first = np.full(size, _LATEST, dtype=np.int64)
    np.minimum.at(first, group[rows], time[rows])
    first[first == _LATEST] = UNTIMED
    return first


def _encode_both(table: pd.DataFrame) -> tuple[Keys, Keys]:
    """Number messages and addresses side by side: Arrow leaves Python's lock alone."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        messages = pool.submit(_keys.message_keys, table["message_id"])
        recipients = pool.submit(_keys.recipient_keys, table["recipient"])
        return messages.result(), recipients.result()


def codes(table: pd.DataFrame, name: str) -> _Codes:
    """Return a categorical column as places in its fixed list; -1 where missing."""
    values, dtype = table[name], dtypes()[name]
    if values.dtype != dtype:
        stray = sorted(set(values.dropna().astype(str)) - set(dtype.categories))
        if stray:
            msg = f"column {name!r}: {stray[0]!r} is not one of {', '.join(dtype.categories)}"
            raise TableError(msg)
        values = values.astype(dtype)
    return values.cat.codes.to_numpy()


def micros(values: pd.Series) -> Ints:
    """Return times as microseconds UTC, :data:`UNTIMED` where missing."""
    if not isinstance(values.dtype, pd.DatetimeTZDtype):
        values = pd.to_datetime(values, utc=True)
    return pd.DatetimeIndex(values).as_unit("us").asi8


def moments(values: Ints) -> pd.Series:
    """Return microseconds UTC as a column of times; the inverse of :func:`micros`."""
    naive = values.view("datetime64[us]")
    return pd.Series(pd.DatetimeIndex(naive).tz_localize("UTC")).astype(TIME)


def _is(event: _Codes, *names: str) -> Bools:
    chosen = np.zeros(len(EVENTS) + 1, dtype=bool)
    chosen[[EVENTS.index(name) for name in names]] = True
    return chosen[event]


def _sources(table: pd.DataFrame) -> tuple[Ints, list[str]]:
    values = table["source"]
    if not isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype("category")
    return values.cat.codes.to_numpy().astype(np.int64), list(values.cat.categories)


@cache
def _state_lists() -> frozenset[str]:
    return frozenset(reader.name for reader in readers() if reader.kind == "state list")


def _listed(table: pd.DataFrame) -> Bools:
    found, names = _sources(table)
    flags = np.array([name in _state_lists() for name in names] + [False], dtype=bool)
    return flags[found]


def _guessed(table: pd.DataFrame) -> Bools:
    if "vendor_type" not in table:
        return np.zeros(len(table), dtype=bool)
    found, texts = _keys.encode(table["vendor_type"])
    flags = [text.endswith(GUESSED_RECIPIENT) for text in texts.to_pylist()]
    return look_up(np.array(flags, dtype=np.int64), found, 0) > 0


@cache
def _by_reason(field: str) -> list[str]:
    return [getattr(reason, field) for reason in reasons().values()]


def by_reason(field: str) -> list[str]:
    """Give a field of the taxonomy (``heals``, ``counts``, ``category``) by reason code."""
    return list(_by_reason(field))


def _pick(names: list[str], found: npt.NDArray) -> list[str | None]:
    return [names[i] if i >= 0 else None for i in found.tolist()]
