"""The seller's own tables: contact list, what was sent, and a Chinese tool's export."""

import csv
import io
from collections.abc import Iterable, Sequence

import pandas as pd

from bouncekit.simulate.data import DAY, HOUR, facts, local
from bouncekit.simulate.talk import Said
from bouncekit.simulate.world import World

_HARD = ("user_unknown", "host_unknown", "null_mx")


def contacts(world: World) -> str:
    """Return the contact list with Chinese column names."""
    regions = list(facts()["regions"].values())
    rows = []
    columns = ["address", "company", "region", "source", "imported_at"]
    for address, company, region, source, day in world.contacts[columns].itertuples(index=False):
        stem = address.rpartition("@")[2].partition(".")[0]
        countries = regions[region]["countries"]
        name, country = stem.replace("-", " ").title(), countries[company % len(countries)]
        rows.append([address, name, country, source, f"{local(day):%Y-%m-%d}"])
    return _csv(["邮箱", "公司", "国家", "来源", "导入日期"], rows, "\r\n")


def sends(world: World) -> str:
    """Return what was sent by Beijing day, campaign and domain: all channels."""
    messages = world.messages
    table = pd.DataFrame(
        {
            "day": (messages["sent_at"] + 8 * HOUR) // DAY,
            "campaign": world.campaigns["campaign"].to_numpy()[messages["campaign"].to_numpy()],
            "domain": messages["address"].str.rpartition("@")[2],
        }
    )
    keys = ["day", "campaign", "domain"]
    counts = table.groupby(keys, sort=True).size().reset_index(name="sent")
    rows = [
        [f"{local(day * DAY):%Y-%m-%d}", count, campaign, domain]
        for day, campaign, domain, count in counts.itertuples(index=False)
    ]
    return _csv(["date", "sent", "campaign", "domain"], rows, "\n")


def tool(said: Iterable[Said]) -> str:
    """Return the export of the Chinese mailing tool: the outcome of each message."""
    final = {
        entry.message: entry
        for entry in said
        if entry.channel == "tool" and entry.event in ("delivered", "bounce")
    }
    rows = [
        [
            entry.campaign,
            entry.address,
            entry.subject,
            f"{local(entry.at):%Y-%m-%d %H:%M:%S}",
            _state(entry),
            entry.reply if entry.event == "bounce" else "",
        ]
        for entry in sorted(final.values(), key=lambda one: (one.at, one.message))
    ]
    return _csv(["任务名称", "收件人", "主题", "投递时间", "投递状态", "退信原因"], rows, "\r\n")


def _state(entry: Said) -> str:
    if entry.event == "delivered":
        return "投递成功"
    return "硬退信" if entry.kind in _HARD else "软退信"


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]], ending: str) -> str:
    out = io.StringIO()
    table = csv.writer(out, lineterminator=ending)
    table.writerow(header)
    table.writerows(rows)
    return out.getvalue()
