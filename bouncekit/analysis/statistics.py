"""Intervals for rates, and the published lines that rates are judged by."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from bouncekit.errors import BouncekitError

Z_95 = 1.959963984540054
"""The 97.5 % point of the normal distribution: two-sided 95 %."""

Floats = npt.NDArray[np.float64]


def wilson(count: npt.ArrayLike, total: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Compute the Wilson score interval at 95 % (Wilson 1927).

    Parameters
    ----------
    count, total : array-like
        Failures and tries. Where ``total`` is missing or not above 0, or
        ``count`` lies outside 0 to ``total``, there is no interval.

    Returns
    -------
    low, high : ndarray of float64
        Bounds between 0 and 1, NaN where there is no interval.

    Examples
    --------
    >>> low, high = wilson(1, 5)
    >>> round(float(low), 3), round(float(high), 3)
    (0.036, 0.624)
    """
    k, n = np.broadcast_arrays(np.asarray(count, dtype=float), np.asarray(total, dtype=float))
    known = (n > 0) & (k >= 0) & (k <= n)
    k, n = np.where(known, k, np.nan), np.where(known, n, np.nan)
    share, square = k / n, Z_95**2
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = Z_95 / (1 + square / n) * np.sqrt(share * (1 - share) / n + square / (4 * n**2))
    # At the ends the bound is exact; rounding would leave it a hair off.
    low = np.where(k == 0, 0.0, middle - half)
    high = np.where(k == n, 1.0, middle + half)
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def difference(
    count: npt.ArrayLike, total: npt.ArrayLike, before: npt.ArrayLike, total_before: npt.ArrayLike
) -> tuple[Floats, Floats]:
    """Compute the interval of a difference of two rates at 95 % (Newcombe 1998, method 10).

    It is made of the Wilson intervals of both; where one is missing so is it.

    Parameters
    ----------
    count, total : array-like
        Failures and tries.
    before, total_before : array-like
        The same, of what is subtracted.

    Returns
    -------
    low, high : ndarray of float64
        Bounds between -1 and 1.

    Examples
    --------
    >>> low, high = difference(56, 70, 48, 80)
    >>> round(float(low), 4), round(float(high), 4)
    (0.0524, 0.3339)
    """
    (low, high), (low_before, high_before) = wilson(count, total), wilson(before, total_before)
    now, then = rate(count, total), rate(before, total_before)
    gap = now - then
    down = np.sqrt((now - low) ** 2 + (high_before - then) ** 2)
    up = np.sqrt((high - now) ** 2 + (then - low_before) ** 2)
    return np.clip(gap - down, -1.0, 1.0), np.clip(gap + up, -1.0, 1.0)


def rate(count: npt.ArrayLike, total: npt.ArrayLike) -> Floats:
    """Divide, giving NaN where the denominator is missing, 0 or too small."""
    k, n = np.broadcast_arrays(np.asarray(count, dtype=float), np.asarray(total, dtype=float))
    out = np.full(k.shape, np.nan)
    return np.divide(k, n, out=out, where=(n > 0) & (k <= n))


@dataclass(frozen=True, slots=True)
class Line:
    """One reference line: the rate from which it counts, and what it means."""

    rate: float
    meaning: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Preset:
    """Reference lines of one kind of sending, with where they come from.

    Parameters
    ----------
    name : str
        What ``preset=`` takes.
    judges : {'hard', 'total', 'complaint'}
        The rate that the lines are drawn for: hard bounces, all bounces, or
        complaints (``bouncekit.analysis.complaints``).
    lines : tuple of Line
        Ascending; a rate is at a line when it equals or exceeds it.
    min_n : int
        Messages below which no verdict is given.
    source : dict
        One sentence for the legend, by language (``en``, ``zh``).
    """

    name: str
    judges: Literal["hard", "total", "complaint"]
    lines: tuple[Line, ...]
    min_n: int
    source: Mapping[str, str]


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        preset.name: preset
        for preset in (
            Preset(
                "cold",
                "total",
                (
                    Line(0.02, {"en": "slow down", "zh": "应放慢发送"}),
                    Line(0.03, {"en": "pause", "zh": "应暂停发送"}),
                ),
                100,
                {
                    "en": "cold outreach, all bounces: 2 % is Woodpecker's default pause, "
                    "3 % an example of Smartlead's",
                    "zh": "冷邮件，全部退信：2 % 为 Woodpecker 默认暂停线，3 % 为 Smartlead 示例",
                },
            ),
            Preset(
                "ses",
                "hard",
                (
                    Line(0.02, {"en": "above the best", "zh": "高于最佳水平"}),
                    Line(0.05, {"en": "under review", "zh": "账号可能被审查"}),
                    Line(0.10, {"en": "may be paused", "zh": "发送可能被暂停"}),
                ),
                100,
                {
                    "en": "Amazon SES enforcement FAQ, hard bounces: best under 2 %, "
                    "review from 5 %, pause possible from 10 %",
                    "zh": "Amazon SES 执行政策 FAQ，硬退信："
                    "低于 2 % 最佳，5 % 起审查，10 % 起可能暂停",
                },
            ),
            Preset(
                "optin",
                "hard",
                (
                    Line(0.005, {"en": "above the average", "zh": "高于平均水平"}),
                    Line(0.02, {"en": "act", "zh": "需要处理"}),
                ),
                1_000,
                {
                    "en": "opt-in lists, hard bounces: about 0.4 % on average (Mailchimp 2019, "
                    "campaigns of 1,000 and more); 2 % is a rule of thumb",
                    "zh": "订阅名单，硬退信：平均约 0.4 %"
                    "（Mailchimp 2019，1000 封以上的群发）；2 % 为经验值",
                },
            ),
        )
    }
)
"""Published reference lines by name; the sources are those of the legend texts."""


def preset_of(name: str | Preset) -> Preset:
    """Return the preset of that name.

    Raises
    ------
    BouncekitError
        If there is none.
    """
    if isinstance(name, Preset):
        return name
    if name not in PRESETS:
        msg = f"preset {name!r} is not known; use one of: {', '.join(PRESETS)}"
        raise BouncekitError(msg)
    return PRESETS[name]


def verdicts(
    rates: npt.ArrayLike,
    total: npt.ArrayLike,
    preset: str | Preset,
    *,
    min_n: int | None = None,
    lang: str = "en",
) -> list[str | None]:
    """Say which line of a preset each rate has reached.

    Parameters
    ----------
    rates : array-like
        The rates that the preset judges (``Preset.judges``), 0 to 1.
    total : array-like
        Messages that each rate was worked out from.
    preset : str or Preset
        The reference lines.
    min_n : int, optional
        Messages below which there is no verdict; the preset's own by default.
    lang : {'en', 'zh'}
        Language of the words.

    Returns
    -------
    list of str or None
        The meaning of the highest line reached, ``below every line``, or None
        where the rate is missing or rests on too few messages.

    Examples
    --------
    >>> verdicts([0.06, 0.01, 0.5], [400, 400, 4], "ses")
    ['under review', 'below every line', None]
    """
    chosen = preset_of(preset)
    least = chosen.min_n if min_n is None else min_n
    below = {"en": "below every line", "zh": "低于所有参考线"}
    words: list[Any] = [below[lang], *(line.meaning[lang] for line in chosen.lines)]
    found, n = np.asarray(rates, dtype=float), np.asarray(total, dtype=float)
    level = np.searchsorted([line.rate for line in chosen.lines], found, side="right")
    known = np.isfinite(found) & (n >= least)
    return [words[i] if ok else None for i, ok in zip(level, known, strict=True)]
