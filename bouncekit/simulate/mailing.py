"""Which campaign goes to whom, through which channel, and at what time."""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from bouncekit.simulate.data import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    START,
    WEEK,
    WEEKS,
    begin,
    facts,
    utc,
)
from bouncekit.simulate.dice import Dice, Ints
from bouncekit.simulate.incidents import Plan

ROUND_WEEKS = 5
FOLLOW_UP_EVERY = 2
PURCHASED_WEEKS = 3
_OPENS, _CLOSES = 9 * HOUR, 17 * HOUR + 30 * MINUTE
_PACE = 20 * SECOND
_PIECE = 48


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
        own = {**loose, "sender": names["follow_up_sender"]}
        rows.append({**own, "campaign": f"{month}-{theme}", "theme": theme, "week": week})
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
    made = pd.DataFrame({"contact": who, "campaign": chosen[who]})
    # Pieces of the list take turns, so that a larger company is written to on several days.
    day = days[who // _PIECE % len(days)]
    made["sent_at"] = start + day * DAY + _times_of_day(dice, made["campaign"].to_numpy(), day)
    return made.sort_values(["sent_at", "contact"], kind="stable", ignore_index=True)


def _times_of_day(dice: Dice, campaign: Ints, day: Ints) -> Ints:
    """Send each campaign of a day down the contact list, one mail every few seconds."""
    times = np.zeros(len(campaign), dtype=np.int64)
    for key in np.unique(campaign * 7 + day):
        here = np.flatnonzero(campaign * 7 + day == key)
        pace = min(_PACE, (_CLOSES - _OPENS) // (len(here) + 1))
        latest = _CLOSES - _OPENS - pace * len(here)
        first = _OPENS + int(dice.below(latest, 1)[0])
        times[here] = first + pace * np.arange(len(here))
    return times


def _sending_days(week: int) -> list[int]:
    holidays = {date.fromisoformat(text) for text in facts()["campaigns"]["holidays"]}
    monday = START + timedelta(weeks=week)
    return [day for day in (1, 2, 3) if monday + timedelta(days=day) not in holidays]


def message_ids(seed: int, messages: pd.DataFrame) -> np.ndarray:
    """Name the messages as each channel does; without angle brackets.

    What cannot be compressed is what fills a repository: where a real id is
    random, the mails that one campaign sent on one day share the random part,
    and the time or a counter tells them apart.
    """
    batches = messages["campaign"].to_numpy() * 366 + messages["sent_at"].to_numpy() // DAY
    distinct, batch = np.unique(batches, return_inverse=True)
    noise = Dice(seed, "message ids").raw(2 * len(distinct)).reshape(-1, 2).tolist()
    random = [f"{high:016x}{low:016x}" for high, low in noise]
    columns = (messages["sender"], messages["sent_at"].tolist(), batch.tolist())
    found = np.empty(len(messages), dtype=object)
    for number, (channel, sent, place) in enumerate(zip(*columns, strict=True)):
        found[number] = _message_id(channel, sent, number, random[place])
    return found


def _message_id(channel: str, sent: int, number: int, noise: str) -> str:
    seller = facts()["seller"]["domain"]
    if channel == "ses":
        parts = (noise[:8], noise[8:12], noise[12:16], noise[16:20], noise[20:])
        return f"0100{sent:012x}-{'-'.join(parts)}-000000@email.amazonses.com"
    if channel == "postfix":
        # The queue id is the microsecond and the number of a file; the counter keeps it unique.
        queue = f"{sent % SECOND * SECOND + int(noise[:2], 16):05X}{number % 0x80000:05X}"
        return f"{utc(sent):%Y%m%d%H%M%S}.{queue}@mail.{seller}"
    if channel == "sendgrid":
        return f"{noise[:8]}R5mZ{number:06x}Tw-{noise[8:11]}A@geopod-ismtpd-4"
    return f"{sent // SECOND:x}.{number:06x}.{noise[:8]}@{seller}"
