"""The bytes of a text column as numpy sees them, without a copy."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]

# Of eight bytes read, the first n.
_FIRST = np.array([(1 << 8 * n) - 1 for n in range(9)], np.uint64)


def layout(texts: pa.Array) -> tuple[Ints, Bytes]:
    """Return where each text starts, with the end of the last, and the bytes.

    Parameters
    ----------
    texts : pyarrow.Array
        ``string`` or ``large_string``; a missing text is as long as an empty one.
    """
    width = np.int64 if pa.types.is_large_string(texts.type) else np.int32
    _, places, data = texts.buffers()
    if not len(texts) or places is None:
        return np.zeros(len(texts) + 1, np.int64), np.zeros(0, np.uint8)
    offsets = np.frombuffer(places, width)[texts.offset : texts.offset + len(texts) + 1]
    content = np.frombuffer(data, np.uint8) if data else np.zeros(0, np.uint8)
    return offsets.astype(np.int64, copy=False), content


def from_layout(offsets: Ints, content: Bytes) -> pa.Array:
    """Make a column of texts; the inverse of :func:`layout`, without a copy."""
    return pa.LargeStringArray.from_buffers(
        len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(content)
    )


def behind_last(texts: pa.Array, mark: str) -> pa.Array:
    """Return what stands behind the last ``mark`` of each text, all of it where there is none.

    Parameters
    ----------
    texts : pyarrow.Array
        ``large_string``; missing texts stay missing.
    mark : str
        One ASCII character.
    """
    offsets, content = layout(texts)
    first, end = offsets[0], offsets[-1]
    marks = np.flatnonzero(content[first:end] == ord(mark)) + first
    last = np.searchsorted(marks, offsets[1:]) - 1
    # Texts and what they are cut into share their bytes: every second part is wanted.
    cuts = np.empty(2 * len(texts) + 1, np.int64)
    cuts[::2] = offsets
    cuts[1::2] = offsets[:-1]
    found = last >= 0
    cuts[1::2][found] = np.maximum(cuts[1::2][found], marks[last[found]] + 1)
    missing = texts.is_null().to_numpy(zero_copy_only=False) if texts.null_count else None
    return from_layout(cuts, content).take(
        pa.array(np.arange(1, len(cuts), 2, dtype=np.int64), mask=missing)
    )


def slices(content: Bytes, starts: Ints, ends: Ints) -> pa.Array:
    """Return pieces of the bytes as texts; each starts where the one before ends, or behind."""
    if not len(starts):
        return pa.array([], pa.large_string())
    cuts = np.stack((starts, ends), axis=1).ravel()
    return from_layout(cuts, content).take(pa.array(np.arange(0, len(cuts) - 1, 2)))


def eight_bytes(padded: Bytes, places: Ints, lengths: Ints) -> Words:
    """Return the bytes at each place as a little-endian integer, those beyond a length as 0.

    Parameters
    ----------
    padded : ndarray
        Bytes, with eight more behind the last that is wanted.
    lengths : ndarray
        How many are wanted; as many as there are, where that is more than 8.
    """
    return overlapping(padded)[places] & _FIRST[np.clip(lengths, 0, 8)]


def overlapping(padded: Bytes) -> Words:
    """See the bytes as little-endian integers of eight, one beginning at each byte."""
    return np.ndarray((len(padded) - 7,), "<u8", padded, strides=(1,))


def padded(content: Bytes, start: int, end: int) -> Bytes:
    """Return a stretch of bytes with room behind it for :func:`eight_bytes`."""
    room = np.zeros(end - start + 16, np.uint8)
    room[: end - start] = content[start:end]
    return room


def is_trim(texts: pa.Array) -> bool:
    """Say whether no text is empty, or begins or ends with what may be white space."""
    offsets, content = layout(texts)
    starts, ends = offsets[:-1], offsets[1:]
    if texts.null_count:
        there = texts.is_valid().to_numpy(zero_copy_only=False)
        starts, ends = starts[there], ends[there]
    if not len(starts):
        return True
    if (starts == ends).any():
        return False
    # Beyond ASCII there is white space of several bytes.
    edges = (content[starts], content[ends - 1])
    return all(edge.min() > ord(" ") and edge.max() < 0x7F for edge in edges)


def is_printable(texts: pa.Array) -> bool:
    """Say whether there is nothing but printable ASCII in a column."""
    offsets, content = layout(texts)
    content = content[offsets[0] : offsets[-1]]
    return not len(content) or bool(content.min() >= ord(" ") and content.max() < 0x7F)
