"""The parts that rates are split into: by provider, campaign, reason ..."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bouncekit.analysis._columns import by_reason
from bouncekit.analysis._denominators import Denominator, counts_by
from bouncekit.analysis._keys import Ints, labels
from bouncekit.analysis._messages import Outcomes
from bouncekit.schema import require
from bouncekit.taxonomy import reasons

WHOLE_PERIOD = ("reason", "category", "source", "rule")
"""Splits of the failures only: what was sent has no reason."""

SPLITS = ("provider", "org_domain", "domain", "campaign", "sender", "sending_ip", "remote_mta")
"""Splits that sent messages have too, so that each part has a denominator of its own."""


@dataclass(frozen=True, slots=True)
class Split:
    """The parts that messages (and counts of sends) fall into."""

    by: str | None
    names: list[str]
    messages: Ints
    counts: Ints | None
    whole_period: bool


def split_by(messages: Outcomes, below: Denominator, by: str | None) -> Split:
    """Say which part each message belongs to; the part after the last name is "missing"."""
    if by is None:
        nothing = np.zeros(len(messages.outcome), dtype=np.int64)
        rows = below.counts.table if below.counts else None
        counts = None if rows is None else np.zeros(len(rows), dtype=np.int64)
        return Split(by, [""], nothing, counts, whole_period=False)
    if by in WHOLE_PERIOD:
        found, names = _failure_parts(messages, by)
        return Split(by, names, np.where(found < 0, len(names), found), None, whole_period=True)
    found, names = messages.carry(by)
    counts = None
    if below.counts is not None:
        values = counts_by(below.counts, by, messages.table)
        if values is not None:
            names, found, counts = _merge_names(names, found, values)
    return Split(by, names, np.where(found < 0, len(names), found), counts, whole_period=False)


def _failure_parts(messages: Outcomes, by: str) -> tuple[Ints, list[str]]:
    if by == "source":
        return messages.source()
    if by == "rule":
        require(messages.table, "rule")
        rows, names = labels(messages.table["rule"])
        return np.where(messages.failed, rows[messages.row], -1), names
    reason = messages.reason().astype(np.int64)
    if by == "reason":
        return reason, list(reasons())
    names = sorted(set(by_reason("category")))
    place = np.array([names.index(name) for name in by_reason("category")] + [-1])
    return place[reason], names


def _merge_names(names: list[str], found: Ints, values: pd.Series) -> tuple[list[str], Ints, Ints]:
    """Bring the parts of the messages and of the sends table to one list."""
    texts = [None if pd.isna(value) else str(value) for value in values]
    merged = sorted({*names, *(text for text in texts if text is not None)})
    place = {name: i for i, name in enumerate(merged)}
    remap = np.array([place[name] for name in names] + [-1], dtype=np.int64)
    counts = np.array([len(merged) if t is None else place[t] for t in texts], dtype=np.int64)
    return merged, remap[found], counts
