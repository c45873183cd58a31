"""Findings of one kind: weeks in which far more failed than usual."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from bouncekit.addresses import provider_title
from bouncekit.analysis import _periods as periods
from bouncekit.analysis._columns import by_reason, codes
from bouncekit.analysis._denominators import denominator
from bouncekit.analysis._found import Found, Look, own_rows, percent
from bouncekit.analysis._grouping import UNTIMED
from bouncekit.analysis._keys import Bools
from bouncekit.analysis._messages import BOUNCE, HARD, SOFT, Outcomes
from bouncekit.analysis._surges import Part, Surge, surges
from bouncekit.analysis.statistics import wilson
from bouncekit.taxonomy import EVENTS, reasons

_WEIGHTS = {"hard": 3.0, "sender": 2.0, "held": 0.5}
"""What a failed message of each kind weighs; a dead domain weighs as dead addresses do."""


def incidents(look: Look) -> Iterator[Found]:
    """Find weeks in which far more failed than usual, and in which part of the mail."""
    messages = look.messages
    start = messages.start_at
    # A table of counts names no message; the mail that the events tell of stands for it.
    below = look.below
    if below.counts is not None:
        below = denominator(replace(messages, sends=None))
    counted = below.counted & (start != UNTIMED)
    week = np.zeros(len(start), dtype=np.int64)
    week[counted] = periods.period_of_day(periods.local_days(start[counted], look.tz), "W")
    parts = _parts(messages)
    explained = np.zeros(len(start), dtype=bool)
    for name, failed in _failures(messages).items():
        chosen = parts if name == "hard" else {k: v for k, v in parts.items() if k != "org_domain"}
        for surge in surges(failed & ~explained, counted, week, chosen):
            # What was held up and then given up is one incident.
            explained[surge.messages] = True
            yield _told(look, name, surge)


def _parts(messages: Outcomes) -> dict[str, Part]:
    whole = Part("all", np.zeros(len(messages.outcome), dtype=np.int64), [""])
    found = {"all": whole, "source": Part("source", *messages.source())}
    for column, lasting in (("provider", True), ("campaign", False), ("org_domain", False)):
        found[column] = Part(column, *messages.carry(column), lasting=lasting)
    return found


def _failures(messages: Outcomes) -> dict[str, Bools]:
    """Say which messages failed hard, for a cause of the sender's, or were held up at first."""
    heals = np.array([name == "sender" for name in by_reason("heals")] + [False])
    kind, bounced = messages.bounce_type(), messages.outcome == BOUNCE
    row_reason = codes(messages.table, "reason")
    # Greylisting holds up every first mail on purpose.
    late = (messages.event == EVENTS.index("deferral")) & (messages.group >= 0)
    late &= row_reason != list(reasons()).index("greylisted")
    held = np.zeros(len(bounced), dtype=bool)
    held[messages.group[late]] = True
    return {
        "hard": bounced & (kind == HARD),
        "held": held,
        "sender": bounced & (kind == SOFT) & heals[messages.reason()],
    }


def _told(look: Look, kind: str, surge: Surge) -> Found:
    """Say what one surge is."""
    first, last = _weeks(surge.first, surge.last, look.tz)
    value = surge.count / surge.n
    low, high = (float(limit) for limit in wilson(surge.count, surge.n))
    if surge.part == "org_domain":
        kind = "domain_hard"
    shown = provider_title(surge.name) if surge.part == "provider" else surge.name
    where = look.say(f"in_{surge.part}", name=shown) if surge.part != "all" else ""
    parts = [
        look.say(
            f"surge_{kind}",
            where=where,
            when=look.when(first, last),
            value=percent(value),
            low=percent(low),
            high=percent(high),
            usual=percent(surge.usual),
            count=f"{surge.count:,}",
            n=f"{surge.n:,}",
        ),
        *_detail(look, kind, surge),
    ]
    return Found(
        kind=kind,
        text=("" if look.lang == "zh" else " ").join(parts),
        score=(surge.count - surge.n * surge.usual) * _WEIGHTS.get(kind, _WEIGHTS["hard"]),
        value=value,
        low=low,
        high=high,
        usual=surge.usual,
        count=surge.count,
        n=surge.n,
        first=first,
        last=last,
        by=None if surge.part == "all" else surge.part,
        where=None if surge.part == "all" else surge.name,
        rows=own_rows(look.messages, look.messages.row[surge.messages]),
    )


def _detail(look: Look, kind: str, surge: Surge) -> Iterator[str]:
    """Add what makes a surge plain: its reason, or that the addresses are new."""
    messages = look.messages
    if kind == "domain_hard":
        return
    if kind == "hard":
        who = messages.recipient[surge.messages]
        start = messages.start_at
        before = np.zeros(len(messages.recipients.texts) + 1, dtype=bool)
        begin = start[surge.messages].min()
        before[messages.recipient[(start < begin) & (start != UNTIMED)]] = True
        fresh = (who >= 0) & ~before[who]
        yield look.say("fresh", share=percent(fresh.mean()))
        return
    place = codes(messages.table, "reason")[messages.row[surge.messages]]
    place = place[place >= 0]
    if len(place):
        common = int(np.bincount(place).argmax())
        yield look.say("mostly", reason=look.reason(list(reasons())[common]))


def _weeks(first: int, last: int, tz: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the Monday of the first week and the Sunday of the last."""
    days = periods.first_day(np.array([first, last + 1]), "W") - np.array([0, 1])
    begin, end = periods.midnights(days, tz)
    return begin, end
