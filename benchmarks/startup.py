"""What it costs to begin: the import, and the sample report."""

import subprocess
import sys
from pathlib import Path

from benchmarks.harness import Result, measure


def run(folder: Path, quick: bool) -> list[Result]:
    """Time fresh interpreters; the peer of the import is pandas."""
    rounds = 2 if quick else 5
    nothing = measure(lambda: _python("-c", "pass"), rounds)
    pandas = measure(lambda: _python("-c", "import pandas"), rounds)
    ours = measure(lambda: _python("-c", "import bouncekit"), rounds)
    report = folder / "report.html"
    demo = measure(lambda: _python("-m", "bouncekit", "demo", "-o", str(report)), 1)
    return [
        Result("python -c pass", 1, nothing),
        Result("import bouncekit", 1, ours, "import pandas", pandas),
        Result("the sample report, command to HTML", 1, demo),
    ]


def _python(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
