"""Find the notebooks and sample data that come with the kit."""

from pathlib import Path
from typing import Any

from bouncekit.errors import InputNotFoundError

_PACKAGE = Path(__file__).resolve().parent.parent


def sample_path() -> Path:
    """Return the folder of sample data: that of the wheel, else that of the project."""
    return _first(_PACKAGE / "bundled" / "sample", _PACKAGE.parent / "data" / "sample")


def notebook_path(name: str) -> Path:
    """Return the path of a notebook that comes with the kit, ``bounce_report.ipynb`` say."""
    return _first(_PACKAGE / "bundled" / "notebooks" / name, _PACKAGE.parent / "notebooks" / name)


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


def inputs(source: Any, sends: Any, contacts: Any) -> tuple[Any, Any, Any]:
    """Return what a notebook is to read: what was given, or the sample data.

    Parameters
    ----------
    source : path, list of paths or None
        Where it is None all three are those of the sample data.
    sends, contacts : path or None
    """
    return sample_inputs() if source is None else (source, sends, contacts)
