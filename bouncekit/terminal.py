"""Writing to a terminal: what strangers wrote must not steer it."""

import re
import sys
from contextlib import suppress

# C0 (but line end and tab), DEL, C1, and characters that turn the direction of text.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def printable(text: object) -> str:
    r"""Return the text with control characters spelled out.

    Examples
    --------
    >>> print(printable("red \x1b[31m"))
    red \x1b[31m
    """
    return _CONTROLS.sub(lambda match: ascii(match[0])[1:-1], str(text))


def say(text: object = "") -> None:
    """Print one text for people, harmless to the terminal."""
    print(printable(text))  # noqa: T201 - this is where the command line speaks


def complain(sentence: object) -> None:
    """Print one error sentence to stderr."""
    line = " ".join(printable(sentence).split())
    print(f"bouncekit: error: {line}", file=sys.stderr)  # noqa: T201 - as above


def speak_utf8() -> None:
    """Write UTF-8 whatever the console's code page is; Windows pipes would fail on Chinese."""
    for stream in (sys.stdout, sys.stderr):
        # A stream that a test or an IDE put there may know no encodings.
        with suppress(AttributeError, ValueError):
            stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
