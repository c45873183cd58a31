"""One message at a time: opening, reports, notices, kinds, and what strangers send."""

import base64
import io
import re
import time
from pathlib import Path

import pytest

from bouncekit.accounting import Ledger
from bouncekit.inputs.sources import Blob, Head
from bouncekit.mail import (
    codes,
    engine,
    headers,
    markup,
    message_rows,
    notice,
    open_message,
    parts,
    report,
    wordlists,
)
from bouncekit.mail.reported import reported_rows
from bouncekit.readers import mail
from bouncekit.readers._base import NO, BadItem, Options, SkipItem

DATA = Path(__file__).parent / "data"
FIXTURES = sorted((DATA / "readers" / "mail").glob("*.eml"))
ORDINARY = sorted((DATA / "not_bounces").glob("*.mbox"))
MAILBOXES = [*sorted((DATA / "readers" / "mail").glob("*.mbox")), *ORDINARY]

HEAD = """Return-Path: <>
From: Mail Delivery System <MAILER-DAEMON@mx.example.org>
To: news@example.com
Subject: Undelivered Mail Returned to Sender
Date: Mon, 03 Mar 2025 10:00:00 +0000
MIME-Version: 1.0
"""


def rows_of(text, kind="text/plain"):
    raw = f"{HEAD}Content-Type: {kind}; charset=utf-8\n\n{text}".encode()
    return message_rows(open_message(raw))


def dsn(*blocks, extra=""):
    fields = "\n\n".join(("Reporting-MTA: dns; mx.example.org", *blocks))
    return message_rows(
        open_message(
            f"{HEAD}Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
            f"--b\nContent-Type: text/plain\n\nNot delivered.\n{extra}\n"
            f"--b\nContent-Type: message/delivery-status\n\n{fields}\n\n--b--\n".encode()
        )
    )


def outcome(raw):
    """Give the rows of a message, and why it has none."""
    try:
        return message_rows(open_message(raw)), ""
    except (SkipItem, BadItem, engine.OpenError) as told:
        return [], str(told)


def facts(rows):
    return [
        (row["recipient"], row["event"], row["smtp_code"], row["enhanced_code"]) for row in rows
    ]


# --- reports -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (
            "Final-Recipient: rfc822; bob@example.net\nAction: failed\nStatus: 5.0.0\n"
            "Diagnostic-Code: smtp; 550 5.1.1 no such user",
            ("bob@example.net", "bounce", 550, "5.1.1"),
        ),
        (
            "Original-Recipient: rfc822;eva@example.org\nFinal-Recipient: rfc822;e1@example.net\n"
            "Action: failed\nStatus: 5.2.2",
            ("eva@example.org", "bounce", None, "5.2.2"),
        ),
        (
            "Final-Recipient: RFC822; <bob@example.net>\nAction: Delayed\nStatus: 4.4.0 (no route)",
            ("bob@example.net", "deferral", None, "4.4.0"),
        ),
        (
            "Final-Recipient: rfc822; bob@example.net\nAction: relayed\nStatus: 2.0.0",
            ("bob@example.net", "delivered", None, "2.0.0"),
        ),
        (
            "Final-Recipient: rfc822;@relay.example.net:bob@example.net\nAction: failed\n"
            "Status: 5.1.1",
            ("bob@example.net", "bounce", None, "5.1.1"),
        ),
        (
            "Final-Recipient: rfc822; bob@example.net\n\nAction: failed\nStatus: 5.1.1",
            ("bob@example.net", "bounce", None, "5.1.1"),
        ),
        (
            "Action: failed\nStatus: 5.1.1\nFinal-Recipient: rfc822; bob@example.net",
            ("bob@example.net", "bounce", None, "5.1.1"),
        ),
        (
            "Final-Recipient: utf-8; b\\x{F6}b@example.net\nAction: failed\nStatus: 5.1.1",
            ("böb@example.net", "bounce", None, "5.1.1"),
        ),
        (
            "Final-Recipient: rfc822; bob@example.net\nStatus: 5.1.1",
            ("bob@example.net", "bounce", None, "5.1.1"),
        ),
    ],
)
def test_report_field_spellings(block, expected):
    assert facts(dsn(block)) == [expected]


