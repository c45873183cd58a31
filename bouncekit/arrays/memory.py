"""What was worked out for a column, kept as long as the column lives."""

import weakref
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

import pandas as pd

T = TypeVar("T")


def remembered(function: Callable[[pd.Series], T]) -> Callable[[pd.Series], T]:
    """Work a function of a text column out once, however many analyses ask.

    Arrow columns never change, and pandas hands the same one on with every
    copy of a table that leaves the rows as they are.
    """
    known: dict[int, T] = {}

    @wraps(function)
    def ask(values: pd.Series) -> T:
        column = getattr(values.array, "__arrow_array__", lambda: None)()
        if column is None or column is not values.array.__arrow_array__():
            # Made for the occasion (a column of objects, say): gone at once.
            return function(values)
        key = id(column)
        if key not in known:
            known[key] = function(values)
            weakref.finalize(column, known.pop, key, None)
        return known[key]

    return ask
