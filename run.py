"""Set bouncekit up in a folder of its own and run it; needs only Python 3.11 or newer.

    python run.py demo     the report on the sample data; the last line is its path
    python run.py test     the tests
    python run.py lab      JupyterLab with the notebooks
    python run.py setup    only the set-up

Everything else after the command is handed on: ``python run.py test -k rates``.
The set-up makes ``.venv`` beside this file and installs bouncekit with what it
needs; it is done again only when ``pyproject.toml`` has changed.
"""

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
HOME = ROOT / ".venv"
PYTHON = HOME / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = HOME / "installed-for.txt"
EXTRAS = "excel,zstd,test"
COMMANDS = {
    "demo": ["-m", "bouncekit", "demo"],
    "test": ["-m", "pytest", "-m", "not browser"],
    "lab": ["-m", "jupyterlab", "notebooks"],
    "setup": ["-c", "import bouncekit; print('bouncekit', bouncekit.__version__, 'is ready')"],
}


def main(arguments: list[str]) -> int:
    """Run one command in the project's own environment."""
    if sys.version_info < (3, 11):
        found = ".".join(map(str, sys.version_info[:3]))
        print(f"bouncekit needs Python 3.11 or newer; this is {found}", file=sys.stderr)
        return 2
    if not arguments or arguments[0] not in COMMANDS:
        print(__doc__)
        return 2
    try:
        set_up()
    except (subprocess.CalledProcessError, OSError) as error:
        print(f"the set-up did not end well: {error}", file=sys.stderr)
        print(
            "look at the lines above; is there a network connection to the package index? "
            "On Debian and Ubuntu, `apt install python3-venv` may be needed once.",
            file=sys.stderr,
        )
        return 1
    command = [str(PYTHON), *COMMANDS[arguments[0]], *arguments[1:]]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def set_up() -> None:
    """Make the environment, unless it is there and fits ``pyproject.toml``."""
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    if PYTHON.exists() and STAMP.exists() and STAMP.read_text(encoding="utf-8") == wanted:
        return
    print(f"setting up {HOME} (once; a few minutes) ...", flush=True)
    venv.create(HOME, with_pip=True, clear=not STAMP.exists())
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "--editable", f"{ROOT}[{EXTRAS}]"], check=True)
    STAMP.write_text(wanted, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
