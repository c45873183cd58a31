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
    """Match failures with the contact list and with what was sent.

    A bounce that names its message must match message and recipient; one that
    names none, or a recipient whose sends name none, matches by the recipient.
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
    matched = seen[place] | listed[who] | sent_nameless[who] | (nameless[place] & sent_to[who])
    listing = ~_witnessed(messages) if contacts is not None else np.zeros(len(messages.row), bool)
    against = (listing | _recorded(messages))[place]
    found = np.where(matched, MATCHED, np.where(against, UNMATCHED, UNKNOWN))
    found = np.where(failed.guessed, np.minimum(found, UNKNOWN), found)
    return Record(listed | sent_to, found.astype(np.int8))


def _recorded(messages: Outcomes) -> Bools:
    """Say for each message whether there is a record of sends that ought to know it.

    A source that reports deliveries but no sends is its own witness, and so is
    a provider's state list: sent events of another source say nothing of them.
    """
    if messages.sends is not None and messages.sends.kind == "messages":
        return ~messages.listed
    sends, delivers = messages.sources_with("sent"), messages.sources_with("delivered")
    if not sends.any():
        return np.zeros(len(messages.row), dtype=bool)
    return ~messages.listed & ~(delivers & ~sends)[messages.source()[0]]


def _witnessed(messages: Outcomes) -> Bools:
    """Say for each message whether its source saw the sending itself.

    A log or an event stream that reports sends or deliveries is no mail from
    a stranger: a contact list that lacks the address is only incomplete.
    """
    own = messages.sources_with("sent") | messages.sources_with("delivered")
    return np.asarray(own[messages.source()[0]], dtype=bool)


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
