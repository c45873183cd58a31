"""The report: one file, nothing active, nobody's address, the same bytes again."""

import csv
import html.parser
import json
import re
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import bouncekit as bk
from bouncekit.errors import BouncekitError, InputNotFoundError, ReportError
from bouncekit.reporting.bundled import sample_path
from bouncekit.reporting.rendering import About, clean, to_html
from bouncekit.reporting.show import show
from bouncekit.schema import bounce_table

KEY = "a key for tests, long enough"
HOSTILE = [
    "550 5.1.1 <script>alert(1)</script> user unknown",
    r"550 5.1.1 $\frac{1}{0}$ user unknown",
    '550 5.7.1 <img src=x onerror="alert(2)"> blocked',
    "552 5.2.2 <a href='javascript:alert(3)'>mailbox full</a>",
    "451 4.7.1 </td></table><style>body{display:none}</style> try later",
    "550 what is this <iframe src=https://example.net/></iframe> {{ 7 * 7 }} {% raw %}",
]
_VOID = {"meta", "br", "hr", "img"}
_ALLOWED = {
    "html", "head", "body", "meta", "title", "style", "main", "section", "footer", "div", "figure",
    "img", "h1", "h2", "h3", "p", "ul", "li", "strong", "em", "span", "small", "code", "pre",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip


class Page(html.parser.HTMLParser):
    """Collects the elements, attributes and texts of a page and checks their nesting."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.texts, self._open = set(), [], [], []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        assert tag in _VOID

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if "style" not in self._open:
            self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


def write_csv(path, people):
    """Write an export whose every free text is hostile or names people."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["recipient", "event", "timestamp", "diagnostic", "campaign"])
        for number, who in enumerate(people):
            day = f"2026-03-{1 + number % 28:02}T08:00:00Z"
            text = HOSTILE[number % len(HOSTILE)]
            told = f"{text} ({who}, {who.replace('@', '%40')}, {who.replace('@', '=40')})"
            writer.writerow([who, "bounce", day, told, f"Offer for {who}"])
            writer.writerow([f"ok{number}@example.net", "delivered", day, "", "spring"])


@pytest.fixture(scope="module")
def people():
    odd = ["O'Neil+x@example.com", "=cmd@example.com", "ünï@例子.example", "a.b@shop.example"]
    return odd + [f"First.Last{i}@company{i % 5}.example" for i in range(40)]


@pytest.fixture(scope="module")
def source(tmp_path_factory, people):
    folder = tmp_path_factory.mktemp("exports")
    write_csv(folder / f"{people[-1]}.csv", people)
    (folder / "notes.txt").write_text(f"call {people[0]} back", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    (folder / "key").write_text(KEY, encoding="ascii")
    return folder


@pytest.fixture(scope="module")
def made(source, home):
    return bk.report(source, home / "report.html", key=home / "key", progress=False)


@pytest.fixture(scope="module")
def page(made):
    return Page(made.read_text(encoding="utf-8"))


# --- what stands in the page -----------------------------------------------------


def test_every_element_is_a_harmless_one(page):
    assert page.tags <= _ALLOWED
    assert {"h1", "h2", "table", "img"} <= page.tags


def test_no_attribute_runs_or_fetches_anything(page):
    for tag, name, value in page.attributes:
        assert not name.startswith("on"), (tag, name)
        assert name not in ("href", "style", "srcset", "action"), (tag, name)
        if name == "src":
            assert value.startswith("data:image/png;base64,")


def test_the_policy_of_the_page_forbids_everything_but_its_own_style(page):
    rules = next(v for t, n, v in page.attributes if n == "content" and "default-src" in v)
    assert rules.startswith("default-src 'none'; img-src data:; style-src 'sha256-")


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", r"$\frac{1}{0}$", "<iframe src=https://example.net/>"]
)
def test_hostile_words_of_servers_are_shown_as_text(text):
    table = bk.classify(
        bounce_table([{"event": "bounce", "recipient": "a@b.example", "diagnostic": text}])
    )
    html = show(table, ["diagnostic"])._repr_html_()
    assert Page(f"<div>{html}</div>").tags <= _ALLOWED
    assert text in Page(f"<div>{html}</div>").text
    assert Page(f"<div>{clean(html)}</div>").text == Page(f"<div>{html}</div>").text


def test_not_understood_texts_stand_in_the_report_as_text(page):
    assert "{{ 7 * 7 }} {% raw %}" in page.text
    assert "<iframe" in page.text


def test_every_picture_has_words(page):
    pictures = sum(tag == "img" and name == "src" for tag, name, _ in page.attributes)
    alts = [value for tag, name, value in page.attributes if name == "alt"]
    assert len(alts) == pictures >= 4
    assert all(len(alt) > 10 for alt in alts)


def test_findings_come_first_and_settings_last(made):
    text = made.read_text(encoding="utf-8")
    heads = re.findall(r"<h2[^>]*>(.*?)</h2>", text)
    assert heads[:2] == ["What stands out", "The key numbers"]
    assert heads[-1] == "Settings of this report"


def test_no_code_stands_in_the_report(page):
    assert "import bouncekit" not in page.text
    assert "bk.plot_rates" not in page.text


def test_the_report_accounts_for_its_input(page):
    assert "items =" in page.text
    assert "notes.txt" in page.text


def test_the_file_is_small_and_phones_are_told_its_width(made):
    assert made.stat().st_size < 5_000_000
    assert 'name="viewport"' in made.read_text(encoding="utf-8")


# --- whose address stands in it --------------------------------------------------


def spellings(address):
    local, _, domain = address.rpartition("@")
    idna = domain.encode("idna").decode("ascii")
    for name in {domain, idna}:
        for at in ("@", "%40", "=40", "&#64;", "&commat;", "＠", "=", r"\u0040"):
            yield f"{local}{at}{name}".casefold()


def without_pictures(path):
    return re.sub(r"data:image/png;base64,[^\"]+", "", path.read_text(encoding="utf-8"))


def test_no_recipient_occurs_in_any_spelling(made, people):
    text = html.unescape(without_pictures(made)).casefold()
    for who in people:
        for spelled in spellings(who):
            assert spelled not in text, spelled
    assert "first.last" not in text
    assert "…@company" in text


def test_addresses_are_there_when_asked_for(source, home, people):
    made = bk.report(
        source, home / "full.html", show_addresses=True, key=home / "key", progress=False
    )
    text = html.unescape(made.read_text(encoding="utf-8"))
    assert sum(who in text for who in people) >= 10
    assert "full addresses" in text


def test_the_key_stays_outside(made):
    assert KEY not in made.read_text(encoding="utf-8")


def test_same_input_gives_the_same_bytes_but_for_the_date(source, home, made):
    again = bk.report(source, home / "again.html", key=home / "key", progress=False)
    first, second = (path.read_text(encoding="utf-8").splitlines() for path in (made, again))
    differing = [(one, other) for one, other in zip(first, second, strict=True) if one != other]
    assert all('class="date"' in one for one, _ in differing)
    assert len(differing) <= 1


# --- one notebook, many ways to fail ----------------------------------------------


def write_notebook(path, *sources):
    cells = [new_markdown_cell("# Mine"), new_code_cell(sources[0])]
    cells[1].metadata["tags"] = ["parameters"]
    cells += [new_code_cell(source) for source in sources[1:]]
    nbformat.write(new_notebook(cells=cells), path)
    return path


PARAMETERS = 'source = None\nlang = "en"\nshow_addresses = False\ntz = "UTC"\nsize = 3'


def run(tmp_path, *sources, **options):
    own = write_notebook(tmp_path / "own.ipynb", PARAMETERS, *sources)
    target = tmp_path / "own.html"
    return bk.report(None, target, notebook=own, progress=False, **options)


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    """Run one notebook whose cells try several things, and give the words of its page."""
    folder = tmp_path_factory.mktemp("mine")
    (folder / "colorsys.py").write_text("raise SystemExit('run')", encoding="utf-8")
    own = write_notebook(
        folder / "own.ipynb",
        f'{PARAMETERS}\nsoft_limit = 4\nwait = "2D"\nmin_span = "7D"\nlimits = {{}}',
        "print('size', size * 2, tz, '|', soft_limit, wait, limits)",
        "print('write to ann.lee@example.com')",
        "import sys, ipywidgets\nprint('in red', file=sys.stderr)\nipywidgets.IntSlider(7)",
        "import os\nprint(sys.executable, os.environ['IPYTHONDIR'], os.getcwd())",
        "import colorsys\nprint('module', colorsys.__file__)",
    )
    policy = bk.Policy(soft_limit=3, wait="12h", limits={"mailbox_full": 8})
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        bk.report(
            None, "own.html", notebook=own, size=21, tz="Asia/Shanghai", policy=policy,
            progress=False,
        )  # fmt: skip
    return folder, Page((folder / "own.html").read_text(encoding="utf-8")).text


def test_a_notebook_of_ones_own_gets_parameters_and_policy(mine):
    assert "size 42 Asia/Shanghai | 3 0 days 12:00:00 {'mailbox_full': 8}" in mine[1]


def test_an_address_that_a_cell_prints_is_taken_out(mine):
    assert "write to [address]" in mine[1]


def test_complaints_on_stderr_and_widgets_are_left_out(mine):
    assert "in red" not in mine[1]
    assert "IntSlider" not in mine[1]


def test_the_kernel_is_this_python_with_private_settings_in_the_users_folder(mine):
    folder, text = mine
    assert f"{sys.executable} " in text
    assert str(Path.home() / ".ipython") not in text
    assert str(folder) in text


def test_a_module_beside_the_exports_is_not_run(mine):
    folder, text = mine
    assert "module " in text
    assert str(folder / "colorsys.py") not in text


def test_the_sample_leaves_no_key_behind(mine):
    assert sorted(path.name for path in mine[0].iterdir()) == [
        "colorsys.py", "own.html", "own.ipynb",
    ]  # fmt: skip


def test_a_failing_cell_is_one_sentence_and_leaves_the_old_report(tmp_path):
    (tmp_path / "own.html").write_text("old", encoding="utf-8")
    with pytest.raises(ReportError, match=r"own.ipynb, cell 4 .*: ZeroDivisionError: division"):
        run(tmp_path, "1 / 0")
    assert (tmp_path / "own.html").read_text(encoding="utf-8") == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["own.html", "own.ipynb"]


def test_an_error_of_the_kit_is_handed_on_as_it_is(tmp_path):
    cell = "import bouncekit as bk\nbk.Policy(soft_limit=0)"
    with pytest.raises(ReportError, match=r"^soft_limit must be a whole number"):
        run(tmp_path, cell)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sizes": 4}, "no parameter 'sizes'; it has: source, lang"),
        ({"size": object()}, "must be a plain value"),
        ({"tz": "Mars/Base"}, "is not a time zone"),
        ({"lang": "fr"}, "the language 'fr' is not known"),
    ],
)
def test_wrong_parameters_are_one_sentence(tmp_path, options, message):
    with pytest.raises(BouncekitError, match=message):
        run(tmp_path, "1", **options)


