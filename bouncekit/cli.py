"""The command line: ``bouncekit report``, ``read``, ``explain``, ``new``, ``lab`` and so on."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from bouncekit import __version__, cli_lists
from bouncekit import cli_options as options
from bouncekit.errors import BouncekitError
from bouncekit.settings import Settings, load_settings
from bouncekit.terminal import complain, say, speak_utf8
from bouncekit.words import LANGUAGES, words

BAD_INPUT, BAD_USAGE, INTERRUPTED = 1, 2, 130
DEMO = Path("reports", "demo.html")
_NOTEBOOK = ("freq", "preset", "window", "min_failures", "min_days", "min_recipients")


class _Parser(argparse.ArgumentParser):
    """Says every mistake in one sentence, as the rest of the kit does."""

    def error(self, message: str) -> NoReturn:
        complain(f"{message}; see `{self.prog} --help`")
        raise SystemExit(BAD_USAGE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        What stands after ``bouncekit``; that of this process by default.

    Returns
    -------
    int
        0, or 1 for input that cannot be used, 2 for wrong usage, 130 when
        interrupted.
    """
    speak_utf8()
    try:
        chosen = _parser().parse_args(arguments)
        settings = load_settings()
        code = chosen.run(chosen, settings)
        sys.stdout.flush()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else BAD_USAGE
    except BouncekitError as error:
        complain(error)
        return BAD_INPUT
    except BrokenPipeError:
        # Whoever read the output has seen enough; Python would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        complain("interrupted; nothing was written")
        return INTERRUPTED
    return code or 0


def commands() -> tuple[str, ...]:
    """Return the names of all commands."""
    return tuple(_COMMANDS)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="bouncekit",
        description="Turn bounced mail into one table with a reason for every failure.",
        epilog="Settings that stay go into bouncekit.toml in the working folder.",
    )
    parser.add_argument("--version", action="version", version=f"bouncekit {__version__}")
    parts = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (help_text, example, add_options, run) in _COMMANDS.items():
        part = parts.add_parser(
            name,
            help=help_text,
            description=f"{help_text[0].upper()}{help_text[1:]}.",
            epilog=f"Example: {example}",
            # Several lines are set as they are.
            formatter_class=argparse.RawDescriptionHelpFormatter
            if "\n" in example
            else argparse.HelpFormatter,
        )
        add_options(part)
        part.set_defaults(run=run)
    return parser


# --- options -----------------------------------------------------------------


def _report_options(part: argparse.ArgumentParser) -> None:
    options.source(part)
    part.add_argument(
        "-o", "--output", default="report.html", help="the file to write, e.g. may.html"
    )
    part.add_argument("--sends", help="what was sent: CSV with date, sent, e.g. sends.csv")
    part.add_argument("--contacts", help="your contact list, e.g. contacts.csv")
    options.reading(part)
    part.add_argument("--freq", choices=["D", "W", "M", "Q"], help="days, weeks, ..., e.g. M")
    part.add_argument(
        "--preset", choices=["cold", "ses", "optin"], help="reference lines, e.g. ses"
    )
    options.policy(part)
    part.add_argument("--window", help="days by which a domain is judged, e.g. 14D")
    part.add_argument("--min-failures", type=int, help="failures that flag a domain, e.g. 5")
    part.add_argument("--min-days", type=int, help="on at least so many days, e.g. 3")
    part.add_argument("--min-recipients", type=int, help="to so many addresses, e.g. 2")
    part.add_argument(
        "--show-addresses", action="store_true", help="full addresses instead of pseudonyms"
    )
    part.add_argument(
        "--redact-domains", action="store_true", help="pseudonyms for the domains, too"
    )
    part.add_argument(
        "--pdf", metavar="FILE", help="print it as well, by Chrome, Edge or Chromium, e.g. may.pdf"
    )
    part.add_argument("--lang", choices=LANGUAGES, help="language of the report, e.g. zh")
    part.add_argument("--notebook", help="another notebook to run, e.g. my-report.ipynb")


