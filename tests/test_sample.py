"""What was planted in data/sample is found through the public calls."""

import json
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pytest

import bouncekit as bk
from bouncekit import identity
from bouncekit.addresses import key
from bouncekit.simulate import bounce_events, simulate

TZ = "Asia/Shanghai"


@pytest.fixture(scope="module")
def sample(root) -> Path:
    return root / "data" / "sample"


@pytest.fixture(scope="module")
def planted(sample) -> dict:
    return json.loads((sample.parent / "truth" / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def truth(sample) -> pd.DataFrame:
    return pd.read_csv(sample.parent / "truth" / "truth-addresses.csv.gz")


@pytest.fixture(scope="module")
def incident(planted) -> dict:
    return {entry["kind"]: entry for entry in planted["incidents"]}


@pytest.fixture(scope="module")
def df(sample) -> pd.DataFrame:
    return bk.read(sample, tz=TZ)


@pytest.fixture(scope="module")
def sends(sample) -> pd.DataFrame:
    return pd.read_csv(sample / "sends.csv.gz")


@pytest.fixture(scope="module")
def weeks(planted) -> pd.DataFrame:
    table = pd.DataFrame(planted["weeks"])
    return table.set_index(pd.to_datetime(table["week"]).dt.tz_localize(TZ))


@pytest.fixture(scope="module")
def rates(df, sends) -> pd.DataFrame:
    return bk.bounce_rates(df, sends=sends, tz=TZ).set_index("period")


@pytest.fixture(scope="module")
def addresses(df, sample) -> pd.DataFrame:
    table = bk.recipients(df, contacts=sample / "contacts.csv.gz")
    return table.set_index(identity.recipient_keys(table).astype("str"))


def lower(names: Iterable[str]) -> list[str]:
    """The matching keys of addresses, in which local parts have no capitals."""
    return [str(key(name)) for name in names]


def failures_of(df: pd.DataFrame, names: list[str], start: str, end: str) -> pd.DataFrame:
    """Bounces and deferrals of these addresses between two Beijing days, both included."""
    days = df["timestamp"].dt.tz_convert(TZ)
    within = (days >= pd.Timestamp(start, tz=TZ)) & (
        days < pd.Timestamp(end, tz=TZ) + pd.Timedelta(days=1)
    )
    theirs = identity.recipient_keys(df).isin(lower(names))
    return df[within & theirs & df["event"].isin(["bounce", "deferral"])]


# Reading


def test_every_item_is_accounted_for_and_none_failed(df):
    account = bk.ingest(df)
    assert account.items == account.read + account.skipped + account.failed
    assert account.rows == len(df)
    assert account.failed == 0
    beside = {entry.file: entry.skipped for entry in account.files if not entry.source}
    assert beside == {"README.md": 1, "contacts.csv.gz": 1, "sends.csv.gz": 1}


def test_every_channel_is_read_by_its_own_reader(df):
    read = {entry.file: entry.source for entry in bk.ingest(df).files if entry.read}
    assert read == {
        "bounces.mbox.gz": "mail",
        "mail.log-20260601.gz": "postfix",
        "mail.log.gz": "postfix",
        "mailing-tool.csv.gz": "generic",
        "sendgrid-bounces.csv": "sendgrid_csv",
        "sendgrid-events.json.gz": "sendgrid_events",
        "ses-events.ndjson.gz": "ses",
    }


def test_the_files_tell_the_same_as_the_world_behind_them(df):
    """Each event with a Message-ID is read once, at its second, with its bounce type."""
    true = bounce_events(simulate(), truth=True)
    true = true[true["message_id"].notna()].assign(key=keys)
    read = df[df["message_id"].notna()].assign(key=keys)
    named = true["event"].isin(["delivered", "deferral"]) & true["source"].isin(
        ["ses", "sendgrid_events", "postfix"]
    )
    found = read.drop_duplicates("key").set_index("key")
    # Messages in the queue on 1 June end in a log that does not name them.
    assert true.loc[named, "key"].isin(found.index).mean() > 0.999
    failed = true[true["event"].isin(["bounce", "deferral"]) & true["key"].isin(found.index)]
    same = (
        failed["bounce_type"].astype("str").to_numpy()
        == found.loc[failed["key"], "bounce_type"].astype("str").to_numpy()
    )
    assert len(failed) > 8_000
    assert same.mean() > 0.99


def keys(table: pd.DataFrame) -> pd.Series:
    second = table["timestamp"].dt.floor("s").astype("str")
    parts = [identity.recipient_keys(table), table["event"].astype("str"), second]
    return identity.message_keys(table).str.cat(parts, sep="|", na_rep="")


def test_the_same_bounce_in_two_files_is_one_row(df, planted):
    for source in ("ses_and_mailbox", "postfix_and_mailbox"):
        named = set(planted["overlap"][source])
        wanted = {identity.message_key(name) for name in named}
        rows = df[identity.message_keys(df).isin(wanted) & (df["event"] == "bounce")]
        assert len(rows) == len(named), source
    assert bk.ingest(df).duplicates >= (
        len(planted["overlap"]["ses_and_mailbox"])
        + len(planted["overlap"]["postfix_and_mailbox"])
        + planted["overlap"]["sendgrid_events_posted_twice"]
    )


def test_automatic_answers_are_no_bounces(df, planted):
    assert (df["event"] == "auto_reply").sum() == planted["events"]["auto_reply"]


def test_providers_of_company_domains_are_known_by_their_hosts(df):
    shares = df["provider"].value_counts(normalize=True)
    assert shares["google"] > 0.15
    assert shares["microsoft"] > 0.15


# Rates


def test_weekly_rates_are_the_true_ones(rates, weeks):
    both = rates.join(weeks.add_suffix("_true"), how="inner")
    assert len(both) == len(weeks)
    assert both["sent"].sum() == pytest.approx(both["sent_true"].sum(), rel=0.001)
    for kind in ("hard", "soft"):
        # A bounce of a salesperson's mailbox names no message, so its week is that of the bounce.
        assert (both[kind] - both[f"{kind}_true"]).abs().max() <= 8
        assert both[kind].sum() == pytest.approx(both[f"{kind}_true"].sum(), rel=0.03)


def test_the_purchased_list_shows_in_its_weeks_and_its_campaign(rates, df, incident):
    bought = incident["purchased_list"]
    weeks_of_it = rates.loc["2026-05-04":"2026-05-18", "hard_rate"]
    others = rates["hard_rate"].drop(weeks_of_it.index)
    assert weeks_of_it.min() > 1.25 * others.max()
    assert weeks_of_it.mean() > 2.5 * others.median()
    by = bk.bounce_rates(df, by="campaign", freq="Q", tz=TZ).set_index("campaign")
    assert by.loc[bought["campaign"], "hard_rate"].max() > 0.25
    rest = by.drop(bought["campaign"])
    assert by.loc[[bought["campaign"]], "hard_rate"].max() > 2 * rest["hard_rate"].max()


def test_the_contact_list_says_when_the_purchased_list_came(sample, incident):
    contacts = pd.read_csv(sample / "contacts.csv.gz", encoding="utf-8-sig")
    bought = contacts[contacts["来源"] == "购买名单"]
    assert len(bought) == incident["purchased_list"]["imported"]
    assert set(bought["导入日期"]) == {incident["purchased_list"]["first_day"]}


def test_the_block_list_is_soft_and_the_attachment_too(rates, incident):
    block = rates.loc["2026-04-20"]
    assert block["soft"] >= incident["block_list"]["messages"]
    assert block["hard_rate"] < 0.03
    large = rates.loc["2026-07-20"]
    assert large["soft"] >= incident["large_attachment"]["messages"]
    assert large["hard_rate"] < 0.03


# Reasons


@pytest.mark.parametrize(
    ("kind", "reasons", "share"),
    [
        ("block_list", {"blocked"}, 0.95),
        ("large_attachment", {"message_too_large"}, 0.95),
        ("full_mailboxes", {"mailbox_full"}, 0.95),
        ("server_down", {"network_error", "expired"}, 0.95),
        ("provider_deferrals", {"rate_limited", "bad_reputation", "expired"}, 0.95),
        ("purchased_list", {"user_unknown", "host_unknown", "not_accept"}, 0.95),
        ("repeat_soft", {"mailbox_full"}, 0.95),
    ],
)
def test_each_incident_has_its_reason(df, incident, kind, reasons, share):
    entry = incident[kind]
    last = "2026-08-30" if kind in ("purchased_list", "repeat_soft") else entry["last_day"]
    rows = failures_of(df, entry["addresses"], entry["first_day"], last)
    if kind not in ("provider_deferrals", "server_down"):
        # The rest is refused at once; a greylisting beforehand is no part of it.
        rows = rows[rows["event"] == "bounce"]
    assert len(rows) >= 0.9 * entry["messages"] - entry["ended"].get("suppressed", 0)
    assert rows["reason"].isin(reasons).mean() >= share


def test_google_deferred_and_delivered_later(df, incident):
    entry = incident["provider_deferrals"]
    rows = failures_of(df, entry["addresses"], entry["first_day"], entry["last_day"])
    assert (rows["event"] == "deferral").mean() > 0.9
    assert rows["category"].eq("policy").mean() > 0.9
    assert entry["ended"]["delivered"] > 3 * entry["ended"]["soft"]


# Domains


def test_the_server_that_was_down_is_flagged_and_came_back(df, incident):
    flagged = bk.flag_domains(df, tz=TZ).set_index("domain")
    row = flagged.loc[incident["server_down"]["domain"]]
    assert row["flagged"]
    assert row["reason"] in ("expired", "network_error")
    assert row["last_delivery"] > row["last_failure"]
    assert "2026-04-07" <= f"{row['first_failure'].tz_convert(TZ):%Y-%m-%d}" <= "2026-04-20"


def test_the_company_with_full_mailboxes_is_flagged(df, incident):
    flagged = bk.flag_domains(df, tz=TZ).set_index("domain")
    row = flagged.loc[incident["full_mailboxes"]["domain"]]
    assert row["flagged"]
    assert (row["reason"], row["category"]) == ("mailbox_full", "mailbox")


def test_the_two_struck_companies_come_first_of_those_that_failed_themselves(df, incident):
    """Before them stand only domains that refused because of the sender or the message."""
    flagged = bk.flag_domains(df, tz=TZ)
    theirs = flagged["flagged"] & flagged["category"].isin(["mailbox", "server"])
    first = set(flagged.loc[theirs, "domain"].head(2))
    assert first == {incident["server_down"]["domain"], incident["full_mailboxes"]["domain"]}
    others = flagged[: flagged.index[theirs][1]].loc[~theirs, "reason"]
    assert others.isin(["blocked", "message_too_large"]).all()


def test_google_is_flagged_as_a_provider(df):
    by = bk.flag_domains(df, by="provider", tz=TZ).set_index("provider")
    assert by.loc["google", "flagged"]
    assert by.loc["google", "category"] == "policy"
    assert f"{by.loc['google', 'first_failure'].tz_convert(TZ):%Y-%m}" == "2026-07"


# Addresses


def test_nobody_is_burnt_by_block_list_attachment_or_deferrals(addresses, incident, truth):
    valid = set(lower(truth.loc[truth["truth"] == "valid", "address"]))
    for kind in ("block_list", "large_attachment", "provider_deferrals"):
        struck = [name for name in lower(incident[kind]["addresses"]) if name in valid]
        removed = addresses.loc[struck].query("state == 'remove'")
        assert removed["cause"].isin(["complaint", "unsubscribe"]).all(), kind


def test_addresses_that_never_recover_are_removed_and_those_that_do_are_kept(addresses, incident):
    repeat = incident["repeat_soft"]
    gone = addresses.loc[lower(repeat["never_recover"])]
    assert (gone["state"] == "remove").all()
    assert (gone["cause"] == "soft_limit").all()
    assert (gone["soft_count"] >= 4).all()
    back = addresses.loc[lower(repeat["recover"])]
    assert (back["state"] == "ok").all()


def test_forged_bounces_are_reviewed_and_never_removed(addresses, incident):
    forged = addresses.loc[lower(incident["forged_bounces"]["addresses"])]
    assert (forged["state"] == "review").all()
    assert (forged["evidence"] == "unmatched").all()


def test_near_misses_are_named_with_what_was_meant(addresses, truth):
    near = truth.loc[truth["truth"] == "near_miss", "address"]
    found = addresses.loc[lower(near)]
    assert (found["state"] == "remove").all()
    assert (found["cause"] == "near_miss").mean() > 0.9
    meant = found.loc[found["cause"] == "near_miss", "suggestion"].str.rpartition("@")[2]
    assert meant.isin(["gmail.com", "hotmail.com", "outlook.com", "yahoo.com"]).all()


def test_states_agree_with_what_the_addresses_are(addresses, truth):
    truth = truth.set_index(truth["address"].map(key))
    both = addresses.join(truth[["truth"]])
    bounced = both[both["cause"].isin(["deleted", "never_delivered", "near_miss"])]
    bad = ["left", "stale", "domain_gone", "invented", "mistyped", "near_miss"]
    assert bounced["truth"].isin(bad).mean() > 0.99
    deleted = both[both["cause"] == "deleted"]
    assert deleted["truth"].isin(["left", "domain_gone"]).mean() > 0.99
    invented = both[both["truth"].isin(["invented", "mistyped", "near_miss", "stale"])]
    assert (invented["state"] == "remove").mean() > 0.95
    limit = both[both["cause"] == "soft_limit"]
    assert limit["truth"].isin(["abandoned", "valid"]).all()


def test_a_higher_limit_removes_fewer_and_wrongs_fewer(df):
    choices = bk.what_if(df, soft_limit=range(2, 9)).set_index("soft_limit")
    assert choices["removed"].is_monotonic_decreasing
    assert choices["wrongly_removed"].is_monotonic_decreasing
    assert choices.loc[2, "removed"] > choices.loc[8, "removed"]
    assert choices.loc[4, "wrongly_removed"] >= 6
