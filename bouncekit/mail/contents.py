"""What the parts of a message hold, whichever engine took it apart."""

from collections.abc import Callable
from dataclasses import dataclass, field

from bouncekit.mail.damaged import MISLABELLED, ORIGINALS, REPORTS, stray_report
from bouncekit.mail.headers import decode_unlabelled, header_end, relabelled
from bouncekit.mail.markup import MAX_HTML

MAX_TEXT = 65_536
"""Characters of human text that are searched for words and addresses."""
MAX_TEXTS = 2
"""Plain parts that are looked at."""
MAX_REPORT = 4_000_000
"""Bytes of one report part."""
MAX_ORIGINAL = 262_144
"""Bytes of the returned original that are looked at for the end of its headers."""

RECEIPTS = frozenset(
    ("message/disposition-notification", "message/global-disposition-notification")
)
FEEDBACK = frozenset(("message/feedback-report", "message/feedbackreport"))


@dataclass(slots=True)
class Contents:
    """What is taken out of a message, part by part in its order.

    Parameters
    ----------
    texts : list of str
        Plain parts written for people that are not blank.
    html : str
        First HTML part written for people.
    aside : callable
        Gives the first HTML part behind a plain one; hardly ever asked for.
    report, feedback : str
        Text of the delivery report and of the feedback report.
    receipt : str
        Text of the disposition notification.
    stray : str
        Text of a delivery report that is attached as a file of another type.
    original : str
        Header of the returned original.
    """

    texts: list[str] = field(default_factory=list)
    html: str = ""
    aside: Callable[[], str] | None = None
    report: str = ""
    feedback: str = ""
    receipt: str = ""
    stray: str = ""
    original: str = ""

    def __bool__(self) -> bool:
        """Say whether anything was found."""
        return bool(self.texts or self.html or self.report or self.feedback or self.original)

    def add_text(self, text: str) -> None:
        """Keep a plain part; later ones than :data:`MAX_TEXTS` tell nothing new."""
        if len(self.texts) < MAX_TEXTS and (text := text[:MAX_TEXT].strip()):
            self.texts.append(text if text.isascii() else relabelled(text))

    def add_html(self, text: str) -> None:
        """Keep an HTML part; the first counts."""
        self.html = self.html or relabelled(text[:MAX_HTML])

    def add(self, kind: str, data: bytes) -> None:
        """Keep what a part of another kind tells; nearly all tell nothing."""
        if kind in REPORTS:
            found = decode_unlabelled(data[:MAX_REPORT])
            self.report = f"{self.report}\n\n{found}" if self.report else found
        elif kind in ORIGINALS:
            self.original = self.original or original_block(data)
        elif kind in FEEDBACK:
            self.feedback = self.feedback or decode_unlabelled(data[:MAX_REPORT])
        elif kind in RECEIPTS:
            self.receipt = self.receipt or decode_unlabelled(data[:MAX_REPORT])
        elif kind in MISLABELLED:
            self.stray = self.stray or stray_report(data)


def original_block(data: bytes) -> str:
    """Return the header block of a returned original, and nothing below it."""
    data = data[:MAX_ORIGINAL].lstrip(b"\n\r ")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    return decode_unlabelled(data[: header_end(data)])
