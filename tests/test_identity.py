import pytest

from bouncekit import identity
from bouncekit.schema import bounce_table

SES = "0102018f00000001-00000000-1111-2222-3333-000000000001-000000"
BOUNCE = {
    "event": "bounce",
    "recipient": "ann@example.com",
    "message_id": "m1@example.com",
    "timestamp": "2026-01-02T03:04:05.678Z",
    "smtp_code": 550,
    "enhanced_code": "5.1.1",
    "diagnostic": "550 5.1.1 no",
    "source": "mail",
}


def event_id(**changes):
    return bounce_table([{**BOUNCE, **changes}]).loc[0, "event_id"]


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("<m1@example.com>", "m1@example.com"),
        (" m1@example.com ", "m1@example.com"),
        (SES, SES),
        (f"<{SES}@eu-west-1.amazonses.com>", SES),
        (f"{SES}@email.amazonses.com", SES),
        (
            "<883953f4-6105-42a2-a16a-77a8eac79483@mtasv.net>",
            "883953f4-6105-42a2-a16a-77a8eac79483",
        ),
        ("883953f4-6105-42a2-a16a-77a8eac79483", "883953f4-6105-42a2-a16a-77a8eac79483"),
        (f"{SES}@example.com", f"{SES}@example.com"),
        ("<LRzXl_NHStOGhQ4kofSm_A@geopod-ismtpd-4>", "LRzXl_NHStOGhQ4kofSm_A"),
        ("LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net", "LRzXl_NHStOGhQ4kofSm_A"),
        ("LRzXl_NHStOGhQ4kofSm_A", "LRzXl_NHStOGhQ4kofSm_A"),
        ("LRzXl_NHStOGhQ4kofSm_A@example.com", "LRzXl_NHStOGhQ4kofSm_A@example.com"),
        ("14c5d75ce93.dfd.64b469@ismtpd-555", "14c5d75ce93.dfd.64b469@ismtpd-555"),
        ("<>", None),
        ("", None),
        (None, None),
    ],
)
def test_message_key(written, key):
    assert identity.message_key(written) == key


def test_event_id_is_128_bits_and_always_the_same():
    assert event_id() == event_id()
    assert len(event_id()) == 32
    int(event_id(), 16)


@pytest.mark.parametrize(
    "change",
    [
        {"timestamp": "2026-01-02T03:04:05.001Z"},
        {"recipient": "ANN@EXAMPLE.com"},
        {"message_id": "<m1@example.com>"},
        {"diagnostic": "other words"},
        {"vendor_type": "x"},
        {"source": "ses"},
        {"file": "other.csv", "item": 7},
    ],
    ids=str,
)
def test_event_id_does_not_hang_on_how_the_event_was_written(change):
    assert event_id(**change) == event_id()


@pytest.mark.parametrize(
    "change",
    [
        {"timestamp": "2026-01-02T03:04:06Z"},
        {"timestamp": None},
        {"recipient": "bo@example.com"},
        {"message_id": "m2@example.com"},
        {"event": "deferral"},
        {"smtp_code": 551},
        {"enhanced_code": "5.1.2"},
    ],
    ids=str,
)
def test_event_id_tells_events_apart(change):
    assert event_id(**change) != event_id()


def test_rows_that_say_hardly_anything_are_told_apart_by_their_words():
    bare = {"timestamp": None, "message_id": None}
    assert event_id(**bare, diagnostic="one") != event_id(**bare, diagnostic="two")


def test_masked_recipients_are_not_one_recipient():
    assert event_id(recipient="a***@example.com") != event_id(recipient="b***@example.com")
    table = bounce_table([{**BOUNCE, "recipient": "a***@example.com"}] * 2)
    assert identity.recipient_keys(table).isna().all()


def dropped(*rows):
    table = bounce_table([{**BOUNCE, **row} for row in rows])
    return identity.duplicates(table).tolist()


def test_of_one_event_read_twice_the_first_stays():
    assert dropped({}, {}) == [False, True]


def test_the_bounce_with_the_words_stays_then_the_first_source_by_name():
    later = {"timestamp": "2026-01-02T04:00:00Z"}
    assert dropped({"diagnostic": None}, {**later, "diagnostic": "550 no"}) == [True, False]
    assert dropped({"source": "ses"}, {**later, "source": "postfix"}) == [True, False]


def test_the_same_bounce_as_mail_and_as_webhook_is_one_row():
    rows = [{"message_id": f"<{SES}@eu-west-1.amazonses.com>"}]
    rows += [{"message_id": SES, "source": "ses", "timestamp": "2026-01-02T09:00:00Z"}]
    assert dropped(*rows) == dropped(*rows[::-1])[::-1] == [True, False]


def test_the_row_of_the_record_stays_and_takes_the_words_of_the_mail():
    """The webhook knows campaign and sending, the mail what the server said."""
    mail = {"diagnostic": "550 5.1.1 no", "smtp_code": 550, "enhanced_code": "5.1.1"}
    hook = dict.fromkeys(mail) | {"source": "ses", "campaign": "spring"}
    hook["timestamp"] = "2026-01-02T09:00:00Z"
    other = {**hook, "message_id": "m9@example.com"}
    table = bounce_table([{**BOUNCE, **row} for row in (mail, hook, other)])
    found, count = identity.each_once(table)
    assert count == 1
    assert found["source"].tolist() == ["ses", "ses"]
    assert found["campaign"].tolist() == ["spring", "spring"]
    assert found.loc[0, list(mail)].tolist() == list(mail.values())
    assert found.loc[1, list(mail)].isna().all()


@pytest.mark.parametrize(
    "other",
    [
        {"recipient": "bo@example.com"},
        {"message_id": "m2@example.com"},
        {"event": "deferral", "timestamp": "2026-01-02T01:00:00Z"},
        {"message_id": None, "timestamp": "2026-01-02T01:00:00Z"},
        {"recipient": "x***@example.com", "timestamp": "2026-01-02T01:00:00Z"},
    ],
    ids=str,
)
def test_other_events_stay(other):
    assert dropped({}, other) == [False, False]


def test_masked_recipients_of_one_message_are_not_merged():
    masked = {"recipient": "x***@example.com"}
    assert dropped(masked, {**masked, "timestamp": "2026-01-02T01:00:00Z"}) == [False, False]


def test_empty_table_has_no_duplicates_and_no_ids():
    table = bounce_table([BOUNCE]).iloc[:0]
    assert identity.duplicates(table).tolist() == []
    assert identity.event_ids(table).tolist() == []
    assert identity.message_keys(table).tolist() == []
