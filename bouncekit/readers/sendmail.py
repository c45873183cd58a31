"""Sendmail's log (``maillog``, ``mail.log``): the ``to=`` lines.

An item is a line that tells how a delivery to one or several recipients went;
it gives a row for each. Sender and Message-ID come from the ``from=`` line of
the same queue id, in the same file or in an older one of the same folder
(rotated logs are read as one).

``vendor_type`` is what ``stat=`` says, without the details behind it:
``Sent``, ``Deferred``, ``User unknown``, ``Host unknown``, ``Service
unavailable``, ``Data format error``, ``Remote protocol error``, ``Message
timeout``, ``Cannot send message for 5 days`` ... The last two were given up
after the last deferral, whose words and codes the row repeats. The receiver's
own words stand in ``reply=`` (newer versions), else sometimes on a line of
their own before it.

Look-alikes: ``queued`` was not tried yet; ``sm-msp-queue`` hands messages to
the server on the same host; lines with ``DSN:`` or ``return to sender:`` name
the bounce message that the server made itself.
"""

import re
from collections.abc import Iterator
from functools import partial

from bouncekit.accounting import Ledger
from bouncekit.inputs.sources import Blob, Head
from bouncekit.readers import _syslog
from bouncekit.readers._base import (
    CERTAIN,
    NO,
    BadItem,
    Reader,
    Row,
    SkipItem,
)
from bouncekit.readers._queue import Message, Queue, entered, syslog_of_queue
from bouncekit.readers._reply import codes_of, codes_of_success
from bouncekit.readers._syslog import Clock

_PROGRAMS = ("sendmail", "sm-mta", "sm-msp-queue", "sm-que")
_SNIFF = re.compile(
    r"^[^\n]{10,120}? (?:sendmail|sm-mta|sm-msp-queue|sm-que)\[\d+\]: [^\n]{0,4000}\bstat=",
    re.MULTILINE,
)
_QUEUE_ID = re.compile(r"[0-9A-Za-z]{7,20}")
_OWN_NOTICE = re.compile(r"([0-9A-Za-z]{7,20}): (?:DSN|return to sender|[a-z]{1,20} notify): ")
_WORDS = re.compile(r"(?:<<< |--- )?([45]\d\d[ -].{1,2000})")
_LOCAL = re.compile(r"\[?(?:127\.\d+\.\d+\.\d+|localhost)\b|\[IPv6:::1\]")
_GIVEN_UP = re.compile(r"message timeout|message timed out|cannot send message", re.IGNORECASE)
_NO_WORDS = {"Service unavailable", "Data format error", "Remote protocol error"}
"""What sendmail says where it has no better word; the status tells more than that."""
_ANSWER = re.compile(r"\((.*)\)\s*$")
_LABEL = re.compile(r"[^:(]{1,60}")


def sniff(head: Head) -> int:
    """Recognise a line of sendmail that tells how a delivery went."""
    return CERTAIN if _SNIFF.search(head.text) else NO


def _rows(blob: Blob, clock: Clock, ledger: Ledger, queue: Queue) -> Iterator[list[Row]]:
    """Read the delivery lines, one row per recipient."""
    for number, line in _syslog.lines(blob, clock):
        found = _syslog.split(line) if "]: " in line else None
        if found is None or not found[1].startswith(_PROGRAMS):
            continue
        host, _, text = found
        queue_id, _, told = text.rstrip("\r\n").partition(": ")
        if not _QUEUE_ID.fullmatch(queue_id):
            continue
        if not told.startswith("to=") or ", stat=" not in told:
            _learn(queue, host, queue_id, told)
            continue
        message = queue.message(host, queue_id)
        yield entered(ledger, number, message, _take, told, partial(clock.at, line))