def test_recipients_without_an_empty_line_between_them_are_told_apart():
    rows = dsn(
        "Final-Recipient: rfc822; bob@example.net\nAction: failed\nStatus: 5.1.1\n"
        "Final-Recipient: rfc822; eva@example.net\nAction: failed\nStatus: 5.2.2"
    )
    assert facts(rows) == [
        ("bob@example.net", "bounce", None, "5.1.1"),
        ("eva@example.net", "bounce", None, "5.2.2"),
    ]


def test_the_same_recipient_twice_is_one_row():
    block = "Final-Recipient: rfc822; bob@example.net\nAction: failed\nStatus: 5.1.1"
    assert len(dsn(block, block)) == 1


def test_a_reply_of_several_lines_keeps_its_words():
    (row,) = dsn(
        "Final-Recipient: rfc822; bob@example.net\nAction: failed\nStatus: 5.7.1\n"
        "Diagnostic-Code: smtp; 550-5.7.1 first\n    550 5.7.1 second"
    )
    assert row["diagnostic"] == "550-5.7.1 first\n550 5.7.1 second"


def test_a_field_inside_a_diagnostic_names_nobody():
    (row,) = dsn(
        "Final-Recipient: rfc822; bob@example.net\nAction: failed\nStatus: 5.1.1\n"
        "Diagnostic-Code: smtp; 550 5.1.1 no\n    Final-Recipient: rfc822; victim@example.com"
    )
    assert row["recipient"] == "bob@example.net"


def test_one_report_names_a_bounded_number_of_people():
    block = "Final-Recipient: rfc822; u{}@example.net\nAction: failed\nStatus: 5.1.1"
    blocks = "\n\n".join(block.format(n) for n in range(report.MAX_RECIPIENTS + 50))
    assert len(report.parse(blocks).recipients) == report.MAX_RECIPIENTS


def test_the_stage_that_only_the_notice_tells_is_added_to_the_reply():
    extra = (
        "<bob@example.net>: host mx.example.net[192.0.2.9] said: 550 not here\n"
        "    (in reply to end of DATA\n    command)"
    )
    (row,) = dsn(
        "Final-Recipient: rfc822; bob@example.net\nAction: failed\nStatus: 5.0.0\n"
        "Diagnostic-Code: smtp; 550 not here",
        extra=extra,
    )
    assert row["diagnostic"] == "550 not here (in reply to end of DATA command)"


def test_a_line_of_the_notice_that_states_the_reason_is_added_to_a_poor_reply():
    block = "Final-Recipient: rfc822; bob@example.net\nAction: failed\nStatus: 5.0.0"
    extra = "{}\n\n<bob@example.net>: 550 user unknown\n"
    (row,) = dsn(block, extra=extra.format("The account is disabled."))
    assert row["diagnostic"] == "550 user unknown\nThe account is disabled."
    (row,) = dsn(block, extra=extra.format("The account may be disabled."))
    assert row["diagnostic"] == "550 user unknown"


def test_the_reason_that_a_notice_announces_is_added_to_another_servers_reply():
    (row,) = dsn(
        "Final-Recipient: rfc822; bob@example.net\nAction: failed\nStatus: 5.1.1\n"
        "Diagnostic-Code: smtp; 550 5.1.1 no such user",
        extra="Your message to <b> was automatically rejected:\nQuota exceeded\n",
    )
    assert row["diagnostic"] == "550 5.1.1 no such user\nQuota exceeded"


def test_a_reporting_server_that_takes_mail_in_is_the_one_that_refused_it():
    block = (
        "Reporting-MTA: dns; {}\n\nFinal-Recipient: rfc822; bob@example.net\nAction: failed\n"
        "Status: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user"
    )
    found = [
        report.parse(block.format(host)) for host in ("inbound-smtp.a.example.com", "a.example.com")
    ]
    message = open_message(HEAD.encode())
    rows = [reported_rows(message, told, message.original, None)[0] for told in found]
    assert [row["remote_mta"] for row in rows] == ["inbound-smtp.a.example.com", None]


