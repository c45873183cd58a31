"""A simulated half year as a bounce table, without going through files."""

import numpy as np
import pandas as pd

from bouncekit import schema, tables
from bouncekit.simulate.data import SECOND, facts
from bouncekit.simulate.delivery import KINDS
from bouncekit.simulate.talk import told
from bouncekit.simulate.world import World
from bouncekit.simulate.writers.letters import ACCOUNTS
from bouncekit.taxonomy import reasons

_SOURCES = {
    "ses": "ses",
    "postfix": "postfix",
    "sendgrid": "sendgrid_events",
    "tool": "generic",
    "mailbox": "mail",
}
_ALL = ("sent", "delivered", "deferral", "bounce", "suppressed", "complaint", "unsubscribe")
_SEEN = {
    "ses": _ALL,
    "postfix": ("delivered", "deferral", "bounce", "complaint"),
    "sendgrid": _ALL,
    "tool": ("delivered", "bounce"),
    "mailbox": ("bounce",),
}
"""What each channel's own records tell; a mailbox knows of failures only."""


def bounce_events(world: World, *, truth: bool = False, everything: bool = False) -> pd.DataFrame:
    """Return the events of a world as a tidy bounce table.

    Parameters
    ----------
    world : World
        The simulated half year.
    truth : bool, default False
        Fill ``bounce_type``, ``reason`` and ``category`` with what is true;
        otherwise they are missing and :func:`bouncekit.classify` fills them.
    everything : bool, default False
        Keep every event as if all channels reported all of them; otherwise
        only what their exports tell.

    Returns
    -------
    DataFrame
        The columns of :mod:`bouncekit.schema`; forged bounces are among the rows.
    """
    events = told(world)
    if not everything:
        seen = pd.Series(False, index=events.index)
        for channel, names in _SEEN.items():
            seen |= (events["channel"] == channel) & events["event"].isin([*names, "auto_reply"])
        events = events[seen]
    by_mail = (events["event"] == "auto_reply") | (
        (events["channel"] == "postfix") & (events["event"] == "complaint")
    )
    seller = facts()["seller"]
    ips = {channel: seller.get(f"{channel}_ip") for channel in _SOURCES}
    tells_campaign = events["channel"].isin(["ses", "sendgrid", "tool"])
    from_postfix = (events["channel"] == "postfix") & (events["host"] != "")
    rows = pd.DataFrame(
        {
            "timestamp": _times(events["at"]),
            "event": events["event"],
            "recipient": events["address"],
            "smtp_code": events["code"],
            "enhanced_code": events["enhanced"],
            "diagnostic": events["reply"].where(events["reply"] != "", None),
            "source": np.where(by_mail, "mail", events["channel"].map(_SOURCES)),
            "message_id": events["message_id"],
            "campaign": events["campaign"].where(tells_campaign),
            "sender": _senders(events),
            "sending_ip": events["channel"].map(ips),
            "remote_mta": events["host"].where(from_postfix),
        }
    )
    if truth:
        rows = rows.assign(**_truth(events))
    table = pd.concat([rows, _forged(world, truth=truth)], ignore_index=True)
    return tables.complete(schema.conform(table))


def _senders(events: pd.DataFrame) -> np.ndarray:
    """Name the sender of each event as the files do; a salesperson writes from an own mailbox."""
    domain = facts()["seller"]["domain"]
    own = np.array([f"{name}@{domain}" for name in ACCOUNTS], dtype=object)
    server = np.where(events["channel"] == "postfix", f"news@mail.{domain}", f"news@{domain}")
    mailbox = own[events["message"].to_numpy() % len(own)]
    return np.where(events["channel"] == "mailbox", mailbox, server.astype(object))


def _times(millis: pd.Series) -> pd.Series:
    # Exports of most channels tell whole seconds; one table should not mix both.
    return pd.to_datetime(millis // SECOND, unit="s", utc=True)


def _truth(events: pd.DataFrame) -> dict[str, pd.Series]:
    """Map the kind of each failure to the words of the taxonomy."""
    failed = events["event"].isin(["bounce", "deferral"])
    reason = events["kind"].map({kind: entry[0] for kind, entry in KINDS.items()})
    kind = events["kind"].map({kind: entry[1] for kind, entry in KINDS.items()})
    category = reason.map({name: entry.category for name, entry in reasons().items()})
    return {
        "bounce_type": kind.where(failed),
        "reason": reason.where(failed),
        "category": category.where(failed),
    }


def _forged(world: World, *, truth: bool) -> pd.DataFrame:
    forged = world.forged
    rows = pd.DataFrame(
        {
            "timestamp": _times(forged["at"]),
            "event": "bounce",
            "recipient": forged["address"],
            "smtp_code": 550,
            "enhanced_code": "5.1.1",
            "diagnostic": "550 5.1.1 Recipient address rejected: User unknown",
            "source": "mail",
            "message_id": [f"{at:x}.forged@unrelated.example.net" for at in forged["at"]],
        }
    )
    if truth:
        rows = rows.assign(bounce_type="hard", reason="user_unknown", category="address")
    return rows
