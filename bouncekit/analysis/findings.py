"""What stands out, in a few sentences: how much, when, where, how sure, and what to do."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from bouncekit.addresses import provider_title
from bouncekit.analysis import _periods as periods
from bouncekit.analysis._checks import positive
from bouncekit.analysis._columns import by_reason, codes
from bouncekit.analysis._denominators import Denominator, denominator
from bouncekit.analysis._grouping import UNTIMED
from bouncekit.analysis._keys import Bools, Ints
from bouncekit.analysis._messages import BOUNCE, HARD, SOFT, UNDETERMINED, Outcomes
from bouncekit.analysis._surges import Part, Surge, surges
from bouncekit.analysis.domains import flag_domains
from bouncekit.analysis.outcomes import outcomes
from bouncekit.analysis.policy import Policy
from bouncekit.analysis.rates import bounce_rates
from bouncekit.analysis.recipients import recipients
from bouncekit.analysis.statistics import preset_of, verdicts, wilson
from bouncekit.schema import TEXT
from bouncekit.taxonomy import EVENTS, FAILURES, Language, reasons
from bouncekit.times import zone
from bouncekit.words import known, words

MIN_ADDRESSES = 3
"""Addresses below which nothing is said of forged, mistyped or worn-out ones."""
MIN_UNDECIDED = 20
_UNDECIDED_SHARE = 0.05
_WEIGHTS = {"hard": 3.0, "sender": 2.0, "held": 0.5}
_DOMAIN_CATEGORIES = ("mailbox", "server", "network")
_DOMAINS = 3


@dataclass(frozen=True, slots=True)
class _Found:
    kind: str
    text: str
    score: float
    value: float = np.nan
    low: float = np.nan
    high: float = np.nan
    usual: float = np.nan
    count: int = 0
    n: float = np.nan
    first: pd.Timestamp | None = None
    last: pd.Timestamp | None = None
    by: str | None = None
    where: str | None = None
    rows: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class _Look:
    """Everything that the single looks at the data share."""

    messages: Outcomes
    below: Denominator
    people: pd.DataFrame
    preset: str
    tz: str
    lang: Language

    def say(self, key: str, **values: object) -> str:
        return words(f"finding_{key}", self.lang, **values)

    def reason(self, name: object) -> str:
        entry = reasons().get(str(name)) or reasons()["undetermined"]
        return entry.label[self.lang]


def findings(
    df: pd.DataFrame | Outcomes,
    sends: object = None,
    contacts: object = None,
    *,
    policy: Policy | None = None,
    preset: str = "cold",
    tz: str = "UTC",
    lang: Language = "en",
    most: int = 10,
) -> pd.DataFrame:
    """Say in at most ten sentences what stands out, most important first.

    Weeks are compared with the usual rate of the same campaign, provider,
    source or domain, so that one incident is one finding, told of the part
    where it is most concentrated. Nothing is said below a minimum number of
    messages, nor of what chance would do among as many comparisons.

    Parameters
    ----------
    df : DataFrame or Outcomes
        A classified bounce table, not changed.
    sends, contacts
        What was sent, and the contact list, as for the other analyses.
    policy : Policy, optional
        The numbers for addresses.
    preset : {'cold', 'ses', 'optin'}
        The published lines that the whole is judged by.
    tz : str
        IANA zone whose days count.
    lang : {'en', 'zh'}
        Language of ``text`` and ``advice``.
    most : int
        How many at most.

    Returns
    -------
    DataFrame
        ``kind`` (``hard``, ``sender``, ``held``, ``domain_hard``,
        ``domain_soft``, ``forged``, ``worn_out``, ``mistyped``, ``level``,
        ``undecided``); ``text`` and ``advice``, a sentence or two each;
        ``value`` with ``low`` and ``high`` (Wilson 95 %) and ``usual``, shares
        of ``n`` messages; ``count`` (messages or addresses concerned);
        ``first`` and ``last`` (days of ``tz``, first instant); ``by`` and
        ``where`` (the column and its value that is concerned); ``rows``
        (positions in ``df`` of the evidence, as an array).

    Raises
    ------
    BouncekitError
        If ``tz``, ``preset`` or ``lang`` is not known, or ``most`` below 1.
    TableError
        If a column is absent, or ``sends`` or ``contacts`` is wrong.
    """
    positive("most", most)
    preset_of(preset)
    messages = outcomes(df, sends)
    look = _Look(
        messages=messages,
        below=denominator(messages),
        people=recipients(messages, policy, contacts=contacts),
        preset=preset,
        tz=zone(tz).key,
        lang=known(lang),
    )
    found = sorted(
        (one for detect in _DETECTORS for one in detect(look)),
        key=lambda one: (-one.score, one.kind, one.where or "", one.text),
    )
    return _table(found[:most], look)


def _table(found: list[_Found], look: _Look) -> pd.DataFrame:
    day = pd.DatetimeTZDtype("us", look.tz)
    names = ("value", "low", "high", "usual", "n")
    columns: dict[str, object] = {
        "kind": pd.array([one.kind for one in found], dtype=TEXT),
        "text": pd.array([one.text for one in found], dtype=TEXT),
        "advice": pd.array([look.say(f"advice_{one.kind}") for one in found], dtype=TEXT),
        **{name: np.array([getattr(one, name) for one in found], dtype=float) for name in names},
        "count": np.array([one.count for one in found], dtype=np.int64),
        "first": pd.Series([one.first for one in found], dtype=day),
        "last": pd.Series([one.last for one in found], dtype=day),
        "by": pd.array([one.by for one in found], dtype=TEXT),
        "where": pd.array([one.where for one in found], dtype=TEXT),
    }
    table = pd.DataFrame(columns)
    table["rows"] = pd.Series([one.rows for one in found], dtype=object)
    return table


# --- weeks that stand out ----------------------------------------------------


def _surges(look: _Look) -> Iterator[_Found]:
    """Find weeks in which far more failed than usual, and in which part of the mail."""
    messages = look.messages
    start = messages.start_at
    # A table of counts names no message; the mail that the events tell of stands for it.
    below = look.below
    if below.counts is not None:
        below = denominator(replace(messages, sends=None))
    counted = below.counted & (start != UNTIMED)
    week = np.zeros(len(start), dtype=np.int64)
    week[counted] = periods.period_of_day(periods.local_days(start[counted], look.tz), "W")
    parts = _parts(messages)
    explained = np.zeros(len(start), dtype=bool)
    for name, failed in _failures(messages).items():
        chosen = parts if name == "hard" else {k: v for k, v in parts.items() if k != "org_domain"}
        for surge in surges(failed & ~explained, counted, week, chosen):
            # What was held up and then given up is one incident.
            explained[surge.messages] = True
            yield _told(look, name, surge)


def _parts(messages: Outcomes) -> dict[str, Part]:
    whole = Part("all", np.zeros(len(messages.outcome), dtype=np.int64), [""])
    found = {"all": whole, "source": Part("source", *messages.source())}
    for column, lasting in (("provider", True), ("campaign", False), ("org_domain", False)):
        found[column] = Part(column, *messages.carry(column), lasting=lasting)
    return found


def _failures(messages: Outcomes) -> dict[str, Bools]:
    """Say which messages failed hard, for a cause of the sender's, or were held up at first."""
    heals = np.array([name == "sender" for name in by_reason("heals")] + [False])
    kind, bounced = messages.bounce_type(), messages.outcome == BOUNCE
    row_reason = codes(messages.table, "reason")
    # Greylisting holds up every first mail on purpose.
    late = (messages.event == EVENTS.index("deferral")) & (messages.group >= 0)
    late &= row_reason != list(reasons()).index("greylisted")
    held = np.zeros(len(bounced), dtype=bool)
    held[messages.group[late]] = True
    return {
        "hard": bounced & (kind == HARD),
        "held": held,
        "sender": bounced & (kind == SOFT) & heals[messages.reason()],
    }


