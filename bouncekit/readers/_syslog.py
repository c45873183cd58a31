"""The head of a syslog line: time, host, program; and the years that it leaves out."""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

from bouncekit import times
from bouncekit.accounting import Ledger
from bouncekit.inputs.encodings import text_stream
from bouncekit.inputs.sources import Blob
from bouncekit.readers._base import Options

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_STAMP = re.compile(
    r"(?:<\d{1,3}>)?(?:\d )?"
    r"(?:(?P<month>[A-Z][a-z]{2}) {1,2}(?P<day>\d{1,2}) (?:(?P<year>\d{4}) )?"
    r"(?P<clock>\d\d:\d\d:\d\d)(?:\.\d+)?|(?P<iso>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S{0,16})) "
)
_SECOND = re.compile(r":([0-5]\d) ")
_PREFIX = rb"(?:<\d{1,3}>)?"
_CLASSIC = re.compile(rb"^" + _PREFIX + rb"([A-Z][a-z]{2}) {1,2}(\d{1,2}) ", re.MULTILINE)
_OTHER_MONTH = {
    name: re.compile(rb"\n" + _PREFIX + rb"(?!" + name.encode() + rb" )([A-Z][a-z]{2}) [ \d]\d ")
    for name in MONTHS
}
_LEAP_DAY = b"Feb 29 "
_DATED_NAME = re.compile(r"[-._](20\d\d)-?(0[1-9]|1[0-2])-?([0-3]\d)(?!\d)")
_BLOCK = 1 << 20


def lines(blob: Blob, clock: "Clock") -> Iterator[tuple[int, str]]:
    """Yield each line with its number from 1; the clock sees every turn of a month."""
    month = ""
    with text_stream(blob.open(), blob.head.encoding) as texts:
        for number, text in enumerate(texts, start=1):
            if text[:3] != month:
                month = text[:3]
                clock.notice(month)
            yield number, text


def split(line: str) -> tuple[str, str, str] | None:
    """Take a line apart into host, program and text; None where it is no line of a process."""
    end = line.find("]: ")
    gap = line.rfind(" ", 0, end)
    if end < 0 or gap < 0:
        return None
    text = line[end + 3 :]
    if text.startswith("[ID "):
        # Solaris puts a number and a level before the text.
        text = text[text.find("] ") + 2 :]
    host = line[line.rfind(" ", 0, gap) + 1 : gap]
    return host, line[gap + 1 : line.find("[", gap)], text