@pytest.mark.parametrize(
    ("source", "message"),
    [("size = len('abc')", "may only hold lines like"), ("1 +", "may only hold lines like")],
)
def test_a_parameters_cell_with_logic_is_refused(tmp_path, source, message):
    own = write_notebook(tmp_path / "own.ipynb", source)
    with pytest.raises(ReportError, match=message):
        bk.report(None, tmp_path / "own.html", notebook=own, progress=False)


def test_a_notebook_without_parameters_is_refused(tmp_path):
    nbformat.write(new_notebook(cells=[new_code_cell("1")]), tmp_path / "own.ipynb")
    with pytest.raises(ReportError, match="no cell tagged parameters"):
        bk.report(None, tmp_path / "x.html", notebook=tmp_path / "own.ipynb", progress=False)


@pytest.mark.parametrize("content", [None, "no json"])
def test_a_notebook_that_is_none_is_one_sentence(tmp_path, content):
    path = tmp_path / "own.ipynb"
    if content:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(ReportError, match=r"own.ipynb: "):
        bk.report(None, tmp_path / "x.html", notebook=path, progress=False)


@pytest.mark.parametrize("name", ["src", "sends", "contacts", "rules"])
def test_a_missing_file_is_said_before_any_work(tmp_path, name):
    with pytest.raises(InputNotFoundError, match=r"nowhere.csv: there is no such file"):
        bk.report(**{name: tmp_path / "nowhere.csv"}, output=tmp_path / "x.html")


