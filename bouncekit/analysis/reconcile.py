"""Why a provider's dashboard differs from our numbers, and which rows make the difference."""

from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any

import numpy as np
import pandas as pd

from bouncekit.accounting import ingest
from bouncekit.analysis import _periods as periods
from bouncekit.analysis._bridges import (
    CAUSES,
    CHOICES,
    MEASURES,
    NO_DATA,
    Entries,
    Frame,
    Measured,
    choices,
    measure,
    provider_rows,
)
from bouncekit.analysis._columns import micros
from bouncekit.analysis._keys import Bools, Ints
from bouncekit.analysis._messages import Outcomes
from bouncekit.analysis.outcomes import outcomes
from bouncekit.analysis.sends import read_table, whole_numbers
from bouncekit.analysis.wording import check_language, say
from bouncekit.errors import TableError
from bouncekit.schema import TEXT
from bouncekit.taxonomy import Language
from bouncekit.times import DAY, zone

_SPELLED = {"bounced": "bounces", "deliveries": "delivered", "sends": "sent", "blocks": "blocked"}


@dataclass(frozen=True)
class Reconciliation:
    """Our numbers beside a provider's, and what lies between.

    Parameters
    ----------
    table : DataFrame
        One row per period and measure: ``period`` (its first instant in the
        zone asked for), ``measure``, ``provider`` and ``ours`` (counts),
        ``difference`` (provider less ours), ``explained`` (of it),
        ``unexplained``, ``why`` (a sentence).
    causes : DataFrame
        ``period``, ``measure``, ``cause``, ``count`` (what the cause adds to
        the provider's number): the causes that are in ``explained``.
    rows : DataFrame
        The rows of the bounce table behind these counts, with ``period``,
        ``measure``, ``cause`` and ``counts`` (+1 or -1). Duplicates dropped
        while reading are counted only: their rows are gone.
    notes : tuple of str
        What the provider's numbers seem to include, and what else is to know.
    """

    table: pd.DataFrame
    causes: pd.DataFrame
    rows: pd.DataFrame
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        differs = self.table[self.table["difference"] != 0]
        said = [f"{row.period:%Y-%m-%d} {row.measure}: {row.why}" for row in differs.itertuples()]
        return "\n".join([*self.notes, *said])


def reconcile(
    df: pd.DataFrame | Outcomes,
    provider_totals: object,
    *,
    source: str | None = None,
    freq: str = "D",
    tz: str = "UTC",
    provider_tz: str | None = None,
    lang: Language = "en",
) -> Reconciliation:
    """Compare our counts with a provider's, and say what makes the difference.

    We count messages once, with their final outcome, in the period of their
    sending; a dashboard counts events in the period of the event. Every row
    that counts for one and not for the other is an entry of a cause. What a
    dashboard includes (messages it did not try, mail still deferred, blocks
    among the bounces, events sent twice) is chosen so that least is left
    unexplained, and said in ``notes``.

    Parameters
    ----------
    df : DataFrame or Outcomes
        A classified bounce table, not changed.
    provider_totals : DataFrame or path
        ``date`` and at least one of ``sent``, ``delivered``, ``bounces``,
        ``hard``, ``soft``, ``blocked``, ``deferred``; a row for each day.
    source : str, optional
        The reader of the provider's events (``ses``, ``sendgrid_events``);
        by default all rows are the provider's. Mail that it says nothing of
        is left out of ``ours``.
    freq : {'D', 'W', 'M', 'Q'}
        Length of a period.
    tz : str
        IANA zone of our days.
    provider_tz : str, optional
        IANA zone of the provider's days; ``tz`` by default.
    lang : {'en', 'zh'}
        Language of ``why`` and ``notes``.

    Returns
    -------
    Reconciliation
        ``table``, ``causes``, ``rows``, ``notes``.

    Raises
    ------
    TableError
        If the totals lack a column, or hold what is no date or no number.
    BouncekitError
        If a parameter is not known, or nothing was read by ``source``.
    """
    check_language(lang)
    periods.check_frequency(freq)
    frame = Frame(freq, zone(tz).key, zone(provider_tz or tz).key, source)
    totals, days = _totals(provider_totals)
    repeats = ingest(df).repeats if isinstance(df, pd.DataFrame) else {}
    messages = outcomes(df)
    theirs = provider_rows(messages, frame)
    span = _span(days, freq)
    dark = _without_data(messages, theirs, frame, span)
    parts = []
    for name in totals.columns:
        provider = np.bincount(
            periods.period_of_day(days, freq) - span[0], totals[name], minlength=span[1]
        ).astype(np.int64)
        found = measure(messages, name, frame, theirs)
        optional = choices(messages, name, frame, theirs)
        parts.append(_Part(name, provider, found, optional, _repeated(repeats, name, frame)))
    return _laid_out(messages, parts, span, dark, frame, lang)


