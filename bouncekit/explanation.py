"""Why one failure means what the table says, for a person."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from bouncekit.classifier import Classifier, Decision, Evidence
from bouncekit.codes import enhanced_code, reply_code
from bouncekit.errors import BouncekitError, InputNotFoundError, UnreadableFileError
from bouncekit.fingerprints import fold_in_place, phrase_words
from bouncekit.rulebook import Rule
from bouncekit.schema import COLUMNS
from bouncekit.taxonomy import FAILURES, Language, Reason, reasons
from bouncekit.words import LANGUAGES

_MESSAGE_FILES = (".eml", ".msg")
_HEADER = re.compile(
    r"(?:from |return-path:|received:|from:|date:|subject:|mime-version:|delivered-to:)",
    re.IGNORECASE,
)
_LABELS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "hard": "hard",
        "soft": "soft",
        "undetermined": "not decided",
        "address": "the address is at fault",
        "mailbox": "the mailbox is at fault for now",
        "server": "a mail server is at fault",
        "network": "the network is at fault",
        "policy": "the receiver refuses the sender",
        "content": "the receiver refuses this message",
        "unknown": "nobody can be blamed from this text",
        "recipient": "Recipient",
        "means": "Means",
        "do": "What to do",
        "stop": "do not mail this person again",
        "heals": "Can heal",
        "heals_never": "never",
        "heals_time": "with time",
        "heals_sender": "when the sender changes something",
        "counts": "Against the address",
        "counts_remove": "at once",
        "counts_yes": "counts towards the soft limit",
        "counts_no": "does not count",
        "rule": "Rule",
        "no_rule": "none knows this text; bk.unknown(table) drafts one",
        "matched": "Matched",
        "note": "Note",
        "source": "Source",
        "sure": "How sure",
        "strong": "strong: the server's own words",
        "fair": "fair: a code, or words with a second reading",
        "weak": "weak: hardly any evidence",
        "runner_up": "Else it would be",
    },
    "zh": {
        "hard": "硬退信",
        "soft": "软退信",
        "undetermined": "未判定",
        "address": "问题在地址",
        "mailbox": "问题在对方邮箱（暂时）",
        "server": "问题在邮件服务器",
        "network": "问题在网络",
        "policy": "对方拒绝发件方",
        "content": "对方拒绝这封邮件",
        "unknown": "从这段文字看不出原因",
        "recipient": "收件人",
        "means": "含义",
        "do": "该怎么做",
        "stop": "不要再给此人发邮件",
        "heals": "能否恢复",
        "heals_never": "不能",
        "heals_time": "等待即可能恢复",
        "heals_sender": "需发件方改变",
        "counts": "是否计入该地址",
        "counts_remove": "立即移除",
        "counts_yes": "计入软退信次数",
        "counts_no": "不计入",
        "rule": "规则",
        "no_rule": "没有规则认识这段文字；bk.unknown(table) 可生成规则草稿",
        "matched": "匹配的文字",
        "note": "说明",
        "source": "出处",
        "sure": "把握",
        "strong": "高：依据对方服务器的原话",
        "fair": "中：依据代码，或有歧义的文字",
        "weak": "低：几乎没有依据",
        "runner_up": "否则会判为",
    },
}


@dataclass(frozen=True)
class Explanation:
    """What one failure means, by which rule and words, and what to do.

    ``str()`` gives plain text; a notebook shows it as a table. Every text of
    the outside world in it is made harmless for terminal and page.

    Parameters
    ----------
    text : str
        The words that were judged.
    decision : Decision
        The outcome, as in the table.
    rule : Rule or None
        The rule that decided.
    runner_up : Rule or None
        The next rule that matched and says another reason.
    matched : tuple of str
        The very words that matched, as they stand in ``text``.
    recipient : str or None
        Whom it is about, where that is known.
    lang : {'en', 'zh'}
        Language of the output.
    others : tuple of Explanation
        The further recipients of the same message.
    """

    text: str
    decision: Decision
    rule: Rule | None
    runner_up: Rule | None
    matched: tuple[str, ...]
    recipient: str | None = None
    lang: Language = "en"
    others: tuple["Explanation", ...] = field(default=())

    @property
    def bounce_type(self) -> str:
        """``hard``, ``soft`` or ``undetermined``."""
        return self.decision.bounce_type

    @property
    def reason(self) -> str:
        """A name of the taxonomy."""
        return self.decision.reason

    @property
    def category(self) -> str:
        """Whose move it is."""
        return self.decision.category

    @property
    def action(self) -> str:
        """What to do, in the chosen language."""
        label = self._labels
        entry = self._entry
        # A hard reason that reads soft here must not say "remove at once".
        softened = entry.bounce_type == "hard" and self.bounce_type != "hard"
        action = (reasons()["expired"] if softened else entry).action[self.lang]
        return f"{action}; {label['stop']}" if self.stop else action

    @property
    def stop(self) -> bool:
        """Whether this person should get no more mail, whatever the reason."""
        return self.decision.advice == "stop"

    @property
    def _entry(self) -> Reason:
        return reasons()[self.reason]

    @property
    def _labels(self) -> Mapping[str, str]:
        return _LABELS[self.lang]

    def _headline(self) -> str:
        label = self._labels
        parts = (label[self.bounce_type], self._entry.label[self.lang], label[self.category])
        return " · ".join(parts)

    def _lines(self) -> list[tuple[str, str]]:
        label, entry, rule = self._labels, self._entry, self.rule
        other = self.runner_up
        lines = [
            (label["recipient"], self.recipient or ""),
            (label["means"], entry.meaning[self.lang]),
            (label["do"], self.action),
            (label["heals"], label[f"heals_{entry.heals}"]),
            (label["counts"], label[f"counts_{self._counts()}"]),
            (label["rule"], rule.id if rule else label["no_rule"]),
            (label["matched"], " + ".join(self.matched)),
            (label["note"], rule.note if rule else ""),
            (label["source"], rule.see if rule else ""),
            (label["sure"], label[self.decision.confidence]),
            (
                label["runner_up"],
                f"{reasons()[other.reason].label[self.lang]} ({other.id})" if other else "",
            ),
        ]
        return [(name, _harmless(value)) for name, value in lines if value]

    def _counts(self) -> str:
        counts = self._entry.counts
        return "yes" if counts == "remove" and self.bounce_type != "hard" else counts

    def __str__(self) -> str:
        """Give the explanation as plain text for a terminal."""
        lines = self._lines()
        width = max(_width(name) for name, _ in lines)
        body = [f"  {name}{' ' * (width - _width(name))}  {value}" for name, value in lines]
        parts = ["\n".join([_harmless(self.text), "", f"  {self._headline()}", *body])]
        return "\n\n".join(parts + [str(other) for other in self.others])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{escape(name)}</th>"
            f"<td style='text-align:left' dir='auto'>{escape(value)}</td></tr>"
            for name, value in self._lines()
        )
        table = (
            f"<div lang='{self.lang}'><p dir='auto'><code>{escape(_harmless(self.text))}</code></p>"
            f"<p><strong>{escape(self._headline())}</strong></p><table>{rows}</table></div>"
        )
        return table + "".join(other._repr_html_() for other in self.others)


def explain(
    what: str | bytes | os.PathLike[str] | pd.Series,
    lang: Language = "en",
    rules: str | Path | None = None,
) -> Explanation:
    """Explain one failure: type, reason, the rule and words behind it, what to do.

    Parameters
    ----------
    what : str, Path, bytes or Series
        A server's reply or log line; a message, as bytes, as pasted text or
        as the path of an ``.eml`` or ``.msg`` file; or a row of a bounce table.
    lang : {'en', 'zh'}
        Language of the output.
    rules : str, Path or None
        A rules file of one's own, as in :func:`bouncekit.classify`.

    Returns
    -------
    Explanation
        For a message with several failed recipients the first, with the
        rest in ``others``.

    Raises
    ------
    BouncekitError
        If there is nothing that failed in ``what``, or the language is unknown.
    InputNotFoundError
        If the named message file is missing.

    Examples
    --------
    >>> found = explain("550 5.2.2 <ann@example.com>: mailbox full")
    >>> found.bounce_type, found.reason
    ('soft', 'mailbox_full')
    """
    if lang not in LANGUAGES:
        msg = f"the language {lang!r} is not known; use one of: {', '.join(LANGUAGES)}"
        raise BouncekitError(msg)
    classifier = Classifier(rules)
    first, *rest = (_explanation(classifier, row, lang) for row in _rows(what))
    return replace(first, others=tuple(rest))


def _explanation(classifier: Classifier, row: Mapping[str, Any], lang: Language) -> Explanation:
    text = row.get("diagnostic") or ""
    decision = classifier.decide(
        Evidence(
            text=text,
            smtp_code=row.get("smtp_code"),
            enhanced_code=row.get("enhanced_code"),
            remote_mta=row.get("remote_mta"),
            domain=row.get("domain"),
            vendor_type=row.get("vendor_type"),
            source=row.get("source"),
            event=row.get("event") or "bounce",
        )
    )
    return Explanation(
        text=text,
        decision=decision,
        rule=classifier.rule(decision.rule),
        runner_up=classifier.rule(decision.runner_up or ""),
        matched=tuple(_as_written(words, text) for words in decision.matched),
        recipient=row.get("recipient"),
        lang=lang,
    )


# --- what was given ----------------------------------------------------------


def _rows(what: Any) -> list[Mapping[str, Any]]:
    if isinstance(what, pd.Series):
        return [_from_table(what)]
    if isinstance(what, bytes):
        return _from_message(what, "the message")
    if isinstance(what, os.PathLike) or (
        isinstance(what, str) and "\n" not in what and what.lower().endswith(_MESSAGE_FILES)
    ):
        return _from_message(_contents(Path(what)), str(what))
    if not isinstance(what, str) or not what.strip():
        msg = "explain takes a line of text, a message or its file, or a row of a bounce table"
        raise BouncekitError(msg)
    if _is_message(what):
        return _from_message(what.encode("utf-8", "surrogateescape"), "the message")
    return [
        {
            "diagnostic": what.strip(),
            "smtp_code": reply_code(what),
            "enhanced_code": enhanced_code(what),
        }
    ]


def _from_table(row: pd.Series) -> Mapping[str, Any]:
    known = {column.name for column in COLUMNS}
    values = {name: value for name, value in row.items() if name in known and not _missing(value)}
    event = values.get("event", "bounce")
    if event not in FAILURES:
        msg = f"this row is the event {event!r}, not a failure; there is nothing to explain"
        raise BouncekitError(msg)
    return values


def _missing(value: Any) -> bool:
    return bool(pd.isna(value))


def _contents(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        msg = f"{path}: no such file"
        raise InputNotFoundError(msg) from None
    except OSError as error:
        msg = f"{path}: cannot be read ({error.strerror})"
        raise UnreadableFileError(msg) from None


def _is_message(text: str) -> bool:
    head, blank, _ = text.lstrip().replace("\r\n", "\n").partition("\n\n")
    return bool(blank) and bool(_HEADER.match(head)) and head.count(":") > 1


def _from_message(raw: bytes, name: str) -> list[Mapping[str, Any]]:
    # The mail room is heavy and a pasted line does not need it.
    from bouncekit.addresses import domain_of
    from bouncekit.readers import mail
    from bouncekit.readers._base import BadItem, Options, SkipItem

    try:
        rows = mail.parse(raw, Options())
    except SkipItem as skipped:
        msg = f"{name} is no bounce: {skipped}"
        raise BouncekitError(msg) from None
    except BadItem as bad:
        msg = f"{name} cannot be read: {bad}"
        raise UnreadableFileError(msg) from None
    failed = [row for row in rows if row.get("event") in FAILURES]
    if not failed:
        event = rows[0]["event"] if rows else "nothing"
        msg = f"{name} tells of {event!r}, not of a failure; there is nothing to explain"
        raise BouncekitError(msg)
    return [{**row, "source": "mail", "domain": domain_of(row.get("recipient"))} for row in failed]


# --- how it is shown ---------------------------------------------------------


def _as_written(words: str, text: str) -> str:
    """Find the matched words as they stand in the text; as matched where folding changed them."""
    between = r"[\W_]{0,20}(?:[\w.+-]{1,64}@[\w.-]{1,80}[\W_]{0,20})?"
    parts = phrase_words(words)
    if not parts or len(parts) > 40:
        return words
    pattern = between.join(map(re.escape, parts))
    found = re.search(pattern, fold_in_place(text), re.IGNORECASE)
    return text[found.start() : found.end()] if found else words


def _harmless(text: str) -> str:
    """Fold white space; show control and direction characters as U+FFFD."""
    return "".join(c if c.isprintable() else "\ufffd" for c in " ".join(text.split()))


def _width(text: str) -> int:
    """Give the columns that a text takes in a terminal; Chinese takes two each."""
    return sum(2 if ord(character) >= 0x1100 else 1 for character in text)
