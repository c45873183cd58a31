"""Write a simulated half year as the files that its seller would have."""

import json
from pathlib import Path

from bouncekit.simulate import truth
from bouncekit.simulate.data import START, epoch
from bouncekit.simulate.talk import Said
from bouncekit.simulate.talk import said as everything_said
from bouncekit.simulate.world import World
from bouncekit.simulate.writers import lists, mailbox, postfix, sendgrid, ses
from bouncekit.simulate.writers._files import write_bytes

ROTATED = START.replace(month=6, day=1)
"""On this day the server was upgraded: its log was rotated and changed its time style."""


def write(world: World, folder: Path | str) -> list[Path]:
    """Write the files that the seller has, and the truth behind them beside these.

    Parameters
    ----------
    world : World
        The simulated half year.
    folder : Path or str
        Gets the folders ``sample`` and ``truth``; created where they are
        missing. Files of the same names are replaced.

    Returns
    -------
    list of Path
        The files written, sorted.
    """
    said = everything_said(world)
    bounced = {entry.message for entry in said if entry.event == "bounce"}
    late = bounced & {entry.message for entry in said if entry.event == "delivered"}
    parts = {"sample": _exports(world, said, late), "truth": _truths(world, said, late)}
    written = []
    for part, contents in parts.items():
        target = Path(folder) / part
        target.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            write_bytes(target / name, content)
            written.append(target / name)
    return sorted(written)


def _exports(world: World, said: list[Said], late: set[int]) -> dict[str, bytes]:
    """Return what the seller has: name and content of each file, not yet compressed."""
    log = postfix.lines(said, late)
    old = postfix.classic(line for line in log if line[0] < epoch(ROTATED))
    new = postfix.modern(line for line in log if line[0] >= epoch(ROTATED))
    return {
        "ses-events.ndjson.gz": "".join(ses.lines(said)).encode(),
        "sendgrid-events.json.gz": "".join(sendgrid.posts(said)).encode(),
        "sendgrid-bounces.csv": sendgrid.suppression_list(said).encode(),
        f"mail.log-{ROTATED:%Y%m%d}.gz": "".join(old).encode(),
        "mail.log.gz": "".join(new).encode(),
        "mailing-tool.csv.gz": lists.tool(said).encode("gb18030"),
        "bounces.mbox.gz": mailbox.mbox(mailbox.messages(world, said, late)),
        "contacts.csv.gz": lists.contacts(world).encode("utf-8-sig"),
        "sends.csv.gz": lists.sends(world).encode(),
    }


def _truths(world: World, said: list[Said], late: set[int]) -> dict[str, bytes]:
    table = truth.addresses(world).to_csv(index=False, lineterminator="\n")
    return {
        "truth.json": _truth(world, said, late).encode(),
        "truth-addresses.csv.gz": table.encode(),
    }


def _truth(world: World, said: list[Said], late: set[int]) -> str:
    """Return the truth as JSON, with what stands in more than one file."""
    copies = mailbox.ses_copies(said, late)
    own = [
        entry
        for entry in said
        if entry.channel == "postfix"
        and entry.event == "bounce"
        and entry.at >= mailbox.KEPT_FROM
        and entry.message not in late
    ]
    overlap = {
        "ses_and_mailbox": sorted(entry.message_id for entry in copies),
        "postfix_and_mailbox": sorted(entry.message_id for entry in own),
        "bounced_after_delivery": len(late),
        "sendgrid_events_posted_twice": sendgrid.posted_twice(said),
    }
    content = {**truth.summary(world), "overlap": overlap}
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"
