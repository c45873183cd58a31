r"""Exim ``mainlog``: delivery lines, plain or through syslog.

An item is a line that tells how one delivery went. Sender and Message-ID come
from the line of arrival of the same message, in the same file or in an older
one of the same folder (rotated logs are read as one).

``vendor_type`` is the flag of the line, with what is behind it:

- ``=>``, ``->`` (a further address of the same delivery), ``>>`` (delivered
  while it came in)
- ``**``: failed; ``**/retry timeout exceeded``: given up after the last
  deferral, whose words and codes the row repeats
- ``==/-44`` and other numbers of errors: put off; those below zero are Exim's
  own, the others those of the operating system. ``==/-53/not tried`` and the
  like: put off without asking the receiver.

The lines of a reply are joined with a backslash and an ``n``. Times are local
ones unless the log names an offset.

Look-alikes: ``rejectlog`` and lines with ``rejected RCPT`` are about mail that
comes in; ``<= <>`` is a bounce of the server's own; ``*>`` was only tried out.

Facts: exim.org, specification, chapter on log files.
"""

import re
from collections.abc import Iterator
from functools import partial

from bouncekit import times
from bouncekit.accounting import Ledger
from bouncekit.inputs.encodings import text_stream
from bouncekit.inputs.sources import Blob, Head
from bouncekit.readers import _syslog
from bouncekit.readers._base import (
    CERTAIN,
    NO,
    BadItem,
    Chunk,
    Options,
    Reader,
    Rotated,
    Row,
    SkipItem,
    in_chunks,
)
from bouncekit.readers._queue import Message, Queue, entered
from bouncekit.readers._reply import codes_of, codes_of_success

_ID = r"[0-9A-Za-z]{6}-(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{11}-[0-9A-Za-z]{4})"
_LINE = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?(?: [+-]\d{4})?) (?:\[\d{1,10}\] )?"
    rf"(?P<id>{_ID}) (?P<flag><=|[=\->*]>|\*\*|==|Completed)(?: (?P<rest>.*))?"
)
_SNIFF = re.compile(
    r"^(?:[^\n]{10,120}? exim\S{0,20}\[\d+\]: )?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\S{0,7}"
    rf"(?: [+-]\d{{4}})? (?:\[\d+\] )?{_ID} (?:<=|[=\->*]>|\*\*|==|Completed)",
    re.MULTILINE,
)
_ADDRESS = re.compile(
    r'(?P<to>(?:"[^"]{0,64}"@)?[^\s:]\S*?)(?: <(?P<original>[^>]{0,320})>)?(?=:? |:?$)'
)
_HOST = re.compile(r" H=(\S{1,255}?)(?: \[| \(|:? |$)")
_ACCEPTED = re.compile(r' C="((?:[^"\\]|\\.){0,1000})"')
_SENDER = re.compile(r"(\S{1,320})")
_MESSAGE_ID = re.compile(r" id=(\S{1,998})")
# Tags behind the address: R=router T=transport H=host [address]:port X=cipher DN="..." and flags.
_TAGS = re.compile(
    r'(?: [A-Za-z]{1,5}=(?:"(?:[^"\\]|\\.){0,1000}"|<[^>]{0,320}>|\S{1,400}?(?=:?(?: |$)))'
    r"(?: \([^)]{0,255}\))?(?: \[[^\]]{1,60}\](?::\d{1,5})?)?| [KL*]| routing)*"
)
_DEFER = re.compile(r" defer \((-?\d{1,5})\)")
_SAID = re.compile(
    r"(?:SMTP|LMTP) error from remote (?:mail server|mailer) after (?:pipelined )?"
    r"(?P<stage>.{1,400}?)(?:: host (?P<host>\S{1,255}) \[[^\]]{1,60}\])?: (?P<reply>[245]\d\d.*)"
)
_RETRY_OVER = "retry timeout exceeded"
_NOT_TRIED = dict.fromkeys(("-51", "-52", "-53"), "retry time not reached")
_NOT_TRIED["-1"] = "queue_smtp_domains"
"""Errors that stand for no attempt, and words that say so."""
_NOWHERE = (":blackhole:", "discarded")


def sniff(head: Head) -> int:
    """Recognise a line of a message: time, message id and flag."""
    return CERTAIN if _SNIFF.search(head.text) else NO


def _match(line: str) -> re.Match[str] | None:
    """Match a line of a message, with or without syslog's head before it."""
    found = _LINE.match(line)
    if found is None and " exim" in line[:200]:
        parts = _syslog.split(line)
        found = _LINE.match(parts[2]) if parts else None
    return found


def _read(blob: Blob, options: Options, ledger: Ledger, queue: Queue) -> Iterator[Chunk]:
    """Read the delivery lines, one row each."""
    yield from in_chunks(_rows(blob, options, ledger, queue))


