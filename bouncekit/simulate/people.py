"""Who is on the contact list: companies, their hosting, and people who come and go."""

import numpy as np
import pandas as pd

from bouncekit.simulate.data import DAY, WEEK, WEEKS, begin, facts
from bouncekit.simulate.dice import Dice, Ints

NEVER = np.iinfo(np.int64).max // 4
"""A time that does not come."""

STALE = 0.02
LEAVE_BY_WEEK = 0.0035
FULL = 0.012
SUSPENDED = 0.004


def companies(seed: int, count: int) -> pd.DataFrame:
    """Make the companies.

    Returns
    -------
    DataFrame
        ``domain``, ``region``, ``hosting``, ``greylists`` and ``gone_at``
        (when the domain ceases to exist, else :data:`NEVER`).
    """
    dice = Dice(seed, "companies")
    names = facts()["words"]
    pairs = dice.order(len(names["first"]) * len(names["second"]))[:count]
    per_row = len(names["second"])
    domains = [
        f"{names['first'][pair // per_row]}-{names['second'][pair % per_row]}.example"
        for pair in pairs.tolist()
    ]
    domains[-len(names["idna"]) :] = names["idna"]
    regions = facts()["regions"]
    region = dice.weighted([entry["share"] for entry in regions.values()], count)
    hosting = np.empty(count, dtype=object)
    for number, entry in enumerate(regions.values()):
        here = np.flatnonzero(region == number)
        kinds = np.array(list(entry["hosting"]), dtype=object)
        hosting[here] = kinds[dice.weighted(list(entry["hosting"].values()), len(here))]
    own = np.isin(hosting.astype(str), ["postfix", "exim", "exchange"])
    gone_at = np.full(count, NEVER)
    gone = np.flatnonzero(dice.chance(0.006, count))
    gone_at[gone] = begin() + dice.between(14, 168, len(gone)) * DAY
    return pd.DataFrame(
        {
            "domain": domains,
            "region": region,
            "hosting": hosting,
            "greylists": own & dice.chance(0.35, count),
            "gone_at": gone_at,
        }
    )


def sizes(companies_count: int, contacts: int) -> Ints:
    """Share contacts out: a few large companies, many small ones."""
    weights = 1.0 / (np.arange(companies_count) + 12)
    counts = np.maximum((contacts * weights / weights.sum()).astype(np.int64), 1)
    counts[0] += max(contacts - int(counts.sum()), 0)
    return counts


def contacts(seed: int, firms: pd.DataFrame, count: int) -> pd.DataFrame:
    """Make the people on the list at the start, and those found later.

    Returns
    -------
    DataFrame
        ``address``, ``company``, ``source``, ``imported_at``, ``segment``
        (week of the round in which they get mail), ``key`` (followed up),
        ``truth``, ``bad_from`` (user unknown from then on), ``full_from`` and
        ``full_until``, ``suspended_from`` and ``suspended_until``.
    """
    dice = Dice(seed, "contacts")
    company = np.repeat(np.arange(len(firms)), sizes(len(firms), count))
    size = len(company)
    late = dice.chance(0.07, size)
    imported = np.where(
        late,
        begin() + dice.between(5, 120, size) * DAY,
        begin() - dice.skewed([5, 60, 200, 500], size) * DAY,
    )
    names = facts()["lists"]
    sources = np.array(names["sources"], dtype=object)
    table = pd.DataFrame(
        {
            "address": _addresses(dice, firms["domain"].to_numpy()[company], company),
            "company": company,
            "source": sources[dice.weighted(names["source_weights"], size)],
            "imported_at": imported,
            "segment": dice.below(5, size),
            "key": dice.chance(0.03, size),
        }
    )
    return _lives(dice, table, stale=~late & dice.chance(STALE, size))


