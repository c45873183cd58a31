"""The commands for contact lists: ``bouncekit clean``."""

import argparse
from pathlib import Path

from bouncekit import cli_options as options
from bouncekit.errors import BouncekitError
from bouncekit.settings import Settings
from bouncekit.terminal import say
from bouncekit.words import LANGUAGES


def _clean_options(part: argparse.ArgumentParser) -> None:
    options.source(part)
    part.add_argument(
        "--contacts", required=True, help="your contact list: CSV or Excel, e.g. contacts.xlsx"
    )
    part.add_argument(
        "-o", "--output", required=True, metavar="DIR",
        help="the folder to write, or a workbook, e.g. cleaned or cleaned.xlsx",
    )  # fmt: skip
    part.add_argument(
        "--address-column", help="which column of the list holds the addresses, e.g. 邮箱"
    )
    part.add_argument(
        "--sends", help="what was sent: CSV with message_id, recipient, timestamp, e.g. sends.csv"
    )
    part.add_argument("--as-of", help="the day to judge at, e.g. 2026-08-31; the last one read")
    options.policy(part)
    options.reading(part)
    part.add_argument("--lang", choices=LANGUAGES, help="language of the lists, e.g. zh")


def _clean(chosen: argparse.Namespace, settings: Settings) -> None:
    from bouncekit.lists.cleaning import clean
    from bouncekit.reading import read

    tz = chosen.tz or settings.tz
    _check_output(chosen.output, [*chosen.source, chosen.contacts])
    df = read(
        chosen.source,
        tz=tz,
        rules=chosen.rules or settings.rules,
        progress=False if chosen.quiet else None,
    )
    found = clean(
        df,
        chosen.contacts,
        options.policy_of(chosen, settings),
        chosen.sends,
        column=chosen.address_column,
        tz=tz or "UTC",
        as_of=chosen.as_of,
        lang=chosen.lang or settings.language,
    )
    written = found.write(chosen.output)
    say(found)
    for path in written:
        say(path)


def _check_output(target: str, inputs: list[str]) -> None:
    """Refuse a place that cannot be written, or where an input lies, before any work is done."""
    from bouncekit.lists.files import check_place

    check_place(Path(target))
    for source in map(Path, inputs):
        if Path(target).resolve() == source.resolve():
            msg = f"{target}: is an input; choose another name for the output"
            raise BouncekitError(msg)


CLEAN: options.Command = (
    "sort a contact list into keep, retry, remove and verify, and make suppression files",
    "bouncekit clean exports/ --contacts contacts.csv -o cleaned",
    _clean_options,
    _clean,
)
