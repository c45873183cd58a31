"""Are the rates of the last days above a line? For schedulers, and for people in a hurry."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bouncekit.analysis._checks import duration, positive
from bouncekit.analysis._messages import Outcomes
from bouncekit.analysis.complaints import complaint_rates
from bouncekit.analysis.outcomes import outcomes
from bouncekit.analysis.rates import bounce_rates
from bouncekit.analysis.statistics import wilson
from bouncekit.analysis.wording import check_language, say
from bouncekit.errors import BouncekitError
from bouncekit.schema import TEXT
from bouncekit.taxonomy import Language
from bouncekit.times import zone

FINE, ABOVE, UNKNOWN = "fine", "above", "unknown"
EXIT_CODES = {FINE: 0, ABOVE: 1, UNKNOWN: 2}
"""What ``bouncekit check`` exits with: the worst of its checks, where above is worst."""
_LEAST = {"hard": 100, "total": 100, "complaint": 1_000}


@dataclass(frozen=True, slots=True)
class _Count:
    """How many of how many, in which days, and how many have no place in it."""

    count: int
    sent: int
    outside: int
    first: pd.Timestamp
    last: pd.Timestamp


def check(
    df: pd.DataFrame | Outcomes,
    sends: object = None,
    *,
    max_hard: float | None = None,
    max_total: float | None = None,
    max_complaint: float | None = None,
    since: Any = None,
    min_n: int | None = None,
    tz: str = "UTC",
    lang: Language = "en",
) -> pd.DataFrame:
    """Say whether bounce and complaint rates are above lines of one's own.

    Parameters
    ----------
    df : DataFrame or Outcomes
        A classified bounce table, not changed.
    sends : DataFrame or path, optional
        A sends table, counts or messages.
    max_hard, max_total, max_complaint : float, optional
        Highest rates in percent that are fine: of hard bounces, of all
        bounces, of complaints. At least one.
    since : str, optional
        The first day to look at (``2026-05-01``), or how many of the last
        days (``28D``); everything by default. Days are those of ``tz``; the
        last is that of the latest message, never today's.
    min_n : int, optional
        Messages below which nothing is said; 100 for bounces, 1,000 for
        complaints by default.
    tz : str
        IANA zone whose days count.
    lang : {'en', 'zh'}
        Language of ``sentence``.

    Returns
    -------
    DataFrame
        One row per check: ``check`` (``hard``, ``total``, ``complaint``),
        ``verdict`` (``fine``, ``above``, ``unknown``), ``rate``, ``low``,
        ``high`` (Wilson 95 %; 0 to 1), ``count``, ``sent``, ``outside``,
        ``line`` (0 to 1), ``first_day``, ``last_day``, ``sentence``.

    Raises
    ------
    BouncekitError
        If no line is given, or a parameter is out of range.
    TableError
        If a column is absent or the sends table is wrong.
    """
    check_language(lang)
    lines = {"hard": max_hard, "total": max_total, "complaint": max_complaint}
    asked = {name: _percent(name, line) for name, line in lines.items() if line is not None}
    if not asked:
        msg = "give at least one line: max_hard, max_total or max_complaint, in percent"
        raise BouncekitError(msg)
    if min_n is not None:
        positive("min_n", min_n)
    tz = zone(tz).key
    messages = outcomes(df, sends)
    rows = []
    for name, line in asked.items():
        found = _counted(messages, name, since, tz)
        rows.append(_row(name, line, found, min_n or _LEAST[name], lang))
    return pd.DataFrame(rows).astype({"check": TEXT, "verdict": TEXT, "sentence": TEXT})


def worst(checks: pd.DataFrame) -> str:
    """Return the verdict of all checks together: above, else unknown, else fine."""
    found = set(checks["verdict"])
    return next(verdict for verdict in (ABOVE, UNKNOWN, FINE) if verdict in found)


def _percent(name: str, value: Any) -> float:
    good = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 100
    if not good:
        msg = f"max_{name} is a rate in percent, 0 to 100 (2 is 2 %), not {value!r}"
        raise BouncekitError(msg)
    return float(value) / 100


def _counted(messages: Outcomes, name: str, since: Any, tz: str) -> _Count | None:
    """Add the days of the window up; None where nothing has a time."""
    made = complaint_rates if name == "complaint" else bounce_rates
    days = made(messages, freq="D", tz=tz)
    if days.empty:
        return None
    first = _first_day(since, days["period"].iloc[-1], tz)
    window = days if first is None else days[days["period"] >= first]
    known = window[window["sent"].notna()]
    counts = {
        "hard": lambda table: table["hard"],
        "total": lambda table: table[["hard", "soft", "undetermined"]].sum(axis=1),
        "complaint": lambda table: table["complaints"],
    }[name]
    outside = int(window["outside"].sum() + counts(window[window["sent"].isna()]).sum())
    return _Count(
        count=int(counts(known).sum()),
        sent=int(known["sent"].sum()),
        outside=outside,
        first=days["period"].iloc[0] if first is None else first,
        last=days["period"].iloc[-1],
    )


def _first_day(since: Any, last: pd.Timestamp, tz: str) -> pd.Timestamp | None:
    """Return the first midnight of the window; None for everything."""
    if since is None:
        return None
    text = str(since).strip()
    if text[:4].isdigit() and not text.isdigit():
        return _midnight(text, tz)
    length = duration("since", f"{text}D" if text.isdigit() else text)
    days = max(-(-length // pd.Timedelta(days=1)), 1)
    return (last.tz_localize(None) - pd.Timedelta(days=days - 1)).tz_localize(zone(tz))


def _midnight(text: str, tz: str) -> pd.Timestamp:
    day = pd.to_datetime(text, errors="coerce", format="ISO8601")
    if pd.isna(day):
        msg = f"since must be a day such as 2026-05-01 or a length such as 28D, not {text!r}"
        raise BouncekitError(msg)
    if day.tzinfo is not None:
        day = day.tz_convert(zone(tz)).tz_localize(None)
    return day.normalize().tz_localize(zone(tz))


def _row(
    name: str, line: float, found: _Count | None, least: int, lang: Language
) -> dict[str, Any]:
    count, sent = (found.count, found.sent) if found else (0, 0)
    low, high = (float(bound) for bound in wilson(count, sent))
    share = count / sent if 0 < sent >= count else np.nan
    enough = sent >= least and np.isfinite(share)
    verdict = UNKNOWN if not enough else ABOVE if share > line else FINE
    row = {
        "check": name, "verdict": verdict, "rate": share, "low": low, "high": high,
        "count": count, "sent": sent, "outside": found.outside if found else 0, "line": line,
        "first_day": found.first if found else pd.NaT,
        "last_day": found.last if found else pd.NaT,
    }  # fmt: skip
    return row | {"sentence": _sentence(row, least, lang)}


def _sentence(row: dict[str, Any], least: int, lang: Language) -> str:
    """Say one check with its number, interval, n and window."""
    values = {
        "what": say(f"check_{row['check']}", lang),
        "rate": _shown(row["rate"]), "low": _shown(row["low"]), "high": _shown(row["high"]),
        "line": f"{row['line'] * 100:g}", "count": f"{row['count']:,}", "sent": f"{row['sent']:,}",
        "least": f"{least:,}",
        "window": "" if pd.isna(row["first_day"]) else say(
            "check_window", lang, first=f"{row['first_day']:%Y-%m-%d}",
            last=f"{row['last_day']:%Y-%m-%d}",
        ),
    }  # fmt: skip
    key = row["verdict"]
    if key == UNKNOWN:
        few = row["sent"] > 0 and row["count"] <= row["sent"]
        key = "few" if few else "more" if row["sent"] else "no_sends"
    elif key == ABOVE and row["low"] <= row["line"]:
        key = "perhaps_above"
    elif key == FINE and row["high"] > row["line"]:
        key = "perhaps_fine"
    said = say(f"check_{key}", lang, **values)
    if row["outside"]:
        said += say("check_outside", lang, count=f"{row['outside']:,}")
    return said


def _shown(share: float) -> str:
    """Write a share as percent with as many digits as it needs."""
    return f"{share * 100:.3g}" if share < 0.01 else f"{share * 100:.1f}"
