"""Which reader knows a file."""

from collections.abc import Mapping

from bouncekit.accounting import Ledger
from bouncekit.errors import UnknownFormatError
from bouncekit.inputs.sources import Head
from bouncekit.readers import generic, readers
from bouncekit.readers._base import NO, Reader


def recognise(head: Head, columns: Mapping[str, str] | None = None) -> Reader:
    """Return the reader that knows a file best.

    Parameters
    ----------
    head : Head
        The first kilobytes.
    columns : mapping, optional
        What the user said of columns; a table that has them goes to ``generic``.

    Raises
    ------
    UnknownFormatError
        If no reader does, or two know it equally well.
    BouncekitError
        If only some of ``columns`` are there.
    """
    if columns and generic.has_columns(head, columns):
        return generic.READER
    bids = [(reader.sniff(head), reader) for reader in readers()]
    best = max((bid for bid, _ in bids), default=NO)
    winners = [reader for bid, reader in bids if bid == best and bid > NO]
    if not winners:
        msg = f"no reader knows this file ({_looks_like(head)}); see `bouncekit sources`"
        raise UnknownFormatError(msg)
    if len(winners) > 1:
        names = " and ".join(reader.name for reader in winners)
        msg = f"the readers {names} both claim this file; give it alone with columns=..."
        raise UnknownFormatError(msg)
    return winners[0]


def _looks_like(head: Head) -> str:
    if not head.data:
        return "it is empty"
    if head.data.startswith(b"\xd0\xcf\x11\xe0"):
        return "it is an Outlook .msg or old Office file; save messages as .eml, tables as .xlsx"
    if head.data.startswith(b"PK"):
        return "it is a document; save its table as CSV"
    if head.data[257:262] == b"ustar":
        return "it is a tar archive; unpack it first"
    if b"\0" in head.data[:1024] and not head.encoding.startswith("utf-16"):
        return "it holds binary data"
    start = " ".join(head.text[:200].split())[:60]
    return f"it begins {start!r}"


def nothing_recognised(name: str, ledgers: list[Ledger]) -> str:
    """Say what was found where no file was recognised, and what would have been."""
    names = ", ".join(reader.name for reader in readers())
    if not ledgers:
        return (
            f"{name}: there is no file in it; put exports, logs or bounce mail there "
            f"(known formats: {names})"
        )
    first = ledgers[0]
    reason = first.failures[0].reason if first.failures else next(iter(first.skips), "")
    more = f" (and {len(ledgers) - 1:,} more files)" if len(ledgers) > 1 else ""
    return f"{first.file}: {reason}{more}; known formats: {names}"
