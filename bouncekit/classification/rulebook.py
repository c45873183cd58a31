"""Rules as data: what a rule is, and reading rules files with clear errors.

The files in ``rules/`` are read in the order of their names, and a file from
top to bottom; the first rule that matches decides. ``rules/README.md`` says
what each key means.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from bouncekit.addresses import provider_names
from bouncekit.classification.rulechecks import RuleCheck
from bouncekit.codes import STAGES
from bouncekit.errors import RuleError
from bouncekit.readers import source_names
from bouncekit.taxonomy import FAILURES

_LISTS = ("text", "all", "none", "host", "stage", "source", "vendor", "event", "enhanced", "reply")
_FILE_KEYS = frozenset(("rule", "host", "source", "confidence", "mx", "see", "words"))


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: conditions that must all hold, and the reason they prove.

    Parameters
    ----------
    id : str
        ``file.name``, permanent.
    reason : str
        A name of the taxonomy.
    text : tuple of str
        Phrases of whole words, any of which must occur; ``...`` in a phrase
        stands for up to six words. ``all``: each must occur. ``none``: no
        phrase may occur.
    regex : Pattern or None
        Searched in the normalised text, for what phrases cannot say.
    enhanced, reply : frozenset
        Codes, any of which must be the row's.
    host, stage, source, event : frozenset of str
        Provider of the receiving host, stage of the dialogue, reader, event.
    vendor : tuple of str
        The exporter's own words, casefolded; a final ``*`` stands for any rest.
    hit, miss : dict
        A failure that this rule must decide, and one that it must not match.
    note, see : str
        Why, and the URL or RFC it comes from.
    confidence : {'strong', 'fair', 'weak'}
        How sure the conclusion is.
    bounce_type : str or None
        Replaces the reason's own, with a note that says why.
    advice : {'stop', 'blocked', 'insiders', 'trap'} or None
        Why not to mail this person again, whatever the reason.
    file : str
        Where it was read.
    """

    id: str
    reason: str
    text: tuple[str, ...] = ()
    all: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    regex: re.Pattern[str] | None = None
    enhanced: frozenset[str] = frozenset()
    reply: frozenset[int] = frozenset()
    host: frozenset[str] = frozenset()
    stage: frozenset[str] = frozenset()
    source: frozenset[str] = frozenset()
    vendor: tuple[str, ...] = ()
    event: frozenset[str] = frozenset()
    hit: Mapping[str, Any] = field(default_factory=dict)
    miss: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    see: str = ""
    confidence: str = "strong"
    bounce_type: str | None = None
    advice: str | None = None
    file: str = ""


@cache
def package_rules() -> tuple[Rule, ...]:
    """Read the rules that come with bouncekit, in the order in which they are tried."""
    folder = files("bouncekit").joinpath("rules")
    found: list[Rule] = []
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".toml"):
            found += parse_rules(entry.read_text(encoding="utf-8"), entry.name)
    _refuse_repeats(found)
    return tuple(found)


def load_rules(path: str | Path | None = None) -> tuple[Rule, ...]:
    """Give all rules in the order in which they are tried, a user's own first.

    Parameters
    ----------
    path : str, Path or None
        A rules file of the user's, or the text of one (a str that holds
        ``[[rule]]``). A rule of theirs with an id of ours replaces ours; an
        id twice in one file is an error.

    Raises
    ------
    RuleError
        If the file is missing, is not TOML, or holds a wrong rule; the
        sentence names the file and the rule.
    """
    if path is None:
        return package_rules()
    if isinstance(path, str) and "[[rule]]" in path:
        return _with_ours(path, "your rules")
    name = str(path)
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        msg = f"{name}: the rules file cannot be read ({error.strerror})"
        raise RuleError(msg) from None
    except UnicodeDecodeError:
        msg = f"{name}: the rules file is not UTF-8; save it as UTF-8"
        raise RuleError(msg) from None
    return _with_ours(text, name)


def _with_ours(text: str, name: str) -> tuple[Rule, ...]:
    own = parse_rules(text, name)
    replaced = {rule.id for rule in own}
    return (*own, *(rule for rule in package_rules() if rule.id not in replaced))


def parse_rules(text: str, file: str) -> list[Rule]:
    """Read the rules of one TOML text; ``file`` names it in errors."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        msg = f"{file}: not valid TOML: {error}"
        raise RuleError(msg) from None
    stray = sorted(set(data) - _FILE_KEYS)
    if stray:
        msg = f"{file}: unknown key {stray[0]!r}; a rules file has: {', '.join(sorted(_FILE_KEYS))}"
        raise RuleError(msg)
    _check_words(data.get("words", {}), file)
    entries = data.get("rule", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        msg = f"{file}: rules are written as [[rule]] tables"
        raise RuleError(msg)
    found = [_rule(entry, data, file, number) for number, entry in enumerate(entries, 1)]
    _refuse_repeats(found)
    return found


def _check_words(lists: Any, file: str) -> None:
    fine = isinstance(lists, dict) and all(
        isinstance(items, list) and items and all(isinstance(item, str) for item in items)
        for items in lists.values()
    )
    if not fine:
        msg = f"{file}: [words] gives names to lists of texts"
        raise RuleError(msg)


def _refuse_repeats(rules: Iterable[Rule]) -> None:
    seen: dict[str, str] = {}
    for rule in rules:
        if rule.id in seen:
            where = rule.file if rule.file == seen[rule.id] else f"{seen[rule.id]} and {rule.file}"
            msg = f"{where}: the rule id {rule.id!r} stands there twice; ids are unique"
            raise RuleError(msg)
        seen[rule.id] = rule.file


def _rule(entry: dict[str, Any], defaults: dict[str, Any], file: str, number: int) -> Rule:
    name = entry.get("id")
    if not isinstance(name, str) or not name:
        msg = f"{file}: rule {number} has no id"
        raise RuleError(msg)
    check = RuleCheck(file, name, defaults.get("words"))
    check.keys(entry)
    listed = {key: check.listed(entry.get(key, defaults.get(key, [])), key) for key in _LISTS}
    check.known(entry)
    rule = Rule(
        id=name,
        reason=entry["reason"],
        text=check.phrases(listed["text"]),
        all=check.phrases(listed["all"]),
        none=check.phrases(listed["none"]),
        regex=check.pattern(entry["regex"]) if "regex" in entry else None,
        enhanced=frozenset(check.enhanced(listed["enhanced"])),
        reply=frozenset(check.replies(listed["reply"])),
        host=frozenset(check.values(listed["host"], "host", provider_names())),
        stage=frozenset(check.values(listed["stage"], "stage", STAGES)),
        source=frozenset(check.values(listed["source"], "source", source_names())),
        vendor=tuple(word.casefold() for word in listed["vendor"]),
        event=frozenset(check.values(listed["event"], "event", FAILURES)),
        hit=check.sample(entry, "hit", defaults),
        miss=check.sample(entry, "miss", defaults),
        note=entry.get("note", ""),
        see=entry.get("see", defaults.get("see", "")),
        confidence=entry.get("confidence", defaults.get("confidence", "strong")),
        bounce_type=entry.get("bounce_type"),
        advice=entry.get("advice"),
        file=file,
    )
    if not any(getattr(rule, key) for key in (*_LISTS, "regex") if key != "none"):
        check.refuse("has no condition, so it would match everything")
    return rule
