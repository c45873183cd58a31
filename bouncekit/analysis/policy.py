"""The policy for addresses: when to wait, when to try again, when to give up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from bouncekit.analysis._checks import duration, positive
from bouncekit.errors import BouncekitError
from bouncekit.taxonomy import reasons


@dataclass(frozen=True)
class Policy:
    """Say how many soft bounces an address may have, and how long to wait.

    A hard bounce always removes. Failures that are never the address's fault
    (policy, content) never count.

    Parameters
    ----------
    soft_limit : int
        Soft bounces in a row at which an address is removed.
    wait : str or Timedelta
        Time from a failure to the next try.
    min_span : str or Timedelta
        Least time from the first to the last of those soft bounces.
    limits : mapping, optional
        A limit of its own for a reason, ``{"mailbox_full": 8}``. In a mixed
        row each failure weighs one part in its reason's limit, and the
        address is removed when the parts make up a whole.
    verify_every : str or Timedelta
        How often an address that works should be verified.

    Raises
    ------
    BouncekitError
        If a number is not positive, a time cannot be read, or a reason is
        unknown or never counts.

    Examples
    --------
    >>> Policy(soft_limit=3, wait="1D").wait
    Timedelta('1 days 00:00:00')
    """

    soft_limit: int = 4
    wait: Any = "2D"
    min_span: Any = "7D"
    limits: Mapping[str, int] = field(default_factory=dict)
    verify_every: Any = "15D"

    def __post_init__(self) -> None:
        positive("soft_limit", self.soft_limit)
        for name, limit in self.limits.items():
            known = reasons().get(name)
            if known is None or known.counts == "no":
                counting = ", ".join(r.name for r in reasons().values() if r.counts != "no")
                msg = f"limits: {name!r} is not a reason that counts; use one of: {counting}"
                raise BouncekitError(msg)
            positive(f"limits[{name!r}]", limit)
        # Frozen for its users; here it is still being made.
        object.__setattr__(self, "limits", MappingProxyType(dict(self.limits)))
        for name in ("wait", "min_span", "verify_every"):
            object.__setattr__(self, name, duration(name, getattr(self, name)))

    def __deepcopy__(self, memo: dict[int, Any]) -> "Policy":
        """Return itself: pandas copies ``attrs`` deeply at every step."""
        return self

    def weights(self) -> npt.NDArray[np.float64]:
        """Return the part of a whole that a failure weighs, by reason; the last is "no reason"."""
        limits = [self.limits.get(name, self.soft_limit) for name in reasons()]
        return 1 / np.array([*limits, self.soft_limit], dtype=float)


def micros(length: pd.Timedelta) -> int:
    """Return a length of time in microseconds."""
    return length // pd.Timedelta(microseconds=1)
