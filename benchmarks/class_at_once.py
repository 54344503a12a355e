"""A class at its hub: everybody comes at once and runs lessons 01 to 03; some begin again and again meanwhile.

    python -m benchmarks.class_at_once 30 --again 5 --proxy PROGRAM

Each student logs in, waits for the server, and runs each lesson in a kernel of its own, as JupyterLab does; all kernels
stay. Those who begin again stop their server after their first picture and log in anew, until the others are done.
Printed are the failures, the slowest student, the time to the first picture, and the most memory that all processes of
the class had (proportional set size: what is shared counts once). `--record FILE` writes it for `benchmarks/sizing.py`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.classroom import cells
from benchmarks.hub_student import HubStudent
from netpol_lab.lab.classroom.class_folder import ClassFolder

LESSONS = ("01-allow-all", "02-default-deny", "03-allow-specific")


@dataclass
class Coming:
    """How it went for one who came: seconds from the click on login."""

    server: float = 0.0
    picture: float = 0.0
    done: float = 0.0
    failed: str = ""


@dataclass
class Measured:
    """What was measured of a class."""

    students: int
    again: int
    cores: int
    load_before: float
    failed: int = 0
    came_again: int = 0
    seconds_of_server: list[float] = field(default_factory=list)
    seconds_to_picture: list[float] = field(default_factory=list)
    seconds_in_all: list[float] = field(default_factory=list)
    cpu_seconds: float = 0.0
    peak_megabytes: float = 0.0
    hub_megabytes: float = 0.0
    server_megabytes: float = 0.0
    kernel_megabytes: float = 0.0
    home_megabytes: float = 0.0


def _shown(outputs: list[dict[str, Any]]) -> bool:
    return any("<svg" in "".join(each.get("data", {}).get("text/html", "")) for each in outputs)


def come(address: str, number: str, password: str, lessons: dict[str, list[str]], until_picture: bool) -> Coming:
    """Log in and work; until the first picture alone, and away again, where that is asked."""
    coming, began = Coming(), time.monotonic()
    student = HubStudent(address, number, password)
    try:
        student.log_in()
        student.wait_for_server()
        coming.server = time.monotonic() - began
        for lesson, solved in lessons.items():
            kernel = student.open_notebook(f"{lesson}.ipynb")
            for cell in solved:
                outputs = kernel.run(cell.replace('XX = "07"', f'XX = "{number}"'))
                if not coming.picture and _shown(outputs):
                    coming.picture = time.monotonic() - began
                    if until_picture:
                        student.stop_server()
                        return coming
        coming.done = time.monotonic() - began
    except Exception as error:  # whatever it is, it is counted
        coming.failed = f"student {number}: {type(error).__name__}: {' '.join(str(error).split())[:300]}"
    return coming


class Memory(threading.Thread):
    """Looks again and again at what the processes of a class weigh; remembers the most."""

    def __init__(self, folder: ClassFolder, hub: int) -> None:
        super().__init__(daemon=True)
        self.folder, self.hub, self.most, self.cpu = folder, hub, 0.0, {}  # type: ignore[var-annotated]
        self.parts: dict[str, list[float]] = {}
        self.over = threading.Event()

    def run(self) -> None:
        """Look until it is over."""
        import psutil

        while not self.over.wait(10):
            parts: dict[str, list[float]] = {}
            for process in [psutil.Process(self.hub), *self.folder.processes()]:
                with contextlib.suppress(psutil.Error):
                    words = " ".join(process.cmdline())
                    kind = next((each for each in ("ipykernel", "singleuser", "proxy") if each in words), "hub")
                    times = process.cpu_times()
                    self.cpu[process.pid, process.create_time()] = times.user + times.system
                    if "bwrap" not in words[:10]:
                        parts.setdefault(kind, []).append(process.memory_full_info().pss / 1e6)
            if (now := sum(map(sum, parts.values()))) > self.most:
                self.most, self.parts = now, parts


@contextlib.contextmanager
def served(place: Path, students: int, port: int, proxy: str) -> Iterator[tuple[list[str], int]]:
    """A class that was begun: the passwords, and the hub's process."""
    words = [sys.executable, "-c", "from netpol_lab.lab.cli import main; main()", "class", "--folder", str(place)]
    subprocess.run([*words, "--students", str(students), "--prepare"], check=True, stdout=subprocess.DEVNULL)
    page = next(place.glob("cards-0*.html")).read_text("utf-8")
    begin = [*words, "--port", str(port), *(["--proxy", proxy] if proxy else [])]
    hub = subprocess.Popen(begin, stdout=subprocess.PIPE, text=True)
    try:
        assert hub.stdout is not None
        while "The class is at" not in (line := hub.stdout.readline()):
            if not line:
                raise RuntimeError("the hub did not begin")
        yield re.findall(r"password</dt><dd>([^<]+)", page), hub.pid
    finally:
        subprocess.run([*words, "--end"], check=False, stdout=subprocess.DEVNULL)
        hub.wait(60)


