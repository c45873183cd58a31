"""Raw bounce mail: bytes to classified rows, beside bare MIME parsers."""

import email
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import fast_mail_parser
import mailparser

import bouncekit as bk
from benchmarks.harness import Result, measure
from benchmarks.inputs import copies, mbox, raw_messages

LONG = 60_000
"""Messages of a mailbox that is worth sharing between cores."""
HUGE = 2_000_000_000
"""Bytes of a mailbox that must be read in little memory."""
MEMORY = 1_000_000_000
"""Bytes that reading it may take at its peak."""
_PEAK = """
import resource, sys
import bouncekit as bk
bk.read(sys.argv[1], progress=False)
unit = 1 if sys.platform == "darwin" else 1024
who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
print(sum(resource.getrusage(one).ru_maxrss for one in who) * unit)
"""


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
    return [
        Result("bare fast-mail-parser (parse_email)", count, bare),
        Result("bare mail-parser", count, slow),
        Result("bare email.message_from_bytes", count, library),
        Result("bk.read mbox, one core", count, one, "fast-mail-parser", bare, 3.0),
        Result("bk.read mbox, one core", count, one, "mail-parser", slow, 0.1),
        *_cores(folder, messages, 6_000 if quick else LONG),
    ]


def _cores(folder: Path, messages: list[bytes], count: int) -> list[Result]:
    """Read a mailbox that is long enough to share, on one core and on two."""
    path = mbox(folder / "long.mbox", copies(messages, count))
    one = measure(lambda: bk.read(path, progress=False, workers=1), 3)
    both = measure(lambda: bk.read(path, progress=False, workers=2), 3)
    path.unlink()
    name = f"bk.read mbox of {count:,} messages"
    return [
        Result(f"{name}, one core", count, one),
        Result(f"{name}, two cores", count, both, "one core", one, 1 / 1.7),
    ]


def run_memory(folder: Path, quick: bool) -> list[Result]:
    """Read a large mailbox in a process of its own, whose memory is measured."""
    size = 100_000_000 if quick else HUGE
    messages = raw_messages()
    path, count = folder / "huge.mbox", 0
    with path.open("wb") as stream:
        while stream.tell() < size:
            some = copies(messages, len(messages), first=count)
            stream.write(mbox(folder / "some.mbox", some).read_bytes())
            count += len(some)
    start = time.perf_counter()
    told = subprocess.run(
        [sys.executable, "-c", _PEAK, str(path)], check=True, capture_output=True, text=True
    )
    seconds = time.perf_counter() - start
    path.unlink()
    work = f"bk.read mbox of {size / 1e9:.1f} GB, all processes"
    return [Result(work, count, seconds, memory=int(told.stdout), most=MEMORY)]
