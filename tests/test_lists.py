"""Contact lists: every contact in exactly one list, and files that people and machines can take."""

import csv
import os
import shutil
import subprocess
import sys
import time

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bouncekit as bk
from bouncekit import cli, writing
from bouncekit.errors import BouncekitError, InputNotFoundError, TableError
from bouncekit.intake.contacts import read_contacts
from bouncekit.lists.calendar import half_month_day
from bouncekit.lists.cleaning import ADDED, LISTS
from bouncekit.lists.suppression import formats, is_plain
from bouncekit.schema import bounce_table
from bouncekit.taxonomy import reasons

START = pd.Timestamp("2026-03-02T08:00", tz="UTC")


def row(event, day, who, reason=None, **more):
    kind = reasons()[reason].bounce_type if reason else None
    stamp = START + pd.Timedelta(days=day)
    return {
        "event": event, "timestamp": stamp, "recipient": who, "reason": reason, "bounce_type": kind,
    } | more  # fmt: skip


HISTORY = [
    row("delivered", 0, "ok@example.com"),
    row("bounce", 1, "Gone@example.com", "user_unknown", smtp_code=550, enhanced_code="5.1.1",
        diagnostic="550 5.1.1 no\nsuch user", rule="text.user", file="a.csv", item=7),
    row("bounce", 9, "full@example.com", "mailbox_full"),
    row("complaint", 2, "angry@example.com"),
    row("unsubscribe", 3, "left@example.com"),
    row("bounce", 4, "blocked@example.com", "blocked"),
    row("suppressed", 5, "held@example.com"),
    row("bounce", 1, "stranger@example.net", "user_unknown"),
]  # fmt: skip
CONTACTS = pd.DataFrame(
    {
        "Company": ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J"],
        "Email": [
            "ok@example.com", "GONE@example.com", "full@example.com", "new@example.com",
            "angry@example.com", "left@example.com", "blocked@example.com", "held@example.com",
            "not an address", "ok@example.com",
        ],
        "reason": ["007", "NA", "", "null", "1.0", "x", "-", "+86 10", "nan", "=1+1"],
    }
)  # fmt: skip


def cleaned(contacts=CONTACTS, rows=HISTORY, **options):
    return bk.clean(bounce_table(rows), contacts, **options)


# --- the four lists ------------------------------------------------------------------


def test_every_contact_is_in_exactly_one_list_in_its_order_with_its_columns():
    found = cleaned()
    assert found.table["list"].astype(str).tolist() == [
        "keep", "remove", "retry", "keep", "remove", "remove", "retry", "verify", "verify", "keep",
    ]  # fmt: skip
    pd.testing.assert_frame_equal(found.table[list(CONTACTS.columns)], CONTACTS)
    parts = [found.part(name) for name in LISTS]
    assert sum(map(len, parts)) == len(CONTACTS)
    assert [part["Company"].tolist() for part in parts] == [
        ["A", "D", "J"], ["C", "G"], ["B", "E", "F"], ["H", "I"],
    ]  # fmt: skip
    assert found.counts.to_dict() == {"keep": 3, "retry": 2, "remove": 3, "verify": 2}
    assert found.keep.equals(parts[0])
    assert found.others == 1


def test_what_is_added_never_covers_a_column_of_the_list():
    found = cleaned()
    assert list(found.names) == list(ADDED)
    assert found.names["reason"] == "bouncekit_reason"
    assert found.table["reason"].tolist() == CONTACTS["reason"].tolist()
    assert found.column("reason").dropna().tolist() == ["user_unknown", "mailbox_full", "blocked"]


def test_why_is_a_sentence_for_every_contact_in_both_languages():
    said = cleaned().column("why").tolist()
    assert said == [
        "takes mail",
        "user unknown: never took mail; likely mistyped or invented",
        "mailbox full: wait, then try again",
        "no mail to it is known; verify it before the first",
        "marked mail as spam",
        "asked for no more mail",
        "IP blocked: the address is fine; mend the cause on our side, then write again",
        "on the provider's own suppression list",
        "there is no usable address in this line",
        "takes mail",
    ]
    chinese = cleaned(lang="zh").column("why").tolist()
    assert all(not text.isascii() for text in chinese)


