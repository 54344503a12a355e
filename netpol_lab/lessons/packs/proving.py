"""Whether a lesson's data keep their promise: the start does not pass, the solution does, wrong answers are named.

Every fault is a sentence with the file, the line and the exercise. What is wrong with one exercise hides no other.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import replace

from nbformat import NotebookNode

from netpol_lab.kubectl import Session, run
from netpol_lab.lessons import exercises, lesson_data, quiz
from netpol_lab.lessons.checking import CheckResult
from netpol_lab.lessons.exercises import Exercise, check
from netpol_lab.lessons.loading import WrittenAnswer
from netpol_lab.lessons.packs.lesson_lint import at, tags
from netpol_lab.manifests import read_text
from netpol_lab.model import datafiles as data
from netpol_lab.model.errors import LabError, ManifestError
from netpol_lab.model.fields import LinesOf
from netpol_lab.model.phrases import did_you_mean, nearest
from netpol_lab.tell import catalogue

NUMBERS = ("07", "42")
"""The students a solution is tried for: a number that is written out in the data fits one of them alone."""

ASKED = re.compile(r'lab\.(check|start|quiz|predict)\("([^"]+)"')


def answered(exercise: Exercise, answer: WrittenAnswer) -> CheckResult:
    """The check of what a student made who gave this answer. Raises LabError where kubectl refuses it."""
    cluster = exercise.start_cluster()
    for resource in read_text(answer.manifest, exercise.file or "answer.yaml") if answer.manifest else ():
        cluster.apply(resource)
    session = Session(cluster, terminal=False)
    for line in answer.commands.splitlines():
        program, *words = shlex.split(line)
        if program != "kubectl":
            raise LabError(f"commands are kubectl lines, and {line!r} is none.")
        result = run(session, words, lambda: "", ".")
        if result.exit_code:
            raise LabError(f"{line}: {result.stderr.strip()}")
    return check(cluster, exercise)


def faults(lesson: str, source: NotebookNode) -> Iterator[str]:
    """Yield what is wrong with the data of a lesson, and between them and its source."""
    known: list[str] = []
    unread = False
    for kind in ("exercises", "quiz"):
        try:
            file = next(each for each in data.files(kind) if each.stem == lesson)
        except StopIteration:
            yield f"data/{kind}/{lesson}.yaml is not there."
            unread = True
            continue
        text, place = file.read_text(encoding="utf-8", errors="replace"), f"data/{kind}/{lesson}.yaml"
        told = list(map(str, lesson_data.faults(text, place)))
        yield from told
        try:
            if kind == "quiz":
                known += [each.id for each in quiz.of_lesson(lesson) if not each.about]
                continue
            found = exercises.of_lesson(lesson)
        except LabError as error:
            yield from {*str(error).splitlines()} - {*told}
            unread = True
            continue
        lines = lesson_data.lines_of(text, place)
        known += [each.id for each in found]
        for number, exercise in enumerate(found):
            yield from _of_exercise(exercise, number, place, lines)
            yield from _of_its_cells(exercise, source)
    if not unread:
        yield from (f"{lesson}.md, {fault}" for fault in _asked(known, source))


def _of_exercise(exercise: Exercise, number: int, place: str, lines: LinesOf) -> Iterator[str]:
    def told(says: object, *way: str | int) -> str:
        return f"{place}, line {lines(('exercises', number, *way))}, {exercise.id}: {says}"

    def told_at(*way: str | int) -> tuple[str, int]:
        return place, lines(("exercises", number, *way, "manifest"))

    try:
        begun = check(exercise.start_cluster(), exercise)
    except LabError as error:
        yield told(f"the start cannot be made. {error}", "start")
        return
    if begun.status != "not started":
        yield told(f"the start is no start: its check says {_said(begun)}", "start")
    for xx in NUMBERS:
        same = exercises.load(exercise.id, xx)
        result = _tried(same, same.solution, told_at("solution"))
        if isinstance(result, str) or not result.passed:
            why = result if isinstance(result, str) else _said(result)
            yield told(f"the solution does not pass for student {xx}. {why}", "solution")
            break
    for place_of, wrong in enumerate(exercise.wrong):
        where = ("wrong", place_of)
        if wrong.mistake not in catalogue.mistakes():
            meant = did_you_mean(nearest(wrong.mistake, catalogue.mistakes()), "'")
            yield told(f"there is no mistake {wrong.mistake!r}{', ' + meant if meant else '.'}", *where, "mistake")
            continue
        result = _tried(exercise, wrong.answer, told_at(*where))
        if isinstance(result, str):
            yield told(f"the wrong answer {wrong.name!r} cannot be given. {result}", *where)
        elif result.passed:
            yield told(f"the wrong answer {wrong.name!r} passes, so nothing that is wanted forbids it.", *where)
        elif result.mistake != wrong.mistake:
            named = f"{result.mistake} ({catalogue.mistake(result.mistake).name})" if result.mistake else "no mistake"
            yield told(f"the check names {named} for {wrong.name!r}, not {wrong.mistake}.", *where, "mistake")


def _tried(exercise: Exercise, answer: WrittenAnswer, begins: tuple[str, int]) -> CheckResult | str:
    """The check of an answer, or why it cannot be given. ``begins`` are the file and the line of its manifest."""
    try:
        return answered(exercise, answer)
    except ManifestError as error:
        file, line = begins
        return "\n".join(str(replace(each, file=file, line=line + each.line)) for each in error.problems)
    except (LabError, ValueError) as error:
        return str(error)


def _said(result: CheckResult) -> str:
    """What the check says of an answer, in short."""
    cause = [result.feedback.cause] if result.feedback and result.feedback.cause else []
    return " ".join([*result.sentences, *cause] or exercises.show(result).text.splitlines()[:2])


def _of_its_cells(exercise: Exercise, source: NotebookNode) -> Iterator[str]:
    """What the cells of an exercise say otherwise than its data do."""
    lesson, _, number = exercise.id.partition("/")
    begins = [n for n, cell in enumerate(source.cells) if "exercise" in tags(cell)]
    if int(number) > len(begins):
        yield f"{lesson}.md: exercise {exercise.id} is in the data, and no cell is tagged exercise for it."
        return
    after = source.cells[begins[int(number) - 1] :]
    solved = next((cell for cell in after if cell.cell_type == "code" and "solution" in tags(cell)), None)
    answer = exercise.solution
    wanted = f"%%manifest {exercise.file}\n{answer.manifest}" if answer.manifest else f"!{answer.commands}"
    if solved is not None and data.fill(solved.source, exercise.xx).strip() != wanted.strip():
        yield f"{lesson}.md, {at(solved, 0)}: the solution is not the one that the data have for {exercise.id}."


def _asked(known: list[str], source: NotebookNode) -> Iterator[str]:
    """What the lesson asks for that is in no data, and what is in the data and never asked."""
    asked = set()
    for number, cell in enumerate(source.cells, 1):
        for method, id in ASKED.findall(cell.source) if cell.cell_type == "code" else ():
            asked.add(id if method != "start" else "")
            if id not in known:
                meant = did_you_mean(nearest(id, known), "'")
                yield f"{at(cell, number)}: there is no {id!r} for lab.{method}{', ' + meant if meant else '.'}"
    yield from (f"line 1: {id} is in the data, and no cell asks it." for id in known if id not in asked)
