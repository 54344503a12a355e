"""Build the notebooks from their sources: ``python notebooks/build.py [--check] [--students] [NN-name ...]``.

``python notebooks/build.py --minutes`` prints how long each lesson and section takes, and writes the times where they
are told: in the lessons, in README.md and in the plan of TEACHING.md (``lesson_minutes`` has the model).

Each ``source/NN-name.md`` becomes two files: ``NN-name.ipynb`` for the student (no outputs, exercises blank) and
``solutions/NN-name.ipynb`` (exercises solved, executed in an empty folder, outputs kept). The same source
always gives the same bytes, so that ``--check`` can tell a stale notebook from a fresh one.
``source/README.md`` says how a source is written; ``lesson_lint`` holds the rules.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jupytext
import lesson_lint
import lesson_minutes
import nbformat
from lesson_lint import tags
from lesson_minutes import Section
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from netpol_lab.lessons import quiz

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "source"
SECONDS_PER_CELL = 120
ANSI_COLOR = re.compile(r"\x1b\[[0-9;]*m")
ASKED = re.compile(r'lab\.(?:predict|quiz)\("([^"]+)", ""\)')

# No version in it: the notebook must be the same file on every Python.
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}


def sources(folder: Path = SOURCE) -> list[Path]:
    """Return the lessons' sources in their order; a folder without any is an error, never an empty success."""
    found = sorted(folder.glob("[0-9][0-9]-*.md"))
    if not found:
        raise SystemExit(f"There is no lesson NN-name.md in {folder}.")
    return found


def read(source: Path) -> NotebookNode:
    """Return one source as a notebook whose cells carry their roles as tags."""
    lesson: NotebookNode = jupytext.reads(source.read_text(encoding="utf-8"), fmt="md:myst")
    return lesson


def student_form(source: Path) -> NotebookNode:
    """Return the student's notebook: exercises blank, hints folded, neither solutions nor trainer's notes."""
    cells = [cell for cell in folded(read(source).cells) if not tags(cell) & {"solution", "notes"}]
    return notebook([cell for each in cells for cell in (*question_above(each), each)])


def solution_form(source: Path) -> NotebookNode:
    """Return the solution notebook, not executed: each solved exercise gives way to its solution."""
    cells = [cell for cell in folded(read(source).cells) if not tags(cell) & {"exercise", "notes"}]
    for cell in cells:
        if cell.cell_type == "markdown":
            cell.source = one_folder_deeper(cell.source)
    banner = f"> The exercises of [{source.stem}](../{source.stem}.ipynb), solved. Try them there first."
    if lesson_lint.is_appendix(source.stem):
        banner = f"> [{source.stem}](../{source.stem}.ipynb), with what its cells print."
    cells.insert(1, nbformat.v4.new_markdown_cell(banner))
    return notebook(cells)


def folded(cells: Sequence[NotebookNode]) -> Iterator[NotebookNode]:
    """Yield the cells with each hint folded and numbered; the numbers begin anew at each exercise."""
    number = 0
    for cell in cells:
        if "exercise" in tags(cell):
            number = 0
        if "hint" in tags(cell):
            number += 1
            cell.source = f"<details>\n<summary>Hint {number}</summary>\n\n{cell.source}\n\n</details>"
        yield cell


def question_above(cell: NotebookNode) -> Iterator[NotebookNode]:
    """Yield the text of the question that a cell asks: it is there to think about before the cell runs."""
    for id in ASKED.findall(cell.source) if cell.cell_type == "code" else ():
        asks = "Predict" if "/p" in id else "Question"
        yield nbformat.v4.new_markdown_cell(f"**{asks}.** {as_markdown(quiz.load(id, '$XX').text)}")


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


