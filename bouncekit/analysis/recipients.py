"""What to do with each address: keep, wait, try again, remove, or look at it."""

from typing import Any

import pandas as pd

from bouncekit.analysis._causes import CAUSES, STATES
from bouncekit.analysis._judgement import judge
from bouncekit.analysis._messages import Outcomes
from bouncekit.analysis.policy import Policy

__all__ = ["CAUSES", "STATES", "Policy", "recipients"]


def recipients(
    df: pd.DataFrame | Outcomes,
    policy: Policy | None = None,
    sends: object = None,
    contacts: object = None,
    as_of: Any = None,
) -> pd.DataFrame:
    """Say for each address whether to keep, retry, remove or review it.

    A hard bounce removes at once. Soft bounces count by message, in a row:
    the delivery of a later message starts again, after a hard bounce too. At
    ``policy.soft_limit`` of them, ``policy.min_span`` from first to last, the
    address is removed. Policy and content failures never count; undetermined
    ones count, and end in a review. A deferral counts where nothing followed
    it for 5 days and its source reports deliveries. Complaints and
    unsubscribes remove.

    Parameters
    ----------
    df : DataFrame or Outcomes
        A classified bounce table, not changed.
    policy : Policy, optional
        The numbers; ``Policy()`` by default.
    sends : DataFrame or path, optional
        A sends table with message ids: evidence of what was sent.
    contacts : DataFrame, path or addresses, optional
        The contact list: evidence too.
    as_of : str or Timestamp, optional
        The moment to judge at; later events are left out. By default the
        latest time in ``df``, never the clock.

    Returns
    -------
    DataFrame
        One row per address that is not masked, sorted: ``recipient``;
        ``state`` (``ok``, ``waiting``, ``retry``, ``remove``, ``review``);
        ``soft_count``; ``first_failure``, ``last_failure`` (UTC, since the
        last delivery); ``last_delivery``; ``retry_after`` (UTC, for waiting
        and retry); ``reason`` (of the failure that decided, else the last);
        ``cause`` (one of :data:`CAUSES`, for remove and review);
        ``suggestion`` (the address that was likely meant); ``evidence``
        (``matched``, ``unmatched``, ``unknown``: whether the failures speak
        of mail that was really sent). ``attrs``: ``as_of``, ``policy``,
        ``unmatchable`` (rows with a masked or unknown address).

    Raises
    ------
    BouncekitError
        If ``as_of`` is no time.
    TableError
        If a column is absent, or the sends table or contact list is wrong.

    Notes
    -----
    Bounces can be forged. Where it is known what was sent, a bounce that
    matches none of it leads to ``review``, never to ``remove``.
    """
    return judge(df, policy, sends, contacts, as_of).table
