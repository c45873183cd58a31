"""The notice and the returned original below it: where one ends and the other begins."""

import re
from functools import lru_cache

from bouncekit.mail.wordlists import begins, fold, has

MAX_LINES = 2_000
MAX_LEAD = 2_000
"""Characters that may stand between a notice and the header below it."""
MAX_BLOCK = 65_536
"""Characters of that header."""
MAX_OPENING = 200
"""Characters of a line in which an original can be announced."""
HEADER, SEPARATOR, FIELD = "header", "separator", "field"
LEAD = " \t-_=*>|~·•#.:"
_FIRST_FIELDS = ("Message-", "From:", "Date:", "Subject:", "MIME-", "To:")
_SUMMARY = ("message-id:", "from:", "to:", "cc:", "subject:", "date:", "sent:", "size:")
_CODE = re.compile(r"\b[45]\d\d[ -]|\b[45]\.\d\.\d")
_FIRST_FIELD = re.compile(r"^([ \t>]*)[A-Za-z][A-Za-z0-9-]{1,40}:", re.MULTILINE)
_EMPTY_LINE = re.compile(r"\n[\s>]*?(?:\n|\Z)")
_FIELD = re.compile(r"^[A-Za-z][A-Za-z0-9-]{1,40}:")


def split_original(text: str) -> tuple[list[str], str]:
    """Split a text into the lines of the notice and the original returned below them."""
    lines = text.split("\n", MAX_LINES)[:MAX_LINES]
    for number, line in enumerate(lines):
        if opening := _opening(line[:MAX_OPENING]):
            start = _start_of_original(lines, number, opening)
            if start is not None:
                return lines[:number], "\n".join(lines[start:])
    return lines, ""


@lru_cache(maxsize=8_192)
def _opening(line: str) -> str:
    """Say how a line may open an original, empty for nearly all; lines repeat in a mailbox."""
    low = line.lstrip(LEAD).lower()
    if begins("original_header", low) and line.lstrip(" \t>")[:1].isalpha():
        return HEADER
    if begins("original", low):
        return SEPARATOR
    return FIELD if line.startswith(_FIRST_FIELDS) else ""


def _start_of_original(lines: list[str], number: int, opening: str) -> int | None:
    """Return the first line of the original where this line announces or begins it."""
    if opening == HEADER:
        return number
    if opening == SEPARATOR and _is_separator(lines, number, lines[number]):
        return number + 1
    if lines[number].startswith(_FIRST_FIELDS) and _is_block(lines, number):
        return None if _is_summary(lines, number) else number
    return None


def _is_summary(lines: list[str], number: int) -> bool:
    """Say whether a few fields name the message before anything is told of its failure."""
    if any("@" in line or _CODE.search(line) for line in lines[:number]):
        return False
    end = number
    while end < len(lines) and (_FIELD.match(lines[end]) or lines[end][:1] in (" ", "\t")):
        if not lines[end].lower().startswith((*_SUMMARY, " ", "\t")):
            return False
        end += 1
    return has("bounce_sentence", fold("\n".join(lines[end : end + 12])))


def _is_separator(lines: list[str], number: int, line: str) -> bool:
    """Tell a separator from a sentence that begins with the same words."""
    stripped = line.strip()
    if stripped[0] in "-_=*" or (len(stripped) < 60 and stripped[-1] in ":.-=*_："):
        # "The original message was received at ..." opens notices; nothing failed before it.
        return number > 0 or len(lines) == 1
    return number > 0 and len(stripped) < 40


def _is_block(lines: list[str], number: int) -> bool:
    """Say whether a header block begins here: three fields of a message in a row."""
    found = 0
    for line in lines[number : number + 8]:
        if _FIELD.match(line):
            found += 1
        elif line[:1] not in (" ", "\t"):
            break
    return found >= 4


def original_headers(tail: str) -> str:
    """Return the header block at the top of what follows the notice."""
    first = _FIRST_FIELD.search(tail, 0, MAX_LEAD)
    if not first:
        return ""
    start = first.start()
    empty = _EMPTY_LINE.search(tail, start, start + MAX_BLOCK)
    block = tail[start : empty.start() if empty else start + MAX_BLOCK]
    indent = len(first[1])
    return "\n".join([line[indent:] for line in block.split("\n")]) if indent else block
