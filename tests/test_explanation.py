import tomllib
from pathlib import Path

import pytest

from bouncekit.classification.classifier import classify
from bouncekit.classification.explanation import explain
from bouncekit.errors import BouncekitError, InputNotFoundError
from bouncekit.schema import bounce_table

MESSAGE = b"""Return-Path: <>
From: MAILER-DAEMON@mx.example.net
To: sales@example.net
Date: Thu, 1 Oct 2026 10:00:00 +0000
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

This is the mail system at host mx.example.net.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; ann@example.com
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.example.com
Diagnostic-Code: smtp; 550 5.1.1 <ann@example.com>: User unknown

Final-Recipient: rfc822; bob@example.com
Action: failed
Status: 5.2.2
Remote-MTA: dns; mx.example.com
Diagnostic-Code: smtp; 552 5.2.2 <bob@example.com>: Mailbox full

--b
Content-Type: message/rfc822

From: sales@example.net
To: ann@example.com
Subject: Offer
Message-ID: <1@example.net>

Dear all

--b--
"""

AUTO_REPLY = b"""From: ann@example.com
To: sales@example.net
Date: Thu, 1 Oct 2026 10:00:00 +0000
Subject: Out of office
Auto-Submitted: auto-replied
In-Reply-To: <1@example.net>
MIME-Version: 1.0
Content-Type: text/plain

I am out of the office.
"""


def test_a_reply_is_explained_with_the_words_as_they_stand_there():
    found = explain("550 5.4.1 Recipient address rejected: Access denied")
    assert (found.bounce_type, found.reason, found.category) == ("hard", "user_unknown", "address")
    assert found.matched == ("Recipient address rejected", "Access denied")
    assert found.rule.id == "microsoft.edge-unknown-user"
    assert found.runner_up.reason == "policy_violation"
    assert found.action == "remove at once"


def test_plain_text_names_everything_a_person_needs():
    lines = str(explain("550 5.7.513 Service unavailable, blocked using Customer Block list"))
    for part in (
        "soft · policy violation · the receiver refuses the sender",
        "What to do",
        "do not mail this person again",
        "does not count",
        "microsoft.customer-block",
        "Customer Block list",
        "https://learn.microsoft.com/",
        "strong",
        "Else it would be",
    ):
        assert part in lines


def test_chinese_is_chinese():
    text = str(explain("收件人郵箱空間不足", lang="zh"))
    assert "软退信 · 邮箱已满" in text
    assert "空間不足" in text
    assert "What to do" not in text


def test_both_languages_carry_the_same_words(root):
    words = tomllib.loads(
        (root / "bouncekit/classification/explanation.toml").read_text(encoding="utf-8")
    )
    assert set(words) == {"en", "zh"}
    assert list(words["en"]) == list(words["zh"])


def test_a_log_line_is_read_with_its_own_codes_and_host():
    found = explain(
        "postfix/smtp[22]: 4F: to=<ann@example.com>, relay=mx3.qq.com[192.0.2.1]:25, dsn=5.0.0, "
        "status=bounced (host mx3.qq.com[192.0.2.1] said: 550 Ip frequency limited "
        "(in reply to MAIL FROM command))"
    )
    assert found.rule.id == "tencent.connections"


def test_a_message_is_explained_for_each_recipient(tmp_path):
    path = tmp_path / "bounce.eml"
    path.write_bytes(MESSAGE)
    for what in (MESSAGE, path, str(path), MESSAGE.decode("ascii")):
        found = explain(what)
        assert (found.recipient, found.reason) == ("ann@example.com", "user_unknown")
        (other,) = found.others
        assert (other.recipient, other.reason) == ("bob@example.com", "mailbox_full")
        assert "bob@example.com" in str(found)
        assert "bob@example.com" in found._repr_html_()


def test_a_row_of_a_table_is_explained_as_the_table_says():
    table = classify(
        bounce_table(
            [
                {
                    "event": "bounce",
                    "recipient": "ann@example.com",
                    "diagnostic": "550 Mailbox unavailable or access denied",
                    "remote_mta": "mx3.qq.com",
                }
            ]
        )
    )
    found = explain(table.iloc[0])
    assert (found.decision.rule, found.recipient) == (table.loc[0, "rule"], "ann@example.com")


def test_an_unknown_text_says_so():
    found = explain("the moon is out of order")
    assert (found.reason, found.rule) == ("undetermined", None)
    assert "bk.unknown(table)" in str(found)


def test_a_hard_reason_that_reads_soft_is_not_removed():
    found = explain("450 4.1.10 the domain does not accept mail (null MX)")
    assert (found.bounce_type, found.reason) == ("soft", "not_accept")
    assert "remove" not in found.action
    assert "at once" not in str(found)


def test_text_of_strangers_is_harmless_in_terminal_and_page():
    found = explain("550 user unknown <script>alert(1)</script> \x1b[31m \u202e & <b>")
    assert "\x1b" not in str(found)
    assert "\u202e" not in str(found)
    html = found._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "\x1b" not in html


def test_own_rules_are_used(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        '[[rule]]\nid = "my.moon"\nreason = "expired"\ntext = ["moon"]\n'
        'hit = "moon"\nmiss = "sun"\n',
        encoding="utf-8",
    )
    assert explain("the moon is out of order", rules=path).decision.rule == "my.moon"


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("", "explain takes a line of text"),
        (550, "explain takes a line of text"),
        (AUTO_REPLY, "not of a failure"),
        (b"Subject: hello\nFrom: ann@example.com\nTo: b@example.com\n\nLunch?\n", "is no bounce"),
    ],
)
def test_what_did_not_fail_is_one_clear_sentence(what, sentence):
    with pytest.raises(BouncekitError, match=sentence) as caught:
        explain(what)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named():
    with pytest.raises(InputNotFoundError, match=r"none\.eml: no such file"):
        explain("none.eml")


def test_a_folder_is_no_message(tmp_path):
    with pytest.raises(BouncekitError, match="cannot be read"):
        explain(Path(tmp_path))


def test_a_row_that_is_no_failure_is_one_clear_sentence():
    table = bounce_table([{"event": "sent", "recipient": "ann@example.com"}])
    with pytest.raises(BouncekitError, match="event 'sent', not a failure"):
        explain(table.iloc[0])


def test_an_unknown_language_is_one_clear_sentence():
    with pytest.raises(BouncekitError, match="the language 'tlh' is not known"):
        explain("550 user unknown", lang="tlh")


@pytest.mark.parametrize(
    ("text", "advice", "words"),
    [
        ("550 5.7.1 The recipient has blocked your address", "blocked", ("block you", "屏蔽")),
        ("550 5.7.133 sender not authenticated for group", "insiders", ("from inside", "内部")),
        ("550 5.7.1 this address is a spam trap", "trap", ("is a trap", "陷阱")),
    ],
)
def test_why_not_to_mail_a_person_again_is_told_apart(text, advice, words):
    for lang, word in zip(("en", "zh"), words, strict=True):
        found = explain(text, lang=lang)
        assert (found.stop, found.decision.advice) == (True, advice)
        assert word in found.action


def test_a_filter_of_the_content_is_no_wish_to_be_left_alone():
    found = explain("550 5.2.0 Message Filtered")
    assert (found.reason, found.stop) == ("filtered", False)
