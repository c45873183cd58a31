"""Rates over time: definitions 6 and 7, worked by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bouncekit.analysis import _columns as columns
from bouncekit.analysis import rates
from bouncekit.analysis.outcomes import outcomes
from bouncekit.analysis.rates import bounce_rates
from bouncekit.errors import BouncekitError, TableError
from bouncekit.schema import bounce_table
from bouncekit.taxonomy import reasons

MONDAY = pd.Timestamp("2026-03-02", tz="UTC")


def row(event, when, reason=None, **more):
    stamp = None if when is None else pd.to_datetime(when, utc=True)
    kind = reasons()[reason].bounce_type if reason else None
    return {"event": event, "timestamp": stamp, "reason": reason, "bounce_type": kind} | more


def mail(number, when, outcome="delivered", reason=None, **more):
    """A message sent and ended at one time, to an address of its own."""
    more = {"message_id": str(number), "recipient": f"u{number}@example.com"} | more
    return [row("sent", when, **more), row(outcome, when, reason, **more)]


def table(*rows):
    return bounce_table(rows)


def counts(frame, *names):
    return frame[list(names)].to_dict("list")


def week():
    """Ten messages in one week: 6 delivered, 2 hard, 1 soft, 1 undetermined."""
    rows = []
    for i in range(6):
        rows += mail(i, MONDAY)
    rows += mail(6, MONDAY, "bounce", "user_unknown") + mail(7, MONDAY, "bounce", "host_unknown")
    rows += mail(8, MONDAY, "bounce", "mailbox_full") + mail(9, MONDAY, "bounce", "undetermined")
    return rows


def test_one_week_in_full():
    found = bounce_rates(table(*week()))
    assert list(found.columns[:12]) == [
        "period",
        "sent",
        "delivered",
        "hard",
        "soft",
        "undetermined",
        "deferred",
        "hard_rate",
        "hard_low",
        "hard_high",
        "hard_share",
        "soft_rate",
    ]
    assert found["period"].tolist() == [MONDAY]
    assert found.loc[
        0, ["sent", "delivered", "hard", "soft", "undetermined", "deferred"]
    ].tolist() == [10, 6, 2, 1, 1, 0]
    assert found.loc[0, ["hard_rate", "soft_rate", "total_rate"]].tolist() == [0.2, 0.1, 0.4]
    assert found.loc[0, ["hard_share", "soft_share"]].tolist() == [0.5, 0.25]
    assert found.loc[0, "hard_low"] == pytest.approx(0.0567, abs=1e-4)
    assert found.loc[0, "hard_high"] == pytest.approx(0.5098, abs=1e-4)
    assert found.attrs["denominator"] == "sent events"
    assert found.attrs["notes"] == ()


def test_a_message_that_deferrals_a_webhook_and_a_bounce_mail_speak_of_counts_once():
    """Sent in the week of 2 March, put off twice, bounced a week later; told by two sources."""
    own = {"recipient": "Ann@example.com", "message_id": "<1@ours.example>", "campaign": "spring"}
    rows = table(
        row("sent", "2026-03-06", **own),
        row("deferral", "2026-03-06T01:00", "greylisted", **own),
        row("deferral", "2026-03-07", "mailbox_full", **own),
        row("bounce", "2026-03-10", "mailbox_full", **own),
        row("bounce", "2026-03-11", "mailbox_full", recipient="ann@example.com",
            message_id="1@ours.example"),
    )  # fmt: skip
    rows["source"] = pd.Categorical(["ses"] * 4 + ["mail"])
    for freq in "DWMQ":
        found = bounce_rates(rows, freq=freq, by="campaign")
        assert counts(found, "campaign", "sent", "soft", "deferred", "outside") == {
            "campaign": ["spring"], "sent": [1], "soft": [1], "deferred": [0], "outside": [0],
        }  # fmt: skip
        day = "2026-03-06" if freq == "D" else None
        assert day is None or found["period"].tolist() == [pd.Timestamp(day, tz="UTC")]


def test_soft_bounces_fall_into_the_band_of_who_can_heal_them():
    rows = mail(1, MONDAY, "bounce", "mailbox_full") + mail(2, MONDAY, "bounce", "blocked")
    rows += mail(3, MONDAY, "bounce", "spam_detected") + mail(4, MONDAY, "bounce", "rate_limited")
    found = bounce_rates(table(*rows))
    assert counts(found, "soft", "soft_time", "soft_sender") == {
        "soft": [4],
        "soft_time": [2],
        "soft_sender": [2],
    }


def test_deferrals_complaints_replies_and_suppressed_sends_are_no_bounces():
    rows = mail(1, MONDAY, "deferral", "greylisted") + mail(2, MONDAY)
    rows += mail(3, MONDAY, "suppressed")
    rows += [
        row(e, MONDAY, recipient="u2@example.com", message_id="2")
        for e in ("complaint", "auto_reply", "unsubscribe")
    ]
    found = bounce_rates(table(*rows))
    assert counts(found, "sent", "delivered", "hard", "soft", "undetermined", "deferred") == {
        "sent": [2],
        "delivered": [1],
        "hard": [0],
        "soft": [0],
        "undetermined": [0],
        "deferred": [1],
    }


def test_state_lists_never_enter_a_rate(monkeypatch):
    monkeypatch.setattr(columns, "_state_lists", lambda: frozenset({"list"}))
    rows = table(*mail(1, MONDAY), row("bounce", MONDAY, "user_unknown", recipient="x@example.com"))
    rows["source"] = pd.Categorical(["events", "events", "list"])
    assert counts(bounce_rates(rows), "sent", "hard") == {"sent": [1], "hard": [0]}


def test_a_sending_without_a_time_is_no_denominator_of_any_period():
    """Its bounce has a time and would stand above a line that holds only itself."""
    one = {"message_id": "1", "recipient": "ann@example.com"}
    rows = table(row("sent", None, **one), row("bounce", MONDAY, "user_unknown", **one))
    found = bounce_rates(rows)
    assert found.attrs["denominator"] == "none"
    assert found["hard_rate"].isna().all()
    beside = bounce_rates(pd.concat([rows, table(*mail(2, MONDAY))], ignore_index=True))
    assert counts(beside, "sent", "hard", "outside") == {"sent": [1], "hard": [0], "outside": [1]}


@pytest.mark.parametrize(
    ("freq", "when", "period"),
    [
        ("D", "2026-03-04T23:59:59", "2026-03-04"),
        ("W", "2026-03-08T23:59:59", "2026-03-02"),
        ("W", "2026-03-09", "2026-03-09"),
        ("M", "2026-03-31T23:59:59", "2026-03-01"),
        ("Q", "2026-03-31T23:59:59", "2026-01-01"),
        ("Q", "2026-12-31", "2026-10-01"),
        ("W", "1999-12-31", "1999-12-27"),
    ],
)
def test_periods_start_at_midnight_and_weeks_on_monday(freq, when, period):
    found = bounce_rates(table(*mail(1, when)), freq=freq)
    assert found["period"].tolist() == [pd.Timestamp(period, tz="UTC")]
    assert found["period"].dtype == "datetime64[us, UTC]"


def test_days_are_days_of_the_zone():
    """17:00 UTC is already the next day in Shanghai."""
    found = bounce_rates(table(*mail(1, "2026-03-04T17:00")), freq="D", tz="Asia/Shanghai")
    assert found["period"].tolist() == [pd.Timestamp("2026-03-05", tz="Asia/Shanghai")]
    assert found.attrs["tz"] == "Asia/Shanghai"


def test_a_day_without_a_midnight_starts_at_its_first_instant():
    """In Sao Paulo the clock went from 23:59 to 01:00 on 2018-11-04."""
    found = bounce_rates(table(*mail(1, "2018-11-04T12:00")), freq="D", tz="America/Sao_Paulo")
    assert found["period"].tolist() == [pd.Timestamp("2018-11-04T01:00", tz="America/Sao_Paulo")]


def test_a_message_belongs_to_the_period_of_its_sending():
    more = {"message_id": "1", "recipient": "a@example.com"}
    rows = [row("sent", "2026-03-08", **more), row("bounce", "2026-03-10", "user_unknown", **more)]
    found = bounce_rates(table(*rows))
    assert found["period"].tolist() == [MONDAY]
    assert found["hard_rate"].tolist() == [1.0]


def test_without_a_sending_it_belongs_to_the_period_of_its_event():
    rows = [row("bounce", "2026-03-10", "user_unknown", recipient="a@example.com")]
    assert bounce_rates(table(*rows))["period"].tolist() == [MONDAY + pd.Timedelta(days=7)]


def test_gaps_show_as_periods_without_mail():
    found = bounce_rates(table(*mail(1, "2026-03-02"), *mail(2, "2026-03-05")), freq="D")
    assert len(found) == 4
    assert found["delivered"].tolist() == [1, 0, 0, 1]
    assert found["hard"].tolist() == [0, 0, 0, 0]
    np.testing.assert_array_equal(found["sent"], [1, np.nan, np.nan, 1])
    np.testing.assert_array_equal(found["hard_rate"], [0, np.nan, np.nan, 0])


def test_without_a_denominator_there_is_no_rate():
    """Only bounces, as from a mailbox: counts and shares, and a note that says so."""
    rows = [
        row("bounce", MONDAY, r, recipient=f"{r}@example.com")
        for r in ("user_unknown", "mailbox_full", "undetermined", "blocked")
    ]
    found = bounce_rates(table(*rows), preset="ses")
    rate_columns = [c for c in found.columns if c.endswith(("_rate", "_low", "_high"))]
    assert len(rate_columns) == 9
    assert found[["sent", "delivered", *rate_columns]].isna().all(axis=None)
    assert found.loc[0, "hard_share"] == 0.25
    assert found["verdict"].isna().all()
    assert found.attrs["denominator"] == "none"
    assert "no rates" in found.attrs["notes"][0]


def test_delivered_and_bounced_stand_below_the_line_where_nothing_is_sent():
    rows = [one for one in week() if one["event"] != "sent"]
    found = bounce_rates(table(*rows))
    assert found.attrs["denominator"] == "delivered + bounced"
    assert found.loc[0, ["sent", "hard_rate"]].tolist() == [10, 0.2]


def test_sent_events_speak_for_their_own_source_only():
    """A log with deliveries beside an export with sends keeps its own denominator."""
    rows = table(
        *mail(1, MONDAY),
        row("delivered", MONDAY, message_id="2", recipient="b@example.com"),
        row("bounce", MONDAY, "user_unknown", message_id="3", recipient="c@example.com"),
        row("bounce", MONDAY, "user_unknown", message_id="4", recipient="d@example.com"),
    )
    rows["source"] = pd.Categorical(["api", "api", "log", "log", "mail"])
    found = bounce_rates(rows)
    assert counts(found, "sent", "hard", "outside") == {"sent": [3], "hard": [1], "outside": [1]}
    assert found["hard_rate"].tolist() == [1 / 3]
    assert found.attrs["denominator"] == "sent events"
    assert "No sends are reported by log" in found.attrs["notes"][0]
    assert found.attrs["notes"][1] == (
        "Bounces outside these rates, as no record says what was sent there: 1 (mail)."
    )


def test_a_bounce_by_mail_of_a_message_that_a_log_delivered_stands_below_the_line():
    more = {"message_id": "1", "recipient": "a@example.com"}
    rows = table(
        row("delivered", MONDAY, **more),
        row("bounce", "2026-03-03", "user_unknown", **more),
        row("bounce", "2026-03-03", "user_unknown", message_id="2", recipient="b@example.com"),
        row("delivered", MONDAY, message_id="3", recipient="c@example.com"),
    )
    rows["source"] = pd.Categorical(["log", "mail", "mail", "log"])
    found = bounce_rates(rows)
    assert counts(found, "sent", "hard", "outside") == {"sent": [2], "hard": [1], "outside": [1]}


def test_a_numerator_above_its_denominator_gives_no_rate_and_says_so():
    sends = pd.DataFrame({"date": ["2026-03-02"], "sent": [3]})
    found = bounce_rates(table(*week()), sends)
    assert found["sent"].tolist() == [3]
    assert found[["hard_rate", "soft_rate", "total_rate"]].isna().all(axis=None)
    assert found.loc[0, "hard_share"] == 0.5
    assert "more messages bounced than were sent" in found.attrs["notes"][0]


def test_a_table_of_counts_is_the_denominator_and_its_gaps_are_missing():
    sends = pd.DataFrame({"date": ["2026-03-02", "2026-03-03", "2026-03-17"], "sent": [60, 40, 0]})
    found = bounce_rates(table(*week()), sends)
    assert found.attrs["denominator"] == "sends table"
    np.testing.assert_array_equal(found["sent"], [100, np.nan, 0])
    np.testing.assert_array_equal(found["hard_rate"], [0.02, np.nan, np.nan])


def test_a_table_of_messages_is_denominator_and_time_of_sending():
    sends = pd.DataFrame(
        {
            "message_id": ["1", "2"],
            "recipient": ["a@example.com", "b@example.com"],
            "timestamp": ["2026-03-02", "2026-03-02"],
        }
    )
    rows = [
        row("bounce", "2026-03-12", "user_unknown", message_id="1", recipient="a@example.com"),
        row("bounce", "2026-03-12", "user_unknown", message_id="9", recipient="z@example.com"),
    ]
    found = bounce_rates(table(*rows), sends)
    assert found["period"].tolist() == [MONDAY, MONDAY + pd.Timedelta(days=7)]
    np.testing.assert_array_equal(found["sent"], [2, np.nan])
    np.testing.assert_array_equal(found["hard_rate"], [0.5, np.nan])


def test_a_split_by_reason_keeps_the_denominator_of_the_whole_period():
    found = bounce_rates(table(*week()), by="reason")
    assert found["reason"].tolist() == [
        "user_unknown",
        "host_unknown",
        "mailbox_full",
        "undetermined",
    ]
    assert found["sent"].tolist() == [10] * 4
    assert found["total_rate"].tolist() == [0.1] * 4


@pytest.mark.parametrize(
    ("by", "parts", "hard"),
    [
        ("category", ["address", "mailbox", "unknown"], [2, 0, 0]),
        ("rule", ["r1", None], [1, 1]),
        ("source", ["api"], [2]),
    ],
)
def test_other_splits_of_the_failures(by, parts, hard):
    rows = table(*week())
    rows["source"] = pd.Categorical(["api"] * len(rows))
    rows.loc[rows["reason"].isin(["user_unknown", "mailbox_full"]), "rule"] = "r1"
    found = bounce_rates(rows, by=by)
    assert [None if pd.isna(part) else part for part in found[by]] == parts
    assert found["hard"].tolist() == hard
    assert set(found["sent"]) == {10}


def test_a_split_by_campaign_has_denominators_of_its_own():
    rows = mail(1, MONDAY, campaign="a") + mail(2, MONDAY, "bounce", "user_unknown", campaign="a")
    rows += mail(3, MONDAY, campaign="b") + mail(4, MONDAY)
    found = bounce_rates(table(*rows), by="campaign")
    assert [None if pd.isna(part) else part for part in found["campaign"]] == ["a", "b", None]
    assert counts(found, "sent", "hard", "hard_rate") == {
        "sent": [2, 1, 1],
        "hard": [1, 0, 0],
        "hard_rate": [0.5, 0, 0],
    }


@pytest.mark.parametrize(
    ("by", "part"),
    [("domain", "mx.example.com"), ("org_domain", "example.com"), ("provider", "other")],
)
def test_a_table_of_counts_with_domains_splits_by_domain(by, part):
    rows = [row("bounce", MONDAY, "user_unknown", recipient="a@mx.example.com")]
    sends = pd.DataFrame(
        {"date": ["2026-03-02"] * 2, "sent": [4, 5], "domain": ["MX.example.com", "gmail.com"]}
    )
    found = bounce_rates(table(*rows), sends, by=by).set_index(by)
    assert found.loc[part, ["sent", "hard_rate"]].tolist() == [4, 0.25]


def test_a_table_of_counts_without_that_column_gives_no_rates_and_says_so():
    sends = pd.DataFrame({"date": ["2026-03-02"], "sent": [100]})
    found = bounce_rates(table(*week()), sends, by="provider")
    assert found["hard_rate"].isna().all()
    assert found["hard"].sum() == 2
    assert "no column for provider" in found.attrs["notes"][0]


def test_rows_without_a_time_are_counted_beside_the_table():
    found = bounce_rates(
        table(*mail(1, MONDAY), row("bounce", None, "user_unknown", recipient="z@example.com"))
    )
    assert found["hard"].tolist() == [0]
    assert found.attrs["untimed"] == 1
    assert "Messages without a time, which are in no period: 1." in found.attrs["notes"][0]


def test_verdicts_need_a_preset_and_enough_messages():
    rows = table(*week())
    assert bounce_rates(rows)["verdict"].isna().all()
    assert bounce_rates(rows, preset="ses")["verdict"].isna().all()
    assert bounce_rates(rows, preset="ses", min_n=10)["verdict"].tolist() == ["may be paused"]
    assert bounce_rates(rows, preset="ses", min_n=10, lang="zh")["verdict"].tolist() == [
        "发送可能被暂停"
    ]
    assert bounce_rates(rows, preset="ses").attrs["min_n"] == 100


@pytest.mark.parametrize("by", ["reason", "category", "source", "rule"])
def test_a_part_of_the_bounces_is_not_held_against_lines_for_all_of_them(by):
    rows = table(*week())
    rows["source"], rows["rule"] = pd.Categorical(["api"] * len(rows)), "r"
    found = bounce_rates(rows, by=by, preset="ses", min_n=1)
    assert found["hard_rate"].max() > 0
    assert found["verdict"].isna().all()
    assert bounce_rates(rows, by="provider", preset="ses", min_n=1)["verdict"].notna().all()


def test_bounces_of_mail_with_no_known_sends_stand_beside_the_rates():
    """Also in a split: of each reason that has no other bounces there is a row."""
    rows = table(*mail(1, MONDAY), row("bounce", "2026-03-20", "user_unknown", message_id="2"))
    found = bounce_rates(rows)
    assert counts(found, "hard", "outside") == {"hard": [0, 0, 0], "outside": [0, 0, 1]}
    assert found["hard_rate"].isna().tolist() == [False, True, True]
    assert found.attrs["notes"] == (
        "Bounces outside these rates, as no record says what was sent there: 1.",
    )
    by = bounce_rates(rows, by="reason")
    assert by["reason"].tolist() == ["user_unknown"] * 3
    assert by["outside"].tolist() == [0, 0, 1]


def test_bounces_of_a_period_that_the_sends_table_leaves_out_are_noted():
    sends = pd.DataFrame({"date": ["2026-03-09"], "sent": [4]})
    found = bounce_rates(table(*week()), sends)
    assert counts(found, "hard", "outside") == {"hard": [2, 0], "outside": [0, 0]}
    assert found.attrs["notes"] == (
        "In 1 of 2 rows mail bounced and no sends are known; they have no rate.",
    )


def test_where_nothing_says_what_was_sent_nothing_is_outside():
    rows = [row("bounce", MONDAY, "user_unknown", recipient="a@example.com")]
    assert counts(bounce_rates(table(*rows)), "hard", "outside") == {"hard": [1], "outside": [0]}


def test_without_a_time_of_sending_the_first_event_gives_the_period():
    """Put off on Friday, bounced on Monday: of the week that it was sent in."""
    one = {"message_id": "1", "recipient": "ann@example.com"}
    rows = table(
        row("deferral", "2026-03-06", "greylisted", **one),
        row("bounce", "2026-03-09", "expired", **one),
    )
    sends = pd.DataFrame({"date": ["2026-03-06"], "sent": [4]})
    found = bounce_rates(rows, sends)
    assert counts(found, "period", "soft", "soft_rate") == {
        "period": [MONDAY],
        "soft": [1],
        "soft_rate": [0.25],
    }


@pytest.mark.parametrize("by", ["campaign", "provider", "rule"])
def test_a_split_by_a_column_that_is_not_there_is_one_sentence(by):
    with pytest.raises(TableError, match=f"the table lacks the column '{by}'"):
        bounce_rates(table(*week()).drop(columns=by), by=by)


def test_no_zone_is_utc_and_says_so():
    assert bounce_rates(table(*week()), tz="").attrs["tz"] == "UTC"


def test_the_ses_lines_judge_hard_and_the_cold_ones_all_bounces():
    rows = []
    for i in range(99):
        rows += mail(i, MONDAY)
    rows += mail(99, MONDAY, "bounce", "user_unknown")
    for i in range(100, 103):
        rows += mail(i, MONDAY, "bounce", "blocked")
    found = table(*rows)
    assert bounce_rates(found, preset="ses")["verdict"].tolist() == ["below every line"]
    assert bounce_rates(found, preset="cold")["verdict"].tolist() == ["pause"]


def test_an_empty_table_gives_an_empty_result_with_every_column():
    empty = bounce_rates(table(*week()).iloc[:0], by="provider")
    assert len(empty) == 0
    assert list(empty.columns) == list(bounce_rates(table(*week()), by="provider").columns)
    assert empty.attrs["denominator"] == "none"


def test_a_great_many_parts_leave_out_their_empty_periods(monkeypatch):
    monkeypatch.setattr(rates, "_MAX_GRID", 3)
    rows = mail(1, "2026-03-02", campaign="a") + mail(2, "2026-03-04", campaign="b")
    found = bounce_rates(table(*rows), by="campaign", freq="D")
    assert found["campaign"].tolist() == ["a", "b"]
    assert "only rows with mail are shown" in found.attrs["notes"][0]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"freq": "H"}, "freq 'H' is not known; use D"),
        ({"by": "colour"}, "by 'colour' is not a split; use one of: provider"),
        ({"tz": "Mars/Olympus"}, "'Mars/Olympus' is not a time zone"),
        ({"preset": "spam"}, "preset 'spam' is not known"),
        ({"lang": "fr"}, "lang 'fr' is not known; use one of: en, zh"),
    ],
)
def test_a_wrong_choice_is_one_sentence(wrong, sentence):
    with pytest.raises(BouncekitError, match=sentence):
        bounce_rates(table(*week()), **wrong)


def test_the_table_is_not_changed_and_outcomes_do_as_well():
    rows = table(*week())
    before = rows.copy(deep=True)
    pd.testing.assert_frame_equal(bounce_rates(rows), bounce_rates(outcomes(rows)))
    pd.testing.assert_frame_equal(rows, before)


MESSAGES = st.lists(
    st.tuples(
        st.integers(0, 60),
        st.sampled_from(["sent", "delivered", "bounce", "deferral"]),
        st.sampled_from(["user_unknown", "mailbox_full", "undetermined"]),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=25, deadline=None)
@given(
    MESSAGES,
    st.sampled_from("DWMQ"),
    st.sampled_from([None, "provider", "reason"]),
    st.randoms(use_true_random=False),
)
def test_rates_hold_together_whatever_the_order(drawn, freq, by, random):
    """No rate leaves 0 to 1, intervals hold their rate, and order changes nothing."""
    rows = [
        row(
            event,
            MONDAY + pd.Timedelta(days=day),
            reason if event in ("bounce", "deferral") else None,
            message_id=str(message),
            recipient=f"u{message}@example.com",
        )
        for day, event, reason, message in drawn
    ]
    found = bounce_rates(table(*rows), freq=freq, by=by)
    random.shuffle(rows)
    pd.testing.assert_frame_equal(found, bounce_rates(table(*rows), freq=freq, by=by))
    known = found[found["hard_rate"].notna()]
    assert (
        (known["hard_low"] <= known["hard_rate"]) & (known["hard_rate"] <= known["hard_high"])
    ).all()
    assert (found["soft_time"] + found["soft_sender"] == found["soft"]).all()
    if by is None:
        bounced = found[["hard", "soft", "undetermined"]].sum().sum()
        outcome = outcomes(table(*rows)).frame()["outcome"]
        assert bounced + found["outside"].sum() == (outcome == "bounce").sum()
