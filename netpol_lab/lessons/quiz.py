"""Predictions and quiz questions as data: ``data/quiz/<lesson>.yaml``.

A prediction is asked before a command and answered by the cluster after it. A quiz question is answered by the
whys of all its options, the right one's and the wrong ones'. The options stand in an order of their own for each
student, so that a neighbor's letter does not fit; the same number gives the same order everywhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from netpol_lab.lessons.lesson_data import read
from netpol_lab.model import schemas
from netpol_lab.model.errors import LabError, NotFound
from netpol_lab.model.fields import DataError, Fields
from netpol_lab.model.schemas import Schema

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
    schemas_of = {"p": ("predictions", PREDICTION), "q": ("quiz", QUIZ_QUESTION), "r": ("recall", RECALLED_QUESTION)}
    found = []
    for letter, (name, schema) in schemas_of.items():
        for number, each in enumerate(fields.each(name), 1):
            question, kept = schema.read(each)
            if question.id != (wanted := f"{lesson}/{letter}{number}"):
                raise DataError(f"{each.at('id')}: the id has to be {wanted!r}, not {question.id!r}.")
            found.append(question if kept else shuffled(question, xx))
    fields.done()
    return found


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


# -- the schemas: questions are read by them, and they are printed on the page for authors ------------


def _question(options: Sequence[Option], order: str, **fields: str) -> tuple[QuizQuestion, bool]:
    """A question as it stands in the data, and whether its options keep that order for everybody."""
    question = QuizQuestion(options=tuple(options), **fields)
    letters = "".join(option.letter for option in options)
    if not 3 <= len(options) <= 5 or not LETTERS.startswith(letters):
        raise LabError("three to five options a, b, c … are expected.")
    if question.answer not in tuple(letters):
        raise LabError(f"the answer has to be one of {', '.join(letters)}, not {question.answer!r}.")
    return question, order == "kept"


OPTION = Schema(
    "Option",
    lambda text, why: Option("", text, why),
    (
        schemas.text("text", "The answer to choose."),
        schemas.text("why", "Why it is right, or what the one who chooses it got wrong. Begin with Yes or No."),
    ),
)


def _options(
    says: str, of: Callable[[Fields, str], Option], schema: Schema[Option] | None = None
) -> schemas.SchemaField:
    def take(fields: Fields) -> list[Option]:
        inner = fields.inner("options")
        taken = [replace(of(inner, letter), letter=letter, key=letter) for letter in LETTERS if letter in inner]
        inner.done()
        return taken

    return schemas.SchemaField("options", says, "a letter for each, from `a` on", "", take, schema)


_ASKED = (
    schemas.text(
        "id", "The lesson, a slash, `p` for a prediction, `q` for the quiz or `r` for recall, and the number."
    ),
    schemas.text("question", "The question. The builder puts it above the cell that asks it.", into="text"),
)
_ANSWERED = (
    schemas.text("answer", "The letter of the right option, as it stands here."),
    schemas.choice(
        "order", "`kept`: the options stand in this order for everybody, as on a scale.", ("own", "kept"), "own"
    ),
)

PREDICTION = Schema(
    "Prediction",
    _question,
    (
        *_ASKED,
        _options("Three to five, each a text.", lambda inner, letter: Option("", inner.text(letter))),
        *_ANSWERED,
        schemas.text("truth", "What happens, and why. It is shown after the command has run."),
    ),
)

QUIZ_QUESTION = Schema(
    "Quiz question",
    _question,
    (
        *_ASKED,
        _options("Three to five.", lambda inner, letter: OPTION.read(inner.inner(letter)), OPTION),
        *_ANSWERED,
    ),
)

RECALLED_QUESTION = Schema(
    "Recalled question",
    _question,
    (*QUIZ_QUESTION.fields, schemas.text("about", "The earlier lesson that it repeats, such as `02-default-deny`.")),
)
