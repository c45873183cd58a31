"""Mail parsed on several cores gives what it gives on one; a dead worker costs one item."""

import os
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import bouncekit as bk
from bouncekit.accounting import Ledger
from bouncekit.inputs.sources import find
from bouncekit.intake import collecting, workers
from bouncekit.readers import mail, reader_named
from bouncekit.readers._base import Options
from tests.fixtures import FOLDER

BOUNCE = """\
From: MAILER-DAEMON@mx.example.net
To: sales@example.com
Subject: failure notice
Date: Mon, 2 Mar 2026 09:00:00 +0000

Hi. This is the qmail-send program at mx.example.net.
I'm afraid I wasn't able to deliver your message to the following addresses.

<user{n}@example.org>:
192.0.2.1 does not like recipient.
Remote host said: 550 5.1.1 User unknown
"""


KILLER = """\
import os
import bouncekit.readers.mail as mail
import bouncekit.intake.worker as worker
inner = mail.READER.read.parse
def parse(raw, options):
    return os._exit(9) if b"user3@" in raw else inner(raw, options)
object.__setattr__(mail.READER.read, "parse", parse)
worker.main()
"""
"""A worker that dies of one message."""


def _folder(root: Path, count: int) -> Path:
    for number in range(count):
        (root / f"{number:04d}.eml").write_text(BOUNCE.format(n=number), encoding="utf-8")
    (root / "0005x.csv").write_text(
        "status,reason,email,created\n5.1.1,550 no,a@example.com,1767225600\n", encoding="utf-8"
    )
    (root / "0007x.eml").write_text("Subject: hello\nFrom: a@example.com\n\nlunch?\n", "utf-8")
    return root


def test_two_processes_give_what_one_gives(tmp_path, monkeypatch):
    """Rows, their order and the account are the same, in several batches and one."""
    monkeypatch.setattr(workers, "BATCH_ITEMS", 7)
    folder = _folder(tmp_path, 40)
    alone = bk.read(folder, workers=1)
    together = bk.read(folder, workers=2)
    pd.testing.assert_frame_equal(alone, together)
    assert bk.ingest(alone) == bk.ingest(together)
    assert len(alone) == 41
    assert bk.ingest(alone).skipped == 1


def test_few_messages_start_no_process(tmp_path, monkeypatch):
    monkeypatch.setattr(collecting, "Pool", None)
    assert len(bk.read(_folder(tmp_path, 3))) == 4


@pytest.mark.skipif(os.name == "nt", reason="the dying worker below is a POSIX one")
def test_a_crash_of_a_worker_costs_only_its_item(monkeypatch):
    """The item that kills a worker is failed with a sentence; its neighbours are read."""
    monkeypatch.setattr(workers, "WORKER", ("-c", KILLER))
    ledger = Ledger("a.mbox", "mail")
    batch = workers.Batch(reader_named("mail"))
    for number in range(1, 7):
        batch.add(ledger, number, BOUNCE.format(n=number).encode())
    pool = workers.Pool(1, Options())
    try:
        tables = [*pool.submit(batch), *pool.drain()]
    finally:
        pool.close()
    entry = ledger.entry()
    assert (entry.read, entry.failed) == (5, 1)
    assert ledger.failures[0].item == 3
    assert "crash" in ledger.failures[0].reason
    assert sum(table.num_rows for table in tables) == 5


def _mailbox(path: Path, count: int) -> Path:
    line = "From MAILER-DAEMON Mon Mar  2 09:00:00 2026\n"
    notes = (f"{line}{BOUNCE.format(n=n)}\n" for n in range(count))
    path.write_text(
        "".join(notes) + f"{line}Subject: hello\nFrom: a@example.com\n\nlunch?\n", "utf-8"
    )
    return path


@pytest.mark.parametrize("span", [300, 1_777, 5_000, 1_000_000])
def test_a_mailbox_is_read_alike_in_spans_of_any_size(span, tmp_path, monkeypatch):
    """Rows, their order, item numbers and the account do not depend on who read what."""
    monkeypatch.setattr(mail, "SPAN", span)
    path = _mailbox(tmp_path / "box.mbox", 60)
    alone = bk.read(path, workers=1)
    together = bk.read([path, _mailbox(tmp_path / "next.mbox", 5)], workers=3)
    pd.testing.assert_frame_equal(alone, together[:60])
    assert bk.ingest(together).items == 67
    assert bk.ingest(together).skipped == 2


@pytest.mark.skipif(os.name == "nt", reason="the dying worker below is a POSIX one")
def test_a_crash_in_a_span_costs_only_its_item(tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "WORKER", ("-c", KILLER))
    monkeypatch.setattr(mail, "SPAN", 1_000)
    (blob,) = find(_mailbox(tmp_path / "box.mbox", 6))
    ledger = Ledger("box.mbox", "mail")
    pool = workers.Pool(2, Options())
    tables = []
    try:
        for span in mail.spans(blob):
            share = workers.Share(reader_named("mail"), replace(blob, span=span), ledger)
            tables += [*pool.submit(share), *pool.drain()]
    finally:
        pool.close()
    entry = ledger.entry()
    assert (entry.items, entry.read, entry.skipped, entry.failed) == (7, 5, 1, 1)
    assert ledger.failures[0].item == 4
    items = [item for table in tables for item in table.column("item").to_pylist()]
    assert items == [1, 2, 3, 5, 6]


def test_this_process_works_too_where_the_others_have_enough_to_do(monkeypatch):
    """Whoever parses a task, the tables come in the order of the tasks."""
    here = []
    inner = workers.Batch.parse
    monkeypatch.setattr(workers.Batch, "parse", lambda *a: here.append(a) or inner(*a))
    ledger = Ledger("a.mbox", "mail")
    pool = workers.Pool(2, Options())
    tables = []
    try:
        for number in range(1, 9):
            batch = workers.Batch(reader_named("mail"))
            batch.add(ledger, number, BOUNCE.format(n=number).encode())
            tables += pool.submit(batch)
        tables += pool.drain()
    finally:
        pool.close()
    assert here
    assert [table.column("item").to_pylist() for table in tables] == [[n] for n in range(1, 9)]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_packed_mailbox_gives_the_same_rows_as_a_plain_one(tmp_path, workers):
    """What is unpacked while it is read cannot be sought; it is read from its beginning."""
    import gzip
    import zipfile

    plain = sorted((FOLDER / "mail").glob("*.mbox"))[0]
    data = plain.read_bytes()
    (tmp_path / "box.mbox.gz").write_bytes(gzip.compress(data))
    with zipfile.ZipFile(tmp_path / "box.zip", "w") as archive:
        archive.writestr("box.mbox", data)
    wanted = bk.read(plain, progress=False)
    for name in ("box.mbox.gz", "box.zip"):
        found = bk.read(tmp_path / name, progress=False, workers=workers)
        assert bk.ingest(found).failed == bk.ingest(wanted).failed
        assert found["event_id"].tolist() == wanted["event_id"].tolist()
