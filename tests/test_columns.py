"""What works on whole columns gives what working on each cell gives."""

import csv
import io
import json
import random
import re
from datetime import UTC, datetime, timedelta

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncekit import codes, read, times
from bouncekit.accounting import ingest
from bouncekit.arrays import threads
from bouncekit.code_columns import reply_codes
from bouncekit.inputs.sources import Blob
from bouncekit.readers import _blocks, _columns, _csv, _json
from bouncekit.texts import MAX_TEXT, clean_texts

HEADER = b"status,reason,email,created\n"
PIECES = st.sampled_from(
    ["550", "421", "250", "99", " ", "-", "#", "5.1.1", "5.7.26", "4.2.2", ".", "1", "smtp;", "x"]
) | st.sampled_from(
    ["SMTP; ", "bytes", "MB", "messages", "\n", "@", "https://x/5.1.1", "-12-3", "said: ", "邮", ""]
)


@given(st.lists(st.none() | st.lists(PIECES, max_size=8).map("".join), max_size=30))
def test_codes_of_a_column_are_those_of_each_text(texts):
    smtp, enhanced = reply_codes(pa.array(texts, pa.string()))
    assert smtp.to_pylist() == [codes.reply_code(text) for text in texts]
    assert enhanced.to_pylist() == [codes.enhanced_code(text) for text in texts]


def test_codes_of_real_replies_with_numbers_of_all_kinds(root):
    dice = random.Random(3)
    with (root / "tests/data/replies.tsv").open(encoding="utf-8", newline="") as stream:
        texts = [row["text"] for row in csv.DictReader(stream, delimiter="\t")]
    texts += [
        re.sub(r"\d", lambda digit: dice.choice([digit[0], dice.choice("0123456789")]), text)
        for text in texts * 3
    ]
    column = pa.array(texts, pa.large_string()).slice(7)
    smtp, enhanced = reply_codes(column)
    assert smtp.to_pylist() == [codes.reply_code(text) for text in texts[7:]]
    assert enhanced.to_pylist() == [codes.enhanced_code(text) for text in texts[7:]]


@given(st.lists(st.none() | st.text(alphabet="a \t\n\x00\x7f\xa0\u202eé邮", max_size=6)))
def test_cleaning_a_column_cleans_each_text(texts):
    def cleaned(text):
        controls = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f\u202a-\u202e\u2066-\u2069]"
        return text if text is None else re.sub(controls, " ", text).strip()[:MAX_TEXT] or None

    assert clean_texts(pa.array(texts, pa.string())).to_pylist() == [cleaned(t) for t in texts]


def test_texts_are_bounded():
    found = clean_texts(pa.array(["a" * 5_000, "é" * 5_000, "b"], pa.string())).to_pylist()
    assert [len(text) for text in found] == [MAX_TEXT, MAX_TEXT, 1]


@pytest.mark.parametrize(
    "cells",
    [
        ["1767225600", "1767225600123", "1767225600123456", None, "0001767225600"],
        ["1767225600", "no", "", "12", "-5", "99999999999999999999"],
        [None, None],
        [],
    ],
)
def test_times_of_a_column_are_those_of_each_cell(cells):
    column = pa.chunked_array([pa.array(cells, pa.string())])
    found = _columns.moments(column, times.from_text).to_pylist()
    assert found == [None if cell is None else times.from_text(cell) for cell in cells]


def csv_of_all_sorts(count, *odd):
    """Records as servers write them: addresses, codes, lines in cells, empty and odd ones."""
    dice = random.Random(11)
    start = datetime(2026, 1, 2, tzinfo=UTC)
    reasons = (
        "550 5.1.1 <{a}>: user unknown",
        '"550-5.7.1 first, ""quoted""\n550 5.7.1 second {n}"',
        "mailbox full {n}",
        "smtp; 452 4.2.2 quota",
        "\t ",
        "邮箱不存在 {n}",
        "",
    )
    for number in range(count):
        address = f"user{dice.randrange(count)}@Example{dice.randrange(9)}.com"
        reason = dice.choice(reasons).format(a=address, n=number)
        when = int((start + timedelta(seconds=number)).timestamp())
        yield f"{dice.choice(['5.1.1', ''])},{reason},{address},{when}\n".encode()
        if dice.random() < 0.01:
            yield dice.choice([b",,,\n", b"\n", b"5.1.1,a,b,c,d,e,f\n", *odd])


