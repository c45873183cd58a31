"""Files that stand beside exports and tell of no failures: contacts, sent mail, notes."""

from bouncekit.blobs import Head
from bouncekit.readers import generic
from bouncekit.readers._words import SENT_COUNTS


def bystander(head: Head) -> str | None:
    """Say what a file is that no reader takes, in a sentence; None where it is not known.

    Such a file is skipped, not failed: it belongs beside the exports and is
    given to the analyses instead.
    """
    if head.name.startswith("readme") or head.name.endswith(".md"):
        return "is a note for people, no export"
    found = generic.understood(head, ()).columns
    names = set(head.columns)
    if "recipient" in found and "message_id" in found:
        return "is a list of sent messages; give it to the analyses as sends=..."
    if names & SENT_COUNTS and "timestamp" in found:
        return "is a table of how much was sent; give it to the analyses as sends=..."
    if "recipient" in found:
        return "is a list of addresses and tells of no failures; give it as contacts=..."
    return None
