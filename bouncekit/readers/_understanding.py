"""Which column of an unknown table means what: by its cells first, its name second."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bouncekit import times
from bouncekit.inputs.encodings import fold_header
from bouncekit.readers._events import UNJOINED
from bouncekit.readers._words import FAILURE, HEADERS, SECOND, WEAK, event_of

SAMPLE = 500
"""Records that are looked at."""
_MOST = 0.8
_NAMED_MOST = 0.6
"""Share of the cells that must fit; less is asked of a column with the field's own name."""
_ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]+>?")
_SMTP = re.compile(r"[245]\d\d")
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_CODE = re.compile(rf"{_SMTP.pattern}|{_ENHANCED.pattern}|{_SMTP.pattern}[ -]{_ENHANCED.pattern}")
_MESSAGE_ID = re.compile(r"<?[^\s<>@]+@[^\s<>@]+>?")
FIELDS = (
    "recipient", "timestamp", "event", "vendor_type", "diagnostic", "code", "smtp_code",
    "enhanced_code", "message_id", "campaign", "sender", "remote_mta", "sending_ip",
)  # fmt: skip
_MAX_WORD = 40
_FEW = 25
"""Different words of an event column, at most."""
_TELLING = ("event", "diagnostic", "code", "smtp_code", "enhanced_code")


@dataclass(frozen=True, slots=True)
class Understanding:
    """What each field of the bounce table is called in one file.

    Parameters
    ----------
    columns : mapping
        Field to folded column name.
    day_first : bool or None
        Whether dates with the year last begin with the day; None: not told.
    words : mapping
        Word of the event column to the event that it names, None where it is
        not known.
    sent_is : str
        What ``sent`` means in this file: see :func:`_meaning_of_sent`.
    """

    columns: Mapping[str, str]
    day_first: bool | None
    words: Mapping[str, str | None]
    sent_is: str

    @property
    def tells_failures(self) -> bool:
        """Whether there is an address and something that says what became of it."""
        return "recipient" in self.columns and any(name in self.columns for name in _TELLING)


def understand(
    samples: Mapping[str, Sequence[str]], given: Mapping[str, str] | None = None
) -> Understanding:
    """Work out what the columns of a table mean.

    Parameters
    ----------
    samples : mapping
        Folded column name to some of its cells.
    given : mapping, optional
        Field to column name, as the user said; those stand.
    """
    chosen = {field: fold_header(name) for field, name in (given or {}).items()}
    if "vendor_type" in chosen and "event" not in chosen:
        chosen["event"] = chosen.pop("vendor_type")
    filled = {name: [cell for cell in cells if cell.strip()] for name, cells in samples.items()}
    for field, fits in _TESTS.items():
        if field in chosen:
            continue
        free = [name for name in filled if name not in chosen.values()]
        scores = {name: _score(field, name, filled[name], fits) for name in free}
        if field in _COVERING:
            scores = {name: score * _coverage(samples[name]) for name, score in scores.items()}
        best = max(free, key=scores.__getitem__, default=None)
        if best is not None and scores[best] > 0:
            chosen[field] = best
    if "event" not in chosen:
        chosen.pop("vendor_type", None)
    if "event" not in chosen and any(name in chosen for name in _TELLING):
        found = _event_column({n: c for n, c in filled.items() if n not in chosen.values()})
        chosen |= {"event": found} if found else {}
    ordered = {field: chosen[field] for field in FIELDS if field in chosen}
    dates = filled.get(ordered.get("timestamp", ""), [])
    words = {word.strip(): event_of(word) for word in filled.get(ordered.get("event", ""), [])}
    sent_is = _meaning_of_sent(samples, ordered)
    return Understanding(ordered, times.day_first(dates), words, sent_is)


def _event_column(free: Mapping[str, Sequence[str]]) -> str | None:
    """Find the column with an event's name and few words, some of which are not known.

    Of a table that tells of failures without it, all records would be failures.
    """
    for name, cells in free.items():
        words = set(cells)
        if (
            _named("event", name) >= 1
            and len(words) <= min(_FEW, len(cells))
            and any(map(event_of, words))
        ):
            return name
    return None


