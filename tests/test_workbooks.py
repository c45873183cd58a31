"""Sheets of Excel workbooks are tables like any other."""

import io
import sys
import zipfile
from datetime import date, datetime

import openpyxl
import pytest

from bouncekit import ingest, read
from bouncekit.inputs import workbooks
from bouncekit.inputs.sources import Blob, find

ROWS = [
    ["收件人", "退信原因", "状态码", "退信时间"],
    ["ann@example.com", "550 5.1.1 no such user", 550, datetime(2026, 1, 2, 3, 4, 5)],
    ["bo@example.com", "552 5.2.2 mailbox full", 552, datetime(2026, 1, 2, 3, 4, 6)],
]


def workbook(**sheets) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def tables(data: bytes) -> dict[str, str]:
    return {item.label: item.read_bytes().decode() for item in find(data)}


def reason(data: bytes) -> str:
    (item,) = find(data)
    assert not isinstance(item, Blob)
    return item.reason


def test_a_workbook_is_read_like_the_table_in_it():
    df = read(workbook(Sheet1=ROWS))
    assert df[["recipient", "reason", "source", "file"]].to_numpy().tolist() == [
        ["ann@example.com", "user_unknown", "generic", "<bytes 1>"],
        ["bo@example.com", "mailbox_full", "generic", "<bytes 1>"],
    ]
    assert df["smtp_code"].tolist() == [550, 552]
    # Columns with Chinese names: a time that names no zone is Beijing's.
    assert str(df["timestamp"].iloc[0]) == "2026-01-01 19:04:05+00:00"


def test_a_single_sheet_has_the_name_of_the_file_and_several_have_their_own(tmp_path):
    path = tmp_path / "suppression_blocks.xlsx"
    rows = [
        ["status", "reason", "email", "created"],
        ["5.7.1", "550 no", "a@example.com", 1767225600],
    ]
    path.write_bytes(workbook(Sheet1=rows, Sheet2=[]))
    assert read(path).loc[0, ["source", "vendor_type", "file"]].tolist() == [
        "sendgrid_csv",
        "blocks",
        "suppression_blocks.xlsx",
    ]
    assert list(tables(workbook(May=ROWS, June=ROWS))) == ["<bytes 1>!May", "<bytes 1>!June"]


def test_cells_become_plain_text():
    cells = [550, 5.5, True, date(2026, 1, 2), 'a,b\n"c"', None, 1767225600.0]
    (text,) = tables(workbook(S=[list("abcdefg"), cells])).values()
    assert text == 'a,b,c,d,e,f,g\n550,5.5,True,2026-01-02 00:00:00,"a,b\n""c""",,1767225600\n'


def test_titles_above_go_and_blank_records_keep_their_numbers():
    rows = [["Bounces of May"], [], *ROWS[:2], [], ROWS[2], [None, None], []]
    data = workbook(S=rows)
    assert read(data)["item"].tolist() == [1, 3]
    assert ingest(read(data)).skipped == 1


def test_a_list_of_one_column_is_a_table_too():
    assert list(tables(workbook(S=[["email"], ["a@example.com"]])).values()) == [
        "email\na@example.com\n"
    ]


def test_an_empty_workbook_is_an_empty_file():
    assert tables(workbook(S=[])) == {"<bytes 1>": ""}


def test_a_workbook_in_an_archive_is_read():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("may/bounces.xlsx", workbook(S=ROWS))
    assert read(out.getvalue())["file"].tolist() == ["<bytes 1>!may/bounces.xlsx"] * 2


def test_without_the_package_the_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    assert 'pip install "bouncekit[excel]"' in reason(workbook(S=ROWS))


def repacked(data: bytes, name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", 8) as new:
        for entry in old.namelist():
            new.writestr(entry, content if entry == name else old.read(entry))
    return out.getvalue()


def test_a_workbook_that_expands_entities_or_without_end_is_refused():
    entity = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><worksheet/>'
    whole = workbook(S=ROWS)
    sheet = "xl/worksheets/sheet1.xml"
    assert "entities" in reason(repacked(whole, sheet, entity))
    assert "unpacks to more than" in reason(repacked(whole, sheet, b" " * 30_000_000))


@pytest.mark.parametrize("content", [b"", b"<worksheet>", b"\xff\xfe", b"<a/>"])
def test_a_damaged_sheet_is_said(content):
    data = repacked(workbook(S=ROWS), "xl/worksheets/sheet1.xml", content)
    for item in find(data):
        told = item.read_bytes().decode() if isinstance(item, Blob) else item.reason
        assert "cannot be opened (the workbook is damaged" in told or told == ""


def test_a_sheet_too_wide_to_hold_is_refused(monkeypatch):
    monkeypatch.setattr(workbooks, "MAX_SHEET", 50)
    assert "save it as CSV" in reason(workbook(S=ROWS * 5))
