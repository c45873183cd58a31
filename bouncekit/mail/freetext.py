"""Bounces without a report part: who failed, and in what words.

One extractor for all of them. The returned original is cut off first. Then
every address in the notice is ranked by where it stands: alone or first on
its line (the way nearly all mail servers list recipients), in a line of the
SMTP dialogue, behind a label, anywhere else. The best rank found wins, and
the words between two such addresses belong to the first of them.
"""

import re
from dataclasses import dataclass

from bouncekit.mail.wordlists import fold, phrases, spans

MAX_LINES = 2_000
MAX_LINE = 2_000
MAX_FAILURES = 1_000
MAX_WORDS = 4_000

_LOCAL = r"[A-Za-z0-9\u00c0-\u024f\u0400-\u04ff!#$%&'*+/=?^_`{|}~.-]{1,64}"
_LABEL = r"[A-Za-z0-9\u00c0-\u024f\u0400-\u04ff](?:[A-Za-z0-9\u00c0-\u024f\u0400-\u04ff_-]{0,62})"
ADDRESS = re.compile(
    rf"(?<![\w.+=/@-])(?:mailto:)?({_LOCAL}@(?:{_LABEL}\.){{1,8}}[A-Za-z\u00c0-\u024f\u0400-\u04ff][\w-]{{1,24}})(?![\w@-])"
    r"|<([^<>\s@]{1,128}@[^<>\s@]{1,255})>",
)
_BRACKETED = re.compile(r"\s{0,3}<([^<>\s@:]{1,128}@[^<>\s]{1,255})>")
_REPLY = re.compile(r"(?:^|[\s:;('\"\[])[245][0-7]\d(?:[ \-:,.#]|$)")
_DIALOGUE = re.compile(r"^\s*(?:<<<\s*)?([245]\d\d)[ -](?:#?[245]\.\d{1,3}\.\d{1,3}[ :]*)?\"?<?\S+@\S+?>?\"?\s?(?:\.\.\.|:)")
# Replies of a dialogue that went well up to there.
_ACCEPTED = re.compile(r"(?:<--?|<<<)\s*[23]\d\d[ -]|-->\s*(?:EHLO|HELO|QUIT|RSET)", re.IGNORECASE)
_LEAD = " \t-_=*>|~·•#.:"
_WRAP = " \t<>\"'*:;,.·•-–|()[]“”「」"
_OTHER_LABELS = frozenset(
    """from|sender|mail from|reply-to|return-path|envelope-from|sent by|message-id|messageid|contact|subject|by
    |support|help|assistance|via|helo|ehlo|postmaster|administrator|contact us at|mail to|email to|write to|reply to|original sender|message from
    |отправитель|отправителя|von|absender|de|da|expéditeur|remitente|remetente|mittente""".replace("\n", "").replace(" " * 4, "").split("|")
)
_OTHER_ENDINGS = ("发件人", "寄件人", "寄件者", "发信人", "差出人", "送信者")
_TO_LABELS = frozenset(
    """to|recipient|recipients|rcpt to|rcpt|addressed to|address|addresses|e-mail|email|mailbox|user|account|delivered to|deliver to
    |получатель|получателя|адрес|an|empfänger|à|destinataire|para|destinatario|destinatário|recipient(s)""".replace("\n", "").replace(" " * 4, "").split("|")
)
_TO_ENDINGS = ("收件人", "无法发送到", "無法傳送到", "收信人", "收件者", "宛先", "受信者", "送信先", "받는 사람", "收件人(to)")
_AROUND = " \t>:;,.\"'"
_SEPARATORS = " \t,;<>\"'"
_LABEL_END = " \t:：=<\"'([["
_ROLES = re.compile(
    r"^(?:postmaster|abuse|support|help|helpdesk|hostmaster|webmaster|mailer-daemon|no-?reply|noc|admin|administrator|info-?desk)(?:$|[+.-])",
    re.IGNORECASE,
)
_GENERATED = re.compile(r"^\(?(?:ultimately )?(?:generated|expanded) (?:from|by)", re.IGNORECASE)
_SPECIFIC = (
    "unknown", " full", "quota", "denied", "not found", "disabled", "unavailable", "spam", "virus", "not exist", "no such",
    "expired", "timeout", "timed out", "blacklist", "refused", "不存在", "已满", "拒",
)  # fmt: skip
_TELLING = (
    *_SPECIFIC, "exceed", "reject", "denies", "not listed", "invalid", "block", "exist", "fail", "suspend", "inactive", "too large", "too big",
    "too many", "too long", "unrout", "retry", "error", "unable", "could not", "couldn't", "cannot", "loop", "满", "错误", "失败", "超时",
    "unbekannt", "voll", "inconnu", "pleine", "desconocid", "lleno",
)  # fmt: skip
MIN_LETTERS = 8
"""Fewer letters after a recipient are no reason."""