def test_the_event_that_decided_is_the_evidence():
    found = cleaned()
    gone = found.remove.iloc[0]
    assert gone[["smtp_code", "enhanced_code", "rule", "file", "item"]].tolist() == [
        550, "5.1.1", "text.user", "a.csv", 7,
    ]  # fmt: skip
    assert gone["diagnostic"] == "550 5.1.1 no\nsuch user"
    assert gone["decided_at"] == START + pd.Timedelta(days=1)
    # Of a complaint and an opt-out it is that, as no bounce decided.
    assert found.remove["decided_at"].tolist()[1:] == [
        START + pd.Timedelta(days=2), START + pd.Timedelta(days=3),
    ]  # fmt: skip
    assert found.remove["evidence"].notna().all()
    assert found.keep["smtp_code"].isna().all()


def test_a_genuine_bounce_is_the_evidence_also_beside_a_later_forged_one():
    record = row("sent", 0, "ann@example.com", message_id="1@ours.example")
    real = row("bounce", 1, "ann@example.com", "user_unknown", message_id="1@ours.example", item=1)
    forged = row(
        "bounce", 2, "ann@example.com", "user_unknown", message_id="2@ours.example", item=2
    )
    found = cleaned(["ann@example.com"], [record, real, forged])
    assert found.remove["item"].tolist() == [1]


def test_a_forged_bounce_for_a_contact_that_was_never_written_to_does_not_remove_it():
    rows = [row("sent", 0, "b@example.com", message_id="1@ours.example")]
    rows += [row("bounce", 1, "ann@example.com", "user_unknown", message_id="9@ours.example")]
    found = cleaned(["ann@example.com"], rows)
    assert found.counts.to_dict() == {"keep": 0, "retry": 0, "remove": 0, "verify": 1}
    assert found.verify["cause"].tolist() == ["unmatched"]
    sends = pd.DataFrame(
        {"message_id": ["1"], "recipient": ["b@example.com"], "timestamp": ["2026-03-02"]}
    )
    assert len(cleaned(["ann@example.com"], rows[1:], sends=sends).verify) == 1


def test_spellings_of_an_address_are_one_address():
    rows = [row("bounce", 0, "ann@xn--bcher-kva.example", "user_unknown")]
    found = cleaned(["<Ann@Bücher.example>", "mailto:ANN@bücher.example."], rows)
    assert found.counts["remove"] == 2
    safe, left_out = found.suppressions
    assert safe["address"].tolist() == ["Ann@xn--bcher-kva.example"]
    assert left_out.empty


def test_an_empty_list_and_an_empty_table_give_empty_lists():
    assert cleaned([]).counts.sum() == 0
    found = bk.clean(bounce_table(HISTORY).iloc[:0], CONTACTS)
    assert found.counts.to_dict() == {"keep": 9, "retry": 0, "remove": 0, "verify": 1}
    assert found.column("verify_on").isna().all()


@given(
    st.lists(st.sampled_from("abcdef"), max_size=12),
    st.lists(
        st.tuples(
            st.sampled_from("abcdefgh"), st.integers(0, 30),
            st.sampled_from(["sent", "delivered", "bounce", "deferral", "complaint", "suppressed"]),
            st.sampled_from(["mailbox_full", "user_unknown", "blocked", "undetermined"]),
        ),
        min_size=1, max_size=15,
    ),
    st.randoms(use_true_random=False),
)  # fmt: skip
@settings(max_examples=20, deadline=None)
def test_lists_partition_any_contacts_whatever_the_order_of_events_and_their_replays(
    names, events, random
):
    rows = [
        row(what, day, f"{who}@example.com", reason if what in ("bounce", "deferral") else None,
            message_id=f"{who}{day}@ours.example")
        for who, day, what, reason in events
    ]  # fmt: skip
    contacts = [f"{name}@example.com" for name in names]
    found = cleaned(contacts, rows)
    assert found.counts.sum() == len(contacts)
    assert found.table["email"].tolist() == contacts
    again = rows + rows[:5]
    random.shuffle(again)
    other = cleaned(contacts, again)
    same = ["email", "list", "why", "verify_on", "reason", "soft_count", "retry_after"]
    pd.testing.assert_frame_equal(found.table[same], other.table[same])


