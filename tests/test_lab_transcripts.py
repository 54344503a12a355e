"""Every command line of the published labs is in a lesson, and prints there what a real cluster prints.

``data/transcripts`` has them, lab by lab: a line that begins with ``$``, and under it what has to appear, in this
order, in the output of a stored lesson's cell with that line. Three dots stand for what differs between clusters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from netpol_lab.model import datafiles as data

LESSONS = Path(__file__).resolve().parent.parent / "notebooks" / "solutions"
COUNTS = {"lab-a": 14, "lab-c": 11, "lab-c-dockercoins": 4, "lab-d": 2, "lab-e": 16}
"""How many command lines each lab has. Lab B has none; Lab A has one of them twice, with different results."""


@dataclass(frozen=True)
class Line:
    """One command line, as it stands in its lab, and the lines a real cluster prints."""

    command: str
    prints: tuple[str, ...]


def transcript(lab: str) -> list[Line]:
    text = data.path("transcripts", f"{lab}.txt").read_text(encoding="utf-8")
    parts = re.split(r"(?m)^\$ ", text)[1:]
    return [Line(command, tuple(printed)) for command, *printed in map(str.splitlines, parts)]


def typed(source: str) -> list[str]:
    """The lines of a cell as a shell gets them: continued lines joined, without the notebook's ``!``."""
    return [line.strip().removeprefix("!") for line in re.sub(r" *\\\n *", " ", source).splitlines()]


def outputs(command: str) -> Iterator[str]:
    """What the cells with this line printed, in the stored lessons."""
    for path in sorted(LESSONS.glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code" and command in typed(cell.source):
                yield "".join(output.get("text") or "" for output in cell.outputs)


def prints(output: str, wanted: tuple[str, ...]) -> bool:
    """Whether the wanted lines are there, in their order; others may stand between them."""
    lines = iter(re.split(r"[\r\n]+", output))
    return all(any(_pattern(line).fullmatch(found.rstrip()) for found in lines) for line in wanted)


def _pattern(line: str) -> re.Pattern[str]:
    """Three dots, with the blanks around them, stand for anything."""
    first, *rest = line.split("...")
    parts = [first.rstrip() if rest else first, *(part.strip() for part in rest)]
    return re.compile(".*".join(map(re.escape, parts)))


LINES = [pytest.param(line, id=f"{lab}: {line.command[:60]}") for lab in COUNTS for line in transcript(lab)]


@pytest.mark.parametrize("lab", COUNTS)
def test_no_command_line_of_a_lab_was_lost(lab: str):
    assert len(transcript(lab)) == COUNTS[lab]
    assert all(line.prints for line in transcript(lab))


@pytest.mark.parametrize("line", LINES)
def test_a_lesson_runs_the_line_and_prints_what_a_real_cluster_prints(line: Line):
    found = list(outputs(line.command))
    assert found, "no lesson types it"
    assert any(prints(output, line.prints) for output in found), found[0]


def test_a_line_is_not_found_within_a_longer_one():
    assert typed("!kubectl get pods -o wide --show-labels") != ["kubectl get pods -o wide"]
    assert typed("curl -s \\\n  http://web") == ["curl -s http://web"]


def test_lines_in_another_order_or_with_another_word_are_not_what_was_wanted():
    assert prints("NAME   AGE\nweb    3s", ("NAME ... AGE", "web ..."))
    assert not prints("web    3s\nNAME   AGE", ("NAME ... AGE", "web ..."))
    assert not prints("NAME   AGE\napi    3s", ("NAME ... AGE", "web ..."))
