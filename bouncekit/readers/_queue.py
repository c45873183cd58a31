"""What the lines of a log say of one message in the queue, until its delivery is told."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from bouncekit.accounting import Ledger
from bouncekit.inputs.sources import Blob
from bouncekit.readers import _syslog
from bouncekit.readers._base import Chunk, Options, Rotated, Row, in_chunks, outcome_of

MAX_QUEUE = 200_000
"""Messages remembered at a time; the longest untouched is forgotten first."""


@dataclass(slots=True)
class Message:
    """One message under way.

    Parameters
    ----------
    sender : str or None
        Envelope sender; empty for a bounce of the server's own, None where
        no line has told.
    message_id : str or None
        Message-ID without ``<>``.
    deferred : dict
        Recipient to the row of its last deferral.
    words : str or None
        What the receiver said on a line of its own.
    """

    sender: str | None = None
    message_id: str | None = None
    deferred: dict[str, Row] = field(default_factory=dict)
    words: str | None = None


class Queue:
    """The messages under way, by host and queue id (ids are used again)."""

    def __init__(self) -> None:
        self._messages: dict[tuple[str, str], Message] = {}

    def message(self, host: str, queue_id: str) -> Message:
        """Return the message of that id, a new one where none is known."""
        key = (host, queue_id)
        found = self._messages.get(key)
        if found is None:
            found = self._messages[key] = Message()
            if len(self._messages) > MAX_QUEUE:
                del self._messages[next(iter(self._messages))]
        return found

    def touch(self, host: str, queue_id: str) -> Message:
        """Return the message of that id and keep it longer than those before it."""
        found = self._messages.pop((host, queue_id), None) or Message()
        self._messages[host, queue_id] = found
        return found

    def forget(self, host: str, queue_id: str) -> None:
        """Drop a message that has left the queue."""
        self._messages.pop((host, queue_id), None)


def entered(
    ledger: Ledger,
    number: int,
    message: Message,
    take: Callable[[Message, str], list[Row]],
    told: str,
    moment: Callable[[], int | None],
) -> list[Row]:
    """Make the rows of one line and enter it in the account; none where it gives none.

    Parameters
    ----------
    ledger, number
        The account, and the line's number.
    message : Message
        What is known of the message that the line is about.
    take : callable
        The message and the text of the line to rows; raises as the parse
        function of a :class:`~bouncekit.readers._base.ByItem` does.
    told : str
        The text of the line.
    moment : callable
        Gives the line's time; not called for a line without rows.
    """
    rows = outcome_of(take, message, told)
    if isinstance(rows, tuple):
        ledger.without_rows(number, *rows)
        return []
    ledger.read += 1
    when = moment() if rows else None
    for row in rows:
        row["item"], row["timestamp"] = number, when
        row["sender"], row["message_id"] = message.sender, message.message_id
    return rows


Lines: TypeAlias = Callable[[Blob, _syslog.Clock, Ledger, Queue], Iterator[list[Row]]]


def syslog_of_queue(rows: Lines) -> Rotated[Queue]:
    """Make the ``read`` function of a mail server's syslog.

    Parameters
    ----------
    rows : callable
        Gives the rows of each line of a file; what it learns of messages
        under way it keeps in the queue, for the next file of the folder.
    """

    def read(blob: Blob, options: Options, ledger: Ledger, queue: Queue) -> Iterator[Chunk]:
        clock = _syslog.Clock(blob, options.tz)
        try:
            yield from in_chunks(rows(blob, clock, ledger, queue))
        finally:
            clock.note(options, ledger)

    return Rotated(read, Queue, _syslog.begins)
