"""What stands out is found once, told with its numbers, and nothing else is."""

import numpy as np
import pandas as pd
import pytest

import bouncekit as bk
from bouncekit.errors import BouncekitError
from bouncekit.schema import conform
from bouncekit.simulate import Incident, Plan, bounce_events, simulate
from bouncekit.tables import complete
from bouncekit.words import LANGUAGES
from tests import proof

TZ = "Asia/Shanghai"
CONTACTS = 2_000
PLAN = Plan(
    (
        Incident("purchased_list", day=60, days=26, size=160, share=0.5),
        Incident("block_list", day=29, days=7, share=0.95, where="ses"),
        Incident("provider_deferrals", day=120, days=7, share=0.9, where="google"),
        Incident("forged_bounces", day=100, days=20, size=6),
    )
)


@pytest.fixture(scope="module")
def world():
    return simulate(4, CONTACTS, PLAN)


@pytest.fixture(scope="module")
def table(world):
    return bk.classify(bounce_events(world))


@pytest.fixture(scope="module")
def found(table, world):
    return bk.findings(table, contacts=world.contacts["address"], tz=TZ)


def of(found, kind):
    return found[found["kind"] == kind].iloc[0]


def test_a_bought_list_is_told_by_its_campaign_and_that_its_addresses_are_new(found):
    row = of(found, "hard")
    assert (row["by"], row["where"]) == ("campaign", "2026-05-purchased-buyers")
    assert row["low"] < row["value"] < row["high"]
    assert row["value"] > 5 * row["usual"]
    assert "100 % of these addresses were never mailed before" in row["text"]
    assert "Stop mailing that list" in row["advice"]


def test_a_block_is_told_by_the_channel_and_its_reason(found):
    row = of(found, "sender")
    assert (row["by"], row["where"]) == ("source", "ses")
    assert "Mostly: IP blocked" in row["text"]
    assert "Keep these addresses" in row["advice"]


def test_held_up_mail_is_told_by_its_week(found):
    row = of(found, "held")
    assert f"{row['first']:%Y-%m-%d}" == "2026-06-29"
    assert row["last"] - row["first"] == pd.Timedelta("6D")


def test_numbers_in_the_sentence_are_those_of_the_row(found):
    for row in found[found["kind"].isin(["hard", "sender", "held"])].itertuples():
        assert f"{row.count:,} of {row.n:,.0f} messages" in row.text
        assert row.value == row.count / row.n


def test_the_rows_are_the_evidence(found, table):
    row = of(found, "hard")
    rows = table.iloc[row["rows"]]
    assert len(rows) == row["count"]
    assert set(rows["event"]) == {"bounce"}
    assert set(rows["bounce_type"].astype(str)) == {"hard"}
    assert set(rows["campaign"].dropna()) == {row["where"]}
    forged = table.iloc[of(found, "forged")["rows"]]
    assert set(forged["source"]) == {"mail"}


def test_most_important_first_and_no_more_than_asked_for(found, table):
    assert found["kind"].iloc[0] in ("hard", "sender", "level")
    assert len(bk.findings(table, tz=TZ, most=2)) == 2
    with pytest.raises(BouncekitError, match="most must be a whole number"):
        bk.findings(table, most=0)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_finding_has_a_sentence_and_an_advice_in_both_languages(table, lang):
    told = bk.findings(table, tz=TZ, lang=lang)
    for text in (*told["text"], *told["advice"]):
        assert text.endswith("." if lang == "en" else "。"), text
        assert "{" not in text


def test_the_order_of_the_rows_is_nothing(found, table, world):
    mixed = table.sample(frac=1, random_state=1).reset_index(drop=True)
    again = bk.findings(mixed, contacts=world.contacts["address"], tz=TZ)
    assert again["text"].tolist() == found["text"].tolist()


def small(failed, weeks=8, each=40):
    """Give mail of one campaign, a like number every week, of which some fail in week 4."""
    rows = []
    for week in range(weeks):
        for number in range(each):
            bad = week == 4 and number < failed
            rows.append(
                {
                    "timestamp": pd.Timestamp("2026-03-03", tz="UTC")
                    + pd.Timedelta(days=7 * week, minutes=number),
                    "event": "bounce" if bad else "delivered",
                    "recipient": f"p{week}-{number}@c{number}.example",
                    "diagnostic": "550 5.1.1 User unknown" if bad else None,
                    "source": "ses",
                    "message_id": f"{week}-{number}@example.com",
                }
            )
    return bk.classify(complete(conform(pd.DataFrame(rows))))


@pytest.mark.parametrize(("failed", "kinds"), [(0, set()), (4, set()), (20, {"hard", "level"})])
def test_nothing_is_said_below_the_minimum(failed, kinds):
    assert set(bk.findings(small(failed))["kind"]) == kinds


def test_an_empty_table_has_no_findings():
    nothing = bk.findings(small(0).iloc[:0])
    assert nothing.empty
    assert list(nothing.columns)[:3] == ["kind", "text", "advice"]


def test_a_domain_that_dies_at_once_is_told_as_such():
    days = pd.date_range("2026-03-02", periods=20, freq="7D", tz="UTC")
    rows = [
        {
            "timestamp": day,
            "event": "bounce" if name == "gone" and day > days[12] else "delivered",
            "recipient": f"p{number}@{name}.example",
            "diagnostic": "550 5.1.1 User unknown" if name == "gone" and day > days[12] else None,
            "source": "ses",
            "message_id": f"{name}-{number}-{day:%m%d}@example.com",
        }
        for day in days
        for name in ("gone", "stays", "other", "more")
        for number in range(12)
    ]
    found = bk.findings(bk.classify(complete(conform(pd.DataFrame(rows)))))
    row = of(found, "domain_hard")
    assert row["where"] == "gone.example"
    assert "an outage looks the same" in row["advice"]


def test_what_was_planted_is_found_and_nothing_else():
    """A short form of the proof: ``python -m tests.proof`` does it two hundred times."""
    total = proof.many([3, 11], 1_500, quiet=False)
    total.add(proof.many([9_001, 9_002], 1_500, quiet=True))
    assert total.planted.total() >= 4
    assert total.found == total.planted
    assert total.false.total() == 0
    assert total.equal == total.counts
    assert total.covered >= 0.9 * total.intervals


def test_evidence_of_a_sends_table_is_no_row_of_the_bounce_table(table, found):
    assert all(np.all(rows < len(table)) for rows in found["rows"])


def test_a_table_shows_the_whole_sentence(found):
    from bouncekit.reporting.show import show

    shown = show(found, ["text", "advice"], show_addresses=True)
    assert [row[0] for row in shown.rows] == found["text"].tolist()[: len(shown.rows)]
