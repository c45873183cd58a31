"""Logs of mail servers: times without year and zone, and files that continue each other."""

import gzip
import io
import os
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bouncekit import ingest, read
from bouncekit.inputs.sources import Blob
from bouncekit.readers import _syslog, reader_named
from bouncekit.readers._base import Options

OLD = (
    "Dec 31 23:58:00 mx1 postfix/cleanup[91]: 4F3D2A1B0C: message-id=<spring-1@example.com>\n"
    "Dec 31 23:58:00 mx1 postfix/qmgr[80]: 4F3D2A1B0C: from=<news@example.com>, size=1\n"
    "Dec 31 23:58:01 mx1 postfix/smtp[92]: 4F3D2A1B0C: to=<ann@example.net>, "
    "relay=mx.example.net[198.51.100.7]:25, delay=1, delays=0/0/0/1, dsn=4.2.2, status=deferred "
    "(host mx.example.net[198.51.100.7] said: 452 4.2.2 over quota (in reply to RCPT TO command))\n"
)
NEW = (
    "Jan  5 23:58:30 mx1 postfix/qmgr[80]: 4F3D2A1B0C: from=<news@example.com>, status=expired, "
    "returned to sender\n"
    "Jan  5 23:58:30 mx1 postfix/qmgr[80]: 4F3D2A1B0C: removed\n"
)
WRITTEN_OLD = datetime(2026, 1, 1, 0, 0, 5, tzinfo=UTC).timestamp()
WRITTEN_NEW = datetime(2026, 1, 6, 8, 0, 0, tzinfo=UTC).timestamp()


def write(path: Path, data: bytes, written: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (written, written))


def told(df):
    return df[["event", "recipient", "message_id", "file", "item"]].to_numpy().tolist()


EXPIRED = ["bounce", "ann@example.net", "spring-1@example.com"]
DEFERRED = ["deferral", *EXPIRED[1:]]


@pytest.mark.parametrize("names", [("mail.log.1", "mail.log"), ("mail.log-1", "mail.log-0")])
def test_rotated_files_of_a_folder_are_read_as_one(tmp_path, names):
    old, new = names
    write(tmp_path / old, OLD.encode(), WRITTEN_OLD)
    write(tmp_path / new, NEW.encode(), WRITTEN_NEW)
    df = read(tmp_path)
    assert told(df) == [[*DEFERRED, old, 3], [*EXPIRED, new, 1]]
    assert df["timestamp"].dt.year.tolist() == [2025, 2026]
    assert df["smtp_code"].tolist() == [452, 452]


def test_a_compressed_rotation_is_read_as_one(tmp_path):
    packed = gzip.compress(OLD.encode(), mtime=int(WRITTEN_OLD))
    write(tmp_path / "mail.log.1.gz", packed, WRITTEN_NEW)
    write(tmp_path / "mail.log", NEW.encode(), WRITTEN_NEW)
    assert told(read(tmp_path)) == [[*DEFERRED, "mail.log.1.gz", 3], [*EXPIRED, "mail.log", 1]]


def test_a_rotation_inside_an_archive_is_read_as_one():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text, when in (
            ("log/mail.log", NEW, (2026, 1, 6, 0, 0, 0)),
            ("log/mail.log.1", OLD, (2026, 1, 1, 0, 0, 0)),
        ):
            archive.writestr(zipfile.ZipInfo(name, when), text)
    df = read(out.getvalue())
    assert [row[3] for row in told(df)] == ["<bytes 1>!log/mail.log.1", "<bytes 1>!log/mail.log"]
    assert df["message_id"].notna().all()


def test_logs_of_two_folders_know_nothing_of_each_other(tmp_path):
    write(tmp_path / "one" / "mail.log.1", OLD.encode(), WRITTEN_OLD)
    write(tmp_path / "two" / "mail.log", NEW.encode(), WRITTEN_NEW)
    assert read(tmp_path)["message_id"].isna().tolist() == [False, True]


EXIM = (
    "2026-01-05 10:00:01 1tUabc-00000001Xy2-3Def <= news@example.com P=esmtp id=e1@example.com\n"
    "2026-01-05 10:00:07 1tUabc-00000001Xy2-3Def == ann@example.net R=dnslookup T=remote_smtp "
    "defer (-44): SMTP error from remote mail server after RCPT TO:<ann@example.net>: 452 full\n",
    "2026-01-09 12:00:00 1tUabc-00000001Xy2-3Def ** ann@example.net R=dnslookup T=remote_smtp: "
    "retry timeout exceeded\n",
)
SENDMAIL = (
    "Jan  5 10:00:01 mx1 sm-mta[1]: 605Hx0Ab000101: from=<news@example.com>, "
    "msgid=<s1@example.com>\n"
    "Jan  5 10:00:02 mx1 sm-mta[1]: 605Hx0Ab000101: to=<ann@example.net>, delay=00:00:01, "
    "dsn=4.2.2, reply=452 4.2.2 full, stat=Deferred\n",
    "Jan  9 10:00:02 mx1 sm-mta[1]: 605Hx0Ab000101: to=<ann@example.net>, delay=4+00:00:01, "
    "dsn=5.0.0, stat=Cannot send message for 4 days\n",
)


