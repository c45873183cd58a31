"""Postfix ``mail.log`` / ``maillog``: delivery lines of the classic and the RFC 3339 form.

An item is a line that tells how one delivery went. Sender and Message-ID come
from the ``cleanup`` and ``qmgr`` lines of the same queue id, in the same file
or in an older one of the same folder (rotated logs are read as one); where
none of them is there, they stay missing.

``vendor_type`` is the status word:

- ``sent``, ``bounced``, ``deferred``
- ``deferred/not tried``: Postfix put it off without asking the receiver again
- ``SOFTBOUNCE``: a refusal that Postfix in its test mode keeps in the queue,
  so it is a deferral
- ``expired``, ``force-expired``: given up after the last deferral, whose words
  and codes the row repeats

Look-alikes: ``NOQUEUE: reject:`` and other ``smtpd`` lines refuse mail that
comes in; ``deliverable`` and ``undeliverable`` answer address probes; ``sent``
may mean no more than handed to a filter or forwarded under another queue id.
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

_SNIFF = re.compile(r"^[^\n]{10,80}? postfix[^ \[/]*(?:/[a-z-]+)+\[\d+\]: ", re.MULTILINE)
_TOLD = ("to=<", "from=<", "message-id=", "resent-message-id=", "removed")
"""How the lines begin that tell of a message, behind the queue id."""
_DELIVERY = re.compile(
    r"to=<(?P<to>[^>]{0,320})>, (?:orig_to=<(?P<orig_to>[^>]{0,320})>, )?"
    r"relay=(?P<relay>[^,]{0,400}), "
    r"(?:[a-ce-z][a-z_]*=[^,]{0,200}, |delays?=[^,]{0,200}, )*(?:dsn=(?P<dsn>[\d.]{5,11}), )?"
    r"status=(?P<status>[A-Za-z-]{1,20})(?: \((?P<text>.*)\))?\s*$"
)
_EXPIRED = re.compile(r"from=<(?P<sender>[^>]{0,320})>, status=(?P<status>(?:force-)?expired)\b")
_SENDER = re.compile(r"from=<([^>]{0,320})>")
_MESSAGE_ID = re.compile(r"(?:resent-)?message-id=<?([^>]{1,998})")
_HOST_SAID = re.compile(r"host (\S{1,255}?)\[[^\]]{1,60}\](?::\d+)? (?:said: |(?=refused to talk))")
_HOST_NAMED = re.compile(
    r"(?:connect to|lost connection with|conversation with) ([^\s\[]{1,255})\["
)
_LOCAL_HOST = r"(?:127\.\d+\.\d+\.\d+|localhost|::1)(?:\[[^\]]*\])?:\d+"
_LOCAL_FILTER = re.compile(rf"{_LOCAL_HOST}$", re.IGNORECASE)
_FILTER_DOWN = re.compile(
    rf"(?:delivery temporarily suspended: )?connect to {_LOCAL_HOST}: ", re.IGNORECASE
)
_NOT_TRIED = "delivery temporarily suspended"
_DOUBLE_BOUNCE = "double-bounce@"
_EVENTS = {
    "sent": "delivered",
    "bounced": "bounce",
    "deferred": "deferral",
    "SOFTBOUNCE": "deferral",
}
_PROBES = {"deliverable", "undeliverable"}


def sniff(head: Head) -> int:
    """Recognise a line of a Postfix daemon."""
    return CERTAIN if _SNIFF.search(head.text) else NO


def _rows(blob: Blob, clock: Clock, ledger: Ledger, queue: Queue) -> Iterator[list[Row]]:
    """Read the delivery lines, one row each; an expired message, one per recipient."""
    for number, line in _syslog.lines(blob, clock):
        # Most lines are about something else, and these looks cost next to nothing.
        delivery = " status=" in line
        if not (delivery or ": from=<" in line or "message-id=" in line or ": removed" in line):
            continue
        found = _syslog.split(line)
        if found is None or not found[1].startswith("postfix"):
            continue
        host, _, text = found
        queue_id, _, told = text.partition(": ")
        if not told.startswith(_TOLD) or not queue_id.isalnum():
            continue
        if not delivery:
            _learn(queue, host, queue_id, told)
            continue
        message = queue.message(host, queue_id)
        yield entered(ledger, number, message, _take, told, partial(clock.at, line))


def _learn(queue: Queue, host: str, queue_id: str, told: str) -> None:
    """Keep what a line says of a message; the queue manager's comes at each try."""
    if told.startswith("removed"):
        queue.forget(host, queue_id)
    elif told.startswith("from=<"):
        found = _SENDER.match(told)
        queue.touch(host, queue_id).sender = found[1] if found else None
    elif told.startswith(("message-id=", "resent-message-id=")):
        found = _MESSAGE_ID.match(told)
        message = queue.message(host, queue_id)
        if found and (told[0] == "m" or not message.message_id):
            message.message_id = found[1].strip()


