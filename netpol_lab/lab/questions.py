"""What a lab asks its student: :class:`Questions`. Each is answered by a button, or by a letter in quotes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from netpol_lab.lessons.given_answers import SHOW_ME, GivenAnswers
from netpol_lab.lessons.quiz import QuizQuestion, load, of_lesson
from netpol_lab.model.errors import LabError

if TYPE_CHECKING:
    from netpol_lab.display.card import Picture
    from netpol_lab.lab.pressed import PressedPicture


class Questions:
    """The questions of a lab."""

    xx: str
    lesson: str | None
    _answers: GivenAnswers

    def predict(self, question: str, answer: str | None = None) -> PressedPicture:
        """Write down what you expect before you run it; without an answer, compare that with what happened.

        Both can be answered by a button as well. Raises NotFound for a question that does not exist, and LabError for a
        letter that is no option.
        """
        picture, found = self._answers.predict(question, answer), load(question, self.xx)
        if answer is None:
            return self._with_buttons(picture, found, partial(self._answers.compare, found), SHOW_ME)
        return self._with_buttons(picture, found, partial(self._answers.predict, question))

    def quiz(self, question: str, answer: str | None = None) -> PressedPicture:
        """A question with its options. Answer by a button, a letter, or "show me".

        A first wrong answer tells its own why, and leaves a second try. Raises NotFound for a question that does not
        exist, and LabError for a letter that is no option.
        """
        picture = self._answers.quiz(question, answer)
        return self._with_buttons(picture, load(question, self.xx), partial(self._answers.quiz, question), SHOW_ME)

    def recall(self, answer: str | None = None) -> PressedPicture:
        """A question about an earlier lesson, answered as :meth:`quiz` is.

        Raises LabError in a lab of no lesson, and of one that has no such question.
        """
        found = next((each for each in of_lesson(self.lesson or "", self.xx) if each.about), None)
        if found is None:
            raise LabError("Nothing comes before this lesson: there is nothing to repeat.")
        ask = partial(self._answers.quiz, found, before=f"From lesson {found.about}.")
        return self._with_buttons(ask(answer), found, ask, SHOW_ME)

    def _with_buttons(
        self, picture: Picture, question: QuizQuestion, press: Callable[[str], Picture], *more: str
    ) -> PressedPicture:
        from netpol_lab.lab.pressed import with_buttons

        if self._answers.is_told(question):
            return with_buttons(picture)
        letters = [(option.letter, option.text) for option in question.options]
        return with_buttons(picture, [*letters, *((word, "the answer, with its reasons") for word in more)], press)
