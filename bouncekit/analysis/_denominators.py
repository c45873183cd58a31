"""What stands below the line of a rate, and how that is known (definition 7)."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from bouncekit import addresses
from bouncekit.analysis._grouping import UNTIMED
from bouncekit.analysis._keys import Bools
from bouncekit.analysis._messages import BOUNCE, DEFERRAL, DELIVERED, SUPPRESSED, Outcomes
from bouncekit.analysis.sends import Sends, providers_of
from bouncekit.identity import map_distinct
from bouncekit.taxonomy import EVENTS

Kind = Literal["sends table", "sent events", "delivered + bounced", "none"]


@dataclass(frozen=True, slots=True)
class Denominator:
    """Which messages count as sent.

    Parameters
    ----------
    kind : str
        ``sends table``, ``sent events``, ``delivered + bounced`` or ``none``.
    counted : ndarray of bool
        By message: whether it counts as sent. All false where a table of
        counts says how many were.
    population : ndarray of bool
        By message: whether its failure may stand above the line. Those that
        count as sent, and messages that a source without sends still defers;
        all of them where a table of counts, or nothing, says what was sent.
    counts : Sends or None
        That table.
    without_sends : tuple of str
        Sources that report no sends, whose delivered and bounced messages
        count as sent beside the sent events of others.
    """

    kind: Kind
    counted: Bools
    population: Bools
    counts: Sends | None = None
    without_sends: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether there is any denominator."""
        return self.kind != "none"


def denominator(messages: Outcomes) -> Denominator:
    """Choose the denominator: the sends table, else sent, else delivered + bounced.

    Sent events and deliveries speak for the source that reports them only: a
    source with neither (a mailbox of bounces) adds nothing below the line, so
    its bounces do not stand above it either.
    """
    nothing = np.zeros(len(messages.outcome), dtype=bool)
    everything = ~nothing
    tried = messages.outcome != SUPPRESSED
    if messages.sends is not None:
        if messages.sends.kind == "counts":
            return Denominator("sends table", nothing, everything, messages.sends)
        counted = messages.in_sends & tried
        return Denominator("sends table", counted, counted)
    # A sending without a time belongs to no period, and its bounce may have one.
    dated = messages.sent_at != UNTIMED
    sent = messages.has_sent & dated & tried & ~messages.listed
    delivers = messages.sources_with("delivered") & ~messages.sources_with("sent")
    ended = _told_by(messages, delivers, "delivered", "bounce") & ~sent & ~messages.listed
    ended &= (messages.outcome == DELIVERED) | (messages.outcome == BOUNCE)
    deferred = _told_by(messages, delivers, "deferral") & (messages.outcome == DEFERRAL)
    if sent.any():
        names = messages.row_sources()[1]
        beside = tuple(np.array([*names, "unnamed"], dtype=object)[delivers])
        return Denominator("sent events", sent | ended, sent | ended | deferred, None, beside)
    if ended.any():
        return Denominator("delivered + bounced", ended, ended | deferred)
    return Denominator("none", nothing, everything)


def _told_by(messages: Outcomes, sources: Bools, *events: str) -> Bools:
    """Say which messages such an event of one of the sources tells of."""
    rows = sources[messages.row_sources()[0]] & (messages.group >= 0)
    rows &= np.isin(messages.event, [EVENTS.index(event) for event in events])
    found = np.zeros(len(messages.outcome), dtype=bool)
    found[messages.group[rows]] = True
    return found


def counts_by(sends: Sends, column: str, table: pd.DataFrame) -> pd.Series | None:
    """Return the value of ``column`` for each row of a counts table, None where unknown."""
    if column in ("campaign", "domain"):
        return sends.table[column] if column in sends.columns else None
    if "domain" not in sends.columns or column not in ("org_domain", "provider"):
        return None
    domain = sends.table["domain"]
    if column == "org_domain":
        return map_distinct(domain, addresses.org_domain)
    seen = providers_of(table)
    return map_distinct(
        domain, lambda name: seen.get(name) or addresses.provider_of_domain(name) or addresses.OTHER
    )
