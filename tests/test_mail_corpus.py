"""Real bounces with known answers: what is reached must not be lost again."""

from functools import cache

import pytest

from tests import corpus as scorer
from tests import precision

FLOORS = {
    "detected": 0.995,
    "rows": 0.995,
    "recipient": 0.99,
    "kind": 0.99,
    "enhanced code": 0.99,
    "reply code": 0.99,
    "line ends": 1.0,
    "ordinary mail": 1.0,
}


@cache
def _measured(folder):
    return scorer.score(folder, rules=False)


@pytest.mark.parametrize("name", FLOORS)
def test_corpus_is_read_as_well_as_before(corpus, name):
    measure = _measured(corpus)[name]
    assert measure.total > 0
    assert measure.rate >= FLOORS[name], "\n".join(measure.misses)


def test_both_engines_give_the_same_rows(corpus):
    files = sorted((corpus / "eml").glob("*.eml"))
    assert len(files) > 100
    differing = [
        path.name
        for path in files
        if scorer.read_rows(path, "fast") != scorer.read_rows(path, "mailparser")
    ]
    assert differing == []


def test_every_row_of_the_truth_has_a_recipient_that_a_person_read(corpus):
    expected = {
        (name, number)
        for name, rows in scorer.truth_of(corpus).items()
        for number in range(1, len(rows) + 1)
    }
    assert expected == set(scorer.labels())


def test_the_page_promises_nothing_better_than_what_is_measured(corpus):
    result = scorer.score(corpus)
    told = precision.figures(precision.PAGE.read_text(encoding="utf-8"))
    now = precision.figures(f"{precision.BEGIN}\n{precision.table(result)}\n{precision.END}")
    assert len(told) > 300
    better = {
        key: (right, total, now.get(key))
        for key, (right, total) in told.items()
        if key not in now or total != now[key][1] or right > now[key][0]
    }
    assert better == {}


def test_the_figures_of_the_page_can_be_read_back():
    told = precision.figures(precision.PAGE.read_text(encoding="utf-8"))
    assert {column for _, column in told} == set(precision.COLUMNS)
    assert all(0 <= right <= total for right, total in told.values())
    for column in precision.COLUMNS:
        of_all = told.pop((precision.ALL, column))
        parts = [counts for (_, name), counts in told.items() if name == column]
        assert tuple(map(sum, zip(*parts, strict=True))) == of_all