def test_a_table_is_refused_with_what_to_do():
    with pytest.raises(ReportError, match="paths of files or folders"):
        bk.report(b"bytes")


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path):
    own = write_notebook(tmp_path / "own.ipynb", PARAMETERS)
    with pytest.raises(BouncekitError, match="cannot be written"):
        bk.report(None, tmp_path / "no" / "x.html", notebook=own, progress=False)


def test_rendering_alone_drops_scripts_of_outputs():
    """Even a notebook that was executed elsewhere gives a harmless page."""
    cell = new_code_cell("1")
    cell.outputs = [
        nbformat.v4.new_output("display_data", {"text/html": "<em onclick='x()'>a</em><script>"}),
        nbformat.v4.new_output("display_data", {"application/javascript": "alert(1)"}),
        nbformat.v4.new_output("display_data", {"image/svg+xml": "<svg onload='x()'/>"}),
    ]  # fmt: skip
    note = new_markdown_cell(
        "[x](javascript:alert(1)) <script>c</script> <img src=http://e.example/>"
    )
    page = Page(to_html(new_notebook(cells=[note, cell]), About("t", "en", [], "m", "d")))
    assert page.tags <= _ALLOWED
    assert "alert(1)" not in json.dumps(page.attributes)
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]


@pytest.mark.notebook
def test_no_recipient_of_the_sample_occurs_in_its_report(tmp_path):
    """The report of the half year of sample data, against every address in it."""
    made = bk.report(None, tmp_path / "sample.html", progress=False)
    text = html.unescape(without_pictures(made)).casefold()
    addresses = bk.read(sample_path(), progress=False)["recipient"].dropna().unique()
    assert len(addresses) > 5_000
    assert [who for who in addresses if who.casefold() in text] == []
    assert made.stat().st_size < 5_000_000


