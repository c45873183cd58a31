"""Files that stand beside exports and tell of no failures: contacts, sent mail, notes."""

import re

from bouncekit.inputs.blobs import Head
from bouncekit.readers import generic
from bouncekit.readers._words import SENT_COUNTS

_DOCUMENT = re.compile(
    r"(?:.*/)?(?:(?:readme|licen[cs]e|notice|copying|changelog)(?:[._-][^/]*)?"
    r"|[^/]*\.(?:md|rst|html?|pdf|docx?|odt|rtf|pptx?|odp))$"
)
"""Names of files for people; a docx is an archive, so the parts of its path are looked at too."""


def bystander(head: Head) -> str | None:
    """Say what a file is that no reader takes, in a sentence; None where it is not known.

    Such a file is skipped, not failed: it belongs beside the exports and is
    given to the analyses instead.
    """
    if any(_DOCUMENT.match(part) for part in head.label.lower().split("!")):
        return "is a document, not an export"
    names = set(head.columns)
    if generic.is_our_own(head):
        return "is a table that bouncekit wrote; give what it was read from"
    found = generic.understood(head, ()).columns
    if "recipient" in found and "message_id" in found:
        return "is a list of sent messages; give it to the analyses as sends"
    if names & SENT_COUNTS and "timestamp" in found:
        return "is a table of how much was sent; give it to the analyses as sends"
    if "recipient" in found:
        return "is a list of addresses and tells of no failures; give it as contacts"
    return None
