"""What one student answered in one notebook: predictions, quiz questions, and what comes back of earlier lessons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from netpol_lab.display.card import Picture
from netpol_lab.lessons import question_cards as cards
from netpol_lab.lessons.quiz import Option, QuizQuestion, load
from netpol_lab.model.language import spoken

SHOW_ME = "show me"
"""What is said in place of a letter by those who want to be told."""

Heard = Callable[[QuizQuestion, str, str], None]
"""Told of each new answer: the question, its outcome (``right``, ``wrong`` or ``shown``), and the key chosen or ""."""


@dataclass
class _Said:
    """The options chosen, each once; whether the answer was asked for, and a prediction compared."""

    chosen: tuple[Option, ...] = ()
    shown: bool = False
    compared: bool = False

    @property
    def last(self) -> Option | None:
        return self.chosen[-1] if self.chosen else None


class GivenAnswers:
    """The answers given in one notebook, and the cards that follow from them.

    The first wrong answer to a quiz question is answered by its own why alone. Another one, the right one, or
    "show me" tells all. Saying the same once more changes nothing, so a cell can be run again.
    """

    def __init__(self, xx: str, heard: Heard = lambda question, outcome, key: None) -> None:
        self.xx = xx
        self._heard = heard
        self._said: dict[str, _Said] = {}
        self._told: set[tuple[str, str]] = set()

    def predict(self, id: str, answer: str | None = None) -> Picture:
        """With a letter (a blank is fine): take it down. Without, or by "show me": compare it with what happened.

        Raises NotFound for a question that does not exist, and LabError for a letter that is no option.
        """
        question = load(id, self.xx)
        if answer is None or _is_show_me(answer):
            return self.compare(question, answer or "")
        said = self._said.setdefault(id, _Said())
        if chosen := question.option(answer):
            said.chosen = (chosen,)
        return cards.asked(question, said.last)

    def compare(self, question: QuizQuestion, answer: str = "") -> Picture:
        """A prediction after the command. One that was not made before can still be given, and so can "show me"."""
        said = self._said.setdefault(question.id, _Said())
        if not said.chosen and not said.shown:
            said.shown = _is_show_me(answer)
            chosen = None if said.shown else question.option(answer)
            said.chosen = (chosen,) if chosen else ()
        if not said.chosen and not said.shown:
            return cards.not_predicted(question)
        said.compared = True
        self._hear(question, said.last)
        return cards.compared(question, said.last)

    def quiz(self, question: str | QuizQuestion, answer: str | None = None, before: str = "") -> Picture:
        """A quiz question, after this answer; without one, as it stands. ``before`` introduces it.

        Raises NotFound for a question that does not exist, and LabError for a letter that is no option.
        """
        found = load(question, self.xx) if isinstance(question, str) else question
        said = self._said.setdefault(found.id, _Said())
        if _is_show_me(answer or ""):
            said.shown = True
            self._hear(found, None)
        elif chosen := found.option(answer or ""):
            said.chosen = (*(each for each in said.chosen if each != chosen), chosen)
            self._hear(found, chosen)
        if self.is_told(found):
            return cards.told(found, said.last)
        return cards.second_try(found, said.last) if said.last else cards.open_question(found, before)

    def is_told(self, question: QuizQuestion) -> bool:
        """Whether the answer was told: it was found, asked for, or missed twice; of a prediction: it was compared."""
        said = self._said.get(question.id, _Said())
        if question.truth:
            return said.compared
        return said.shown or len(said.chosen) > 1 or any(each.letter == question.answer for each in said.chosen)

    def _hear(self, question: QuizQuestion, chosen: Option | None) -> None:
        outcome = "shown" if chosen is None else "right" if chosen.letter == question.answer else "wrong"
        key = chosen.key if chosen else ""
        if (question.id, key) not in self._told:
            self._told.add((question.id, key))
            self._heard(question, outcome, key)


def _is_show_me(answer: str) -> bool:
    return " ".join(answer.lower().split()) in (SHOW_ME, spoken(SHOW_ME))
