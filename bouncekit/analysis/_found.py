"""What the looks for findings share: the data, the language, and what a finding is."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from bouncekit.analysis._denominators import Denominator
from bouncekit.analysis._keys import Ints
from bouncekit.analysis._messages import Outcomes
from bouncekit.taxonomy import Language, reasons
from bouncekit.words import words


@dataclass(frozen=True, slots=True)
class Found:
    """One finding; fields as the columns of :func:`bouncekit.findings`, and its weight."""

    kind: str
    text: str
    score: float
    value: float = np.nan
    low: float = np.nan
    high: float = np.nan
    usual: float = np.nan
    count: int = 0
    n: float = np.nan
    first: pd.Timestamp | None = None
    last: pd.Timestamp | None = None
    by: str | None = None
    where: str | None = None
    rows: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class Look:
    """Everything that the single looks at the data share."""

    messages: Outcomes
    below: Denominator
    people: pd.DataFrame
    preset: str
    tz: str
    lang: Language

    def say(self, key: str, **values: object) -> str:
        """Return a sentence of the findings in the chosen language."""
        return words(f"finding_{key}", self.lang, **values)

    def reason(self, name: object) -> str:
        """Return what people call a reason."""
        entry = reasons().get(str(name)) or reasons()["undetermined"]
        return entry.label[self.lang]

    def when(self, first: pd.Timestamp, last: pd.Timestamp) -> str:
        """Write a stretch of days."""
        return self.say("when", first=f"{first:%Y-%m-%d}", last=f"{last:%Y-%m-%d}")


def own_rows(messages: Outcomes, rows: Ints) -> Ints:
    """Leave out rows that came from a sends table."""
    return np.sort(rows[rows < messages.own_rows])


def percent(value: float) -> str:
    """Write a share with as many digits as it deserves."""
    digits = 0 if value >= 0.1 else 1 if value >= 0.001 or value == 0 else 2
    return f"{value * 100:.{digits}f} %"
