"""From raw rows to the tidy bounce table: typed, located, identified."""

from collections.abc import Callable, Iterable
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bouncekit import address_columns, addresses, identity
from bouncekit.arrays.encoding import arrow
from bouncekit.schema import TEXT, TIME, dtypes
from bouncekit.texts import clean_column

_RAW_TEXT = (
    "enhanced_code", "diagnostic", "vendor_type", "message_id", "campaign", "sender",
    "sending_ip", "remote_mta",
)  # fmt: skip


def tidy(chunks: Iterable[pa.Table]) -> pd.DataFrame:
    """Make the tidy bounce table from raw Arrow tables; nothing is classified.

    Parameters
    ----------
    chunks : iterable of pyarrow.Table
        Columns of ``readers._base.RAW_SCHEMA`` plus ``file`` and ``source``.

    Returns
    -------
    DataFrame
        Every column of the schema; ``bounce_type``, ``reason``, ``category``
        and ``rule`` are missing.
    """
    raw = pa.concat_tables(list(chunks), promote_options="default")
    size = raw.num_rows
    types = dtypes()
    columns: dict[str, object] = {
        "timestamp": _times(raw.column("timestamp")),
        "event": _categories(raw.column("event"), types["event"]),
        "recipient": _texts(clean_column(raw.column("recipient"), repeats=False)),
        "smtp_code": pd.array(raw.column("smtp_code").to_pandas(types_mapper=_INT16.get)),
        "source": _categories(raw.column("source"), types["source"]),
        "file": _texts(clean_column(raw.column("file"))),
        "item": pd.array(raw.column("item").to_pandas(types_mapper=_INT64.get)),
    }
    for name in _RAW_TEXT:
        columns[name] = _texts(clean_column(raw.column(name), repeats=name != "message_id"))
    for name, dtype in types.items():
        if name not in columns:
            columns[name] = pd.Series(pd.NA, index=range(size), dtype=dtype)
    return complete(pd.DataFrame({name: columns[name] for name in types}))


_INT16 = {pa.int16(): pd.Int16Dtype()}
_INT64 = {pa.int64(): pd.Int64Dtype()}


def complete(table: pd.DataFrame) -> pd.DataFrame:
    """Return a copy with domain, org_domain, provider and event_id worked out.

    Values that are already there stay; a provider is chosen once per domain.
    """
    table = located(table)
    _fill(table, "event_id", partial(identity.event_ids, table))
    return table


def located(table: pd.DataFrame) -> pd.DataFrame:
    """Return a copy with clean addresses, and domain, org_domain and provider worked out."""
    table = table.copy()
    cleaned, domains = address_columns.clean(arrow(table["recipient"]))
    table["recipient"] = _texts(cleaned)
    _fill(table, "domain", lambda: pd.Series(_texts(domains), index=table.index))
    _fill(table, "org_domain", partial(_by_domain, table, addresses.org_domain))
    _fill(table, "provider", partial(_providers, table))
    return table


def _fill(table: pd.DataFrame, name: str, make: Callable[[], pd.Series]) -> None:
    """Put values where there are none; a column of a million is not filled for nothing."""
    missing = table[name].isna()
    if missing.all():
        table[name] = make()
    elif missing.any():
        table[name] = table[name].fillna(make())


def _by_domain(table: pd.DataFrame, function: Callable[[str], str | None]) -> pd.Series:
    return identity.map_distinct(table["domain"], function)


def _providers(table: pd.DataFrame) -> pd.Series:
    names = ["domain", "remote_mta"]
    pairs = pa.table([arrow(table[name]) for name in names], names=names)
    counts = pairs.group_by(names).aggregate([([], "count_all")])
    columns = (counts.column(name).to_pylist() for name in [*names, "count_all"])
    chosen = addresses.providers_by_domain(zip(*columns, strict=True))
    named = pa.chunked_array([arrow(_by_domain(table, chosen.get))])
    return pd.Series(_categories(named, dtypes()["provider"]), index=table.index)


def _times(column: pa.ChunkedArray) -> pd.Series:
    stamped = column.cast(pa.timestamp("us", tz="UTC"))
    return pd.Series(stamped.to_pandas()).astype(TIME)


def _texts(column: pa.Array | pa.ChunkedArray) -> pd.api.extensions.ExtensionArray:
    # One chunk: what works on whole columns need not think of several.
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return pd.array(whole.cast(pa.large_string()), dtype=TEXT)


def _categories(column: pa.ChunkedArray, dtype: pd.CategoricalDtype) -> pd.Categorical:
    encoded = pc.dictionary_encode(column).combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.chunk(0) if encoded.num_chunks else encoded
    known = {name: code for code, name in enumerate(dtype.categories)}
    codes = np.array([known[name] for name in encoded.dictionary.to_pylist()], dtype=np.int64)
    indices = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    taken = np.where(indices < 0, -1, codes[indices] if len(codes) else -1)
    return pd.Categorical.from_codes(taken, dtype=dtype)
