"""The head of a syslog line: time, host, program; and the years that it leaves out."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from bouncekit import times
from bouncekit.inputs.sources import Blob

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LINE = re.compile(
    r"(?:<\d{1,3}>)?(?:\d )?"
    r"(?:(?P<month>[A-Z][a-z]{2}) {1,2}(?P<day>\d{1,2}) (?:(?P<year>\d{4}) )?"
    r"(?P<clock>\d\d:\d\d:\d\d)(?:\.\d+)?|(?P<iso>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S{0,16}))"
    r" (?P<host>\S{1,255}) (?P<program>[^\s\[:]{1,255})(?:\[\d+\])?: (?P<text>.*)"
)
_MONTH = re.compile(rb"^(?:<\d{1,3}>)?([A-Z][a-z]{2}) ", re.MULTILINE)
_DATED_NAME = re.compile(r"[-._](20\d\d)-?(0[1-9]|1[0-2])-?([0-3]\d)(?!\d)")


@dataclass(frozen=True, slots=True)
class Line:
    """One syslog line; ``timestamp`` in microseconds since 1970 UTC, or None."""

    number: int
    timestamp: int | None
    host: str
    program: str
    text: str


class Clock:
    """Dates lines of the classic form, which have neither year nor zone.

    The last line is the year that the file is of: by the date in its name
    (``mail.log-20261122``), else by when it was last written. Each step from
    December to January before it is a year.

    Parameters
    ----------
    blob : Blob
        The log; its months are looked through once.
    tz : str or None
        Zone of the server that wrote it; UTC for None.
    """

    def __init__(self, blob: Blob, tz: str | None) -> None:
        self._tz = tz
        self._month = 0
        self._year = _first_year(blob)
        self.dated = self._year is not None
        self.zoneless = False

    def read(self, match: re.Match[str]) -> int | None:
        """Give the time of a line that :func:`lines` has matched."""
        iso = match["iso"]
        if iso:
            self.zoneless = self.zoneless or not times.has_zone(iso)
            return times.from_iso(iso, self._tz)
        self.zoneless = True
        if match["month"] not in MONTHS:
            return None
        month = MONTHS.index(match["month"]) + 1
        if self._year is not None and self._month - month > 6:
            self._year += 1
        elif self._year is not None and month - self._month > 6 and self._month:
            # A late line of December among those of January.
            return self._at(self._year - 1, month, match)
        self._month = month
        year = int(match["year"]) if match["year"] else self._year
        return None if year is None else self._at(year, month, match)

    def _at(self, year: int, month: int, match: re.Match[str]) -> int | None:
        return times.from_iso(f"{year}-{month:02}-{match['day']} {match['clock']}", self._tz)


def _first_year(blob: Blob) -> int | None:
    """Work out the year of the first line from that of the last."""
    months = list(_months(blob))
    if not months:
        return None
    named = _DATED_NAME.search(blob.label)
    if named:
        year, month = int(named[1]), int(named[2])
    elif blob.mtime is not None:
        written = datetime.fromtimestamp(blob.mtime, UTC)
        year, month = written.year, written.month
    else:
        return None
    steps = [before - after for before, after in pairwise(months)]
    rollovers = sum(step > 6 for step in steps) - sum(step < -6 for step in steps)
    # A file written last in January may end with a line of December.
    last = year - 1 if months[-1] > month else year
    return last - rollovers


def _months(blob: Blob) -> Iterator[int]:
    """Give the months of the lines, each run of equal ones once."""
    before = None
    if not _MONTH.search(blob.head.data):
        return
    with blob.open() as stream:
        for raw in stream:
            found = _MONTH.match(raw[:16])
            name = found[1].decode("ascii") if found else None
            if name != before and name in MONTHS:
                before = name
                yield MONTHS.index(name) + 1


def lines(texts: Iterable[str], clock: Clock, wanted: str) -> Iterator[Line]:
    """Yield the syslog lines whose text contains ``wanted`` in program or text."""
    for number, text in enumerate(texts, start=1):
        if wanted not in text:
            continue
        match = _LINE.match(text)
        if match:
            yield Line(
                number, clock.read(match), match["host"], match["program"], match["text"].rstrip()
            )