@pytest.mark.parametrize(("old", "new"), [EXIM, SENDMAIL], ids=["exim", "sendmail"])
def test_every_log_of_a_server_is_read_with_its_older_files(tmp_path, old, new):
    write(
        tmp_path / "log.1.gz",
        gzip.compress(old.encode(), mtime=int(day("2026-01-06").timestamp())),
        0,
    )
    write(tmp_path / "log", new.encode(), day("2026-01-09").timestamp())
    df = read(tmp_path)
    assert df["event"].tolist() == ["deferral", "bounce"]
    assert df["smtp_code"].tolist() == [452, 452]
    assert df["message_id"].nunique() == 1
    assert df["sender"].tolist() == ["news@example.com"] * 2


def test_a_line_that_upsets_a_reader_costs_only_itself(tmp_path, monkeypatch):
    monkeypatch.setattr("bouncekit.readers.exim._failed", lambda *_: 1 / 0)
    write(tmp_path / "log", (EXIM[0] + EXIM[1].replace("**", "=>")).encode(), WRITTEN_NEW)
    account = ingest(read(tmp_path))
    assert (account.read, account.failed) == (1, 1)
    assert "ZeroDivisionError" in account.problems[0].reason


def test_files_without_any_year_are_read_by_their_numbers(tmp_path):
    (tmp_path / "mail.log.2").write_text(OLD, encoding="utf-8")
    (tmp_path / "mail.log.1").write_text(NEW, encoding="utf-8")
    blobs = [
        Blob(path.name, lambda path=path: path.open("rb")) for path in sorted(tmp_path.iterdir())
    ]
    order = [reader_named("postfix").read.order(blob, Options()) for blob in blobs]
    assert [key[3] for key in sorted(order)] == ["mail.log.2", "mail.log.1"]


