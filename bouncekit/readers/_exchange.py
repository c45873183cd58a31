"""What Exchange's tracking logs and Exchange Online's traces share: events and recipient lists.

One record tells of one step of a message, for all of its recipients: their
addresses and their statuses are lists with ``;``, side by side. A status may
hold a ``;`` itself, inside brackets or in its words.
"""

import re
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from bouncekit import times
from bouncekit.accounting import Ledger
from bouncekit.readers import _columns, _csv
from bouncekit.readers._base import Chunk, Options, Row
from bouncekit.readers._reply import codes_of

EVENTS = {
    "FAIL": "bounce",
    "DEFER": "deferral",
    "SEND": "delivered",
    "SENDEXTERNAL": "delivered",
    "DELIVER": "delivered",
}
"""Steps that tell how a delivery went; ``SEND`` is to the next server."""
INCOMING = ("incoming", "inbound", "1")
"""Directions, folded, of mail that came in."""
CAME_IN = "is about mail that came in"
_COLUMNS = {
    "time": ("date time utc", "date time"),
    "event": ("event id",),
    "recipients": ("recipient address",),
    "statuses": ("recipient status",),
    "message_id": ("message id",),
    "sender": ("sender address",),
    "return_path": ("return path",),
    "direction": ("directionality",),
    "client_ip": ("client ip",),
    "server": ("server hostname",),
}
_NEXT = re.compile(r"(?<=\}\]);|;\s*(?=\[\{|[245]\d\d[ -])")
_DETAIL = re.compile(r"\{(LED|FQDN)=(.*?)\}(?=;|\]|\}|$)", re.DOTALL)


def read_events(found: _csv.Records, options: Options, ledger: Ledger) -> Iterator[Chunk]:
    """Make rows of the records of a log of steps, one per recipient."""
    table = pa.table(
        {name: _columns.column(found.cells, *names) for name, names in _COLUMNS.items()}
    ).append_column("item", found.items)
    table = _columns.leave_out(table, _reasons(table), ledger)
    rows = [row for record in table.to_pylist() for row in _rows(record, options)]
    if rows:
        yield rows


def _reasons(table: pa.Table) -> _columns.Column:
    """Say of each record that is none of ours why."""
    event = pc.utf8_upper(table.column("event"))
    known = pc.is_in(event, pa.array(list(EVENTS)))
    return pc.case_when(
        pc.make_struct(
            pc.fill_null(pc.equal(event, "RECEIVE"), False),
            pc.fill_null(pc.equal(event, "DSN"), False),
            pc.invert(known),
            pc.is_in(pc.utf8_lower(table.column("direction")), pa.array(INCOMING)),
            pc.fill_null(pc.equal(table.column("return_path"), "<>"), False),
        ),
        "tells that Exchange took a message; its delivery follows",
        "tells of a bounce message that Exchange made itself",
        "is a step inside Exchange, not a delivery event",
        CAME_IN,
        "is about a bounce message of this server (null sender)",
    )


def _rows(record: dict[str, Any], options: Options) -> list[Row]:
    word = record["event"].upper()
    recipients = [name.strip() or None for name in (record["recipients"] or "").split(";")]
    sent = word.startswith("SEND")
    common = {
        # Both logs are in UTC whether they say so or not.
        "timestamp": times.from_iso(record["time"]),
        "event": EVENTS[word],
        "vendor_type": record["event"],
        "message_id": (record["message_id"] or "").strip("<> ") or None,
        "sender": record["sender"],
        # The server that logs is the client of the one that it sends to.
        "sending_ip": record["client_ip"] if sent else None,
        "remote_mta": _host(record["server"]) if sent else None,
        "item": record["item"],
    }
    statuses = split_statuses(record["statuses"] or "", len(recipients))
    return [
        {**common, "recipient": name, **_status(status)}
        for name, status in zip(recipients, statuses, strict=True)
    ]


def split_statuses(text: str, count: int) -> list[str]:
    """Take a list of statuses apart, one for each of ``count`` recipients.

    Where it cannot be told which is whose, everyone gets the whole.
    """
    if count == 1:
        return [text]
    for parts in (_NEXT.split(text), text.split(";")):
        if len(parts) == count:
            return [part.strip() for part in parts]
    return [text] * count


def _status(text: str) -> Row:
    """Read one recipient's status: plain words, or details in brackets."""
    details = dict(_DETAIL.findall(text))
    words = details.get("LED", text).strip() or None
    smtp, enhanced = codes_of(words)
    facts: Row = {"diagnostic": words, "smtp_code": smtp, "enhanced_code": enhanced}
    host = _host(details.get("FQDN"))
    if host:
        facts["remote_mta"] = host
    return facts


def _host(name: str | None) -> str | None:
    return name.strip().rstrip(".") if name and "." in name else None