def _read_options(part: argparse.ArgumentParser) -> None:
    options.source(part)
    part.add_argument(
        "-o", "--output", required=True, help="bounces.csv, bounces.parquet or bounces.xlsx"
    )
    options.reading(part)
    part.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="NAME=THEIRS",
        help="what a column is called in the file, e.g. recipient=邮箱 (may be repeated)",
    )
    part.add_argument("--redact", action="store_true", help="write pseudonyms instead of addresses")


def _explain_options(part: argparse.ArgumentParser) -> None:
    part.add_argument(
        "text", nargs="+", metavar="TEXT", help="a server's reply, or a message file (bounce.eml)"
    )
    part.add_argument("--rules", help="a file with rules of your own, e.g. my-rules.toml")
    part.add_argument("--lang", choices=LANGUAGES, help="language of the answer, e.g. zh")


def _sources_options(part: argparse.ArgumentParser) -> None:
    part.add_argument("name", nargs="?", help="one source in detail, e.g. mail")
    part.add_argument("--lang", choices=LANGUAGES, help="language of the answer, e.g. zh")
    part.add_argument(
        "--markdown", action="store_true", help="the whole guide as Markdown, e.g. for a wiki"
    )


def _new_options(part: argparse.ArgumentParser) -> None:
    part.add_argument("folder", metavar="DIR", help="the folder to make, e.g. my-bounces")
    part.add_argument("--lang", choices=LANGUAGES, help="language of the notebooks, e.g. zh")


def _lab_options(part: argparse.ArgumentParser) -> None:
    part.add_argument(
        "folder",
        metavar="DIR",
        nargs="?",
        default=".",
        help="where the notebooks lie, e.g. my-bounces",
    )
    part.add_argument("--no-browser", action="store_true", help="only print the address to open")


def _demo_options(part: argparse.ArgumentParser) -> None:
    part.add_argument("-o", "--output", help=f"the file to write, e.g. {DEMO.as_posix()}")
    part.add_argument("--quiet", action="store_true", help="no progress bar")


# --- commands ----------------------------------------------------------------


def _report(chosen: argparse.Namespace, settings: Settings) -> None:
    from bouncekit.reporting import printing
    from bouncekit.reporting.reports import report
    from bouncekit.writing import refuse_inputs

    refuse_inputs(chosen.output, chosen.source)
    if chosen.pdf:
        refuse_inputs(chosen.pdf, chosen.source)
        # Before minutes of work, not after them.
        printing.browser()
    parameters = {name: getattr(chosen, name) for name in _NOTEBOOK}
    written = report(
        chosen.source,
        chosen.output,
        sends=chosen.sends,
        contacts=chosen.contacts,
        rules=chosen.rules or settings.rules,
        tz=chosen.tz or settings.tz,
        policy=options.policy_of(chosen, settings),
        show_addresses=chosen.show_addresses,
        redact_domains=chosen.redact_domains,
        lang=chosen.lang or settings.language,
        notebook=chosen.notebook,
        key=settings.key,
        progress=False if chosen.quiet else None,
        **{name: value for name, value in parameters.items() if value is not None},
    )
    say(written)
    if chosen.pdf:
        say(printing.print_to_pdf(written, chosen.pdf))


def _read(chosen: argparse.Namespace, settings: Settings) -> None:
    from bouncekit.accounting import ingest
    from bouncekit.reading import read
    from bouncekit.redaction import project_key, redact
    from bouncekit.writing import check_target, refuse_inputs, write_table

    check_target(chosen.output)
    refuse_inputs(chosen.output, chosen.source)
    table = read(
        chosen.source,
        tz=chosen.tz or settings.tz,
        columns=_columns(chosen.column),
        rules=chosen.rules or settings.rules,
        progress=False if chosen.quiet else None,
    )
    account = ingest(table)
    if chosen.redact:
        table = redact(table, project_key(settings.key))
    write_table(table, chosen.output)
    for problem in account.problems[:10]:
        say(f"{problem.kind}: {problem.file}: {problem.reason}")
    if len(account.problems) > 10:
        say(f"... and {len(account.problems) - 10:,} more")
    say(account)
    say(chosen.output)