def _meaning_of_sent(samples: Mapping[str, Sequence[str]], columns: Mapping[str, str]) -> str:
    """Tell what ``sent`` means in a file.

    ``sent``: an event of its own, where message ids join it to its outcome.
    ``delivered``: where each message has one record and no other word says
    that mail arrived. ``unjoined``: where deliveries have records of their
    own and no id joins the two.
    """
    words = samples.get(columns.get("event", ""), ())
    ids = [cell for cell in samples.get(columns.get("message_id", ""), ()) if cell.strip()]
    told = {event_of(word) for word in set(words)}
    if "sent" not in told or len(set(ids)) < len(ids):
        return "sent"
    if "delivered" not in told:
        return "delivered"
    return "sent" if ids else UNJOINED


def _share(cells: Sequence[str], test: Callable[[str], object]) -> float:
    return sum(bool(test(cell.strip())) for cell in cells) / len(cells) if cells else 0.0


_COVERING = {"event"}
"""Fields that say something of every record: a column with gaps comes second."""


def _coverage(cells: Sequence[str]) -> float:
    return sum(bool(cell.strip()) for cell in cells) / len(cells) if cells else 1.0


def _score(field: str, name: str, cells: Sequence[str], fits: Callable[[str], object]) -> float:
    """Rate one column for one field; 0 where it cannot be that.

    A name that says the field is needed where the cells alone could be
    anything; cells that fit are needed where the name is a common one.
    """
    named = _named(field, name)
    if not named and _means_another(field, name):
        return 0.0
    share = _share(cells, fits)
    if field in _BY_NAME_ONLY:
        return named * (1 + share) if share >= _MOST or not cells else 0.0
    if not cells:
        return 0.5 * named if named and name not in WEAK else 0.0
    if field in _NAMED_TOO and not named:
        return 0.0
    if field == "diagnostic":
        enough = 0.0 if named >= 1 and name not in WEAK else 0.3
        return (share >= enough) * (named + share + 0.001)
    most = _NAMED_MOST if named >= 1 else _MOST
    return (share >= most) * (2 * named + share)


_NAMED_TOO = {"smtp_code", "vendor_type"}
"""Fields for which cells that fit are not enough."""
_BY_NAME_ONLY = {"message_id", "campaign", "sender", "remote_mta", "sending_ip"}


def _named(field: str, name: str) -> float:
    """Rate how well a column's name fits a field: 1 its own, less for a part of it."""
    bare = re.sub(r" \d+$", "", name)
    field = "code" if field.endswith("_code") else "event" if field == "vendor_type" else field
    if bare in HEADERS.get(field, ()):
        # Of several times, that of the failure; of several words, the failure's.
        better = 1.25 if re.search(r"bounce|fail|退|失", bare) else 1.0
        return 0.75 if bare in SECOND else better
    if any(bare in names for names in HEADERS.values()):
        return 0.0
    words = HEADERS.get(field, frozenset()) - WEAK
    return 0.5 if any(_contains(bare, word) for word in words) else 0.0


def _means_another(field: str, name: str) -> bool:
    """Say whether a column has the proper name of some other field."""
    field = "event" if field == "vendor_type" else field
    others = (names for other, names in HEADERS.items() if other != field)
    return name not in WEAK and any(name in names for names in others)


def _contains(name: str, word: str) -> bool:
    return word in name if not word.isascii() else f" {word} " in f" {name} "


def _is_code(cell: str) -> bool:
    return bool(_CODE.fullmatch(cell))


def _is_words(cell: str) -> bool:
    return bool(FAILURE.search(cell)) and not _is_code(cell)


def _is_event(cell: str) -> bool:
    return len(cell) <= _MAX_WORD and event_of(cell) is not None


_TESTS: dict[str, Callable[[str], object]] = {
    "sender": _ADDRESS.search,
    "message_id": _MESSAGE_ID.fullmatch,
    "recipient": _ADDRESS.search,
    "smtp_code": _SMTP.fullmatch,
    "enhanced_code": _ENHANCED.fullmatch,
    "code": _is_code,
    "event": _is_event,
    "vendor_type": _is_event,
    "timestamp": times.looks_like_time,
    "diagnostic": _is_words,
    "campaign": bool,
    "remote_mta": bool,
    "sending_ip": bool,
}
"""What a cell of each field looks like, in the order in which columns are given out."""
