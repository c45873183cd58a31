"""A contact list, sorted into what to keep, retry, remove and verify (definition 17)."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from bouncekit.analysis._judgement import Judgement, judge
from bouncekit.analysis._keys import Bools, Ints
from bouncekit.analysis._messages import Outcomes
from bouncekit.analysis.policy import Policy
from bouncekit.analysis.wording import cause_text, check_language
from bouncekit.identity import recipient_keys
from bouncekit.intake.contacts import Contacts, read_contacts
from bouncekit.lists.calendar import verification_days
from bouncekit.lists.release import release
from bouncekit.lists.suppression import to_suppress
from bouncekit.schema import TEXT
from bouncekit.taxonomy import Language, reasons
from bouncekit.times import zone
from bouncekit.words import words

LISTS = ("keep", "retry", "remove", "verify")
_LIST_OF = {
    "ok": "keep", "waiting": "retry", "retry": "retry", "remove": "remove", "review": "verify",
}  # fmt: skip
_JUDGED = (
    "reason", "cause", "soft_count", "first_failure", "last_failure", "last_delivery",
    "retry_after", "suggestion", "evidence",
)  # fmt: skip
_EVIDENCE = ("smtp_code", "enhanced_code", "diagnostic", "rule", "source", "file", "item")
ADDED = ("list", "why", "verify_on", *_JUDGED, "decided_at", *_EVIDENCE)
"""Columns that :func:`clean` adds, all of them always."""


@dataclass(frozen=True)
class CleanList:
    """A contact list, sorted; every contact is in exactly one of the four lists.

    Parameters
    ----------
    table : DataFrame
        Every contact in the order of the list: its own columns, then those of
        :data:`ADDED` (named ``bouncekit_...`` where the list has one of that
        name). ``list`` is ``keep``, ``retry``, ``remove`` or ``verify``;
        ``why`` a sentence; ``verify_on`` the day to verify the address (days
        of ``tz``; keep and verify); ``decided_at`` (UTC) and ``smtp_code`` to
        ``item`` are those of the event that decided. The rest is as in
        :func:`bouncekit.recipients`.
    contacts : Contacts
        The list as it was given.
    names : mapping
        Each column of :data:`ADDED` to its name in ``table``.
    as_of : Timestamp
        The moment that it was judged at, UTC.
    policy : Policy
        The numbers it was judged by.
    tz : str
        Zone of the days.
    lang : str
        Language of ``why`` and of what is written.
    release : DataFrame
        Contacts that a provider refuses though they are fine, and how to take
        them off its list (:func:`bouncekit.release`).
    others : int
        Addresses that failed for good and are not on the list.
    """

    table: pd.DataFrame
    contacts: Contacts
    names: Mapping[str, str]
    as_of: pd.Timestamp
    policy: Policy
    tz: str
    lang: Language
    release: pd.DataFrame
    others: int

    @property
    def keep(self) -> pd.DataFrame:
        """Contacts to go on writing to, with the day to verify them."""
        return self.part("keep")

    @property
    def retry(self) -> pd.DataFrame:
        """Contacts to write to again, not before ``retry_after``."""
        return self.part("retry")

    @property
    def remove(self) -> pd.DataFrame:
        """Contacts never to write to again, with reason and evidence."""
        return self.part("remove")

    @property
    def verify(self) -> pd.DataFrame:
        """Contacts to look at before writing again."""
        return self.part("verify")

    def part(self, name: str) -> pd.DataFrame:
        """Return one of the four lists, in the order of the contact list."""
        return self.table[self.column("list") == name].reset_index(drop=True)

    def judged(self, name: str) -> pd.DataFrame:
        """Return one of the four lists as addresses and what is known of them.

        Returns
        -------
        DataFrame
            ``recipient`` and the columns of :data:`ADDED` under their own
            names; the latest failure first.
        """
        table = pd.DataFrame({added: self.column(added) for added in ADDED})
        table.insert(0, "recipient", self.addresses)
        chosen = table[(table["list"] == name).to_numpy()]
        return chosen.sort_values("last_failure", ascending=False, kind="stable", ignore_index=True)

    def due(self) -> pd.DataFrame:
        """Return how many contacts are to be verified on each day: ``verify_on``, ``contacts``."""
        days = self.calendar["verify_on"].value_counts().sort_index()
        return days.rename_axis("verify_on").reset_index(name="contacts")

    def column(self, name: str) -> pd.Series:
        """Return one of the added columns, whatever it is called beside the list's own."""
        return self.table[self.names[name]]

    @cached_property
    def addresses(self) -> pd.Series:
        """The clean address of each contact, missing where there is none."""
        return self.contacts.addresses()

    @cached_property
    def calendar(self) -> pd.DataFrame:
        """The verification calendar: ``verify_on``, ``address``, ``list``, ``last_delivery``.

        One row per address, by day; addresses to keep and to verify.
        """
        table = pd.DataFrame({"verify_on": self.column("verify_on"), "address": self.addresses})
        for name in ("list", "last_delivery", "why"):
            table[name] = self.column(name)
        table = table[table["verify_on"].notna() & table["address"].notna()]
        once = ~recipient_keys(table.rename(columns={"address": "recipient"})).duplicated()
        return table[once].sort_values("verify_on", kind="stable", ignore_index=True)

    @cached_property
    def suppressions(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The addresses to remove, each once: those for machines, and those left out of them.

        Left out are addresses that a spreadsheet could take for a formula.
        """
        names = ("cause", "smtp_code", "reason", "decided_at")
        table = pd.DataFrame({name: self.column(name) for name in names})
        table["address"] = self.addresses
        return to_suppress(table[(self.column("list") == "remove").to_numpy()])

    @property
    def counts(self) -> pd.Series:
        """How many contacts are in each list; they add up to the contacts given."""
        found = self.column("list").value_counts()
        return found.reindex(LISTS, fill_value=0).astype(np.int64)

    def write(self, target: str | os.PathLike[str]) -> list[Path]:
        """Write the lists into a folder, or into one workbook (``.xlsx``).

        The folder gets ``keep.csv``, ``retry.csv``, ``remove.csv``,
        ``verify.csv``, ``calendar.csv`` and ``release.csv`` for people (UTF-8
        with a byte-order mark, safe in spreadsheets), and a folder
        ``suppression`` with the addresses to remove in the form that each
        provider imports; ``left-out.csv`` holds those unsafe there.

        Returns
        -------
        list of Path
            The files that were written.

        Raises
        ------
        BouncekitError
            If it cannot be written, or a file of the input lies in the way.
        """
        from bouncekit.lists.files import write

        return write(self, Path(target))

    def summary(self) -> str:
        """Say how many contacts are in which list, in a few lines."""
        return "\n".join(_sentences(self))

    def __repr__(self) -> str:
        return self.summary()


def _sentences(clean: CleanList) -> Iterator[str]:
    lang, counts = clean.lang, clean.counts

    def say(key: str, count: int, **more: str) -> str:
        return words(key, lang, n=f"{count:,}", **more)

    parts = " + ".join(f"{words(f'list_{name}', lang)} {counts[name]:,}" for name in LISTS)
    yield say("clean_counts", int(counts.sum()), parts=parts)
    absent = int(clean.addresses.isna().sum())
    if absent:
        yield say("clean_no_address", absent)
    if clean.contacts.blank:
        yield say("clean_blank", clean.contacts.blank)
    days = clean.calendar["verify_on"].value_counts().sort_index()
    if len(days):
        named = [f"{day:%Y-%m-%d} ({count:,})" for day, count in days.items()]
        yield words("clean_calendar", lang, days=words("comma", lang).join(named))
    safe, left_out = clean.suppressions
    yield say("clean_suppress", len(safe))
    if len(left_out):
        yield say("clean_left_out", len(left_out))
    if len(clean.release):
        yield say("clean_release", len(clean.release))
    if clean.others:
        yield say("clean_others", clean.others)


def clean(
    df: pd.DataFrame | Outcomes,
    contacts: object,
    policy: Policy | None = None,
    sends: object = None,
    *,
    column: str | None = None,
    tz: str = "UTC",
    as_of: Any = None,
    lang: Language = "en",
) -> CleanList:
    """Sort a contact list into what to keep, retry, remove and verify.

    Every contact is in exactly one list, with its own columns, in its own
    order. A contact that nothing was ever sent to is kept, and to be
    verified; so is one whose bounces are not borne out by what was sent.

    Parameters
    ----------
    df : DataFrame or Outcomes
        A classified bounce table, not changed.
    contacts : DataFrame, path or addresses
        The contact list: a table, a CSV file of any dialect and character
        set, a workbook.
    policy : Policy, optional
        The numbers; ``Policy()`` by default.
    sends : DataFrame or path, optional
        A sends table with message ids: evidence of what was sent.
    column : str, optional
        Name of the address column, where it is not recognised.
    tz : str
        IANA zone of the days to verify and of the times that are written.
    as_of : str or Timestamp, optional
        The moment to judge at; the latest time in ``df`` by default.
    lang : {'en', 'zh'}
        Language of ``why`` and of what is written.

    Returns
    -------
    CleanList
        ``keep``, ``retry``, ``remove``, ``verify``, ``calendar``, ``counts``;
        ``write("folder")`` or ``write("lists.xlsx")`` makes the files.

    Raises
    ------
    InputNotFoundError
        If the contact list does not exist.
    TableError
        If no column of it holds addresses, or the bounce table lacks a column.
    BouncekitError
        If ``tz``, ``lang`` or ``as_of`` is not known.
    """
    check_language(lang)
    tz = zone(tz).key
    found = read_contacts(contacts, column)
    judged = judge(df, policy, sends, found, as_of)
    addresses = found.addresses()
    keys = recipient_keys(pd.DataFrame({"recipient": addresses}))
    place = _places(judged, keys)
    added = _joined(judged, place)
    lists = _lists(judged, place, keys.notna().to_numpy())
    as_of = judged.table.attrs["as_of"]
    chosen = judged.table.attrs["policy"]
    added["list"] = pd.Categorical(lists, list(LISTS))
    added["verify_on"] = _verify_on(added, keys.notna(), as_of, chosen, tz)
    given_back = release(judged.messages, lang=lang)
    refused = recipient_keys(given_back)
    given_back = given_back[refused.isin(keys).to_numpy()].reset_index(drop=True)
    added["released"] = keys.notna() & keys.isin(refused)
    added["why"] = _whys(added, place >= 0, keys.notna().to_numpy(), lang)
    names = {name: _free(name, found.table) for name in ADDED}
    table = found.table.copy()
    for name in ADDED:
        table[names[name]] = added[name].array
    others = (judged.table["state"] == "remove").to_numpy(copy=True)
    others[place[place >= 0]] = False
    return CleanList(table, found, names, as_of, chosen, tz, lang, given_back, int(others.sum()))


def _places(judged: Judgement, keys: pd.Series) -> Ints:
    """Give for each contact the row of its address in the judgement, -1 for none."""
    known = recipient_keys(judged.table)
    found = pd.Index(known).get_indexer(pd.Index(keys))
    return np.where(keys.notna(), found, -1).astype(np.int64)


def _joined(judged: Judgement, place: Ints) -> pd.DataFrame:
    """Give each contact what is known of its address: the judgement, and the deciding event."""
    known = judged.table[[*_JUDGED, "state"]].reset_index(drop=True)
    events = judged.messages.table
    absent = [name for name in _EVIDENCE if name not in events]
    events = events.reindex(columns=[*events.columns, *absent])
    row = np.where(place >= 0, np.append(judged.row, -1)[place], -1)
    said = events.reset_index(drop=True)[["timestamp", *_EVIDENCE]]
    said = said.rename(columns={"timestamp": "decided_at"})
    # -1 is no label of either table, so that such rows are missing throughout.
    added = known.reindex(place).reset_index(drop=True)
    return added.join(said.reindex(row).reset_index(drop=True))


def _lists(judged: Judgement, place: Ints, addressed: Bools) -> npt.NDArray[np.object_]:
    state = np.append(judged.table["state"].astype("str").to_numpy(), "ok")[place]
    named = np.array([_LIST_OF[name] for name in state], dtype=object)
    return np.where(addressed, named, "verify")


def _verify_on(
    added: pd.DataFrame, addressed: pd.Series, as_of: pd.Timestamp, policy: Policy, tz: str
) -> pd.Series:
    """Give the day of the calendar; what is in doubt comes first, and some are never due."""
    doubted = added["list"] == "verify"
    taken = added["last_delivery"].mask(doubted)
    days = verification_days(taken, as_of, policy.verify_every, tz)
    return days.where(addressed.to_numpy() & added["list"].isin(["keep", "verify"]))


def _whys(added: pd.DataFrame, known: Bools, addressed: Bools, lang: Language) -> pd.Series:
    """Say of each contact why it is in its list; few sentences are distinct."""
    keys = pd.DataFrame(
        {
            "state": added["state"].astype("object"),
            "cause": added["cause"].astype("object"),
            "reason": added["reason"].astype("object"),
            "took": added["last_delivery"].notna(),
            "known": known,
            "addressed": addressed,
            "released": added["released"],
        }
    ).fillna("")
    codes, distinct = pd.factorize(pd.MultiIndex.from_frame(keys))
    said = []
    for *key, known_one, addressed_one, released in distinct.tolist():
        if not addressed_one:
            said.append(words("why_no_address", lang))
        elif not known_one:
            said.append(words("why_never_mailed", lang))
        elif released and key[1] == "suppressed":
            said.append(words("why_release", lang))
        else:
            said.append(_why(*key, lang=lang))
    return pd.Series([said[code] for code in codes], dtype=TEXT)


def _why(state: str, cause: str, reason: str, took: bool, *, lang: Language) -> str:
    if state == "ok":
        return words("why_takes_mail" if took else "why_no_bounce", lang)
    entry = reasons().get(reason)
    label = entry.label[lang] if entry else ""
    if state in ("waiting", "retry"):
        ours = "ours" if entry and entry.heals == "sender" else state
        return words(f"why_{ours}", lang, reason=label)
    said = cause_text(cause, lang)
    bounced = label and cause not in ("complaint", "unsubscribe", "suppressed")
    return words("why_cause", lang, reason=label, cause=said) if bounced else said


def _free(name: str, table: pd.DataFrame) -> str:
    """Name an added column so that none of the list's own is covered."""
    taken = {str(column) for column in table.columns}
    while name in taken:
        name = f"bouncekit_{name}"
    return name
