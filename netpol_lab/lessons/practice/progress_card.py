"""The card of a student's progress: the evidence of each lesson, what comes back, and what to repeat."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netpol_lab.display import card, tables
from netpol_lab.display.markup import Markup, ascii_text, el, table
from netpol_lab.lessons.lesson_data import lessons
from netpol_lab.lessons.loading import ids
from netpol_lab.lessons.practice.repeating import Returning, returning
from netpol_lab.lessons.practice.student_record import RecordedLine
from netpol_lab.lessons.practice.tallies import first_answers, tasks
from netpol_lab.model.phrases import counted, noun

_HEAD = ("Lesson", "Exercises passed", "Tries", "Predictions", "Quiz, first answer")
_DIAGNOSED = "Diagnoses, first"
_NAMED = ("Mistake", "Named", "Last in", "Right answers since")


def draw(lines: Sequence[RecordedLine], lesson: str, notes: Sequence[str] = ()) -> card.Picture:
    """The card. ``lesson`` is the one that is open, ``notes`` what has to be said of the file."""
    begun = sorted({line.lesson for line in lines if line.lesson})
    width = len(_HEAD) + any(line.did == "diagnose" for line in lines)
    head = (*_HEAD, _DIAGNOSED)[:width]
    rows = [_row(each, [line for line in lines if line.lesson == each])[:width] for each in begun]
    back = returning(lines, lesson)
    named = [_named(each) for each in back]
    repeat = [*_to_repeat(back), *_unfinished(lines)]
    done = sum(tally.passed for tally in tasks(lines).values())
    title = (
        f"Your progress: {counted(done, 'exercise')} passed" if lines else "Your progress: nothing is written down yet"
    )
    where = "From the record in your folder `work`. It is yours, and sent to nobody."
    parts: list[Markup] = []
    boxes = []
    if rows:
        parts.append(tables.table(head, rows))
    if named:
        parts.append(el("div", tables.table(_NAMED, named), class_="npl-named"))
    if repeat:
        boxes.append(card.box("To repeat today", *repeat))
    if notes:
        boxes.append(card.note(*notes))
    twin = [
        *table([head, *rows] if rows else []),
        *(["", *table([_NAMED, *named])] if named else []),
        *(["", "To repeat today:", *(f"  {ascii_text(each.replace('`', ''))}" for each in repeat)] if repeat else []),
        *(["", *map(ascii_text, notes)] if notes else []),
    ]
    return card.figure(title, where, parts, boxes, twin="\n".join(twin), drawn=False, rules=tables.RULES + _RULES)


def _row(lesson: str, lines: Sequence[RecordedLine]) -> tuple[str, ...]:
    """The evidence of one lesson."""
    done = tasks(lines)
    all_of = len(ids(lesson)) if lesson in lessons("exercises") else len(done)
    passed = sum(tally.passed for tally in done.values())
    return (
        lesson,
        f"{passed} of {max(all_of, len(done))}" if all_of else "",
        str(sum(tally.tries for tally in done.values()) or ""),
        _right(first_answers(lines, "predict").values()),
        _right(first_answers(lines, "quiz").values()),
        _right(first_answers(lines, "diagnose").values()),
    )


def _right(answers: Iterable[bool]) -> str:
    given = list(answers)
    return f"{sum(given)} of {len(given)} right" if given else ""


def _named(each: Returning) -> tuple[str, ...]:
    times = f"{each.times} {noun(each.times, 'time', 'times')}"
    return (f"{each.mistake.id}, {each.mistake.name}", times, each.where, f"{each.asked} of 2")


def _to_repeat(back: Iterable[Returning]) -> list[str]:
    due = [each for each in back if each.is_due]
    return [f"{each.mistake.id}, {each.mistake.name}: `lab.recall()` asks you about it." for each in due]


def _unfinished(lines: Sequence[RecordedLine]) -> list[str]:
    open_ones = [what for what, tally in tasks(lines).items() if not tally.passed]
    return [f"`{what}` was begun and is not passed yet." for what in open_ones]


_RULES = """
& .npl-named { margin-top: 18px }
"""
