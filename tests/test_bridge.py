"""The way from a shell to the kernel: words, streams, exit codes, standard input."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from netpol_lab.lab import bridge as bridge_module
from netpol_lab.lab.bridge import Bridge
from netpol_lab.lab.kernel_start import BRIDGE

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
    def answer(program: str, words: list[str], stdin, cwd: str, special, terminal: bool) -> Said | None:
        if program == "curl":
            return None
        if words[:1] == ["apply"]:
            if words[-1] == "-":
                return Said(stdout=f"read {stdin()!r}\n")
            try:
                return Said(stdout=f"read {special(words[-1])!r}\n")
            except OSError as error:
                return Said(stdout=f"{error.strerror}\n")
        if words[:1] == ["terminal"]:
            return Said(stdout=f"{terminal}\n")
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


def test_a_line_that_is_given_no_input_is_at_a_terminal_and_a_pipe_a_file_or_a_script_is_not(bridge, tmp_path):
    assert shell("kubectl terminal", stdin=subprocess.DEVNULL).stdout == "True\n"
    assert shell("echo yes | kubectl terminal", stdin=subprocess.DEVNULL).stdout == "False\n"
    (tmp_path / "input").write_text("yes")
    assert shell(f"kubectl terminal < {tmp_path}/input", stdin=subprocess.DEVNULL).stdout == "False\n"
    assert shell("bash", input="kubectl terminal\n").stdout == "False\n"  # as %%bash runs its cell


def test_the_working_directory_of_the_shell_is_told(bridge, tmp_path):
    assert shell("kubectl where", cwd=tmp_path).stdout == f"{tmp_path}\n"


def test_a_reader_that_stops_early_does_not_make_a_traceback(bridge):
    assert "Traceback" not in shell("kubectl get pods | true").stderr


def test_a_program_that_is_not_ours_is_run_from_the_rest_of_path(bridge, tmp_path):
    real = tmp_path / "curl"
    real.write_text("#!/bin/sh\necho the real one $1\n")
    real.chmod(0o755)
    ours = os.environ["PATH"].split(os.pathsep)[0]
    path = os.pathsep.join([ours, str(tmp_path), os.defpath])
    assert shell("curl example.com", env={**os.environ, "PATH": path}).stdout == "the real one example.com\n"


@pytest.mark.parametrize(
    "line", ["kubectl apply -f /dev/stdin <<< 'kind: Pod'", "kubectl apply -f <(echo 'kind: Pod')"]
)
def test_what_only_the_program_has_open_is_read_by_the_program(bridge, line):
    said = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60)
    assert said.stdout == "read b'kind: Pod\\n'\n"


def test_an_error_of_reading_reaches_the_lab_with_its_number(bridge):
    assert shell("kubectl apply -f ./nobody.yaml").stdout == "No such file or directory\n"


def test_a_line_that_waits_for_a_pipe_lets_others_pass_and_ends_with_its_program(bridge, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    waiting = subprocess.Popen(["kubectl", "apply", "-f", str(tmp_path / "pipe")])
    try:
        for _ in range(3):
            assert shell("kubectl get").returncode == 3
        assert waiting.poll() is None
    finally:
        waiting.kill()
        waiting.wait()
    assert shell("kubectl get").returncode == 3


def test_standard_input_without_end_ends_the_line_and_not_the_kernel(bridge):
    said = shell("kubectl apply -f - < /dev/zero")
    assert (said.stderr, said.returncode) == ("kubectl: standard input holds more than 16 MB\n", 1)
    assert shell("kubectl get").returncode == 3


def test_a_file_without_end_is_read_to_the_limit(bridge):
    assert len(shell("kubectl apply -f /dev/zero").stdout) < 16_000_100 * 4


def test_the_program_reads_no_file_that_its_line_does_not_name(tmp_path):
    secret = tmp_path / "secret"
    os.mkfifo(secret)
    opened = Bridge(lambda program, words, stdin, cwd, special, terminal: Said(stdout=repr(special(str(secret)))))
    try:
        said = shell("kubectl get pods")
        assert (said.stdout, said.returncode) == ("", 1)
    finally:
        opened.close()


def test_a_folder_that_was_deleted_is_no_traceback(bridge, tmp_path):
    (tmp_path / "gone").mkdir()
    said = shell('rmdir "$PWD" && kubectl where', cwd=tmp_path / "gone")
    assert said.stdout == "/the folder was deleted\n"


def test_words_that_are_not_utf_8_reach_the_lab_and_come_back(bridge):
    said = subprocess.run([b"kubectl", b"get", b"\xff"], capture_output=True, timeout=60)
    assert said.stdout == b"['get', '\\udcff']\n"


def test_an_answer_with_what_cannot_be_encoded_is_written_all_the_same():
    opened = Bridge(lambda *_: Said(stdout="\udcff\n"))
    try:
        assert shell("kubectl get").stdout == "?\n"
    finally:
        opened.close()


def test_a_closed_bridge_refuses_and_says_what_to_do(bridge):
    stale = os.environ[BRIDGE]
    bridge.close()
    for env in (os.environ, {**os.environ, BRIDGE: stale}):
        said = shell("kubectl get", env=dict(env))
        assert "Run the first code cell" in said.stderr and said.returncode == 1


def test_a_kernel_that_ends_before_it_has_answered_is_called_so():
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=lambda: listener.accept()[0].close(), daemon=True).start()
    said = shell("kubectl get", env={**os.environ, BRIDGE: f"{listener.getsockname()[1]}:token"})
    assert "ended or was restarted before it had answered" in said.stderr and said.returncode == 1
    listener.close()


def test_of_two_bridges_the_last_one_answers_and_stays_when_the_first_closes(bridge):
    other = Bridge(lambda *_: Said(stdout="the other one\n"))
    try:
        assert shell("kubectl get").stdout == "the other one\n"
        bridge.close()
        assert shell("kubectl get").stdout == "the other one\n"
    finally:
        other.close()


def test_who_says_nothing_is_sent_away_after_a_while(bridge, monkeypatch):
    monkeypatch.setattr(bridge_module, "_SECONDS_FOR_THE_TOKEN", 0.01)
    port = int(os.environ[BRIDGE].partition(":")[0])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as stranger:
        stranger.sendall(b"half a token")
        assert stranger.recv(1) == b""


def test_without_the_token_nobody_is_answered_and_nothing_is_read_but_the_token(bridge):
    port, _, token = os.environ[BRIDGE].partition(":")
    assert shell("kubectl get", env={**os.environ, BRIDGE: f"{port}:{token[::-1]}"}).returncode == 1
    with socket.create_connection(("127.0.0.1", int(port)), timeout=30) as stranger:
        stranger.sendall(b"p99999999999999999\n" + b"x" * 32)
        assert stranger.recv(1) == b""
