"""Read whatever there is into one tidy bounce table."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bouncekit import times
from bouncekit.accounting import Ledger, close
from bouncekit.duplicates import each_once, tally_dropped
from bouncekit.inputs.sources import Blob, Refusal, Source, find, input_name
from bouncekit.intake.collecting import Collector
from bouncekit.readers import generic
from bouncekit.readers._base import Options
from bouncekit.tables import prepared, tidy

if TYPE_CHECKING:
    import pandas as pd


def read(
    src: Source | Iterable[Source],
    *,
    tz: str | None = None,
    columns: Mapping[str, str] | None = None,
    rules: str | Path | None = None,
    engine: str = "auto",
    workers: int | None = None,
    progress: bool | None = None,
) -> "pd.DataFrame":
    r"""Read exports, logs and bounce mail into one tidy bounce table.

    Every file is recognised by its content, unpacked where it is packed, read
    by the reader that knows its format, and classified by the rules. One bad
    item never stops the others: it is counted in ``df.attrs["ingest"]``.

    Parameters
    ----------
    src : str, Path, bytes, binary file object, or an iterable of these
        Files, folders (searched to the bottom, hidden files passed over),
        archives (zip, gzip, zstd) and Excel workbooks.
    tz : str, optional
        IANA zone of times in the files that name none, ``Asia/Shanghai`` for
        instance. Without it each format's own default is used, and
        ``bk.ingest(df).notes`` says where that was. Of an hour that the
        clocks showed twice the first is meant.
    columns : mapping, optional
        For a table that no reader knows: schema column to the name it has in
        the file, ``{"recipient": "邮箱", "diagnostic": "退信原因"}``.
    rules : path, optional
        A TOML file with rules of your own, or its text, tried before the kit's.
    engine : {'auto', 'mailparser', 'fast'}
        What opens mail messages; ``auto`` is the fast one where it is
        installed, with mailparser for what that cannot take.
    workers : int, optional
        Processes that parse mail; by default one for each core once there are
        some thousand messages.
    progress : bool, optional
        Show a progress bar; by default on a terminal and in a notebook.

    Returns
    -------
    DataFrame
        One row per recipient and event, the columns of
        :data:`bouncekit.schema.COLUMNS`; times in UTC. ``attrs["ingest"]``
        accounts for every item (:class:`bouncekit.accounting.Ingest`).

    Raises
    ------
    InputNotFoundError
        If a named path does not exist.
    UnknownFormatError
        If nothing in ``src`` is in a format that a reader knows.
    RuleError
        If the rules file is wrong.
    BouncekitError
        If ``tz`` is no time zone or ``columns`` names a column that a table cannot have.

    Examples
    --------
    >>> csv = b"status,reason,email,created\n5.1.1,550 5.1.1 No such user,a@example.com,1767225600"
    >>> df = read(csv)
    >>> df.loc[0, ["recipient", "bounce_type", "reason"]].tolist()
    ['a@example.com', 'hard', 'user_unknown']
    """
    from bouncekit.classification.classifier import classify

    times.zone(tz)
    generic.check_fields(columns or {})
    options = Options(tz=tz, columns=dict(columns or {}), engine=engine)
    table, ledgers = gather(
        find(src), options, name=input_name(src), workers=workers, progress=progress
    )
    kept, dropped = each_once(table)
    repeats = tally_dropped(table, kept) if dropped else None
    del table
    table = classify(kept, rules=rules)
    table.attrs["ingest"] = close(ledgers, rows=len(table), duplicates=dropped, repeats=repeats)
    return table


def gather(
    inputs: Iterable[Blob | Refusal],
    options: Options,
    *,
    name: str = "the input",
    workers: int | None = 1,
    progress: bool | None = False,
) -> tuple["pd.DataFrame", list[Ledger]]:
    """Read inputs into one tidy table, duplicates and all, nothing classified.

    Returns
    -------
    tuple of (DataFrame, list of Ledger)
        The table and the account of each input.

    Raises
    ------
    UnknownFormatError
        If no reader knows any of them.
    """
    with Collector(options, prepared, workers=workers, progress=progress) as collector:
        for item in inputs:
            collector.take(item)
        return tidy(collector.finish(name)), collector.ledgers
