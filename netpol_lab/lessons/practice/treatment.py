"""One treatment: what was typed, checked and diagnosed since a patient came in, and the bill."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from netpol_lab.lessons.checking import CheckResult
from netpol_lab.lessons.practice.patients import Patient
from netpol_lab.model.phrases import counted, listed

if TYPE_CHECKING:
    from netpol_lab.display.card import Picture


_HOW = 'Press its buttons one after the other, or put all letters between quotes, as in `lab.diagnose("ab")`.'


@dataclass
class Treatment:
    """What was done about a patient. ``named`` are the letters of each diagnosis, in their order."""

    patient: Patient
    commands: int = 0
    checks: list[CheckResult] = field(default_factory=list)
    named: list[str] = field(default_factory=list)

    @property
    def cured(self) -> bool:
        return bool(self.checks) and self.checks[-1].passed

    @property
    def found(self) -> str:
        """The letters of all that was named rightly so far."""
        right = self.patient.diagnosis().right
        return "".join(letter for letter in right if any(letter in said for said in self.named))

    def outcome(self, letters: str) -> str:
        """What a diagnosis is: ``right``, ``wrong`` where something of it is, or ``part`` of what is right."""
        right = set(self.patient.diagnosis().right)
        return "right" if set(letters) == right else "part" if set(letters) < right else "wrong"

    def admission(self) -> Picture:
        """The card at the beginning: the complaint, the line that shows it, and what has to work."""
        from netpol_lab.display import card

        patient = self.patient
        return card.told(
            f"Patient {patient.id}: {patient.exercise.title}",
            f"Level {patient.level} of 3. The cluster is as it was brought in. Your files stay.",
            [
                patient.complaint,
                f"See for yourself: `{patient.symptom.command}`",
                "What has to work:",
                *(f"– {want}" for want in patient.wants),
                patient.exercise.question,
                "What was done to it?",
                *self._options(),
                f"Say it with `lab.diagnose()`. {_HOW} Check your repair with `lab.check()`.",
            ],
        )

    def diagnose(self, answer: str) -> Picture:
        """Take a diagnosis down, and say how much of it is right. Raises LabError for what is no option."""
        from netpol_lab.display import card

        diagnosis = self.patient.diagnosis()
        letters = diagnosis.letters(answer)
        if not letters:
            return card.told("Your diagnosis", f"Nothing is said yet. {_HOW}", self._options())
        if letters not in self.named:  # the same cell can be run again
            self.named.append(letters)
        right, wrong = set(letters) & set(diagnosis.right), set(letters) - set(diagnosis.right)
        missing = len(diagnosis.right) - len(right)
        if not wrong and not missing:
            told = [f"{listed(sorted(letters))}: yes. Now prove it with a repair, and `lab.check()`."]
            return card.told("= Your diagnosis is right", "", [*told, *self._sentences(letters)])
        parts = [f"{listed(sorted(right))} {'is' if len(right) == 1 else 'are'} right"] if right else []
        parts += [f"{listed(sorted(wrong))} {'is' if len(wrong) == 1 else 'are'} not"] if wrong else []
        parts += (
            [f"{counted(missing, 'thing')} more {'was' if missing == 1 else 'were'} done"] if right and missing else []
        )
        told = [f"{', '.join(parts)}. Look again: what do the rules of the policies want, and what do the pods have?"]
        said = self._sentences("".join(sorted(wrong)))
        return card.told("≠ Not this, or not all", "", [*told, *said, "What was done to it?", *self._options()])

    def bill(self) -> Picture:
        """What happened, and what the treatment took."""
        from netpol_lab.display import card

        said = [self.outcome(letters) for letters in self.named]
        tries = 1 + said[: said.index("right")].count("wrong") if "right" in said else 0
        told = f"named at try {tries}" if tries else "not named" if self.named else "not asked for"
        wide = sum(check.feedback is not None and check.feedback.leaks > 0 for check in self.checks)
        opened = counted(wide, "try", "tries") if wide else "no try"
        took = f"{counted(self.commands, 'command')}; {counted(len(self.checks), 'check')}; what was done: {told}"
        return card.told(
            f"Patient {self.patient.id} is well",
            f"The bill: {took}; {opened} opened more than needed.",
            ["This was done to the cluster:", *self.patient.told],
        )

    def _options(self) -> list[str]:
        return [f"{letter}) {mistake.name}." for letter, mistake in self.patient.diagnosis().options]

    def _sentences(self, letters: str) -> list[str]:
        return [f"{letter}) {m.sentence}" for letter, m in self.patient.diagnosis().options if letter in letters]
