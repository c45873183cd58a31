"""Charts say what they show: labels, lines, denominators; never a judgement by pixels."""

import json
import sys
import warnings
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

import bouncekit as bk
from bouncekit.errors import BouncekitError, TableError
from bouncekit.plots import _canvas
from bouncekit.schema import bounce_table
from bouncekit.taxonomy import reasons
from bouncekit.words import LANGUAGES, _catalogue

RULES = {"D": "D", "W": "W-MON", "M": "MS", "Q": "QS"}


def rates(count=4, freq="W", *, sent=1000.0, hard=20, tz="Asia/Shanghai", undetermined=0):
    """Make a rates table: hard, 10 soft that time heals and 5 that the sender must, per period."""
    starts = pd.date_range("2026-01-01", periods=count, freq=RULES[freq], tz=tz)
    table = pd.DataFrame({"period": starts})
    fixed = {"sent": sent, "delivered": np.nan, "hard": hard, "soft": 15}
    fixed |= {"undetermined": undetermined, "deferred": 0, "soft_time": 10, "soft_sender": 5}
    return table.assign(**fixed)


def split(column, values, *, sent=1000.0, hard=20):
    """Make a rates table that is split by a column."""
    parts = [rates(2, sent=sent, hard=hard) for _ in values]
    for part, value in zip(parts, values, strict=True):
        part.insert(1, column, value)
    return pd.concat(parts, ignore_index=True)


