"""Why a delivery failed: the first rule that matches decides.

Each distinct combination of text, codes, receiving host and exporter's word
is decided once and mapped back to the rows, however many there are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from bouncekit import addresses
from bouncekit.classification.distinct import NEEDED, DistinctFailures, vendor_word
from bouncekit.classification.fingerprints import fingerprint
from bouncekit.classification.matching import Clues, Match, read_clues
from bouncekit.classification.numbers import KnownNumbers
from bouncekit.classification.rulebook import Rule, load_rules
from bouncekit.classification.ruleindex import RuleIndex
from bouncekit.schema import TEXT, dtypes, require
from bouncekit.taxonomy import FAILURES, reasons

UNKNOWN_REASON = "undetermined"
UNEXPLAINED = (UNKNOWN_REASON, "unspecified")
"""Reasons that say no cause."""

_FILLED = ("bounce_type", "reason", "category", "rule")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one failure; the columns of the table under the same names."""

    text: str | None = None
    smtp_code: int | None = None
    enhanced_code: str | None = None
    remote_mta: str | None = None
    domain: str | None = None
    vendor_type: str | None = None
    source: str | None = None
    event: str = "bounce"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a failure means, and which rule said so.

    Parameters
    ----------
    reason, bounce_type, category : str
        Values of the columns of the same names.
    rule : str
        Id of the rule that decided; empty where none matched.
    matched : tuple of str
        The words that matched, as the rule sees them (case folded).
    confidence : {'strong', 'fair', 'weak'}
        How sure the conclusion is.
    runner_up : str or None
        Id of the next rule that matched and says another reason.
    advice : {'stop', 'blocked', 'insiders', 'trap'} or None
        Why not to mail this person again, whatever the reason.
    """

    reason: str
    bounce_type: str
    category: str
    rule: str = ""
    matched: tuple[str, ...] = ()
    confidence: str = "weak"
    runner_up: str | None = None
    advice: str | None = None


class Classifier:
    """Decides failures by rules; build it once and use it for many tables.

    Parameters
    ----------
    rules : str, Path or None
        A rules file of the user's own, read before ours.

    Raises
    ------
    RuleError
        If the rules file is wrong.
    """

    def __init__(self, rules: str | Path | None = None) -> None:
        self.rules: tuple[Rule, ...] = load_rules(rules)
        self._index = RuleIndex(self.rules)
        self._numbers = KnownNumbers(self.rules)
        self._by_id = {rule.id: rule for rule in self.rules}

    def rule(self, name: str) -> Rule | None:
        """Return the rule with this id."""
        return self._by_id.get(name)

    def decide(self, evidence: Evidence) -> Decision:
        """Decide one failure, and name the rule that comes second."""
        clues = clues_of(evidence)
        matches = self._index.matches(clues)
        first = next(matches, None)
        if first is None:
            return _outcome(None, clues)
        rivals = (m for m in matches if m.rule.reason not in (first.rule.reason, *UNEXPLAINED))
        second = next(rivals, None)
        return replace(_outcome(first, clues), runner_up=second.rule.id if second else None)

    def classify(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return a copy with ``bounce_type``, ``reason``, ``category`` and ``rule`` filled.

        Parameters
        ----------
        table : DataFrame
            A bounce table; rows whose event is neither bounce nor deferral
            get missing values.
        """
        require(table, *NEEDED, "domain")
        failed = np.flatnonzero(table["event"].isin(FAILURES).to_numpy())
        keys = DistinctFailures(table, failed, self._numbers)
        firsts = ((next(self._index.matches(clues), None), clues) for clues in keys.clues())
        decisions = [_outcome(first, clues) for first, clues in firsts]
        result = table.copy()
        for name in _FILLED:
            result[name] = _spread(
                [getattr(d, name) for d in decisions], keys.place, failed, table, name
            )
        return result


def classify(table: pd.DataFrame, rules: str | Path | None = None) -> pd.DataFrame:
    """Fill in why each failure happened, and whether the address is to blame.

    Parameters
    ----------
    table : DataFrame
        A bounce table (the result of ``bk.read``).
    rules : str, Path or None
        A TOML file of rules of one's own, or its text, read before ours; a
        rule with an id of ours replaces it.

    Returns
    -------
    DataFrame
        A copy with ``bounce_type``, ``reason``, ``category`` and ``rule``
        filled for the events bounce and deferral, missing elsewhere. A
        deferral is never hard.

    Raises
    ------
    RuleError
        If the rules file is wrong.
    TableError
        If the table lacks a column.
    """
    return classifier_for(rules).classify(table)


def classifier_for(rules: str | Path | None = None) -> Classifier:
    """Give a classifier; the one of the kit's own rules is built once."""
    return _own_rules() if rules is None else Classifier(rules)


@cache
def _own_rules() -> Classifier:
    return Classifier()


def clues_of(evidence: Evidence) -> Clues:
    """Bring the evidence of one failure into the form that rules test."""
    return read_clues(
        fingerprint(evidence.text),
        evidence.smtp_code,
        evidence.enhanced_code,
        addresses.provider_of_host(evidence.remote_mta),
        addresses.provider_of_domain(evidence.domain),
        vendor_word(evidence.vendor_type),
        evidence.source,
        evidence.event,
    )


def _outcome(first: Match | None, clues: Clues) -> Decision:
    name = first.rule.reason if first else UNKNOWN_REASON
    reason = reasons()[name]
    bounce_type = (first and first.rule.bounce_type) or reason.bounce_type
    temporary = name == "not_accept" and clues.temporary
    if bounce_type == "hard" and (clues.event == "deferral" or temporary):
        bounce_type = "soft"
    if first is None:
        return Decision(name, bounce_type, reason.category)
    return Decision(
        reason=name,
        bounce_type=bounce_type,
        category=reason.category,
        rule=first.rule.id,
        matched=first.words,
        confidence=first.rule.confidence,
        advice=first.rule.advice,
    )


def _spread(
    values: list[str], place: np.ndarray, failed: np.ndarray, table: pd.DataFrame, name: str
) -> pd.Series:
    dtype = dtypes()[name]
    if isinstance(dtype, pd.CategoricalDtype):
        known: Mapping[str, int] = {value: code for code, value in enumerate(dtype.categories)}
        codes = np.full(len(table), -1, dtype=np.int64)
        codes[failed] = np.array([known[value] for value in values], dtype=np.int64)[place]
        return pd.Series(pd.Categorical.from_codes(codes, dtype=dtype), index=table.index)
    rows = np.full(len(table), -1, dtype=np.int64)
    rows[failed] = place
    texts = pd.array([value or None for value in values], dtype=TEXT)
    return pd.Series(texts.take(rows, allow_fill=True), index=table.index)
