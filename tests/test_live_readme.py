"""README's section about a real cluster, followed word by word against a kubectl that stands in for a real one."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from stand_in import CONTEXT, live_cluster

from netpol_lab import Lab
from netpol_lab.lab.cli import main


def section(repository: Path) -> str:
    text = (repository / "README.md").read_text(encoding="utf-8")
    return text[text.index("## On a real cluster") : text.index("## More for your own policies")]


def follow(repository: Path, folder: Path, context: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do what the section says, word by word, with the kubectl on PATH; somebody confirms the context."""
    monkeypatch.setattr("builtins.input", lambda question: context)
    blocks = re.findall(r"```python\n(.*?)```", section(repository), re.DOTALL)
    assert len(blocks) == 3
    names: dict[str, Any] = {"Lab": Lab}
    line = CliRunner().invoke(main, ["dump", "--with-env"]).stdout
    subprocess.run(line, shell=True, check=True, env=None)
    for block in blocks:
        monkeypatch.chdir(folder)  # each block is of a notebook of its own
        exec(block, names)
    names["lab"].close()
    assert Path("cluster.json").stat().st_size > 1000


def test_the_section_is_followed_from_top_to_bottom(repository, notebook_folder, tmp_path_factory, monkeypatch):
    with live_cluster(tmp_path_factory, monkeypatch):
        follow(repository, notebook_folder, CONTEXT, monkeypatch)


@pytest.mark.parametrize(
    "name", ["NETPOL_LAB_LIVE=1", "lab.start()", "lab.patient()", "netpol-lab dump", "netpol-lab canary CONTEXT"]
)
def test_the_section_names_what_there_is(repository, name):
    assert name in section(repository)
