"""Messages whose MIME is broken: what stands in the text is found by its marks.

Gateways that add a notice, and archives that drop headers, leave boundary
lines and part headers standing in a plain text.
"""

import re

from bouncekit.mail.headers import decode_unlabelled

REPORTS = frozenset(
    ("message/delivery-status", "message/global-delivery-status", "message/deliverystatus")
)
ORIGINALS = frozenset(
    (
        "message/rfc822",
        "message/global",
        "message/global-headers",
        "message/partial",
        "text/rfc822-headers",
        "text/rfc822-header",
        "text/rfc822",
    )
)
MISLABELLED = frozenset(("text/plain", "application/octet-stream"))
"""Types that gateways give a report when they attach it as a file."""
MAX_STRAY = 65_536
"""Bytes of an attached file that may be a report."""
_STRAY = re.compile(rb"^(?:final|original)-recipient:", re.IGNORECASE | re.MULTILINE)
_PART_TYPE = re.compile(r"^content-type:[ \t]*([\w.+-]+/[\w.+-]+)", re.IGNORECASE | re.MULTILINE)
# Boundary lines and part headers that stand in a text because its MIME is broken.
_MIME_LINES = re.compile(
    r"^(?:--[^\s-][^\n]{2,200}|--+=_[^\n]{2,200}"
    r"|content-(?:type|transfer-encoding|disposition|description|id):[^\n]*"
    r"(?:\n[ \t]+[^\n]+|\nboundary=[^\n]+)*)\n",
    re.IGNORECASE | re.MULTILINE,
)


def stray_report(data: bytes) -> str:
    """Return the report that an attached file holds, empty where it holds none."""
    if len(data) > MAX_STRAY or not _STRAY.search(data):
        return ""
    return decode_unlabelled(data.replace(b"\r\n", b"\n"))


def bare_text(body: bytes) -> str:
    """Return the text of a body that no engine found parts in."""
    return _MIME_LINES.sub("", decode_unlabelled(body)).strip()


def parts_in_text(text: str) -> tuple[str, str, str]:
    """Find the parts of a report whose MIME header was lost on the way.

    Returns
    -------
    tuple of (str, str, str)
        The notice, the report and the original's header; the text as it is
        and two empty texts where no report stands in it.
    """
    if not any(match[1].lower() in REPORTS for match in _PART_TYPE.finditer(text)):
        return text, "", ""
    human, report, original = "", "", ""
    for chunk in re.split(r"(?m)^[ ]?--[^\s-][^\n]{2,200}$\n?", text):
        labelled = _PART_TYPE.match(chunk.lstrip("\n")) or _PART_TYPE.search(chunk[:400])
        kind = labelled[1].lower() if labelled else ""
        body = chunk.lstrip("\n").partition("\n\n")[2]
        if kind in REPORTS:
            report = report or body
        elif kind in ORIGINALS:
            original = original or body.lstrip("\n").partition("\n\n")[0]
            break
        elif not report:
            human += (body if kind else chunk) + "\n"
    return human.strip(), report, original