HEADING, DIALOGUE, LABELLED, ANYWHERE = range(4)


@dataclass(slots=True)
class Failure:
    """One failed recipient and the words about it."""

    recipient: str
    words: str


@dataclass(slots=True)
class _Place:
    """Where an address stands in the notice."""

    address: str
    line: int
    rank: int
    rest: str


def split_original(text: str) -> tuple[list[str], str]:
    """Split a text into the lines of the notice and the original returned below them."""
    lines = text.split("\n")[:MAX_LINES]
    begins, fields = phrases("original"), phrases("original_header")
    for number, line in enumerate(lines):
        if not line or line.isspace():
            continue
        low = line[:200].lstrip(_LEAD).lower()
        if low.startswith(fields) and line.lstrip(" \t>")[:1].isalpha():
            return lines[:number], "\n".join(lines[number:])
        if low.startswith(begins) and _is_separator(lines, number, line):
            return lines[:number], "\n".join(lines[number + 1 :])
        if line.startswith(("Message-", "From:", "Date:", "Subject:", "MIME-", "To:")) and _is_block(
            lines, number
        ):
            return lines[:number], "\n".join(lines[number:])
    return lines, ""


def _is_separator(lines: list[str], number: int, line: str) -> bool:
    """Tell a separator from a sentence that begins with the same words."""
    stripped = line.strip()
    if stripped[0] in "-_=*" or len(stripped) < 60 and stripped[-1] in ":.-=*_：":
        # "The original message was received at ..." opens notices; nothing failed before it.
        return number > 0 or len(lines) == 1
    return number > 0 and len(stripped) < 40


_FIELD = re.compile(r"^[A-Za-z][A-Za-z0-9-]{1,40}:")


def _is_block(lines: list[str], number: int) -> bool:
    """Say whether a header block begins here: three fields of a message in a row."""
    found = 0
    for line in lines[number : number + 8]:
        if _FIELD.match(line):
            found += 1
        elif line[:1] not in (" ", "\t"):
            break
    return found >= 4


def original_headers(tail: str) -> str:
    """Return the header block at the top of what follows the notice."""
    lines = tail.split("\n")
    start = next((i for i, line in enumerate(lines[:40]) if _FIELD.match(line.lstrip(" \t>"))), None)
    if start is None:
        return ""
    indent = len(lines[start]) - len(lines[start].lstrip(" \t>"))
    block = []
    for line in lines[start:]:
        bare = line[indent:]
        if not bare.strip():
            break
        block.append(bare)
    return "\n".join(block)


def failures(lines: list[str], known: list[str], own: frozenset[str]) -> list[Failure]:
    """Find the failed recipients of a notice and the words about each.

    Parameters
    ----------
    lines : list of str
        The notice, without the returned original.
    known : list of str
        Recipients that the headers name as failed; where given, no other counts.
    own : frozenset of str
        Lower-case addresses of the sender, never a failed recipient unless
        nothing else is there.

    Returns
    -------
    list of Failure
        In the order of the notice; a single one without recipient where none
        is named.
    """
    places = _places(lines)
    chosen = _known_places(places, known) if known else _chosen(places, own)
    if not chosen:
        words = _notice(lines)
        return [Failure(address, words) for address in known] or [Failure("", words)]
    headings = [place for place in places if place.rank == HEADING]
    return _with_words(lines, chosen, headings)[:MAX_FAILURES]


def _places(lines: list[str]) -> list[_Place]:
    places: list[_Place] = []
    previous = ""
    for number, line in enumerate(lines):
        if "@" in line and not line.lstrip().startswith(">  "):
            places += _in_line(line[:MAX_LINE], number, previous)
        if line.strip():
            previous = line.strip()
    return places


