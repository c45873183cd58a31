"""Make the picture of the report that README.md shows.

    python docs/make_pictures.py

Needs Chromium and playwright (``pip install --group test``); the report is
that of ``bouncekit demo``.
"""

import shutil
import sys
import tempfile
from pathlib import Path

import bouncekit as bk

TARGET = Path(__file__).resolve().parent / "images" / "report.png"
SIZE = {"width": 960, "height": 1770}


def main() -> int:
    """Make the sample report and take a picture of its first screen."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page = bk.report(None, Path(folder, "report.html"), progress=False)
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        view = browser.new_page(viewport=SIZE, color_scheme="light")
        view.goto(page.as_uri())
        TARGET.parent.mkdir(exist_ok=True)
        view.screenshot(path=TARGET)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
