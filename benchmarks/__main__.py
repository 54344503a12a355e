"""Print each measurement beside its goal. Each is the best of several runs, since only the best repeats."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterator

from benchmarks import engine, large, notebooks, practice, start

Row = tuple[str, str, str]
MEASURES: tuple[Callable[[], Iterator[Row]], ...] = (start.rows, notebooks.rows, engine.rows, large.rows, practice.rows)


def main() -> None:
    """Print the table, row by row as it is measured."""
    print(f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores")
    print(f"{'what':<58} {'measured':>12}   goal")
    for measure in MEASURES:
        for what, measured, goal in measure():
            print(f"{what:<58} {measured:>12}   {goal}")
            sys.stdout.flush()
    print("The whole test run: pytest's closing line tells it (goal: at most 180 s on 2 cores).")


if __name__ == "__main__":
    main()
