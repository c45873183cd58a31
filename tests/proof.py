"""How well the analyses find what was planted: ``python -m tests.proof [--write]``.

Half-years are simulated with random incidents, and as many without any. The
rates are held against the shares that the simulator was told, the findings
against the incidents; the table goes to ``docs/proof.md``.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import repeat
from pathlib import Path

import numpy as np
import pandas as pd

import bouncekit as bk
from bouncekit.analysis.outcomes import outcomes
from bouncekit.simulate import Plan, World, bounce_events, random_plan, simulate
from bouncekit.simulate.delivery import _BACKGROUND
from bouncekit.simulate.people import NEVER, week_of
from bouncekit.simulate.truth import incidents

TZ = "Asia/Shanghai"
TARGET = Path(__file__).resolve().parent.parent / "docs" / "proof.md"
SIZES = {
    "purchased_list": 20,
    "server_down": 10,
    "full_mailboxes": 10,
    "block_list": 20,
    "provider_deferrals": 40,
    "large_attachment": 20,
    "repeat_soft": 3,
    "forged_bounces": 3,
}
"""Failed messages from which an incident has to be found; addresses for the last two."""
_INCIDENTS = ("hard", "sender", "held", "domain_hard", "domain_soft", "forged")
"""Kinds of finding that speak of an incident; the others add up what is there."""


@dataclass
class Tally:
    """What many half-years came to."""

    halfyears: int = 0
    quiet: int = 0
    covered: int = 0
    intervals: int = 0
    equal: int = 0
    counts: int = 0
    planted: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    false: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        """Add another tally to this one."""
        for name, value in vars(other).items():
            if isinstance(value, Counter):
                getattr(self, name).update(value)
            else:
                setattr(self, name, getattr(self, name) + value)


def one(seed: int, contacts: int, quiet: bool) -> Tally:
    """Simulate one half-year and compare."""
    plan = Plan(()) if quiet else random_plan(seed, contacts)
    world = simulate(seed, contacts, plan)
    table = bk.classify(bounce_events(world, everything=True))
    tally = Tally(halfyears=int(not quiet), quiet=int(quiet))
    _rates(world, table, tally)
    told = bk.classify(bounce_events(world))
    found = bk.findings(told, contacts=world.contacts["address"], tz=TZ, most=100)
    if quiet:
        _false(world, found, tally)
    else:
        _found(world, told, found, tally)
    return tally


def _rates(world: World, table: pd.DataFrame, tally: Tally) -> None:
    """Compare the weekly rate of refusals as spam with the share that was planted."""
    messages = world.messages
    week = week_of(messages["sent_at"].to_numpy())
    # Whoever is struck by something else cannot be struck by chance as well.
    exposed = messages["kind"].isin(["ok", *_BACKGROUND]).to_numpy()
    mailed = np.maximum(np.bincount(week, minlength=26), 1)
    share = np.bincount(week[exposed], minlength=26) / mailed
    rates = bk.bounce_rates(outcomes(table), freq="W", by="reason", tz=TZ)
    spam = rates[rates["reason"] == "spam_detected"]
    true = pd.Series(messages["kind"].eq("spam") & messages["final"].eq("bounce")).to_numpy()
    counts = np.bincount(week[true], minlength=26)
    place = (spam["period"] - rates["period"].min()).dt.days.to_numpy() // 7 + week.min()
    planted = share[place] * _BACKGROUND["spam"]
    inside = (spam["soft_low"] <= planted) & (planted <= spam["soft_high"])
    tally.intervals += len(spam)
    tally.covered += int(inside.sum())
    tally.counts += len(spam)
    tally.equal += int((spam["soft"].to_numpy() == counts[place]).sum())


def _found(world: World, table: pd.DataFrame, found: pd.DataFrame, tally: Tally) -> None:
    """Say which of the planted incidents, above their size, a finding speaks of."""
    for entry in incidents(world):
        kind, addresses = entry["kind"], {name.casefold() for name in entry["addresses"]}
        size = _worn_out(world, addresses) if kind == "repeat_soft" else _failed(entry)
        size = len(addresses) if kind == "forged_bounces" else size
        if size < SIZES[kind]:
            continue
        tally.planted[kind] += 1
        tally.found[kind] += any(_speaks_of(row, addresses, table) for row in found["rows"])


def _failed(entry: dict) -> int:
    """Count what the incident made fail; mail that was only held up counts where that is all."""
    if entry["kind"] == "provider_deferrals":
        return entry["messages"]
    return sum(entry["ended"].get(name, 0) for name in ("hard", "soft", "undetermined"))


def _worn_out(world: World, addresses: set[str]) -> int:
    """Count the addresses with four soft bounces in a row over a week, as far as is known."""
    messages = world.messages
    own = messages[messages["address"].str.casefold().isin(addresses)]
    own = own.sort_values("sent_at").assign(soft=lambda t: t["kind"].isin(["mailbox_full"]))
    run = (own["soft"] != own.groupby("address")["soft"].shift()).groupby(own["address"]).cumsum()
    runs = own[own["soft"]].groupby(["address", run])["sent_at"].agg(["size", "min", "max"])
    last = runs.groupby("address").tail(1)
    ends = own.groupby("address")["soft"].last()
    long = (last["size"] >= 4) & (last["max"] - last["min"] >= 7 * 86_400_000)
    return int((long & ends.loc[last.index.get_level_values(0)].to_numpy()).sum())


def _speaks_of(rows: np.ndarray, addresses: set[str], table: pd.DataFrame) -> bool:
    """Say whether most of the evidence is the incident's, or most of the incident in it."""
    if not len(rows):
        return False
    who = set(table["recipient"].iloc[rows].dropna().str.casefold())
    both = len(who & addresses)
    return both >= 0.5 * len(who) or both >= 0.5 * len(addresses)


