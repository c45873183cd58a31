"""How far a bounce is borne out by what was really sent.

Anyone can forge a bounce. Where a record of sent mail is at hand, a bounce
that it does not know must not cost an address its place.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bouncekit.analysis._history import Failures
from bouncekit.analysis._keys import Bools
from bouncekit.analysis._messages import Outcomes
from bouncekit.analysis._streams import NO_RECORD, OWN_RECORD, held_against
from bouncekit.analysis.sends import read_addresses
from bouncekit.identity import recipient_keys
from bouncekit.taxonomy import EVENTS

EVIDENCE = ("unmatched", "unknown", "matched")
UNMATCHED, UNKNOWN, MATCHED = range(3)


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of sent mail.

    Parameters
    ----------
    addresses : ndarray of bool
        By address: whether a contact list or any sent mail has it.
    failures : ndarray of int8
        By failure: place in :data:`EVIDENCE`.
    """

    addresses: Bools
    failures: npt.NDArray[np.int8]


def weigh(messages: Outcomes, failed: Failures, contacts: object) -> Record:
    """Match failures with what was sent, and with the contact list.

    - A source that reports sends or deliveries vouches for its own failures.
    - A bounce that names its message must match message and recipient; one
      that names none, or whose recipient was sent messages that name none,
      matches by the recipient.
    - What the record of its own stream does not know (``_streams``) is
      ``unmatched``, whoever stands on the contact list.
    - Where there is no such record the contact list decides, if it is given;
      else a bounce of no known stream, and a record of any, is ``unmatched``.
    - A provider's own list is no stranger's word: it is never ``unmatched``.
    """
    size = len(messages.recipients.texts)
    listed = _contacts(messages, contacts, size)
    seen = _messages_with(messages, "sent") | _messages_with(messages, "delivered")
    sent_to, sent_nameless = np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)
    nameless = messages.table["message_id"].isna().to_numpy()[messages.row]
    by_address = messages.recipient >= 0
    sent_to[messages.recipient[seen & by_address]] = True
    sent_nameless[messages.recipient[seen & by_address & nameless]] = True

    place, who = failed.message, failed.recipient
    matched = (seen | _vouched(messages))[place]
    matched |= sent_nameless[who] | (nameless[place] & sent_to[who])
    open_ones = np.flatnonzero(~matched & ~messages.listed[place])
    against = np.full(len(place), NO_RECORD, dtype=np.int64)
    against[open_ones] = held_against(messages, place[open_ones], failed.failed_at[open_ones])
    matched |= listed[who] & (against < OWN_RECORD)
    doubted = (against > NO_RECORD) | (~messages.listed[place] & (contacts is not None))
    found = np.where(matched, MATCHED, np.where(doubted, UNMATCHED, UNKNOWN))
    found = np.where(failed.guessed, np.minimum(found, UNKNOWN), found)
    return Record(listed | sent_to, found.astype(np.int8))


def _vouched(messages: Outcomes) -> Bools:
    """Say for each message whether a source that saw the sending itself tells of it.

    Rows that name no source may come from anywhere; where they tell what was
    sent they have to match that.
    """
    recorders = messages.recorders()
    recorders[-1] &= ~messages.sources_with("sent")[-1]
    rows = recorders[messages.row_sources()[0]] & (messages.group >= 0)
    found = np.zeros(len(messages.row), dtype=bool)
    found[messages.group[rows]] = True
    return found & ~messages.listed


def _messages_with(messages: Outcomes, event: str) -> Bools:
    found = np.zeros(len(messages.row), dtype=bool)
    found[messages.group[messages.event == EVENTS.index(event)]] = True
    return found


def _contacts(messages: Outcomes, contacts: object, size: int) -> Bools:
    if contacts is None:
        return np.zeros(size, dtype=bool)
    keys = recipient_keys(pd.DataFrame({"recipient": read_addresses(contacts)}))
    wanted = pa.array(keys.dropna().astype("object").tolist(), pa.large_string())
    return pc.is_in(messages.recipients.texts, wanted).to_numpy(zero_copy_only=False)
