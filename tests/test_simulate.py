"""The simulator: the same bytes every time, a consistent truth, and nobody real."""

import gzip
import ipaddress
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bouncekit import schema
from bouncekit.errors import BouncekitError
from bouncekit.simulate import (
    Incident,
    Plan,
    World,
    bounce_events,
    default_plan,
    mailing,
    random_plan,
    simulate,
    truth,
    write,
)
from bouncekit.simulate.__main__ import main
from bouncekit.simulate.data import DAY, WEEK, WEEKS, begin, facts, reply_texts
from bouncekit.simulate.delivery import KINDS, RETRIES
from bouncekit.simulate.dice import Dice
from bouncekit.simulate.incidents import MEANING
from bouncekit.simulate.replies import speak
from bouncekit.simulate.writers.postfix import queue_id
from bouncekit.simulate.writers.ses import KEYS

SMALL = 400
DOCUMENTATION = [
    ipaddress.ip_network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
]


def content(path: Path) -> bytes:
    """The bytes inside: builds of zlib differ in how they pack them."""
    packed = path.read_bytes()
    return gzip.decompress(packed) if path.suffix == ".gz" else packed


@pytest.fixture(scope="module")
def world():
    return simulate(seed=11, contacts=SMALL)


@pytest.fixture(scope="module")
def folder(world, tmp_path_factory):
    made = tmp_path_factory.mktemp("half-year")
    assert write(world, made) == files(made)
    return made


def files(folder: Path) -> list[Path]:
    """What the simulator makes in a folder, the notes for people aside."""
    found = (path for part in ("sample", "truth") for path in (folder / part).iterdir())
    return sorted(path for path in found if not path.name.startswith((".", "README")))


def test_twice_gives_the_same_bytes_whatever_the_hash_seed(folder, tmp_path, root):
    command = [sys.executable, "-m", "bouncekit.simulate", "--seed", "11", "-o", str(tmp_path)]
    environment = {**os.environ, "PYTHONHASHSEED": "12345", "PYTHONPATH": str(root)}
    subprocess.run(
        [*command, "--contacts", str(SMALL)], check=True, env=environment, capture_output=True
    )
    names = [path.relative_to(folder) for path in files(folder)]
    assert names == [path.relative_to(tmp_path) for path in files(tmp_path)]
    for name in names:
        assert (folder / name).read_bytes() == (tmp_path / name).read_bytes(), name


def test_another_seed_gives_another_world(world):
    other = simulate(seed=12, contacts=SMALL)
    assert list(other.contacts["address"]) != list(world.contacts["address"])


def test_the_committed_files_are_what_the_command_makes(root, tmp_path):
    kept = root / "data"
    assert main(["-o", str(tmp_path)]) == 0
    names = [path.relative_to(tmp_path) for path in files(tmp_path)]
    assert names == [path.relative_to(kept) for path in files(kept)]
    for name in names:
        assert content(kept / name) == content(tmp_path / name), name


def test_the_committed_files_are_under_5_mb(root):
    sizes = [path.stat().st_size for path in (root / "data").rglob("*") if path.is_file()]
    assert sum(sizes) < 5_000_000


def test_the_truth_does_not_lie_among_the_files_that_users_read(folder):
    assert not list((folder / "sample").glob("truth*"))
    assert {path.name for path in (folder / "truth").iterdir()} == {
        "truth.json",
        "truth-addresses.csv.gz",
    }


def test_compressed_files_carry_neither_time_nor_name(folder):
    packed = list(folder.rglob("*.gz"))
    assert len(packed) == 9
    for path in packed:
        head = path.read_bytes()[:10]
        assert head[3] == 0, "no name"
        assert head[4:8] == b"\0\0\0\0", "no time"


def test_the_readme_names_every_file(root):
    readme = (root / "data" / "sample" / "README.md").read_text(encoding="utf-8")
    for path in files(root / "data"):
        name = path.name if path.parent.name == "sample" else f"../truth/{path.name}"
        assert f"`{name}`" in readme
    for kind in MEANING:
        assert f"`{kind}`" in readme


