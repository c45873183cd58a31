"""The same bounce seen as a webhook and as mail, or posted twice, is one event."""

import json

import pytest

import bouncekit as bk

SES = "0102018f00000001-00000000-1111-2222-3333-000000000001-000000"
SENDGRID = "PSNAUz3qT5ChPxW-fbUj9w"
POSTMARK = "883953f4-6105-42a2-a16a-77a8eac79483"
MAILGUN = "20260101000000.1.0F7C3A8C0@mg.example.com"
TEXT = "550 5.1.1 <ann@example.com>: Recipient address rejected: User unknown"

REPORT = """\
From: MAILER-DAEMON@example.net
To: bounces@example.org
Subject: Undelivered Mail Returned to Sender
Date: Fri, 02 Jan 2026 03:04:09 +0000
Message-ID: <the-report@example.net>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.net

Final-Recipient: rfc822; ann@example.com
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; {text}

--b
Content-Type: text/rfc822-headers

Message-ID: <{wire}>
From: news@example.org
To: ann@example.com
Subject: Spring offer

--b--
"""

POSTS = {
    # What the vendor posts, and the Message-ID that the recipient's server saw.
    "ses": (
        {
            "notificationType": "Bounce",
            "mail": {
                "timestamp": "2026-01-02T03:04:00.000Z",
                "messageId": SES,
                "destination": ["ann@example.com"],
                "commonHeaders": {"messageId": "<as-it-was-given@shop.example>"},
            },
            "bounce": {
                "bounceType": "Permanent",
                "bounceSubType": "General",
                "bouncedRecipients": [
                    {"emailAddress": "ann@example.com", "diagnosticCode": f"smtp; {TEXT}"}
                ],
                "timestamp": "2026-01-02T03:04:05.678Z",
            },
        },
        f"{SES}@eu-west-1.amazonses.com",
    ),
    "sendgrid_events": (
        {
            "email": "ann@example.com",
            "timestamp": 1767323045,
            "event": "bounce",
            "type": "bounce",
            "reason": TEXT,
            "sg_event_id": "x",
            "sg_message_id": f"{SENDGRID}.recvd-86c9d584f6-6trxb-1-63B0F5A4-6.0",
        },
        f"{SENDGRID}@geopod-ismtpd-1",
    ),
    "mailgun_events": (
        {
            "signature": {"timestamp": "1767323045", "token": "t", "signature": "s"},
            "event-data": {
                "event": "failed",
                "severity": "permanent",
                "reason": "bounce",
                "log-level": "error",
                "timestamp": 1767323045.329574,
                "recipient": "ann@example.com",
                "delivery-status": {"code": 550, "message": TEXT},
                "message": {"headers": {"message-id": MAILGUN}},
            },
        },
        MAILGUN,
    ),
    "postmark": (
        {
            "RecordType": "Bounce",
            "Type": "HardBounce",
            "TypeCode": 1,
            "MessageID": POSTMARK,
            "Email": "ann@example.com",
            "Details": f"smtp;{TEXT}",
            "BouncedAt": "2026-01-02T03:04:05.1234567Z",
        },
        f"{POSTMARK}@mtasv.net",
    ),
}


@pytest.mark.parametrize("source", POSTS)
def test_a_bounce_that_came_both_ways_is_one(source, tmp_path):
    post, wire = POSTS[source]
    (tmp_path / "hook.json").write_text(json.dumps(post))
    (tmp_path / "bounce.eml").write_text(REPORT.format(text=TEXT, wire=wire))
    df = bk.read(tmp_path)
    assert bk.ingest(df).sources == ("mail", source)
    assert (len(df), bk.ingest(df).duplicates) == (1, 1)
    assert df.loc[0, ["event", "reason"]].tolist() == ["bounce", "user_unknown"]


@pytest.mark.parametrize("source", POSTS)
def test_the_same_mail_of_another_message_stays(source, tmp_path):
    post, wire = POSTS[source]
    (tmp_path / "hook.json").write_text(json.dumps(post))
    (tmp_path / "bounce.eml").write_text(REPORT.format(text=TEXT, wire=f"other-{wire}"))
    assert len(bk.read(tmp_path)) == 2


@pytest.mark.parametrize("source", POSTS)
def test_a_post_that_came_twice_is_one(source, tmp_path):
    post, _ = POSTS[source]
    (tmp_path / "hook.ndjson").write_text(f"{json.dumps(post)}\n{json.dumps(post)}\n")
    df = bk.read(tmp_path)
    assert (len(df), bk.ingest(df).duplicates) == (1, 1)