@dataclass(frozen=True)
class _Part:
    name: str
    provider: Ints
    found: Measured
    optional: dict[str, Entries]
    duplicates: Entries | None


def _totals(given: object) -> tuple[pd.DataFrame, Ints]:
    """Check the provider's numbers; days as days since 1970-01-01."""
    table, name = read_table(given, "provider_totals")
    table = table.rename(columns=lambda column: str(column).strip().lower())
    table = table.rename(columns=_SPELLED)
    known = [column for column in MEASURES if column in table.columns]
    if "date" not in table.columns or not known:
        msg = (
            f"{name} needs the column date and at least one of {', '.join(MEASURES)}; "
            f"it has: {', '.join(map(str, table.columns)) or 'no columns'}"
        )
        raise TableError(msg)
    dates = pd.to_datetime(table["date"].astype(TEXT), errors="coerce", format="ISO8601")
    if not len(dates) or dates.isna().any():
        row = int(np.flatnonzero(dates.isna())[0]) + 1 if len(dates) else 1
        msg = f"{name}, row {row}: date must be a day such as 2026-03-02"
        raise TableError(msg)
    numbers = pd.DataFrame({column: whole_numbers(table[column], name) for column in known})
    return numbers, pd.DatetimeIndex(dates).as_unit("us").asi8 // DAY


def _span(days: Ints, freq: str) -> tuple[int, int]:
    """Return the first period of the totals and how many there are."""
    found = periods.period_of_day(days, freq)
    return int(found.min()), int(found.max() - found.min() + 1)


def _without_data(messages: Outcomes, theirs: Bools, frame: Frame, span: tuple[int, int]) -> Bools:
    """Say which periods lie outside the events that were read."""
    times = micros(messages.table["timestamp"])[theirs]
    number = np.arange(span[0], span[0] + span[1])
    if not len(times):
        return np.ones(span[1], dtype=bool)
    ends = np.array([times.min(), times.max()])
    (first, last), (ours_first, ours_last) = frame.theirs(ends), frame.ours(ends)
    return (number < min(first, ours_first)) | (number > max(last, ours_last))


def _repeated(repeats: Any, name: str, frame: Frame) -> Entries | None:
    """Give the duplicates that reading dropped as entries without rows."""
    event = {"sent": "sent", "delivered": "delivered", "deferred": "deferral", "bounces": "bounce"}
    counts = [
        (day, count)
        for (source, what, day), count in repeats.items()
        if what == event.get(name) and frame.source in (None, source)
    ]
    if not counts:
        return None
    days = np.repeat([day for day, _ in counts], [count for _, count in counts])
    # Days of UTC: the hour of what was dropped is gone.
    where = periods.period_of_day(days.astype(np.int64), frame.freq)
    return Entries.of(where, 1, np.full(len(where), -1, dtype=np.int64))


def _laid_out(
    messages: Outcomes,
    parts: list[_Part],
    span: tuple[int, int],
    dark: Bools,
    frame: Frame,
    lang: Language,
) -> Reconciliation:
    starts = periods.midnights(
        periods.first_day(np.arange(span[0], span[0] + span[1]), frame.freq), frame.tz
    ).as_unit("us")
    tables, causes, rows, notes = [], [], [], []
    for part in parts:
        chosen, entries = _explain(part, span, dark)
        ours = part.found.ours.total(*span)
        counts = {cause: found.total(*span) for cause, found in entries.items()}
        counts = {cause: np.where(dark, 0, count) for cause, count in counts.items()}
        counts[NO_DATA] = np.where(dark, part.provider - ours, 0)
        tables.append(_table(part, starts, ours, counts, lang))
        causes.append(_long(part.name, starts, counts))
        rows.append(_rows(messages, part.name, entries, span, dark, starts))
        notes += [
            say(f"reconcile_includes_{cause}", lang, measure=say(f"measure_{part.name}", lang))
            for cause in chosen
        ]
    order = ["period", "measure"]
    return Reconciliation(
        table=pd.concat(tables).sort_values(order, kind="stable", ignore_index=True),
        causes=pd.concat(causes).sort_values(order, kind="stable", ignore_index=True),
        rows=pd.concat(rows, ignore_index=True),
        notes=tuple(notes),
    )