def test_contacts_that_a_provider_refuses_without_their_fault_are_given_back(tmp_path):
    held = {"source": "ses", "vendor_type": "Permanent/OnAccountSuppressionList"}
    rows = [row("bounce", 1, "ann@example.com", "blocked"), row("suppressed", 2, "ann@example.com")]
    rows += [row("suppressed", 2, "bob@example.com"), row("bounce", 1, "x@example.net", "blocked")]
    rows += [row("suppressed", 2, "x@example.net")]
    rows = [one | held if one["event"] == "suppressed" else one for one in rows]
    found = cleaned(["ann@example.com", "bob@example.com"], rows, lang="zh")
    assert found.verify["why"].tolist() == [
        "服务商因非地址原因拒发：请将其移出服务商名单（release.csv）", "在服务商自己的拒发名单中",
    ]  # fmt: skip
    assert found.release["recipient"].tolist() == ["ann@example.com"]
    assert "地址正常但被服务商拒发：1 个联系人" in found.summary()
    found.write(tmp_path / "out")
    lines = read_back(tmp_path / "out" / "release.csv")
    assert lines[0][:2] == ["地址", "服务商"]
    assert lines[1][:2] == ["ann@example.com", "Amazon SES"]


# --- the calendar ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "half_month"),
    [
        ("2026-03-01", "2026-03-01"), ("2026-03-02", "2026-03-16"), ("2026-03-16", "2026-03-16"),
        ("2026-03-17", "2026-04-01"), ("2026-12-31", "2027-01-01"), ("2028-02-29", "2028-03-01"),
    ],
)  # fmt: skip
def test_half_months_begin_on_the_1st_and_the_16th(day, half_month):
    days = pd.DatetimeIndex([day]).to_numpy().astype("datetime64[D]").astype("int64")
    assert half_month_day(days).astype("datetime64[D]")[0] == pd.Timestamp(half_month)


def test_the_calendar_says_which_address_to_verify_on_which_day():
    rows = [row("delivered", 0, "old@example.com"), row("delivered", 27, "fresh@example.com")]
    rows += [row("auto_reply", 28, "clock@example.net")]  # judged on 30 March
    contacts = ["old@example.com", "fresh@example.com", "new@example.com", "fresh@example.com"]
    found = cleaned(contacts, rows, tz="Asia/Shanghai")
    days = found.calendar
    assert days["verify_on"].dt.strftime("%Y-%m-%d").tolist() == [
        "2026-04-01", "2026-04-01", "2026-04-16",
    ]  # fmt: skip
    assert days["address"].tolist() == ["old@example.com", "new@example.com", "fresh@example.com"]
    assert str(days["verify_on"].dtype) == "datetime64[us, Asia/Shanghai]"
    assert "2026-04-01 (2), 2026-04-16 (1)" in found.summary()
    often = cleaned(contacts, rows, policy=bk.Policy(verify_every="1D"))
    assert set(often.calendar["verify_on"]) == {pd.Timestamp("2026-04-01", tz="UTC")}


def test_who_is_removed_or_waits_is_not_verified_and_doubts_come_first():
    found = cleaned()
    due = found.column("verify_on")
    assert due[found.table["list"].isin(["retry", "remove"])].isna().all()
    held = found.table["Email"] == "held@example.com"
    assert due[held].notna().all()
    assert due[found.table["Email"] == "not an address"].isna().all()


# --- reading a list -------------------------------------------------------------------

