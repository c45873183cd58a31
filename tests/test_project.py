"""The project's own papers agree with each other and with the code."""

import re
import tomllib
from pathlib import Path

import yaml

import bouncekit

# The same package under the name that each channel gives it.
CONDA_NAMES = {"tzdata": "python-tzdata"}


def _requirements(root: Path) -> dict[str, str]:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        lines += extra
    return dict(_split(line) for line in lines)


def _split(line: str) -> tuple[str, str]:
    match = re.fullmatch(r"([\w.-]+)\s*(\S.*)?", line)
    assert match, line
    return CONDA_NAMES.get(match[1], match[1]), match[2] or ""


def test_environment_yml_and_pyproject_agree(root):
    environment = yaml.safe_load((root / "environment.yml").read_text(encoding="utf-8"))
    conda = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    pip = next(entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    listed = dict(_split(entry) for entry in [*conda, *pip] if not entry.startswith("--"))
    python = listed.pop("python")
    listed.pop("pip")
    assert listed == _requirements(root)
    assert python == ">=3.11,<3.15"
    assert "--editable ." in pip


def test_version_is_the_same_everywhere(root):
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == bouncekit.__version__
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{bouncekit.__version__}]" in changelog


def test_every_public_name_is_there_and_documented():
    """``__all__`` is sorted, true, and each name has a docstring."""
    assert bouncekit.__all__ == sorted(bouncekit.__all__)
    for name in bouncekit.__all__:
        assert getattr(bouncekit, name).__doc__, name


def test_readme_names_every_notebook_and_command(root):
    from bouncekit.cli import commands

    readme = (root / "README.md").read_text(encoding="utf-8")
    for notebook in (root / "notebooks").glob("*.ipynb"):
        assert notebook.name in readme, notebook.name
    for command in commands():
        assert f"bouncekit {command}" in readme, command


def test_importing_bouncekit_imports_nothing_heavy(root):
    """The heavy libraries come in with the first call that needs them."""
    import subprocess
    import sys

    code = "import bouncekit, sys; print([m for m in ('pandas', 'matplotlib') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root
    )
    assert done.stdout.strip() == "[]"
