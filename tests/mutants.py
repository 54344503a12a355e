"""Break the library in named ways, and see the tests notice: ``python tests/mutants.py [word ...]``.

Each mutant of ``mutants.yaml`` is one edit of the source, made in a copy of the project. The tests of its room are run
against the copy; a mutant that they do not notice *survives*, and the run ends with exit code 1. Words limit the run
to mutants whose name or place holds one of them. It takes some minutes, so it is not part of ``make test``.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
LIBRARY = ROOT / "netpol_lab"
WORLDS = "400"
"""Random worlds for each mutant: enough that what survives is a gap in the tests, not bad luck."""

ENGINE = (
    "engine_r[ue]*",
    "engine_compare",
    "engine_disagreements",
    "ports",
    "addresses",
    "engine_e2e",
    "engine_worlds",
    "engine_laws",
)
TESTS = {
    "model/appended_lines": ("student_record",),
    "engine/reachability": ("engine_worlds", "engine_reachability"),
    "engine/pairs": (*ENGINE, "connections_parts", "frames", "scene"),
    "model/*": ENGINE,
    "manifests/*": ENGINE,
    "engine/*": ENGINE,
    "cluster/*": ("cluster_*", "flows*", "listening"),
    "connections/standing": ("standing",),
    "connections/frames": ("connections_parts", "frames"),
    "connections/ends": ("connections_parts", "frames", "scene", "remedy_exact"),
    "connections/cells": ("connections_parts", "display_matrix", "frames", "scene"),
    "connections/scene": ("connections_parts", "display_graph", "display_matrix", "scene", "display_plugin_dependent"),
    "connections/*": (
        "told_parts",
        "connections_parts",
        "flows*",
        "display_why",
        "display_strip",
        "one_connection",
        "caveats",
    ),
    "tell/policy_story": ("told_parts", "display_policies"),
    "tell/*": ("told_parts", "reason_words", "display_why", "display_strip", "display_packets", "display_policies"),
    "coach/advice*": ("advice_parts", "advice"),
    "coach/slips": ("advice_parts", "advice", "remedy_parts", "remedy"),
    "coach/audit*": ("audit",),
    "coach/*": ("remedy_parts", "remedy", "remedy_exact"),
    "display/fold": ("display_folds", "display_graph"),
    "display/matrix*": ("display_folds", "display_matrix", "display_delta", "display_plugin_dependent"),
    "display/*delta": ("display_folds", "display_delta", "display_plugin_dependent"),
    "display/changes": ("display_folds", "display_delta", "display_plugin_dependent"),
    "display/graph*": ("display_folds", "display_graph", "display_mermaid", "display_plugin_dependent"),
    "display/drawn_lines": (
        "display_folds",
        "display_graph",
        "display_mermaid",
        "display_delta",
        "display_plugin_dependent",
    ),
    "display/shares": ("display_folds", "display_heatmap", "display_matrix"),
    "display/why*": ("told_parts", "display_why"),
    "display/document": ("document",),
    "display/*": ("display_*",),
    "lessons/expectations": ("expectations",),
    "lessons/quiz": ("quiz",),
    "lessons/question_cards": ("quiz", "questions"),
    "lessons/given_answers": ("quiz", "questions"),
    "lessons/student_record": ("student_record",),
    "lessons/repeating": ("student_record",),
    "lessons/tallies": ("student_record",),
    "lessons/class_board": ("student_record", "fair_checks"),
    "lessons/passing": ("causes_parts", "exercises_passing", "fair_checks"),
    "lessons/mistaken*": ("causes_parts", "exercises_causes", "exercises_04_05", "exercises_06_07"),
    "lessons/*": ("causes_parts", "exercises_04_05", "exercises_06_07", "exercises_passing", "exercises_causes"),
}
"""For each room, or file of a room, the test files that look at it, the most likely ones first. The first line that
fits counts."""


@dataclass(frozen=True)
class Mutant:
    """One way to be wrong: ``old`` stands exactly once in what ``where`` names, and becomes ``new``.

    ``equivalent`` says why nobody could notice; such a mutant is listed, and not run.
    """

    name: str
    where: str
    old: str
    new: str
    equivalent: str = ""

    @property
    def file(self) -> Path:
        """The file of the package; a name means one file. Raises LookupError when there is none."""
        found = list(LIBRARY.rglob(f"{self.where.partition(':')[0]}.py"))
        if not found:
            raise LookupError(f"there is no file of that name: {self.where}")
        return found[0]

    @property
    def room(self) -> str:
        return self.file.relative_to(LIBRARY).parts[0]

    @property
    def tests(self) -> tuple[str, ...]:
        place = f"{self.room}/{self.file.stem}"
        return next(tests for pattern, tests in TESTS.items() if fnmatch(place, pattern))

    def mutated(self) -> str:
        """The text of the file with the edit. Raises LookupError when ``old`` does not stand there exactly once."""
        text = self.file.read_text("utf-8")
        first, last = _span(text, self.where.partition(":")[2])
        part = text[first:last]
        if part.count(self.old) != 1:
            raise LookupError(f"{self.where} holds it {part.count(self.old)} times")
        return text[:first] + part.replace(self.old, self.new) + text[last:]


def _span(text: str, symbol: str) -> tuple[int, int]:
    """Where a function, a class or a method (``Engine.groups``) stands in a text; all of it without a symbol."""
    if not symbol:
        return 0, len(text)
    nodes: list[ast.stmt] = ast.parse(text).body
    for name in symbol.split("."):
        found = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name]
        if not found:
            raise LookupError(f"there is no {symbol}")
        nodes = found[-1].body
    node = found[-1]
    lines = text.splitlines(keepends=True)
    start = min([node.lineno, *(each.lineno for each in node.decorator_list)])
    return sum(map(len, lines[: start - 1])), sum(map(len, lines[: node.end_lineno]))


def mutants() -> list[Mutant]:
    """All of ``mutants.yaml``."""
    return [Mutant(**each) for each in yaml.safe_load((ROOT / "tests" / "mutants.yaml").read_text("utf-8"))]


def out_of_date(mutant: Mutant) -> str:
    """Why a mutant cannot be made any more; "" when it can."""
    try:
        mutant.mutated()
    except LookupError as reason:
        return str(reason)
    return ""


def main(words: list[str]) -> int:
    """Run the mutants, print a table, return the exit code."""
    named = [each for each in mutants() if not words or any(word in f"{each.name} {each.where}" for word in words)]
    stale = {mutant.name: reason for mutant in named if (reason := out_of_date(mutant))}
    for name, reason in stale.items():
        print(f"out of date    {name}: {reason}")
    if stale:
        return 2
    for mutant in named:
        if mutant.equivalent:
            print(f"equivalent {mutant.name:<58} {mutant.equivalent}")
    chosen = [mutant for mutant in named if not mutant.equivalent]
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        if broken := unchanged_fails(Path(folder), tuple(test for mutant in chosen for test in mutant.tests)):
            print(f"The tests fail without any mutant: repair that first ({broken}).")
            return 2
        outcomes = pool.map(lambda numbered: trial(Path(folder), *numbered), enumerate(chosen))
        survivors = [mutant for mutant, outcome in report(chosen, outcomes) if not outcome]
    lived = Counter(mutant.room for mutant in survivors)
    rooms = Counter(mutant.room for mutant in chosen)
    print("; ".join(f"{room}: {number - lived[room]} of {number}" for room, number in rooms.items()))
    seconds = time.monotonic() - started
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} mutants caught in {seconds:.0f} s")
    return 1 if survivors else 0


def report(chosen: list[Mutant], outcomes: Iterator[str]) -> Iterator[tuple[Mutant, str]]:
    for mutant, outcome in zip(chosen, outcomes, strict=True):
        print(f"{'caught' if outcome else 'SURVIVED':<10} {mutant.name:<58} {outcome}", flush=True)
        yield mutant, outcome


def unchanged_fails(folder: Path, tests: tuple[str, ...]) -> str:
    with project(folder / "unchanged") as copy:
        return failed_test(copy, tests)


def trial(folder: Path, number: int, mutant: Mutant) -> str:
    """The test that caught the mutant; "" when none did."""
    with project(folder / str(number)) as copy:
        (copy / mutant.file.relative_to(ROOT)).write_text(mutant.mutated(), "utf-8")
        return failed_test(copy, mutant.tests)


@contextmanager
def project(folder: Path) -> Iterator[Path]:
    """A copy of what the tests need."""
    for part in ("netpol_lab", "data", "tests", "notebooks"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def failed_test(copy: Path, tests: tuple[str, ...]) -> str:
    """The name of the first test that fails in this copy; "" when all pass."""
    files = dict.fromkeys(path for name in tests for path in sorted((copy / "tests").glob(f"test_{name}.py")))
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=no", "-p", "no:cacheprovider", *map(str, files)]
    environment = {**os.environ, "NETPOL_LAB_WORLDS": WORLDS, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    result = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
    if result.returncode == 0:
        return ""
    failed = [line for line in result.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0].partition("::")[2].partition(" - ")[0] or failed[0] if failed else "the run itself broke"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
