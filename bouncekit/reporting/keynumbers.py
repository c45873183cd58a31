"""The key numbers of a report: a figure, a sentence, and what it means."""

from collections.abc import Iterator

import pandas as pd

from bouncekit.accounting import Ingest
from bouncekit.addresses import readable_domain
from bouncekit.analysis.statistics import preset_of, verdicts
from bouncekit.schema import TEXT, require
from bouncekit.taxonomy import Language, reasons
from bouncekit.words import words

_Finding = tuple[str, str, str]
_BANDS = {"never": "hard", "time": "soft_time", "sender": "soft_sender"}


def key_numbers(
    rates: pd.DataFrame,
    reasons_over_time: pd.DataFrame,
    flags: pd.DataFrame,
    people: pd.DataFrame,
    *,
    preset: str = "cold",
    lang: Language = "en",
) -> pd.DataFrame:
    """Say in a few sentences what the tables of a report come to.

    Parameters
    ----------
    rates : DataFrame
        The result of ``bounce_rates(df)``.
    reasons_over_time : DataFrame
        The result of ``bounce_rates(df, by="reason")``.
    flags : DataFrame
        The result of ``flag_domains(df)``.
    people : DataFrame
        The result of ``recipients(df)``.
    preset : {'cold', 'ses', 'optin'}
        The published lines that the whole is judged by.
    lang : {'en', 'zh'}
        Language of the words.

    Returns
    -------
    DataFrame
        ``figure``, ``finding``, ``meaning``: text, most important first.
    """
    require(
        rates,
        "period",
        "sent",
        "hard",
        "soft",
        "undetermined",
        *_BANDS.values(),
        made_by="bk.bounce_rates(df)",
    )
    rows = [
        _whole(rates, preset, lang),
        *(_band(rates, reasons_over_time, band, lang) for band in _BANDS),
        *_worst(rates, reasons_over_time, lang),
        _domains(flags, lang),
        *_people(people, lang),
        *_undecided(rates, lang),
    ]
    return pd.DataFrame(rows, columns=["figure", "finding", "meaning"])


def files_read(account: Ingest) -> pd.DataFrame:
    """Return what each file gave: ``file``, ``source``, ``items``, ``read``, ``skipped``, ..."""
    names = ["file", "source", "items", "read", "skipped", "failed", "rows"]
    rows = [[getattr(one, name) or None for name in names[:2]]
            + [getattr(one, name) for name in names[2:]] for one in account.files]  # fmt: skip
    return pd.DataFrame(rows, columns=names).astype({"file": TEXT, "source": TEXT})


def assumptions(account: Ingest) -> pd.DataFrame:
    """Return what had to be assumed while reading: ``file``, ``notes``."""
    rows = [(one.file, note) for one in account.files for note in one.notes]
    return pd.DataFrame(rows, columns=["file", "notes"]).astype(TEXT)


def _failed(rates: pd.DataFrame) -> pd.Series:
    return rates[["hard", "soft", "undetermined"]].sum(axis=1)


def _share(count: float, whole: float) -> str:
    return f"{count / whole:.1%}".replace("%", " %")


def _whole(rates: pd.DataFrame, preset: str, lang: Language) -> _Finding:
    failed, sent = int(_failed(rates).sum()), rates["sent"].sum(min_count=1)
    # Only periods with a denominator may stand above the line.
    above = int(_failed(rates)[rates["sent"].notna()].sum())
    if pd.isna(sent) or above > sent or not sent:
        return f"{failed:,}", words("find_failed", lang), words("find_no_rate", lang)
    chosen = preset_of(preset)
    judged = (
        int(rates.loc[rates["sent"].notna(), "hard"].sum()) if chosen.judges == "hard" else above
    )
    verdict = verdicts([judged / sent], [sent], chosen, lang=lang)[0]
    meaning = (
        words("find_few", lang)
        if verdict is None
        else words("find_verdict", lang, verdict=verdict, source=chosen.source[lang])
    )
    said = words("find_rate", lang, failed=f"{above:,}", sent=f"{sent:,.0f}")
    return _share(above, sent), said, meaning


def _band(rates: pd.DataFrame, by_reason: pd.DataFrame, band: str, lang: Language) -> _Finding:
    count, failed = int(rates[_BANDS[band]].sum()), int(_failed(rates).sum())
    share = _share(count, failed) if failed else "0 %"
    said = words(f"find_{band}", lang, share=share)
    return f"{count:,}", said, _chief(by_reason, band, lang) if count else ""


def _chief(by_reason: pd.DataFrame, band: str, lang: Language) -> str:
    """Name the commonest reasons of a band."""
    counts = _failed(by_reason).groupby(by_reason["reason"].astype("str")).sum()
    known = reasons()
    mine = [name for name in counts.index if name in known and known[name].heals == band]
    top = counts[mine].sort_values(ascending=False, kind="stable").head(3)
    pairs = zip(top.index.astype(str), top, strict=True)
    named = [f"{known[name].label[lang]} ({value:,})" for name, value in pairs if value]
    return words("find_mostly", lang, reasons=words("comma", lang).join(named)) if named else ""


def _worst(rates: pd.DataFrame, by_reason: pd.DataFrame, lang: Language) -> Iterator[_Finding]:
    """Name the period with the highest rate, where it stands out and rests on enough."""
    rate = _failed(rates) / rates["sent"]
    rate = rate[(rates["sent"] >= 100) & (rate <= 1)]
    if len(rate) < 4 or rate.max() < 1.5 * rate.median():
        return
    row = rates.loc[rate.index[int(rate.argmax())]]
    here = by_reason[by_reason["period"] == row["period"]]
    counts = _failed(here).groupby(here["reason"].astype("str")).sum()
    known = reasons().get(str(counts.idxmax()))
    label = known.label[lang] if known else ""
    freq = rates.attrs.get("freq", "W")
    said = words(f"find_worst_{freq}", lang, start=f"{row['period']:%Y-%m-%d}")
    usual = _share(float(rate.median()), 1)
    yield _share(float(rate.max()), 1), said, words("find_usual", lang, usual=usual, reason=label)


def _domains(flags: pd.DataFrame, lang: Language) -> _Finding:
    flagged = flags[flags["flagged"]]
    names = [readable_domain(str(name)) for name in flagged.iloc[:3, 0]]
    listed = words("find_first", lang, names=words("comma", lang).join(names)) if names else ""
    return f"{len(flagged):,}", words("find_domains", lang), listed


def _people(people: pd.DataFrame, lang: Language) -> Iterator[_Finding]:
    counts = people["state"].astype("str").value_counts()
    for state in ("remove", "retry", "waiting", "review"):
        number = int(counts.get(state, 0))
        if number or state == "remove":
            yield f"{number:,}", words(f"find_{state}", lang), words(f"find_{state}_do", lang)


def _undecided(rates: pd.DataFrame, lang: Language) -> Iterator[_Finding]:
    count, failed = int(rates["undetermined"].sum()), int(_failed(rates).sum())
    if count:
        share = _share(count, failed)
        yield f"{count:,}", words("find_unknown", lang, share=share), words("find_unknown_do", lang)
