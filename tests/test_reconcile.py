"""Our numbers beside a provider's, worked by hand: which rows make the difference."""

import json

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bouncekit as bk
from bouncekit.analysis._bridges import CAUSES, MEASURES
from bouncekit.analysis.wording import say
from bouncekit.errors import BouncekitError, TableError
from bouncekit.schema import bounce_table
from bouncekit.taxonomy import reasons

MONDAY = pd.Timestamp("2026-03-02T08:00", tz="UTC")


def row(event, number, day=0.0, reason=None, **more):
    kind = reasons()[reason].bounce_type if reason else None
    more = {"message_id": str(number), "recipient": f"u{number}@example.com"} | more
    return {
        "event": event, "timestamp": MONDAY + pd.Timedelta(days=day), "reason": reason,
        "bounce_type": kind, "source": "ses",
    } | more  # fmt: skip


def mail(number, *ends, day=0.0):
    return [row("sent", number, day), *ends]


def reconciled(rows, totals, **options):
    return bk.reconcile(bounce_table(rows), pd.DataFrame(totals), **options)


def causes(found, measure=None):
    table = found.causes
    table = table if measure is None else table[table["measure"] == measure]
    return dict(zip(table["cause"], table["count"], strict=True))


TWO = [
    *mail(1, row("delivered", 1)),
    *mail(2, row("bounce", 2, 0, "user_unknown")),
]


def test_equal_numbers_in_full():
    found = reconciled(TWO, {"date": ["2026-03-02"], "sent": [2], "delivered": [1], "bounces": [1]})
    assert list(found.table.columns) == [
        "period", "measure", "provider", "ours", "difference", "explained", "unexplained", "why",
    ]  # fmt: skip
    assert found.table["measure"].tolist() == ["bounces", "delivered", "sent"]
    assert found.table["difference"].tolist() == [0, 0, 0]
    assert found.table["why"].tolist() == ["1 in both", "1 in both", "2 in both"]
    assert found.table["period"].tolist() == [pd.Timestamp("2026-03-02", tz="UTC")] * 3
    assert found.causes.empty
    assert found.rows.empty
    assert list(found.rows.columns[:4]) == ["period", "measure", "cause", "counts"]
    assert found.notes == ()
    assert repr(found) == ""


def test_what_a_dashboard_counts_that_we_do_not():
    rows = [
        *TWO,
        # Bounced after its delivery: both there, a bounce here.
        *mail(3, row("delivered", 3), row("bounce", 3, 0.1, "mailbox_full")),
        # Bounced, and delivered in the end.
        *mail(4, row("bounce", 4, 0, "mailbox_full"), row("delivered", 4, 0.1)),
        # The same bounce told twice.
        row("bounce", 2, 0.2, "user_unknown"),
    ]
    found = reconciled(rows, {"date": ["2026-03-02"], "delivered": [3], "bounces": [4]})
    assert found.table.set_index("measure")[["ours", "unexplained"]].to_dict() == {
        "ours": {"bounces": 2, "delivered": 2}, "unexplained": {"bounces": 0, "delivered": 0},
    }  # fmt: skip
    assert causes(found, "bounces") == {"repeated": 1, "overtaken": 1}
    assert causes(found, "delivered") == {"overtaken": 1}
    assert found.table["why"].tolist()[0] == (
        "4 there, 2 here: +1 further events of messages that count once; "
        "+1 of messages that ended otherwise later"
    )
    named = found.rows[["measure", "cause", "message_id", "counts"]].to_numpy().tolist()
    assert named == [
        ["delivered", "overtaken", "3", 1], ["bounces", "repeated", "2", 1],
        ["bounces", "overtaken", "4", 1],
    ]  # fmt: skip


def test_a_message_moves_from_the_day_of_its_sending_to_that_of_the_event():
    rows = mail(1, row("bounce", 1, 2, "expired"))
    totals = {"date": ["2026-03-02", "2026-03-03", "2026-03-04"], "bounces": [0, 0, 1]}
    found = reconciled(rows, totals)
    assert found.table["ours"].tolist() == [1, 0, 0]
    assert found.table["explained"].tolist() == [-1, 0, 1]
    assert found.causes["cause"].tolist() == ["event_day"] * 2
    assert found.rows["counts"].tolist() == [-1, 1]
    whole = reconciled(rows, {"date": ["2026-03-02"], "bounces": [1]}, freq="W")
    assert whole.table["difference"].tolist() == [0]


