import csv
import time

import pandas as pd
import pyarrow as pa
import pytest

from bouncekit.classification.classifier import Classifier, Evidence, classify
from bouncekit.classification.fingerprints import fingerprint, normalise, strip_varying
from bouncekit.classification.unknowns import unknown
from bouncekit.errors import TableError
from bouncekit.schema import bounce_table

from . import corpus as scorer
from .conftest import ROOT

REPLIES = list(
    csv.DictReader(
        (ROOT / "tests/data/replies.tsv").read_text(encoding="utf-8").splitlines(),
        delimiter="\t",
        quoting=csv.QUOTE_NONE,
    )
)


@pytest.fixture(scope="module")
def classifier():
    return Classifier()


@pytest.mark.parametrize("reply", REPLIES, ids=lambda row: f"{row['host']} {row['text'][:50]}")
def test_reply_means_what_the_postmaster_pages_say(reply, classifier):
    decision = classifier.decide(Evidence(text=reply["text"], remote_mta=reply["host"] or None))
    assert (decision.bounce_type, decision.reason) == (reply["bounce_type"], reply["reason"]), (
        f"decided by {decision.rule}: {decision.matched}"
    )


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("host mx3.qq.com[192.0.2.1] said: 550 Mailbox unavailable or access denied", "tencent"),
        ("550 Mailbox unavailable or access denied http://service.mail.qq.com/cgi", "tencent"),
    ],
)
def test_the_host_is_taken_from_the_text_where_no_column_has_it(text, host, classifier):
    assert classifier.decide(Evidence(text=text)).rule.startswith(host)


def test_the_receiving_host_outranks_the_domain(classifier):
    evidence = Evidence(
        text="550 Mailbox unavailable or access denied",
        remote_mta="mx.example.com",
        domain="qq.com",
    )
    assert classifier.decide(evidence).reason == "rate_limited"
    elsewhere = Evidence(text="550 #5.1.0 Mailbox not found", remote_mta="aspmx.l.google.com")
    assert classifier.decide(elsewhere).reason == "user_unknown"


@pytest.mark.parametrize(
    "host", ["spamfilter.example.com", "barracuda.example.com", "virus-blacklist.example.com"]
)
@pytest.mark.parametrize(
    "form",
    [
        "host {}[192.0.2.1] said: 550 5.1.1 <ann@example.org>: User unknown",
        "host {} [192.0.2.1]: 550 5.1.1 <ann@example.org>: User unknown",
        "relay={}[192.0.2.1]:25, status=bounced (host {}[192.0.2.1] said: 550 User unknown)",
        "while talking to {}: 550 5.1.1 User unknown",
    ],
)
def test_the_name_of_the_receiving_host_is_not_its_reply(form, host, classifier):
    assert classifier.decide(Evidence(text=form.format(host, host))).reason == "user_unknown"


def test_a_deferral_is_never_hard(classifier):
    for row in REPLIES:
        decision = classifier.decide(Evidence(text=row["text"], event="deferral"))
        assert decision.bounce_type != "hard"


def test_the_exporters_word_counts_where_nothing_else_is_left(classifier):
    decide = classifier.decide
    said = decide(Evidence(vendor_type="Permanent/General", source="ses"))
    assert (said.bounce_type, said.reason) == ("hard", "unspecified")
    said = decide(
        Evidence(text="550 5.4.4 Invalid domain", vendor_type="Transient/General", source="ses")
    )
    assert (said.bounce_type, said.reason) == ("hard", "host_unknown")
    guessed = decide(Evidence(vendor_type="硬退信/guessed-recipient"))
    assert guessed.rule == "generic.hard"


def test_nothing_known_is_undetermined(classifier):
    decision = classifier.decide(Evidence())
    assert (decision.reason, decision.rule, decision.category) == ("undetermined", "", "unknown")


def test_the_runner_up_says_another_reason(classifier):
    decision = classifier.decide(
        Evidence(text="550 5.4.1 Recipient address rejected: Access denied")
    )
    assert decision.rule == "microsoft.edge-unknown-user"
    assert decision.runner_up == "weak.recipient-access-denied"
    assert decision.matched == ("recipient address rejected", "access denied")