def _take(message: Message, told: str) -> list[Row]:
    """Make the rows of one line that tells how a delivery went."""
    expired = _EXPIRED.match(told)
    if expired:
        message.sender = expired["sender"]
    if message.sender == "":
        msg = "is about a bounce message of this server (null sender)"
        raise SkipItem(msg)
    if message.sender and message.sender.startswith(_DOUBLE_BOUNCE):
        msg = "is about a notice of this server to its postmaster, or a probe"
        raise SkipItem(msg)
    return _expired(message, expired["status"]) if expired else [_delivery(message, told)]


def _delivery(message: Message, told: str) -> Row:
    match = _DELIVERY.match(told)
    if not match:
        msg = "is a delivery line of a shape that is not known"
        raise BadItem(msg)
    status, words = match["status"], match["text"] or None
    if status in _PROBES:
        msg = "answers an address probe; no message was sent"
        raise SkipItem(msg)
    if status not in _EVENTS:
        msg = f"has the status {status!r}, which is none of Postfix's"
        raise BadItem(msg)
    _refuse_stopover(status, words or "", match["relay"])
    row = _row(match, words)
    if row["event"] == "deferral":
        # What the receiver said last counts, not that it was left alone since.
        if not row["vendor_type"].endswith("not tried") or row["recipient"] not in message.deferred:
            message.deferred[row["recipient"]] = row
    else:
        message.deferred.pop(row["recipient"], None)
    # A copy: the row that is handed on gets an item of its own.
    return dict(row)


def _refuse_stopover(status: str, words: str, relay: str) -> None:
    """Raise SkipItem where the message only changes hands on this server."""
    msg = ""
    if status == "sent" and _LOCAL_FILTER.match(relay):
        msg = "hands the message to a filter on the same host; its delivery follows"
    elif status == "deferred" and _FILTER_DOWN.match(words):
        msg = "waits for a filter on the same host, not for a receiver"
    elif status == "sent" and words.startswith("forwarded as "):
        msg = "forwards the message under another queue id; its delivery follows"
    elif status == "sent" and words.startswith("discarded"):
        msg = "was discarded by a rule of this server"
    if msg:
        raise SkipItem(msg)


def _row(match: re.Match[str], words: str | None) -> Row:
    original = match["orig_to"]
    return {
        "event": _EVENTS[match["status"]],
        "recipient": original if original and "@" in original else match["to"],
        "vendor_type": match["status"],
        "remote_mta": _relay_host(match["relay"]),
        **_reply(words, match["dsn"]),
    }


def _reply(words: str | None, dsn: str | None) -> Row:
    """Give the facts in the words between the brackets."""
    if words and words[0] == "2":
        smtp, enhanced = codes_of_success(words, dsn)
        return {"smtp_code": smtp, "enhanced_code": enhanced, "diagnostic": words}
    said = _HOST_SAID.search(words) if words else None
    named = said or (_HOST_NAMED.search(words) if words else None)
    diagnostic = words[said.end() :] if said and words else words
    smtp, enhanced = codes_of(diagnostic, dsn)
    facts: Row = {"smtp_code": smtp, "enhanced_code": enhanced, "diagnostic": diagnostic}
    if words and words.startswith(_NOT_TRIED):
        facts["vendor_type"] = "deferred/not tried"
    if named:
        facts["remote_mta"] = named[1]
    return facts


def _relay_host(relay: str) -> str | None:
    host = relay.partition("[")[0]
    return host if "." in host and "/" not in host else None


def _expired(message: Message, status: str) -> list[Row]:
    """Give the final failure of every recipient that was deferred last."""
    last = list(message.deferred.values()) or [{"diagnostic": f"{status}, returned to sender"}]
    message.deferred = {}
    return [{**row, "event": "bounce", "vendor_type": status} for row in last]


READER = Reader(
    name="postfix",
    title="Postfix mail log",
    sniff=sniff,
    read=syslog_of_queue(_rows),
    has_denominator=True,
    how_to_get=(
        "Copy /var/log/mail.log* (Debian, Ubuntu) or /var/log/maillog* (Red Hat, FreeBSD) of the "
        "sending server into one folder, rotated and compressed files too.\n"
        "Without such a file: journalctl -u 'postfix*' -o short-iso > mail.log"
    ),
    certainty="known",
)
