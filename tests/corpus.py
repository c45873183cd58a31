"""Score the mail reader and the rules on a folder of real bounces with known answers.

Run as a command: ``python -m tests.corpus [--verbose] [--write] [FOLDER]``; the
folder (else ``BOUNCEKIT_CORPUS``) holds ``eml/``, ``truth.csv`` and, where there
are some, ``dos/``, ``mac/`` and ``not/``. ``--write`` puts the figures into
``docs/precision.md``.
"""

import argparse
import csv
import io
import os
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from bouncekit import addresses
from bouncekit.accounting import Ledger
from bouncekit.classification.classifier import classify
from bouncekit.inputs.sources import Blob
from bouncekit.readers import mail
from bouncekit.readers._base import Options, Row
from bouncekit.schema import bounce_table
from bouncekit.taxonomy import reasons
from tests import precision

DATA = Path(__file__).parent / "data"
LABELS = DATA / "corpus_recipients.csv"
NOT_BOUNCES = DATA / "not_bounces"
VARIABLE = "BOUNCEKIT_CORPUS"

EVENTS = {"feedback": "complaint", "vacation": "auto_reply", "delivered": "delivered"}
"""Events that the truth names by a reason; every other reason is a failure."""
INVENTED = 900
"""Third part of a status from which on it stands in no message."""
IDENTITY = ("event", "recipient", "smtp_code", "enhanced_code", "diagnostic", "message_id")


def family(label: str) -> str:
    """Return the mail server that a file is named for: ``lhost-exim-07.eml`` is of lhost-exim."""
    return label.partition(".eml")[0].rpartition("-")[0]


@dataclass
class Measure:
    """One thing that is measured: how many of how many, and the misses."""

    right: int = 0
    total: int = 0
    misses: list[str] = field(default_factory=list)
    families: dict[str, list[int]] = field(default_factory=dict)
    """Right and total of each family of mail servers."""

    def count(self, fine: bool, miss: str) -> None:
        """Count one case; what is told of it begins with the name of its file."""
        self.total += 1
        self.right += fine
        if not fine:
            self.misses.append(miss)
        counts = self.families.setdefault(family(miss), [0, 0])
        counts[0] += fine
        counts[1] += 1

    @property
    def rate(self) -> float:
        """Share of cases that are right; 1 where there are none."""
        return self.right / self.total if self.total else 1.0


Score = dict[str, Measure]


def read_rows(path: Path, engine: str = "auto", raw: bytes | None = None) -> list[Row]:
    """Return the rows of one file, through the reader as users meet it."""
    data = path.read_bytes() if raw is None else raw
    blob = Blob(path.name, lambda: io.BytesIO(data))
    chunks = mail.READER.read(blob, Options(engine=engine), Ledger(path.name))
    return [row for chunk in chunks for row in chunk]


def truth_of(root: Path) -> dict[str, list[dict[str, str]]]:
    """Return the expected rows of each file, in order."""
    expected: dict[str, list[dict[str, str]]] = defaultdict(list)
    with (root / "truth.csv").open(newline="", encoding="utf-8") as stream:
        for line in csv.DictReader(stream):
            expected[line["file"]].append(line)
    return expected


def labels() -> dict[tuple[str, int], str]:
    """Return the recipients that a person read in the messages."""
    with LABELS.open(newline="", encoding="utf-8") as stream:
        return {
            (line["file"], int(line["n"])): line["recipient"] for line in csv.DictReader(stream)
        }


def score(root: Path, *, rules: bool = True) -> Score:
    """Measure everything on one corpus folder; without ``rules`` only what the reader does."""
    result: Score = defaultdict(Measure)
    pairs: list[tuple[str, dict[str, str], Row]] = []
    known = labels()
    for name, expected in sorted(truth_of(root).items()):
        rows = read_rows(root / "eml" / name)
        result["detected"].count(bool(rows), f"{name}: no row")
        # The truth lists the first of two copies of one bounce in a mailbox.
        distinct = _distinct(rows)
        same = len(distinct) == len(expected)
        result["rows"].count(same, f"{name}: {len(distinct)} rows, expected {len(expected)}")
        for number, (answer, row) in enumerate(zip(expected, distinct, strict=False), start=1):
            pairs.append((f"{name} {number}", answer, row))
            _score_recipient(result, known, name, number, row)
    for label, answer, row in pairs:
        _score_row(result, label, answer, row)
    if rules:
        _score_reasons(result, pairs)
    _score_ordinary(result, root)
    _score_line_ends(result, root)
    return dict(result)


def _distinct(rows: Iterable[Row]) -> list[Row]:
    seen: dict[tuple[object, ...], Row] = {}
    for row in rows:
        seen.setdefault((row.get("message_id"), row.get("recipient"), row["event"]), row)
    return list(seen.values())


