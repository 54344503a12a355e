"""Exercises and their checks: by behavior, never by comparing YAML.

:func:`check` looks at a cluster as the student has it, puts in the visitors an exercise needs, and compares every
connection with what is wanted. A wrong answer is answered by one counter-example and a likely mistake.
"""

from __future__ import annotations

from netpol_lab.cluster.snapshot import View
from netpol_lab.lessons import checking, loading
from netpol_lab.lessons.asking import asks_about, asks_about_policy
from netpol_lab.lessons.checking import CheckResult, begin, begun_at, show
from netpol_lab.lessons.lesson_data import lessons
from netpol_lab.lessons.loading import Exercise, ids, of_lesson
from netpol_lab.lessons.practice import capstone, clinic, exam

__all__ = [
    "CheckResult",
    "Exercise",
    "asks_about",
    "asks_about_policy",
    "begin",
    "begun_at",
    "check",
    "ids",
    "lessons",
    "load",
    "of_lesson",
    "show",
]


def load(exercise: str, xx: str = "07") -> Exercise:
    """One exercise by id: of a lesson (``02-default-deny/1``), a task of the exam or the capstone, or a patient.

    Raises NotFound with the ids there are.
    """
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
    wanted = load(exercise, xx) if isinstance(exercise, str) else exercise
    result = checking.check(view, wanted)
    if result.passed or not wanted.id.startswith(exam.LESSON):
        return result
    known = {each.key for each in wanted.given}
    own = [each.body for each in view.snapshot().list("NetworkPolicy") if each.key not in known]
    words = exam.foreign_names(wanted, own)
    return result.beginning(exam.not_your_paper(words)) if words else result