def _columns(pairs: Sequence[str]) -> dict[str, str]:
    columns = {}
    for pair in pairs:
        name, equals, theirs = pair.partition("=")
        if not equals or not theirs:
            msg = f"--column {pair}: write it as NAME=THEIRS, for instance recipient=邮箱"
            raise BouncekitError(msg)
        columns[name.strip()] = theirs
    return columns


def _explain(chosen: argparse.Namespace, settings: Settings) -> None:
    from bouncekit.classification.explanation import explain

    text = " ".join(chosen.text)
    what: str | Path = Path(text) if _is_file(text) else text
    rules = chosen.rules or settings.rules
    say(explain(what, lang=chosen.lang or settings.language, rules=rules))


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        # A long reply is no name that a file system would take.
        return False


def _sources(chosen: argparse.Namespace, settings: Settings) -> None:
    from bouncekit import guide

    lang = chosen.lang or settings.language
    if chosen.name:
        say(guide.one_source(chosen.name, lang))
    elif chosen.markdown:
        say(guide.page(lang).rstrip())
    else:
        say(guide.overview(lang))
        say()
        say(guide.hint(lang))


def _new(chosen: argparse.Namespace, settings: Settings) -> None:
    from bouncekit import workspace

    lang = chosen.lang or settings.language
    for placed in workspace.new(chosen.folder, lang):
        say(placed.sentence(lang))
    drop = Path(chosen.folder, workspace.DROP)
    say(words("workspace_next", lang, drop=drop, folder=chosen.folder))


def _lab(chosen: argparse.Namespace, settings: Settings) -> None:
    del settings
    import subprocess

    from bouncekit.workspace import lab_command

    command = lab_command(chosen.folder, browser=not chosen.no_browser)
    # The one command that starts another program: JupyterLab, in this very Python.
    ended = subprocess.run(command, check=False).returncode  # noqa: S603
    if ended:
        msg = f"JupyterLab ended with an error ({ended}); the lines above say why"
        raise BouncekitError(msg)


def _demo(chosen: argparse.Namespace, settings: Settings) -> None:
    from bouncekit.reporting.reports import report

    target = Path(chosen.output or DEMO)
    if not chosen.output:
        target.parent.mkdir(exist_ok=True)
    progress = False if chosen.quiet else None
    written = report(None, target, lang=settings.language, progress=progress)
    say("The report on the sample data; open it in a browser:")
    say(written.resolve())


_COMMANDS: dict[str, options.Command] = {
    "report": (
        "make a report to share: one HTML file that opens offline",
        "bouncekit report exports/ --sends sends.csv --tz Asia/Shanghai -o may.html",
        _report_options,
        _report,
    ),
    "read": (
        "read everything into one table: CSV, Parquet or Excel",
        "bouncekit read exports/ -o bounces.csv",
        _read_options,
        _read,
    ),
    "clean": cli_lists.CLEAN,
    "check": cli_lists.CHECK,
    "explain": (
        "say why one message came back, and what to do",
        'bouncekit explain "550 5.4.1 Recipient address rejected: Access denied"',
        _explain_options,
        _explain,
    ),
    "sources": (
        "list what can be read, and how to get it",
        "bouncekit sources mail",
        _sources_options,
        _sources,
    ),
    "new": (
        "make a folder of your own with the notebooks, or bring it up to date",
        "bouncekit new my-bounces",
        _new_options,
        _new,
    ),
    "lab": (
        "open the notebooks of a folder in JupyterLab",
        "bouncekit lab my-bounces",
        _lab_options,
        _lab,
    ),
    "demo": (
        "make the report on the sample data and print where it is",
        "bouncekit demo",
        _demo_options,
        _demo,
    ),
}
