"""Which decks there are, and the text of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from netpol_lab.lessons.decks.deck_page import page
from netpol_lab.lessons.decks.slides import DeckSlide, lesson_slides
from netpol_lab.lessons.decks.talks import course, hour
from netpol_lab.lessons.decks.taught import lesson_names, taught

TALKS: dict[str, Callable[[], tuple[str, list[DeckSlide]]]] = {"hour": hour, "course": course}
"""The decks that are no lesson."""


def deck_names(wanted: Sequence[str]) -> list[str]:
    """The decks that are meant: lessons by the beginning of their names, ``hour``, ``course``; all of them for none.

    Raises NotFound for a word that means none.

    >>> deck_names(["02", "hour"])
    ['02-default-deny', 'hour']
    """
    if not wanted or "all" in wanted:
        return [*lesson_names(), *TALKS]
    return list(dict.fromkeys(name for word in wanted for name in ([word] if word in TALKS else lesson_names(word))))


def deck_text(name: str) -> str:
    """The HTML file of one deck."""
    if name in TALKS:
        title, slides = TALKS[name]()
        return page(title, title, slides)
    lesson = taught(name)
    return page(f"{name[:2]} · {lesson.title}", lesson.title, lesson_slides(lesson))
