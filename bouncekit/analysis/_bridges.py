"""What lies between our count of a measure and a provider's: entries by cause, with their rows.

We count messages, once, with their final outcome, in the period of their
sending. A provider counts events, in the period of the event and in days of
its own zone. Each entry says that a row adds to (or takes from) the
provider's count of a period, and why.
"""

from dataclasses import dataclass

import numpy as np

from bouncekit.analysis import _periods as periods
from bouncekit.analysis._columns import Codes, by_reason, codes, listed_rows, micros
from bouncekit.analysis._denominators import denominator
from bouncekit.analysis._grouping import UNTIMED, last_of
from bouncekit.analysis._keys import Bools, Ints
from bouncekit.analysis._messages import (
    BOUNCE,
    DEFERRAL,
    DELIVERED,
    HARD,
    SUPPRESSED,
    Outcomes,
)
from bouncekit.errors import BouncekitError
from bouncekit.taxonomy import EVENTS

MEASURES = ("sent", "delivered", "bounces", "hard", "soft", "blocked", "deferred")
ALWAYS = ("other_source", "time_zone", "event_day", "repeated", "overtaken")
"""Causes that follow from how events are counted, whatever a provider includes."""
CHOICES = ("suppressed", "deferrals", "blocks", "duplicates")
"""Causes that hang on what a provider includes; those that fit its numbers are taken."""
NO_DATA = "no_data"
CAUSES = (*ALWAYS, *CHOICES, NO_DATA)


@dataclass(frozen=True, slots=True)
class Frame:
    """How periods are cut, by us and by the provider, and whose events count.

    Parameters
    ----------
    freq, tz, provider_tz : str
        Length of a period; our zone and the provider's.
    source : str or None
        The reader whose rows are the provider's; None for all.
    """

    freq: str
    tz: str
    provider_tz: str
    source: str | None

    def ours(self, times: Ints) -> Ints:
        """Return our period of each time, as a number."""
        return periods.period_of_day(periods.local_days(times, self.tz), self.freq)

    def theirs(self, times: Ints) -> Ints:
        """Return the provider's period of each time."""
        return periods.period_of_day(periods.local_days(times, self.provider_tz), self.freq)


@dataclass(frozen=True, slots=True)
class Entries:
    """Rows that make a difference: period, +1 or -1, and the row of the bounce table."""

    period: Ints
    sign: Ints
    row: Ints

    @classmethod
    def of(cls, period: Ints, sign: int, row: Ints) -> "Entries":
        """Make entries that all have one sign."""
        return cls(period, np.full(len(row), sign, dtype=np.int64), row)

    def total(self, low: int, size: int) -> Ints:
        """Add the signs up by period."""
        inside = (self.period >= low) & (self.period < low + size)
        where = self.period[inside] - low
        return np.bincount(where, self.sign[inside], minlength=size).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Measured:
    """One measure: our messages by period, and the entries by cause."""

    ours: Entries
    causes: dict[str, Entries]


def provider_rows(messages: Outcomes, frame: Frame) -> Bools:
    """Mark the rows that are the provider's events, of messages and with a time.

    Raises
    ------
    BouncekitError
        If nothing was read by that reader.
    """
    found, names = messages.row_sources()
    rows = (messages.group >= 0) & ~listed_rows(messages.table)
    rows &= np.arange(len(rows)) < messages.own_rows
    if frame.source is not None:
        if frame.source not in set(np.array(names, dtype=object)[np.unique(found[found >= 0])]):
            present = sorted({names[code] for code in np.unique(found) if code >= 0})
            msg = f"source {frame.source!r} read nothing here; use one of: {', '.join(present)}"
            raise BouncekitError(msg)
        rows &= found == names.index(frame.source)
    return rows & (micros(messages.table["timestamp"]) != UNTIMED)


def measure(messages: Outcomes, name: str, frame: Frame, theirs: Bools) -> Measured:
    """Bridge one measure from our count to the provider's."""
    ours, counted = _counted(messages, name)
    if frame.source is not None:
        # Of mail that the provider never saw its dashboard says nothing.
        ours &= _touched(messages, theirs)
    rows = np.flatnonzero(counted & theirs)
    if name == "sent" and not len(rows):
        # A source without sent events: a message was sent if it tells of its end.
        told = _touched(messages, theirs)
        return _bridge(messages, ours, told, messages.row, messages.start_at, frame)
    return _of_events(messages, ours, rows, frame)


def _touched(messages: Outcomes, rows: Bools) -> Bools:
    """Say which messages any of the rows speaks of."""
    found = np.zeros(len(messages.outcome), dtype=bool)
    found[messages.group[rows]] = True
    return found


