"""The lessons themselves: fresh from their sources, run by nbval as a student and as a reviewer would."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import build
import nbformat
import pytest
from nbformat import NotebookNode
from nbval_runs import run_nbval

from benchmarks.notebooks import FIRST_CELL, kernel, run_cell
from netpol_lab.lessons.packs import building
from netpol_lab.lessons.packs.lesson_lint import is_appendix, tags

SOURCES = build.sources()
LESSONS = pytest.mark.parametrize("source", SOURCES, ids=[source.stem for source in SOURCES])

# A harness that finds nothing to run passes. So the least is written down; raise it with each lesson.
LEAST_LESSONS = 10
LEAST_CELLS = 450
LEAST_KUBECTL_LINES = 300


def kubectl_lines(notebook: NotebookNode) -> list[str]:
    """Return the lines of a notebook that run kubectl: `!` lines, and those of bash cells."""
    lines = []
    for cell in (cell for cell in notebook.cells if cell.cell_type == "code"):
        in_bash = cell.source.startswith(("%%bash", "%%sh"))
        shell = [line for line in cell.source.splitlines() if in_bash or "!" in line]
        lines += [
            line for line in shell if re.search(r"(^|[!\s|(&;])kubectl\s", line) and not line.lstrip().startswith("#")
        ]
    return lines


def test_the_lessons_run_at_least_so_many_cells_and_kubectl_lines() -> None:
    solved = [building.solution_form(source) for source in SOURCES]
    assert len(solved) >= LEAST_LESSONS
    assert sum(cell.cell_type == "code" for notebook in solved for cell in notebook.cells) >= LEAST_CELLS
    assert sum(len(kubectl_lines(notebook)) for notebook in solved) >= LEAST_KUBECTL_LINES


@LESSONS
def test_the_stored_notebooks_are_what_their_source_gives(source: Path) -> None:
    assert build.run([source], build.HERE, check=True, students_only=False) == []


def test_every_stored_notebook_has_a_source() -> None:
    assert build.orphans(build.HERE, {f"{source.stem}.ipynb" for source in SOURCES}) == []


def test_every_student_notebook_runs_with_its_exercises_blank(tmp_path: Path) -> None:
    for source in SOURCES:
        (tmp_path / f"{source.stem}.ipynb").write_text(
            building.as_text(building.student_form(source)), encoding="utf-8"
        )
    run = run_nbval(sorted(tmp_path.glob("*.ipynb")), strict=False)
    assert run.failed == 0, run.printed


def test_every_solution_notebook_passes_strict_nbval_twice_in_a_row(tmp_path: Path) -> None:
    for source in SOURCES:
        stored = build.HERE / "solutions" / f"{source.stem}.ipynb"
        shutil.copy(stored, tmp_path / f"{source.stem}-first.ipynb")
        shutil.copy(stored, tmp_path / f"{source.stem}-second.ipynb")
    run = run_nbval(sorted(tmp_path.glob("*.ipynb")), strict=True)
    assert run.failed == 0, run.printed
    assert run.cells >= 2 * LEAST_CELLS


def test_two_notebooks_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    with kernel(tmp_path) as (_, one), kernel(tmp_path) as (_, other):
        for client in (one, other):
            run_cell(client, FIRST_CELL)
        run_cell(one, "!kubectl create namespace student-$XX")
        assert "student-07" in run_cell(one, "!kubectl get namespaces")
        assert "student-07" not in run_cell(other, "!kubectl get namespaces")
        run_cell(other, "!kubectl delete namespace student-$XX --ignore-not-found\nlab.close()")
        assert "student-07" in run_cell(one, "!kubectl get namespaces")


@LESSONS
def test_every_check_of_a_solution_notebook_passed_when_its_outputs_were_stored(source: Path) -> None:
    solved = nbformat.read(build.HERE / "solutions" / f"{source.stem}.ipynb", as_version=4)
    checks = [cell for cell in solved.cells if "check" in tags(cell)]
    assert len(checks) >= (0 if is_appendix(source.stem) else 2)
    for cell in checks:
        (output,) = cell.outputs
        assert re.match(r"(= )?(Done|Equivalent):", output.data["text/plain"]), cell.source


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("!kubectl get pods", 1),
        ("out = !kubectl get pods -A", 1),
        ("%%bash\nIP=$(kubectl get pods -o json | jq .)\ncat x | kubectl apply -f -", 2),
        ("%%bash\n# kubectl get pods", 0),
        ("print('kubectl get pods')", 0),
        ("%%manifest x.yaml\nkubectl get pods", 0),
    ],
)
def test_only_lines_that_run_kubectl_are_counted(source: str, lines: int) -> None:
    cell = NotebookNode({"cell_type": "code", "source": source})
    assert len(kubectl_lines(NotebookNode({"cells": [cell]}))) == lines
