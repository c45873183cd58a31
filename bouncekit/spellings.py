"""Find addresses in texts, in whatever way they are spelled there."""

import re
from collections.abc import Callable
from urllib.parse import unquote

# Every way in which exports, reports and links were seen to write the @.
AT = re.compile(
    r"@|＠|﹫|%(?:25)*40|=40|&(?:amp;)?#0*64;|&(?:amp;)?#x0*40;|&(?:amp;)?commat;"
    r"|\\u0040|\\x40|\s?[\[(]\s?at\s?[\])]\s?",
    re.IGNORECASE,
)
# Read backwards from the @, so that the search stays linear on any text.
_LOCAL_BACKWARDS = re.compile(r"""(?:"[^"\r\n]{1,64}"|[\w.!#$%&'*+/=?^`{|}~\-\\]{1,320})""")
_DOMAIN = re.compile(
    r"\[[\w.:]{2,64}\]|[\w\-]{1,63}(?:(?:\.|．|。|%2e|=2e)[\w\-]{1,63}){0,10}", re.IGNORECASE
)
_DOTTED = re.compile(r"(?:\.|．|。|%2e|=2e)[^\W\d][\w\-]*$", re.IGNORECASE)
_INSIDE_WORD = re.compile(r"[\w+\-]")


def replace_addresses(text: str, pseudonym: Callable[[str, str], str]) -> str:
    """Replace everything shaped like an address, in linear time."""
    parts, done = [], 0
    for at in AT.finditer(text):
        backwards = _LOCAL_BACKWARDS.match(text[max(done, at.start() - 330) : at.start()][::-1])
        domain = _DOMAIN.match(text, at.end())
        if at.start() < done or not backwards or not domain:
            continue
        # `size=4096` is no address: only a plain @ may stand before an undotted name.
        if at[0] not in "@＠﹫" and not _DOTTED.search(domain[0]):
            continue
        start = at.start() - backwards.end()
        parts += [text[done:start], pseudonym(backwards[0][::-1], domain[0])]
        done = domain.end()
    return "".join(parts) + text[done:] if parts else text


def replace_word(text: str, word: str, by: str) -> str:
    """Replace a word wherever it stands alone, whatever its case."""
    folded, sought = text.lower(), word.lower()
    parts, done, start = [], 0, folded.find(sought)
    if len(folded) != len(text):
        return text if start < 0 else re.sub(re.escape(word), by, text, flags=re.IGNORECASE)
    while start >= 0:
        end = start + len(sought)
        if not _INSIDE_WORD.match(text[start - 1 : start] + " ") and not _INSIDE_WORD.match(
            text, end
        ):
            parts += [text[done:start], by]
            done = end
        start = folded.find(sought, end)
    return "".join(parts) + text[done:]


def decoded(part: str) -> str:
    """Undo percent and quoted-printable spelling, so that all spellings share a pseudonym."""
    part = re.sub(r"=([0-9A-Fa-f]{2})", r"%\1", part) if "=" in part else part
    return unquote(unquote(part)).strip("\"'\\")


def scrub(text: str) -> str:
    """Return the text with ``[address]`` for every address, for labels and logs.

    Examples
    --------
    >>> scrub("Offer for ann@example.com")
    'Offer for [address]'
    """
    return replace_addresses(text, lambda local, domain: "[address]")
