"""The way from a shell to the kernel: words, streams, exit codes, standard input."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from netpol_lab.lab.bridge import Bridge

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the shell lines of these tests are POSIX")


@dataclass
class Said:
    stdout: str = ""
    stderr: str = ""
    exit_code: int = 0

    @property
    def chunks(self) -> list[tuple[str, str]]:
        return [("stderr", self.stderr), ("stdout", self.stdout), ("stderr", "last\n")]


@pytest.fixture
def bridge() -> Iterator[Bridge]:
    def answer(program: str, words: list[str], stdin, cwd: str) -> Said | None:
        if program == "curl":
            return None
        if words[:1] == ["apply"]:
            return Said(stdout=f"read {stdin()!r}\n")
        if words[:1] == ["where"]:
            return Said(stdout=cwd + "\n")
        return Said(stdout=f"{words}\n", stderr="on the other stream\n", exit_code=3)

    opened = Bridge(answer)
    yield opened
    opened.close()


def shell(line: str, **how) -> subprocess.CompletedProcess[str]:
    return subprocess.run(line, shell=True, capture_output=True, text=True, timeout=60, **how)


def test_words_arrive_one_by_one_as_the_shell_split_them(bridge):
    assert shell("""kubectl get 'a b' "" --x=ä""").stdout == "['get', 'a b', '', '--x=ä']\n"


def test_the_two_streams_stay_apart_and_the_exit_code_comes_back(bridge):
    said = shell("kubectl get")
    assert (said.stderr, said.returncode) == ("on the other stream\nlast\n", 3)


def test_on_a_terminal_the_streams_mix_in_the_order_written(bridge):
    assert shell("kubectl get 2>&1").stdout == "on the other stream\n['get']\nlast\n"


def test_a_here_document_reaches_a_program_that_reads_standard_input(bridge):
    assert shell("kubectl apply -f - <<'EOF'\nkind: Pod\nEOF").stdout == "read 'kind: Pod\\n'\n"


def test_a_program_that_does_not_read_leaves_standard_input_to_the_rest_of_the_script(bridge):
    script = "kubectl get pods\necho still here\n"
    said = subprocess.run(["bash"], input=script, capture_output=True, text=True, timeout=60)
    assert said.stdout.endswith("still here\n")


def test_both_ends_of_a_pipe_may_be_kubectl(bridge):
    assert shell("kubectl get x | kubectl apply -f -").stdout == """read "['get', 'x']\\n"\n"""


def test_the_working_directory_of_the_shell_is_told(bridge, tmp_path):
    assert shell("kubectl where", cwd=tmp_path).stdout == f"{tmp_path}\n"


def test_a_reader_that_stops_early_does_not_make_a_traceback(bridge):
    assert "Traceback" not in shell("kubectl get pods | true").stderr


def test_a_program_that_is_not_ours_is_run_from_the_rest_of_path(bridge, tmp_path):
    real = tmp_path / "curl"
    real.write_text("#!/bin/sh\necho the real one $1\n")
    real.chmod(0o755)
    path = os.pathsep.join([str(bridge.folder), str(tmp_path), os.defpath])
    assert shell("curl example.com", env={**os.environ, "PATH": path}).stdout == "the real one example.com\n"


def test_the_folder_is_private_to_the_user(bridge):
    assert stat.S_IMODE(bridge.folder.stat().st_mode) == 0o700


def test_closing_takes_the_programs_off_path_and_off_the_disk(bridge):
    bridge.close()
    assert not bridge.folder.exists()
    assert str(bridge.folder) not in os.environ["PATH"]


def test_two_bridges_at_once_answer_for_themselves(bridge):
    other = Bridge(lambda *_: Said(stdout="the other one\n"))
    try:
        assert shell("kubectl get").stdout == "the other one\n"  # opened last, first on PATH
        assert subprocess.run([bridge.folder / "kubectl", "where"], capture_output=True).returncode == 0
    finally:
        other.close()


def test_without_the_token_nobody_is_answered(bridge):
    client = bridge.folder / "client.py"
    client.write_text(client.read_text().replace("TOKEN = '", "TOKEN = 'not-", 1))
    assert shell("kubectl get").returncode == 1
