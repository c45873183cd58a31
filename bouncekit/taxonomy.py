"""The reasons a delivery can fail for; each exists once, in ``taxonomy.toml``."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

Language = Literal["en", "zh"]

EVENTS = (
    "sent",
    "delivered",
    "deferral",
    "bounce",
    "complaint",
    "auto_reply",
    "unsubscribe",
    "suppressed",
)
FAILURES = ("bounce", "deferral")
BOUNCE_TYPES = ("hard", "soft", "undetermined")
GUESSED_RECIPIENT = "guessed-recipient"
"""Ends ``vendor_type`` of a mail row whose recipient is only the original's ``To``."""
CATEGORIES = ("address", "mailbox", "server", "network", "policy", "content", "unknown")


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason and what follows from it (the columns of ``taxonomy.toml``).

    Parameters
    ----------
    name : str
        Its permanent name, for example ``mailbox_full``.
    bounce_type, category, heals, counts : str
        See the head of ``taxonomy.toml``.
    sisimai : str
        The same reason's name in Sisimai, empty where it has none.
    label, meaning, action : dict
        Words for people by language (``en``, ``zh``).
    """

    name: str
    bounce_type: str
    category: str
    heals: str
    counts: str
    label: dict[str, str]
    meaning: dict[str, str]
    action: dict[str, str]
    sisimai: str = ""


@cache
def reasons() -> dict[str, Reason]:
    """Load every reason, keyed by name, in the order of the file."""
    text = files("bouncekit").joinpath("taxonomy.toml").read_text(encoding="utf-8")
    return {name: Reason(name=name, **entry) for name, entry in tomllib.loads(text).items()}
