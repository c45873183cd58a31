"""The whole contact list, with the people whom an incident strikes."""

import numpy as np
import pandas as pd

from bouncekit.simulate import people
from bouncekit.simulate.data import DAY, facts
from bouncekit.simulate.dice import Dice
from bouncekit.simulate.incidents import Incident, Plan
from bouncekit.simulate.people import NEVER


def everyone(seed: int, firms: pd.DataFrame, count: int, plan: Plan) -> pd.DataFrame:
    """Join the ordinary list with the purchased ones and mark who is in an incident."""
    lists = [people.contacts(seed, firms, count).assign(incident=-1)]
    for number, entry in plan.of("purchased_list"):
        bought = people.purchased(seed, firms, entry.size, entry.share, entry.start)
        lists.append(bought.assign(incident=number))
    listed = pd.concat(lists, ignore_index=True)
    listed = listed.drop_duplicates("address", ignore_index=True)
    company = listed["company"].to_numpy()
    listed["region"] = np.where(company < 0, 0, firms["region"].to_numpy()[company])
    listed["hosting"] = np.where(company < 0, "none", firms["hosting"].to_numpy()[company])
    listed["full_incident"] = -1
    _fill_mailboxes(seed, listed, plan)
    _repeat(seed, listed, plan)
    return listed


def company_of(listed: pd.DataFrame, entry: Incident) -> int:
    """Return the company that an incident strikes, by its rank in its region.

    It has a mail server of its own: one that is down at Google or Microsoft
    would concern thousands of companies.
    """
    region = list(facts()["regions"]).index(entry.where)
    here = listed[listed["company"] >= 0]
    own = here["hosting"].isin(["postfix", "exim", "exchange"])
    near = here["region"] == region
    # A small world may have no such company in that region.
    here = here[next(wanted for wanted in (own & near, own, near) if wanted.any())]
    counts = here["company"].value_counts(sort=False).sort_index()
    order = counts.sort_values(ascending=False, kind="stable").index
    return int(order[min(entry.size, len(order) - 1)])


def _fill_mailboxes(seed: int, listed: pd.DataFrame, plan: Plan) -> None:
    for number, entry in plan.of("full_mailboxes"):
        pool = np.flatnonzero((listed["company"] == company_of(listed, entry)).to_numpy())
        dice = Dice(seed, "full mailboxes", number)
        hit = pool[dice.chance(entry.share, len(pool))]
        spread = min(entry.days // 4, 6) + 1
        listed.loc[hit, "full_from"] = entry.start + dice.below(spread, len(hit)) * DAY
        listed.loc[hit, "full_until"] = entry.end - dice.below(spread, len(hit)) * DAY
        listed.loc[hit, "full_incident"] = number


def _repeat(seed: int, listed: pd.DataFrame, plan: Plan) -> None:
    """Give a few followed-up people full mailboxes for months, or for good."""
    for number, entry in plan.of("repeat_soft"):
        dice = Dice(seed, "repeat", number)
        sound = listed["key"] & (listed["truth"] == "valid") & (listed["full_incident"] < 0)
        sound &= listed["imported_at"] < entry.start
        hit = dice.sample(np.flatnonzero(sound.to_numpy()), entry.size)
        recovers = np.arange(len(hit)) < round(entry.share * len(hit))
        listed.loc[hit, "full_from"] = entry.start + dice.below(10, len(hit)) * DAY
        listed.loc[hit, "full_until"] = np.where(
            recovers, entry.end - dice.below(10, len(hit)) * DAY, NEVER
        )
        listed.loc[hit, "full_incident"] = number
        listed.loc[hit, "suspended_from"] = NEVER


def forged(seed: int, firms: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """Invent bounces for addresses that are on no list: ``address``, ``at``, ``incident``."""
    rows = []
    for number, entry in plan.of("forged_bounces"):
        dice = Dice(seed, "forged", number)
        domains = firms["domain"].to_numpy()[dice.below(len(firms), entry.size)]
        at = entry.start + dice.below(max(entry.days, 1) * 24, entry.size) * (DAY // 24)
        rows += [
            {"address": f"not.mailed.{place}@{domain}", "at": int(moment), "incident": number}
            for place, (domain, moment) in enumerate(zip(domains, at.tolist(), strict=True))
        ]
    return pd.DataFrame(rows, columns=["address", "at", "incident"])