def _learn(queue: Queue, host: str, queue_id: str, told: str) -> None:
    """Keep what a line says of a message."""
    if told.startswith("from="):
        fields = _fields(told)
        message = queue.touch(host, queue_id)
        message.sender = fields["from"].strip("<>")
        message.message_id = fields.get("msgid", "").strip("<> ") or None
    elif own := _OWN_NOTICE.match(told):
        queue.touch(host, own[1]).sender = ""
    elif words := _WORDS.match(told):
        queue.message(host, queue_id).words = words[1]


def _fields(told: str) -> dict[str, str]:
    """Take the fields of a line apart: ``key=value`` with a comma and a space between."""
    parts = (part.partition("=") for part in told.split(", "))
    return {key: value for key, equals, value in parts if equals}


def _take(message: Message, told: str) -> list[Row]:
    """Make the rows of one line that tells how a delivery went."""
    head, _, stat = told.partition(", stat=")
    head, _, reply = head.partition(", reply=")
    fields = _fields(head)
    if message.sender == "":
        msg = "is about a bounce message of this server (null sender)"
        raise SkipItem(msg)
    if stat.startswith("queued"):
        msg = "was put into the queue and not tried yet"
        raise SkipItem(msg)
    if stat.startswith("Sent") and _LOCAL.match(fields.get("relay", "")):
        msg = "hands the message to the server on the same host; its delivery follows"
        raise SkipItem(msg)
    recipients = [name.strip("<> ") for name in fields["to"].split(",")]
    if not any(recipients) or not stat:
        msg = "is a delivery line of a shape that is not known"
        raise BadItem(msg)
    facts = _facts(message, fields, reply, stat)
    return [_settled(message, {**facts, "recipient": name}, stat) for name in recipients if name]


def _facts(message: Message, fields: dict[str, str], reply: str, stat: str) -> Row:
    label = _LABEL.match(stat)
    said = reply or message.words
    message.words = None
    words = stat.removeprefix("Deferred: ")
    if stat.startswith("Sent"):
        answer = _ANSWER.search(stat)
        words = answer[1] if answer else ""
        smtp, enhanced = codes_of_success(words, fields.get("dsn"))
    else:
        words = said or ("" if words in _NO_WORDS else words)
        smtp, enhanced = codes_of(words, fields.get("dsn"))
    return {
        "event": _event(stat, fields.get("dsn", "")),
        "smtp_code": smtp,
        "enhanced_code": enhanced,
        "diagnostic": words or None,
        "vendor_type": label[0].strip() if label else stat[:60],
        "remote_mta": _relay_host(fields.get("relay", "")),
    }


def _event(stat: str, dsn: str) -> str:
    if stat.startswith("Sent"):
        return "delivered"
    temporary = stat.startswith("Deferred") or dsn.startswith("4")
    return "deferral" if temporary and not _GIVEN_UP.match(stat) else "bounce"


def _settled(message: Message, row: Row, stat: str) -> Row:
    """Remember a deferral; let one that was given up repeat the words of its last."""
    recipient = row["recipient"]
    if row["event"] == "deferral":
        message.deferred[recipient] = row
        return dict(row)
    last = message.deferred.pop(recipient, None)
    if last and _GIVEN_UP.match(stat):
        return {**last, "event": row["event"], "vendor_type": row["vendor_type"]}
    return row


def _relay_host(relay: str) -> str | None:
    """Give the host that was asked; a bare domain stands there where none was."""
    host, _, address = relay.partition(" ")
    asked = host.endswith(".") or address.startswith("[")
    return host.rstrip(".") if asked and "." in host and host[0] != "[" else None


READER = Reader(
    name="sendmail",
    title="Sendmail log",
    sniff=sniff,
    read=syslog_of_queue(_rows),
    has_denominator=True,
    how_to_get=(
        "Copy /var/log/maillog* (Red Hat, FreeBSD) or /var/log/mail.log* (Debian) of the sending "
        "server into one folder, rotated and compressed files too.\n"
        "Solaris and AIX: /var/log/syslog*."
    ),
    certainty="known",
)
