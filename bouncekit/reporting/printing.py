"""A report as PDF: printed by a browser of the Chromium family, where there is one."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bouncekit.errors import ReportError

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
_WINDOWS = (r"Google\Chrome\Application\chrome.exe", r"Microsoft\Edge\Application\msedge.exe")
_WINDOWS_ROOTS = ("ProgramFiles", "ProgramFiles(x86)", "LocalAppData")
_MACOS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
# It prints a local file: no update check, no look-up of a host, no service of its maker.
_OPTIONS = (
    "--headless", "--disable-gpu", "--no-first-run", "--no-default-browser-check",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-extensions", "--host-resolver-rules=MAP * ~NOTFOUND", "--no-pdf-header-footer",
)  # fmt: skip
SECONDS = 120
"""How long the browser may take."""


def browser() -> str:
    """Return the browser that prints.

    Raises
    ------
    ReportError
        If none is installed.
    """
    found = next(filter(None, _candidates()), None)
    if found is None:
        msg = (
            "a PDF needs Chrome, Edge or Chromium, and none was found; "
            "open the HTML report in any browser and print it to PDF"
        )
        raise ReportError(msg)
    return found


def _candidates() -> Iterator[str | None]:
    yield from map(shutil.which, _NAMES)
    roots = [os.environ[name] for name in _WINDOWS_ROOTS if name in os.environ]
    places = [*(os.path.join(root, end) for root in roots for end in _WINDOWS), *_MACOS]  # noqa: PTH118 - a Windows path may be looked for anywhere
    yield from (place for place in places if Path(place).is_file())


def print_to_pdf(page: str | os.PathLike[str], target: str | os.PathLike[str]) -> Path:
    """Print an HTML report as PDF.

    Parameters
    ----------
    page : path
        The report.
    target : path
        The PDF; an old one stays until the new one is complete.

    Raises
    ------
    ReportError
        If there is no browser, or it does not print.
    BouncekitError
        If the PDF cannot be written.
    """
    from bouncekit.writing import atomic

    program = browser()
    with tempfile.TemporaryDirectory(prefix="bouncekit-", ignore_cleanup_errors=True) as folder:
        printed = Path(folder, "report.pdf")
        command = [program, *_OPTIONS, f"--user-data-dir={folder}", f"--print-to-pdf={printed}"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            # Chromium refuses its sandbox to root; the page holds no script at all.
            command.append("--no-sandbox")
        command.append(Path(page).resolve().as_uri())
        try:
            done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)  # noqa: S603
        except subprocess.TimeoutExpired:
            msg = f"{program} did not print within {SECONDS} seconds; print the HTML by hand"
            raise ReportError(msg) from None
        if done.returncode or not printed.is_file():
            msg = f"{program} did not print the report (it ended with {done.returncode})"
            raise ReportError(msg)
        with atomic(target) as stream:
            stream.write(printed.read_bytes())
    return Path(target)
