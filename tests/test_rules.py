import time
from dataclasses import replace

import pytest

from bouncekit.classification.classifier import Classifier, Evidence, clues_of
from bouncekit.classification.fingerprints import joined, normalise, words
from bouncekit.classification.matching import read_clues, try_rule
from bouncekit.classification.phrases import spellings
from bouncekit.classification.rulebook import load_rules, package_rules, parse_rules
from bouncekit.classification.ruleindex import RuleIndex
from bouncekit.errors import RuleError
from bouncekit.taxonomy import reasons

RULES = package_rules()
BY_ID = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)


@pytest.fixture(scope="module")
def classifier():
    return Classifier()


@BY_ID
def test_rule_wins_for_its_own_hit(rule, classifier):
    decision = classifier.decide(Evidence(**rule.hit))
    assert decision.rule == rule.id, f"{decision.rule} won by {decision.matched}"
    assert decision.reason == rule.reason


@BY_ID
def test_rule_does_not_match_its_miss(rule):
    assert try_rule(rule, clues_of(Evidence(**rule.miss))) is None


@BY_ID
def test_rule_says_what_its_words_mean(rule):
    assert rule.note.endswith((".", "。")), "each of our rules has a note, a plain sentence"


def test_ids_are_unique_and_reasons_known():
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert {rule.reason for rule in RULES} <= set(reasons())


def test_every_reason_but_the_empty_handed_one_has_a_rule_by_words():
    told = {rule.reason for rule in RULES if rule.text or rule.all or rule.regex}
    assert told >= set(reasons()) - {"unspecified"}


def test_a_phrase_alone_leads_to_the_reason_of_its_rule():
    """No phrase is dead, and none is taken away by an earlier rule of another reason."""
    index = RuleIndex(RULES)
    astray = []
    for rule in RULES:
        # What else these rules ask for stands in the text of their hit.
        if rule.all or rule.regex or rule.enhanced or rule.reply or rule.stage:
            continue
        around = clues_of(Evidence(**{**rule.hit, "text": ""}))
        for phrase in (way for written in rule.text for way in spellings(written)):
            text = normalise(phrase)
            clues = replace(around, text=text, spoken=joined(words(text)))
            decided = next(index.matches(clues)).rule
            if decided.reason != rule.reason:
                astray.append((rule.id, phrase, decided.id))
    assert astray == []


def test_the_index_finds_what_trying_every_rule_finds():
    index = RuleIndex(RULES)
    for rule in RULES:
        for sample in (rule.hit, rule.miss):
            clues = clues_of(Evidence(**sample))
            naive = [other.id for other in RULES if try_rule(other, clues)]
            assert [match.rule.id for match in index.matches(clues)] == naive


_PATHOLOGICAL = {
    "one letter": lambda n: "a" * n,
    "dots": lambda n: "host a." + "a." * n,
    "codes": lambda n: "550 5.1.1 " * n,
    "brackets": lambda n: "[tss" * n,
    "spaces": lambda n: "550" + " " * n + ": user unknown",
    "ats": lambda n: "a@" * n,
    "hyphens": lambda n: "550-5.7.1 x-" * n,
    "half words": lambda n: "user unknow sender blocke " * n,
}


@pytest.mark.parametrize("family", _PATHOLOGICAL)
def test_no_text_makes_the_rules_slow(family):
    """Four times the text takes about four times as long; sixteen would be quadratic."""
    make = _PATHOLOGICAL[family]
    size = 1_000 // len(make(1)) + 1

    def seconds(count):
        text = make(count)
        best = 9.0
        for _ in range(5):
            start = time.process_time()
            clues = read_clues(text, None, None, None, None, None, None, None)
            for rule in RULES:
                if rule.regex:
                    rule.regex.search(text)
                try_rule(rule, clues)
            best = min(best, time.process_time() - start)
        return best

    once, fourfold = seconds(size), seconds(4 * size)
    assert fourfold < max(12 * once, 0.05)


def test_normal_words_of_a_text():
    assert words("550 5.1.1 <*>: no_such-user 无此人") == (
        *("550", "5", "1", "1", "no", "such", "user"),
        *("无", "此", "人"),
    )


# --- rules of one's own ---------------------------------------------------------

GOOD = """
[[rule]]
id = "my.fishing"
reason = "suspended"
text = ["gone fishing"]
hit = "550 gone fishing"
miss = "550 user unknown"
"""


