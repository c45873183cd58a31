"""SendGrid suppression lists: the CSV downloads and the suppression API's JSON, v3 and v2.

A state list: who is blocked now, not what happened to a mailing. Which list a
file is (``vendor_type``) is read from its name, ``suppression_bounces.csv``,
else from its columns:

=====================  ===========  ============================================
``vendor_type``        ``event``    the list
=====================  ===========  ============================================
``bounces``            bounce       receivers said no for good
``blocks``             bounce       receivers refused sender, address or content
``invalid``            bounce       SendGrid's own check of the address failed
``spam_reports``       complaint    recipients pressed the spam button; has ``ip``
``unsubscribes``       unsubscribe  recipients opted out of everything
``group_unsubscribes`` unsubscribe  ... of one group; has ``group_id``
missing                bounce       neither name nor columns tell
=====================  ===========  ============================================

Version 2 of the API writes local times of the company's home town, 3 epoch
seconds. Bounces counted by classification (``/suppression/bounces/
classifications``) name no address and are skipped. Look-alikes: the Email
Activity CSV (has ``processed`` and ``event``) and the event webhook (has
``sg_event_id``).
"""

import re
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from bouncekit import times
from bouncekit.accounting import Ledger
from bouncekit.inputs.sources import Blob, Head
from bouncekit.readers import _bodies, _columns, _entries
from bouncekit.readers._base import CERTAIN, NO, Chunk, Options, Reader
from bouncekit.readers._events import note_zone, settled

_LIST = {"email", "created"}
_OF_LIST = _LIST | {"status", "reason", "ip"}
_GROUP = {"email", "group id", "created at"}
_COUNTS = {"date", "stats"}
_LISTS = (
    ("group_unsubscribes", re.compile(r"group|asm")),
    ("unsubscribes", re.compile(r"unsubscribe")),
    ("bounces", re.compile(r"bounce")),
    ("blocks", re.compile(r"block")),
    ("invalid", re.compile(r"invalid")),
    ("spam_reports", re.compile(r"spam")),
)
_EVENTS = {
    "spam_reports": "complaint",
    "unsubscribes": "unsubscribe",
    "group_unsubscribes": "unsubscribe",
}
_V2_ZONE = "America/Los_Angeles"
_NOT_TOLD = (
    "neither the file name nor the columns tell which suppression list this is; read as bounces "
    "(a name with bounces, blocks, invalid, spam_reports or unsubscribes in it tells)"
)


def _is_entry(value: dict[str, Any]) -> bool:
    return "email" in value or set(value) >= _COUNTS


_unwrap = _bodies.unwrapper(_is_entry, "result", "suppressions")


def sniff(head: Head) -> int:
    """Recognise the columns or keys of a list; two that anybody may have need a name that tells."""
    names = _entries.names(head, _unwrap)
    if names >= _LIST and names <= _OF_LIST:
        return CERTAIN if names > _LIST or "unsubscribe" in head.name else NO
    of_group = names >= _GROUP and names <= _GROUP | {"group name"}
    return CERTAIN if of_group or (head.is_json and names == _COUNTS) else NO


def which_list(label: str, names: set[str]) -> str | None:
    """Tell the list from the file's name, else from the columns that only one list has."""
    if "group id" in names:
        return "group_unsubscribes"
    file = label.replace("!", "/").rpartition("/")[2].lower()
    for name, word in _LISTS:
        if word.search(file):
            return name
    if "ip" in names and "reason" not in names:
        return "spam_reports"
    return "invalid" if "reason" in names and "status" not in names else None


def _convert(cells: pa.Table, name: str | None, options: Options, ledger: Ledger) -> pa.Table:
    count = cells.num_rows
    created = _columns.column(cells, "created", "created at")
    if not _columns.names_zones(created):
        note_zone(ledger, options, _V2_ZONE, "as SendGrid's API v2 writes them")
    reason = _columns.column(cells, "reason")
    status = _columns.column(cells, "status")
    smtp, enhanced = _columns.reply_codes(reason, status)
    return pa.table(
        {
            "timestamp": _columns.moments(
                created, lambda text: times.from_text(text, options.tz or _V2_ZONE)
            ),
            "event": _columns.constant(_EVENTS.get(str(name), "bounce"), count),
            "recipient": _columns.column(cells, "email"),
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": reason,
            "vendor_type": _columns.constant(name, count),
        }
    )


def read(blob: Blob, options: Options, ledger: Ledger) -> Iterator[Chunk]:
    """Read the list, one row per entry."""
    names = _entries.names(blob.head, _unwrap)
    counts, name = names == _COUNTS, which_list(blob.label, names)
    if name is None and not counts:
        ledger.note(_NOT_TOLD)
    for found in _entries.records(blob, options, ledger, _unwrap, free_text="reason"):
        if counts:
            reason = "counts bounces and names no address"
            ledger.skip(found.items[0].as_py(), reason, len(found.items))
            continue
        table = _convert(found.cells, name, options, ledger)
        yield settled(table.append_column("item", found.items), ledger)


READER = Reader(
    name="sendgrid_csv",
    title="SendGrid suppression lists (CSV or API JSON)",
    sniff=sniff,
    read=read,
    kind="state list",
    how_to_get=(
        "Suppressions > Bounces, Blocks, Invalid, Spam Reports, Global Unsubscribes or Group "
        "Unsubscribes > gear > Download CSV; keep the file's name.\n"
        "Or by API: curl -s -H 'Authorization: Bearer KEY' "
        "'https://api.sendgrid.com/v3/suppression/bounces?limit=500&offset=0' > bounces.json "
        "(blocks, invalid_emails, spam_reports and unsubscribes the same way)."
    ),
    certainty="seen in code",
)