@pytest.mark.notebook
def test_no_domain_of_the_sample_occurs_where_they_are_redacted(tmp_path, monkeypatch):
    """Neither in tables nor in sentences nor in host names inside the words of servers."""
    from bouncekit.reporting.bundled import sample_path

    monkeypatch.chdir(tmp_path)
    made = bk.report(None, tmp_path / "report.html", redact_domains=True, progress=False)
    text = re.sub(r'src="data:[^"]*"', "", made.read_text(encoding="utf-8"))
    said = {host.casefold() for host in re.findall(r"[\w-]+(?:\.[\w-]+)+", text)}
    ends = {".".join(host.split(".")[n:]) for host in said for n in range(host.count(".") + 1)}
    domains = set(bk.read(sample_path(), progress=False)["org_domain"].dropna())
    assert domains & ends == set()
    assert re.search(r"domain-[0-9a-f]{10}", text)


def test_a_pdf_without_a_browser_is_one_sentence(monkeypatch, capsys, source):
    from bouncekit import cli
    from bouncekit.reporting import printing

    monkeypatch.setattr(printing, "_candidates", lambda: iter([None]))
    assert cli.main(["report", str(source), "--pdf", "may.pdf"]) == 1
    assert "a PDF needs Chrome, Edge or Chromium" in capsys.readouterr().err


def test_a_slow_package_is_kept_out_of_the_imports_inside_only():
    import importlib

    from bouncekit.reporting.imports import without

    sys.modules.pop("this", None)
    with without("this"), pytest.raises(ImportError):
        importlib.import_module("this")
    assert "this" not in sys.modules
    with without("json"):
        assert importlib.import_module("json") is json
