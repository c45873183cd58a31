import pytest

from bouncekit import cli, guide
from bouncekit.readers import source_names
from bouncekit.words import LANGUAGES


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_tells_of_every_source_how_to_get_it(lang):
    page = guide.page(lang)
    for name in source_names():
        assert f"| `{name}` |" in page
        assert f"### `{name}`: " in page


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_mail_program_has_its_steps_in_both_languages(lang):
    text = guide.one_source("mail", lang)
    for program in ("Gmail", "Outlook", "Foxmail", "QQ", "NetEase", "Thunderbird"):
        assert f"  {program}" in text


def test_no_line_of_the_page_is_empty_of_words():
    """A table cell without a word, or a heading without steps, would be a gap in a reader."""
    page = guide.page()
    assert "|  |" not in page
    assert "\n\n\n" not in page


def test_sources_command_shows_one_source(capsys):
    assert cli.main(["sources", "postfix", "--lang", "zh"]) == 0
    out = capsys.readouterr().out
    assert "Postfix 邮件日志" in out
    assert "/var/log/mail.log" in out


def test_sources_command_prints_the_page(capsys):
    assert cli.main(["sources", "--markdown"]) == 0
    assert capsys.readouterr().out == guide.page()


def test_sources_command_names_what_there_is(capsys):
    assert cli.main(["sources", "fax"]) == 1
    assert "there is no source 'fax'; there are: " in capsys.readouterr().err


def test_every_source_is_told_of_in_chinese_and_none_that_is_gone():
    assert set(guide._texts()["source"]) == set(source_names())


def test_the_page_in_the_documents_is_up_to_date(root):
    """``python -m bouncekit sources --markdown > docs/sources.md`` makes it anew."""
    for lang, name in (("en", "sources.md"), ("zh", "sources.zh.md")):
        assert (root / "docs" / name).read_text(encoding="utf-8") == guide.page(lang), name
