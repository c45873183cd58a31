"""Parse items on all cores: worker processes of our own Python.

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
from typing import Any, cast

import numpy as np
import pyarrow as pa

from bouncekit.accounting import Ledger
from bouncekit.intake.worker import receive, send
from bouncekit.readers._base import RAW_SCHEMA, ByItem, Options, Reader

BATCH_ITEMS = 400
BATCH_BYTES = 2_000_000
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


class Pool:
    """Worker processes that parse batches; results come back in order.

    Parameters
    ----------
    workers : int
        How many processes.
    options : Options
        What the user said about the input.
    """

    def __init__(self, workers: int, options: Options) -> None:
        self._options = {
            "tz": options.tz,
            "columns": dict(options.columns),
            "engine": options.engine,
        }
        self._ahead = workers * 3
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="bouncekit-worker")
        self._own = local()
        self._started: list[subprocess.Popen[bytes]] = []
        self._waiting: deque[tuple[Batch, Future[list[_Answer]]]] = deque()

    def close(self) -> None:
        """End the workers; what they are still doing is thrown away."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        for process in self._started:
            _stop(process)

    def submit(self, batch: Batch) -> Iterator[pa.Table]:
        """Hand a batch over; yield the tables of batches that are due."""
        self._waiting.append((batch, self._threads.submit(self._work, batch)))
        while len(self._waiting) > self._ahead:
            yield from self._next()

    def drain(self) -> Iterator[pa.Table]:
        """Yield the tables of all batches still under way."""
        while self._waiting:
            yield from self._next()

    def _next(self) -> Iterator[pa.Table]:
        batch, future = self._waiting.popleft()
        for found in future.result():
            yield _entered(batch, found)

    def _work(self, batch: Batch) -> list["_Answer"]:
        """Let this thread's worker parse a batch; find the item that kills it, if one does."""
        return list(self._parse(batch, 0, len(batch.raws)))

    def _parse(self, batch: Batch, start: int, stop: int) -> Iterator["_Answer"]:
        try:
            yield self._ask(batch, start, stop)
        except (OSError, EOFError):
            self._replace()
            if stop - start == 1:
                yield _Answer(start, stop, [[0, "failed", CRASHED]], None)
                return
            middle = (start + stop) // 2
            yield from self._parse(batch, start, middle)
            yield from self._parse(batch, middle, stop)

    def _ask(self, batch: Batch, start: int, stop: int) -> "_Answer":
        process = self._process()
        raws = batch.raws[start:stop]
        header = {
            "reader": batch.reader.name,
            "options": self._options,
            "sizes": [len(raw) for raw in raws],
        }
        send(process.stdin, header, *raws)  # type: ignore[arg-type]
        frame = receive(process.stdout)  # type: ignore[arg-type]
        if frame is None:
            raise EOFError
        with pa.ipc.open_stream(frame[1]) as stream:
            return _Answer(start, stop, frame[0]["outcomes"], stream.read_all())

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
class _Answer:
    """What a worker said of the items ``start`` to ``stop`` of a batch."""

    start: int
    stop: int
    outcomes: list[list[Any]]
    rows: pa.Table | None


def _entered(batch: Batch, found: _Answer) -> pa.Table:
    """Enter the outcomes in the accounts; give the rows with file, source and item."""
    silent = set()
    for place, kind, reason in found.outcomes:
        index = found.start + place
        silent.add(index)
        batch.ledgers[index].without_rows(batch.numbers[index], kind, reason)
    for index in range(found.start, found.stop):
        if index not in silent:
            batch.ledgers[index].read += 1
    rows = found.rows
    if rows is None:
        rows = RAW_SCHEMA.empty_table()
    places = rows.column("item").to_numpy() + found.start
    for index, count in enumerate(np.bincount(places, minlength=len(batch.raws))):
        batch.ledgers[index].rows += int(count)
    files = pa.array([ledger.file for ledger in batch.ledgers])
    numbers = pa.array(batch.numbers, pa.int64())
    place = rows.schema.get_field_index("item")
    rows = rows.set_column(place, "item", numbers.take(pa.array(places)))
    rows = rows.append_column("file", files.take(pa.array(places)))
    return rows.append_column("source", pa.repeat(pa.scalar(batch.reader.name), rows.num_rows))
