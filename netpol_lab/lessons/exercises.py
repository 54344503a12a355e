"""Exercises and their checks: by behavior, never by comparing YAML.

:func:`check` looks at a cluster as the student has it, puts in the visitors an exercise needs, and compares every
connection with what is wanted. A wrong answer is answered by one counter-example and a likely mistake.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256

from netpol_lab.cluster.snapshot import View
from netpol_lab.lessons import loading
from netpol_lab.lessons.asking import asks_about, asks_about_policy
from netpol_lab.lessons.checking import CheckResult, begin, begun_at, show
from netpol_lab.lessons.checking import check as check_one
from netpol_lab.lessons.lesson_data import lessons
from netpol_lab.lessons.loading import Exercise, ids, of_lesson
from netpol_lab.model import datafiles as data
from netpol_lab.model.errors import LabError

__all__ = [
    "CheckResult",
    "Exercise",
    "asks_about",
    "asks_about_policy",
    "begin",
    "begun_at",
    "check",
    "definition",
    "definition_here",
    "ids",
    "lessons",
    "load",
    "not_by_commands",
    "of_lesson",
    "show",
]


def load(exercise: str, xx: str = "07") -> Exercise:
    """One exercise by id: of a lesson (``02-default-deny/1``), a task of the exam or the capstone, or a patient.

    Raises NotFound with the ids there are.
    """
    from netpol_lab.lessons.practice import capstone, clinic, exam

    lesson = exercise.partition("/")[0]
    if lesson == exam.LESSON:
        return exam.task(exercise, xx)
    if lesson == capstone.LESSON:
        return capstone.design(exercise, xx)
    if clinic.is_patient(exercise):
        return clinic.load(exercise, xx).exercise
    return loading.load(exercise, xx)


def check(view: View, exercise: str | Exercise, xx: str = "07") -> CheckResult:
    """Check one exercise on a cluster, which stays as it is; see :func:`netpol_lab.lessons.checking.check`.

    In an exam a neighbor's answer is recognized by its words, and told from an answer that is wrong.
    """
    from netpol_lab.lessons.practice import exam

    wanted = load(exercise, xx) if isinstance(exercise, str) else exercise
    result = check_one(view, wanted)
    if result.passed or not wanted.id.startswith(exam.LESSON):
        return result
    known = {each.key for each in wanted.given}
    own = [each.body for each in view.snapshot().list("NetworkPolicy") if each.key not in known]
    words = exam.foreign_names(wanted, own)
    return result.beginning(exam.not_your_paper(words)) if words else result


def not_by_commands(exercise: Exercise) -> CheckResult:
    """What is said of a cluster that no command left as it is."""
    told = (
        "Something other than a command changed this cluster, so nobody can tell whose answer it is. Apply yours with "
        f"`kubectl apply -f`; `{exercise.start_line}` starts over."
    )
    return CheckResult(exercise, "not there", (told,))


def definition(exercise: Exercise) -> str:
    """A digest of what an exercise begins with and wants. Its words and wrong answers are no part of it."""
    files = (data.path("manifests", *name.split("/")).read_text("utf-8") for name in exercise.start)
    bodies = (each.body for each in (*exercise.given, *exercise.visitors))
    freedoms = exercise.rest, exercise.labels, exercise.policies, exercise.scope, exercise.ignore
    wanted = exercise.objects, exercise.allowed, exercise.denied, exercise.solution
    whole = (exercise.id, wanted, freedoms, *files, *bodies)
    return sha256(repr(whole).encode()).hexdigest()[:12]


@cache
def definition_here(exercise: str, xx: str) -> str:
    """The digest of an exercise in the data of this workbook; "" for one that is not in them."""
    try:
        return definition(load(exercise, xx))
    except LabError:
        return ""
