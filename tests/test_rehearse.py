"""A rehearsal finds what would surprise a trainer in front of the class."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner, Result

from netpol_lab.lab.cli import main
from netpol_lab.lessons.decks import taught
from netpol_lab.lessons.packs.building import METADATA
from netpol_lab.model import datafiles

SOURCE = "# Look\n\n## The story\n"


@pytest.fixture
def lesson(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only lesson there is: its solved notebook, to be written."""
    source, solved = tmp_path / "20-look.md", tmp_path / "20-look.ipynb"
    source.write_text(SOURCE, encoding="utf-8")
    for module in (datafiles, taught):
        monkeypatch.setattr(module, "lessons_to_teach", lambda: [(source, solved)])
    return solved


def write(solved: Path, *cells: tuple[str, str]) -> None:
    """A notebook whose cells are stored with what they are said to print."""
    made = [
        nbformat.v4.new_code_cell(code, outputs=[nbformat.v4.new_output("stream", text=text)] if text else [])
        for code, text in cells
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=made, metadata=METADATA), solved)


def rehearsed(*words: str) -> Result:
    return CliRunner().invoke(main, ["rehearse", *words])


def test_a_lesson_that_does_what_it_did_is_ready_with_a_time_for_each_cell(lesson: Path) -> None:
    write(lesson, ("print('open')", "open\n"), ("x = 1", ""))
    done = rehearsed("20")
    assert done.exit_code == 0
    lines = done.output.splitlines()
    assert lines[0] == "20-look" and lines[-1] == "Ready."
    assert [line.split()[0] for line in lines[1:4]] == ["1", "2", "all"] and " s  print('open')" in lines[1]


def test_a_cell_that_differs_is_shown_beside_what_was_expected_and_the_others_still_run(lesson: Path) -> None:
    write(lesson, ("print('one'); print('closed')", "one\nopen\n"), ("1 / 0", ""), ("print('after')", "after\n"))
    done = rehearsed("20")
    assert done.exit_code == 1
    (row,) = [line for line in done.output.splitlines() if " | closed" in line]
    assert row.split() == ["open", "|", "closed"]
    assert "ZeroDivisionError: division by zero" in done.output
    assert "differs print('after')" not in done.output
    assert done.output.splitlines()[-1] == "Not ready. 20-look: cell 1, 2 differs."


def test_a_kernel_that_dies_is_told_with_the_cell_it_died_in(lesson: Path) -> None:
    write(lesson, ("print('one')", "one\n"), ("import os; os._exit(1)", ""), ("print('after')", "after\n"))
    done = rehearsed("20")
    assert done.exit_code == 1
    assert done.output.splitlines()[-1] == "Not ready. 20-look: its kernel died in cell 2."


@pytest.mark.parametrize("text", ["", '{"cells": [', "[]", "{}"])
def test_a_notebook_saved_half_is_named_and_nothing_runs(lesson: Path, text: str) -> None:
    lesson.write_text(text, encoding="utf-8")
    done = rehearsed("20")
    assert done.exit_code == 2
    assert "20-look.ipynb is no whole notebook" in done.output and "Traceback" not in done.output


def test_a_lesson_there_is_not_is_told_with_those_there_are(lesson: Path) -> None:
    done = rehearsed("77")
    assert done.exit_code == 2 and "There are: 20-look" in done.output


def test_the_routine_is_ready() -> None:
    done = rehearsed("91")
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, "Ready."), done.output