def test_a_damaged_file_of_a_rotation_costs_only_itself(tmp_path):
    many = "".join(OLD.replace("4F3D2A1B0C", f"{n:010X}") for n in range(3_000))
    packed = gzip.compress(many.encode(), mtime=int(WRITTEN_OLD))
    write(tmp_path / "mail.log.1.gz", packed[: len(packed) // 2], WRITTEN_NEW)
    write(tmp_path / "mail.log", NEW.encode(), WRITTEN_NEW)
    account = ingest(read(tmp_path))
    assert account.failed == 1
    assert {entry.file for entry in account.files if entry.read} == {"mail.log.1.gz", "mail.log"}


def test_a_log_copied_twice_counts_once(tmp_path):
    for name in ("mail.log", "mail.info"):
        write(tmp_path / name, (OLD + NEW).encode(), WRITTEN_NEW)
    df = read(tmp_path)
    assert len(df) == 2
    assert ingest(df).duplicates == 2


# --- times ---------------------------------------------------------------------


def log(*stamps: str) -> bytes:
    return "".join(f"{stamp} mx1 postfix/smtp[9]: ...\n" for stamp in stamps).encode()


def dated(data: bytes, *, name: str = "mail.log", written: datetime | None, tz: str | None = None):
    mtime = written.timestamp() if written else None
    blob = Blob(name, lambda: io.BytesIO(data), mtime=mtime)
    clock = _syslog.Clock(blob, tz)
    found = [clock.at(line) for _, line in _syslog.lines(blob, clock)]
    return [
        None if time is None else f"{datetime.fromtimestamp(time / 1e6, UTC):%Y-%m-%d %H:%M:%S}"
        for time in found
    ]


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("stamps", "written", "years"),
    [
        (["Nov 22 01:00:00"], "2026-11-22", [2026]),
        (["Dec 31 23:59:59", "Jan  1 00:00:00"], "2026-01-01", [2025, 2026]),
        (["Dec 31 23:59:59"], "2026-01-01", [2025]),
        (["Dec 31 23:59:59", "Jan  1 00:00:00", "Dec 31 23:59:58", "Jan  1 00:00:01"],
         "2026-01-01", [2025, 2026, 2025, 2026]),
        (["Oct  1 01:00:00", "Feb  1 01:00:00", "Nov  1 01:00:00", "Mar  1 01:00:00"],
         "2026-03-02", [2024, 2025, 2025, 2026]),
        (["Jan  1 01:00:00"], "2026-01-01", [2026]),
        (["Mar  9 01:00:00"], "2026-03-02", [2025]),
        (["Mar  3 01:00:00"], "2026-03-02", [2026]),
        (["Feb 28 23:00:00", "Feb 29 01:00:00", "Mar  1 01:00:00"], "2024-03-01", [2024] * 3),
        (["Feb 29 01:00:00", "Mar  1 01:00:00"], "2026-03-05", [2024] * 2),
        (["Dec 30 01:00:00", "Feb 29 01:00:00"], "2026-03-05", [2023, 2024]),
        (["Jan 02 01:00:00"], "2026-01-02", [2026]),
        (["<22>Dec 31 23:59:59", "<22>Jan  1 00:00:00"], "2026-01-01", [2025, 2026]),
    ],
)  # fmt: skip
def test_year_of_lines_that_name_none(stamps, written, years):
    found = dated(log(*stamps), written=day(written))
    assert [int(time[:4]) for time in found] == years


def test_a_turn_of_the_year_is_seen_in_lines_of_no_interest():
    data = log("Dec 31 23:59:59") * 3 + log("Jan  1 00:00:00")
    blob = Blob("mail.log", lambda: io.BytesIO(data), mtime=day("2026-01-02").timestamp())
    clock = _syslog.Clock(blob, None)
    last = [line for _, line in _syslog.lines(blob, clock)][-1]
    assert clock.at(last) == day("2026-01-01").timestamp() * 1e6


def test_years_are_told_in_a_file_of_many_blocks():
    data = log("Nov  1 01:00:00") * 40_000 + log("Jan  3 01:00:00") * 40_000
    found = dated(data, written=day("2026-01-04"))
    assert (found[0][:4], found[-1][:4]) == ("2025", "2026")


def test_date_in_the_name_comes_before_that_of_the_file():
    found = dated(log("Nov 22 01:00:00"), name="mail.log-20241123", written=day("2026-01-01"))
    assert found == ["2024-11-22 01:00:00"]


def test_without_any_date_classic_times_are_missing():
    assert dated(log("Nov 22 01:00:00"), written=None) == [None]


@pytest.mark.parametrize(
    ("stamp", "time"),
    [
        ("2026-01-02T03:04:05.123456+08:00", "2026-01-01 19:04:05"),
        ("2026-01-02T03:04:05Z", "2026-01-02 03:04:05"),
        ("2026-01-02T03:04:05+0800", "2026-01-01 19:04:05"),
        ("2026-01-02 03:04:05", "2026-01-02 03:04:05"),
        ("<22>1 2026-01-02T03:04:05Z", "2026-01-02 03:04:05"),
        ("Jan  2 2025 03:04:05", "2025-01-02 03:04:05"),
        ("Jan  2 03:04:05.678", "2026-01-02 03:04:05"),
        ("Jan  2 03:04:60", "2026-01-02 03:04:59"),
        ("Foo  2 03:04:05", None),
        ("Jan 99 03:04:05", None),
        ("yesterday", None),
    ],
)
def test_every_form_of_a_time_stamp(stamp, time):
    assert dated(log(stamp), written=day("2026-01-03")) == [time]


def test_classic_times_follow_the_zone_through_summer_time():
    stamps = ["Mar 29 01:59:59", "Mar 29 03:00:01", "Oct 25 02:30:00", "Oct 25 03:00:00"]
    found = dated(log(*stamps), written=day("2026-10-26"), tz="Europe/Berlin")
    assert found == [
        "2026-03-29 00:59:59",
        "2026-03-29 01:00:01",
        "2026-10-25 00:30:00",
        "2026-10-25 02:00:00",
    ]


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("Jan  2 03:04:05 mx1 postfix/smtp[9]: A1: to=<x>", ("mx1", "postfix/smtp", "A1: to=<x>")),
        (
            "Jan  2 03:04:05 mx1 sendmail[9]: [ID 801593 mail.info] A1: to=<x>",
            ("mx1", "sendmail", "A1: to=<x>"),
        ),
        ("Jan  2 03:04:05 <mail.info> mx1 sm-mta[9]: A1: x", ("mx1", "sm-mta", "A1: x")),
        ("no line of a process", None),
        ("]: ", None),
    ],
)
def test_a_line_is_taken_apart(line, parts):
    assert _syslog.split(line) == parts


def test_what_had_to_be_assumed_is_said(tmp_path):
    write(tmp_path / "mail.log", OLD.encode(), WRITTEN_OLD)
    assert "were read as UTC; give tz=" in ingest(read(tmp_path)).notes[0]
    assert ingest(read(tmp_path, tz="Asia/Shanghai")).notes == ()
    assert "are missing; give a path" in ingest(read(OLD.encode(), tz="UTC")).notes[0]
