"""From raw rows to the tidy bounce table: typed, located, identified.

Two steps: :func:`prepared` does what each row tells by itself, part by part,
on another core while reading goes on; :func:`tidy` joins the parts and works
out what hangs on all of them.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from bouncekit import address_columns, addresses, identity
from bouncekit.arrays.encoding import arrow, combine, encode, encoded, look_up, one_array
from bouncekit.arrays.hashing import Hashes, hash_texts
from bouncekit.schema import TEXT, TIME, dtypes
from bouncekit.texts import clean_texts

_LARGE = pa.large_string()
_HASH = pa.binary(16)
_TEXTS = (
    "enhanced_code", "diagnostic", "vendor_type", "message_id", "campaign", "sender",
    "sending_ip", "remote_mta",
)  # fmt: skip
_PREPARED = pa.schema(
    [
        ("timestamp", pa.int64()),
        ("event", pa.int8()),  # places in the lists of values
        ("source", pa.int8()),
        ("smtp_code", pa.int16()),
        ("item", pa.int64()),
        ("file", pa.dictionary(pa.int32(), _LARGE)),
        ("recipient", _LARGE),
        ("domain", pa.dictionary(pa.int32(), _LARGE)),
        *((name, _LARGE) for name in _TEXTS),
        ("message_hash", _HASH),
        ("recipient_hash", _HASH),
    ]
)


def prepared(raw: Sequence[pa.Table]) -> pa.Table:
    """Do for some rows what needs no others: clean texts and addresses, hash keys.

    Parameters
    ----------
    raw : sequence of pyarrow.Table
        Some columns of ``readers._base.RAW_SCHEMA``, and ``file`` and ``source``.
    """
    rows = pa.concat_tables(raw, promote_options="default")

    def column(name: str) -> pa.Array:
        if name in rows.column_names:
            return one_array(rows.column(name))
        return pa.nulls(rows.num_rows, pa.string())

    texts = {name: clean_texts(column(name)) for name in ("file", "recipient", *_TEXTS)}
    cleaned, domains, keys = address_columns.located(texts["recipient"])
    columns = {
        **texts,
        "timestamp": column("timestamp"),
        "event": _places(column("event"), "event"),
        "source": _places(column("source"), "source"),
        "smtp_code": column("smtp_code"),
        "item": column("item"),
        "file": texts["file"].dictionary_encode(),
        "recipient": cleaned,
        "domain": domains.dictionary_encode(),
        "message_hash": _as_binary(hash_texts(identity.message_key_column(texts["message_id"]))),
        "recipient_hash": _as_binary(hash_texts(keys)),
    }
    return pa.table([columns[name] for name in _PREPARED.names], schema=_PREPARED)


def tidy(parts: Iterable[pa.Table]) -> pd.DataFrame:
    """Make the tidy bounce table of prepared parts; nothing is classified.

    Returns
    -------
    DataFrame
        Every column of the schema; ``bounce_type``, ``reason``, ``category``
        and ``rule`` are missing.
    """
    rows = pa.concat_tables(parts).unify_dictionaries()
    del parts
    size, types = rows.num_rows, dtypes()
    whole: dict[str, pa.Array] = {}
    for name in _PREPARED.names:
        whole[name] = one_array(rows.column(name))
        # A column in one piece is not held in many, too.
        rows = rows.drop_columns([name])
    columns: dict[str, object] = {name: _texts(whole[name]) for name in ("recipient", *_TEXTS)}
    columns["file"] = _texts(whole["file"].cast(_LARGE))
    columns["timestamp"] = pd.Series(whole["timestamp"].cast(_STAMP).to_pandas()).astype(TIME)
    for name, missing in (("smtp_code", pd.Int16Dtype()), ("item", pd.Int64Dtype())):
        columns[name] = pd.array(
            whole[name].to_pandas(types_mapper={whole[name].type: missing}.get)
        )
    for name in ("event", "source"):
        columns[name] = pd.Categorical.from_codes(whole[name].to_numpy(), dtype=types[name])
    for name in ("bounce_type", "reason", "category", "provider"):
        columns[name] = pd.Categorical.from_codes(np.full(size, -1, np.int8), dtype=types[name])
    columns["rule"] = columns["org_domain"] = columns["event_id"] = _texts(pa.nulls(size, _LARGE))
    domain = whole["domain"]
    columns["domain"] = _texts(domain.cast(_LARGE))
    table = pd.DataFrame({name: columns[name] for name in types}, copy=False)
    # What is known of a column needs no working out when it is asked for.
    places = domain.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    encoded.tell(table["domain"], (places, domain.dictionary))
    identity.message_hashes.tell(table["message_id"], _as_words(whole["message_hash"]))
    identity.recipient_hashes.tell(table["recipient"], _as_words(whole["recipient_hash"]))
    return _completed(table)


_STAMP = pa.timestamp("us", tz="UTC")
_NUMBERS = {pa.int16(): pd.Int16Dtype(), pa.int64(): pd.Int64Dtype()}


def complete(table: pd.DataFrame) -> pd.DataFrame:
    """Return a copy with domain, org_domain, provider and event_id worked out.

    Values that are already there stay; a provider is chosen once per domain.
    """
    return _completed(_with_domains(table))


def located(table: pd.DataFrame) -> pd.DataFrame:
    """Return a copy with clean addresses, and domain, org_domain and provider worked out."""
    return _with_hosts(_with_domains(table))


def _with_domains(table: pd.DataFrame) -> pd.DataFrame:
    table = table.copy()
    cleaned, domains, _ = address_columns.located(arrow(table["recipient"]))
    table["recipient"] = _texts(cleaned)
    _fill(table, "domain", lambda: pd.Series(_texts(domains), index=table.index))
    return table


def _completed(table: pd.DataFrame) -> pd.DataFrame:
    table = _with_hosts(table)
    _fill(table, "event_id", partial(identity.event_ids, table))
    return table


def _with_hosts(table: pd.DataFrame) -> pd.DataFrame:
    places, domains = encoded(table["domain"])
    names = domains.to_pylist()
    _fill(table, "org_domain", partial(_org_domains, table, places, names))
    _fill(table, "provider", partial(_providers, table, places, names))
    return table


def _fill(table: pd.DataFrame, name: str, make: Callable[[], pd.Series]) -> None:
    """Put values where there are none; a column of a million is not filled for nothing."""
    missing = table[name].isna()
    if missing.all():
        table[name] = make()
    elif missing.any():
        table[name] = table[name].fillna(make())


def _org_domains(table: pd.DataFrame, places: npt.NDArray, names: list[str]) -> pd.Series:
    found = pa.array([addresses.org_domain(name) for name in names], _LARGE)
    taken = found.take(pa.array(places, mask=places < 0))
    return pd.Series(_texts(taken), index=table.index)


def _providers(table: pd.DataFrame, places: npt.NDArray, names: list[str]) -> pd.Series:
    hosts, named = encode(arrow(table["remote_mta"]))
    pairs, first = combine([(places, len(names)), (hosts, len(named))], len(table))
    counts = np.bincount(pairs, minlength=len(first))
    told = [*names, None]
    seen = [*named.to_pylist(), None]
    chosen = addresses.providers_by_domain(
        (told[places[row]], seen[hosts[row]], int(count))
        for row, count in zip(first.tolist(), counts, strict=True)
    )
    dtype = dtypes()["provider"]
    known = dtype.categories.get_indexer([chosen.get(name) for name in names])
    codes = look_up(known.astype(np.int8), places)
    return pd.Series(pd.Categorical.from_codes(codes, dtype=dtype), index=table.index)


def _texts(column: pa.Array) -> pd.api.extensions.ExtensionArray:
    return pd.array(column, dtype=TEXT)


def _places(column: pa.Array, name: str) -> pa.Array:
    """Give each value's place in the full list of values."""
    encoded_ = column.dictionary_encode()
    places = dtypes()[name].categories.get_indexer(encoded_.dictionary.to_pylist())
    found = pa.array(places, pa.int8()).take(encoded_.indices)
    return found.fill_null(-1)


def _as_binary(hashes: Hashes) -> pa.Array:
    return pa.FixedSizeBinaryArray.from_buffers(_HASH, len(hashes), [None, pa.py_buffer(hashes)])


def _as_words(hashes: pa.Array) -> Hashes:
    return np.frombuffer(hashes.buffers()[1], np.uint64).reshape(-1, 2)[: len(hashes)]