def _explain(
    part: _Part, span: tuple[int, int], dark: Bools
) -> tuple[tuple[str, ...], dict[str, Entries]]:
    """Choose what the provider's number includes: what leaves least unexplained."""
    optional = dict(part.optional)
    if part.duplicates is not None:
        optional["duplicates"] = part.duplicates
    base = part.provider - part.found.ours.total(*span)
    for entries in part.found.causes.values():
        base = base - entries.total(*span)
    added = {cause: entries.total(*span) for cause, entries in optional.items()}

    def left(chosen: tuple[str, ...]) -> int:
        rest = base - sum((added[cause] for cause in chosen), np.zeros(span[1], dtype=np.int64))
        return int(np.abs(rest[~dark]).sum())

    names = [cause for cause in CHOICES if cause in optional]
    every = chain.from_iterable(combinations(names, n) for n in range(len(names) + 1))
    # Of equals the first stays, which has the fewest.
    best = min(every, key=left)
    return best, part.found.causes | {cause: optional[cause] for cause in best}


def _table(
    part: _Part, starts: pd.DatetimeIndex, ours: Ints, counts: dict[str, Ints], lang: Language
) -> pd.DataFrame:
    explained = sum(counts.values(), np.zeros(len(ours), dtype=np.int64))
    difference = part.provider - ours
    table = pd.DataFrame(
        {
            "period": starts,
            "measure": pd.Series([part.name] * len(ours), dtype=TEXT),
            "provider": part.provider,
            "ours": ours,
            "difference": difference,
            "explained": explained,
            "unexplained": difference - explained,
        }
    )
    said = [
        _why({cause: int(count[i]) for cause, count in counts.items()}, row, lang)
        for i, row in enumerate(table.to_dict("records"))
    ]
    table["why"] = pd.Series(said, dtype=TEXT)
    return table


def _why(counts: dict[str, int], row: dict[Any, Any], lang: Language) -> str:
    comma = "；" if lang == "zh" else "; "
    parts = [
        say(f"reconcile_{cause}", lang, count=f"{counts[cause]:+,}")
        for cause in CAUSES
        if counts.get(cause)
    ]
    if row["unexplained"]:
        parts.append(say("reconcile_left", lang, count=f"{row['unexplained']:+,}"))
    if not parts:
        return say("reconcile_same", lang, count=f"{row['ours']:,}")
    head = say(
        "reconcile_head", lang, provider=f"{row['provider']:,}", ours=f"{row['ours']:,}",
    )  # fmt: skip
    return head + comma.join(parts)


def _long(name: str, starts: pd.DatetimeIndex, counts: dict[str, Ints]) -> pd.DataFrame:
    frames = [
        pd.DataFrame({"period": starts, "measure": name, "cause": cause, "count": count})
        for cause, count in counts.items()
    ]
    table = pd.concat(frames, ignore_index=True)
    table = table[table["count"] != 0]
    cause = pd.Categorical(table["cause"], list(CAUSES))
    return table.assign(measure=table["measure"].astype(TEXT), cause=cause)


def _rows(
    messages: Outcomes,
    name: str,
    entries: dict[str, Entries],
    span: tuple[int, int],
    dark: Bools,
    starts: pd.DatetimeIndex,
) -> pd.DataFrame:
    """Give the rows behind the counts, with the period that they count in."""
    found = []
    for cause, part in entries.items():
        place = part.period - span[0]
        inside = (place >= 0) & (place < span[1]) & (part.row >= 0)
        inside &= ~np.append(dark, True)[np.where(inside, place, -1)]
        rows = messages.table.iloc[part.row[inside]].reset_index(drop=True)
        head = pd.DataFrame(
            {
                "period": starts[place[inside]],
                "measure": pd.Series([name] * len(rows), dtype=TEXT),
                "cause": pd.Categorical([cause] * len(rows), list(CAUSES)),
                "counts": part.sign[inside],
            }
        )
        found.append(pd.concat([head, rows], axis=1))
    return pd.concat(found, ignore_index=True)