@pytest.mark.parametrize(("name", "floor"), [("reason", 0.965), ("hard or soft", 0.975)])
def test_real_bounces_are_decided_as_well_as_before(name, floor, corpus):
    measure = scorer.score(corpus)[name]
    assert measure.rate >= floor, "\n".join(measure.misses)


# --- tables ------------------------------------------------------------------


def _table():
    return bounce_table(
        [
            {"event": "sent", "recipient": "a@example.com"},
            {
                "event": "bounce",
                "recipient": "a@example.com",
                "diagnostic": "550 5.1.1 unknown user",
            },
            {
                "event": "deferral",
                "recipient": "b@example.com",
                "diagnostic": "550 5.1.1 unknown user",
            },
            {
                "event": "bounce",
                "recipient": "c@example.com",
                "smtp_code": 552,
                "enhanced_code": "5.2.2",
            },
            {"event": "bounce", "recipient": "d@example.com", "diagnostic": "gone fishing"},
            {"event": "complaint", "recipient": "e@example.com", "diagnostic": "550 user unknown"},
            {
                "event": "bounce",
                "recipient": "f@example.com",
                "vendor_type": "Soft",
                "source": "generic",
            },
        ]
    )


def test_a_table_is_filled_for_failures_only():
    table = _table()
    result = classify(table)
    assert list(result.columns) == list(table.columns)
    assert table["reason"].isna().all()
    assert result["reason"].astype(object).fillna("").tolist() == [
        *("", "user_unknown", "user_unknown", "mailbox_full", "undetermined", "", "unspecified"),
    ]
    assert result["bounce_type"].astype(object).fillna("").tolist() == [
        *("", "hard", "soft", "soft", "undetermined", "", "soft"),
    ]
    assert result["category"].astype(object).fillna("").tolist() == [
        *("", "address", "address", "mailbox", "unknown", "", "unknown"),
    ]
    assert result["rule"].fillna("").tolist() == [
        *("", "user.unknown-by-code-and-words", "user.unknown-by-code-and-words", "code.full"),
        *("", "", "generic.soft"),
    ]
    for name in ("bounce_type", "reason", "category", "rule"):
        assert result[name].dtype == table[name].dtype


def test_a_table_says_what_one_by_one_says(classifier):
    rows = [
        {
            "event": "deferral" if number % 5 == 0 else "bounce",
            "recipient": f"ann{number}@example.com",
            "diagnostic": row["text"],
            "remote_mta": row["host"] or None,
            "smtp_code": None,
        }
        for number, row in enumerate(REPLIES)
    ]
    result = classifier.classify(bounce_table(rows))
    for row, (_, got) in zip(rows, result.iterrows(), strict=True):
        evidence = Evidence(
            text=row["diagnostic"],
            remote_mta=row["remote_mta"],
            domain="example.com",
            event=row["event"],
        )
        want = classifier.decide(evidence)
        assert (got["reason"], got["bounce_type"]) == (want.reason, want.bounce_type)


def test_index_and_attributes_survive():
    table = _table().iloc[::-1]
    table.attrs["note"] = "kept"
    result = classify(table)
    assert result.index.tolist() == table.index.tolist()
    assert result.loc[1, "reason"] == "user_unknown"
    assert result.attrs["note"] == "kept"


def test_an_empty_table_stays_empty():
    assert len(classify(_table().iloc[:0])) == 0


def test_a_table_without_the_columns_is_one_clear_sentence():
    with pytest.raises(TableError, match="lacks the column 'event'"):
        classify(pd.DataFrame({"text": ["550"]}))


def test_many_rows_with_few_texts_are_decided_once():
    small = pd.concat([_table()] * 10, ignore_index=True)
    large = pd.concat([small] * 300, ignore_index=True)
    classifier = Classifier()
    start = time.perf_counter()
    result = classifier.classify(large)
    assert time.perf_counter() - start < 2
    assert (result["reason"] == "user_unknown").sum() == 6_000


# --- fingerprints --------------------------------------------------------------


