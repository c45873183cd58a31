"""Write a simulated half year as the files that its seller would have."""

import json
from pathlib import Path

from bouncekit.simulate import truth
from bouncekit.simulate.data import START, epoch
from bouncekit.simulate.talk import said as everything_said
from bouncekit.simulate.world import World
from bouncekit.simulate.writers import lists, mailbox, postfix, sendgrid, ses
from bouncekit.simulate.writers._files import write_bytes, write_text

ROTATED = START.replace(month=6, day=1)
"""On this day the server was upgraded: its log was rotated and changed its time style."""


def write(world: World, folder: Path | str) -> list[Path]:
    """Write every file of the sample into a folder.

    Parameters
    ----------
    world : World
        The simulated half year.
    folder : Path or str
        Created where it is missing; files of the same names are replaced.

    Returns
    -------
    list of Path
        The files written, sorted.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    said = everything_said(world)
    bounced = {entry.message for entry in said if entry.event == "bounce"}
    late = bounced & {entry.message for entry in said if entry.event == "delivered"}
    log = postfix.lines(said, late)
    old = f"mail.log-{ROTATED:%Y%m%d}.gz"
    texts = {
        "ses-events.ndjson.gz": ses.lines(iter(said)),
        "sendgrid-events.json.gz": sendgrid.posts(said),
        "sendgrid-bounces.csv": [sendgrid.suppression_list(said)],
        old: postfix.classic(line for line in log if line[0] < epoch(ROTATED)),
        "mail.log.gz": postfix.modern(line for line in log if line[0] >= epoch(ROTATED)),
        "sends.csv.gz": [lists.sends(world)],
        "truth.json": [_truth(world, said, late)],
        "truth-addresses.csv.gz": [truth.addresses(world).to_csv(index=False, lineterminator="\n")],
    }
    for name, lines in texts.items():
        write_text(target / name, lines)
    write_text(target / "contacts.csv", [lists.contacts(world)], encoding="utf-8-sig")
    write_text(target / "mailing-tool.csv", [lists.tool(said)], encoding="gb18030")
    write_bytes(target / "bounces.mbox.gz", mailbox.mbox(mailbox.messages(world, said, late)))
    names = [*texts, "contacts.csv", "mailing-tool.csv", "bounces.mbox.gz"]
    return sorted(target / name for name in names)


def _truth(world: World, said: list, late: set[int]) -> str:
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
