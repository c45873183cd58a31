"""How a table that no reader knows is understood."""

import pytest

import bouncekit as bk
from bouncekit.analysis.rates import bounce_rates
from bouncekit.readers._saying import home_zone
from bouncekit.readers._spreadsheets import is_date
from bouncekit.readers._understanding import understand
from bouncekit.readers._words import EVENTS, HEADERS, event_of
from bouncekit.taxonomy import EVENTS as TABLE_EVENTS


def table(header, *rows):
    return "\n".join([header, *rows]).encode() + b"\n"


def notes(data, **options):
    return bk.ingest(bk.read(data, **options)).notes


@pytest.mark.parametrize(
    ("word", "event"),
    [
        ("Hard Bounce", "bounce"),
        ("硬退信", "bounce"),
        ("软退信", "bounce"),
        ("成功", "delivered"),
        ("投递未成功", "bounce"),
        ("未送达", "bounce"),
        ("无效地址", "bounce"),
        ("垃圾邮件", "bounce"),
        ("用户垃圾邮件投诉", "complaint"),
        ("投递中", "pending"),
        ("Delivery pending", "pending"),
        ("Not delivered", "bounce"),
        ("延遲投遞", "deferral"),
        ("寄送成功", "delivered"),
        ("已读", "skip"),
        ("nicht zugestellt", "bounce"),
        ("Не доставлено", "bounce"),
        ("Fliegend", None),
        ("活跃", None),
    ],
)
def test_event_words(word, event):
    assert event_of(word) == event


def test_every_event_word_names_an_event_or_why_there_is_none():
    assert set(EVENTS.values()) == {*TABLE_EVENTS, "skip", "pending"}


@pytest.mark.parametrize(
    ("names", "zone"),
    [
        (("收件人", "状态"), "Asia/Shanghai"),
        (("收件者信箱", "Status"), "Asia/Shanghai"),
        (("メールアドレス", "日時"), None),
        (("email", "status"), None),
    ],
)
def test_a_table_with_chinese_names_is_in_chinese_time(names, zone):
    assert home_zone(names) == zone


@pytest.mark.parametrize("name", sorted(HEADERS["recipient"] - {"to"}))
def test_each_name_of_a_recipient_is_one(name):
    cells = {name: ["ann@example.com", "bo@example.com"], "x": ["1", "2"]}
    assert understand(cells).columns == {"recipient": name}


def test_a_column_of_addresses_needs_no_name():
    cells = {"x": ["ann@example.com"] * 9 + ["-"], "y": ["a@b"] * 10, "z": ["550 5.1.1 no"] * 10}
    assert dict(understand(cells).columns) == {"recipient": "x", "diagnostic": "z"}


def test_where_sent_is_the_only_good_word_it_means_delivered():
    df = bk.read(table("email,status", "a@x.example,Sent", "b@x.example,Sent", "c@x.example,Hard"))
    assert df["event"].tolist() == ["delivered", "delivered", "bounce"]
    assert df["vendor_type"].tolist() == ["Sent", "Sent", "Hard"]


def test_bounces_of_such_a_table_have_a_denominator():
    rows = [f"a{n}@x.example,Sent,2026-01-05T10:00:00Z" for n in range(8)]
    rows += [f"b{n}@x.example,Bounced,2026-01-05T11:00:00Z" for n in range(2)]
    rates = bounce_rates(bk.read(table("email,status,date", *rows)))
    assert rates["sent"].sum() == 10
    assert rates[["hard", "soft", "undetermined"]].sum().sum() == 2


def test_sent_events_without_ids_are_left_out_beside_deliveries():
    df = bk.read(
        table("email,event", "a@x.example,sent", "a@x.example,delivered", "b@x.example,bounced")
    )
    assert df["event"].tolist() == ["delivered", "bounce"]
    (reason,) = [reason for _, reason in bk.ingest(df).skips]
    assert reason == "tells of a sending that no message id joins to its outcome"


def test_sent_events_with_ids_stay():
    df = bk.read(
        table(
            "message id,email,event",
            "1@x.example,a@x.example,sent",
            "1@x.example,a@x.example,delivered",
        )
    )
    assert df["event"].tolist() == ["sent", "delivered"]


