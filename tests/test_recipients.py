"""The policy for addresses: definitions 3, 4, 8 and 9, worked by hand."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bouncekit as bk
from bouncekit.analysis import _columns as columns
from bouncekit.analysis._suspects import is_role, looks_invented
from bouncekit.analysis._typos import edit_distance, suggest_domain
from bouncekit.analysis.outcomes import outcomes
from bouncekit.analysis.recipients import CAUSES, Policy, recipients
from bouncekit.analysis.wording import cause_text
from bouncekit.errors import BouncekitError, TableError
from bouncekit.schema import bounce_table
from bouncekit.taxonomy import GUESSED_RECIPIENT, reasons

START = pd.Timestamp("2026-01-01", tz="UTC")
ANN = "ann@example.com"


def at(day):
    return START + pd.Timedelta(days=day)


def row(event, day, reason=None, who=ANN, **more):
    kind = reasons()[reason].bounce_type if reason else None
    stamp = None if day is None else at(day)
    return {
        "event": event,
        "timestamp": stamp,
        "recipient": who,
        "reason": reason,
        "bounce_type": kind,
    } | more


def soft(day, reason="mailbox_full", **more):
    return row("bounce", day, reason, **more)


def hard(day, reason="user_unknown", **more):
    return row("bounce", day, reason, **more)


def delivered(day, **more):
    return row("delivered", day, **more)


def clock(day):
    """Another address, so that the latest time of the table is that day."""
    return row("auto_reply", day, who="clock@example.net")


def judge(*rows, **options):
    """The row of Ann."""
    found = recipients(bounce_table(rows), **options).set_index("recipient")
    return found.loc[ANN]


def test_a_soft_bounce_in_full():
    found = recipients(bounce_table([soft(0), clock(1)]))
    assert list(found.columns) == [
        "recipient",
        "state",
        "soft_count",
        "first_failure",
        "last_failure",
        "last_delivery",
        "retry_after",
        "reason",
        "cause",
        "suggestion",
        "evidence",
    ]
    only = found.iloc[0]
    assert only[["recipient", "state", "soft_count", "reason", "evidence"]].tolist() == [
        ANN,
        "waiting",
        1,
        "mailbox_full",
        "unknown",
    ]
    assert only["first_failure"] == only["last_failure"] == at(0)
    assert only["retry_after"] == at(2)
    assert pd.isna(only["last_delivery"])
    assert pd.isna(only["cause"])
    assert pd.isna(only["suggestion"])
    assert found.attrs["as_of"] == at(1)


@pytest.mark.parametrize(("now", "state"), [(1.9, "waiting"), (2, "retry"), (30, "retry")])
def test_after_the_wait_it_is_time_to_retry(now, state):
    assert judge(soft(0), clock(now))["state"] == state


@pytest.mark.parametrize("reason", ["user_unknown", "host_unknown", "has_moved", "not_accept"])
def test_a_hard_bounce_removes_at_once(reason):
    found = judge(hard(0, reason))
    assert found[["state", "reason", "cause"]].tolist() == ["remove", reason, "invalid"]
    assert pd.isna(found["retry_after"])


def test_the_4th_soft_bounce_in_a_row_removes():
    assert judge(soft(0), soft(3), soft(7))["state"] == "waiting"
    found = judge(soft(0), soft(3), soft(5), soft(7))
    assert found[["state", "soft_count", "cause"]].tolist() == ["remove", 4, "soft_limit"]


def test_under_the_least_span_the_address_waits_until_both_hold():
    days = [0, 1, 2, 3, 6.9]
    assert judge(*map(soft, days))["state"] == "waiting"
    assert judge(*map(soft, days), clock(9))["state"] == "retry"
    assert judge(*map(soft, days), soft(7))["state"] == "remove"


def test_a_delivery_in_between_starts_again():
    found = judge(soft(0), soft(3), soft(5), delivered(6), soft(7))
    assert found[["state", "soft_count"]].tolist() == ["waiting", 1]
    assert found["first_failure"] == at(7)
    assert found["last_delivery"] == at(6)


def test_a_later_delivery_after_a_hard_bounce_gives_ok():
    assert judge(hard(0), delivered(1))[["state", "evidence"]].tolist() == ["ok", "matched"]
    assert judge(hard(1), delivered(0))["state"] == "remove"


def test_only_a_later_message_resets():
    """The bounce comes after the delivery, of a message sent before it: in a row is by message."""
    rows = [
        row("sent", 0, message_id="1"),
        row("sent", 1, message_id="2"),
        delivered(1, message_id="2"),
        hard(3, message_id="1"),
    ]
    assert judge(*rows)["state"] == "ok"
    assert judge(hard(1), delivered(1))["state"] == "remove"


def test_its_own_delivery_does_not_save_an_address_from_an_asynchronous_bounce():
    assert judge(delivered(0, message_id="1"), hard(1, message_id="1"))["state"] == "remove"


def test_a_hard_bounce_without_a_time_is_not_undone():
    assert judge(hard(None), delivered(5))["state"] == "remove"
    found = judge(soft(None), clock(1))
    assert found[["state", "soft_count"]].tolist() == ["retry", 1]


@pytest.mark.parametrize("reason", [r.name for r in reasons().values() if r.counts == "no"])
def test_policy_and_content_failures_never_count(reason):
    found = judge(*(soft(day, reason) for day in range(0, 60, 5)))
    assert found[["state", "soft_count"]].tolist() == ["waiting", 0]


def test_a_hard_verdict_on_a_policy_failure_is_reviewed():
    found = judge(soft(0, "blocked", bounce_type="hard"))
    assert found[["state", "cause"]].tolist() == ["review", "contradiction"]


def test_several_deferrals_of_one_message_count_once():
    rows = [row("deferral", day / 2, "mailbox_full", message_id="1") for day in range(6)]
    found = judge(*rows, soft(3, message_id="1"))
    assert found["soft_count"] == 1


@pytest.mark.parametrize(
    ("now", "count", "state"), [(4.9, 0, "ok"), (5, 1, "retry"), (9, 1, "retry")]
)
def test_a_deferral_counts_when_nothing_followed_for_5_days(now, count, state):
    elsewhere = delivered(0, who="clock@example.net")
    found = judge(row("deferral", 0, "mailbox_full"), elsewhere, clock(now))
    assert found[["soft_count", "state"]].tolist() == [count, state]


def test_a_deferral_counts_only_where_its_source_reports_deliveries():
    rows = bounce_table(
        [row("deferral", 0, "mailbox_full"), delivered(0, who="b@example.com"), clock(9)]
    )
    rows["source"] = pd.Categorical(["mail", "api", "api"])
    assert recipients(rows).set_index("recipient").loc[ANN, "state"] == "ok"
    rows["source"] = pd.Categorical(["api", "api", "api"])
    assert recipients(rows).set_index("recipient").loc[ANN, "state"] == "retry"


def test_undetermined_failures_count_but_end_in_review():
    days = [0, 3, 5]
    first = [soft(day, "undetermined") for day in days]
    assert judge(*first)[["state", "soft_count"]].tolist() == ["waiting", 3]
    found = judge(*first, soft(8))
    assert found[["state", "soft_count", "cause"]].tolist() == ["review", 4, "undetermined"]
    assert judge(*first, *(soft(day) for day in (10, 12, 14, 17)))["state"] == "remove"


@pytest.mark.parametrize("event", ["complaint", "unsubscribe"])
def test_complaints_and_unsubscribes_remove_with_that_cause(event):
    found = judge(row(event, 0), delivered(3), contacts=["someone@example.org"])
    assert found[["state", "cause", "soft_count"]].tolist() == ["remove", event, 0]


@pytest.mark.parametrize("event", ["sent", "delivered", "auto_reply"])
def test_other_events_leave_an_address_as_it_is(event):
    assert judge(row(event, 0))["state"] == "ok"


def test_what_the_provider_refuses_to_try_is_reviewed_until_it_takes_mail():
    assert judge(row("suppressed", 1))[["state", "cause"]].tolist() == ["review", "suppressed"]
    assert judge(row("suppressed", 1), delivered(2))["state"] == "ok"


def test_the_cause_of_a_removal():
    rows = [
        hard(0, who="never@example.com"),
        delivered(0, who="gone@example.com"),
        hard(5, who="gone@example.com"),
        hard(0, who="Bob.Lee@gmial.com"),
        hard(0, who="x@hotmal.com"),
        delivered(0, who="y@hotmal.com"),
    ]
    found = recipients(bounce_table(rows)).set_index("recipient")
    assert found["cause"].dropna().to_dict() == {
        "never@example.com": "never_delivered",
        "gone@example.com": "deleted",
        "Bob.Lee@gmial.com": "near_miss",
        # A domain that took mail is no slip.
        "x@hotmal.com": "never_delivered",
    }
    assert found["suggestion"].dropna().to_dict() == {"Bob.Lee@gmial.com": "Bob.Lee@gmail.com"}


def test_every_cause_has_words_in_both_languages():
    for cause in CAUSES:
        assert cause_text(cause)
        assert cause_text(cause, "zh") != cause_text(cause, "en")


@pytest.mark.parametrize(
    ("domain", "unknown_host", "meant"),
    [
        ("gmial.com", False, "gmail.com"),
        ("gmail.con", False, "gmail.com"),
        ("gmai.com", False, "gmail.com"),
        ("gmaill.com", False, "gmail.com"),
        ("hotmial.com", False, "hotmail.com"),
        ("qq.con", False, "qq.com"),
        ("163.cmo", False, "163.com"),
        ("outlook.com", True, None),
        ("qa.com", False, None),  # two letters are too few to tell
        ("qa.com", True, "qq.com"),
        ("gmmial.com", False, None),
        ("gmmial.com", True, "gmail.com"),
        ("example.com", True, None),
        ("", True, None),
    ],
)
def test_near_misses_of_big_domains(domain, unknown_host, meant):
    assert suggest_domain(domain, unknown_host=unknown_host) == meant


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [("", "ab", 2), ("gmial", "gmail", 1), ("kitten", "sitting", 3), ("ca", "abc", 3)],
)
def test_letters_swapped_with_their_neighbour_are_one_slip(one, other, distance):
    assert edit_distance(one, other) == edit_distance(other, one) == distance


# --- evidence -------------------------------------------------------------------------------


def sent(message="1", who=ANN, day=0):
    return row("sent", day, who=who, message_id=message)


def sends(*pairs):
    return pd.DataFrame(
        {
            "message_id": [message for message, _ in pairs],
            "recipient": [who for _, who in pairs],
            "timestamp": ["2026-01-01"] * len(pairs),
        }
    )


def test_with_nothing_to_match_against_a_bounce_is_believed():
    assert judge(hard(1, message_id="1"))[["state", "evidence"]].tolist() == ["remove", "unknown"]


@pytest.mark.parametrize(
    ("rows", "options", "state", "evidence"),
    [
        ([sent("1"), hard(1, message_id="1")], {}, "remove", "matched"),
        ([sent("1"), hard(1, message_id="2")], {}, "review", "unmatched"),
        # A genuine Message-ID with another recipient.
        ([sent("1", "b@example.com"), hard(1, message_id="1")], {}, "review", "unmatched"),
        # Without a Message-ID the recipient must do.
        ([sent("1"), hard(1)], {}, "remove", "matched"),
        ([sent(None), hard(1, message_id="1")], {}, "remove", "matched"),
        ([sent("1", "b@example.com"), hard(1)], {}, "review", "unmatched"),
        ([hard(1, message_id="1")], {"sends": sends(("1", ANN))}, "remove", "matched"),
        ([hard(1, message_id="2")], {"sends": sends(("1", ANN))}, "review", "unmatched"),
        ([hard(1)], {"contacts": ["ANN@example.com"]}, "remove", "matched"),
        ([hard(1)], {"contacts": ["b@example.com"]}, "review", "unmatched"),
        ([hard(1)], {"contacts": []}, "review", "unmatched"),
        ([soft(1)], {"contacts": ["b@example.com"]}, "review", "unmatched"),
        ([hard(1), delivered(2)], {"contacts": ["b@example.com"]}, "ok", "matched"),
    ],
)
def test_a_bounce_that_matches_nothing_sent_is_reviewed_never_removed(
    rows, options, state, evidence
):
    found = judge(*rows, **options)
    assert found[["state", "evidence"]].tolist() == [state, evidence]
    if state == "review":
        assert found["cause"] == "unmatched"


def test_forged_soft_bounces_do_not_add_up_to_a_removal():
    rows = [sent("1"), soft(1, message_id="1")]
    forged = [soft(day, message_id=f"forged {day}") for day in (3, 6, 9, 12)]
    assert judge(*rows, *forged)[["state", "soft_count"]].tolist() == ["review", 5]


def test_a_forged_bounce_beside_a_genuine_one_changes_nothing():
    rows = [sent("1"), hard(1, message_id="1"), hard(2, message_id="forged")]
    assert judge(*rows)[["state", "evidence"]].tolist() == ["remove", "matched"]


def test_a_log_that_reports_deliveries_is_its_own_witness():
    rows = bounce_table(
        [
            sent("1", "b@example.com"),
            hard(1, message_id="2"),
            delivered(1, who="c@example.com", message_id="3"),
        ]
    )
    rows["source"] = pd.Categorical(["api", "log", "log"])
    assert recipients(rows).set_index("recipient").loc[ANN, "state"] == "remove"
    rows["source"] = pd.Categorical(["api", "mail", "log"])
    assert recipients(rows).set_index("recipient").loc[ANN, "state"] == "review"


SES_ID = "0102018f2c9e7ab3-1d1f0a6e-7c43-4f0a-9a11-0c1f6d2b3a4{}-000000"


def judge_beside(record, *bounces, **options):
    """The row of Ann: a record of events (source ``api``) beside a mailbox of bounces."""
    rows = bounce_table([*record, *bounces])
    rows["source"] = pd.Categorical(["api"] * len(record) + ["mail"] * len(bounces))
    return (
        recipients(rows, **options).set_index("recipient").loc[ANN, ["state", "evidence"]].tolist()
    )


RECORD = [
    row(event, day, who="b@example.com", message_id="1@ours.example", sender="news@ours.example")
    for event, day in (("sent", 0), ("delivered", 20))
]


@pytest.mark.parametrize(
    ("more", "evidence"),
    [
        # Another system wrote the id, and another mailbox sent it: another stream.
        ({"message_id": "2@mail.example", "sender": "ann@ours.example"}, "unknown"),
        ({"message_id": SES_ID.format("c"), "sender": "shop@other.example"}, "unknown"),
        ({"sender": "ann@ours.example"}, "unknown"),
        # The same system, or the same sender.
        ({"message_id": "2@OURS.example", "sender": "ann@ours.example"}, "unmatched"),
        ({"message_id": "forged@unrelated.example", "sender": "News@Ours.example"}, "unmatched"),
        ({"message_id": "2@ours.example"}, "unmatched"),
        # Nothing says which stream it is of.
        ({}, "unmatched"),
    ],
)
def test_a_record_of_sends_speaks_for_its_own_stream_only(more, evidence):
    state = "remove" if evidence == "unknown" else "review"
    assert judge_beside(RECORD, hard(3, **more)) == [state, evidence]
    # What reports deliveries is a record of its stream as well.
    assert judge_beside(RECORD[1:], hard(22, **more)) == [state, evidence]


def test_of_a_stream_without_record_the_contact_list_decides():
    other = hard(3, message_id="2@mail.example", sender="ann@ours.example")
    assert judge_beside(RECORD, other, contacts=[ANN]) == ["remove", "matched"]
    assert judge_beside(RECORD, other, contacts=["c@example.com"]) == ["review", "unmatched"]
    assert judge_beside(RECORD, hard(3), contacts=[ANN]) == ["remove", "matched"]


def test_a_forged_bounce_for_a_contact_that_was_never_written_to_is_reviewed():
    forged = hard(3, message_id="x@unrelated.example", sender="news@ours.example")
    assert judge_beside(RECORD, forged, contacts=[ANN]) == ["review", "unmatched"]


@pytest.mark.parametrize(("day", "evidence"), [(-1, "unknown"), (25, "unmatched"), (26, "unknown")])
def test_a_record_of_sends_speaks_for_its_own_days_only(day, evidence):
    found = judge_beside(RECORD, hard(day, message_id="2@ours.example"))
    assert found[1] == evidence


def test_systems_and_senders_are_told_by_the_form_of_what_they_write():
    """Amazon SES writes ids of one form; VERP puts the recipient into the sender."""
    ses = [sent(SES_ID.format("c"), "b@example.com")]
    spelled = f"<{SES_ID.format('d')}@eu-west-1.amazonses.com>"
    assert judge_beside(ses, hard(1, message_id=spelled))[1] == "unmatched"
    assert judge_beside(ses, hard(1, message_id="9@ours.example"))[1] == "unknown"
    grid = [sent("LRzXl_NHStOGhQ4kofSm_A@geopod-ismtpd-4", "b@example.com")]
    spelled = "ZZzXl_NHStOGhQ4kofSm_A@ismtpd0039p1sjc2.sendgrid.net"
    assert judge_beside(grid, hard(1, message_id=spelled))[1] == "unmatched"
    verp = [
        sent("1@x.example", "b@example.com") | {"sender": "b+b=example.com@bounce.ours.example"}
    ]
    own = hard(1, message_id="9@y.example", sender="b+ann=example.com@bounce.ours.example")
    assert judge_beside(verp, own)[1] == "unmatched"


def test_a_source_that_reports_sends_vouches_for_its_own_bounces():
    """Its window began after the sending; no stranger writes into it."""
    rows = bounce_table([sent("1", "b@example.com"), hard(1, message_id="2")])
    rows["source"] = pd.Categorical(["api", "api"])
    found = recipients(rows, contacts=["b@example.com"]).set_index("recipient").loc[ANN]
    assert found[["state", "evidence"]].tolist() == ["remove", "matched"]


def test_a_sends_table_speaks_for_every_stream_unless_it_names_senders():
    table = sends(("1", "b@example.com"))
    other = hard(300, message_id="2@mail.example", sender="ann@ours.example")
    assert judge(other, sends=table)["evidence"] == "unmatched"
    assert judge(other, sends=table.assign(sender="news@ours.example"))["evidence"] == "unknown"
    assert judge(other, sends=table.assign(sender="ann@ours.example"))["evidence"] == "unmatched"


def test_a_state_list_is_no_strangers_word(monkeypatch):
    monkeypatch.setattr(columns, "_state_lists", lambda: frozenset({"list"}))
    rows = bounce_table([sent("1", "b@example.com"), hard(1)])
    rows["source"] = pd.Categorical(["api", "list"])
    found = recipients(rows, contacts=["c@example.com"]).set_index("recipient").loc[ANN]
    assert found[["state", "evidence"]].tolist() == ["remove", "unknown"]


@pytest.mark.parametrize("event", ["bounce", "complaint"])
@pytest.mark.parametrize("contacts", [None, [ANN]])
def test_a_guessed_recipient_is_at_most_reviewed(event, contacts):
    guess = {"vendor_type": f"failed/{GUESSED_RECIPIENT}"}
    reason = "user_unknown" if event == "bounce" else None
    found = judge(row(event, 1, reason, **guess), contacts=contacts)
    assert found[["state", "cause"]].tolist() == ["review", "guessed_recipient"]
    if event == "bounce":
        assert found["evidence"] == "unknown"
        assert judge(row(event, 1, reason, **guess), hard(2))["state"] == "remove"


# --- rows that are not plain ---------------------------------------------------------------


def test_spellings_of_one_address_are_one_row():
    rows = [
        soft(0, who="Ann@Example.com"),
        soft(3, who="ann@example.com"),
        soft(4, who="ANN@example.com"),
    ]
    found = recipients(bounce_table(rows))
    assert found[["recipient", "soft_count"]].to_numpy().tolist() == [["ann@example.com", 3]]
    shouted = recipients(bounce_table(rows[:1] + rows[2:]))
    assert shouted["recipient"].tolist() == ["ANN@example.com"]


def test_masked_and_unknown_addresses_have_no_row_but_are_counted():
    rows = [hard(0, who="a***@example.com"), hard(0, who=None), hard(0)]
    found = recipients(bounce_table(rows))
    assert found["recipient"].tolist() == [ANN]
    assert found.attrs["unmatchable"] == 2


def test_state_lists_remove_but_do_not_count_a_failure_twice(monkeypatch):
    monkeypatch.setattr(columns, "_state_lists", lambda: frozenset({"list"}))
    rows = bounce_table([soft(0), soft(0)])
    rows["source"] = pd.Categorical(["events", "list"])
    assert recipients(rows)["soft_count"].tolist() == [1]
    rows["source"] = pd.Categorical(["list", "list"])
    assert recipients(rows)["soft_count"].tolist() == [2]
    rows = bounce_table([soft(0), hard(0)])
    rows["source"] = pd.Categorical(["events", "list"])
    assert recipients(rows)["state"].tolist() == ["remove"]


def test_as_of_is_the_latest_time_and_can_look_back():
    rows = [soft(0), soft(3), soft(5), soft(8), delivered(9)]
    assert judge(*rows)["state"] == "ok"
    assert judge(*rows, as_of="2026-01-09")["state"] == "remove"
    assert judge(*rows, as_of=at(6))[["state", "soft_count"]].tolist() == ["waiting", 3]
    assert judge(*rows[:3], as_of=at(60))["state"] == "retry"


def test_outcomes_do_as_well_as_the_table():
    rows = bounce_table([soft(0), hard(1, who="b@example.com"), clock(9)])
    messages = outcomes(rows)
    pd.testing.assert_frame_equal(recipients(rows), recipients(messages))
    assert recipients(messages, as_of=at(30)).attrs["as_of"] == at(30)
    with pytest.raises(TableError, match="give the bounce table, not its outcomes"):
        recipients(messages, as_of=at(3))


def test_an_empty_table_gives_an_empty_result_with_every_column():
    found = recipients(bounce_table([soft(0)]).iloc[:0])
    assert len(found) == 0
    assert list(found.columns) == list(recipients(bounce_table([soft(0)])).columns)
    assert pd.isna(found.attrs["as_of"])


# --- the policy ----------------------------------------------------------------------------


def test_the_policy_is_checked_frozen_and_normal():
    policy = Policy(wait="48h")
    assert policy == Policy()
    assert policy.verify_every == pd.Timedelta("15D")
    with pytest.raises(AttributeError):
        policy.soft_limit = 5
    with pytest.raises(TypeError):
        policy.limits["expired"] = 1


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"soft_limit": 0}, "soft_limit must be a whole number of 1 or more, not 0"),
        ({"soft_limit": 2.5}, "soft_limit must be a whole number"),
        ({"soft_limit": True}, "soft_limit must be a whole number"),
        ({"wait": "soon"}, "wait must be a time such as '2D' or '12h', not 'soon'"),
        ({"wait": 2}, "wait must be a time"),
        ({"min_span": "-1D"}, "min_span must be a time"),
        ({"verify_every": None}, "verify_every must be a time"),
        ({"limits": {"blocked": 3}}, "'blocked' is not a reason that counts; use one of: user_"),
        ({"limits": {"tired": 3}}, "'tired' is not a reason that counts"),
        ({"limits": {"expired": 0}}, "must be a whole number of 1 or more"),
    ],
)
def test_a_wrong_policy_is_one_sentence(wrong, sentence):
    with pytest.raises(BouncekitError, match=sentence):
        Policy(**wrong)


def test_the_numbers_of_the_policy_are_used():
    rows = [soft(0), soft(1)]
    assert judge(*rows, policy=Policy(soft_limit=2, min_span="1D"))["state"] == "remove"
    assert judge(*rows, policy=Policy(soft_limit=2, min_span="25h"))["state"] == "waiting"
    assert judge(*rows, policy=Policy(wait="5D"))["retry_after"] == at(6)


def test_a_reason_with_a_limit_of_its_own_weighs_by_it():
    policy = Policy(limits={"mailbox_full": 6, "expired": 2})
    days = range(0, 50, 10)
    assert judge(*map(soft, days), policy=policy)["state"] == "waiting"
    assert judge(*map(soft, days), soft(50), policy=policy)["state"] == "remove"
    assert judge(soft(0, "expired"), soft(9, "expired"), policy=policy)["state"] == "remove"
    # 3 of 6 and 1 of 2 make up a whole.
    mixed = [*map(soft, (0, 3, 6)), soft(9, "expired")]
    assert judge(*mixed, policy=policy)["state"] == "remove"
    assert judge(*mixed[1:], policy=policy)["state"] == "waiting"


@pytest.mark.parametrize("wrong", ["x", pd.NaT, ["2026-01-01"]])
def test_a_time_that_cannot_be_read_is_one_sentence(wrong):
    with pytest.raises(BouncekitError, match="as_of must be a time such as '2026-03-31', not"):
        judge(soft(0), as_of=wrong)


# --- against a plain, slow reading of the definitions ----------------------------------------


def slow(history, now, policy):
    """Judge one address message by message: (state, soft_count)."""
    row_of_failures, sure, spans = [], [], []
    state, count = "ok", 0
    removed = review = False
    for day, what, reason in sorted(history, key=lambda one: (one[0], one[1] != "delivered")):
        if what == "delivered":
            row_of_failures, sure, spans = [], [], []
            state, count, removed, review = "ok", 0, False, False
            continue
        if what == "deferral" and now - day < 5:
            continue
        row_of_failures.append(day)
        known = reasons()[reason]
        if known.bounce_type == "hard" and what == "bounce":
            removed = True
        elif known.counts != "no":
            count += 1
            spans.append(day)
            if known.bounce_type != "undetermined":
                sure.append(day)
        span = policy.min_span.days
        if len(sure) >= policy.soft_limit and sure[-1] - sure[0] >= span:
            removed = True
        if count >= policy.soft_limit and spans[-1] - spans[0] >= span:
            review = True
        state = "waiting" if now < max(row_of_failures) + policy.wait.days else "retry"
    return ("remove" if removed else "review" if review else state), count


HISTORY = st.lists(
    st.tuples(
        st.integers(0, 30),
        st.sampled_from(["bounce", "bounce", "bounce", "deferral", "delivered"]),
        st.sampled_from(
            ["mailbox_full", "expired", "mailbox_full", "blocked", "undetermined", "user_unknown"]
        ),
    ),
    max_size=9,
    unique_by=lambda one: one[0],
)
POLICIES = st.builds(
    Policy,
    soft_limit=st.integers(1, 5),
    wait=st.integers(0, 4).map("{}D".format),
    min_span=st.integers(0, 9).map("{}D".format),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(HISTORY, min_size=1, max_size=4), POLICIES, st.randoms(use_true_random=False))
def test_the_states_agree_with_a_plain_reading_of_the_definitions(histories, policy, random):
    now = 30
    rows = [delivered(0, who="other@example.net"), clock(now)]
    for who, history in enumerate(histories):
        for number, (day, what, reason) in enumerate(history):
            reason = None if what == "delivered" else reason
            more = {"message_id": f"{who}-{number}", "who": f"u{who}@example.com"}
            rows.append(row(what, day, reason, **more))
    random.shuffle(rows)
    found = recipients(bounce_table(rows), policy).set_index("recipient")
    for who, history in enumerate(histories):
        if history:
            mine = found.loc[f"u{who}@example.com"]
            assert (mine["state"], mine["soft_count"]) == slow(history, now, policy)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["sent", "delivered", "bounce", "deferral", "complaint", "suppressed"]),
            st.one_of(st.none(), st.integers(0, 20)),
            st.sampled_from(["mailbox_full", "user_unknown", "blocked", "undetermined"]),
            st.sampled_from([None, "1", "2"]),
            st.sampled_from(["a@example.com", "A@example.com", "b@gmial.com"]),
            st.sampled_from([None, GUESSED_RECIPIENT]),
        ),
        min_size=1,
        max_size=10,
    ),
    st.sampled_from([None, ["a@example.com"]]),
    st.randoms(use_true_random=False),
)
def test_whatever_the_rows_order_does_not_matter_and_no_unmatched_address_is_removed(
    drawn, contacts, random
):
    rows = [
        row(
            what,
            day,
            reason if what in ("bounce", "deferral") else None,
            who,
            message_id=message,
            vendor_type=vendor,
        )
        for what, day, reason, message, who, vendor in drawn
    ]
    found = recipients(bounce_table(rows), contacts=contacts)
    assert not ((found["state"] == "remove") & (found["evidence"] == "unmatched")).any()
    removing = [one for one in rows if one["vendor_type"] is None]
    if not removing:
        assert not (found["state"] == "remove").any()
    random.shuffle(rows)
    pd.testing.assert_frame_equal(found, recipients(bounce_table(rows), contacts=contacts))


# --- exact under replays, disorder, zones and busy days ---------------------------------------

EVENT = st.tuples(
    st.sampled_from(["sent", "delivered", "bounce", "bounce", "deferral", "complaint"]),
    st.integers(0, 20),
    st.integers(0, 3),  # the campaign of that day
    st.sampled_from(["mailbox_full", "user_unknown", "blocked", "undetermined", "expired"]),
    st.sampled_from(["a@example.com", "b@example.com"]),
)
EXACT = [
    "recipient", "state", "soft_count", "first_failure", "last_failure", "last_delivery",
    "retry_after", "reason", "cause", "evidence",
]  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(
    st.lists(EVENT, min_size=1, max_size=14),
    st.booleans(),
    st.sampled_from(["UTC", "Asia/Shanghai", "America/New_York"]),
    st.randoms(use_true_random=False),
)
def test_replays_disorder_and_zones_change_nothing(drawn, named, zone, random):
    """A second export of the same events, in any order and written in any zone, is no news."""
    rows = [
        row(what, day + campaign / 24, reason if what in ("bounce", "deferral") else None, who)
        | {"message_id": f"{who}{day}{campaign}" if named else None}
        for what, day, campaign, reason, who in drawn
    ]
    policy = Policy(soft_limit=2, min_span="2D")
    found = recipients(bounce_table(rows), policy)
    again = rows + random.sample(rows, len(rows) // 2)
    random.shuffle(again)
    again = [one | {"timestamp": one["timestamp"].tz_convert(zone)} for one in again]
    other = recipients(bounce_table(again), policy)
    pd.testing.assert_frame_equal(found[EXACT], other[EXACT])


def test_two_campaigns_on_one_day_are_two_messages():
    assert judge(soft(0), soft(0.2), soft(0.4))["soft_count"] == 3
    ids = [soft(0, message_id=str(n)) for n in range(3)]
    assert judge(*ids)["soft_count"] == 3
    assert judge(*ids, *ids)["soft_count"] == 3


def test_the_same_nameless_event_told_twice_is_one_message():
    assert judge(soft(0), soft(0))["soft_count"] == 1
    assert judge(soft(0), soft(0), row("deferral", -1, "mailbox_full"))["soft_count"] == 1
    # A delivery and a bounce at one moment are two events.
    assert judge(soft(0), delivered(0))["soft_count"] == 1


def test_an_address_that_recovered_starts_anew_whatever_was_before():
    days = (0, 3, 6, 9)
    assert judge(*map(soft, days))["state"] == "remove"
    found = judge(*map(soft, days), delivered(12))
    assert found[["state", "soft_count"]].tolist() == ["ok", 0]
    found = judge(*map(soft, days), delivered(12), soft(15))
    assert found[["state", "soft_count"]].tolist() == ["waiting", 1]
    assert judge(hard(0), delivered(1), hard(2))[["state", "cause"]].tolist() == [
        "remove", "deleted",
    ]  # fmt: skip


# --- likely causes of dead addresses ----------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    ["info@example.com", "Sales@example.com", "customer.service@example.com", "caigou@example.cn",
     "export+eu@example.com", "web-master@example.com"],
)  # fmt: skip
def test_addresses_of_a_function(address):
    assert is_role(address)


@pytest.mark.parametrize(
    "address", ["ann@example.com", "salesman.bob@example.com", "infotech@x.io"]
)
def test_addresses_of_persons(address):
    assert not is_role(address)


@pytest.mark.parametrize(
    "address",
    ["asdfgh@example.com", "test@gmail.com", "aaaaaa@example.com", "ababababab@example.com",
     "buyer78645@example.com", "12345@example.com", "deadbeefdeadbeef01@example.com",
     "qwerty@hotmail.com", "xkcdbrtzkl@example.com", "none@example.com"],
)  # fmt: skip
def test_addresses_that_look_invented(address):
    assert looks_invented(address)


@pytest.mark.parametrize(
    "address",
    ["123456789@qq.com", "13800000000@139.com", "ann@example.com", "o.neil@example.com",
     "wang1985@example.cn", "nbxhjx@163.com", "j.schmidt2@example.de", "anna.maria@example.com",
     "john19851@gmail.com", "zhangsan12345@163.com", "schwartzkopf@example.com"],
)  # fmt: skip
def test_addresses_that_do_not_look_invented(address):
    assert not looks_invented(address)


def test_the_likely_cause_of_a_dead_address_that_never_took_mail():
    rows = [
        hard(0, who="info@example.com"), hard(0, who="asdfgh@example.com"),
        hard(0, who="ann@example.com"), hard(0, who="bob@gmial.com"),
        delivered(0, who="sales@example.com"), hard(3, who="sales@example.com"),
    ]  # fmt: skip
    found = recipients(bounce_table(rows)).set_index("recipient")
    assert found["cause"].to_dict() == {
        "info@example.com": "role", "asdfgh@example.com": "invented",
        "ann@example.com": "never_delivered", "bob@gmial.com": "near_miss",
        "sales@example.com": "deleted",
    }  # fmt: skip


def imported(bad=20, good=20, dead_in_good=1, date="导入日期"):
    """Two batches of contacts: one mostly dead, one as lists are."""
    contacts, rows = [], []
    for batch, count, dead in (("2026-01-01", 40, bad), ("2026-01-02", good * 5, dead_in_good)):
        for n in range(count):
            who = f"p{batch[-1]}{'abcdefghij'[n % 10]}{'klmnopqrst'[n // 10]}@example.com"
            contacts.append({"邮箱": who, date: batch})
            rows.append(hard(3, who=who) if n < dead else delivered(3, who=who))
    return pd.DataFrame(contacts), bounce_table(rows)


@pytest.mark.parametrize("column", ["导入日期", "Import Date", "来源", "batch_id"])
def test_batches_that_fail_together_are_told_by_the_contact_list(column):
    contacts, rows = imported(date=column)
    found = bk.batches(rows, contacts)
    assert list(found.columns) == [
        "batch_by", "batch", "contacts", "mailed", "dead", "dead_rate", "dead_low", "dead_high",
        "elsewhere_rate", "suspicious", "why",
    ]  # fmt: skip
    assert found[["batch_by", "batch", "contacts", "mailed", "dead"]].to_numpy().tolist() == [
        [column, "2026-01-01", 40, 40, 20], [column, "2026-01-02", 100, 100, 1],
    ]  # fmt: skip
    assert found["suspicious"].tolist() == [True, False]
    assert found["elsewhere_rate"].tolist() == [0.01, 0.5]
    assert "20 of 40 mailed addresses are dead" in found.loc[0, "why"]
    judged = recipients(rows, contacts=contacts)["cause"].value_counts()
    assert judged["bad_batch"] == 20
    assert judged["never_delivered"] == 1
    assert (
        bk.batches(rows, contacts, lang="zh")
        .loc[0, "why"]
        .startswith("已发送的 40 个地址中有 20 个")
    )


def test_without_such_a_column_the_day_of_the_first_message_stands_for_the_batch():
    _, rows = imported()
    late = rows["recipient"].str.startswith("p2")
    rows["timestamp"] += pd.to_timedelta(late.astype(int), unit="D")
    found = bk.batches(rows)
    assert found["batch_by"].tolist() == ["first sent"] * 2
    assert found["batch"].tolist() == ["2026-01-04", "2026-01-05"]
    assert found["suspicious"].tolist() == [True, False]
    assert (recipients(rows)["cause"] == "bad_batch").sum() == 20


def test_a_list_that_is_bad_throughout_or_small_has_no_bad_batch():
    contacts, rows = imported(bad=20, dead_in_good=50)
    assert not bk.batches(rows, contacts)["suspicious"].any()
    few = contacts[contacts.groupby("导入日期").cumcount() < 29]
    assert "fewer than 30" in bk.batches(rows, few).loc[0, "why"]


def test_the_column_of_batches_may_be_named():
    contacts, rows = imported(date="Woher")
    assert set(bk.batches(rows, contacts)["batch_by"]) == {"first sent"}
    assert bk.batches(rows, contacts, by="woher")["suspicious"].tolist() == [True, False]
    with pytest.raises(TableError, match="has no column 'x'; it has: 邮箱, Woher"):
        bk.batches(rows, contacts, by="x")
