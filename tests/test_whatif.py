"""What each policy would have done, worked by hand."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bouncekit.analysis.whatif import what_if
from bouncekit.errors import BouncekitError
from bouncekit.schema import bounce_table
from bouncekit.taxonomy import GUESSED_RECIPIENT, reasons

START = pd.Timestamp("2026-01-01", tz="UTC")


def row(event, day, reason=None, who="ann@example.com", **more):
    kind = reasons()[reason].bounce_type if reason else None
    stamp = None if day is None else START + pd.Timedelta(days=day)
    return {
        "event": event,
        "timestamp": stamp,
        "recipient": who,
        "reason": reason,
        "bounce_type": kind,
    } | more


def softs(*days, who="ann@example.com", reason="mailbox_full"):
    return [row("bounce", day, reason, who) for day in days]


def choices(rows, **options):
    return what_if(bounce_table(rows), **options)


def test_the_choices_in_full():
    """Ann comes back after three failures, Bob never does, Cat is gone at once."""
    rows = [
        *softs(0, 5, 10),
        row("delivered", 15),
        *softs(0, 5, 10, 15, 20, who="bob@example.com"),
        row("bounce", 0, "user_unknown", "cat@example.com"),
        row("bounce", 9, "user_unknown", "cat@example.com"),
    ]
    found = choices(rows, soft_limit=range(2, 7))
    assert list(found.columns) == [
        "soft_limit",
        "wait",
        "min_span",
        "removed",
        "removed_hard",
        "removed_soft",
        "wrongly_removed",
        "bounces_saved",
        "bounces_early",
    ]
    picked = [
        "soft_limit",
        "removed",
        "removed_hard",
        "removed_soft",
        "wrongly_removed",
        "bounces_saved",
    ]
    assert found[picked].to_numpy().tolist() == [
        [2, 3, 1, 2, 1, 3],  # two failures are only 5 days apart, so the third removes
        [3, 3, 1, 2, 1, 3],
        [4, 2, 1, 1, 0, 2],
        [5, 2, 1, 1, 0, 1],
        [6, 1, 1, 0, 0, 1],
    ]
    assert found["wait"].tolist() == [pd.Timedelta("2D")] * 5


def test_a_delivery_in_between_starts_again():
    rows = [*softs(0, 8), row("delivered", 9), *softs(10, 18)]
    assert choices(rows, soft_limit=[2, 3])["removed"].tolist() == [1, 0]
    assert choices(rows, soft_limit=2)["wrongly_removed"].tolist() == [1]


def test_a_hard_bounce_that_was_wrong_shows():
    rows = [row("bounce", 0, "user_unknown"), row("delivered", 5)]
    found = choices(rows, soft_limit=4)
    assert found[["removed_hard", "wrongly_removed"]].to_numpy().tolist() == [[1, 1]]


def test_policy_undetermined_and_guessed_failures_remove_nobody():
    rows = softs(0, 10, 20, reason="blocked") + softs(0, 10, 20, reason="undetermined")
    rows += [row("bounce", 5, "user_unknown", vendor_type=GUESSED_RECIPIENT)]
    assert choices(rows, soft_limit=1, min_span="0D")["removed"].tolist() == [0]


def test_failures_sooner_than_the_wait_are_counted():
    found = choices(softs(0, 1, 5, 6.5), soft_limit=9, wait=["1D", "2D", "9D"])
    assert found["bounces_early"].tolist() == [0, 2, 3]


def test_every_combination_has_a_row_and_limits_by_reason_hold():
    rows = softs(0, 4, 8)
    found = choices(rows, soft_limit=[2, 3], min_span=["1D", "8D", "9D"])
    assert found["removed"].tolist() == [1, 1, 0, 1, 1, 0]
    assert choices(rows, soft_limit=[2, 9], min_span="1D", limits={"mailbox_full": 3})[
        ["removed", "bounces_saved"]
    ].to_numpy().tolist() == [[1, 0], [1, 0]]


def test_without_deliveries_nothing_is_known_of_wrong_removals():
    found = choices(softs(0, 8), soft_limit=2)
    assert found["removed"].tolist() == [1]
    assert found["wrongly_removed"].isna().all()


def test_an_empty_table_removes_nobody():
    found = what_if(bounce_table(softs(0)).iloc[:0], soft_limit=[2, 3])
    assert found["removed"].tolist() == [0, 0]


def test_a_wrong_choice_is_one_sentence():
    with pytest.raises(BouncekitError, match="soft_limit must be a whole number of 1 or more"):
        choices(softs(0), soft_limit=[0])


def slow(history, limit, span):
    """Follow one address: (removed, wrongly removed, bounces saved)."""
    run, removed, wrong, saved = [], False, False, 0
    for day, what in sorted(history):
        if removed:
            wrong |= what == "delivered"
            saved += what != "delivered"
        elif what == "delivered":
            run = []
        elif what == "hard":
            removed = True
        else:
            run.append(day)
            removed = len(run) >= limit and run[-1] - run[0] >= span
    return removed, wrong, saved


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.lists(
            st.tuples(st.integers(0, 30), st.sampled_from(["soft", "soft", "hard", "delivered"])),
            max_size=10,
            unique_by=lambda one: one[0],
        ),
        min_size=1,
        max_size=4,
    ),
    st.integers(1, 5),
    st.integers(0, 9),
    st.randoms(use_true_random=False),
)
def test_the_choices_agree_with_following_each_address(histories, limit, span, random):
    names = {
        "soft": ("bounce", "mailbox_full"),
        "hard": ("bounce", "user_unknown"),
        "delivered": ("delivered", None),
    }
    rows = [row("delivered", 0, who="other@example.net")]
    for who, history in enumerate(histories):
        for day, what in history:
            rows.append(row(names[what][0], day, names[what][1], f"u{who}@example.com"))
    random.shuffle(rows)
    found = choices(rows, soft_limit=limit, min_span=f"{span}D").iloc[0]
    expected = [slow(history, limit, span) for history in histories]
    assert found["removed"] == sum(one[0] for one in expected)
    assert found["wrongly_removed"] == sum(one[1] for one in expected)
    assert found["bounces_saved"] == sum(one[2] for one in expected)
