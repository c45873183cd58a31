"""Codes in the words of a reply, for readers that go event by event."""

import re
from functools import lru_cache
from typing import TypeAlias

from bouncekit import codes

Codes: TypeAlias = tuple[int | None, str | None]
"""SMTP code and enhanced code."""

_TYPE = re.compile(r"\s*(?:smtp|x-[a-z0-9-]{1,30})\s*;\s*", re.IGNORECASE)
_ACCEPTED = re.compile(r"(2\d\d)(?:[ -](2\.\d{1,3}\.\d{1,3})(?![\d.]))?(?!\d)")


def without_type(text: str | None) -> str | None:
    """Return the words of a diagnostic code without its type, ``smtp;`` (RFC 3464 2.3.6)."""
    if not text:
        return None
    match = _TYPE.match(text)
    return (text[match.end() :] if match else text) or None


@lru_cache(maxsize=20_000)
def codes_of(text: str | None, status: str | None = None) -> Codes:
    """Return the SMTP code and the enhanced code of a reply.

    Parameters
    ----------
    text : str or None
        The remote server's words; they come first.
    status : str or None
        The exporter's own status field, for what the words do not say.
    """
    return (
        codes.reply_code(text) or codes.reply_code(status),
        codes.enhanced_code(text) or codes.enhanced_code(status),
    )


def codes_of_success(text: str | None, status: str | None = None) -> Codes:
    """Return the codes of the reply to a message that was taken.

    Most replies are of this kind and no two the same, so they are not looked
    through for more than what they begin with.
    """
    found = _ACCEPTED.match(text) if text else None
    return (int(found[1]), found[2] or status) if found else codes_of(text, status)
