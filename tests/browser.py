"""JupyterLab and Chromium for tests: start them, run a notebook, look at the result."""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

CHROMIUM = next(
    (
        found
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (found := shutil.which(name))
    ),
    None,
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
]
SETTINGS = {
    # All cells stay on the page, seen or not, so that a test can look at them.
    "@jupyterlab/notebook-extension/tracker": {
        "windowingMode": "none",
        "autoStartDefaultKernel": True,
    },
    "@jupyterlab/apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
}
ARTIFACTS = Path(__file__).resolve().parent.parent / "artifacts"


@contextlib.contextmanager
def chromium(**context: object) -> Iterator[object]:
    """Give a Playwright page in headless Chromium; options go to the browser context."""
    from playwright.sync_api import sync_playwright

    assert CHROMIUM, "Chromium is not installed; on Debian: apt install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser.new_context(**context).new_page()
        finally:
            browser.close()


@contextlib.contextmanager
def jupyterlab(folder: Path, state: Path) -> Iterator[str]:
    """Run JupyterLab over ``folder`` on the loopback; give its address.

    Settings, workspaces and runtime files go to ``state``, so that nothing of
    the person who runs the tests has a say.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    environment = os.environ | {
        name: str(state / name.lower())
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    }
    environment |= {
        "JUPYTERLAB_SETTINGS_DIR": str(state / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(state / "workspaces"),
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", f"--port={port}"]
    command += [
        "--ip=127.0.0.1",
        "--allow-root",
        "--IdentityProvider.token=",
        f"--notebook-dir={folder}",
    ]
    command += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    page_config = state / "jupyter_config_dir" / "labconfig" / "page_config.json"
    page_config.parent.mkdir(parents=True, exist_ok=True)
    # On a busy machine the debugger complains of a kernel that is not there yet; nobody debugs.
    page_config.write_text('{"disabledExtensions": {"@jupyterlab/debugger-extension": true}}')
    for plugin, settings in SETTINGS.items():
        file = state / "settings" / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings), encoding="utf-8")
    with (state / "jupyterlab.log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder)
    try:
        _wait_for(f"{address}/api/status", server)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_for(address: str, server: subprocess.Popen, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert server.poll() is None, "JupyterLab ended at once; see jupyterlab.log"
        with contextlib.suppress(OSError), urlopen(address, timeout=2) as answer:
            if answer.status == 200:
                return
        time.sleep(0.3)
    msg = f"JupyterLab did not answer within {seconds:.0f} s"
    raise AssertionError(msg)


def run_all_cells(page: object, address: str, notebook: str, seconds: float = 180) -> None:
    """Open a notebook in JupyterLab, run all its cells and wait for the last one."""
    page.goto(f"{address}/lab/tree/{notebook}?reset", wait_until="domcontentloaded")
    page.wait_for_selector(".jp-NotebookPanel:visible .jp-Cell", timeout=60_000)
    # Widgets that are made before the page is connected to the kernel are never shown.
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=120_000)
    page.wait_for_timeout(2_000)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name=re.compile("^Run All Cells")).first.click()
        # JupyterLab drops cells that are run before the kernel is connected: once
        # nothing is waiting any more, either all have run or we ask again.
        page.wait_for_timeout(1_500)
        page.wait_for_function(_NONE_WAITS, timeout=seconds * 1000)
        if page.evaluate(_ALL_RAN):
            return
    msg = f"{notebook}: not every cell ran within {seconds:.0f} s"
    raise AssertionError(msg)


_NONE_WAITS = """() => ![...document.querySelectorAll('.jp-NotebookPanel .jp-InputPrompt')]
    .some(prompt => prompt.textContent.includes('*'))"""

# Every code cell has a number in its prompt: none is waiting ("[*]") or was left out.
_ALL_RAN = """() => {
    const cells = [...document.querySelectorAll('.jp-NotebookPanel .jp-CodeCell')];
    const prompts = cells.map(c => c.querySelector('.jp-InputPrompt')?.textContent ?? '');
    const filled = cells.map((c, i) => [c, prompts[i]])
        .filter(([c]) => (c.querySelector('.cm-content')?.textContent ?? '').trim());
    return filled.length > 0 && filled.every(([, p]) => /\\[\\d+\\]/.test(p));
}"""


def errors_shown(page: object) -> list[str]:
    """Return the text of every error output on the page."""
    return page.locator(
        ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error'],"
        ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']"
    ).all_inner_texts()
