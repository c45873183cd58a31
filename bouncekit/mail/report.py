"""Delivery reports (RFC 3464, RFC 6533): fields to facts, one per recipient.

The fields of a report stand in blocks: one about the message, then one per
recipient. Real reports break the rule in every way (no empty line between
blocks, one inside a block, fields in any order), so a block ends where a
field comes that it already has.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache

from bouncekit import addresses

MAX_RECIPIENTS = 10_000
"""Recipients of one report; one forgery must not name more."""
MAX_VALUE = 8_192
"""Characters kept of one field."""
MAX_NAME = 64
"""Characters of a line that can be the name of a field."""

_NAMES = frozenset(
    (
        "final-recipient",
        "original-recipient",
        "x-actual-recipient",
        "action",
        "status",
        "diagnostic-code",
        "remote-mta",
        "last-attempt-date",
        "reporting-mta",
        "arrival-date",
        "received-from-mta",
        "original-envelope-id",
        "localized-diagnostic",
        "x-original-message-id",
        "will-retry-until",
        "final-log-id",
        "x-display-name",
        "x-powermta-bouncecategory",
    )
)
_MESSAGE_FIELDS = frozenset(
    (
        "reporting-mta",
        "arrival-date",
        "received-from-mta",
        "original-envelope-id",
        "x-original-message-id",
    )
)
_OTHER = "-"
_RECIPIENT_FIELDS = frozenset(("final-recipient", "original-recipient", "x-actual-recipient"))
_HEX = re.compile(r"\+([0-9A-F]{2})")
_UNITEXT = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_SOURCE_ROUTE = re.compile(r"^@[^:@\s]+(?:,@[^:@\s]+)*:")


@dataclass(slots=True)
class Recipient:
    """What a report says of one recipient; empty text where it says nothing."""

    final: str = ""
    original: str = ""
    actual: str = ""
    action: str = ""
    status: str = ""
    diagnostic: str = ""
    diagnostic_type: str = ""
    remote_mta: str = ""
    last_attempt: str = ""
    category: str = ""
    """The reporting server's own class of the failure (PowerMTA)."""


@dataclass(slots=True)
class Report:
    """What a report says."""

    arrival: str = ""
    reporting_mta: str = ""
    message_id: str = ""
    recipients: list[Recipient] = field(default_factory=list)


def parse(text: str) -> Report:
    """Read the fields of a report part.

    Parameters
    ----------
    text : str
        The decoded part; line ends are LF.
    """
    report = Report()
    about: dict[str, str] = {}
    block: dict[str, str] = {}
    fields, name = block, ""
    for line in text.split("\n"):
        if name and line[:1] in (" ", "\t") and (more := line.strip()):
            _go_on(fields, name, more)
            continue
        head, colon, value = line.partition(":")
        if colon and (known := _name_of(head[:MAX_NAME])):
            name, fields = known, about if known in _MESSAGE_FIELDS else block
            if name in fields:
                if fields is block:
                    _close(report, block, between=False)
                else:
                    # The first of a name counts.
                    name = _OTHER
            fields[name] = value.strip()
        elif not line or line.isspace():
            name = ""
            if block:
                _close(report, block, between=True)
        elif name == "diagnostic-code" and not (colon and _is_name(head)):
            # A reply of several lines that nobody folded.
            _go_on(fields, name, line.strip())
        else:
            name = name if name == "diagnostic-code" and not colon else _OTHER
    _close(report, block, between=False)
    report.arrival = about.get("arrival-date", "")
    report.reporting_mta = _host(about.get("reporting-mta", ""))
    report.message_id = about.get("x-original-message-id", "")
    return report


@lru_cache(maxsize=1_024)
def _name_of(head: str) -> str:
    """Return the name of a field that counts, empty for any other."""
    name = head.strip().lower()
    return name if name in _NAMES else ""


def _is_name(head: str) -> bool:
    return head.isascii() and " " not in head.strip()


def _go_on(fields: dict[str, str], name: str, more: str) -> None:
    """Add a line to a field; nobody asks for what fields of other names hold."""
    value = fields.get(name)
    if value is not None and len(value) < MAX_VALUE:
        fields[name] = f"{value}\n{more}"[:MAX_VALUE]


def _close(report: Report, current: dict[str, str], *, between: bool) -> None:
    """Turn the collected fields into a recipient, or keep them for the next."""
    named = not _RECIPIENT_FIELDS.isdisjoint(current)
    if between and named and not ("action" in current or "status" in current):
        # An empty line inside a block: the rest is still to come.
        return
    if named:
        if len(report.recipients) < MAX_RECIPIENTS:
            report.recipients.append(_recipient(current))
        current.clear()
    elif not between or not current:
        current.clear()
    elif report.recipients:
        _complete(report.recipients[-1], current)


def _complete(last: Recipient, current: dict[str, str]) -> None:
    """Add fields that an empty line parted from their recipient."""
    extra = _recipient(current)
    taken = False
    for name in ("action", "status", "diagnostic", "remote_mta", "last_attempt", "category"):
        if getattr(extra, name) and not getattr(last, name):
            setattr(last, name, getattr(extra, name))
            taken = True
    if taken:
        current.clear()


def _recipient(fields: dict[str, str]) -> Recipient:
    diagnostic = fields.get("diagnostic-code", "") or fields.get("localized-diagnostic", "")
    kind, semicolon, words = diagnostic.partition(";")
    if semicolon and kind.strip() and len(kind) < 40 and not kind.strip()[0].isdigit():
        if " " not in kind.strip():
            diagnostic = words
        else:
            kind = ""
    else:
        kind = ""
    if "\n" in diagnostic and kind.strip().lower() == "x-notes":
        # Domino folds in the middle of words.
        diagnostic = diagnostic.replace("\n", "")
    return Recipient(
        final=_address(fields.get("final-recipient", "")),
        original=_address(fields.get("original-recipient", "")),
        actual=_address(fields.get("x-actual-recipient", "")),
        action=fields.get("action", "").split(" ")[0].strip(" ;,()").lower(),
        status=fields.get("status", ""),
        diagnostic=diagnostic.strip(),
        diagnostic_type=kind.strip().lower(),
        remote_mta=_host(fields.get("remote-mta", "")),
        last_attempt=fields.get("last-attempt-date", ""),
        category=fields.get("x-powermta-bouncecategory", "").lower(),
    )


def _address(value: str) -> str:
    """Return the address of ``rfc822; a@b``, ``utf-8; ...`` or xtext."""
    if not value:
        return ""
    kind, semicolon, rest = value.partition(";")
    text = rest.strip() if semicolon else value.strip()
    kind = kind.strip().lower()
    if "+" in text and kind == "rfc822" and not addresses.clean(text):
        text = _HEX.sub(lambda match: chr(int(match[1], 16)), text)
    if "\\x{" in text:
        text = _UNITEXT.sub(lambda match: _character(match[1]), text)
    text = text.replace("\n", "")
    if text.startswith("@"):
        text = _SOURCE_ROUTE.sub("", text)
    return text.strip()


def _character(code: str) -> str:
    number = int(code, 16)
    return chr(number) if number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF else "\ufffd"


def _host(value: str) -> str:
    """Return the host of ``dns; mx.example.com (192.0.2.1)``."""
    _, semicolon, rest = value.partition(";")
    words = (rest if semicolon else value).split()
    return words[0].strip("[]<>(),;.").lower() if words else ""
