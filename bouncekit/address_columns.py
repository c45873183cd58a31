"""Addresses by the column: plain ones in Arrow, the others one by one.

A million recipients are mostly different, so there is nothing to be gained
by looking at the distinct ones only; but nearly all are plain.
"""

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from bouncekit import addresses

TEXT = pa.large_string()

# What `addresses.clean` leaves as it is, and whose key is its lower case. No
# groups and no counted repeats: those make this a hundred times slower.
_PLAIN = (
    r"^[A-Za-z0-9_+=%&/~-][A-Za-z0-9_.+=%&/~'-]*"
    r"@[a-z0-9_-]+(?:\.[a-z0-9_-]*[a-z0-9_])+$"
)
_LONGEST = 254


def clean(column: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return the cleaned addresses of a column, and their ASCII domains."""
    others = _others(column)
    domain = pc.if_else(others, pa.scalar(None, TEXT), _behind_at(column))
    cleaned = _patched(column, others, addresses.clean)
    return cleaned, _patched(domain, others, addresses.domain_of, cleaned)


def keys(column: pa.Array) -> pa.Array:
    """Return the matching keys of a column of cleaned addresses."""
    masked = pc.fill_null(pc.match_substring_regex(column, "^[xX]{3,}@"), False)
    others = pc.or_(_others(column), masked)
    return _patched(pc.ascii_lower(column), others, addresses.key, column)


def _others(column: pa.Array) -> pa.Array:
    """Mark the addresses that are not plain."""
    plain = pc.and_(
        pc.match_substring_regex(column, _PLAIN),
        pc.less_equal(pc.binary_length(column), _LONGEST),
    )
    coded = pc.match_substring(column, "xn--")
    return pc.fill_null(pc.or_(pc.invert(plain), coded), False)


def _behind_at(column: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(column, "^[^@]*@", "")


def _patched(
    column: pa.Array,
    others: pa.Array,
    function: Callable[[str], str | None],
    source: pa.Array | None = None,
) -> pa.Array:
    """Put what ``function`` makes of ``source`` in the places of ``others``."""
    texts = (column if source is None else source).filter(others).to_pylist()
    if not texts:
        return column
    seen = {text: None if text is None else function(text) for text in set(texts)}
    return pc.replace_with_mask(column, others, pa.array([seen[text] for text in texts], TEXT))
