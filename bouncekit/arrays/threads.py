"""Work on both cores: Arrow and numpy leave Python's lock alone while they compute."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def usable_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_threads(function: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Apply a function to each item; results in the order of the items.

    What comes out is the same for any number of threads.
    """
    given = list(items)
    threads = min(usable_cores(), len(given))
    if threads < 2:
        return [function(item) for item in given]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(function, given))


def blocks(count: int, size: int) -> Iterator[slice]:
    """Cut ``count`` rows into slices of at most ``size``."""
    return (slice(start, min(start + size, count)) for start in range(0, count, size))


def ahead(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Apply a function to each item in threads, a few items ahead of what is asked for.

    Results come in the order of the items. Where the items break off with an
    error, the results of those before come first.
    """
    threads = usable_cores()
    if threads < 2:
        yield from map(function, items)
        return
    pending: deque[Future[R]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                pending.append(pool.submit(function, item))
                if len(pending) > threads:
                    yield pending.popleft().result()
        except OSError:
            yield from (future.result() for future in pending)
            raise
        yield from (future.result() for future in pending)
