"""How a mistake is recognized: the form that all of them share.

A recognizer looks at one thing after the other (the rules that admit a leak, the ends where a connection stops) and
answers with what it found, or None. It knows a structure, never the names of an exercise, and keeps silent where it is
not sure: a wrong cause is worse than none. What is said, of which mistake, and in which order causes are looked for,
stands in ``data/mistakes.yaml``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from netpol_lab.lessons.evidence import Evidence
from netpol_lab.model.origin import Origin
from netpol_lab.model.phrases import first_lines
from netpol_lab.tell import catalogue

T = TypeVar("T")


@dataclass(frozen=True)
class Cause:
    """A likely mistake: its id, what to tell the student (first sentence in bold), and where it stands."""

    mistake: str
    text: str
    lines: str = ""


@dataclass(frozen=True)
class Recognized:
    """Which sentences of its cause a recognizer says, what fills their places, and where it stands."""

    says: tuple[str, ...]
    places: Mapping[str, object]
    origins: tuple[Origin | None, ...] = ()

    def at(self, *origins: Origin | None) -> Recognized:
        """The same, and where it stands in the student's answer."""
        return replace(self, origins=origins)


Look = Callable[[Evidence, T], Recognized | None]

RECOGNIZERS: dict[str, Callable[[Evidence], Recognized | None]] = {}
"""By the id of the cause in ``data/mistakes.yaml``."""


def recognizes(among: Callable[[Evidence], Iterable[T]]) -> Callable[[Look[T]], Look[T]]:
    """Register the recognizer of the cause it is named for. It is shown each item of ``among`` until it finds one."""

    def register(look: Look[T]) -> Look[T]:
        def first(evidence: Evidence) -> Recognized | None:
            answers = (look(evidence, item) for item in among(evidence))
            return next((each for each in answers if each is not None), None)

        RECOGNIZERS[look.__name__.replace("_", "-")] = first
        return look

    return register


def found(*says: str, **places: object) -> Recognized:
    """What was recognized. ``says`` names sentences of the cause, in their order; none where the cause has but one."""
    return Recognized(says or ("",), places)


def cause_of(id: str, recognized: Recognized) -> Cause:
    """The cause in words. The mistake is that of its first sentence."""
    sentences = [catalogue.causes()[id][name] for name in recognized.says]
    text = " ".join(sentence.fill(recognized.places) for sentence in sentences)
    return Cause(sentences[0].mistake.id, text, first_lines(*recognized.origins))
