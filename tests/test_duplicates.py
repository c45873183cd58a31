import pytest

from bouncekit.duplicates import duplicates, each_once
from bouncekit.schema import bounce_table
from tests.test_identity import BOUNCE, SES


def dropped(*rows):
    table = bounce_table([{**BOUNCE, **row} for row in rows])
    return duplicates(table).tolist()


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
    found, count = each_once(table)
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


def test_empty_table_has_no_duplicates():
    table = bounce_table([BOUNCE]).iloc[:0]
    assert duplicates(table).tolist() == []
