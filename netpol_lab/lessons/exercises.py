"""Exercises and their checks: by behavior, never by comparing YAML.

:func:`check` looks at a cluster as the student has it, puts in the visitors an exercise needs, and compares every
connection with what is wanted. A wrong answer is answered by one counter-example and a likely mistake.
"""

from __future__ import annotations

from netpol_lab.lessons.asking import asks_about, asks_about_policy
from netpol_lab.lessons.checking import CheckResult, begin, begun_at, check, show
from netpol_lab.lessons.lesson_data import lessons
from netpol_lab.lessons.loading import Exercise, ids, load, of_lesson

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
