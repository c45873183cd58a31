"""Pages of an API: an object around a list of events, which may be too long to be read whole.

``{"items": [...], "paging": {...}}`` and its relatives. Recognising a file sees
only its beginning; reading one of hundreds of megabytes goes event by event.
"""

import json
import re
from typing import Any

DECODER = json.JSONDecoder(parse_constant=lambda _: None)
BETWEEN = re.compile(r"[\s,\[\]\x1e\ufeff\x00]*")
"""What may stand between events: archives put a record separator or nothing there."""

_NAME = r'"((?:[^"\\]|\\.){0,200})"\s*:\s*'
_KEY = re.compile(rf"\s*[{{,]\s*{_NAME}")
KEY_BEHIND = re.compile(_NAME)
"""A key that stands behind the list of a page."""
LONGEST_KEY = 500
_MAX_LAYERS = 4


def begun(text: str, place: int, depth: int = 0) -> dict[str, Any]:
    """Give what there is of an object that is cut off by the end of the text."""
    found: dict[str, Any] = {}
    while key := _KEY.match(text, place):
        place = key.end()
        try:
            found[key[1]], place = DECODER.raw_decode(text, place)
        except (ValueError, RecursionError):
            if text.startswith("[", place):
                found[key[1]] = _begun_list(text, place)
            elif text.startswith("{", place) and depth < _MAX_LAYERS:
                found[key[1]] = begun(text, place, depth + 1)
            break
    return found


def _begun_list(text: str, place: int) -> list[Any]:
    entries: list[Any] = []
    while match := BETWEEN.match(text, place):
        try:
            value, place = DECODER.raw_decode(text, match.end())
        except (ValueError, RecursionError):
            break
        entries.append(value)
    return entries


def into_list(text: str, place: int) -> tuple[int, int] | None:
    """Find the list in which an object is cut off by the end of the text.

    Returns
    -------
    tuple of (int, int) or None
        The place behind the bracket that opens the list, and how many objects
        are open there; None where the object is no page.
    """
    layers = 1
    while key := _KEY.match(text, place):
        place = key.end()
        try:
            _, place = DECODER.raw_decode(text, place)
        except (ValueError, RecursionError):
            if text.startswith("[", place):
                return place + 1, layers
            if not text.startswith("{", place) or layers >= _MAX_LAYERS:
                return None
            layers += 1
    return None
