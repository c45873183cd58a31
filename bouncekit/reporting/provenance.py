"""What a report says of how it was made: settings, versions, and hashes of what went in."""

import hashlib
import platform
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bouncekit import __version__
from bouncekit.reporting.bundled import SAMPLE, sample_inputs
from bouncekit.spellings import scrub
from bouncekit.taxonomy import Language
from bouncekit.words import words

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from bouncekit.reporting.rendering import About

_PATHS = ("source", "sends", "contacts", "rules")
_DIGITS = 16


def about(
    notebook: "NotebookNode",
    settings: Mapping[str, Any],
    digest: str,
    show_addresses: bool,
    lang: Language,
) -> "About":
    """Gather what a report says of itself; addresses in it are taken out unless asked for."""
    from bouncekit.reporting.rendering import About

    shown = [(name, _shown(name, value, lang)) for name, value in settings.items()]
    if not show_addresses:
        shown = [(name, scrub(value)) for name, value in shown]
    made_with = " · ".join(
        (
            f"bouncekit {__version__}",
            f"rules {_rules_digest()}",
            f"Python {platform.python_version()}",
            *(f"{name} {version(name)}" for name in ("pandas", "matplotlib")),
            f"input sha256 {digest}",
            f"settings sha256 {_short(repr(shown).encode())}",
        )
    )
    titles = (re.findall(r"^# +(.+)$", cell.source, re.MULTILINE) for cell in notebook.cells)
    return About(
        title=next((found[0] for found in titles if found), "bouncekit"),
        lang=lang,
        parameters=shown,
        made_with=made_with,
        date=words("report_date", lang, when=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"),
        redacted=not show_addresses,
    )


def _shown(name: str, value: Any, lang: Language) -> str:
    """Write a setting for readers: names of files, not where they lie on this machine."""
    if name == "source" and value == SAMPLE:
        return words("report_sample", lang)
    if name in _PATHS and value is not None:
        paths = [value] if isinstance(value, str) else value
        return ", ".join(Path(path).name for path in paths)
    return "–" if value is None or value == {} else str(value)


def _short(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:_DIGITS]


def _rules_digest() -> str:
    """Return a short hash of the rules that come with the kit."""
    found = sorted(
        (entry for entry in files("bouncekit").joinpath("rules").iterdir()
         if entry.name.endswith(".toml")),
        key=lambda entry: entry.name,
    )  # fmt: skip
    return _short(b"".join(entry.read_bytes().replace(b"\r\n", b"\n") for entry in found))[:8]


def input_digest(settings: Mapping[str, Any]) -> str:
    """Return a short hash of the names and bytes of all input files."""
    inputs = dict(settings)
    if inputs.get("source") == SAMPLE:
        inputs |= dict(zip(("source", "sends", "contacts"), sample_inputs(), strict=True))
    whole = hashlib.sha256()
    for name in _PATHS:
        value = inputs.get(name)
        for path in [value] if isinstance(value, str) else value or ():
            for file, label in _files(Path(path)):
                with file.open("rb") as stream:
                    inner = hashlib.file_digest(stream, "sha256").digest()
                whole.update(label.encode("utf-8", "surrogateescape") + b"\0" + inner)
    return whole.hexdigest()[:_DIGITS]


def _files(path: Path) -> Iterator[tuple[Path, str]]:
    if path.is_file():
        yield path, path.name
        return
    for file in sorted(path.rglob("*")):
        hidden = any(part.startswith(".") for part in file.relative_to(path).parts)
        if file.is_file() and not hidden:
            yield file, file.relative_to(path).as_posix()
