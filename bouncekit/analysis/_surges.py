"""Where failures stand out from what is usual: which messages, of which part, in which weeks.

Messages are counted in cells, one for each week of each part (a campaign, a
provider, a source, or the whole). A cell stands out when it holds far more
failures than its own other weeks lead one to expect. The most striking cell is
taken first and its failures are taken out of the count, so that one incident
is found once, in the part where it is most concentrated.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bouncekit.analysis._keys import Bools, Ints

MIN_COUNT = 8
"""Failures below which nothing is said of a cell."""
MIN_RISE = 0.01
"""Least difference of a cell's rate from the usual one."""
MIN_TIMES = 2.0
"""Least ratio of the two."""
_SIGNIFICANT = 5.0
"""Standard deviations from which a cell stands out; among some thousand cells chance gives 4."""
_NEIGHBOUR = 2.5
"""Standard deviations from which the week before or after belongs to it."""
_NEARLY = 0.9
_PRIOR = 100.0
"""Messages that the usual rate of all mail weighs in the usual rate of a part."""
_MOST = 12
_ROUNDS = 4
_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Part:
    """One way to split the messages: by campaign, provider, source, or not at all.

    Parameters
    ----------
    name : str
    codes : ndarray of int64
        By message: its part, -1 for none.
    names : list of str
    lasting : bool
        Whether parts live on and have a usual rate of their own. A campaign
        is over in days, so it is held against the rate of all mail.
    """

    name: str
    codes: Ints
    names: list[str]
    lasting: bool = True


@dataclass(frozen=True, slots=True)
class Surge:
    """Failures that stand out.

    Parameters
    ----------
    part, name : str
        By what the messages are split, and which part it is.
    first, last : int
        Weeks, as numbers of periods.
    count, n : int
        Failures that were not explained before, and messages.
    usual : float
        The rate that was to be expected.
    strength : float
        Standard deviations above it.
    messages : ndarray of int64
        The failed messages.
    """

    part: str
    name: str
    first: int
    last: int
    count: int
    n: int
    usual: float
    strength: float
    messages: Ints


def surges(failed: Bools, counted: Bools, week: Ints, parts: Mapping[str, Part]) -> list[Surge]:
    """Find what stands out, most striking first.

    Parameters
    ----------
    failed, counted : ndarray of bool
        By message: whether it failed in the way that is looked at, and
        whether it counts as sent.
    week : ndarray of int64
        By message: the number of its week; only looked at where counted.
    parts : mapping
        The ways to split, by name.
    """
    if not counted.any():
        return []
    left = failed & counted
    found: list[Surge] = []
    low = int(week[counted].min())
    weeks = int(week[counted].max()) - low + 1
    column = np.where(counted, week - low, 0)
    while len(found) < _MOST:
        overall = _usual_of_all(left, counted, column, weeks)
        tried = (_best_cell(part, left, counted, column, weeks, overall) for part in parts.values())
        cells = [cell for cell in tried if cell]
        if not cells:
            break
        best = _most_concentrated(cells)
        left[best.messages] = False
        found.append(_shifted(best, low))
    return found


def _most_concentrated(cells: list[Surge]) -> Surge:
    """Choose the most striking one; of nearly equal ones that with the highest rate."""
    strongest = max(cell.strength for cell in cells)
    near = [cell for cell in cells if cell.strength >= _NEARLY * strongest]
    return max(near, key=lambda cell: (cell.count / cell.n, cell.strength))


def _shifted(surge: Surge, low: int) -> Surge:
    return Surge(
        surge.part, surge.name, surge.first + low, surge.last + low, surge.count, surge.n,
        surge.usual, surge.strength, surge.messages,
    )  # fmt: skip


def _usual_of_all(left: Bools, counted: Bools, column: Ints, weeks: int) -> float:
    """Return the rate of all mail without the weeks that stand out."""
    n = np.bincount(column[counted], minlength=weeks).astype(float)
    x = np.bincount(column[left], minlength=weeks).astype(float)
    whole = float(x.sum() / max(n.sum(), 1.0))
    return float(_calm_rate(x[None, :], n[None, :], whole, weight=0.0)[0])


def _calm_rate(
    x: _Floats, n: _Floats, prior: float, weight: float, *, lasting: bool = True
) -> _Floats:
    """Return the rate of each row without its weeks that stand out, drawn towards ``prior``."""
    rate = np.full(len(x), prior)
    calm = n > 0
    if not lasting:
        calm = calm & (_strength(x, n * prior) < _NEIGHBOUR)
    for _ in range(_ROUNDS):
        seen = (n * calm).sum(axis=1)
        rate = ((x * calm).sum(axis=1) + prior * weight) / np.maximum(seen + weight, 1e-9)
        calm = (n > 0) & (_strength(x, n * rate[:, None]) < _NEIGHBOUR)
    return rate


def _strength(x: _Floats, expected: _Floats) -> _Floats:
    """Return how many standard deviations a count lies above what was expected (Poisson)."""
    expected = np.maximum(expected, 1e-9)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(x > 0, x * np.log(x / expected), 0.0)
    deviance = np.sqrt(np.maximum(2 * (ratio - (x - expected)), 0.0))
    return np.where(x > expected, deviance, -deviance)


def _best_cell(
    part: Part, left: Bools, counted: Bools, column: Ints, weeks: int, overall: float
) -> Surge | None:
    """Find the most striking run of weeks of one part."""
    rows = len(part.names)
    inside = counted & (part.codes >= 0)
    cell = part.codes * weeks + column
    n = np.bincount(cell[inside], minlength=rows * weeks).reshape(rows, weeks).astype(float)
    x = np.bincount(cell[inside & left], minlength=rows * weeks).reshape(rows, weeks).astype(float)
    usual = _calm_rate(x, n, overall, _PRIOR, lasting=part.lasting)
    expected = n * usual[:, None]
    strength = _strength(x, expected) / _spread(x, expected)
    rate = x / np.maximum(n, 1)
    striking = (x >= MIN_COUNT) & (strength >= _SIGNIFICANT)
    striking &= (rate >= MIN_TIMES * usual[:, None]) & (rate - usual[:, None] >= MIN_RISE)
    if not striking.any():
        return None
    row, peak = np.unravel_index(np.argmax(np.where(striking, strength, -np.inf)), x.shape)
    first, last = _run(strength[row], n[row], int(peak))
    own = inside & left & (part.codes == row) & (column >= first) & (column <= last)
    weeks_of_it = slice(first, last + 1)
    count, total = x[row, weeks_of_it].sum(), n[row, weeks_of_it].sum()
    return Surge(
        part=part.name,
        name=part.names[row],
        first=first,
        last=last,
        count=int(count),
        n=int(total),
        usual=float(usual[row]),
        strength=float(_strength(count, total * usual[row])),
        messages=np.flatnonzero(own),
    )


def _spread(x: _Floats, expected: _Floats) -> float:
    """Return how much wider cells scatter than chance alone would have it; 1 or more."""
    there = expected >= 1
    if there.sum() < 8:
        return 1.0
    deviations = _strength(x[there], expected[there])
    return max(1.0, float(1.4826 * np.median(np.abs(deviations - np.median(deviations)))))


def _run(strength: _Floats, n: _Floats, peak: int) -> tuple[int, int]:
    """Extend a week to its neighbours that stand out too; weeks without mail are passed over."""
    first = last = peak
    for step in (-1, 1):
        place = peak + step
        while 0 <= place < len(n) and (n[place] == 0 or strength[place] >= _NEIGHBOUR):
            if n[place] > 0:
                first, last = min(first, place), max(last, place)
            place += step
    return first, last
