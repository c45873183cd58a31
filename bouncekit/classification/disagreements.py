"""Where the exporter's own class and our reading of a failure differ.

The exporter's class stays in ``vendor_type``; what it claims by that word is
data (``exporters.toml``). Ours comes from the rules, which go by the receiving
server's words first.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd
import pyarrow as pa

from bouncekit.classification.classifier import classify
from bouncekit.classification.distinct import vendor_word
from bouncekit.classification.fingerprints import strip_varying
from bouncekit.classification.unknowns import without_recipient
from bouncekit.schema import TEXT, require
from bouncekit.texts import one_line

CLASSES = ("hard", "soft", "block", "undetermined")
"""What an exporter can claim. Those that have no word for a block file it under hard or soft."""

_COLUMNS = (
    *("source", "vendor_type", "vendor_class", "bounce_type", "reason"),
    *("count", "failures", "share", "examples"),
)
_KEYS = ["source", "vendor_type", "bounce_type", "reason"]
_BLOCKS = ("policy", "content")
_LONGEST = 200


@cache
def _claims() -> Mapping[str, Mapping[str, str]]:
    """Return for each source its words and what each claims."""
    text = files(__package__).joinpath("exporters.toml").read_text(encoding="utf-8")
    found: dict[str, dict[str, str]] = {}
    for entry in tomllib.loads(text)["exporter"]:
        words = {word: name for name in CLASSES for word in entry.get(name, ())}
        for source in entry["source"]:
            found.setdefault(source, {}).update(words)
    return found


@cache
def vendor_class(source: str, vendor_type: str) -> str | None:
    """Return what an exporter claims by a word of its own, one of :data:`CLASSES`.

    Parameters
    ----------
    source : str
        Name of the reader.
    vendor_type : str
        The exporter's word, as it stands in the column of that name.

    Returns
    -------
    str or None
        None where the word claims nothing that is known.

    Examples
    --------
    >>> vendor_class("ses", "Permanent/General")
    'hard'
    """
    claims, word = _claims().get(source, {}), vendor_word(vendor_type)
    if word in claims:
        return claims[word]
    begun = [known for known in claims if known.endswith("*") and word.startswith(known[:-1])]
    return claims[max(begun, key=len)] if begun else None


def disagreements(table: pd.DataFrame, examples: int = 3) -> pd.DataFrame:
    """List where the exporter's own class and our reading of a bounce differ.

    They differ where one says hard and the other does not, and where the
    exporter says block and our reading is no refusal of the sender or the
    message. A soft class fits a block: many exporters have no other word for
    it. Where either side is undetermined they do not contradict each other.

    Parameters
    ----------
    table : DataFrame
        A bounce table; bounces without a reason are classified first.
    examples : int
        Texts to show at most for each difference.

    Returns
    -------
    DataFrame
        One row per ``source``, ``vendor_type``, ``bounce_type`` and ``reason``,
        the most frequent first, with ``vendor_class`` (what the exporter claims
        by that word: hard, soft, block), ``count``, ``failures`` (bounces with
        that word), ``share`` (count of failures, 0 to 1) and ``examples`` (texts
        that differ, the most frequent first, one a line, with ``(recipient)``
        for the one whose mail failed). ``attrs``: ``bounces``, ``compared``
        (those where both sides say something) and ``differ``.

    Raises
    ------
    TableError
        If the table lacks a column.
    """
    require(table, "event", "diagnostic", "recipient", "category", *_KEYS)
    bounces = _classified(table[table["event"] == "bounce"].reset_index(drop=True))
    claimed, ours = _claimed(bounces), _read(bounces)
    both = claimed.isin(CLASSES[:-1]) & (ours != CLASSES[-1])
    fits = (claimed == ours) | ((claimed == "soft") & (ours == "block"))
    differ = both & ~fits
    found = _counted(bounces.assign(vendor_class=claimed), differ, examples)
    found.attrs |= {
        "bounces": len(bounces),
        "compared": int(both.sum()),
        "differ": int(differ.sum()),
    }
    return found


def _classified(bounces: pd.DataFrame) -> pd.DataFrame:
    """Classify what is not; the rest may have been decided by rules of the user's own."""
    undecided = bounces["reason"].isna()
    if not undecided.any():
        return bounces
    return pd.concat([bounces[~undecided], classify(bounces[undecided])]).loc[bounces.index]


def _claimed(bounces: pd.DataFrame) -> pd.Series:
    """Return the exporter's claim of each row, missing where there is none."""
    pairs = bounces[["source", "vendor_type"]].astype("object")
    distinct = pairs.dropna().drop_duplicates()
    known = {(one, word): vendor_class(one, word) for one, word in distinct.itertuples(index=False)}
    keys = zip(pairs["source"], pairs["vendor_type"], strict=True)
    return pd.Series([known.get(key) for key in keys], index=bounces.index, dtype=TEXT)


def _read(bounces: pd.DataFrame) -> pd.Series:
    """Return our reading of each row in the exporter's terms."""
    kind = bounces["bounce_type"].astype("object").fillna(CLASSES[-1])
    refused = (kind == "soft") & bounces["category"].isin(_BLOCKS)
    return pd.Series(np.where(refused, "block", kind), index=bounces.index, dtype=TEXT)


def _counted(bounces: pd.DataFrame, differ: pd.Series, examples: int) -> pd.DataFrame:
    words = ["source", "vendor_type"]
    bounces = bounces.astype(dict.fromkeys((*words, "bounce_type", "reason"), TEXT))
    odd = bounces[differ]
    groups = odd.groupby([*_KEYS, "vendor_class"], sort=True)
    found = groups.size().rename("count").reset_index()
    texts = [_examples(rows, examples) for _, rows in groups]
    found["examples"] = pd.Series(texts, index=found.index, dtype=TEXT)
    failures = bounces.groupby(words).size().rename("failures").reset_index()
    found = found.merge(failures, on=words, how="left")
    found["share"] = found["count"] / found["failures"]
    order = found.sort_values("count", ascending=False, kind="stable", ignore_index=True)
    return order[list(_COLUMNS)]


def _examples(rows: pd.DataFrame, count: int) -> str | None:
    """Give the most frequent texts, one of each kind, one a line."""
    told = rows.dropna(subset=["diagnostic"])
    if told.empty:
        return None
    kind = strip_varying(pa.array(told["diagnostic"], pa.large_string())).to_pylist()
    told = told.assign(kind=kind)
    often = told["kind"].value_counts(sort=True).head(count).index
    firsts = told.drop_duplicates("kind").set_index("kind").loc[often]
    pairs = zip(firsts["diagnostic"], firsts["recipient"], strict=True)
    return "\n".join(one_line(without_recipient(text, who))[:_LONGEST] for text, who in pairs)
