"""Raw bounce mail: opening one message and telling what it says.

The way of one message: :mod:`engine` opens it into plain facts, :mod:`kind`
says what it is, :mod:`report` and :mod:`freetext` find who failed and in what
words, :mod:`rows` makes the rows.
"""

from bouncekit.mail.engine import Engine, Message, open_message
from bouncekit.mail.rows import message_rows

__all__ = ["Engine", "Message", "message_rows", "open_message"]
