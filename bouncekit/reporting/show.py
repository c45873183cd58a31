"""Show a table in a notebook: readable, short, escaped, and without addresses."""

from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Any

import pandas as pd

from bouncekit import addresses
from bouncekit.accounting import Ingest
from bouncekit.analysis.wording import cause_text
from bouncekit.errors import TableError
from bouncekit.lists.cleaning import CleanList
from bouncekit.redaction import Redactor
from bouncekit.taxonomy import Language, reasons
from bouncekit.texts import one_line
from bouncekit.times import zone
from bouncekit.words import has_words, words

MAX_CELL = 160
"""Characters of one cell; what is longer ends in an ellipsis."""
MAX_SENTENCE = 600
"""The same for cells with sentences of our own."""
_SENTENCES = ("text", "advice", "why", "steps", "because")
_SHARES = ("rate", "_rate", "_low", "_high", "_share", "share")
_NOTHING = "–"
# JupyterLab sets every cell to the right; a report has a style of its own.
_LEFT = ' style="text-align: left"'
_NARROW = 3
"""Columns that fit on a phone side by side."""


class Shown:
    """A table as people read it; a notebook displays it as HTML.

    Parameters
    ----------
    headings : sequence of str
    rows : sequence of sequence of str
        Plain text; it is escaped when it becomes HTML.
    numeric : sequence of bool
        Which columns are set to the right.
    more : str
        A line under the table, empty where there is none.
    """

    def __init__(
        self,
        headings: Sequence[str],
        rows: Sequence[Sequence[str]],
        numeric: Sequence[bool],
        more: str = "",
    ) -> None:
        self.headings = list(headings)
        self.rows = [list(row) for row in rows]
        self.numeric = list(numeric)
        self.more = more

    def _repr_html_(self) -> str:
        columns = [
            (escape(name), ' class="n"' if number else _LEFT)
            for name, number in zip(self.headings, self.numeric, strict=True)
        ]
        head = "".join(f"<th{mark}>{name}</th>" for name, mark in columns)
        body = "".join(f"<tr>{self._row(row, columns)}</tr>" for row in self.rows)
        # Wide tables turn into lists of labelled lines on a phone.
        kind = ' class="wide"' if len(columns) > _NARROW else ""
        table = f"<table{kind}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        more = f'<p class="more">{escape(self.more)}</p>' if self.more else ""
        return f'<div class="scroll">{table}</div>{more}'

    @staticmethod
    def _row(row: Sequence[str], columns: Sequence[tuple[str, str]]) -> str:
        return "".join(
            f'<td{mark} data-label="{name}">{escape(cell)}</td>'
            for cell, (name, mark) in zip(row, columns, strict=True)
        )

    def __repr__(self) -> str:
        lines = [" | ".join(self.headings), *(" | ".join(row) for row in self.rows)]
        return "\n".join([*lines, self.more] if self.more else lines)


class Cards:
    """Key numbers as a list of cards: a large figure, a sentence, what it means."""

    def __init__(self, rows: Sequence[Sequence[str]]) -> None:
        self.rows = [list(row) for row in rows]

    def _repr_html_(self) -> str:
        items = "".join(
            f"<li><strong>{escape(figure)}</strong> <span>{escape(finding)}</span> "
            f"<small>{escape(meaning)}</small></li>"
            for figure, finding, meaning in self.rows
        )
        return f'<ul class="cards">{items}</ul>'

    def __repr__(self) -> str:
        return "\n".join(" ".join(filter(None, row)) for row in self.rows)


def show_key_numbers(table: pd.DataFrame) -> Cards:
    """Show the result of :func:`bouncekit.reporting.keynumbers.key_numbers` as a list of cards."""
    return Cards(table[["figure", "finding", "meaning"]].to_numpy().tolist())


