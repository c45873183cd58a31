"""Take one input after the other: its rows in order, and its account.

Nothing that is wrong with one input stops the others. Mail is parsed on all
cores once there is enough of it to be worth the start of the workers.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Any, Self, cast

import pyarrow as pa

from bouncekit.accounting import Ledger
from bouncekit.arrays.threads import usable_cores
from bouncekit.errors import BouncekitError, UnknownFormatError
from bouncekit.inputs.sources import Blob, Refusal
from bouncekit.intake.recognition import nothing_recognised, recognise
from bouncekit.intake.workers import Batch, Pool, Share, Task
from bouncekit.readers import reader_named
from bouncekit.readers._base import (
    CHUNK_ROWS,
    RAW_SCHEMA,
    ByItem,
    Chunk,
    Options,
    Reader,
    Rotated,
    arrow_rows,
)
from bouncekit.readers._bystanders import bystander

BUFFER_ROWS = 50_000
INLINE_BATCHES = 20
"""Batches parsed in this process before workers are started."""
INLINE_SPANS = 6
"""Spans of a file for which no workers are started."""

_SCHEMA = RAW_SCHEMA.append(pa.field("file", pa.string())).append(pa.field("source", pa.string()))


class Collector:
    """Reads inputs and keeps rows and accounts; rows come out in the order of the inputs.

    Parameters
    ----------
    options : Options
        What the user said about the input.
    prepare : callable
        Makes some raw tables one in the form that is wanted; runs on another
        core while reading goes on.
    workers : int or None
        Processes that parse mail; None for one per core where it is worth it.
    progress : bool or None
        Whether to show a bar; None for on a terminal and in a notebook.
    """

    def __init__(
        self,
        options: Options,
        prepare: Callable[[list[pa.Table]], pa.Table],
        *,
        workers: int | None = 1,
        progress: bool | None = False,
    ) -> None:
        self.ledgers: list[Ledger] = []
        self._options = options
        self._prepare = prepare
        self._workers = usable_cores() if workers is None else workers
        self._inline = INLINE_BATCHES if workers is None else 0
        self._pool: Pool | None = None
        self._batch: Batch | None = None
        self._recognised = 0
        self._rotated: dict[tuple[str, str], list[tuple[Blob, Ledger]]] = {}
        self._rows: list[dict[str, Any]] = []
        self._raw: list[pa.Table] = []
        self._raw_rows = 0
        self._parts: list[Future[pa.Table]] = []
        self._threads = ThreadPoolExecutor(usable_cores())
        self._bar = _progress_bar(progress)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.close()
        self._threads.shutdown(cancel_futures=True)
        if self._pool:
            self._pool.close()

    def take(self, item: Blob | Refusal) -> None:
        """Read one input; whatever is wrong with it becomes part of its account."""
        ledger = Ledger(item.label)
        self.ledgers.append(ledger)
        if isinstance(item, Refusal):
            ledger.without_rows(None, "skipped" if item.expected else "failed", item.reason)
            return
        try:
            reader = self._reader(item, ledger)
        except (BouncekitError, OSError) as error:
            ledger.fail(None, _sentence(error))
            return
        if reader is None:
            return
        self._recognised += 1
        ledger.source = reader.name
        if isinstance(reader.read, Rotated):
            folder = item.label.replace("!", "/").rpartition("/")[0]
            # Anew, so that the heads of thousands of files are not held.
            self._rotated.setdefault((reader.name, folder), []).append((replace(item), ledger))
        else:
            self._guarded(partial(self._read, item, reader, ledger), item, ledger)

    def _guarded(self, read: Callable[[], None], item: Blob, ledger: Ledger) -> None:
        try:
            read()
        except Exception as error:  # noqa: BLE001 - one bad file must not cost the others
            reason = f"the rest could not be read ({_sentence(error)})"
            ledger.fail(None, f"{reason}; check the file or copy it anew")
        self._bar.set_postfix_str(item.label[-40:], refresh=False)

    def _read_rotated(self) -> None:
        """Read the logs of each folder as one, the oldest file first."""
        for (name, _), files in self._rotated.items():
            read = cast("Rotated[Any]", reader_named(name).read)
            if len(files) > 1:
                files.sort(key=lambda pair: read.order(pair[0], self._options))
            memory = read.memory()
            for item, ledger in files:
                chunks = partial(read.rows, item, self._options, ledger, memory)
                self._guarded(partial(self._add_all, chunks, ledger), item, ledger)
        self._rotated.clear()

    def finish(self, name: str) -> list[pa.Table]:
        """Give the prepared rows and keep none; ``name`` is how an error calls the whole input.

        Raises
        ------
        UnknownFormatError
            If nothing at all was recognised.
        """
        if not self._recognised:
            raise UnknownFormatError(nothing_recognised(name, self.ledgers))
        self._settle()
        self._read_rotated()
        self._flush()
        self._hand_over()
        parts, self._parts = self._parts, []
        return [part.result() for part in parts]

    def _reader(self, item: Blob, ledger: Ledger) -> Reader | None:
        """Choose the reader; None where the file is there with good reason and tells nothing."""
        reason = None if item.head.data.strip() else "is empty"
        if reason is None:
            try:
                return recognise(item.head, self._options.columns)
            except UnknownFormatError:
                reason = bystander(item.head)
                if reason is None:
                    raise
        ledger.skip(None, reason)
        return None

    def _read(self, item: Blob, reader: Reader, ledger: Ledger) -> None:
        read = reader.read
        if self._workers > 1 and isinstance(read, ByItem) and read.parallel:
            spans = list(read.spans(item)) if read.spans else []
            alone = INLINE_SPANS if self._inline and not self._pool else 1
            if len(spans) > alone:
                self._share(item, spans, reader, ledger)
                return
            for number, raw in read.items(item, self._options, ledger):
                if self._batch is None:
                    self._batch = Batch(reader)
                self._batch.add(ledger, number, raw)
                if self._batch.full:
                    self._send()
            return
        # What is still with the workers comes first.
        self._settle()
        self._add_all(partial(read, item, self._options, ledger), ledger)

    def _add_all(self, read: Callable[[], Iterator[Chunk]], ledger: Ledger) -> None:
        for chunk in read():
            self._add(chunk, ledger)

    def _add(self, chunk: Chunk, ledger: Ledger) -> None:
        count = chunk.num_rows if isinstance(chunk, pa.Table) else len(chunk)
        ledger.rows += count
        self._bar.update(count)
        if not isinstance(chunk, pa.Table) and count >= CHUNK_ROWS:
            chunk = arrow_rows(chunk, RAW_SCHEMA)
        if isinstance(chunk, pa.Table):
            label, source = pa.scalar(ledger.file), pa.scalar(ledger.source)
            chunk = chunk.append_column("file", pa.repeat(label, count))
            self._flush()
            self._keep(chunk.append_column("source", pa.repeat(source, count)))
            return
        for row in chunk:
            row["file"], row["source"] = ledger.file, ledger.source
        self._rows += chunk
        if len(self._rows) >= BUFFER_ROWS:
            self._flush()

    def _share(
        self, item: Blob, spans: list[tuple[int, int]], reader: Reader, ledger: Ledger
    ) -> None:
        """Let all processes look for items in their own spans of a large file."""
        self._send()
        for span in spans:
            self._submit(Share(reader, replace(item, span=span), ledger))

    def _send(self) -> None:
        """Parse a batch here while there are few, on another core once there are many."""
        batch, self._batch = self._batch, None
        if batch is None:
            return
        if self._inline:
            self._inline -= 1
            self._parse_here(batch)
        else:
            self._submit(batch)

    def _submit(self, task: Task) -> None:
        self._flush()
        if self._pool is None:
            self._pool = Pool(self._workers, self._options)
        self._keep_all(self._pool.submit(task))

    def _settle(self) -> None:
        """Bring in everything that is still under way."""
        if self._batch and not self._pool:
            batch, self._batch = self._batch, None
            self._parse_here(batch)
        self._send()
        if self._pool:
            self._keep_all(self._pool.drain())

    def _parse_here(self, batch: Batch) -> None:
        for ledger, number, raw in zip(batch.ledgers, batch.numbers, batch.raws, strict=True):
            for rows in batch.read.rows([(number, raw)], self._options, ledger):
                self._add(rows, ledger)

    def _keep_all(self, tables: Iterable[pa.Table]) -> None:
        for table in tables:
            self._bar.update(table.num_rows)
            self._keep(table)

    def _flush(self) -> None:
        if self._rows:
            rows, self._rows = self._rows, []
            self._keep(arrow_rows(rows, _SCHEMA))

    def _keep(self, table: pa.Table) -> None:
        self._raw.append(table)
        self._raw_rows += table.num_rows
        if self._raw_rows >= BUFFER_ROWS:
            self._hand_over()

    def _hand_over(self) -> None:
        """Have what was read made ready on another core while reading goes on."""
        raw, self._raw, self._raw_rows = self._raw, [], 0
        self._parts.append(self._threads.submit(self._prepare, raw or [_SCHEMA.empty_table()]))


def _sentence(error: Exception) -> str:
    if isinstance(error, (BouncekitError, OSError)):
        return str(error)
    return type(error).__name__


def _progress_bar(progress: bool | None) -> Any:
    from tqdm import tqdm
    from tqdm.auto import tqdm as tqdm_auto

    notebook = "ipykernel" in sys.modules
    shown = (sys.stderr.isatty() or notebook) if progress is None else progress
    bar = tqdm_auto if notebook and shown else tqdm
    return bar(unit=" rows", desc="reading", disable=not shown, delay=0.5, unit_scale=True)
