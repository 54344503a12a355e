"""What is shown of practice: the score sheet of an exam, the bill of a treatment, the grade of a design."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from netpol_lab.connections.scene import build
from netpol_lab.lessons.behavior import Judged
from netpol_lab.lessons.checking import CheckResult
from netpol_lab.lessons.loading import Exercise
from netpol_lab.lessons.practice.capstone import Grade
from netpol_lab.lessons.practice.treatment import Treatment
from netpol_lab.model.objects import NetworkPolicy
from netpol_lab.model.phrases import counted, listed

if TYPE_CHECKING:
    from netpol_lab.display.card import Picture
    from netpol_lab.display.feedback_card import CheckPicture

_SHOWN = 5


def with_bill(picture: CheckPicture, treatment: Treatment) -> CheckPicture:
    """The card of a check that cured a patient, with the bill below it."""
    bill = treatment.bill()
    both = f"{picture.twin}\n\n{bill.text}"
    return replace(picture, twin=both, html=picture.html + bill.html)


def score_sheet(tasks: Sequence[Exercise], results: Mapping[str, CheckResult], minutes: int = 0) -> Picture:
    """One row per task: what it asks, and how the last answer to it was. ``minutes`` is how long ago it began."""
    from netpol_lab.display import card

    reached = sum(task.id in results and results[task.id].passed for task in tasks)
    rows = [f"{task.id} {task.title}: {_reached(results.get(task.id))}. {task.question}" for task in tasks]
    began = f"You began {minutes} minutes ago." if minutes else "You have begun."
    planned = f"Two hours are planned, ten minutes a task. {began}"
    return card.told(f"Your paper: {reached} of {len(tasks)} tasks are right", planned, [*rows, _HOW_TO])


_HOW_TO = (
    'Begin a task with `lab.start("11-exam/1")`, write your answer into an empty file, apply it, and hand it in with '
    "`lab.check()`."
)


def _reached(result: CheckResult | None) -> str:
    if result is None:
        return "not handed in"
    if result.passed:
        return "right"
    return result.feedback.verdict if result.feedback else result.status


def graded(grade: Grade) -> Picture:
    """What a design lets pass and what not, in rows, and what the reference does otherwise as a delta."""
    from netpol_lab.display import card, delta

    rows = [
        f"Wanted connections that pass: {grade.passing} of {grade.wanted}. {_some(grade.missing)}",
        f"Open, and nobody asked for it: {len(grade.unasked)}. {_some(grade.unasked)}",
        f"Open on more ports than needed: {len(grade.ports_too_many)}. {_some(grade.ports_too_many)}",
        f"Policies without effect: {len(grade.idle)}. {_names(grade.idle)}",
        f"Policies that a restart breaks (they name a pod's address): {len(grade.pinned)}. {_names(grade.pinned)}",
        f"To read: {counted(grade.policies, 'policy', 'policies')}; the reference has "
        f"{len(grade.exercise.solution_policies)}. This is shown, and not judged.",
    ]
    title = "= Least privilege: all that is wanted, and nothing else" if grade.least else "Not least privilege yet"
    told = card.told(title, f"{grade.exercise.id}: {grade.exercise.title}.", [row.strip() for row in rows])
    if grade.least:
        return told
    scenes = build(grade.state), build(grade.exercise.solved_state())
    return card.stack([told, delta.draw(*scenes, before_name="your design", after_name="the reference")])


def _some(judged: Sequence[Judged]) -> str:
    shown = [f"{each.source.id} → {each.destination.id}" for each in judged[:_SHOWN]]
    rest = f", and {len(judged) - _SHOWN} more" if len(judged) > _SHOWN else ""
    return f"{'; '.join(shown)}{rest}." if shown else ""


def _names(policies: Sequence[NetworkPolicy]) -> str:
    return f"{listed(f'`{each.namespace}/{each.name}`' for each in policies)}." if policies else ""
