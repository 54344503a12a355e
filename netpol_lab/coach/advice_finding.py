"""What a check says: a message about one line of one policy."""

from __future__ import annotations

from dataclasses import dataclass, field

from netpol_lab.coach.change import Change
from netpol_lab.model.objects import NetworkPolicy
from netpol_lab.model.origin import Origin
from netpol_lab.model.phrases import first_lines
from netpol_lab.tell import catalogue
from netpol_lab.tell.catalogue import Mistake


@dataclass(frozen=True)
class Finding:
    """Something that is legal and probably wrong.

    ``id`` is the warning's name in the catalogue, ``mistake`` its entry, ``lesson`` where the workbook teaches it.
    ``words`` say what; ``near`` what was probably meant, as a sentence, or "". ``origin`` is the line to look at.
    ``repairs`` are the changes that ``near`` may mean.
    """

    id: str
    mistake: Mistake
    lesson: str
    policy: NetworkPolicy
    words: str
    near: str = ""
    origin: Origin | None = None
    repairs: tuple[Change, ...] = field(default=(), repr=False, compare=False)

    @property
    def file(self) -> str:
        """The file as you named it; "" where it is not known."""
        return self.origin.file if self.origin else ""

    @property
    def line(self) -> int:
        """The line in it, counted from 1; 0 where it is not known."""
        return self.origin.first_line if self.origin else 0

    def __str__(self) -> str:
        place = first_lines(self.origin)
        return f"{place + ': ' if place else ''}{self.policy.id}: {self.words}{' ' + self.near if self.near else ''}"


def finding(id: str, policy: NetworkPolicy, origin: Origin | None = None, near: str = "", **places: object) -> Finding:
    """A finding with the catalogue's words, their places filled."""
    wording = catalogue.warnings()[id]
    words = wording.fill(places)
    return Finding(id, wording.mistake, wording.lesson, policy, words, near, origin or policy.origin)
