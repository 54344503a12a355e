"""What a class of any size needs, computed from what a measured one took.

    python -m benchmarks.sizing            write the table into RUNNING-A-CLASS.md anew

The measurement is `class_measured.json`, which `python -m benchmarks.class_at_once --record` writes. Every assumption
is a constant here, and stands under the table.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MEASURED = Path(__file__).with_name("class_measured.json")
PAGE = ROOT / "RUNNING-A-CLASS.md"
BEGIN, END = "<!-- sizes: written by python -m benchmarks.sizing -->", "<!-- end of sizes -->"

SIZES = (30, 200, 2000)
KERNELS = 3
"""How many lessons a student leaves open."""
RESERVE = 1.25
LESSONS_MINUTES = 125
"""What lessons 01 to 03 take in class; the measurement runs them without a pause."""
AT_ONCE = 8
"""How many times the mean it may be when everybody runs the same cells."""
ARRIVING_MINUTES = 10
ARRIVING_SHARE = 0.4
"""The share of a student's CPU seconds that goes by before the first picture: the server and the first kernel begin."""
MACHINE_CORES, MACHINE_GIGABYTES = 16, 64


def measured() -> dict[str, Any]:
    """What was measured."""
    found: dict[str, Any] = json.loads(MEASURED.read_text("utf-8"))
    return found


def megabytes_of_a_student(of: dict[str, Any]) -> float:
    """A server and its kernels."""
    return float(of["server_megabytes"] + KERNELS * of["kernel_megabytes"])


def cpu_of_a_student(of: dict[str, Any]) -> float:
    """CPU seconds for the three lessons. Beginning again counts as half a student, which is more than it is."""
    return float(of["cpu_seconds"] / (of["students"] - of["again"] + of["came_again"] / 2))


def needs(students: int, of: dict[str, Any]) -> tuple[float, int, float, int]:
    """Gigabytes of memory, cores, gigabytes of disk, machines."""
    memory = (of["hub_megabytes"] + students * megabytes_of_a_student(of) * RESERVE) / 1000
    working = students * cpu_of_a_student(of) / (LESSONS_MINUTES * 60) * AT_ONCE
    arriving = students * cpu_of_a_student(of) * ARRIVING_SHARE / (ARRIVING_MINUTES * 60)
    cores = max(2, math.ceil(max(working, arriving)))
    disk = students * max(1.0, of["home_megabytes"]) * 10 / 1000
    return memory, cores, disk, max(math.ceil(cores / MACHINE_CORES), math.ceil(memory / MACHINE_GIGABYTES))


def _middle(numbers: list[float]) -> str:
    return f"{sorted(numbers)[len(numbers) // 2]:.0f}"


def table() -> str:
    """The table and what it assumes, as Markdown."""
    of = measured()
    rows = []
    for students in SIZES:
        memory, cores, disk, machines = needs(students, of)
        rows.append(f"| {students:,} | {memory:,.0f} GB | {cores} | {math.ceil(disk)} GB | {machines} |")
    lines = [
        f"| students | memory | cores | disk | machines of {MACHINE_CORES} cores, {MACHINE_GIGABYTES} GB |",
        "|---|---|---|---|---|",
        *rows,
        "",
        f"Measured with {of['students']} students on {of['cores']} cores "
        f"(load {of['load_before']:.0f} before it began): nobody failed, and {of['came_again']} times one began again; "
        f"the first picture after {_middle(of['seconds_to_picture'])} s in the middle and "
        f"{of['seconds_to_picture'][-1]:.0f} s at most, all three lessons done after {of['seconds_in_all'][-1]:.0f} s; "
        f"memory {of['peak_megabytes'] / 1000:.1f} GB at most. {of['server_megabytes']:.0f} MB are a student's server, "
        f"{of['kernel_megabytes']:.0f} MB an open lesson, {of['hub_megabytes']:.0f} MB the hub and its proxy. "
        f"A student took {cpu_of_a_student(of):.0f} CPU seconds, and {of['home_megabytes']:.1f} MB of disk.",
        "",
        f"Assumed: {KERNELS} lessons stay open for each student, and a quarter more memory than measured; the three "
        f"lessons take {LESSONS_MINUTES} minutes, and in a moment when all run the same cells {AT_ONCE} times the mean "
        f"is needed; all arrive within {ARRIVING_MINUTES} minutes, which costs {ARRIVING_SHARE:.0%} of those CPU "
        "seconds; ten times the measured disk. Computed; the first line alone was tried.",
    ]
    return "\n".join(lines)


def page_with_table() -> str:
    """The page as it has to be."""
    before, rest = PAGE.read_text("utf-8").split(f"{BEGIN}\n")
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    PAGE.write_text(page_with_table(), "utf-8", newline="\n")
