"""The conditions a domain is flagged by, and the sentences that say so."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bouncekit.analysis._checks import positive, whole_days
from bouncekit.analysis.wording import say
from bouncekit.errors import BouncekitError
from bouncekit.taxonomy import Language, reasons


@dataclass(frozen=True, slots=True)
class Limits:
    """What the worst window of a domain must reach; ``window`` in days."""

    min_failures: int
    min_days: int
    min_recipients: int
    min_rate: float | None
    window: int


def check_limits(
    min_failures: int,
    min_days: int,
    min_recipients: int,
    min_rate: float | None,
    window: Any,
) -> Limits:
    """Return the conditions, or raise BouncekitError where one is out of range."""
    if min_rate is not None and not 0 <= min_rate <= 1:
        msg = f"min_rate must lie between 0 and 1 (0.05 is 5 %), not {min_rate!r}"
        raise BouncekitError(msg)
    return Limits(
        positive("min_failures", min_failures),
        positive("min_days", min_days),
        positive("min_recipients", min_recipients),
        min_rate,
        whole_days("window", window),
    )


def conditions_missed(table: pd.DataFrame, limits: Limits) -> list[list[str]]:
    """Name for each row the sentences of the conditions that it does not meet."""
    conditions = {
        "domain_few_failures": table["failures"] < limits.min_failures,
        "domain_few_days": table["days"] < limits.min_days,
        "domain_few_recipients": table["recipients"] < limits.min_recipients,
    }
    if limits.min_rate is not None:
        conditions["domain_unknown_rate"] = table["rate"].isna()
        conditions["domain_low_rate"] = table["rate"] < limits.min_rate
    flags = np.array([found.to_numpy() for found in conditions.values()]).T
    return [[name for name, is_so in zip(conditions, row, strict=True) if is_so] for row in flags]


def why(row: dict[str, Any], missing: list[str], limits: Limits, lang: Language) -> str:
    """Say why a domain is flagged, or what it lacks for that."""
    if missing:
        least = {
            "domain_few_failures": limits.min_failures,
            "domain_few_days": limits.min_days,
            "domain_few_recipients": limits.min_recipients,
            "domain_low_rate": limits.min_rate,
        }
        said = [say(name, lang, **row, least=least.get(name)) for name in missing]
        return say("domain_not_flagged", lang, missing=("；" if lang == "zh" else "; ").join(said))
    known = reasons().get(row["reason"])
    named = known.label[lang] if known else reasons()["undetermined"].label[lang]
    share = ""
    if np.isfinite(row["rate"]):
        share = say("domain_rate", lang, rate=row["rate"], sent=int(row["sent"]))
    return say("domain_flagged", lang, **(row | {"rate": share, "reason": named}))


def advice(reason: object, lang: Language) -> str:
    """Say what to do about a domain whose main reason this is."""
    known = reasons().get(reason) if isinstance(reason, str) else None
    if known is None:
        return say("advice_unknown", lang)
    if known.category == "policy":
        heals = "time" if known.heals == "time" else "sender"
        return say(f"advice_policy_{heals}", lang)
    return say(f"advice_{known.category}", lang)
