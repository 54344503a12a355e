"""Every command that a page shows with its output prints that output: the README's, and those of the examples.

``python tests/test_shown_commands.py`` writes the outputs anew, after a change that was wanted.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from netpol_lab.lab.cli import main

REPOSITORY = Path(__file__).resolve().parent.parent
EXAMPLES = REPOSITORY / "examples"
PAGES = (REPOSITORY / "README.md", EXAMPLES / "README.md")
BLOCK = re.compile(r"(?s)(```console\n\$ netpol-lab )(?P<line>[^\n]*)\n(?P<said>.*?)(```)")
SHOWN = [(page, match) for page in PAGES for match in BLOCK.finditer(page.read_text("utf-8"))]


def ran(line: str) -> Result:
    return CliRunner().invoke(main, shlex.split(line), prog_name="netpol-lab")


@pytest.mark.parametrize(("page", "shown"), SHOWN, ids=[f"{p.parent.name}: {m['line']}" for p, m in SHOWN])
def test_a_command_prints_what_the_page_shows(
    page: Path, shown: re.Match[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(page.parent)
    done = ran(shown["line"])
    assert done.output == shown["said"]
    assert done.exit_code in (0, 1, 2) and "Traceback" not in done.output


def test_the_pages_show_commands_of_each_kind() -> None:
    assert {match["line"].split()[0] for _, match in SHOWN} >= {"test", "audit", "diff"}
    assert len(SHOWN) >= 10


@pytest.mark.parametrize("manifests", ["mixed/manifests", "kustomized/overlays/production", "charted", "kustomized"])
@pytest.mark.parametrize("command", ["audit", "document"])
def test_every_set_is_read_by_every_command_twice_alike(
    manifests: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(EXAMPLES)
    first, second = ran(f"{command} {manifests}"), ran(f"{command} {manifests}")
    assert first.exit_code in (0, 1) and first.stdout
    assert first.output == second.output


@pytest.mark.parametrize("manifests", ["mixed/manifests", "kustomized/overlays/production", "charted"])
def test_a_set_does_not_differ_from_itself(manifests: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES)
    done = ran(f"diff {manifests} {manifests}")
    assert done.exit_code == 0
    assert done.stdout.endswith("No connection differs.\n")


def test_manifests_come_from_standard_input_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES)
    text = (EXAMPLES / "charted" / "rendered" / "mailbox.yaml").read_text("utf-8")
    done = CliRunner().invoke(main, ["test", "-", "charted/expectations.yaml"], input=text)
    assert (done.exit_code, done.stdout) == (0, "2 expectations hold.\n")


def test_a_kustomization_is_built_and_what_it_cannot_do_is_told(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("resources: [nowhere.yaml]\n", "utf-8")
    done = ran(f"audit {tmp_path}")
    assert done.exit_code == 2
    assert "nowhere.yaml" in done.stderr and "Traceback" not in done.stderr


def write() -> None:
    """Put what the commands print now into the pages."""
    for page in PAGES:
        os.chdir(page.parent)
        text = page.read_text("utf-8")
        page.write_text(BLOCK.sub(lambda m: f"{m[1]}{m['line']}\n{ran(m['line']).output}{m[4]}", text), "utf-8")


if __name__ == "__main__":
    write()
