"""Every pair of pods on all ports, read from the engine's compiled rules one group at a time.

Asking pair by pair costs the same look-ups again and again. Here each set of rules is laid out once: which of them hold
each class of the other end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from netpol_lab.engine.compiled import CompiledRule, Engine, Group
from netpol_lab.engine.meter import watched
from netpol_lab.model.objects import Direction, Pod
from netpol_lab.model.ports import PortSet


def connections_between(engine: Engine, groups: Sequence[Sequence[Pod]]) -> Iterator[tuple[int, int, PortSet]]:
    """(number of one group, of another or the same, ports) for each two groups between which there is a connection.

    The pods of one group are alike to every policy, and none is on the host network. Within a group, two pods of it
    are meant, never a pod and itself.
    """
    ends = [_End.of(engine, group[0]) for group in groups]
    sides: dict[tuple[Direction, int], _Side] = {}
    inward = [_side(engine, sides, "ingress", end.ingress) for end in ends]
    met: dict[tuple[PortSet, PortSet], PortSet] = {}
    for one, source in enumerate(watched(ends, "Comparing pods")):
        outward = _side(engine, sides, "egress", source.egress)
        for other, destination in enumerate(ends):
            here, there = source.seen_from(destination)
            out = outward.ports(there, there)
            if not out or (one == other and len(groups[one]) < 2):
                continue
            into = inward[other].ports(here, there)
            both = into if out.is_all else out if into.is_all else met.get((out, into))
            if both is None:
                both = met[out, into] = out & into
            if both:
                yield one, other, both


@dataclass(frozen=True, eq=False)
class _End:
    """A pod's class for each of its address families, ``first`` the first one's; the rules of its two directions."""

    classes: dict[int, int]
    first: int
    egress: Group
    ingress: Group

    @classmethod
    def of(cls, engine: Engine, pod: Pod) -> _End:
        classes = dict(engine.classes_of(pod))
        return cls(classes, next(iter(classes.values())), engine.group("egress", pod), engine.group("ingress", pod))

    def seen_from(self, destination: _End) -> tuple[int, int]:
        """Both classes as a connection has them: by the destination's first family that the source has too."""
        if self.classes.keys() == destination.classes.keys() and len(self.classes) == 1:
            return self.first, destination.first
        family = next((version for version in destination.classes if version in self.classes), 0)
        return self.classes.get(family, self.first), destination.classes.get(family, destination.first)


def _side(engine: Engine, sides: dict[tuple[Direction, int], _Side], direction: Direction, group: Group) -> _Side:
    key = (direction, id(group))
    if key not in sides:
        sides[key] = _Side.of(engine, group)
    return sides[key]


@dataclass(frozen=True, eq=False)
class _Side:
    """One set of rules, laid out: those that hold every class, and those that hold each.

    ``fixed`` has the ports instead, where no named port makes them depend on the destination.
    """

    engine: Engine
    always: tuple[CompiledRule, ...]
    holding: dict[int, tuple[CompiledRule, ...]]
    fixed: dict[int, PortSet] | None
    rest: PortSet
    known: dict[tuple[int, ...], PortSet] = field(default_factory=dict)

    @classmethod
    def of(cls, engine: Engine, group: Group) -> _Side:
        if not group.policies:
            return cls(engine, (), {}, {}, PortSet.ALL)
        always = tuple(rule for rule in group.rules if rule.for_everyone)
        holding: dict[int, tuple[CompiledRule, ...]] = {}
        for rule in group.rules:
            runs = () if rule.for_everyone else (run for peer in rule.peers for run in peer.runs)
            for number in {number for run in runs for number in run.members()}:
                holding[number] = (*holding.get(number, ()), rule)
        side = cls(engine, always, holding, None, PortSet.NONE)
        if any(rule.ports is None for rule in group.rules):
            return side
        fixed = {number: side._added_up((*always, *rules), 0) for number, rules in holding.items()}
        return cls(engine, (), {}, fixed, side._added_up(always, 0))

    def ports(self, other: int, target: int) -> PortSet:
        """What is admitted where class ``other`` is the far end and ``target`` the one whose ports are meant."""
        if self.fixed is not None:
            return self.fixed.get(other, self.rest)
        return self._added_up((*self.always, *self.holding.get(other, ())), target)

    def _added_up(self, rules: tuple[CompiledRule, ...], target: int) -> PortSet:
        key = (*map(id, rules), target)
        if key not in self.known:
            end = self.engine.classes[target]
            self.known[key] = PortSet.union(rule.ports_on(end, self.engine.profile) for rule in rules)
        return self.known[key]
