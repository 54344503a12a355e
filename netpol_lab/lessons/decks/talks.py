"""Decks that are no lesson: an hour's talk, and the frame of the two-day course with its agenda and breaks.

Both take their slides from the lessons; here stands only which ones.
"""

from __future__ import annotations

from collections.abc import Iterator

from netpol_lab.display.markup import el, join
from netpol_lab.lessons.decks import slide_html as html
from netpol_lab.lessons.decks.slides import DeckSlide, opening, section_slides
from netpol_lab.lessons.decks.taught import TaughtLesson, lesson_names, taught
from netpol_lab.lessons.packs.lesson_minutes import Hour, day, days

HOUR = (
    ("01-allow-all", "The pod that somebody broke into"),
    ("02-default-deny", "Task 2: the policy"),
    ("02-default-deny", "What changed"),
    ("02-default-deny", "Three ways to fail"),
    ("02-default-deny", "Close production in both directions"),
    ("02-default-deny", "The trap: DNS"),
    ("02-default-deny", "Both ends must admit"),
    ("03-allow-specific", "Task 3: the policy"),
    ("03-allow-specific", "Task 4: verify what is allowed"),
    ("03-allow-specific", "The routine: six questions"),
    ("04-selectors", "One dash: AND or OR"),
    ("05-egress-and-dns", "A hole is not a deny"),
    ("06-flows-and-services", "Every second request"),
    ("02-default-deny", "Key points"),
    ("03-allow-specific", "Key points"),
)
"""The sections of an hour's talk, in order."""
_PAUSES = {"lunch": "Lunch", "break": "Break"}
_DAYS = ("The first day", "The second day")


def hour() -> tuple[str, list[DeckSlide]]:
    """The title and the slides of an hour's talk."""
    title = "Kubernetes NetworkPolicy in an hour"
    lessons = {name: taught(name) for name in dict.fromkeys(name for name, _ in HOUR)}
    parts = [slide for name, section in HOUR for slide in section_slides(lessons[name].section(section))]
    seconds = sum(slide.seconds for slide in parts)
    told = "What a policy does, how to see what it did, and the mistakes that cost an afternoon."
    notes = html.notes(
        "**Say:** who you are, and that every picture comes from a simulated cluster.\n\n"
        "**They ask:** Where can we try it? In the lessons: `pip install netpol-lab`, then `netpol-lab lab`.\n\n"
        "**Short of time:** leave out the last two examples. "
        f"The slides take {seconds / 60:.0f} minutes, questions not counted."
    )
    return title, [DeckSlide("title", title, html.prose(told)[0], notes), *parts]


def course() -> tuple[str, list[DeckSlide]]:
    """The title and the slides of the two-day course: agenda, each lesson's opening and key points, breaks, lunch."""
    title = "Kubernetes NetworkPolicy in two days"
    lessons = {name: taught(name) for name in lesson_names() if not name.startswith("9")}
    times = {name: lesson.minutes for name, lesson in lessons.items()}
    first, second, later = days(times)
    after = f"Afterwards, alone: {', '.join(lessons[name].title for name in later)}." if later else ""
    told = "Closed first, then open what is needed."
    notes = html.notes(
        "**Say:** that they type from the first half hour on, and that nothing they do can harm a cluster.\n\n"
        "**They ask:** May I use my own manifests? Yes, from the second day on: bring them.\n\n"
        "**Short of time:** a lesson that does not fit is homework; each runs alone.\n\n" + after
    )
    slides = [DeckSlide("title", title, html.prose(told)[0], notes)]
    for heading, names in zip(_DAYS, (first, second), strict=True):
        rows = list(day(names, times))
        slides.append(_agenda(heading, rows, lessons))
        for row in rows:
            slides += _row(row, lessons)
    return title, slides


def _agenda(heading: str, rows: list[Hour], lessons: dict[str, TaughtLesson]) -> DeckSlide:
    lines = (
        el("tr", el("td", row.clock), el("td", _named(row, lessons)), el("td", f"{row.minutes + row.talk} min"))
        for row in rows
    )
    notes = (
        "**Say:** when the breaks are, and that you keep them.\n\n**They ask:** How long is a lesson? As printed; ten "
    )
    notes += "minutes of it are for questions.\n\n**Short of time:** the last lesson of a day is the one to move."
    table = el("table", el("tbody", join(lines)), class_="agenda")
    return DeckSlide("told", heading, str(table), html.notes(notes))


def _named(row: Hour, lessons: dict[str, TaughtLesson]) -> str:
    return f"{row.what[:2]} · {lessons[row.what].title}" if row.talk else _PAUSES[row.what]


def _row(row: Hour, lessons: dict[str, TaughtLesson]) -> Iterator[DeckSlide]:
    if not row.talk:
        until = f"<p>{row.minutes} minutes, from {row.clock}.</p>"
        yield DeckSlide("break", _PAUSES[row.what], until, html.note("Say", "when you go on."), 60 * row.minutes)
        return
    lesson = lessons[row.what]
    first = opening(lesson, lesson.sections[0])
    deck = html.note(
        "Deck", f"`{lesson.name}.html` has the slides of this lesson; `netpol-lab present {lesson.name[:2]}` runs it."
    )
    yield DeckSlide(first.kind, first.title, first.body, deck + first.notes, 60 * (row.minutes + row.talk))
    yield from (
        DeckSlide(each.kind, each.title, each.body, each.notes) for each in section_slides(lesson.section("Key points"))
    )
