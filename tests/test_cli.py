"""The command line: plain answers, one sentence for every mistake."""

import os
import re
import subprocess
import sys

import pandas as pd
import pytest

from bouncekit import __version__, cli
from bouncekit.errors import BouncekitError
from bouncekit.settings import load_settings
from bouncekit.terminal import printable
from bouncekit.writing import atomic, safe_cell, write_table

CSV = (
    "recipient,event,timestamp,diagnostic\n"
    "ann@example.com,bounce,2026-03-02T08:00:00Z,550 5.1.1 user unknown\n"
    "=cmd@example.com,bounce,2026-03-03T08:00:00Z,552 5.2.2 mailbox full \x1b[31m\n"
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Work in a folder with one export."""
    (tmp_path / "export.csv").write_text(CSV, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "bouncekit", *arguments],
        capture_output=True,
        encoding="utf-8",
        check=False,
        **options,
    )


# --- usage ---------------------------------------------------------------------


@pytest.mark.parametrize("command", cli.commands())
def test_every_command_explains_itself_with_an_example(command, capsys):
    assert cli.main([command, "--help"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"Example: bouncekit {command}" in said


def test_every_option_has_help():
    for parts in cli._parser()._subparsers._group_actions:
        for name, part in parts.choices.items():
            for action in part._actions:
                assert action.help, (name, action.dest)


def test_version(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == f"bouncekit {__version__}"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "required: COMMAND"),
        (["fly"], "invalid choice: 'fly'"),
        (["report"], "required: SRC"),
        (["read", "x"], "required: -o"),
        (["report", "x", "--freq", "H"], "invalid choice: 'H'"),
        (["report", "x", "--soft-limit", "few"], "invalid int value"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_2(arguments, said, capsys):
    assert cli.main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("bouncekit: error: ")
    assert said in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["read", "nowhere", "-o", "x.csv"], "nowhere"),
        (["read", "export.csv", "-o", "x.doc"], "choose one of these endings"),
        (["read", "export.csv", "-o", "no/folder/x.csv"], "cannot be written"),
        (["read", "export.csv", "-o", "x.csv", "--tz", "Mars/Base"], "is not a time zone"),
        (["read", "export.csv", "-o", "x.csv", "--column", "recipient"], "NAME=THEIRS"),
        (["read", "export.csv", "-o", "x.csv", "--rules", "no.toml"], "no.toml"),
        (["report", "nowhere"], "there is no such file"),
        (["report", "export.csv", "--sends", "no.csv"], "there is no such file"),
        (["report", "export.csv", "--soft-limit", "0"], "soft_limit must be"),
        (["explain", "  "], "explain takes a line of text"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_1(arguments, said, folder, capsys):
    assert cli.main(arguments) == 1
    error = capsys.readouterr().err
    assert re.fullmatch(r"bouncekit: error: [^\n]+\n", error), error
    assert said in error
    assert "Traceback" not in error
    assert sorted(path.name for path in folder.iterdir()) == ["export.csv"]


def test_an_interrupt_is_no_traceback(folder, monkeypatch, capsys):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setitem(cli._COMMANDS, "sources", (*cli._COMMANDS["sources"][:3], stop))
    assert cli.main(["sources"]) == 130
    assert "interrupted" in capsys.readouterr().err


# --- read ----------------------------------------------------------------------


def test_read_writes_a_table_for_people(folder, capsys):
    assert cli.main(["read", "export.csv", "-o", "bounces.csv", "--quiet"]) == 0
    data = (folder / "bounces.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    table = pd.read_csv(folder / "bounces.csv")
    assert table["recipient"].tolist() == ["ann@example.com", "'=cmd@example.com"]
    assert table["reason"].tolist() == ["user_unknown", "mailbox_full"]
    assert capsys.readouterr().out.splitlines()[-1] == "bounces.csv"


def test_read_writes_parquet_for_programs(folder):
    assert cli.main(["read", "export.csv", "-o", "bounces.parquet", "--quiet"]) == 0
    table = pd.read_parquet(folder / "bounces.parquet")
    assert table["recipient"].tolist() == ["ann@example.com", "=cmd@example.com"]
    assert str(table["timestamp"].dtype) == "datetime64[us, UTC]"


def test_read_can_write_pseudonyms(folder):
    assert cli.main(["read", "export.csv", "-o", "bounces.csv", "--redact", "--quiet"]) == 0
    assert "ann@" not in (folder / "bounces.csv").read_text(encoding="utf-8")
    assert (folder / ".bouncekit-key").is_file()


def test_read_says_what_was_not_read(folder, capsys):
    (folder / "letter.txt").write_text("Dear all,\n", encoding="utf-8")
    assert cli.main(["read", ".", "-o", "bounces.csv", "--quiet"]) == 0
    said = capsys.readouterr().out
    assert "failed: letter.txt: no reader knows this file" in said
    assert "items = " in said


# --- explain, sources, settings --------------------------------------------------


def test_explain_takes_words_with_and_without_quotes(folder, capsys):
    assert cli.main(["explain", "552 5.2.2 mailbox full"]) == 0
    first = capsys.readouterr().out
    assert cli.main(["explain", "552", "5.2.2", "mailbox", "full"]) == 0
    assert capsys.readouterr().out == first
    assert "mailbox full" in first


def test_explain_takes_a_message_file(folder, capsys):
    mail = (
        "From: MAILER-DAEMON@mx.example.net\nTo: me@example.org\nSubject: Undelivered\n"
        "Content-Type: text/plain\n\n<ann@example.com>: host mx.example.com[192.0.2.1] said:"
        " 550 5.1.1 user unknown (in reply to RCPT TO command)\n"
    )
    (folder / "bounce.eml").write_text(mail, encoding="utf-8")
    assert cli.main(["explain", "bounce.eml"]) == 0
    assert "user unknown" in capsys.readouterr().out


def test_what_a_server_wrote_cannot_steer_the_terminal(folder, capsys):
    assert cli.main(["explain", "550 \x1b]0;owned\x07 \u202egnp.exe user unknown"]) == 0
    said = capsys.readouterr().out
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", said)


def test_sources_lists_every_reader(capsys):
    from bouncekit.readers import source_names

    assert cli.main(["sources"]) == 0
    said = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line]
    assert said[: len(source_names())] == list(source_names())


def test_settings_of_the_folder_are_followed(folder, capsys):
    (folder / "bouncekit.toml").write_text('language = "zh"\n', encoding="utf-8")
    assert cli.main(["explain", "552 5.2.2 mailbox full"]) == 0
    assert "邮箱已满" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("speed = 3", "'speed' is no setting"),
        ("tz = 8", "tz must be a str"),
        ('tz = "Mars/Base"', "is not a time zone"),
        ('language = "fr"', "language must be one of en, zh"),
        ("[policy]\nlimit = 4", "policy has no 'limit'"),
        ("[policy]\nsoft_limit = 0", "soft_limit must be"),
        ("tz = ", "cannot be read"),
    ],
)
def test_wrong_settings_are_one_sentence(tmp_path, text, said):
    (tmp_path / "bouncekit.toml").write_text(text, encoding="utf-8")
    with pytest.raises(BouncekitError, match=said):
        load_settings(tmp_path)


def test_settings_name_files_relative_to_their_folder(tmp_path):
    text = 'tz = "Asia/Shanghai"\nrules = "my.toml"\nkey = "secret/key"\npolicy = {soft_limit = 3}'
    (tmp_path / "bouncekit.toml").write_text(text, encoding="utf-8")
    found = load_settings(tmp_path)
    assert found.rules == tmp_path / "my.toml"
    assert found.key == tmp_path / "secret" / "key"
    assert found.policy == {"soft_limit": 3}


def test_without_settings_there_are_defaults(tmp_path):
    assert load_settings(tmp_path).language == "en"


# --- as a program ----------------------------------------------------------------


def test_chinese_comes_out_whatever_the_code_page(folder):
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    done = run("explain", "--lang", "zh", "552 5.2.2 mailbox full", env=environment)
    assert done.returncode == 0
    assert "邮箱已满" in done.stdout


def test_a_reader_of_the_output_may_leave_early(folder):
    code = "import subprocess, sys; p = subprocess.Popen([sys.executable, '-m', 'bouncekit', "
    code += "'sources'], stdout=subprocess.PIPE, stderr=subprocess.PIPE); p.stdout.close(); "
    code += "error = p.stderr.read(); p.wait(); print(p.returncode, error.decode())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Traceback" not in done.stdout
    assert "BrokenPipe" not in done.stdout


@pytest.mark.notebook
def test_report_from_the_command_line(folder):
    (folder / "bouncekit.toml").write_text("[policy]\nsoft_limit = 3\n", encoding="utf-8")
    done = run("report", "export.csv", "-o", "may.html", "--tz", "Asia/Shanghai", "--freq", "D")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "may.html"
    assert done.stderr == ""
    text = (folder / "may.html").read_text(encoding="utf-8")
    assert "<td>soft_limit</td>\n<td>3</td>".replace("\n", "") in text.replace("\n", "")
    assert "ann@example.com" not in text


@pytest.mark.notebook
def test_demo_prints_the_path_of_its_report_last(folder):
    done = run("demo")
    assert done.returncode == 0, done.stderr
    path = done.stdout.splitlines()[-1]
    assert os.path.isabs(path)  # noqa: PTH117 - the text is what is asked
    assert (folder / "reports" / "demo.html").stat().st_size > 100_000
    assert done.stderr == ""


# --- writing ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd", "'+cmd"),
        ("-cmd", "'-cmd"),
        ("@sum", "'@sum"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        (" =1", "' =1"),
        ("\u200b=1", "'\u200b=1"),
        ("＝1", "'＝1"),
        ("＠x", "'＠x"),
        ('"=1', "'\"=1"),
        ("-5", "-5"),
        ("+1.5", "+1.5"),
        ("a=b", "a=b"),
        ("ann@example.com", "ann@example.com"),
        ("", ""),
    ],
)
def test_cells_that_could_start_a_formula_are_marked(text, cell):
    assert safe_cell(text) == cell


def test_excel_files_are_written_without_formulas(tmp_path):
    from bouncekit.schema import bounce_table

    table = bounce_table(
        [{"event": "bounce", "recipient": "=cmd@example.com", "timestamp": "2026-03-02T08:00:00Z"}]
    )
    write_table(table, tmp_path / "x.xlsx")
    read = pd.read_excel(tmp_path / "x.xlsx", engine="openpyxl")
    assert read.loc[0, "recipient"] == "'=cmd@example.com"
    assert str(read.loc[0, "timestamp"]) == "2026-03-02 08:00:00"


def test_a_failed_writing_leaves_the_old_file_and_nothing_else(tmp_path):
    (tmp_path / "a.txt").write_text("old", encoding="utf-8")

    def write_half():
        with atomic(tmp_path / "a.txt") as stream:
            stream.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_a_written_file_has_the_rights_of_any_new_file(tmp_path):
    (tmp_path / "plain").write_text("x", encoding="utf-8")
    with atomic(tmp_path / "atomic") as stream:
        stream.write(b"x")
    assert (tmp_path / "atomic").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_printable_spells_control_characters_out():
    assert printable("a\x1b[31m\u202e\x9b") == r"a\x1b[31m\u202e\x9b"
    assert printable("中文\n\tb") == "中文\n\tb"


def test_an_input_is_never_written_over(tmp_path, capsys):
    source = tmp_path / "a.csv"
    source.write_text("status,reason,email,created\n5.1.1,550 no,a@example.com,1767225600\n")
    before = source.read_bytes()
    for command in ("read", "report"):
        assert cli.main([command, str(source), "-o", str(source)]) == 1
        assert "is an input" in capsys.readouterr().err
    assert source.read_bytes() == before


def test_what_was_written_into_the_folder_is_not_read_again(tmp_path, capsys):
    (tmp_path / "a.csv").write_text(
        "status,reason,email,created\n5.1.1,550 no,a@example.com,1767225600\n"
    )
    arguments = ["read", str(tmp_path), "-o", str(tmp_path / "out.csv"), "--quiet"]
    assert cli.main(arguments) == 0
    assert cli.main(arguments) == 0
    told = capsys.readouterr().out
    assert "out.csv: is a table that bouncekit wrote" in told
    assert len(pd.read_csv(tmp_path / "out.csv")) == 1
