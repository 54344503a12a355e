"""Predictions and quiz questions as data: ``data/quiz/<lesson>.yaml``.

A prediction is asked before a command and answered by the cluster after it. A quiz question is answered by the
whys of all its options, the right one's and the wrong ones'. The options stand in an order of their own for each
student, so that a neighbor's letter does not fit; the same number gives the same order everywhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from netpol_lab.lessons.lesson_data import read
from netpol_lab.model.errors import LabError, NotFound
from netpol_lab.model.fields import DataError, Fields

LETTERS = "abcdef"


@dataclass(frozen=True)
class Option:
    """One answer to choose. ``letter`` is the one shown to this student, ``key`` the one it has in the data.

    ``why`` says why it is right or wrong ("" in a prediction).
    """

    letter: str
    text: str
    why: str = ""
    key: str = ""


@dataclass(frozen=True)
class QuizQuestion:
    """A quiz question or a prediction. ``answer`` is the right letter, as shown.

    ``truth`` is what a prediction is compared with, "" in a quiz; ``about`` the earlier lesson that a question repeats.
    """

    id: str
    text: str
    options: tuple[Option, ...]
    answer: str
    truth: str = ""
    about: str = ""

    def option(self, answer: str) -> Option | None:
        """The chosen option; None for a blank answer. Raises LabError for a letter there is not."""
        letter = answer.strip().lower()
        if not letter:
            return None
        found = next((option for option in self.options if option.letter == letter), None)
        if found is None:
            known = ", ".join(option.letter for option in self.options)
            raise LabError(f"{answer!r} is none of the options. Choose one of {known}.")
        return found


# -- data ----------------------------------------------------------------------------------------


def of_lesson(lesson: str, xx: str = "07") -> list[QuizQuestion]:
    """All questions of a lesson: predictions (``/p1``), quiz (``/q1``), and of earlier lessons (``/r1``).

    The options are in the order of the student ``xx``. Raises DataError when the file has a fault.
    """
    fields = read("quiz", lesson, xx)
    found = [_question(each, f"{lesson}/p{n}", _prediction) for n, each in enumerate(fields.each("predictions"), 1)]
    found += [_question(each, f"{lesson}/q{n}", _explained) for n, each in enumerate(fields.each("quiz"), 1)]
    found += [_question(each, f"{lesson}/r{n}", _explained) for n, each in enumerate(fields.each("recall"), 1)]
    fields.done()
    return [question if kept else shuffled(question, xx) for question, kept in found]


def load(question: str, xx: str = "07") -> QuizQuestion:
    """One question by id, such as ``02-default-deny/q1``. Raises NotFound with the ids there are."""
    lesson = question.partition("/")[0]
    questions = of_lesson(lesson, xx)
    found = next((each for each in questions if each.id == question), None)
    if found is None:
        raise NotFound(f"There is no question {question!r}. In this lesson: {', '.join(q.id for q in questions)}.")
    return found


def shuffled(question: QuizQuestion, xx: str) -> QuizQuestion:
    """The question with its options in the order of one student, the same on every machine.

    >>> question = QuizQuestion("x/q1", "?", tuple(Option(k, k.upper(), key=k) for k in "abc"), "b")
    >>> [option.text for option in shuffled(question, "07").options], shuffled(question, "07").answer
    (['B', 'C', 'A'], 'a')
    """
    order = sorted(question.options, key=lambda option: _place(xx, question.id, option.key))
    options = tuple(replace(option, letter=letter) for letter, option in zip(LETTERS, order, strict=False))
    answer = next(option.letter for option in options if option.key == question.answer)
    return replace(question, options=options, answer=answer)


def _place(*words: str) -> bytes:
    return hashlib.sha256(" ".join(words).encode("utf-8", "replace")).digest()


def _question(fields: Fields, id: str, build: Callable[[Fields], Iterable[Option]]) -> tuple[QuizQuestion, bool]:
    """A question as it stands in the data, and whether its options keep that order for everybody."""
    options = tuple(build(fields.inner("options")))
    is_quiz = all(option.why for option in options)
    question = QuizQuestion(
        id=fields.text("id"),
        text=fields.text("question"),
        options=options,
        answer=fields.text("answer"),
        truth="" if is_quiz else fields.text("truth"),
        about=fields.text("about") if "/r" in id else "",
    )
    kept = fields.choice("order", ("own", "kept"), "own") == "kept"
    fields.done()
    letters = "".join(option.letter for option in options)
    if question.id != id:
        raise DataError(f"{fields.place}: the id has to be {id!r}.")
    if not 3 <= len(options) <= 5 or not LETTERS.startswith(letters) or question.answer not in letters:
        raise DataError(f"{fields.place}: three to five options a, b, c … are expected, and one of them as answer.")
    return question, kept


def _prediction(fields: Fields) -> Iterable[Option]:
    yield from [Option(letter, fields.text(letter), key=letter) for letter in LETTERS if letter in fields]
    fields.done()


def _explained(fields: Fields) -> Iterable[Option]:
    for letter in LETTERS:
        if letter in fields:
            option = fields.inner(letter)
            yield Option(letter, option.text("text"), option.text("why"), key=letter)
            option.done()
    fields.done()
