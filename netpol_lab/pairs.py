"""Every pair of pods on all ports, read from the engine's compiled rules one group at a time.

Asking pair by pair costs the same look-ups again and again. Here each set of rules is laid out once: which of them hold
each class of the other end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from netpol_lab.engine import CompiledRule, Engine, Group
from netpol_lab.model import Direction, Pod
from netpol_lab.ports import PortSet


def connections_between(engine: Engine, groups: Sequence[Sequence[Pod]]) -> Iterator[tuple[int, int, PortSet]]:
    """(number of one group, of another or the same, ports) for each two groups between which there is a connection.

    The pods of one group are alike to every policy, and none is on the host network. Within a group, two pods of it
    are meant, never a pod and itself.
    """
    ends = [_End.of(engine, group[0]) for group in groups]
    sides: dict[tuple[Direction, int], _Side] = {}
    met: dict[tuple[PortSet, PortSet], PortSet] = {}
    for one, source in enumerate(ends):
        outward = _side(engine, sides, "egress", source.egress)
        for other, destination in enumerate(ends):
            if one == other and len(groups[one]) < 2:
                continue
            family = next((version for version in destination.classes if version in source.classes), 0)
            here, there = source.number(family), destination.number(family)
            out = outward.ports(there, there)
            if not out:
                continue
            into = _side(engine, sides, "ingress", destination.ingress).ports(here, there)
            if out.is_all or into.is_all:
                both = into if out.is_all else out
            else:
                both = met.get((out, into)) or met.setdefault((out, into), out & into)
            if both:
                yield one, other, both


@dataclass(frozen=True, eq=False)
class _End:
    """A pod's class for each of its address families, first one first, and the rules of its two directions."""

    classes: dict[int, int]
    egress: Group
    ingress: Group

    @classmethod
    def of(cls, engine: Engine, pod: Pod) -> _End:
        versions = dict.fromkeys(address.version for address in pod.ips)
        classes = {version: engine.class_of(pod, version) for version in versions} or {0: engine.class_of(pod)}
        return cls(classes, engine.group("egress", pod), engine.group("ingress", pod))

    def number(self, family: int) -> int:
        """As the engine has it: the class by the family's address, else by the first address."""
        return self.classes.get(family, next(iter(self.classes.values())))


def _side(engine: Engine, sides: dict[tuple[Direction, int], _Side], direction: Direction, group: Group) -> _Side:
    key = (direction, id(group))
    if key not in sides:
        sides[key] = _Side.of(engine, group)
    return sides[key]


@dataclass(frozen=True, eq=False)
class _Side:
    """One set of rules: those that hold every class, those that hold each, and what has been added up before."""

    engine: Engine
    is_open: bool
    always: tuple[CompiledRule, ...]
    holding: dict[int, list[CompiledRule]]
    known: dict[tuple[int, ...], PortSet] = field(default_factory=dict)

    @classmethod
    def of(cls, engine: Engine, group: Group) -> _Side:
        holding: dict[int, list[CompiledRule]] = {}
        always = []
        for rule in group.rules:
            if any(peer.peer is None for peer in rule.peers):
                always.append(rule)
                continue
            numbers = {number for peer in rule.peers for run in peer.runs for number in run.members()}
            for number in numbers:
                holding.setdefault(number, []).append(rule)
        return cls(engine, not group.policies, tuple(always), holding)

    def ports(self, other: int, target: int) -> PortSet:
        """What is admitted where class ``other`` is the far end and ``target`` the one whose ports are meant."""
        if self.is_open:
            return PortSet.ALL
        rules = [*self.always, *self.holding.get(other, ())]
        named = any(rule.ports is None for rule in rules)
        key = (*map(id, rules), target if named else -1)
        if key not in self.known:
            end = self.engine.classes[target]
            self.known[key] = _union(rule.ports_on(end, self.engine.profile) for rule in rules)
        return self.known[key]


def _union(sets: Iterable[PortSet]) -> PortSet:
    total = PortSet.NONE
    for each in sets:
        total |= each
    return total
