"""Complaint rates, worked by hand."""

import numpy as np
import pandas as pd
import pytest

import bouncekit as bk
from bouncekit.analysis.complaints import PRESETS
from bouncekit.errors import BouncekitError
from bouncekit.schema import bounce_table

MONDAY = pd.Timestamp("2026-03-02", tz="UTC")


def row(event, day=0, number=1, **more):
    more = {"message_id": str(number), "recipient": f"u{number}@example.com"} | more
    return {"event": event, "timestamp": MONDAY + pd.Timedelta(days=day)} | more


def table(*rows, sources=None):
    found = bounce_table(rows)
    if sources:
        found["source"] = pd.Categorical(sources)
    return found


def week(count=10):
    return [row(event, 0, n) for n in range(count) for event in ("sent", "delivered")]


def test_a_week_in_full():
    found = bk.complaint_rates(table(*week(), row("complaint", 2, 3)))
    assert list(found.columns) == [
        "period", "sent", "complaints", "complaint_rate", "complaint_low", "complaint_high",
        "outside", "verdict",
    ]  # fmt: skip
    assert found.loc[0, ["period", "sent", "complaints", "complaint_rate", "outside"]].tolist() == [
        MONDAY, 10, 1, 0.1, 0,
    ]  # fmt: skip
    assert found.loc[0, "complaint_low"] < 0.1 < found.loc[0, "complaint_high"]
    assert found.attrs["denominator"] == "sent events"
    assert found.attrs["notes"] == ()


def test_a_complaint_belongs_to_the_week_of_its_message():
    rows = [*week(), row("complaint", 9, 3), row("delivered", 8, 99), row("sent", 8, 99)]
    assert bk.complaint_rates(table(*rows))["complaints"].tolist() == [1, 0]
    nameless = row("complaint", 9, 3, message_id=None)
    assert bk.complaint_rates(table(*rows[:-3], nameless, *rows[-2:]))["complaints"].tolist() == [
        0, 1,
    ]  # fmt: skip


def test_one_complaint_of_a_message_counts_once_however_often_it_is_told():
    rows = [*week(), row("complaint", 1, 3), row("complaint", 2, 3, message_id="<3>")]
    rows += [row("complaint", 3, 4)]
    assert bk.complaint_rates(table(*rows))["complaints"].tolist() == [2]


def test_complaints_of_mail_without_a_record_stand_outside():
    rows = [*week(2), row("complaint", 1, 0), row("complaint", 1, 77)]
    rows += [row("complaint", 1, 5, message_id=None), row("complaint", 1, 0, message_id=None)]
    found = bk.complaint_rates(table(*rows, sources=["api"] * 4 + ["mail"] * 3 + ["api"]))
    assert found[["complaints", "outside"]].to_numpy().tolist() == [[2, 2]]
    assert found.attrs["notes"] == (
        "Complaints outside these rates, as no record says what was sent there: 2.",
    )


def test_a_table_of_counts_is_the_denominator_of_all():
    sends = pd.DataFrame({"date": ["2026-03-02"], "sent": [1_000]})
    found = bk.complaint_rates(table(row("complaint", 1, 5)), sends, preset="google")
    assert found[["sent", "complaints", "verdict"]].to_numpy().tolist() == [
        [1_000, 1, "above the aim"],
    ]


def test_without_sends_there_is_a_count_and_no_rate():
    found = bk.complaint_rates(table(row("complaint", 1, 5)))
    assert found["complaints"].tolist() == [1]
    assert found[["sent", "complaint_rate"]].isna().all(axis=None)
    assert "no rates" in found.attrs["notes"][0]


def test_a_split_has_denominators_of_its_own_and_carries_the_messages_value():
    rows = [row("sent", 0, n, campaign="a" if n < 4 else "b") for n in range(6)]
    rows += [row("complaint", 1, 2), row("complaint", 1, 9, campaign="c")]
    found = bk.complaint_rates(table(*rows), by="campaign").set_index("campaign")
    assert found["complaints"].to_dict() == {"a": 1, "b": 0, "c": 0}
    assert found["outside"].to_dict() == {"a": 0, "b": 0, "c": 1}
    np.testing.assert_array_equal(found["sent"], [4, 2, np.nan])