def test_the_class_that_a_server_gives_a_failure_stands_behind_the_action():
    (row,) = dsn(
        "Final-Recipient: rfc822; bob@example.net\nAction: failed\nStatus: 5.2.1\n"
        "X-PowerMTA-BounceCategory: bad-mailbox"
    )
    assert row["vendor_type"] == "failed/bad-mailbox"


# --- notices in words --------------------------------------------------------------


def test_words_and_addresses_of_the_returned_original_are_never_used():
    rows = rows_of(
        "Your message could not be delivered to:\n\n<bob@example.net>:\nno such user here\n\n"
        "--- Below this line is a copy of the message.\n\n"
        "Return-Path: <news@example.com>\nMessage-ID: <o@example.com>\nTo: list@example.com\n\n"
        "<victim@example.com>:\nmailbox full 552 5.2.2\n"
    )
    assert facts(rows) == [("bob@example.net", "bounce", None, None)]
    assert rows[0]["diagnostic"] == "no such user here"
    assert rows[0]["message_id"] == "o@example.com"


def test_original_is_cut_off_where_nothing_announces_it():
    lines, tail = notice.split_original(
        "failed:\n\n<bob@example.net>\n\nReceived: from a.example\nTo: x@example.com\n"
    )
    assert lines[-1] == ""
    assert tail.startswith("Received:")


def test_a_guessed_recipient_says_so():
    rows = rows_of(
        "Your message could not be delivered: user unknown.\n\n----- Original message -----\n\n"
        "Message-ID: <o@example.com>\nTo: Bob <bob@example.net>\nFrom: News <news@example.com>\n"
    )
    assert rows[0]["recipient"] == "bob@example.net"
    assert rows[0]["vendor_type"] == "/guessed-recipient"


def test_a_bounce_that_names_nobody_keeps_its_row():
    assert facts(rows_of("Your message could not be delivered.")) == [(None, "bounce", None, None)]


@pytest.mark.parametrize(
    ("words", "status", "expected"),
    [
        ("550 5.1.1 unknown", "5.0.0", (550, "5.1.1")),
        ("554 5.0.0 failed", "5.7.1", (554, "5.7.1")),
        ("unknown (#5.1.1)", "", (None, "5.1.1")),
        ("ResponseCode 421, host not reachable", "4.0.0", (421, "4.0.0")),
        ("refused: [554 5.4.6 too many hops]", "", (554, "5.4.6")),
        ("connect to 192.0.2.5[192.0.2.5]:25: timed out", "4.4.1", (None, "4.4.1")),
        ("", "5.1.2 (no such host)", (None, "5.1.2")),
        ("", "", (None, None)),
    ],
)
def test_codes_are_the_innermost_receivers(words, status, expected):
    assert codes.of_failure(words, status) == expected


# --- kinds ---------------------------------------------------------------------------


@pytest.mark.parametrize("path", ORDINARY, ids=lambda path: path.stem)
def test_ordinary_mail_gives_nothing_but_auto_replies(path):
    ledger = Ledger(path.name)
    blob = Blob(path.name, lambda: path.open("rb"))
    rows = [row for chunk in mail.READER.read(blob, Options(), ledger) for row in chunk]
    assert {row["event"] for row in rows} == {"auto_reply"}
    assert ledger.failed == 0
    assert ledger.read + ledger.skips.total() == len(re.findall(rb"(?m)^From ", path.read_bytes()))
    assert all(len(reason) > 10 for reason in ledger.skips)


def test_the_plain_sender_of_a_vacation_note_is_its_recipient():
    raw = (
        b"Return-Path: <>\nFrom: Eva <eva@example.net>\nTo: news@example.com\n"
        b"Subject: Out of office\nAuto-Submitted: auto-replied\n\nBack on Monday.\n"
    )
    (row,) = message_rows(open_message(raw))
    assert (row["event"], row["recipient"]) == ("auto_reply", "eva@example.net")


