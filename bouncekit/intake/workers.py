"""Parse items on all cores: worker processes of our own Python, and this one.

Plain child processes, not :mod:`multiprocessing`: a script that reads mail
needs no ``if __name__ == "__main__"`` guard, and a notebook on Windows works
like one elsewhere. A worker that dies costs only the item that killed it.
"""

import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import local
from typing import Any, TypeAlias, cast

import numpy as np
import pyarrow as pa

from bouncekit.accounting import Ledger
from bouncekit.inputs.sources import Blob
from bouncekit.intake.worker import Account, Answer, parse_items, parse_span, receive, send
from bouncekit.readers._base import RAW_SCHEMA, ByItem, Options, Reader

BATCH_ITEMS = 400
BATCH_BYTES = 2_000_000
AHEAD = 2
"""Tasks that are given to each worker before this process does one itself."""
WORKER = ("-m", "bouncekit.intake.worker")
CRASHED = "made the process that read it crash; look at it by hand"


@dataclass
class Batch:
    """Items on their way to a worker, and where each came from."""

    reader: Reader
    raws: list[bytes] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    ledgers: list[Ledger] = field(default_factory=list)
    size: int = 0

    def add(self, ledger: Ledger, number: int, raw: bytes) -> None:
        """Add one item."""
        self.raws.append(raw)
        self.numbers.append(number)
        self.ledgers.append(ledger)
        self.size += len(raw)

    @property
    def read(self) -> ByItem:
        """What makes rows of its items."""
        return cast("ByItem", self.reader.read)

    @property
    def full(self) -> bool:
        """Whether it is time to send it off."""
        return len(self.raws) >= BATCH_ITEMS or self.size >= BATCH_BYTES

    def parse(self, options: Options) -> Answer:
        """Parse the items in this process."""
        return parse_items(self.read, self.raws, options)

    def origins(self, count: int) -> tuple[list[Ledger], list[int]]:
        """Return for each item the account that it belongs to, and its number there."""
        return self.ledgers[:count], self.numbers[:count]


@dataclass
class Share:
    """A span of a file; whoever gets it looks for the items itself."""

    reader: Reader
    blob: Blob
    ledger: Ledger

    @property
    def read(self) -> ByItem:
        """What makes rows of its items."""
        return cast("ByItem", self.reader.read)

    def parse(self, options: Options) -> Answer:
        """Find and parse the items in this process."""
        return parse_span(self.read, self.blob, options)

    def origins(self, count: int) -> tuple[list[Ledger], list[int]]:
        """Return for each item the account that it belongs to, and its number there.

        Shares are entered in the order of the file, so the account knows how
        many items stand before.
        """
        start = self.ledger.items + 1
        return [self.ledger] * count, list(range(start, start + count))


Task: TypeAlias = Batch | Share


