"""Messages and what became of them; made by :mod:`bouncekit.analysis.outcomes`."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bouncekit.analysis import _keys
from bouncekit.analysis._columns import (
    Codes,
    by_reason,
    categorical,
    codes,
    guessed_rows,
    listed_rows,
    micros,
    moments,
    pick,
    source_codes,
)
from bouncekit.analysis._grouping import UNTIMED
from bouncekit.analysis._keys import Bools, Ints, Keys
from bouncekit.analysis.sends import Sends
from bouncekit.schema import require
from bouncekit.taxonomy import BOUNCE_TYPES, CATEGORIES, EVENTS, reasons

SENT, DELIVERED, DEFERRAL, BOUNCE, SUPPRESSED = range(5)
OUTCOMES = ("sent", "delivered", "deferral", "bounce", "suppressed")
"""Final outcomes; a ``suppressed`` message was never tried, so it was not sent either."""

HARD, SOFT, UNDETERMINED = range(3)


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Messages with their final outcomes; arrays have one entry per message.

    Parameters
    ----------
    table : DataFrame
        The rows that it was made from: the bounce table, and a ``sent`` row
        for each message of a sends table.
    own_rows : int
        How many of those rows, the first ones, are the bounce table's.
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
    sent_at, first_at, decided_at : ndarray of int64
        Microseconds UTC: sending, first event, the event that decided;
        ``UNTIMED`` where not known.
    deferrals : ndarray of int64
        Deferral rows of the message.
    has_sent, in_sends, listed : ndarray of bool
        Whether there is a sent event; whether the sends table has the
        message; whether a state list and no event told of it.
    """

    table: pd.DataFrame
    own_rows: int
    sends: Sends | None
    recipients: Keys
    event: Codes
    group: Ints
    row: Ints
    recipient: Ints
    outcome: Codes
    sent_at: Ints
    first_at: Ints
    decided_at: Ints
    deferrals: Ints
    has_sent: Bools
    in_sends: Bools
    listed: Bools

    @property
    def start_at(self) -> Ints:
        """Time by which messages follow each other and belong to a period.

        Its sending, else its first event: of a message that was put off on
        Friday and bounced on Monday that is much nearer to its sending.
        """
        return np.where(self.sent_at != UNTIMED, self.sent_at, self.first_at)

    @property
    def latest(self) -> int:
        """Latest time in the bounce table, ``UNTIMED`` where it has none."""
        return int(micros(self.table["timestamp"].iloc[: self.own_rows]).max(initial=UNTIMED))

    @property
    def failed(self) -> Bools:
        """Whether a bounce or a deferral is the outcome."""
        return (self.outcome == BOUNCE) | (self.outcome == DEFERRAL)

    def bounce_type(self) -> Codes:
        """Give place in ``BOUNCE_TYPES`` per message; -1 unless it failed.

        A deferral is never hard; a failure that nobody classified is undetermined.
        """
        found = codes(self.table, "bounce_type")[self.row]
        found = np.where(found < 0, UNDETERMINED, found)
        found = np.where((self.outcome == DEFERRAL) & (found == HARD), SOFT, found)
        return np.where(self.failed, found, -1).astype(np.int8)

    def reason(self) -> Codes:
        """Give place in the taxonomy's reasons per message; -1 unless it failed."""
        return np.where(self.failed, codes(self.table, "reason")[self.row], -1).astype(np.int8)

    def source(self) -> tuple[Ints, list[str]]:
        """Give the source of the deciding row as codes and their names."""
        row_codes, names = self.row_sources()
        return row_codes[self.row], names

    def row_sources(self) -> tuple[Ints, list[str]]:
        """Give the source of each row as codes (-1: not named) and their names."""
        return source_codes(self.table)

    def sources_with(self, event: str) -> Bools:
        """Say by source code which sources report such events; the last is "not named"."""
        row_codes, names = self.row_sources()
        found = np.zeros(len(names) + 1, dtype=bool)
        rows = (self.event == EVENTS.index(event)) & ~listed_rows(self.table)
        found[row_codes[: self.own_rows][rows[: self.own_rows]]] = True
        return found

    def recorders(self) -> Bools:
        """Say by source code which report sends or deliveries, and so are a record of mail."""
        return self.sources_with("sent") | self.sources_with("delivered")

    def guessed(self) -> Bools:
        """Say for which failures the recipient is only a guess from the original's ``To``."""
        return self.failed & guessed_rows(self.table)[self.row]

    def carry(self, column: str) -> tuple[Ints, list[str]]:
        """Give each message its value of a text column, from any of its rows.

        Returns
        -------
        codes, names
            -1 where no row has a value; where rows differ, the first in
            alphabetical order, so that the order of rows does not matter.

        Raises
        ------
        TableError
            If the table lacks the column.
        """
        require(self.table, column)
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
        whose, heals = by_reason("category"), by_reason("heals")
        frame = pd.DataFrame(
            {
                "message_id": rows["message_id"],
                "recipient": rows["recipient"],
                "outcome": categorical(self.outcome, OUTCOMES),
                "bounce_type": categorical(kind, BOUNCE_TYPES),
                "reason": categorical(reason, reasons()),
                "category": pd.Categorical(pick(whose, reason), list(CATEGORIES)),
                "heals": pd.Series(pick(heals, reason), dtype="str"),
                "deferrals": self.deferrals,
                "sent": moments(self.sent_at),
                "first": moments(self.first_at),
                "last": moments(self.decided_at),
                "source": rows["source"],
            }
        )
        for column in ("domain", "org_domain", "provider", "campaign"):
            found, names = self.carry(column)
            frame[column] = pd.Series(pick(names, found), dtype="str")
        order = ["first", "recipient", "message_id", "outcome", "reason"]
        return frame.sort_values(order, ignore_index=True)
