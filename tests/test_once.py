"""The same event told by several files is one event, where that can be known."""

import json
from pathlib import Path

import pytest

from bouncekit import ingest, read

MESSAGE = "spring-1@example.com"
ANN = "ann@example.net"
SAID = "550 5.1.1 no such user"
SES = "0102018f00000001-00000000-1111-2222-3333-000000000001-000000"

POSTFIX = (
    f"2026-01-02T03:04:00Z mx1 postfix/cleanup[1]: 4F3D2A1B0C: message-id=<{MESSAGE}>\n"
    "2026-01-02T03:04:01Z mx1 postfix/qmgr[2]: 4F3D2A1B0C: from=<news@example.com>, size=1\n"
    f"2026-01-02T03:04:05Z mx1 postfix/smtp[3]: 4F3D2A1B0C: to=<{ANN}>, "
    "relay=mx.example.net[198.51.100.7]:25, delay=1, delays=0/0/0/1, dsn=5.1.1, status=bounced "
    f"(host mx.example.net[198.51.100.7] said: {SAID} (in reply to RCPT TO command))\n"
)
EXIM = (
    f"2026-01-02 03:04:00 1tUabc-00000001Xy2-3Def <= news@example.com P=esmtp id={MESSAGE}\n"
    f"2026-01-02 03:04:05 1tUabc-00000001Xy2-3Def ** {ANN} R=dnslookup T=remote_smtp: SMTP error "
    f"from remote mail server after RCPT TO:<{ANN}>: {SAID}\n"
)
SENDMAIL = (
    f"2026-01-02T03:04:00Z mx1 sm-mta[1]: 602Hx0Ab000101: from=<news@example.com>, "
    f"msgid=<{MESSAGE}>\n"
    f"2026-01-02T03:04:05Z mx1 sm-mta[1]: 602Hx0Ab000101: to=<{ANN}>, delay=00:00:01, "
    f"dsn=5.1.1, reply={SAID}, stat=User unknown\n"
)
POWERMTA = (
    "type,timeLogged,rcpt,dsnStatus,dsnDiag,bounceCat,header_Message-Id\n"
    f"b,2026-01-02 03:04:05+0000,{ANN},5.1.1 (bad),smtp;{SAID},bad-mailbox,<{MESSAGE}>\n"
)
KUMOMTA = json.dumps(
    {
        "type": "Bounce",
        "id": "8b3b5e1a5f0d11efb2f6000c29aa0001",
        "recipient": ANN,
        "queue": "example.net",
        "nodeid": "n",
        "event_time": "2026-01-02T03:04:05Z",
        "bounce_classification": "InvalidRecipient",
        "response": {"code": 550, "content": "no such user", "command": "RCPT TO:<x>"},
        "headers": {"Message-ID": f"<{MESSAGE}>"},
    }
)
TRACE = (
    "date_time_utc,event_id,message_id,recipient_address,recipient_status,sender_address\n"
    f"2026-01-02T03:04:05.1234567Z,FAIL,<{MESSAGE}>,{ANN},{SAID},news@example.com\n"
)
ELS = (
    "Message ID,Sender,Direction,Recipient address,Event target,Event date,Event status,"
    "Event SMTP reply code,Event description\n"
    f"<{MESSAGE}>,news@example.com,Sent,{ANN},SMTP_OUT,2026/01/02 03:04:05 UTC,BOUNCED,550,no\n"
)
RECORDS = {
    "postfix": POSTFIX,
    "exim": EXIM,
    "sendmail": SENDMAIL,
    "powermta": POWERMTA,
    "kumomta": KUMOMTA,
    "exchange_trace": TRACE,
    "google_els": ELS,
}


def dsn(message_id: str = MESSAGE, recipient: str = ANN, action: str = "failed") -> str:
    return (
        "From: MAILER-DAEMON@mx1.example.com\nTo: news@example.com\n"
        "Message-ID: <dsn-1@mx1.example.com>\nDate: Fri, 02 Jan 2026 04:00:00 +0000\n"
        "Subject: Undelivered Mail Returned to Sender\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nYour message could not be delivered.\n"
        "--b\nContent-Type: message/delivery-status\n\n"
        "Reporting-MTA: dns; mx1.example.com\n\n"
        f"Final-Recipient: rfc822; {recipient}\nAction: {action}\nStatus: 5.1.1\n"
        f"Remote-MTA: dns; mx.example.net\nDiagnostic-Code: smtp; {SAID}\n\n"
        "--b\nContent-Type: message/rfc822\n\n"
        f"From: news@example.com\nTo: {recipient}\nMessage-ID: <{message_id}>\nSubject: Spring\n\n"
        "Hello\n--b--\n"
    )


def everything(folder: Path, **files: str):
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return read(folder)


@pytest.mark.parametrize("source", RECORDS)
def test_a_bounce_in_a_log_and_as_mail_is_one_event(tmp_path, source):
    df = everything(tmp_path, record=RECORDS[source], bounce__eml=dsn())
    assert df.loc[df["event"] == "bounce", "source"].tolist() == [source]
    assert ingest(df).duplicates == 1
    assert df["message_id"].tolist() == [MESSAGE]


def test_a_bounce_that_every_record_tells_of_is_one_event(tmp_path):
    df = everything(tmp_path, bounce__eml=dsn(), **RECORDS)
    assert len(df) == 1
    assert ingest(df).duplicates == len(RECORDS)


