"""JSON events however they were stored: one object, arrays, lines, or end to end.

Brackets, commas and white space between events are separators and nothing
more, so an array, an array per line, one object per line and objects without
any separator are all read the same way. orjson takes thousands of events at
once; a stretch that it refuses (broken, cut off, nested deeply, with NaN or
without separators) is read one event at a time.
"""

import codecs
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any, BinaryIO, cast

import orjson

from bouncekit.accounting import Ledger
from bouncekit.inputs.sources import Blob, Head
from bouncekit.readers import _pages
from bouncekit.readers._base import Items, Options
from bouncekit.readers._pages import BETWEEN, DECODER

MAX_EVENT = 16_000_000
"""Characters of the longest event that is read."""
_MAX_DEEP = 100
_CHUNK = 1 << 20
_NEXT_EVENT = re.compile(r"\n(?=[{\[])|\}\s*,\s*(?=\{)|\}(?=\{)")
# How far from the end of the text an error may stand that more text would mend.
_MARGIN = 16
_SEPARATORS = " \t\r\n,[]\x1e\ufeff\x00"


class _Cursor:
    """A window on the text of a stream, and a place in it."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = cast("io.BufferedIOBase", stream)
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self.text = ""
        self.place = 0
        self.ended = False
        self.passing = False
        self._pages = 0
        self._tried = 0

    def many(self) -> list[Any] | None:
        """Take all values up to near the end of the window at once; None where that fails."""
        if self._pages or self.place < self._tried:
            return None
        if len(self.text) - self.place < _CHUNK // 2 and not self.ended:
            # What there is comes first; the error comes again to who reads on.
            with suppress(OSError):
                self.more()
        end = len(self.text) if self.ended else _between_values(self.text, self.place)
        stretch = self.text[self.place : end]
        found = _all_of(stretch) if stretch.strip() else None
        if found is None:
            self._tried = len(self.text)
        else:
            self.place = end
        return found

    def more(self) -> bool:
        """Read on; False at the end of the stream."""
        # As much again as there is: the beginning of a long event is decoded often.
        data = self._read(max(_CHUNK, len(self.text) - self.place))
        self.text = self.text[self.place :] + self._decoder.decode(data, final=not data)
        self._tried -= self.place
        self.place = 0
        self.ended = not data
        return bool(data)

    def _read(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            try:
                part = self._stream.read1(_CHUNK)
            except OSError:
                # What came before is used first; the error comes again at the next call.
                if data:
                    break
                raise
            if not part:
                break
            data += part
        return bytes(data)

    def skip(self) -> bool:
        """Go to the next event; False where there is none."""
        while True:
            match = BETWEEN.match(self.text, self.place)
            self.place = match.end() if match else self.place
            if self.place >= len(self.text):
                if not self.more():
                    return False
            elif not self._pages or not self._past_page():
                return True

    def enter_page(self) -> bool:
        """Go into the list of a page that is too long to be read as one value."""
        if len(self.text) - self.place <= MAX_EVENT:
            return False
        found = _pages.into_list(self.text, self.place)
        if found is None:
            return False
        self.place, layers = found
        self._pages += layers
        return True

    def _past_page(self) -> bool:
        """Pass over the end of a page, or a key behind its list; False where there is neither."""
        if self.text[self.place] == "}":
            self.place += 1
            self._pages -= 1
            return True
        if len(self.text) - self.place < _pages.LONGEST_KEY:
            self.more()
        key = _pages.KEY_BEHIND.match(self.text, self.place)
        if key:
            self.place = key.end()
            # What stands there is about the page (the next one's address, a total), no event.
            self.passing = not self.text.startswith("[", self.place)
        return bool(key)

    def resume(self, start: int) -> None:
        """Go on behind a broken event: at what looks like the beginning of the next."""
        read = self.text[self.place : start]
        # An event cut off at the end of a line is noticed at the start of the next.
        self.place += max(len(read.rstrip()), 1)
        while True:
            match = _NEXT_EVENT.search(self.text, self.place)
            if match:
                self.place = match.end()
                return
            self.place = max(self.place, len(self.text) - 1)
            if not self.more():
                self.place = len(self.text)
                return


@dataclass(frozen=True, slots=True)
class Broken:
    """Stands where an event could not be read; says why."""

    reason: str


_CUTS = ("\n", "},{", "}, {")


def _between_values(text: str, place: int) -> int:
    """Find the last place where a value may have ended: a line end, or a comma between objects."""
    for cut in _CUTS:
        at = text.rfind(cut, place)
        if at >= 0:
            return at + 1
    return place


def _all_of(stretch: str) -> list[Any] | None:
    """Parse values with separators between; lists among them are separators too."""
    inner = stretch.strip(_SEPARATORS)
    lines = stretch.rstrip()
    # A raw line end inside a text stays one, and is refused like by any parser.
    for joined in (
        lines.replace("\n", ",\n"),
        inner.replace(",\n", "\n").replace("\n", ",\n"),
        inner,
    ):
        with suppress(orjson.JSONDecodeError):
            return _flat(orjson.loads(f"[{joined}]"))
    return None


def _flat(found: list[Any]) -> list[Any]:
    while any(type(value) is list for value in found):
        found = list(chain.from_iterable(v if type(v) is list else (v,) for v in found))
    return found


def value_lists(blob: Blob) -> Iterator[list[Any]]:
    """Yield the JSON values of a file, some at a time; :class:`Broken` stands for a broken one."""
    deep = 0
    with blob.open() as stream:
        cursor = _Cursor(stream, blob.head.encoding)
        while (found := cursor.many()) is not None or cursor.skip():
            if found is not None:
                yield found
                continue
            try:
                value, cursor.place = DECODER.raw_decode(cursor.text, cursor.place)
            except RecursionError:
                deep += 1
                cursor.resume(cursor.place + 1 if deep < _MAX_DEEP else len(cursor.text))
                value = Broken("is nested too deeply to be an event")
            except ValueError as error:
                if (_cut_off(error, cursor) and cursor.more()) or cursor.enter_page():
                    continue
                cursor.resume(getattr(error, "pos", cursor.place + 1))
                value = Broken(f"is not valid JSON ({_words(error)})")
            if not cursor.passing:
                yield [value]
            cursor.passing = False


def values(blob: Blob) -> Iterator[Any]:
    """Yield each JSON value of a file, :class:`Broken` where there is none to be had."""
    return chain.from_iterable(value_lists(blob))


def _cut_off(error: ValueError, cursor: _Cursor) -> bool:
    """Say whether the event only ends beyond the text read so far."""
    if cursor.ended or len(cursor.text) - cursor.place > MAX_EVENT:
        return False
    if not isinstance(error, json.JSONDecodeError):
        return False
    return error.msg.startswith("Unterminated") or error.pos >= len(cursor.text) - _MARGIN


def _words(error: ValueError) -> str:
    return error.msg.lower() if isinstance(error, json.JSONDecodeError) else "a number is too long"


def events(unwrap: Callable[[Any], Iterable[Any]]) -> Items:
    """Make the ``items`` function of a reader of JSON.

    Parameters
    ----------
    unwrap : callable
        One stored value to the events in it.
    """

    def items(blob: Blob, options: Options, ledger: Ledger) -> Iterator[tuple[int, Any]]:
        number = 0
        for value in values(blob):
            if isinstance(value, Broken):
                number += 1
                ledger.fail(number, value.reason)
                continue
            for event in unwrap(value):
                number += 1
                yield number, event

    return items


@lru_cache(maxsize=8)
def first_values(head: Head, count: int = 20) -> tuple[Any, ...]:
    """Return the first whole JSON values of a file, for sniffing; never raises."""
    if not head.is_json:
        return ()
    found: list[Any] = []
    place = 0
    while len(found) < count:
        match = BETWEEN.match(head.text, place)
        place = match.end() if match else place
        try:
            value, place = DECODER.raw_decode(head.text, place)
        except (ValueError, RecursionError):
            break
        found.append(value)
    if not found and place < len(head.text):
        # One page of an API may be longer than the head.
        found.append(_pages.begun(head.text, place))
    return tuple(found)


def first_objects(head: Head) -> tuple[dict[str, Any], ...]:
    """Return the first JSON objects of a file, for sniffing; never raises."""
    return tuple(value for value in first_values(head) if isinstance(value, dict))


def text_of(value: Any) -> str | None:
    """Give a JSON scalar as text; None for null, empty, lists and objects."""
    if isinstance(value, str):
        return value.strip() or None
    if value is None or isinstance(value, (dict, list, bool)):
        return None
    return str(value)


def part(value: Any, *keys: str) -> dict[str, Any]:
    """Give the object under these keys, one inside the other; empty where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def list_of(value: Any) -> list[Any]:
    """Give a JSON list; an empty one where the value is anything else."""
    return value if isinstance(value, list) else []


def text_at(value: Any, *keys: str) -> str | None:
    """Give the scalar at the end of a path of keys as text; None where there is none."""
    *outer, last = keys
    return text_of(part(value, *outer).get(last))


def first_text(values: Any) -> str | None:
    """Give the first scalar of a list as text; a scalar stands for itself."""
    entries = values if isinstance(values, list) else [values]
    return next(filter(None, map(text_of, entries)), None)