def _counted(messages: Outcomes, name: str) -> tuple[Bools, Bools]:
    """Say which messages we count for a measure, and which rows a provider counts."""
    events = {"sent": "sent", "delivered": "delivered", "deferred": "deferral"}
    rows = messages.event == EVENTS.index(events.get(name, "bounce"))
    if name == "sent":
        below = denominator(messages)
        known = below.counted if below.kind != "sends table" else messages.has_sent
        return known & (messages.outcome != SUPPRESSED), rows
    final = {"delivered": DELIVERED, "deferred": DEFERRAL}.get(name, BOUNCE)
    ours = (messages.outcome == final) & ~messages.listed
    kind, by_row = messages.bounce_type(), codes(messages.table, "bounce_type")
    if name == "hard":
        return ours & (kind == HARD), rows & (by_row == HARD)
    if name == "soft":
        return ours & (kind != HARD), rows & (by_row != HARD)
    if name == "blocked":
        return ours & _policy(messages.reason()), rows & _policy(codes(messages.table, "reason"))
    return ours, rows


def _of_events(messages: Outcomes, ours: Bools, rows: Ints, frame: Frame) -> Measured:
    """Compare messages with events: the last event of a message is the one that counts."""
    time = micros(messages.table["timestamp"])
    group, size = messages.group[rows], len(ours)
    place = last_of(group, size, rows, time[rows], messages.row[group] == rows)
    told = place >= 0
    last = np.append(rows, -1)[place]
    found = _bridge(messages, ours, told, last, np.append(time, UNTIMED)[last], frame)
    again = rows[rows != last[group]]
    counted = ours[messages.group[again]]
    overtaken = np.concatenate([again[~counted], last[told & ~ours]])
    causes = found.causes | {
        "repeated": Entries.of(frame.theirs(time[again[counted]]), 1, again[counted]),
        "overtaken": Entries.of(frame.theirs(time[overtaken]), 1, overtaken),
    }
    return Measured(found.ours, causes)


def _bridge(
    messages: Outcomes, ours: Bools, told: Bools, row: Ints, at: Ints, frame: Frame
) -> Measured:
    """Follow our messages from their period to that of the provider's event."""
    start = np.where(messages.start_at != UNTIMED, messages.start_at, at)
    counted = np.flatnonzero(ours & (start != UNTIMED))
    first = frame.ours(start[counted])
    unknown = ~told[counted]
    both = counted[~unknown]
    zone, event = frame.theirs(start[both]), frame.theirs(at[both])
    return Measured(
        ours=Entries.of(first, 1, messages.row[counted]),
        causes={
            "other_source": Entries.of(first[unknown], -1, messages.row[counted[unknown]]),
            "time_zone": _moved(first[~unknown], zone, row[both]),
            "event_day": _moved(zone, event, row[both]),
        },
    )


def _moved(before: Ints, after: Ints, row: Ints) -> Entries:
    """Take rows out of one period and put them into another."""
    differs = before != after
    count = int(differs.sum())
    return Entries(
        np.concatenate([before[differs], after[differs]]),
        np.repeat(np.array([-1, 1], dtype=np.int64), count),
        np.concatenate([row[differs], row[differs]]),
    )


def choices(messages: Outcomes, name: str, frame: Frame, theirs: Bools) -> dict[str, Entries]:
    """List what a provider may include or leave out of a measure, by cause."""
    found = {}
    time = micros(messages.table["timestamp"])
    if name in ("sent", "bounces", "hard"):
        rows = np.flatnonzero(theirs & (messages.event == EVENTS.index("suppressed")))
        found["suppressed"] = Entries.of(frame.theirs(time[rows]), 1, rows)
    if name in ("bounces", "soft"):
        still = np.flatnonzero((messages.outcome == DEFERRAL) & theirs[messages.row])
        rows = messages.row[still]
        found["deferrals"] = Entries.of(frame.theirs(time[rows]), 1, rows)
    if name in ("bounces", "soft", "hard"):
        blocked = (messages.outcome == BOUNCE) & _policy(messages.reason()) & theirs[messages.row]
        rows = messages.row[np.flatnonzero(blocked & (messages.bounce_type() != HARD))]
        sign = 1 if name == "hard" else -1
        found["blocks"] = Entries.of(frame.theirs(time[rows]), sign, rows)
    return {cause: entries for cause, entries in found.items() if len(entries.row)}


def _policy(reason: Codes) -> Bools:
    """Say which reasons are of policy or content."""
    whose = np.isin(by_reason("category"), ("policy", "content"))
    return np.asarray(np.append(whose, False)[reason], dtype=bool)
