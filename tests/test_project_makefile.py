"""The two commands: they need make, a POSIX shell and Python 3.11 with venv, and say so when something is missing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")

# What a Makefile for any POSIX shell may not use.
BASH_ONLY = re.compile(r"\[\[|\bsource \b|<<<|&>|\bpipefail\b|\bfunction \w+|\$\{\w+//|<\(")


@pytest.fixture
def checkout(tmp_path: Path, repository: Path) -> Path:
    """An empty folder with the Makefile and what it reads, and no environment yet."""
    (tmp_path / "binder").mkdir()
    for name in ("Makefile", "pyproject.toml", "constraints.txt", "binder/overrides.json"):
        shutil.copy(repository / name, tmp_path / name)
    return tmp_path


def make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(["make", *words], cwd=folder, env=environment, capture_output=True, text=True, check=False)


def fake_python(folder: Path, name: str, body: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_the_makefile_uses_nothing_that_only_bash_knows(repository: Path) -> None:
    assert BASH_ONLY.findall((repository / "Makefile").read_text(encoding="utf-8")) == []


def test_make_lab_opens_the_first_notebook(checkout: Path) -> None:
    plan = make(checkout, "-n", "lab").stdout
    assert "-m jupyterlab" in plan
    assert "notebooks/00-start-here.ipynb" in plan


def test_make_lab_says_when_there_is_no_python(checkout: Path) -> None:
    done = make(checkout, "lab", "PYTHON=python-that-is-not-there")
    assert done.returncode != 0
    assert "There is no python-that-is-not-there on this machine" in done.stderr


def test_make_lab_says_when_python_is_too_old(checkout: Path) -> None:
    old = fake_python(checkout, "python-old", 'case "$2" in *version_info*) exit 1;; esac; exit 0')
    done = make(checkout, "lab", f"PYTHON={old}")
    assert done.returncode != 0
    assert "too old: the workbook needs Python 3.11 or newer" in done.stderr


def test_make_lab_says_when_venv_is_not_complete(checkout: Path) -> None:
    bare = fake_python(checkout, "python-bare", 'case "$2" in *ensurepip*) exit 1;; esac; exit 0')
    done = make(checkout, "lab", f"PYTHON={bare}")
    assert done.returncode != 0
    assert "apt install python3-venv" in done.stderr


def test_a_second_run_installs_nothing(checkout: Path) -> None:
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / ".venv" / "bin" / "python").symlink_to(sys.executable)
    for stamp in (".lab-installed", ".test-installed"):
        (checkout / ".venv" / stamp).touch()
    plan = make(checkout, "-n", "lab", "test").stdout
    assert "-m jupyterlab" in plan
    assert "pip install" not in plan


def test_a_changed_constraint_installs_again(checkout: Path) -> None:
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / ".venv" / "bin" / "python").symlink_to(sys.executable)
    stamp = checkout / ".venv" / ".lab-installed"
    stamp.touch()
    os.utime(stamp, (0, 0))
    assert "pip install" in make(checkout, "-n", "lab").stdout


def test_pytest_comes_last_so_that_its_closing_line_ends_the_output(checkout: Path) -> None:
    (checkout / ".venv" / "bin").mkdir(parents=True)
    fake_python(checkout / ".venv" / "bin", "python", 'echo "$2"; case "$2" in ruff) exit 1;; esac')
    for stamp in (".lab-installed", ".test-installed"):
        (checkout / ".venv" / stamp).touch()
    done = make(checkout, "test")
    assert done.stdout.splitlines() == ["ruff", "mypy", "pytest"]
    assert done.returncode != 0, "the fault that ruff found must not be lost"


def test_ci_calls_make_test(repository: Path) -> None:
    script = repository / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "make --no-print-directory test" in script.read_text(encoding="utf-8").rstrip().splitlines()[-1]
