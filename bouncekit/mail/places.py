"""Addresses in a notice, ranked by where they stand.

Nearly all mail servers list failed recipients alone or first on a line; some
name them in a line of the SMTP dialogue or behind a label.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from bouncekit.mail.wordlists import labels

MAX_LINE = 2_000
MAX_PLACES = 2_000
"""Addresses of one notice that are looked at."""

_LOCAL = r"[A-Za-z0-9\u00c0-\u024f\u0400-\u04ff!#$%&'*+/=?^_`{|}~.-]{1,64}"
_LABEL = r"[A-Za-z0-9\u00c0-\u024f\u0400-\u04ff](?:[A-Za-z0-9\u00c0-\u024f\u0400-\u04ff_-]{0,62})"
ADDRESS = re.compile(
    rf"(?<![\w.+=/@-])(?:mailto:)?({_LOCAL}@(?:{_LABEL}\.){{1,8}}"
    r"[A-Za-z\u00c0-\u024f\u0400-\u04ff][\w-]{1,24})(?![\w@-])"
    r"|<([^<>\s@]{1,128}@[^<>\s@]{1,255})>"
    r"|(\"[^\"\n@]{1,64}\"@[\w.-]{1,255}\w)",
)
_BRACKETED = re.compile(r"\s{0,3}<([^<>\s@:]{1,128}@[^<>\s]{1,255})>")
_DIALOGUE = re.compile(
    r"^\s*(?:<<<\s*)?([245]\d\d)[ -](?:#?[245]\.\d{1,3}\.\d{1,3}[ :]*)?"
    r"\"?<?[^\s@]{1,128}@[^\s@]{1,255}?>?\"?\s?(?:\.\.\.|:)"
)
WRAP = " \t<>\"'*:;,.·•-–|()[]“”「」"
_SEPARATORS = " \t,;<>\"'"
_LABEL_END = " \t:：=<\"'([["
_ROLES = re.compile(
    r"^(?:postmaster|abuse|support|help|helpdesk|hostmaster|webmaster|mailer-daemon|no-?reply|noc"
    r"|admin|administrator|info-?desk)@",
    re.IGNORECASE,
)
_GENERATED = re.compile(r"^\(?(?:ultimately )?(?:generated|expanded) (?:from|by)", re.IGNORECASE)
_EXPANDED = re.compile(r"\(expanded from:? ", re.IGNORECASE)
HEADING, DIALOGUE, LABELLED, ANYWHERE, BYSTANDER, ORIGIN, ALIAS = range(7)


@dataclass(slots=True)
class Place:
    """Where an address stands in the notice."""

    address: str
    line: int
    rank: int
    rest: str


def places_of(lines: list[str]) -> list[Place]:
    """List every address of a notice with its rank, in order."""
    places: list[Place] = []
    for number, line in enumerate(lines):
        if "@" in line and not line.lstrip().startswith(">  "):
            places += _in_line(line[:MAX_LINE], number, lines)
            if len(places) > MAX_PLACES:
                break
    return places


def _above(lines: list[str], number: int) -> str:
    """Return the nearest line above that is not empty."""
    while number > 0:
        number -= 1
        if line := lines[number].strip():
            return line
    return ""


def _addresses(line: str) -> Iterator[re.Match[str]]:
    """Yield the addresses of a line; only words with an @ are looked at."""
    at = line.find("@")
    while at >= 0:
        begin = max(line.rfind(" ", 0, at), line.rfind("\t", 0, at)) + 1
        if line[at - 1 : at] == '"':
            # A local part in quotes may hold spaces (RFC 5321 4.1.2).
            begin = min(begin, max(0, line.rfind('"', 0, at - 1)))
        end = line.find(" ", at)
        end = len(line) if end < 0 else end
        yield from ADDRESS.finditer(line, begin, end)
        at = line.find("@", end)


def _in_line(line: str, number: int, lines: list[str]) -> list[Place]:
    found: list[Place] = []
    dialogue = bool(_DIALOGUE.match(line))
    for match in _addresses(line):
        address = (match[1] or match[2] or match[3]).strip(".'")
        before, after = line[: match.start()], line[match.end() :]
        if address[0] in "=/":
            continue
        if dialogue and not found:
            rank = DIALOGUE
        elif not before.strip(WRAP) and (quoted := line.lstrip()[:4]) != "<<< " and not found:
            told = quoted == ">>> " or not _is_label(_above(lines, number), "other_label")
            rank = HEADING if told else BYSTANDER
        else:
            rank = _origin(before) or _rank_behind(before, after)
        if rank == HEADING and (named := _BRACKETED.match(after)):
            # The first address is only the display name of the second.
            address, after = named[1], after[named.end() :]
        found.append(Place(address, number, rank, after))
    return found


def _origin(before: str) -> int:
    """Return the rank of whose mail a failed program, file or alias is; 0 for other addresses."""
    if "(" in before and _EXPANDED.search(before[-20:]):
        return ALIAS
    return ORIGIN if _GENERATED.match(before.strip()) else 0


def _rank_behind(before: str, after: str) -> int:
    """Return the rank of an address behind words."""
    if _is_label(before, "other_label"):
        return BYSTANDER
    if _is_label(before, "recipient_label") or _ends_line(before, after):
        return LABELLED
    return ANYWHERE


def _is_label(before: str, name: str) -> bool:
    """Say whether a text ends with one of the labels; words of Latin script as whole words."""
    return bool(before) and _ends_with_label(before[-60:], name)


@lru_cache(maxsize=4_096)
def _ends_with_label(tail: str, name: str) -> bool:
    tail = tail.rstrip(_LABEL_END).lower()
    words = tail.rsplit(None, 2)[-2:]
    if not words:
        return False
    whole, endings = labels(name)
    return words[-1] in whole or " ".join(words) in whole or tail.endswith(endings)


def _ends_line(before: str, after: str) -> bool:
    """Say whether the line is ``words: address`` and nothing more."""
    return before.rstrip(" \t<\"'")[-1:] in (":", "：") and not after.strip(WRAP)


def known_places(places: list[Place], known: list[str]) -> list[Place]:
    """Give each known recipient its best place, in the order known."""
    chosen = []
    for address in known:
        low = address.lower()
        own = [place for place in places if place.address.lower() == low]
        if own:
            chosen.append(min(own, key=lambda place: (place.rank, place.line)))
    if len(chosen) == len(known):
        return sorted(chosen, key=lambda place: place.line)
    headings = _distinct([place for place in places if place.rank == HEADING])
    if len(headings) == len(known):
        return [
            Place(address, place.line, place.rank, place.rest)
            for address, place in zip(known, headings, strict=True)
        ]
    return sorted(chosen, key=lambda place: place.line)


def best_places(places: list[Place], own: frozenset[str]) -> list[Place]:
    """Take the addresses of the best rank; the sender's own and role addresses last."""
    likely = [place for place in places if place.rank <= ANYWHERE]
    others = [place for place in likely if place.address.lower() not in own]
    group = (
        [place for place in others if not _ROLES.match(place.address)]
        or others
        or [place for place in likely if place.rank == HEADING and not place.rest.strip(WRAP)]
        or [place for place in places if place.rank in (ORIGIN, ALIAS)]
    )
    if len(group) < 2:
        return group
    best = min([place.rank for place in group])
    found = _distinct([place for place in group if place.rank == best])
    return _distinct(_listed(found if best < ANYWHERE else found[:1], group))


