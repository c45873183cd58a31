"""The recipient written into the envelope sender (VERP), found in the address a bounce came to.

``list-bounces+bob=example.net@lists.example.com`` failed for bob@example.net.
Addresses that sign or rewrite the envelope sender look alike and name nobody:
BATV (``prvs=``), SRS (``SRS0=``), SparkPost (``msprvs1=``).
"""

import re

from bouncekit import addresses
from bouncekit.mail.engine import Message
from bouncekit.mail.headers import HeaderBlock

# Sympa's way: bounce+bob==a==example.net==list@lists.example.com.
_SYMPA = re.compile(r"\+([^\s<>@=]{1,64})==a==([\w.-]{1,255})==")
_LOCAL = re.compile(r"([^@\s<>\"]{1,320})@")
_DOMAIN = re.compile(r"[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_SIGNED = ("prvs=", "msprvs", "btv1=", "srs0", "srs1", "batv")
_ID = re.compile(r"[^\d]{0,8}\d[\w.]*|[0-9a-f]{4}")


def recipient(message: Message, original: HeaderBlock) -> str | None:
    """Return the recipient written into the address that the bounce came to."""
    for name in ("x-original-to", "delivered-to", "to"):
        value = message.headers.first(name)
        if "==a==" in value and (sympa := _SYMPA.search(value)):
            return addresses.clean(f"{sympa[1]}@{sympa[2]}")
        match = _LOCAL.search(value) if "=" in value else None
        if match and not match[1].lower().startswith(_SIGNED):
            tagged, equals, domain = match[1].rpartition("=")
            if equals and _DOMAIN.fullmatch(domain):
                return addresses.clean(f"{_local(tagged, domain, original)}@{domain}")
    return None


def _local(tagged: str, domain: str, original: HeaderBlock) -> str:
    """Take the local part from behind the sender's own name and ids.

    A hyphen may part ids or belong to the local part; the original's ``To``
    knows, else ids are what holds digits.
    """
    tail = re.split(r"[+=]", tagged)[-1]
    parts = tail.split("-")
    sent_to = original.first("to").lower()
    choices = ["-".join(parts[start:]) for start in range(len(parts))]
    for choice in choices:
        if f"{choice}@{domain}".lower() in sent_to:
            return choice
    ids = [number for number, part in enumerate(parts[:-1]) if _ID.fullmatch(part)]
    if ids:
        return choices[ids[-1] + 1]
    return tail if tail != tagged else choices[-1]
