"""The same bounce in other clothes: what gateways and mail programs do to a message on its way."""

import base64
import html
import quopri
import re

import pytest

from bouncekit.accounting import Ledger
from bouncekit.inputs.sources import Blob
from bouncekit.mail import open_message, verp
from bouncekit.mail.headers import HeaderBlock
from bouncekit.readers import mail
from bouncekit.readers._base import Options, SkipItem
from tests.fixtures import FOLDER

MAILBOXES = sorted((FOLDER / "mail").glob("*.mbox"))
LABELS = ("content-type", "content-transfer-encoding", "mime-version")


def messages(path):
    blob = Blob(path.name, lambda: path.open("rb"))
    return list(mail.messages(blob, Options(), Ledger(path.name)))


def facts(raw):
    try:
        rows = mail.parse(raw, Options())
    except SkipItem:
        return []
    names = ("event", "recipient", "smtp_code", "enhanced_code")
    return [tuple(row.get(name) for name in names) for row in rows]


def split(raw):
    raw = raw.replace(b"\r\n", b"\n").lstrip(b"\n")
    if raw.startswith(b"From "):
        raw = raw.partition(b"\n")[2]
    head, _, body = raw.partition(b"\n\n")
    return head, body


def without(head, *names):
    fields = re.split(rb"\n(?![ \t])", head)
    return b"\n".join(f for f in fields if f.partition(b":")[0].lower().decode() not in names)


def field(head, name):
    found = re.search(rb"(?im)^%s:[ \t]*([^\n]*(?:\n[ \t]+[^\n]*)*)" % name, head)
    return found[1] if found else b""


def is_bare_text(head):
    kind = field(head, b"content-type").lower()
    encoding = field(head, b"content-transfer-encoding").lower()
    return (not kind or kind.startswith(b"text/plain")) and encoding in (b"", b"7bit", b"8bit")


def encoded(head, name, data):
    return b"%s\nContent-Transfer-Encoding: %s\n\n%s" % (
        without(head, "content-transfer-encoding"),
        name,
        data,
    )


def in_base64(head, body):
    return encoded(head, b"base64", base64.encodebytes(body)) if is_bare_text(head) else None


def in_quoted_printable(head, body):
    if not is_bare_text(head):
        return None
    return encoded(head, b"quoted-printable", quopri.encodestring(body))


def without_return_path(head, body):
    return without(head, "return-path") + b"\n\n" + body


def with_a_tag_in_the_subject(head, body):
    return re.sub(rb"(?im)^subject:[ \t]*", b"Subject: [EXTERNAL] ", head, count=1) + b"\n\n" + body


@pytest.mark.parametrize("path", MAILBOXES, ids=lambda path: path.stem)
@pytest.mark.parametrize(
    "change",
    [in_base64, in_quoted_printable, without_return_path, with_a_tag_in_the_subject],
    ids=lambda change: change.__name__,
)
def test_what_happens_on_the_way_changes_no_row(change, path):
    differing = []
    for number, raw in messages(path):
        changed = change(*split(raw))
        if changed is not None and facts(changed) != facts(raw):
            differing.append(number)
    assert differing == []


NOTICE = """This is the mail system at host mx.example.org.

<bob@example.net>: host mx.example.net[203.0.113.9] said: 550 5.1.1 no such user
    (in reply to RCPT TO command)
"""
BANNER = "Take care: this message comes from outside. Ask helpdesk@example.com."
HEAD = """Return-Path: <>
From: Mail Delivery System <MAILER-DAEMON@mx.example.org>
To: sales@example.com
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
"""
PAGE = f"<html><body><pre>{html.escape(NOTICE)}</pre></body></html>"


@pytest.mark.parametrize(
    "parts",
    [
        [("text/plain", BANNER), ("text/plain", NOTICE)],
        [("text/plain", BANNER), ("text/html", PAGE)],
        [("text/html", PAGE), ("text/plain", BANNER)],
        [("text/plain", NOTICE), ("text/plain", BANNER)],
    ],
)
def test_the_notice_is_found_beside_what_a_gateway_adds(parts):
    body = "".join(f"--b\nContent-Type: {kind}; charset=utf-8\n\n{text}\n" for kind, text in parts)
    raw = f"{HEAD}Content-Type: multipart/mixed; boundary=b\n\n{body}--b--\n"
    assert facts(raw.encode()) == [("bounce", "bob@example.net", 550, "5.1.1")]


@pytest.mark.parametrize(
    ("to", "sent_to", "expected"),
    [
        ("news-bounces+bob=example.net@lists.example.com", "", "bob@example.net"),
        ("list-return-12-bob=example.net@lists.example.com", "", "bob@example.net"),
        ("bounces+1234-ab3f-anne-marie=example.net@em.example.com", "", "anne-marie@example.net"),
        ("list-anne-marie=example.net@example.com", "Anne-Marie@Example.net", None),
        ("list-marie=example.net@example.com", "", "marie@example.net"),
        ("prvs=0123abcdef=first.last@example.com", "", ""),
        ("SRS0=hAsH=TT=example.org=first.last@fwd.example.com", "", ""),
        ("msprvs1=17abc=bounces-12.34@bounces.example.com", "", ""),
        ("sales@example.com", "", ""),
    ],
)
def test_the_recipient_that_the_envelope_sender_holds(to, sent_to, expected):
    message = open_message(f"To: {to}\nSubject: x\n\nx".encode())
    found = verp.recipient(message, HeaderBlock(f"To: {sent_to}"))
    assert (found or "") == ("anne-marie@example.net" if expected is None else expected)


def test_the_recipient_is_the_one_the_message_was_sent_to():
    sent = "<real@store.example.net> (expanded from <team@example.net>): host said: 550 5.1.1 no"
    raw = f"{HEAD}Content-Type: text/plain\n\n{sent}\n"
    assert facts(raw.encode()) == [("bounce", "team@example.net", 550, "5.1.1")]


def test_fields_above_the_failure_name_the_message_and_are_not_its_copy():
    told = "From: a@example.com\nTo: bob@example.net\nSubject: offer\nDate: today\n\n"
    raw = f"{HEAD}Content-Type: text/plain\n\nYour message\n\n{told}could not be delivered:\n\n"
    assert facts(f"{raw}552 5.2.2 full\n".encode())[0][2:] == (552, "5.2.2")
    copy = f"{raw}".replace("could not be delivered", "Dear Bob")
    assert facts(f"{copy}552 5.2.2 full\n".encode())[0][2:] == (None, None)
