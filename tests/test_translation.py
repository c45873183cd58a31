"""Notebooks speak Chinese with the same code."""

import re
from pathlib import Path

import pytest

from bouncekit.reporting.execution import default_parameters, read_notebook
from bouncekit.reporting.translation import _catalogue, translated

NOTEBOOKS = sorted((Path(__file__).resolve().parent.parent / "notebooks").glob("*.ipynb"))
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def name(request):
    return request.param.stem


def both(name):
    english = read_notebook(NOTEBOOKS[0].with_name(f"{name}.ipynb"))
    return english, translated(english, name, "zh")


def test_every_text_is_there_in_chinese_and_none_for_a_cell_that_is_gone(name):
    english, chinese = both(name)
    words = [cell.id for cell in english.cells if cell.cell_type == "markdown"]
    assert set(words) == set(_catalogue("zh")[name]) - {"parameters"}
    texts = {cell.id: cell.source for cell in chinese.cells}
    assert [place for place in words if not _CHINESE.search(texts[place])] == []


def test_headings_stay_headings(name):
    english, chinese = both(name)
    for before, after in zip(english.cells, chinese.cells, strict=True):
        if before.cell_type == "markdown":
            assert re.findall(r"^#+ ", before.source, re.M) == re.findall(
                r"^#+ ", after.source, re.M
            ), before.id


def test_every_parameter_has_a_chinese_comment_and_keeps_its_value(name):
    english, chinese = both(name)
    assert default_parameters(chinese) == default_parameters(english) | {"lang": "zh"}
    cell = next(cell for cell in chinese.cells if cell.id == "parameters")
    assert all(_CHINESE.search(line) for line in cell.source.splitlines()), cell.source


def test_code_and_english_are_left_alone(name):
    english, chinese = both(name)
    for before, after in zip(english.cells, chinese.cells, strict=True):
        if before.cell_type == "code" and before.id != "parameters":
            assert after.source == before.source
    assert translated(english, name, "en") == english


def test_a_notebook_of_the_users_own_keeps_its_words():
    english = read_notebook(NOTEBOOKS[0])
    assert translated(english, "my-own", "zh").cells[0].source == english.cells[0].source
