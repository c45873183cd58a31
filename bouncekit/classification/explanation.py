"""Why one failure means what the table says, for a person."""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd

from bouncekit.classification.classifier import Classifier, Decision, Evidence, classifier_for
from bouncekit.classification.fingerprints import fold_in_place, phrase_words
from bouncekit.classification.pasted import failures_in
from bouncekit.classification.rulebook import Rule
from bouncekit.taxonomy import Language, Reason, reasons
from bouncekit.words import known


@cache
def _labels() -> dict[str, dict[str, str]]:
    text = (
        files("bouncekit.classification").joinpath("explanation.toml").read_text(encoding="utf-8")
    )
    return tomllib.loads(text)


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
        if self.decision.advice:
            return self._label[self.decision.advice]
        entry = self._entry
        # A hard reason that reads soft here must not say "remove at once".
        softened = entry.bounce_type == "hard" and self.bounce_type != "hard"
        return (reasons()["expired"] if softened else entry).action[self.lang]

    @property
    def stop(self) -> bool:
        """Whether this person should get no more mail, whatever the reason."""
        return self.decision.advice is not None

    @property
    def _entry(self) -> Reason:
        return reasons()[self.reason]

    @property
    def _label(self) -> Mapping[str, str]:
        return _labels()[self.lang]

    def _headline(self) -> str:
        label = self._label
        parts = (label[self.bounce_type], self._entry.label[self.lang], label[self.category])
        return " · ".join(parts)

    def _lines(self) -> list[tuple[str, str]]:
        label, entry, rule = self._label, self._entry, self.rule
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
        A rules file of one's own, or its text, as in :func:`bouncekit.classify`.

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
    known(lang)
    classifier = classifier_for(rules)
    first, *rest = (_explanation(classifier, row, lang) for row in failures_in(what))
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
