"""Find the notebooks and sample data that come with the kit, and what a notebook is to read."""

import os
from pathlib import Path
from typing import Any

from bouncekit.errors import InputNotFoundError

_PACKAGE = Path(__file__).resolve().parent.parent
SAMPLE = "sample data"
"""As a source: the data that comes with the kit."""
DROP, DROP_NOTE = "exports", "README.txt"
"""The folder beside the notebooks that files are dropped into, and the note that lies in it."""


def sample_path() -> Path:
    """Return the folder of sample data: that of the wheel, else that of the project."""
    return _first(_PACKAGE / "bundled" / "sample", _PACKAGE.parent / "data" / "sample")


def notebook_path(name: str) -> Path:
    """Return the path of a notebook that comes with the kit, ``bounce_report.ipynb`` say."""
    return _first(_PACKAGE / "bundled" / "notebooks" / name, _PACKAGE.parent / "notebooks" / name)


def notebook_paths() -> list[Path]:
    """Return the paths of all notebooks that come with the kit, sorted by name."""
    return sorted(notebook_path(".").glob("*.ipynb"))


def _first(*places: Path) -> Path:
    found = next((place for place in places if place.exists()), None)
    if found is None:
        msg = f"{places[0]}: is not there; install bouncekit anew, or run it in its own folder"
        raise InputNotFoundError(msg)
    return found


def sample_inputs() -> tuple[str, str, str]:
    """Return the sample data: folder, sends table, contact list."""
    folder = sample_path()
    return str(folder), str(folder / "sends.csv.gz"), str(folder / "contacts.csv.gz")


def inputs(
    source: Any, sends: Any, contacts: Any, folder: str | os.PathLike[str] = "."
) -> tuple[Any, Any, Any]:
    """Return what a notebook is to read: what was given, what was dropped, or the sample data.

    Parameters
    ----------
    source : path, list of paths or None
        ``SAMPLE``: all three are those of the sample data. None: what lies in
        the folder ``exports`` beside the notebook; the sample data where
        nothing does.
    sends, contacts : path or None
        Beside what was dropped, ``sends.csv`` and ``contacts.csv`` (or
        ``.xlsx``) are taken where none are named.
    folder : path
        Where the notebook lies.
    """
    if source is None and sends is None and contacts is None:
        dropped = Path(folder, DROP)
        names = {entry.name for entry in dropped.iterdir()} if dropped.is_dir() else set()
        if any(not name.startswith(".") for name in names - {DROP_NOTE}):
            return str(dropped), _beside(folder, "sends"), _beside(folder, "contacts")
        return sample_inputs()
    return sample_inputs() if source in (None, SAMPLE) else (source, sends, contacts)


def _beside(folder: str | os.PathLike[str], name: str) -> str | None:
    found = (Path(folder, f"{name}{ending}") for ending in (".csv", ".xlsx", ".csv.gz"))
    return next((str(path) for path in found if path.is_file()), None)