@pytest.mark.parametrize(
    "other",
    [
        {"message_id": "spring-2@example.com"},
        {"recipient": "bo@example.net"},
        {"action": "delayed"},
    ],
    ids=str,
)
def test_mail_about_something_else_stays(tmp_path, other):
    df = everything(tmp_path, record=POSTFIX, bounce__eml=dsn(**other))
    assert len(df) == 2
    assert ingest(df).duplicates == 0


def sendgrid(**changes: object) -> dict[str, object]:
    event = {
        "email": ANN,
        "timestamp": 1767323045,
        "event": "bounce",
        "type": "bounce",
        "reason": SAID,
        "status": "5.1.1",
        "sg_event_id": "first",
        "sg_message_id": "LRzXl_NHStOGhQ4kofSm_A.filter0001",
        "smtp-id": "<LRzXl_NHStOGhQ4kofSm_A@geopod-ismtpd-1>",
    }
    return event | changes


def test_a_webhook_that_was_posted_again_counts_once(tmp_path):
    first, again = sendgrid(), sendgrid(sg_event_id="second")
    df = everything(
        tmp_path,
        monday__json=json.dumps([first]),
        tuesday__ndjson=json.dumps(again) + "\n" + json.dumps({"body": json.dumps([first])}),
    )
    assert len(df) == 1
    assert df["file"].tolist() == ["monday.json"]
    assert ingest(df).duplicates == 2


def test_attempts_of_one_message_are_events_of_their_own(tmp_path):
    tries = [sendgrid(event="deferred", timestamp=1767323045 + 600 * n) for n in range(3)]
    df = everything(tmp_path, once__json=json.dumps(tries), again__json=json.dumps(tries[1:]))
    assert len(df) == 3
    assert ingest(df).duplicates == 2


def test_exports_that_overlap_count_each_entry_once(tmp_path):
    head = "status,reason,email,created\n"
    entries = [f"5.1.1,{SAID},u{n}@example.net,{1767323045 + n}\n" for n in range(6)]
    df = everything(
        tmp_path,
        suppression_bounces_1__csv=head + "".join(entries[:4]),
        suppression_bounces_2__csv=head + "".join(entries[2:]),
    )
    assert sorted(df["recipient"]) == [f"u{n}@example.net" for n in range(6)]
    assert ingest(df).duplicates == 2


def ses(kind: str, **part: object) -> str:
    body = {
        "notificationType": kind,
        "mail": {"messageId": SES, "timestamp": "2026-01-02T03:04:00.000Z", "destination": [ANN]},
        **part,
    }
    return json.dumps({"Type": "Notification", "MessageId": "x", "TopicArn": "arn",
                       "Message": json.dumps(body)})  # fmt: skip


def test_a_bounce_as_a_notification_of_ses_and_as_mail_is_one_event(tmp_path):
    bounce = {
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "timestamp": "2026-01-02T03:04:09.000Z",
        "bouncedRecipients": [{"emailAddress": ANN}],
    }
    note = ses("Bounce", bounce=bounce)
    df = everything(
        tmp_path,
        first__json=note,
        retried__json=note.replace('"MessageId": "x"', '"MessageId": "y"'),
        bounce__eml=dsn(f"{SES}@eu-west-1.amazonses.com"),
    )
    assert df["source"].tolist() == ["ses"]
    assert df["diagnostic"].tolist() == [SAID]
    assert ingest(df).duplicates == 2


ARF = (
    "From: fbl@example.net\nTo: abuse@example.com\nMessage-ID: <arf-1@example.net>\n"
    "Date: Fri, 02 Jan 2026 05:00:00 +0000\nSubject: complaint\nMIME-Version: 1.0\n"
    'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\n\n'
    "--b\nContent-Type: text/plain\n\nThis is a complaint.\n"
    "--b\nContent-Type: message/feedback-report\n\n"
    f"Feedback-Type: abuse\nUser-Agent: x/1\nVersion: 1\nOriginal-Rcpt-To: {ANN}\n\n"
    "--b\nContent-Type: message/rfc822\n\n"
    f"From: news@example.com\nTo: {ANN}\nMessage-ID: <{MESSAGE}>\nSubject: Spring\n\n"
    "Hello\n--b--\n"
)
FEEDBACK = (
    "type,timeLogged,rcpt,feedbackType,header_Message-Id\n"
    f"f,2026-01-02 05:10:00+0000,{ANN},abuse,<{MESSAGE}>\n"
)


def test_a_complaint_as_mail_and_in_a_log_is_one_event(tmp_path):
    df = everything(tmp_path, complaint__eml=ARF, feedback=FEEDBACK)
    assert df["source"].tolist() == ["powermta"]
    assert ingest(df).duplicates == 1


def test_a_complaint_does_not_hide_a_bounce_of_the_same_message(tmp_path):
    df = everything(tmp_path, complaint__eml=ARF, bounce__eml=dsn())
    assert sorted(df["event"]) == ["bounce", "complaint"]


def test_the_same_folder_gives_the_same_events_in_any_order(tmp_path):
    files = {"a": POSTFIX, "b": EXIM, "c": FEEDBACK, "d__eml": ARF, "e__eml": dsn()}
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one = everything(tmp_path / "one", **files)
    names = dict(zip(files, reversed(files), strict=True))
    renamed = {f"{names[name].partition('__')[0]}x": text for name, text in files.items()}
    two = everything(tmp_path / "two", **renamed)
    assert sorted(one["event_id"]) == sorted(two["event_id"])
