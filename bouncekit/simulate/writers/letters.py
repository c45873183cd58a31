"""Pieces of mail, and the mail in a mailbox that is no bounce report."""

import base64
from collections.abc import Mapping, Sequence
from email.utils import format_datetime

from bouncekit.simulate.data import facts, local
from bouncekit.simulate.talk import Said

SELLER = "Brightwave Trading"
ACCOUNTS = ("lily", "wang", "chen", "export", "service")
"""Mailboxes of the salespeople, who write from them themselves."""


def seller() -> str:
    """Return the seller's domain."""
    return str(facts()["seller"]["domain"])


def date(millis: int) -> str:
    """Return the value of a Date header, Beijing time (RFC 5322 3.3)."""
    return format_datetime(local(millis))


def encoded(text: str, charset: str) -> str:
    """Return a header value as an encoded word (RFC 2047)."""
    return f"=?{charset}?B?{base64.b64encode(text.encode(charset)).decode()}?="


def wrapped(content: bytes) -> str:
    """Return base64 in lines of 76 characters."""
    text = base64.b64encode(content).decode()
    return "\n".join(text[start : start + 76] for start in range(0, len(text), 76))


def letter(headers: Mapping[str, str], body: str) -> str:
    """Return a message: headers, an empty line, the body."""
    head = "".join(f"{name}: {value}\n" for name, value in headers.items())
    return f"{head}\n{body}\n"


def multipart(parts: Sequence[tuple[str, str]], boundary: str) -> str:
    """Return the body of a multipart message; each part is (headers, text)."""
    made = "".join(f"--{boundary}\n{head}\n\n{text}\n" for head, text in parts)
    return f"{made}--{boundary}--"


def original(entry: Said, sender: str) -> dict[str, str]:
    """Return the headers of the mail that was sent."""
    return {
        "Message-ID": f"<{entry.message_id}>",
        "Date": date(entry.sent_at),
        "From": f"{SELLER} <{sender}>",
        "To": f"<{entry.address}>",
        "Subject": entry.subject,
        "MIME-Version": "1.0",
        "Content-Type": "text/html; charset=utf-8",
    }


_AWAY = (
    ("Automatic reply: {subject}", "I am out of the office until Monday and will answer then."),
    ("Out of Office: {subject}", "Thank you for your message. I am on annual leave."),
    ("自动回复: {subject}", "您好，邮件已收到，我会尽快回复。谢谢！"),
    ("Automatische Antwort: {subject}", "Vielen Dank. Ich bin derzeit nicht im Büro."),
)


def auto_reply(entry: Said, sender: str) -> str:
    """Write an answer that a mailbox sends by itself (RFC 3834)."""
    subject, body = _AWAY[entry.message % len(_AWAY)]
    title = subject.format(subject=entry.subject)
    headers = {
        "Return-Path": "<>",
        "Date": date(entry.at),
        "From": f"<{entry.address}>",
        "To": f"<{sender}>",
        "Subject": title if title.isascii() else encoded(title, "utf-8"),
        "Message-ID": f"<auto.{entry.message}@{entry.address.rpartition('@')[2]}>",
        "In-Reply-To": f"<{entry.message_id}>",
        "Auto-Submitted": "auto-replied",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "base64",
    }
    return letter(headers, wrapped(body.encode()))


def complaint(entry: Said, sender: str) -> str:
    """Write an abuse report (RFC 5965)."""
    boundary = f"arf-{entry.message}"
    report = (
        "Feedback-Type: abuse\nUser-Agent: ExampleFeedbackLoop/1.0\nVersion: 1\n"
        f"Original-Mail-From: <{sender}>\nOriginal-Rcpt-To: <{entry.address}>\n"
        f"Source-IP: {facts()['seller']['postfix_ip']}\nArrival-Date: {date(entry.sent_at)}\n"
    )
    mail = letter(original(entry, sender), "<p>Dear buyer</p>")
    parts = [
        ("Content-Type: text/plain; charset=us-ascii", "This is an abuse report for one message."),
        ("Content-Type: message/feedback-report", report),
        ("Content-Type: message/rfc822", mail),
    ]
    headers = {
        "Date": date(entry.at),
        "From": "<feedback@fbl.example.net>",
        "To": f"<abuse@{seller()}>",
        "Subject": f"FW: {entry.subject}",
        "Message-ID": f"<fbl.{entry.message}@fbl.example.net>",
        "MIME-Version": "1.0",
        "Content-Type": f'multipart/report; report-type=feedback-report; boundary="{boundary}"',
    }
    return letter(headers, multipart(parts, boundary))


_ORDINARY = (
    ("Re: {subject}", "Please send your best price for 500 pieces CIF Hamburg."),
    ("RFQ", "Could you quote item 4 of your catalogue? Delivery in autumn."),
    ("展会安排", "下周展会的安排见附件，请大家提前确认时间。"),
    ("Re: samples", "The samples arrived. One was broken; see the photo next week."),
    ("Invoice 2026-117", "The payment was made today. Please confirm."),
)


def ordinary(number: int, at: int) -> str:
    """Write mail that is neither bounce nor automatic."""
    subject, body = _ORDINARY[number % len(_ORDINARY)]
    title = subject.format(subject="your offer")
    headers = {
        "Date": date(at),
        "From": f"<colleague{number}@example.org>",
        "To": f"<sales@{seller()}>",
        "Subject": title if title.isascii() else encoded(title, "utf-8"),
        "Message-ID": f"<letter.{number}@example.org>",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
    }
    return letter(headers, body)
