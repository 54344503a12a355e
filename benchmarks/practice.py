"""How long a patient and an exam paper take to make."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from netpol_lab.lessons.practice import clinic, exam

GOAL = "50 ms"


def rows() -> Iterator[tuple[str, str, str]]:
    """A patient of each level, and a paper; the middle of many, since each number makes another one."""
    for level in (1, 2, 3):
        took = _middle(lambda day, level=level: clinic.of_day(day, level), 60)  # type: ignore[misc]
        yield f"a patient of level {level}, middle of 60", f"{took * 1000:.0f} ms", GOAL
    took = _middle(lambda number: exam.paper(f"{number:02}"), 12)
    yield "an exam paper of 12 tasks, one task", f"{took / 12 * 1000:.0f} ms", GOAL


def _middle(make: Callable[[int], object], times: int) -> float:
    found = []
    for number in range(1, times + 1):
        began = time.perf_counter()
        make(number)
        found.append(time.perf_counter() - began)
    return sorted(found)[times // 2]
