"""The command `netpol-lab`: how it is asked, and how it ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from netpol_lab.lab import cli
from netpol_lab.lab.cli import COMMANDS, main
from netpol_lab.model.errors import LabError

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: nginx, image: nginx}]}\n"


def ran(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def test_the_help_names_every_command_with_its_line_and_imports_none() -> None:
    code = (
        "import sys; from netpol_lab.lab.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: print(sorted(m for m in sys.modules if m.endswith('_command') or m == 'pandas'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for name, (_, line) in COMMANDS.items():
        assert f"  {name}" in done.stdout and line in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_module_and_a_help_of_its_own(name: str) -> None:
    done = ran(name, "--help")
    assert done.exit_code == 0
    assert f"Usage: main {name}" in done.stdout and len(done.stdout.splitlines()) > 4


def test_a_command_that_is_none_is_misuse_and_the_one_meant_is_named() -> None:
    done = ran("dif")
    assert done.exit_code == 2
    assert "No such command 'dif'" in done.stderr


def test_what_the_library_refuses_is_one_sentence_and_two(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(POD.replace("name: web", "name: Web"), "utf-8")
    done = ran("diff", str(tmp_path), str(tmp_path))
    assert done.exit_code == 2
    assert "bad.yaml" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (LabError("That is none."), "Error: That is none.\n"),
        (FileNotFoundError(2, "No such file or directory", "x.xml"), "Error: x.xml: No such file or directory\n"),
        (RuntimeError("odd"), "Error: `netpol-lab broken` met a fault of the lab, not of yours (RuntimeError: 'odd')."),
    ],
)
def test_whatever_a_command_raises_is_a_sentence_and_two(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception, said: str
) -> None:
    @click.command()
    def broken() -> None:
        raise error

    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(COMMANDS, "broken", ("diff_command", ""))
    monkeypatch.setattr(cli.importlib, "import_module", lambda _: type("M", (), {"command": broken}))
    group = cli.Commands(name="netpol-lab")
    done = CliRunner().invoke(group, ["broken"])
    assert done.exit_code == 2
    assert done.stderr.startswith(said)
