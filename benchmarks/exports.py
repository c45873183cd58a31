"""Exports of ESPs: files to classified rows, beside bare file reads."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.csv

import bouncekit as bk
from benchmarks.harness import Result, measure
from benchmarks.inputs import suppression_csv, webhook_json

try:
    import orjson
except ImportError:  # the peer of the JSON benchmark; not a dependency
    orjson = None


def run_csv(folder: Path, quick: bool) -> list[Result]:
    """Read a SendGrid suppression CSV; the peer is the bare pyarrow read."""
    return _both(folder, quick, "CSV", suppression_csv, pyarrow.csv.read_csv, "pyarrow.csv")


def run_json(folder: Path, quick: bool) -> list[Result]:
    """Read SendGrid webhook NDJSON; the peer is orjson line by line."""
    loads, name = (orjson.loads, "orjson") if orjson else (json.loads, "json")

    def bare(path: Path) -> list[object]:
        with path.open("rb") as stream:
            return [loads(line) for line in stream]

    return _both(folder, quick, "NDJSON", webhook_json, bare, name)


def _both(
    folder: Path,
    quick: bool,
    what: str,
    make: Callable[..., Path],
    bare: Callable[[Path], object],
    peer: str,
) -> list[Result]:
    count = 100_000 if quick else 1_000_000
    results = []
    for distinct, target in ((False, 3.0), (True, 8.0)):
        path = make(folder / f"{what}-{distinct}.txt", count, distinct=distinct)
        kind = "nearly all texts distinct" if distinct else "1 % of the texts distinct"
        peer_seconds = measure(lambda path=path: bare(path), 3)
        ours = measure(lambda path=path: bk.read(path, progress=False), 3)
        results += [
            Result(f"bare {peer}, {what}, {kind}", count, peer_seconds),
            Result(f"bk.read {what}, {kind}", count, ours, peer, peer_seconds, target),
        ]
        path.unlink()
    return results
