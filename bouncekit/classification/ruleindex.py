"""Finding the rules that match one failure, quickly: most rules are never looked at.

A rule is tried only where one of its phrases can occur in the text; rules
without phrases are always tried. A test holds this to trying every rule in
order.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from bouncekit.classification.fingerprints import phrase_words
from bouncekit.classification.matching import Clues, Match, try_rule
from bouncekit.classification.phrases import GAP, units
from bouncekit.classification.rulebook import Rule


class RuleIndex:
    """Rules in order, found by the phrases that occur in a text.

    A phrase without a gap is looked up as a whole, so that thousands of them
    cost no more than the words of the text; one with a gap is searched where
    its rarest word occurs; rules without phrases are always tried.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = tuple(rules)
        self._always: list[int] = []
        # Phrase, or needed word, to places: which rule, and which of its phrases.
        self._whole: dict[str, list[tuple[int, int]]] = {}
        self._gapped: dict[str, list[tuple[int, int]]] = {}
        # First word of whole phrases to the numbers of words that they have.
        self._lengths: dict[str, set[int]] = {}
        every = (phrase for rule in self._rules for phrase in (*rule.text, *rule.all))
        count = Counter(
            word for phrase in every for unit in units(phrase) for way in unit for word in way
        )
        for place, rule in enumerate(self._rules):
            # One phrase of `all` must occur whatever else does; of `text`, any may.
            phrases = rule.text or rule.all[:1]
            if not phrases:
                self._always.append(place)
            for number, phrase in enumerate(phrases):
                self._add(phrase, (place, number), count)

    def _add(self, phrase: str, place: tuple[int, int], count: Counter[str]) -> None:
        if GAP in phrase:
            for word in _anchors(phrase, count):
                self._gapped.setdefault(word, []).append(place)
            return
        needed = phrase_words(phrase)
        self._whole.setdefault(" ".join(needed), []).append(place)
        self._lengths.setdefault(needed[0], set()).add(len(needed))

    def matches(self, clues: Clues) -> Iterator[Match]:
        """Yield the rules that match, the one that decides first."""
        places: dict[int, set[int]] = {place: set() for place in self._always}
        for place, number in self._candidates(clues.spoken.split()):
            places.setdefault(place, set()).add(number)
        for place in sorted(places):
            rule = self._rules[place]
            phrases = [rule.text[number] for number in sorted(places[place])] if rule.text else None
            match = try_rule(rule, clues, phrases)
            if match:
                yield match

    def _candidates(self, spoken: list[str]) -> Iterator[tuple[int, int]]:
        for word in set(spoken):
            yield from self._gapped.get(word, ())
        for start, word in enumerate(spoken):
            for length in self._lengths.get(word, ()):
                yield from self._whole.get(" ".join(spoken[start : start + length]), ())


def _anchors(phrase: str, count: Counter[str]) -> set[str]:
    """Give words of which one is in every text that the phrase fits: those used least elsewhere."""
    best = [[_rarest(way, count) for way in unit] for unit in units(phrase)]
    return set(min(best, key=lambda words: (max(count[word] for word in words), words)))


def _rarest(words: tuple[str, ...], count: Counter[str]) -> str:
    return min(words, key=lambda word: (count[word], -len(word), word))