class Clock:
    """Dates lines of the classic form, which have neither year nor zone.

    The last line is the year that the file is of: by the date in its name
    (``mail.log-20261122``), else by when it was last written. Each step from
    December to January before it is a year. A 29 February needs a leap year,
    so a file with one that claims another year is of the last leap year
    before that.

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
        self._minutes: dict[str, int] = {}
        self.dated = self._year is not None
        self.zoneless = False

    def notice(self, month: str) -> None:
        """See the months of all lines go by, so that no turn of the year is missed."""
        if month in MONTHS:
            self._turn(MONTHS.index(month) + 1)

    def at(self, line: str) -> int | None:
        """Give the time of a line in microseconds since 1970 UTC; None where it tells none."""
        minute = self._minutes.get(line[:12])
        if minute is not None and (second := _SECOND.match(line, 12)):
            return minute + int(second[1]) * times.SECOND
        match = _STAMP.match(line)
        if match is None:
            return None
        iso = match["iso"]
        if iso:
            self.zoneless = self.zoneless or not times.has_zone(iso)
            return times.from_iso(iso, self._tz)
        return self._classic(match)

    def _classic(self, match: re.Match[str]) -> int | None:
        self.zoneless = True
        if match["month"] not in MONTHS:
            return None
        month = MONTHS.index(match["month"]) + 1
        self._turn(month)
        year = int(match["year"]) if match["year"] else self._year
        if year is None:
            return None
        # A late line of December among those of January is one of the year before.
        late = not match["year"] and _is_late(self._month, month)
        day = f"{year - late}-{month:02}-{match['day']}"
        if match.start("clock") == 7:
            # No zone changes within a minute, so the other lines of this one are told quickly.
            minute = times.from_iso(f"{day} {match['clock'][:5]}", self._tz)
            self._minutes = {match[0][:12]: minute} if minute is not None else {}
        return times.from_iso(f"{day} {match['clock']}", self._tz)

    def _turn(self, month: int) -> None:
        if month == self._month:
            return
        self._minutes = {}
        if self._month - month > 6 and self._year is not None:
            self._year += 1
        if not _is_late(self._month, month):
            self._month = month

    def note(self, options: Options, ledger: Ledger) -> None:
        """Say in the account what had to be assumed."""
        if self.zoneless and not options.tz:
            ledger.note("times name no zone and were read as UTC; give tz= the server's zone")
        if self.zoneless and not self.dated:
            ledger.note(
                "times name no year and the file has no date, so they are missing; give a path"
            )


def begins(blob: Blob, options: Options) -> int | None:
    """Give the time of the first dated line of a log."""
    clock = Clock(blob, options.tz)
    found = (clock.at(line) for line in blob.head.text.splitlines())
    return next((time for time in found if time is not None), None)


def _first_year(blob: Blob) -> int | None:
    """Work out the year of the first line from that of the last."""
    dated = _date_of(blob)
    if dated is None or not _CLASSIC.search(blob.head.data):
        return None
    turns, leap, last = _turns(blob)
    year = dated.year
    with_slack = dated + timedelta(days=1)
    if last > (with_slack.month, with_slack.day) and with_slack.year == year:
        # Lines from later in the year than the file itself: they are of the year before.
        year -= 1
    first = year - turns
    if leap is not None:
        first -= (first + leap) % 4
    return first


def _is_late(month: int, line: int) -> bool:
    """Say whether a line of December stands among those of January."""
    return month == 1 and line == 12


def _date_of(blob: Blob) -> date | None:
    """Give the day on which the file ended, by its name or by when it was written."""
    named = _DATED_NAME.search(blob.label)
    if named:
        try:
            return date(int(named[1]), int(named[2]), int(named[3]))
        except ValueError:
            pass
    return None if blob.mtime is None else datetime.fromtimestamp(blob.mtime, UTC).date()


def _turns(blob: Blob) -> tuple[int, int | None, tuple[int, int]]:
    """Look through the months of a log.

    Returns
    -------
    tuple
        How often a year turns; at how many turns a 29 February stands, if one
        does; month and day of the last line.
    """
    month, turns, leap, last = 0, 0, None, (0, 0)
    for block in _blocks(blob):
        for name in _months(block, MONTHS[month - 1] if month else ""):
            found = MONTHS.index(name) + 1
            turns += month - found > 6
            month = month if _is_late(month, found) else found
        if leap is None and _LEAP_DAY in block:
            leap = turns
        end = [*_CLASSIC.finditer(block, max(0, len(block) - 4_096))][-1:]
        for match in end:
            name = match[1].decode("ascii")
            last = (MONTHS.index(name) + 1, int(match[2])) if name in MONTHS else last
    return turns, leap, last


def _blocks(blob: Blob) -> Iterator[bytes]:
    """Yield the bytes of a file in large pieces, each beginning with a line end."""
    rest = b"\n"
    # A file that breaks off is said when its lines are read; the months before it still count.
    with suppress(OSError), blob.open() as stream:
        while data := stream.read(_BLOCK):
            head, end, tail = (rest + data).rpartition(b"\n")
            if head:
                yield head + end
                rest = end + tail
            else:
                rest = (end + tail)[:_BLOCK]
    yield rest


def _months(block: bytes, current: str) -> Iterator[str]:
    """Give the months that the lines of a block begin with, each run of equal ones once."""
    place = 0
    pattern = _OTHER_MONTH.get(current) or re.compile(
        rb"\n" + _PREFIX + rb"([A-Z][a-z]{2}) [ \d]\d "
    )
    while match := pattern.search(block, place):
        name = match[1].decode("ascii")
        place = match.end()
        if name in MONTHS:
            yield name
            pattern = _OTHER_MONTH[name]