def test_dice_never_change():
    """The raw stream of PCG64 is promised; these numbers must be the same everywhere."""
    dice = Dice(7, "pinned")
    assert dice.raw(3).tolist() == [
        15925746796092683125,
        7713818635037433859,
        11566124648441156103,
    ]
    assert dice.below(1_000, 5).tolist() == [530, 424, 590, 275, 623]
    assert dice.order(6).tolist() == [0, 3, 5, 1, 4, 2]


def test_dice_stay_within_their_bounds():
    dice = Dice(1, "bounds")
    assert set(dice.between(3, 5, 1_000).tolist()) == {3, 4, 5}
    assert set(dice.weighted([1, 0, 2], 1_000).tolist()) == {0, 2}
    numbers = dice.uniform(10_000)
    assert 0 <= numbers.min() < 0.01 < 0.99 < numbers.max() < 1
    skewed = dice.skewed([10, 20, 1_000], 2_000)
    assert skewed.min() >= 10
    assert skewed.max() < 1_000
    assert 900 < (skewed < 20).sum() < 1_100
    assert dice.sample(np.arange(5), 9).tolist() == [0, 1, 2, 3, 4]


def test_every_message_ends_once_and_the_weeks_add_up(world):
    weeks = truth.weekly(world)
    ends = ["delivered", "hard", "soft", "undetermined", "suppressed", "deferral"]
    assert weeks["sent"].sum() == len(world.messages)
    assert (weeks[ends].sum(axis=1) == weeks["sent"]).all()
    finals = world.events[world.events["event"].isin(["bounce", "suppressed"])]
    assert not finals["message"].duplicated().any()


def test_events_are_in_order_and_within_the_half_year(world):
    events = world.events
    assert events["at"].is_monotonic_increasing
    assert events["at"].min() >= begin()
    assert events["at"].max() < begin() + WEEKS * WEEK
    sent = events[events["event"] == "sent"].set_index("message")["at"]
    rest = events[events["event"] != "sent"]
    assert (rest["at"].to_numpy() > sent.loc[rest["message"]].to_numpy()).all()


def test_nothing_is_sent_at_night_or_on_holidays(world):
    local = pd.to_datetime(world.messages["sent_at"], unit="ms", utc=True).dt.tz_convert(
        "Asia/Shanghai"
    )
    assert local.dt.hour.between(9, 17).all()
    assert local.dt.day_of_week.isin([1, 2, 3]).all()
    assert not local.dt.strftime("%Y-%m-%d").isin(facts()["campaigns"]["holidays"]).any()


def test_names_are_unique(world):
    assert world.contacts["address"].is_unique
    assert world.messages["message_id"].is_unique
    assert world.messages.loc[of("postfix", world), "message_id"].map(queue_id).is_unique
    assert world.campaigns["campaign"].is_unique
    assert world.companies["domain"].is_unique


def of(channel: str, world: World) -> pd.Series:
    return world.messages["sender"] == channel


