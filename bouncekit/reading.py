"""Read whatever there is into one tidy bounce table."""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from bouncekit import identity, times
from bouncekit.accounting import Ledger, close
from bouncekit.errors import BouncekitError, UnknownFormatError
from bouncekit.readers import generic, readers
from bouncekit.readers._base import NO, RAW_SCHEMA, Chunk, Options, Reader
from bouncekit.readers._bystanders import bystander
from bouncekit.sources import Blob, Head, Refusal, Source, find
from bouncekit.tables import arrow_rows, tidy

if TYPE_CHECKING:
    import pandas as pd

_BUFFER_ROWS = 50_000
_SCHEMA = RAW_SCHEMA.append(pa.field("file", pa.string())).append(pa.field("source", pa.string()))


def read(
    src: Source | Iterable[Source],
    *,
    tz: str | None = None,
    columns: Mapping[str, str] | None = None,
    rules: str | Path | None = None,
    engine: str = "auto",
    progress: bool | None = None,
) -> "pd.DataFrame":
    r"""Read exports, logs and bounce mail into one tidy bounce table.

    Every file is recognised by its content, unpacked where it is packed, read
    by the reader that knows its format, and classified by the rules. One bad
    item never stops the others: it is counted in ``df.attrs["ingest"]``.

    Parameters
    ----------
    src : str, Path, bytes, binary file object, or an iterable of these
        Files, folders (searched to the bottom, hidden files passed over),
        archives (zip, gzip, zstd).
    tz : str, optional
        IANA zone of times in the files that name none, ``Asia/Shanghai`` for
        instance. Without it each format's own default is used, and
        ``bk.ingest(df).notes`` says where that was.
    columns : mapping, optional
        For a table that no reader knows: schema column to the name it has in
        the file, ``{"recipient": "邮箱", "diagnostic": "退信原因"}``.
    rules : path, optional
        A TOML file with rules of your own, tried before the kit's.
    engine : {'auto', 'mailparser', 'fast'}
        What opens mail messages; ``auto`` is the fast one where it is
        installed, with mailparser for what that cannot take.
    progress : bool, optional
        Show a progress bar; by default on a terminal and in a notebook.

    Returns
    -------
    DataFrame
        One row per recipient and event, the columns of
        :data:`bouncekit.schema.COLUMNS`; times in UTC. ``attrs["ingest"]``
        accounts for every item (:class:`bouncekit.accounting.Ingest`).

    Raises
    ------
    InputNotFoundError
        If a named path does not exist.
    UnknownFormatError
        If nothing in ``src`` is in a format that a reader knows.
    RuleError
        If the rules file is wrong.
    BouncekitError
        If ``tz`` is no time zone or ``columns`` names a column that a table cannot have.

    Examples
    --------
    >>> csv = b"status,reason,email,created\n5.1.1,550 5.1.1 No such user,a@example.com,1767225600"
    >>> df = read(csv)
    >>> df.loc[0, ["recipient", "bounce_type", "reason"]].tolist()
    ['a@example.com', 'hard', 'user_unknown']
    """
    from bouncekit.classifier import classify

    times.zone(tz)
    generic.check_fields(columns or {})
    options = Options(tz=tz, columns=dict(columns or {}), engine=engine)
    table, ledgers = gather(find(src), options, progress=progress)
    drop = identity.duplicates(table)
    table = classify(table[~drop].reset_index(drop=True), rules=rules)
    table.attrs["ingest"] = close(ledgers, rows=len(table), duplicates=int(drop.sum()))
    return table


def gather(
    inputs: Iterable[Blob | Refusal], options: Options, *, progress: bool | None = False
) -> tuple["pd.DataFrame", list[Ledger]]:
    """Read inputs into one tidy table, duplicates and all, nothing classified.

    Returns
    -------
    tuple of (DataFrame, list of Ledger)
        The table and the account of each input.

    Raises
    ------
    UnknownFormatError
        If no reader knows any of them.
    """
    collector = _Collector(progress)
    for item in inputs:
        collector.take(item, options)
    return tidy(collector.finish()), collector.ledgers


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
    if head.data[257:262] == b"ustar":
        return "it is a tar archive; unpack it first"
    if b"\0" in head.data[:1024] and not head.encoding.startswith("utf-16"):
        return "it holds binary data"
    start = " ".join(head.text[:200].split())[:60]
    return f"it begins {start!r}"


