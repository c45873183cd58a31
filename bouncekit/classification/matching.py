"""Trying one rule on one failure: what is known of it, and what each condition asks."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bouncekit.addresses import provider_of_host
from bouncekit.classification.fingerprints import joined, words
from bouncekit.classification.phrases import find
from bouncekit.classification.rulebook import Rule
from bouncekit.codes import enhanced_code, reply_code, stage

_HOST = r"([a-z0-9][a-z0-9_-]{0,62}(?:\.[a-z0-9_-]{1,63}){1,8})"
# Where a log or report names the receiving host; a host name elsewhere may be the sender's.
_RECEIVER = re.compile(
    rf"\b(?:host|server|mx|to|by|with|talking to|while talking to):? {_HOST}"
    # The IP address beside it is a placeholder by now.
    rf"|{_HOST}\.? ?[\[(][0-9a-f:.*]{{1,45}}[\])](?::\d{{1,5}})?:? "
    r"(?:said|failed|did not like|responded|refused)"
)
# A host called antispam or barracuda says nothing about the reply that it gave.
_NAMED = re.compile(
    rf"\b(?:host|server|talking to|relay ?=) ?{_HOST}(?=\.? ?[\[(:]| said\b)"
    rf"|(?<![\w.-]){_HOST}(?=\[)"
)
_URL = re.compile(r"(?:https?://|www\.)\S{1,2000}")
# A help page called spam or policy is named in replies of every kind.
_PAGE = re.compile(r"(?<![a-z])(?:anti-?|not?)?(?:spam(?:mers?)?|virus|polic(?:y|ies))(?![a-z])")
# Wording that one provider alone uses, whoever quotes it.
SIGNATURES = (
    ("gsmtp", "google"),
    ("support.google.com/", "google"),
    ("prod.outlook.com", "microsoft"),
    ("prod.protection.outlook.com", "microsoft"),
    ("service.mail.qq.com", "tencent"),
    ("mail.163.com/help", "netease"),
    ("postmaster.yahooinc.com", "yahoo"),
    ("senders.yahooinc.com", "yahoo"),
    ("postmaster.verizonmedia.com", "yahoo"),
    ("yahoodns.net", "yahoo"),
    ("csi.mimecast.org", "mimecast"),
    ("community.mimecast.com", "mimecast"),
    ("support.proofpoint.com", "proofpoint"),
    ("ipcheck.proofpoint.com", "proofpoint"),
    ("postmaster.gmx", "gmx"),
    ("postmaster.free.fr", "free"),
    ("cox.com/residential", "cox"),
    ("spectrum.net/support", "spectrum"),
)


@dataclass(frozen=True, slots=True)
class Clues:
    """One failure in the form that rules test.

    ``host`` is the provider of the receiving host, ``temporary`` whether the
    receiver spoke of a passing failure; ``text`` is a fingerprint and
    ``spoken`` its words, joined by single spaces.
    """

    text: str
    spoken: str
    reply: int | None
    enhanced: str | None
    stage: str | None
    host: str | None
    vendor: str
    source: str | None
    event: str

    @property
    def temporary(self) -> bool:
        """Whether the receiver's codes say 4yz."""
        if self.reply:
            return self.reply < 500
        return bool(self.enhanced and self.enhanced.startswith("4"))


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that matched, and the words it matched by."""

    rule: Rule
    words: tuple[str, ...]


def read_clues(
    text: str,
    reply: int | None,
    enhanced: str | None,
    host: str | None,
    domain_host: str | None,
    vendor: str | None,
    source: str | None,
    event: str | None,
) -> Clues:
    """Complete what is known with what a fingerprint itself says.

    Codes fall back to those in the text; the provider to a receiving host
    named in the text, then to the provider of the recipient's domain.
    """
    return Clues(
        text=text,
        spoken=joined(words(_NAMED.sub(" ", _without_page_names(text)))),
        reply=reply or reply_code(text),
        enhanced=enhanced or enhanced_code(text),
        stage=stage(text),
        host=host or _host_in(text) or domain_host,
        vendor=vendor or "",
        source=source,
        event=event or "bounce",
    )


def _without_page_names(text: str) -> str:
    if "://" not in text and "www." not in text:
        return text
    return _URL.sub(lambda url: _PAGE.sub(" ", url[0]), text)


def _host_in(text: str) -> str | None:
    for match in _RECEIVER.finditer(text):
        found = provider_of_host(match[1] or match[2])
        if found:
            return found
    return next((name for words_, name in SIGNATURES if words_ in text), None)


def try_rule(rule: Rule, clues: Clues, phrases: Sequence[str] | None = None) -> Match | None:
    """Return the match of one rule, None where a condition fails.

    ``phrases`` are those of ``rule.text`` that can occur at all; by default all.
    """
    if not _facts_fit(rule, clues):
        return None
    found: list[str] = []
    if rule.text:
        wanted = rule.text if phrases is None else phrases
        hit = next((hit for phrase in wanted if (hit := find(phrase, clues.spoken))), None)
        if hit is None:
            return None
        found.append(hit)
    for phrase in rule.all:
        hit = find(phrase, clues.spoken)
        if hit is None:
            return None
        found.append(hit)
    if rule.regex:
        matched = rule.regex.search(clues.text)
        if not matched:
            return None
        found.append(matched[0].strip())
    if any(find(phrase, clues.spoken) for phrase in rule.none):
        return None
    return Match(rule, tuple(found) or _facts_named(rule, clues))


def _facts_fit(rule: Rule, clues: Clues) -> bool:
    return (
        (not rule.host or clues.host in rule.host)
        and (not rule.reply or clues.reply in rule.reply)
        and (not rule.enhanced or clues.enhanced in rule.enhanced)
        and (not rule.stage or clues.stage in rule.stage)
        and (not rule.source or clues.source in rule.source)
        and (not rule.event or clues.event in rule.event)
        and (not rule.vendor or _named(rule.vendor, clues.vendor))
    )


def _named(patterns: Iterable[str], word: str) -> bool:
    return bool(word) and any(
        word.startswith(pattern[:-1]) if pattern.endswith("*") else word == pattern
        for pattern in patterns
    )


def _facts_named(rule: Rule, clues: Clues) -> tuple[str, ...]:
    facts = (
        (rule.enhanced, clues.enhanced),
        (rule.reply, clues.reply),
        (rule.stage, clues.stage),
        (rule.vendor, clues.vendor),
    )
    return tuple(str(value) for condition, value in facts if condition)
