"""A lesson of a pack built and tried: its data, its source, both notebooks, and each of them run as a student would."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from netpol_lab.lessons.packs import building, proving
from netpol_lab.model.errors import LabError


def build(source: Path) -> tuple[dict[str, str], list[str]]:
    """Return the notebooks of a lesson by their path in the pack, and everything that is wrong with it.

    The pack has to be one that ``pack_folders`` finds. Never raises for what is wrong with a lesson.
    """
    try:
        lesson = building.read(source)
        faults = list(proving.faults(source.stem, lesson))
    except LabError as error:
        return {}, [str(error)]
    with ThreadPoolExecutor(max_workers=2) as pool:
        both, student = pool.submit(building.built, source), pool.submit(_students_run, source, lesson)
        files, found = both.result()
        faults += found + student.result()
    solved = files.get(f"solutions/{source.stem}.ipynb")
    faults += _second_run(source, lesson, nbformat.reads(solved, as_version=4)) if solved else []
    return files, list(dict.fromkeys(faults))


def _students_run(source: Path, lesson: NotebookNode) -> list[str]:
    """What raises in the notebook that a student gets, with its exercises blank."""
    try:
        building.execute(building.student_form(source))
    except building.NOT_RUN as error:
        return [f"{building.placed(source, building.raised(error, lesson))}\nThe exercises are blank here."]
    except LabError:  # building both forms says it too
        return []
    return []


def _second_run(source: Path, lesson: NotebookNode, solved: NotebookNode) -> list[str]:
    """The cells that print something else when the solution notebook runs again: a clock, an address, a random id."""
    again = building.execute(building.solution_form(source))
    changed = [one.source for one, other in zip(solved.cells, again.cells, strict=True) if one != other]
    lines = [cell.metadata["line"] for cell in lesson.cells if cell.source in changed]
    return [
        building.placed(source, f"line {line}: this cell prints something else when it runs again") for line in lines
    ]
