"""What the lines of a log say of one message in the queue, until its delivery is told."""

from dataclasses import dataclass, field

from bouncekit.readers._base import Row

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
    """

    sender: str | None = None
    message_id: str | None = None
    deferred: dict[str, Row] = field(default_factory=dict)


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