LIST = (
    "公司,客户邮箱,电话,备注\n宁波贸易,ann@example.com,007,NA\n,,,\n"
    '"A, Inc.",bob@example.com,,"a""b"\n'
)


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [("utf-8", ","), ("utf-8-sig", ";"), ("gb18030", ","), ("utf-16", "\t"), ("utf-16-le", ",")],
)
def test_lists_of_every_spreadsheet_are_read_exactly(tmp_path, encoding, delimiter):
    path = tmp_path / "名单.csv"
    lines = list(csv.reader(LIST.splitlines()))
    with path.open("w", encoding=encoding, newline="") as stream:
        csv.writer(stream, delimiter=delimiter).writerows(lines)
    found = read_contacts(path)
    assert found.column == "客户邮箱"
    assert found.table.to_numpy().tolist() == [lines[1], lines[3]]
    assert found.blank == 1
    assert found.addresses().tolist() == ["ann@example.com", "bob@example.com"]


def test_a_workbook_is_read_and_its_sheet_with_addresses_taken(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["note", "of what"])
    book.active.append(["this", "is"])
    sheet = book.create_sheet("客户")
    sheet.append(["姓名", "邮箱", "手机"])
    sheet.append(["王", "wang@example.com", 13800000000])
    book.save(tmp_path / "list.xlsx")
    found = read_contacts(tmp_path / "list.xlsx")
    assert found.column == "邮箱"
    assert found.table.to_numpy().tolist() == [["王", "wang@example.com", "13800000000"]]


def test_a_plain_list_of_addresses_has_no_header(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("ann@example.com\nbob@example.com\n", encoding="utf-8")
    assert read_contacts(path).addresses().tolist() == ["ann@example.com", "bob@example.com"]


@pytest.mark.parametrize(
    ("columns", "chosen"),
    [
        ({"Email": "a@example.com", "Owner email": "me@example.org"}, "Email"),
        ({"邮箱": "a@example.com", "备用邮箱": "b@example.com"}, "邮箱"),
        ({"Name": "Ann", "Kontakt": "a@example.com"}, "Kontakt"),
        ({"Address": "1 High Street", "E-Mail": "a@example.com"}, "E-Mail"),
        ({"Contact": "Ann", "Primary e-mail": "a@example.com"}, "Primary e-mail"),
        ({"郵箱": "a@example.com", "名稱": "x"}, "郵箱"),
    ],
)
def test_the_address_column_is_recognised(columns, chosen):
    assert read_contacts(pd.DataFrame({name: [cell] for name, cell in columns.items()})).column == (
        chosen
    )


def test_where_two_columns_could_be_it_the_user_says_which():
    table = pd.DataFrame({"buyer": ["a@example.com"], "seller": ["b@example.com"]})
    with pytest.raises(TableError, match="addresses in the columns buyer and seller; say which"):
        read_contacts(table)
    assert read_contacts(table, "Seller").column == "seller"
    with pytest.raises(TableError, match="has no column 'mail'; it has: buyer, seller"):
        read_contacts(table, "mail")
    assert cleaned(table, column="buyer").counts["keep"] == 1


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", b"email\nann@example.com,x,y\n", r"a\.csv, record 1: has 3 cells where"),
        ("a.csv", b"", r"a\.csv: is empty"),
        ("a.csv", b"name,city\nAnn,Rome\n", r"a\.csv needs a column recipient or email; it has: n"),
        ("a.bin", bytes(range(256)) * 9, r"is no CSV file"),
        ("a.csv", b'email,name\n"ann@example.com,x\nbob@example.com,y\n', "quote"),
    ],
)
def test_a_damaged_list_is_one_sentence_with_the_record(tmp_path, name, content, sentence):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(TableError, match=sentence) as error:
        read_contacts(path)
    assert "\n" not in str(error.value)


def test_a_list_that_is_not_there_is_said():
    with pytest.raises(InputNotFoundError, match="there is no such file"):
        cleaned("nowhere.csv")


