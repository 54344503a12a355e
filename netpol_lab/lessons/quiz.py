"""Predictions and quiz questions: data in ``data/quiz/<lesson>.yaml``, shown without widgets.

A prediction is asked before a command and answered by the cluster after it. A quiz question is answered by the
whys of all its options, the right one's and the wrong ones'.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from netpol_lab.lessons.lesson_data import read
from netpol_lab.model.errors import LabError, NotFound
from netpol_lab.model.fields import DataError, Fields

if TYPE_CHECKING:
    from netpol_lab.display.card import Picture
    from netpol_lab.display.markup import Markup

LETTERS = "abcdef"


@dataclass(frozen=True)
class Option:
    """One answer to choose; ``why`` says why it is right or wrong ("" in a prediction)."""

    letter: str
    text: str
    why: str = ""


@dataclass(frozen=True)
class QuizQuestion:
    """A quiz question or a prediction. ``truth`` is what a prediction is compared with, "" in a quiz."""

    id: str
    text: str
    options: tuple[Option, ...]
    answer: str
    truth: str = ""

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
    """All predictions and quiz questions of a lesson. Raises DataError when the file has a fault."""
    fields = read("quiz", lesson, xx)
    found = [_question(each, f"{lesson}/p{n}", _prediction) for n, each in enumerate(fields.each("predictions"), 1)]
    found += [_question(each, f"{lesson}/q{n}", _explained) for n, each in enumerate(fields.each("quiz"), 1)]
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


def _question(fields: Fields, id: str, build: Callable[[Fields], tuple[Option, ...]]) -> QuizQuestion:
    options = build(fields.inner("options"))
    is_quiz = all(option.why for option in options)
    question = QuizQuestion(
        id=fields.text("id"),
        text=fields.text("question"),
        options=options,
        answer=fields.text("answer"),
        truth="" if is_quiz else fields.text("truth"),
    )
    fields.done()
    letters = "".join(option.letter for option in options)
    if question.id != id:
        raise DataError(f"{fields.place}: the id has to be {id!r}.")
    if not 3 <= len(options) <= 5 or not LETTERS.startswith(letters) or question.answer not in letters:
        raise DataError(f"{fields.place}: three to five options a, b, c … are expected, and one of them as answer.")
    return question


def _prediction(fields: Fields) -> tuple[Option, ...]:
    options = tuple(Option(letter, fields.text(letter)) for letter in LETTERS if letter in fields)
    fields.done()
    return options


def _explained(fields: Fields) -> tuple[Option, ...]:
    options = []
    for letter in LETTERS:
        if letter in fields:
            option = fields.inner(letter)
            options.append(Option(letter, option.text("text"), option.text("why")))
            option.done()
    fields.done()
    return tuple(options)


# -- showing -------------------------------------------------------------------------------------


class Predictions:
    """The predictions of one notebook: said before, compared after."""

    def __init__(self, xx: str) -> None:
        self.xx = xx
        self._said: dict[str, str] = {}

    def __call__(self, question: str, answer: str | None = None) -> Picture:
        """With an answer (a blank one is fine): take it down. Without: compare what was said with what happened."""
        if answer is None:
            return compared(load(question, self.xx), self._said.get(question, ""))
        picture = asked(load(question, self.xx), answer)
        self._said[question] = answer
        return picture


def asked(question: QuizQuestion, answer: str = "") -> Picture:
    """A prediction before the command: the options, and an acknowledgment of an answer, never the truth."""
    chosen = question.option(answer)
    said = f"You expect {chosen.letter}. Now see what happens." if chosen else _how_to_answer(question)
    return _card(f"Predict: {question.text}", said, question.options, mark=chosen)


def compared(question: QuizQuestion, answer: str) -> Picture:
    """A prediction after the command: what happened, beside what was said."""
    chosen, right = question.option(answer), question.answer
    if chosen is None:
        title = "What happened"
        quiet = f"You made no prediction this time. It was {right}."
    elif chosen.letter == right:
        title, quiet = "= As you predicted", f"You said {right}, and so it is."
    else:
        title, quiet = (
            "≠ Not what you predicted",
            f"You said {chosen.letter}; it was {right}. Good: here is something to learn.",
        )
    options = tuple(
        option for option in question.options if option.letter in (right, chosen.letter if chosen else right)
    )
    return _card(title, quiet, options, mark=chosen, after=question.truth)


def quiz(question: str, answer: str | None = None, xx: str = "07") -> Picture:
    """A quiz question. With an answer, the why of every option; with a blank one or None they stay folded away.

    Raises NotFound for a question that does not exist, and LabError for a letter that is no option.
    """
    found = load(question, xx)
    chosen = found.option(answer or "")
    if chosen is None:
        return _card(found.text, _how_to_answer(found), found.options, folded=found.answer)
    right = chosen.letter == found.answer
    said = f"{chosen.letter} is right." if right else f"{chosen.letter} is not right; {found.answer} is."
    return _card(f"{'=' if right else '≠'} {found.text}", said, found.options, mark=chosen, right=found.answer)


def _how_to_answer(question: QuizQuestion) -> str:
    first, last = question.options[0].letter, question.options[-1].letter
    return f"Put one letter from {first} to {last} between the quotes, and run the cell again."


def _card(
    title: str,
    quiet: str,
    options: Sequence[Option],
    *,
    mark: Option | None = None,
    right: str = "",
    folded: str = "",
    after: str = "",
) -> Picture:
    """Options as a list. ``mark`` is the student's choice, ``right`` the right letter: then each option tells its why.

    ``folded`` is the right letter too, for the whys that a click unfolds. ``after`` is a closing sentence.
    """
    from netpol_lab.display import card
    from netpol_lab.display.markup import ascii_text, el, wrap_twin

    body = [_row(option, option == mark, option.letter == right, bool(right)) for option in options]
    if folded:
        whys = (_row(option, False, option.letter == folded, True) for option in options)
        body.append(
            el("details", el("summary", "The answer, with the why of every option"), *whys, class_="npl-option")
        )
    twin = [line for option in options for line in _lines(option, option == mark, option.letter == right, bool(right))]
    boxes = [card.box("", after)] if after else []
    picture: Picture = card.figure(title, quiet, body, boxes, drawn=False, rules=_RULES)
    # The card is text already: the twin serves print and terminals, and is not repeated below it.
    return replace(picture, twin=wrap_twin("\n".join([*twin, *(["", ascii_text(after)] if after else [])])))


def _row(option: Option, chosen: bool, right: bool, explained: bool) -> Markup:
    from netpol_lab.display.markup import el, join, prose

    words = _words(chosen, right)
    head = join([el("strong", f"{option.letter})"), " ", prose(option.text), el("em", words) if words else ""])
    if not explained:
        return el("div", head, class_="npl-option")
    # Right answer and own choice stand open; the others are folded, and their whys are worth a click.
    why = el("details", el("summary", head), el("div", prose(option.why)), open="open" if right or chosen else None)
    return el("div", why, class_="npl-option")


def _words(chosen: bool, right: bool) -> str:
    if right:
        return " (right, your answer)" if chosen else " (right)"
    return " (your answer)" if chosen else ""


def _lines(option: Option, chosen: bool, right: bool, explained: bool) -> list[str]:
    from netpol_lab.display.markup import ascii_text

    head = ascii_text(f"{option.letter}) {option.text}{_words(chosen, right)}".replace("`", ""))
    return [head, f"   {ascii_text(option.why.replace('`', ''))}"] if explained else [head]


_RULES = """
& .npl-option { margin-top: 6px; padding: 2px 0 }
& .npl-option em { font-style: normal; color: var(--npl-ink2) }
& .npl-option details > div { margin: 2px 0 4px 18px; color: var(--npl-ink2) }
& .npl-option summary { cursor: pointer; display: list-item }
"""
