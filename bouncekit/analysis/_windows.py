"""The worst days of a domain: windows over (part, day) pairs."""

from dataclasses import dataclass

import numpy as np

from bouncekit.analysis._keys import Ints
from bouncekit.arrays.encoding import look_up


@dataclass(frozen=True, slots=True)
class Windows:
    """The worst window of each part that has failures: days ``first`` to ``last``."""

    part: Ints
    first: Ints
    last: Ints

    def of(self, parts: Ints, days: Ints, names: int) -> Ints:
        """Return the window that each (part, day) lies in, -1 for none."""
        place = np.full(names, -1, dtype=np.int64)
        place[self.part] = np.arange(len(self.part))
        found = place[parts]
        first, last = look_up(self.first, found), look_up(self.last, found)
        inside = (found >= 0) & (days >= first) & (days <= last)
        return np.where(inside, found, -1)


def worst_windows(part: Ints, days: Ints, length: int) -> Windows:
    """Find for each part the window of ``length`` days with most entries, of equals the latest."""
    if not len(part):
        return Windows(part, days, days)
    # A part and a day in one number, with room so that windows never reach the next part.
    base = int(days.min())
    room = int(days.max()) - base + length + 1
    keys = np.sort(part * room + (days - base))
    ends = np.arange(len(keys))
    starts = np.searchsorted(keys, keys - (length - 1), side="left")
    # Near its beginning a window would reach into the part before.
    starts = np.maximum(starts, np.searchsorted(keys, keys // room * room, side="left"))
    order = np.lexsort((keys, ends - starts + 1, keys // room))
    last_of_part = np.append(np.diff(keys[order] // room) != 0, True)
    chosen = keys[order][last_of_part]
    last = chosen % room + base
    return Windows(chosen // room, last - (length - 1), last)


def count_distinct(window: Ints, values: Ints, size: int) -> Ints:
    """Count the distinct values in each window."""
    order = np.lexsort((values, window))
    window, values = window[order], values[order]
    fresh = np.ones(len(window), dtype=bool)
    fresh[1:] = (np.diff(window) != 0) | (np.diff(values) != 0)
    return np.bincount(window[fresh], minlength=size)


def most_frequent(window: Ints, value: Ints, size: int, width: int) -> Ints:
    """Give the most frequent code of each window, -1 for none; of equals the first."""
    known = value >= 0
    cells = np.bincount(window[known] * width + value[known], minlength=size * width)
    table = cells.reshape(size, width)
    return np.where(table.sum(axis=1) > 0, table.argmax(axis=1), -1)
