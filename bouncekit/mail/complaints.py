"""Rows of a spam complaint (RFC 5965, or Microsoft's older form)."""

from bouncekit import addresses
from bouncekit.mail import shared
from bouncekit.mail.engine import Message
from bouncekit.mail.headers import fields
from bouncekit.readers._base import Row, SkipItem
from bouncekit.taxonomy import GUESSED_RECIPIENT

NOT_SPAM = "a report that a message is no spam, not a complaint"


def complaint_rows(message: Message) -> list[Row]:
    """Make one row per recipient that the complaint names.

    Raises
    ------
    SkipItem
        If it says the opposite of a complaint (RFC 6430).
    """
    found: dict[str, list[str]] = {}
    for name, value in fields(message.feedback):
        found.setdefault(name, []).append(value)
    label = (found.get("feedback-type") or ["abuse"])[0].lower()
    if label == "not-spam":
        raise SkipItem(NOT_SPAM)
    original = message.original
    named = [
        *found.get("original-rcpt-to", []),
        *found.get("removal-recipient", []),
        *original.all("x-hmxmroriginalrecipient"),
    ]
    recipients = list(dict.fromkeys(filter(None, map(addresses.clean, named))))
    # Of a failed check (RFC 6591) a server tells; the recipient has complained of nothing.
    guessed = not recipients or label == "auth-failure"
    if not recipients:
        recipients = [addresses.clean(original.first("to")) or ""]
    common = shared.common(message, message.original, None)
    when = (found.get("arrival-date") or found.get("received-date") or [""])[0]
    sender = addresses.clean((found.get("original-mail-from") or [""])[0])
    return [
        {
            **common,
            "timestamp": shared.when(message) or shared.read_date(when),
            "event": "complaint",
            "recipient": recipient or None,
            "vendor_type": f"{label}/{GUESSED_RECIPIENT}" if guessed and recipient else label,
            "sender": sender or common["sender"],
            "sending_ip": (found.get("source-ip") or [""])[0] or None,
        }
        for recipient in recipients
    ]