# --- opening ---------------------------------------------------------------------------


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_all_engines_and_line_ends_give_the_same_rows(path):
    raw = path.read_bytes().replace(b"\r\n", b"\n")
    wanted = message_rows(open_message(raw, "fast"))
    assert message_rows(open_message(raw, "mailparser")) == wanted
    for end in (b"\r\n", b"\r"):
        assert message_rows(open_message(raw.replace(b"\n", end))) == wanted


@pytest.mark.parametrize("path", MAILBOXES, ids=lambda path: path.name)
def test_all_engines_and_line_ends_give_the_same_rows_of_a_mailbox(path):
    def rows(raw, engine="fast"):
        try:
            return mail.parse(raw, Options(engine=engine))
        except SkipItem as told:
            return str(told)

    blob = Blob(path.name, lambda: path.open("rb"))
    for number, raw in mail.messages(blob, Options(), Ledger(path.name)):
        raw = raw.replace(b"\r\n", b"\n")
        wanted = rows(raw)
        assert rows(raw, "mailparser") == wanted, number
        for end in (b"\r\n", b"\r"):
            assert rows(raw.replace(b"\n", end)) == wanted, number


PART = "Content-Type: text/plain\n\n"
REPORT = (
    "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n"
    "Final-Recipient: rfc822; bob@example.net\nAction: failed\nStatus: 5.1.1\n"
)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/report; boundary=b", f"--b\n{PART}Not delivered.\n--b\n{REPORT}\n--b--\n"),
        ('multipart/report;\n boundary="b b"', f"preamble\n--b b \t\n{REPORT}\n--b b--\nend\n"),
        ("multipart/report; boundary=b", f"--b\n{PART}--bb\nstill text\n--b\n{REPORT}"),
        ("multipart/report; boundary=b", f"--b\n\nno header\n--b\n{REPORT}\n--b--\n"),
        ("multipart/report; boundary=b", f"--b\n--b\n{REPORT}\n--b--\n--b\n{REPORT}"),
        (
            "multipart/mixed; boundary=b",
            "--b\nContent-Type: multipart/alternative; boundary=bi\n\n"
            f"--bi\n{PART}Not delivered.\n--bi--\n--b\n{REPORT}\n--b--\n",
        ),
        (
            "multipart/report; boundary=b",
            f"--b\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\n"
            f"{base64.b64encode(b'Not delivered.').decode()}\n--b\n{REPORT}\n--b--\n",
        ),
        ("multipart/report; boundary*=us-ascii''b", f"--b\n{REPORT}\n--b--\n"),
    ],
)
def test_the_byte_scan_sees_the_parts_that_the_reference_sees(kind, body):
    raw = f"{HEAD}Content-Type: {kind}\n\n{body}".encode()
    wanted = open_message(raw, "mailparser")
    message = open_message(raw, "fast")
    assert "bob@example.net" in wanted.report
    assert (message.plain, message.report.strip()) == (wanted.plain, wanted.report.strip())


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/report", "--b\n\nno boundary named\n"),
        ("multipart/report; boundary=b", "no boundary in the body\n"),
        ("multipart/report; boundary=b", "--b\nno header field\n\ntext\n--b--\n"),
        ("multipart/digest; boundary=b", f"--b\n{PART}text\n--b--\n"),
        ("multipart/report; boundary=b", f"--b\n{PART}text\n" * (parts.MAX_PARTS + 1)),
        ("text/plain; charset=*", "text\n"),
        ("nonsense", "text\n"),
    ],
)
def test_the_byte_scan_leaves_to_an_engine_what_it_is_not_sure_of(kind, body):
    raw = f"Content-Type: {kind}\n\n{body}".encode()
    assert parts.scan(raw, raw.find(b"\n\n"), kind, "") is None


