"""One module per export format; each is found by being here.

A module without a leading underscore has a ``READER``. To add a format, add
a module and its fixture folder (CONTRIBUTING.md).
"""

import importlib
import pkgutil
from functools import cache

from bouncekit.errors import BouncekitError
from bouncekit.readers._base import Reader


@cache
def source_names() -> tuple[str, ...]:
    """Give the permanent names of all readers, sorted, without importing them."""
    return tuple(
        sorted(
            module.name
            for module in pkgutil.iter_modules(__path__)
            if not module.name.startswith("_")
        )
    )


@cache
def readers() -> tuple[Reader, ...]:
    """Import and return every reader, sorted by name."""
    found = []
    for name in source_names():
        reader = reader_named(name)
        if reader.name != name:
            msg = f"reader module {name!r} names itself {reader.name!r}; the two must agree"
            raise BouncekitError(msg)
        found.append(reader)
    return tuple(found)


def reader_named(name: str) -> Reader:
    """Import and return one reader."""
    reader: Reader = importlib.import_module(f"{__name__}.{name}").READER
    return reader