def flags(count, flagged=1):
    rows = [
        {"domain": f"d{i}.example", "failures": 50 - i, "recipients": 9, "days": 4,
         "reason": "mailbox_full" if i % 2 else "blocked", "flagged": i < flagged}
        for i in range(count)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def choices(**changes):
    table = pd.DataFrame({"soft_limit": [2, 3, 4], "removed_hard": 30, "removed_soft": [9, 5, 2]})
    wrong = pd.array([4, 1, 0], dtype="Int64")
    return table.assign(wrongly_removed=wrong).assign(**changes)


def people(**states):
    return pd.DataFrame({"state": [name for name, count in states.items() for _ in range(count)]})


CHARTS = {
    "rates": (bk.plot_rates, rates),
    "counts": (bk.plot_rates, lambda: rates(sent=np.nan)),
    "reasons": (bk.plot_reasons, lambda: split("reason", list(reasons())[:5])),
    "providers": (bk.plot_providers, lambda: split("provider", ["google", "other"])),
    "domains": (bk.plot_domains, lambda: flags(3)),
    "addresses": (bk.plot_addresses, lambda: people(ok=5, remove=3, retry=1)),
    "what_if": (bk.plot_what_if, choices),
}


def texts(ax):
    """Give everything that is written on a chart, in one string."""
    ax.figure.draw_without_rendering()
    found = [text.get_text() for text in ax.figure.findobj(Text) if text.get_visible()]
    return " | ".join(" ".join(text.split()) for text in found if text.strip())


@pytest.fixture(params=CHARTS)
def chart(request):
    return CHARTS[request.param]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_each_chart_draws_in_each_language_on_a_figure_of_its_own(chart, lang):
    plot, table = chart
    ax = plot(table(), lang=lang)
    assert isinstance(ax, Axes)
    assert ax.get_title(loc="left")
    assert "{" not in texts(ax)


def test_each_chart_draws_where_it_is_told(chart):
    plot, table = chart
    mine = Figure().subplots()
    assert plot(table(), mine) is mine


def test_no_chart_changes_its_table_or_global_state(chart):
    import matplotlib as mpl

    plot, table = chart
    given, before = table(), dict(mpl.rcParams)
    kept = given.copy(deep=True)
    plot(given)
    pd.testing.assert_frame_equal(given, kept)
    assert dict(mpl.rcParams) == before
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or pyplot.get_fignums() == []


def test_each_chart_shows_itself_in_a_notebook_with_words_for_those_who_cannot_see(chart):
    plot, table = chart
    ax = plot(table())
    data, about = ax._repr_mimebundle_()
    assert data["image/png"].startswith("iVBOR")
    assert about["image/png"]["alt"].startswith(ax.get_title(loc="left")[:10])
    json.dumps([data, about])


def test_no_text_is_read_as_a_formula(chart):
    plot, table = chart
    ax = plot(table())
    ax.figure.draw_without_rendering()
    assert not [text for text in ax.findobj(Text) if text.get_parse_math() and text.get_text()]


@pytest.mark.parametrize("name", [r"$\frac{1}{0}$", "$", "<script>alert(1)</script>", "_{x}^{y}"])
def test_labels_from_data_are_plain_text(name):
    ax = bk.plot_providers(split("campaign", [name, "spring"]))
    assert name in texts(ax)
    assert ax._repr_mimebundle_()[0]["image/png"]


def test_labels_from_data_hold_no_address():
    ax = bk.plot_providers(split("campaign", ["Offer for ann@example.com", "spring"]))
    assert "ann@" not in texts(ax)
    assert "[address]" in texts(ax)


def test_chinese_labels_draw_without_a_missing_glyph(caplog):
    """With no other Chinese font than the kit's own no box is printed and nobody complains."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bk.plot_reasons(split("reason", ["mailbox_full"]), lang="zh")._repr_mimebundle_()
    assert not caplog.records


def test_the_fonts_have_every_character_of_the_kits_chinese_words():
    from importlib.resources import files

    from matplotlib.font_manager import fontManager
    from matplotlib.ft2font import FT2Font

    names = _canvas.font_families()[:2]
    fonts = [FT2Font(entry.fname) for entry in fontManager.ttflist if entry.name in names]
    shown = {code for font in fonts for code in font.get_charmap()}
    wanted = set((files("bouncekit") / "words.toml").read_text(encoding="utf-8")) - {"\n"}
    assert sorted(character for character in wanted if ord(character) not in shown) == []


# --- rates over time -----------------------------------------------------------


def line(ax, name):
    return next(found for found in ax.lines if found.get_label() == name)


def test_three_bands_are_drawn_as_shares_of_what_was_sent():
    ax = bk.plot_rates(rates())
    assert line(ax, "hard: dead address").get_ydata().tolist() == [0.02] * 4
    assert line(ax, "soft: may heal with time").get_ydata().tolist() == [0.01] * 4
    assert line(ax, "soft: ours to fix").get_ydata().tolist() == [0.005] * 4
    assert ax.get_ylim()[0] == 0


def test_the_chart_names_denominator_zone_and_first_day_of_the_week():
    said = texts(bk.plot_rates(rates()))
    assert "% of messages sent" in said
    assert "Asia/Shanghai" in said
    assert "weeks start on Monday" in said
    assert "95 % interval (Wilson)" in said


def test_another_denominator_is_named():
    table = rates()
    table.attrs["denominator"] = "delivered + bounced"
    assert "% of messages delivered or bounced" in texts(bk.plot_rates(table))


def test_undecided_failures_have_a_line_of_their_own_where_there_are_any():
    assert "not decided" in texts(bk.plot_rates(rates(undetermined=3)))
    assert "not decided" not in texts(bk.plot_rates(rates()))


@pytest.mark.parametrize("change", ["missing", "left out"])
def test_a_period_without_data_is_a_gap(change):
    table = rates(6)
    if change == "missing":
        table.loc[2, "sent"] = np.nan
    else:
        table = table.drop(index=2)
    values = line(bk.plot_rates(table), "hard: dead address").get_ydata()
    assert len(values) == 6
    assert np.isnan(values).tolist() == [False, False, True, False, False, False]


def test_few_messages_are_hollow_and_give_no_verdict():
    table = rates(6)
    table.loc[3, ["sent", "hard", "soft", "soft_time", "soft_sender"]] = [40, 2, 0, 0, 0]
    ax = bk.plot_rates(table, min_n=100)
    assert "fewer than 100 sent" in texts(ax)
    assert np.isnan(line(ax, "hard: dead address").get_ydata()[3])
    hollow = [one for one in ax.lines if one.get_markerfacecolor() == "white"]
    assert 0.05 in hollow[0].get_ydata()


@pytest.mark.parametrize(("preset", "source"), [("cold", "Woodpecker"), ("ses", "Amazon SES")])
def test_reference_lines_name_their_source(preset, source):
    said = texts(bk.plot_rates(rates(), preset=preset))
    assert source in said
    assert "2 %" in said


def test_a_preset_for_all_bounces_draws_all_bounces():
    assert line(bk.plot_rates(rates(), preset="cold"), "all bounces").get_ydata()[0] == 0.035
    assert "all bounces" not in texts(bk.plot_rates(rates(), preset="ses"))


def test_lines_far_above_the_data_are_named_and_not_drawn():
    ax = bk.plot_rates(rates(hard=2), preset="ses")
    assert "above this chart: 5 %: under review" in texts(ax)
    assert ax.get_ylim()[1] < 0.05


def test_an_unknown_preset_is_one_sentence():
    with pytest.raises(BouncekitError, match="use one of: cold, ses, optin"):
        bk.plot_rates(rates(), preset="best")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (rates(sent=np.nan), "no record of what was sent"),
        (rates(sent=10.0), "more failures than messages sent"),
    ],
)
def test_without_a_usable_denominator_there_are_counts_and_the_hard_share(table, said):
    ax = bk.plot_rates(table)
    assert said in texts(ax)
    assert "hard: 57 % of all bounces" in texts(ax)
    assert "counts, no rate" in ax.get_title(loc="left")
    assert sum(patch.get_height() for patch in ax.patches) == 4 * 35


@pytest.mark.parametrize(
    ("count", "freq"), [(1, "W"), (1, "D"), (7, "D"), (53, "W"), (400, "D"), (36, "M"), (9, "Q")]
)
def test_one_week_and_years_both_fit(count, freq):
    ax = bk.plot_rates(rates(count, freq))
    ax.figure.draw_without_rendering()
    labels = [tick.get_text() for tick in ax.get_xticklabels() if tick.get_text()]
    assert 1 <= len(labels) <= 9
    assert all(one != other for one, other in pairwise(labels))
    assert any("202" in label for label in labels)


def test_the_names_at_the_right_end_do_not_overlap():
    ax = bk.plot_rates(rates(hard=10, undetermined=9), preset="cold")
    ax.figure.draw_without_rendering()
    names = [text for text in ax.texts if getattr(text, "xy", (0, 0))[0] == 1]
    boxes = sorted((text.get_window_extent() for text in names), key=lambda box: box.y0)
    assert len(boxes) == 5
    assert all(low.y1 <= high.y0 + 1 for low, high in pairwise(boxes))


@pytest.mark.parametrize(
    ("table", "why"),
    [(rates(0), "the table has no rows"), (rates(2).assign(period=pd.NaT), "no row has a time")],
)
def test_an_empty_chart_says_why(table, why):
    assert f"nothing to draw: {why}" in texts(bk.plot_rates(table))


def test_a_split_table_is_refused_with_what_would_draw_it():
    with pytest.raises(TableError, match="plot_providers"):
        bk.plot_rates(split("provider", ["google"]))


def test_what_is_no_rates_table_is_refused():
    with pytest.raises(TableError, match="lacks the column 'period'"):
        bk.plot_rates(pd.DataFrame({"a": [1]}))


def test_rates_of_a_real_bounce_table_are_drawn():
    rows = [
        {"event": "sent", "message_id": f"m{i}", "recipient": f"a{i}@example.com",
         "timestamp": "2026-03-04T10:00:00Z"} for i in range(200)
    ]  # fmt: skip
    rows.append({**rows[0], "event": "bounce", "diagnostic": "550 5.1.1 user unknown"})
    ax = bk.plot_rates(bk.bounce_rates(bk.classify(bounce_table(rows)), tz="Asia/Shanghai"))
    assert line(ax, "hard: dead address").get_ydata()[-1] == 0.005


# --- splits --------------------------------------------------------------------


def test_reasons_beyond_the_first_are_added_up():
    names = list(reasons())
    ax = bk.plot_reasons(split("reason", names), top=5)
    labels = [tick.get_text() for tick in ax.get_yticklabels()]
    assert labels[-1] == f"{len(names) - 5} others"
    assert len(labels) == 6
    widths = sum(patch.get_width() for patch in ax.patches)
    assert widths == len(names) * 2 * 35


def test_reasons_are_drawn_largest_first_in_the_colour_of_who_can_mend_them():
    table = pd.concat([split("reason", ["blocked"], hard=0), split("reason", ["user_unknown"])])
    ax = bk.plot_reasons(table)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["user unknown", "IP blocked"]
    assert ax.patches[0].get_facecolor() != ax.patches[1].get_facecolor()
    assert ax.patches[0].get_hatch() != ax.patches[1].get_hatch()


def test_providers_are_by_size_with_other_hosts_last():
    table = pd.concat(
        [split("provider", ["other", "yahoo"]), split("provider", ["google"], sent=9e3)]
    )
    labels = [tick.get_text().split("\n")[0] for tick in bk.plot_providers(table).get_yticklabels()]
    assert labels == ["Google", "Yahoo/AOL", "other hosts"]


def test_provider_rates_add_the_periods_up():
    ax = bk.plot_providers(split("provider", ["google"]))
    points = [found.get_xdata() for found in ax.lines if found.get_marker() == "o"]
    assert [float(np.ravel(x)[0]) for x in points if len(np.ravel(x)) == 1] == [0.02]
    assert "of 2,000" in texts(ax)


def test_small_providers_are_grey():
    said = texts(bk.plot_providers(split("provider", ["google"], sent=45.0)))
    assert "grey: fewer than 100 sent" in said


def test_providers_without_denominator_show_counts():
    said = texts(bk.plot_providers(split("provider", ["google"], sent=np.nan)))
    assert "no record of what was sent" in said
    assert "(57 % hard)" in said


def test_no_failures_are_said():
    table = split("provider", ["google"]).assign(hard=0, soft=0)
    assert "no message failed" in texts(bk.plot_providers(table))
    assert "no message failed" in texts(
        bk.plot_reasons(split("reason", ["blocked"], hard=0).assign(soft=0))
    )


# --- domains, addresses, policies ----------------------------------------------


def test_domains_left_out_are_counted():
    ax = bk.plot_domains(flags(20, flagged=3), top=12)
    assert len(ax.get_yticklabels()) == 12
    assert "8 more are not drawn" in texts(ax)
    assert "3 of 20 domains flagged" in texts(ax)


def test_domains_are_shown_in_their_readable_form_and_their_end_is_kept():
    table = flags(2)
    table["domain"] = ["xn--fsqu00a.xn--fiqs8s", "a-very-long-name-of-a-company-indeed.example"]
    said = texts(bk.plot_domains(table))
    assert "例子.中国" in said
    assert "indeed.example" in said


def test_no_failing_domain_is_said():
    assert "no domain has temporary failures" in texts(bk.plot_domains(flags(3).head(0)))


def test_addresses_that_are_fine_do_not_dwarf_the_rest():
    few = bk.plot_addresses(people(ok=5, remove=3))
    many = bk.plot_addresses(people(ok=500, remove=3))
    assert len(few.get_yticklabels()) == 5
    assert len(many.get_yticklabels()) == 4
    assert "500 are fine and not drawn" in texts(many)


def test_addresses_where_all_is_fine_are_drawn():
    assert "7 (100 %)" in texts(bk.plot_addresses(people(ok=7)))


def test_what_if_names_what_the_choice_does_not_change():
    said = texts(bk.plot_what_if(choices(), chosen=3))
    assert "30 more are removed at once" in said
    assert "took mail later after all" in said


def test_what_if_without_deliveries_says_that_nothing_is_known():
    table = choices(wrongly_removed=pd.array([pd.NA] * 3, dtype="Int64"))
    assert "nothing reports deliveries" in texts(bk.plot_what_if(table))


def test_what_if_with_several_waits_is_refused():
    with pytest.raises(TableError, match="one wait and one min_span"):
        bk.plot_what_if(pd.concat([choices(), choices()]))


# --- words and helpers ---------------------------------------------------------


def test_both_languages_say_everything_with_the_same_names():
    import string

    for key, entry in _catalogue().items():
        assert set(entry) == set(LANGUAGES), key
        names = {
            lang: {name for _, name, _, _ in string.Formatter().parse(entry[lang]) if name}
            for lang in LANGUAGES
        }
        assert names["en"] == names["zh"], key


def test_an_unknown_language_is_one_sentence():
    with pytest.raises(BouncekitError, match="use one of: en, zh"):
        bk.plot_rates(rates(), lang="fr")


def test_spread_keeps_order_and_distance():
    moved = _canvas.spread([5.0, 5.0, 5.1, 0.0], gap=2.0)
    assert moved[3] < moved[0] < moved[1] < moved[2]
    assert np.diff(sorted(moved)).min() >= 2.0 - 1e-9