@pytest.mark.parametrize("size", [2_000, 50_000])
def test_no_block_changes_a_table_or_its_account(monkeypatch, size):
    data = HEADER + b"".join(csv_of_all_sorts(3_000))
    expected = read(data)
    monkeypatch.setattr(_blocks, "BLOCK_BYTES", size)
    monkeypatch.setattr("bouncekit.intake.collecting.BUFFER_ROWS", size // 100)
    found = read(data)
    pd.testing.assert_frame_equal(found, expected)
    assert ingest(found) == ingest(expected)
    assert ingest(found).skipped > 5


def test_no_number_of_cores_changes_a_table_or_its_account(monkeypatch):
    monkeypatch.setattr(_blocks, "BLOCK_BYTES", 5_000)
    open_quote = b'5.1.1,"open,x@example.com,1\n'
    data = HEADER + b"".join(csv_of_all_sorts(3_000, open_quote))
    monkeypatch.setattr(threads, "usable_cores", lambda: 1)
    expected = read(data)
    for cores in (2, 5):
        monkeypatch.setattr(threads, "usable_cores", lambda cores=cores: cores)
        found = read(data)
        pd.testing.assert_frame_equal(found, expected)
        assert ingest(found) == ingest(expected)
    assert ingest(expected).failed > 0
    assert len(expected) > 2_900


EVENTS = [
    {"event": "bounce", "email": " a@example.com", "timestamp": 1767225600, "smtp-id": "<m1@x>"},
    {"event": "open", "email": "b@example.com", "timestamp": 1767225600},
    {"event": "moon", "email": "c@example.com"},
    {"event": "dropped", "reason": "Invalid", "email": "d@example.com", "timestamp": "1767225601"},
    {"event": "deferred", "response": "421 4.7.0 no", "timestamp": 1767225602.5, "category": ["x"]},
    {"event": "bounce", "email": True, "reason": 550, "sg_message_id": "m2.f", "status": ["5.1.1"]},
    {"event": "delivered", "email": "e\ud800@example.com", "timestamp": {"a": 1}, "ip": 5},
    {},
    5,
]


@pytest.mark.parametrize("window", [150, 1_000, 1 << 20])
@pytest.mark.parametrize("layout", ["lines", "array", "array of lines", "indented", "posts"])
def test_events_read_many_at_once_are_those_read_one_by_one(monkeypatch, layout, window):
    dice = random.Random(4)
    events = [dice.choice(EVENTS) for _ in range(300)]
    data = {
        "lines": "\n".join(map(json.dumps, events)),
        "array": json.dumps(events),
        "array of lines": "[\n" + ",\n".join(map(json.dumps, events)) + "\n]\n",
        "indented": json.dumps(events, indent=1),
        "posts": "\n".join(json.dumps(events[n : n + 7]) for n in range(0, 300, 7)),
    }[layout].encode()
    with monkeypatch.context() as slow:
        slow.setattr(_json._Cursor, "many", lambda self: None)
        slow.setattr(_json, "value_lists", one_value_at_a_time(_json.value_lists))
        expected = read(data)
    monkeypatch.setattr(_json, "_CHUNK", window)
    found = read(data)
    pd.testing.assert_frame_equal(found, expected)
    assert ingest(found) == ingest(expected)
    assert ingest(found).items == 300


def one_value_at_a_time(value_lists):
    return lambda blob: ([value] for values in value_lists(blob) for value in values)


@pytest.mark.parametrize(
    "broken", ['{"event": "bo', '{"event": NaN}', "}{", '{"a":1}}', '{"a": "raw\nline"}', "\x1e"]
)
def test_a_broken_event_sends_only_its_stretch_the_slow_way(monkeypatch, broken):
    monkeypatch.setattr(_json, "_CHUNK", 2_000)
    whole = [EVENTS[0] | {"smtp-id": f"<m{n}@x>"} for n in range(200)]
    lines = [json.dumps(event) for event in whole]
    lines.insert(90, broken)
    slow = []
    raw_decode = _json.DECODER.raw_decode

    class Counted:
        def raw_decode(self, text, place):
            slow.append(place)
            return raw_decode(text, place)

    monkeypatch.setattr(_json, "DECODER", Counted())
    data = "\n".join(lines).encode()
    found = [value for value in _json.values(Blob("x", lambda: io.BytesIO(data))) if value in whole]
    assert found == whole
    assert 0 < len(slow) < 40


def test_records_read_one_by_one_are_those_read_at_once(monkeypatch):
    data = HEADER + b"".join(csv_of_all_sorts(2_000))
    expected = read(data)
    monkeypatch.setattr(_csv, "_with_cells", lambda block: (block, None))
    found = read(data)
    pd.testing.assert_frame_equal(found, expected)
    assert ingest(found) == ingest(expected)
