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
    from netpol_lab.display.markup import Markup

_SHOWN = 5


def with_bill(picture: CheckPicture, treatment: Treatment) -> CheckPicture:
    """The card of a check that cured a patient, with the bill below it."""
    bill = treatment.bill()
    both = f"{picture.twin}\n\n{bill.text}"
    return replace(picture, twin=both, html=picture.html + bill.html)


def score_sheet(tasks: Sequence[Exercise], results: Mapping[str, CheckResult], minutes: int = 0) -> Picture:
    """One row per task: what it asks, and how the last answer to it was. ``minutes`` is how long ago it began."""
    from netpol_lab.display import card, tables

    reached = sum(task.id in results and results[task.id].passed for task in tasks)
    rows = [(task, *_reached(results.get(task.id))) for task in tasks]
    lines = [
        f"{task.id} {task.title}: {told}.{f' {packet}' if packet else ''} {task.question}"
        for task, told, packet in rows
    ]
    began = f"You began {minutes} minutes ago." if minutes else "You have begun."
    return card.figure(
        f"Your paper: {reached} of {len(tasks)} tasks are right",
        f"Two hours are planned, ten minutes a task. {began}",
        tables.table(("Task", "What it asks", "Your answer"), (_task(*row) for row in rows)),
        [card.note(_HOW_TO)],
        twin="\n".join([*lines, _HOW_TO.replace("`", "")]),
        drawn=False,
        rules=tables.RULES + "& table.npl-plain tr > :last-child { white-space: nowrap }",
    )


def _task(task: Exercise, told: str, packet: str) -> tuple[Markup | str, ...]:
    from netpol_lab.display.markup import el, join

    kind = {"right": "npl-reached", _NOT_HANDED_IN: None}.get(told, "npl-unreached")
    asks = join([el("strong", task.title), el("div", task.question), el("div", packet, class_="npl-unreached")])
    return task.id.rpartition("/")[2], asks, el("span", told, class_=kind)


_NOT_HANDED_IN = "not handed in"
_HOW_TO = (
    'Begin a task with `lab.start("11-exam/1")`, write your answer into an empty file, apply it, and hand it in with '
    "`lab.check()`."
)


def _reached(result: CheckResult | None) -> tuple[str, str]:
    """How an answer was, in a word or two, and of one that is wrong a packet that shows it."""
    if result is None:
        return _NOT_HANDED_IN, ""
    if result.passed:
        return "right", ""
    if result.feedback is None:
        return "something is missing", ""
    shown = (
        f"{each.source} → {each.destination}, {each.protocol} {each.port}: wanted {_passes(each.wanted)}, and "
        f"{_passes(each.got)}."
        for each in result.feedback.counterexamples
    )
    return result.feedback.verdict, next(shown, "")


def _passes(allowed: bool) -> str:
    return "allowed" if allowed else "blocked"


def graded(grade: Grade) -> Picture:
    """What a design lets pass and what not, in rows, and what the reference does otherwise as a delta."""
    from netpol_lab.display import card, matrix, tables
    from netpol_lab.display.markup import ascii_text, prose

    policies = f"{counted(grade.policies, 'policy', 'policies')}; the reference has"
    rows = [
        ("Wanted connections that pass", f"{grade.passing} of {grade.wanted}", _some(grade.missing, "Missing: ")),
        ("Open, and nobody asked for it", str(len(grade.unasked)), _some(grade.unasked)),
        ("Open on more ports than needed", str(len(grade.ports_too_many)), _some(grade.ports_too_many)),
        ("Policies without effect", str(len(grade.idle)), _names(grade.idle)),
        ("Policies that a restart breaks (they name a pod's address)", str(len(grade.pinned)), _names(grade.pinned)),
    ]
    read = f"To read: {policies} {len(grade.exercise.solution_policies)}. This is shown, and not judged."
    told: Picture = card.figure(
        "= Least privilege: all that is wanted, and nothing else" if grade.least else "Not least privilege yet",
        f"{grade.exercise.id}: {grade.exercise.title}.",
        tables.table(("What is measured", "How many", "Which"), ((row[0], row[1], prose(row[2])) for row in rows)),
        [card.note(read)],
        twin=ascii_text(
            "\n".join([*(f"{what}: {many}. {which}".replace("`", "") for what, many, which in rows), read])
        ),
        drawn=False,
        rules=tables.RULES,
    )
    if grade.least:
        return told
    scenes = build(grade.state), build(grade.exercise.solved_state())
    # A first design differs in too many connections for a graph.
    return card.stack([told, matrix.matrix_delta(*scenes, before_name="your design", after_name="the reference")])


def _some(judged: Sequence[Judged], first: str = "") -> str:
    shown = [f"{each.source.id} → {each.destination.id}" for each in judged[:_SHOWN]]
    rest = f", and {len(judged) - _SHOWN} more" if len(judged) > _SHOWN else ""
    return f"{first}{'; '.join(shown)}{rest}." if shown else ""


def _names(policies: Sequence[NetworkPolicy]) -> str:
    return f"{listed(f'`{each.namespace}/{each.name}`' for each in policies)}." if policies else ""
