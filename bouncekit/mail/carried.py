"""Bounces that travel inside another message: forwarded as attachments, or wrapped by a filter.

A mail client that forwards as an attachment adds no words; a spam filter that
puts the suspect inside its own report opens with words we know. A person who
attaches a bounce and writes about it sends ordinary mail.
"""

from bouncekit.mail.engine import Engine, Message, OpenError, attached_messages, open_message
from bouncekit.mail.rows import message_rows
from bouncekit.mail.wordlists import begins
from bouncekit.readers._base import BadItem, Row, SkipItem

MAX_CARRIED = 1_000
"""Messages inside one that are read."""
_OPENING = 60


def is_wrapper(message: Message) -> bool:
    """Say whether a filter put the real message inside this one."""
    return begins("wrapper", message.plain[:_OPENING].lower())


def is_envelope(message: Message) -> bool:
    """Say whether the message says nothing itself and only carries others."""
    return bool(message.original) and not message.text.strip()


def carried_rows(raw: bytes, engine: Engine) -> list[Row]:
    """Make the rows of the messages that a message carries; those that tell nothing give none."""
    rows: list[Row] = []
    for inner in attached_messages(raw)[:MAX_CARRIED]:
        try:
            rows += message_rows(open_message(inner, engine))
        except (OpenError, SkipItem, BadItem):
            continue
    return rows