# --- files ---------------------------------------------------------------------------

UNSAFE = ["=cmd@example.com", "+1@example.com", "-x@example.com", "@x@example.com",
          'a"b@example.com', "a,b@example.com", "\u200b=x@example.com", "a b@example.com",
          "％x@example.com"]  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    contacts = CONTACTS.assign(Company=["=A", "+B", "@C", *"DEFGHIJ"])
    extra = pd.DataFrame({"Company": "U", "Email": UNSAFE[:3], "reason": "\t=1"})
    contacts = pd.concat([contacts, extra], ignore_index=True)
    rows = HISTORY + [row("bounce", 1, who, "user_unknown") for who in UNSAFE[:3]]
    found = cleaned(contacts, rows, tz="Asia/Shanghai")
    return found, found.write(tmp_path / "out")


def read_back(path):
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(data.decode("utf-8-sig").splitlines()))


def test_files_for_people_hold_every_contact_once_and_no_formula(folder):
    found, written = folder
    out = written[0].parent
    assert sorted(path.name for path in out.iterdir()) == [
        ".bouncekit-lists", "calendar.csv", "keep.csv", "left-out.csv", "release.csv", "remove.csv",
        "retry.csv", "suppression", "verify.csv",
    ]  # fmt: skip
    seen = []
    for name in LISTS:
        lines = read_back(out / f"{name}.csv")
        assert lines[0][:4] == ["Company", "Email", "reason", "bouncekit"]
        assert len(lines) - 1 == found.counts[name]
        seen += [line[0].lstrip("'") for line in lines[1:]]
        for line in lines:
            for cell in line:
                assert not cell.lstrip(" \t\u200b").startswith(("=", "@", "+c", "-x")), cell
    assert sorted(seen) == sorted(found.table["Company"])
    gone = read_back(out / "remove.csv")
    assert "2026-03-03 16:00" in gone[1]
    assert "550 5.1.1 no such user" in gone[1]


def test_files_for_machines_hold_plain_addresses_exactly(folder):
    _, written = folder
    out = written[0].parent / "suppression"
    assert (out / "addresses.txt").read_bytes() == (
        b"GONE@example.com\nangry@example.com\nleft@example.com\n"
    )
    assert (out / "sendgrid.csv").read_bytes() == (
        b"email\r\nGONE@example.com\r\nangry@example.com\r\nleft@example.com\r\n"
    )
    assert (out / "ses.csv").read_bytes() == (
        b"GONE@example.com,BOUNCE\nangry@example.com,COMPLAINT\nleft@example.com,COMPLAINT\n"
    )
    assert (out / "mailgun-bounces.csv").read_text(encoding="utf-8").splitlines() == [
        "address,code,error,created_at",
        'GONE@example.com,550,user unknown,"Tue, 03 Mar 2026 08:00:00 +0000"',
    ]
    assert (out / "mailgun-complaints.csv").read_text(encoding="utf-8").splitlines() == [
        "address,created_at", 'angry@example.com,"Wed, 04 Mar 2026 08:00:00 +0000"',
    ]  # fmt: skip
    assert (out / "mailgun-unsubscribes.csv").read_text(encoding="utf-8").splitlines()[1] == (
        'left@example.com,*,"Thu, 05 Mar 2026 08:00:00 +0000"'
    )
    assert (out / "mailchimp.csv").read_text(encoding="utf-8").startswith("Email Address\n")
    assert (out / "brevo.csv").read_text(encoding="utf-8").startswith("EMAIL\n")
    for form in formats():
        assert form.how.keys() == {"en", "zh"}
        assert not (out / form.file).read_bytes().startswith(b"\xef\xbb\xbf")


def test_addresses_that_are_unsafe_for_machines_are_listed_apart(folder):
    found, written = folder
    assert len(found.suppressions[1]) == 3
    lines = read_back(written[0].parent / "left-out.csv")
    assert [line[0] for line in lines[1:]] == [f"'{address}" for address in UNSAFE[:3]]
    assert "left out of the import files, as they are unsafe there: 3 addresses" in found.summary()