class Pool:
    """Worker processes that parse tasks; results come back in order.

    This process is one of the workers: it parses a task itself where the
    others have enough to do.

    Parameters
    ----------
    workers : int
        How many processes, this one included.
    options : Options
        What the user said about the input.
    """

    def __init__(self, workers: int, options: Options) -> None:
        self._options = options
        self._children = max(1, workers - 1)
        self._threads = ThreadPoolExecutor(self._children, thread_name_prefix="bouncekit-worker")
        self._own = local()
        self._started: list[subprocess.Popen[bytes]] = []
        self._waiting: deque[tuple[Task, Future[list[_Part]]]] = deque()

    def close(self) -> None:
        """End the workers; what they are still doing is thrown away."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        for process in self._started:
            _stop(process)

    def submit(self, task: Task) -> Iterator[pa.Table]:
        """Hand a task over, or do it here; yield the tables of tasks that are due."""
        busy = sum(not future.done() for _, future in self._waiting)
        if busy < AHEAD * self._children:
            future = self._threads.submit(self._work, task)
        else:
            future = Future()
            future.set_result([_Part(0, task.parse(self._options))])
        self._waiting.append((task, future))
        while self._waiting and self._waiting[0][1].done():
            yield from self._next()

    def drain(self) -> Iterator[pa.Table]:
        """Yield the tables of all tasks still under way."""
        while self._waiting:
            yield from self._next()

    def _next(self) -> Iterator[pa.Table]:
        task, future = self._waiting.popleft()
        parts = future.result()
        origins = task.origins(sum(part.answer.items for part in parts))
        for part in parts:
            yield _entered(task.reader, *origins, part)

    def _work(self, task: Task) -> list["_Part"]:
        """Let this thread's worker parse a task; find the item that kills it, if one does."""
        if isinstance(task, Batch):
            return list(self._parse(task, 0, len(task.raws)))
        try:
            return [_Part(0, self._ask(task, _whereabouts(task)))]
        except (OSError, EOFError):
            self._replace()
            batch, lost = _gathered(task, self._options)
            count = len(batch.raws)
            return [*self._parse(batch, 0, count), _Part(count, lost)]

    def _parse(self, batch: Batch, start: int, stop: int) -> Iterator["_Part"]:
        raws = batch.raws[start:stop]
        try:
            yield _Part(start, self._ask(batch, {"sizes": list(map(len, raws))}, *raws))
        except (OSError, EOFError):
            self._replace()
            if stop - start == 1:
                dead = [[0, "failed", CRASHED]]
                yield _Part(start, Answer(RAW_SCHEMA.empty_table(), 1, dead))
                return
            middle = (start + stop) // 2
            yield from self._parse(batch, start, middle)
            yield from self._parse(batch, middle, stop)

    def _ask(self, task: Task, header: dict[str, Any], *raws: bytes) -> Answer:
        process = self._process()
        options = self._options
        header["reader"] = task.reader.name
        header["options"] = {
            "tz": options.tz,
            "columns": dict(options.columns),
            "engine": options.engine,
        }
        send(process.stdin, header, *raws)  # type: ignore[arg-type]
        frame = receive(process.stdout)  # type: ignore[arg-type]
        if frame is None:
            raise EOFError
        with pa.ipc.open_stream(frame[1]) as stream:
            return Answer(stream.read_all(), frame[0]["items"], frame[0]["silent"])

    def _process(self) -> subprocess.Popen[bytes]:
        process: subprocess.Popen[bytes] | None = getattr(self._own, "process", None)
        if process is None:
            command = [sys.executable, *WORKER]
            # No window pops up for it on Windows.
            flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
            process = subprocess.Popen(  # noqa: S603 - our own Python and our own module
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                creationflags=flags,
                env=_environment(),
            )
            self._own.process = process
            self._started.append(process)
        return process

    def _replace(self) -> None:
        _stop(self._own.process)
        self._own.process = None


def _whereabouts(share: Share) -> dict[str, Any]:
    return {"path": os.fspath(share.blob.path or ""), "span": share.blob.span}


def _gathered(share: Share, options: Options) -> tuple[Batch, Answer]:
    """Take the items of a share out of its file to look at each by itself, and those it lost."""
    batch, account = Batch(share.reader), Account()
    for number, raw in share.read.items(share.blob, options, account):
        batch.add(share.ledger, number, raw)
    lost = [[place, kind, reason] for place, (_, kind, reason) in enumerate(account.silent)]
    return batch, Answer(RAW_SCHEMA.empty_table(), len(lost), lost)


def _environment() -> dict[str, str]:
    """Give workers the module path of this process, so that they import the same package."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    # One thread each: the processes are the parallelism.
    return os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}


def _stop(process: subprocess.Popen[bytes]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream:
            try:
                stream.close()
            except OSError:
                continue
    try:
        process.wait(timeout=2)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@dataclass(frozen=True, slots=True)
class _Part:
    """What the items of a task from ``start`` on gave."""

    start: int
    answer: Answer


def _entered(reader: Reader, ledgers: list[Ledger], numbers: list[int], part: _Part) -> pa.Table:
    """Enter an answer in the accounts; give the rows with file, source and item."""
    start, found = part.start, part.answer
    silent = {start + place for place, _, _ in found.silent}
    for index in range(start, start + found.items):
        if index not in silent:
            ledgers[index].read += 1
    for place, kind, reason in found.silent:
        ledgers[start + place].without_rows(numbers[start + place], kind, reason)
    rows = found.rows
    places = rows.column("item").to_numpy() + start
    for index, count in enumerate(np.bincount(places, minlength=len(ledgers))):
        ledgers[index].rows += int(count)
    files = pa.array([ledger.file for ledger in ledgers])
    where = pa.array(places)
    at = rows.schema.get_field_index("item")
    rows = rows.set_column(at, "item", pa.array(numbers, pa.int64()).take(where))
    rows = rows.append_column("file", files.take(where))
    return rows.append_column("source", pa.repeat(pa.scalar(reader.name), rows.num_rows))
