"""Fuzzing for as long as you let it: every door of a lab, and every view of what it left.

    python tests/fuzz.py --seconds 900 --seed 1

Inputs come from ``odd_inputs.py``. After each change one view is drawn, or with ``--every-view`` all of them, as the
tests do, which is several times as slow. One that ends in anything but an answer is made small, printed and added to
``fuzz_found.json``, which the tests replay; the run goes on. The exit code is 1 when something was found.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: E402
from odd_inputs import INPUTS, Step  # noqa: E402
from student_session import StudentSession  # noqa: E402

from netpol_lab import Lab  # noqa: E402

FOUND = HERE / "fuzz_found.json"
ROUND = 500


def main() -> int:
    parser = argparse.ArgumentParser(description="Fuzz the whole workbook.")
    parser.add_argument("--seconds", type=float, default=600, help="how long (600)")
    parser.add_argument("--seed", type=int, default=0, help="another seed gives other inputs (0)")
    parser.add_argument("--every-view", action="store_true", help="draw all views after each change")
    options = parser.parse_args()
    os.chdir(tempfile.mkdtemp(prefix="fuzz-"))
    student = StudentSession(Lab("07"), every_view=options.every_view).fails_loudly(setattr)
    begun, rounds, found, taken = time.monotonic(), 0, 0, 0
    last: list[list[Step]] = [[]]
    reported: set[str] = set()
    while (passed := time.monotonic() - begun) < options.seconds:

        @seed(options.seed * 1_000_000 + rounds)
        @settings(
            max_examples=ROUND,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink),
            report_multiple_bugs=False,
        )
        @given(INPUTS)
        def one(steps: list[Step]) -> None:
            nonlocal taken
            taken, last[0] = taken + len(steps), steps
            started = time.monotonic()
            student.take(steps)
            if time.monotonic() - started > 20:
                print(f"slow ({time.monotonic() - started:.0f} s): {json.dumps(steps)}", flush=True)

        try:
            one()
        except (Exception, SystemExit) as error:  # whatever it is, it is what we look for
            frame = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{type(error).__name__} {frame.filename}:{frame.lineno}"
            if place not in reported:
                reported.add(place)
                found += 1
                keep(last[0])
                print(f"found: {place}: {str(error)[:300]}\n{json.dumps(last[0])}", flush=True)
        rounds += 1
    student.lab.close()
    print(f"seed {options.seed}: {taken} inputs in {passed:.0f} s, {taken * 60 / passed:.0f} a minute; {found} found")
    return 1 if found else 0


def keep(steps: list[Step]) -> None:
    """Add one to those that the tests replay."""
    known = json.loads(FOUND.read_text(encoding="utf-8"))
    lines = [json.dumps(each) for each in [*known, steps]]
    FOUND.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