@pytest.mark.parametrize("address", UNSAFE)
def test_unsafe_addresses_are_told(address):
    assert not is_plain(address)


@pytest.mark.parametrize(
    "address", ["a@example.com", "o'neil+x@example.com", "王@example.com", "a_b-c@bücher.example"]
)
def test_ordinary_addresses_are_plain(address):
    assert is_plain(address)


def test_a_workbook_holds_the_same_lists(tmp_path):
    found = cleaned(lang="zh")
    assert found.write(tmp_path / "lists.xlsx") == [tmp_path / "lists.xlsx"]
    book = openpyxl.load_workbook(tmp_path / "lists.xlsx")
    assert book.sheetnames == [*LISTS, "calendar", "release", "left-out", "suppression"]
    assert {sheet: book[sheet].max_row - 1 for sheet in LISTS} == found.counts.to_dict()
    assert book["keep"]["D1"].value == "bouncekit"
    assert book["keep"]["D2"].value == "保留"
    assert not any(
        cell.data_type == "f" for sheet in book for line in sheet.iter_rows() for cell in line
    )


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("lists.csv", "several files are written; name a folder"),
        ("no/where", "there is no folder"),
        ("contacts.txt/x", "there is no folder"),
        ("file", "is there and no folder"),
        ("folder.xlsx", "is there and a folder"),
    ],
)
def test_a_target_that_cannot_be_written_is_one_sentence(tmp_path, target, sentence):
    (tmp_path / "file").touch()
    (tmp_path / "folder.xlsx").mkdir()
    with pytest.raises(BouncekitError, match=sentence):
        cleaned().write(tmp_path / target)


