"""What is likely behind a removal or a review, and which address was meant."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from bouncekit.analysis import _history as history
from bouncekit.analysis._columns import guessed_rows
from bouncekit.analysis._keys import Bools, Ints
from bouncekit.analysis._messages import DELIVERED, Outcomes
from bouncekit.analysis._runs import Run, flag
from bouncekit.analysis._suspects import is_role, looks_invented
from bouncekit.analysis._typos import suggest_domain
from bouncekit.schema import require
from bouncekit.taxonomy import EVENTS, reasons

STATES = ("ok", "waiting", "retry", "remove", "review")
"""What to do with an address."""
OK, WAITING, RETRY, REMOVE, REVIEW = range(5)

CAUSES = (
    "complaint",
    "unsubscribe",
    "near_miss",
    "bad_batch",
    "role",
    "invented",
    "deleted",
    "never_delivered",
    "invalid",
    "soft_limit",
    "unmatched",
    "guessed_recipient",
    "contradiction",
    "undetermined",
    "suppressed",
)
"""Why an address is removed or to be reviewed; words in ``wording.cause_text``."""


def told(messages: Outcomes, event: str, size: int) -> dict[str, Bools]:
    """Say which addresses have such an event, and which only by a guess."""
    rows = messages.event == EVENTS.index(event)
    rows &= messages.recipients.codes >= 0
    guess = guessed_rows(messages.table) & rows
    sure = flag(messages.recipients.codes[rows & ~guess], size)
    return {"sure": sure, "guessed": flag(messages.recipients.codes[guess], size) & ~sure}


def causes(
    messages: Outcomes,
    run: Run,
    state: npt.NDArray[np.int8],
    unmatched: Bools,
    out: dict[str, dict[str, Bools]],
) -> npt.NDArray[np.int8]:
    """Say why an address is removed or to be reviewed: the first that is so."""
    size = len(state)
    delivered = history.delivered_to(messages, size)
    reported = bool((messages.outcome == DELIVERED).any())
    removed, review = state == REMOVE, state == REVIEW
    hard = removed & run.sure_hard
    guessed = flag(run.failures.recipient[run.failures.guessed], size)
    guessed |= out["complaint"]["guessed"] | out["unsubscribe"]["guessed"]
    odd = flag(run.failures.recipient[run.failures.contradictory], size)
    conditions = {
        "complaint": removed & out["complaint"]["sure"],
        "unsubscribe": removed & out["unsubscribe"]["sure"],
        "deleted": hard & delivered,
        "never_delivered": hard & ~delivered & reported,
        "invalid": hard,
        "soft_limit": removed,
        "unmatched": review & unmatched,
        "guessed_recipient": review & guessed,
        "contradiction": review & odd,
        "undetermined": review & run.at_limit,
        "suppressed": review,
    }
    places = [CAUSES.index(name) for name in conditions]
    return np.select(list(conditions.values()), places, default=-1).astype(np.int8)


def suggestions(
    messages: Outcomes, run: Run, state: npt.NDArray[np.int8], cause: npt.NDArray[np.int8]
) -> dict[int, str]:
    """Find near misses of big domains among removed addresses; sets their cause.

    A domain that ever took a message is no slip, whatever it looks like.
    """
    wanted = np.isin(cause, [CAUSES.index("never_delivered"), CAUSES.index("invalid")])
    places = np.flatnonzero(wanted)
    if not len(places):
        return {}
    no_host = flag(
        run.failures.recipient[run.failures.reason == list(reasons()).index("host_unknown")],
        len(state),
    )
    texts = messages.recipients.texts.take(pa.array(places)).to_pylist()
    shown = spelled(messages, places).to_pylist()
    parts = [text.rpartition("@") for text in texts]
    asked = {(part[2], bool(no_host[place])) for part, place in zip(parts, places, strict=True)}
    meant = {ask: suggest_domain(ask[0], unknown_host=ask[1]) for ask in asked}
    meant = {ask: found for ask, found in meant.items() if found is not None}
    if not meant:
        return {}
    alive = _domains_that_took_mail(messages, {domain for domain, _ in meant})
    result = {}
    for (_, _, domain), address, place in zip(parts, shown, places.tolist(), strict=True):
        found = meant.get((domain, bool(no_host[place])))
        if found is not None and domain not in alive:
            result[place] = f"{address.rpartition('@')[0]}@{found}"
            cause[place] = CAUSES.index("near_miss")
    return result


def refine(messages: Outcomes, cause: npt.NDArray[np.int8], bad_batch: Bools) -> None:
    """Say more of dead addresses that never took mail: their batch, their form; sets the cause."""
    wanted = np.isin(cause, [CAUSES.index("never_delivered"), CAUSES.index("invalid")])
    cause[wanted & bad_batch] = CAUSES.index("bad_batch")
    places = np.flatnonzero(wanted & ~bad_batch)
    for place, text in zip(
        places.tolist(), messages.recipients.texts.take(pa.array(places)).to_pylist(), strict=True
    ):
        if is_role(text):
            cause[place] = CAUSES.index("role")
        elif looks_invented(text):
            cause[place] = CAUSES.index("invented")


def _domains_that_took_mail(messages: Outcomes, domains: set[str]) -> set[str]:
    require(messages.table, "domain")
    taken = np.flatnonzero(messages.outcome == DELIVERED)
    seen = messages.table["domain"].iloc[messages.row[taken]]
    return set(seen[seen.isin(sorted(domains))].unique())


def spelled(messages: Outcomes, places: Ints) -> pa.Array:
    """Return the addresses as they are shown."""
    texts = messages.recipients.texts.take(pa.array(places))
    spelled = messages.recipients.spellings
    if not spelled:
        return texts
    differs = np.isin(places, np.fromiter(spelled, dtype=np.int64, count=len(spelled)))
    shown = [spelled[place] for place in places[differs].tolist()]
    return pc.replace_with_mask(texts, pa.array(differs), pa.array(shown, pa.large_string()))