@pytest.mark.parametrize(
    ("preset", "count", "verdict"),
    [
        ("google", 0, "below every line"), ("google", 1, "above the aim"),
        ("google", 3, "mail will be rejected"), ("ses", 1, "under review"),
        ("ses", 5, "may be paused"),
    ],
)  # fmt: skip
def test_published_lines(preset, count, verdict):
    rows = [row("sent", 0, n) for n in range(1_000)]
    rows += [row("complaint", 1, n) for n in range(count)]
    found = bk.complaint_rates(table(*rows), preset=preset)
    assert found["verdict"].tolist() == [verdict]
    few = bk.complaint_rates(table(*rows[:999], *rows[1_000:]), preset=preset)
    assert few["verdict"].isna().all()
    assert PRESETS[preset].source["zh"] != PRESETS[preset].source["en"]


def test_complaints_without_a_time_are_counted_beside_the_table():
    found = bk.complaint_rates(table(*week(), {**row("complaint", 0, 99), "timestamp": None}))
    assert found["complaints"].tolist() == [0]
    assert found.attrs["untimed"] == 1


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"by": "reason"}, "by 'reason' is not a split of complaints"),
        ({"preset": "cold"}, "preset 'cold' is not known; use one of: google, ses"),
        ({"freq": "H"}, "freq 'H' is not known"),
        ({"lang": "fr"}, "lang 'fr' is not known"),
    ],
)
def test_a_wrong_choice_is_one_sentence(wrong, sentence):
    with pytest.raises(BouncekitError, match=sentence):
        bk.complaint_rates(table(*week()), **wrong)


# --- checks ---------------------------------------------------------------------------


def mail(count, hard, complaints=0, day=0):
    """So many messages, of which some bounced hard and some drew a complaint."""
    rows = []
    for n in range(count):
        number = day * 100_000 + n
        rows.append(row("sent", day, number))
        if n < hard:
            rows.append(row("bounce", day, number, reason="user_unknown", bounce_type="hard"))
        elif n < hard + complaints:
            rows.append(row("complaint", day, number))
    return rows


def test_a_check_in_full():
    found = bk.check(table(*mail(2_000, 100, 1)), max_hard=2, max_complaint=0.1)
    assert list(found.columns) == [
        "check", "verdict", "rate", "low", "high", "count", "sent", "outside", "line", "first_day",
        "last_day", "sentence",
    ]  # fmt: skip
    assert found["check"].tolist() == ["hard", "complaint"]
    assert found["verdict"].tolist() == ["above", "fine"]
    assert found["rate"].tolist() == [0.05, 0.0005]
    assert found["line"].tolist() == [0.02, 0.001]
    assert found["sentence"].tolist() == [
        "hard bounces: 5.0 % (4.1-6.0 %), 100 of 2,000 messages from 2026-03-02 to 2026-03-02; "
        "above the line of 2 %",
        "complaints: 0.05 % (0.00883-0.283 %), 1 of 2,000 messages from 2026-03-02 to 2026-03-02; "
        "below the line of 0.1 %, though chance may hide that it is above",
    ]


@pytest.mark.parametrize(
    ("hard", "line", "verdict", "words"),
    [
        (0, 2, "fine", "the line is 2 %"),
        (10, 2, "fine", "the line is 2 %"),
        (20, 2, "fine", "chance may hide"),  # at the line is not above it
        (21, 2, "above", "which may be chance"),
        (90, 2, "above", "above the line of 2 %"),
        (90, 9.5, "fine", "chance may hide"),
    ],
)
def test_a_rate_above_its_line_is_above(hard, line, verdict, words):
    found = bk.check(table(*mail(1_000, hard)), max_hard=line).iloc[0]
    assert found["verdict"] == verdict
    assert words in found["sentence"]


@pytest.mark.parametrize(
    ("rows", "options", "words"),
    [
        (mail(99, 9), {}, "cannot tell, only 99 messages"),
        (mail(300, 9), {"min_n": 301}, "fewer than 301"),
        (mail(999, 9), {"max_hard": None, "max_complaint": 1}, "fewer than 1,000"),
        ([row("bounce", 0, 1)], {}, "nothing says how much was sent"),
        ([row("auto_reply", 0, 1)], {}, "nothing says how much was sent"),
        (
            [row("bounce", 0, n, bounce_type="hard") for n in range(300)],
            {"sends": pd.DataFrame({"date": ["2026-03-02"], "sent": [200]})},
            "300 of only 200 messages",
        ),
    ],
)
def test_where_nothing_can_be_said_that_is_said(rows, options, words):
    found = bk.check(table(*rows), **({"max_hard": 2} | options)).iloc[0]
    assert found["verdict"] == "unknown"
    assert words in found["sentence"]


