"""The notice and the returned original below it: where one ends and the other begins."""

import re

from bouncekit.mail.wordlists import KEY, beginnings, phrases

MAX_LINES = 2_000
MAX_FIELDS = 500
"""Lines of a header below a notice."""
LEAD = " \t-_=*>|~·•#.:"
_FIRST_FIELDS = ("Message-", "From:", "Date:", "Subject:", "MIME-", "To:")
_FIELD = re.compile(r"^[A-Za-z][A-Za-z0-9-]{1,40}:")


def split_original(text: str) -> tuple[list[str], str]:
    """Split a text into the lines of the notice and the original returned below them."""
    lines = text.split("\n", MAX_LINES)[:MAX_LINES]
    heads = beginnings("original") | beginnings("original_header")
    for number, line in enumerate(lines):
        low = line[:200].lstrip(LEAD).lower()
        if low[:KEY] in heads or line.startswith(_FIRST_FIELDS):
            start = _start_of_original(lines, number, line, low)
            if start is not None:
                return lines[:number], "\n".join(lines[start:])
    return lines, ""


def _start_of_original(lines: list[str], number: int, line: str, low: str) -> int | None:
    """Return the first line of the original where this line announces or begins it."""
    if low.startswith(phrases("original_header")) and line.lstrip(" \t>")[:1].isalpha():
        return number
    if low.startswith(phrases("original")) and _is_separator(lines, number, line):
        return number + 1
    if line.startswith(_FIRST_FIELDS) and _is_block(lines, number):
        return number
    return None


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
    if not tail:
        return ""
    lines = tail.split("\n", MAX_FIELDS)[:MAX_FIELDS]
    for start, line in enumerate(lines[:40]):  # noqa: B007 - the number is used below
        if _FIELD.match(line.lstrip(" \t>")):
            break
    else:
        return ""
    indent = len(lines[start]) - len(lines[start].lstrip(" \t>"))
    block = []
    for line in lines[start:]:
        bare = line[indent:]
        if not bare.strip():
            break
        block.append(bare)
    return "\n".join(block)


def unquoted(lines: list[str]) -> str:
    """Return the notice without lines a person quoted."""
    return "\n".join([line for line in lines if line[:1] != ">"])
