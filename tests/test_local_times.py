"""Times by the column are those by the cell, whatever the zone."""

from datetime import datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncekit import ingest, read, times
from bouncekit.accounting import Ledger
from bouncekit.readers import _columns
from bouncekit.readers._base import Options

ZONES = [None, "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe",
         "Pacific/Chatham", "Asia/Shanghai"]  # fmt: skip
MOMENTS = st.datetimes(datetime(1995, 1, 1), datetime(2035, 1, 1))


def column(*texts):
    return pa.chunked_array([pa.array(texts, pa.string())])


def local(texts, tz, ledger=None):
    found = _columns.local_moments(column(*texts), Options(tz=tz), ledger or Ledger("x"))
    return found.to_pylist()


@given(st.lists(MOMENTS, min_size=1, max_size=20), st.sampled_from(ZONES))
def test_local_times_are_those_of_the_single_cell(moments, tz):
    texts = [moment.isoformat(" ", "microseconds") for moment in moments]
    assert local(texts, tz) == [times.from_iso(text, tz) for text in texts]


@pytest.mark.parametrize("tz", ZONES[1:])
def test_every_change_of_a_year_is_read_the_same_way(tz):
    start = datetime(2026, 1, 1)
    texts = [f"{start + timedelta(minutes=15 * n):%Y-%m-%d %H:%M:%S}" for n in range(4 * 24 * 365)]
    assert local(texts, tz) == [times.from_iso.__wrapped__(text, tz) for text in texts]


@pytest.mark.parametrize(
    "texts",
    [
        ["2026-01-02T03:04:05.1234567Z", "2026-01-02T03:04:05Z"],
        ["2026-01-02 03:04:05-0500", None, "2026-01-02 03:04:05+08:00"],
        ["1767225600", "1767225600123", "1767225600123456"],
        ["2026-01-02 03:04:05", "2026-01-02T03:04:05Z"],
        ["2026-02-30 03:04:05", "2026-01-02 03:04:60", "x", "9999-01-01 00:00:00"],
        ["0001-01-01T00:00:00Z", "1700-01-01 00:00:00"],
        [],
    ],
)
def test_mixtures_are_those_of_the_single_cells(texts):
    expected = [None if text is None else times.from_text(text, "Asia/Shanghai") for text in texts]
    assert local(texts, "Asia/Shanghai") == expected


def test_the_zone_that_was_taken_is_said_only_where_none_was_named():
    for texts, tz, told in (
        (["2026-01-02 03:04:05"], None, 1),
        (["2026-01-02 03:04:05", "2026-01-02T03:04:05Z"], None, 1),
        (["2026-01-02T03:04:05Z", None], None, 0),
        (["1767225600"], None, 0),
        (["2026-01-02 03:04:05"], "Asia/Shanghai", 0),
        ([None], None, 0),
    ):
        ledger = Ledger("x")
        local(texts, tz, ledger)
        assert len(ledger.notes) == told, texts


def test_a_late_date_tells_what_comes_first_in_the_whole_file():
    rows = [f"a{n}@example.com,550 5.1.1 no,01/02/2026 10:00" for n in range(3_000)]
    rows.append("z@example.com,550 5.1.1 no,23/02/2026 10:00")
    df = read("\n".join(["email,reason,date", *rows]).encode())
    assert df["timestamp"].notna().all()
    assert str(df["timestamp"].iloc[0]) == "2026-02-01 10:00:00+00:00"
    assert ingest(df).items == 3_001


def test_what_a_spreadsheet_has_done_is_said_and_nothing_is_made_of_it():
    rows = "a@example.com,no,5.1.1,1.77E+09\nb@example.com,no,05.01.2010,1.77E+09\n"
    rows += "c@example.com,no,5.2.2,1.77E+09\nd@example.com,no,5.7.1,1.77E+09\n"
    df = read(
        f"email,reason,code,date\n{rows}".encode(),
        columns={"recipient": "email", "diagnostic": "reason", "code": "code", "timestamp": "date"},
    )
    notes = " ".join(ingest(df).notes)
    assert df["timestamp"].isna().all()
    assert "a spreadsheet has rounded" in notes
    assert df["enhanced_code"].tolist()[0] == "5.1.1"
    assert df["enhanced_code"].isna().tolist() == [False, True, False, False]
