"""The failures of each address, and which of them count against it (definition 8)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bouncekit.analysis._columns import by_reason
from bouncekit.analysis._grouping import QUEUE_LIFE, UNTIMED
from bouncekit.analysis._keys import Bools, Ints
from bouncekit.analysis._messages import BOUNCE, DEFERRAL, DELIVERED, HARD, UNDETERMINED, Outcomes
from bouncekit.arrays.encoding import look_up

NEVER = np.iinfo(np.int64).max
"""Place in time of a failure without a time: after everything, as nothing is known to follow."""


@dataclass(frozen=True, slots=True)
class Failures:
    """Failed messages to known addresses; one entry per message.

    Parameters
    ----------
    message : ndarray of int64
        Place in the ``Outcomes``.
    recipient, reason : ndarray
        Codes of address and reason.
    start, failed_at : ndarray of int64
        When the message started (``NEVER`` where unknown) and failed.
    hard : ndarray of bool
        The address will never work.
    contradictory : ndarray of bool
        Called hard for a reason that is never the address's fault.
    counts : ndarray of bool
        Adds to the soft bounces in a row.
    sure : ndarray of bool
        Neither undetermined nor for a guessed recipient.
    guessed : ndarray of bool
        The recipient is a guess from the original's ``To``.
    """

    message: Ints
    recipient: Ints
    reason: npt.NDArray[np.int8]
    start: Ints
    failed_at: Ints
    hard: Bools
    contradictory: Bools
    counts: Bools
    sure: Bools
    guessed: Bools

    def take(self, chosen: Bools) -> "Failures":
        """Return those that are chosen."""
        return Failures(*(getattr(self, name)[chosen] for name in self.__slots__))


def failures(messages: Outcomes, as_of: int) -> Failures:
    """List the failures: bounces, and deferrals that nothing followed for 5 days.

    Such a deferral is a failure only where its source reports deliveries too;
    elsewhere the delivery may have gone unseen.
    """
    known = look_up(messages.recipients.matchable.astype(np.int64), messages.recipient, 0) > 0
    given_up = (messages.outcome == DEFERRAL) & _reports_deliveries(messages)
    given_up &= (messages.decided_at != UNTIMED) & (
        as_of - np.maximum(messages.decided_at, 0) >= QUEUE_LIFE
    )
    failed = known & ((messages.outcome == BOUNCE) | given_up)
    kind, reason = messages.bounce_type(), messages.reason()
    against = np.array([counts != "no" for counts in by_reason("counts")] + [True])[reason]
    guessed = messages.guessed()
    failed &= ~_told_twice(messages, failed, kind == HARD)
    place = np.flatnonzero(failed)
    start = messages.start_at[place]
    return Failures(
        message=place,
        recipient=messages.recipient[place],
        reason=reason[place],
        start=np.where(start == UNTIMED, NEVER, start),
        failed_at=messages.decided_at[place],
        hard=((kind == HARD) & against)[place],
        contradictory=((kind == HARD) & ~against)[place],
        counts=((kind != HARD) & against)[place],
        sure=((kind != UNDETERMINED) & ~guessed)[place],
        guessed=guessed[place],
    )


def last_delivered_start(messages: Outcomes, size: int) -> Ints:
    """Give by address the start of the last message that it took; ``UNTIMED`` for none."""
    return _latest(messages, messages.start_at, size)


def last_delivery(messages: Outcomes, size: int) -> Ints:
    """Give by address when it last took a message; ``UNTIMED`` for never."""
    return _latest(messages, messages.decided_at, size)


def delivered_to(messages: Outcomes, size: int) -> Bools:
    """Say by address whether it ever took a message."""
    found = np.zeros(size, dtype=bool)
    rows = (messages.outcome == DELIVERED) & (messages.recipient >= 0)
    found[messages.recipient[rows]] = True
    return found


def _latest(messages: Outcomes, time: Ints, size: int) -> Ints:
    last = np.full(size, UNTIMED, dtype=np.int64)
    rows = (messages.outcome == DELIVERED) & (messages.recipient >= 0)
    np.maximum.at(last, messages.recipient[rows], time[rows])
    return last


def _reports_deliveries(messages: Outcomes) -> Bools:
    return messages.sources_with("delivered")[messages.source()[0]]


def _told_twice(messages: Outcomes, failed: Bools, hard: Bools) -> Bools:
    """Mark soft entries of state lists for addresses whose failures events tell of.

    The list has no message id, so the same failure would count twice.
    """
    told = np.zeros(len(messages.recipients.texts) + 1, dtype=bool)
    told[messages.recipient[failed & ~messages.listed]] = True
    return messages.listed & ~hard & told[messages.recipient]
