import csv
import random
import re

import pandas as pd
import pyarrow as pa
import pytest

from bouncekit.classification import numbers
from bouncekit.classification.classifier import Classifier, Evidence, classifier_for
from bouncekit.classification.fingerprints import normalise, strip_varying
from bouncekit.classification.numbers import KnownNumbers
from bouncekit.schema import bounce_table

RULES = """
[[rule]]
id = "my.line"
reason = "suspended"
text = ["line 4711 down"]
hit = "550 line 4711 down"
miss = "550 line 4712 down"

[[rule]]
id = "my.range"
reason = "mailbox_full"
regex = 'shelf [1-5]0{0,3}x'
hit = "550 shelf 3000x"
miss = "550 shelf 9000x"
"""


def texts_of_all_kinds(root):
    with (root / "tests/data/replies.tsv").open(encoding="utf-8", newline="") as stream:
        yield from (row["text"] for row in csv.DictReader(stream, delimiter="\t"))
    for rule in classifier_for(None).rules:
        yield from (sample.get("text", "") for sample in (rule.hit, rule.miss) if sample)


def with_other_numbers(text, dice):
    """Change some of the numbers of a text, to known ones and to codes too."""

    def other(match):
        size = len(match[0])
        named = [n for n in ("4", "7", "50", "421", "550", "571", "3150", "5322") if len(n) == size]
        if dice.random() < 0.3:
            return match[0]
        return dice.choice(named) if named and dice.random() < 0.3 else digits(size, dice)

    return re.sub(r"\d+", other, text)


def digits(size, dice):
    return "".join(dice.choices("0123456789", k=size))


def groups(texts, rules=None):
    known = KnownNumbers(classifier_for(rules).rules)
    return known, *known.alike(strip_varying(pa.array(texts, pa.large_string())))


def test_a_million_rows_are_decided_like_each_row_alone(root):
    """Whatever the numbers: grouping texts must never change what a rule says."""
    dice = random.Random(5)
    texts = [text for text in texts_of_all_kinds(root) if text]
    texts += [with_other_numbers(text, dice) for text in texts for _ in range(4)]
    table = bounce_table([{"event": "bounce", "diagnostic": text} for text in texts])
    classifier = Classifier()
    found = classifier.classify(table)["rule"].fillna("").tolist()
    alone = [classifier.decide(Evidence(text=text)).rule for text in table["diagnostic"]]
    assert [t for t, a, b in zip(texts, found, alone, strict=True) if a != b] == []


@pytest.mark.parametrize(
    ("one", "two", "alike"),
    [
        ("550 size 12345 at mx17.example.com", "550 size 54321 at mx23.example.com", True),
        ("try again in 337 seconds", "try again in 912 seconds", True),
        ("try again in 437 seconds", "try again in 912 seconds", False),
        ("try again in 43 seconds", "try again in 4300 seconds", False),
        ("550 no", "551 no", False),
        ("5.1.1 no", "5.1.9 no", False),
        ("error S3150", "error S3140", False),
        ("error S3999", "error S3998", True),
        ("host mx1.163.com[x] said no", "host mx1.126.com[x] said no", False),
        ("容量12345", "容量54321", False),
        ("9", "8", False),
        ("9", "6", True),
    ],
)
def test_numbers_that_no_rule_knows_make_no_difference(one, two, alike):
    _, codes, first = groups([one, two])
    assert len(first) == 2 - alike
    assert (codes[0] == codes[1]) == alike


def test_a_pattern_that_names_digits_keeps_texts_apart():
    known, *_ = groups([""])
    assert known.tell(normalise("error [TSS04] deferred"))
    assert not known.tell(normalise("mx0417 deferred"))


def test_numbers_of_the_users_own_rules_count():
    texts = ["550 line 4711 down", "550 line 4712 down", "550 shelf 3000x", "550 shelf 9000x"]
    classifier = Classifier(RULES)
    table = pd.concat([bounce_table([{"event": "bounce", "diagnostic": t} for t in texts])] * 3)
    found = classifier.classify(table.reset_index(drop=True))["rule"].tolist()
    assert found == [classifier.decide(Evidence(text=text)).rule for text in texts] * 3
    assert found[0] == "my.line"
    assert found[2] == "my.range"
    assert found[3] != "my.range"


def test_texts_without_numbers_and_no_texts():
    assert groups(["no", "yes", "no"])[1].tolist() == [0, 1, 0]
    assert groups([])[1].tolist() == []


def test_every_pattern_becomes_one_that_matches_all_that_it_matches():
    for rule in classifier_for(None).rules:
        shape = numbers._shape(rule)
        if shape is not None and rule.hit and rule.hit.get("text"):
            text = normalise(strip_varying(pa.array([rule.hit["text"]]))[0].as_py())
            assert not rule.regex.search(text) or re.search(shape, text), rule.id
