"""Columns of the bounce table as plain arrays, and back."""

from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from bouncekit.analysis import _keys
from bouncekit.analysis._keys import Bools, Ints
from bouncekit.arrays.encoding import look_up
from bouncekit.errors import TableError
from bouncekit.readers import readers
from bouncekit.schema import TIME, dtypes
from bouncekit.taxonomy import GUESSED_RECIPIENT, reasons

Codes = npt.NDArray[np.int8]


def codes(table: pd.DataFrame, name: str) -> Codes:
    """Return a categorical column as places in its fixed list; -1 where missing."""
    values, dtype = table[name], dtypes()[name]
    if values.dtype != dtype:
        stray = sorted(set(values.dropna().astype(str)) - set(dtype.categories))
        if stray:
            msg = f"column {name!r}: {stray[0]!r} is not one of {', '.join(dtype.categories)}"
            raise TableError(msg)
        values = values.astype(dtype)
    return np.asarray(values.cat.codes, dtype=np.int8)


def categorical(places: npt.NDArray, names: Iterable[str]) -> "pd.Categorical[Any]":
    """Return a categorical from places in a fixed list; -1 is missing."""
    return pd.Categorical.from_codes(places.astype(np.int64), pd.Index(list(names)))


def micros(values: pd.Series) -> Ints:
    """Return times as microseconds UTC, :data:`UNTIMED` where missing."""
    if not isinstance(values.dtype, pd.DatetimeTZDtype):
        values = pd.to_datetime(values, utc=True)
    return pd.DatetimeIndex(values).as_unit("us").asi8


def moments(values: Ints) -> pd.Series:
    """Return microseconds UTC as a column of times; the inverse of :func:`micros`."""
    naive = values.view("datetime64[us]")
    return pd.Series(pd.DatetimeIndex(naive).tz_localize("UTC")).astype(TIME)


def source_codes(table: pd.DataFrame) -> tuple[Ints, list[str]]:
    """Return the source of each row as codes (-1: not named) and their names."""
    values = table["source"]
    if not isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype("category")
    return values.cat.codes.to_numpy().astype(np.int64), list(values.cat.categories)


@cache
def _state_lists() -> frozenset[str]:
    return frozenset(reader.name for reader in readers() if reader.kind == "state list")


def listed_rows(table: pd.DataFrame) -> Bools:
    """Mark the rows of state lists: what is blocked now, not what happened."""
    found, names = source_codes(table)
    flags = np.array([name in _state_lists() for name in names] + [False], dtype=bool)
    return flags[found]


def guessed_rows(table: pd.DataFrame) -> Bools:
    """Mark the rows whose recipient is a guess from the original's ``To``."""
    if "vendor_type" not in table:
        return np.zeros(len(table), dtype=bool)
    found, texts = _keys.encode(table["vendor_type"])
    flags = [text.endswith(GUESSED_RECIPIENT) for text in texts.to_pylist()]
    return look_up(np.array(flags, dtype=np.int64), found, 0) > 0


@cache
def _by_reason(field: str) -> list[str]:
    return [getattr(reason, field) for reason in reasons().values()]


def by_reason(field: str) -> list[str]:
    """Give a field of the taxonomy (``heals``, ``counts``, ``category``) by reason code."""
    return list(_by_reason(field))


def pick(names: list[str], found: npt.NDArray) -> list[str | None]:
    """Return the name of each code, None for -1."""
    return [names[i] if i >= 0 else None for i in found.tolist()]
