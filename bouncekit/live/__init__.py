"""The analyses under sliders: thresholds move, charts and lists follow.

Each function gives a panel for the last line of a notebook cell. What takes
long, reading and working out what became of each message, is done before;
a slider only starts the analysis of that.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import ipywidgets as widgets
import pandas as pd

from bouncekit.analysis._checks import duration
from bouncekit.analysis.domains import flag_domains
from bouncekit.analysis.outcomes import Outcomes
from bouncekit.analysis.policy import Policy
from bouncekit.analysis.rates import bounce_rates
from bouncekit.analysis.recipients import recipients
from bouncekit.analysis.sends import read_addresses
from bouncekit.analysis.statistics import PRESETS
from bouncekit.analysis.whatif import what_if
from bouncekit.classification.explanation import explain
from bouncekit.live._panel import Panel, choice, slider
from bouncekit.plots.domains import plot_domains
from bouncekit.plots.groups import plot_providers
from bouncekit.plots.people import plot_addresses
from bouncekit.plots.policies import plot_what_if
from bouncekit.plots.rates import plot_rates
from bouncekit.reporting.show import show
from bouncekit.taxonomy import Language
from bouncekit.words import words

__all__ = ["Panel", "addresses", "domains", "explanation", "limits", "rates"]

_FREQUENCIES = ("D", "W", "M", "Q")
_GROUPS = ("provider", "campaign", "sender", "org_domain")
_DOMAIN_COLUMNS = ["domain", "failures", "recipients", "days", "reason", "advice"]


def rates(
    messages: Outcomes,
    freq: str = "W",
    by: str | None = None,
    preset: str | None = "cold",
    *,
    tz: str = "UTC",
    lang: Language = "en",
) -> Panel:
    """Show bounce rates with controls for period, grouping and reference lines.

    Parameters
    ----------
    messages : Outcomes
        What became of each message (:func:`bouncekit.analysis.outcomes.outcomes`).
    freq, by, preset
        What the controls start with, as in :func:`bouncekit.bounce_rates`.
    tz : str
        IANA zone whose days count.
    lang : {'en', 'zh'}
    """

    def draw(freq: str, by: str | None, preset: str | None) -> list[Any]:
        table = bounce_rates(messages, freq=freq, by=by, preset=preset, tz=tz, lang=lang)
        if by is not None:
            return [plot_providers(table, lang=lang)]
        return [plot_rates(table, preset=preset, lang=lang)]

    periods = [(words(f"per_{name}", lang), name) for name in _FREQUENCIES]
    groups = [(words(f"col_{name}", lang), name) for name in _GROUPS]
    lines = [(name, name) for name in PRESETS]
    controls = {
        "freq": choice("live_freq", freq, periods, lang),
        "by": choice("live_by", by, [(words("live_no_groups", lang), None), *groups], lang),
        "preset": choice(
            "live_preset", preset, [(words("live_no_lines", lang), None), *lines], lang
        ),
    }
    return Panel(controls, draw, lang)


def domains(
    messages: Outcomes,
    min_failures: int = 5,
    min_days: int = 3,
    window: str = "14D",
    min_recipients: int = 2,
    *,
    tz: str = "UTC",
    lang: Language = "en",
) -> Panel:
    """Show which domains are flagged, with a slider for each threshold of :func:`flag_domains`."""

    def draw(min_failures: int, min_days: int, window: int, min_recipients: int) -> list[Any]:
        days = f"{window}D"
        found = flag_domains(
            messages, None, min_failures, min_days, days, min_recipients, tz=tz, lang=lang
        )
        flagged = found[found["flagged"]]
        return [plot_domains(found, lang=lang), show(flagged, _DOMAIN_COLUMNS, tz=tz, lang=lang)]

    controls = {
        "min_failures": slider("live_min_failures", min_failures, 1, 30, lang),
        "min_days": slider("live_min_days", min_days, 1, 14, lang),
        "window": slider("live_window", _days("window", window), 1, 60, lang),
        "min_recipients": slider("live_min_recipients", min_recipients, 1, 20, lang),
    }
    return Panel(controls, draw, lang)


def addresses(
    messages: Outcomes,
    soft_limit: int = 4,
    wait: str = "2D",
    min_span: str = "7D",
    *,
    contacts: object = None,
    lang: Language = "en",
) -> Panel:
    """Show what happens to the addresses, with a slider for each number of :class:`Policy`."""
    known = None if contacts is None else read_addresses(contacts)

    def draw(soft_limit: int, wait: int, min_span: int) -> list[Any]:
        policy = Policy(soft_limit=soft_limit, wait=f"{wait}D", min_span=f"{min_span}D")
        return [plot_addresses(recipients(messages, policy, contacts=known), lang=lang)]

    controls = {
        "soft_limit": _limit_slider(soft_limit, lang),
        "wait": slider("live_wait", _days("wait", wait), 0, 14, lang),
        "min_span": _span_slider(min_span, lang),
    }
    return Panel(controls, draw, lang)


def limits(
    messages: Outcomes, soft_limit: int = 4, min_span: str = "7D", *, lang: Language = "en"
) -> Panel:
    """Show what every soft limit would have done, with a slider for the least span."""

    def draw(soft_limit: int, min_span: int) -> list[Any]:
        tried = what_if(messages, range(2, max(8, soft_limit) + 1), min_span=f"{min_span}D")
        return [plot_what_if(tried, chosen=soft_limit, lang=lang)]

    return Panel(
        {
            "soft_limit": _limit_slider(soft_limit, lang),
            "min_span": _span_slider(min_span, lang),
        },
        draw,
        lang,
    )


def explanation(text: str, *, rules: str | None = None, lang: Language = "en") -> Panel:
    """Show why a text or a message failed, with a box to paste into and a place to drop a file.

    Parameters
    ----------
    text : str
        What the box starts with: a server's reply, a log line, a whole
        message, or the path of its ``.eml`` file.
    rules : path or text, optional
        Rules of one's own.
    lang : {'en', 'zh'}
    """

    def draw(text: str, file: Sequence[Mapping[str, Any]]) -> list[Any]:
        what = bytes(file[0]["content"]) if file else text
        return [explain(what, lang=lang, rules=rules)]

    box = widgets.Textarea(
        value=text,
        placeholder=words("live_paste", lang),
        continuous_update=False,
        rows=4,
        layout=widgets.Layout(width="680px"),
    )
    upload = widgets.FileUpload(
        accept=".eml,.txt",
        description=words("live_upload", lang),
        layout=widgets.Layout(width="auto"),
    )
    return Panel({"text": box, "file": upload}, draw, lang)


def _limit_slider(soft_limit: int, lang: Language) -> widgets.IntSlider:
    return slider("live_soft_limit", soft_limit, 1, 12, lang)


def _span_slider(min_span: str, lang: Language) -> widgets.IntSlider:
    return slider("live_min_span", _days("min_span", min_span), 0, 60, lang)


def _days(name: str, length: Any) -> int:
    """Give a length of time in whole days, as a slider counts them."""
    return max(round(duration(name, length) / pd.Timedelta(days=1)), 0)
