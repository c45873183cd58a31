"""Parameters that people give, checked in one place."""

from typing import Any

import numpy as np
import pandas as pd

from bouncekit.errors import BouncekitError


def positive(name: str, value: Any) -> int:
    """Return a whole number of 1 or more, or raise BouncekitError."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < 1:
        msg = f"{name} must be a whole number of 1 or more, not {value!r}"
        raise BouncekitError(msg)
    return int(value)


def duration(name: str, value: Any) -> pd.Timedelta:
    """Return a length of time of 0 or more, or raise BouncekitError."""
    length = None
    if not isinstance(value, int | float):
        try:
            length = pd.Timedelta(value)
        except (ValueError, TypeError):
            length = None
    if length is None or pd.isna(length) or length < pd.Timedelta(0):
        msg = f"{name} must be a time such as '2D' or '12h', not {value!r}"
        raise BouncekitError(msg)
    return length


def whole_days(name: str, value: Any) -> int:
    """Return a length of time as a number of days, or raise BouncekitError."""
    days = pd.Timedelta(days=value) if isinstance(value, int) else value
    length = duration(name, days)
    if length < pd.Timedelta(days=1) or length % pd.Timedelta(days=1):
        msg = f"{name} must be whole days, '14D' for instance, not {value!r}"
        raise BouncekitError(msg)
    return length // pd.Timedelta(days=1)
