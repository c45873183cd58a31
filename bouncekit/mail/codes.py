"""The codes of one failure: the innermost receiver's, else the report's.

What :mod:`bouncekit.codes` finds in any reply, and the spellings that only
bounce notices use.
"""

import re
from functools import lru_cache

from bouncekit import codes

_STATUS = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])")
_PLAIN = re.compile(r"([45][0-7]\d)[ -](?:#?([45]\.\d{1,3}\.\d{1,3})(?![\d.]))?")
_CANDIDATE = re.compile(r"[245](?:[0-7]\d|\.\d)")
_FILLER = re.compile(r"[245]\.0\.0")
# Cisco's "5.1.0 - Unknown address error 550-'#5.1.0 Address rejected'": the reply stands in quotes.
_QUOTED = re.compile(r"\b([45][0-7]\d)-'#?(?:([45]\.\d{1,3}\.\d{1,3})(?![\d.]))?")
_SPELLED = re.compile(r"[245][0-7]\d\b(?!\.\d)")
_SPELLING = re.compile(
    r"(?:\[|<<<|<--|<-|>>>|(?:response|error|smtp|reply|status) ?code|errcode)"
    r"\s{0,3}[:=]?\s{0,3}\Z",
    re.IGNORECASE,
)


@lru_cache(maxsize=1_024)
def of_failure(words: str, status: str) -> tuple[int | None, str | None]:
    """Return reply code and enhanced code of one failure.

    Parameters
    ----------
    words : str
        The receiver's words.
    status : str
        The report's ``Status`` field, empty where there is none.

    Returns
    -------
    tuple of (int or None, str or None)
        An enhanced code in the words wins over ``Status``, which is often the
        reporting server's own; one that says nothing (``x.0.0``) gives way
        (RFC 3463, RFC 3464 2.3.4).

    Examples
    --------
    >>> of_failure("550 5.1.1 no such user", "5.0.0")
    (550, '5.1.1')
    """
    match = _STATUS.search(status) if status else None
    reported = match[0] if match else None
    if not words:
        return None, reported
    plain = _PLAIN.match(words)
    if plain and plain[2]:
        found = plain[2]
        filler = reported and _FILLER.fullmatch(found) and not _FILLER.fullmatch(reported)
        return int(plain[1]), reported if filler else found
    if not _CANDIDATE.search(words):
        return None, reported
    quoted = _QUOTED.search(words) if "-'" in words else None
    if quoted:
        return int(quoted[1]), quoted[2] or codes.enhanced_code(words) or reported
    found = codes.enhanced_code(words)
    if found and reported and _FILLER.fullmatch(found) and not _FILLER.fullmatch(reported):
        found = reported
    return codes.reply_code(words) or _spelled(words), found or reported


def _spelled(words: str) -> int | None:
    """Return a code that stands behind a mark or a label that only notices use."""
    for match in _SPELLED.finditer(words):
        if _SPELLING.search(words[max(0, match.start() - 24) : match.start()]):
            return int(match[0])
    return None
