"""What happens to each message: delivered, put off, refused, and when."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bouncekit.simulate.data import DAY, HOUR, MINUTE, SECOND
from bouncekit.simulate.dice import Bools, Dice, Ints
from bouncekit.simulate.incidents import Incident, Plan

KINDS: dict[str, tuple[str | None, str | None]] = {
    "ok": (None, None),
    "user_unknown": ("user_unknown", "hard"),
    "host_unknown": ("host_unknown", "hard"),
    "null_mx": ("not_accept", "hard"),
    "mailbox_full": ("mailbox_full", "soft"),
    "suspended": ("suspended", "soft"),
    "spam": ("spam_detected", "soft"),
    "blocked": ("blocked", "soft"),
    "too_large": ("message_too_large", "soft"),
    "unspecified": ("unspecified", "undetermined"),
    "timeout": ("network_error", "soft"),
    "greylisted": ("greylisted", "soft"),
    "rate": ("rate_limited", "soft"),
    "throttled": ("rate_limited", "soft"),
    "reputation": ("bad_reputation", "soft"),
    "system": ("system_error", "soft"),
    "expired": ("expired", "soft"),
}
"""Each kind of outcome, with its reason and its bounce type."""

_BACKGROUND = {
    "unspecified": 0.0007,
    "system": 0.002,
    "rate": 0.004,
    "timeout": 0.005,
    "spam": 0.006,
}
"""Shares of all messages that meet these without any incident."""
_CLEARS = {
    "timeout": [10 * MINUTE, HOUR, 5 * HOUR, 20 * HOUR, 60 * HOUR],
    "greylisted": [3 * MINUTE, 6 * MINUTE, 12 * MINUTE],
    "rate": [4 * MINUTE, 15 * MINUTE, HOUR],
    "throttled": [15 * MINUTE, HOUR, 3 * HOUR, 8 * HOUR, 17 * HOUR],
    "reputation": [15 * MINUTE, HOUR, 3 * HOUR, 8 * HOUR, 17 * HOUR],
    "system": [10 * MINUTE, HOUR, 4 * HOUR, 18 * HOUR],
}
_BLOCK_LISTS_USED_BY = ("microsoft", "postfix", "exim", "exchange", "mimecast", "netease", "mailru")
_SMALL_LIMIT = ("microsoft", "postfix", "exim", "exchange", "mimecast", "proofpoint", "zoho")


@dataclass(frozen=True, slots=True)
class Retries:
    """When a channel tries again, in minutes after the first attempt, and when it gives up."""

    minutes: tuple[int, ...]
    lifetime: int


RETRIES = {
    "ses": Retries((0, 12, 45, 150, 420), 840),
    "postfix": Retries((0, 5, 15, 35, 75, *range(155, 4_300, 400)), 4_320),
    "sendgrid": Retries((0, 8, 25, 70, 190, 480, 1_100, 2_500), 4_320),
    "tool": Retries((0, 10, 60, 360), 1_440),
    "mailbox": Retries((0, 10, 60, 240, 720), 1_440),
}


def causes(seed: int, week: int, mail: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """Decide what each message meets.

    Parameters
    ----------
    seed, week : int
        Seed of the world and number of the week.
    mail : DataFrame
        Messages of the week, joined with their contact, company and campaign.
    plan : Plan
        The incidents.

    Returns
    -------
    DataFrame
        ``kind``, ``clears`` (milliseconds until a temporary cause is over, 0
        for the others) and ``incident`` (number, or -1), one row per message.
    """
    dice = Dice(seed, "causes", week)
    size = len(mail)
    kind = np.full(size, "ok", dtype=object)
    incident = np.full(size, -1)
    luck = dice.uniform(size)
    edge = 0.0
    for name, share in _BACKGROUND.items():
        kind[(luck >= edge) & (luck < edge + share)] = name
        edge += share
    kind[mail["greylists"].to_numpy() & dice.chance(0.8, size)] = "greylisted"
    for number, entry in (*plan.of("provider_deferrals"), *plan.of("large_attachment")):
        hit = _meets(mail, entry, number) & dice.chance(entry.share, size)
        words = np.where(dice.chance(0.4, size), "reputation", "throttled").astype(object)
        kind[hit] = words[hit] if entry.kind == "provider_deferrals" else "too_large"
        incident[hit] = number
    _people(dice, mail, kind, incident)
    for number, entry in (*plan.of("block_list"), *plan.of("server_down")):
        hit = _meets(mail, entry, number) & dice.chance(entry.share, size)
        kind[hit] = "blocked" if entry.kind == "block_list" else "timeout"
        incident[hit] = number
    _nowhere(dice, mail, kind)
    return pd.DataFrame(
        {"kind": kind, "clears": _clearing(dice, mail, kind, incident, plan), "incident": incident}
    )


def _people(dice: Dice, mail: pd.DataFrame, kind: np.ndarray, incident: np.ndarray) -> None:
    """Apply what is the matter with the mailbox itself."""
    sent = mail["sent_at"].to_numpy()
    for name, word in (("suspended", "suspended"), ("full", "mailbox_full")):
        begins, ends = mail[f"{name}_from"].to_numpy(), mail[f"{name}_until"].to_numpy()
        hit = (sent >= begins) & (sent < ends)
        kind[hit] = word
        incident[hit] = mail["full_incident"].to_numpy()[hit] if name == "full" else -1
    unknown = sent >= mail["bad_from"].to_numpy()
    kind[unknown] = "user_unknown"
    incident[unknown] = mail["incident"].to_numpy()[unknown]


def _nowhere(dice: Dice, mail: pd.DataFrame, kind: np.ndarray) -> None:
    """Apply what is the matter with the domain: gone, mistyped, no mail wanted."""
    nowhere = (mail["company"] < 0).to_numpy()
    gone = mail["sent_at"].to_numpy() >= mail["gone_at"].to_numpy()
    kind[gone | nowhere] = "host_unknown"
    refuses = (mail["truth"] == "near_miss").to_numpy() & (mail["contact"].to_numpy() % 2 == 0)
    kind[refuses] = "null_mx"


def _meets(mail: pd.DataFrame, entry: Incident, number: int) -> Bools:
    """Say which messages lie in the way of an incident."""
    sent, hosting = mail["sent_at"].to_numpy(), mail["hosting"].to_numpy()
    now = (sent >= entry.start) & (sent < entry.end)
    if entry.kind == "provider_deferrals":
        return now & (hosting == entry.where)
    if entry.kind == "block_list":
        exposed = np.isin(hosting.astype(str), _BLOCK_LISTS_USED_BY)
        return now & exposed & (mail["sender"] == entry.where).to_numpy()
    if entry.kind == "large_attachment":
        small = np.isin(hosting.astype(str), _SMALL_LIMIT)
        return now & small & (mail["campaign_incident"] == number).to_numpy()
    return now & (mail["down_incident"] == number).to_numpy()


def _clearing(
    dice: Dice, mail: pd.DataFrame, kind: np.ndarray, incident: np.ndarray, plan: Plan
) -> Ints:
    """Say how long each temporary cause lasts."""
    clears = np.zeros(len(mail), dtype=np.int64)
    for name in _CLEARS:
        here = np.flatnonzero(kind == name)
        clears[here] = dice.skewed(_CLEARS[name], len(here))
    sent = mail["sent_at"].to_numpy()
    for number, entry in plan.of("server_down"):
        here = incident == number
        clears[here] = entry.end - sent[here] + dice.below(HOUR, int(here.sum()))
    # Google answers a full mailbox with 452 first, so it is the queue that gives up.
    waits = (kind == "mailbox_full") & (mail["hosting"] == "google").to_numpy()
    clears[waits] = mail["full_until"].to_numpy()[waits] - sent[waits]
    return clears


def events(seed: int, week: int, mail: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """Unfold each message into what is logged of it.

    Returns
    -------
    DataFrame
        ``row`` (of ``mail``), ``event``, ``at``, ``kind`` (of this event) and
        ``attempt`` (from 0).
    """
    dice = Dice(seed, "events", week)
    size = len(mail)
    sent, kind = mail["sent_at"].to_numpy(), found["kind"].to_numpy()
    ends = sent + _speed(dice, mail)
    final = np.where(kind == "ok", "delivered", "bounce").astype(object)
    word = kind.copy()
    everyone = np.arange(size)
    parts = [_part(everyone, "sent", sent, "ok", 0)]
    for channel, retries in RETRIES.items():
        slow = (mail["sender"] == channel).to_numpy() & (found["clears"] > 0).to_numpy()
        here = np.flatnonzero(slow)
        steps = np.array(retries.minutes, dtype=np.int64) * MINUTE
        failed = steps[None, :] < found["clears"].to_numpy()[here, None]
        rows, attempts = np.nonzero(failed)
        at = sent[here[rows]] + steps[attempts] + dice.between(700, 31_000, len(rows))
        parts.append(_part(here[rows], "deferral", at, kind[here[rows]], attempts))
        tries = failed.sum(axis=1)
        lives = tries < len(steps)
        given_up = np.where(kind[here] == "mailbox_full", "mailbox_full", "expired")
        final[here] = np.where(lives, "delivered", "bounce")
        word[here] = np.where(lives, "ok", given_up)
        last = steps[np.minimum(tries, len(steps) - 1)]
        ends[here] += np.where(lives, last, retries.lifetime * MINUTE) + 25 * SECOND
    # Some servers take mail for an unknown user and bounce it afterwards.
    careless = np.isin(mail["hosting"].astype(str), ["exchange", "exim"])
    late = np.flatnonzero(careless & (kind == "user_unknown") & dice.chance(0.3, size))
    parts.append(_part(late, "delivered", ends[late].copy(), "ok", 0))
    ends[late] += dice.between(20, 400, len(late)) * SECOND
    parts.append(_part(everyone, final, ends, word, 0))
    parts.append(_aftermath(dice, mail, final, ends))
    return pd.concat(parts, ignore_index=True)


def _speed(dice: Dice, mail: pd.DataFrame) -> Ints:
    """Say how long a first attempt takes: each company has a server of its own speed."""
    usual = 800 + mail["company"].to_numpy() % 8 * 700
    # Few different values compress well, and what repeats is what fits a repository.
    return usual + np.array([0, 1_000, 4_000])[dice.weighted([40, 5, 2], len(mail))]


def _part(row: Ints, event: object, at: Ints, kind: object, attempt: object) -> pd.DataFrame:
    made = pd.DataFrame({"row": row, "event": event, "at": at, "kind": kind, "attempt": attempt})
    return made.astype({"event": object, "kind": object})


def _aftermath(dice: Dice, mail: pd.DataFrame, final: np.ndarray, ends: Ints) -> pd.DataFrame:
    """Add what people do with mail that arrived: reply, complain, unsubscribe."""
    size = len(mail)
    arrived = final == "delivered"
    bought = (mail["incident"] >= 0).to_numpy()
    luck = dice.uniform(size)
    # Whom an incident is to strike must still be written to by then.
    stays = (mail["full_incident"] >= 0).to_numpy()
    complain = arrived & ~stays & (luck < np.where(bought, 0.006, 0.0006))
    leave = arrived & ~stays & ~complain & (luck < np.where(bought, 0.014, 0.0022))
    away = arrived & ~complain & ~leave & dice.chance(0.012, size)
    parts = []
    for hit, word, knots in (
        (complain, "complaint", [HOUR, 9 * HOUR, 3 * DAY]),
        (leave, "unsubscribe", [10 * MINUTE, 5 * HOUR, 2 * DAY]),
        (away, "auto_reply", [5 * SECOND, MINUTE, 10 * MINUTE]),
    ):
        rows = np.flatnonzero(hit)
        parts.append(_part(rows, word, ends[rows] + dice.skewed(knots, len(rows)), "ok", 0))
    return pd.concat(parts, ignore_index=True)
