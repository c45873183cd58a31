"""A folder of the user's own: notebooks, a folder to drop files into, settings.

``bouncekit new DIR`` makes it; the same command after an upgrade brings new
versions of the notebooks. What the user has changed is never touched.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bouncekit.errors import BouncekitError
from bouncekit.reporting.bundled import DROP, DROP_NOTE, notebook_paths
from bouncekit.taxonomy import Language
from bouncekit.words import words
from bouncekit.writing import atomic

_RECORD = ".bouncekit.json"

Outcome = Literal["made", "updated", "kept", "beside"]


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of one file of the folder.

    Parameters
    ----------
    name : str
    outcome : {'made', 'updated', 'kept', 'beside'}
        ``beside``: it was changed, so it stays, and the new version is ``beside``.
    """

    name: str
    outcome: Outcome
    beside: str = ""

    def sentence(self, lang: Language = "en") -> str:
        """Say it in a language."""
        return f"{self.name}: {words(f'workspace_{self.outcome}', lang, beside=self.beside)}"


def new(folder: str | os.PathLike[str], lang: Language = "en") -> tuple[Placed, ...]:
    """Make a folder with the notebooks, a drop folder and a settings file, or bring it up to date.

    A notebook that was changed since it was placed stays as it is; where the
    kit has a newer version, that is put beside it as ``NAME-new.ipynb``.

    Parameters
    ----------
    folder : path
        Made where it is missing; other files in it do not matter.
    lang : {'en', 'zh'}
        Language of the notebooks' texts and of the settings file.

    Returns
    -------
    tuple of Placed
        What became of each file, in the order of their names.

    Raises
    ------
    BouncekitError
        If the folder cannot be made or written to.
    """
    root = Path(folder)
    try:
        (root / DROP).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"{root}: cannot be made ({error.strerror}); choose another folder"
        raise BouncekitError(msg) from None
    placed = _record(root)
    done = [_place(root, name, text, placed) for name, text in _contents(lang)]
    _write(root / _RECORD, json.dumps(placed, indent=1, sort_keys=True) + "\n")
    return tuple(sorted(done, key=lambda one: one.name))


def _contents(lang: Language) -> Iterator[tuple[str, str]]:
    """Give each file that the kit puts there."""
    from bouncekit.reporting.execution import as_text, read_notebook
    from bouncekit.reporting.translation import translated

    for path in notebook_paths():
        yield path.name, as_text(translated(read_notebook(path), path.stem, lang))
    yield "bouncekit.toml", words("workspace_settings", lang).strip() + "\n"
    yield f"{DROP}/{DROP_NOTE}", words("workspace_drop", lang).strip() + "\n"


def _place(root: Path, name: str, text: str, placed: dict[str, str]) -> Placed:
    target, ours = root / name, _digest(text)
    if not target.exists():
        _write(target, text)
        placed[name] = ours
        return Placed(name, "made")
    found = _digest(target.read_text(encoding="utf-8-sig", errors="replace"))
    if found == ours:
        placed[name] = ours
        return Placed(name, "kept")
    if found == placed.get(name):
        _write(target, text)
        placed[name] = ours
        return Placed(name, "updated")
    if placed.get(name) == ours or target.suffix != ".ipynb":
        return Placed(name, "kept")
    beside = target.with_name(f"{target.stem}-new{target.suffix}")
    _write(beside, text)
    placed[name] = ours
    return Placed(name, "beside", beside.name)


def _record(root: Path) -> dict[str, str]:
    """Return the digest of each file as it was placed."""
    try:
        record = json.loads((root / _RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _digest(text: str) -> str:
    """Identify what a file says; running a notebook changes nothing of that."""
    try:
        cells = json.loads(text)["cells"]
        text = json.dumps([(cell["cell_type"], "".join(cell["source"])) for cell in cells])
    except (ValueError, TypeError, KeyError):
        text = text.replace("\r\n", "\n")
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _write(path: Path, text: str) -> None:
    with atomic(path) as stream:
        stream.write(text.encode("utf-8"))


def lab_command(folder: str | os.PathLike[str], *, browser: bool = True) -> list[str]:
    """Return the command that opens JupyterLab in a folder, with this very Python.

    Raises
    ------
    BouncekitError
        If there is no such folder.
    """
    root = Path(folder)
    if not root.is_dir():
        msg = f"{root}: there is no such folder; make one with `bouncekit new {root}`"
        raise BouncekitError(msg)
    options = [] if browser else ["--no-browser"]
    return [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={root.resolve()}", *options]
