"""Whole columns of text to the types of the raw table, by distinct value."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from bouncekit import code_columns, codes, times
from bouncekit.accounting import Ledger
from bouncekit.arrays.buffers import is_trim
from bouncekit.arrays.encoding import encode, one_array
from bouncekit.readers._base import Options
from bouncekit.texts import scalars

Column: TypeAlias = pa.ChunkedArray


def by_distinct(column: Column, function: Callable[[str], Any], kind: pa.DataType) -> Column:
    """Apply a function once to each distinct text of a column."""
    if column.null_count == len(column):
        return missing(len(column), kind)
    places, distinct = encode(column)
    values = pa.array([function(text) for text in distinct.to_pylist()], kind)
    return pa.chunked_array([values.take(pa.array(places, mask=places < 0))])


def missing(count: int, kind: pa.DataType | None = None) -> Column:
    """Give a column of missing values."""
    return pa.chunked_array([pa.nulls(count, kind or pa.string())])


def constant(value: str | None, count: int) -> Column:
    """Give a column that says the same everywhere."""
    return pa.chunked_array([pa.repeat(pa.scalar(value, pa.string()), count)])


def filled(column: Column) -> Column:
    """Take white space off both ends of each cell; make empty and blank cells missing."""
    if all(map(is_trim, column.chunks)):
        return column
    trimmed = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, column.type), trimmed)


def column(cells: pa.Table, *names: str) -> Column:
    """Give the first of the named columns that says something, row by row; else missing values."""
    found = [filled(cells.column(name)) for name in names if name in cells.column_names]
    return pc.coalesce(*found) if found else missing(cells.num_rows)


_DIGITS = r"^\d{9,16}$"
# All shifts of clocks since 1990 begin and end at a full quarter of an hour.
_QUARTER = 15 * 60 * times.SECOND


def moments(column: Column, parse: Callable[[str], int | None]) -> Column:
    """Read times: those that are all numbers or all ISO as a whole, others by distinct text.

    Parameters
    ----------
    column : ChunkedArray
        Epoch seconds, milliseconds or microseconds (by size), or texts.
    parse : callable
        Text to microseconds since 1970 UTC, or None; must know epoch numbers too.
    """
    numbers = _numbers(column)
    if numbers is not None:
        return _plausible(_from_epoch(numbers))
    found = _cast(column, "UTC")
    return by_distinct(column, parse, pa.int64()) if found is None else _plausible(found)


def local_moments(
    column: Column, options: Options, ledger: Ledger, days_first: bool | None = None
) -> Column:
    """Read times that may name no zone; where one does not, say which was taken.

    Those are times of ``options.tz``, or UTC. ``days_first`` says what comes
    first where the year comes last.
    """
    local = _cast(column, None)
    if local is not None and local.null_count < len(local):
        _note_zone(options, ledger)
        return _plausible(_shifted(local, options.tz) if options.tz else local)
    if not names_zones(column):
        _note_zone(options, ledger)
    return moments(column, lambda text: times.from_text(text, options.tz, days_first))


def _note_zone(options: Options, ledger: Ledger) -> None:
    if not options.tz:
        ledger.note("times name no zone and were read as UTC; give tz= for another")


def _numbers(column: Column) -> Column | None:
    """Read epoch numbers; None where a cell is anything else."""
    try:
        found = pc.cast(column, pa.int64())
    except pa.ArrowInvalid:
        return None
    ends = pc.min_max(found)
    if found.null_count == len(found) or (
        ends["min"].as_py() >= 10**8 and ends["max"].as_py() < 10**16
    ):
        return found
    return None


def _from_epoch(numbers: Column) -> Column:
    scale = pc.case_when(
        pc.make_struct(pc.greater(numbers, 10**14), pc.greater(numbers, 10**11)),
        1,
        1_000,
        times.SECOND,
    )
    return pc.multiply(numbers, pc.cast(scale, pa.int64()))


def _cast(column: Column, zone: str | None) -> Column | None:
    """Read ISO times, all with a zone of their own or all without; None where they are not."""
    try:
        stamps = pc.cast(column, pa.timestamp("ns", zone))
    except pa.ArrowInvalid:
        return None
    return pc.divide(pc.cast(stamps, pa.int64()), 1_000)


def _shifted(local: Column, tz: str) -> Column:
    """Shift local times to UTC, looking up the zone once per quarter of an hour."""
    quarter = pc.divide(local, _QUARTER)
    starts = pc.multiply(quarter, _QUARTER)
    begins = pc.unique(starts.drop_null())
    shift = [_utc(begin, tz) - begin for begin in begins.to_pylist()]
    places = pc.index_in(starts, begins)
    return pc.add(local, pa.chunked_array([pa.array(shift, pa.int64())]).take(places))


def _utc(local: int, tz: str) -> int:
    naive = datetime(1970, 1, 1) + timedelta(microseconds=local)
    return times.from_datetime(naive, tz) or local


def _plausible(micros: Column) -> Column:
    inside = pc.and_(pc.greater_equal(micros, times.EARLIEST), pc.less(micros, times.LATEST))
    return pc.if_else(inside, micros, pa.scalar(None, pa.int64()))


def names_zones(column: Column) -> bool:
    """Say whether every time of a column is bound to a zone, as epoch numbers are."""
    told = column.drop_null()
    if _numbers(told) is not None:
        return True
    written = told.filter(pc.invert(pc.match_substring_regex(told, _DIGITS)))
    texts = pc.unique(written).to_pylist()
    return all(times.names_zone(text) or times.from_text(text) is None for text in texts)


def without_strange(
    table: pa.Table, word: Column, reason: Column, whose: str, ledger: Ledger
) -> tuple[pa.Table, Column]:
    """Take the rows that have neither an event nor a reason to be skipped as failed.

    Parameters
    ----------
    table : Table
        Has ``event`` and ``item``.
    word : ChunkedArray
        What was to settle the event.
    reason : ChunkedArray
        Why a row is none of ours; missing where it is.
    whose : str
        Whose word it would have to be, for the sentence.

    Returns
    -------
    tuple
        The other rows, and their reasons.
    """
    strange = pc.and_(pc.is_null(table.column("event")), pc.is_null(reason))
    numbers = table.column("item").filter(strange).to_pylist()
    for number, told in zip(numbers, word.filter(strange).to_pylist(), strict=True):
        ledger.fail(number, f"says {str(told)[:40]!r}, which is none of {whose}'s words")
    kept = pc.invert(strange)
    return table.filter(kept), reason.filter(kept)


def leave_out(table: pa.Table, reason: Column, ledger: Ledger) -> pa.Table:
    """Skip the rows that a reason is given for, and count the others as read.

    Parameters
    ----------
    table : Table
        Has ``item``.
    reason : ChunkedArray
        Why a row is none of ours; missing where it is.
    """
    items = table.column("item")
    for why in pc.unique(reason.drop_null()).to_pylist():
        skipped = items.filter(pc.fill_null(pc.equal(reason, why), False))
        ledger.skip(skipped[0].as_py(), why, len(skipped))
    kept = table.filter(pc.is_null(reason))
    ledger.read += kept.num_rows
    return kept


def reply_codes(texts: Column, status: Column | None = None) -> tuple[Column, Column]:
    """Read the SMTP code and the enhanced code of each row.

    The words of the reply come first, the exporter's own status column second.
    """
    smtp, enhanced = map(
        pa.chunked_array, zip(code_columns.reply_codes(one_array(texts)), strict=True)
    )
    if status is not None:
        smtp = pc.coalesce(smtp, by_distinct(status, codes.reply_code, pa.int16()))
        enhanced = pc.coalesce(enhanced, by_distinct(status, codes.enhanced_code, pa.string()))
    return smtp, enhanced


def texts(values: Sequence[str | None]) -> pa.Array:
    """Give a column of text; lone surrogates, which Arrow cannot hold, are replaced."""
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:
        return pa.array([None if v is None else scalars(v) for v in values], pa.string())
