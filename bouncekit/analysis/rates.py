"""How often mail bounces, over time: hard, soft, and out of how many."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from bouncekit.analysis import _periods as periods
from bouncekit.analysis._columns import by_reason, codes
from bouncekit.analysis._denominators import Denominator, denominator
from bouncekit.analysis._grouping import UNTIMED
from bouncekit.analysis._keys import Bools, Ints
from bouncekit.analysis._messages import (
    BOUNCE,
    DEFERRAL,
    DELIVERED,
    HARD,
    SOFT,
    SUPPRESSED,
    UNDETERMINED,
    Outcomes,
)
from bouncekit.analysis._splits import SPLITS, WHOLE_PERIOD, Split, split_by
from bouncekit.analysis.outcomes import outcomes
from bouncekit.analysis.statistics import preset_of, rate, verdicts, wilson
from bouncekit.analysis.wording import check_language, say
from bouncekit.errors import BouncekitError
from bouncekit.schema import TEXT
from bouncekit.times import zone

_COUNTS = ("sent", "delivered", "hard", "soft", "undetermined", "deferred")
_BANDS = ("soft_time", "soft_sender", "outside")
_MAX_GRID = 2_000_000
_Floats = npt.NDArray[np.float64]


def bounce_rates(
    df: pd.DataFrame | Outcomes,
    sends: object = None,
    freq: str = "W",
    by: str | None = None,
    tz: str = "UTC",
    *,
    min_n: int | None = None,
    preset: str | None = None,
    lang: str = "en",
) -> pd.DataFrame:
    """Count hard and soft bounces per period, and their rates where sends are known.

    One message to one recipient counts once, with its final outcome, in the
    period of its sending where that is known, else of its first event. Automatic
    replies, complaints, suppressed sends and rows of state lists are no
    bounces. The denominator is the sends table, else sent events, else
    delivered + bounced messages; without any there are no rates. Bounces of
    mail that the denominator does not know of (of a mailbox beside the events
    of a provider, say) are counted in ``outside`` and nowhere else.

    Parameters
    ----------
    df : DataFrame or Outcomes
        A classified bounce table, not changed.
    sends : DataFrame or path, optional
        Counts (``date, sent[, campaign, domain]``) or messages
        (``message_id, recipient, timestamp``).
    freq : {'D', 'W', 'M', 'Q'}
        Length of a period; weeks start on Monday.
    by : str, optional
        Split by ``provider``, ``org_domain``, ``domain``, ``campaign``,
        ``sender``, ``sending_ip`` or ``remote_mta``; or by ``reason``,
        ``category``, ``source`` or ``rule``, where the denominator (and
        ``delivered``) stays the whole period's.
    tz : str
        IANA zone whose days count.
    min_n : int, optional
        Messages below which no verdict is given; the preset's by default.
    preset : {'cold', 'ses', 'optin'}, optional
        Reference lines that fill the column ``verdict``. They are meant for
        all bounces of some mail, so a split by reason, category, source or
        rule has no verdicts.
    lang : {'en', 'zh'}
        Language of verdicts and notes.

    Returns
    -------
    DataFrame
        One row per period (and value of ``by``), sorted; periods without mail
        between the first and the last are there with counts of 0. ``period``
        (first instant, datetime64[us, tz]), ``<by>``, ``sent`` (the
        denominator, NaN where nothing is known to be sent), ``delivered`` (NaN where nothing
        reports deliveries), ``hard``, ``soft``, ``undetermined``,
        ``deferred``; ``hard_rate``, ``hard_low``, ``hard_high`` (Wilson 95 %),
        ``hard_share`` (of all bounces), the same for ``soft``; ``total_rate``,
        ``total_low``, ``total_high``; ``soft_time`` and ``soft_sender`` (soft
        bounces that time may heal, and that the sender must); ``outside``
        (bounces of mail that ``sent`` does not know of); ``verdict``.
        ``attrs``: ``denominator``, ``tz``, ``freq``, ``by``, ``preset``,
        ``min_n``, ``untimed`` (messages without a time), ``notes``.

    Raises
    ------
    BouncekitError
        If ``freq``, ``by``, ``tz``, ``preset`` or ``lang`` is not known.
    TableError
        If a column is absent or the sends table is wrong.
    """
    _check(freq, by, lang)
    tz = zone(tz).key
    chosen = preset_of(preset) if preset is not None else None
    messages = outcomes(df, sends)
    below = denominator(messages)
    split = split_by(messages, below, by)
    counted = ~messages.listed & (messages.outcome != SUPPRESSED)
    start = messages.start_at
    timed = counted & (start != UNTIMED)
    days = np.zeros(len(timed), dtype=np.int64)
    days[timed] = periods.local_days(start[timed], tz)
    table = _table(messages, below, split, periods.period_of_day(days, freq), timed, freq, tz)
    if by is None:
        table = table.drop(columns="by")
    table = table.rename(columns={"by": by})
    _add_rates(table)
    table["verdict"] = pd.Series(pd.NA, index=table.index, dtype=TEXT)
    if chosen is not None and not split.whole_period:
        found = verdicts(
            table[f"{chosen.judges}_rate"], table["sent"], chosen, min_n=min_n, lang=lang
        )
        table["verdict"] = pd.Series(found, index=table.index, dtype=TEXT)
    untimed = int((counted & ~timed).sum())
    table.attrs |= {
        "denominator": below.kind,
        "tz": tz,
        "freq": freq,
        "by": by,
        "preset": preset,
        "min_n": chosen.min_n if chosen and min_n is None else min_n,
        "untimed": untimed,
        "notes": _notes(messages, below, split, table, untimed, lang),
    }
    if table.attrs.pop("without_gaps", False):
        table.attrs["notes"] += (say("rates_gaps", lang),)
    return table


def _check(freq: str, by: str | None, lang: str) -> None:
    periods.check_frequency(freq)
    check_language(lang)
    if by is not None and by not in (*SPLITS, *WHOLE_PERIOD):
        msg = f"by {by!r} is not a split; use one of: {', '.join((*SPLITS, *WHOLE_PERIOD))}"
        raise BouncekitError(msg)


# Takes what bounce_rates has worked out; a class would only rename the arguments.
def _table(
    messages: Outcomes,
    below: Denominator,
    split: Split,
    period: Ints,
    timed: Bools,
    freq: str,
    tz: str,
) -> pd.DataFrame:
    parts = len(split.names) + 1
    counts_period = None
    if below.counts is not None:
        counts_period = periods.period_of_day(below.counts.days(tz), freq)
    low, high = _range(period[timed], counts_period)
    cells = (period - low) * parts + split.messages
    size = max(high - low + 1, 0) * parts

    def tally(mask: Bools, part: bool = True) -> _Floats:
        where = cells[mask & timed] if part else (period - low)[mask & timed]
        return np.bincount(where, minlength=size if part else size // parts).astype(float)

    def whole(mask: Bools) -> _Floats:
        """Count per part, or per period where the parts share their denominator."""
        return np.repeat(tally(mask, part=False), parts) if split.whole_period else tally(mask)

    columns = _failures(messages, below.population, tally)
    delivered = whole(messages.outcome == DELIVERED)
    reported = bool((messages.outcome == DELIVERED).any())
    columns["delivered"] = delivered if reported else np.full(size, np.nan)
    columns["sent"] = np.full(size, np.nan)
    if below.counts is not None:
        columns["sent"] = _from_counts(below, split, counts_period, low, size)
    elif below.known:
        sent = whole(below.counted)
        columns["sent"] = np.where(sent > 0, sent, np.nan)
    return _rows(columns, split, low, freq, tz)


def _failures(messages: Outcomes, population: Bools, tally: Any) -> dict[str, _Floats]:
    """Count bounces by type and band, and messages that are still deferred."""
    kind = messages.bounce_type()
    bounced = (messages.outcome == BOUNCE) & population
    soft = bounced & (kind == SOFT)
    by_sender = np.array([heals == "sender" for heals in by_reason("heals")] + [False])
    for_sender = soft & by_sender[messages.reason()]
    return {
        "hard": tally(bounced & (kind == HARD)),
        "soft": tally(soft),
        "undetermined": tally(bounced & (kind == UNDETERMINED)),
        "deferred": tally(messages.outcome == DEFERRAL),
        "soft_time": tally(soft & ~for_sender),
        "soft_sender": tally(for_sender),
        "outside": tally((messages.outcome == BOUNCE) & ~population),
    }


def _range(period: Ints, counts_period: Ints | None) -> tuple[int, int]:
    both = period if counts_period is None else np.concatenate([period, counts_period])
    return (int(both.min()), int(both.max())) if len(both) else (0, -1)


def _from_counts(
    below: Denominator, split: Split, period: Ints | None, low: int, size: int
) -> _Floats:
    """Add up the sends table; a cell that it does not speak of stays NaN."""
    parts = len(split.names) + 1
    if below.counts is None or period is None or (split.counts is None and not split.whole_period):
        return np.full(size, np.nan)
    numbers = below.counts.table["sent"].to_numpy(dtype=float)
    where = period - low
    if not split.whole_period and split.counts is not None:
        where = where * parts + split.counts
    cells = size // parts if split.whole_period else size
    said = np.bincount(where, minlength=cells) > 0
    total = np.where(said, np.bincount(where, numbers, minlength=cells), np.nan)
    return np.repeat(total, parts) if split.whole_period else total


def _rows(columns: dict[str, _Floats], split: Split, low: int, freq: str, tz: str) -> pd.DataFrame:
    """Lay the cells out as rows: every period of every part that has anything."""
    parts = len(split.names) + 1
    own = [name for name in (*_COUNTS, *_BANDS) if name not in _shared(split)]
    filled = np.zeros(len(columns["hard"]), dtype=bool)
    for name in own:
        filled = filled | (np.nan_to_num(columns[name]) > 0)
    used = filled.reshape(-1, parts).any(axis=0) if split.by else np.array([True, False])
    keep = np.tile(used, len(filled) // parts)
    dense = keep.sum() > _MAX_GRID
    if dense:
        keep = filled
    cell = np.flatnonzero(keep)
    starts = periods.midnights(periods.first_day(cell // parts + low, freq), tz)
    names = np.array([*split.names, None], dtype=object)[cell % parts]
    frame: dict[str, Any] = {
        "period": pd.Series(starts.as_unit("us")),
        "by": pd.Series(names, dtype=TEXT),
    }
    for name in (*_COUNTS, *_BANDS):
        values = columns[name][cell]
        frame[name] = values if name in ("sent", "delivered") else values.astype(np.int64)
    table = pd.DataFrame(frame)
    table.attrs["without_gaps"] = bool(dense)
    return table


def _shared(split: Split) -> tuple[str, ...]:
    return ("sent", "delivered") if split.whole_period else ()


def _bounced(table: pd.DataFrame) -> pd.Series:
    return table["hard"] + table["soft"] + table["undetermined"]


def _add_rates(table: pd.DataFrame) -> None:
    """Add rates, intervals and shares; a row with more bounced than sent has no rate."""
    bounced = _bounced(table)
    sent = table["sent"].mask(bounced > table["sent"])
    bands = {name: table.pop(name) for name in _BANDS}
    for name, count in (("hard", table["hard"]), ("soft", table["soft"]), ("total", bounced)):
        table[f"{name}_rate"] = rate(count, sent)
        table[f"{name}_low"], table[f"{name}_high"] = wilson(count, sent)
        if name != "total":
            table[f"{name}_share"] = rate(count, bounced)
    for name, values in bands.items():
        table[name] = values


def _notes(
    messages: Outcomes,
    below: Denominator,
    split: Split,
    table: pd.DataFrame,
    untimed: int,
    lang: str,
) -> tuple[str, ...]:
    """Say what a reader of the numbers has to know."""
    notes = []
    if not below.known:
        notes.append(say("rates_no_denominator", lang))
    if below.without_sends:
        notes.append(say("rates_mixed", lang, sources=", ".join(below.without_sends)))
    if table["outside"].any():
        notes.append(_outside_note(messages, below, int(table["outside"].sum()), lang))
    bounced, total = _bounced(table), len(table)
    above = int((bounced > table["sent"]).sum())
    unknown = int(((bounced > 0) & table["sent"].isna()).sum())
    if below.counts is not None and split.counts is None and not split.whole_period:
        notes.append(say("rates_no_split", lang, by=split.by))
    elif below.known and unknown:
        notes.append(say("rates_no_sends", lang, count=unknown, total=total))
    if above:
        notes.append(say("rates_above", lang, count=above, total=total))
    if untimed:
        notes.append(say("rates_untimed", lang, count=untimed))
    unclassified = int(
        (codes(messages.table, "bounce_type")[messages.row[messages.failed]] < 0).sum()
    )
    if unclassified:
        notes.append(say("rates_unclassified", lang, count=unclassified))
    return tuple(notes)


def _outside_note(messages: Outcomes, below: Denominator, count: int, lang: str) -> str:
    """Say how many bounces have no place in the rates, and which sources told of them."""
    outside = (messages.outcome == BOUNCE) & ~below.population & ~messages.listed
    source, names = messages.source()
    told = sorted({names[code] for code in np.unique(source[outside]) if code >= 0})
    comma = "、" if lang == "zh" else ", "
    named = f" ({comma.join(told)})" if told else ""
    return say("rates_outside", lang, count=count, sources=named)
