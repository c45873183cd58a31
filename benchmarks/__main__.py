"""Run the benchmarks: ``python -m benchmarks [--quick] [--write] [NAME ...]``.

``mail`` and ``memory`` need BOUNCEKIT_CORPUS (real messages). ``--write`` keeps the table in
RESULTS.md.
"""

import argparse
import logging
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import exports, mail, startup
from benchmarks.harness import Result, machine, table

BENCHMARKS: dict[str, Callable[[Path, bool], list[Result]]] = {
    "mail": mail.run,
    "memory": mail.run_memory,
    "csv": exports.run_csv,
    "json": exports.run_json,
    "startup": startup.run,
}


def main() -> None:
    """Run the benchmarks that were named, all by default."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}")
    parser.add_argument("--quick", action="store_true", help="a tenth of the size, for a look")
    parser.add_argument("--write", action="store_true", help="keep the table in RESULTS.md")
    options = parser.parse_args()
    unknown = set(options.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"there is no benchmark {sorted(unknown)[0]!r}")
    logging.disable(logging.WARNING)
    results: list[Result] = []
    with tempfile.TemporaryDirectory() as folder:
        for name in options.names or BENCHMARKS:
            results += BENCHMARKS[name](Path(folder), options.quick)
    text = table(results)
    print(f"{machine()}\n\n{text}")
    if options.write:
        target = Path(__file__).with_name("RESULTS.md")
        heading = "# Speed beside named peers\n\nMade by `python -m benchmarks --write`; "
        heading += "a ratio compares with the peer's time over the same bytes in the same run.\n\n"
        target.write_text(f"{heading}{machine()}\n\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
