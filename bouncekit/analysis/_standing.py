"""Findings that add up what is there: domains, addresses, the whole."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from bouncekit.analysis._found import Found, Look, own_rows, percent
from bouncekit.analysis._keys import Ints
from bouncekit.analysis._messages import BOUNCE, UNDETERMINED, Outcomes
from bouncekit.analysis.domains import flag_domains
from bouncekit.analysis.rates import bounce_rates
from bouncekit.analysis.statistics import preset_of, verdicts, wilson
from bouncekit.taxonomy import FAILURES

MIN_ADDRESSES = 3
"""Addresses below which nothing is said of forged, mistyped or worn-out ones."""
MIN_UNDECIDED = 20
_UNDECIDED_SHARE = 0.05
_DOMAIN_CATEGORIES = ("mailbox", "server", "network")
_DOMAINS = 3


def failing_domains(look: Look) -> Iterator[Found]:
    """Find companies whose own servers or mailboxes are in trouble."""
    flags = flag_domains(look.messages, min_recipients=MIN_ADDRESSES, tz=look.tz, lang=look.lang)
    own = flags[flags["flagged"] & flags["category"].isin(_DOMAIN_CATEGORIES)]
    for row in own.head(_DOMAINS).to_dict("records"):
        first, last = (row[name].tz_convert(look.tz) for name in ("first_failure", "last_failure"))
        text = look.say(
            "domain_soft",
            domain=row["domain"],
            failures=f"{row['failures']:,}",
            recipients=f"{row['recipients']:,}",
            days=f"{row['days']:,}",
            reason=look.reason(row["reason"]),
            when=look.when(first, last),
        )
        yield Found(
            "domain_soft",
            text,
            score=float(row["failures"]),
            value=row["rate"],
            low=row["rate_low"],
            high=row["rate_high"],
            count=int(row["failures"]),
            first=first.normalize(),
            last=last.normalize(),
            by="org_domain",
            where=str(row["domain"]),
            rows=_rows_of_domain(look.messages, str(row["domain"]), first, last),
        )


def _rows_of_domain(
    messages: Outcomes, domain: str, first: pd.Timestamp, last: pd.Timestamp
) -> Ints:
    table = messages.table.iloc[: messages.own_rows]
    inside = (table["org_domain"] == domain) & table["event"].isin(FAILURES)
    inside &= table["timestamp"].between(first, last)
    return np.flatnonzero(inside.fillna(False).to_numpy(dtype=bool))


def addresses(look: Look) -> Iterator[Found]:
    """Find forged bounces, addresses that wore out, and mistyped ones."""
    people = look.people
    chosen = {
        "forged": people["evidence"].eq("unmatched") & people["cause"].eq("unmatched"),
        "worn_out": people["state"].eq("remove") & people["cause"].eq("soft_limit"),
        "mistyped": people["suggestion"].notna() & people["state"].eq("remove"),
    }
    for kind, mask in chosen.items():
        who = people[mask.fillna(False).to_numpy(dtype=bool)]
        if len(who) < MIN_ADDRESSES:
            continue
        first, last = who["first_failure"].min(), who["last_failure"].max()
        timed = not pd.isna(first)
        when = [pd.Timestamp(at).tz_convert(look.tz) for at in (first, last)] if timed else []
        text = look.say(kind, count=f"{len(who):,}", when=look.when(*when) if timed else "")
        yield Found(
            kind,
            text.strip(),
            score=float(len(who)),
            count=len(who),
            first=when[0].normalize() if timed else None,
            last=when[1].normalize() if timed else None,
            by="recipient",
            rows=_rows_of_addresses(look.messages, who["recipient"]),
        )


def _rows_of_addresses(messages: Outcomes, who: pd.Series) -> Ints:
    table = messages.table.iloc[: messages.own_rows]
    inside = table["recipient"].isin(who) & table["event"].isin(FAILURES)
    return np.flatnonzero(inside.fillna(False).to_numpy(dtype=bool))


# --- the whole ---------------------------------------------------------------


def level(look: Look) -> Iterator[Found]:
    """Hold the rate of the whole time against the published lines."""
    chosen = preset_of(look.preset)
    rates = bounce_rates(look.messages, freq="M", tz=look.tz, lang=look.lang)
    known_rows = rates[rates["sent"].notna()]
    sent = float(known_rows["sent"].sum())
    names = ["hard"] if chosen.judges == "hard" else ["hard", "soft", "undetermined"]
    bounced = int(known_rows[names].to_numpy().sum())
    if not sent or bounced > sent:
        return
    value = bounced / sent
    judged = verdicts(pd.Series([value]), pd.Series([sent]), chosen, lang=look.lang)
    low, high = (float(limit) for limit in wilson(bounced, sent))
    if pd.isna(judged[0]) or value < chosen.lines[0].rate:
        return
    text = look.say(
        f"level_{chosen.judges}",
        value=percent(value),
        low=percent(low),
        high=percent(high),
        n=f"{sent:,.0f}",
        verdict=judged[0],
        source=chosen.source[look.lang],
    )
    over = bounced - sent * chosen.lines[0].rate
    yield Found("level", text, score=over * 0.5, value=value, low=low, high=high,
                 usual=chosen.lines[0].rate, count=bounced, n=sent)  # fmt: skip


def undecided(look: Look) -> Iterator[Found]:
    """Say where many failures say too little to be decided."""
    messages = look.messages
    bounced = messages.outcome == BOUNCE
    unclear = bounced & (messages.bounce_type() == UNDETERMINED)
    count, total = int(unclear.sum()), int(bounced.sum())
    if count < MIN_UNDECIDED or count < _UNDECIDED_SHARE * total:
        return
    low, high = (float(limit) for limit in wilson(count, total))
    share = count / total
    text = look.say("undecided", count=f"{count:,}", share=percent(share))
    yield Found("undecided", text, score=count * 0.25, value=share, low=low, high=high,
                 count=count, n=total, rows=own_rows(messages, messages.row[unclear]))  # fmt: skip
