"""The words of receiving hosts: which host answers, and what it says."""

import re
import zlib
from collections.abc import Mapping
from typing import Any

import pandas as pd

from bouncekit.simulate.data import DAY, SECOND, WEEK, facts, reply_texts
from bouncekit.simulate.dice import Dice
from bouncekit.simulate.world import World

_CODES = re.compile(r"^([245]\d\d)(?:[ -]([245]\.\d{1,3}\.\d{1,3}))?(?=[ -]|$)")
_OWN_WORDS = ("host_unknown", "null_mx", "timeout", "expired")
_SPOKEN = ("delivered", "bounce", "deferral")


def speak(world: World) -> pd.DataFrame:
    """Return the events with what was said in each.

    Returns
    -------
    DataFrame
        ``world.events`` with ``reply`` (text, without code where no host
        answered), ``code`` and ``enhanced`` (of the reply, or missing),
        ``host`` and ``ip`` (of the receiving host, empty where there is none)
        and ``cause`` (the kind, of the last attempt where the queue gave up).
    """
    table = world.events.copy()
    messages = world.messages
    table["cause"] = _causes(table)
    noise = Dice(world.seed, "noise").raw(len(messages)).tolist()
    seller = facts()["seller"]
    replies, hosts, ips, codes, enhanced = [], [], [], [], []
    address, hosting = messages["address"].to_numpy(), messages["hosting"].to_numpy()
    channel = messages["sender"].to_numpy()
    columns = (table[name].tolist() for name in ("message", "event", "kind", "cause", "at"))
    for message, event, kind, cause, at in zip(*columns, strict=True):
        place = hosting[message]
        fields = _fields(address[message], place, noise[message], at)
        fields["src"] = seller.get(f"{channel[message]}_ip", seller["tool_ip"])
        text = ""
        if event in _SPOKEN:
            text = _words(place, channel[message], kind, cause, fields)
        found = _CODES.match(text)
        replies.append(text)
        hosts.append(fields["host"])
        ips.append(fields["ip"])
        codes.append(int(found[1]) if found else None)
        enhanced.append(found[2] if found else None)
    table["reply"], table["host"], table["ip"] = replies, hosts, ips
    table["code"], table["enhanced"] = pd.array(codes, dtype="Int16"), pd.array(enhanced, "object")
    return table


def _causes(table: pd.DataFrame) -> pd.Series:
    """Name what stood behind a message that the queue gave up."""
    last = table[table["event"] == "deferral"].drop_duplicates("message", keep="last")
    behind = table["message"].map(last.set_index("message")["kind"])
    gave_up = table["kind"] == "expired"
    return table["kind"].where(~gave_up, behind.fillna("timeout"))


def _fields(address: str, hosting: str, noise: int, at: int) -> dict[str, Any]:
    """Fill the fields of a reply; the same host answers for a domain on one day."""
    local, _, domain = address.rpartition("@")
    entry = reply_texts()[hosting]
    # A big provider answers many domains from few machines, a company from its own.
    machine = zlib.crc32(domain.encode()) % (240 if "{domain}" in entry["hosts"][0] else 8)
    fields = {
        "rcpt": address,
        "local": local,
        "domain": domain,
        "dashed": domain.replace(".", "-"),
        "tok": f"{noise % 0xFFFF_FFFF:08x}",
        "seq": f"{zlib.crc32(bytes((machine, at // WEEK % 256))) % 0xFFFF:04x}",
        "n": 10 + machine % 80,
        "epoch": at // SECOND,
        "ip": f"{entry['net']}{10 + machine}",
    }
    host = entry["hosts"][(machine + at // DAY) % len(entry["hosts"])]
    fields["host"] = host.format_map(fields)
    return fields


def _words(hosting: str, channel: str, kind: str, cause: str, fields: Mapping[str, Any]) -> str:
    """Say it: the receiving host, the channel itself, or the channel about the host."""
    own = reply_texts()["channels"][channel]
    if kind == "expired":
        inner = _words(hosting, channel, cause, cause, fields)
        return own["expired"].format_map({**fields, "inner": inner})
    if kind in _OWN_WORDS:
        return own[kind].format_map(fields)
    options = reply_texts()[hosting].get(kind) or reply_texts()["common"][kind]
    text = options[int(fields["tok"], 16) % len(options)].format_map(fields)
    phrases = reply_texts()["phrases"].get(kind)
    if channel != "tool" or not phrases:
        return text
    phrase = phrases[int(fields["tok"], 16) // 7 % len(phrases)]
    return phrase.format(reply=text)


def refused_at(kind: str) -> str:
    """Name the SMTP step in reply to which a host refuses, as Postfix words it."""
    if kind in ("spam", "too_large", "unspecified"):
        return "end of DATA command"
    return "MAIL FROM command" if kind == "blocked" else "RCPT TO command"
