"""Texts that differ only in numbers that no rule knows are alike.

Queue numbers, sizes, seconds, host names such as ``mx17``: a fingerprint keeps
short numbers, because some of them are codes. Rules know a few hundred words
with a digit in them; whatever else stands in a text, they decide the same.
"""

import re
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from bouncekit.addresses import host_names
from bouncekit.arrays.buffers import Bytes, Ints, from_layout, layout, slices
from bouncekit.arrays.encoding import combine, encode
from bouncekit.classification.fingerprints import phrase_words, words
from bouncekit.classification.matching import SIGNATURES
from bouncekit.classification.rulebook import Rule
from bouncekit.classification.rulechecks import GAP

# Stands for a digit; in no text that a table holds.
_ANY_DIGIT = 0
_DOT, _DASH = ord("."), ord("-")
_IN_REGEX = re.compile(r"\\.|\{\d*,?\d*\}|0-9|\d")


class KnownNumbers:
    """Which numbers the rules can tell from each other.

    Parameters
    ----------
    rules : iterable of Rule
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        rules = tuple(rules)
        spoken = {word for rule in rules for word in _words(rule)}
        spoken.update(
            word
            for name in (*host_names(), *(said for said, _ in SIGNATURES))
            for word in words(name)
        )
        self._known = pa.array(sorted(filter(_HAS_DIGIT.search, spoken)), pa.large_string())
        self._shapes = [re.compile(shape) for rule in rules if (shape := _shape(rule)) is not None]

    def alike(self, texts: pa.Array) -> tuple[Ints, Ints]:
        """Group stripped texts: the number of each one's group, and the first of each group.

        Texts of one group are decided alike, unless :meth:`tell` of any of them.
        """
        end = (pa.scalar(text, texts.type) for text in ("", "\n"))
        ended = pc.binary_join_element_wise(texts, *end)
        offsets, content = layout(ended)
        folded = content[: offsets[-1]].copy()
        _fold(folded, self._known)
        codes, distinct = encode(from_layout(offsets, folded))
        return combine([(codes, len(distinct))], len(codes))

    def tell(self, normalised: str) -> bool:
        """Say whether a rule's pattern may tell a text from another with other numbers."""
        return any(shape.search(normalised) for shape in self._shapes)


_HAS_DIGIT = re.compile(r"[0-9]")


def _words(rule: Rule) -> Iterator[str]:
    for phrase in (*rule.text, *rule.all, *rule.none):
        for part in phrase.split(GAP):
            yield from phrase_words(part)


def _shape(rule: Rule) -> str | None:
    """Give a rule's pattern with any digit for each one that it names; None if it names none."""
    if rule.regex is None:
        return None
    named = False

    def any_digit(match: re.Match[str]) -> str:
        nonlocal named
        found = match[0]
        if found[0] == "{" or (found[0] == "\\" and not found[1].isdigit()):
            return found
        named = named or found != "0-9"
        return r"\d"

    shape = _IN_REGEX.sub(any_digit, rule.regex.pattern)
    if not named:
        return None
    try:
        return re.compile(shape).pattern
    except re.error:
        # A range such as 1-5, say: such a pattern may tell any two texts apart.
        return ""


def _fold(content: Bytes, known: pa.Array) -> None:
    """Put one mark in place of each digit that no rule knows; texts end with a line end."""
    digit = (content >= ord("0")) & (content <= ord("9"))
    if not digit.any():
        return
    lower = content | 0x20
    starts, ends = _runs(digit | ((lower >= ord("a")) & (lower <= ord("z"))))
    numbered = np.logical_or.reduceat(digit, starts)
    starts, ends = starts[numbered], ends[numbered]
    # What stands beside other characters may become another word once those are normalised.
    beside = (content[starts - 1] >= 0x80) | (content[ends] >= 0x80)
    told = pc.is_in(pc.ascii_lower(slices(content, starts, ends)), known)
    kept = beside | told.to_numpy(zero_copy_only=False)
    open_ = _filled(starts[~kept], ends[~kept], len(content))
    starts, ends = _runs(digit)
    kept = ~open_[starts] | _may_be_code(content, digit, starts, ends)
    content[_filled(starts[~kept], ends[~kept], len(content))] = _ANY_DIGIT


def _may_be_code(
    content: Bytes, digit: npt.NDArray[np.bool_], starts: Ints, ends: Ints
) -> npt.NDArray[np.bool_]:
    """Mark the numbers that can be a reply code, or a part of an enhanced one."""
    reply = (ends - starts == 3) & np.isin(content[starts], np.frombuffer(b"245", np.uint8))
    after = (content[ends] == _DOT) & digit[np.minimum(ends + 1, len(digit) - 1)]
    before = (content[starts - 1] == _DOT) & digit[starts - 2]
    return reply | after | before


def _runs(mask: npt.NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Return where each run of True starts and where it ends; the last entry is False."""
    edges = np.flatnonzero(mask[1:] != mask[:-1]) + 1
    if len(mask) and mask[0]:
        edges = np.insert(edges, 0, 0)
    return edges[::2], edges[1::2]


def _filled(starts: Ints, ends: Ints, size: int) -> npt.NDArray[np.bool_]:
    steps = np.zeros(size + 1, np.int8)
    steps[starts] = 1
    steps[ends] -= 1
    return np.cumsum(steps[:-1], dtype=np.int8).astype(bool)
