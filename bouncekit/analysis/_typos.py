"""Domains that are a slip of the finger away from a big one; offline."""

import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

_MIN_NAME = 5
"""Letters the first label of the domain meant needs, as short names are near each other."""


def suggest_domain(domain: str, *, unknown_host: bool) -> str | None:
    """Return the big domain that was likely meant, or None.

    One letter added, left out, changed or swapped with its neighbour is a
    slip: of names of five letters and more, in the ending of any name
    (``qq.con``), or where the domain itself does not exist. In that last case
    names of five letters and more may have two slips.

    Parameters
    ----------
    domain : str
        A-label domain of an address that failed.
    unknown_host : bool
        Whether the domain itself failed, rather than the local part.

    Examples
    --------
    >>> suggest_domain("gmial.com", unknown_host=False)
    'gmail.com'
    >>> suggest_domain("gmail.com", unknown_host=False) is None
    True
    """
    big = _big_domains()
    if not domain or domain in big:
        return None
    slips = 2 if unknown_host else 1
    near = {found for short in _shorter(domain, slips) for found in _index().get(short, ())}
    best = None
    for found in near:
        distance = edit_distance(domain, found)
        if distance <= slips and _is_slip(domain, found, distance, unknown_host=unknown_host):
            best = min(best or (distance, big[found]), (distance, big[found]))
    return None if best is None else list(big)[best[1]]


def _is_slip(domain: str, big: str, distance: int, *, unknown_host: bool) -> bool:
    """Say whether the big domain is near enough for its length."""
    name, meant = domain.partition(".")[0], big.partition(".")[0]
    if distance == 1 and (unknown_host or name == meant):
        return True
    return len(meant) >= _MIN_NAME


def edit_distance(one: str, other: str) -> int:
    """Count letters added, left out, changed, or swapped with their neighbour."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        before, above, row = row, before, [i]
        for j, wanted in enumerate(other, start=1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                best = min(best, above[j - 2] + 1)
            row.append(best)
    return row[-1]


@cache
def _big_domains() -> dict[str, int]:
    """List the well-known mailbox domains with their rank, that of the file."""
    text = files("bouncekit").joinpath("providers.toml").read_text(encoding="utf-8")
    names = [
        domain
        for entry in tomllib.loads(text).values()
        for domain in entry["domains"]
        if not domain.startswith(".")
    ]
    return {name: rank for rank, name in enumerate(dict.fromkeys(names))}


@cache
def _index() -> dict[str, tuple[str, ...]]:
    """Map each big domain with up to two letters left out to the domain.

    Two words within distance d share a form with at most d letters left out
    of each, so that a look-up replaces a comparison with every big domain.
    """
    found: dict[str, list[str]] = {}
    for domain in _big_domains():
        for short in _shorter(domain, 2):
            found.setdefault(short, []).append(domain)
    return {short: tuple(domains) for short, domains in found.items()}


def _shorter(word: str, letters: int) -> Iterator[str]:
    forms = {word}
    for _ in range(letters):
        forms |= {form[:i] + form[i + 1 :] for form in forms for i in range(len(form))}
    return iter(forms)
