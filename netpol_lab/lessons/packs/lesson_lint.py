"""The rules every lesson keeps. Each function returns its faults as sentences, or nothing.

``source_faults`` looks at what people write, ``built_faults`` at what the builder made of it: the second
would find a leaked solution even if the builder were wrong.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from netpol_lab.model.datafiles import notebooks
from netpol_lab.model.language import ENGLISH, languages
from netpol_lab.model.phrases import did_you_mean, nearest

ROLES = {
    "objective": "Markdown after the title: what you do, what you learn, what you need, **Time:** and the minutes",
    "predict": "Markdown or code: the question before the command",
    "exercise": "code: what the student completes; the solution notebook has its solution instead",
    "hint": "Markdown: two or three in a row, from vague to nearly told; the builder folds and numbers them",
    "check": 'code: `lab.check("NN-name/1")`',
    "solution": "code after an exercise, or Markdown that explains it; only the solution notebook has it",
    "notes": "Markdown for the trainer; neither notebook has it",
    "quiz": 'code: `lab.quiz("NN-name/q1", "")`, or `lab.recall("")` for a question about an earlier lesson',
    "cleanup": "code: what takes everything away again",
}
"""The roles of cells, as tags, and which cell each is for. The page for authors prints them."""

OTHER_TAGS = {"raises-exception", "glossary"}
CODE_ROLES = {"exercise", "check", "cleanup"}
MARKDOWN_ROLES = {"objective", "hint", "notes", "glossary"}

NO_VERB = re.compile(r"(?i)the|an?|how|what|why|when|introduction|\w+ing")
"""How a title begins that does not say what the student does."""

APPENDIX = "9"
"""A page whose number begins so is for looking things up: no exercises, no time of its own."""

RELATIVE_LINK = re.compile(r"\]\((?P<target>(?![a-z]+:|#)[^)#\s]+)(?P<anchor>#[^)\s]*)?\)")
ANCHOR_LINK = re.compile(r"\]\(#([^)\s]+)\)")
MACHINE_PATH = re.compile(r"/home/\w|/Users/\w|/root/\w|/tmp/\w|/var/folders/|site-packages|[A-Z]:\\\\?Users")
BLANK = "____"
# What no stored output may hold.
WORTHLESS = (
    (MACHINE_PATH, "a path of a machine"),
    (re.compile(r"object at 0x|\bat 0x[0-9a-f]{6,}"), "an object's address"),
    (re.compile(r"(kubectl|curl|python3?): (command )?not found"), "that a program was not there"),
)


def tags(cell: NotebookNode) -> set[str]:
    """Return the roles of a cell."""
    return set(cell.metadata.get("tags", ()))


def at(cell: NotebookNode, number: int) -> str:
    """Where a cell is: its line where its source is known, else its number."""
    line = cell.metadata.get("line")
    return f"line {line}" if line else f"cell {number}"


def language_of(source: Path) -> str:
    """Return the language of a source: that of its folder, which stands beside the English ones."""
    return source.parent.name if source.parent.name in languages() else ENGLISH


def is_appendix(name: str) -> bool:
    """Return whether a lesson's name is that of a page to look things up in.

    >>> is_appendix("90-appendix"), is_appendix("09-plugins-and-limits")
    (True, False)
    """
    return name.startswith(APPENDIX)


def source_faults(source: Path, lesson: NotebookNode) -> list[str]:
    """Return what is wrong with a lesson as written. ``source`` is its file; links are followed from ``notebooks/``."""
    cells = lesson.cells
    if (translated := language_of(source)) != ENGLISH:
        # That it has all parts is seen by its original: a test compares them cell by cell.
        folder = source.parents[2] / translated
        return [*tag_faults(cells), *prose_faults(cells), *link_faults(cells, folder, source.parent)]
    return [
        *title_faults(cells),
        *([] if is_appendix(source.stem) else part_faults(cells)),
        *tag_faults(cells),
        *exercise_faults(cells),
        *prose_faults(cells),
        *link_faults(cells, source.parent.parent, source.parent),
    ]


def title_faults(cells: Sequence[NotebookNode]) -> Iterator[str]:
    first = cells[0] if cells else None
    title = re.match(r"# (\S+)", first.source) if first is not None and first.cell_type == "markdown" else None
    if title is None:
        yield "the first cell is not a Markdown title (`# ...`)"
    elif NO_VERB.fullmatch(title[1]):
        yield f"the title begins with {title[1]!r}; begin with what the student does, such as Allow, Close or Find"


def part_faults(cells: Sequence[NotebookNode]) -> Iterator[str]:
    roles = Counter(role for cell in cells for role in tags(cell))
    for role, least in {"objective": 1, "predict": 1, "exercise": 2, "check": 2, "quiz": 1, "cleanup": 1}.items():
        if roles[role] < least:
            yield f"{roles[role]} cells are tagged {role}; a lesson has at least {least}"
    objective = " ".join(cell.source for cell in cells if "objective" in tags(cell))
    for pattern, what in {
        r"\d+ minutes": "the minutes it takes",
        r"(?i)\blearn": "what you learn",
        r"(?i)\bneed": "what you need",
    }.items():
        if not re.search(pattern, objective):
            yield f"the objective does not tell {what}"
    headings = {
        name for cell in cells if cell.cell_type == "markdown" for name in re.findall(r"(?m)^#+ (.+?)\s*$", cell.source)
    }
    for name in ("Key points", "Further reading"):
        if name not in headings:
            yield f"there is no heading {name!r}"


def tag_faults(cells: Sequence[NotebookNode]) -> Iterator[str]:
    for number, cell in enumerate(cells, 1):
        for tag in sorted(tags(cell) - ROLES.keys() - OTHER_TAGS):
            meant = did_you_mean(nearest(tag, ROLES), "'")
            known = f", {meant}" if meant else f". Roles are {', '.join(ROLES)}."
            yield f"{at(cell, number)}: {tag!r} is no role{known}"
        misplaced = tags(cell) & (MARKDOWN_ROLES if cell.cell_type == "code" else CODE_ROLES)
        for tag in sorted(misplaced):
            yield f"{at(cell, number)}: {tag!r} is not for a {cell.cell_type} cell"


def exercise_faults(cells: Sequence[NotebookNode]) -> Iterator[str]:
    """Each exercise has its solution at once, a hint and a check, and its lines occur in the solution."""
    starts = [number for number, cell in enumerate(cells) if "exercise" in tags(cell)]
    for count, start in enumerate(starts, 1):
        end = starts[count] if count < len(starts) else len(cells)
        following = set().union(*(tags(cell) for cell in cells[start + 1 : end]))
        for role in ("solution", "hint", "check"):
            if role not in following:
                yield f"{at(cells[start], start + 1)}: exercise {count} has no {role}"
        solved = [cell.source for cell in cells[start:end] if "solution" in tags(cell) and cell.cell_type == "code"]
        yield from (
            f"{at(cells[start], start + 1)}: exercise {count}: {line!r} is not in its solution"
            for line in drifted(cells[start].source, "\n".join(solved))
        )


def drifted(stub: str, solution: str) -> list[str]:
    """Return the lines of an exercise that its solution lacks, or has in another order.

    >>> drifted("kind: NetworkPolicy\\nname: ____", "kind: NetworkPolicy\\nname: close-server")
    []
    >>> drifted("kind: NetworkPolicies", "kind: NetworkPolicy")
    ['kind: NetworkPolicies']
    """
    rest = [line.strip() for line in solution.splitlines()]
    missing = []
    for line in (line.strip() for line in stub.splitlines()):
        if not line or line == BLANK or (line.startswith("#") and BLANK not in line):
            continue
        pattern = re.compile(r"\s*.*".join(re.escape(part.rstrip()) for part in line.split(BLANK)))
        place = next((n for n, candidate in enumerate(rest) if pattern.fullmatch(candidate)), None)
        if place is None:
            missing.append(line)
        else:
            rest = rest[place + 1 :]
    return missing


def prose_faults(cells: Sequence[NotebookNode]) -> Iterator[str]:
    in_a_row = 0
    for number, cell in enumerate(cells, 1):
        if tags(cell) & {"solution", "notes"}:
            continue
        in_a_row = in_a_row + 1 if cell.cell_type == "code" else 0
        if in_a_row > 2:
            yield f"{at(cell, number)}: the third code cell in a row; say first what it is for"
        if cell.cell_type == "markdown" and re.search(r"(?m)^(:::|`{3,}\{)", cell.source):
            yield f"{at(cell, number)}: JupyterLab shows MyST directives raw"
        if cell.cell_type == "code" and re.search(r"(?m)^(\+\+\+|```)", cell.source):
            yield f"{at(cell, number)}: this cell does not end; close it with ```"
        found = MACHINE_PATH.search(cell.source)
        if found:
            yield f"{at(cell, number)}: names a path of a machine ({found[0]}...)"


def link_faults(cells: Sequence[NotebookNode], folder: Path, source_folder: Path) -> Iterator[str]:
    prose = [(cell, number) for number, cell in enumerate(cells, 1) if cell.cell_type == "markdown"]
    headings = (heading for cell, _ in prose for heading in re.findall(r"(?m)^#+ (.+)$", cell.source))
    anchors = {re.sub(r"\s+", "-", heading.strip()) for heading in headings}
    # A lesson that is written but not built yet is no broken link, and the workbook's own lie beside those of a pack.
    lessons = {f"{each.stem}.ipynb" for each in source_folder.glob("*.md")} | {each.name for each in notebooks()}
    for cell, number in prose:
        targets = [match["target"] for match in RELATIVE_LINK.finditer(cell.source)]
        lost = [target for target in targets if target not in lessons and not (folder / target).exists()]
        lost += [f"#{anchor}" for anchor in ANCHOR_LINK.findall(cell.source) if anchor not in anchors]
        yield from (f"{at(cell, number)}: the link to {target} leads nowhere" for target in lost)


def built_faults(lesson: NotebookNode, text: str, name: str) -> list[str]:
    """Return what is wrong with a built notebook. ``lesson`` is its source, ``text`` the file, ``name`` its path."""
    made = nbformat.reads(text, as_version=4)
    if name.startswith("solutions/"):
        return [*output_faults(made)]
    return [*leaks(lesson, made)]


def leaks(lesson: NotebookNode, student: NotebookNode) -> Iterator[str]:
    """Yield what a student's notebook gives away: solution lines that the lesson shows nowhere else, notes, outputs."""
    hidden = {line for cell in lesson.cells if tags(cell) & {"solution", "notes"} for line in spoken_lines(cell)}
    shown = {line for cell in lesson.cells if not tags(cell) & {"solution", "notes"} for line in spoken_lines(cell)}
    for number, cell in enumerate(student.cells, 1):
        for line in spoken_lines(cell):
            if line in hidden - shown:
                yield f"cell {number} gives away {line!r}"
        if tags(cell) & {"solution", "notes"}:
            yield f"cell {number} is tagged {', '.join(sorted(tags(cell)))}"
        if cell.cell_type == "code" and (cell.outputs or cell.execution_count is not None):
            yield f"cell {number} has outputs or a number"


def spoken_lines(cell: NotebookNode) -> list[str]:
    """Return the lines of a cell that say something: not blank, not a lone bracket or dash."""
    lines = (line.strip() for line in cell.source.splitlines())
    return [line for line in lines if len(re.sub(r"\W", "", line)) > 2]


def output_faults(solved: NotebookNode) -> Iterator[str]:
    """Yield what makes stored outputs worthless or tied to one machine."""
    for number, cell in enumerate((cell for cell in solved.cells if cell.cell_type == "code"), 1):
        if cell.execution_count != number:
            yield f"code cell {number} is numbered {cell.execution_count}"
        text = json.dumps(cell.outputs, ensure_ascii=False)
        for pattern, what in WORTHLESS:
            found = pattern.search(text)
            if found:
                yield f"code cell {number} shows {what} ({found[0]}...)"
        if any(output.output_type == "error" for output in cell.outputs) and "raises-exception" not in tags(cell):
            yield f"code cell {number} raised"
