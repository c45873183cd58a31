"""Options of the command line that several commands share."""

import argparse
from collections.abc import Callable
from typing import Any, TypeAlias

from bouncekit.settings import Settings

Command: TypeAlias = tuple[
    str,
    str,
    Callable[[argparse.ArgumentParser], None],
    Callable[[argparse.Namespace, Settings], int | None],
]
"""What a command does, an example, its options, and the function that runs it."""
_POLICY = ("soft_limit", "wait", "min_span")


def source(part: argparse.ArgumentParser) -> None:
    """Add what is to be read."""
    part.add_argument(
        "source",
        nargs="+",
        metavar="SRC",
        help="files, folders or archives with exports, logs, bounce mail, e.g. exports/",
    )


def reading(part: argparse.ArgumentParser) -> None:
    """Add how it is to be read."""
    part.add_argument(
        "--tz", help="your time zone, e.g. Asia/Shanghai: days, and times that name no zone"
    )
    part.add_argument("--rules", help="a file with rules of your own, e.g. my-rules.toml")
    part.add_argument(
        "--quiet", action="store_true", help="no progress bar, e.g. for a scheduled job"
    )


def policy(part: argparse.ArgumentParser) -> None:
    """Add the numbers of the policy for addresses."""
    part.add_argument("--soft-limit", type=int, help="soft bounces in a row that remove, e.g. 4")
    part.add_argument("--wait", help="time between tries, e.g. 2D or 12h")
    part.add_argument("--min-span", help="least time from first to last of them, e.g. 7D")


def policy_of(chosen: argparse.Namespace, settings: Settings) -> Any:
    """Make the policy of bouncekit.toml, changed by what the command line says."""
    from bouncekit.analysis.policy import Policy

    said = {name: getattr(chosen, name) for name in _POLICY if getattr(chosen, name) is not None}
    numbers = settings.policy | said
    return Policy(**numbers) if numbers else None
