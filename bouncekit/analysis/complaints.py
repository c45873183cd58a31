"""How often recipients press the spam button, over time; never mixed with bounces."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from bouncekit.analysis import _keys
from bouncekit.analysis import _periods as periods
from bouncekit.analysis._columns import listed_rows, micros
from bouncekit.analysis._denominators import Denominator, denominator
from bouncekit.analysis._grouping import UNTIMED
from bouncekit.analysis._keys import Bools, Ints, labels
from bouncekit.analysis._messages import Outcomes
from bouncekit.analysis._splits import SPLITS
from bouncekit.analysis.outcomes import outcomes
from bouncekit.analysis.rates import bounce_rates
from bouncekit.analysis.statistics import Line, Preset, preset_of, rate, verdicts, wilson
from bouncekit.analysis.wording import say
from bouncekit.errors import BouncekitError
from bouncekit.schema import TEXT
from bouncekit.taxonomy import EVENTS, Language
from bouncekit.times import zone

PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        preset.name: preset
        for preset in (
            Preset(
                "google",
                "complaint",
                (
                    Line(0.001, {"en": "above the aim", "zh": "高于目标值"}),
                    Line(0.003, {"en": "mail will be rejected", "zh": "邮件将被拒收"}),
                ),
                1_000,
                {
                    "en": "Google's sender guidelines, spam rate: keep below 0.1 %, "
                    "never reach 0.3 %",
                    "zh": "Google 发件人指南，垃圾邮件率：低于 0.1 %，不得达到 0.3 %",
                },
            ),
            Preset(
                "ses",
                "complaint",
                (
                    Line(0.001, {"en": "under review", "zh": "账号可能被审查"}),
                    Line(0.005, {"en": "may be paused", "zh": "发送可能被暂停"}),
                ),
                1_000,
                {
                    "en": "Amazon SES enforcement FAQ, complaints: review from 0.1 %, "
                    "pause possible from 0.5 %",
                    "zh": "Amazon SES 执行政策 FAQ，投诉：0.1 % 起审查，0.5 % 起可能暂停",
                },
            ),
        )
    }
)
"""Published reference lines for complaint rates; the sources are those of the legend texts."""


def complaint_rates(
    df: pd.DataFrame | Outcomes,
    sends: object = None,
    freq: str = "W",
    by: str | None = None,
    tz: str = "UTC",
    *,
    min_n: int | None = None,
    preset: str | None = None,
    lang: Language = "en",
) -> pd.DataFrame:
    """Count spam complaints per period, and their rate where sends are known.

    A recipient complains of a message once, whoever reports it. The complaint
    belongs to the period in which its message was sent, else to that of its
    own time. The denominator is that of :func:`bouncekit.bounce_rates`.
    Gmail reports complaints to nobody, so mail to Gmail thins the rate.

    Parameters
    ----------
    df : DataFrame or Outcomes
        A classified bounce table, not changed.
    sends : DataFrame or path, optional
        A sends table, counts or messages.
    freq : {'D', 'W', 'M', 'Q'}
        Length of a period; weeks start on Monday.
    by : str, optional
        Split by ``provider``, ``org_domain``, ``domain``, ``campaign``,
        ``sender``, ``sending_ip`` or ``remote_mta``.
    tz : str
        IANA zone whose days count.
    min_n : int, optional
        Messages below which no verdict is given; the preset's by default.
    preset : {'google', 'ses'}, optional
        Reference lines that fill the column ``verdict``.
    lang : {'en', 'zh'}
        Language of verdicts and notes.

    Returns
    -------
    DataFrame
        One row per period (and value of ``by``), sorted: ``period``,
        ``<by>``, ``sent`` (NaN where nothing is known to be sent),
        ``complaints``, ``complaint_rate``, ``complaint_low``,
        ``complaint_high`` (Wilson 95 %), ``outside`` (complaints of mail that
        ``sent`` does not know of), ``verdict``. ``attrs``: ``denominator``,
        ``tz``, ``freq``, ``by``, ``preset``, ``min_n``, ``untimed``, ``notes``.

    Raises
    ------
    BouncekitError
        If ``freq``, ``by``, ``tz``, ``preset`` or ``lang`` is not known.
    TableError
        If a column is absent or the sends table is wrong.
    """
    if by is not None and by not in SPLITS:
        msg = f"by {by!r} is not a split of complaints; use one of: {', '.join(SPLITS)}"
        raise BouncekitError(msg)
    chosen = _preset(preset)
    messages = outcomes(df, sends)
    below = denominator(messages)
    base = bounce_rates(messages, None, freq, by, tz, lang=lang)
    counted, untimed = _counts(messages, below, freq, by, zone(tz).key)
    keys = ["period"] if by is None else ["period", by]
    table = base[[*keys, "sent"]].merge(counted, on=keys, how="outer", sort=True)
    for name in ("complaints", "outside"):
        table[name] = table[name].fillna(0).astype(np.int64)
    table["complaint_rate"] = rate(table["complaints"], table["sent"])
    low, high = wilson(table["complaints"], table["sent"])
    table["complaint_low"], table["complaint_high"] = low, high
    table["outside"] = table.pop("outside")
    table["verdict"] = pd.Series(pd.NA, index=table.index, dtype=TEXT)
    if chosen is not None:
        found = verdicts(table["complaint_rate"], table["sent"], chosen, min_n=min_n, lang=lang)
        table["verdict"] = pd.Series(found, index=table.index, dtype=TEXT)
    table.attrs |= {name: base.attrs[name] for name in ("denominator", "tz", "freq", "by")}
    table.attrs |= {
        "preset": preset,
        "min_n": chosen.min_n if chosen and min_n is None else min_n,
        "untimed": untimed,
        "notes": _notes(below, table, untimed, lang),
    }
    return table


def _preset(name: str | None) -> Preset | None:
    if name is None:
        return None
    if name not in PRESETS:
        msg = f"preset {name!r} is not known; use one of: {', '.join(PRESETS)}"
        raise BouncekitError(msg)
    return preset_of(PRESETS[name])


def _counts(
    messages: Outcomes, below: Denominator, freq: str, by: str | None, tz: str
) -> tuple[pd.DataFrame, int]:
    """Count complaints per period and part: those of known mail, and those outside."""
    rows, group = complaint_rows(messages)
    time = micros(messages.table["timestamp"])[rows]
    start = np.append(messages.start_at, UNTIMED)[group]
    start = np.where(start == UNTIMED, time, start)
    timed = start != UNTIMED
    days = periods.local_days(start[timed], tz)
    first = periods.first_day(periods.period_of_day(days, freq), freq)
    frame: dict[str, Any] = {"period": pd.Series(periods.midnights(first, tz).as_unit("us"))}
    if by is not None:
        frame[by] = pd.Series(_parts(messages, rows, group, by)[timed], dtype=TEXT)
    inside = _inside(messages, below, rows, group)[timed]
    frame |= {"complaints": inside.astype(np.int64), "outside": (~inside).astype(np.int64)}
    table = pd.DataFrame(frame)
    keys = ["period"] if by is None else ["period", by]
    return table.groupby(keys, dropna=False, as_index=False).sum(), int((~timed).sum())


def complaint_rows(messages: Outcomes) -> tuple[Ints, Ints]:
    """List the complaints, each of a message once, with the message (-1: not known).

    A message is known by its Message-ID and the recipient.
    """
    table, who = messages.table, messages.recipients.codes
    complained = (messages.event == EVENTS.index("complaint")) & ~listed_rows(table)
    rows = np.flatnonzero(complained)
    theirs = np.zeros(len(messages.recipients.texts) + 1, dtype=bool)
    theirs[who[rows]] = True
    theirs[-1] = False
    candidates = np.flatnonzero((messages.group >= 0) & theirs[who])
    both = np.concatenate([candidates, rows])
    ids = _keys.message_keys(table["message_id"].iloc[both]).codes
    pair = np.where((ids >= 0) & (who[both] >= 0), ids * (len(theirs)) + who[both], -1)
    group = _of_same_pair(
        pair[: len(candidates)], messages.group[candidates], pair[len(candidates) :]
    )
    # The same complaint by two ways: the first by time stays.
    named = pair[len(candidates) :]
    order = np.lexsort((rows, micros(table["timestamp"])[rows], named))
    repeated = np.zeros(len(rows), dtype=bool)
    repeated[order[1:]] = (named[order[1:]] == named[order[:-1]]) & (named[order[1:]] >= 0)
    return rows[~repeated], group[~repeated]


def _of_same_pair(known: Ints, group: Ints, wanted: Ints) -> Ints:
    """Give each wanted pair the group of an equal known one, -1 where there is none."""
    named = known >= 0
    values, first = np.unique(known[named], return_index=True)
    if not len(values):
        return np.full(len(wanted), -1, dtype=np.int64)
    place = np.minimum(np.searchsorted(values, wanted), len(values) - 1)
    return np.where(values[place] == wanted, group[named][first][place], -1)


def _inside(messages: Outcomes, below: Denominator, rows: Ints, group: Ints) -> Bools:
    """Say which complaints are of mail that counts as sent.

    One that names no message is so where its source reports sends itself.
    """
    if below.counts is not None or not below.known:
        return np.ones(len(rows), dtype=bool)
    if messages.sends is not None:
        return np.append(below.counted, False)[group]
    nameless = messages.table["message_id"].iloc[rows].isna().to_numpy()
    own = messages.recorders()[messages.row_sources()[0][rows]]
    return np.append(below.counted, False)[group] | (nameless & own)


def _parts(messages: Outcomes, rows: Ints, group: Ints, by: str) -> np.ndarray:
    """Give each complaint its value of a column: its own, else that of its message."""
    own, own_names = labels(messages.table[by].iloc[rows])
    theirs, names = messages.carry(by)
    told = np.array([*own_names, None], dtype=object)[own]
    carried = np.array([*names, None], dtype=object)[np.append(theirs, -1)[group]]
    return np.where(group >= 0, carried, told)


def _notes(below: Denominator, table: pd.DataFrame, untimed: int, lang: str) -> tuple[str, ...]:
    notes = []
    if not below.known:
        notes.append(say("rates_no_denominator", lang))
    outside = int(table["outside"].sum())
    if outside:
        notes.append(say("complaints_outside", lang, count=outside))
    if untimed:
        notes.append(say("complaints_untimed", lang, count=untimed))
    return tuple(notes)
