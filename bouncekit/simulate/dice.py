"""Random numbers that are the same on every platform and numpy version.

Only the raw 64-bit stream of PCG64 is promised never to change; the methods of
``Generator`` are not, and ``log`` and ``exp`` differ in the last bit between
machines. So everything here is made from raw bits by exact arithmetic.
"""

import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_LOW = np.uint64(32)


class Dice:
    """An independent stream of random numbers for each named purpose.

    A purpose of its own keeps the rest of a world unchanged when one part
    starts to draw more numbers.

    Parameters
    ----------
    seed : int
        Seed of the whole world, 0 or more.
    *purpose : str or int
        What the numbers are for.
    """

    def __init__(self, seed: int, *purpose: str | int) -> None:
        name = "/".join(map(str, purpose))
        self._bits = np.random.PCG64([seed, zlib.crc32(name.encode())])

    def raw(self, size: int) -> npt.NDArray[np.uint64]:
        """Return ``size`` words of 64 random bits."""
        return np.asarray(self._bits.random_raw(size), dtype=np.uint64).reshape(size)

    def below(self, limit: int | Ints, size: int) -> Ints:
        """Return integers from 0 up to, not including, ``limit`` (less than 2**32)."""
        top = np.asarray(limit, dtype=np.uint64)
        return (((self.raw(size) >> _LOW) * top) >> _LOW).astype(np.int64)

    def between(self, low: int, high: int, size: int) -> Ints:
        """Return integers from ``low`` to ``high``, both included."""
        return low + self.below(high - low + 1, size)

    def uniform(self, size: int) -> Floats:
        """Return numbers from 0 up to, not including, 1."""
        return (self.raw(size) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def chance(self, probability: float | Floats, size: int) -> Bools:
        """Return which of ``size`` trials succeed."""
        return self.uniform(size) < probability

    def weighted(self, weights: Sequence[int], size: int) -> Ints:
        """Return indices into ``weights``, each as often as its integer weight says."""
        steps = np.cumsum(np.asarray(weights, dtype=np.int64))
        return np.searchsorted(steps, self.below(int(steps[-1]), size), side="right")

    def order(self, size: int) -> Ints:
        """Return the numbers 0 to ``size - 1`` in random order."""
        return np.argsort(self.raw(size), kind="stable")

    def sample(self, pool: Ints, size: int) -> Ints:
        """Return at most ``size`` different members of ``pool``, sorted."""
        return np.sort(pool[self.order(len(pool))[:size]])

    def skewed(self, knots: Sequence[int], size: int) -> Ints:
        """Return integers spread evenly between each two neighbouring knots.

        Knots that grow (30, 120, 900, 7200) give many small and few large
        values, without a logarithm.
        """
        steps = np.asarray(knots, dtype=np.int64)
        cell = self.below(len(steps) - 1, size)
        low, high = steps[cell], steps[cell + 1]
        return low + self.below(np.maximum(high - low, 1), size)
