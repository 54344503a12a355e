"""The slides of a lesson: the roles of its cells decide what is told, shown, asked and run.

A paragraph stands on its slide with its first sentences; the others go to the notes of that slide, so that nothing of
the lesson is lost and nobody reads a page aloud. A slide that is too full is parted in the browser (``deck.js``), where
it is known how large the letters are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from netpol_lab.lessons.decks import slide_html as html
from netpol_lab.lessons.decks.taught import TaughtCell, TaughtLesson, TaughtSection

_FEW_WORDS = 70
"""So many words fill a slide; what is told after them begins the next one."""
_TASK = 110
"""So many words stand beside the file of an exercise."""
_CONCLUSION = 45
"""So many words may conclude a slide that shows something."""
_WITHOUT = {"Further reading", "Clean up"}
"""Sections that are for reading alone, or done in passing."""

_OF_EVERY_LESSON = {
    "Key points": "**Say:** Let them read. Then ask which line they would not have signed this morning.\n\n"
    "**They ask:** Which one matters most? The one they got wrong in a vote today.\n\n"
    "**Short of time:** read the first line aloud and go on.",
}
"""Notes of a section that every lesson has, where the lesson says nothing of its own."""
_OPENING = (
    "**Say:** what they will do today, in one sentence, and how long it takes. Ask who has met this at work.\n\n"
    "**They ask:** Do we need a cluster? No: it is simulated, and answers as Kubernetes does.\n\n"
    "**Short of time:** say the first line and go on.\n\n"
    "Keys: S speaker view, F full screen, O overview, → or space next. For a handout open this file with `?print-pdf` "
    "after its name and print it."
)


@dataclass(frozen=True)
class DeckSlide:
    """One slide: its kind (a class of the style sheet), its body and notes as HTML, and the seconds it takes."""

    kind: str
    title: str
    body: str
    notes: str = ""
    seconds: float = 0.0


def lesson_slides(lesson: TaughtLesson) -> list[DeckSlide]:
    """All slides of a lesson, in order."""
    first, *others = lesson.sections
    slides = [opening(lesson, first)]
    for section in others:
        if section.title not in _WITHOUT:
            slides += section_slides(section)
    return slides


def opening(lesson: TaughtLesson, first: TaughtSection) -> DeckSlide:
    """The slide that names the lesson, and says what it is about."""
    told = "\n\n".join(cell.source for cell in first.cells if "objective" in cell.roles)
    body, _ = html.prose(told, whole=True)
    notes = "".join(map(html.notes, [_OPENING, *first.notes]))
    return DeckSlide("title", lesson.title, body, notes, first.seconds)


def section_slides(section: TaughtSection) -> list[DeckSlide]:
    """The slides of one section; its notes stand on the first, what they will ask on the last as well."""
    slides = _SectionInSlides(section).slides
    if not slides:
        return []
    written = [*section.notes, _OF_EVERY_LESSON.get(section.title, "")][: len(section.notes) or 1]
    asked = "".join(html.notes(part) for part in map(_expected_questions, written) if part)
    first, last = slides[0], slides[-1]
    slides[0] = replace(first, notes="".join(map(html.notes, written)) + first.notes)
    if first is not last and asked:
        slides[-1] = replace(last, notes=last.notes + asked)
    return slides


def _expected_questions(notes: str) -> str:
    return "\n\n".join(part for part in notes.split("\n\n") if part.startswith("**They ask"))


class _SectionInSlides:
    """The slides of one section in the making: what is told waits for the cell it introduces."""

    def __init__(self, section: TaughtSection) -> None:
        self.section = section
        self.slides: list[DeckSlide] = []
        self.blocks: list[str] = []
        self.untold: list[str] = []
        self.seconds = 0.0
        self.words = 0
        self.again = ""
        self.hints = [cell.source for cell in section.cells if "hint" in cell.roles]
        cells = [cell for cell in section.cells if "hint" not in cell.roles]
        for cell, following in zip(cells, [*cells[1:], None], strict=True):
            self.again = (re.findall(r"lab\.start\([^)]*\)", cell.source) or [self.again])[-1]
            if not cell.code:
                self._tell(cell, following)
            elif "exercise" in cell.roles:
                self._set_task(cell)
            elif cell.roles & {"predict", "quiz"}:
                self._ask(cell)
            else:
                self._run(cell)
        self._flush()

    def _add(self, kind: str, body: str, notes: str = "", seconds: float = 0.0) -> None:
        self.slides.append(DeckSlide(kind, self.section.title, body, notes, seconds))

    def _tell(self, cell: TaughtCell, following: TaughtCell | None) -> None:
        """What is told before a cell introduces it; what is told after the last one concludes the slide before."""
        parts = html.paragraphs(cell.source)
        share = cell.seconds / len(parts)
        is_task = following is not None and "exercise" in following.roles
        introduces = following is not None and following.code
        concluding = len(parts) - introduces if self.slides and not self.blocks and not is_task else 0
        for number, text in enumerate(parts):
            if number < concluding and self._conclude(text, len(text.split()), share):
                continue
            concluding = 0
            body, untold = html.prose(text, whole=is_task or self.section.title == "Key points")
            words = len(html.plain(body).split())
            if self.blocks and self.words + words > (_TASK if is_task else _FEW_WORDS):
                self._flush()
            self.blocks.append(body)
            self.untold += untold
            self.seconds += share
            self.words += words

    def _conclude(self, text: str, words: int, seconds: float) -> bool:
        """Put a sentence or two on the slide before, or in its notes where it shows a picture; False: too much."""
        last = self.slides[-1]
        if last.kind not in {"run", "solution", "picture", "answered"} or words > _CONCLUSION or text.endswith(":"):
            return False
        if last.kind in {"picture", "answered"}:
            if "**" in text:
                return False
            self.slides[-1] = replace(last, notes=last.notes + html.note("Then", text), seconds=last.seconds + seconds)
            return True
        if "takeaway" in last.body:
            return False
        body, untold = html.prose(text)
        self.slides[-1] = replace(
            last,
            body=f'{last.body}<div class="takeaway fragment">{body}</div>',
            notes=last.notes + html.untold(untold),
            seconds=last.seconds + seconds,
        )
        return True

    def _flush(self, kind: str = "told") -> None:
        """A slide of what was told until here, if anything was."""
        if self.blocks:
            self._add(kind, *self._taken())

    def _taken(self) -> tuple[str, str, float]:
        """What was told until here: body, notes, seconds. It is told now."""
        taken = "".join(self.blocks), html.untold(self.untold), self.seconds
        self.blocks, self.untold, self.seconds, self.words = [], [], 0.0, 0
        return taken

    def _spoken(self) -> tuple[str, float]:
        """The same as notes alone, for a slide that shows something else. What is worth reading gets its own slide."""
        if any(re.search("<(strong|ul|ol|table|blockquote|pre)", block) for block in self.blocks):
            self._flush()
        body, untold, seconds = self._taken()
        return html.note("Say", html.plain(body), bool(body)) + untold, seconds

    def _set_task(self, cell: TaughtCell) -> None:
        """An exercise: what is wanted beside what is to be completed."""
        body, untold, seconds = self._taken()
        repair = html.note("If they are lost", f"`{self.again}` sets the cluster to this point.", bool(self.again))
        task = f"<div class=columns><div>{body}</div><div>{html.command(cell.source)}</div></div>"
        self._add("exercise", task, untold + html.hints(self.hints) + repair, seconds)

    def _ask(self, cell: TaughtCell) -> None:
        """A vote: the question with its options, then what happened, or the answer with its whys."""
        notes, seconds = self._spoken()
        if "predict" in cell.roles and '""' not in cell.source:
            self._add("answered", "".join(html.figures(cell.outputs)), notes, seconds + cell.seconds)
            return
        vote = html.note("Vote", "let every hand go up once before you go on.")
        self._add("asked", "".join(html.figures(cell.outputs)), vote + notes, seconds + cell.seconds)

    def _run(self, cell: TaughtCell) -> None:
        """A demonstration: the command, then what it prints; its pictures have a slide of their own."""
        printed, pictures = html.printed(cell.outputs), html.figures(cell.outputs)
        file = html.is_file(cell.source)
        if not (printed or pictures or file):  # it prepares what follows
            self.untold.append(f"Run <code>{html.last_line(cell.source)}</code> and what stands above it.")
            self.seconds += cell.seconds
            return
        live = html.note("Live", "run it in the notebook, or type it.")
        fails = html.note("If it fails", f"the slide has what it prints. {self._recovery()}")
        if printed or file:
            body, untold, seconds = self._taken()
            shown = html.shown_file(cell.source, printed) or html.command(cell.source) + printed
            kind = "solution" if "solution" in cell.roles else "run"
            self._add(kind, html.beside(body, shown), untold + live + fails, seconds + cell.seconds)
            for each in pictures:
                self._add("picture", each)
            return
        notes, seconds = self._spoken()
        first, *others = pictures
        self._add("picture", first + html.caption(cell.source), notes + live + fails, seconds + cell.seconds)
        for each in others:
            self._add("picture", each)

    def _recovery(self) -> str:
        return f"`{self.again}` sets the cluster right." if self.again else "Run all cells above, from the first one."


def total_seconds(slides: Iterable[DeckSlide]) -> float:
    """The seconds of a deck."""
    return sum(slide.seconds for slide in slides)