def execute(made: NotebookNode) -> NotebookNode:
    """Run a notebook in an empty folder with a kernel of this environment, and keep its outputs.

    Raises ``CellExecutionError`` when a cell raises that is not tagged ``raises-exception``.
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


def expected(source: Path, students_only: bool = False) -> dict[str, str]:
    """Return what the files of one lesson must contain, by their path below ``notebooks/``."""
    name = f"{source.stem}.ipynb"
    files = {name: as_text(student_form(source))}
    if not students_only:
        files[f"solutions/{name}"] = as_text(execute(solution_form(source)))
    return files


def committed(path: Path) -> str | None:
    """Return the file as last committed, or None when there is no such commit or no git."""
    try:
        shown = subprocess.run(
            ["git", "show", f"HEAD:./{path.name}"], cwd=path.parent, capture_output=True, check=False, encoding="utf-8"
        )
    except OSError:
        return None
    return shown.stdout if shown.returncode == 0 else None


def stale(path: Path, wanted: str) -> bool:
    """Return True when a stored notebook is not what its source gives.

    A student who ran and saved a notebook changed the file, and is right to; then the committed file counts.
    """
    if path.exists() and path.read_text(encoding="utf-8") == wanted:
        return False
    return not path.parent.exists() or committed(path) != wanted


def orphans(folder: Path, names: set[str]) -> list[Path]:
    """Return notebooks that no source gives."""
    built = [*folder.glob("*.ipynb"), *folder.glob("solutions/*.ipynb")]
    return sorted(path for path in built if path.name not in names)


def run(chosen: Sequence[Path], target: Path, check: bool, students_only: bool) -> list[str]:
    """Build or check these lessons in ``target``; return the problems found, each one line or more."""
    problems = [
        f"{source.name}: {fault}" for source in chosen for fault in lesson_lint.source_faults(source, read(source))
    ]
    # Two at a time: a lesson waits for its kernel more than it computes.
    with ThreadPoolExecutor(max_workers=2) as pool:
        futures = {source: pool.submit(expected, source, students_only) for source in chosen}
    for source, future in futures.items():
        try:
            files = future.result()
        except CellExecutionError as error:
            cell = str(error).split("\n------------------\n")[1]
            problems.append(
                f"{source.name}: this cell raises {error.ename}: {ANSI_COLOR.sub('', error.evalue)}\n{cell}"
            )
            continue
        for name, text in files.items():
            problems += [f"{name}: {fault}" for fault in lesson_lint.built_faults(read(source), text, name)]
        solved = files.get(f"solutions/{source.stem}.ipynb")
        if solved is not None:
            parts = sections(source, nbformat.reads(solved, as_version=4))
            told = lesson_minutes.faults(source.stem, source.read_text(encoding="utf-8"), parts)
            problems += [f"{source.name}: {fault}." for fault in told]
        for name, text in files.items():
            path = target / name
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8", newline="\n")
            elif stale(path, text):
                problems.append(f"{name}: differs from what {source.name} gives. Run `make notebooks`.")
    return problems


def sections(source: Path, solved: NotebookNode) -> list[Section]:
    """Return the sections of a lesson with their times, as its solution notebook gives them."""
    return lesson_minutes.sections(student_form(source), solved)


def stated_times(known: Sequence[Path]) -> dict[str, int]:
    """Return the minutes each lesson states, in their order; an appendix states none."""
    said = {source.stem: lesson_minutes.stated(source.read_text(encoding="utf-8")) for source in known}
    return {name: needed for name, needed in said.items() if needed is not None and not lesson_lint.is_appendix(name)}


def write_minutes(known: Sequence[Path]) -> None:
    """Print the times of the stored notebooks, and write them where a stated one has become wrong."""
    lessons = {
        source: sections(source, nbformat.read(HERE / "solutions" / f"{source.stem}.ipynb", as_version=4))
        for source in known
    }
    print(lesson_minutes.table({source.stem: parts for source, parts in lessons.items()}))
    for source, parts in lessons.items():
        text = source.read_text(encoding="utf-8")
        corrected = lesson_minutes.corrected(source.stem, text, parts)
        if corrected != text:
            source.write_text(corrected, encoding="utf-8")
            print(f"{source.name}: states {lesson_minutes.stated(corrected)} minutes now; build it again")
    for page, text in lesson_minutes.pages(HERE.parent, stated_times(known)).items():
        page.write_text(text, encoding="utf-8")


def stale_pages(known: Sequence[Path]) -> list[str]:
    """Return a problem for each page that tells other times than the lessons do."""
    return [
        f"{page.name}: tells other times than the lessons do. Run `python notebooks/build.py --minutes`."
        for page, text in lesson_minutes.pages(HERE.parent, stated_times(known)).items()
        if page.read_text(encoding="utf-8") != text
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0 when all is well and 1 when there are problems."""
    parser = argparse.ArgumentParser(description="Build the notebooks from notebooks/source.")
    parser.add_argument("lessons", nargs="*", metavar="NN-name", help="build only these lessons")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail when a notebook is not what its source gives"
    )
    parser.add_argument(
        "--students", action="store_true", help="leave out the solution notebooks, which take a kernel to run"
    )
    parser.add_argument(
        "--minutes", action="store_true", help="print how long each lesson takes, and write it where it is told"
    )
    options = parser.parse_args(arguments)
    known = sources()
    if options.minutes:
        write_minutes(known)
        return 0
    unknown = set(options.lessons) - {source.stem for source in known}
    if unknown:
        parser.error(f"there is no lesson {', '.join(sorted(unknown))}")
    chosen = [source for source in known if not options.lessons or source.stem in options.lessons]
    problems = run(chosen, HERE, options.check, options.students)
    for path in orphans(HERE, {f"{source.stem}.ipynb" for source in known}):
        problems.append(f"{path.relative_to(HERE)}: no source gives this notebook; delete it, or write its source.")
    problems += stale_pages(known)
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(chosen)} lessons {'checked' if options.check else 'built'}, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
