import pandas as pd
import pytest

from bouncekit.errors import TableError
from bouncekit.schema import COLUMNS, NAMES, bounce_table, category_lists, conform, dtypes, require
from bouncekit.taxonomy import EVENTS


def test_table_has_every_column_in_order_and_typed():
    table = bounce_table([{"event": "bounce", "recipient": "Ann@Example.COM"}])
    assert tuple(table.columns) == NAMES
    assert dict(table.dtypes) == dtypes()
    row = table.loc[0]
    assert (row["recipient"], row["domain"], row["org_domain"], row["provider"]) == (
        "Ann@example.com",
        "example.com",
        "example.com",
        "other",
    )


def test_table_without_rows_is_typed_too():
    table = bounce_table([])
    assert dict(table.dtypes) == dtypes()
    assert len(table) == 0


def test_every_column_says_what_it_means():
    assert all(column.meaning for column in COLUMNS)
    assert len(set(NAMES)) == len(NAMES)


def test_categories_carry_their_full_lists():
    table = bounce_table([{"event": "sent"}])
    assert tuple(table["event"].cat.categories) == EVENTS
    for name, values in category_lists().items():
        assert tuple(table[name].cat.categories) == values


def test_time_becomes_utc_and_text_without_zone_is_utc():
    table = bounce_table(
        [{"timestamp": "2026-01-02T10:00:00+08:00"}, {"timestamp": "2026-01-02T02:00:00"}, {}]
    )
    assert table["timestamp"].astype(str).tolist()[:2] == ["2026-01-02 02:00:00+00:00"] * 2
    assert pd.isna(table.loc[2, "timestamp"])


def test_values_that_are_given_stay():
    given = {"recipient": "ann@example.com", "provider": "google", "event_id": "x" * 32}
    row = bounce_table([given, {"recipient": "bo@example.org"}]).loc[0]
    assert (row["provider"], row["event_id"]) == ("google", "x" * 32)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"mail": "x"}, "unknown column 'mail'"),
        ({"event": "bounced"}, "'bounced' is not one of sent, delivered"),
        ({"smtp_code": "many"}, "column 'smtp_code'"),
        ({"smtp_code": 99999}, "column 'smtp_code'"),
        ({"timestamp": "soon"}, "column 'timestamp'"),
    ],
)
def test_what_does_not_fit_is_said(row, said):
    with pytest.raises(TableError, match=said):
        bounce_table([row])


def test_conform_leaves_its_input_alone_and_counts_rows_anew():
    given = pd.DataFrame({"recipient": ["a@example.com"]}, index=[7])
    table = conform(given)
    assert list(table.index) == [0]
    assert list(given.columns) == ["recipient"]


def test_require_names_the_column_that_lacks():
    with pytest.raises(TableError, match="lacks the column 'event'"):
        require(pd.DataFrame({"recipient": []}), "recipient", "event")
    with pytest.raises(TableError, match=r"expected the result of bk\.read"):
        require([], "event")
