"""Measure work and its peer in the same run, and print the ratio."""

import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from os import cpu_count


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table.

    Parameters
    ----------
    work : str
        What was done.
    items : int
        How many messages, rows or events.
    seconds : float
        Median of the rounds.
    peer : str
        What it is compared with; empty for a peer itself.
    peer_seconds : float
        The peer's median over the same items in the same run.
    target : float
        Largest ``seconds / peer_seconds`` that is good enough; 0 for none.
    memory, most : int
        Bytes resident at the peak, and what they may be; 0 where only time counts.
    """

    work: str
    items: int
    seconds: float
    peer: str = ""
    peer_seconds: float = 0.0
    target: float = 0.0
    memory: int = 0
    most: int = 0

    @property
    def met(self) -> str:
        """Say whether the target was reached, empty where there is none."""
        reached = []
        if self.target and self.peer_seconds:
            reached.append(self.seconds / self.peer_seconds <= self.target)
        if self.most:
            reached.append(self.memory <= self.most)
        return ("yes" if all(reached) else "NO") if reached else ""

    def cells(self) -> list[str]:
        """Give the cells of one line."""
        rate = self.items / self.seconds if self.seconds else 0.0
        each = self.seconds / self.items * 1e6 if self.items else 0.0
        ratio = self.seconds / self.peer_seconds if self.peer_seconds else 0.0
        return [
            self.work,
            f"{self.items:,}",
            f"{self.seconds:.3f}",
            f"{rate:,.0f}",
            f"{each:.1f}",
            self.peer,
            f"{ratio:.2f}" if ratio else "",
            f"{self.target:.2f}" if self.target else "",
            f"{self.memory / 1e6:,.0f}" if self.memory else "",
            f"{self.most / 1e6:,.0f}" if self.most else "",
            self.met,
        ]


HEADINGS = [
    "work",
    "items",
    "seconds",
    "items/s",
    "µs each",
    "peer",
    "time / peer",
    "at most",
    "peak MB",
    "at most MB",
    "met",
]


def measure(function: Callable[[], object], rounds: int = 5) -> float:
    """Return the median seconds of ``rounds`` calls, after one call to warm up."""
    function()
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        function()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def table(results: list[Result]) -> str:
    """Return the results as a Markdown table."""
    lines = [HEADINGS, ["---"] * len(HEADINGS), *(result.cells() for result in results)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def machine() -> str:
    """Say where and with what the numbers were made."""
    packages = ("pandas", "pyarrow", "mail-parser", "fast-mail-parser", "numpy")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    now = datetime.now(UTC).date().isoformat()
    return (
        f"{now} · {platform.system()} {platform.machine()}, {cpu_count()} cores, "
        f"Python {platform.python_version()} · {versions}"
    )