def test_delimiters_without_end_take_time_in_proportion():
    def seconds(times):
        raw = f"{HEAD}Content-Type: multipart/mixed; boundary=b\n\n".encode() + b"--bx\n" * times
        start = time.perf_counter()
        outcome(raw)
        return time.perf_counter() - start

    assert (
        min(seconds(80_000) for _ in range(3)) < 8 * min(seconds(20_000) for _ in range(3)) + 0.05
    )


def test_where_the_fast_engine_fails_another_one_reads(monkeypatch):
    def refuse(*_args, **_options):
        raise ValueError

    raw = FIXTURES[0].read_bytes()
    wanted = message_rows(open_message(raw))
    monkeypatch.setattr(engine, "scan", lambda *_args: None)
    assert message_rows(open_message(raw)) == wanted
    monkeypatch.setattr(engine, "_fast", refuse)
    assert message_rows(open_message(raw)) == wanted
    monkeypatch.setattr(engine, "_by_mailparser", refuse)
    assert message_rows(open_message(raw)) == wanted


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_a_message_cut_anywhere_gives_rows_or_a_reason(path):
    raw = path.read_bytes()
    for end in range(0, len(raw), max(1, len(raw) // 60)):
        rows, reason = outcome(raw[:end])
        assert all("event" in row for row in rows)
        assert rows or len(reason) > 10


def test_too_large_a_message_is_refused_with_a_sentence(monkeypatch):
    monkeypatch.setattr(engine, "MAX_MESSAGE", 100)
    with pytest.raises(engine.OpenError, match="more than 100"):
        open_message(b"From: a@example.com\n\n" + b"x" * 200)


def test_a_header_block_without_end_is_refused():
    with pytest.raises(engine.OpenError, match="header block"):
        open_message(b"X-Filler: y\n" * 100_000)


def test_reading_grows_with_the_size_and_no_faster():
    def seconds(times):
        text = "<<<((<a@b.example[550 " * times + "\n" + "could not be delivered\n" * 20
        best = 9.0
        for _ in range(3):
            start = time.perf_counter()
            rows_of(text)
            best = min(best, time.perf_counter() - start)
        return best

    assert seconds(8_000) < 6 * seconds(2_000) + 0.05


def test_nested_parts_without_end_do_not_stop_the_reader():
    text = "".join(
        f"--b{n}\nContent-Type: multipart/mixed; boundary=b{n + 1}\n\n" for n in range(400)
    )
    raw = f"{HEAD}Content-Type: multipart/mixed; boundary=b0\n\n{text}".encode()
    rows, reason = outcome(raw)
    assert rows or len(reason) > 10


def test_text_with_a_wrong_charset_label_is_still_read():
    raw = (
        HEAD.encode()
        + b"Content-Type: text/plain; charset=us-ascii\n\n"
        + ("您的邮件无法送达：\n\n<bob@example.net>:\n用户不存在\n".encode("gb18030"))
    )
    (row,) = message_rows(open_message(raw))
    assert row["diagnostic"] == "用户不存在"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"plain", "plain"),
        ("用户不存在".encode(), "用户不存在"),
        ("用户不存在，邮件无法送达".encode("gb18030"), "用户不存在，邮件无法送达"),
        ("メールアドレスが見つかりません".encode("euc_jp"), "メールアドレスが見つかりません"),
        ("メールアドレスが見つかりません".encode("cp932"), "メールアドレスが見つかりません"),
        ("メール".encode("iso2022_jp"), "メール"),
        ("Empfänger".encode("cp1252"), "Empfänger"),
    ],
)
def test_unlabelled_bytes_are_decoded_by_their_look(data, text):
    assert headers.decode_unlabelled(data) == text