@pytest.mark.parametrize(
    ("since", "sent", "first"),
    [
        (None, 400, "2026-03-02"), ("28D", 400, "2026-02-13"), ("10D", 200, "2026-03-03"),
        ("1", 200, "2026-03-12"), ("2026-03-12", 200, "2026-03-12"),
        ("2026-03-12T09:00", 200, "2026-03-12"), ("12h", 200, "2026-03-12"),
    ],
)  # fmt: skip
def test_the_window(since, sent, first):
    found = bk.check(table(*mail(200, 2), *mail(200, 3, day=10)), max_hard=2, since=since).iloc[0]
    assert found["sent"] == sent
    assert f"{found['first_day']:%Y-%m-%d}" == first
    assert f"{found['last_day']:%Y-%m-%d}" == "2026-03-12"


def test_bounces_without_a_record_of_sends_are_said_beside_it():
    rows = table(*mail(200, 2), row("bounce", 0, 999_999), sources=["api"] * 202 + ["mail"])
    found = bk.check(rows, max_total=3).iloc[0]
    assert found[["count", "outside"]].tolist() == [2, 1]
    assert found["sentence"].endswith(" (beside it 1 of mail without a record of sends)")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({}, "give at least one line"),
        ({"max_hard": 200}, r"max_hard is a rate in percent, 0 to 100 \(2 is 2 %\), not 200"),
        ({"max_hard": "2"}, "max_hard is a rate in percent"),
        ({"max_hard": 2, "min_n": 0}, "min_n must be a whole number"),
        ({"max_hard": 2, "since": "soon"}, "since must be a time such as"),
        ({"max_hard": 2, "since": "2026-99-01"}, "since must be a day such as 2026-05-01"),
        ({"max_hard": 2, "lang": "fr"}, "lang 'fr'"),
    ],
)
def test_a_wrong_check_is_one_sentence(wrong, sentence):
    with pytest.raises(BouncekitError, match=sentence):
        bk.check(table(*week()), **wrong)


# --- the command ------------------------------------------------------------------------


def export(folder, sent, hard):
    lines = ["recipient,event,timestamp,diagnostic"]
    for n in range(sent):
        bounced = n < hard
        word = "bounce" if bounced else "delivered"
        said = "550 5.1.1 user unknown" if bounced else "250 ok"
        lines.append(f"u{n}@example.com,{word},2026-03-02T08:00:00Z,{said}")
    (folder / "export.csv").write_text("\n".join(lines), encoding="utf-8")


@pytest.mark.parametrize(
    ("sent", "hard", "code", "said"),
    [
        (300, 0, 0, "the line is 2 %"),
        (300, 60, 1, "above the line"),
        (50, 0, 2, "cannot tell, only 50"),
    ],
)
def test_the_exit_code_is_for_schedulers(tmp_path, capsys, sent, hard, code, said):
    from bouncekit import cli

    export(tmp_path, sent, hard)
    arguments = ["check", str(tmp_path), "--max-hard", "2", "--quiet"]
    assert cli.main(arguments) == code
    out = capsys.readouterr()
    assert said in out.out
    assert out.err == ""
    assert cli.main([*arguments, "--lang", "zh"]) == code
    assert "硬退信率" in capsys.readouterr().out


def test_one_rate_above_outweighs_another_that_cannot_be_told(tmp_path, capsys):
    from bouncekit import cli

    export(tmp_path, 300, 60)
    lines = ["--max-hard", "2", "--max-complaint", "0.1"]
    assert cli.main(["check", str(tmp_path), *lines, "--quiet"]) == 1
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--max-hard", "2"], "does not exist"),
        ([], "give a line: --max-hard"),
        (["--max-hard", "two"], "invalid float value"),
        (["--max-hard", "2", "--tz", "Mars/Base"], "is not a time zone"),
    ],
)
def test_no_mistake_looks_like_a_rate_above_its_line(tmp_path, capsys, arguments, said):
    from bouncekit import cli

    assert cli.main(["check", str(tmp_path / "nowhere"), *arguments, "--quiet"]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_its_help_shows_how_schedulers_call_it(capsys):
    from bouncekit import cli

    assert cli.main(["check", "--help"]) == 0
    said = capsys.readouterr().out
    assert "\n  0 8 * * 1-5 bouncekit check" in said
    assert "\n  schtasks /Create" in said
