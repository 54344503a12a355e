"""Lessons from their sources: what people write in ``NN-name.md`` becomes the two notebooks of a lesson.

The student's notebook has no outputs, and its exercises are blank. The solution notebook is executed in an empty folder
and keeps its outputs. The same source always gives the same bytes. ``lesson_lint`` holds the rules a source keeps.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import nbformat
from jupytext import myst
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from netpol_lab.lessons import quiz
from netpol_lab.lessons.packs import glossary_links, lesson_lint, lesson_minutes
from netpol_lab.lessons.packs.lesson_lint import tags
from netpol_lab.lessons.packs.lesson_minutes import TimedSection
from netpol_lab.model.errors import LabError
from netpol_lab.model.fields import DataError
from netpol_lab.model.language import ENGLISH, language, speaking, spoken

SECONDS_PER_CELL = 120
NOT_RUN = (CellExecutionError, CellTimeoutError, DeadKernelError)
ANSI_COLOR = re.compile(r"\x1b\[[0-9;]*m")
ASKED = re.compile(r'lab\.(?:predict|quiz)\("([^"]+)", ""\)')
RECALLS = 'lab.recall("")'
INSTEAD = "A mistake of yours that is to come back is asked about in its place."

# No version in it: the notebook must be the same file on every Python.
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}


def read(source: Path) -> NotebookNode:
    """Return one source as a notebook whose cells carry their roles as tags, and the line each begins on.

    Raises :class:`DataError` for a source that cannot be read.
    """
    try:
        text = source.read_text(encoding="utf-8")
        lesson: NotebookNode = myst.myst_to_notebook(text, add_source_map=True)
    except UnicodeDecodeError as error:
        raise DataError(f"{source.name}: this is no UTF-8 text: {error.reason}.") from None
    except nbformat.ValidationError:
        no_list = re.compile(r":tags: *[^\s\[]|.*\"tags\": *+(?!\[\"|\[\])")
        odd = next((n for n, line in enumerate(text.splitlines(), 1) if no_list.match(line)), 1)
        raise DataError(f"{source.name}, line {odd}: tags are a list, such as `:tags: [exercise]`.") from None
    except (myst.MystMetadataParsingError, ValueError, AttributeError) as error:
        # "Code cell 3 at line 12 could not be read: ..."
        said = re.fullmatch(r"(?s)\w+ cell \d+ at line (\d+) (?:could not be read: )?(.*)", str(error))
        place, why = (f"{source.name}, line {said[1]}", said[2]) if said else (source.name, str(error))
        raise DataError(f"{place}: the head of this cell cannot be read: {' '.join(why.split())}") from None
    lines = text.splitlines()
    for cell, begins in zip(lesson.cells, lesson.metadata.pop("source_map"), strict=True):
        cell.metadata["line"] = next(n for n, line in enumerate(lines[begins:], begins + 1) if line.strip())
    return lesson


def student_form(source: Path) -> NotebookNode:
    """Return the student's notebook: exercises blank, hints folded, neither solutions nor trainer's notes."""
    cells = [cell for cell in told(source) if not tags(cell) & {"solution", "notes"}]
    return notebook([cell for each in cells for cell in (*question_above(each, source.stem), each)])


def solution_form(source: Path) -> NotebookNode:
    """Return the solution notebook, not executed: each solved exercise gives way to its solution."""
    cells = [cell for cell in told(source) if not tags(cell) & {"exercise", "notes"}]
    for cell in cells:
        if cell.cell_type == "markdown":
            cell.source = one_folder_deeper(cell.source)
    banner = "> The exercises of {lesson}, solved. Try them there first."
    if lesson_lint.is_appendix(source.stem):
        banner = "> {lesson}, with what its cells print."
    banner = spoken(banner, lesson=f"[{source.stem}](../{source.stem}.ipynb)")
    cells.insert(1, nbformat.v4.new_markdown_cell(banner))
    return notebook(cells)


def told(source: Path) -> Sequence[NotebookNode]:
    """Return the cells of a source with what the builder adds to their words: folds, and links to the glossary.

    Links come only where the page they lead to is built as well.
    """
    cells = list(glossary_links.entries(list(folded(read(source).cells))))
    has_page = source.with_stem(glossary_links.PAGE).exists() and source.stem != glossary_links.PAGE
    return glossary_links.linked(cells) if has_page else cells


def folded(cells: Sequence[NotebookNode]) -> Iterator[NotebookNode]:
    """Yield the cells with each hint folded and numbered; the numbers begin anew at each exercise."""
    number = 0
    for cell in cells:
        if "exercise" in tags(cell):
            number = 0
        if "hint" in tags(cell):
            number += 1
            cell.source = (
                f"<details>\n<summary>{spoken('Hint {number}', number=number)}</summary>\n\n{cell.source}\n\n</details>"
            )
        yield cell


def question_above(cell: NotebookNode, lesson: str) -> Iterator[NotebookNode]:
    """Yield the text of the question that a cell asks: it is there to think about before the cell runs.

    Above ``lab.recall("")`` it is the lesson's own; who has a mistake to repeat is asked about that.
    """
    if cell.cell_type != "code":
        return
    own = f"{lesson}/r1" if RECALLS in cell.source else ""
    for id in (*ASKED.findall(cell.source), *filter(None, [own])):
        asks = spoken("Predict" if "/p" in id else "Question")
        instead = f" {spoken(INSTEAD)}" if id == own else ""
        yield nbformat.v4.new_markdown_cell(f"**{asks}.** {as_markdown(quiz.load(id, '$XX').text)}{instead}")


def as_markdown(text: str) -> str:
    """Return text as Markdown that shows it; what carries the student's number is in the font of code.

    >>> as_markdown("client-$XX asks *.example.com.")
    '`client-$XX` asks \\\\*.example.com.'
    """
    parts = re.split(r"([\w/.-]*\$XX(?:[\w-]|\.(?=\w))*)", text)
    return "".join(
        f"`{part}`" if n % 2 else re.sub(r"([\\`*_\[\]<>$#])", r"\\\1", part) for n, part in enumerate(parts)
    )


def one_folder_deeper(text: str) -> str:
    """Return Markdown whose relative links hold in ``solutions/``, where the lessons have their solved twins."""

    def moved(match: re.Match[str]) -> str:
        target = match["target"]
        is_lesson = re.match(r"[0-9][0-9]-[^/]*\.ipynb", target)
        return match[0] if is_lesson else match[0].replace(f"({target}", f"(../{target}")

    return lesson_lint.RELATIVE_LINK.sub(moved, text)


def notebook(cells: Sequence[NotebookNode]) -> NotebookNode:
    """Return a notebook of these cells with nothing in it that changes from build to build."""
    made: NotebookNode = nbformat.v4.new_notebook(metadata=METADATA)
    seen: set[str] = set()
    for cell in cells:
        cell.id = cell_id(cell, seen)
        roles = cell.metadata.get("tags")
        cell.metadata = NotebookNode({"tags": roles} if roles else {})
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        made.cells.append(cell)
    return made


def cell_id(cell: NotebookNode, seen: set[str]) -> str:
    """Return an id made from what the cell says, so that a new cell does not change the ids of all after it."""
    digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
    number = next(n for n in range(1, len(seen) + 2) if f"{digest}-{n}" not in seen)
    seen.add(f"{digest}-{number}")
    return f"{digest}-{number}"


def execute(made: NotebookNode, **options: Any) -> NotebookNode:
    """Run a notebook in an empty folder with a kernel of this environment, and keep its outputs.

    ``options`` are more settings of the client. Raises ``CellExecutionError`` when a cell raises that is not tagged
    ``raises-exception``.
    """
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder, "work")
        work.mkdir()
        client = NotebookClient(
            made,
            timeout=SECONDS_PER_CELL,
            kernel_name="python3",
            record_timing=False,
            extra_arguments=["--log-level=ERROR"],
            resources={"metadata": {"path": str(work)}},
            **options,
        )
        # Neither the user's start-up files nor their cluster may change what a lesson shows.
        client.execute(env=clean_environment(Path(folder)))
    made.metadata = NotebookNode(METADATA)
    for cell in made.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = settled(cell.outputs)
    return made


def clean_environment(folder: Path) -> dict[str, str]:
    """Return this process's environment without what is private to the user or the machine."""
    environment = {name: value for name, value in os.environ.items() if name not in {"KUBECONFIG", "XX"}}
    return environment | {"IPYTHONDIR": str(folder / "ipython"), "TZ": "UTC", "LC_ALL": "C.UTF-8", "COLUMNS": "80"}


