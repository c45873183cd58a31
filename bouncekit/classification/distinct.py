"""A million failures as the few hundred that differ.

Rows that agree in fingerprint (numbers that no rule knows apart), codes,
provider, exporter's word, source and event mean the same, so each such
combination is decided once.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from bouncekit import addresses
from bouncekit.arrays.encoding import Ints, arrow, combine, encode, encoded, look_up
from bouncekit.arrays.threads import blocks, in_threads
from bouncekit.classification.fingerprints import normalise, strip_varying
from bouncekit.classification.matching import Clues, read_clues
from bouncekit.classification.numbers import KnownNumbers
from bouncekit.taxonomy import GUESSED_RECIPIENT

NEEDED = (
    *("event", "smtp_code", "enhanced_code", "diagnostic", "vendor_type", "source"),
    "remote_mta",
)
"""Columns of the table by which a failure is decided, beside the domain."""
_BLOCK = 50_000


class DistinctFailures:
    """The distinct failures of a table: what rules can tell apart, and no more.

    Parameters
    ----------
    rows : DataFrame
        A bounce table.
    failed : ndarray of int64
        The rows of it that are failures.
    numbers : KnownNumbers
        Which numbers in a text the rules can tell apart.

    Attributes
    ----------
    place : ndarray
        For each row the number of its distinct failure.
    """

    def __init__(self, table: pd.DataFrame, failed: Ints, numbers: KnownNumbers) -> None:
        self._values: list[list[Any]] = []
        self._codes: list[Ints] = []
        # To take all rows would copy a million texts.
        rows = table if len(failed) == len(table) else table[list(NEEDED)].iloc[failed]
        self._append(*_texts(rows["diagnostic"], numbers))
        self._add(rows["smtp_code"], int)
        self._add(rows["enhanced_code"], str)
        self._add(rows["remote_mta"], addresses.provider_of_host)
        # Reading left the codes of domains behind.
        places, domains = encoded(table["domain"])
        self._add_codes(places[failed], domains.to_pylist(), addresses.provider_of_domain)
        self._add(rows["vendor_type"], vendor_word)
        self._add(rows["source"], str)
        self._add(rows["event"], str)
        sizes = (len(values) for values in self._values)
        self.place, self._first = combine(zip(self._codes, sizes, strict=True), len(failed))

    def _add(self, column: pd.Series, change: Callable[[Any], Any]) -> None:
        self._add_codes(*_factorised(column), change)

    def _add_codes(self, codes: Ints, uniques: list[Any], change: Callable[[Any], Any]) -> None:
        places, values = _distinct(uniques, change)
        self._append(look_up(places, codes), values)

    def _append(self, codes: Ints, values: list[Any]) -> None:
        self._codes.append(codes)
        self._values.append(values)

    def clues(self) -> list[Clues]:
        """Give one set of clues for each distinct combination."""
        columns = [
            [values[code] if code >= 0 else None for code in codes[self._first]]
            for codes, values in zip(self._codes, self._values, strict=True)
        ]
        return [read_clues(text or "", *rest) for text, *rest in zip(*columns, strict=True)]


def _texts(column: pd.Series, numbers: KnownNumbers) -> tuple[Ints, list[str]]:
    """Give the code of each row's fingerprint, and the fingerprints."""
    codes, texts = encode(arrow(column))
    parts = in_threads(lambda rows: strip_varying(texts[rows]), blocks(len(texts), _BLOCK))
    to_stripped, stripped = encode(pa.chunked_array(parts, pa.large_string()))
    groups, first = numbers.alike(stripped)
    # Where a rule's pattern may tell numbers apart, each text stands for itself.
    alone = np.array([numbers.tell(normalise(t)) for t in stripped.take(first).to_pylist()], bool)
    chosen = np.where(look_up(alone, groups), np.arange(len(stripped)), look_up(first, groups))
    chosen, to_chosen = np.unique(chosen, return_inverse=True)
    plain, values = _distinct(stripped.take(chosen).to_pylist(), normalise)
    return look_up(look_up(plain[to_chosen], to_stripped), codes), values


def _factorised(column: pd.Series) -> tuple[Ints, list[Any]]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy().astype(np.int64), column.cat.categories.to_list()
    if isinstance(column.dtype, pd.StringDtype):
        codes, texts = encode(arrow(column))
        return codes, texts.to_pylist()
    codes, uniques = pd.factorize(column)
    return codes.astype(np.int64), list(uniques)


def _distinct(items: list[Any], change: Callable[[Any], Any]) -> tuple[np.ndarray, list[Any]]:
    """Apply ``change`` to each item; give the place of each result, and the results once."""
    places: dict[Any, int] = {}
    codes = [
        -1 if value is None else places.setdefault(value, len(places))
        for value in map(change, items)
    ]
    return np.array(codes, dtype=np.int64), list(places)


def vendor_word(vendor_type: str | None) -> str:
    """Return the exporter's own word as rules compare it, without our marks."""
    return (vendor_type or "").removesuffix(GUESSED_RECIPIENT).rstrip("/").strip().casefold()
