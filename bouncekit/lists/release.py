"""Good contacts given back: addresses on a provider's list for what was not their fault."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd

from bouncekit.analysis import _history as history
from bouncekit.analysis._causes import spelled
from bouncekit.analysis._columns import by_reason, categorical, listed_rows, micros, moments
from bouncekit.analysis._grouping import UNTIMED, last_of
from bouncekit.analysis._history import Failures
from bouncekit.analysis._keys import Bools, Ints, encode
from bouncekit.analysis._messages import Outcomes
from bouncekit.analysis._runs import flag
from bouncekit.analysis.outcomes import outcomes
from bouncekit.analysis.wording import check_language
from bouncekit.schema import TEXT, require
from bouncekit.taxonomy import CATEGORIES, EVENTS, Language, reasons

_SAYING_NOTHING = ("unspecified", "undetermined")


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider with a list of its own; the fields are those of ``release.toml``."""

    name: str
    sources: tuple[str, ...]
    opted_out: re.Pattern[str]
    not_held: re.Pattern[str]
    steps: dict[Language, str]
    see: str


@cache
def providers() -> tuple[Provider, ...]:
    """Load the providers; the last stands for all that are not named."""
    text = files("bouncekit.lists").joinpath("release.toml").read_text(encoding="utf-8")
    return tuple(
        Provider(
            name=entry["name"],
            sources=tuple(entry["sources"]),
            opted_out=re.compile(entry["opted_out"]),
            not_held=re.compile(entry["not_held"]),
            steps=entry["steps"],
            see=entry.get("see", ""),
        )
        for entry in tomllib.loads(text)["provider"]
    )


def release(df: pd.DataFrame | Outcomes, *, lang: Language = "en") -> pd.DataFrame:
    """Find addresses that a provider refuses for what was only a policy or content failure.

    Providers put addresses on a list of their own after a bounce, also where
    the sender was blocked or the message refused. Such an address is given
    back if every failure since its last delivery is of that kind, and it
    neither complained nor unsubscribed. Where nothing tells why it is on the
    list it stays there.

    Parameters
    ----------
    df : DataFrame or Outcomes
        A classified bounce table with refusals (``suppressed``) or a
        provider's list, not changed.
    lang : {'en', 'zh'}
        Language of ``steps``.

    Returns
    -------
    DataFrame
        One row per address and provider, sorted by address: ``recipient``;
        ``listed_by`` (the provider); ``listed_as`` (its own words);
        ``listed_at`` (UTC, first seen), ``refused`` (messages it did not
        try), ``last_refused`` (UTC); ``reason``, ``category``, ``failed_at``
        (UTC), ``smtp_code``, ``enhanced_code``, ``diagnostic``, ``rule`` (of
        the latest failure before); ``last_delivery`` (UTC); ``steps`` (how to
        take it off the list); ``see`` (where that is documented). ``attrs``:
        ``held`` (addresses on lists), ``opted_out``, ``dead`` (failed for
        good, or softly by their own fault), ``unexplained``.

    Raises
    ------
    TableError
        If a column is absent.
    BouncekitError
        If ``lang`` is not known.

    Examples
    --------
    >>> from bouncekit.schema import bounce_table
    >>> first = {"event": "bounce", "recipient": "ann@example.com", "reason": "blocked"}
    >>> then = {"event": "suppressed", "recipient": "ann@example.com", "source": "ses"}
    >>> found = release(bounce_table([first, then]))
    >>> found.loc[0, ["recipient", "listed_by", "reason"]].tolist()
    ['ann@example.com', 'Amazon SES', 'blocked']
    """
    check_language(lang)
    messages = outcomes(df)
    require(messages.table, "vendor_type", "diagnostic", "smtp_code", "enhanced_code", "rule")
    size = len(messages.recipients.texts)
    held = _held(messages)
    failed = _causes(messages, size)
    innocent = np.array([counts == "no" for counts in by_reason("counts")] + [False])
    blamed = flag(failed.recipient[~innocent[failed.reason]], size)
    excused = flag(failed.recipient[innocent[failed.reason]], size)
    out = _opted_out(messages, held, size)
    fit = excused & ~blamed & ~out & messages.recipients.matchable
    table = _table(messages, held.take(fit[held.who]), failed, lang)
    on_list = flag(held.who, size)
    table.attrs = {
        "held": int(on_list.sum()),
        "opted_out": int((on_list & out).sum()),
        "dead": int((on_list & blamed & ~out).sum()),
        "unexplained": int((on_list & ~blamed & ~excused & ~out).sum()),
    }
    return table


@dataclass(frozen=True, slots=True)
class _Held:
    """Rows that say an address is on a provider's list."""

    row: Ints
    who: Ints
    provider: Ints
    when: Ints

    def take(self, chosen: Bools) -> "_Held":
        return _Held(*(getattr(self, name)[chosen] for name in self.__slots__))