def test_the_list_itself_is_never_written_over(tmp_path):
    path = tmp_path / "keep.csv"
    CONTACTS.to_csv(path, index=False)
    before = path.read_bytes()
    with pytest.raises(BouncekitError, match="is an input"):
        cleaned(path).write(tmp_path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["keep.csv"]


def test_a_failed_writing_leaves_the_old_files_and_nothing_else(tmp_path, monkeypatch):
    out = tmp_path / "out"
    cleaned().write(out)
    before = {path.name: path.read_bytes() for path in out.rglob("*") if path.is_file()}

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(writing._WRITERS, ".csv", full)
    with pytest.raises(BouncekitError, match="No space left on device"):
        cleaned(["x@example.com"]).write(out)
    with pytest.raises(BouncekitError, match="No space left on device"):
        cleaned().write(tmp_path / "fresh")
    monkeypatch.undo()
    assert {path.name: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def test_a_second_run_replaces_every_file(tmp_path):
    cleaned().write(tmp_path / "out")
    cleaned(["ok@example.com"]).write(tmp_path / "out")
    for name in ("retry", "remove", "verify", "left-out"):
        assert len(read_back(tmp_path / "out" / f"{name}.csv")) == 1
    assert (tmp_path / "out" / "suppression" / "addresses.txt").read_bytes() == b""


# --- the command ---------------------------------------------------------------------

EXPORT = (
    "recipient,event,timestamp,diagnostic\n"
    "ann@example.com,bounce,2026-03-02T08:00:00Z,550 5.1.1 user unknown\n"
    "bob@example.com,delivered,2026-03-03T08:00:00Z,250 ok\n"
)


@pytest.fixture
def work(tmp_path, monkeypatch):
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "export.csv").write_text(EXPORT, encoding="utf-8")
    (tmp_path / "contacts.csv").write_text(
        "公司,邮箱\n甲,ann@example.com\n乙,bob@example.com\n", encoding="gb18030"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_clean_from_the_command_line(work, capsys):
    arguments = ["clean", "exports", "--contacts", "contacts.csv", "-o", "out", "--quiet"]
    assert cli.main(arguments) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "2 contacts = keep 1 + retry 0 + remove 1 + verify 0"
    assert os.path.join("out", "remove.csv") in said  # noqa: PTH118 - as it is printed
    assert [line[:3] for line in read_back(work / "out" / "remove.csv")] == [
        ["公司", "邮箱", "bouncekit"], ["甲", "ann@example.com", "remove"],
    ]  # fmt: skip
    assert cli.main([*arguments, "--lang", "zh"]) == 0
    assert capsys.readouterr().out.startswith("2 个联系人 = 保留 1 + 稍后重试 0 + 删除 1 + 核实 0")
    assert cli.main([*arguments[:-2], "lists.xlsx", "--quiet", "--address-column", "邮箱"]) == 0
    assert (work / "lists.xlsx").is_file()


def test_what_was_written_is_not_read_again_as_bounces(work, capsys):
    """Not the folder, and not a list that was taken out of it."""
    arguments = ["clean", ".", "--contacts", "contacts.csv", "-o", "out", "--quiet"]
    assert cli.main(arguments) == 0
    (work / "kept-apart.csv").write_bytes((work / "out" / "remove.csv").read_bytes())
    table = bk.read(work)
    assert len(table) == 2
    account = bk.ingest(table)
    assert account.failed == 0
    said = {problem.file: problem.reason for problem in account.problems}
    assert "is a folder of lists that bouncekit wrote" in said["out"]
    assert "is a table that bouncekit wrote" in said["kept-apart.csv"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--contacts", "none.csv", "-o", "out"], "there is no such file"),
        (["--contacts", "contacts.csv", "-o", "exports"], "is an input"),
        (["--contacts", "contacts.csv", "-o", "contacts.csv"], "name a folder"),
        (["--contacts", "contacts.csv", "-o", "out", "--address-column", "x"], "no column 'x'"),
        (["--contacts", "contacts.csv", "-o", "out", "--as-of", "soon"], "as_of must be a time"),
    ],
)
def test_mistakes_are_one_sentence_and_leave_nothing(work, capsys, more, said):
    assert cli.main(["clean", "exports", "--quiet", *more]) == 1
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert sorted(path.name for path in work.iterdir()) == ["contacts.csv", "exports"]


@pytest.mark.skipif(sys.platform == "win32", reason="a process is not killed that way there")
def test_killed_at_any_moment_no_file_is_half_written(work):
    """Every file is the old one or the new one, whole."""
    big = "邮箱\n" + "".join(f"a{n}@example.com\n" for n in range(3_000))
    (work / "big.csv").write_text(big, encoding="utf-8")
    command = [sys.executable, "-m", "bouncekit", "clean", "exports", "-o", "out", "--quiet"]
    subprocess.run([*command, "--contacts", "contacts.csv"], check=True, capture_output=True)
    sizes = set()
    for wait in (0.0, 0.05, 0.1, 0.15):
        for left in (work / "out").glob(".*.part"):
            shutil.rmtree(left)
        running = subprocess.Popen(
            [*command, "--contacts", "big.csv"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        seen = time.monotonic() + 20
        while time.monotonic() < seen and not list((work / "out").glob("*.part")):
            time.sleep(0.002)
        time.sleep(wait)
        running.kill()
        running.communicate()
        lines = len(read_back(work / "out" / "keep.csv"))
        assert lines in (2, 3_001)
        sizes.add(lines)
    assert sizes


def test_the_lists_as_the_notebook_shows_them():
    """Judged rows have their own names whatever the contact list calls its columns."""
    export = b"status,reason,email,created\n5.1.1,550 5.1.1 No user,a@example.com,1767225600"
    table = bk.read(export)
    lists = bk.clean(table, pd.DataFrame({"email": ["b@example.com", "a@example.com"], "why": "x"}))
    assert lists.judged("remove")["recipient"].tolist() == ["a@example.com"]
    assert lists.judged("remove")["why"].str.contains("exist").all()
    assert lists.due()["contacts"].sum() == len(lists.calendar)
