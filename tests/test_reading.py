import gzip
import io
import json
import random
import zipfile

import pandas as pd
import pytest

from bouncekit import read
from bouncekit.accounting import ingest
from bouncekit.errors import BouncekitError, InputNotFoundError, UnknownFormatError
from bouncekit.inputs.sources import Head
from bouncekit.intake.recognition import recognise
from bouncekit.schema import NAMES, dtypes
from tests.fixtures import cases, name

HEADER = b"status,reason,email,created\n"
GOOD = b"5.1.1,550 5.1.1 No such user,good@example.com,1767225600\n"
EVENT = {
    "email": "good@example.com",
    "timestamp": 1767225600,
    "event": "bounce",
    "type": "bounce",
    "sg_event_id": "x",
    "sg_message_id": "m1.f",
    "reason": "550 5.1.1 No such user",
}
DELIVERY = (
    "2026-01-02T03:04:05Z mx postfix/smtp[1]: 4F3D2A1B0C: to=<good@example.com>, relay=none, "
    "delay=1, delays=0/0/0/1, dsn=5.4.4, status=bounced (Host not found)\n"
)


def account(df):
    found = ingest(df)
    assert found.items == found.read + found.skipped + found.failed
    return found


def test_table_has_every_column_typed_and_its_account():
    df = read(HEADER + GOOD)
    assert tuple(df.columns) == NAMES
    assert dict(df.dtypes) == dtypes()
    assert account(df).rows == 1
    assert df.loc[0, ["recipient", "reason", "source", "file", "item"]].tolist() == [
        "good@example.com",
        "user_unknown",
        "sendgrid_csv",
        "<bytes 1>",
        1,
    ]


def test_the_same_export_twice_changes_nothing(tmp_path):
    for file in ("a.csv", "b.csv"):
        (tmp_path / file).write_bytes(HEADER + GOOD)
    df = read(tmp_path)
    assert df["file"].tolist() == ["a.csv"]
    assert account(df).duplicates == 1


def test_folder_of_everything_reads_whole_and_in_one_order(tmp_path):
    for case in cases():
        target = tmp_path / case.parent.name / case.name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(case.read_bytes())
    df = read(tmp_path)
    pd.testing.assert_frame_equal(df, read(tmp_path))
    files = account(df).files
    assert {entry.file for entry in files} == {name(case) for case in cases()}
    assert all(entry.source == entry.file.partition("/")[0] for entry in files)


def test_contact_list_and_sends_tables_stand_beside_exports(tmp_path):
    (tmp_path / "bounces.csv").write_bytes(HEADER + GOOD)
    beside = {
        "contacts.csv": "name,email,company\nAnn,ann@example.com,Example\n",
        "联系人.csv": "姓名,邮箱,公司,状态\n王,wang@example.cn,例子,正常\n",
        "sends.csv": "date,sent,campaign\n2026-01-01,1200,spring\n",
        "messages.csv": "message_id,recipient,timestamp\nm1@example.com,a@example.com,2026-01-01\n",
        "README.md": "# Exports of March\n",
        "LICENSE": "Do what you like.\n",
        "notes/report.html": "<!doctype html><p>March</p>\n",
        "blank.csv": " \n",
        "nothing.csv": "",
    }
    (tmp_path / "notes").mkdir()
    for file, text in beside.items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    found = account(read(tmp_path))
    told = {problem.file: problem.reason for problem in found.problems}
    assert found.failed == 0
    assert set(told) == set(beside)
    assert all("as contacts" in told[file] for file in ("contacts.csv", "联系人.csv"))
    assert all("as sends" in told[file] for file in ("sends.csv", "messages.csv"))
    documents = {file for file, reason in told.items() if "is a document" in reason}
    assert documents == {"README.md", "LICENSE", "notes/report.html"}


def test_word_processor_files_are_documents_and_exports_with_odd_names_are_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "offer.docx", "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<w:document/>")
    (tmp_path / "readme.html").write_bytes(HEADER + GOOD)
    found = account(read(tmp_path))
    assert (found.failed, found.read) == (0, 1)
    assert {problem.reason for problem in found.problems} == {"is a document, not an export"}


