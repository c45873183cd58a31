"""SendGrid suppression lists: the CSV download and the suppression API's JSON.

A state list: who is blocked now, not what happened to a mailing. Which list a
file is (``vendor_type``) is read from its name, ``suppression_bounces.csv``,
else from its columns:

=================  ===========  ============================================
``vendor_type``    ``event``    the list
=================  ===========  ============================================
``bounces``        bounce       receivers said no for good
``blocks``         bounce       receivers refused sender, address or content
``invalid``        bounce       SendGrid's own check of the address failed
``spam_reports``   complaint    recipients pressed the spam button
missing            bounce       neither name nor columns tell
=================  ===========  ============================================

Look-alikes: the Email Activity CSV (has ``processed`` and ``event``) and the
event webhook (has ``sg_event_id``).
"""

import re
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from bouncekit import times
from bouncekit.accounting import Ledger
from bouncekit.inputs.sources import Blob, Head
from bouncekit.readers import _columns, _csv, _json
from bouncekit.readers._base import (
    CERTAIN,
    NO,
    BadItem,
    ByItem,
    Chunk,
    Options,
    Reader,
    Row,
    SkipItem,
)
from bouncekit.readers._reply import codes_of

_NEEDED = {"email", "created"}
_KNOWN = _NEEDED | {"status", "reason", "ip"}
_LISTS = (
    ("bounces", re.compile(r"bounce")),
    ("blocks", re.compile(r"block")),
    ("invalid", re.compile(r"invalid")),
    ("spam_reports", re.compile(r"spam")),
)
# The old API writes local times of the company's home town.
_V2_ZONE = "America/Los_Angeles"
_NOT_TOLD = (
    "neither the file name nor the columns tell which suppression list this is; read as bounces "
    "(a name with bounces, blocks, invalid or spam_reports in it tells)"
)


def sniff(head: Head) -> int:
    """Recognise the four columns, or JSON objects with only these keys."""
    names = set(head.columns)
    for entry in _json.first_objects(head)[:1]:
        names = set(entry)
    fits = names >= _NEEDED and names <= _KNOWN and bool(names & {"reason", "ip"})
    return CERTAIN if fits else NO


def which_list(label: str, names: set[str]) -> str | None:
    """Tell the list from the file's name, else from the columns that only one list has."""
    file = label.replace("!", "/").rpartition("/")[2].lower()
    for name, word in _LISTS:
        if word.search(file):
            return name
    if "ip" in names and "reason" not in names:
        return "spam_reports"
    return "invalid" if "reason" in names and "status" not in names else None


def _event(name: str | None) -> str:
    return "complaint" if name == "spam_reports" else "bounce"


def _noted(name: str | None, ledger: Ledger) -> str | None:
    if name is None:
        ledger.note(_NOT_TOLD)
    return name


def _convert(cells: pa.Table, options: Options, ledger: Ledger) -> pa.Table:
    count = cells.num_rows
    name = _noted(which_list(ledger.file, set(cells.column_names)), ledger)

    def column(wanted: str) -> _columns.Column:
        found = cells.column(wanted) if wanted in cells.column_names else None
        return _columns.missing(count) if found is None else _columns.filled(found)

    reason = column("reason")
    smtp, enhanced = _columns.reply_codes(reason, column("status"))
    return pa.table(
        {
            "timestamp": _columns.moments(
                column("created"), lambda text: times.from_text(text, _V2_ZONE)
            ),
            "event": _columns.constant(_event(name), count),
            "recipient": column("email"),
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": reason,
            "vendor_type": _columns.constant(name, count),
        }
    )


def _entries(value: Any) -> Iterator[Any]:
    yield value


def _parse(entry: Any, name: str | None, options: Options) -> list[Row]:
    if not isinstance(entry, dict):
        msg = "is not a JSON object"
        raise BadItem(msg)
    if not entry:
        msg = "is an empty object"
        raise SkipItem(msg)
    if not _json.text_of(entry.get("email")):
        msg = "has no email"
        raise BadItem(msg)
    created, reason = entry.get("created"), _json.text_of(entry.get("reason"))
    status = _json.text_of(entry.get("status"))
    moment = times.from_epoch(created)
    if moment is None:
        moment = times.from_iso(_json.text_of(created), _V2_ZONE)
    smtp, enhanced = codes_of(reason, status)
    return [
        {
            "timestamp": moment,
            "event": _event(name),
            "recipient": _json.text_of(entry["email"]),
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": reason,
            "vendor_type": name,
        }
    ]


_read_csv = _csv.by_column(_convert, free_text="reason")


def _read_json(blob: Blob, options: Options, ledger: Ledger) -> Iterator[Chunk]:
    keys = {key for entry in _json.first_objects(blob.head)[:1] for key in entry}
    name = _noted(which_list(blob.label, keys), ledger)
    items = _json.events(_entries)
    return ByItem(items, lambda entry, given: _parse(entry, name, given))(blob, options, ledger)


def read(blob: Blob, options: Options, ledger: Ledger) -> Iterator[Chunk]:
    """Read the list, one row per entry."""
    return (_read_json if blob.head.is_json else _read_csv)(blob, options, ledger)


READER = Reader(
    name="sendgrid_csv",
    title="SendGrid suppression list (CSV or API JSON)",
    sniff=sniff,
    read=read,
    kind="state list",
    how_to_get="Suppressions > Bounces, Blocks, Invalid or Spam Reports > gear > Download CSV",
    certainty="seen in code",
)
