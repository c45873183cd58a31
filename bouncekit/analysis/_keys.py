"""Texts as integers: one small number for each distinct message or address.

Everything that follows works on these numbers; a text is looked at once per
distinct value, whatever the number of rows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bouncekit import addresses
from bouncekit.arrays import encoding
from bouncekit.arrays.encoding import arrow, look_up
from bouncekit.identity import ODD_ID, message_key

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# What this describes is its own key, so that Python looks at the other texts only.
_PLAIN_ADDRESS = r"^[a-z0-9!#$%&'+/=?^_`{|}~.-]+@[a-z0-9._-]*[a-z0-9]$"


@dataclass(frozen=True, slots=True)
class Keys:
    """A text column as numbers.

    Parameters
    ----------
    codes : ndarray of int64
        One per row, -1 where there is no text.
    texts : pyarrow.Array
        The key that each code stands for.
    matchable : ndarray of bool
        By code: whether equal keys mean the same thing. A masked address
        never does.
    spellings : mapping
        Code to the text that was found, where that differs from the key.
    """

    codes: Ints
    texts: pa.Array
    matchable: Bools
    spellings: Mapping[int, str] = field(default_factory=dict)


def message_keys(values: pd.Series) -> Keys:
    """Give a number to each message that the rows speak of."""
    codes, texts = encode(values)
    odd = pc.match_substring_regex(texts, ODD_ID)
    return _rekey(codes, texts, odd, message_key, keep_unmatchable=False)


def recipient_keys(values: pd.Series) -> Keys:
    """Give a number to each address; masked ones have one too, and match nothing."""
    codes, texts = encode(values)
    odd = pc.or_(
        pc.invert(pc.match_substring_regex(texts, _PLAIN_ADDRESS)),
        pc.match_substring_regex(texts, r"^x{3,}@"),
    )
    return _rekey(codes, texts, odd, addresses.key, keep_unmatchable=True)


def encode(values: pd.Series) -> tuple[Ints, pa.Array]:
    """Return the code of each row (-1: missing) and the distinct texts."""
    return encoding.encode(arrow(values))


def labels(values: pd.Series) -> tuple[Ints, list[str]]:
    """Return codes and distinct texts with the texts in sorted order."""
    codes, texts = encode(values)
    order = pc.sort_indices(texts).to_numpy(zero_copy_only=False).astype(np.int64)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return look_up(rank, codes), texts.take(pa.array(order)).to_pylist()


def _rekey(
    codes: Ints,
    texts: pa.Array,
    odd: pa.Array,
    key: Callable[[str], str | None],
    *,
    keep_unmatchable: bool,
) -> Keys:
    """Bring different spellings of one key to one code."""
    if not pc.any(odd, min_count=0).as_py():
        return Keys(codes, texts, np.ones(len(texts), dtype=bool))
    strange = texts.filter(odd).to_pylist()
    found = [key(text) for text in strange]
    masked = [text for text, known in zip(strange, found, strict=True) if known is None and text]
    if keep_unmatchable:
        found = [known or text or None for text, known in zip(strange, found, strict=True)]
    replaced = pc.replace_with_mask(texts, odd, pa.array(found, pa.large_string()))
    again = pc.dictionary_encode(replaced)
    remap = again.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    matchable = np.ones(len(again.dictionary), dtype=bool)
    if keep_unmatchable and masked:
        is_masked = pc.is_in(again.dictionary, pa.array(masked, pa.large_string()))
        matchable = ~is_masked.to_numpy(zero_copy_only=False)
    plain = ~odd.to_numpy(zero_copy_only=False)
    spellings = _spellings(remap[~plain], strange, set(remap[plain].tolist()))
    return Keys(look_up(remap, codes), again.dictionary, matchable, spellings)


def _spellings(codes: Ints, texts: list[str], plain: set[int]) -> dict[int, str]:
    """Choose for each code what to show: the key itself, else the first in the alphabet."""
    chosen: dict[int, str] = {}
    for code, text in zip(codes.tolist(), texts, strict=True):
        if code >= 0 and code not in plain:
            chosen[code] = min(text, chosen.get(code, text))
    return chosen