def _in_line(line: str, number: int, previous: str) -> list[_Place]:
    found: list[_Place] = []
    dialogue = bool(_DIALOGUE.match(line))
    for match in ADDRESS.finditer(line):
        address = (match[1] or match[2]).strip(".'")
        before, after = line[: match.start()], line[match.end() :]
        if _GENERATED.match(before.strip()) or address.startswith(("=", "/")):
            continue
        if dialogue and not found:
            rank = DIALOGUE
        elif not before.strip(_WRAP) and not found and not line.lstrip().startswith((">>> ", "<<< ")):
            rank = HEADING if not _is_label(previous, _OTHER_LABELS, _OTHER_ENDINGS) else ANYWHERE + 1
        elif before.lstrip().startswith(">>> ") and not before.strip(_WRAP):
            rank = HEADING
        elif _is_label(before, _OTHER_LABELS, _OTHER_ENDINGS):
            rank = ANYWHERE + 1
        elif _is_label(before, _TO_LABELS, _TO_ENDINGS) or _ends_line(before, after):
            rank = LABELLED
        else:
            rank = ANYWHERE
        if rank == HEADING and (named := _BRACKETED.match(after)):
            # The first address is only the display name of the second.
            address, after = named[1], after[named.end() :]
        found.append(_Place(address, number, rank, after))
    return found


def _is_label(before: str, labels: frozenset[str], endings: tuple[str, ...]) -> bool:
    """Say whether a text ends with one of the labels, as whole words."""
    tail = before[-60:].rstrip(_LABEL_END).lower()
    words = tail.rsplit(None, 2)[-2:]
    if not words:
        return False
    return words[-1] in labels or " ".join(words) in labels or tail.endswith(endings)


def _ends_line(before: str, after: str) -> bool:
    """Say whether the line is ``words: address`` and nothing more."""
    return before.rstrip(" \t<\"'")[-1:] in (":", "：") and not after.strip(_WRAP)


def _known_places(places: list[_Place], known: list[str]) -> list[_Place]:
    """Give each known recipient its best place, in the order known."""
    chosen = []
    for address in known:
        low = address.lower()
        own = [place for place in places if place.address.lower() == low]
        if own:
            chosen.append(min(own, key=lambda place: (place.rank, place.line)))
    if len(chosen) == len(known):
        return sorted(chosen, key=lambda place: place.line)
    headings = _distinct([place for place in places if place.rank == HEADING])
    if len(headings) == len(known):
        return [
            _Place(address, place.line, place.rank, place.rest)
            for address, place in zip(known, headings, strict=True)
        ]
    return []


def _chosen(places: list[_Place], own: frozenset[str]) -> list[_Place]:
    """Take the addresses of the best rank; the sender's own and role addresses last."""
    likely = [place for place in places if place.rank <= ANYWHERE]
    groups = (
        [p for p in likely if p.address.lower() not in own and not _ROLES.match(p.address)],
        [p for p in likely if p.address.lower() not in own],
        [p for p in likely if p.rank == HEADING and not p.rest.strip(_WRAP)],
    )
    for group in groups:
        if group:
            best = min(place.rank for place in group)
            found = _distinct([place for place in group if place.rank == best])
            return _distinct(_listed(found if best < ANYWHERE else found[:1], group))
    return []


def _listed(chosen: list[_Place], places: list[_Place]) -> list[_Place]:
    """Add the addresses that follow a chosen one on its line, parted by commas only."""
    found: list[_Place] = []
    for place in chosen:
        found.append(place)
        last = place
        for other in places:
            if other.line == place.line and len(other.rest) < len(last.rest):
                if last.rest.strip(_SEPARATORS).startswith(other.address) and last.rest[:1] in ",; >":
                    last = other
                    found.append(_Place(other.address, place.line, place.rank, other.rest))
    return found


def _distinct(places: list[_Place]) -> list[_Place]:
    seen: dict[str, _Place] = {}
    for place in places:
        seen.setdefault(place.address.lower(), place)
    return list(seen.values())


def _with_words(
    lines: list[str], chosen: list[_Place], headings: list[_Place]
) -> list[Failure]:
    found = []
    starts = sorted({place.line for place in chosen})
    for place in chosen:
        if place.rank == DIALOGUE:
            above = max((line for line in starts if line < place.line), default=-1)
            end = place.line + 1
            below = min((line for line in starts if line >= end), default=len(lines))
            while end < below and lines[end].strip():
                end += 1
            words = _dialogue(lines[above + 1 : end] if len(chosen) == 1 else lines[above + 1 : place.line + 1])
        elif place.rank == HEADING:
            mine = [p for p in headings if p.address.lower() == place.address.lower()] or [place]
            words = _reason(lines, place, _segments(lines, mine, headings), starts[0])
        elif len(chosen) > 1:
            others = {other.line for other in chosen} - {place.line}
            words = _notice([line for n, line in enumerate(lines) if n not in others])
        else:
            # What follows the recipient tells more than the sentence that names it.
            words = _tidy([place.rest.strip(" \t>.:;,\"'"), *lines[place.line + 1 :]])
            if not (_REPLY.search(words) or _holds(_SPECIFIC, words)):
                words = _notice(lines)
        found.append(Failure(place.address, (_between_labels(words) or words)[:MAX_WORDS]))
    return found


