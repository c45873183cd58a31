"""Domains that keep failing for now (definition 16)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from bouncekit.analysis import _periods as periods
from bouncekit.analysis._denominators import Denominator, counts_by, denominator
from bouncekit.analysis._grouping import UNTIMED
from bouncekit.analysis._keys import Bools, Ints, look_up
from bouncekit.analysis.outcomes import (
    BOUNCE,
    DEFERRAL,
    DELIVERED,
    SOFT,
    Outcomes,
    by_reason,
    moments,
    outcomes,
)
from bouncekit.analysis.statistics import rate, wilson
from bouncekit.analysis.wording import check_language, say
from bouncekit.errors import BouncekitError
from bouncekit.schema import TEXT
from bouncekit.taxonomy import CATEGORIES, Language, reasons
from bouncekit.times import zone

SPLITS = ("org_domain", "domain", "provider")


@dataclass(frozen=True, slots=True)
class _Limits:
    min_failures: int
    min_days: int
    min_recipients: int
    min_rate: float | None
    window: int


@dataclass(frozen=True, slots=True)
class _Windows:
    """The worst window of each part that has failures: days ``first`` to ``last``."""

    part: Ints
    first: Ints
    last: Ints

    def of(self, parts: Ints, days: Ints, names: int) -> Ints:
        """Return the window that each (part, day) lies in, -1 for none."""
        place = np.full(names, -1, dtype=np.int64)
        place[self.part] = np.arange(len(self.part))
        found = place[parts]
        first, last = look_up(self.first, found), look_up(self.last, found)
        inside = (found >= 0) & (days >= first) & (days <= last)
        return np.where(inside, found, -1)


def flag_domains(
    df: pd.DataFrame | Outcomes,
    sends: object = None,
    min_failures: int = 5,
    min_days: int = 3,
    window: str | int | pd.Timedelta = "14D",
    min_recipients: int = 2,
    min_rate: float | None = None,
    by: str = "org_domain",
    tz: str = "UTC",
    *,
    lang: Language = "en",
) -> pd.DataFrame:
    """Find domains with repeated temporary failures.

    A failure is one message whose final outcome is a deferral or a soft
    bounce. Each domain is judged by its worst window of calendar days: the
    one with most failures, of equals the latest.

    Parameters
    ----------
    df : DataFrame or Outcomes
        A classified bounce table, not changed.
    sends : DataFrame or path, optional
        A sends table; counts give a rate only where they name the domain.
    min_failures, min_days, min_recipients : int
        A domain is flagged when its worst window has at least this many
        failures, days with a failure, and recipients.
    window : str, int or Timedelta
        Length of the window in whole calendar days of ``tz``.
    min_rate : float, optional
        Least failed/sent (0 to 1) in that window. Where nothing says how much
        was sent the domain is then not flagged.
    by : {'org_domain', 'domain', 'provider'}
        What is looked at.
    tz : str
        IANA zone whose days count.
    lang : {'en', 'zh'}
        Language of ``why`` and ``advice``.

    Returns
    -------
    DataFrame
        One row per domain with a temporary failure, flagged ones first, then
        most failures: ``domain`` (``provider`` where ``by`` is that),
        ``failures``, ``recipients``, ``days``, ``longest_run`` (messages in a
        row without a delivery), ``rate``, ``rate_low``, ``rate_high`` (Wilson
        95 %; NaN where sends are unknown), ``reason``, ``category`` (most
        frequent), ``first_failure``, ``last_failure`` (UTC),
        ``last_delivery`` (UTC, whenever it was), ``flagged``, ``why``,
        ``advice``. ``attrs``: ``denominator``, ``tz``, ``window_days``,
        ``without_domain`` and ``untimed`` (failures left out).

    Raises
    ------
    BouncekitError
        If a parameter is out of range.
    TableError
        If a column is absent or the sends table is wrong.
    """
    limits = _check(min_failures, min_days, min_recipients, min_rate, window, by)
    check_language(lang)
    zone(tz)
    messages = outcomes(df, sends)
    below = denominator(messages)
    part, names = messages.carry(by)
    when = messages.period_at
    failing = _temporary(messages)
    known = (part >= 0) & (when != UNTIMED) & ~messages.listed
    days = np.zeros(len(when), dtype=np.int64)
    days[known] = periods.local_days(when[known], tz)
    failures = np.flatnonzero(failing & known)
    worst = _worst_windows(part[failures], days[failures], limits.window)
    inside = np.full(len(when), -1, dtype=np.int64)
    inside[known] = worst.of(part[known], days[known], len(names))

    columns = _counts(messages, failing, inside, days, len(worst.part))
    columns["longest_run"] = _longest_run(messages, inside, len(worst.part))
    columns["sent"] = _sent(messages, below, worst, inside, names, by, tz)
    columns["last_delivery"] = _last_delivery(messages, part, len(names))[worst.part]
    columns["domain"] = np.array(names, dtype=object)[worst.part]
    table = _table(columns, limits, lang)
    table.attrs |= {
        "denominator": below.kind,
        "tz": tz,
        "window_days": limits.window,
        "without_domain": int((failing & ~messages.listed & (part < 0)).sum()),
        "untimed": int((failing & ~messages.listed & (when == UNTIMED)).sum()),
    }
    return table.rename(columns={"domain": "provider"} if by == "provider" else {})


def _check(
    min_failures: int,
    min_days: int,
    min_recipients: int,
    min_rate: float | None,
    window: Any,
    by: str,
) -> _Limits:
    for name, value in (
        ("min_failures", min_failures),
        ("min_days", min_days),
        ("min_recipients", min_recipients),
    ):
        if isinstance(value, bool) or value != int(value) or value < 1:
            msg = f"{name} must be a whole number of 1 or more, not {value!r}"
            raise BouncekitError(msg)
    if min_rate is not None and not 0 <= min_rate <= 1:
        msg = f"min_rate must lie between 0 and 1 (0.05 is 5 %), not {min_rate!r}"
        raise BouncekitError(msg)
    if by not in SPLITS:
        msg = f"by {by!r} is not known; use one of: {', '.join(SPLITS)}"
        raise BouncekitError(msg)
    return _Limits(min_failures, min_days, min_recipients, min_rate, _whole_days(window))


def _whole_days(window: Any) -> int:
    try:
        length = pd.Timedelta(days=window) if isinstance(window, int) else pd.Timedelta(window)
    except (ValueError, TypeError):
        length = pd.Timedelta(0)
    if pd.isna(length) or length < pd.Timedelta(days=1) or length % pd.Timedelta(days=1):
        msg = f"window must be whole days, '14D' for instance, not {window!r}"
        raise BouncekitError(msg)
    return length // pd.Timedelta(days=1)


def _temporary(messages: Outcomes) -> Bools:
    soft = (messages.outcome == BOUNCE) & (messages.bounce_type() == SOFT)
    return soft | (messages.outcome == DEFERRAL)


def _worst_windows(part: Ints, days: Ints, length: int) -> _Windows:
    """Find for each part the window of ``length`` days with most entries, of equals the latest."""
    if not len(part):
        return _Windows(part, days, days)
    # A part and a day in one number, with room so that windows never reach the next part.
    base = int(days.min())
    room = int(days.max()) - base + length + 1
    keys = np.sort(part * room + (days - base))
    ends = np.arange(len(keys))
    starts = np.searchsorted(keys, keys - (length - 1), side="left")
    # Near its beginning a window would reach into the part before.
    starts = np.maximum(starts, np.searchsorted(keys, keys // room * room, side="left"))
    order = np.lexsort((keys, ends - starts + 1, keys // room))
    last_of_part = np.append(np.diff(keys[order] // room) != 0, True)
    chosen = keys[order][last_of_part]
    last = chosen % room + base
    return _Windows(chosen // room, last - (length - 1), last)


def _counts(
    messages: Outcomes, failing: Bools, inside: Ints, days: Ints, size: int
) -> dict[str, npt.NDArray]:
    """Count failures, recipients and days in each window, and find its main reason."""
    rows = np.flatnonzero(failing & (inside >= 0))
    window = inside[rows]
    reason = messages.reason()[rows].astype(np.int64)
    first = np.full(size, np.iinfo(np.int64).max, dtype=np.int64)
    last = np.full(size, UNTIMED, dtype=np.int64)
    np.minimum.at(first, window, messages.at[rows])
    np.maximum.at(last, window, messages.at[rows])
    known = messages.recipient[rows] >= 0
    return {
        "failures": np.bincount(window, minlength=size),
        "recipients": _distinct(window[known], messages.recipient[rows][known], size),
        "days": _distinct(window, days[rows], size),
        "first_failure": first,
        "last_failure": last,
        "reason": _most_frequent(window, reason, size),
    }


def _distinct(window: Ints, values: Ints, size: int) -> Ints:
    """Count the distinct values in each window."""
    order = np.lexsort((values, window))
    window, values = window[order], values[order]
    fresh = np.ones(len(window), dtype=bool)
    fresh[1:] = (np.diff(window) != 0) | (np.diff(values) != 0)
    return np.bincount(window[fresh], minlength=size)


def _most_frequent(window: Ints, reason: Ints, size: int) -> Ints:
    """Give the most frequent reason of each window; of equals the first of the taxonomy."""
    width = len(reasons())
    known = reason >= 0
    cells = np.bincount(window[known] * width + reason[known], minlength=size * width)
    table = cells.reshape(size, width)
    return np.where(table.sum(axis=1) > 0, table.argmax(axis=1), -1)


def _longest_run(messages: Outcomes, inside: Ints, size: int) -> Ints:
    """Count the longest run of failed messages between deliveries, within each window."""
    ended = messages.failed | (messages.outcome == DELIVERED)
    rows = np.flatnonzero(ended & (inside >= 0))
    failed, start = messages.failed[rows], messages.start_at[rows]
    # Only a later delivery ends a run, so of equal times the delivery comes first.
    order = np.lexsort((failed, start, inside[rows]))
    window, failed = inside[rows][order], failed[order]
    breaks = ~failed
    breaks[1:] |= np.diff(window) != 0
    run = np.cumsum(breaks)
    lengths = np.bincount(run[failed], minlength=int(run.max(initial=0)) + 1)
    longest = np.zeros(size, dtype=np.int64)
    np.maximum.at(longest, window[failed], lengths[run[failed]])
    return longest


def _last_delivery(messages: Outcomes, part: Ints, names: int) -> Ints:
    last = np.full(names, UNTIMED, dtype=np.int64)
    rows = (messages.outcome == DELIVERED) & (part >= 0)
    np.maximum.at(last, part[rows], messages.at[rows])
    return last


def _sent(
    messages: Outcomes,
    below: Denominator,
    worst: _Windows,
    inside: Ints,
    names: list[str],
    by: str,
    tz: str,
) -> npt.NDArray[np.float64]:
    """Count what was sent in each window; NaN where nothing says so."""
    size = len(worst.part)
    if below.counts is not None:
        values = counts_by(below.counts, by, messages.table)
        if values is None:
            return np.full(size, np.nan)
        place = {name: i for i, name in enumerate(names)}
        part = np.array([place.get(v, -1) for v in values.astype("object")], dtype=np.int64)
        window = np.full(len(part), -1, dtype=np.int64)
        window[part >= 0] = worst.of(part[part >= 0], below.counts.days(tz)[part >= 0], len(names))
        numbers = below.counts.table["sent"].to_numpy(dtype=float)[window >= 0]
        total = np.bincount(window[window >= 0], numbers, minlength=size)
    else:
        rows = below.counted & (inside >= 0)
        total = np.bincount(inside[rows], minlength=size).astype(float)
        if below.kind == "delivered + bounced":
            # A deferred message is a failure here, so it stands below the line too.
            still = (messages.outcome == DEFERRAL) & (inside >= 0)
            total += np.bincount(inside[still], minlength=size)
    return np.where(total > 0, total, np.nan)


def _table(columns: dict[str, Any], limits: _Limits, lang: Language) -> pd.DataFrame:
    failures, sent = columns["failures"], columns["sent"]
    low, high = wilson(failures, sent)
    reason = columns["reason"]
    whose = np.array([*by_reason("category"), None], dtype=object)[reason]
    table = pd.DataFrame(
        {
            "domain": pd.Series(columns["domain"], dtype=TEXT),
            "failures": failures.astype(np.int64),
            "recipients": columns["recipients"].astype(np.int64),
            "days": columns["days"].astype(np.int64),
            "longest_run": columns["longest_run"],
            "rate": rate(failures, sent),
            "rate_low": low,
            "rate_high": high,
            "reason": pd.Categorical.from_codes(reason, list(reasons())),
            "category": pd.Categorical(whose, list(CATEGORIES)),
            "first_failure": moments(columns["first_failure"]),
            "last_failure": moments(columns["last_failure"]),
            "last_delivery": moments(columns["last_delivery"]),
        }
    )
    missing = _missing(table, limits)
    table["flagged"] = np.array([not names for names in missing], dtype=bool)
    rows = table.assign(sent=sent, window=limits.window).to_dict("records")
    pairs = list(zip(rows, missing, strict=True))
    table["why"] = pd.Series([_why(row, names, limits, lang) for row, names in pairs], dtype=TEXT)
    table["advice"] = pd.Series([_advice(row["reason"], lang) for row in rows], dtype=TEXT)
    order = ["flagged", "failures", "domain"]
    return table.sort_values(order, ascending=[False, False, True], ignore_index=True)


def _missing(table: pd.DataFrame, limits: _Limits) -> list[list[str]]:
    """Name for each row the sentences of the conditions that it does not meet."""
    conditions = {
        "domain_few_failures": table["failures"] < limits.min_failures,
        "domain_few_days": table["days"] < limits.min_days,
        "domain_few_recipients": table["recipients"] < limits.min_recipients,
    }
    if limits.min_rate is not None:
        conditions["domain_unknown_rate"] = table["rate"].isna()
        conditions["domain_low_rate"] = table["rate"] < limits.min_rate
    flags = np.array([found.to_numpy() for found in conditions.values()]).T
    return [[name for name, is_so in zip(conditions, row, strict=True) if is_so] for row in flags]


def _why(row: dict[str, Any], missing: list[str], limits: _Limits, lang: Language) -> str:
    if missing:
        least = {
            "domain_few_failures": limits.min_failures,
            "domain_few_days": limits.min_days,
            "domain_few_recipients": limits.min_recipients,
            "domain_low_rate": limits.min_rate,
        }
        said = [say(name, lang, **row, least=least.get(name)) for name in missing]
        return say("domain_not_flagged", lang, missing=("；" if lang == "zh" else "; ").join(said))
    known = reasons().get(row["reason"])
    named = known.label[lang] if known else reasons()["undetermined"].label[lang]
    share = ""
    if np.isfinite(row["rate"]):
        share = say("domain_rate", lang, rate=row["rate"], sent=int(row["sent"]))
    return say("domain_flagged", lang, **(row | {"rate": share, "reason": named}))


def _advice(reason: object, lang: Language) -> str:
    known = reasons().get(reason) if isinstance(reason, str) else None
    if known is None:
        return say("advice_unknown", lang)
    if known.category == "policy":
        heals = "time" if known.heals == "time" else "sender"
        return say(f"advice_policy_{heals}", lang)
    return say(f"advice_{known.category}", lang)
