"""Raw bounce mail: bytes to classified rows, beside bare MIME parsers."""

import email
from contextlib import suppress
from pathlib import Path

import fast_mail_parser
import mailparser

import bouncekit as bk
from benchmarks.harness import Result, measure
from benchmarks.inputs import copies, mbox, raw_messages


def run(folder: Path, quick: bool) -> list[Result]:
    """Read an mbox of real messages; the peers only take the MIME apart."""
    messages = raw_messages()
    count = len(messages) * (4 if quick else 40)
    same = copies(messages, count)
    path = mbox(folder / "bounces.mbox", same)

    def rust() -> None:
        for raw in same:
            with suppress(Exception):
                fast_mail_parser.parse_email(raw)

    def python(few: list[bytes]) -> None:
        for raw in few:
            with suppress(Exception):
                mailparser.parse_from_bytes(raw)

    few = same[: max(len(messages), count // 10)]
    scale = count / len(few)
    bare = measure(rust)
    slow = measure(lambda: python(few), 3) * scale
    library = measure(lambda: [email.message_from_bytes(raw) for raw in few], 3) * scale
    one = measure(lambda: bk.read(path, progress=False, workers=1))
    both = measure(lambda: bk.read(path, progress=False, workers=2))
    return [
        Result("bare fast-mail-parser (parse_email)", count, bare),
        Result("bare mail-parser", count, slow),
        Result("bare email.message_from_bytes", count, library),
        Result("bk.read mbox, one core", count, one, "fast-mail-parser", bare, 3.0),
        Result("bk.read mbox, one core", count, one, "mail-parser", slow, 0.1),
        Result("bk.read mbox, two cores", count, both, "one core", one, 1 / 1.7),
    ]
