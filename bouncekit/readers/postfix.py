"""Postfix ``mail.log`` / ``maillog``: delivery lines of the classic and the RFC 3339 form.

An item is a line that tells how one delivery went. Sender and Message-ID come
from the ``cleanup`` and ``qmgr`` lines of the same queue id in the same file;
where a rotated file holds the end of a story only, those stay missing.

``vendor_type`` is the status word:

- ``sent``, ``bounced``, ``deferred``
- ``deferred/not tried``: Postfix put it off without asking the receiver again
- ``SOFTBOUNCE``: a refusal that Postfix in its test mode keeps in the queue,
  so it is a deferral
- ``expired``, ``force-expired``: given up after the last deferral, whose words
  and codes the row repeats

Look-alikes: ``NOQUEUE: reject:`` and other ``smtpd`` lines refuse mail that
comes in; ``deliverable`` and ``undeliverable`` answer address probes.
"""

import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from bouncekit.accounting import Ledger
from bouncekit.inputs.encodings import text_stream
from bouncekit.inputs.sources import Blob, Head
from bouncekit.readers._base import CERTAIN, NO, Chunk, Options, Reader, Row, in_chunks
from bouncekit.readers._reply import codes_of
from bouncekit.readers._syslog import Clock, Line, lines

_SNIFF = re.compile(r"^[^\n]{10,80}? postfix[^ \[/]*(?:/[a-z-]+)+\[\d+\]: ", re.MULTILINE)
_QUEUE_ID = re.compile(r"([0-9A-F]{5,15}|[0-9A-Za-z]{10,20}): ")
_DELIVERY = re.compile(
    r"to=<(?P<to>[^>]{0,320})>, (?:orig_to=<(?P<orig_to>[^>]{0,320})>, )?"
    r"relay=(?P<relay>[^,]{0,400}), "
    r"(?:[a-z_]+=[^,]{0,200}, )*?(?:dsn=(?P<dsn>[\d.]{5,11}), )?"
    r"status=(?P<status>[A-Za-z-]{1,20})(?: \((?P<text>.*)\))?\s*$"
)
_EXPIRED = re.compile(r"from=<(?P<sender>[^>]{0,320})>, status=(?P<status>(?:force-)?expired)\b")
_SENDER = re.compile(r"from=<([^>]{0,320})>")
_MESSAGE_ID = re.compile(r"(?:resent-)?message-id=<?([^>]{1,998})")
_HOST_SAID = re.compile(r"host (\S{1,255}?)\[[^\]]{1,60}\](?::\d+)? (?:said: |(?=refused to talk))")
_HOST_NAMED = re.compile(
    r"(?:connect to|lost connection with|conversation with) ([^\s\[]{1,255})\["
)
_LOCAL_FILTER = re.compile(
    r"(?:127\.\d+\.\d+\.\d+|localhost|::1)(?:\[[^\]]*\])?:\d+$", re.IGNORECASE
)
_NOT_TRIED = "delivery temporarily suspended"
_EVENTS = {
    "sent": "delivered",
    "bounced": "bounce",
    "deferred": "deferral",
    "SOFTBOUNCE": "deferral",
}
_PROBES = {"deliverable", "undeliverable"}
MAX_QUEUE = 200_000
"""Messages remembered at a time; the longest untouched is forgotten first."""


@dataclass(slots=True)
class _Message:
    """What other lines of the log say about one queue id."""

    sender: str | None = None
    message_id: str | None = None
    deferred: dict[str, Row] = field(default_factory=dict)


class _Queue:
    """The messages under way, by host and queue id (ids are used again)."""

    def __init__(self) -> None:
        self._messages: OrderedDict[tuple[str, str], _Message] = OrderedDict()

    def message(self, host: str, queue_id: str) -> _Message:
        key = (host, queue_id)
        found = self._messages.get(key)
        if found is None:
            found = self._messages[key] = _Message()
            if len(self._messages) > MAX_QUEUE:
                self._messages.popitem(last=False)
        else:
            self._messages.move_to_end(key)
        return found

    def forget(self, host: str, queue_id: str) -> None:
        self._messages.pop((host, queue_id), None)


def sniff(head: Head) -> int:
    """Recognise a line of a Postfix daemon."""
    return CERTAIN if _SNIFF.search(head.text) else NO


def read(blob: Blob, options: Options, ledger: Ledger) -> Iterator[Chunk]:
    """Read the delivery lines, one row each; an expired message, one per recipient."""
    clock = Clock(blob, options.tz)
    try:
        yield from in_chunks(_rows(blob, clock, ledger))
    finally:
        _note(clock, options, ledger)


