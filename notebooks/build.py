"""Build the notebooks from their sources: ``python notebooks/build.py [--check] [--students] [NN-name ...]``.

``python notebooks/build.py --minutes`` prints how long each lesson and section takes, and writes the times where they
are told: in the lessons, in README.md and in the plan of TEACHING.md (``lesson_minutes`` has the model).

Each ``source/NN-name.md`` becomes two files: ``NN-name.ipynb`` for the student and ``solutions/NN-name.ipynb``;
``netpol_lab.lessons.packs.building`` makes them, those of ``source/de`` in ``de``.
``--check`` tells a stale notebook from a fresh one.
AUTHORING.md says how a source is written; ``lesson_lint`` holds the rules.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat

from netpol_lab.lessons.packs import lesson_lint, lesson_minutes
from netpol_lab.lessons.packs.building import built, sections
from netpol_lab.model.language import languages

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "source"


def sources(folder: Path = SOURCE) -> list[Path]:
    """Return the lessons' sources in their order; a folder without any is an error, never an empty success."""
    found = sorted(folder.glob("[0-9][0-9]-*.md"))
    if not found:
        raise SystemExit(f"There is no lesson NN-name.md in {folder}.")
    return found


def translations() -> dict[str, list[Path]]:
    """Return the lessons' sources in each other language that has some."""
    folders = (SOURCE / each for each in languages())
    return {folder.name: sources(folder) for folder in folders if folder.is_dir()}


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
    problems = []
    # Two at a time: a lesson waits for its kernel more than it computes.
    with ThreadPoolExecutor(max_workers=2) as pool:
        futures = {source: pool.submit(built, source, students_only) for source in chosen}
    for source, future in futures.items():
        files, found = future.result()
        problems += found
        for name, text in files.items():
            path = target / name
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8", newline="\n")
            elif stale(path, text):
                problems.append(f"{name}: differs from what {source.name} gives. Run `make notebooks`.")
    return problems


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
    problems, number = [], 0
    for place, written in {"": known, **translations()}.items():
        chosen = [source for source in written if not options.lessons or source.stem in options.lessons]
        number += len(chosen)
        problems += run(chosen, HERE / place, options.check, options.students)
        for path in orphans(HERE / place, {f"{source.stem}.ipynb" for source in written}):
            problems.append(f"{path.relative_to(HERE)}: no source gives this notebook; delete it, or write its source.")
    problems += stale_pages(known)
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{number} lessons {'checked' if options.check else 'built'}, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