def as_sent(places: list[Place], chosen: list[Place]) -> list[str]:
    """Return the address that each chosen place stands for: the one the message was sent to.

    Postfix and Sendmail put it behind the one that an alias led to
    (``<a@b> (expanded from <c@d>)``).
    """
    named = [place.address for place in chosen]
    for alias in [place for place in places if place.rank == ALIAS]:
        above = [number for number, place in enumerate(chosen) if place.line <= alias.line]
        if above:
            named[above[-1]] = alias.address
    return named


def _listed(chosen: list[Place], places: list[Place]) -> list[Place]:
    """Add the addresses that follow a chosen one on its line, parted by commas only."""
    on_line: dict[int, list[Place]] = {}
    for place in places:
        on_line.setdefault(place.line, []).append(place)
    found: list[Place] = []
    for place in chosen:
        found.append(place)
        last = place
        for other in on_line[place.line]:
            follows = last.rest[:1] in ",; >" and last.rest.strip(_SEPARATORS)
            if len(other.rest) < len(last.rest) and follows and follows.startswith(other.address):
                last = other
                found.append(Place(other.address, place.line, place.rank, other.rest))
    return found


def _distinct(places: list[Place]) -> list[Place]:
    seen: dict[str, Place] = {}
    for place in places:
        seen.setdefault(place.address.lower(), place)
    return list(seen.values())
