"""Bounces without a report part: who failed, and in what words.

One extractor for all of them: the best place an address stands in wins
(:mod:`places`), and the words between two such addresses belong to the first.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from bouncekit.mail.notice import LEAD
from bouncekit.mail.places import (
    DIALOGUE,
    HEADING,
    MAX_LINE,
    WRAP,
    Place,
    as_sent,
    best_places,
    known_places,
    places_of,
)
from bouncekit.mail.wordlists import begins, has, spans

MAX_FAILURES = 1_000
MAX_WORDS = 4_000
MIN_LETTERS = 8
"""Fewer letters after a recipient are no reason."""
MAX_BEGINNING = 200
"""Characters of a line that show whether it is worth quoting."""
NOTHING, BOILERPLATE, WORDS = range(3)
_REPLY = re.compile(r"[245](?<![^\s:;('\"\[].)[0-7]\d(?:[ \-:,.#]|$)")
# Replies of a dialogue that went well up to there.
_ACCEPTED = re.compile(r"(?:<--?|<<<)\s*[23]\d\d[ -]|-->\s*(?:EHLO|HELO|QUIT|RSET)", re.IGNORECASE)
# Sendmail puts its own code before the one it tells of: "554 <a@b>... 550 Host unknown".
_WRAPPED = re.compile(r"[45]\d\d \S{1,300}?\.\.\. (?=[45][0-7]\d )")
_AROUND = " \t>:;,.\"'"


@dataclass(slots=True)
class Failure:
    """One failed recipient and the words about it."""

    recipient: str
    words: str


def failures(lines: list[str], known: list[str], own: frozenset[str]) -> list[Failure]:
    """Find the failed recipients of a notice and the words about each.

    Parameters
    ----------
    lines : list of str
        The notice, without the returned original.
    known : list of str
        Recipients that the headers name as failed; where given, no other counts.
    own : frozenset of str
        Lower-case addresses of the sender, never a failed recipient unless
        nothing else is there.

    Returns
    -------
    list of Failure
        In the order of the notice; a single one without recipient where none
        is named.
    """
    places = places_of(lines)
    chosen = known_places(places, known) if known else best_places(places, own)
    headings = [place for place in places if place.rank == HEADING]
    found = _with_words(lines, chosen, headings)[:MAX_FAILURES]
    if not known:
        for failure, address in zip(found, as_sent(places, chosen), strict=False):
            failure.recipient = address
    named = {place.address.lower() for place in chosen}
    unnamed = [address for address in known if address.lower() not in named]
    if unnamed or not found:
        words = _notice(lines)
        found += [Failure(address, words) for address in unnamed or [""]]
    return found


def _with_words(lines: list[str], chosen: list[Place], headings: list[Place]) -> list[Failure]:
    found = []
    starts = sorted({place.line for place in chosen})
    for place in chosen:
        if place.rank == DIALOGUE:
            above = max((line for line in starts if line < place.line), default=-1)
            end = place.line + 1
            below = min((line for line in starts if line >= end), default=len(lines))
            while end < below and lines[end].strip():
                end += 1
            words = _dialogue(
                lines[above + 1 : end] if len(chosen) == 1 else lines[above + 1 : place.line + 1],
                lines[place.line].strip().removeprefix("<<<").strip(),
            )
        elif place.rank == HEADING:
            mine = [p for p in headings if p.address.lower() == place.address.lower()] or [place]
            words = _reason(lines, place, _segments(lines, mine, headings), starts[0])
        elif len(chosen) > 1:
            words = _of_one(lines, place, starts)
        else:
            # What follows the recipient tells more than the sentence that names it.
            words = _tidy([place.rest.strip(" \t>.:;,\"'"), *lines[place.line + 1 :]])
            if not (_REPLY.search(words) or has("specific", words.lower())):
                words = _notice(lines)
        found.append(Failure(place.address, (_between_labels(words) or words)[:MAX_WORDS]))
    return found


def _of_one(lines: list[str], place: Place, starts: list[int]) -> str:
    """Return the words about one of several labelled recipients.

    Those below it where each recipient has a reason below it, else what is
    said of all.
    """
    ends = [*starts[1:], len(lines)]
    below = {at: _tidy(lines[at + 1 : end]) for at, end in zip(starts, ends, strict=True)}
    if len(starts) > 1 and all(map(_weight, below.values())):
        return f"{place.rest.strip(_AROUND)}\n{below[place.line]}".strip()
    others = set(starts) - {place.line}
    return _notice([line for number, line in enumerate(lines) if number not in others])


def _dialogue(lines: list[str], own: str) -> str:
    """Join a stretch of SMTP dialogue: the server's replies (``<<<``), then a recipient's line."""
    blank = [number for number, line in enumerate(lines) if not line.strip()]
    lines = lines[blank[-1] + 1 :] if blank else lines
    replies = [line.strip()[3:].strip() for line in lines if line.lstrip().startswith("<<<")]
    rest = [line.strip() for line in lines if not line.lstrip().startswith(("<<<", ">>>", "---"))]
    others = [line for line in rest if line and line != own]
    # What was said of this recipient goes before what was said above it.
    return "\n".join([*replies, _WRAPPED.sub("", own), *others])


def _segments(lines: list[str], places: list[Place], headings: list[Place]) -> str:
    """Join what follows a recipient wherever it stands, up to the next recipient."""
    found: list[str] = []
    for place in places:
        rest = place.rest.lstrip(" >")
        for repeated in (f"<{place.address}>", f"<mailto:{place.address}>", f"<{place.address}"):
            rest = rest.removeprefix(repeated)
        below = min((p.line for p in headings if p.line > place.line), default=len(lines))
        if found and rest.strip(WRAP):
            # Not a new mention of the recipient but a reply that goes on with the address.
            rest = lines[place.line].strip()
        for line in _tidy([rest.strip(_AROUND), *lines[place.line + 1 : below]]).split("\n"):
            if line and line not in found:
                found.append(line)
    return "\n".join(found)


def _reason(lines: list[str], place: Place, segment: str, first: int) -> str:
    """Return the words about a recipient that stands alone or first on its line."""
    if _weight(segment):
        return f"{segment}\n{_stated(lines[:first])}".rstrip()
    about = [
        line
        for number, line in enumerate(lines)
        if number != place.line and place.address in line and _REPLY.search(line)
    ]
    if about:
        return _tidy(about)
    above = _tidy(lines[:first])
    little = sum(map(str.isalpha, segment)) < MIN_LETTERS
    if little or _REPLY.search(above) or has("specific", above.lower()):
        return f"{above}\n{segment}".strip()
    return segment


def _stated(lines: list[str]) -> str:
    """Return the one line that states a reason; several, or a guess, are advice to everybody."""
    found = [line.strip() for line in lines if "@" not in line and _is_specific(line[:MAX_LINE])]
    return found[0] if len(found) == 1 and not has("guess", f" {found[0].lower()}") else ""


@lru_cache(maxsize=4_096)
def _is_specific(line: str) -> bool:
    # The lines of notices repeat, all but those with somebody's address.
    return has("specific", line.lower())


def _weight(words: str) -> bool:
    return bool(_REPLY.search(words) or _tells(words))


def _tells(words: str) -> bool:
    low = words.lower()
    return has("specific", low) or has("telling", low)


def _notice(lines: list[str]) -> str:
    """Return the whole notice without what says nothing."""
    labelled = _between_labels("\n".join(lines))
    return _tidy(labelled.split("\n") if labelled else lines)[:MAX_WORDS]


def _between_labels(text: str) -> str:
    """Return what stands between the labels of a page of fields, empty without labels."""
    for starts, ends in spans():
        found = [at + len(label) for label in starts if (at := text.rfind(label)) >= 0]
        if found:
            start = max(found)
            stops = [at for label in ends if (at := text.find(label, start)) >= 0]
            words = text[start : min(stops, default=len(text))].lstrip(" :：/\n").rstrip()
            if len(words) > 3:
                return words
    return ""


def _tidy(lines: list[str]) -> str:
    """Drop empty, decorative and boilerplate lines, unless nothing else is there."""
    kept: list[str] = []
    dropped: list[str] = []
    for line in lines:
        if bare := line.strip():
            worth = _worth(bare[:MAX_BEGINNING])
            if worth != NOTHING:
                (kept if worth == WORDS else dropped).append(bare)
    return "\n".join(kept or dropped)


@lru_cache(maxsize=8_192)
def _worth(line: str) -> int:
    """Say what the beginning of a line is worth; the lines of notices repeat."""
    if not line.strip("-_=*#~+ >") or _is_accepted(line):
        return NOTHING
    return BOILERPLATE if begins("boilerplate", line.lower().lstrip(LEAD)) else WORDS


def _is_accepted(line: str) -> bool:
    """Say whether a line is the part of a dialogue that went well."""
    return ("<-" in line or "<<" in line or "-->" in line) and bool(_ACCEPTED.search(line))
