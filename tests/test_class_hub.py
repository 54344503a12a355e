"""The hub of a class, run for real with two students: who gets in, what they see, and what outlives what."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

pytest.importorskip("jupyterhub")

import psutil
import requests

from benchmarks.hub_student import HubStudent, RemoteKernel
from netpol_lab.lab.classroom.class_folder import ClassFolder
from netpol_lab.lab.cli.class_command import PROXY

PLACES = os.pathsep.join([os.environ.get("PATH", ""), str(Path(sys.prefix, "proxy", "node_modules", ".bin"))])
FOUND = shutil.which(PROXY, path=PLACES)
pytestmark = pytest.mark.skipif(FOUND is None, reason=f"{PROXY} is not installed (it comes from npm)")
SECONDS = 120


def three_free_ports() -> int:
    """The first of three that follow each other, below those that kernels and browsers take meanwhile."""
    for first in range(21000, 30000, 10):
        with contextlib.suppress(OSError), contextlib.ExitStack() as held:
            for port in range(first, first + 3):
                held.enter_context(socket.create_server(("127.0.0.1", port)))
            return first
    pytest.skip("no three ports are free")


class RunningClass:
    """A class that was begun in a folder by the command."""

    def __init__(self, place: Path) -> None:
        self.place, self.port = place, three_free_ports()
        self.address, self.folder = f"http://127.0.0.1:{self.port}", ClassFolder(place)
        self.begin("--students", "2")
        page = (place / "cards-01-02.html").read_text("utf-8")
        self.passwords = re.findall(r"<dt>password</dt><dd>([^<]+)", page)

    def words(self, *words: str) -> list[str]:
        main = "from netpol_lab.lab.cli import main; main()"
        return [sys.executable, "-c", main, "class", "--folder", str(self.place), *words]

    def command(self, *words: str) -> str:
        return subprocess.run(self.words(*words), capture_output=True, text=True, check=True).stdout

    def begin(self, *more: str) -> None:
        words = self.words(*more, "--port", str(self.port), "--proxy", str(FOUND))
        self.hub = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert self.hub.stdout is not None
        while "The class is at" not in (line := self.hub.stdout.readline()):
            assert line, (self.place / "hub" / "hub.log").read_text()

    def student(self, number: int) -> HubStudent:
        student = HubStudent(self.address, f"{number:02d}", self.passwords[number - 1])
        student.log_in()
        student.wait_for_server()
        return student


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningClass]:
    running = RunningClass(tmp_path_factory.mktemp("it's a class") / "classé")
    try:
        yield running
    finally:
        running.command("--end")
        running.hub.wait(SECONDS)
        assert running.folder.processes() == []


@pytest.fixture(scope="module")
def pair(running: RunningClass) -> tuple[HubStudent, HubStudent]:
    """Both students, who came at once."""
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(running.student, (1, 2))
    return first, second


@pytest.fixture(scope="module")
def kernel(pair: tuple[HubStudent, HubStudent]) -> RemoteKernel:
    return pair[0].open_notebook("01-allow-all.ipynb")


def printed(kernel: RemoteKernel, code: str) -> str:
    return "".join(each.get("text", "") for each in kernel.run(code))


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end
        time.sleep(0.2)


def test_a_student_works_with_their_own_number_in_their_own_folder(running: RunningClass, kernel: RemoteKernel) -> None:
    kernel.run('from netpol_lab import Lab\nlab = Lab("01", lesson="01-allow-all")\nmine = 1')
    assert "student-01 created" in printed(kernel, "!kubectl create namespace student-$XX")
    assert (running.place / "students" / "01" / "work" / "01-allow-all-01").is_dir()


def test_a_wrong_password_and_a_number_that_nobody_has_admit_nobody(running: RunningClass) -> None:
    for number, password in (("01", "wrong"), ("01", running.passwords[1]), ("03", running.passwords[0]), ("01", "")):
        with pytest.raises(RuntimeError, match="login: 403"):
            HubStudent(running.address, number, password).log_in()


def test_nobody_enters_the_server_of_another(running: RunningClass, pair: tuple[HubStudent, HubStudent]) -> None:
    assert pair[1].web.get(f"{running.address}/user/01/api/contents").status_code == 403
    assert requests.get(f"{running.address}/user/01/api/contents", timeout=SECONDS).status_code == 403


def test_everything_listens_on_this_machine_alone(running: RunningClass, kernel: RemoteKernel) -> None:
    processes = [psutil.Process(running.hub.pid), *running.folder.processes()]
    places = {each.laddr.ip for process in processes for each in process.net_connections() if each.status == "LISTEN"}
    assert places == {"127.0.0.1"}


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
def test_behind_walls_a_student_sees_no_other_and_writes_nowhere_else(
    running: RunningClass, pair: tuple[HubStudent, HubStudent], kernel: RemoteKernel
) -> None:
    assert printed(kernel, f"import os; print(os.listdir({str(running.place)!r}))").strip() == "['students']"
    assert printed(kernel, f"print(os.listdir({str(running.place / 'students')!r}))").strip() == "['01']"
    assert "user/02" not in printed(kernel, "!cat /proc/[0-9]*/environ")
    assert "Read-only" in printed(kernel, f'!touch "{running.place.parent}/mine"')


def test_a_killed_kernel_comes_back_and_takes_no_file_with_it(
    pair: tuple[HubStudent, HubStudent], running: RunningClass
) -> None:
    kernel = pair[1].open_notebook("02-default-deny.ipynb")
    kernel.run("open('answer.yaml', 'w').write('mine'); before = 1")
    state = f"kernels/{kernel.id}"
    pid = next(each.pid for each in running.folder.processes() if kernel.id in " ".join(each.cmdline()))
    os.kill(pid, signal.SIGKILL)
    until(lambda: not psutil.pid_exists(pid))
    until(lambda: pair[1].api(state)["execution_state"] in ("starting", "idle", "restarting"))
    again = pair[1].open_notebook("02-default-deny.ipynb")
    assert printed(again, "print(open('answer.yaml').read(), 'before' in globals())") == "mine False\n"


def test_on_a_full_disk_a_save_is_refused_and_the_notebook_stays(
    running: RunningClass, pair: tuple[HubStudent, HubStudent]
) -> None:
    folder = running.place / "students" / "02"
    pid = next(each for each in running.folder.processes() if "singleuser" in " ".join(each.cmdline())
               and each.environ().get("JUPYTERHUB_USER") == "02").pid  # fmt: skip
    before = (folder / "01-allow-all.ipynb").read_bytes()
    model = pair[1].api("contents/01-allow-all.ipynb")
    model["content"]["cells"][0]["source"] += "x" * 200_000
    for each in running.folder.processes():
        if each.environ().get("JUPYTERHUB_USER") == "02" and each.pid >= pid:
            each.rlimit(psutil.RLIMIT_FSIZE, (100_000, psutil.RLIM_INFINITY))
    with pytest.raises(requests.HTTPError, match="500"):
        pair[1].api("contents/01-allow-all.ipynb", "PUT", model)
    assert (folder / "01-allow-all.ipynb").read_bytes() == before


def test_a_hub_that_was_killed_begins_again_and_finds_who_is_at_work(
    running: RunningClass, pair: tuple[HubStudent, HubStudent], kernel: RemoteKernel
) -> None:
    running.hub.kill()
    running.hub.wait()
    assert printed(kernel, "print('no hub')") == "no hub\n"
    running.begin()
    again = running.student(1)
    assert [each["id"] for each in again.api("kernels")] == [kernel.id]
    assert printed(again.open_notebook("01-allow-all.ipynb"), "print('mine' in globals())") == "True\n"


def test_a_second_hub_of_the_class_is_refused(running: RunningClass) -> None:
    done = subprocess.run(running.words("--proxy", str(FOUND)), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "is running already" in done.stderr
