"""Whether the day comes first in a file's dates."""

import io

import pytest

from bouncekit.inputs.sources import Blob
from bouncekit.readers import _dates


def blob(*dates):
    lines = ["email,when", *(f"ann@example.com,{date}" for date in dates)]
    data = "\n".join(lines).encode() + b"\n"
    return Blob("dates.csv", lambda: io.BytesIO(data))


@pytest.mark.parametrize(
    ("dates", "told"),
    [
        (["05/01/2026 10:00", "13/01/2026 10:00"], True),
        (["05/01/2026 10:00", "01/13/2026 10:00"], False),
        (["05.01.2026 10:00"], True),
        (["05/01/2026 10:00", "06/02/2026 10:00"], None),
        (["13/01/2026 10:00", "01/13/2026 10:00"], None),
        (["2026-01-05 10:00"], None),
    ],
)
def test_one_date_that_tells_tells_for_the_file(dates, told):
    assert _dates.day_first(blob(*dates), "when") is told


def test_the_whole_file_is_asked_where_its_head_does_not_tell():
    many = ["05/01/2026 10:00"] * 5_000
    assert _dates.day_first(blob(*many), "when") is None
    assert _dates.day_first(blob(*many, "31/01/2026 10:00"), "when") is True


def test_a_column_that_is_not_there_tells_nothing():
    assert _dates.day_first(blob("05/01/2026"), "sent at") is None


@pytest.mark.parametrize(
    ("text", "unclear"), [("05/01/2026", True), ("2026-01-05", False), ("soon", False)]
)
def test_a_date_that_reads_both_ways_is_unclear(text, unclear):
    assert _dates.is_unclear(text) is unclear
