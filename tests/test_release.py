"""Addresses on a provider's list for what was not their fault."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bouncekit as bk
from bouncekit.errors import BouncekitError
from bouncekit.lists.release import providers
from bouncekit.readers import source_names
from bouncekit.schema import bounce_table
from bouncekit.taxonomy import reasons

START = pd.Timestamp("2026-03-02T08:00", tz="UTC")
ANN = "ann@example.com"


def row(event, day, reason=None, who=ANN, source="ses", **more):
    kind = reasons()[reason].bounce_type if reason else None
    return {
        "event": event, "timestamp": START + pd.Timedelta(days=day), "recipient": who,
        "reason": reason, "bounce_type": kind, "source": source,
    } | more  # fmt: skip


def refused(day, word="Permanent/OnAccountSuppressionList", **more):
    return row("suppressed", day, vendor_type=word, **more)


def released(*rows, **options):
    return bk.release(bounce_table(rows), **options)


def test_an_address_suppressed_after_a_block_is_given_back_in_full():
    said = {"smtp_code": 550, "enhanced_code": "5.7.1", "diagnostic": "blocked", "rule": "r"}
    found = released(row("bounce", 1, "blocked", **said), refused(3), refused(5))
    assert list(found.columns) == [
        "recipient", "listed_by", "listed_as", "listed_at", "refused", "last_refused", "reason",
        "category", "failed_at", "smtp_code", "enhanced_code", "diagnostic", "rule",
        "last_delivery", "steps", "see",
    ]  # fmt: skip
    only = found.iloc[0]
    assert only[["recipient", "listed_by", "refused", "reason", "category"]].tolist() == [
        ANN, "Amazon SES", 2, "blocked", "policy",
    ]  # fmt: skip
    assert only[list(said)].tolist() == list(said.values())
    assert only["listed_as"] == "Permanent/OnAccountSuppressionList"
    assert only[["failed_at", "listed_at", "last_refused"]].tolist() == [
        START + pd.Timedelta(days=day) for day in (1, 3, 5)
    ]
    assert pd.isna(only["last_delivery"])
    assert f"delete-suppressed-destination --email-address {ANN}" in only["steps"]
    assert only["see"].startswith("https://docs.aws.amazon.com/ses/")
    assert found.attrs == {"held": 1, "opted_out": 0, "dead": 0, "unexplained": 0}


@pytest.mark.parametrize("reason", [r.name for r in reasons().values() if r.counts == "no"])
def test_policy_and_content_failures_give_back(reason):
    assert len(released(row("bounce", 1, reason), refused(3))) == 1


@pytest.mark.parametrize("reason", [r.name for r in reasons().values() if r.counts != "no"])
def test_failures_that_count_do_not(reason):
    found = released(row("bounce", 1, reason), row("bounce", 2, "blocked"), refused(3))
    assert found.empty
    assert found.attrs["dead"] == 1


@pytest.mark.parametrize("event", ["complaint", "unsubscribe"])
def test_who_asked_for_no_more_mail_is_never_given_back(event):
    found = released(row(event, 0), row("bounce", 1, "blocked"), refused(3))
    assert found.empty
    assert found.attrs["opted_out"] == 1


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("ses", "Complaint/OnAccountSuppressionList"),
        ("ses_suppressions", "COMPLAINT"),
        ("sendgrid_events", "dropped/Unsubscribed Address"),
        ("sendgrid_events", "dropped/Spam Reporting Address"),
        ("postmark_suppressions", "ManualSuppression/Recipient"),
    ],
)
def test_the_providers_own_word_for_an_opt_out_is_believed(source, word):
    found = released(row("bounce", 1, "blocked"), refused(3, word, source=source))
    assert found.empty
    assert found.attrs["opted_out"] == 1


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("ses", "Reject"),
        ("ses", "Rendering Failure"),
        ("sendgrid_events", "dropped/Invalid SMTPAPI header"),
        ("sendgrid_events", "dropped/Recipient List over Package Quota"),
    ],
)
def test_a_refusal_of_one_message_is_no_list(source, word):
    found = released(row("bounce", 1, "blocked"), refused(3, word, source=source))
    assert found.empty
    assert found.attrs["held"] == 0


def test_a_list_of_the_provider_says_it_too():
    """SendGrid's bounces hold mail back, its blocks do not; an entry brings its own cause."""
    entry = row("bounce", 2, "blocked", source="sendgrid_csv", vendor_type="bounces")
    found = released(entry)
    assert found[["listed_by", "refused", "reason"]].to_numpy().tolist() == [
        ["SendGrid", 0, "blocked"],
    ]
    assert released({**entry, "vendor_type": "blocks"}).attrs["held"] == 0
    bare = row("bounce", 2, "undetermined", source="ses_suppressions", vendor_type="BOUNCE")
    assert released(bare).attrs["unexplained"] == 1
    assert len(released(bare, row("bounce", 1, "spam_detected"))) == 1
    dead = row("bounce", 2, "user_unknown", source="sendgrid_csv", vendor_type="bounces")
    assert released(dead, row("bounce", 1, "blocked")).empty


