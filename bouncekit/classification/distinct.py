"""A million failures as the few hundred that differ.

Rows that agree in fingerprint, codes, provider, exporter's word, source and
event mean the same, so each such combination is decided once.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bouncekit import addresses
from bouncekit.classification.fingerprints import normalise, strip_varying
from bouncekit.classification.matching import Clues, read_clues
from bouncekit.taxonomy import GUESSED_RECIPIENT


class DistinctFailures:
    """The distinct failures of a table: what rules can tell apart, and no more.

    Parameters
    ----------
    rows : DataFrame
        Rows of a bounce table.

    Attributes
    ----------
    place : ndarray
        For each row the number of its distinct failure.
    """

    def __init__(self, rows: pd.DataFrame) -> None:
        self.place = np.zeros(len(rows), dtype=np.int64)
        self._values: list[list[Any]] = []
        self._codes: list[np.ndarray] = []
        self._add_text(rows["diagnostic"])
        self._add(rows["smtp_code"], lambda code: int(code))
        self._add(rows["enhanced_code"], str)
        self._add(rows["remote_mta"], addresses.provider_of_host)
        self._add(rows["domain"], addresses.provider_of_domain)
        self._add(rows["vendor_type"], vendor_word)
        self._add(rows["source"], str)
        self._add(rows["event"], str)
        self._combine()

    def _add_text(self, texts: pd.Series) -> None:
        encoded = pc.dictionary_encode(pa.array(texts, pa.large_string()))
        stripped = pc.dictionary_encode(strip_varying(encoded.dictionary))
        to_stripped = stripped.indices.to_numpy(zero_copy_only=False)
        plain, values = _distinct(stripped.dictionary.to_pylist(), normalise)
        raw = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        self._append(_through(_through(raw, to_stripped), plain), values)

    def _add(self, column: pd.Series, change: Callable[[Any], Any]) -> None:
        codes, uniques = pd.factorize(column)
        places, values = _distinct(list(uniques), change)
        self._append(_through(codes, places), values)

    def _append(self, codes: np.ndarray, values: list[Any]) -> None:
        self._codes.append(codes)
        self._values.append(values)

    def _combine(self) -> None:
        for codes, values in zip(self._codes, self._values, strict=True):
            mixed = self.place * (len(values) + 1) + codes + 1
            self.place = pd.factorize(mixed)[0]

    def clues(self) -> list[Clues]:
        """Give one set of clues for each distinct combination."""
        _, first = np.unique(self.place, return_index=True)
        columns = [
            [values[code] if code >= 0 else None for code in codes[first]]
            for codes, values in zip(self._codes, self._values, strict=True)
        ]
        return [read_clues(text or "", *rest) for text, *rest in zip(*columns, strict=True)]


def _distinct(items: list[Any], change: Callable[[Any], Any]) -> tuple[np.ndarray, list[Any]]:
    """Apply ``change`` to each item; give the place of each result, and the results once."""
    places: dict[Any, int] = {}
    codes = [
        -1 if value is None else places.setdefault(value, len(places))
        for value in map(change, items)
    ]
    return np.array(codes, dtype=np.int64), list(places)


def _through(codes: np.ndarray, mapping: np.ndarray) -> np.ndarray:
    if not len(mapping):
        return np.full(len(codes), -1, dtype=np.int64)
    return np.where(codes < 0, -1, mapping[codes])


def vendor_word(vendor_type: str | None) -> str:
    """Return the exporter's own word as rules compare it, without our marks."""
    return (vendor_type or "").removesuffix(GUESSED_RECIPIENT).rstrip("/").strip().casefold()