@pytest.mark.parametrize(
    ("src", "said"),
    [
        (b"", "is empty"),
        (b"just some words\n", "no reader knows this file (it begins 'just some words')"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "it holds binary data"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save messages as .eml"),
        (b"name,email\nAnn,ann@example.com\n", "tells of no failures"),
        ([], "there is no file in it"),
        (b"{}", "no reader knows this file"),
        (b"[" * 10_000, "no reader knows this file"),
    ],
)
def test_nothing_recognised_says_what_was_seen_and_what_would_have_worked(src, said):
    with pytest.raises(UnknownFormatError) as caught:
        read(src)
    assert said in str(caught.value)
    assert "sendgrid_csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_path_and_empty_folder(tmp_path):
    with pytest.raises(InputNotFoundError, match="does not exist"):
        read(tmp_path / "none.csv")
    with pytest.raises(UnknownFormatError, match="there is no file in it"):
        read(tmp_path)


def test_wrong_settings_are_said_before_anything_is_read(tmp_path):
    missing = tmp_path / "none.csv"
    with pytest.raises(BouncekitError, match="is not a time zone"):
        read(missing, tz="Shanghai")
    with pytest.raises(BouncekitError, match="has the field 'mail'; the fields are recipient"):
        read(missing, columns={"mail": "x"})


def test_columns_of_the_user_decide():
    table = b"a,b,c\nann@example.com,bo@example.org,550 5.1.1 No such user\n"
    df = read(table, columns={"recipient": "B", "diagnostic": "c"})
    assert df["recipient"].tolist() == ["bo@example.org"]
    assert df["source"].tolist() == ["generic"]
    bare = read(b"who\nann@example.com\n", columns={"recipient": "who"})
    assert bare["event"].tolist() == ["bounce"]


def test_columns_that_are_only_partly_there_are_an_error_and_others_are_ignored():
    table = b"recipient,error\nann@example.com,550 5.1.1 No such user\n"
    with pytest.raises(UnknownFormatError, match=r"lacks the column 'oops'.*recipient, error"):
        read(table, columns={"recipient": "recipient", "diagnostic": "oops"})
    df = read([HEADER + GOOD, table], columns={"recipient": "recipient", "diagnostic": "error"})
    assert df["source"].tolist() == ["sendgrid_csv", "generic"]


def test_note_says_what_was_understood_and_which_zone_was_taken():
    table = "邮箱,退信时间,退信原因\nann@example.cn,2026-01-02 10:00,邮箱不存在\n".encode("gb18030")
    df = read(table)
    english, chinese = ingest(df).notes
    assert "recipient = 邮箱, timestamp = 退信时间, diagnostic = 退信原因" in english
    assert "read as Asia/Shanghai, give tz=... for another" in english
    assert "识别结果：" in chinese
    assert "按 Asia/Shanghai 读取" in chinese
    assert str(df.loc[0, "timestamp"]) == "2026-01-02 02:00:00+00:00"
    paris = read(table, tz="Europe/Paris")
    assert str(paris.loc[0, "timestamp"]) == "2026-01-02 09:00:00+00:00"
    assert "read as Europe/Paris" in ingest(paris).notes[0]


HOSTILE_CSV = {
    "too many cells": b"5.1.1,a@example.com,1767225600,x,y,z,,,1\n",
    "too few cells": b"5.1.1\n",
    "open quote": b'5.1.1,"550 x,a@example.com,1\n',
    "nul": b"5.1.1,\0\0,a\0@example.com,1\n",
    "not utf-8": b"5.1.1,\xff\xfe\xd0,a@example.com,1\n",
    "huge cell": b"5.1.1," + b"x" * 1_500_000 + b",a@example.com,1\n",
    "long cell": b"5.1.1," + b"x" * 900_000 + b",a@example.com,1\n",
    "huge number": b"5.1.1,550 x,a@example.com," + b"9" * 5_000 + b"\n",
    "lone cr": b"5.1.1,550 x,a@example.com,1\r\r",
    "formula": b"5.1.1,=cmd|x,a@example.com,1\n",
}


@pytest.mark.parametrize("bad", HOSTILE_CSV.values(), ids=HOSTILE_CSV)
def test_one_bad_record_costs_itself_alone(bad):
    data = HEADER + GOOD + bad + GOOD.replace(b"good", b"later").replace(b"5600", b"5700")
    df = read(data)
    assert {"good@example.com", "later@example.com"} <= set(df["recipient"].dropna())
    assert account(df).items in (3, 4)
    df["diagnostic"].str.encode("utf-8")
    assert df["diagnostic"].str.len().max() <= 4096


def test_two_stray_quotes_swallow_no_records_between_them():
    record = b"5.1.1,550 %s no,user%d@example.com,1767225600\n"
    rows = [record % (b'"' if n in (3, 60) else b"x", n) for n in range(80)]
    rows[3] = b'5.1.1,"550 no,user3@example.com,1767225600\n'
    rows[60] = b'5.1.1,550 no",user60@example.com,1767225600\n'
    df = read(HEADER + b"".join(rows))
    assert account(df).items == 80
    assert len(df) >= 78


def test_a_bad_byte_far_into_a_file_changes_only_its_own_record():
    rows = [b"5.1.1,550 no,user%d@example.com,1767225600\n" % n for n in range(200_000)]
    rows[150_000] = "5.1.1,550 邮箱不存在,bad@example.com,1767225600\n".encode("gb18030")
    df = read(HEADER + b"".join(rows))
    assert len(df) == account(df).items == 200_000
    assert df.loc[150_000, "diagnostic"] == "550 邮箱不存在"
    assert df["item"].tolist() == list(range(1, 200_001))


def test_blank_records_in_the_middle_keep_the_numbers_of_the_others():
    df = read(HEADER + GOOD + b",,,\n\n" + GOOD.replace(b"good", b"later"))
    assert df["item"].tolist() == [1, 3]
    assert account(df).skips == {("<bytes 1>", "is a blank record"): 1}


HOSTILE_JSON = {
    "cut": '{"email": "a@example.com", "event": "bou',
    "cut number": '{"email": "a@example.com", "timestamp": 17',
    "nan": '{"email": "n@example.com", "event": "bounce", "sg_event_id": "x", "timestamp": NaN}',
    "deep": '{"sg_event_id":' + "[" * 100_000 + "]" * 100_000 + "}",
    "unclosed deep": '{"sg_event_id":' + "[" * 100_000,
    "long integer": '{"sg_event_id": ' + "9" * 10_000 + "}",
    "text": '"text"',
    "number": "5",
    "null": "null",
    "no event": '{"email": "a@example.com"}',
    "lists as values": '{"email": ["x"], "event": "bounce", "timestamp": {"a": 1}, "reason": [1]}',
    "surrogate": '{"email": "a\\ud800@example.com", "event": "bounce", "reason": "\\udc00"}',
    "nul": '{"email": "a@example.com", "event": "bounce", "reason": "\\u0000 no"}',
    "big text": '{"email": "a@example.com", "event": "bounce", "reason": "'
    + "x" * 1_500_000
    + '"}',
    "duplicate keys": '{"email": "a@example.com", "email": "b@example.com", "event": "bounce"}',
    "garbage": "}{][,,:",
}


@pytest.mark.parametrize("bad", HOSTILE_JSON.values(), ids=HOSTILE_JSON)
@pytest.mark.parametrize("packed", [False, True], ids=["lines", "array"])
def test_one_bad_event_costs_itself_alone(bad, packed):
    later = {**EVENT, "email": "later@example.com", "sg_message_id": "m2.f"}
    parts = [json.dumps(EVENT), bad, json.dumps(later)]
    df = read(("[" + ",\n".join(parts) + "]" if packed else "\n".join(parts)).encode())
    found = account(df)
    assert "good@example.com" in set(df["recipient"])
    assert "later@example.com" in set(df["recipient"])
    assert found.items >= 2
    df["diagnostic"].str.encode("utf-8")


def test_one_bad_log_line_costs_itself_alone():
    bad = [
        DELIVERY.replace("status=bounced", "status=" + "x" * 5_000),
        DELIVERY.replace("good@", "a" * 5_000 + "@"),
        DELIVERY.replace("2026-01-02T03:04:05Z", "2026-99-99T99:99:99Z"),
        DELIVERY.replace("relay=none", "relay=" + "y" * 100_000),
        "Foo 99 99:99:99 mx postfix/smtp[1]: 4F3D2A1B0C: to=<a@example.com>, status=sent ()\n",
        "\0\0\0\n",
        "postfix postfix postfix\n",
    ]
    text = DELIVERY + "".join(bad) + DELIVERY.replace("good@", "later@")
    df = read(text.encode())
    assert {"good@example.com", "later@example.com"} <= set(df["recipient"].dropna())
    account(df)


@pytest.mark.parametrize("cut", [40, 400, 4_000])
def test_damaged_archive_gives_what_came_out_and_says_so(cut):
    lines = [
        json.dumps({**EVENT, "sg_message_id": f"{n}-{random.Random(n).random()}"})
        for n in range(2_000)
    ]
    packed = gzip.compress("\n".join(lines).encode())[:-cut]
    df = read(packed)
    found = account(df)
    assert 0 < len(df) <= 2_000
    assert found.read == len(df)
    assert found.failed == 1
    assert "the rest could not be read" in found.problems[0].reason


def test_damaged_archive_gives_no_half_record():
    rows = b"".join(
        b"5.1.1,550 %d no,user%d@example.com,1767225600\n" % (random.Random(n).randrange(10**9), n)
        for n in range(5_000)
    )
    df = read(gzip.compress(HEADER + rows)[:-3_000])
    assert 0 < len(df) < 5_000
    assert df["recipient"].str.endswith("@example.com").all()
    assert account(df).failed == 1


def test_bomb_is_one_failure_beside_good_files():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.csv", HEADER + GOOD * 400_000)
        archive.writestr("good.csv", HEADER + GOOD)
    df = read(out.getvalue())
    assert "unpacks to more than" in account(df).problems[0].reason
    assert set(df["recipient"]) == {"good@example.com"}


@pytest.mark.parametrize("case", cases(), ids=name)
def test_mutilated_fixtures_never_raise_and_always_add_up(case):
    data = case.read_bytes()
    if case.suffix == ".gz":
        data = gzip.decompress(data)
    chance = random.Random(name(case))
    for _ in range(12):
        broken = bytearray(data)
        for _ in range(chance.randrange(1, 20)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        if chance.random() < 0.4:
            del broken[chance.randrange(len(broken)) :]
        try:
            df = read(bytes(broken))
        except UnknownFormatError:
            continue
        account(df)


@pytest.mark.parametrize("case", cases(), ids=name)
def test_sniffing_any_cut_of_a_file_never_raises(case):
    data = case.read_bytes()
    for size in range(0, min(len(data), 3_000), 61):
        try:
            recognise(Head("x", data[:size]))
        except UnknownFormatError:
            continue
