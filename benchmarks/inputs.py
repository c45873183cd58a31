"""Inputs of a stated size, made anew in a temporary folder."""

import json
import os
import random
import re
from pathlib import Path

TEXTS = (
    "550 5.1.1 <{a}>: Recipient address rejected: User unknown in virtual mailbox table",
    "550-5.1.1 The email account that you tried to reach does not exist. gsmtp {i}",
    "552 5.2.2 <{a}>: user is over quota",
    "550 5.7.1 Service unavailable; Client host [203.0.113.{b}] blocked using zen.spamhaus.org",
    "421 4.7.0 [TSS04] Messages from 203.0.113.{b} temporarily deferred due to user complaints",
    "550 5.4.1 Recipient address rejected: Access denied. AS(201806281) [mx{i}.example.com]",
    "452 4.2.2 The recipient's inbox is out of storage space {i}",
    "554 5.7.1 message refused: spam content {i}",
)


def raw_messages() -> list[bytes]:
    """Give real bounce messages (BOUNCEKIT_CORPUS), LF line ends."""
    folder = os.environ.get("BOUNCEKIT_CORPUS")
    if not folder:
        msg = "set BOUNCEKIT_CORPUS to a folder of real bounces (it has eml/ in it)"
        raise SystemExit(msg)
    return [path.read_bytes() for path in sorted(Path(folder, "eml").glob("*.eml"))]


def copies(messages: list[bytes], count: int, first: int = 0) -> list[bytes]:
    """Give ``count`` messages, each copy with ids and addresses of its own, from number ``first``.

    So nothing is remembered from one copy to the next that real mail would
    not repeat.
    """
    found = []
    for number in range(first, first + count):
        raw = messages[number % len(messages)].replace(b"\r\n", b"\n")
        found.append(_BRACKETED.sub(rb"<\1.%d@" % number, raw))
    return found


_BRACKETED = re.compile(rb"<([A-Za-z0-9_.-]{1,60})@")


def mbox(path: Path, messages: list[bytes]) -> Path:
    """Write messages as one mbox."""
    with path.open("wb") as stream:
        for raw in messages:
            body = raw.replace(b"\nFrom ", b"\n>From ")
            stream.write(b"From MAILER-DAEMON Mon Mar  2 09:00:00 2026\n" + body + b"\n\n")
    return path


def _events(count: int, *, distinct: bool, seed: int = 1) -> list[tuple[str, int, str, str]]:
    """Give ``(address, time, text, code)``; of the texts 1 % or nearly all are distinct."""
    dice = random.Random(seed)
    variety = count if distinct else max(1, count // 200)
    found = []
    for number in range(count):
        address = f"user{dice.randrange(count)}@company{dice.randrange(5_000)}.example"
        text = dice.choice(TEXTS).format(a=address, i=number % variety, b=number % 250)
        if not distinct:
            text = text.replace(address, "user@company.example")
        found.append((address, 1_767_225_600 + number, text, text[4:9] if text[3] == " " else ""))
    return found


def suppression_csv(path: Path, count: int, *, distinct: bool) -> Path:
    """Write a SendGrid suppression CSV."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.write("status,reason,email,created\n")
        for address, when, text, code in _events(count, distinct=distinct):
            stream.write(f'{code},"{text}",{address},{when}\n')
    return path


def webhook_json(path: Path, count: int, *, distinct: bool) -> Path:
    """Write SendGrid webhook events, one JSON object a line."""
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        for number, (address, when, text, code) in enumerate(_events(count, distinct=distinct)):
            event = {
                "email": address,
                "timestamp": when,
                "smtp-id": f"<{number:012d}@mail.example.com>",
                "event": "bounce",
                "category": "spring",
                "sg_event_id": f"e{number:020d}",
                "sg_message_id": f"m{number:016d}.filter0001.1",
                "reason": text,
                "status": code,
                "type": "bounce",
                "ip": "203.0.113.7",
            }
            stream.write(json.dumps(event) + "\n")
    return path
