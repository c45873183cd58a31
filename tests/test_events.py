"""What readers of vendors' events share."""

import json

import pyarrow as pa
import pytest

from bouncekit.accounting import Ledger
from bouncekit.inputs.sources import Head
from bouncekit.readers import _events, _json, readers
from bouncekit.readers._base import BadItem, Options, SkipItem
from tests.fixtures import blob_of, cases, name

WORDS = _events.Vocabulary("Acme", {"bounced": "bounce"}, {"open": "an open"})


def test_a_word_is_an_event_or_none_of_ours():
    assert WORDS.event("bounced") == "bounce"
    with pytest.raises(SkipItem, match="is an open, not a delivery event"):
        WORDS.event("open")


@pytest.mark.parametrize(
    ("word", "sentence"),
    [("melted", "has the event 'melted', which is none of Acme's"), (None, "names no event")],
)
def test_a_word_that_the_vendor_does_not_have_is_a_bad_item(word, sentence):
    with pytest.raises(BadItem, match=sentence):
        WORDS.event(word)


@pytest.mark.parametrize("word", [None, 5, {}, [], {"type": "open"}])
def test_what_is_no_word_is_none_of_the_vendors(word):
    assert word not in WORDS


@pytest.mark.parametrize("value", [{}, [], ""])
def test_an_empty_post_is_skipped(value):
    with pytest.raises(SkipItem, match="test post"):
        _events.posted(value)


@pytest.mark.parametrize("value", ["text", 5, None, [1]])
def test_a_post_that_is_no_object_is_a_bad_item(value):
    with pytest.raises(BadItem, match="not a JSON object"):
        _events.posted(value)


def test_parts_of_a_strange_object_are_empty_and_never_raise():
    assert _json.part({"a": {"b": {"c": 1}}}, "a", "b") == {"c": 1}
    assert _json.part({"a": [1]}, "a", "b") == {}
    assert _json.part(None, "a") == {}
    assert _events.entries(None) == []
    assert _events.entries("one") == ["one"]
    assert _events.text({"a": {}, "b": " ", "c": 5}, "a", "b", "c") == "5"


def test_an_assumed_zone_is_noted_once_unless_it_was_given():
    items = _events.noting_zone(
        lambda blob, options, ledger: [(1, {"at": "x"}), (2, {"at": "y"}), (3, "text")],
        lambda event: "at" in event,
        "Asia/Shanghai",
        "Beijing time",
    )
    silent, told = Ledger("a"), Ledger("b")
    assert len(list(items(None, Options(tz="UTC"), silent))) == 3
    list(items(None, Options(), told))
    assert silent.notes == []
    (note,) = told.notes
    assert "read as Asia/Shanghai (Beijing time); give tz=" in note


def test_settled_rows_have_an_event_and_all_are_accounted_for():
    ledger = Ledger("a.csv")
    table = pa.table(
        {
            "event": ["bounce", _events.SKIP, None],
            "vendor_type": ["hard", "opened", "melted"],
            "item": [1, 2, 3],
        }
    )
    assert _events.settled(table, ledger).column("item").to_pylist() == [1]
    entry = ledger.entry()
    assert (entry.read, entry.skipped, entry.failed) == (1, 1, 1)
    assert ledger.failures[0].reason == "says 'melted', which is no event that is known"


ODD = (None, 5, [["a"]], {"a": []})


def _bent(value, odd, depth=1):
    """Yield copies of a value with one member replaced by something odd."""
    for key in value:
        yield {**value, key: odd}
        if depth and isinstance(value[key], dict):
            yield from ({**value, key: inner} for inner in _bent(value[key], odd, depth - 1))


def _first_objects():
    for case in cases():
        head = blob_of(case).head
        for value in _json.first_objects(head)[:2]:
            yield pytest.param(value, id=name(case))


@pytest.mark.parametrize("value", list(_first_objects()))
def test_no_reader_raises_at_an_object_of_the_wrong_kinds(value):
    for odd in ODD:
        for bent in _bent(value, odd):
            head = Head("odd.json", json.dumps(bent).encode())
            assert all(0 <= reader.sniff(head) <= 100 for reader in readers())