def settled(outputs: Sequence[NotebookNode]) -> list[NotebookNode]:
    """Return outputs without what changes from run to run.

    stdout and stderr arrive in pieces and in any order, so the pieces between two displays become one of each, stdout
    first. A widget has a random id, and a PNG has other bytes on another machine; what stays of both is their text.
    """
    result: list[NotebookNode] = []
    streams: dict[str, NotebookNode] = {}

    def flush() -> None:
        result.extend(streams[name] for name in ("stdout", "stderr") if name in streams)
        streams.clear()

    for output in outputs:
        if output.output_type == "stream":
            if output.name in streams:
                streams[output.name].text += output.text
            else:
                streams[output.name] = output
            continue
        flush()
        if "data" in output:
            for kind in ("application/vnd.jupyter.widget-view+json", "image/png"):
                output.data.pop(kind, None)
            if not output.data:  # the buttons of a question, whose card is an output of its own
                continue
        result.append(output)
    flush()
    return result


def as_text(made: NotebookNode) -> str:
    """Return the file's text as it is stored."""
    nbformat.validate(made)
    text: str = nbformat.writes(made, version=4, indent=1, sort_keys=True, ensure_ascii=False)
    return text + "\n"


def built(source: Path, students_only: bool = False) -> tuple[dict[str, str], list[str]]:
    """Return both notebooks of a lesson as text, by their path below ``notebooks/``, and what is wrong with it.

    Each fault is one line or more, and begins with its file. Without the solution notebook no kernel is started.
    """
    with speaking(lesson_lint.language_of(source)):
        return _built(source, students_only)


