"""Mailgun's suppression lists: bounces, complaints, unsubscribes; JSON of the API or CSV.

A state list: whom Mailgun refuses now. Keys and columns are the same in both
forms (documentation.mailgun.com, Suppressions). Which list it is
(``vendor_type``) is told by the columns, else by the address of the API's
next page, else by the file's name:

=================  ===========  =====================================================
``vendor_type``    ``event``    the list, and the columns that only it has
=================  ===========  =====================================================
``bounces``        bounce       failures for good; ``code``, ``error``
``bounces/498``    bounce       the same with a code of Mailgun's own (498, 499, 6xx)
``complaints``     complaint    recipients pressed the spam button
``unsubscribes``   unsubscribe  ``tag`` or ``tags``
=================  ===========  =====================================================

Look-alike: a page of the Events API, whose ``items`` have an ``event``.
"""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from bouncekit import times
from bouncekit.accounting import Ledger
from bouncekit.inputs.sources import Blob, Head
from bouncekit.readers import _bodies, _columns, _entries, _json
from bouncekit.readers._base import CERTAIN, NO, Chunk, Options, Reader
from bouncekit.readers._events import settled

_NEEDED = {"address", "created at"}
_KNOWN = _NEEDED | {"code", "error", "messagehash", "tag", "tags", "id", "count"}
_EVENTS = {"bounces": "bounce", "complaints": "complaint", "unsubscribes": "unsubscribe"}
_OWN_CODE = r"^(?:49[89]|[6-9]\d\d)$"


def _is_entry(value: dict[str, Any]) -> bool:
    return "address" in value


_unwrap = _bodies.unwrapper(_is_entry, "items")


def sniff(head: Head) -> int:
    """Recognise the columns or keys, where they or the file tell which list it is."""
    names = _entries.names(head, _unwrap)
    fits = names >= _NEEDED and names <= _KNOWN
    return CERTAIN if fits and which_list(head) else NO


def which_list(head: Head) -> str | None:
    """Tell the list from its columns, from the API's page address, or from the file's name."""
    names = _entries.names(head, _unwrap)
    if names & {"code", "error"}:
        return "bounces"
    if names & {"tag", "tags"}:
        return "unsubscribes"
    pages = [_json.text_at(page, "paging", "next") or "" for page in _json.first_objects(head)[:1]]
    places = [address.partition("?")[0].rpartition("/")[2] for address in pages]
    told = [name for name in _EVENTS if name in places or name.rstrip("s") in head.name]
    return told[0] if told else None


def _convert(cells: pa.Table, name: str) -> pa.Table:
    count = cells.num_rows
    told = _columns.column(cells, "code")
    own = pc.fill_null(pc.match_substring_regex(told, _OWN_CODE), False)
    text = _columns.column(cells, "error")
    code = pc.if_else(own, pa.scalar(None, pa.string()), told)
    smtp, enhanced = _columns.reply_codes(text, code)
    listed = pa.scalar(name, pa.string())
    return pa.table(
        {
            "timestamp": _columns.moments(_columns.column(cells, "created at"), _moment),
            "event": _columns.constant(_EVENTS[name], count),
            "recipient": _columns.column(cells, "address"),
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": text,
            "vendor_type": pc.if_else(own, pc.binary_join_element_wise(listed, told, "/"), listed),
        }
    )


def _moment(text: str) -> int | None:
    return times.from_rfc2822(text) or times.from_iso(text)


def read(blob: Blob, options: Options, ledger: Ledger) -> Iterator[Chunk]:
    """Read the list, one row per entry."""
    name = which_list(blob.head) or "bounces"
    for found in _entries.records(blob, options, ledger, _unwrap, free_text="error"):
        yield settled(_convert(found.cells, name).append_column("item", found.items), ledger)


READER = Reader(
    name="mailgun_lists",
    title="Mailgun suppression lists: bounces, complaints, unsubscribes (JSON or CSV)",
    sniff=sniff,
    read=read,
    kind="state list",
    how_to_get=(
        "Send > Sending > Suppressions > choose the domain > the tab Bounces, Complaints or "
        "Unsubscribes > Export; keep the word in the file's name.\n"
        "Or by API: curl -s --user 'api:KEY' 'https://api.mailgun.net/v3/DOMAIN/bounces"
        "?limit=1000' > bounces.json (complaints and unsubscribes the same way), then the "
        "address under paging.next until 'items' is empty."
    ),
)