def measure(students: int, again: int, port: int, proxy: str, place: Path) -> tuple[Measured, list[str]]:
    """Run a class; returns what was measured, and what failed."""
    lessons = {lesson: cells(lesson) for lesson in LESSONS}
    found = Measured(students, again, os.cpu_count() or 1, os.getloadavg()[0])
    working = threading.Event()
    working.set()
    with served(place, students, port, proxy) as (passwords, hub):
        address = f"http://127.0.0.1:{port}"
        memory = Memory(ClassFolder(place), hub)
        memory.start()

        def restless(index: int) -> list[Coming]:
            comings = []
            while working.is_set():
                comings.append(come(address, f"{index + 1:02d}", passwords[index], lessons, True))
            return comings

        with ThreadPoolExecutor(students) as pool:
            others = [pool.submit(restless, index) for index in range(students - again, students)]
            steady = [
                pool.submit(come, address, f"{index + 1:02d}", passwords[index], lessons, False)
                for index in range(students - again)
            ]
            done = [each.result() for each in steady]
            working.clear()
            repeated = [coming for each in others for coming in each.result()]
        found.home_megabytes = _weight(ClassFolder(place).home("01"))
        memory.over.set()
        memory.join()
    every = [*done, *repeated]
    found.failed, found.came_again = sum(bool(each.failed) for each in every), len(repeated)
    found.seconds_of_server = sorted(round(each.server, 1) for each in done)
    found.seconds_to_picture = sorted(round(each.picture, 1) for each in done)
    found.seconds_in_all = sorted(round(each.done, 1) for each in done)
    found.cpu_seconds, found.peak_megabytes = round(sum(memory.cpu.values())), round(memory.most)
    found.hub_megabytes = round(sum(memory.parts.get("hub", ())) + sum(memory.parts.get("proxy", ())))
    found.server_megabytes = _mean(memory.parts.get("singleuser", []))
    found.kernel_megabytes = _mean(memory.parts.get("ipykernel", []))
    return found, [each.failed for each in every if each.failed]


def _weight(folder: Path) -> float:
    return round(sum(each.stat().st_size for each in folder.rglob("*") if each.is_file()) / 1e6, 1)


def _mean(numbers: list[float]) -> float:
    return round(sum(numbers) / len(numbers), 1) if numbers else 0.0


def main() -> None:
    """Print what was measured."""
    asked = argparse.ArgumentParser()
    asked.add_argument("students", type=int, nargs="?", default=30)
    asked.add_argument("--again", type=int, default=5, help="how many of them begin again and again")
    asked.add_argument("--port", type=int, default=8950)
    asked.add_argument("--proxy", default="")
    asked.add_argument("--record", type=Path)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="class-") as place:
        found, failures = measure(given.students, given.again, given.port, given.proxy, Path(place, "class"))
    middle = {name: each[len(each) // 2] for name, each in asdict(found).items() if isinstance(each, list)}
    print(f"{found.students} students at once, {found.again} of them again and again ({found.came_again} times)")
    print(f"{found.cores} cores, load before {found.load_before:.1f}; failed: {found.failed}")
    for name, value in middle.items():
        print(f"{name}: middle {value}, slowest {getattr(found, name)[-1]}")
    print(f"memory at most {found.peak_megabytes} MB: hub and proxy {found.hub_megabytes}, a server "
          f"{found.server_megabytes}, a kernel {found.kernel_megabytes}; CPU {found.cpu_seconds} s")  # fmt: skip
    for failure in failures[:10]:
        print(f"  {failure}")
    if given.record:
        given.record.write_text(json.dumps(asdict(found), indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
