"""Rows of state lists say who is blocked now: they never enter a rate."""

import pandas as pd
import pytest

from bouncekit.analysis.domains import flag_domains
from bouncekit.analysis.rates import bounce_rates
from bouncekit.analysis.recipients import recipients
from bouncekit.classification.classifier import classify
from bouncekit.readers import readers
from bouncekit.readers._base import Options
from bouncekit.reading import gather
from bouncekit.schema import bounce_table
from tests.fixtures import blob_of, cases

STATE_LISTS = [reader.name for reader in readers() if reader.kind == "state list"]
MONDAY = "2026-03-02T00:00:00Z"


def listed(source):
    """Every row of a reader's fixtures, all of the same Monday."""
    blobs = [blob_of(case) for case in cases() if case.parent.name == source]
    rows = gather(blobs, Options())[0]
    rows["timestamp"] = pd.Timestamp(MONDAY)
    return rows


def mailed(like):
    """Two messages of that Monday: one arrived, one bounced."""
    rows = []
    for number, outcome in enumerate(("delivered", "bounce")):
        one = {"message_id": f"{number}@example.com", "recipient": f"u{number}@example.com"}
        one |= {"timestamp": MONDAY, "source": "ses"}
        rows += [{**one, "event": "sent"}, {**one, "event": outcome}]
    table = bounce_table(rows)
    table["source"] = table["source"].astype(like["source"].dtype)
    return classify(table)


def test_there_are_state_lists():
    assert {"sendgrid_csv", "mailgun_lists", "postmark_suppressions"} <= set(STATE_LISTS)


@pytest.mark.parametrize("source", STATE_LISTS)
@pytest.mark.parametrize("by", [None, "provider", "source", "reason"])
def test_no_entry_enters_a_rate(source, by):
    entries = listed(source)
    alone = mailed(entries)
    both = pd.concat([alone, classify(entries)], ignore_index=True)
    assert len(entries) > 0
    pd.testing.assert_frame_equal(bounce_rates(both, by=by), bounce_rates(alone, by=by))


@pytest.mark.parametrize("source", STATE_LISTS)
def test_no_entry_flags_a_domain_or_gives_a_rate_where_nothing_else_is_known(source):
    entries = classify(listed(source))
    assert flag_domains(entries, min_failures=1, min_days=1, min_recipients=1).empty
    assert bounce_rates(entries).empty


@pytest.mark.parametrize("source", STATE_LISTS)
def test_a_hard_entry_still_says_whom_to_remove(source):
    entries = classify(listed(source))
    hard = entries.loc[entries["bounce_type"] == "hard", "recipient"].dropna()
    found = recipients(entries).set_index("recipient")
    wanted = {"remove"} if len(hard) else set()
    assert set(found.loc[found.index.isin(hard), "state"]) == wanted