def _told(look: _Look, kind: str, surge: Surge) -> _Found:
    """Say what one surge is."""
    first, last = _weeks(surge.first, surge.last, look.tz)
    value = surge.count / surge.n
    low, high = (float(limit) for limit in wilson(surge.count, surge.n))
    if surge.part == "org_domain":
        kind = "domain_hard"
    shown = provider_title(surge.name) if surge.part == "provider" else surge.name
    where = look.say(f"in_{surge.part}", name=shown) if surge.part != "all" else ""
    parts = [
        look.say(
            f"surge_{kind}",
            where=where,
            when=_when(look, first, last),
            value=_percent(value),
            low=_percent(low),
            high=_percent(high),
            usual=_percent(surge.usual),
            count=f"{surge.count:,}",
            n=f"{surge.n:,}",
        ),
        *_detail(look, kind, surge),
    ]
    return _Found(
        kind=kind,
        text=("" if look.lang == "zh" else " ").join(parts),
        score=(surge.count - surge.n * surge.usual) * _WEIGHTS.get(kind, _WEIGHTS["hard"]),
        value=value,
        low=low,
        high=high,
        usual=surge.usual,
        count=surge.count,
        n=surge.n,
        first=first,
        last=last,
        by=None if surge.part == "all" else surge.part,
        where=None if surge.part == "all" else surge.name,
        rows=_own_rows(look.messages, look.messages.row[surge.messages]),
    )


