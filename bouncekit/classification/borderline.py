"""Where the line between hard and soft runs, shown on replies that lie beside it."""

import tomllib
from functools import cache
from importlib.resources import files

import pandas as pd

from bouncekit.classification.classifier import Evidence, classifier_for
from bouncekit.codes import enhanced_code, reply_code
from bouncekit.schema import TEXT
from bouncekit.taxonomy import Language
from bouncekit.words import known, words


@cache
def replies() -> tuple[dict[str, str], ...]:
    """Give the replies as they stand in ``borderline.toml``."""
    text = files("bouncekit.classification").joinpath("borderline.toml").read_text(encoding="utf-8")
    return tuple(tomllib.loads(text)["reply"])


def borderline(lang: Language = "en", rules: str | None = None) -> pd.DataFrame:
    """Show what the first digit says of some replies, and what they mean.

    Parameters
    ----------
    lang : {'en', 'zh'}
        Language of ``first_digit`` and ``because``.
    rules : path or text, optional
        Rules of your own, to see what they change.

    Returns
    -------
    DataFrame
        ``diagnostic``, ``first_digit`` (hard for 5, soft for 4, as home-made
        scripts decide), ``bounce_type`` and ``reason`` (the kit's),
        ``because``.
    """
    lang, classifier = known(lang), classifier_for(rules)
    rows = []
    for entry in replies():
        text = entry["text"]
        decision = classifier.decide(
            Evidence(
                text=text,
                smtp_code=reply_code(text),
                enhanced_code=enhanced_code(text),
                remote_mta=entry.get("remote_mta"),
            )
        )
        naive = words("type_hard" if text.startswith("5") else "type_soft", lang)
        rows.append((text, naive, decision.bounce_type, decision.reason, entry[lang]))
    names = ("diagnostic", "first_digit", "bounce_type", "reason", "because")
    return pd.DataFrame(rows, columns=list(names)).astype(TEXT)
