"""The failures that no rule explains, and a draft of a rule for each."""

import json
import re

import pandas as pd
import pyarrow as pa

from bouncekit.classification.classifier import UNEXPLAINED, classify
from bouncekit.classification.fingerprints import normalise, strip_varying, words
from bouncekit.schema import TEXT, require
from bouncekit.taxonomy import FAILURES, reasons

_COLUMNS = ("fingerprint", "count", "share", "example", "smtp_code", "enhanced_code", "draft")
_PHRASE_WORDS = 6


def unknown(table: pd.DataFrame, top: int = 20) -> pd.DataFrame:
    """List the texts that no rule explains, the most frequent first.

    Parameters
    ----------
    table : DataFrame
        A bounce table; failures without a reason are classified first.
    top : int
        Rows to give at most.

    Returns
    -------
    DataFrame
        One row per fingerprint (the text without addresses, ids and times)
        with ``count``, ``share`` (of all failures, deferrals too, 0 to 1), an
        ``example`` with ``(recipient)`` for the one whose mail failed, its
        ``smtp_code`` and ``enhanced_code``, and ``draft``: a rule in TOML to
        complete and put into a rules file.

    Raises
    ------
    TableError
        If the table lacks a column.
    """
    require(table, "event", "reason", "diagnostic", "smtp_code", "enhanced_code")
    failed = table[table["event"].isin(FAILURES)].reset_index(drop=True)
    undecided = failed["reason"].isna()
    if undecided.any():
        # Only these: the others may have been decided by rules of the user's own.
        failed = pd.concat([failed[~undecided], classify(failed[undecided])]).loc[failed.index]
    left = failed[failed["reason"].isin(UNEXPLAINED) & failed["diagnostic"].notna()]
    prints = pd.Series(_fingerprints(left["diagnostic"]), index=left.index, dtype=TEXT)
    groups = left.assign(fingerprint=prints).groupby("fingerprint", sort=True)
    found = groups[["diagnostic", "smtp_code", "enhanced_code"]].first()
    found = found.rename(columns={"diagnostic": "example"}).assign(count=groups.size())
    found = found.sort_values("count", ascending=False, kind="stable").head(top).reset_index()
    first = left.assign(fingerprint=prints).drop_duplicates("fingerprint")
    who = dict(zip(first["fingerprint"], first.get("recipient", first["fingerprint"]), strict=True))
    found["example"] = pd.array(
        [
            without_recipient(text, who[name])
            for text, name in zip(found["example"], found["fingerprint"], strict=True)
        ],
        dtype=TEXT,
    )
    found["share"] = found["count"] / max(len(failed), 1)
    drafts = [draft_rule(text, number) for number, text in enumerate(found["fingerprint"], 1)]
    found["draft"] = pd.Series(drafts, index=found.index, dtype=TEXT)
    return found[list(_COLUMNS)]


def without_recipient(text: str, recipient: object) -> str:
    """Put a placeholder for the person whose mail failed: examples are passed on."""
    if not isinstance(recipient, str) or "@" not in recipient:
        return text
    local = recipient.rpartition("@")[0]
    for name in (recipient, local):
        if len(name) > 2:
            whole = rf"(?<![\w.-]){re.escape(name)}(?![\w-])"
            text = re.sub(whole, "(recipient)", text, flags=re.IGNORECASE)
    return text


def _fingerprints(texts: pd.Series) -> list[str | None]:
    stripped = strip_varying(pa.array(texts, pa.large_string()))
    return [None if text is None else normalise(text) for text in stripped.to_pylist()]


def draft_rule(fingerprint: str, number: int = 1) -> str:
    """Write the draft of a rule for one fingerprint, ready to be completed.

    Examples
    --------
    >>> print(draft_rule("550 gone fishing").splitlines()[3])
    text = ["gone fishing"]
    """
    spoken = [word for word in words(fingerprint) if not word.isdigit()]
    phrase = " ".join(spoken[:_PHRASE_WORDS] or words(fingerprint)[:1] or ["?"])
    choices = ", ".join(name for name in reasons() if name not in UNEXPLAINED)
    return "\n".join(
        (
            "[[rule]]",
            f'id = "my.rule-{number}"',
            f'reason = "unspecified"  # one of: {choices}',
            f"text = [{_quoted(phrase)}]",
            f"hit = {_quoted(fingerprint)}",
            'miss = "550 5.1.1 User unknown"',
            'note = ""',
            "",
        )
    )


def _quoted(text: str) -> str:
    """Write a TOML string; JSON quotes the same characters, save for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