def test_what_varies_is_stripped_and_what_rules_test_stays():
    form = "550-5.1.1 <{}>: unknown {}\n550 5.1.1 [{}] {} - gsmtp"
    one = form.format("ann@example.com", "2026-10-01T10:00:00Z", "192.0.2.1", "Qw3Er5Ty7Ui9")
    two = form.format("bob.b@example.org", "2026-11-02T11:01:09Z", "192.0.2.99", "Zz1Yy2Xx3Ww4")
    assert fingerprint(one) == fingerprint(two) == "550 5.1.1 <*>: unknown * [*] *"
    for kept in ("[tss04]", "(s3150)", "ofr_416", "5.7.606", "dt:spm", "[bl21]", "ib607"):
        assert kept in fingerprint(f"550 {kept.upper()} text")


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("郵箱已滿，無法收信", "邮箱已满,无法收信"),
        ("（ＡＢＣ）：１", "(abc):1"),
        ("Boîte  PLEINE\t!", "boite pleine !"),
        ("user doesn’t exist", "user doesn't exist"),
        ("550-a\r\n550-b\r\n550 c", "550 a b c"),
        ("550-5.7.1 a\\n550 5.7.1 b", "550 5.7.1 a b"),
        ("KULLANICI BULUNAMADI İ ı", "kullanici bulunamadi i i"),
        ("が ガ й", "が ガ й"),
    ],
)
def test_texts_are_compared_in_one_form(text, form):
    assert normalise(text) == form


def test_the_first_word_of_a_multi_line_reply_is_no_id():
    assert fingerprint("550-Relaying is not permitted\n550-here 550 Sorry") == (
        "550 relaying is not permitted here sorry"
    )


def test_missing_texts_stay_missing():
    assert strip_varying(pa.array(["a@example.com", None], pa.large_string())).to_pylist() == [
        "*",
        None,
    ]


# --- what no rule knows --------------------------------------------------------


def test_unknown_lists_the_most_frequent_text_first_with_a_rule_that_works(tmp_path):
    rows = [
        {
            "event": "bounce",
            "recipient": f"{n}@example.com",
            "diagnostic": f"550 gone fishing <{n}@example.com>",
        }
        for n in range(3)
    ]
    rows += [
        {"event": "bounce", "recipient": "x@example.com", "diagnostic": 'moon "out" \\ of order'},
        {"event": "bounce", "recipient": "y@example.com", "diagnostic": "550 5.1.1 user unknown"},
        {"event": "sent", "recipient": "z@example.com"},
    ]
    found = unknown(bounce_table(rows))
    assert found["fingerprint"].tolist() == ["550 gone fishing <*>", 'moon "out" \\ of order']
    assert found["count"].tolist() == [3, 1]
    assert found["share"].tolist() == [0.6, 0.2]
    assert found["example"][0] == "550 gone fishing <(recipient)>"
    path = tmp_path / "mine.toml"
    path.write_text("\n".join(found["draft"]), encoding="utf-8")
    classifier = Classifier(path)
    for number, text in enumerate(found["example"], 1):
        assert classifier.decide(Evidence(text=text)).rule == f"my.rule-{number}"


def test_unknown_gives_an_empty_table_where_all_is_known():
    table = bounce_table(
        [
            {
                "event": "bounce",
                "recipient": "a@example.com",
                "smtp_code": 552,
                "diagnostic": "full mailbox",
            }
        ]
    )
    assert unknown(table).empty
    assert "draft" in unknown(table).columns


def test_unknown_keeps_what_is_decided_already():
    rows = [
        {
            "event": "bounce",
            "recipient": "a@example.com",
            "diagnostic": "moon",
            "reason": "expired",
        },
        {"event": "bounce", "recipient": "b@example.com", "diagnostic": "sun"},
    ]
    assert unknown(bounce_table(rows))["fingerprint"].tolist() == ["sun"]


def test_unknown_gives_at_most_top():
    rows = [
        {"event": "bounce", "recipient": "a@example.com", "diagnostic": f"moon {word}"}
        for word in ("a", "b", "c")
    ]
    assert len(unknown(bounce_table(rows), top=2)) == 2
