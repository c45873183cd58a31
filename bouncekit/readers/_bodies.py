"""Bodies of webhooks as people store them: escaped, form-encoded, in lists and envelopes.

A reader says what an event of its own looks like; whatever was put around the
events (a queue, a logger, a page of an API) is taken off until one appears.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from bouncekit.accounting import Ledger
from bouncekit.inputs.encodings import text_stream
from bouncekit.inputs.sources import Blob, Head
from bouncekit.readers import _json
from bouncekit.readers._base import Items, Options

Unwrap: TypeAlias = Callable[[Any], Iterator[Any]]

_MAX_LAYERS = 12
_MAX_FIELDS = 1_000
_ENVELOPES = (
    *("Records", "records", "Messages", "Sns", "Message", "Body", "body", "rawBody", "raw_body"),
    *("payload", "detail", "data", "request"),
)
"""Keys under which queues, functions and loggers keep the body that was posted."""
_FORM = re.compile(r"[A-Za-z0-9_.%+\[\]-]{1,100}=[^\s=&]*(?:&[^\s=&]{1,200}=[^\s=&]*)*&?")
"""A form-encoded body holds no white space, and each ``=`` and ``&`` means what it says."""


def unwrapper(is_event: Callable[[dict[str, Any]], bool], *lists: str) -> Unwrap:
    """Make a function that yields the events in one stored value.

    Parameters
    ----------
    is_event : callable
        Says whether an object is an event of the reader's own, or at least
        nothing to look into.
    lists : str
        Keys under which the vendor itself keeps events, tried first.

    Returns
    -------
    callable
        Value to the objects and texts in it; what holds no event comes out
        as it is, so that the reader can say what is wrong with it.
    """
    keys = (*lists, *_ENVELOPES)

    def layers(value: Any, depth: int = 0) -> Iterator[Any]:
        inner = _inside(value, keys, is_event) if depth < _MAX_LAYERS else [value]
        for entry in inner:
            if entry is value:
                yield value
            else:
                yield from layers(entry, depth + 1)

    return layers


def _inside(
    value: Any, keys: Iterable[str], is_event: Callable[[dict[str, Any]], bool]
) -> list[Any]:
    """Take off one layer; a value with none comes back as the only entry."""
    if isinstance(value, list):
        return value
    if isinstance(value, str):
        opened = _opened(value)
        return [value if opened is None else _or_empty(opened)]
    if not isinstance(value, dict) or is_event(value):
        return [value]
    words = None
    for key in keys:
        inner = value.get(key)
        if isinstance(inner, (dict, list)):
            return [_or_empty(inner)]
        if isinstance(inner, str):
            opened = _opened(inner)
            if opened is not None:
                return [_or_empty(opened)]
            # A logger's own words stand beside the body that it logged.
            words = words or inner
    return [words or value]


def _or_empty(value: Any) -> Any:
    """Give a page or a post without events as one thing, so that it is told of."""
    return {} if value == [] else value


def _opened(text: str) -> Any:
    """Parse a body stored as text; None where it is neither JSON nor a form."""
    if text.lstrip()[:1] not in ("{", "[", '"'):
        return form(text)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def form(text: str) -> dict[str, str] | None:
    """Parse a form-encoded body; the first value of each field. None where it is none."""
    text = text.strip()
    if not _FORM.fullmatch(text):
        return None
    try:
        fields = parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError:
        return None
    found: dict[str, str] = {}
    for name, value in fields:
        found.setdefault(name, value)
    return found


def items(unwrap: Unwrap) -> Items:
    """Make the ``items`` function of a reader of webhooks, JSON or a form in each line."""
    as_json = _json.events(unwrap)

    def listed(blob: Blob, options: Options, ledger: Ledger) -> Iterator[tuple[int, Any]]:
        if blob.head.is_json:
            yield from as_json(blob, options, ledger)
            return
        number = 0
        for line in _lines(blob):
            fields = form(line)
            if fields is None:
                number += 1
                ledger.fail(number, "is neither JSON nor a form-encoded body")
                continue
            for event in unwrap(fields):
                number += 1
                yield number, event

    return listed


def _lines(blob: Blob) -> Iterator[str]:
    with blob.open() as stream, text_stream(stream, blob.head.encoding) as lines:
        yield from (line for line in lines if line.strip())


@lru_cache(maxsize=64)
def first_objects(head: Head, unwrap: Unwrap) -> tuple[dict[str, Any], ...]:
    """Return the first objects of a file with their wrapping off, for sniffing; never raises."""
    values = _json.first_values(head) if head.is_json else first_forms(head)
    return tuple(event for value in values for event in unwrap(value) if isinstance(event, dict))


@lru_cache(maxsize=8)
def first_forms(head: Head) -> tuple[dict[str, str], ...]:
    """Return the fields of the first form-encoded lines; the last value may be cut off."""
    lines = [line for line in head.text.splitlines()[:20] if line.strip()]
    if head.is_json or not lines or form(lines[0]) is None:
        return ()
    return tuple(fields for fields in map(form, lines) if fields)
