"""Every event with all that a writer needs to know of it."""

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

from bouncekit.simulate.data import facts
from bouncekit.simulate.replies import speak
from bouncekit.simulate.world import World


class Said(NamedTuple):
    """One event, flat; times are milliseconds since 1970 UTC."""

    message: int
    event: str
    kind: str
    cause: str
    attempt: int
    at: int
    sent_at: int
    channel: str
    campaign: str
    subject: str
    address: str
    message_id: str
    hosting: str
    reply: str
    code: int | None
    enhanced: str | None
    host: str
    ip: str


def said(world: World) -> list[Said]:
    """Return every event of the world, by time."""
    return list(_each(told(world)))


def told(world: World) -> pd.DataFrame:
    """Return the same as a table, one column per field of :class:`Said`."""
    table = speak(world)
    messages = world.messages
    number = table["message"].to_numpy()
    campaign = messages["campaign"].to_numpy()
    subjects = world.campaigns["theme"].map(facts()["subjects"]).to_numpy()
    columns = {
        "sent_at": messages["sent_at"].to_numpy(),
        "channel": messages["sender"].to_numpy(),
        "campaign": world.campaigns["campaign"].to_numpy()[campaign],
        "subject": subjects[campaign],
        "address": messages["address"].to_numpy(),
        "message_id": messages["message_id"].to_numpy(),
        "hosting": messages["hosting"].to_numpy(),
    }
    for name, values in columns.items():
        table[name] = values[number]
    return table[list(Said._fields)]


def _each(table: pd.DataFrame) -> Iterator[Said]:
    columns = [table[name].tolist() for name in Said._fields]
    for name, absent in (("code", 0), ("enhanced", "")):
        filled = table[name].fillna(absent).tolist()
        columns[Said._fields.index(name)] = [value or None for value in filled]
    return map(Said._make, zip(*columns, strict=True))