class Lines:
    """Some lines, one below the other."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = list(lines)

    def _repr_html_(self) -> str:
        return "".join(f"<p>{escape(line)}</p>" for line in self.lines)

    def __repr__(self) -> str:
        return "\n".join(self.lines)


def show_text(text: str) -> Lines:
    """Show some lines of text as they stand."""
    return Lines(text.splitlines())


def show_written(lists: CleanList, target: str | None, lang: Language = "en") -> Lines:
    """Write the lists where they are wanted, and show which files were written."""
    if target is None:
        return Lines([words("clean_not_written", lang)])
    written = lists.write(target)
    return Lines([words("clean_written", lang), *map(str, written)])


def show_account(account: Ingest, lang: Language = "en") -> Lines:
    """Show in one line what became of every item of the input."""
    counts = ("items", "read", "skipped", "failed", "rows", "duplicates")
    values = {name: f"{getattr(account, name):,}" for name in counts}
    return Lines([words("account_line", lang, **values)])


def show_compared(differences: pd.DataFrame, lang: Language = "en") -> Lines:
    """Show in one line how often ``bk.disagreements`` found the exporter of another mind."""
    told = differences.attrs
    if not told.get("compared"):
        return Lines([words("compared_none", lang)])
    counts = {name: f"{told[name]:,}" for name in ("bounces", "compared", "differ")}
    share = f"{told['differ'] / told['compared']:.1%}".replace("%", " %")
    return Lines([words("compared_line", lang, share=share, **counts)])


def show(
    table: pd.DataFrame,
    columns: Iterable[str] | None = None,
    *,
    rows: int = 10,
    show_addresses: bool = False,
    redact_domains: bool = False,
    known: pd.DataFrame | None = None,
    tz: str = "UTC",
    lang: Language = "en",
) -> Shown:
    """Show the first rows of a table: escaped, in plain words, addresses hidden.

    Parameters
    ----------
    table : DataFrame
        Any table of the kit. Not changed.
    columns : iterable of str, optional
        Columns to show, in this order; all by default.
    rows : int
        Rows at most; a line under the table says how many more there are.
    show_addresses : bool
        Show full addresses; by default pseudonyms stand for them.
    redact_domains : bool
        Let pseudonyms stand for the domains, too.
    known : DataFrame, optional
        The bounce table, whose domains are then found in any text.
    tz : str
        Zone in which times are written.
    lang : {'en', 'zh'}
        Language of headings and words.

    Returns
    -------
    Shown
        Displays itself; ``print`` gives plain text.

    Raises
    ------
    TableError
        If a column is not there.
    """
    names = list(table.columns) if columns is None else list(columns)
    absent = [name for name in names if name not in table.columns]
    if absent:
        msg = f"the table has no column {absent[0]!r}; it has: {', '.join(map(str, table.columns))}"
        raise TableError(msg)
    # The recipient goes along even unseen: its name is to be hidden in the other columns.
    extra = [name for name in ("recipient",) if name in table and name not in names]
    head = table[[*names, *extra]].head(rows)
    head = private(head, known, show_addresses=show_addresses, redact_domains=redact_domains)
    cells = [_column(head[name], tz, lang) for name in names]
    left = len(table) - len(head)
    return Shown(
        headings=[_heading(head[name], tz, lang) for name in names],
        rows=list(zip(*cells, strict=True)) if cells else [],
        numeric=[_is_number(head[name]) for name in names],
        more=_more(left, len(table), lang),
    )


def private(
    table: pd.DataFrame,
    known: pd.DataFrame | None = None,
    *,
    show_addresses: bool = False,
    redact_domains: bool = False,
) -> pd.DataFrame:
    """Return a table as it may be shared: no addresses, and no domains where asked for.

    Parameters
    ----------
    table : DataFrame
        Any table of the kit. Not changed.
    known : DataFrame, optional
        The bounce table, whose domains are then found in any text.
    show_addresses : bool
        Leave the addresses in, unless the domains are to go.
    redact_domains : bool
        Let pseudonyms stand for the domains, too.
    """
    if redact_domains:
        return Redactor(domains=True, known=table if known is None else known).table(table)
    return table if show_addresses else Redactor(known=table).table(table)


def _more(left: int, size: int, lang: Language) -> str:
    if not size:
        return words("show_empty", lang)
    return words("show_more", lang, n=f"{left:,}") if left else ""


def _heading(values: pd.Series, tz: str, lang: Language) -> str:
    name = str(values.name)
    text = words(f"col_{name}", lang) if has_words(f"col_{name}") else name.replace("_", " ")
    is_time = isinstance(values.dtype, pd.DatetimeTZDtype)
    return f"{text} ({tz})" if is_time and not _is_dates(values, tz) else text


def _is_number(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values.dtype) and values.dtype != bool


def _is_dates(values: pd.Series, tz: str) -> bool:
    local = values.dropna().dt.tz_convert(zone(tz))
    return bool((local == local.dt.normalize()).all())


def _column(values: pd.Series, tz: str, lang: Language) -> list[str]:
    write = _writer(values, tz, lang)
    return [_NOTHING if pd.isna(value) else write(value) for value in values]


def _writer(values: pd.Series, tz: str, lang: Language) -> Callable[[Any], str]:
    """Choose how the values of a column are written, by its type and name."""
    name = str(values.name)
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        form = "%Y-%m-%d" if _is_dates(values, tz) else "%Y-%m-%d %H:%M"
        return lambda value: value.tz_convert(zone(tz)).strftime(form)
    if pd.api.types.is_bool_dtype(values.dtype):
        return lambda value: words("yes" if value else "no", lang)
    if pd.api.types.is_float_dtype(values.dtype) and name.endswith(_SHARES):
        return lambda value: f"{value:.1%}".replace("%", " %")
    if _is_number(values):
        return lambda value: f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"
    readable = _READABLE.get(name)
    if readable:
        return lambda value: readable(str(value), lang)
    most = MAX_SENTENCE if name in _SENTENCES else MAX_CELL
    return lambda value: _cell(value, most)


def _cell(value: object, most: int) -> str:
    line = one_line(str(value))
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _reason(value: str, lang: Language) -> str:
    known = reasons().get(value)
    return known.label[lang] if known else value


def _named(prefix: str) -> Callable[[str, Language], str]:
    def name(value: str, lang: Language) -> str:
        key = f"{prefix}_{value}"
        return words(key, lang) if has_words(key) else value

    return name


_READABLE: dict[str, Callable[[str, Language], str]] = {
    "reason": _reason,
    "provider": lambda value, lang: addresses.provider_title(value),
    "cause": lambda value, lang: cause_text(value, lang),
    "state": _named("state"),
    "bounce_type": _named("type"),
    "vendor_class": _named("type"),
    "category": _named("category"),
    "evidence": _named("evidence"),
    "kind": _named("kind"),
}
