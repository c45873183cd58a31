"""Phrases of rules: whole words in order, choices in braces, gaps of up to six words.

A phrase without a gap stands in a rule once for each way to read it, so that
it is found by a look-up. One with a gap keeps its choices: a single pattern
holds them all.
"""

import re
from functools import cache
from itertools import product

from bouncekit.classification.fingerprints import joined, phrase_words

GAP = "..."
"""Stands in a phrase for up to six words."""

_MAX_GAP = 6
_GAP_PATTERN = rf"(?:\S{{1,40}} ){{0,{_MAX_GAP}}}"
_CHOICE = re.compile(r"\{([^{}]*)\}")


def split_choices(phrase: str) -> list[str]:
    """Split a phrase at its braces; what stood in braces has the odd places."""
    return _CHOICE.split(phrase)


def spellings(phrase: str) -> list[str]:
    """Give each way to read a phrase.

    Examples
    --------
    >>> spellings("{user|mailbox} {is |}unknown")
    ['user is unknown', 'user unknown', 'mailbox is unknown', 'mailbox unknown']
    """
    parts = split_choices(phrase)
    choices = [part.split("|") if place % 2 else [part] for place, part in enumerate(parts)]
    return [" ".join("".join(chosen).split()) for chosen in product(*choices)]


def find(phrase: str, spoken: str) -> str | None:
    """Return the words by which a phrase occurs in joined words."""
    finder = _finder(phrase)
    if isinstance(finder, str):
        return finder.strip() if finder in spoken else None
    found = finder.search(spoken)
    return found[0].strip() if found else None


@cache
def _finder(phrase: str) -> re.Pattern[str] | str:
    """Give what finds a phrase: a plain text, or a pattern where it has a gap."""
    if GAP not in phrase:
        return joined(phrase_words(phrase))
    pattern = "".join(
        f"(?:{'|'.join(_pattern(way) for way in part.split('|'))})"
        if place % 2
        else _GAP_PATTERN.join(_pattern(piece) for piece in part.split(GAP))
        for place, part in enumerate(split_choices(phrase))
    )
    return re.compile(" " + pattern)


def _pattern(piece: str) -> str:
    return "".join(f"{re.escape(word)} " for word in phrase_words(piece))


def units(phrase: str) -> list[list[tuple[str, ...]]]:
    """Give the parts that must all occur; of each part, the ways to read it, as words."""
    found: list[list[tuple[str, ...]]] = []
    for place, part in enumerate(split_choices(phrase)):
        if place % 2:
            found.append([phrase_words(way) for way in part.split("|")])
        else:
            found += [[phrase_words(piece)] for piece in part.split(GAP)]
    # What may be empty is not needed.
    return [unit for unit in found if all(unit)]