def _false(world: World, found: pd.DataFrame, tally: Tally) -> None:
    """Count findings of incidents where none was planted."""
    gone = set(world.companies.loc[world.companies["gone_at"] < NEVER, "domain"])
    for row in found.itertuples():
        # Companies that vanish belong to a quiet half-year too, and are rightly told of.
        if row.kind in _INCIDENTS and not (row.kind == "domain_hard" and row.where in gone):
            tally.false[row.kind] += 1


def many(seeds: Iterable[int], contacts: int, *, quiet: bool, workers: int = 2) -> Tally:
    """Add up many half-years."""
    total = Tally()
    with ProcessPoolExecutor(workers) as pool:
        for tally in pool.map(one, seeds, repeat(contacts), repeat(quiet)):
            total.add(tally)
    return total


def report(total: Tally, contacts: int) -> str:
    """Write the table."""
    false = sum(total.false.values()) / max(total.quiet, 1)
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(total.false.items())) or "none"
    lines = [
        "# Proof",
        "",
        f"Made by `python -m tests.proof --write` on {datetime.now(UTC):%Y-%m-%d}: "
        f"{total.halfyears} simulated half-years with random incidents and {total.quiet} without "
        f"any, {contacts:,} contacts each.",
        "",
        "## Rates",
        "",
        "The simulator lets a set share of all mail be refused as spam, by chance. "
        "`bk.bounce_rates` gives the share of each week with a 95 % interval.",
        "",
        "| what | share |",
        "| --- | --- |",
        f"| weeks whose count is the true one | {total.equal / total.counts:.2%} of "
        f"{total.counts:,} |",
        f"| intervals that hold the planted share | {total.covered / total.intervals:.2%} of "
        f"{total.intervals:,} |",
        "",
        "## Incidents",
        "",
        "Found: a sentence of `bk.findings` whose evidence is mostly the incident's, or has most "
        "of the incident in it.",
        "",
        "| planted | counted from | planted so large | found | share |",
        "| --- | --- | --- | --- | --- |",
    ]
    for kind, size in SIZES.items():
        planted, found = total.planted[kind], total.found[kind]
        unit = "addresses" if kind in ("forged_bounces", "repeat_soft") else "messages"
        share = f"{found / planted:.1%}" if planted else ""
        lines.append(
            f"| {kind.replace('_', ' ')} | {size} {unit} | {planted} | {found} | {share} |"
        )
    lines += [
        "",
        f"False findings in a quiet half-year: {false:.2f} on average ({kinds}).",
        "",
    ]
    return "\n".join(lines)


def main() -> int:
    """Run and print; keep the table where asked."""
    parser = argparse.ArgumentParser(prog="python -m tests.proof", description=__doc__)
    parser.add_argument("--runs", type=int, default=200, help="half-years of each kind")
    parser.add_argument("--contacts", type=int, default=3_000)
    parser.add_argument("--write", action="store_true", help="keep the table in docs/proof.md")
    chosen = parser.parse_args()
    total = many(range(chosen.runs), chosen.contacts, quiet=False)
    total.add(many(range(10_000, 10_000 + chosen.runs), chosen.contacts, quiet=True))
    text = report(total, chosen.contacts)
    print(text)
    if chosen.write:
        TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
