"""Practice at the front door: patients of the clinic, the exam's papers and the capstone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.connections.story import Timeline
from netpol_lab.kubectl import Session
from netpol_lab.lab.at_exercise import AtExercise
from netpol_lab.lab.clusters import Cluster
from netpol_lab.lab.locks import Lock
from netpol_lab.lab.questions import Questions
from netpol_lab.lessons import exercises
from netpol_lab.model.errors import LabError
from netpol_lab.tell.saying import line

if TYPE_CHECKING:
    from netpol_lab.display.card import Picture
    from netpol_lab.display.feedback_card import CheckPicture
    from netpol_lab.lab.pressed import PressedPicture
    from netpol_lab.lessons.practice.patients import Patient
    from netpol_lab.lessons.practice.treatment import Treatment


class Practice(Questions):
    """What a student does in a lab without a guide."""

    cluster: Cluster
    _story: Timeline
    _session: Session
    _exercise: AtExercise
    _treatment: Treatment | None = None
    _exam_began: float | None = None

    def start(self, exercise: str) -> Picture:
        """Put the cluster into the start of an exercise, such as ``03-allow-specific/1``. Your files stay.

        This is one more moment: what was before can still be looked at. Raises NotFound for an exercise that is none.
        """
        from netpol_lab.lessons.practice import clinic

        begun = exercises.load(exercise, self.xx)
        if clinic.is_patient(exercise):
            return self._admit(clinic.load(exercise, self.xx))
        self._treatment = None
        return self._begin(begun)

    def check(self, exercise: str | None = None) -> CheckPicture:
        """Check an exercise by behavior: connections are compared, never YAML. Without words: the one you are at.

        What comes back is shown, and has ``passed`` and ``mistake``: the id of the likely one, see :meth:`mistake`, or
        None. Raises LabError without an exercise to check.
        """
        from netpol_lab.lessons.practice import clinic, practice_cards

        id = self._exercise.exercise.id if exercise is None and self._exercise.exercise else exercise
        if id is None:
            raise LabError('Say which exercise: for example lab.check("02-default-deny/1").')
        checked = exercises.load(id, self.xx)
        result, picture = self._exercise.check(self.cluster, self._story, checked)
        if result.status != "not started":
            did = "patient" if clinic.is_patient(checked.id) else "check"
            reached, mistake = "passed" if result.passed else "failed", result.mistake or ""
            self._write_down(did, checked.id, reached, mistake=mistake, definition=exercises.definition(checked))
        treatment = self._treatment
        if treatment is None or treatment.patient.id != checked.id:
            return picture
        treatment.checks.append(result)
        return practice_cards.with_bill(picture, treatment) if result.passed else picture

    def patient(self, name: str | None = None, *, day: int | None = None, level: int | None = None) -> Picture:
        """A broken cluster to find the fault of: one with a name, ``lab.patient("S07")``, or one for every day.

        ``day`` is a number from 1 on; the same number is the same patient for everybody. ``level`` is 1 to 3. Until
        your first check `why`, remedies and warnings are locked. Raises NotFound for a patient that is none.
        """
        from netpol_lab.lessons.practice import clinic

        if (name is None) == (day is None):
            raise LabError('Name a patient or a day: lab.patient("S07"), or lab.patient(day=17).')
        id = name if name is not None else f"day {day}" + (f" level {level}" if level is not None else "")
        return self._admit(clinic.load(id, self.xx))

    def diagnose(self, answer: str = "") -> PressedPicture:
        """Say what was done to the patient: letters of its card, such as ``"b"`` or ``"bd"``, or ids such as ``"M17"``.

        Or press the buttons, one after the other: each adds a letter to those that were right. Raises LabError without
        a patient, and for what is no option.
        """
        if self._treatment is None:
            raise LabError('There is no patient. Take one in: lab.patient("S07"), or lab.patient(day=17).')
        return self._diagnosed(self._treatment, answer)

    def _diagnosed(self, treatment: Treatment, answer: str) -> PressedPicture:
        from netpol_lab.lab.pressed import with_buttons

        before, patient = len(treatment.named), treatment.patient
        picture = treatment.diagnose(answer)
        for letters in treatment.named[before:]:
            ids = " ".join(mistake.id for letter, mistake in patient.diagnosis().options if letter in letters)
            self._write_down("diagnose", patient.id, treatment.outcome(letters), answer=ids)
        if patient.diagnosis().right in treatment.named:
            return with_buttons(picture)
        buttons = [(letter, mistake.name) for letter, mistake in patient.diagnosis().options]
        return with_buttons(
            picture, buttons, lambda letter: self._diagnosed(treatment, treatment.found + letter), "Your diagnosis:"
        )

    def exam(self) -> Picture:
        """The paper of your number, with what you reached so far: one row per task. Its clock informs, in steps of five
        minutes since you first looked at the paper.
        """
        from netpol_lab.lessons.practice import exam, practice_cards

        self._exam_began = self._exam_began or time.monotonic()
        minutes = int((time.monotonic() - self._exam_began) // 60)
        return practice_cards.score_sheet(exam.paper(self.xx), self._exercise.results, minutes - minutes % 5)

    def capstone(self) -> Picture:
        """How your policies of the capstone do: what passes, and how little beside it; and the reference beside it."""
        from netpol_lab.lessons.practice import capstone, practice_cards

        task = exercises.load(capstone.DESIGN, self.xx)
        return practice_cards.graded(capstone.grade(task, self.cluster.snapshot()))

    def _admit(self, patient: Patient) -> Picture:
        from netpol_lab.lessons.practice.treatment import Treatment

        self._begin(patient.exercise)
        self._exercise.locks.close(Lock(patient.id, line("locks.patient", patient=patient.id)))
        self._treatment = Treatment(patient)
        return self._treatment.admission()

    def _begin(self, exercise: exercises.Exercise) -> Picture:
        self._session = Session(self.cluster, terminal=True)
        for name, text in exercise.files:
            self._write(name, text)
        return self._exercise.start(self.cluster, self._story, exercise, self._put)

    def _put(self, start: Snapshot) -> None:
        """Bring the cluster into the start of an exercise."""
        self.cluster.restore(start)

    def _write(self, name: str, text: str) -> str:
        """Write a file of the student's."""
        raise NotImplementedError