class _Collector:
    """Takes one input after the other and keeps rows and accounts."""

    def __init__(self, progress: bool | None) -> None:
        self.ledgers: list[Ledger] = []
        self.recognised = 0
        self._rows: list[dict[str, Any]] = []
        self._tables: list[pa.Table] = []
        self._bar = _progress_bar(progress)

    def take(self, item: Blob | Refusal, options: Options) -> None:
        """Read one input; whatever is wrong with it becomes part of its account."""
        ledger = Ledger(item.label)
        self.ledgers.append(ledger)
        if isinstance(item, Refusal):
            ledger.fail(None, item.reason)
            return
        try:
            reader = self._reader(item, options, ledger)
        except (BouncekitError, OSError) as error:
            ledger.fail(None, _sentence(error))
            return
        if reader is None:
            return
        self.recognised += 1
        ledger.source = reader.name
        try:
            for chunk in reader.read(item, options, ledger):
                self._add(chunk, ledger)
        except Exception as error:  # noqa: BLE001 - one bad file must not cost the others
            reason = f"the rest could not be read ({_sentence(error)})"
            ledger.fail(None, f"{reason}; check the file or copy it anew")
        self._bar.set_postfix_str(item.label[-40:], refresh=False)

    def _reader(self, item: Blob, options: Options, ledger: Ledger) -> Reader | None:
        """Choose the reader; None where the file is there with good reason and tells nothing."""
        reason = None if item.head.data.strip() else "is empty"
        if reason is None:
            try:
                return recognise(item.head, options.columns)
            except UnknownFormatError:
                reason = bystander(item.head)
                if reason is None:
                    raise
        ledger.skip(None, reason)
        return None

    def _add(self, chunk: Chunk, ledger: Ledger) -> None:
        count = chunk.num_rows if isinstance(chunk, pa.Table) else len(chunk)
        ledger.rows += count
        self._bar.update(count)
        if isinstance(chunk, pa.Table):
            label, source = pa.scalar(ledger.file), pa.scalar(ledger.source)
            chunk = chunk.append_column("file", pa.repeat(label, count))
            self._tables.append(chunk.append_column("source", pa.repeat(source, count)))
            return
        for row in chunk:
            row["file"], row["source"] = ledger.file, ledger.source
        self._rows += chunk
        if len(self._rows) >= _BUFFER_ROWS:
            self._flush()

    def _flush(self) -> None:
        self._tables.append(arrow_rows(self._rows, _SCHEMA))
        self._rows = []

    def finish(self) -> Iterator[pa.Table]:
        """Give the raw tables; raise where nothing at all was recognised."""
        self._bar.close()
        if not self.recognised:
            raise UnknownFormatError(_nothing_recognised(self.ledgers))
        self._flush()
        return iter(self._tables)


def _sentence(error: Exception) -> str:
    if isinstance(error, (BouncekitError, OSError)):
        return str(error)
    return type(error).__name__


def _nothing_recognised(ledgers: list[Ledger]) -> str:
    names = ", ".join(reader.name for reader in readers())
    if not ledgers:
        return f"there is no file in it; put exports, logs or bounce mail there (readers: {names})"
    first = ledgers[0]
    reason = first.failures[0].reason if first.failures else next(iter(first.skips), "")
    more = f" (and {len(ledgers) - 1:,} more files)" if len(ledgers) > 1 else ""
    return f"{first.file}: {reason}{more}; known formats: {names}"


def _progress_bar(progress: bool | None) -> Any:
    from tqdm import tqdm
    from tqdm.auto import tqdm as tqdm_auto

    notebook = "ipykernel" in sys.modules
    shown = (sys.stderr.isatty() or notebook) if progress is None else progress
    bar = tqdm_auto if notebook and shown else tqdm
    return bar(unit=" rows", desc="reading", disable=not shown, delay=0.5, unit_scale=True)


def source_label(src: object) -> str:
    """Name an input for titles and provenance, without its folders."""
    if isinstance(src, (str, os.PathLike)):
        return Path(src).name or str(src)
    return type(src).__name__