def _held(messages: Outcomes) -> _Held:
    """Find refusals and list entries; those that the provider's later delivery overtook are out."""
    table = messages.table
    who = messages.recipients.codes
    refused = messages.event == EVENTS.index("suppressed")
    rows = np.flatnonzero((refused | listed_rows(table)) & (who >= 0))
    provider = _provider_of_source(messages)
    not_held = _says(messages, rows, "not_held", provider[rows])
    rows = rows[~not_held]
    time = micros(table["timestamp"])
    taken = np.flatnonzero((messages.event == EVENTS.index("delivered")) & (who >= 0))
    width = len(providers())
    last = np.full(len(messages.recipients.texts) * width, UNTIMED, dtype=np.int64)
    np.maximum.at(last, who[taken] * width + provider[taken], time[taken])
    overtaken = (time[rows] != UNTIMED) & (last[who[rows] * width + provider[rows]] > time[rows])
    rows = rows[~overtaken]
    return _Held(rows, who[rows], provider[rows], time[rows])


def _provider_of_source(messages: Outcomes) -> Ints:
    """Give the provider of each row by its source, the last one where none is named."""
    known = {source: n for n, one in enumerate(providers()) for source in one.sources}
    codes, names = messages.row_sources()
    last = len(providers()) - 1
    places = np.array([known.get(name, last) for name in names] + [last], dtype=np.int64)
    return places[codes]


def _says(messages: Outcomes, rows: Ints, field: str, provider: Ints) -> Bools:
    """Say for which rows the exporter's own word fits a pattern of its provider."""
    codes, texts = encode(messages.table["vendor_type"].iloc[rows])
    words = [*texts.to_pylist(), ""]
    fits = np.array(
        [[bool(getattr(one, field).search(word)) for word in words] for one in providers()]
    )
    return np.asarray(fits[provider, codes], dtype=bool)


def _opted_out(messages: Outcomes, held: _Held, size: int) -> Bools:
    asked = np.isin(messages.event, [EVENTS.index(name) for name in ("complaint", "unsubscribe")])
    who = messages.recipients.codes
    said = _says(messages, held.row, "opted_out", held.provider)
    return flag(who[asked & (who >= 0)], size) | flag(held.who[said], size)


def _causes(messages: Outcomes, size: int) -> Failures:
    """List the failures since the last delivery that say why; a list's bare entry does not."""
    failed = history.failures(messages, messages.latest)
    reset = history.last_delivered_start(messages, size)
    silent = np.isin(failed.reason, [list(reasons()).index(name) for name in _SAYING_NOTHING])
    silent |= failed.reason < 0
    silent &= messages.listed[failed.message]
    return failed.take((failed.start >= reset[failed.recipient]) & ~silent)


def _table(messages: Outcomes, held: _Held, failed: Failures, lang: Language) -> pd.DataFrame:
    size, width = len(messages.recipients.texts), len(providers())
    group, where = np.unique(held.who * width + held.provider, return_inverse=True)
    who, provider = group // width, group % width
    latest = last_of(where, len(group), held.row, held.when)
    cause = last_of(failed.recipient, size, failed.reason, failed.start, failed.failed_at)[who]
    row = messages.row[failed.message[cause]]
    said = messages.table.iloc[row].reset_index(drop=True)
    reason = failed.reason[cause]
    whose = np.array([*by_reason("category"), None], dtype=object)[reason]
    shown = spelled(messages, who)
    refused = messages.event[held.row] == EVENTS.index("suppressed")
    table = pd.DataFrame(
        {
            "recipient": pd.Series(pd.array(shown, dtype=TEXT)),
            "listed_by": pd.Series([providers()[n].name for n in provider], dtype=TEXT),
            "listed_as": messages.table["vendor_type"].iloc[held.row[latest]].array,
            "listed_at": moments(_first(where, held.when, len(group))),
            "refused": _distinct(where[refused], messages.group[held.row[refused]], len(group)),
            "last_refused": moments(_last(where[refused], held.when[refused], len(group))),
            "reason": categorical(reason, reasons()),
            "category": pd.Categorical(whose, list(CATEGORIES)),
            "failed_at": moments(failed.failed_at[cause]),
            **{name: said[name] for name in ("smtp_code", "enhanced_code", "diagnostic", "rule")},
            "last_delivery": moments(history.last_delivery(messages, size)[who]),
        }
    )
    pairs = zip(table["recipient"], provider, strict=True)
    steps = [providers()[n].steps[lang].replace("ADDRESS", name) for name, n in pairs]
    table["steps"] = pd.Series(steps, dtype=TEXT)
    table["see"] = pd.Series([providers()[n].see or None for n in provider], dtype=TEXT)
    return table.sort_values(["recipient", "listed_by"], ignore_index=True)


def _distinct(group: Ints, message: Ints, size: int) -> Ints:
    """Count the messages of each group, each once."""
    width = int(message.max(initial=-1)) + 1
    return np.bincount(np.unique(group * width + message) // max(width, 1), minlength=size)


def _first(group: Ints, at: Ints, size: int) -> Ints:
    timed = at != UNTIMED
    found = np.full(size, np.iinfo(np.int64).max, dtype=np.int64)
    np.minimum.at(found, group[timed], at[timed])
    return np.where(found == np.iinfo(np.int64).max, UNTIMED, found)


def _last(group: Ints, at: Ints, size: int) -> Ints:
    found = np.full(size, UNTIMED, dtype=np.int64)
    np.maximum.at(found, group, at)
    return found
