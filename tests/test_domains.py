"""Domains with repeated temporary failures: definition 16, worked by hand."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bouncekit.analysis.domains import flag_domains
from bouncekit.errors import BouncekitError
from bouncekit.schema import bounce_table
from bouncekit.taxonomy import reasons

START = pd.Timestamp("2026-03-02", tz="UTC")


def row(event, day, who="a", domain="example.com", reason=None, **more):
    kind = reasons()[reason].bounce_type if reason else None
    stamp = None if day is None else START + pd.Timedelta(days=day)
    return {
        "event": event,
        "timestamp": stamp,
        "recipient": f"{who}@{domain}",
        "reason": reason,
        "bounce_type": kind,
    } | more


def soft(day, who="a", domain="example.com", reason="mailbox_full", **more):
    return row("bounce", day, who, domain, reason, **more)


def flags(*rows, **options):
    return flag_domains(bounce_table(rows), **options)


FIVE = [soft(0, "a"), soft(0, "b"), soft(1, "a"), soft(1, "b"), soft(13, "a")]


def test_a_domain_in_full():
    found = flags(*FIVE, row("delivered", -3, "a"))
    assert list(found.columns) == [
        "domain",
        "failures",
        "recipients",
        "days",
        "longest_run",
        "rate",
        "rate_low",
        "rate_high",
        "reason",
        "category",
        "first_failure",
        "last_failure",
        "last_delivery",
        "flagged",
        "why",
        "advice",
    ]
    only = found.iloc[0]
    assert only[["domain", "failures", "recipients", "days", "longest_run"]].tolist() == [
        "example.com",
        5,
        2,
        3,
        5,
    ]
    assert only[["reason", "category", "flagged"]].tolist() == ["mailbox_full", "mailbox", True]
    assert only["first_failure"] == START
    assert only["last_failure"] == START + pd.Timedelta(days=13)
    assert only["last_delivery"] == START - pd.Timedelta(days=3)
    assert only["why"] == (
        "5 temporary failures on 3 days to 2 recipients within 14 days, 100.0% of 5 messages sent, "
        "mostly mailbox full."
    )
    assert only["advice"].startswith("Retry these recipients later")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"min_failures": 6}, "Not flagged: 5 failures of at least 6."),
        ({"min_days": 4}, "Not flagged: 3 days with failures of at least 4."),
        ({"min_recipients": 3}, "Not flagged: 2 recipients of at least 3."),
        (
            {"min_rate": 0.1},
            "Not flagged: a least rate is asked for, and nothing says how much was sent there.",
        ),
    ],
)
def test_each_condition_can_keep_a_domain_from_being_flagged(options, why):
    assert flags(*FIVE)["flagged"].tolist() == [True]
    found = flags(*FIVE, **options)
    assert found["flagged"].tolist() == [False]
    assert found["why"].tolist() == [why]


def test_a_failure_on_the_15th_day_is_outside_a_window_of_14():
    rows = [*FIVE[:4], soft(14, "a")]
    assert flags(*rows)["failures"].tolist() == [4]
    assert flags(*rows, window="15D")["failures"].tolist() == [5]
    assert flags(*rows, window=15)["failures"].tolist() == [5]


def test_the_worst_window_has_most_failures_and_of_equals_is_the_latest():
    rows = [soft(0, "a"), soft(1, "b"), soft(40, "a"), soft(41, "b"), soft(100, "a")]
    assert flags(*rows).loc[0, "first_failure"] == START + pd.Timedelta(days=40)
    rows.append(soft(2, "c"))
    assert flags(*rows).loc[0, "first_failure"] == START


def test_a_failure_is_one_message_however_often_it_was_put_off():
    rows = [row("deferral", day, reason="rate_limited", message_id="1") for day in range(4)]
    found = flags(*rows, soft(4, message_id="1"))
    assert found[["failures", "days"]].to_numpy().tolist() == [[1, 1]]
    assert found["reason"].tolist() == ["mailbox_full"]


def test_only_deferrals_and_soft_bounces_are_temporary_failures():
    rows = [
        soft(0, "hard", reason="user_unknown"),
        soft(0, "odd", reason="undetermined"),
        row("complaint", 0, "c"),
        row("deferral", 0, "late", reason="greylisted", message_id="1"),
        row("delivered", 1, "late", message_id="1"),
    ]
    assert len(flags(*rows)) == 0
    assert flags(*rows, row("deferral", 0, "d", reason="greylisted"))["failures"].tolist() == [1]


def test_days_are_calendar_days_of_the_zone():
    rows = [soft(0.5, "a"), soft(0.75, "b")]
    assert flags(*rows)["days"].tolist() == [1]
    assert flags(*rows, tz="Asia/Shanghai")["days"].tolist() == [2]


@pytest.mark.parametrize(
    ("delivered", "run"),
    [([], 4), ([0.5], 3), ([1.5], 2), ([0.5, 1.5, 2.5], 1), ([2], 2), ([30], 4)],
)
def test_the_longest_run_ends_with_each_delivery_in_the_window(delivered, run):
    """At one moment the delivery comes first: it is not later than the failure."""
    rows = [soft(day, f"u{day}") for day in range(4)]
    rows += [row("delivered", day, "z") for day in delivered]
    assert flags(*rows)["longest_run"].tolist() == [run]


def test_a_hard_bounce_is_no_delivery_either():
    rows = [soft(0), soft(1, "b", reason="user_unknown"), soft(2)]
    assert flags(*rows)[["failures", "longest_run"]].to_numpy().tolist() == [[2, 3]]


def test_the_rate_is_failed_of_sent_in_that_window():
    rows = []
    for i in range(10):
        rows.append(row("sent", 0, f"u{i}", message_id=str(i)))
    rows += [soft(1, f"u{i}", message_id=str(i)) for i in range(3)]
    # Refused before it was tried, so not sent.
    rows += [row(e, 0, "x", message_id="x") for e in ("sent", "suppressed")]
    rows += [row("sent", 60, "z", message_id="z"), row("sent", -60, "z", message_id="y")]
    found = flags(*rows)
    assert found.loc[0, "rate"] == pytest.approx(0.3)
    assert found.loc[0, "rate_low"] == pytest.approx(0.1078, abs=1e-4)
    assert found.loc[0, "rate_high"] == pytest.approx(0.6032, abs=1e-4)
    low = flags(*rows, min_failures=3, min_days=1, min_rate=0.31)
    assert low["why"].tolist() == ["Not flagged: 30.0% failed of at least 31.0%."]
    assert flags(*rows, min_failures=3, min_days=1, min_rate=0.3)["flagged"].tolist() == [True]


def test_a_table_of_counts_gives_the_rate_where_it_names_the_domain():
    sends = pd.DataFrame(
        {
            "date": ["2026-03-02", "2026-03-15", "2026-03-16"],
            "sent": [10, 10, 1000],
            "domain": ["mx.example.com"] * 3,
        }
    )
    assert flags(*FIVE, sends=sends)["rate"].tolist() == [0.25]
    found = flags(*FIVE, sends=sends.drop(columns="domain"))
    assert found["rate"].isna().all()
    assert found.attrs["denominator"] == "sends table"


def test_domains_are_put_together_by_registrable_domain_or_provider():
    rows = [soft(0, "a", "mx.example.com"), soft(0, "b", "example.com"), soft(0, "c", "qq.com")]
    assert flags(*rows)[["domain", "failures"]].to_numpy().tolist() == [
        ["example.com", 2],
        ["qq.com", 1],
    ]
    assert flags(*rows, by="domain")["domain"].tolist() == [
        "example.com",
        "mx.example.com",
        "qq.com",
    ]
    assert flags(*rows, by="provider")[["provider", "failures"]].to_numpy().tolist() == [
        ["other", 2],
        ["tencent", 1],
    ]


def test_the_main_reason_decides_the_advice():
    slow = [soft(d, "ab"[d % 2], reason="rate_limited") for d in range(5)]
    block = [soft(d, "ab"[d % 2], "example.net", reason="blocked") for d in range(5)]
    found = flags(*slow, *block).set_index("domain")["advice"]
    assert found["example.com"].startswith("Send to this domain more slowly")
    assert found["example.net"].startswith("Stop sending there until the sender is mended")


def test_every_reason_has_advice_and_words_in_both_languages():
    rows = [
        soft(0, "a", f"{name.replace('_', '-')}.example", name, bounce_type="soft")
        for name in reasons()
    ]
    for lang in ("en", "zh"):
        found = flags(*rows, by="domain", lang=lang, min_failures=1, min_days=1, min_recipients=1)
        assert len(found) == len(reasons())
        assert found[["why", "advice"]].notna().all(axis=None)
        assert found["flagged"].all()


def test_failures_without_a_domain_or_a_time_are_counted_beside_the_table():
    rows = [soft(None), soft(0) | {"recipient": None}]
    found = flags(*rows)
    assert len(found) == 0
    assert found.attrs["untimed"] == 1
    assert found.attrs["without_domain"] == 1


def test_an_empty_table_gives_an_empty_result_with_every_column():
    found = flag_domains(bounce_table(FIVE).iloc[:0])
    assert len(found) == 0
    assert list(found.columns) == list(flags(*FIVE).columns)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"window": "12h"}, "window must be whole days, '14D' for instance, not '12h'"),
        ({"window": "long"}, "window must be a time"),
        ({"min_failures": 0}, "min_failures must be a whole number of 1 or more, not 0"),
        ({"min_days": "x"}, "min_days must be a whole number"),
        ({"min_rate": 5}, "min_rate must lie between 0 and 1"),
        ({"by": "colour"}, "by 'colour' is not known; use one of: org_domain"),
        ({"tz": "Mars"}, "'Mars' is not a time zone"),
    ],
)
def test_a_wrong_choice_is_one_sentence(wrong, sentence):
    with pytest.raises(BouncekitError, match=sentence):
        flags(*FIVE, **wrong)


def slow_worst(days, window):
    """The worst window by trying every one."""
    ends = sorted(set(days))
    sizes = {end: sum(end - window < day <= end for day in days) for end in ends}
    best = max(ends, key=lambda end: (sizes[end], end))
    return sizes[best], best


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["p.example", "q.example", "r.example"]), st.integers(0, 60)),
        min_size=1,
        max_size=30,
    ),
    st.integers(1, 20),
    st.randoms(use_true_random=False),
)
def test_the_worst_window_agrees_with_trying_all_of_them(drawn, window, random):
    rows = [soft(day, f"u{i}", domain) for i, (domain, day) in enumerate(drawn)]
    found = flags(*rows, window=window)
    for _, one in found.iterrows():
        days = [day for domain, day in drawn if domain == one["domain"]]
        size, end = slow_worst(days, window)
        assert one["failures"] == size
        assert one["last_failure"] == START + pd.Timedelta(days=end)
    random.shuffle(rows)
    pd.testing.assert_frame_equal(found, flags(*rows, window=window))