def _dialogue(lines: list[str]) -> str:
    """Join a stretch of SMTP dialogue, the server's own replies (``<<<``) first."""
    blank = [number for number, line in enumerate(lines) if not line.strip()]
    lines = lines[blank[-1] + 1 :] if blank else lines
    replies = [line.strip()[3:].strip() for line in lines if line.lstrip().startswith("<<<")]
    rest = [line.strip() for line in lines if not line.lstrip().startswith(("<<<", ">>>", "---"))]
    return "\n".join([*replies, *(line for line in rest if line)])


def _segments(lines: list[str], places: list[_Place], headings: list[_Place]) -> str:
    """Join what follows a recipient wherever it stands, up to the next recipient."""
    found: list[str] = []
    for place in places:
        rest = place.rest.lstrip(" >")
        for repeated in (f"<{place.address}>", f"<mailto:{place.address}>", f"<{place.address}"):
            rest = rest.removeprefix(repeated)
        below = min((p.line for p in headings if p.line > place.line), default=len(lines))
        if found and rest.strip(_WRAP):
            # Not a new mention of the recipient but a reply that goes on with the address.
            rest = lines[place.line].strip()
        for line in _tidy([rest.strip(_AROUND), *lines[place.line + 1 : below]]).split("\n"):
            if line and line not in found:
                found.append(line)
    return "\n".join(found)


def _reason(lines: list[str], place: _Place, segment: str, first: int) -> str:
    """Return the words about a recipient that stands alone or first on its line."""
    if _weight(segment):
        return segment
    about = [
        line
        for number, line in enumerate(lines)
        if number != place.line and place.address in line and _REPLY.search(line)
    ]
    if about:
        return _tidy(about)
    above = _tidy(lines[:first])
    little = sum(map(str.isalpha, segment)) < MIN_LETTERS
    if little or _REPLY.search(above) or _holds(_SPECIFIC, above):
        return f"{above}\n{segment}".strip()
    return segment


def _weight(words: str) -> bool:
    return bool(_REPLY.search(words) or _holds(_TELLING, words))


def _holds(words: tuple[str, ...], text: str) -> bool:
    low = text.lower()
    return any(word in low for word in words)


def _notice(lines: list[str]) -> str:
    """Return the whole notice without what says nothing."""
    labelled = _between_labels("\n".join(lines))
    return _tidy(labelled.split("\n") if labelled else lines)[:MAX_WORDS]


def _between_labels(text: str) -> str:
    """Return what stands between the labels of a page of fields, empty without labels."""
    for starts, ends in spans():
        start = max(text.rfind(label) + len(label) if label in text else -1 for label in starts)
        if start >= 0:
            stops = [at for label in ends if (at := text.find(label, start)) >= 0]
            words = text[start : min(stops, default=len(text))].lstrip(" :：/\n").rstrip()
            if len(words) > 3:
                return words
    return ""


def _tidy(lines: list[str]) -> str:
    """Drop empty, decorative and boilerplate lines, unless nothing else is there."""
    kept, dropped = [], []
    empty = phrases("boilerplate")
    for line in lines:
        bare = line.strip()
        if not bare.strip("-_=*#~+ >") or _ACCEPTED.search(bare[:200]):
            continue
        (dropped if bare.lower().lstrip(_LEAD).startswith(empty) else kept).append(bare)
    return "\n".join(kept or dropped)


def unquoted(lines: list[str]) -> str:
    """Return the notice without lines a person quoted."""
    return "\n".join(line for line in lines if not line.startswith(">"))


def is_quoting(lines: list[str]) -> bool:
    """Say whether most of the text is quoted with ``>``."""
    full = [line for line in lines if line.strip()]
    return sum(line.startswith(">") for line in full) * 2 > len(full)


def folded(lines: list[str]) -> str:
    """Return the notice folded for phrases."""
    return fold(unquoted(lines))