def test_header_block_finds_folded_encoded_and_repeated_fields():
    block = headers.HeaderBlock(
        "To: a@example.com,\n b@example.com\nSubject: =?utf-8?B?6YCA5L+h?=\nReceived: one\n"
        "received: two\nX-Long: İ\nLast: here"
    )
    assert block.first("to") == "a@example.com, b@example.com"
    assert block.first("subject") == "退信"
    assert block.all("received") == ["one", "two"]
    assert block.first("last") == "here"
    assert "absent" not in block
    assert block.first("ast") == ""


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>one<br>two</p>", "one\ntwo"),
        ("<style>p{}</style><div style='display:none'>hid<b>den</b></div>seen", "seen"),
        ("a <!-- <p>no</p> --> b", "a b"),
        ("1 &lt; 2 &amp; 3", "1 < 2 & 3"),
        ("x < y", "x < y"),
        ("<td>wrapped\nline</td>", "wrapped line"),
    ],
)
def test_visible_text_of_markup(page, text):
    assert markup.visible_text(page) == text


# --- files -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"status,reason,email,created\n5.1.1,bounce,bob@example.net,1700000000\n",
        b'{"event": "bounce", "email": "bob@example.net"}\n',
        b"Mar  3 10:00:00 mx postfix/smtp[77]: 4F1: to=<bob@example.net>, status=bounced\n",
        b"2025-03-03 10:00:00 1abcde-000001-AB ** bob@example.net: 550\n",
        b"from: to: subject\n\nsome notes\n",
        b"",
        b"\x00\x01\x02\x03" * 100,
    ],
)
def test_other_files_are_not_claimed(data):
    assert mail.sniff(Head("file", data)) == NO


@pytest.mark.parametrize("path", FIXTURES + MAILBOXES, ids=lambda path: path.name)
def test_messages_and_mailboxes_are_claimed_even_when_cut(path):
    data = path.read_bytes()
    assert mail.sniff(Head("file", data[:65_536])) > NO
    assert mail.sniff(Head("file", data[:300])) > NO
    assert mail.sniff(Head("file", data[:65_536].replace(b"\n", b"\r\n"))) > NO


@pytest.mark.parametrize("path", MAILBOXES, ids=lambda path: path.name)
def test_a_mailbox_is_split_alike_whatever_the_block_size(path, monkeypatch):
    blob = Blob("box.mbox", lambda: io.BytesIO(path.read_bytes()))
    whole = list(mail.messages(blob, Options(), Ledger("box.mbox")))
    for size in (2_000, 3_333, 10_007):
        monkeypatch.setattr(mail, "BLOCK", size)
        assert list(mail.messages(blob, Options(), Ledger("box.mbox"))) == whole


def test_a_message_over_the_limit_costs_only_itself(monkeypatch):
    small = "From a@example.com Mon Mar  3 10:00:00 2025\nFrom: a@example.com\nTo: b\n\nhi\n\n"
    large = small.replace("hi", "x" * 50_000)
    data = (small + large + small).encode()
    monkeypatch.setattr(mail, "MAX_MESSAGE", 20_000)
    monkeypatch.setattr(mail, "BLOCK", 4_000)
    ledger = Ledger("box.mbox")
    read = list(mail.messages(Blob("box.mbox", lambda: io.BytesIO(data)), Options(), ledger))
    assert [number for number, _ in read] == [1, 3]
    assert ledger.failed == 1


def test_every_delay_phrase_is_found_by_one_of_the_stems():
    stems = wordlists.phrases("delay_stem")
    plain = [phrase for phrase in wordlists.phrases("delay") if phrase.isascii()]
    assert plain
    assert [phrase for phrase in plain if not any(stem in phrase for stem in stems)] == []
    # A notice may break the line between any two words.
    assert [stem for stem in stems if " " in stem] == []


@pytest.mark.parametrize("name", ["original", "original_header", "boilerplate"])
def test_beginnings_are_long_enough_to_be_found_by_their_first_letters(name):
    assert [phrase for phrase in wordlists.phrases(name) if len(phrase) < wordlists.KEY] == []


@pytest.mark.parametrize(
    "name", ["machine_sender", "bounce_subject", "bounce_sentence", "failure_words", "original"]
)
def test_phrases_are_in_the_form_they_are_looked_for_in(name):
    listed = wordlists.phrases(name)
    assert [phrase for phrase in listed if phrase != phrase.lower() or "  " in phrase] == []
    assert len(set(listed)) == len(listed)
