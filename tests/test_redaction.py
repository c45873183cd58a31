"""No address gets past redaction, in whatever way it is spelled."""

import base64
import stat
import sys
from urllib.parse import quote

import pandas as pd
import pytest

import bouncekit as bk
from bouncekit.accounting import Ingest, Ledger, close
from bouncekit.errors import BouncekitError
from bouncekit.redaction import KEY_FILE, KEY_VARIABLE, Redactor, project_key
from bouncekit.schema import NAMES, bounce_table
from bouncekit.spellings import scrub

KEY = "sixteen or more characters"
WHO = "Ann.Lee@example.com"
CODE = Redactor(KEY).address(WHO).partition("@")[0]


@pytest.fixture(scope="module")
def redactor() -> Redactor:
    return Redactor(KEY, known=pd.DataFrame({"recipient": [WHO, '"ann lee"@example.org']}))


@pytest.mark.parametrize(
    "text",
    [
        WHO,
        WHO.upper(),
        f"550 5.1.1 <{WHO}>: user unknown",
        f"to={WHO}, relay=mx.example.com",
        f"RCPT TO:<{WHO}> rejected",
        quote(WHO),
        quote(quote(WHO)),
        "ann.lee%40example%2ecom",
        "Ann.Lee=40example.com",
        "Ann=2ELee=40example.com",
        "ann.lee&#64;example.com",
        "ann.lee&#x40;example.com",
        "ann.lee&commat;example.com",
        r"ann.lee\u0040example.com",
        "ann.lee＠example.com",
        "ann.lee＠example．com",
        "ann.lee [at] example.com",
        "ann.lee(at)example.com",
        "bounce-ann.lee=example.com",
        "bounce+ann.lee=example.com@bounces.example.net",
        f"https://example.net/unsubscribe?id=7&address={quote(WHO)}",
        f"token {base64.b64encode(f'to {WHO} now'.encode()).decode()}",
        f"x@example.net/{WHO}",
        f"{WHO}={WHO}",
    ],
)
def test_every_spelling_is_hidden(redactor, text):
    hidden = redactor.text(text).lower().replace("．", ".")
    assert "ann.lee" not in hidden
    assert "ann=2elee" not in hidden
    assert "…" in hidden


@pytest.mark.parametrize(
    "text",
    [
        "552 5.3.4 message size=4096000 exceeds the limit",
        "relay=mx.example.com[192.0.2.1]:25, dsn=5.1.1, status=bounced",
        "550-5.1.1 https://support.google.com/mail/?p=NoSuchUser z1-20020a1709 - gsmtp",
        "421 4.7.0 [TSS04] Messages from 192.0.2.7 temporarily deferred",
        "邮箱不存在 550 Mailbox not found",
    ],
)
def test_text_without_address_stays(redactor, text):
    assert redactor.text(text) == text


def test_quoted_local_parts_are_addresses_too(redactor):
    assert "ann lee" not in redactor.text('gone: "ann lee"@example.org')


def test_spellings_of_one_address_share_a_pseudonym(redactor):
    spelled = [WHO, WHO.upper(), quote(WHO), "ann.lee=40example.com", "ann.lee&#64;example.com"]
    assert {redactor.text(text) for text in spelled} == {f"{CODE}@example.com"}


def test_another_key_gives_another_pseudonym():
    assert Redactor(KEY).address(WHO) != Redactor(KEY + "!").address(WHO)


def test_all_text_columns_of_a_bounce_table_are_hidden():
    row = dict.fromkeys(
        ["diagnostic", "vendor_type", "message_id", "campaign", "sender", "remote_mta", "file"],
        f"about {WHO}.",
    )
    table = bounce_table([{"event": "bounce", "recipient": WHO, **row}])
    hidden = bk.redact(table, KEY)
    assert list(hidden.columns) == list(NAMES)
    assert "ann.lee" not in hidden.to_csv().lower()
    assert hidden.loc[0, "domain"] == "example.com"
    assert table.loc[0, "recipient"] == WHO


