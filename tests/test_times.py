from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncekit import times
from bouncekit.errors import BouncekitError


def said(micros):
    return None if micros is None else str(datetime.fromtimestamp(micros / 1e6, UTC))[:-6]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-23T04:05:06.1234567Z", "2026-11-23 04:05:06.123456"),
        ("2026-11-23T04:05:06+0800", "2026-11-22 20:05:06"),
        ("2026-11-23T04:05:06-03:30", "2026-11-23 07:35:06"),
        ("2018-10-08T14:05:45 +0000", "2018-10-08 14:05:45"),
        ("2026/11/23 04:05:06 UTC", "2026-11-23 04:05:06"),
        ("2026-11-23", "2026-11-23 00:00:00"),
        ("2026-1-2 3:04", "2026-01-02 03:04:00"),
        ("2026-02-29", None),
        ("2026-11-23 24:00:00", None),
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T00:00:00Z", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_iso_and_its_relatives(text, moment):
    assert said(times.from_iso(text)) == moment


def test_local_time_follows_the_zone_and_its_summer():
    assert (
        said(times.from_iso("2026-01-05 09:30:00", "America/Los_Angeles")) == "2026-01-05 17:30:00"
    )
    assert (
        said(times.from_iso("2026-07-05 09:30:00", "America/Los_Angeles")) == "2026-07-05 16:30:00"
    )
    assert said(times.from_iso("2026-07-05 09:30:00Z", "Asia/Shanghai")) == "2026-07-05 09:30:00"


@pytest.mark.parametrize(
    ("text", "tz", "moment"),
    [
        ("2026-03-29 01:59:59", "Europe/Berlin", "2026-03-29 00:59:59"),
        ("2026-03-29 02:30:00", "Europe/Berlin", "2026-03-29 01:30:00"),
        ("2026-03-29 03:30:00", "Europe/Berlin", "2026-03-29 01:30:00"),
        ("2026-10-25 02:30:00", "Europe/Berlin", "2026-10-25 00:30:00"),
        ("2026-10-25 03:00:00", "Europe/Berlin", "2026-10-25 02:00:00"),
        ("2026-03-08 02:30:00", "America/New_York", "2026-03-08 07:30:00"),
        ("2026-11-01 01:30:00", "America/New_York", "2026-11-01 05:30:00"),
        ("2026-04-05 01:45:00", "Australia/Lord_Howe", "2026-04-04 14:45:00"),
        ("2026-06-01 12:00:00", "Asia/Shanghai", "2026-06-01 04:00:00"),
        ("2024-02-29 23:59:59", "Asia/Shanghai", "2024-02-29 15:59:59"),
    ],
)
def test_gaps_and_overlaps_of_summer_time(text, tz, moment):
    assert said(times.from_iso(text, tz)) == moment


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (1767225600, "2026-01-01 00:00:00"),
        ("1767225600", "2026-01-01 00:00:00"),
        (1767225600.25, "2026-01-01 00:00:00.250000"),
        ("1767225600123", "2026-01-01 00:00:00.123000"),
        (1767225600123456, "2026-01-01 00:00:00.123456"),
        (0, None),
        (-1, None),
        (1767225600123456789, None),
        (float("nan"), None),
        (float("inf"), None),
        (True, None),
        ("1.77E+09", None),
        ("1,77E+12", None),
        ("1.767225600E+09", "2026-01-01 00:00:00"),
        ("", None),
        ("soon", None),
    ],
)
def test_epoch_numbers_by_their_size(value, moment):
    assert said(times.from_epoch(value)) == moment


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Fri, 02 Jan 2026 10:05:00 +0800", "2026-01-02 02:05:00"),
        ("Fri, 02 Jan 2026 10:05:60 GMT", "2026-01-02 10:05:59"),
        ("Fri, 02 Jan 2026 10:05:00", None),
        ("Fri, 02 Jan 2026 10:05:00 JST", None),
        ("Fri, 02 Jan 2026 10:05:00 GMT+0900", "2026-01-02 01:05:00"),
        ("Fri, 02 Jan 2026 10:05:00 EST", "2026-01-02 15:05:00"),
        ("Fri, 02 Jan 2026 10:05:00 +08:00 (CST)", "2026-01-02 02:05:00"),
        ("Fri Jan  2 10:05:00 2026", None),
        ("Fri Jan  2 10:05:00 +0800 2026", "2026-01-02 02:05:00"),
        ("Fri, 02 Jan 0000 10:05:00 GMT", "2000-01-02 10:05:00"),
        ("Fri, 99 Jan 2026 10:05:00 GMT", None),
        ("x" * 5000, None),
        (None, None),
    ],
)
def test_mail_dates(text, moment):
    assert said(times.from_rfc2822(text)) == moment


@pytest.mark.parametrize(
    ("text", "day_first", "moment"),
    [
        ("23.11.2026 10:05", True, "2026-11-23 10:05:00"),
        ("11/23/2026 1:05:06 PM", False, "2026-11-23 13:05:06"),
        ("11/23/2026 12:05 am", False, "2026-11-23 00:05:00"),
        ("23-11-2026 10:05:06 +0100", True, "2026-11-23 09:05:06"),
        ("11/12/2026 10:05", None, None),
        ("2026年11月23日", None, "2026-11-23 00:00:00"),
        ("2026年11月23日 下午1:05", None, "2026-11-23 13:05:00"),
        ("23 Nov 2026 10:05", None, "2026-11-23 10:05:00"),
        ("Nov 23, 2026 10:05 PM", None, "2026-11-23 22:05:00"),
        ("Fri, 02 Jan 2026 10:05:00 +0800", None, "2026-01-02 02:05:00"),
        ("1767225600", None, "2026-01-01 00:00:00"),
        ("550 5.1.1 no", None, None),
        ("2026年13月40日", None, None),
    ],
)
def test_times_of_any_spelling(text, day_first, moment):
    assert said(times.from_text(text, None, day_first)) == moment


@pytest.mark.parametrize(
    ("texts", "first"),
    [
        (["01/02/2026", "23/02/2026"], True),
        (["01/02/2026", "01/23/2026"], False),
        (["01.02.2026"], True),
        (["01/02/2026"], None),
        (["23/02/2026", "02/23/2026"], None),
        (["2026-01-02", "", "x"], None),
    ],
)
def test_what_comes_first_is_told_by_the_column_or_not_at_all(texts, first):
    assert times.day_first(texts) is first


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("2026-01-02 10:05", False),
        ("2026-01-02T10:05Z", True),
        ("1767225600", True),
        ("23.11.2026 10:05", False),
        ("23.11.2026 10:05 +01:00", True),
        ("Fri, 02 Jan 2026 10:05:00 GMT", True),
        ("2026年11月23日", False),
    ],
)
def test_zone_is_named_or_not(text, named):
    assert times.names_zone(text) is named


@given(st.text(max_size=60), st.sampled_from([None, True, False]))
def test_any_text_is_a_plausible_time_or_missing(text, first):
    found = times.from_text(text, "Asia/Shanghai", first)
    assert found is None or times.EARLIEST <= found < times.LATEST
    times.looks_like_time(text)
    times.names_zone(text)


@pytest.mark.parametrize("name", ["Mars/Olympus", "../etc/passwd", "\0", "x" * 300])
def test_unknown_zone_is_said(name):
    with pytest.raises(BouncekitError, match="is not a time zone"):
        times.zone(name)
