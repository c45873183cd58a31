"""What became of every item: read, skipped or failed, and why."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

Outcome = Literal["skipped", "failed"]

MAX_PROBLEMS = 1_000
"""Problems kept one by one; the rest are counted in ``more_problems``."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One item that gave no rows, and a sentence that says why.

    Parameters
    ----------
    file : str
        Path relative to the path given, or archive member (``a.zip!b.csv``).
    item : int or None
        Message, record or line number from 1; None for a whole file.
    kind : {'skipped', 'failed'}
        Skipped: understood, and not ours. Failed: ours, and not understood.
    reason : str
        One sentence, with what to do where there is something to do.
    """

    file: str
    item: int | None
    kind: Outcome
    reason: str


@dataclass(frozen=True, slots=True)
class FileRead:
    """What one file gave: its reader, its counts, and notes on assumptions."""

    file: str
    source: str
    items: int
    read: int
    skipped: int
    failed: int
    rows: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ingest:
    """The account of one :func:`bouncekit.read`; ``items == read + skipped + failed``.

    Parameters
    ----------
    items, read, skipped, failed : int
        Items found, and what became of them.
    rows : int
        Rows of the table.
    duplicates : int
        Rows dropped because the same event stood in the input more than once.
    skips : mapping
        ``(file, reason)`` to the number of items skipped for it.
    problems : tuple of Problem
        At most :data:`MAX_PROBLEMS` of them; skips stand here once per (file, reason).
    more_problems : int
        Failed items beyond those listed.
    files : tuple of FileRead
        One entry per file, in sorted order.
    repeats : mapping
        ``(source, event, day)`` to the number of duplicates dropped of it; the
        day is that of UTC, in days since 1970-01-01.
    sources : tuple of str
        Names of the readers that read something.
    """

    items: int = 0
    read: int = 0
    skipped: int = 0
    failed: int = 0
    rows: int = 0
    duplicates: int = 0
    skips: Mapping[tuple[str, str], int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    more_problems: int = 0
    files: tuple[FileRead, ...] = ()
    repeats: Mapping[tuple[str, str, int], int] = field(default_factory=dict)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Ingest":
        """Return itself: pandas copies ``attrs`` deeply at every step."""
        return self

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the readers that read something, sorted."""
        return tuple(sorted({entry.source for entry in self.files if entry.source}))

    @property
    def notes(self) -> tuple[str, ...]:
        """What had to be assumed, one sentence each, with its file."""
        return tuple(f"{entry.file}: {note}" for entry in self.files for note in entry.notes)

    def table(self) -> "pd.DataFrame":
        """Return the problems as a table: ``file``, ``item``, ``kind``, ``count``, ``reason``."""
        # Not at the top: worker processes keep accounts too, and start without pandas.
        import pandas as pd

        rows = [
            {
                "file": problem.file,
                "item": problem.item,
                "kind": problem.kind,
                "count": self.skips.get((problem.file, problem.reason), 1)
                if problem.kind == "skipped"
                else 1,
                "reason": problem.reason,
            }
            for problem in self.problems
        ]
        columns = ["file", "item", "kind", "count", "reason"]
        return pd.DataFrame(rows, columns=columns).astype({"item": "Int64"})

    def __str__(self) -> str:
        """Say the account in one line."""
        return (
            f"{self.items:,} items = {self.read:,} read + {self.skipped:,} skipped "
            f"+ {self.failed:,} failed; {self.rows:,} rows, {self.duplicates:,} duplicates dropped"
        )


class Ledger:
    """Collects the account of one file while it is read."""

    def __init__(self, file: str, source: str = "") -> None:
        self.file = file
        self.source = source
        self.read = 0
        self.rows = 0
        self.skips: Counter[str] = Counter()
        self.first_skip: dict[str, int | None] = {}
        self.failures: list[Problem] = []
        self.failed = 0
        self.notes: list[str] = []

    @property
    def items(self) -> int:
        """Items so far, whatever became of them."""
        return self.read + self.skips.total() + self.failed

    def skip(self, item: int | None, reason: str, count: int = 1) -> None:
        """Count items that are understood and give no row."""
        self.skips[reason] += count
        self.first_skip.setdefault(reason, item)

    def fail(self, item: int | None, reason: str) -> None:
        """Count one item that could not be read."""
        self.failed += 1
        if len(self.failures) < MAX_PROBLEMS:
            self.failures.append(Problem(self.file, item, "failed", reason))

    def without_rows(self, item: int | None, kind: Outcome, reason: str) -> None:
        """Count one item that gave no rows."""
        if kind == "skipped":
            self.skip(item, reason)
        else:
            self.fail(item, reason)

    def note(self, sentence: str) -> None:
        """Keep one sentence about something that had to be assumed."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def add(self, other: "Ledger") -> None:
        """Take over the account of a part of the file; parts come in their order."""
        self.read += other.read
        for reason, count in other.skips.items():
            self.skip(other.first_skip[reason], reason, count)
        self.failed += other.failed
        self.failures += other.failures[: MAX_PROBLEMS - len(self.failures)]
        for sentence in other.notes:
            self.note(sentence)

    def handed_over(self) -> "Ledger":
        """Return what was entered so far as an account of its own, and begin anew."""
        part = Ledger(self.file, self.source)
        vars(part).update(vars(self))
        vars(self).update(vars(Ledger(self.file, self.source)))
        return part

    def entry(self) -> FileRead:
        """Return the finished account of this file."""
        return FileRead(
            file=self.file,
            source=self.source,
            items=self.items,
            read=self.read,
            skipped=self.skips.total(),
            failed=self.failed,
            rows=self.rows,
            notes=tuple(self.notes),
        )


def close(
    ledgers: Iterable[Ledger],
    *,
    rows: int,
    duplicates: int,
    repeats: Mapping[tuple[str, str, int], int] | None = None,
) -> Ingest:
    """Add the accounts of all files up to one :class:`Ingest`."""
    ledgers = list(ledgers)
    entries = [ledger.entry() for ledger in ledgers]
    skips: Counter[tuple[str, str]] = Counter()
    for ledger in ledgers:
        for reason, count in ledger.skips.items():
            skips[ledger.file, reason] += count
    problems = [problem for ledger in ledgers for problem in ledger.failures]
    failed = sum(entry.failed for entry in entries)
    kept = problems[:MAX_PROBLEMS]
    more = failed - len(kept)
    kept += [
        Problem(ledger.file, ledger.first_skip[reason], "skipped", reason)
        for ledger in ledgers
        for reason in ledger.skips
    ][: MAX_PROBLEMS - len(kept)]
    return Ingest(
        items=sum(entry.items for entry in entries),
        read=sum(entry.read for entry in entries),
        skipped=sum(entry.skipped for entry in entries),
        failed=failed,
        rows=rows,
        duplicates=duplicates,
        skips=dict(skips),
        problems=tuple(kept),
        more_problems=more,
        files=tuple(entries),
        repeats=dict(repeats or {}),
    )


def ingest(table: "pd.DataFrame") -> Ingest:
    """Return the account that :func:`bouncekit.read` left with a table.

    Parameters
    ----------
    table : DataFrame
        A bounce table, or a copy or selection of one that still has its ``attrs``.

    Returns
    -------
    Ingest
        Counts of items read, skipped and failed, and the problems; an empty
        account where the table has lost its ``attrs`` (after a merge, say).
    """
    found = table.attrs.get("ingest")
    return found if isinstance(found, Ingest) else Ingest(rows=len(table))
