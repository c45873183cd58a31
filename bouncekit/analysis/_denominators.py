"""What stands below the line of a rate, and how that is known (definition 7)."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from bouncekit import addresses
from bouncekit.analysis._keys import Bools
from bouncekit.analysis._messages import BOUNCE, DELIVERED, SUPPRESSED, Outcomes
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
    counts : Sends or None
        That table.
    without_sends : tuple of str
        Sources that report no sends, whose delivered and bounced messages
        count as sent beside the sent events of others.
    """

    kind: Kind
    counted: Bools
    counts: Sends | None = None
    without_sends: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether there is any denominator."""
        return self.kind != "none"


def denominator(messages: Outcomes) -> Denominator:
    """Choose the denominator: the sends table, else sent, else delivered + bounced.

    Sent events and deliveries speak for the source that reports them only: a
    source with neither (a mailbox of bounces) adds nothing below the line.
    """
    nothing = np.zeros(len(messages.outcome), dtype=bool)
    tried = messages.outcome != SUPPRESSED
    if messages.sends is not None:
        counts = messages.sends if messages.sends.kind == "counts" else None
        return Denominator("sends table", messages.in_sends & tried, counts)
    source, names = messages.row_sources()
    sent = messages.has_sent & tried & ~messages.listed
    ended = ((messages.outcome == DELIVERED) | (messages.outcome == BOUNCE)) & ~messages.listed

    delivers = messages.sources_with("delivered") & ~messages.sources_with("sent")
    told = delivers[source] & (messages.group >= 0)
    told &= np.isin(messages.event, (EVENTS.index("delivered"), EVENTS.index("bounce")))
    finals = nothing.copy()
    finals[messages.group[told]] = True
    finals &= ended & ~sent
    if sent.any():
        beside = tuple(np.array([*names, "unnamed"], dtype=object)[delivers])
        return Denominator("sent events", sent | finals, None, beside)
    if finals.any():
        return Denominator("delivered + bounced", finals)
    return Denominator("none", nothing)


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
