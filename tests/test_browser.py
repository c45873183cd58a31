"""The notebooks in JupyterLab and the report in a browser, as people see them."""

import re
import shutil
from pathlib import Path

import pytest

from tests.browser import ARTIFACTS, chromium, errors_shown, jupyterlab, run_all_cells

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))

_BROKEN_IMAGES = "() => [...document.images].filter(image => !image.naturalWidth).length"
_WIDER_THAN_SCREEN = (
    "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
)


def _complaints(page: object) -> list[str]:
    """Collect what the page complains of from now on."""
    found: list[str] = []
    page.on("console", lambda line: found.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def _folder_of_the_user(root: Path) -> Path:
    """Copy notebooks and sample data to where nothing else of the project is."""
    shutil.copytree(ROOT / "notebooks", root / "notebooks")
    shutil.copytree(ROOT / "data", root / "data")
    return root


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_notebook_runs_in_jupyterlab(notebook, tmp_path):
    """All cells run, nothing is printed in red, and each picture is there."""
    folder = _folder_of_the_user(tmp_path / "work")
    with (
        jupyterlab(folder, tmp_path / "state") as address,
        chromium(viewport={"width": 1400, "height": 1000}) as page,
    ):
        complaints = _complaints(page)
        run_all_cells(page, address, f"notebooks/{notebook}")
        ARTIFACTS.mkdir(exist_ok=True)
        page.screenshot(path=ARTIFACTS / f"{Path(notebook).stem}-jupyterlab.png")
        assert errors_shown(page) == []
        assert page.locator(".jp-OutputArea-output :is(img, table)").count() > 0
        assert page.evaluate(_BROKEN_IMAGES) == 0
        assert complaints == []


_PANELS = "() => [...document.querySelectorAll('.widget-html img')].map(image => image.src).join()"


def test_a_slider_moves_and_the_chart_follows(tmp_path):
    """As a person would: open the notebook, run all, move a slider by one, look."""
    folder = _folder_of_the_user(tmp_path / "work")
    with (
        jupyterlab(folder, tmp_path / "state") as address,
        chromium(viewport={"width": 1400, "height": 1000}) as page,
    ):
        complaints = _complaints(page)
        run_all_cells(page, address, "notebooks/explore_thresholds.ipynb")
        handle = page.locator(".widget-slider .noUi-handle").first
        handle.wait_for(timeout=30_000)
        before = page.evaluate(_PANELS)
        handle.scroll_into_view_if_needed()
        handle.focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_function(f"before => ({_PANELS})() !== before", arg=before, timeout=20_000)
        page.screenshot(path=ARTIFACTS / "explore_thresholds-moved.png")
        assert page.evaluate(_BROKEN_IMAGES) == 0
        assert complaints == []


@pytest.fixture(scope="module")
def sample_report(tmp_path_factory) -> Path:
    """Make the report on the sample data once."""
    import bouncekit as bk

    target = tmp_path_factory.mktemp("report") / "report.html"
    return bk.report(ROOT / "data" / "sample", target)


@pytest.mark.parametrize(("device", "width"), [("desktop", 1280), ("phone", 390)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_report_opens_with_the_network_off(sample_report, device, width, scheme):
    """The report asks for nothing, breaks no picture and fits the screen."""
    view = {"viewport": {"width": width, "height": 900}, "offline": True, "color_scheme": scheme}
    with chromium(**view) as page:
        complaints = _complaints(page)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(sample_report.as_uri())
        ARTIFACTS.mkdir(exist_ok=True)
        page.screenshot(path=ARTIFACTS / f"report-{device}-{scheme}.png", full_page=True)
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
        assert page.locator("img").count() >= 4
        assert page.evaluate(_BROKEN_IMAGES) == 0
        assert page.evaluate(_WIDER_THAN_SCREEN) <= 0
        assert page.locator("h1").count() == 1
        assert complaints == []


def test_the_report_prints_as_pdf(sample_report, tmp_path):
    from bouncekit.reporting.printing import print_to_pdf

    made = print_to_pdf(sample_report, tmp_path / "report.pdf").read_bytes()
    assert made.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", made)) > 3
    assert [path.name for path in tmp_path.iterdir()] == ["report.pdf"]


@pytest.mark.parametrize("width", [1280, 390])
def test_the_chinese_report_fits_and_says_everything_in_chinese(tmp_path, width):
    import bouncekit as bk

    made = bk.report(None, tmp_path / "zh.html", lang="zh", progress=False)
    with chromium(viewport={"width": width, "height": 900}, offline=True) as page:
        complaints = _complaints(page)
        page.goto(made.as_uri())
        page.screenshot(path=ARTIFACTS / f"report-zh-{width}.png", full_page=True)
        headings = page.locator("h1, h2, h3").all_inner_texts()
        assert [text for text in headings if not re.search("[\u4e00-\u9fff]", text)] == []
        assert page.evaluate(_WIDER_THAN_SCREEN) <= 0
        assert complaints == []
