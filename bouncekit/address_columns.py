"""Addresses by the column: plain ones in Arrow, the others one by one.

A million recipients are mostly different, so there is nothing to be gained
by looking at the distinct ones only; but nearly all are plain.
"""

import pyarrow as pa
import pyarrow.compute as pc

from bouncekit import addresses
from bouncekit.arrays.buffers import behind_last
from bouncekit.arrays.encoding import replaced

# What `addresses.clean` leaves as it is, and whose key is its lower case. No
# groups and no counted repeats: those make this a hundred times slower.
_PLAIN = (
    r"^[A-Za-z0-9_+=%&/~-][A-Za-z0-9_.+=%&/~'-]*"
    r"@[a-z0-9_-]+(?:\.[a-z0-9_-]*[a-z0-9_])+$"
)
# Of those: A-labels, which people read in another form, and what may be a mask.
_NOT_SO_PLAIN = r"xn--|^[xX]{3,}@"
_LONGEST = 254


def located(column: pa.Array) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Return the cleaned addresses of a column, their ASCII domains and their matching keys."""
    others = _others(column)
    cleaned = replaced(column, others, addresses.clean)
    domains = replaced(behind_last(column, "@"), others, addresses.domain_of, cleaned)
    return cleaned, domains, replaced(pc.ascii_lower(column), others, addresses.key, cleaned)


def clean(column: pa.Array) -> pa.Array:
    """Return the cleaned addresses of a column."""
    return replaced(column, _others(column), addresses.clean)


def keys(column: pa.Array) -> pa.Array:
    """Return the matching keys of a column of cleaned addresses."""
    return replaced(pc.ascii_lower(column), _others(column), addresses.key, column)


def _others(column: pa.Array) -> pa.Array:
    """Mark the addresses that are not plain."""
    plain = pc.and_(
        pc.match_substring_regex(column, _PLAIN),
        pc.less_equal(pc.binary_length(column), _LONGEST),
    )
    doubtful = pc.match_substring_regex(column, _NOT_SO_PLAIN)
    return pc.fill_null(pc.or_(pc.invert(plain), doubtful), False)
