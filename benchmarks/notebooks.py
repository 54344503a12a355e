"""What a student waits for: the first picture, one kubectl line; and what a kernel weighs at the end of a lesson."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_client.manager import start_new_kernel

SECONDS = 120
SOURCES = Path(__file__).resolve().parent.parent / "notebooks" / "source"
FIRST_CELL = 'from netpol_lab import Lab\nXX = "07"\nlab = Lab(XX)\n'
PICTURE = """
lab.file("lab-a/namespace.yaml"); lab.file("lab-a/netpol-apps.yaml")
lab.kubectl("apply -f namespace.yaml"); lab.kubectl("apply -f netpol-apps.yaml")
display(lab.graph())
"""
# What `!` does to every command besides running it is its own; `true` in the same shell tells how much.
ROUND_TRIP = """
import subprocess, time
def best(command, runs=15):
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        subprocess.run(command, shell=True, check=True, capture_output=True)
        times.append(time.perf_counter() - started)
    return min(times)
print(best("kubectl get pods -A"), best("true"))
"""


@contextmanager
def kernel(folder: Path) -> Iterator[tuple[Any, Any]]:
    """Yield the manager and the client of a fresh kernel that works in ``folder``."""
    manager, client = start_new_kernel(
        kernel_name="python3", startup_timeout=SECONDS, cwd=str(folder), extra_arguments=["--log-level=ERROR"]
    )
    try:
        yield manager, client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def run_cell(client: Any, code: str) -> str:
    """Run a cell and return what it printed; raise ``RuntimeError`` when it raised."""
    printed: list[str] = []

    def hear(message: dict[str, Any]) -> None:
        if message["msg_type"] == "stream":
            printed.append(message["content"]["text"])

    reply = client.execute_interactive(code, output_hook=hear, timeout=SECONDS)
    if reply["content"]["status"] != "ok":
        raise RuntimeError(f"{code}\n{reply['content'].get('evalue', '')}")
    return "".join(printed)


def seconds_to_first_picture(folder: Path) -> tuple[float, float]:
    """Return the seconds from starting a kernel to the first graph, and those from its first cell on."""
    began = time.perf_counter()
    with kernel(folder) as (_, client):
        ready = time.perf_counter()
        run_cell(client, FIRST_CELL + PICTURE)
        done = time.perf_counter()
    return done - began, done - ready


def seconds_of_a_kubectl_line(folder: Path) -> tuple[float, float]:
    """Return the least seconds of ``kubectl get pods -A`` in a shell of the notebook, and of ``true`` in the same."""
    with kernel(folder) as (_, client):
        run_cell(client, FIRST_CELL)
        line, nothing = run_cell(client, ROUND_TRIP).split()
    return float(line), float(nothing)


def resident_megabytes(pid: int) -> float:
    """Return the resident memory of a process; psutil comes with ipykernel."""
    import psutil

    resident: int = psutil.Process(pid).memory_info().rss
    return resident / 1e6


def megabytes_after(lesson: str, folder: Path) -> float:
    """Return the kernel's resident memory after all cells of a lesson, solved."""
    from netpol_lab.lessons.packs import building

    cells = [cell for cell in building.solution_form(SOURCES / f"{lesson}.md").cells if cell.cell_type == "code"]
    with kernel(folder) as (_, client):
        for cell in cells:
            run_cell(client, cell.source)
        return resident_megabytes(int(run_cell(client, "import os; print(os.getpid())")))


def rows() -> Iterator[tuple[str, str, str]]:
    """Yield what was measured, the measurement, and the goal."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole, own = min(seconds_to_first_picture(folder) for _ in range(3))
        yield "cold kernel to the first picture", f"{whole:.1f} s", "at most 3 s"
        yield "  of which after the kernel was up", f"{own:.1f} s", "-"
        line, nothing = seconds_of_a_kubectl_line(folder)
        yield "one kubectl line in the notebook's shell", f"{line * 1000:.0f} ms", "at most 100 ms"
        yield "  of which the shell itself (`true`)", f"{nothing * 1000:.0f} ms", "-"
        weight = megabytes_after("03-allow-specific", folder)
        yield "resident memory of the kernel after lesson 03", f"{weight:.0f} MB", "at most 200 MB"
