"""A new lesson of your own: a source, its exercises, its quiz and its manifests, which build and pass as they are."""

from __future__ import annotations

import re
from pathlib import Path

from netpol_lab.lessons.packs import author_page
from netpol_lab.model.datafiles import notebooks
from netpol_lab.model.errors import LabError
from netpol_lab.model.whole_files import write_whole

TEMPLATE = Path(__file__).resolve().parent / "template"
EXAMPLE = "20-shop"
"""The name of the lesson in the template. A new one is the template with another name in its place."""

NAME = re.compile(r"[0-8][0-9]-[a-z0-9]+(-[a-z0-9]+)*")
LONGEST_NAME = 40


def write(name: str, folder: Path) -> list[Path]:
    """Write a new lesson into a pack, which is made where it is missing; return the files.

    The page for authors lies beside them. Raises LabError for a name that is none, for a number that another lesson
    has, and where one of the files is there already. Then nothing is written.
    """
    _check_name(name, folder)
    page = folder / "AUTHORING.md"
    texts = {
        folder / file.relative_to(TEMPLATE).as_posix().replace(EXAMPLE, name): file.read_text("utf-8")
        for file in sorted(TEMPLATE.rglob("*.*"))
        if file.suffix in (".md", ".yaml")
    }
    there = [file for file in texts if file.exists()]
    if there:
        raise LabError(f"{there[0]} is there already, and stays as it is. Take another name, or move the file away.")
    for file, text in texts.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, text.replace(EXAMPLE, name))
    write_whole(page, author_page.page())  # ours: it tells what this version reads
    return [*texts, page]


def _check_name(name: str, folder: Path) -> None:
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise LabError(
            f"{name!r} cannot be the name of a lesson: take two digits, a dash, and lower-case letters, digits and "
            f"dashes, at most {LONGEST_NAME} in all, such as {EXAMPLE}. Numbers from 90 on are for appendices."
        )
    known = {each.stem for each in (*notebooks(), *folder.glob("source/*.md"))} - {name}
    same = sorted(each for each in known if each[:3] == name[:3])
    if same:
        free = next(n for n in range(20, 90) if not any(each.startswith(f"{n}-") for each in known))
        raise LabError(f"{name[:2]} is the number of {same[0]} already. {free}{name[2:]} is free.")
    if name in {each.stem for each in notebooks()}:
        raise LabError(f"There is a lesson {name} already. Take another name.")
