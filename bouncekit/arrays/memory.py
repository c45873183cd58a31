"""What was worked out for a column, kept as long as the column lives."""

import weakref
from collections.abc import Callable
from functools import update_wrapper
from typing import Any, Generic, TypeVar

import pandas as pd
import pyarrow as pa

T = TypeVar("T")


class remembered(Generic[T]):  # noqa: N801 - it stands as a decorator
    """Work a function of a text column out once, however many analyses ask.

    Arrow columns never change, and pandas hands the same one on with every
    copy of a table that leaves the rows as they are.
    """

    def __init__(self, function: Callable[[pd.Series], T]) -> None:
        self._function = function
        self._known: dict[int, T] = {}
        update_wrapper(self, function)

    def __call__(self, values: pd.Series) -> T:
        """Return what the function gives for a column, from memory where it is known."""
        column = _column(values)
        if column is not None and id(column) in self._known:
            return self._known[id(column)]
        found = self._function(values)
        self.tell(values, found)
        return found

    def tell(self, values: pd.Series, found: T) -> None:
        """Remember what the function would give for a column."""
        column = _column(values)
        if column is None:
            return
        if id(column) not in self._known:
            weakref.finalize(column, self._known.pop, id(column), None)
        self._known[id(column)] = found


def _column(values: pd.Series) -> pa.ChunkedArray | None:
    """Return the Arrow column that pandas holds; None where it would be made for the occasion."""
    array: Any = values.array
    if not hasattr(array, "__arrow_array__"):
        return None
    column = array.__arrow_array__()
    return column if column is array.__arrow_array__() else None