def test_days_of_another_zone_shift_messages():
    """20:00 UTC is the next day in Shanghai."""
    rows = [row("sent", 1, 0.5), row("delivered", 1, 0.5)]
    totals = {"date": ["2026-03-02", "2026-03-03"], "delivered": [1, 0]}
    found = reconciled(rows, totals, tz="Asia/Shanghai", provider_tz="UTC")
    assert found.table["ours"].tolist() == [0, 1]
    assert found.table["unexplained"].tolist() == [0, 0]
    assert set(found.causes["cause"]) == {"time_zone"}
    assert str(found.table["period"].dtype) == "datetime64[us, Asia/Shanghai]"
    assert reconciled(rows, totals, tz="Asia/Shanghai").table["unexplained"].tolist() == [0, -1]


@pytest.mark.parametrize(
    ("extra", "totals", "cause"),
    [
        (row("suppressed", 7, vendor_type="x"), {"bounces": [2]}, "suppressed"),
        (row("suppressed", 7, vendor_type="x"), {"sent": [3]}, "suppressed"),
        (row("suppressed", 7, vendor_type="x"), {"bounces": [1]}, None),
        (row("deferral", 7, 0, "greylisted"), {"bounces": [2]}, "deferrals"),
        (row("bounce", 7, 0, "blocked"), {"bounces": [1]}, "blocks"),
        (row("bounce", 7, 0, "blocked"), {"hard": [2]}, "blocks"),
        (row("bounce", 7, 0, "blocked"), {"bounces": [2]}, None),
        (row("bounce", 7, 0, "blocked"), {"blocked": [1]}, None),
    ],
)
def test_what_a_provider_includes_is_found_by_what_fits(extra, totals, cause):
    found = reconciled([*TWO, extra], {"date": ["2026-03-02"]} | totals)
    assert found.table["unexplained"].tolist() == [0]
    assert list(causes(found)) == ([cause] if cause else [])
    measure = say(f"measure_{next(iter(totals))}")
    said = (say(f"reconcile_includes_{cause}", measure=measure),) if cause else ()
    assert found.notes == said


def test_hard_soft_and_deferred_have_measures_of_their_own():
    rows = [
        *TWO,
        *mail(3, row("bounce", 3, 0, "mailbox_full")),
        *mail(4, row("deferral", 4, 0, "greylisted"), row("delivered", 4, 0.1)),
        *mail(5, row("deferral", 5, 0, "greylisted"), row("deferral", 5, 0.1, "greylisted")),
    ]
    totals = {"date": ["2026-03-02"], "hard": [1], "soft": [1], "deferred": [3]}
    found = reconciled(rows, totals)
    assert found.table.set_index("measure")["ours"].to_dict() == {
        "deferred": 1, "hard": 1, "soft": 1,
    }  # fmt: skip
    assert found.table["unexplained"].eq(0).all()
    assert causes(found) == {"repeated": 1, "overtaken": 1}


def test_a_provider_is_compared_with_its_own_mail_only():
    rows = [*TWO, *(one | {"source": "mail"} for one in mail(8, row("bounce", 8, 0, "blocked")))]
    # An asynchronous bounce that came by mail: the provider still has it delivered.
    rows += [*mail(9, row("delivered", 9)), row("bounce", 9, 0.3, "mailbox_full", source="mail")]
    totals = {"date": ["2026-03-02"], "delivered": [2], "bounces": [1]}
    found = reconciled(rows, totals, source="ses")
    assert found.table.set_index("measure")["ours"].to_dict() == {"bounces": 2, "delivered": 1}
    assert causes(found, "bounces") == {"other_source": -1}
    assert causes(found, "delivered") == {"overtaken": 1}
    assert found.table["unexplained"].eq(0).all()


def test_days_that_were_not_read_are_said_to_be_so():
    totals = {"date": ["2026-03-01", "2026-03-02", "2026-03-03"], "bounces": [5, 1, 7]}
    found = reconciled(TWO, totals)
    assert found.table["unexplained"].tolist() == [0, 0, 0]
    assert found.causes["cause"].tolist() == ["no_data", "no_data"]
    assert found.table["why"].tolist()[2] == "7 there, 0 here: +7 outside the events that were read"


def test_what_nothing_explains_is_left_and_said():
    found = reconciled(TWO, {"date": ["2026-03-02"], "bounces": [9]})
    assert found.table["unexplained"].tolist() == [8]
    assert found.table["why"].tolist() == ["9 there, 1 here: +8 unexplained"]
    assert "2026-03-02 bounces: 9 there" in repr(found)


