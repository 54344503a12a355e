"""What comes back: a mistake that a check named returns as a question after one lesson, and again after three."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from netpol_lab.lessons.practice.student_record import RecordedLine
from netpol_lab.lessons.quiz import LETTERS, Option, QuizQuestion, load, shuffled
from netpol_lab.tell import catalogue
from netpol_lab.tell.catalogue import Mistake

AFTER = (1, 3)
"""How many other lessons lie between a mistake and its first return, and between that and the second."""


@dataclass(frozen=True)
class Returning:
    """A mistake that comes back. ``times`` it was named, ``where`` last; ``asked`` counts the right answers since."""

    mistake: Mistake
    times: int
    where: str
    asked: int
    is_due: bool


def returning(lines: Sequence[RecordedLine], lesson: str = "") -> list[Returning]:
    """The mistakes of a record that were not answered for twice yet; in ``lesson``, those that are due stand first.

    A question about one that was answered wrong counts as if the mistake had been named again.
    """
    found = []
    for mistake in catalogue.mistakes().values():
        own = [place for place, line in enumerate(lines) if line.mistake == mistake.id]
        named = [place for place in own if lines[place].did != "recall"]
        if not named:
            continue
        start = max((place for place in own if lines[place].result != "right"), default=named[-1])
        right = [place for place in own if place > start and lines[place].lesson != lines[start].lesson]
        if len(right) >= len(AFTER):
            continue
        last = right[-1] if right else start
        since = {line.lesson for line in lines[last:]} | {lesson}
        others = since - {lines[last].lesson, ""}
        is_due = len(others) >= AFTER[len(right)]
        found.append(Returning(mistake, len(named), lines[named[-1]].what, len(right), is_due))
    return sorted(found, key=lambda each: (not each.is_due, -each.times))


def question_about(each: Returning, lesson: str, xx: str) -> QuizQuestion:
    """A question about a mistake: one of the quizzes before this lesson, by turns with telling it by what it shows."""
    known = [id for id in each.mistake.quiz if not lesson or id.partition("/")[0] < lesson]
    number = (each.asked + each.times - 1) % (len(known) + 1)
    return load(known[number], xx) if number < len(known) else recognizing(each.mistake, xx)


def recognizing(mistake: Mistake, xx: str) -> QuizQuestion:
    """A question that shows how a mistake is seen, and asks which one it is.

    >>> print(recognizing(catalogue.mistake("M2"), "07").text)
    A rule without ports stands beside a rule with ports alone. Which mistake shows like this?
    """
    others = sorted(
        (each for each in catalogue.mistakes().values() if each.rule != mistake.rule),
        key=lambda each: hashlib.sha256(f"{xx} {mistake.id} {each.id}".encode()).digest(),
    )[:2]
    options = [
        Option(letter, each.name, _why(each, mistake), letter)
        for letter, each in zip(LETTERS, (mistake, *others), strict=False)
    ]
    text = f"{mistake.seen} Which mistake shows like this?"
    return shuffled(QuizQuestion(f"recall/{mistake.id}", text, tuple(options), "a", about=mistake.lesson), xx)


def _why(each: Mistake, right: Mistake) -> str:
    return f"Yes. {each.sentence}" if each == right else f"No. That one shows otherwise: {each.seen}"
