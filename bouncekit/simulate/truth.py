"""What is true about a simulated half year, in a form that tests and people can read."""

from typing import Any

import numpy as np
import pandas as pd

from bouncekit.simulate.data import WEEK, WEEKS, begin, facts, local
from bouncekit.simulate.delivery import KINDS
from bouncekit.simulate.incidents import MEANING, Incident
from bouncekit.simulate.people import NEVER, week_of
from bouncekit.simulate.roster import company_of
from bouncekit.simulate.world import World


def bounce_types(world: World) -> pd.Series:
    """Return how each message ended: ``delivered``, ``hard``, ``soft``, ``undetermined``, ...

    A message that bounced is ``hard``, ``soft`` or ``undetermined``; any other
    is ``delivered``, ``suppressed``, ``deferral`` or ``sent``.
    """
    types = world.messages["kind"].map({kind: entry[1] for kind, entry in KINDS.items()})
    return types.where(world.messages["final"] == "bounce", world.messages["final"])


def weekly(world: World, by: str | None = None) -> pd.DataFrame:
    """Count messages by the Beijing week of their sending and how they ended.

    Parameters
    ----------
    world : World
        The simulated half year.
    by : {'sender', 'campaign', 'hosting'}, optional
        A column of the messages to split by as well.

    Returns
    -------
    DataFrame
        ``week`` (its Monday, text), the column ``by``, ``sent``,
        ``delivered``, ``hard``, ``soft``, ``undetermined``, ``suppressed``,
        ``deferral``.
    """
    messages = world.messages
    table = pd.DataFrame(
        {"number": week_of(messages["sent_at"].to_numpy()), "ended": bounce_types(world)}
    )
    keys = ["number"]
    if by:
        table[by] = messages[by]
        if by == "campaign":
            table[by] = world.campaigns["campaign"].to_numpy()[messages[by].to_numpy()]
        keys.append(by)
    counts = table.assign(one=1).pivot_table("one", keys, "ended", aggfunc="sum", fill_value=0)
    names = ["delivered", "hard", "soft", "undetermined", "suppressed", "deferral"]
    counts = counts.reindex(columns=names, fill_value=0)
    counts.insert(0, "sent", table.groupby(keys).size())
    counts = counts.reset_index()
    mondays = [f"{local(begin() + number * WEEK):%Y-%m-%d}" for number in range(WEEKS)]
    counts.insert(0, "week", [mondays[number] for number in counts.pop("number")])
    return counts


def addresses(world: World) -> pd.DataFrame:
    """Say of each address what it really is.

    Returns
    -------
    DataFrame
        ``address``; ``truth``: ``valid``, ``left`` (the person), ``stale``
        (left before the half year), ``domain_gone``, ``abandoned`` (full for
        good), ``invented``, ``mistyped``, ``near_miss`` (of a big domain);
        ``since`` (Beijing date, where it was valid before) and ``source``.
    """
    listed = world.contacts
    company = listed["company"].to_numpy()
    gone_at = np.where(company < 0, NEVER, world.companies["gone_at"].to_numpy()[company])
    full_for_good = (listed["full_until"] == NEVER) & (listed["full_from"] < NEVER)
    valid = (listed["truth"] == "valid").to_numpy()
    truth = np.where(valid & full_for_good, "abandoned", listed["truth"])
    since = np.where(truth == "left", listed["bad_from"], NEVER)
    since = np.where(truth == "abandoned", listed["full_from"], since)
    gone = (gone_at < NEVER) & np.isin(truth.astype(str), ["valid", "left", "abandoned"])
    truth = np.where(gone, "domain_gone", truth)
    since = np.where(gone, gone_at, since)
    return pd.DataFrame(
        {
            "address": listed["address"],
            "truth": truth,
            "since": ["" if at >= NEVER else f"{local(int(at)):%Y-%m-%d}" for at in since],
            "source": listed["source"],
        }
    )


def incidents(world: World) -> list[dict[str, Any]]:
    """Describe each planted incident: what, when, where, and whom it struck.

    Dates are Beijing dates, the last one included. ``messages`` counts what
    it struck, ``ended`` how those ended, ``addresses`` names the recipients.
    """
    return [_incident(world, number, entry) for number, entry in enumerate(world.plan.incidents)]


def _incident(world: World, number: int, entry: Incident) -> dict[str, Any]:
    struck = world.messages[world.messages["incident"] == number]
    ended = bounce_types(world)[struck.index].value_counts().sort_index()
    found: dict[str, Any] = {
        "kind": entry.kind,
        "meaning": MEANING[entry.kind],
        "first_day": f"{local(entry.start):%Y-%m-%d}",
        "last_day": f"{local(entry.end - 1):%Y-%m-%d}",
        "where": entry.where,
        "share": entry.share,
        "messages": len(struck),
        "ended": {str(name): int(count) for name, count in ended.items()},
        "senders": sorted(struck["sender"].unique()),
        "addresses": sorted(struck["address"].unique()),
    }
    names = world.campaigns["campaign"].to_numpy()
    found["campaigns"] = sorted({str(names[place]) for place in struck["campaign"]})
    if entry.kind in ("server_down", "full_mailboxes"):
        found["domain"] = world.companies["domain"].iloc[company_of(world.contacts, entry)]
    if entry.kind == "full_mailboxes":
        full = world.contacts[world.contacts["full_incident"] == number]
        found["mailboxes"] = sorted(full["address"])
    if entry.kind == "repeat_soft":
        chosen = world.contacts[world.contacts["full_incident"] == number]
        never = chosen["full_until"] == NEVER
        found["recover"] = sorted(chosen.loc[~never, "address"])
        found["never_recover"] = sorted(chosen.loc[never, "address"])
    if entry.kind == "purchased_list":
        bought = world.contacts[world.contacts["incident"] == number]
        found["imported"] = len(bought)
        found["bad"] = int((bought["bad_from"] == 0).sum())
        own = world.campaigns.loc[world.campaigns["incident"] == number, "campaign"]
        found["campaign"] = str(own.iloc[0])
    if entry.kind == "forged_bounces":
        forged = world.forged[world.forged["incident"] == number]
        found["addresses"] = sorted(forged["address"])
    return found


def summary(world: World) -> dict[str, Any]:
    """Return everything but the single addresses, ready for JSON."""
    sent = world.messages["sender"].value_counts().sort_index()
    events = world.events["event"].value_counts().sort_index()
    return {
        "about": "Simulated; the truth behind the files in ../sample. Times are Beijing's.",
        "seed": world.seed,
        "contacts": len(world.contacts),
        "companies": len(world.companies),
        "regions": list(facts()["regions"]),
        "first_day": f"{local(begin()):%Y-%m-%d}",
        "last_day": f"{local(begin() + WEEKS * WEEK - 1):%Y-%m-%d}",
        "messages": len(world.messages),
        "messages_by_sender": {str(name): int(count) for name, count in sent.items()},
        "events": {str(name): int(count) for name, count in events.items()},
        "incidents": incidents(world),
        "weeks": weekly(world).to_dict("records"),
        "campaigns": _campaigns(world),
    }


def _campaigns(world: World) -> list[dict[str, Any]]:
    counts = weekly(world, by="campaign").groupby("campaign").sum(numeric_only=True)
    senders = world.campaigns.set_index("campaign")["sender"]
    return [
        {"campaign": name, "sender": senders[name], **{str(key): row[key] for key in row}}
        for name, row in zip(counts.index, counts.to_dict("records"), strict=True)
    ]