def _detail(look: _Look, kind: str, surge: Surge) -> Iterator[str]:
    """Add what makes a surge plain: its reason, or that the addresses are new."""
    messages = look.messages
    if kind == "domain_hard":
        return
    if kind == "hard":
        who = messages.recipient[surge.messages]
        start = messages.start_at
        before = np.zeros(len(messages.recipients.texts) + 1, dtype=bool)
        begin = start[surge.messages].min()
        before[messages.recipient[(start < begin) & (start != UNTIMED)]] = True
        fresh = (who >= 0) & ~before[who]
        yield look.say("fresh", share=_percent(fresh.mean()))
        return
    place = codes(messages.table, "reason")[messages.row[surge.messages]]
    place = place[place >= 0]
    if len(place):
        common = int(np.bincount(place).argmax())
        yield look.say("mostly", reason=look.reason(list(reasons())[common]))


def _weeks(first: int, last: int, tz: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the Monday of the first week and the Sunday of the last."""
    days = periods.first_day(np.array([first, last + 1]), "W") - np.array([0, 1])
    begin, end = periods.midnights(days, tz)
    return begin, end


def _when(look: _Look, first: pd.Timestamp, last: pd.Timestamp) -> str:
    return look.say("when", first=f"{first:%Y-%m-%d}", last=f"{last:%Y-%m-%d}")


# --- domains and addresses ---------------------------------------------------


def _domains(look: _Look) -> Iterator[_Found]:
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
            when=_when(look, first, last),
        )
        yield _Found(
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


def _addresses(look: _Look) -> Iterator[_Found]:
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
        text = look.say(kind, count=f"{len(who):,}", when=_when(look, *when) if timed else "")
        yield _Found(
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


def _level(look: _Look) -> Iterator[_Found]:
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
        value=_percent(value),
        low=_percent(low),
        high=_percent(high),
        n=f"{sent:,.0f}",
        verdict=judged[0],
        source=chosen.source[look.lang],
    )
    over = bounced - sent * chosen.lines[0].rate
    yield _Found("level", text, score=over * 0.5, value=value, low=low, high=high,
                 usual=chosen.lines[0].rate, count=bounced, n=sent)  # fmt: skip


def _undecided(look: _Look) -> Iterator[_Found]:
    """Say where many failures say too little to be decided."""
    messages = look.messages
    bounced = messages.outcome == BOUNCE
    unclear = bounced & (messages.bounce_type() == UNDETERMINED)
    count, total = int(unclear.sum()), int(bounced.sum())
    if count < MIN_UNDECIDED or count < _UNDECIDED_SHARE * total:
        return
    low, high = (float(limit) for limit in wilson(count, total))
    share = count / total
    text = look.say("undecided", count=f"{count:,}", share=_percent(share))
    yield _Found("undecided", text, score=count * 0.25, value=share, low=low, high=high,
                 count=count, n=total, rows=_own_rows(messages, messages.row[unclear]))  # fmt: skip


def _own_rows(messages: Outcomes, rows: Ints) -> Ints:
    """Leave out rows that came from a sends table."""
    return np.sort(rows[rows < messages.own_rows])


def _percent(value: float) -> str:
    """Write a share with as many digits as it deserves."""
    digits = 0 if value >= 0.1 else 1 if value >= 0.001 or value == 0 else 2
    return f"{value * 100:.{digits}f} %"


_DETECTORS: tuple[Callable[[_Look], Iterator[_Found]], ...] = (
    _surges,
    _domains,
    _addresses,
    _level,
    _undecided,
)
