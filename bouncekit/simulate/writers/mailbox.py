"""The bounce mailbox, as one mbox: reports in every shape, and what else arrives there."""

from collections.abc import Iterable

from bouncekit.simulate.data import DAY, HOUR, START, epoch, local
from bouncekit.simulate.talk import Said
from bouncekit.simulate.world import World
from bouncekit.simulate.writers import chinese, letters, reports

KEPT_FROM = epoch(START.replace(month=7, day=1))
"""Postfix's own reports of earlier days were deleted."""
SES_COPIES = 40
_ORDINARY = 45

Entry = tuple[int, int, str]
"""Time, order within it, and the message."""


def messages(world: World, said: Iterable[Said], late: set[int]) -> list[Entry]:
    """Return what lies in the mailbox, by time of arrival."""
    said = list(said)
    copies = {entry.message for entry in ses_copies(said, late)}
    found: list[Entry] = []
    for entry in said:
        text = _text(entry, late, copies)
        if text:
            found.append((entry.at + 1_000, entry.message, text))
    for number, (address, at, _) in enumerate(world.forged.itertuples(index=False)):
        found.append((at, number, reports.forged(address, at, number)))
    for number in range(_ORDINARY if said else 0):
        at = said[0].at + number * 4 * DAY + number % 9 * HOUR
        found.append((at, number, letters.ordinary(number, at)))
    return sorted(found)


def ses_copies(said: Iterable[Said], late: set[int]) -> list[Said]:
    """Return the bounces of SES that are forwarded by mail too."""
    forwarded = [
        entry
        for entry in said
        if entry.channel == "ses" and entry.event == "bounce" and entry.at >= KEPT_FROM
    ]
    return [entry for entry in forwarded if entry.message not in late][::5][:SES_COPIES]


def mbox(found: Iterable[Entry]) -> bytes:
    """Write messages as an mbox file (RFC 4155, with quoted From lines)."""
    parts = []
    for at, _, text in found:
        quoted = text.replace("\nFrom ", "\n>From ")
        parts.append(f"From MAILER-DAEMON {local(at).ctime()}\n{quoted}\n")
    return "".join(parts).encode("utf-8")


def _text(entry: Said, late: set[int], copies: set[int]) -> str | None:
    """Write the message that an event leaves in the mailbox, if it does."""
    sender = _sender(entry)
    if entry.event == "auto_reply":
        return letters.auto_reply(entry, sender)
    if entry.event == "complaint" and entry.channel == "postfix":
        return letters.complaint(entry, sender)
    if entry.event == "deferral" and entry.channel == "mailbox":
        waits = entry.message % len(letters.ACCOUNTS) == 2 and entry.attempt == 3
        return reports.gmail(entry, sender, "delayed") if waits else None
    if entry.event != "bounce":
        return None
    if entry.channel == "ses":
        return reports.ses(entry, sender) if entry.message in copies else None
    if entry.message in late and entry.channel in ("postfix", "mailbox"):
        if entry.hosting == "exchange":
            return reports.exchange(entry, sender)
        return reports.exim(entry, sender, f"mail.{entry.address.rpartition('@')[2]}")
    if entry.channel == "postfix":
        return reports.postfix(entry, sender) if entry.at >= KEPT_FROM else None
    return _by_account(entry, sender) if entry.channel == "mailbox" else None


def _by_account(entry: Said, sender: str) -> str:
    """Write the report of the service that the salesperson's mailbox lies with."""
    account = entry.message % len(letters.ACCOUNTS)
    if account == 0:
        return chinese.tencent(entry, sender)
    if account == 1:
        return chinese.netease(entry, sender)
    if account == 2:
        return reports.gmail(entry, sender)
    if account == 3:
        return reports.exim(entry, sender, f"server.{letters.seller()}")
    return reports.qmail(entry, sender)


def _sender(entry: Said) -> str:
    if entry.channel == "mailbox":
        return f"{letters.ACCOUNTS[entry.message % len(letters.ACCOUNTS)]}@{letters.seller()}"
    host = "mail." if entry.channel == "postfix" else ""
    return f"news@{host}{letters.seller()}"
