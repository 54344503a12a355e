"""What it takes to begin: importing the package."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

RUNS = 7
# The time inside a fresh process, so that starting Python does not count.
IMPORT = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"


def seconds_to_import(module: str) -> float:
    """Return the least seconds that importing a module took in a fresh process."""
    command = [sys.executable, "-c", IMPORT.format(module)]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(RUNS)]
    return min(map(float, runs))


def rows() -> Iterator[tuple[str, str, str]]:
    """Yield what was measured, the measurement, and the goal."""
    yield "import netpol_lab", f"{seconds_to_import('netpol_lab') * 1000:.0f} ms", "at most 100 ms"
    yield (
        "from netpol_lab import Lab (the first cell)",
        f"{seconds_to_import('netpol_lab.lab.front') * 1000:.0f} ms",
        "-",
    )
