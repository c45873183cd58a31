"""One simulated half year: people, campaigns, messages and everything logged of them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bouncekit.errors import BouncekitError
from bouncekit.simulate import delivery, mailing, people, roster
from bouncekit.simulate.data import WEEK, WEEKS, begin
from bouncekit.simulate.dice import Dice
from bouncekit.simulate.incidents import Plan, default_plan
from bouncekit.simulate.people import NEVER

SEED = 20_260_302
CONTACTS = 18_700
"""With the purchased list of the fixed plan about 20 000."""
FEWEST = 300
_COMPANIES = 600
_DILIGENCE = 0.85


@dataclass(frozen=True, slots=True)
class World:
    """Everything that is true about one simulated half year.

    Parameters
    ----------
    seed : int
        The same seed, number of contacts and plan give the same world.
    plan : Plan
        The incidents that were planted.
    companies, contacts, campaigns : DataFrame
        As :mod:`people` and :mod:`mailing` describe them.
    messages : DataFrame
        ``contact``, ``campaign``, ``sender`` (channel), ``sent_at``,
        ``message_id``, ``incident``, ``address``, ``hosting``, ``final``
        (``delivered``, ``bounce``, ``suppressed``, ``deferral``, ``sent``)
        and ``kind`` of that.
    events : DataFrame
        ``message`` (number, -1 for none), ``event``, ``at``, ``kind``,
        ``attempt``; by time. Times are milliseconds since 1970 UTC.
    forged : DataFrame
        ``address``, ``at``, ``incident``: bounces of mail never sent.
    """

    seed: int
    plan: Plan
    companies: pd.DataFrame
    contacts: pd.DataFrame
    campaigns: pd.DataFrame
    messages: pd.DataFrame
    events: pd.DataFrame
    forged: pd.DataFrame


def simulate(seed: int = SEED, contacts: int = CONTACTS, plan: Plan | None = None) -> World:
    """Simulate half a year of cold outreach.

    Parameters
    ----------
    seed : int, default 20260302
        0 or more.
    contacts : int, default 18700
        People on the list, without those of a purchased list; 300 or more.
    plan : Plan, optional
        What goes wrong; the fixed plan of the sample where not given, see
        :func:`bouncekit.simulate.random_plan` for others.

    Returns
    -------
    World
        The truth; :func:`bouncekit.simulate.bounce_events` makes a bounce table
        of it and :func:`bouncekit.simulate.write` the files.

    Raises
    ------
    BouncekitError
        If ``seed`` is negative or ``contacts`` is below 300.
    """
    if seed < 0 or contacts < FEWEST:
        msg = f"a world needs a seed of 0 or more and at least {FEWEST} contacts"
        raise BouncekitError(msg)
    plan = default_plan(contacts) if plan is None else plan
    firms = people.companies(seed, min(max(contacts * 3 // 40, 30), _COMPANIES))
    listed = roster.everyone(seed, firms, contacts, plan)
    table = mailing.campaigns(plan)
    messages, events = _half_year(seed, firms, listed, table, plan)
    events = events[events["at"] < begin() + WEEKS * WEEK]
    events = events.sort_values(["at", "message", "attempt"], kind="stable", ignore_index=True)
    messages["message_id"] = mailing.message_ids(seed, messages)
    last = events[events["event"].isin(["sent", "deferral", "delivered", "bounce", "suppressed"])]
    last = last.drop_duplicates("message", keep="last").set_index("message")
    messages["final"] = last["event"].reindex(messages.index)
    messages["kind"] = last["kind"].reindex(messages.index)
    return World(
        seed, plan, firms, listed, table, messages, events, roster.forged(seed, firms, plan)
    )


def _half_year(
    seed: int, firms: pd.DataFrame, listed: pd.DataFrame, table: pd.DataFrame, plan: Plan
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Play the weeks one after the other: what bounced is not written to again."""
    dice = Dice(seed, "seller")
    diligent = dice.chance(_DILIGENCE, len(listed))
    removed = np.full(len(listed), NEVER)
    refused = np.zeros(len(listed), dtype=bool)
    down = np.full(len(firms), -1)
    for number, entry in plan.of("server_down"):
        down[roster.company_of(listed, entry)] = number
    letters, logs, count = [], [], 0
    for week in range(WEEKS):
        batch = mailing.batch(seed, week, table, listed, removed)
        mail = _joined(batch, firms, listed, table, down)
        found = delivery.causes(seed, week, mail, plan)
        log = delivery.events(seed, week, mail, found)
        log = _suppress(log, mail, refused)
        _learn(log, mail, removed, refused, diligent)
        kept = mail[["contact", "campaign", "sender", "sent_at", "address", "hosting"]].copy()
        kept["incident"] = found["incident"].to_numpy()
        letters.append(kept)
        log["message"] = log.pop("row") + count
        logs.append(log)
        count += len(mail)
    return pd.concat(letters, ignore_index=True), pd.concat(logs, ignore_index=True)


def _joined(
    batch: pd.DataFrame,
    firms: pd.DataFrame,
    listed: pd.DataFrame,
    table: pd.DataFrame,
    down: np.ndarray,
) -> pd.DataFrame:
    """Put what is known of contact, company and campaign beside each message."""
    mail = pd.concat(
        [batch, listed.iloc[batch["contact"].to_numpy()].reset_index(drop=True)], axis=1
    )
    campaign = batch["campaign"].to_numpy()
    mail["sender"] = table["sender"].to_numpy()[campaign]
    mail["campaign_incident"] = table["incident"].to_numpy()[campaign]
    company = mail["company"].to_numpy()
    homeless = company < 0
    mail["greylists"] = ~homeless & firms["greylists"].to_numpy()[company]
    mail["gone_at"] = np.where(homeless, NEVER, firms["gone_at"].to_numpy()[company])
    mail["down_incident"] = np.where(homeless, -1, down[company])
    return mail


def _suppress(log: pd.DataFrame, mail: pd.DataFrame, refused: np.ndarray) -> pd.DataFrame:
    """Let SES and SendGrid refuse to write again to what bounced hard with them."""
    keeps_list = mail["sender"].isin(["ses", "sendgrid"]).to_numpy()
    stopped = (keeps_list & refused[mail["contact"].to_numpy()])[log["row"].to_numpy()]
    first = (log["event"] == "bounce").to_numpy() & stopped
    at = mail["sent_at"].to_numpy()[log["row"].to_numpy()] + 900
    log = log.assign(
        event=np.where(first, "suppressed", log["event"]), at=np.where(first, at, log["at"])
    )
    return log[~stopped | log["event"].isin(["sent", "suppressed"])].reset_index(drop=True)


def _learn(
    log: pd.DataFrame,
    mail: pd.DataFrame,
    removed: np.ndarray,
    refused: np.ndarray,
    diligent: np.ndarray,
) -> None:
    """Take off the list who complained or left, and most of what bounced hard."""
    hard = log["kind"].isin([name for name, entry in delivery.KINDS.items() if entry[1] == "hard"])
    bounced = log[(log["event"] == "bounce") & hard]
    contact = mail["contact"].to_numpy()
    by_list = mail["sender"].isin(["ses", "sendgrid"]).to_numpy()[bounced["row"].to_numpy()]
    refused[contact[bounced["row"].to_numpy()[by_list]]] = True
    leavers = log[log["event"].isin(["complaint", "unsubscribe"])]
    for rows, always in ((bounced, False), (leavers, True)):
        who = contact[rows["row"].to_numpy()]
        chosen = np.ones(len(who), dtype=bool) if always else diligent[who]
        np.minimum.at(removed, who[chosen], rows["at"].to_numpy()[chosen])