def test_duplicates_dropped_while_reading_are_counted(tmp_path):
    """A webhook that was posted twice; a dashboard that counts both."""
    event = {
        "email": "ann@example.com", "timestamp": 1772438400, "smtp-id": "<1@example.com>",
        "event": "delivered", "sg_event_id": "a", "sg_message_id": "x",
    }  # fmt: skip
    twice = [event, event | {"sg_event_id": "b"}, event | {"smtp-id": "<2@example.com>"}]
    (tmp_path / "events.json").write_text(json.dumps(twice), encoding="utf-8")
    df = bk.read(tmp_path)
    assert bk.ingest(df).duplicates == 1
    assert list(bk.ingest(df).repeats.values()) == [1]
    totals = pd.DataFrame({"date": ["2026-03-02"], "delivered": [3]})
    found = bk.reconcile(df, totals)
    assert causes(found) == {"duplicates": 1}
    assert "posted twice" in found.notes[0]
    assert bk.reconcile(df, totals, source="sendgrid_events").table["unexplained"].tolist() == [0]


def test_the_words_are_there_in_both_languages():
    for cause in CAUSES:
        assert say(f"reconcile_{cause}", "zh", count=1) != say(f"reconcile_{cause}", "en", count=1)
    for measure in MEASURES:
        assert not say(f"measure_{measure}", "zh").isascii()
    found = reconciled(TWO, {"date": ["2026-03-02"], "bounces": [9]}, lang="zh")
    assert found.table["why"].tolist() == ["对方 9，我方 1：+8 个未能解释"]


@pytest.mark.parametrize(
    ("totals", "options", "sentence"),
    [
        ({"day": ["2026-03-02"]}, {}, "needs the column date and at least one of sent, delivered"),
        ({"date": ["2026-03-02"], "opens": [1]}, {}, "it has: date, opens"),
        ({"date": ["soon"], "sent": [1]}, {}, "row 1: date must be a day such as"),
        ({"date": ["2026-03-02"], "sent": [-1]}, {}, "row 1: sent is '-1'"),
        ({"date": ["2026-03-02"], "sent": [1]}, {"source": "postfix"}, "read nothing here; use"),
        ({"date": ["2026-03-02"], "sent": [1]}, {"freq": "H"}, "freq 'H' is not known"),
        ({"date": ["2026-03-02"], "sent": [1]}, {"provider_tz": "Mars/Base"}, "not a time zone"),
    ],
)
def test_a_mistake_is_one_sentence(totals, options, sentence):
    with pytest.raises((TableError, BouncekitError), match=sentence):
        reconciled(TWO, totals, **options)


def test_totals_may_come_from_a_file(tmp_path):
    (tmp_path / "dash.csv").write_text("Date,Bounced\n2026-03-02,1\n", encoding="utf-8")
    found = bk.reconcile(bounce_table(TWO), tmp_path / "dash.csv")
    assert found.table["unexplained"].tolist() == [0]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["sent", "delivered", "bounce", "deferral", "suppressed"]),
            st.integers(0, 9), st.sampled_from(["user_unknown", "mailbox_full", "blocked"]),
            st.integers(1, 4), st.sampled_from(["ses", "mail"]),
        ),
        min_size=1, max_size=20,
    ),
    st.sampled_from("DWM"),
    st.sampled_from(["UTC", "Asia/Shanghai", "America/New_York"]),
)  # fmt: skip
def test_a_dashboard_that_counts_events_is_always_explained_to_the_last_one(drawn, freq, tz):
    """Counting event rows per day of its zone, as dashboards do, leaves nothing unexplained."""
    rows = [
        row(event, number, day + 0.3, reason if event in ("bounce", "deferral") else None,
            source=source)
        for event, day, reason, number, source in drawn
    ]  # fmt: skip
    table = bounce_table(rows)
    seen = table[table["source"] == "ses"]
    if seen.empty:
        return
    days = pd.date_range("2026-03-01", "2026-03-20").strftime("%Y-%m-%d")
    stamp = seen["timestamp"].dt.strftime("%Y-%m-%d")
    totals = pd.DataFrame({"date": days})
    for name, event in {
        "delivered": "delivered",
        "bounces": "bounce",
        "deferred": "deferral",
    }.items():
        counts = stamp[seen["event"] == event].value_counts()
        totals[name] = counts.reindex(days, fill_value=0).to_numpy()
    found = bk.reconcile(table, totals, source="ses", freq=freq, tz=tz, provider_tz="UTC")
    inside = found.table[~found.table["why"].str.contains("outside the events")]
    assert inside["unexplained"].eq(0).all(), found
    sums = found.rows.groupby(["period", "measure"])["counts"].sum()
    explained = inside.set_index(["period", "measure"])["explained"]
    assert (explained - sums.reindex(explained.index, fill_value=0)).eq(0).all()
