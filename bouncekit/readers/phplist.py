"""phpList's table ``bounce``: raw bounce messages, one a record.

The message itself is in ``header`` and ``data`` and is read as bounce mail
is. ``campaign`` is the number that phpList found: ``bounced list message 12``.
What phpList marks as a ``duplicate bounce`` is skipped. The record's own
``date`` is that of the message again, without its zone, and is not read.
Facts: the project's code (github.com/phpList/phplist3).
"""

import re
from collections.abc import Iterator
from typing import Any

from bouncekit.accounting import Ledger
from bouncekit.inputs.sources import Blob, Head
from bouncekit.readers import _csv, mail
from bouncekit.readers._base import CERTAIN, NO, ByItem, Options, Reader, Row, SkipItem

_NEEDED = ("date", "header", "data", "status")
_CAMPAIGN = re.compile(r"(?:bounced )?list message (\d{1,12})")


def sniff(head: Head) -> int:
    """Recognise the columns."""
    return CERTAIN if set(head.columns) >= {*_NEEDED, "id"} else NO


def _items(blob: Blob, options: Options, ledger: Ledger) -> Iterator[tuple[int, Any]]:
    for records in _csv.records(blob, ledger, "data"):
        cells = records.cells.select(_NEEDED).to_pylist()
        yield from zip(records.items.to_pylist(), cells, strict=True)


def _parse(record: dict[str, str], options: Options) -> list[Row]:
    status = record["status"].strip()
    if status.startswith("duplicate bounce"):
        msg = "repeats another bounce, phpList says"
        raise SkipItem(msg)
    raw = f"{record['header'].strip()}\n\n{record['data']}"
    rows = mail.parse(raw.encode("utf-8", "surrogateescape"), options)
    campaign = _CAMPAIGN.search(status)
    for row in rows:
        row["campaign"] = campaign[1] if campaign else row.get("campaign")
    return rows


READER = Reader(
    name="phplist",
    title="phpList bounces (table bounce, CSV)",
    sniff=sniff,
    read=ByItem(_items, _parse),
    kind="failures",
    certainty="seen in code",
    how_to_get=(
        "Export the table phplist_bounce of phpList's database as CSV with a header line "
        "(phpMyAdmin > Export > CSV, column names in the first row).\n"
        "Or give the mailbox that phpList fetches bounces from."
    ),
)
