"""Where an exporter's own class and our reading differ, and what exporters claim."""

import pandas as pd
import pytest

import bouncekit as bk
from bouncekit.classification.disagreements import CLASSES, _claims, vendor_class
from bouncekit.errors import TableError
from bouncekit.readers import source_names
from bouncekit.readers._base import Options
from bouncekit.reading import gather
from bouncekit.reporting.show import show_compared
from bouncekit.schema import bounce_table
from tests.fixtures import blob_of, cases, name

UNKNOWN = "550 5.1.1 <{}>: Recipient address rejected: User unknown"
FULL = "552 5.2.2 mailbox full"
SPAM = "550 5.7.1 Message rejected as spam"


def bounces(*rows):
    """Rows of (source, vendor_type, text), each to an address of its own."""
    return bounce_table(
        {
            "event": "bounce",
            "recipient": f"user{number}@example.com",
            "source": source,
            "vendor_type": word,
            "diagnostic": text and text.format(f"user{number}@example.com"),
        }
        for number, (source, word, text) in enumerate(rows, 1)
    )


def test_differences_are_counted_by_word_and_reason_with_their_share_of_that_word():
    table = bounces(
        *[("sendgrid_events", "blocked", FULL)] * 2,
        ("sendgrid_events", "blocked", UNKNOWN),
        ("sendgrid_events", "blocked", SPAM),
        ("ses", "Permanent/General", SPAM),
        ("ses", "Permanent/General", UNKNOWN),
    )
    found = bk.disagreements(table)
    assert found.drop(columns="examples").to_dict("records") == [
        {
            "source": "sendgrid_events",
            "vendor_type": "blocked",
            "vendor_class": "block",
            "bounce_type": "soft",
            "reason": "mailbox_full",
            "count": 2,
            "failures": 4,
            "share": 0.5,
        },
        {
            "source": "sendgrid_events",
            "vendor_type": "blocked",
            "vendor_class": "block",
            "bounce_type": "hard",
            "reason": "user_unknown",
            "count": 1,
            "failures": 4,
            "share": 0.25,
        },
        {
            "source": "ses",
            "vendor_type": "Permanent/General",
            "vendor_class": "hard",
            "bounce_type": "soft",
            "reason": "spam_detected",
            "count": 1,
            "failures": 2,
            "share": 0.5,
        },
    ]
    assert found.attrs == {"bounces": 6, "compared": 6, "differ": 4}


def test_examples_are_the_most_frequent_texts_without_the_person():
    table = bounces(
        *[("ses", "Transient/General", UNKNOWN)] * 3,
        ("ses", "Transient/General", "550 5.1.1 no such user user4@example.com here\r\nbye"),
    )
    (row,) = bk.disagreements(table).to_dict("records")
    assert row["count"] == 4
    assert row["examples"].split("\n") == [
        "550 5.1.1 <(recipient)>: Recipient address rejected: User unknown",
        "550 5.1.1 no such user (recipient) here bye",
    ]
    assert bk.disagreements(table, examples=1).loc[0, "examples"].count("\n") == 0


@pytest.mark.parametrize(
    ("source", "word", "text", "differs"),
    [
        ("ses", "Permanent/General", UNKNOWN, False),
        ("ses", "Permanent/General", FULL, True),
        ("ses", "Transient/General", UNKNOWN, True),
        ("ses", "Transient/General", SPAM, False),  # SES has no other word for a block
        ("ses", "Transient/ContentRejected", SPAM, False),
        ("ses", "Transient/ContentRejected", FULL, True),
        ("ses", "Undetermined/Undetermined", UNKNOWN, False),  # claims nothing
        ("ses", "Permanent/General", None, False),  # read by that class, for want of words
        ("ses", None, UNKNOWN, False),
        ("postfix", "bounced", UNKNOWN, False),  # a log: no exporter
        ("postmark", "Blocked", "gone fishing", False),  # not read otherwise than by its class
    ],
)
def test_what_counts_as_a_difference(source, word, text, differs):
    assert len(bk.disagreements(bounces((source, word, text)))) == differs


def test_only_bounces_are_compared():
    table = bounces(("ses", "Permanent/General", FULL))
    table.loc[0, "event"] = "deferral"
    found = bk.disagreements(table)
    assert found.empty
    assert found.attrs == {"bounces": 0, "compared": 0, "differ": 0}
    assert list(found.columns)[:3] == ["source", "vendor_type", "vendor_class"]


def test_readings_by_rules_of_the_user_stay():
    table = bk.classify(bounces(("ses", "Permanent/General", UNKNOWN)))
    assert bk.disagreements(table).empty
    table.loc[0, ["reason", "bounce_type", "category"]] = ["mailbox_full", "soft", "mailbox"]
    assert bk.disagreements(table).loc[0, "reason"] == "mailbox_full"


def test_the_table_is_not_changed_and_its_columns_are_asked_for():
    table = bounces(("ses", "Permanent/General", FULL))
    before = table.copy()
    bk.disagreements(table)
    pd.testing.assert_frame_equal(table, before)
    with pytest.raises(TableError, match="vendor_type"):
        bk.disagreements(table.drop(columns="vendor_type"))


@pytest.mark.parametrize(
    ("source", "word", "claims"),
    [
        ("sparkpost", "bounce_class 22", "soft"),
        ("sparkpost", "out_of_band/bounce_class 52", "block"),
        ("ses", "TRANSIENT/ContentRejected", "block"),
        ("mailjet", "bounce/recipient/mailbox inactive/hard", "hard"),
        ("sendcloud", "soft_bounce/506", "soft"),
        ("generic", "硬退信", "hard"),
        ("ses", "Novelty", None),
        ("no such source", "hard", None),
    ],
)
def test_the_exact_word_claims_first_then_the_longest(source, word, claims):
    assert vendor_class(source, word) == claims


def test_what_exporters_claim_is_of_readers_that_there_are():
    assert set(_claims()) <= set(source_names())
    for source, words in _claims().items():
        assert set(words.values()) <= set(CLASSES), source
        assert all(word == word.casefold() for word in words), source


@pytest.mark.parametrize("source", sorted(set(_claims()) - {"generic"}))
def test_every_class_in_the_fixtures_of_an_exporter_claims_something(source):
    """A bounce class that a vendor documents and that claims nothing is a gap in the data."""
    blobs = [blob_of(case) for case in cases() if case.parent.name == source]
    rows = gather(blobs, Options())[0]
    words = rows.loc[rows["event"] == "bounce", "vendor_type"].dropna().unique()
    claims_nothing = [word for word in words if vendor_class(source, word) is None]
    assert claims_nothing == []


def test_a_line_says_how_often():
    table = bounces(("ses", "Permanent/General", FULL), ("ses", "Permanent/General", UNKNOWN))
    said = str(show_compared(bk.disagreements(table)))
    assert said.startswith("2 of 2 bounces have a class")
    assert "1 of them differ (50.0 %)" in said
    nothing = str(show_compared(bk.disagreements(bounces()), "zh"))
    assert nothing == "没有可供比较的导出方类别。"


def test_the_difference_shows_for_the_fixtures_of_every_vendor():
    case = next(case for case in cases() if name(case) == "sendgrid_events/every_event.json")
    found = bk.disagreements(bk.read(case))
    assert ("blocked/Mailbox Unavailable", "mailbox_full") in set(
        zip(found["vendor_type"], found["reason"].astype(str), strict=True)
    )
