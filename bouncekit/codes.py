"""SMTP codes and the stage of the dialogue, found in the words of a reply.

A number counts as a reply code only where a reply can begin: IP addresses,
ports, sizes and message ids are full of three-digit numbers.
"""

import re

from bouncekit.texts import MAX_TEXT

Stage = str
"""``CONNECT``, ``EHLO``, ``AUTH``, ``MAIL``, ``RCPT`` or ``DATA``: what the reply answered."""

STAGES = ("CONNECT", "EHLO", "AUTH", "MAIL", "RCPT", "DATA")

# What can be a reply code by itself: followed by the words, by the enhanced code, by nothing, or
# by sendmail's dots. Digits come first in the patterns: they are seldom, so that is quick.
_NUMBER = re.compile(
    r"[245][0-7]\d(?=[ \t\-,:;'\"#=>.]|$|\r|\n)(?![.:]\d)(?!-\d\d-\d)"
    r"(?! ?(?:bytes|kb|mb|seconds|messages)\b)",
    re.IGNORECASE,
)
# What log writers put before a quoted reply, besides the start of a line.
_QUOTING = "\n:;)>]'\"(=#,：；，。（【“‘"
_SAYING = re.compile(
    r"\b(?:said|with|code|error|reply|response|was|returned|status)\Z", re.IGNORECASE
)
_ENHANCED = re.compile(r"[245](?<![\w.].)\.[0-7]\.\d{1,3}(?!\d|\.\d)")
_AFTER_REPLY = re.compile(r"[245](?<!\d.)\d\d[ \-]#?([245]\.[0-7]\.\d{1,3})(?!\d|\.\d)")
_URL = re.compile(r"https?://\S{1,2000}", re.IGNORECASE)

# A verb names the stage where words such as "in reply to", "after end of" or ">>>" lead to it.
_VERBS = (
    *(("rcpt", "RCPT"), ("mail from", "MAIL"), ("mail command", "MAIL"), ("data", "DATA")),
    *(("bdat", "DATA"), ("message body", "DATA"), ("end of message", "DATA")),
    *(("helo", "EHLO"), ("ehlo", "EHLO"), ("lhlo", "EHLO"), ("auth", "AUTH"), ("starttls", "AUTH")),
)
_LEADS = re.compile(
    r"(?:(?:reply to|response to|after|following|sending|during|performing|>>>|smtp:)"
    r"(?: the)?(?: pipelined)?(?: end of| initial)? ?"
    r"|\bsmtp command\W{0,3})\Z"
)
# What single programs write: Postfix, Exim, dma, qmail, Yahoo, old Gmail (which numbers its
# states), 1&1, X6.
_SIGNS = (
    *(("refused to talk to me", "CONNECT"), ("initial connection", "CONNECT")),
    *(("the initial server greeting", "CONNECT"), ("greeting failed", "CONNECT")),
    *(("greeting command", "CONNECT"), ("reply to connect", "CONNECT")),
    *(("connection established but", "CONNECT"), ("my name was rejected", "EHLO")),
    *(("our mail from:", "MAIL"), ("but sender was rejected", "MAIL"), ("[mail_from]", "MAIL")),
    *(("our rcpt to:", "RCPT"), ("does not like recipient", "RCPT"), ("[rcpt_to]", "RCPT")),
    *(("(state 14)", "RCPT"), ("for rcpt to command", "RCPT"), ("for mail from command", "MAIL")),
    *(("our data:", "DATA"), ("our final data:", "DATA"), ("for text command", "DATA")),
    *(("failed after i sent the message", "DATA"), ("failed on data command", "DATA")),
    *(("accept your message (data)", "DATA"), ("(state 17)", "DATA"), ("(state 18)", "DATA")),
)
_ANSWERED_RCPT = re.compile(r"\brcpt to:\s{0,4}<[^>\n]{0,320}>: ")


def reply_code(text: str | None) -> int | None:
    """Return the SMTP reply code of a reply, log line or transcript.

    The first 4yz or 5yz that stands where a reply can begin; a 2yz only
    where there is no other (RFC 5321 4.2).

    Examples
    --------
    >>> reply_code("host mx.example.com[192.0.2.25] said: 550 5.1.1 user unknown")
    550
    """
    if not text:
        return None
    text = text[:MAX_TEXT]
    positive = None
    for match in _NUMBER.finditer(text):
        if _can_begin(text, match.start()):
            if match[0][0] != "2":
                return int(match[0])
            positive = positive or int(match[0])
    return positive


def _can_begin(text: str, at: int) -> bool:
    """Say whether a reply can begin here."""
    before = text[max(0, at - 16) : at]
    bare = before.rstrip(" \t")
    gap = len(before) - len(bare)
    if gap > 3 or not bare:
        return gap == at <= 3
    if bare[-1] not in _QUOTING:
        return bool(_SAYING.search(bare))
    # Not the next digits of a number ("10,485,760"), nor a port ("[192.0.2.1]:465").
    return not (bare[-2:-1].isdigit() if bare[-1] == "," else bare.endswith("]:") and not gap)


def enhanced_code(text: str | None) -> str | None:
    """Return the enhanced status code of a reply, log line or transcript.

    One that follows a reply code wins, then the first 4.y.z or 5.y.z; those
    inside URLs and IP addresses do not count (RFC 3463).

    Examples
    --------
    >>> enhanced_code("550-5.7.26 This mail from 5.1.1.9 has been blocked")
    '5.7.26'
    """
    if not text:
        return None
    bare = text[:MAX_TEXT]
    if "://" in bare:
        bare = _URL.sub(" ", bare)
    after = _AFTER_REPLY.search(bare)
    if after:
        return after[1]
    found = [match[0] for match in _ENHANCED.finditer(bare)]
    return next((code for code in found if code[0] != "2"), found[0] if found else None)


def stage(text: str | None) -> Stage | None:
    """Return what the reply answered, one of :data:`STAGES`.

    Read from words such as ``(in reply to RCPT TO command)``, ``after end of
    data`` or a transcript's ``>>> DATA``; the last one stands nearest to the
    refusal. A reader that knows the stage from elsewhere may end the text
    with ``(in reply to DATA)``. None where the text does not say.

    Examples
    --------
    >>> stage("said: 554 rejected (in reply to end of DATA command)")
    'DATA'
    """
    if not text:
        return None
    folded = text[:MAX_TEXT].lower()
    found = [(folded.rfind(sign), name) for sign, name in _SIGNS if sign in folded]
    for verb, name in _VERBS:
        at = folded.find(verb)
        while at >= 0:
            if _is_answered(folded, at, at + len(verb)):
                found.append((at, name))
            at = folded.find(verb, at + 1)
    return max(found)[1] if found else None


def _is_answered(text: str, start: int, end: int) -> bool:
    """Say whether the verb that stands here is what the reply answered."""
    return not text[end : end + 1].isalnum() and bool(
        _LEADS.search(text, max(0, start - 40), start) or _ANSWERED_RCPT.match(text, start)
    )
