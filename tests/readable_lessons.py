"""The lessons that can be read. What is wrong with one is told by a test of its own, and hides no test of another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import build
from nbformat import NotebookNode

from netpol_lab.lessons import exercises, quiz
from netpol_lab.lessons.packs import building
from netpol_lab.lessons.quiz import QuizQuestion
from netpol_lab.model.errors import LabError

Name = TypeVar("Name", str, Path)
Lesson = TypeVar("Lesson")


def read(names: Iterable[Name], reader: Callable[[Name], Lesson]) -> Iterator[tuple[Name, Lesson]]:
    for name in names:
        try:
            yield name, reader(name)
        except LabError:
            continue


def exercise_ids() -> list[str]:
    """The ids of all exercises, in their order."""
    return [id for _, ids in read(exercises.lessons("exercises"), exercises.ids) for id in ids]


def questions() -> list[QuizQuestion]:
    """All questions, in their order."""
    return [question for _, asked in read(exercises.lessons("quiz"), quiz.of_lesson) for question in asked]


def sources() -> dict[str, NotebookNode]:
    """The sources of the lessons as notebooks, by name."""
    return {source.stem: lesson for source, lesson in read(build.sources(), building.read)}