def test_own_rules_are_read_first(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(GOOD, encoding="utf-8")
    assert load_rules(path)[0].id == "my.fishing"
    assert len(load_rules(path)) == len(RULES) + 1
    decision = Classifier(path).decide(Evidence(text="550 gone fishing"))
    assert (decision.rule, decision.reason) == ("my.fishing", "suspended")


def test_own_rule_with_our_id_replaces_ours(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(GOOD.replace("my.fishing", "tencent.not-found"), encoding="utf-8-sig")
    rules = load_rules(path)
    assert len(rules) == len(RULES)
    assert [rule.reason for rule in rules if rule.id == "tencent.not-found"] == ["suspended"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("reason =", "reson ="), "unknown key 'reson'"),
        (('reason = "suspended"\n', ""), "has no 'reason'"),
        (('"suspended"', '"sleepy"'), "unknown reason 'sleepy'"),
        (('id = "my.fishing"\n', ""), "rule 1 has no id"),
        (('hit = "550 gone fishing"\n', ""), "has no 'hit'"),
        (('text = ["gone fishing"]', 'text = "(("'), "has no word to look for"),
        (('text = ["gone fishing"]', "regex = '(unclosed'"), "does not compile"),
        (('text = ["gone fishing"]', "regex = '(a+)+b'"), "could be slow"),
        (('text = ["gone fishing"]', "regex = '(a{1,9}){1,9}b'"), "could be slow"),
        (('text = ["gone fishing"]', "regex = '.{0,99}.{0,99}b'"), "could be slow"),
        (('text = ["gone fishing"]', "text = [550]"), "'text' must be a list of texts"),
        (('["gone fishing"]', '["gone {fishing"]'), "has a brace without its pair"),
        (('["gone fishing"]', '["gone {fishing|...|}"]'), "has no word to look for"),
        (
            ('["gone fishing"]', '["' + "{a|b|c|d|e|f|g|h|i|j}" * 4 + '"]'),
            "has more than 2,000 spellings",
        ),
        (('text = ["gone fishing"]', 'host = ["acme"]'), "unknown host 'acme'"),
        (('text = ["gone fishing"]', 'stage = ["QUIT"]'), "unknown stage 'QUIT'"),
        (('text = ["gone fishing"]', 'source = ["fax"]'), "unknown source 'fax'"),
        (('text = ["gone fishing"]', 'event = ["sent"]'), "unknown event 'sent'"),
        (('text = ["gone fishing"]', 'enhanced = ["5.x"]'), "enhanced code '5.x'"),
        (('text = ["gone fishing"]', "reply = [250]"), "reply code 250"),
        (('text = ["gone fishing"]', 'none = ["x"]'), "has no condition"),
        (('text = ["gone fishing"]', 'text = ["x"]\nbounce_type = "hard"'), "without a note"),
        (('hit = "550 gone fishing"', "hit = 5"), "'hit' is a text, or a table"),
        (("[[rule]]", "[rule]"), "rules are written as [[rule]] tables"),
        (("[[rule]]", "[[rule"), "not valid TOML"),
        (("[[rule]]", "colour = 1\n[[rule]]"), "unknown key 'colour'"),
    ],
)
def test_a_bad_rules_file_is_one_clear_sentence(tmp_path, change, sentence):
    path = tmp_path / "mine.toml"
    path.write_text(GOOD.replace(*change), encoding="utf-8")
    with pytest.raises(RuleError) as caught:
        load_rules(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert sentence in message
    assert "\n" not in message


def test_a_missing_rules_file_is_named(tmp_path):
    with pytest.raises(RuleError, match=r"none\.toml: the rules file cannot be read"):
        load_rules(tmp_path / "none.toml")


def test_a_rules_file_in_another_encoding_is_named(tmp_path):
    path = tmp_path / "gbk.toml"
    path.write_bytes("# 规则\n".encode("gbk"))
    with pytest.raises(RuleError, match="is not UTF-8"):
        load_rules(path)


def test_an_id_twice_in_one_file_is_an_error():
    with pytest.raises(RuleError, match="stands there twice"):
        parse_rules(GOOD + GOOD, "mine.toml")


def test_choices_in_a_phrase_are_spelled_out():
    choices = '"{who} {is |}on {leave|holiday}"]\n[words]\nwho = ["user", "mail box"]'
    text = GOOD.replace('text = ["gone fishing"]\n', "") + "text = [" + choices
    # A table comes before the rules that use it.
    rules, words_ = text.split("[words]")
    (rule,) = parse_rules(f"[words]{words_}\n{rules}", "mine.toml")
    assert rule.text == (
        *("user is on leave", "user is on holiday", "user on leave", "user on holiday"),
        *("mail box is on leave", "mail box is on holiday", "mail box on leave"),
        "mail box on holiday",
    )
    assert try_rule(rule, clues_of(Evidence(text="550 mail-box <*> on leave")))


@pytest.mark.parametrize(
    ("words_", "sentence"),
    [
        ("words = 5", r"\[words\] gives names to lists of texts"),
        ("words = { who = [] }", r"\[words\] gives names to lists of texts"),
        ("words = { who = [5] }", r"\[words\] gives names to lists of texts"),
    ],
)
def test_wrong_named_lists_are_one_clear_sentence(words_, sentence):
    with pytest.raises(RuleError, match=sentence):
        parse_rules(f"{words_}\n{GOOD}", "mine.toml")


def test_a_gap_spans_a_few_words_only():
    text = GOOD.replace("gone fishing", "user ... on leave")
    (rule,) = parse_rules(text, "mine.toml")
    near = clues_of(Evidence(text="550 user Ann Lee is on leave"))
    far = clues_of(Evidence(text="550 user one two three four five six seven on leave"))
    assert try_rule(rule, near).words == ("user ann lee is on leave",)
    assert try_rule(rule, far) is None
