"""Which records of sent mail a failure is held against: those of its own stream.

A stream is the mail of one sending system. A record (an event stream, a mail
log) knows its own stream and nothing of others: what Amazon SES sent says
nothing of what a salesperson's mailbox sent. A failure belongs to the stream
of a record when one of three marks is the same:

- the source that tells of it;
- the system that wrote its Message-ID: the part behind the ``@``, and for the
  ids of Amazon SES, SendGrid and Postmark their form;
- its sender: the address, or the domain of one made for each message (VERP).

A failure with neither Message-ID nor sender may belong to any stream, so every
record is held against it, but less firmly. A record speaks for its own days only, from its
first event to :data:`QUEUE_LIFE` after its last. A table of messages that the
user gives as what was sent speaks for every stream and day; with a column
``sender`` it speaks for those senders.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bouncekit.analysis._columns import micros
from bouncekit.analysis._grouping import QUEUE_LIFE, UNTIMED
from bouncekit.analysis._keys import Bools, Ints, encode
from bouncekit.analysis._messages import Outcomes
from bouncekit.arrays.encoding import look_up

_SES_ID = r"^[0-9a-f]{16}-[0-9a-f-]{36}-[0-9]{6}(?:@[a-z0-9.-]*amazonses\.com)?$"
_POSTMARK_ID = r"^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:@mtasv\.net)?$"
_FOR_ONE_MESSAGE = r"^[^@]*[+=][^@]*@"


@dataclass(frozen=True, slots=True)
class _Marks:
    """The marks of some rows as numbers (-1: none); equal numbers are equal marks."""

    source: Ints
    system: Ints
    sender: Ints


NO_RECORD, ANY_RECORD, OWN_RECORD = range(3)


def held_against(messages: Outcomes, failures: Ints, at: Ints) -> Ints:
    """Say for each failure which record of sends ought to know it.

    Parameters
    ----------
    failures : ndarray of int64
        Places of messages that failed.
    at : ndarray of int64
        When each failed; one without a time is of any day.

    Returns
    -------
    ndarray of int64
        ``NO_RECORD``; ``ANY_RECORD`` where the failure may be of any stream;
        ``OWN_RECORD`` where the record of its stream is at hand.
    """
    size = len(failures)
    records = [*_events(messages), *_given(messages)]
    if not size or not records:
        return np.full(size, NO_RECORD, dtype=np.int64)
    marks = _marks(messages, np.concatenate([messages.row[failures], *records]))
    mine = slice(0, size)
    unplaced = (marks.system[mine] < 0) & (marks.sender[mine] < 0)
    found, start = np.full(size, NO_RECORD, dtype=np.int64), size
    for rows in records:
        theirs = slice(start, start + len(rows))
        start += len(rows)
        same = _shared(marks.system[mine], marks.system[theirs])
        same |= _shared(marks.sender[mine], marks.sender[theirs])
        days = np.ones(size, dtype=bool)
        if rows[0] < messages.own_rows:
            same |= marks.source[mine] == marks.source[theirs.start]
            days = _in_its_days(messages, rows, at)
        elif messages.sends is not None and "sender" not in messages.sends.columns:
            same[:] = True
        held = np.where(same, OWN_RECORD, np.where(unplaced, ANY_RECORD, NO_RECORD))
        found = np.maximum(found, np.where(days, held, NO_RECORD))
    return found


def _events(messages: Outcomes) -> Iterator[Ints]:
    """List the rows of each source that reports sends or deliveries."""
    source = np.where(messages.group >= 0, messages.row_sources()[0], -2)[: messages.own_rows]
    recorders = np.flatnonzero(messages.recorders())
    # The last stands for rows that name no source.
    unnamed = len(messages.recorders()) - 1
    for code in recorders:
        rows = np.flatnonzero(source == (-1 if code == unnamed else code))
        if len(rows):
            yield rows


def _given(messages: Outcomes) -> list[Ints]:
    """List the rows of the sends table, if there are any."""
    rows = np.arange(messages.own_rows, len(messages.table))
    return [rows] if len(rows) else []


def _shared(mine: Ints, theirs: Ints) -> Bools:
    return (mine >= 0) & np.isin(mine, np.unique(theirs))


def _in_its_days(messages: Outcomes, record: Ints, at: Ints) -> Bools:
    times = micros(messages.table["timestamp"].iloc[record])
    times = times[times != UNTIMED]
    if not len(times):
        return np.ones(len(at), dtype=bool)
    return (at == UNTIMED) | ((at >= times.min()) & (at <= times.max() + QUEUE_LIFE))


def _marks(messages: Outcomes, rows: Ints) -> _Marks:
    table = messages.table.iloc[rows]
    absent = np.full(len(rows), -1, dtype=np.int64)
    return _Marks(
        source=messages.row_sources()[0][rows],
        system=_numbered(table["message_id"], _system),
        sender=_numbered(table["sender"], _sender) if "sender" in table else absent,
    )


def _numbered(values: pd.Series, mark: Callable[[pa.Array], pa.Array]) -> Ints:
    """Give a number to the mark of each text; what has none is -1."""
    codes, texts = encode(values)
    marks = pc.dictionary_encode(mark(texts)).indices.fill_null(-1)
    return look_up(marks.to_numpy(zero_copy_only=False).astype(np.int64), codes)


def _system(ids: pa.Array) -> pa.Array:
    """Name the system that wrote each Message-ID; an id of no host has the name ``""``."""
    text = pc.utf8_lower(pc.utf8_trim(ids, "<> \t"))
    named = pc.match_substring(text, "@")
    host = pc.if_else(named, pc.replace_substring_regex(text, r"^.*@", ""), "")
    host = pc.if_else(pc.match_substring(host, "ismtpd"), "ismtpd", host)
    host = pc.if_else(pc.match_substring_regex(text, _SES_ID), "amazonses.com", host)
    host = pc.if_else(pc.match_substring_regex(text, _POSTMARK_ID), "mtasv.net", host)
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, host.type), host)


def _sender(addresses: pa.Array) -> pa.Array:
    """Give the sender, or ``@`` and the domain of a sender made for one message."""
    text = pc.utf8_lower(pc.utf8_trim(addresses, "<> \t"))
    mark = pc.replace_substring_regex(text, _FOR_ONE_MESSAGE, "@")
    return pc.if_else(pc.match_substring(mark, "@"), mark, pa.scalar(None, mark.type))
