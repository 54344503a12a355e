"""A class at work: kernels that all begin at once and run one lesson, alone, then in one JupyterLab.

    python -m benchmarks.classroom 30

Printed are the failures, the slowest student, and the memory of a student: what the kernels do not share with others.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.notebooks import SECONDS, kernel, run_cell

LESSON = "03-allow-specific"
SOURCES = Path(__file__).resolve().parent.parent / "notebooks" / "source"

Student = tuple[float, float, str]
"""Seconds from the start of the kernel to the end of the lesson, megabytes then, and what failed ("" is nothing)."""


def cells(lesson: str = LESSON) -> list[str]:
    """The cells of a lesson, solved."""
    from netpol_lab.lessons.packs import building

    solved = building.solution_form(SOURCES / f"{lesson}.md").cells
    return [cell.source for cell in solved if cell.cell_type == "code"]


def work(client: Any, lesson: list[str]) -> tuple[float, str]:
    """Run the lesson's cells; return the kernel's own memory in megabytes, and what failed."""
    import psutil

    failed = ""
    try:
        for cell in lesson:
            run_cell(client, cell)
        pid = int(run_cell(client, "import os; print(os.getpid())"))
    except Exception as error:  # whatever it is, it is counted
        return 0.0, f"{type(error).__name__}: {str(error)[:300]}"
    return psutil.Process(pid).memory_full_info().uss / 1e6, failed


def alone(folder: Path, lesson: list[str]) -> Student:
    """One student with a kernel of their own."""
    began = time.perf_counter()
    try:
        with kernel(folder) as (_, client):
            weight, failed = work(client, lesson)
    except Exception as error:
        weight, failed = 0.0, f"{type(error).__name__}: {error}"
    return time.perf_counter() - began, weight, failed


@contextmanager
def jupyterlab(folder: Path) -> Iterator[tuple[str, str, Path, int]]:
    """A JupyterLab that serves the folder: its address, its token, where its kernels' files lie, its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token, runtime = secrets.token_hex(16), folder / ".runtime"
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--ServerApp.root_dir={folder}"),
        *(f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}"),
    ]
    environment = {**os.environ, "JUPYTER_RUNTIME_DIR": str(runtime)}
    with open(folder / ".server.log", "w", encoding="utf-8") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        address = f"http://127.0.0.1:{port}"
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            try:
                ask(f"{address}/api", token)
                break
            except OSError:
                time.sleep(0.2)
        yield address, token, runtime, server.pid
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=60)


def ask(url: str, token: str, body: dict[str, Any] | None = None) -> Any:
    """One request to the server, a POST where there is a body."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Authorization": f"token {token}"})
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        return json.load(answer)


def served(address: str, token: str, runtime: Path, place: str, lesson: list[str]) -> Student:
    """One student whose kernel the server starts."""
    from jupyter_client.blocking.client import BlockingKernelClient

    began = time.perf_counter()
    try:
        started = ask(f"{address}/api/kernels", token, {"name": "python3", "path": place})
        client = BlockingKernelClient(connection_file=str(runtime / f"kernel-{started['id']}.json"))
        client.load_connection_file()
        client.start_channels()
        client.kernel_info(reply=True, timeout=SECONDS)  # wait_for_ready takes a slow start for a death
        weight, failed = work(client, lesson)
        client.stop_channels()
    except Exception as error:
        weight, failed = 0.0, f"{type(error).__name__}: {error}"
    return time.perf_counter() - began, weight, failed


def together(students: int, one: Callable[[int], Student]) -> list[Student]:
    """All students at once."""
    with ThreadPoolExecutor(students) as pool:
        return list(pool.map(one, range(students)))


def told(what: str, done: list[Student]) -> None:
    """Print what became of the class."""
    failures = [failed for _, _, failed in done if failed]
    weights = [weight for _, weight, failed in done if not failed] or [0.0]
    print(
        f"{what}: {len(failures)} of {len(done)} failed; slowest {max(seconds for seconds, _, _ in done):.0f} s;"
        f" memory per student {sum(weights) / len(weights):.0f} MB, most {max(weights):.0f} MB"
    )
    for failed in failures[:5]:
        print(f"  {failed}")


def main(students: int) -> None:
    """Print both measurements."""
    lesson = cells()
    print(f"{students} students run lesson {LESSON} at once on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as name:
        places = [Path(name, f"student-{number}") for number in range(students)]
        for place in places:
            place.mkdir()
        told("kernels of their own", together(students, lambda n: alone(places[n], lesson)))
        with jupyterlab(Path(name)) as (address, token, runtime, pid):
            done = together(students, lambda n: served(address, token, runtime, f"student-{n}", lesson))
            import psutil

            told("one JupyterLab", done)
            print(f"  its server itself: {psutil.Process(pid).memory_full_info().uss / 1e6:.0f} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
