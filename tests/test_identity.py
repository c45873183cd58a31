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


def test_event_ids_are_128_bits_and_known_forever():
    """Who stored ids must find the same events again; a change belongs into the changelog."""
    bare = {"message_id": None, "timestamp": None}
    assert [event_id(), event_id(**bare), event_id(recipient="a***@example.com")] == [
        "ee30cbd6ccd57c28574ca6bd1d91cec6",
        "882234189c49a5df8e51f97e4a2f126e",
        "ad135bea73fd4a184ca1729428810236",
    ]


def test_event_ids_hang_on_neither_the_order_nor_the_company_of_rows():
    rows = [
        {**BOUNCE, "recipient": f"u{n}@example.com", "smtp_code": 550 + n % 9} for n in range(99)
    ]
    ids = bounce_table(rows)["event_id"].tolist()
    assert len(set(ids)) == 99
    assert bounce_table(rows[::-1])["event_id"].tolist() == ids[::-1]
    assert [bounce_table([row]).loc[0, "event_id"] for row in rows[:9]] == ids[:9]


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


def test_empty_table_has_no_ids():
    table = bounce_table([BOUNCE]).iloc[:0]
    assert identity.event_ids(table).tolist() == []
    assert identity.message_keys(table).tolist() == []