def _rows(blob: Blob, clock: Clock, ledger: Ledger) -> Iterator[list[Row]]:
    queue = _Queue()
    with text_stream(blob.open(), blob.head.encoding) as texts:
        for line in lines(texts, clock, "postfix"):
            found = _QUEUE_ID.match(line.text)
            if found:
                yield _take(line, found[1], line.text[found.end() :], queue, ledger)


def _note(clock: Clock, options: Options, ledger: Ledger) -> None:
    if clock.zoneless and not options.tz:
        ledger.note("times name no zone and were read as UTC; give tz= the server's zone")
    if clock.zoneless and not clock.dated:
        ledger.note("times name no year and the file has no date, so they are missing; give a path")


def _take(line: Line, queue_id: str, text: str, queue: _Queue, ledger: Ledger) -> list[Row]:
    """Learn from one line; give rows if it is a delivery."""
    if text.startswith("removed"):
        queue.forget(line.host, queue_id)
        return []
    message = queue.message(line.host, queue_id)
    if " status=" not in text:
        _learn(message, text)
        return []
    expired = _EXPIRED.match(text)
    if expired:
        message.sender = expired["sender"]
    elif not text.startswith("to=<"):
        return []
    if message.sender == "":
        ledger.skip(line.number, "is about a bounce message of this server (null sender)")
        return []
    if expired:
        rows = _expired(message, expired["status"], line)
    else:
        rows = _delivery(message, text, line, ledger)
    for row in rows:
        row["item"] = line.number
        row["sender"], row["message_id"] = message.sender, message.message_id
    ledger.read += bool(rows)
    return rows


def _learn(message: _Message, text: str) -> None:
    if text.startswith("from=<"):
        found = _SENDER.match(text)
        message.sender = found[1] if found else None
    elif text.startswith(("message-id=", "resent-message-id=")):
        found = _MESSAGE_ID.match(text)
        if found and (text.startswith("message-id=") or not message.message_id):
            message.message_id = found[1]


def _delivery(message: _Message, text: str, line: Line, ledger: Ledger) -> list[Row]:
    match = _DELIVERY.match(text)
    if not match:
        ledger.fail(line.number, "is a delivery line of a shape that is not known")
        return []
    status, words = match["status"], match["text"] or None
    if status in _PROBES:
        ledger.skip(line.number, "answers an address probe; no message was sent")
        return []
    if status not in _EVENTS:
        ledger.fail(line.number, f"has the status {status!r}, which is none of Postfix's")
        return []
    if status == "sent" and _LOCAL_FILTER.match(match["relay"]):
        ledger.skip(
            line.number, "hands the message to a filter on the same host; its delivery follows"
        )
        return []
    row = _row(match, words, line)
    if row["event"] == "deferral":
        # What the receiver said last counts, not that it was left alone since.
        if not row["vendor_type"].endswith("not tried") or row["recipient"] not in message.deferred:
            message.deferred[row["recipient"]] = row
    else:
        message.deferred.pop(row["recipient"], None)
    return [row]


def _row(match: re.Match[str], words: str | None, line: Line) -> Row:
    said = _HOST_SAID.search(words) if words else None
    named = said or (_HOST_NAMED.search(words) if words else None)
    diagnostic = words[said.end() :] if said and words else words
    suspended = bool(words and words.startswith(_NOT_TRIED))
    original = match["orig_to"]
    smtp, enhanced = codes_of(diagnostic, match["dsn"])
    return {
        "timestamp": line.timestamp,
        "event": _EVENTS[match["status"]],
        "recipient": original if original and "@" in original else match["to"],
        "smtp_code": smtp,
        "enhanced_code": enhanced,
        "diagnostic": diagnostic,
        "vendor_type": f"{match['status']}/not tried" if suspended else match["status"],
        "remote_mta": named[1] if named else _relay_host(match["relay"]),
    }


def _relay_host(relay: str) -> str | None:
    host = relay.partition("[")[0]
    return host if "." in host and "/" not in host else None


def _expired(message: _Message, status: str, line: Line) -> list[Row]:
    """Give the final failure of every recipient that was deferred last."""
    last = list(message.deferred.values()) or [{"diagnostic": f"{status}, returned to sender"}]
    message.deferred = {}
    facts = {"timestamp": line.timestamp, "event": "bounce", "vendor_type": status}
    return [{**row, **facts} for row in last]


READER = Reader(
    name="postfix",
    title="Postfix mail log",
    sniff=sniff,
    read=read,
    has_denominator=True,
    how_to_get="/var/log/mail.log or /var/log/maillog of the sending server, rotated files too",
    certainty="known",
)
