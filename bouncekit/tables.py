"""From raw rows to the tidy bounce table: typed, located, identified."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bouncekit import addresses, identity
from bouncekit.schema import TEXT, TIME, dtypes
from bouncekit.texts import clean_column, scalars

_RAW_TEXT = (
    "enhanced_code", "diagnostic", "vendor_type", "message_id", "campaign", "sender",
    "sending_ip", "remote_mta",
)  # fmt: skip


def arrow_rows(rows: Sequence[dict], schema: pa.Schema) -> pa.Table:
    """Convert plain rows to a table of ``schema``; text becomes valid Unicode."""
    columns = []
    for field in schema:
        values = [row.get(field.name) for row in rows]
        try:
            columns.append(pa.array(values, field.type))
        except UnicodeEncodeError:
            columns.append(pa.array([v if v is None else scalars(v) for v in values], field.type))
    return pa.Table.from_arrays(columns, schema=schema)


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
        "recipient": _texts(clean_column(raw.column("recipient"))),
        "smtp_code": pd.array(raw.column("smtp_code").to_pandas(types_mapper=_INT16.get)),
        "source": _categories(raw.column("source"), types["source"]),
        "file": _texts(clean_column(raw.column("file"))),
        "item": pd.array(raw.column("item").to_pandas(types_mapper=_INT64.get)),
    }
    for name in _RAW_TEXT:
        columns[name] = _texts(clean_column(raw.column(name)))
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
    table = table.copy()
    found = identity.map_distinct(table["recipient"], addresses.clean)
    table["recipient"] = found
    table["domain"] = table["domain"].fillna(identity.map_distinct(found, addresses.domain_of))
    table["org_domain"] = table["org_domain"].fillna(
        identity.map_distinct(table["domain"], addresses.org_domain)
    )
    table["provider"] = table["provider"].fillna(_providers(table))
    table["event_id"] = table["event_id"].fillna(identity.event_ids(table))
    return table


def _providers(table: pd.DataFrame) -> pd.Series:
    counts = table.groupby(["domain", "remote_mta"], dropna=False, observed=True).size()
    domains, hosts = (counts.index.get_level_values(level) for level in (0, 1))
    chosen = addresses.providers_by_domain(
        (_none(domain), _none(host), int(count))
        for domain, host, count in zip(domains, hosts, counts, strict=True)
    )
    named = identity.map_distinct(table["domain"], chosen.get)
    return named.astype(dtypes()["provider"])


def _none(value: object) -> str | None:
    return value if isinstance(value, str) else None


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
