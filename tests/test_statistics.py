"""Intervals against published values, and presets that say where they come from."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncekit.analysis.statistics import PRESETS, preset_of, rate, verdicts, wilson
from bouncekit.errors import BouncekitError


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [
        (1, 5, 0.036, 0.624),
        (1, 50, 0.0035, 0.1050),
        (3, 100, 0.0103, 0.0845),
        (30, 1000, 0.0211, 0.0425),
        # Newcombe 1998, table I: method 3 (score).
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_agrees_with_published_values(count, total, low, high):
    found = wilson(count, total)
    assert found[0] == pytest.approx(low, abs=6e-4)
    assert found[1] == pytest.approx(high, abs=6e-4)


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_wilson_holds_the_share_and_stays_within_0_and_1(count, total):
    count = min(count, total)
    low, high = wilson(count, total)
    assert 0 <= low <= count / total <= high <= 1


def test_wilson_and_rate_take_whole_columns():
    low, high = wilson([0, 5, 5], [5, 5, 10])
    assert low[0] == 0
    assert high[1] == 1
    np.testing.assert_allclose(rate([0, 5, 5], [5, 5, 10]), [0, 1, 0.5])


@pytest.mark.parametrize(("count", "total"), [(1, 0), (2, 1), (1, np.nan), (-1, 5)])
def test_where_nothing_is_known_there_is_no_interval(count, total):
    assert all(np.isnan(bound) for bound in wilson(count, total))


@pytest.mark.parametrize(("count", "total"), [(0, 0), (2, 1), (1, np.nan)])
def test_a_rate_needs_a_denominator_that_holds_its_numerator(count, total):
    assert np.isnan(rate(count, total))


def test_presets_are_the_published_lines_and_name_their_source():
    assert {
        name: (preset.judges, tuple(line.rate for line in preset.lines))
        for name, preset in PRESETS.items()
    } == {
        "cold": ("total", (0.02, 0.03)),
        "ses": ("hard", (0.02, 0.05, 0.10)),
        "optin": ("hard", (0.005, 0.02)),
    }
    for preset in PRESETS.values():
        assert set(preset.source) == {"en", "zh"}
        assert all(set(line.meaning) == {"en", "zh"} for line in preset.lines)


def test_a_verdict_names_the_highest_line_reached():
    found = verdicts([0.0, 0.02, 0.049, 0.05, 0.5], [1000] * 5, "ses")
    assert found == [
        "below every line",
        "above the best",
        "above the best",
        "under review",
        "may be paused",
    ]


def test_below_the_least_number_there_is_no_verdict():
    assert verdicts([0.5, 0.5, np.nan], [99, 100, 1000], "ses") == [None, "may be paused", None]
    assert verdicts([0.5], [99], "ses", min_n=50) == ["may be paused"]
    assert verdicts([0.5], [100], "ses", lang="zh") == ["发送可能被暂停"]


def test_an_unknown_preset_is_one_sentence():
    with pytest.raises(BouncekitError, match="'spam' is not known; use one of: cold, ses, optin"):
        preset_of("spam")
