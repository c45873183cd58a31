"""The seller's own Postfix: its log, one file before and one after a change of time style.

The older file has the classic time (no year, no zone) and its date in its
name; the newer one has RFC 3339 times. The server's clock is Beijing's.
"""

from collections.abc import Callable, Iterable, Iterator

from bouncekit.simulate.data import SECOND, facts, local, utc
from bouncekit.simulate.replies import refused_at
from bouncekit.simulate.talk import Said

Entry = tuple[int, int, str]
"""Time, order within it, and the line after the time."""

_PIDS = {"cleanup": 2_214, "qmgr": 907, "smtp": 2_301, "bounce": 2_377, "local": 2_390}


def lines(said: Iterable[Said], late: set[int]) -> list[Entry]:
    """Return the log lines of the channel ``postfix``, by time.

    Parameters
    ----------
    said : iterable of Said
        All events.
    late : set of int
        Messages that were delivered and bounced afterwards: the log knows only
        of the delivery.
    """
    found: list[Entry] = []
    for entry in said:
        if entry.channel == "postfix" and not (entry.event == "bounce" and entry.message in late):
            found += _LINES[entry.event](entry) if entry.event in _LINES else []
    found.sort()
    return found


def classic(found: Iterable[Entry]) -> Iterator[str]:
    """Write entries with the classic syslog time."""
    for at, _, text in found:
        # ctime: the names of months must not depend on the locale.
        yield f"{local(at).ctime()[4:19]} {text}\n"


def modern(found: Iterable[Entry]) -> Iterator[str]:
    """Write entries with the RFC 3339 time of newer systems."""
    for at, _, text in found:
        yield f"{local(at):%Y-%m-%dT%H:%M:%S}.{at % SECOND:03d}000+08:00 {text}\n"


def queue_id(message_id: str) -> str:
    """Return the queue id of a message; it is part of its Message-ID."""
    return message_id.partition("@")[0].rpartition(".")[2]


def _line(entry: Said, at: int, order: int, daemon: str, text: str, queue: str = "") -> Entry:
    host = facts()["seller"]["postfix_host"]
    pid = _PIDS[daemon] + (entry.message % 8 if daemon == "smtp" else 0)
    name = queue or queue_id(entry.message_id)
    return at, order, f"{host} postfix/{daemon}[{pid}]: {name}: {text}"


def _sent(entry: Said) -> list[Entry]:
    sender = f"news@mail.{facts()['seller']['domain']}"
    size = 48_000 + len(entry.campaign) * 17
    return [
        _line(entry, entry.sent_at, 0, "cleanup", f"message-id=<{entry.message_id}>"),
        _line(
            entry, entry.sent_at, 1, "qmgr", f"from=<{sender}>, size={size}, nrcpt=1 (queue active)"
        ),
    ]


def _outcome(entry: Said, status: str) -> Entry:
    seconds = (entry.at - entry.sent_at) / SECOND
    delay = f"{seconds:.2g}" if seconds < 100 else f"{seconds:.0f}"
    no_host = entry.cause in ("host_unknown", "null_mx", "timeout")
    relay = "none" if no_host else f"{entry.host}[{entry.ip}]:25"
    return _line(
        entry,
        entry.at,
        2,
        "smtp",
        f"to=<{entry.address}>, relay={relay}, delay={delay}, delays=0.05/0.01/0.4/0.6, "
        f"dsn={dsn(entry)}, status={status} ({words(entry)})",
    )


def dsn(entry: Said) -> str:
    """Return the status that Postfix writes: the receiver's, else a filler of its class."""
    own = {"host_unknown": "5.4.4", "null_mx": "5.1.0", "timeout": "4.4.1"}
    if entry.cause in own:
        return own[entry.cause]
    digit = {"delivered": "2", "deferral": "4"}.get(entry.event, "5")
    return entry.enhanced or f"{digit}.0.0"


def words(entry: Said) -> str:
    """Return what Postfix writes in brackets: who said what, in reply to what."""
    if entry.event == "delivered" or entry.cause in ("host_unknown", "null_mx", "timeout"):
        return entry.reply
    if entry.kind == "blocked" and entry.message % 3 == 0:
        return f"host {entry.host}[{entry.ip}] refused to talk to me: {entry.reply}"
    step = refused_at(entry.cause)
    return f"host {entry.host}[{entry.ip}] said: {entry.reply} (in reply to {step})"


def _delivered(entry: Said) -> list[Entry]:
    return [_outcome(entry, "sent"), _line(entry, entry.at, 5, "qmgr", "removed")]


def _deferral(entry: Said) -> list[Entry]:
    return [_outcome(entry, "deferred")]


def _bounce(entry: Said) -> list[Entry]:
    sender = f"news@mail.{facts()['seller']['domain']}"
    if entry.kind == "expired" or (entry.code and entry.code < 500):
        text = f"from=<{sender}>, status=expired, returned to sender"
        first = _line(entry, entry.at, 2, "qmgr", text)
    else:
        first = _outcome(entry, "bounced")
    name = queue_id(entry.message_id)
    report = f"{name[:5]}{int(name[5:], 16) + 0x80000:05X}"
    notice = f"{utc(entry.at):%Y%m%d%H%M%S}.{report}@mail.{facts()['seller']['domain']}"
    inbox = f"to=<news@mail.{facts()['seller']['domain']}>, relay=local, delay=0.02"
    told = f"{inbox}, delays=0.01/0/0/0.01, dsn=2.0.0, status=sent (delivered to maildir)"
    return [
        first,
        _line(entry, entry.at, 3, "cleanup", f"message-id=<{notice}>", report),
        _line(entry, entry.at, 4, "bounce", f"sender non-delivery notification: {report}"),
        _line(entry, entry.at, 5, "qmgr", "from=<>, size=4310, nrcpt=1 (queue active)", report),
        _line(entry, entry.at, 6, "qmgr", "removed"),
        _line(entry, entry.at, 7, "local", told, report),
        _line(entry, entry.at, 8, "qmgr", "removed", report),
    ]


_LINES: dict[str, Callable[[Said], list[Entry]]] = {
    "sent": _sent,
    "delivered": _delivered,
    "deferral": _deferral,
    "bounce": _bounce,
}