def test_a_campaign_goes_down_the_list_at_an_even_pace(world):
    messages = world.messages.assign(day=world.messages["sent_at"] // DAY)
    for _, batch in messages.groupby(["campaign", "day"]):
        assert batch["contact"].is_monotonic_increasing
        assert len(set(np.diff(batch["sent_at"]))) <= 1


def test_a_day_has_room_for_every_message_of_a_large_world():
    listed = pd.DataFrame({"imported_at": 0, "segment": 0, "key": False, "region": 0}, range(9_000))
    table = mailing.campaigns(Plan())
    made = mailing.batch(1, 0, table, listed.assign(incident=-1), np.full(9_000, begin() + WEEK))
    assert len(made) == 9_000
    local = pd.to_datetime(made["sent_at"], unit="ms", utc=True).dt.tz_convert("Asia/Shanghai")
    assert local.dt.hour.between(9, 17).all()


@pytest.fixture(scope="module")
def described():
    planted = truth.incidents(simulate(3, 2_000, default_plan(2_000)))
    return {entry["kind"]: entry for entry in planted}


@pytest.mark.parametrize("kind", sorted(MEANING))
def test_each_planted_incident_strikes(described, kind):
    entry = described[kind]
    assert entry["addresses"]
    if kind != "forged_bounces":
        assert entry["messages"] == sum(entry["ended"].values()) > 0


def test_a_block_list_burns_nobody_and_ends():
    entry = Incident("block_list", day=50, days=5, share=1.0, where="postfix")
    world = simulate(5, 2_000, Plan((entry,)))
    struck = world.messages[world.messages["incident"] == 0]
    assert set(struck["sender"]) == {"postfix"}
    assert struck["sent_at"].between(entry.start, entry.end, inclusive="left").all()
    assert set(struck["kind"]) == {"blocked"}
    assert KINDS["blocked"] == ("blocked", "soft")


def test_mail_to_a_server_that_comes_back_arrives_or_expires():
    entry = Incident("server_down", day=36, days=11, where="mideast-africa")
    world = simulate(5, 2_000, Plan((entry,)))
    struck = world.messages[world.messages["incident"] == 0]
    assert set(struck["final"]) == {"bounce", "delivered"}
    events = world.events[world.events["message"].isin(struck.index)]
    arrived = events[events["event"] == "delivered"]
    assert (arrived["at"] >= entry.end).all()
    assert set(events.loc[events["event"] == "deferral", "kind"]) == {"timeout"}


def test_no_channel_tries_longer_than_it_says(world):
    ended = world.events[world.events["kind"] == "expired"]
    sent = world.messages["sent_at"].loc[ended["message"]].to_numpy()
    sender = world.messages["sender"].loc[ended["message"]]
    lifetime = sender.map({name: entry.lifetime for name, entry in RETRIES.items()}).to_numpy()
    assert len(ended)
    late = ended["at"].to_numpy() - sent - lifetime * 60_000
    assert ((late >= 0) & (late < 60_000)).all()


@pytest.mark.parametrize("seed", range(4))
def test_random_plans_make_whole_worlds(seed):
    plan = random_plan(seed, 300)
    assert plan == random_plan(seed, 300)
    world = simulate(seed, 300, plan)
    assert len(truth.incidents(world)) == len(plan.incidents)
    table = bounce_events(world, truth=True)
    failed = table["event"].isin(["bounce", "deferral"])
    assert table.loc[failed, ["bounce_type", "reason", "category"]].notna().all(axis=None)
    assert table.loc[~failed, ["bounce_type", "reason", "category"]].isna().all(axis=None)
    assert not ((table["event"] == "deferral") & (table["bounce_type"] == "hard")).any()


def test_random_plans_use_every_kind():
    kinds = {entry.kind for seed in range(30) for entry in random_plan(seed, 1_000).incidents}
    assert kinds == set(MEANING)


def test_the_table_has_the_schema_and_every_event(world):
    table = bounce_events(world, everything=True)
    assert tuple(table.columns) == schema.NAMES
    assert len(table) == len(world.events) + len(world.forged)
    seen = bounce_events(world)
    mailbox = seen[seen["source"] == "mail"]
    assert not mailbox["event"].isin(["sent", "delivered"]).any()


def test_every_host_has_words_for_every_kind(world):
    spoken = speak(world)
    said = spoken[spoken["event"].isin(["delivered", "bounce", "deferral"])]
    assert (said["reply"].str.len() > 2).all()
    assert not said["reply"].str.contains(r"\{\w+\}").any()
    for name, entry in reply_texts().items():
        if name in ("common", "channels", "phrases", "none"):
            continue
        unknown = set(entry) - set(KINDS) - {"hosts", "net"}
        assert not unknown, (name, unknown)


def test_hard_words_have_hard_codes(world):
    """No delivery is told with a 4yz or 5yz, no refusal with a 2yz."""
    spoken = speak(world)
    coded = spoken[spoken["code"].notna()]
    digit = coded["code"] // 100
    assert (digit[coded["event"] == "delivered"] == 2).all()
    assert (digit[coded["event"] == "deferral"] == 4).all()
    assert digit[coded["event"] == "bounce"].isin([4, 5]).all()


def test_nobody_real_is_in_any_file(folder, world):
    near_misses = facts()["lists"]["near_misses"]
    for address in world.contacts["address"]:
        local, _, domain = address.rpartition("@")
        real = domain not in near_misses or not local.startswith("nobody-")
        assert domain.endswith(".example") or not real, address
    for path in files(folder):
        text = content(path).decode("gb18030" if "tool" in path.name else "utf-8")
        for found in set(re.findall(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])", text)):
            address = ipaddress.ip_address(found)
            assert any(address in net for net in DOCUMENTATION), (path.name, found)


def test_what_is_said_to_stand_in_two_files_does(folder):
    truths = json.loads((folder / "truth" / "truth.json").read_text(encoding="utf-8"))
    overlap, folder = truths["overlap"], folder / "sample"
    mailbox = content(folder / "bounces.mbox.gz").decode("utf-8")
    ses = content(folder / "ses-events.ndjson.gz").decode()
    log = content(folder / "mail.log.gz").decode()
    assert overlap["ses_and_mailbox"]
    for name in overlap["ses_and_mailbox"]:
        assert f"<{name}>" in mailbox
        assert name.partition("@")[0] in ses
    for name in overlap["postfix_and_mailbox"]:
        assert f"<{name}>" in mailbox
        assert f"message-id=<{name}>" in log


def test_ses_publishes_no_send_events_and_is_roughly_in_order(folder, world):
    text = content(folder / "sample" / "ses-events.ndjson.gz").decode()
    events = [json.loads(line) for line in text.splitlines()]
    kinds = {event["eventType"] for event in events}
    assert kinds >= {"Delivery", "Bounce", "DeliveryDelay"}
    assert "Send" not in kinds
    parts = [event.get(KEYS[event["eventType"]]) for event in events]
    hours = [part["timestamp"][:13] for part in parts]
    assert hours == sorted(hours)
    ended = {event["mail"]["messageId"] for event in events if "delivery" in event} | {
        event["mail"]["messageId"] for event in events if "bounce" in event
    }
    final = world.messages[of("ses", world) & (world.messages["final"] != "deferral")]
    assert ended == set(final["message_id"].str.partition("@")[0])


def test_the_log_changes_its_time_style_when_it_is_rotated(folder):
    old = content(folder / "sample" / "mail.log-20260601.gz").decode().splitlines()
    new = content(folder / "sample" / "mail.log.gz").decode().splitlines()
    assert all(
        re.match(r"(Mar|Apr|May) [ \d]\d \d\d:\d\d:\d\d mail postfix/", line) for line in old
    )
    assert all(re.match(r"2026-0[678]-\d\dT[\d:.]+\+08:00 mail postfix/", line) for line in new)


@pytest.mark.parametrize(("seed", "contacts"), [(-1, 400), (1, 299)])
def test_a_world_that_cannot_be_is_refused_in_a_sentence(seed, contacts):
    with pytest.raises(BouncekitError, match="seed of 0 or more and at least 300 contacts"):
        simulate(seed, contacts)


def test_the_command_says_what_is_wrong(capsys, tmp_path):
    assert main(["--contacts", "3", "-o", str(tmp_path)]) == 1
    assert "at least 300 contacts" in capsys.readouterr().err
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert main(["--contacts", "300", "-o", str(blocked)]) == 1
    assert "file" in capsys.readouterr().err


def test_the_half_year_is_26_whole_weeks():
    first = pd.Timestamp(begin(), unit="ms", tz="UTC").tz_convert("Asia/Shanghai")
    assert (first.day_of_week, first.hour, first.day) == (0, 0, 2)
    last = pd.Timestamp(begin() + WEEKS * WEEK - DAY, unit="ms", tz="UTC")
    assert f"{last.tz_convert('Asia/Shanghai'):%Y-%m-%d}" == "2026-08-30"
