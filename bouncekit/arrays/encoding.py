"""Texts as integers: one small number for each distinct value."""

from collections.abc import Callable, Iterable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bouncekit.arrays.memory import remembered

Ints = npt.NDArray[np.int64]
Texts: TypeAlias = pa.Array | pa.ChunkedArray

# A table of this many entries for each row costs less than looking values up.
_SPARSE = 8
_SMALL = 65_536


def one_array(texts: Texts) -> pa.Array:
    """Give a column in one piece."""
    if not isinstance(texts, pa.ChunkedArray):
        return texts
    whole = texts.combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        return whole.chunk(0) if whole.num_chunks else pa.array([], texts.type)
    return whole


def arrow(values: pd.Series) -> pa.Array:
    """Give a pandas column of text as one Arrow array."""
    return one_array(pa.array(values, from_pandas=True)).cast(pa.large_string())


def encode(texts: Texts) -> tuple[Ints, pa.Array]:
    """Return the code of each row (-1: missing) and the distinct texts, in order of appearance."""
    encoded = one_array(pc.dictionary_encode(texts))
    indices = encoded.indices.fill_null(-1) if encoded.indices.null_count else encoded.indices
    return indices.to_numpy(zero_copy_only=False).astype(np.int64), encoded.dictionary


@remembered
def encoded(values: pd.Series) -> tuple[Ints, pa.Array]:
    """Return the same for a pandas column, worked out once as long as the column lives."""
    return encode(arrow(values))


def look_up(values: npt.NDArray, codes: Ints, missing: int = -1) -> npt.NDArray:
    """Take ``values[codes]``, and ``missing`` where the code is -1."""
    if not len(values):
        return np.full(len(codes), missing, dtype=values.dtype)
    taken = values[codes]
    absent = codes < 0
    if absent.any():
        taken[absent] = missing
    return taken


def combine(columns: Iterable[tuple[Ints, int]], rows: int) -> tuple[Ints, Ints]:
    """Give a number to each distinct combination of several columns of codes.

    Parameters
    ----------
    columns : iterable of (codes, count)
        Codes from -1 to ``count - 1``.
    rows : int
        Length of each column.

    Returns
    -------
    tuple of (numbers, first)
        For each row the number of its combination; for each combination the
        first row that has it.
    """
    numbers, count = np.zeros(rows, np.int64), min(rows, 1)
    for codes, size in columns:
        if size == 0 or not rows:
            continue
        numbers, count = _renumber(numbers * (size + 1) + (codes + 1), count * (size + 1))
    first = np.empty(count, np.int64)
    first[numbers[::-1]] = np.arange(rows - 1, -1, -1)
    return numbers, first


def _renumber(values: Ints, limit: int) -> tuple[Ints, int]:
    """Give numbers without gaps to values below ``limit``."""
    if limit > max(_SPARSE * len(values), _SMALL):
        numbers, distinct = pd.factorize(values)
        return numbers.astype(np.int64), len(distinct)
    used = np.zeros(limit, bool)
    used[values] = True
    numbers = np.cumsum(used) - 1
    return numbers[values], int(numbers[-1]) + 1


def replaced(
    texts: pa.Array,
    where: pa.Array,
    function: Callable[[str], str | None],
    source: pa.Array | None = None,
) -> pa.Array:
    """Put what ``function`` makes of ``source`` (the texts themselves) in the places of ``where``.

    For the few texts of a column that Arrow cannot deal with; each distinct
    one is looked at once.
    """
    found = (texts if source is None else source).filter(where).to_pylist()
    if not found:
        return texts
    known = {text: None if text is None else function(text) for text in set(found)}
    made = pa.array([known[text] for text in found], texts.type)
    return pc.replace_with_mask(texts, where, made)
