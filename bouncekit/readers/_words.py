"""Words that exports use for their columns and events (``words.toml``)."""

import re
import tomllib
from functools import lru_cache
from importlib.resources import files

_WORDS = tomllib.loads(
    files("bouncekit.readers").joinpath("words.toml").read_text(encoding="utf-8")
)
HEADERS = {field: frozenset(names) for field, names in _WORDS["headers"].items()}
"""Field of the table to the folded column names that mean it."""
WEAK = frozenset(_WORDS["weak"]["headers"])
"""Headers that name all kinds of things: the cells must agree."""
SECOND = frozenset(_WORDS["second"]["headers"])
"""Headers of a field that come second where a table has a better one for it."""
SENT_COUNTS = frozenset(_WORDS["sent_counts"]["headers"])
"""Headers that count sent mail, in tables that are no exports of failures."""
EVENTS = {word: event for event, words in _WORDS["events"].items() for word in words}
"""Event words, folded, to an event of the table, ``skip`` or ``pending``."""

_SPLIT = re.compile(r"[\s_\-./:,()（）、:]+")
FAILURE = re.compile(
    r"\b[45]\d\d[ -]#?[45]\.\d|(?<![\d.])[45]\.\d\.\d{1,3}(?![\d.])|^\W{0,3}[45][0-7]\d\b|\bsmtp\b"
    r"|user unknown|unknown user|no such (?:user|mailbox)|mailbox|quota|rejected|refused|blocked"
    r"|timed out|timeout|does not exist|not exist|not found|unavailable|undeliver|denied|spam"
    r"|不存在|拒绝|拒收|超时|已满|无法|失败|被拒|不可用|无效|退信|拒絕|逾時|超時|已滿|無法|失敗|無效",
    re.IGNORECASE,
)
"""What the words of a failure look like."""


def fold(word: str) -> str:
    """Fold an event word: lower-case, one space between its parts."""
    return _SPLIT.sub(" ", word.strip().lower()).strip()


_PRIORITY = (
    "bounce", "deferral", "complaint", "unsubscribe", "suppressed", "auto_reply", "pending",
    "delivered", "sent", "skip",
)  # fmt: skip
_MAX_WORD = 40


@lru_cache(maxsize=4_096)
def event_of(word: str) -> str | None:
    """Return the event that a word names, else None.

    ``skip`` stands for opens and the like, ``pending`` for what has no outcome
    yet. Of a phrase (``delivery failed``, ``Bounce/Permanent``) the worst part
    counts; a longer word goes before one inside it (未送达 before 送达).
    """
    folded = fold(word)
    if folded in EVENTS or len(folded) > _MAX_WORD:
        return EVENTS.get(folded)
    parts = folded.split()
    groups = {" ".join(parts[i : i + n]) for n in (1, 2, 3) for i in range(len(parts))}
    found = {EVENTS[group] for group in groups if group in EVENTS} if len(parts) <= 4 else set()
    if not folded.isascii():
        there = [part for part in _UNSPACED if part in folded]
        longest = [part for part in there if not any(part in other != part for other in there)]
        found |= {EVENTS[part] for part in longest}
    return next((event for event in _PRIORITY if event in found), None)


_UNSPACED = tuple(word for word in EVENTS if not word.isascii() and len(word) > 1)
