import pytest

from bouncekit.codes import enhanced_code, reply_code, stage


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("550 5.1.1 user unknown", 550),
        ("550-5.1.1 first\n550 5.1.1 last", 550),
        ("host mx.example.com[192.0.2.55] said: 554 no (in reply to RCPT TO command)", 554),
        ("smtp;452 4.2.2 full", 452),
        ("after RCPT TO:<a@example.com>: 553 sorry", 553),
        ("SMTP error from remote mail server: host mx.example.com [192.0.2.1]: 550 no", 550),
        ("Remote Server returned '550 5.4.1 Access denied'", 550),
        ("250 ok, then: 550 gone", 550),
        ("delivered: 250 2.0.0 OK", 250),
        ("421", 421),
        ("550 <a@example.com>... User unknown", 550),
        ("", None),
        (None, None),
        ("connect to mx.example.com[192.0.2.25]:25: Connection timed out", None),
        ("message of 550 bytes", None),
        ("see ticket 554 in the log", None),
        ("port: 587", None),
        ("connect to mx.example.com[192.0.2.25]:465: Connection timed out", None),
        ("message size exceeds 10,485,760 bytes", None),
        ("[203.0.113.1] 2026-10-01: 450.12.3.4", None),
    ],
)
def test_reply_code_stands_where_a_reply_begins(text, code):
    assert reply_code(text) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("550 5.1.1 user unknown", "5.1.1"),
        ("550-5.7.26 This mail from 5.1.1.9 has been blocked", "5.7.26"),
        ("550 #5.1.0 Address rejected", "5.1.0"),
        ("sorry, no mailbox here by that name (#5.1.1)", "5.1.1"),
        ("dsn=5.0.0, status=bounced (host said: 550 5.2.1 disabled)", "5.2.1"),
        ("2.0.0 but later 4.4.7 expired", "4.4.7"),
        ("554 see https://example.com/5.1.1/help", None),
        ("blocked 4.7.28.5", None),
        ("Exchange 5.5.2653", None),
        ("software 4.92.3", None),
        ("5.1.10.", "5.1.10"),
        (None, None),
    ],
)
def test_enhanced_code_is_not_an_ip_or_a_version(text, code):
    assert enhanced_code(text) == code


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("550 no (in reply to RCPT TO command)", "RCPT"),
        ("550 no (in reply to end of DATA command)", "DATA"),
        ("550 no (in reply to MAIL FROM command)", "MAIL"),
        (">>> MAIL FROM:<a@example.com>\n<<< 250 ok\n>>> DATA\n<<< 550 no", "DATA"),
        ("SMTP error from remote mail server after RCPT TO:<a@example.com>: 550", "RCPT"),
        ("SMTP error from remote mail server after end of data: 550", "DATA"),
        ("refused to talk to me: 554 no", "CONNECT"),
        ("lost connection while performing the HELO handshake", "EHLO"),
        ("550 no access to data center", None),
        ("rejected recipient (Error following RCPT command)", "RCPT"),
        ("SMTP:RCPT host 192.0.2.233: 553 no", "RCPT"),
        ("550 user unknown", None),
        (None, None),
    ],
)
def test_stage_is_read_from_the_words_of_the_log(text, expected):
    assert stage(text) == expected
