"""What a lab asks its student: :class:`Questions`. Each is answered by a button, or by a letter in quotes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from netpol_lab.lessons.given_answers import SHOW_ME, GivenAnswers
from netpol_lab.lessons.lesson_data import lessons
from netpol_lab.lessons.practice.student_record import RecordedLine, StudentRecord
from netpol_lab.lessons.quiz import QuizQuestion, load, of_lesson
from netpol_lab.model.errors import LabError
from netpol_lab.model.language import spoken

if TYPE_CHECKING:
    from netpol_lab.display.card import Picture
    from netpol_lab.lab.pressed import PressedPicture


class Questions:
    """The questions of a lab."""

    xx: str
    lesson: str | None
    _answers: GivenAnswers
    _record: StudentRecord
    _recalled: tuple[QuizQuestion, str, str] | None = None
    _is_unwritten = False

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
        """A question that comes back, answered as :meth:`quiz` is; without an answer, the next one.

        A mistake that a check named returns one lesson later, and again three lessons after that. When none is due, the
        lesson's own question about an earlier lesson is asked. Raises LabError where nothing is left to repeat.
        """
        if self._recalled is None or (answer is None and self._answers.is_told(self._recalled[0])):
            self._recalled = self._next_to_recall()
        found, _, before = self._recalled
        ask = partial(self._answers.quiz, found, before=before)
        return self._with_buttons(ask(answer), found, ask, SHOW_ME)

    def progress(self) -> Picture:
        """What you did so far: the evidence of each lesson, the mistakes that come back, and what to repeat today.

        It is read from the file ``work/progress-NUMBER.jsonl``, which is yours: one line for each thing done.
        """
        from netpol_lab.lessons.practice import progress_card

        lines, notes = self._read_record()
        return progress_card.draw(lines, self.lesson or "", notes)

    # -- the record ------------------------------------------------------------------------------

    def _next_to_recall(self) -> tuple[QuizQuestion, str, str]:
        """The next question that comes back, the id of its mistake or "", and a sentence that introduces it."""
        from netpol_lab.lessons.practice.repeating import question_about, returning

        lines, _ = self._read_record()
        for each in returning(lines, self.lesson or ""):
            question = question_about(each, self.lesson or "", self.xx)
            if each.is_due and not self._answers.is_told(question):
                return question, each.mistake.id, f"It comes back from {each.where}."
        own = of_lesson(self.lesson, self.xx) if self.lesson in lessons("quiz") else []
        for question in own:
            if question.about and not self._answers.is_told(question):
                return question, "", f"From lesson {question.about}."
        raise LabError("Nothing is left to repeat in this lesson. `lab.progress()` shows what you did so far.")

    def _heard(self, question: QuizQuestion, outcome: str, key: str) -> None:
        """Write down one answer."""
        if self._recalled is not None and self._recalled[0].id == question.id:
            self._write_down("recall", question.id, outcome, mistake=self._recalled[1], answer=key)
        else:
            self._write_down("predict" if question.truth else "quiz", question.id, outcome, answer=key)

    def _write_down(self, did: str, what: str, result: str, **more: str) -> None:
        """Write one thing into the student's record. Where that cannot be, it is said once, and the lesson goes on."""
        try:
            self._record.add(did, what, result, **more)
        except OSError as error:
            if not self._is_unwritten:
                why = error.strerror or error
                print(f"Your progress is not written down: {self._record.file.name}: {why}.", file=sys.stderr)
            self._is_unwritten = True

    def _read_record(self) -> tuple[tuple[RecordedLine, ...], list[str]]:
        try:
            return self._record.read()
        except OSError as error:
            return (), [f"{self._record.file.name} cannot be read: {error.strerror or error}."]

    def _with_buttons(
        self, picture: Picture, question: QuizQuestion, press: Callable[[str], Picture], *more: str
    ) -> PressedPicture:
        from netpol_lab.lab.pressed import with_buttons

        if self._answers.is_told(question):
            return with_buttons(picture)
        letters = [(option.letter, option.text) for option in question.options]
        buttons = [*letters, *((spoken(word), spoken("the answer, with its reasons")) for word in more)]
        return with_buttons(picture, buttons, press, spoken("Your answer:"))
