"""The page ``docs/precision.md``: its figures written by a command, the rest by hand."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

PAGE = Path(__file__).parent.parent / "docs" / "precision.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"

COLUMNS = {
    "recognised": "detected",
    "event": "kind",
    "recipient": "recipient",
    "enhanced code": "enhanced code",
    "reply code": "reply code",
    "hard or soft": "hard or soft",
    "reason": "reason",
}
"""Columns of the page and what is measured for each."""
ALL = "all"
_CELL = re.compile(r"(\d+) of (\d+)")


class Measured(Protocol):
    """What was measured of one thing."""

    right: int
    total: int
    families: dict[str, list[int]]


def table(result: Mapping[str, Measured]) -> str:
    """Write the figures as a table, one row per family of mail servers."""
    names = sorted(result["detected"].families)
    rows = [["family", "messages", *COLUMNS]]
    rows += [_row(name, result) for name in (ALL, *names)]
    rows.insert(1, ["---", *["--:"] * (len(COLUMNS) + 1)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(name: str, result: Mapping[str, Measured]) -> list[str]:
    cells = []
    for measured in (result[key] for key in COLUMNS.values()):
        right, total = measured.families.get(name, (0, 0))
        if name == ALL:
            right, total = measured.right, measured.total
        cells.append(f"{right} of {total}" if total else "")
    messages = cells[0].rpartition(" ")[2]
    return [name, messages, *cells]


def figures(page: str) -> dict[tuple[str, str], tuple[int, int]]:
    """Read the figures back: (family, column) to right and total."""
    lines = page.partition(BEGIN)[2].partition(END)[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "|" in line]
    header, *rest = rows
    return {
        (row[0], column): (int(found[1]), int(found[2]))
        for row in rest
        for column, cell in zip(header, row, strict=True)
        if (found := _CELL.fullmatch(cell))
    }


def write(result: Mapping[str, Measured]) -> None:
    """Put the figures between the marks of the page; what stands around them stays."""
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    today = datetime.now(tz=UTC).date().isoformat()
    other = ", ".join(
        f"{name} {version(name)}" for name in ("mail-parser", "fast-mail-parser", "pandas")
    )
    told = f"Measured on {today}: bouncekit {version('bouncekit')}, {other}."
    rates = "; ".join(_rate(column, result[key]) for column, key in COLUMNS.items())
    extra = "; ".join(
        f"{name}: {result[name].right} of {result[name].total}"
        for name in ("line ends", "ordinary mail", "no reply code")
    )
    body = f"{told}\n\nAll families: {rates}.\n\n{extra}.\n\n{table(result)}"
    text = f"{before}{BEGIN}\n{body}\n{END}{after}"
    PAGE.write_text(text, encoding="utf-8", newline="\n")


def _rate(column: str, measured: Measured) -> str:
    return f"{column} {measured.right / measured.total:.1%}"
