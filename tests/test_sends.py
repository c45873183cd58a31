"""The two kinds of sends table, and contact lists (definition 10)."""

import pandas as pd
import pytest

from bouncekit.analysis.sends import read_addresses, read_sends
from bouncekit.errors import BouncekitError, InputNotFoundError, TableError


def test_counts_come_back_typed():
    found = read_sends(pd.DataFrame({"Date": ["2026-03-02"], "SENT": ["120"], "note": ["x"]}))
    assert found.kind == "counts"
    assert found.table["sent"].tolist() == [120.0]
    assert found.table["date"].tolist() == [pd.Timestamp("2026-03-02")]
    assert found.table[["campaign", "domain"]].isna().all(axis=None)


def test_messages_come_back_in_utc():
    found = read_sends(
        pd.DataFrame(
            {
                "message_id": ["<1@example.com>"],
                "recipient": ["ann@example.com"],
                "timestamp": ["2026-03-02T08:00:00+08:00"],
            }
        )
    )
    assert found.kind == "messages"
    assert found.table["timestamp"].tolist() == [pd.Timestamp("2026-03-02", tz="UTC")]


def test_a_csv_file_gives_the_same_as_its_table(tmp_path):
    """Excel writes a byte order mark; ids that look like numbers stay text."""
    path = tmp_path / "sends.csv"
    text = "message_id,recipient,timestamp\n001,ann@example.com,2026-03-02T00:00:00Z\n"
    path.write_text(text, encoding="utf-8-sig")
    found = read_sends(path)
    assert found.kind == "messages"
    assert found.table["message_id"].tolist() == ["001"]


def test_a_day_of_counts_is_a_day_of_the_zone_asked_for():
    plain = read_sends(pd.DataFrame({"date": ["1970-01-03"], "sent": [1]}))
    assert plain.days("Asia/Shanghai").tolist() == [2]
    zoned = pd.DataFrame({"date": [pd.Timestamp("1970-01-02T20:00", tz="UTC")], "sent": [1]})
    assert read_sends(zoned).days("UTC").tolist() == [1]
    assert read_sends(zoned).days("Asia/Shanghai").tolist() == [2]


@pytest.mark.parametrize(
    ("dates", "days"),
    [
        ([20260302, 20260303], [2, 3]),
        (["2026-03-02T23:00+01:00", "2026-03-30T00:00+02:00"], [3, 30]),
        (["2026-03-02T20:00Z", "2026-03-02T20:00+08:00"], [3, 2]),
    ],
)
def test_dates_as_numbers_and_with_zones_that_differ(dates, days):
    found = read_sends(pd.DataFrame({"date": dates, "sent": [1, 2]})).days("Asia/Shanghai")
    first = (pd.Timestamp("2026-03-01") - pd.Timestamp(0)).days
    assert (found - first + 1).tolist() == days


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"date": [46083], "sent": [1]}, r"row 1: date is '46083'; it must be a date such as"),
        (
            {"date": ["2026-03-02", "2026-03-03T00:00Z"], "sent": [1, 2]},
            r"row 1: date is '2026-03-02'; it must be .* with a time zone in all rows or in none",
        ),
        ({"day": ["2026-03-02"]}, r"the sends table needs the columns date, sent .* it has: day"),
        ({"date": ["2026-03-02", "soon"], "sent": [1, 2]}, r"row 2: date is 'soon'; it must be"),
        ({"date": ["2026-03-02"], "sent": ["many"]}, r"row 1: sent is 'many'; it must be a whole"),
        ({"date": ["2026-03-02"], "sent": [-1]}, r"row 1: sent is '-1'"),
        ({"date": ["2026-03-02"], "sent": [1.5]}, r"row 1: sent is '1.5'"),
        ({"date": [None], "sent": [1]}, r"row 1: date is nothing"),
        (
            {"message_id": ["1"], "recipient": ["a@example.com"], "timestamp": ["?"]},
            r"row 1: timestamp is '\?'",
        ),
    ],
)
def test_a_wrong_table_is_one_sentence_with_its_row(table, sentence):
    with pytest.raises(TableError, match=sentence):
        read_sends(pd.DataFrame(table))


def test_a_missing_file_is_said_before_anything_else(tmp_path):
    with pytest.raises(InputNotFoundError, match=r"none\.csv: there is no such file"):
        read_sends(tmp_path / "none.csv")
    with pytest.raises(InputNotFoundError, match="contacts= takes"):
        read_addresses(tmp_path / "none.csv")


def test_an_unreadable_file_is_one_sentence(tmp_path):
    path = tmp_path / "sends.csv"
    path.write_bytes(b"")
    with pytest.raises(TableError, match=r"sends\.csv: cannot be read as CSV"):
        read_sends(path)


def test_something_else_is_one_sentence():
    with pytest.raises(BouncekitError, match="expected a table or the path of a CSV file, got int"):
        read_sends(5)
    with pytest.raises(BouncekitError, match=r"a table, a path or addresses .*, got int"):
        read_addresses(5)


@pytest.mark.parametrize(
    "contacts",
    [
        ["Ann@Example.com", None],
        pd.Series(["Ann@Example.com", None]),
        pd.DataFrame({"Email": ["Ann@Example.com", None], "name": ["Ann", "Bob"]}),
        pd.DataFrame({"邮箱": ["<Ann@Example.com>", None], "name": ["Ann", "Bob"]}),
        pd.DataFrame({"anything": ["Ann@Example.com", None]}),
    ],
)
def test_a_contact_list_may_come_in_any_shape(contacts):
    assert read_addresses(contacts).dropna().tolist() == ["Ann@example.com"]


def test_a_contact_list_without_addresses_is_one_sentence():
    with pytest.raises(TableError, match="needs a column recipient or email; it has: a, b"):
        read_addresses(pd.DataFrame({"a": [1], "b": [2]}))


def test_contact_lists_of_chinese_and_european_spreadsheets_are_read(tmp_path):
    """GB18030 with commas, UTF-16 with tabs, cp1252 with semicolons."""
    chinese, wide, european = (tmp_path / name for name in ("a.csv", "b.csv", "c.csv"))
    chinese.write_bytes("公司,邮箱\n宁波贸易,ann@example.com\n".encode("gb18030"))
    wide.write_bytes("name\temail\nAnn\tann@example.com\n".encode("utf-16"))
    european.write_bytes("société;email\ncafé;ann@example.com\n".encode("cp1252"))
    for path in (chinese, wide, european):
        assert read_addresses(path).tolist() == ["ann@example.com"]


def test_a_workbook_given_as_contacts_is_refused_in_a_sentence(tmp_path):
    path = tmp_path / "contacts.xlsx"
    path.write_bytes(b"PK\x03\x04 and so on")
    with pytest.raises(TableError, match="save the table as CSV"):
        read_addresses(path)