def test_event_ids_are_keyed_because_plain_hashes_can_be_guessed():
    table = bounce_table([{"event": "bounce", "recipient": WHO}])
    assert bk.redact(table, KEY).loc[0, "event_id"] != table.loc[0, "event_id"]
    assert bk.redact(table, KEY).loc[0, "event_id"] == bk.redact(table, KEY).loc[0, "event_id"]


@pytest.mark.parametrize(
    ("recipient", "diagnostic", "hidden"),
    [
        ("ann.lee@example.com", "550 <ann.lee>: unknown", "ann.lee"),
        ("ann.lee@example.com", "mailbox /var/mail/Ann.Lee is full", "Ann.Lee"),
        ("o'neil@example.com", "no user o'neil here", "o'neil"),
    ],
)
def test_a_local_part_alone_is_hidden_in_its_own_reply(recipient, diagnostic, hidden):
    table = bounce_table([{"event": "bounce", "recipient": recipient, "diagnostic": diagnostic}])
    assert hidden not in bk.redact(table, KEY).loc[0, "diagnostic"]


def test_words_that_are_role_names_too_stay_readable():
    row = {"event": "bounce", "recipient": "user@example.com", "diagnostic": "user unknown"}
    assert bk.redact(bounce_table([row]), KEY).loc[0, "diagnostic"] == "user unknown"


def test_domains_are_hidden_when_asked():
    row = {"event": "bounce", "recipient": WHO, "diagnostic": "550 host EXAMPLE.com is gone"}
    hidden = bk.redact(bounce_table([row]), KEY, domains=True)
    assert "example" not in hidden.to_csv().lower()


def test_missing_values_stay_missing():
    table = bounce_table([{"event": "bounce"}, {"event": "bounce", "recipient": WHO}])
    assert bk.redact(table, KEY)["recipient"].isna().tolist() == [True, False]


def test_the_account_of_the_reading_is_hidden_too():
    ledger = Ledger(f"{WHO}.eml")
    ledger.fail(1, f"it begins 'To: {WHO}'")
    ledger.skip(2, f"from {WHO}")
    ledger.note(f"{WHO} was guessed")
    table = bounce_table([{"event": "bounce"}])
    table.attrs["ingest"] = close([ledger], rows=0, duplicates=0)
    account = bk.ingest(bk.redact(table, KEY))
    assert isinstance(account, Ingest)
    assert "ann.lee" not in repr(account).lower()
    assert account.failed == 1


@pytest.mark.parametrize("key", ["", "short", b"fifteen bytes.."])
def test_a_key_that_protects_nothing_is_refused(key):
    with pytest.raises(BouncekitError, match="fewer than 16"):
        bk.redact(pd.DataFrame({"recipient": [WHO]}), key)


def test_the_project_key_is_made_once_and_is_the_owners_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    first = project_key()
    assert project_key() == first
    assert len(first) == 64
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600


def test_no_key_is_made_where_no_address_turns_up(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    Redactor().table(pd.DataFrame({"note": pd.array(["mailbox full"], dtype="string")}))
    assert list(tmp_path.iterdir()) == []


def test_the_variable_goes_before_the_default_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    assert project_key() == KEY.encode()
    assert project_key(tmp_path / "other") != KEY.encode()


def test_a_key_file_that_cannot_be_made_is_one_sentence(tmp_path):
    with pytest.raises(BouncekitError, match="cannot be read or made"):
        project_key(tmp_path / "missing" / "key")


def test_scrub_leaves_no_address_and_keeps_pseudonyms():
    assert scrub(f"Offer for {WHO}!") == "Offer for [address]!"
    assert scrub(f"{CODE}@example.com") == f"{CODE}@example.com"


def test_long_hostile_text_takes_linear_time():
    """A hundred thousand characters without and with signs are gone through at once."""
    redactor = Redactor(KEY)
    for text in ("a" * 100_000, "a@" * 50_000, "=40" * 30_000, '"' * 100_000 + "@x.com"):
        assert len(redactor.text(text)) > 0
