"""HTML to the words a person sees, in one linear pass.

No browser and no parse tree: tags become spaces and line ends, hidden
elements are dropped with all they hold.
"""

import html
import re

MAX_HTML = 262_144
"""Characters of HTML that are looked at."""

_BLOCKS = frozenset(
    "br p div tr li ul ol table h1 h2 h3 h4 h5 h6 blockquote hr pre td th center dt dd section".split()
)
_SILENT = frozenset("script style head title noscript template".split())
_VOID = frozenset("br hr img input meta link col area base wbr source".split())
_NAME = re.compile(r"/?([a-zA-Z][a-zA-Z0-9]*)")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_SPACES = re.compile(r"[ \t\r\f\v\u00a0]+")
_EMPTY_LINES = re.compile(r"\n\s*\n+")


def visible_text(markup: str) -> str:
    """Return the visible words of an HTML page, one line per block.

    Script, style and elements hidden by ``display:none`` are left out:
    bounce pages keep placeholders in them.
    """
    out: list[str] = []
    silent, depth = "", 0
    comment = kept_lines = False
    for piece in markup[:MAX_HTML].split("<"):
        if comment or piece.startswith("!--"):
            _, closed, words = piece.partition("-->")
            comment = not closed
            if closed and not silent:
                out.append(words)
            continue
        tag, closed, words = piece.partition(">")
        match = _NAME.match(tag)
        if not match or not closed:
            if not silent:
                out.append(words if tag.startswith(("!", "?")) else ("<" if out else "") + piece)
            continue
        name = match[1].lower()
        if silent:
            if name == silent:
                depth += -1 if tag.startswith("/") else 0 if tag.endswith("/") else 1
            if depth:
                continue
            silent = ""
        elif not tag.startswith("/") and name not in _VOID:
            if (name in _SILENT or _HIDDEN.search(tag)) and not tag.endswith("/"):
                silent, depth = name, 1
                continue
        if name == "pre":
            kept_lines = not tag.startswith("/")
        out.append("\n" if name in _BLOCKS else "")
        out.append(words if kept_lines else words.replace("\n", " "))
    text = html.unescape("".join(out))
    lines = (_SPACES.sub(" ", line).strip() for line in text.split("\n"))
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip()
