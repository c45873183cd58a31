"""The last window beside the one before, worked by hand."""

import numpy as np
import pandas as pd
import pytest

import bouncekit as bk
from bouncekit.analysis.comparing import VERDICTS
from bouncekit.analysis.statistics import difference, wilson
from bouncekit.errors import BouncekitError
from bouncekit.schema import bounce_table
from bouncekit.taxonomy import reasons

MONDAY = pd.Timestamp("2026-03-02T08:00", tz="UTC")


def mail(day, count, bounced=0, reason="user_unknown", **more):
    rows = []
    kind = reasons()[reason].bounce_type
    for n in range(count):
        one = {
            "timestamp": MONDAY + pd.Timedelta(days=day), "message_id": f"{day}-{n}-{more}",
            "recipient": f"u{n}@example.com", "event": "sent",
        } | more  # fmt: skip
        rows.append(one)
        if n < bounced:
            rows.append(one | {"event": "bounce", "reason": reason, "bounce_type": kind})
    return rows


def compared(*days, **options):
    rows = [row for rows in days for row in rows]
    return bk.compare(bounce_table(rows), **options)


def test_two_weeks_in_full():
    found = compared(mail(0, 200, 4), mail(7, 400, 40), mail(13, 100, 0))
    assert list(found.columns) == [
        "measure", "count", "sent", "rate", "low", "high", "before_count", "before_sent",
        "before_rate", "before_low", "before_high", "change", "change_low", "change_high", "ratio",
        "verdict",
    ]  # fmt: skip
    hard = found.set_index("measure").loc["hard"]
    assert hard[["count", "sent", "rate"]].tolist() == [40, 500, 0.08]
    assert hard[["before_count", "before_sent", "before_rate"]].tolist() == [4, 200, 0.02]
    assert hard["change"] == pytest.approx(0.06)
    assert hard["ratio"] == pytest.approx(4)
    assert hard["change_low"] > 0
    assert hard["verdict"] == "rose"
    assert found.set_index("measure").loc["soft", "verdict"] == "no clear change"
    assert found.attrs["first_day"] == pd.Timestamp("2026-03-09")
    assert found.attrs["before_last_day"] == pd.Timestamp("2026-03-08")


@pytest.mark.parametrize(
    ("before", "now", "verdict"),
    [
        ((200, 20), (200, 2), "fell"),
        ((200, 4), (200, 5), "no clear change"),
        ((99, 0), (200, 50), "too few"),
        ((200, 0), (99, 50), "too few"),
    ],
)
def test_a_verdict_needs_enough_and_an_interval_that_leaves_out_no_change(before, now, verdict):
    found = compared(mail(0, *before), mail(7, *now)).set_index("measure")
    assert found.loc["hard", "verdict"] == verdict
    assert verdict in VERDICTS


def test_windows_are_equal_and_of_whole_days_of_the_zone():
    days = [mail(day, 10) for day in range(10)]
    found = compared(*days, window="3D", min_n=1)
    assert found[["sent", "before_sent"]].drop_duplicates().to_numpy().tolist() == [[30, 30]]
    back = compared(*days, window=2, as_of="2026-03-05")
    assert back.attrs["last_day"] == pd.Timestamp("2026-03-05")
    late = [{**row, "timestamp": row["timestamp"] + pd.Timedelta(hours=10)} for row in mail(0, 5)]
    assert compared(late, tz="Asia/Shanghai").attrs["last_day"] == pd.Timestamp("2026-03-03")


def test_a_split_compares_each_part_and_the_largest_change_comes_first():
    first = [mail(0, 200, 2, campaign=name) for name in "ab"]
    second = [
        mail(7, 200, bounced, campaign=name)
        for name, bounced in zip("abc", (30, 2, 0), strict=True)
    ]
    found = compared(*first, *second, by="campaign")
    assert found.loc[0, ["campaign", "measure", "verdict"]].tolist() == ["a", "hard", "rose"]
    new = found[found["campaign"] == "c"]
    assert new["before_rate"].isna().all()
    assert (new["verdict"] == "too few").all()
    assert len(found) == 9


def test_a_split_by_reason_has_the_whole_windows_denominator():
    found = compared(
        mail(0, 200, 10), mail(7, 200, 10, "mailbox_full"), by="reason", window="7D"
    ).set_index(["reason", "measure"])
    assert found.index.tolist() == [
        ("mailbox_full", "soft"), ("mailbox_full", "total"), ("user_unknown", "hard"),
        ("user_unknown", "total"),
    ]  # fmt: skip
    assert found["sent"].eq(200).all()
    assert found.loc[("user_unknown", "hard"), "change"] == -0.05


def test_a_table_of_counts_is_the_denominator():
    sends = pd.DataFrame({"date": ["2026-03-02", "2026-03-09"], "sent": [1_000, 500]})
    rows = [row for row in mail(0, 20, 20) + mail(7, 20, 20) if row["event"] == "bounce"]
    found = compared(rows, sends=sends).set_index("measure").loc["hard"]
    assert found[["rate", "before_rate", "ratio"]].tolist() == [0.04, 0.02, 2.0]


def test_nothing_gives_rows_without_rates():
    found = bk.compare(bounce_table(mail(0, 1)).iloc[:0])
    assert found["sent"].tolist() == [0, 0, 0]
    assert found["change"].isna().all()
    assert (found["verdict"] == "too few").all()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"window": "1h"}, "window must be whole days"),
        ({"window": 0}, "window must be whole days"),
        ({"min_n": 0}, "min_n must be a whole number"),
        ({"by": "colour"}, "by 'colour' is not a split"),
        ({"as_of": "soon"}, "as_of must be a day such as"),
        ({"tz": "Mars/Base"}, "is not a time zone"),
    ],
)
def test_a_wrong_choice_is_one_sentence(wrong, sentence):
    with pytest.raises(BouncekitError, match=sentence):
        compared(mail(0, 1), **wrong)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        # The examples of Newcombe, Statistics in Medicine 17 (1998), table II, method 10.
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 20), 0.6791, 1.0000),
        ((5, 56), (0, 29), -0.0381, 0.1926),
    ],
)
def test_the_interval_of_a_difference_is_the_published_one(first, second, low, high):
    found = difference(*first, *second)
    assert [float(bound) for bound in found] == pytest.approx([low, high], abs=1e-4)


def test_a_difference_of_a_missing_rate_is_missing():
    assert np.isnan(difference(1, 0, 1, 2)[0])
    low, high = difference([1, 1], [10, 10], [1, 1], [10, 10])
    assert (low < 0).all()
    np.testing.assert_allclose(low, -high)
    assert wilson(1, 10)[0] > 0