def test_a_failure_before_a_delivery_is_forgiven_and_mail_taken_since_ends_the_matter():
    history = [row("bounce", 0, "user_unknown"), row("delivered", 1), row("bounce", 2, "blocked")]
    found = released(*history, refused(3))
    assert found["last_delivery"].tolist() == [START + pd.Timedelta(days=1)]
    assert released(*history, refused(3), row("delivered", 4)).attrs["held"] == 0
    # Another provider's delivery does not take it off this list.
    elsewhere = row("delivered", 4, source="sendgrid_events")
    assert released(*history, refused(3), elsewhere).attrs["held"] == 1


def test_two_providers_are_two_rows_and_unknown_ones_get_a_general_hint():
    rows = [
        row("bounce", 1, "blocked"),
        refused(2),
        refused(3, "dropped", source="sendgrid_events"),
    ]
    assert released(*rows)["listed_by"].tolist() == ["Amazon SES", "SendGrid"]
    other = released(row("bounce", 1, "blocked"), refused(2, "held", source="postal"))
    assert other.loc[0, "steps"].startswith("look for the provider's suppression")
    assert ANN in other.loc[0, "steps"]
    assert other["see"].isna().all()


def test_steps_are_there_in_both_languages_for_readers_that_exist():
    for provider in providers():
        assert provider.steps.keys() == {"en", "zh"}
        assert all("ADDRESS" in text for text in provider.steps.values())
        assert set(provider.sources) <= set(source_names())
    found = released(row("bounce", 1, "blocked"), refused(3), lang="zh")
    assert "中搜索" in found.loc[0, "steps"]
    with pytest.raises(BouncekitError, match="lang 'fr' is not known"):
        released(refused(1), lang="fr")


def test_nothing_held_gives_an_empty_table_with_every_column():
    found = released(row("delivered", 0))
    assert found.empty
    assert "steps" in found.columns


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["bounce", "suppressed", "delivered", "complaint"]),
            st.integers(0, 20),
            st.sampled_from(["blocked", "user_unknown", "spam_detected", "mailbox_full"]),
            st.sampled_from(["a@example.com", "b@example.com"]),
        ),
        min_size=1, max_size=12, unique_by=lambda one: (one[1], one[3]),
    ),
    st.randoms(use_true_random=False),
)  # fmt: skip
def test_order_and_replays_do_not_matter_and_no_dead_address_comes_back(drawn, random):
    more = {"vendor_type": "Permanent/Suppressed"}
    rows = [
        row(what, day, reason if what == "bounce" else None, who, message_id=f"{who}{day}", **more)
        for what, day, reason, who in drawn
    ]
    found = bk.release(bounce_table(rows))
    judged = bk.recipients(bounce_table(rows)).set_index("recipient")["state"]
    assert (judged.loc[found["recipient"]] != "remove").all()
    again = rows + rows[:4]
    random.shuffle(again)
    pd.testing.assert_frame_equal(found, bk.release(bounce_table(again)))
