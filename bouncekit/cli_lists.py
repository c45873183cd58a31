"""The commands for the next mailing: ``bouncekit clean`` and ``bouncekit check``."""

import argparse
from pathlib import Path

from bouncekit import cli_options as options
from bouncekit.errors import BouncekitError
from bouncekit.settings import Settings
from bouncekit.terminal import complain, say
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


def _check_options(part: argparse.ArgumentParser) -> None:
    options.source(part)
    part.add_argument(
        "--max-hard", type=float, metavar="PERCENT", help="hard bounces that are fine, e.g. 2"
    )
    part.add_argument(
        "--max-total", type=float, metavar="PERCENT", help="all bounces that are fine, e.g. 3"
    )
    part.add_argument(
        "--max-complaint", type=float, metavar="PERCENT", help="complaints that are fine, e.g. 0.1"
    )
    part.add_argument("--since", help="the first day, or how many last days, e.g. 28D")
    part.add_argument(
        "--min-n", type=int, help="messages below which nothing is said, e.g. 500 (else 100; "
        "1,000 for complaints)",
    )  # fmt: skip
    part.add_argument("--sends", help="what was sent: CSV with date, sent, e.g. sends.csv")
    options.reading(part)
    part.add_argument("--lang", choices=LANGUAGES, help="language of the sentences, e.g. zh")


def _check(chosen: argparse.Namespace, settings: Settings) -> int:
    from bouncekit.analysis.watch import EXIT_CODES, UNKNOWN, check, worst
    from bouncekit.reading import read

    tz = chosen.tz or settings.tz
    lines = {name: getattr(chosen, name) for name in ("max_hard", "max_total", "max_complaint")}
    try:
        if all(line is None for line in lines.values()):
            msg = "give a line: --max-hard, --max-total or --max-complaint, in percent"
            raise BouncekitError(msg)
        df = read(
            chosen.source,
            tz=tz,
            rules=chosen.rules or settings.rules,
            progress=False if chosen.quiet else None,
        )
        found = check(
            df,
            chosen.sends,
            **lines,
            since=chosen.since,
            min_n=chosen.min_n,
            tz=tz or "UTC",
            lang=chosen.lang or settings.language,
        )
    except BouncekitError as error:
        # To a scheduler 1 means a rate above the line, so no error may end in it.
        complain(error)
        return EXIT_CODES[UNKNOWN]
    for sentence in found["sentence"]:
        say(sentence)
    return EXIT_CODES[worst(found)]


CHECK: options.Command = (
    "say whether rates are above a line; exits with 0 (fine), 1 (above) or 2 (cannot tell)",
    """bouncekit check exports/ --max-hard 2 --max-complaint 0.1 --since 28D

cron, every working day at 8, a mail only if a rate is above its line (one line):
  0 8 * * 1-5 bouncekit check ~/exports --max-hard 2 --quiet > out || mail -s bounces me < out

Windows Task Scheduler, every day at 8; the exit code stands under Last Run Result:
  schtasks /Create /TN bouncekit /SC DAILY /ST 08:00 /TR "bouncekit check C:\\mail --max-hard 2"
""",
    _check_options,
    _check,
)
