"""A folder of the user's own: made in one command, and safe through an upgrade."""

import json

import pytest

from bouncekit import cli, workspace
from bouncekit.errors import BouncekitError
from bouncekit.reporting.bundled import SAMPLE, inputs, notebook_paths, sample_inputs

NOTEBOOK = "bounce_report.ipynb"


def outcomes(placed):
    return {one.name: one.outcome for one in placed}


@pytest.fixture
def folder(tmp_path):
    workspace.new(tmp_path / "mine")
    return tmp_path / "mine"


def edit(path, change):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    change(notebook)
    path.write_text(json.dumps(notebook), encoding="utf-8")


def test_everything_is_made_and_said(tmp_path, capsys):
    assert cli.main(["new", str(tmp_path / "mine")]) == 0
    said = capsys.readouterr().out
    made = {path.name for path in (tmp_path / "mine").iterdir()}
    assert made == {
        *(p.name for p in notebook_paths()),
        "bouncekit.toml",
        "exports",
        ".bouncekit.json",
    }
    assert f"{NOTEBOOK}: made" in said
    assert "bouncekit lab" in said


def test_the_notebooks_are_those_of_the_kit(folder):
    for path in notebook_paths():
        assert (folder / path.name).read_bytes() == path.read_bytes()


def test_chinese_notebooks(tmp_path):
    workspace.new(tmp_path, "zh")
    text = (tmp_path / NOTEBOOK).read_text(encoding="utf-8")
    assert "哪些邮件被退回" in text
    assert 'lang = \\"zh\\"' in text
    assert "把文件放进这里" in (tmp_path / "exports" / "README.txt").read_text(encoding="utf-8")


def test_the_settings_file_is_one_that_can_be_read(folder, monkeypatch):
    from bouncekit.settings import load_settings

    text = (folder / "bouncekit.toml").read_text(encoding="utf-8")
    lines = [line.removeprefix("# ") for line in text.splitlines()[1:]]
    (folder / "bouncekit.toml").write_text("\n".join(lines), encoding="utf-8")
    assert load_settings(folder).tz == "Asia/Shanghai"


def test_doing_it_again_changes_nothing(folder):
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert set(outcomes(workspace.new(folder)).values()) == {"kept"}
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def upgraded(monkeypatch):
    """Let the kit ship notebooks that say something new."""
    real = workspace._contents

    def newer(lang):
        for name, text in real(lang):
            yield name, text.replace("## The key numbers", "## The most important numbers")

    monkeypatch.setattr(workspace, "_contents", newer)


def test_an_upgrade_renews_a_notebook_that_was_only_run(folder, monkeypatch):
    def run(notebook):
        cell = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
        cell["execution_count"] = 1
        cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["done\n"]}]

    edit(folder / NOTEBOOK, run)
    upgraded(monkeypatch)
    assert outcomes(workspace.new(folder))[NOTEBOOK] == "updated"
    assert "most important" in (folder / NOTEBOOK).read_text(encoding="utf-8")


def test_an_upgrade_leaves_a_changed_notebook_alone_and_puts_the_new_one_beside(
    folder, monkeypatch
):
    edit(folder / NOTEBOOK, lambda notebook: notebook["cells"][1]["source"].append("\nmine = 1"))
    mine = (folder / NOTEBOOK).read_bytes()
    assert outcomes(workspace.new(folder))[NOTEBOOK] == "kept"
    upgraded(monkeypatch)
    placed = next(one for one in workspace.new(folder) if one.name == NOTEBOOK)
    assert (placed.outcome, placed.beside) == ("beside", "bounce_report-new.ipynb")
    assert placed.beside in placed.sentence()
    assert (folder / NOTEBOOK).read_bytes() == mine
    assert "most important" in (folder / placed.beside).read_text(encoding="utf-8")
    assert outcomes(workspace.new(folder))[NOTEBOOK] == "kept"


def test_changed_settings_and_files_of_the_users_stay(folder, monkeypatch):
    (folder / "bouncekit.toml").write_text('tz = "Asia/Shanghai"\n', encoding="utf-8")
    (folder / "exports" / "may.csv").write_text("email\n", encoding="utf-8")
    upgraded(monkeypatch)
    assert outcomes(workspace.new(folder))["bouncekit.toml"] == "kept"
    assert (folder / "bouncekit.toml").read_text(encoding="utf-8") == 'tz = "Asia/Shanghai"\n'
    assert (folder / "exports" / "may.csv").exists()


def test_a_file_where_the_folder_should_be_is_one_sentence(tmp_path):
    (tmp_path / "mine").write_text("", encoding="utf-8")
    with pytest.raises(BouncekitError, match="mine: cannot be made"):
        workspace.new(tmp_path / "mine")


def test_what_was_dropped_is_read_and_the_sample_where_nothing_was(folder):
    assert inputs(None, None, None, folder) == sample_inputs()
    (folder / "exports" / "may.csv").write_text("email\n", encoding="utf-8")
    assert inputs(None, None, None, folder) == (str(folder / "exports"), None, None)
    (folder / "contacts.xlsx").write_bytes(b"")
    (folder / "sends.csv").write_text("", encoding="utf-8")
    found = inputs(None, None, None, folder)
    assert found[1:] == (str(folder / "sends.csv"), str(folder / "contacts.xlsx"))
    assert inputs(SAMPLE, None, None, folder) == sample_inputs()
    assert inputs("other", "s.csv", None, folder) == ("other", "s.csv", None)


def test_lab_opens_this_folder_with_this_python(folder):
    import sys

    command = workspace.lab_command(folder, browser=False)
    assert command[:3] == [sys.executable, "-m", "jupyterlab"]
    assert f"--ServerApp.root_dir={folder.resolve()}" in command
    assert command[-1] == "--no-browser"
    with pytest.raises(BouncekitError, match="bouncekit new"):
        workspace.lab_command(folder / "absent")
