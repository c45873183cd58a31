"""HTML to the words a person sees, in one linear pass.

No browser and no parse tree: tags become spaces and line ends, hidden
elements are dropped with all they hold.
"""

import html
import re

MAX_HTML = 262_144
"""Characters of HTML that are looked at."""

_BLOCKS = frozenset(
    (
        *("br", "p", "div", "tr", "li", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6"),
        *("blockquote", "hr", "pre", "td", "th", "center", "dt", "dd", "section"),
    )
)
_SILENT = frozenset(("script", "style", "head", "title", "noscript", "template"))
_VOID = frozenset(("br", "hr", "img", "input", "meta", "link", "col", "area", "base", "source"))
_NAME = re.compile(r"/?([a-zA-Z][a-zA-Z0-9]*)")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_SPACES = re.compile(r"[ \t\r\f\v\u00a0]+")
_EMPTY_LINES = re.compile(r"\n\s*\n+")


class _Page:
    """What has been read of a page so far."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.silent = ""
        self.depth = 0
        self.comment = False
        self.kept_lines = False

    def take(self, piece: str) -> None:
        """Read what stands between two ``<``: a tag and the words after it."""
        if self.comment or piece.startswith("!--"):
            _, closed, words = piece.partition("-->")
            self.comment = not closed
            self._say(words)
            return
        tag, closed, words = piece.partition(">")
        match = _NAME.match(tag)
        if not match or not closed:
            self._say(words if tag.startswith(("!", "?")) else f"<{piece}")
            return
        name = match[1].lower()
        if not self._hidden(name, tag):
            if name == "pre":
                self.kept_lines = not tag.startswith("/")
            self.words.append("\n" if name in _BLOCKS else "")
            self._say(words)

    def _hidden(self, name: str, tag: str) -> bool:
        """Follow hidden elements to their end; say whether this tag stands in one."""
        closing, empty = tag.startswith("/"), tag.endswith("/")
        if self.silent:
            if name == self.silent:
                self.depth += -1 if closing else 0 if empty else 1
            if self.depth:
                return True
            self.silent = ""
            return False
        if closing or empty or name in _VOID:
            return False
        if name in _SILENT or _HIDDEN.search(tag):
            self.silent, self.depth = name, 1
            return True
        return False

    def _say(self, words: str) -> None:
        if words and not self.silent:
            self.words.append(words if self.kept_lines else words.replace("\n", " "))


def visible_text(markup: str) -> str:
    """Return the visible words of an HTML page, one line per block.

    Script, style and elements hidden by ``display:none`` are left out:
    bounce pages keep placeholders in them.
    """
    page = _Page()
    first, *pieces = markup[:MAX_HTML].split("<")
    page.words.append(first)
    for piece in pieces:
        page.take(piece)
    lines = (
        _SPACES.sub(" ", line).strip() for line in html.unescape("".join(page.words)).split("\n")
    )
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip()
