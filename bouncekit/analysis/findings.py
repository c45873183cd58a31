"""What stands out, in a few sentences: how much, when, where, how sure, and what to do."""

import numpy as np
import pandas as pd

from bouncekit.analysis import _standing
from bouncekit.analysis._checks import positive
from bouncekit.analysis._denominators import denominator
from bouncekit.analysis._found import Found, Look
from bouncekit.analysis._incidents import incidents
from bouncekit.analysis._messages import Outcomes
from bouncekit.analysis.outcomes import outcomes
from bouncekit.analysis.policy import Policy
from bouncekit.analysis.recipients import recipients
from bouncekit.analysis.statistics import preset_of
from bouncekit.schema import TEXT
from bouncekit.taxonomy import Language
from bouncekit.times import zone
from bouncekit.words import known

_LOOKS = (
    incidents,
    _standing.failing_domains,
    _standing.addresses,
    _standing.level,
    _standing.undecided,
)


def findings(
    df: pd.DataFrame | Outcomes,
    sends: object = None,
    contacts: object = None,
    *,
    policy: Policy | None = None,
    preset: str = "cold",
    tz: str = "UTC",
    lang: Language = "en",
    most: int = 10,
) -> pd.DataFrame:
    """Say in at most ten sentences what stands out, most important first.

    Weeks are compared with the usual rate of the same campaign, provider,
    source or domain, so that one incident is one finding, told of the part
    where it is most concentrated. Nothing is said below a minimum number of
    messages, nor of what chance would do among as many comparisons.

    Parameters
    ----------
    df : DataFrame or Outcomes
        A classified bounce table, not changed.
    sends, contacts
        What was sent, and the contact list, as for the other analyses.
    policy : Policy, optional
        The numbers for addresses.
    preset : {'cold', 'ses', 'optin'}
        The published lines that the whole is judged by.
    tz : str
        IANA zone whose days count.
    lang : {'en', 'zh'}
        Language of ``text`` and ``advice``.
    most : int
        How many at most.

    Returns
    -------
    DataFrame
        ``kind`` (``hard``, ``sender``, ``held``, ``domain_hard``,
        ``domain_soft``, ``forged``, ``worn_out``, ``mistyped``, ``level``,
        ``undecided``); ``text`` and ``advice``, a sentence or two each;
        ``value`` with ``low`` and ``high`` (Wilson 95 %) and ``usual``, shares
        of ``n`` messages; ``count`` (messages or addresses concerned);
        ``first`` and ``last`` (days of ``tz``, first instant); ``by`` and
        ``where`` (the column and its value that is concerned); ``rows``
        (positions in ``df`` of the evidence, as an array).

    Raises
    ------
    BouncekitError
        If ``tz``, ``preset`` or ``lang`` is not known, or ``most`` below 1.
    TableError
        If a column is absent, or ``sends`` or ``contacts`` is wrong.
    """
    positive("most", most)
    preset_of(preset)
    messages = outcomes(df, sends)
    look = Look(
        messages=messages,
        below=denominator(messages),
        people=recipients(messages, policy, contacts=contacts),
        preset=preset,
        tz=zone(tz).key,
        lang=known(lang),
    )
    found = sorted(
        (one for find in _LOOKS for one in find(look)),
        key=lambda one: (-one.score, one.kind, one.where or "", one.text),
    )
    return _table(found[:most], look)


def _table(found: list[Found], look: Look) -> pd.DataFrame:
    day = pd.DatetimeTZDtype("us", look.tz)
    names = ("value", "low", "high", "usual", "n")
    columns: dict[str, object] = {
        "kind": pd.array([one.kind for one in found], dtype=TEXT),
        "text": pd.array([one.text for one in found], dtype=TEXT),
        "advice": pd.array([look.say(f"advice_{one.kind}") for one in found], dtype=TEXT),
        **{name: np.array([getattr(one, name) for one in found], dtype=float) for name in names},
        "count": np.array([one.count for one in found], dtype=np.int64),
        "first": pd.Series([one.first for one in found], dtype=day),
        "last": pd.Series([one.last for one in found], dtype=day),
        "by": pd.array([one.by for one in found], dtype=TEXT),
        "where": pd.array([one.where for one in found], dtype=TEXT),
    }
    table = pd.DataFrame(columns)
    table["rows"] = pd.Series([one.rows for one in found], dtype=object)
    return table
