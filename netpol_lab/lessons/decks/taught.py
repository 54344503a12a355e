"""A lesson as a trainer has it: the cells of its source with their roles, its outputs, the notes, and the minutes."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netpol_lab.model.datafiles import lessons_to_teach
from netpol_lab.model.errors import LabError, NotFound

if TYPE_CHECKING:
    from nbformat import NotebookNode

_HEADING = re.compile(r"(?m)^##+ +(.+?)\s*$")
_STATED = re.compile(r"\*\*Time:\*\* (\d+) minutes")
EXTRA = "Run `{python} -m pip install 'netpol-lab[slides]'`"


@dataclass(frozen=True)
class TaughtCell:
    """One cell: Markdown or code, its roles, what the stored solution printed below it, and its seconds."""

    code: bool
    source: str
    roles: frozenset[str] = frozenset()
    outputs: tuple[Mapping[str, Any], ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class TaughtSection:
    """What stands under one heading, with the trainer's notes as Markdown. The first section has the lesson's title."""

    title: str
    cells: tuple[TaughtCell, ...]
    notes: tuple[str, ...]

    @property
    def seconds(self) -> float:
        return sum(cell.seconds for cell in self.cells)


@dataclass(frozen=True)
class TaughtLesson:
    """A lesson: ``name`` such as ``02-default-deny``, its title, and its sections in order."""

    name: str
    title: str
    sections: tuple[TaughtSection, ...]

    @property
    def minutes(self) -> int:
        """The minutes that the lesson states; without them, those of the model."""
        for cell in self.sections[0].cells:
            if found := _STATED.search(cell.source):
                return int(found[1])
        return round(sum(section.seconds for section in self.sections) / 60)

    def section(self, title: str) -> TaughtSection:
        """One section. Raises NotFound with those there are."""
        for each in self.sections:
            if each.title == title:
                return each
        raise NotFound(f"{self.name} has no section {title!r}. There are: {'; '.join(s.title for s in self.sections)}.")


def lesson_names(wanted: str = "") -> list[str]:
    """The names of the lessons that begin so. Raises NotFound where none does."""
    names = [source.stem for source, _ in lessons_to_teach() if not source.stem.endswith("glossary")]
    found = [name for name in names if name == wanted] or [name for name in names if name.startswith(wanted)]
    if not found:
        raise NotFound(f"No lesson begins with {wanted!r}. There are: {', '.join(names)}.")
    return found


def taught(name: str) -> TaughtLesson:
    """The lesson of this name. Raises NotFound for a name that is none, LabError for files that do not fit together."""
    for source, solved in lessons_to_teach():
        if source.stem == name:
            return read_lesson(source, solved)
    raise NotFound(f"There is no lesson {name!r}.")


def read_lesson(source: Path, solved: Path) -> TaughtLesson:
    """A lesson from its source and its solved notebook, wherever they are.

    Raises LabError where the notebook is not whole, or not made from this source.
    """
    cells = list(_cells(source, solved))
    title = cells[0].source.removeprefix("# ").strip()
    sections: list[TaughtSection] = []
    heading, kept, notes = title, [], []  # type: tuple[str, list[TaughtCell], list[str]]
    for cell in cells[1:]:
        if "notes" in cell.roles:
            notes.append(cell.source)
            continue
        for new, part in _at_headings(cell):
            if new:
                sections.append(TaughtSection(heading, tuple(kept), tuple(notes)))
                heading, kept, notes = new, [], []
            if part.code or part.source:
                kept.append(part)
    sections.append(TaughtSection(heading, tuple(kept), tuple(notes)))
    return TaughtLesson(source.stem, title, tuple(sections))


def _at_headings(cell: TaughtCell) -> Iterator[tuple[str, TaughtCell]]:
    """A Markdown cell parted before each heading: (heading, "" where none, and what stands under it)."""
    if cell.code:
        yield "", cell
        return
    parts = _HEADING.split(cell.source)
    whole = max(len(cell.source), 1)
    for heading, text in zip(["", *parts[1::2]], parts[::2], strict=True):
        if heading or text.strip():
            yield heading, TaughtCell(False, text.strip(), cell.roles, (), cell.seconds * len(text) / whole)


def _cells(source: Path, solved: Path) -> Iterator[TaughtCell]:
    """The source's cells, each with the outputs of its twin in the solved notebook."""
    try:
        from netpol_lab.lessons.packs.building import read
        from netpol_lab.lessons.packs.lesson_minutes import cell_seconds
    except ImportError as error:
        raise NotFound(f"Slides need {error.name}. {EXTRA.format(python=sys.executable)}.") from None
    twins, stub = iter(_solved_cells(solved)), ""
    for cell in read(source).cells:
        roles, code = frozenset(cell.metadata.get("tags", ())), cell.cell_type == "code"
        if roles & {"exercise", "notes"}:
            stub = cell.source if "exercise" in roles else stub
            yield TaughtCell(code, cell.source, roles)
            continue
        twin = next(twins, None)
        if twin is None or twin["cell_type"] != cell.cell_type:
            raise LabError(f"{solved.name} was not made from {source.name}. Run `make notebooks`.")
        cell.outputs = twin.get("outputs", [])
        seconds = cell_seconds(cell, stub if "solution" in roles else "")
        yield TaughtCell(code, cell.source, roles, tuple(cell.outputs), seconds)


def _solved_cells(solved: Path) -> list[NotebookNode]:
    from nbformat import from_dict

    try:
        cells = json.loads(solved.read_bytes())["cells"]
    except (OSError, ValueError, KeyError, TypeError):
        raise LabError(f"{solved.name} is no whole notebook. `git restore` it, or install netpol-lab again.") from None
    for output in (output for cell in cells for output in cell.get("outputs", ())):
        if "text" in output:
            output["text"] = "".join(output["text"])
    return [
        from_dict(cell) for cell in cells[:1] + cells[2:]
    ]  # the second cell is the banner that the build puts there