def _rows(blob: Blob, options: Options, ledger: Ledger, queue: Queue) -> Iterator[list[Row]]:
    with text_stream(blob.open(), blob.head.encoding) as lines:
        for number, line in enumerate(lines, start=1):
            match = _match(line)
            if match is None:
                continue
            flag, rest = match["flag"], (match["rest"] or "").rstrip("\r\n")
            if flag == "Completed":
                queue.forget("", match["id"])
                continue
            message = queue.message("", match["id"])
            if flag == "<=":
                _arrival(message, rest)
                continue
            moment = partial(_moment, match["time"], options, ledger)
            yield entered(ledger, number, message, _take, f"{flag} {rest}", moment)


def _moment(text: str, options: Options, ledger: Ledger) -> int | None:
    if not options.tz and text[-5] not in "+-":
        ledger.note("times name no zone and were read as UTC; give tz= the server's zone")
    return times.from_iso(text, options.tz)


def _arrival(message: Message, rest: str) -> None:
    sender, written = _SENDER.match(rest), _MESSAGE_ID.search(rest)
    message.sender = sender[1].strip("<>") if sender else None
    message.message_id = written[1].strip("<>") if written else None


def _take(message: Message, told: str) -> list[Row]:
    """Make the row of one line: a flag, the address, and what became of it."""
    flag, _, rest = told.partition(" ")
    if message.sender == "":
        msg = "is about a bounce message of this server (null sender)"
        raise SkipItem(msg)
    if flag == "*>":
        msg = "was tried out and not delivered (-N)"
        raise SkipItem(msg)
    if rest.startswith(_NOWHERE):
        msg = "was discarded by a rule of this server"
        raise SkipItem(msg)
    address = _ADDRESS.match(rest)
    if not address:
        msg = "is a delivery line of a shape that is not known"
        raise BadItem(msg)
    original = address["original"]
    recipient = original if original and "@" in original else address["to"]
    behind = rest[address.end() :]
    host = _HOST.search(behind)
    row: Row = {"recipient": recipient, "remote_mta": _name(host[1]) if host else None}
    if flag in ("=>", "->", ">>"):
        return [row | _delivered(flag, behind)]
    return [row | _failed(message, flag, recipient, behind)]


def _name(host: str) -> str | None:
    """Give a host by its name; a bare address is none."""
    return host if "." in host and host[0] not in "[(" else None


def _delivered(flag: str, told: str) -> Row:
    accepted = _ACCEPTED.search(told)
    reply = _lines(accepted[1]) if accepted else None
    smtp, enhanced = codes_of_success(reply)
    return {
        "event": "delivered",
        "vendor_type": flag,
        "diagnostic": reply,
        "smtp_code": smtp,
        "enhanced_code": enhanced,
    }


def _failed(message: Message, flag: str, recipient: str, told: str) -> Row:
    tags = _TAGS.match(told)
    place = tags.end() if tags else 0
    defer = _DEFER.match(told, place)
    if defer:
        more = _TAGS.match(told, defer.end())
        place = more.end() if more else defer.end()
    words = told[place:].lstrip(": ")
    facts = _words(words)
    if flag == "**":
        last = message.deferred.pop(recipient, None)
        if words == _RETRY_OVER and last:
            facts = last
        over = words.endswith(_RETRY_OVER)
        return {**facts, "event": "bounce", "vendor_type": f"**/{_RETRY_OVER}" if over else flag}
    number = defer[1] if defer else ""
    untried = number in _NOT_TRIED and _NOT_TRIED[number] in words
    if untried:
        # What went wrong before counts, not that the address was left alone since.
        facts = message.deferred.get(recipient, facts)
    else:
        message.deferred[recipient] = facts
    parts = ("==", number, "not tried" if untried else "")
    return {**facts, "event": "deferral", "vendor_type": "/".join(filter(None, parts))}


def _words(words: str) -> Row:
    """Give the receiver's words with the stage behind them, else Exim's own."""
    said = _SAID.match(words)
    reply = _lines(said["reply"] if said else words) or None
    smtp, enhanced = codes_of(reply)
    facts: Row = {"smtp_code": smtp, "enhanced_code": enhanced, "diagnostic": reply}
    if said:
        stage = said["stage"].partition(":")[0]
        facts["diagnostic"] = f"{reply} (in reply to {stage})"
        if said["host"]:
            facts["remote_mta"] = _name(said["host"])
    return facts


def _lines(text: str) -> str:
    """Take back what Exim did so that a reply of several lines is one line of the log."""
    return re.sub(r"\\(n|.)", lambda match: "\n" if match[1] == "n" else match[1], text).strip()


def _begins(blob: Blob, options: Options) -> int | None:
    found = (_match(line) for line in blob.head.text.splitlines())
    moments = (times.from_iso(match["time"], options.tz) for match in found if match)
    return next((moment for moment in moments if moment is not None), None)


READER = Reader(
    name="exim",
    title="Exim main log",
    sniff=sniff,
    read=Rotated(_read, Queue, _begins),
    has_denominator=True,
    how_to_get=(
        "Copy /var/log/exim4/mainlog* (Debian, Ubuntu), /var/log/exim/main.log* (Red Hat), "
        "/var/log/exim/mainlog* (FreeBSD) or /var/log/exim_mainlog* (cPanel) into one folder, "
        "rotated and compressed files too.\n"
        "log_selector = +smtp_confirmation adds the receivers' answers to deliveries."
    ),
)
