"""Domains that keep failing for now (definition 16)."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from bouncekit.analysis import _periods as periods
from bouncekit.analysis._columns import by_reason, categorical, moments
from bouncekit.analysis._denominators import Denominator, counts_by, denominator
from bouncekit.analysis._domain_text import Limits, advice, check_limits, conditions_missed, why
from bouncekit.analysis._grouping import UNTIMED
from bouncekit.analysis._keys import Bools, Ints
from bouncekit.analysis._messages import BOUNCE, DEFERRAL, DELIVERED, SOFT, Outcomes
from bouncekit.analysis._windows import Windows, count_distinct, most_frequent, worst_windows
from bouncekit.analysis.outcomes import outcomes
from bouncekit.analysis.statistics import rate, wilson
from bouncekit.analysis.wording import check_language
from bouncekit.errors import BouncekitError
from bouncekit.schema import TEXT
from bouncekit.taxonomy import CATEGORIES, Language, reasons
from bouncekit.times import zone

SPLITS = ("org_domain", "domain", "provider")


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
        95 %, of mail whose sends are known; NaN where none are), ``reason``,
        ``category`` (most frequent), ``first_failure``, ``last_failure`` (UTC),
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
    limits = check_limits(min_failures, min_days, min_recipients, min_rate, window)
    if by not in SPLITS:
        msg = f"by {by!r} is not known; use one of: {', '.join(SPLITS)}"
        raise BouncekitError(msg)
    check_language(lang)
    tz = zone(tz).key
    messages = outcomes(df, sends)
    below = denominator(messages)
    part, names = messages.carry(by)
    when = _when(messages)
    failing = _temporary(messages)
    known = (part >= 0) & (when != UNTIMED) & ~messages.listed
    days = np.zeros(len(when), dtype=np.int64)
    days[known] = periods.local_days(when[known], tz)
    failures = np.flatnonzero(failing & known)
    worst = worst_windows(part[failures], days[failures], limits.window)
    inside = np.full(len(when), -1, dtype=np.int64)
    inside[known] = worst.of(part[known], days[known], len(names))

    columns = _counts(messages, failing, inside, days, len(worst.part))
    columns["longest_run"] = _longest_run(messages, inside, len(worst.part))
    columns["sent"] = _sent(messages, below, worst, inside, names, by, tz)
    above = failing & below.population & (inside >= 0)
    columns["above"] = np.bincount(inside[above], minlength=len(worst.part))
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


def _when(messages: Outcomes) -> Ints:
    """Give the time that puts a message in a window: its sending, else its outcome.

    Not its first event: the trouble of a domain lasts until mail is given up.
    """
    return np.where(messages.sent_at != UNTIMED, messages.sent_at, messages.decided_at)


def _temporary(messages: Outcomes) -> Bools:
    soft = (messages.outcome == BOUNCE) & (messages.bounce_type() == SOFT)
    return soft | (messages.outcome == DEFERRAL)


def _counts(
    messages: Outcomes, failing: Bools, inside: Ints, days: Ints, size: int
) -> dict[str, npt.NDArray]:
    """Count failures, recipients and days in each window, and find its main reason."""
    rows = np.flatnonzero(failing & (inside >= 0))
    window = inside[rows]
    reason = messages.reason()[rows].astype(np.int64)
    first = np.full(size, np.iinfo(np.int64).max, dtype=np.int64)
    last = np.full(size, UNTIMED, dtype=np.int64)
    np.minimum.at(first, window, messages.decided_at[rows])
    np.maximum.at(last, window, messages.decided_at[rows])
    known = messages.recipient[rows] >= 0
    return {
        "failures": np.bincount(window, minlength=size),
        "recipients": count_distinct(window[known], messages.recipient[rows][known], size),
        "days": count_distinct(window, days[rows], size),
        "first_failure": first,
        "last_failure": last,
        "reason": most_frequent(window, reason, size, len(reasons())),
    }


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
    np.maximum.at(last, part[rows], messages.decided_at[rows])
    return last


def _sent(
    messages: Outcomes,
    below: Denominator,
    worst: Windows,
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
        # A deferred message is a failure here, so it stands below the line too.
        rows = below.population & below.known & (inside >= 0)
        total = np.bincount(inside[rows], minlength=size).astype(float)
    return np.where(total > 0, total, np.nan)


def _table(columns: dict[str, Any], limits: Limits, lang: Language) -> pd.DataFrame:
    failures, sent = columns["failures"], columns["sent"]
    low, high = wilson(columns["above"], sent)
    reason = columns["reason"]
    whose = np.array([*by_reason("category"), None], dtype=object)[reason]
    table = pd.DataFrame(
        {
            "domain": pd.Series(columns["domain"], dtype=TEXT),
            "failures": failures.astype(np.int64),
            "recipients": columns["recipients"].astype(np.int64),
            "days": columns["days"].astype(np.int64),
            "longest_run": columns["longest_run"],
            "rate": rate(columns["above"], sent),
            "rate_low": low,
            "rate_high": high,
            "reason": categorical(reason, reasons()),
            "category": pd.Categorical(whose, list(CATEGORIES)),
            "first_failure": moments(columns["first_failure"]),
            "last_failure": moments(columns["last_failure"]),
            "last_delivery": moments(columns["last_delivery"]),
        }
    )
    missing = conditions_missed(table, limits)
    table["flagged"] = np.array([not names for names in missing], dtype=bool)
    records = table.assign(sent=sent, window=limits.window).to_dict("records")
    rows = [{str(name): value for name, value in record.items()} for record in records]
    pairs = list(zip(rows, missing, strict=True))
    table["why"] = pd.Series([why(row, names, limits, lang) for row, names in pairs], dtype=TEXT)
    table["advice"] = pd.Series([advice(row["reason"], lang) for row in rows], dtype=TEXT)
    order = ["flagged", "failures", "domain"]
    return table.sort_values(order, ascending=[False, False, True], ignore_index=True)
