"""What became of each message: definitions 3 to 5, worked by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bouncekit.addresses import key
from bouncekit.analysis import _columns as columns
from bouncekit.analysis import _keys
from bouncekit.analysis._grouping import QUEUE_LIFE, UNTIMED, join_deferrals
from bouncekit.analysis.outcomes import outcomes
from bouncekit.errors import TableError
from bouncekit.identity import message_key
from bouncekit.schema import TEXT, bounce_table
from bouncekit.taxonomy import reasons

DAY = QUEUE_LIFE // 5


def row(event, day=None, recipient="ann@example.com", reason=None, **more):
    """One event on a day of January 2026 (fractions are hours), None for no time."""
    stamp = None if day is None else pd.Timestamp("2026-01-01", tz="UTC") + pd.Timedelta(days=day)
    kind = reasons()[reason].bounce_type if reason else None
    return {
        "event": event,
        "timestamp": stamp,
        "recipient": recipient,
        "reason": reason,
        "bounce_type": kind,
    } | more


def bounce(day, reason="mailbox_full", **more):
    return row("bounce", day, reason=reason, **more)


def deferral(day, reason="mailbox_full", **more):
    return row("deferral", day, reason=reason, **more)


def table(*rows):
    return bounce_table(rows)


def found(*rows, sends=None):
    frame = outcomes(table(*rows), sends).frame()
    return list(zip(frame["outcome"], frame["deferrals"], strict=True))


def test_one_message_counts_once_with_its_latest_final_event():
    """Sent, put off twice, then bounced: one bounce with two deferrals."""
    rows = [
        row("sent", 0, message_id="1"),
        deferral(0.1, message_id="1"),
        deferral(0.2, message_id="1"),
        bounce(1, message_id="1"),
    ]
    frame = outcomes(table(*rows)).frame()
    assert len(frame) == 1
    assert frame.loc[0, ["outcome", "bounce_type", "reason", "category", "heals"]].tolist() == [
        "bounce",
        "soft",
        "mailbox_full",
        "mailbox",
        "time",
    ]
    assert frame.loc[0, "deferrals"] == 2
    assert frame.loc[0, "sent"] == pd.Timestamp("2026-01-01", tz="UTC")
    assert frame.loc[0, "last"] == pd.Timestamp("2026-01-02", tz="UTC")


@pytest.mark.parametrize(
    ("delivered", "bounced", "outcome"),
    [
        (0, 1, "bounce"),  # an asynchronous bounce cancels its own delivery
        (1, 0, "delivered"),
        (1, 1, "bounce"),  # a tie
        (1, None, "bounce"),  # no time
        (None, 1, "bounce"),
        (None, None, "bounce"),
    ],
)
def test_the_later_of_delivered_and_bounce_decides(delivered, bounced, outcome):
    rows = [row("delivered", delivered, message_id="1"), bounce(bounced, message_id="1")]
    assert found(*rows) == [(outcome, 0)]


def test_one_bounce_without_a_time_is_enough():
    rows = [bounce(None, message_id="1"), bounce(0, message_id="1")]
    assert found(*rows, row("delivered", 5, message_id="1")) == [("bounce", 0)]


@pytest.mark.parametrize(
    ("events", "outcome"),
    [
        (("sent",), "sent"),
        (("sent", "deferral"), "deferral"),
        (("sent", "deferral", "delivered"), "delivered"),
        (("sent", "suppressed"), "suppressed"),
    ],
)
def test_else_deferral_else_sent(events, outcome):
    rows = [row(event, i, message_id="1") for i, event in enumerate(events)]
    assert outcomes(table(*rows)).frame()["outcome"].tolist() == [outcome]


@pytest.mark.parametrize("event", ["complaint", "auto_reply", "unsubscribe"])
def test_other_events_are_no_outcomes(event):
    assert found(row(event, 0), row(event, 1, message_id="1")) == []
    assert found(row("delivered", 0, message_id="1"), row(event, 1, message_id="1")) == [
        ("delivered", 0)
    ]


def test_a_deferral_is_never_hard():
    rows = [deferral(0, "user_unknown", message_id="1")]
    assert outcomes(table(*rows)).frame()["bounce_type"].tolist() == ["soft"]


def test_a_failure_that_nobody_classified_is_undetermined():
    assert outcomes(table(row("bounce", 0))).frame()["bounce_type"].tolist() == ["undetermined"]


def test_messages_and_addresses_match_in_every_spelling():
    """Angle brackets, case and IDNA forms do not make another message."""
    rows = [
        row("sent", 0, recipient="Ann@bücher.example", message_id="1@example.com"),
        bounce(1, recipient="ann@xn--bcher-kva.example", message_id="<1@example.com>"),
    ]
    assert found(*rows) == [("bounce", 0)]


SES = "0102018f2c9e7ab3-1d1f0a6e-7c43-4f0a-9a11-0c1f6d2b3a4c-000000"
IDS = [
    None,
    "",
    " ",
    "<>",
    "1@example.com",
    " <1@example.com> ",
    "bücher@example.com",
    SES,
    f"<{SES}@eu-west-1.amazonses.com>",
    f"{SES}@email.amazonses.com",
    "14c5d75ce93Tw_dfd-64b469",
    "14c5d75ce93Tw_dfd-64b469@ismtpd-555",
    "14c5d75ce93Tw_dfd-64b469@geopod-ismtpd-4",
    "14c5d75ce93Tw_dfd-64b469@ismtpd0039p1sjc2.sendgrid.net",
    "ismtpd@example.com",
]


def test_a_column_of_message_ids_is_matched_as_one_id_is():
    found = _keys.message_keys(pd.Series(IDS, dtype=TEXT))
    texts = [None if code < 0 else found.texts[code].as_py() for code in found.codes.tolist()]
    assert texts == [message_key(text) for text in IDS]
    assert len(set(found.codes.tolist())) == len(set(texts)) == 6


ADDRESSES = st.lists(
    st.sampled_from(["a", "B", "ß", "é", "x", "xxx", "XXX", "*", "[redacted]", ".", "@", "@", "'"]),
    max_size=6,
).map("".join)


@settings(max_examples=50, deadline=None)
@given(st.lists(ADDRESSES, min_size=1, max_size=20))
def test_a_column_of_addresses_is_matched_as_one_address_is(drawn):
    found = _keys.recipient_keys(pd.Series(drawn, dtype=TEXT))
    matchable = [code >= 0 and found.matchable[code] for code in found.codes.tolist()]
    texts = [
        found.texts[code].as_py() if matches else None
        for code, matches in zip(found.codes.tolist(), matchable, strict=True)
    ]
    assert texts == [key(text) for text in drawn]


def test_one_message_to_two_recipients_is_two():
    rows = [
        row("delivered", 0, message_id="1"),
        bounce(0, recipient="bob@example.com", message_id="1"),
    ]
    assert sorted(found(*rows)) == [("bounce", 0), ("delivered", 0)]


def test_masked_addresses_never_match():
    rows = [
        row("sent", 0, recipient="a***@example.com", message_id="1"),
        bounce(1, recipient="a***@example.com", message_id="1"),
    ]
    assert sorted(found(*rows)) == [("bounce", 0), ("sent", 0)]


def test_without_an_id_a_final_event_is_its_own_message():
    assert found(bounce(0), bounce(1)) == [("bounce", 0), ("bounce", 0)]


@pytest.mark.parametrize(
    ("before", "joins"), [(0, True), (4.9, True), (5, True), (5.01, False), (-1, False)]
)
def test_deferrals_of_the_5_days_before_join_a_final_event(before, joins):
    rows = [deferral(10 - before), bounce(10)]
    expected = [("bounce", 1)] if joins else [("bounce", 0), ("deferral", 1)]
    assert sorted(found(*rows)) == expected


def test_deferrals_join_the_next_final_event_of_their_recipient_only():
    rows = [
        deferral(8),
        row("delivered", 9),
        bounce(10),
        deferral(8, recipient="bob@example.com"),
    ]
    assert found(*rows) == [("delivered", 1), ("deferral", 1), ("bounce", 0)]


def test_deferrals_with_an_id_join_no_other_message():
    assert sorted(found(deferral(9, message_id="1"), bounce(10))) == [
        ("bounce", 0),
        ("deferral", 1),
    ]


def test_deferrals_that_join_nothing_are_one_message_for_5_days():
    days = [0, 1, 5, 5.1, 7, 20]
    assert found(*(deferral(day) for day in days)) == [
        ("deferral", 3),
        ("deferral", 2),
        ("deferral", 1),
    ]


def test_deferrals_without_a_time_join_nothing_and_are_one_message():
    rows = [deferral(None, message_id=None, diagnostic=text) for text in "ab"]
    assert found(*rows, bounce(0)) == [("bounce", 0), ("deferral", 2)]


def test_rows_of_a_state_list_stand_for_themselves(monkeypatch):
    monkeypatch.setattr(columns, "_state_lists", lambda: frozenset({"list"}))
    rows = table(row("delivered", 0, message_id="1"), bounce(1, message_id="1"))
    rows["source"] = pd.Categorical(["events", "list"])
    messages = outcomes(rows)
    assert messages.listed.tolist() == [False, True]
    assert messages.outcome.tolist() == [1, 3]


def test_a_sends_table_of_messages_adds_sent_messages():
    sends = pd.DataFrame(
        {
            "message_id": ["1", "2"],
            "recipient": ["ann@example.com", "bob@example.com"],
            "timestamp": ["2026-01-01", "2026-01-01"],
        }
    )
    messages = outcomes(table(bounce(3, message_id="1")), sends)
    frame = messages.frame()
    assert frame["outcome"].tolist() == ["bounce", "sent"]
    assert frame["sent"].tolist() == [pd.Timestamp("2026-01-01", tz="UTC")] * 2
    assert frame["provider"].tolist() == ["other", "other"]
    assert messages.in_sends.all()


def test_the_provider_of_a_sent_message_is_that_of_the_bounces_of_its_domain():
    rows = table(bounce(3, remote_mta="mx1.google.com"), bounce(3, "expired", recipient="b@x.test"))
    who = ["bob@example.com", "c@x.test", "d@qq.com", None]
    sends = pd.DataFrame({"message_id": list("abcd"), "recipient": who, "timestamp": "2026-01-01"})
    frame = outcomes(rows, sends).frame().set_index("message_id")
    found = frame.loc[list("abcd"), "provider"]
    assert found.astype(object).where(found.notna(), None).tolist() == [
        "google",
        "other",
        "tencent",
        None,
    ]
    with pytest.raises(TableError, match="lacks the column 'provider'"):
        outcomes(rows.drop(columns="provider"), sends)


def test_campaign_comes_from_any_row_of_the_message():
    rows = [row("sent", 0, message_id="1", campaign="spring"), bounce(1, message_id="1")]
    assert outcomes(table(*rows)).frame()["campaign"].tolist() == ["spring"]


def test_an_empty_table_gives_no_messages():
    frame = outcomes(table(bounce(0)).iloc[:0]).frame()
    assert len(frame) == 0
    assert "outcome" in frame


def test_a_table_that_lacks_a_column_is_one_sentence():
    with pytest.raises(TableError, match="lacks the column 'message_id'"):
        outcomes(table(bounce(0)).drop(columns="message_id"))


def test_a_value_outside_its_list_is_one_sentence():
    wrong = table(bounce(0)).astype({"event": "str"})
    wrong.loc[0, "event"] = "bounced"
    with pytest.raises(TableError, match="'bounced' is not one of sent, delivered"):
        outcomes(wrong)


def test_text_columns_in_place_of_categories_do_as_well():
    """A table that went through CSV has plain text in its category columns."""
    typed = table(row("sent", 0, message_id="1"), bounce(1, message_id="1"))
    plain = typed.astype(dict.fromkeys(["event", "bounce_type", "reason", "source"], "str"))
    plain["source"] = None
    assert outcomes(plain).frame()["outcome"].tolist() == ["bounce"]


def test_outcomes_pass_through_and_refuse_a_second_sends_table():
    messages = outcomes(table(bounce(0)))
    assert outcomes(messages) is messages
    with pytest.raises(TableError, match="give sends= to outcomes"):
        outcomes(messages, pd.DataFrame({"date": ["2026-01-01"], "sent": [1]}))


EVENTS = st.fixed_dictionaries(
    {
        "event": st.sampled_from(["sent", "delivered", "deferral", "bounce", "complaint"]),
        "day": st.one_of(st.none(), st.integers(0, 15)),
        "recipient": st.sampled_from(["a@example.com", "b@example.com", "c***@example.com", None]),
        "message_id": st.sampled_from([None, None, "1", "2"]),
        "reason": st.sampled_from(["user_unknown", "mailbox_full", "blocked", "undetermined"]),
    }
)


def rows_of(drawn):
    return [
        row(
            one["event"],
            one["day"],
            one["recipient"],
            one["reason"] if one["event"] in ("bounce", "deferral") else None,
            message_id=one["message_id"],
        )
        for one in drawn
    ]


@settings(max_examples=30, deadline=None)
@given(st.lists(EVENTS, min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(drawn, random):
    rows = table(*rows_of(drawn))
    order = list(range(len(rows)))
    random.shuffle(order)
    shuffled = rows.iloc[order].reset_index(drop=True)
    pd.testing.assert_frame_equal(in_any_order(rows), in_any_order(shuffled))


def in_any_order(rows):
    frame = outcomes(rows).frame().astype({"outcome": "str", "reason": "str"})
    return frame.sort_values(list(frame.columns), ignore_index=True)


def slow_join(recipients, times, final):
    """Join deferrals row by row, as definition 3 reads."""
    message = {}
    order = sorted(range(len(times)), key=lambda i: (times[i], final[i]))
    for i in order:
        if final[i]:
            message[i] = i
            continue
        later = [
            j
            for j in order
            if final[j]
            and recipients[j] == recipients[i]
            and times[i] != UNTIMED
            and 0 <= times[j] - times[i] <= QUEUE_LIFE
        ]
        if later:
            message[i] = min(later, key=lambda j: (times[j], order.index(j)))
    open_since = {}
    for i in order:
        if i in message:
            continue
        start = open_since.get(recipients[i])
        untimed = times[i] == UNTIMED
        if (
            start is None
            or (times[start] == UNTIMED) != untimed
            or (not untimed and times[i] - times[start] > QUEUE_LIFE)
        ):
            start = i
            open_since[recipients[i]] = i
        message[i] = start
    return [message[i] for i in range(len(times))]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.integers(-1, 14), st.booleans()), min_size=1, max_size=14
    )
)
def test_joining_deferrals_agrees_with_the_slow_way(drawn):
    recipients = np.array([who for who, _, _ in drawn])
    times = np.array([UNTIMED if day < 0 else day * DAY for _, day, _ in drawn])
    final = np.array([is_final for _, _, is_final in drawn])
    fast = join_deferrals(recipients, times, final).tolist()
    slow = slow_join(recipients.tolist(), times.tolist(), final.tolist())
    # Finals of one recipient and moment are alike: compare the sizes of the messages.
    kinds = list(zip(recipients.tolist(), times.tolist(), final.tolist(), strict=True))

    def shape(numbers):
        groups = {}
        for number, kind in zip(numbers, kinds, strict=True):
            groups.setdefault(number, []).append(kind)
        return sorted(sorted(group) for group in groups.values())

    assert shape(fast) == shape(slow)
