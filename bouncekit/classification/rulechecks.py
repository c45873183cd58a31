"""Checking one rule of a rules file: every refusal is a sentence with file and id."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NoReturn

from bouncekit.classification.fingerprints import phrase_words
from bouncekit.classification.phrases import GAP, spellings, split_choices
from bouncekit.errors import RuleError
from bouncekit.taxonomy import BOUNCE_TYPES, reasons

CONFIDENCES = ("strong", "fair", "weak")
ADVICE = ("stop", "blocked", "insiders", "trap")
"""Whatever the reason, do not mail this person again: they block the sender, only insiders may
write to the address, or it is a trap; ``stop`` says no more than that."""

_TEXTS = ("id", "reason", "note", "see", "confidence", "bounce_type", "advice", "regex")
_CONDITIONS = ("text", "all", "none", "host", "stage", "source", "vendor", "event")
_CODES = ("enhanced", "reply")
_KEYS = frozenset((*_CONDITIONS, *_CODES, *_TEXTS, "hit", "miss"))
_SAMPLE_KEYS = frozenset(
    ("text", "smtp_code", "enhanced_code", "remote_mta", "domain", "vendor_type", "source", "event")
)
_MAX_STEPS = 1_000
_MAX_SPELLINGS = 2_000


class RuleCheck:
    """Checks one rule; every refusal is a sentence with file and id.

    ``words`` are the file's named lists, which ``{name}`` in a phrase stands for.
    """

    def __init__(self, file: str, rule: str, words: Mapping[str, list[str]] | None = None) -> None:
        self.where = f"{file}: rule {rule!r}"
        self._words = words or {}

    def refuse(self, sentence: str) -> NoReturn:
        """Raise the error that names file, rule and ``sentence``."""
        msg = f"{self.where}: {sentence}"
        raise RuleError(msg) from None

    def keys(self, entry: dict[str, Any]) -> None:
        """Refuse unknown keys, missing ones, and values that must be text."""
        stray = sorted(set(entry) - _KEYS)
        if stray:
            self.refuse(f"unknown key {stray[0]!r}; a rule has: {', '.join(sorted(_KEYS))}")
        for key in ("reason", "hit", "miss"):
            if key not in entry:
                self.refuse(f"has no {key!r}")
        for key in _TEXTS:
            if not isinstance(entry.get(key, ""), str):
                self.refuse(f"{key!r} must be text")

    def known(self, entry: dict[str, Any]) -> None:
        """Refuse values that are not among the known ones."""
        allowed: dict[str, tuple[str, ...]] = {
            "reason": tuple(reasons()),
            "confidence": CONFIDENCES,
            "bounce_type": BOUNCE_TYPES,
            "advice": ADVICE,
        }
        for key, values in allowed.items():
            if key in entry:
                list(self.values([entry[key]], key, values))
        if "bounce_type" in entry and not entry.get("note"):
            self.refuse("overrides 'bounce_type' without a note that says why")

    def listed(self, value: Any, key: str) -> list[Any]:
        """Return a condition as a list; one value may stand for a list of one."""
        items = value if isinstance(value, list) else [value]
        kinds: tuple[type, ...] = (str, int) if key == "reply" else (str,)
        if not all(isinstance(item, kinds) and not isinstance(item, bool) for item in items):
            self.refuse(f"{key!r} must be a list of texts")
        return items

    def values(self, items: Iterable[str], key: str, allowed: tuple[str, ...]) -> Iterator[str]:
        """Yield ``items``; refuse one that is not allowed."""
        for item in items:
            if item not in allowed:
                self.refuse(f"unknown {key} {item!r}; known are: {', '.join(allowed)}")
            yield item

    def phrases(self, items: list[str]) -> tuple[str, ...]:
        """Spell out the choices of phrases; refuse a phrase without words.

        One with a gap keeps its choices, as a pattern can hold them all.
        """
        found: dict[str, None] = {}
        for item in items:
            phrase = self._filled_in(item)
            readings = spellings(phrase)
            for reading in readings:
                if not all(phrase_words(part) for part in reading.split(GAP)):
                    self.refuse(f"the phrase {reading!r} has no word to look for")
            kept = GAP in phrase and not any(
                GAP in choice for choice in split_choices(phrase)[1::2]
            )
            found.update(dict.fromkeys([phrase] if kept else readings))
        return tuple(found)

    def _filled_in(self, item: str) -> str:
        """Put the words of a named list where its name stands."""
        parts = split_choices(item)
        if "{" in "".join(parts[::2]) or "}" in "".join(parts[::2]):
            self.refuse(f"the phrase {item!r} has a brace without its pair")
        count = 1
        for place in range(1, len(parts), 2):
            choices = self._words.get(parts[place], parts[place].split("|"))
            count *= len(choices)
            parts[place] = "{" + "|".join(choices) + "}"
        if count > _MAX_SPELLINGS:
            self.refuse(f"the phrase {item[:60]!r} has more than {_MAX_SPELLINGS:,} spellings")
        return "".join(parts)

    def pattern(self, source: str) -> re.Pattern[str]:
        """Compile a regex; refuse one that a text could make slow."""
        try:
            pattern = re.compile(source)
        except re.error as error:
            self.refuse(f"the regex does not compile ({error})")
        bare = re.sub(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", "x", source)
        steps = 1
        for bound in re.findall(r"\{(?:\d*,)?(\d+)\}", bare):
            steps *= max(1, int(bound))
        # Without unbounded and nested repeats no text can make the search slow.
        if re.search(r"[*+]|\{\d*,\}|\)\{", bare) or steps > _MAX_STEPS:
            self.refuse("the regex could be slow; write bounded repeats such as x{0,40}")
        return pattern

    def enhanced(self, items: list[str]) -> Iterator[str]:
        """Spell out enhanced codes: ``x.2.2`` is 4.2.2 and 5.2.2, ``5.7.1-3`` three codes."""
        for item in items:
            match = re.fullmatch(r"([45x])\.(\d)\.(\d{1,3})(?:-(\d{1,3}))?", item)
            if not match:
                self.refuse(f"enhanced code {item!r} is not like 5.1.1, x.2.2 or 5.7.606-649")
            classes = "45" if match[1] == "x" else match[1]
            for detail in range(int(match[3]), int(match[4] or match[3]) + 1):
                yield from (f"{number}.{match[2]}.{detail}" for number in classes)

    def replies(self, items: list[Any]) -> Iterator[int]:
        """Spell out reply codes: ``'4yz'`` is 400 to 499."""
        for item in items:
            text = str(item)
            if re.fullmatch(r"[45]yz", text):
                yield from range(int(text[0]) * 100, int(text[0]) * 100 + 100)
            elif re.fullmatch(r"[45]\d\d", text):
                yield int(text)
            else:
                self.refuse(f"reply code {item!r} is not like 550 or '5yz'")

    def sample(self, entry: dict[str, Any], key: str, defaults: dict[str, Any]) -> dict[str, Any]:
        """Complete a ``hit`` or ``miss`` by what the whole file implies."""
        value = entry[key]
        sample = {"text": value} if isinstance(value, str) else value
        if not isinstance(sample, dict) or not set(sample) <= _SAMPLE_KEYS:
            self.refuse(f"{key!r} is a text, or a table with: {', '.join(sorted(_SAMPLE_KEYS))}")
        implied = {}
        if "mx" in defaults and entry.get("host", True):
            implied["remote_mta"] = defaults["mx"]
        if "source" in defaults:
            implied["source"] = self.listed(defaults["source"], "source")[0]
        return implied | sample
