"""jq in a notebook's shell on a machine that has none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from netpol_lab.lab.kernel_start import programs_first

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the shell lines of these tests are POSIX")

PODS = '{"items": [{"name": "testweb", "status": {"podIP": "10.244.1.2"}}, {"name": "b", "status": {}}]}'


@pytest.fixture
def shelf_without_jq(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A notebook's shell on a machine without jq: sh and what ours need, and nothing else."""
    programs_first()
    places = os.environ["PATH"].split(os.pathsep)
    (tmp_path / "sh").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", os.pathsep.join([places[0], str(tmp_path), places[-1]]))


def shell(line: str, stdin: str = PODS, **how) -> subprocess.CompletedProcess[str]:
    return subprocess.run(line, shell=True, capture_output=True, text=True, timeout=60, input=stdin, **how)


@pytest.mark.parametrize(
    ("line", "printed", "code"),
    [
        ("jq -r .items[0].status.podIP", "10.244.1.2\n", 0),
        ("jq .items[0].status.podIP", '"10.244.1.2"\n', 0),
        ("jq -c '.items[] | .status'", '{"podIP":"10.244.1.2"}\n{}\n', 0),
        ("jq '.items[0].status'", '{\n  "podIP": "10.244.1.2"\n}\n', 0),
        ("jq -e .nobody", "null\n", 1),
        ("jq -e '.items[] | select(.name == \"c\")'", "", 4),
        ("jq -n '1 + 1'", "2\n", 0),
        ("jq -rc --arg who b '.items[] | select(.name == $who) | .name'", "b\n", 0),
        ("jq -s length", "1\n", 0),
        ("jq -S -c '.items[0]'", '{"name":"testweb","status":{"podIP":"10.244.1.2"}}\n', 0),
    ],
)
@pytest.mark.usefixtures("shelf_without_jq")
def test_results_are_printed_as_jq_prints_them(line: str, printed: str, code: int):
    said = shell(line)
    assert (said.stdout, said.returncode) == (printed, code), said.stderr


@pytest.mark.usefixtures("shelf_without_jq")
def test_files_are_read_one_after_the_other(tmp_path):
    (tmp_path / "one.json").write_text('{"a": 1}')
    (tmp_path / "two.json").write_text('{"a": 2}')
    assert shell("jq .a one.json two.json", cwd=tmp_path).stdout == "1\n2\n"


@pytest.mark.parametrize(
    ("line", "stdin", "words", "code"),
    [
        ("jq '.a['", "{}", "syntax error", 3),
        ("jq .a", "no JSON", "parse error", 2),
        ("jq .a", "[1]", "Cannot index array", 5),
        ("jq .a nowhere.json", "", "Could not open nowhere.json", 2),
        ("jq", "{}", "Usage", 2),
        ("jq --stream .", "{}", "--stream is not known to this small jq", 2),
    ],
)
@pytest.mark.usefixtures("shelf_without_jq")
def test_a_fault_ends_with_words_and_with_the_exit_code_of_jq(line: str, stdin: str, words: str, code: int):
    said = shell(line, stdin)
    assert (said.returncode, said.stdout) == (code, "")
    assert words in said.stderr and "Traceback" not in said.stderr


@pytest.mark.usefixtures("shelf_without_jq")
def test_the_machines_own_jq_is_used_where_there_is_one(tmp_path):
    real = tmp_path / "jq"  # the folder stands on PATH
    real.write_text("#!/bin/sh\necho the real one\n")
    real.chmod(0o755)
    assert shell("jq .").stdout == "the real one\n"


@pytest.mark.usefixtures("shelf_without_jq")
def test_without_the_library_it_says_plainly_what_to_do(tmp_path):
    (tmp_path / "jq.py").write_text("raise ImportError\n")
    said = shell("jq .", env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert said.returncode == 127
    assert "-o jsonpath" in said.stderr