def _score_recipient(
    result: Score, known: dict[tuple[str, int], str], name: str, number: int, row: Row
) -> None:
    if (name, number) in known:
        want, got = known[name, number] or None, row.get("recipient")
        fine = addresses.key(want) == addresses.key(got)
        result["recipient"].count(fine, f"{name} {number}: {got}, expected {want}")


def _score_row(result: Score, label: str, answer: dict[str, str], row: Row) -> None:
    event = EVENTS.get(answer["reason"])
    fits = row["event"] == event if event else row["event"] in ("bounce", "deferral")
    result["kind"].count(fits, f"{label}: {row['event']}, expected {event or 'a failure'}")
    if event in ("complaint", "auto_reply"):
        return
    status = answer["status"]
    if status and int(status.split(".")[2]) < INVENTED:
        got = row.get("enhanced_code")
        result["enhanced code"].count(got == status, f"{label}: {got}, expected {status}")
    code = str(row.get("smtp_code") or "")
    if answer["reply"]:
        fine = code == answer["reply"]
        result["reply code"].count(fine, f"{label}: {code or None}, expected {answer['reply']}")
    else:
        result["no reply code"].count(not code, f"{label}: {code}, expected none")


def _score_reasons(result: Score, pairs: list[tuple[str, dict[str, str], Row]]) -> None:
    failures = [pair for pair in pairs if pair[1]["reason"] not in EVENTS]
    rows = [
        {key: value for key, value in row.items() if key not in ("item", "timestamp")}
        | {"source": "mail"}
        for _, _, row in failures
    ]
    table = classify(bounce_table(rows))
    ours = {entry.sisimai: name for name, entry in reasons().items() if entry.sisimai}
    columns = zip(table["reason"], table["bounce_type"], table["rule"], strict=True)
    for (label, answer, row), (reason, kind, rule) in zip(failures, columns, strict=True):
        told = f"[{rule}] {str(row.get('diagnostic'))[:120]!r}"
        want = ours[answer["reason"]]
        hard = answer["hard"] == "1"
        result["reason"].count(reason == want, f"{label}: {reason}, expected {want} {told}")
        if not (pd.isna(kind) or row["event"] == "deferral"):
            miss = f"{label}: {kind}, expected {'hard' if hard else 'not hard'} {told}"
            result["hard or soft"].count((kind == "hard") == hard, miss)


def _score_ordinary(result: Score, root: Path) -> None:
    for folder in (root / "not", NOT_BOUNCES):
        for path in sorted(folder.glob("*")) if folder.is_dir() else []:
            alarms = [row for row in read_rows(path) if row["event"] != "auto_reply"]
            wrong = ", ".join(f"item {row.get('item')} {row['event']}" for row in alarms)
            result["ordinary mail"].count(not alarms, f"{path.name}: {wrong}")


def _score_line_ends(result: Score, root: Path) -> None:
    for path in sorted((root / "eml").glob("*.eml")):
        plain = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        rows = [_identity(row) for row in read_rows(path, raw=plain)]
        for name, end in (("CRLF", b"\r\n"), ("CR", b"\r")):
            other = [_identity(row) for row in read_rows(path, raw=plain.replace(b"\n", end))]
            result["line ends"].count(rows == other, f"{path.name}: {name} differs")
    for folder in ("dos", "mac"):
        for path in sorted((root / folder).glob("*.eml")):
            rows = [_identity(row) for row in read_rows(root / "eml" / path.name)]
            same = rows == [_identity(row) for row in read_rows(path)]
            result["line ends"].count(same, f"{folder}/{path.name}: differs")


def _identity(row: Row) -> tuple[object, ...]:
    return tuple(row.get(name) for name in IDENTITY)


def main(arguments: list[str] | None = None) -> int:
    """Print the score of a corpus folder."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus", description=__doc__)
    parser.add_argument("folder", nargs="?", default=os.environ.get(VARIABLE, ""))
    parser.add_argument("--verbose", action="store_true", help="list every miss")
    parser.add_argument("--write", action="store_true", help="put the figures into the page")
    parser.add_argument("--no-rules", action="store_true", help="measure the reader alone")
    options = parser.parse_args(arguments)
    root = Path(options.folder)
    if not options.folder or not (root / "truth.csv").is_file():
        parser.error(f"give a folder that holds truth.csv, or set {VARIABLE}")
    if options.write and options.no_rules:
        parser.error("the page tells of the rules too; leave --no-rules out")
    result = score(root, rules=not options.no_rules)
    if options.write:
        precision.write(result)
    out = sys.stdout
    for name, measure in result.items():
        out.write(f"{name:15} {measure.right:5} of {measure.total:5}  {measure.rate:7.2%}\n")
    if options.verbose:
        for name, measure in result.items():
            out.writelines(f"{name}: {miss}\n" for miss in measure.misses)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
