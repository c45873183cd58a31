import gzip
import io

import pytest

from bouncekit.inputs.sources import Blob
from bouncekit.readers import readers, source_names
from bouncekit.readers._base import NO, RAW_SCHEMA
from bouncekit.taxonomy import EVENTS
from tests.fixtures import FOLDER, account_line, blob_of, cases, expectation, made, name, wanted

CASES = cases()


def memory(label: str, data: bytes, like: Blob) -> Blob:
    return Blob(label, lambda: io.BytesIO(data), mtime=like.mtime)


def test_every_reader_has_a_fixture_and_every_fixture_a_reader():
    assert {case.parent.name for case in CASES} == set(source_names())


def test_every_fixture_has_its_expectation_and_no_expectation_stands_alone():
    assert {expectation(case) for case in CASES} == set(FOLDER.glob("*/*.expected.csv"))


@pytest.mark.parametrize("case", CASES, ids=name)
def test_fixture_gives_the_table_beside_it(case):
    rows, account = made(blob_of(case))
    expected, line = wanted(case)
    columns = list(expected[0]) if expected else []
    assert [{key: row[key] for key in columns} for row in rows] == expected
    assert account_line(account) == line


@pytest.mark.parametrize("case", CASES, ids=name)
def test_account_adds_up_and_every_problem_says_why(case):
    _, account = made(blob_of(case))
    assert account.items == account.read + account.skipped + account.failed
    assert all(len(problem.reason) > 5 for problem in account.problems)
    assert len(account.problems) == len(account.skips) + account.failed


@pytest.mark.parametrize("case", CASES, ids=name)
def test_exactly_one_reader_claims_a_fixture(case):
    head = blob_of(case).head
    bids = {reader.name: reader.sniff(head) for reader in readers()}
    best = max(bids.values())
    assert [reader for reader, bid in bids.items() if bid == best > NO] == [case.parent.name]


@pytest.mark.parametrize("case", CASES, ids=name)
def test_reading_twice_gives_the_same(case):
    blob = blob_of(case)
    assert made(blob) == made(blob)


@pytest.mark.parametrize("case", CASES, ids=name)
def test_line_ends_and_packing_change_nothing(case):
    blob = blob_of(case)
    data = blob.read_bytes()
    rows, account = made(blob)
    variants = [memory(blob.label, data, blob)]
    if b"\0" not in data:
        unix = data.replace(b"\r\n", b"\n")
        variants += [
            memory(blob.label, ends, blob) for ends in (unix, unix.replace(b"\n", b"\r\n"))
        ]
    for variant in variants:
        again, counts = made(variant)
        assert flat(again) == flat(rows)
        assert account_line(counts) == account_line(account)


def flat(rows):
    return [{key: value.replace("\r\n", "\n") for key, value in row.items()} for row in rows]


@pytest.mark.parametrize("reader", readers(), ids=lambda reader: reader.name)
def test_events_of_a_reader_are_those_of_the_table(reader):
    events = {
        row["event"]
        for case in CASES
        if case.parent.name == reader.name
        for row in made(blob_of(case))[0]
    }
    assert events
    assert events <= set(EVENTS)


@pytest.mark.parametrize("reader", readers(), ids=lambda reader: reader.name)
def test_reader_says_what_it_is_and_how_to_get_the_file(reader):
    assert reader.title
    assert reader.how_to_get
    assert reader.kind in ("events", "failures", "state list")
    assert reader.certainty


def test_raw_columns_are_columns_of_the_table():
    from bouncekit.schema import NAMES

    assert set(RAW_SCHEMA.names) <= set(NAMES)


def test_a_packed_fixture_reads_like_the_plain_one(tmp_path):
    case = FOLDER / "sendgrid_csv" / "suppression_bounces.csv"
    packed = tmp_path / "suppression_bounces.csv.gz"
    packed.write_bytes(gzip.compress(case.read_bytes(), mtime=0))
    assert made(blob_of(packed))[0] == made(blob_of(case))[0]
