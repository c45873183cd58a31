"""What goes wrong on purpose: kinds of incident, the fixed plan, and random plans."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bouncekit.simulate.data import DAY, WEEKS, begin, facts
from bouncekit.simulate.dice import Dice

Kind = Literal[
    "purchased_list",
    "server_down",
    "full_mailboxes",
    "block_list",
    "provider_deferrals",
    "large_attachment",
    "repeat_soft",
    "forged_bounces",
]


@dataclass(frozen=True, slots=True)
class Incident:
    """One planted incident.

    Parameters
    ----------
    kind : str
        What happens; see :data:`MEANING`.
    day : int
        Day on which it begins, counted from the first day of the half year.
    days : int
        How long it lasts.
    size : int
        Addresses concerned: of the purchased list, of the repeat offenders or
        of the forged bounces. For one company, its rank by size in its region,
        0 the largest.
    share : float
        Share of the messages or addresses in reach that are hit.
    where : str
        Hosting that defers, channel whose address is listed, or region of the
        company or of the campaign with the attachment; empty for the others.
    """

    kind: Kind
    day: int
    days: int = 7
    size: int = 0
    share: float = 1.0
    where: str = ""

    @property
    def start(self) -> int:
        """First instant, milliseconds."""
        return begin() + self.day * DAY

    @property
    def end(self) -> int:
        """First instant after it, milliseconds."""
        return self.start + self.days * DAY


MEANING: Mapping[str, str] = {
    "purchased_list": "a bought list with mistyped and invented addresses is imported and mailed",
    "server_down": "the mail server of one company answers nobody",
    "full_mailboxes": "many mailboxes of one company are full at once",
    "block_list": "the sending address of one channel stands on a block list",
    "provider_deferrals": "one provider puts mail off because of rate and reputation",
    "large_attachment": "one campaign carries an attachment that many servers refuse",
    "repeat_soft": "a few addresses fail softly time after time; some recover, some never do",
    "forged_bounces": "bounces arrive by mail for addresses that nothing was sent to",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """The incidents of one half year, in the order in which they are numbered."""

    incidents: tuple[Incident, ...] = field(default_factory=tuple)

    def of(self, kind: str) -> list[tuple[int, Incident]]:
        """Return number and incident of one kind."""
        return [(n, entry) for n, entry in enumerate(self.incidents) if entry.kind == kind]


def default_plan(contacts: int = 18_700) -> Plan:
    """Return the fixed plan of the sample, scaled to the number of contacts."""
    return Plan(
        (
            Incident("purchased_list", day=58, days=26, size=contacts * 7 // 100, share=0.38),
            Incident("server_down", day=36, days=11, where="mideast-africa"),
            Incident("full_mailboxes", day=78, days=45, size=0, share=0.6, where="americas"),
            Incident("block_list", day=50, days=5, share=0.9, where="postfix"),
            Incident("provider_deferrals", day=127, days=5, share=0.7, where="google"),
            Incident("large_attachment", day=140, days=7, share=0.6, where="europe"),
            Incident("repeat_soft", day=21, days=98, size=max(contacts // 600, 14), share=0.4),
            Incident("forged_bounces", day=120, days=20, size=max(contacts // 900, 9)),
        )
    )


def random_plan(seed: int, contacts: int) -> Plan:
    """Return a plan of random incidents: each kind comes up or not, anywhere, at any size.

    Parameters
    ----------
    seed : int
        The same seed gives the same plan.
    contacts : int
        Contacts of the world, to which sizes are scaled.
    """
    dice = Dice(seed, "plan")

    def roll(low: int, high: int) -> int:
        return int(dice.between(low, high, 1)[0])

    def word(*options: str) -> str:
        return options[roll(0, len(options) - 1)]

    def percent(low: int, high: int) -> float:
        return roll(low, high) / 100

    latest = WEEKS * 7
    channel = word("postfix", "ses", "sendgrid")
    big = word("google", "microsoft")
    few = max(contacts * roll(5, 15) // 10_000, 2)
    regions = list(facts()["regions"])
    anywhere = word(*regions)
    drawn = [
        Incident(
            "purchased_list", roll(20, 120), 26, contacts * roll(2, 12) // 100, percent(20, 60)
        ),
        Incident("server_down", roll(7, latest - 40), roll(5, 21), roll(0, 4), 1.0, anywhere),
        Incident(
            "full_mailboxes", roll(7, 120), roll(21, 50), roll(0, 4), percent(40, 90), anywhere
        ),
        Incident("block_list", roll(1, latest - 20), roll(3, 9), 0, percent(50, 100), channel),
        Incident("provider_deferrals", roll(1, latest - 20), roll(3, 9), 0, percent(40, 95), big),
        Incident("large_attachment", 7 * roll(0, 24), 7, 0, percent(30, 80), word(*regions)),
        Incident("repeat_soft", roll(7, 40), roll(70, 110), few, percent(20, 70)),
        Incident("forged_bounces", roll(30, 150), 20, roll(1, 20)),
    ]
    return Plan(tuple(entry for entry in drawn if roll(0, 99) < 60))
