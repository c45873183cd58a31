"""Addresses, domains and who hosts them: plain facts, worked out offline.

Everything is worked out once per distinct domain; a million rows have few.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import idna
from publicsuffixlist import PublicSuffixList

OTHER = "other"
_WRAPPERS = re.compile(r"^(?:rfc822|utf-8|smtp|mailto|unknown|x400|dns)\s*[;:]\s*", re.IGNORECASE)
_MASKED = re.compile(r"\*|^x{3,}@|\[(?:redacted|masked|hidden)\]", re.IGNORECASE)
_QUOTED = re.compile(r'"[^"\n]{1,64}"@[^\s@<>",;]{1,255}')
_SIMPLE_DOMAIN = re.compile(
    r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?)+"
)


def clean(address: str | None) -> str | None:
    """Return the bare address inside what an export or report wrote.

    Strips ``rfc822;``, ``mailto:``, angle brackets, quotes around the whole
    and a trailing dot; lower-cases the domain and shows IDNA domains in
    their readable form. The local part stays as it was (RFC 5321 2.4).

    Parameters
    ----------
    address : str or None
        What stood in the file.

    Returns
    -------
    str or None
        None where nothing that can be an address is left.

    Examples
    --------
    >>> clean("rfc822; <Ann.Lee@EXAMPLE.com.>")
    'Ann.Lee@example.com'
    """
    if not address:
        return None
    if '"@' in address and (quoted := _QUOTED.search(address)):
        local, _, domain = quoted[0].rpartition("@")
        return f"{local}@{readable_domain(domain)}"
    text = _WRAPPERS.sub("", address.strip().strip('"').strip())
    if "<" in text:
        text = text[text.rfind("<") + 1 :]
    text = text.partition(">")[0].strip(" \t\r\n.,;:'\"")
    local, at, domain = text.rpartition("@")
    if not at or not local or not domain or len(text) > 320 or any(c.isspace() for c in domain):
        return None
    return f"{local}@{readable_domain(domain)}"


def domain_of(address: str | None) -> str | None:
    """Return the ASCII (A-label) domain of an address, lower-case."""
    if not address or "@" not in address:
        return None
    return ascii_domain(address.rpartition("@")[2])


def key(address: str | None) -> str | None:
    """Return the form in which addresses are matched with each other.

    Local part casefolded, domain as A-label. Masked addresses
    (``b***@example.com``) have none: they must never be merged.
    """
    if not address or is_masked(address):
        return None
    local, at, domain = address.rpartition("@")
    return f"{local.casefold()}@{ascii_domain(domain)}" if at and local else None


def is_masked(address: str) -> bool:
    """Say whether the exporter hid part of the address."""
    return bool(_MASKED.search(address))


@lru_cache(maxsize=65_536)
def ascii_domain(domain: str) -> str:
    """Return the A-label form, lower-case; what IDNA refuses stays as written."""
    domain = domain.strip().rstrip(".").lower()
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return domain


@lru_cache(maxsize=65_536)
def readable_domain(domain: str) -> str:
    """Return the form that people read: U-labels, lower-case."""
    domain = domain.strip().rstrip(".").lower()
    if "xn--" not in domain:
        return domain
    try:
        return idna.decode(domain)
    except idna.IDNAError:
        return domain


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(only_icann=True)


@lru_cache(maxsize=65_536)
def org_domain(domain: str) -> str | None:
    """Return the registrable domain by the public suffix list that is installed.

    Examples
    --------
    >>> org_domain("mail.sales.example.co.uk")
    'example.co.uk'
    """
    if not domain:
        return None
    return _suffixes().privatesuffix(domain) or domain


@cache
def _providers() -> dict[str, dict[str, Any]]:
    text = files("bouncekit").joinpath("providers.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def provider_names() -> tuple[str, ...]:
    """Give every value that the column ``provider`` can have."""
    return (*_providers(), OTHER)


def provider_title(name: str) -> str:
    """Return the provider's name as people write it."""
    return _providers()[name]["title"] if name in _providers() else name


def host_names() -> tuple[str, ...]:
    """Give the endings of receiving hosts by which providers are told."""
    return tuple(_by_ending("hosts"))


@cache
def _by_ending(field: str) -> dict[str, str]:
    return {
        ending.lstrip("."): name for name, entry in _providers().items() for ending in entry[field]
    }


@cache
def _exact_domains() -> dict[str, str]:
    return {
        domain: name
        for name, entry in _providers().items()
        for domain in entry["domains"]
        if not domain.startswith(".")
    }


@cache
def _below_domains() -> dict[str, str]:
    return {
        domain[1:]: name
        for name, entry in _providers().items()
        for domain in entry["domains"]
        if domain.startswith(".")
    }


def _match_ending(name: str, endings: Mapping[str, str]) -> str | None:
    while name:
        found = endings.get(name)
        if found:
            return found
        name = name.partition(".")[2]
    return None


@lru_cache(maxsize=65_536)
def provider_of_domain(domain: str | None) -> str | None:
    """Return the provider of a well-known mailbox domain, else None."""
    if not domain:
        return None
    return _exact_domains().get(domain) or _match_ending(domain.partition(".")[2], _below_domains())


@lru_cache(maxsize=65_536)
def provider_of_host(host: str | None) -> str | None:
    """Return the provider that runs a receiving host, else None."""
    return _match_ending(host.lower().rstrip("."), _by_ending("hosts")) if host else None


def providers_by_domain(pairs: Iterable[tuple[str | None, str | None, int]]) -> dict[str, str]:
    """Choose one provider for each domain of a table.

    A well-known domain decides alone; for any other the receiving host seen
    most often does, so that all rows of a domain agree.

    Parameters
    ----------
    pairs : iterable of (domain, remote_mta, count)
        Distinct pairs and how often each occurs.

    Returns
    -------
    dict
        Domain to provider; :data:`OTHER` where nothing is known.
    """
    votes: dict[str, Counter[str]] = {}
    chosen: dict[str, str] = {}
    for domain, host, count in pairs:
        if not domain or domain in chosen:
            continue
        known = provider_of_domain(domain)
        if known:
            chosen[domain] = known
            continue
        tally = votes.setdefault(domain, Counter())
        found = provider_of_host(host)
        if found:
            tally[found] += count
    for domain, tally in votes.items():
        # Ties go to the name first in the alphabet: the order of rows must not matter.
        chosen[domain] = min(tally, key=lambda name: (-tally[name], name)) if tally else OTHER
    return chosen
