"""Panels: controls that move what is shown, and a picture where nobody can move them."""

import re
from datetime import UTC, datetime

import pytest

from bouncekit import live
from bouncekit.analysis.outcomes import outcomes
from bouncekit.classification.borderline import borderline, replies
from bouncekit.words import LANGUAGES

WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(scope="module")
def messages(root):
    import bouncekit as bk

    table = bk.read(root / "data" / "sample" / "sendgrid-events.json.gz", progress=False)
    return outcomes(table)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("make", "name", "value"),
    [
        (live.rates, "freq", "M"),
        (live.rates, "by", "provider"),
        (live.rates, "preset", None),
        (live.domains, "min_failures", 1),
        (live.domains, "window", 3),
        (live.addresses, "soft_limit", 1),
        (live.limits, "soft_limit", 9),
    ],
)
def test_moving_a_control_changes_what_is_shown(messages, make, name, value, lang):
    panel = make(messages, lang=lang)
    panel._repr_mimebundle_()
    before = panel.screen.value
    panel.controls[name].value = value
    assert panel.screen.value != before
    assert panel.screen.value.startswith("<img ")


def test_a_panel_shows_controls_in_jupyterlab_and_a_picture_elsewhere(messages):
    data, metadata = live.rates(messages)._repr_mimebundle_()
    assert WIDGET in data
    assert data["image/png"]
    assert metadata["image/png"]["alt"] == data["text/plain"]


def test_the_controls_start_where_the_notebook_says(messages):
    panel = live.addresses(messages, soft_limit=15, wait="36h", min_span="90D")
    assert panel.values == {"soft_limit": 15, "wait": 2, "min_span": 90}


def test_what_cannot_be_is_said_and_the_panel_lives_on(messages):
    panel = live.explanation("550 5.1.1 User unknown")
    panel._repr_mimebundle_()
    panel.controls["text"].value = "  "
    assert "explain takes a line of text" in panel.screen.value
    panel.controls["text"].value = "552 5.2.2 mailbox full"
    assert "soft" in panel.screen.value


def test_a_dropped_message_is_explained():
    mail = b"From: a@example.com\nTo: b@example.com\nSubject: Undelivered\n"
    mail += b"MIME-Version: 1.0\nContent-Type: multipart/report; boundary=b; "
    mail += b"report-type=delivery-status\n\n"
    mail += b"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.com\n\n"
    mail += b"Final-Recipient: rfc822; ann@example.com\nAction: failed\nStatus: 5.2.2\n"
    mail += b"Diagnostic-Code: smtp; 552 5.2.2 mailbox full\n\n--b--\n"
    panel = live.explanation("550 5.1.1 User unknown")
    panel._repr_mimebundle_()
    file = {"name": "b.eml", "type": "", "size": len(mail), "content": memoryview(mail)}
    panel.controls["file"].set_trait("value", (file | {"last_modified": datetime.now(UTC)},))
    assert "ann@example.com" in panel.screen.value
    assert "mailbox is full" in panel.screen.value or "over quota" in panel.screen.value


def test_what_a_server_wrote_is_text_in_a_panel():
    panel = live.explanation("550 <script>alert(1)</script> user unknown")
    panel._repr_mimebundle_()
    assert "<script" not in panel.screen.value
    assert "&lt;script&gt;" in panel.screen.value


# --- the line between hard and soft ----------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_reply_beside_the_line_is_read_as_it_is_told(lang):
    table = borderline(lang)
    assert table["bounce_type"].tolist() == [entry["type"] for entry in replies()]
    assert (table["because"].str.len() > 5).all()
    if lang == "zh":
        assert all(re.search("[\u4e00-\u9fff]", text) for text in table["because"])


def test_the_first_digit_gets_most_of_them_wrong():
    table = borderline()
    assert (table["first_digit"] != table["bounce_type"]).mean() > 0.5


def test_rules_may_be_given_as_text():
    import bouncekit as bk

    rule = '[[rule]]\nid = "my.x"\nreason = "suspended"\ntext = ["gone fishing"]\n'
    rule += 'hit = "550 gone fishing"\nmiss = "550 user unknown"\nnote = "summer"\n'
    assert bk.explain("550 gone fishing", rules=rule).reason == "suspended"
