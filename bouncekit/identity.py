"""Which events are the same event, and which rows speak of the same message.

The keys here are definition 3 of the table: message key, recipient key and
event id. Vendor event ids are never identity; providers change them on retries.

An event id is 128 bits, the same on every machine and in every version that
reads the same facts (:mod:`bouncekit.arrays.hashing`). It is the hash of six
64-bit integers: both halves of the hash of the message key, both of that of
the recipient key (of the address as written where it has no key), the time in
seconds since 1970 UTC (0 where there is none), and the first half of the hash
of ``event``, ``smtp_code`` and ``enhanced_code``, joined by U+001F. Of a row
that names no message, and lacks its time or its recipient too, the diagnostic
stands for the message key: such rows are told apart by their own words.
"""

import re
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bouncekit import address_columns
from bouncekit.arrays.encoding import arrow, combine, encode, replaced
from bouncekit.arrays.hashing import Hashes, hash_texts, hash_words, hexadecimal
from bouncekit.arrays.memory import remembered
from bouncekit.schema import TEXT

# SES names a message by the local part of the Message-ID that it writes.
_SES_ID = re.compile(r"^([0-9a-f]{16}-[0-9a-f-]{36}-[0-9]{6})(?:@[a-z0-9.-]*amazonses\.com)?$")
# SendGrid the same way, but only some of its events repeat the whole of it.
_SENDGRID_ID = re.compile(r"^([A-Za-z0-9_-]{16,64})@(?:geopod-)?ismtpd[a-z0-9.-]*$")
# Postmark's id for a message is the local part of the Message-ID that it writes.
_POSTMARK_ID = re.compile(r"^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@mtasv\.net$")
ODD_ID = r"[^!-;=?-~]|^$|@.*(?:amazonses\.com|ismtpd|mtasv\.net)"
"""Found in every id that :func:`message_key` does not return as it is (RE2)."""


def message_key(message_id: str | None) -> str | None:
    """Return the form in which message ids are matched with each other."""
    if not message_id:
        return None
    text = message_id.strip().strip("<>").strip()
    own = _SES_ID.match(text) or _SENDGRID_ID.match(text) or _POSTMARK_ID.match(text)
    return (own[1] if own else text) or None


def map_distinct(values: pd.Series, function: Callable[[str], str | None]) -> pd.Series:
    """Apply a function once to each distinct text and map the results back."""
    codes, texts = encode(arrow(values))
    mapped = pa.array([function(text) for text in texts.to_pylist()], pa.large_string())
    found = mapped.take(pa.array(codes, mask=codes < 0))
    return pd.Series(pd.array(found, dtype=TEXT), index=values.index)


def message_keys(table: pd.DataFrame) -> pd.Series:
    """Return the message key of each row, missing where the row names no message."""
    found = message_key_column(arrow(table["message_id"]))
    return pd.Series(pd.array(found, dtype=TEXT), index=table.index)


def recipient_keys(table: pd.DataFrame) -> pd.Series:
    """Return the matching key of each recipient, missing for masked and unknown ones."""
    found = address_columns.keys(arrow(table["recipient"]))
    return pd.Series(pd.array(found, dtype=TEXT), index=table.index)


def message_key_column(ids: pa.Array) -> pa.Array:
    """Return the message key of each id of a column."""
    if ids.null_count == len(ids):
        return ids
    return replaced(ids, pc.fill_null(pc.match_substring_regex(ids, ODD_ID), False), message_key)


@remembered
def message_hashes(values: pd.Series) -> Hashes:
    """Return the hash of each message key; zeros where there is none."""
    return hash_texts(message_key_column(arrow(values)))


@remembered
def recipient_hashes(values: pd.Series) -> Hashes:
    """Return the hash of each recipient's matching key; zeros where there is none."""
    return hash_texts(address_columns.keys(arrow(values)))


def event_ids(table: pd.DataFrame) -> pd.Series:
    """Return the 128-bit id of each row as 32 hexadecimal digits.

    The id is made from message key, recipient key, event, time to the second
    and code, so that the same event read twice has the same id.
    """
    moments, named = table["timestamp"], table["recipient"].notna().to_numpy()
    timed = moments.notna().to_numpy()
    recipients = recipient_hashes(table["recipient"])
    keyless = named & ~recipients.any(axis=1)
    recipients = _with_texts(recipients, keyless, table["recipient"])
    bare = table["message_id"].isna().to_numpy() & ~(timed & named)
    messages = _with_texts(message_hashes(table["message_id"]), bare, table["diagnostic"])
    seconds = np.where(timed, moments.astype("int64") // 1_000_000, 0)
    ids = hash_words(*messages.T, *recipients.T, seconds, _code_hashes(table))
    return pd.Series(pd.array(hexadecimal(ids), dtype=TEXT), index=table.index)


def _with_texts(hashes: Hashes, where: npt.NDArray[np.bool_], texts: pd.Series) -> Hashes:
    """Put the hashes of the texts themselves in some places."""
    if not where.any():
        return hashes
    hashes = hashes.copy()
    hashes[where] = hash_texts(arrow(texts[where]))
    return hashes


def _code_hashes(table: pd.DataFrame) -> npt.NDArray[np.uint64]:
    """Hash event and codes of each row; there are few combinations of them."""
    names = ["event", "smtp_code", "enhanced_code"]
    numbers, first = combine([_small_codes(table[name]) for name in names], len(table))
    rows = table[names].iloc[first].astype("str").fillna("").itertuples(index=False)
    texts = pa.array(["\x1f".join(row) for row in rows], pa.large_string())
    return hash_texts(texts)[:, 0][numbers]


def _small_codes(values: pd.Series) -> tuple[npt.NDArray[np.int64], int]:
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.cat.codes.to_numpy().astype(np.int64), len(values.cat.categories)
    if values.dtype == TEXT:
        codes, texts = encode(arrow(values))
        return codes, len(texts)
    codes = values.to_numpy(dtype=np.int64, na_value=-1)
    return codes, int(codes.max(initial=-1)) + 1
