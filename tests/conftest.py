"""Fixtures that more than one test module uses."""

import os
from pathlib import Path

import matplotlib as mpl
import pytest

mpl.use("Agg")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """Give the folder that holds pyproject.toml."""
    return ROOT


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Give the folder of real bounce messages named by BOUNCEKIT_CORPUS."""
    named = os.environ.get("BOUNCEKIT_CORPUS")
    if not named:
        pytest.skip("BOUNCEKIT_CORPUS is not set; it names a folder of real bounces with truth.csv")
    folder = Path(named)
    assert (folder / "truth.csv").is_file(), f"BOUNCEKIT_CORPUS={named} holds no truth.csv"
    return folder
