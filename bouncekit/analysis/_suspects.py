"""Addresses that look guessed or invented; offline, by their local part (``suspects.toml``)."""

import re
import tomllib
from functools import cache
from importlib.resources import files

from bouncekit.addresses import provider_of_domain

_RUN = 5
"""Keys in a row that nobody's name has."""
_MANY_DIGITS = 5
"""Digits behind a word that a company gives to nobody; big providers run out of names."""
_CONSONANTS = 8
_PARTS = re.compile(r"[._+-]+")
_WORD_AND_DIGITS = re.compile(rf"[a-z]+[._-]?\d{{{_MANY_DIGITS},}}")
_HEXADECIMAL = re.compile(r"(?=.*\d)(?=.*[a-f])[0-9a-f]{16,}")
_SAME = re.compile(r"(.{1,2})\1{3,}")
_UNSPEAKABLE = re.compile(rf"[bcdfghjklmnpqrstvwxz]{{{_CONSONANTS},}}")


@cache
def _lists() -> dict[str, frozenset[str]]:
    text = files("bouncekit.analysis").joinpath("suspects.toml").read_text(encoding="utf-8")
    return {name: frozenset(words) for name, words in tomllib.loads(text).items()}


@cache
def _runs() -> frozenset[str]:
    rows = [line for row in _lists()["keyboard"] for line in (row, row[::-1])]
    return frozenset(row[i : i + _RUN] for row in rows for i in range(len(row) - _RUN + 1))


def batch_columns() -> frozenset[str]:
    """Name the columns of a contact list that say which contacts came together, folded."""
    return _lists()["batch_columns"]


def is_role(address: str) -> bool:
    """Say whether an address is that of a function, not of a person.

    Examples
    --------
    >>> is_role("Sales@example.com"), is_role("ann.lee@example.com")
    (True, False)
    """
    local = address.rpartition("@")[0].lower()
    return _PARTS.sub("", local.partition("+")[0]) in _lists()["role"]


def looks_invented(address: str) -> bool:
    """Say whether an address looks typed at random, or made up to fill a form.

    Digits alone are no sign: that is how addresses at Chinese providers look.

    Examples
    --------
    >>> looks_invented("asdfgh@example.com"), looks_invented("buyer78645@example.com")
    (True, True)
    >>> looks_invented("123456789@qq.com"), looks_invented("o.neil@example.com")
    (False, False)
    """
    local, _, domain = address.lower().rpartition("@")
    plain = _PARTS.sub("", local)
    if plain in _lists()["placeholder"] or _SAME.fullmatch(plain):
        return True
    big = provider_of_domain(domain) is not None
    if plain.isdigit():
        return not big and any(plain.startswith(run) for run in _runs())
    if any(plain[i : i + _RUN] in _runs() for i in range(len(plain) - _RUN + 1)):
        return not (big and any(letter.isdigit() for letter in plain))
    if _HEXADECIMAL.fullmatch(plain):
        return True
    return not big and bool(_WORD_AND_DIGITS.fullmatch(local) or _UNSPEAKABLE.search(plain))