def _built(source: Path, students_only: bool) -> tuple[dict[str, str], list[str]]:
    name = f"{source.stem}.ipynb"
    try:
        lesson, files = read(source), {name: as_text(student_form(source))}
    except LabError as error:
        return {}, [str(error)]
    problems = [placed(source, fault) for fault in lesson_lint.source_faults(source, lesson)]
    if not students_only:
        try:
            solved = execute(solution_form(source))
        except NOT_RUN as error:
            return {}, [*problems, placed(source, raised(error, lesson))]
        files[f"solutions/{name}"] = as_text(solved)
        if language() == ENGLISH:
            minutes = lesson_minutes.faults(source.stem, source.read_text(encoding="utf-8"), sections(source, solved))
            problems += [f"{source.name}: {fault}." for fault in minutes]
    for name, text in files.items():
        problems += [f"{name}: {fault}" for fault in lesson_lint.built_faults(lesson, text, name)]
    return files, problems


def raised(error: Exception, lesson: NotebookNode) -> str:
    """Return why a notebook did not run to its end: the line of the cell, what it raised, and the cell."""
    if not isinstance(error, CellExecutionError):
        return f"a cell did not end within {SECONDS_PER_CELL} seconds, or its kernel died: {error}"
    cell = str(error).split("\n------------------\n")[1]
    line = next((each.metadata["line"] for each in lesson.cells if each.source.strip() == cell.strip()), 0)
    said = f"this cell raises {error.ename}: {ANSI_COLOR.sub('', error.evalue)}\n{cell}"
    return f"line {line}: {said}" if line else said


def placed(source: Path, fault: str) -> str:
    """Return a fault behind its file: ``20-shop.md, line 12: ...``."""
    return f"{source.name}{', ' if fault.startswith('line ') else ': '}{fault}"


def sections(source: Path, solved: NotebookNode) -> list[TimedSection]:
    """Return the sections of a lesson with their times, as its solution notebook gives them."""
    return lesson_minutes.sections(student_form(source), solved)
