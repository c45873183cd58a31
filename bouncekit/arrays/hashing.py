"""128-bit hashes of whole columns: MurmurHash3_x64_128 with seed 0, in numpy.

The algorithm is Austin Appleby's, in the public domain: 16 bytes at a time
are mixed into two 64-bit halves by multiplication and rotation, and both are
mixed once more at the end. The same bytes have the same hash everywhere: no
byte order, hash seed, block size or number of threads enters.

It is no cryptographic hash. Who can write a file that is read could make two
different texts share a hash, but gains no more by it than by writing one of
them twice.
"""

from binascii import hexlify

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from bouncekit.arrays.buffers import (
    Bytes,
    Ints,
    Words,
    eight_bytes,
    from_layout,
    layout,
    overlapping,
    padded,
)
from bouncekit.arrays.threads import blocks, in_threads

Hashes = npt.NDArray[np.uint64]
"""One row per text: both halves of its hash."""

# Rows of a block: some ten arrays of this length lie in the second-level cache.
_ROWS = 16_384
_HEX_DIGITS = 32

_C1, _C2 = np.uint64(0x87C37B91114253D5), np.uint64(0x4CF5AD432745937F)
_F1, _F2 = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
_N1, _N2 = np.uint64(0x52DCE729), np.uint64(0x38495AB5)
_FIVE = np.uint64(5)


def hash_texts(texts: pa.Array) -> Hashes:
    """Return the hash of each text's UTF-8 bytes; of a missing one that of no bytes."""
    starts, content = layout(texts)
    lengths = np.diff(starts)
    if texts.null_count:
        lengths[texts.is_null().to_numpy(zero_copy_only=False)] = 0
    hashes = np.empty((len(texts), 2), np.uint64)

    def work(rows: slice) -> None:
        first, last = starts[rows.start], starts[rows.stop]
        hashes[rows] = _hash_rows(padded(content, first, last), starts[rows] - first, lengths[rows])

    in_threads(work, blocks(len(texts), _ROWS))
    return hashes


def _hash_rows(content: Bytes, starts: Ints, lengths: Ints) -> Hashes:
    words = overlapping(content)
    whole = lengths >> 4
    # The longest come first, so that those with a k-th block are the first so many.
    order = np.argsort(-whole, kind="stable")
    starts, lengths, whole = starts[order], lengths[order], whole[order]
    h1, h2 = np.zeros(len(order), np.uint64), np.zeros(len(order), np.uint64)
    for block in range(int(whole[0])):
        count = int(np.searchsorted(-whole, -block))
        at = starts[:count] + 16 * block
        _mix(h1[:count], h2[:count], words[at], words[at + 8])
    at, rest = starts + 16 * whole, lengths & 15
    k1, k2 = eight_bytes(content, at, rest), eight_bytes(content, at + 8, rest - 8)
    h1 ^= _scramble(k1, _C1, 31, _C2)
    h2 ^= _scramble(k2, _C2, 33, _C1)
    result = np.empty((len(order), 2), np.uint64)
    result[order] = _finished(h1, h2, lengths.astype(np.uint64))
    return result


def hash_words(*columns: npt.NDArray) -> Hashes:
    """Return the hash of each row of an even number of columns of 64-bit integers.

    It is that of the row's integers, written one after the other in the
    little-endian order of bytes.
    """
    hashes = np.empty((len(columns[0]), 2), np.uint64)
    length = np.uint64(8 * len(columns))

    def work(rows: slice) -> None:
        parts = [column[rows].astype(np.int64, copy=False).view(np.uint64) for column in columns]
        h1, h2 = (np.zeros(len(parts[0]), np.uint64) for _ in range(2))
        for k1, k2 in zip(parts[::2], parts[1::2], strict=True):
            _mix(h1, h2, k1, k2)
        hashes[rows] = _finished(h1, h2, length)

    in_threads(work, blocks(len(hashes), _ROWS))
    return hashes


def hexadecimal(hashes: Hashes) -> pa.Array:
    """Write each hash as 32 hexadecimal digits."""
    # All the digits at once, cut every 32 places: a million small strings cost more.
    digits = np.frombuffer(hexlify(hashes.astype(">u8").data), np.uint8)
    return from_layout(np.arange(0, len(digits) + 1, _HEX_DIGITS, dtype=np.int64), digits)


def _mix(h1: Words, h2: Words, k1: Words, k2: Words) -> None:
    """Mix 16 more bytes of each row into both halves, in place."""
    h1 ^= _scramble(k1, _C1, 31, _C2)
    _rotate(h1, 27)
    h1 += h2
    h1 *= _FIVE
    h1 += _N1
    h2 ^= _scramble(k2, _C2, 33, _C1)
    _rotate(h2, 31)
    h2 += h1
    h2 *= _FIVE
    h2 += _N2


def _scramble(words: Words, first: np.uint64, places: int, second: np.uint64) -> Words:
    words = words * first
    _rotate(words, places)
    words *= second
    return words


def _rotate(words: Words, places: int) -> None:
    low = words >> np.uint64(64 - places)
    words <<= np.uint64(places)
    words |= low


def _finished(h1: Words, h2: Words, lengths: npt.NDArray[np.uint64] | np.uint64) -> Hashes:
    h1 ^= lengths
    h2 ^= lengths
    h1 += h2
    h2 += h1
    _spread(h1)
    _spread(h2)
    h1 += h2
    h2 += h1
    return np.stack((h1, h2), axis=1)


def _spread(words: Words) -> None:
    """Let every bit of a half reach every other."""
    for factor in (_F1, _F2):
        words ^= words >> np.uint64(33)
        words *= factor
    words ^= words >> np.uint64(33)
