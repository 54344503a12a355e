"""Break the engine in named ways, and see the tests notice: ``python tests/mutants.py [word ...]``.

Each mutant of ``mutants.yaml`` is one edit of the source, made in a copy of the project. The engine's tests are run
against the copy; a mutant that they do not notice *survives*, and the run ends with exit code 1. Words limit the run
to mutants whose name holds one of them. It takes some minutes, so it is not part of ``make test``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
WORLDS = "400"
"""Random worlds for each mutant: enough that what survives is a gap in the tests, not bad luck."""

TESTS = (
    "test_engine_rules.py",
    "test_engine_disagreements.py",
    "test_engine_reasons.py",
    "test_ports.py",
    "test_addresses.py",
    "test_engine_e2e.py",
    "test_engine_recipes.py",
    "test_engine_worlds.py",
    "test_engine_laws.py",
)


ALL_PAIRS = ("test_engine_worlds.py", "test_engine_reachability.py")
"""What looks at ``reachability.py``, which the other tests do not use."""


@dataclass(frozen=True)
class Mutant:
    """One way to be wrong: ``old`` stands exactly once in ``file`` of the package, and becomes ``new``."""

    name: str
    file: str
    old: str
    new: str


def mutants() -> list[Mutant]:
    """All of ``mutants.yaml``."""
    return [Mutant(**each) for each in yaml.safe_load((ROOT / "tests" / "mutants.yaml").read_text("utf-8"))]


def main(words: list[str]) -> int:
    """Run the mutants, print a table, return the exit code."""
    chosen = [mutant for mutant in mutants() if not words or any(word in mutant.name for word in words)]
    stale = [mutant.name for mutant in chosen if source(mutant).count(mutant.old) != 1]
    for name in stale:
        print(f"out of date    {name}")
    if stale:
        return 2
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        if not caught_nothing(Path(folder)):
            print("The tests fail without any mutant: repair that first.")
            return 2
        outcomes = pool.map(lambda numbered: trial(Path(folder), *numbered), enumerate(chosen))
        survivors = [mutant.name for mutant, outcome in report(chosen, outcomes) if not outcome]
    seconds = time.monotonic() - started
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} mutants caught in {seconds:.0f} s")
    return 1 if survivors else 0


def report(chosen: list[Mutant], outcomes: Iterator[str]) -> Iterator[tuple[Mutant, str]]:
    for mutant, outcome in zip(chosen, outcomes, strict=True):
        print(f"{'caught' if outcome else 'SURVIVED':<9} {mutant.name:<58} {outcome}", flush=True)
        yield mutant, outcome


def source(mutant: Mutant) -> str:
    return (ROOT / "netpol_lab" / mutant.file).read_text("utf-8")


def caught_nothing(folder: Path) -> bool:
    with project(folder / "unchanged") as copy:
        return not failed_test(copy, (*TESTS, *ALL_PAIRS))


def trial(folder: Path, number: int, mutant: Mutant) -> str:
    """The test that caught the mutant; "" when none did."""
    with project(folder / str(number)) as copy:
        file = copy / "netpol_lab" / mutant.file
        file.write_text(file.read_text("utf-8").replace(mutant.old, mutant.new), "utf-8")
        return failed_test(copy, ALL_PAIRS if mutant.file == "reachability.py" else TESTS)


@contextmanager
def project(folder: Path) -> Iterator[Path]:
    """A copy of what the engine's tests need."""
    ignored = shutil.ignore_patterns("__pycache__", "lessons", "transcripts")
    for part in ("netpol_lab", "data", "tests"):
        shutil.copytree(ROOT / part, folder / part, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def failed_test(copy: Path, tests: tuple[str, ...]) -> str:
    """The name of the first test that fails in this copy; "" when all pass."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=no", "-p", "no:cacheprovider"]
    command += [f"tests/{name}" for name in tests]
    environment = {**os.environ, "NETPOL_LAB_WORLDS": WORLDS, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    result = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
    if result.returncode == 0:
        return ""
    failed = [line for line in result.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0].partition("::")[2].partition(" - ")[0] or failed[0] if failed else "the run itself broke"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
