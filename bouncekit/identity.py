"""Which events are the same event, and which rows speak of the same message.

The keys here are definition 3 of the table: message key, recipient key and
event id. Vendor event ids are never identity; providers change them on retries.
"""

import hashlib
import re
from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bouncekit import address_columns
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
    encoded = pc.dictionary_encode(arrow(values))
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    mapped = pa.array(
        [function(text) for text in encoded.dictionary.to_pylist()], pa.large_string()
    )
    return pd.Series(pd.array(mapped.take(encoded.indices), dtype=TEXT), index=values.index)


def message_keys(table: pd.DataFrame) -> pd.Series:
    """Return the message key of each row, missing where the row names no message."""
    return map_distinct(table["message_id"], message_key)


def recipient_keys(table: pd.DataFrame) -> pd.Series:
    """Return the matching key of each recipient, missing for masked and unknown ones."""
    found = address_columns.keys(arrow(table["recipient"]))
    return pd.Series(pd.array(found, dtype=TEXT), index=table.index)


def event_ids(table: pd.DataFrame) -> pd.Series:
    """Return the 128-bit id of each row as 32 hexadecimal digits.

    The id is made from message key, recipient key, event, time to the second
    and code, so that the same event read twice has the same id.
    """
    seconds = table["timestamp"].astype("int64") // 1_000_000
    seconds = seconds.where(table["timestamp"].notna(), 0)
    recipients = recipient_keys(table).fillna(table["recipient"])
    parts = [
        arrow(message_keys(table)),
        arrow(recipients),
        arrow(table["event"].astype("str")),
        pa.array(seconds.to_numpy()).cast(pa.large_string()),
        pa.array(table["smtp_code"], pa.int16(), from_pandas=True).cast(pa.large_string()),
        arrow(table["enhanced_code"]),
    ]
    # Rows that say hardly anything are told apart by their own words.
    bare = (table["timestamp"].isna() | recipients.isna()) & table["message_id"].isna()
    parts.append(arrow(table["diagnostic"].where(bare)))
    filled = [part.fill_null("") for part in parts]
    joined = pc.binary_join_element_wise(*filled, pa.scalar("\x1f", pa.large_string()))
    return pd.Series(pd.array(_digests(joined), dtype=TEXT), index=table.index)


def _digests(texts: pa.Array) -> pa.Array:
    blake = hashlib.blake2b
    lines = texts.cast(pa.large_binary()).to_pylist()
    found = [blake(line, digest_size=16).digest() for line in lines]
    # All the digits at once, cut every 32 places: a million small strings cost more.
    digits = b"".join(found).hex().encode("ascii")
    offsets = np.arange(0, 32 * len(found) + 1, 32, dtype=np.int64)
    return pa.LargeStringArray.from_buffers(len(found), pa.py_buffer(offsets), pa.py_buffer(digits))


def each_once(table: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Return the table with every event once, and how many rows that dropped.

    A row that stays without a diagnostic takes it, with its codes and the
    host that said it, from a dropped row of the same bounce.
    """
    drop = duplicates(table).to_numpy()
    kept = table[~drop].reset_index(drop=True)
    silent = np.flatnonzero(_same_bounce(kept) & kept["diagnostic"].isna().to_numpy())
    spoke = table[drop & _same_bounce(table) & table["diagnostic"].notna().to_numpy()]
    if len(silent) and len(spoke):
        told = pd.Series(np.arange(len(spoke)), index=_pairs(spoke))
        told = told[~told.index.duplicated() & told.index.notna()]
        found = _pairs(kept.iloc[silent]).map(told)
        filled = silent[found.notna().to_numpy()]
        words = spoke.iloc[found.dropna().astype(np.int64)]
        for name in ("diagnostic", "smtp_code", "enhanced_code", "remote_mta"):
            kept.loc[filled, name] = words[name].array
    return kept, int(drop.sum())


def duplicates(table: pd.DataFrame) -> pd.Series:
    """Mark the rows that repeat an event another row already tells of.

    Two rows are the same event when they have the same ``event_id``, or when
    both are bounces of the same message to the same recipient (the same
    bounce seen as mail and as webhook). Of such rows stays that of a source
    which reports what was sent too (it knows the campaign, and is a record of
    the message), then one with a diagnostic, then the first by source name,
    then the first read.

    Returns
    -------
    Series of bool
        True for each row to drop; index of ``table``.
    """
    silent = table["diagnostic"].isna().to_numpy()
    # Category codes follow the sorted source names; -1 (unknown) goes last.
    source = table["source"].cat.codes.to_numpy().astype(np.int32)
    source = np.where(source < 0, np.iinfo(np.int32).max, source)
    aside = ~table["source"].isin(_recorders()).to_numpy()
    order = np.lexsort((np.arange(len(table)), source, silent, aside))
    ranked = table.iloc[order]
    drop = ranked["event_id"].duplicated().to_numpy(copy=True)
    bounces = _same_bounce(ranked) & ~drop
    if bounces.any():
        pair = _pairs(ranked[bounces])
        drop[np.flatnonzero(bounces)[(pair.duplicated() & pair.notna()).to_numpy()]] = True
    mask = np.empty(len(table), dtype=bool)
    mask[order] = drop
    return pd.Series(mask, index=table.index)


def _same_bounce(table: pd.DataFrame) -> np.ndarray:
    """Mark the bounces that name their message, so that they can be told to be the same."""
    return ((table["event"] == "bounce") & table["message_id"].notna()).to_numpy()


def _pairs(table: pd.DataFrame) -> pd.Series:
    """Return message and recipient of each row in one text, missing where one is unknown."""
    return message_keys(table).str.cat(recipient_keys(table), sep="\x1f")


@cache
def _recorders() -> frozenset[str]:
    """Name the sources that report what was sent, or what was delivered, too."""
    # Imported here because readers know the schema, which is made with this module.
    from bouncekit.readers import readers

    return frozenset(reader.name for reader in readers() if reader.has_denominator)


def arrow(values: pd.Series) -> pa.Array:
    """Give a column of text as one Arrow array."""
    found = pa.array(values, from_pandas=True)
    if isinstance(found, pa.ChunkedArray):
        found = found.combine_chunks()
    return found.cast(pa.large_string())
