"""Compare what a reader makes of a fixture with the table that stands beside it.

A fixture is ``tests/data/readers/<reader>/<case>.<ext>`` with
``<case>.expected.csv``: a line ``# items = read + skipped + failed``, then the
columns of the table that matter; an empty cell is a missing value.

Run as a command: ``python -m tests.fixtures FILE`` shows the difference,
``--write`` writes the table as it is now, to be read through before it is kept.
"""

import argparse
import csv
import difflib
import io
import sys
from pathlib import Path

from bouncekit.accounting import Ingest, close
from bouncekit.inputs.sources import Blob, find
from bouncekit.readers._base import RAW_SCHEMA, Options
from bouncekit.reading import gather

FOLDER = Path(__file__).parent / "data" / "readers"
COLUMNS = [name for name in RAW_SCHEMA.names if name != "item"]
Cells = list[dict[str, str]]


def cases() -> list[Path]:
    """List every fixture file."""
    return sorted(
        path
        for path in FOLDER.glob("*/*")
        if path.is_file() and not path.name.endswith(".expected.csv")
    )


def name(path: Path) -> str:
    """Name a fixture: reader/case.ext."""
    return path.relative_to(FOLDER).as_posix()


def expectation(path: Path) -> Path:
    """Name the table that stands beside a fixture."""
    return path.with_name(f"{path.name.partition('.')[0]}.expected.csv")


def made(blob: Blob) -> tuple[Cells, Ingest]:
    """Read one input; give its rows as text, and its account."""
    table, ledgers = gather([blob], Options())
    account = close(ledgers, rows=len(table), duplicates=0)
    table = table[[*COLUMNS, "item"]].copy()
    times = table["timestamp"].dt.strftime("%Y-%m-%dT%H:%M:%S.%f")
    table["timestamp"] = times.str.replace(r"\.?0+$", "", regex=True)
    rows = table.astype(object).where(table.notna(), "").to_dict("records")
    return [{key: str(value) for key, value in row.items()} for row in rows], account


def blob_of(path: Path) -> Blob:
    """Open a fixture as the package would."""
    (found,) = find(path)
    assert isinstance(found, Blob)
    return found


def account_line(account: Ingest) -> str:
    """Write an account as the first line of an expectation."""
    counts = f"{account.read} + {account.skipped} + {account.failed}"
    return f"# {account.items} = {counts} (read + skipped + failed)"


def wanted(path: Path) -> tuple[Cells, str]:
    """Read an expectation: its rows, and the line with the account."""
    text = expectation(path).read_bytes().decode("utf-8")
    first, _, rest = text.partition("\n")
    return list(csv.DictReader(io.StringIO(rest, newline=""))), first


def as_csv(rows: Cells, columns: list[str]) -> str:
    """Write rows as an expectation does."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def main(arguments: list[str] | None = None) -> int:
    """Show how fixtures differ from their expectations, or write these anew."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="fixtures; all where none is named")
    parser.add_argument("--write", action="store_true", help="write the tables as they are now")
    given = parser.parse_args(arguments)
    worst = 0
    for path in given.files or cases():
        path = path.resolve()
        rows, account = made(blob_of(path))
        used = [column for column in COLUMNS if any(row[column] for row in rows)]
        now = f"{account_line(account)}\n{as_csv(rows, [*used, 'item'])}"
        if given.write:
            expectation(path).write_text(now, encoding="utf-8", newline="\n")
            continue
        there = expectation(path)
        before = there.read_bytes().decode("utf-8") if there.exists() else ""
        lines = (text.splitlines(keepends=True) for text in (before, now))
        difference = list(difflib.unified_diff(*lines, str(there), str(path)))
        sys.stdout.writelines(difference)
        sys.stdout.write(f"{account.table().to_string()}\n" if account.problems else "")
        worst = worst or bool(difference)
    return int(worst)


if __name__ == "__main__":
    raise SystemExit(main())
