"""Which campaign goes to whom, through which channel, and at what time."""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from bouncekit.simulate.data import DAY, SECOND, START, WEEK, WEEKS, begin, facts
from bouncekit.simulate.dice import Dice
from bouncekit.simulate.incidents import Plan

ROUND_WEEKS = 5
FOLLOW_UP_EVERY = 2
PURCHASED_WEEKS = 3
_OPENS, _CLOSES = 9 * 3600, 17 * 3600 + 1800


def campaigns(plan: Plan) -> pd.DataFrame:
    """List the campaigns: five rounds to five regions, follow-ups, purchased lists.

    Returns
    -------
    DataFrame
        ``campaign`` (name), ``theme``, ``sender`` (channel), ``region``
        (number, -1 for all), ``round`` (-1 outside the rotation), ``week``
        (the first) and ``incident`` (number of the one it belongs to, else -1).
    """
    names = facts()["campaigns"]
    regions = list(facts()["regions"])
    attached = {
        (entry.day // 7 // ROUND_WEEKS, regions.index(entry.where)): number
        for number, entry in plan.of("large_attachment")
    }
    rows = [
        {
            "campaign": f"{_month(turn * ROUND_WEEKS)}-{theme}-{name}",
            "theme": theme,
            "sender": names["senders"][turn][region],
            "region": region,
            "round": turn,
            "week": turn * ROUND_WEEKS,
            "incident": attached.get((turn, region), -1),
        }
        for turn, theme in enumerate(names["themes"])
        for region, name in enumerate(regions)
    ]
    loose = {"sender": "ses", "region": -1, "round": -1, "incident": -1}
    months = {_month(week): week for week in range(WEEKS - 1, 1, -1)}
    for month, week in sorted(months.items()):
        theme = names["follow_up"]
        rows.append({**loose, "campaign": f"{month}-{theme}", "theme": theme, "week": week})
    for number, entry in plan.of("purchased_list"):
        theme, week = names["purchased"], -(-entry.day // 7)
        name = f"{_month(week)}-{theme}"
        mark = {"campaign": name, "theme": theme, "week": week, "incident": number}
        rows.append({**loose, **mark})
    return pd.DataFrame(rows)


def _month(week: int) -> str:
    return f"{START + timedelta(weeks=week, days=1):%Y-%m}"


def batch(
    seed: int, week: int, table: pd.DataFrame, people: pd.DataFrame, removed: np.ndarray
) -> pd.DataFrame:
    """List the messages of one week.

    Parameters
    ----------
    seed : int
        Seed of the world.
    week : int
        Number of the week, from 0.
    table : DataFrame
        Campaigns, as :func:`campaigns` gives them.
    people : DataFrame
        Contacts with ``region`` and ``incident`` (of a purchased list, else -1).
    removed : array of int
        Time from which the seller no longer writes to each contact.

    Returns
    -------
    DataFrame
        ``contact``, ``campaign`` (number) and ``sent_at``, by time.
    """
    dice = Dice(seed, "batch", week)
    start = begin() + week * WEEK
    known = (people["imported_at"].to_numpy() < start) & (removed > start)
    segment, key = people["segment"].to_numpy(), people["key"].to_numpy()
    chosen = np.full(len(people), -1)
    turn, part = divmod(week, ROUND_WEEKS)
    month = f"{_month(week)}-{facts()['campaigns']['follow_up']}"
    if week % FOLLOW_UP_EVERY == 0 and (table["campaign"] == month).any():
        number = int(np.flatnonzero(table["campaign"] == month)[0])
        chosen[known & key] = number
    rotation = table[table["round"] == turn]
    by_region = np.full(len(facts()["regions"]), -1)
    by_region[rotation["region"].to_numpy()] = rotation.index.to_numpy()
    due = known & (segment == part)
    chosen[due] = by_region[people["region"].to_numpy()[due]]
    for number, row in table[table["theme"] == facts()["campaigns"]["purchased"]].iterrows():
        fresh = (people["incident"] == row["incident"]).to_numpy()
        age = week - int(row["week"])
        if age < PURCHASED_WEEKS:
            chosen[fresh] = -1
        if 0 <= age < PURCHASED_WEEKS:
            chosen[fresh & known & (segment % PURCHASED_WEEKS == age)] = number
    who = np.flatnonzero(chosen >= 0)
    days = np.array(_sending_days(week))
    seconds = dice.between(_OPENS, _CLOSES, len(who))
    sent_at = start + days[dice.below(len(days), len(who))] * DAY
    sent_at += seconds * SECOND + dice.below(SECOND, len(who))
    made = pd.DataFrame({"contact": who, "campaign": chosen[who], "sent_at": sent_at})
    return made.sort_values(["sent_at", "contact"], kind="stable", ignore_index=True)


def _sending_days(week: int) -> list[int]:
    holidays = {date.fromisoformat(text) for text in facts()["campaigns"]["holidays"]}
    monday = START + timedelta(weeks=week)
    return [day for day in (1, 2, 3) if monday + timedelta(days=day) not in holidays]


def message_ids(seed: int, messages: pd.DataFrame) -> np.ndarray:
    """Name the messages as each channel does; without angle brackets.

    The random part is short (32 bits) where the real one is long: what cannot
    be compressed is what fills a repository.
    """
    dice = Dice(seed, "message ids")
    bits = (dice.raw(len(messages)) >> np.uint64(32)).tolist()
    seller = facts()["seller"]["domain"]
    found = np.empty(len(messages), dtype=object)
    for number, (channel, sent, noise) in enumerate(
        zip(messages["sender"], messages["sent_at"].tolist(), bits, strict=True)
    ):
        if channel == "ses":
            name = f"0100{sent:012x}-{noise:08x}-7c1d-4e5a-9b60-2f83d1c0a7e4-000000"
            found[number] = f"{name}@email.amazonses.com"
        elif channel == "postfix":
            found[number] = f"{sent:x}.{noise:08X}{number % 256:02X}@mail.{seller}"
        elif channel == "sendgrid":
            found[number] = f"Kq{noise:08x}R5mZ{number:06x}Tw@geopod-ismtpd-4"
        else:
            found[number] = f"{sent // SECOND:x}.{noise:08x}@{seller}"
    return found
