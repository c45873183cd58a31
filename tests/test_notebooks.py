"""Notebooks are clean, thin, and run from top to bottom."""

import ast
import json
from pathlib import Path

import pytest

from bouncekit.reporting.execution import default_parameters, read_notebook

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MAX_LINES = 15
_LOGIC = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.For, ast.While, ast.Lambda)


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return read_notebook(request.param)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def is_parameters(cell):
    return "parameters" in cell.metadata.get("tags", [])


def test_there_is_a_report_notebook():
    assert "bounce_report.ipynb" in [path.name for path in NOTEBOOKS]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_committed_without_outputs_and_in_a_form_that_diffs_well(path):
    text = path.read_text(encoding="utf-8")
    for cell in json.loads(text)["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
    assert text.endswith("}\n")
    assert "\\u" not in text


def test_starts_with_title_and_parameters(notebook):
    first, second, *rest = notebook.cells
    assert first.source.startswith("# ")
    assert is_parameters(second)
    assert not any(map(is_parameters, rest))


def test_each_parameter_is_a_plain_value_with_a_comment(notebook):
    source = next(cell.source for cell in notebook.cells if is_parameters(cell))
    assert len(default_parameters(notebook)) == len(source.splitlines())
    assert all("  # " in line for line in source.splitlines())


def test_code_is_thin(notebook):
    for cell in code_cells(notebook):
        if is_parameters(cell):
            continue
        assert len(cell.source.splitlines()) <= MAX_LINES, cell.source
        stray = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, _LOGIC)]
        assert not stray, cell.source


def test_imports_stand_in_one_cell(notebook):
    importing = [cell for cell in code_cells(notebook) if "import " in cell.source]
    assert len(importing) == 1


def test_every_chart_and_table_stands_under_words(notebook):
    """A reader never meets a picture before the sentence that says how to read it."""
    shown = [
        place
        for place, cell in enumerate(notebook.cells)
        if cell.cell_type == "code" and cell.source.splitlines()[-1].startswith(("bk.", "show"))
    ]
    assert shown
    for place in shown:
        before = notebook.cells[max(place - 3, 0) : place]
        assert any(cell.cell_type == "markdown" for cell in before), notebook.cells[place].source


def test_the_report_defaults_agree_with_the_package():
    """A name in the parameters cell means what it means in the function that it feeds."""
    import inspect

    import bouncekit as bk

    values = default_parameters(read_notebook(ROOT / "notebooks" / "bounce_report.ipynb"))
    policy = bk.Policy()
    assert values["soft_limit"] == policy.soft_limit
    assert bk.Policy(wait=values["wait"], min_span=values["min_span"]) == policy
    known = inspect.signature(bk.flag_domains).parameters
    for name in ("min_failures", "min_days", "min_recipients", "window"):
        assert values[name] == known[name].default, name
    assert values["freq"] == inspect.signature(bk.bounce_rates).parameters["freq"].default


@pytest.mark.notebook
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_from_a_folder_of_the_users_on_the_sample_data(path, tmp_path, monkeypatch):
    """No edits, nothing on stderr, no file left behind but the redaction key."""
    from bouncekit.redaction import KEY_FILE
    from bouncekit.reporting.execution import execute

    monkeypatch.chdir(tmp_path)
    done = execute(read_notebook(path), tmp_path, name=path.name, timeout=300)
    outputs = [output for cell in code_cells(done) for output in cell.outputs]
    assert outputs
    assert [one.text for one in outputs if one.get("name") == "stderr"] == []
    assert {file.name for file in tmp_path.iterdir()} <= {KEY_FILE}