def _lives(dice: Dice, table: pd.DataFrame, stale: np.ndarray) -> pd.DataFrame:
    """Say who leaves, whose mailbox is full, and when."""
    size = len(table)
    leaves = dice.chance(LEAVE_BY_WEEK * WEEKS, size)
    bad_from = np.where(leaves, begin() + dice.below(WEEKS * 7 * 24, size) * (DAY // 24), NEVER)
    table["bad_from"] = np.where(stale, 0, bad_from)
    table["truth"] = np.where(stale, "stale", np.where(leaves, "left", "valid")).astype(object)
    for name, share in (("full", FULL), ("suspended", SUSPENDED)):
        hit = dice.chance(share, size)
        start = begin() + dice.below(WEEKS * 7, size) * DAY
        lasts = dice.skewed([3, 10, 30, 60, 200], size) * DAY
        table[f"{name}_from"] = np.where(hit, start, NEVER)
        table[f"{name}_until"] = np.where(hit, start + lasts, NEVER)
    return table


def _addresses(dice: Dice, domains: np.ndarray, company: Ints) -> np.ndarray:
    """Name the people; every given name with every family name once per company."""
    words = facts()["words"]
    given, family, roles = words["given"], words["family"], words["roles"]
    pairs = len(given) * len(family)
    rank = np.arange(len(company)) - np.searchsorted(company, company)
    # The step shares no factor with the number of pairs, so no pair comes twice.
    pair = (dice.below(pairs, int(company[-1]) + 1)[company] + rank * 1_001) % pairs
    style = dice.below(3, int(company[-1]) + 1)[company]
    shouted = dice.chance(0.01, len(company))
    found = np.empty(len(company), dtype=object)
    for number, (place, code, how, loud) in enumerate(
        zip(rank.tolist(), pair.tolist(), style.tolist(), shouted.tolist(), strict=True)
    ):
        one, two = given[code // len(family)], family[code % len(family)]
        local = (f"{one}.{two}", f"{one}_{two}", f"{two}.{one}")[how]
        if place < len(roles) and place % 2 == 0:
            local = roles[place]
        found[number] = f"{local.title() if loud else local}@{domains[number]}"
    return found


def purchased(
    seed: int, firms: pd.DataFrame, count: int, share_bad: float, day: int
) -> pd.DataFrame:
    """Make the people of a purchased list, many of them mistyped or invented.

    Parameters
    ----------
    seed : int
        Seed of the world.
    firms : DataFrame
        Companies, as :func:`companies` gives them.
    count : int
        Addresses on the list.
    share_bad : float
        Share of addresses that cannot work.
    day : int
        Time of the import, milliseconds.
    """
    dice = Dice(seed, "purchased", day)
    company = np.sort(dice.below(len(firms), count))
    domains = firms["domain"].to_numpy()[company]
    bad = dice.chance(share_bad, count)
    how = dice.weighted([45, 25, 18, 12], count)
    truth = np.where(bad, np.array(["invented", "mistyped", "mistyped", "near_miss"])[how], "valid")
    near = facts()["lists"]["near_misses"]
    which = dice.below(len(near), count)
    number = dice.order(90_000)[:count] + 10_000
    found = np.empty(count, dtype=object)
    for place, (wrong, kind, serial) in enumerate(
        zip(bad.tolist(), how.tolist(), number.tolist(), strict=True)
    ):
        local, domain = f"buyer{serial}", domains[place]
        if wrong and kind == 1:
            local = f"byuer{serial}"
        if wrong and kind == 2:
            domain = _swap(domain)
        if wrong and kind == 3:
            local, domain = f"nobody-{serial}", near[which[place]]
        found[place] = f"{local}@{domain}"
    table = pd.DataFrame(
        {
            "address": found,
            "company": np.where(bad & (how >= 2), -1, company),
            "source": facts()["lists"]["purchased"],
            "imported_at": day,
            "segment": dice.below(5, count),
            "key": False,
        }
    )
    lives = _lives(dice, table, stale=np.zeros(count, dtype=bool))
    lives["bad_from"] = np.where(bad, 0, lives["bad_from"])
    lives["truth"] = np.where(bad, truth, lives["truth"]).astype(object)
    return lives


def _swap(domain: str) -> str:
    """Mistype a company's domain: two letters change places."""
    if domain.startswith("xn--"):
        return f"no-{domain}"
    middle = domain.index("-")
    return domain[: middle + 1] + domain[middle + 2] + domain[middle + 1] + domain[middle + 3 :]


def week_of(millis: Ints) -> Ints:
    """Return the number of the week, from 0."""
    return (millis - begin()) // WEEK