def test_a_second_column_tells_the_kind_of_bounce():
    df = bk.read(
        table(
            "email,status,bounce type",
            "a@x.example,Delivered,",
            "b@x.example,Bounced,Hard",
            "c@x.example,Bounced,Soft",
        )
    )
    assert df["event"].tolist() == ["delivered", "bounce", "bounce"]
    assert df["bounce_type"].tolist()[1:] == ["hard", "soft"]


def test_both_columns_can_be_named():
    data = table("who,what,how", "a@x.example,Bounced,Hard", "b@x.example,Bounced,Soft")
    df = bk.read(data, columns={"recipient": "who", "event": "what", "vendor_type": "how"})
    assert df["vendor_type"].tolist() == ["Hard", "Soft"]
    df = bk.read(data, columns={"recipient": "who", "vendor_type": "how"})
    assert df["vendor_type"].tolist() == ["Hard", "Soft"]


def test_records_with_a_strange_word_are_no_bounces():
    data = table(
        "email,status,reason",
        "a@x.example,Bounced,550 5.1.1 user unknown",
        "b@x.example,Teleported,",
        "c@x.example,Dissolved,",
        "d@x.example,Evaporated,",
    )
    df = bk.read(data)
    assert df["recipient"].tolist() == ["a@x.example"]
    problems = {problem.reason for problem in bk.ingest(df).problems}
    assert "says 'Teleported', which is no event that is known" in problems


def test_an_active_contact_list_is_no_export():
    data = table("email,status", *(f"a{n}@x.example,Active" for n in range(9)), "b@x.example,Hard")
    with pytest.raises(bk.BouncekitError, match="give it as contacts"):
        bk.read(data)


@pytest.mark.parametrize(
    ("cell", "date"),
    [
        ("5/1/2010", True),
        ("2005-02-02", True),
        ("5.1.2010", True),
        ("2-May", True),
        ("5月1日", True),
        ("5.1.1", False),
        ("550", False),
        ("5.1.10", False),
    ],
)
def test_dates_that_were_codes(cell, date):
    assert is_date(cell) is date


def test_what_a_spreadsheet_did_is_said_whoever_reads_the_file():
    damaged = table(
        "status,reason,email,created",
        "5/1/2010,550 5.1.10 not found,a@x.example,1.70E+09",
        "5.1.1,550 5.1.1 user unknown,b@x.example,1767582000",
    )
    df = bk.read(damaged)
    assert df["source"].tolist() == ["sendgrid_csv"] * 2
    told = " ".join(bk.ingest(df).notes)
    assert "the column 'status' holds dates (5/1/2010) that a spreadsheet has made of" in told
    assert "the column 'created' holds numbers that a spreadsheet has rounded (1.70E+09)" in told
    assert df["timestamp"].isna().tolist() == [True, False]


def test_rounded_message_ids_do_not_make_one_message_of_many():
    whole = [f"{n}@x.example,a{n}@x.example,hard" for n in range(600)]
    rounded = [f"1.23457E+17,b{n}@x.example,hard" for n in range(2)]
    df = bk.read(table("message id,email,bounce type", *whole, *rounded))
    assert df["message_id"].isna().sum() == 2


def test_the_words_and_the_order_of_day_and_month_are_told():
    english, chinese = notes(
        table("邮箱,状态,退信时间", "a@x.example,硬退信,05/01/2026", "b@x.example,打开,06/02/2026")
    )
    assert "words 硬退信 = bounce, 打开 = left out" in english
    assert "day and month cannot be told apart in some dates" in english
    assert "状态词 硬退信 = bounce, 打开 = 不读取" in chinese
    assert "有些日期分不清日和月" in chinese


def test_one_clear_date_far_down_tells_for_the_whole_file():
    rows = [f"a{n}@x.example,hard,05/01/2026" for n in range(4_000)]
    df = bk.read(table("email,bounce type,date", *rows, "z@x.example,hard,31/01/2026"))
    assert df["timestamp"].notna().all()
    assert df["timestamp"].dt.month.unique().tolist() == [1]
