"""What differs between two states, between any two ends: what opened and what closed. Nothing else compares answers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from netpol_lab.engine.compiled import Engine
from netpol_lab.model.objects import Endpoint
from netpol_lab.model.ports import PortSet

Turn = Literal["same", "opened", "closed", "changed"]
"""``opened``: some port passes where none did; ``closed``: none passes any more; ``changed``: other ports do."""


@dataclass(frozen=True)
class Difference:
    """The ports that passed before, and those that pass after. It is true where they differ.

    >>> step = Difference(PortSet.of("TCP", 80, 81), PortSet.of("TCP", 81, 82))
    >>> str(step.opened), str(step.closed), step.turn
    ('TCP 82', 'TCP 80', 'changed')
    >>> bool(Difference(PortSet.ALL, PortSet.ALL))
    False
    """

    before: PortSet
    after: PortSet

    def __bool__(self) -> bool:
        return self.before != self.after

    @cached_property
    def opened(self) -> PortSet:
        return self.after - self.before

    @cached_property
    def closed(self) -> PortSet:
        return self.before - self.after

    @property
    def turn(self) -> Turn:
        if not self:
            return "same"
        if not self.before:
            return "opened"
        return "changed" if self.after else "closed"


Twice = tuple[Endpoint, Endpoint]
"""An end as it is in the one state and in the other: a pod with new labels, a node that stays as it is."""


def compare(before: Engine, after: Engine, source: Twice, destination: Twice) -> Difference:
    """What a connection may between two ends, in the one state and in the other."""
    return Difference(before.connection(source[0], destination[0]), after.connection(source[1], destination[1]))
