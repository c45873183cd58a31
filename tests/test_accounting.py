import copy

import pandas as pd
import pytest

from bouncekit.accounting import MAX_PROBLEMS, Ingest, Ledger, close, ingest


def ledger(file="a.csv", read=0, skips=(), failures=()):
    made = Ledger(file, "ses")
    made.read = read
    for item, reason in skips:
        made.skip(item, reason)
    for item, reason in failures:
        made.fail(item, reason)
    return made


def test_items_are_read_skipped_and_failed():
    first = ledger("a.csv", 5, [(1, "is an open"), (2, "is an open")], [(3, "is cut off")])
    second = ledger("b.csv", 2, [(1, "is an open")])
    account = close([first, second], rows=9, duplicates=1)
    assert (account.items, account.read, account.skipped, account.failed) == (11, 7, 3, 1)
    assert account.skips == {("a.csv", "is an open"): 2, ("b.csv", "is an open"): 1}
    assert [(p.file, p.item, p.kind) for p in account.problems] == [
        ("a.csv", 3, "failed"),
        ("a.csv", 1, "skipped"),
        ("b.csv", 1, "skipped"),
    ]
    assert str(account) == (
        "11 items = 7 read + 3 skipped + 1 failed; 9 rows, 1 duplicates dropped"
    )


def test_two_files_of_one_name_lose_no_skips():
    account = close(
        [ledger(skips=[(1, "is an open")]), ledger(skips=[(4, "is an open")])], rows=0, duplicates=0
    )
    assert account.skips == {("a.csv", "is an open"): 2}


def test_problems_are_capped_and_the_rest_counted():
    many = ledger(failures=[(n, "is cut off") for n in range(MAX_PROBLEMS + 5)])
    account = close([many, ledger("b.csv", failures=[(1, "x")])], rows=0, duplicates=0)
    assert len(account.problems) == MAX_PROBLEMS
    assert account.more_problems == 6
    assert account.failed == MAX_PROBLEMS + 6


def test_account_as_a_table_counts_each_skip_once_per_reason():
    account = close([ledger(skips=[(1, "x"), (2, "x")], failures=[(3, "y")])], rows=0, duplicates=0)
    assert account.table().to_dict("list") == {
        "file": ["a.csv", "a.csv"],
        "item": [3, 1],
        "kind": ["failed", "skipped"],
        "count": [1, 2],
        "reason": ["y", "x"],
    }
    assert Ingest().table().empty


def test_account_survives_copies_of_the_table():
    df = pd.DataFrame({"a": [1]})
    df.attrs["ingest"] = account = close([ledger(read=1)], rows=1, duplicates=0)
    assert copy.deepcopy(account) is account
    assert ingest(df.copy()) is account
    assert ingest(df[df.a > 0]) is account


def test_table_that_lost_its_account_has_an_empty_one():
    df = pd.DataFrame({"a": [1, 2]})
    assert ingest(df) == Ingest(rows=2)


def test_notes_name_their_file_and_are_kept_once():
    made = ledger(read=1)
    made.note("times name no zone")
    made.note("times name no zone")
    account = close([made], rows=1, duplicates=0)
    assert account.notes == ("a.csv: times name no zone",)
    assert account.sources == ("ses",)


def test_account_cannot_be_changed():
    with pytest.raises(AttributeError):
        Ingest().items = 5
