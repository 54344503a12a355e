"""What a change opens and what it closes, measured: two states side by side, end by end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_

from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.connections.ends import outside_ranges
from netpol_lab.engine.compare import compare
from netpol_lab.engine.verdict import Verdict
from netpol_lab.model.objects import OUTSIDE, Endpoint, External, NetworkPolicy, Node, Pod, Resource
from netpol_lab.model.phrases import some
from netpol_lab.model.ports import PortSet


@dataclass(frozen=True)
class Way:
    """A connection from any of ``sources`` to any of ``destinations`` on ``ports``; both are ids of alike ends.

    >>> str(Way(("shop/web-1", "shop/web-2"), ("shop/db",), PortSet.of("TCP", 5432)))
    'shop/web-1 and 1 more to shop/db on TCP 5432'
    """

    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    ports: PortSet

    def __str__(self) -> str:
        return f"{some(self.sources, 1)} to {some(self.destinations, 1)} on {self.ports.words()}"


@dataclass(frozen=True)
class Effect:
    """What a change does besides the connection it is for.

    ``others`` counts the pairs of ends, other than the one that was asked about, that it opens or closes.
    """

    opened: tuple[Way, ...]
    closed: tuple[Way, ...]
    others: int = 0


@dataclass(frozen=True)
class _End:
    """Ends that no policy tells apart, in neither state: (before, after) of each."""

    pairs: tuple[tuple[Endpoint, Endpoint], ...]
    role: str
    touched: bool

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(end.id if isinstance(end, Pod) else end.name for end, _ in self.pairs)

    def facing(self, other: _End) -> _End:
        """Those that are not at home where ``other`` is a node: a pod's own node is always admitted (D)."""
        far = other.pairs[0][0]
        node = far.name if isinstance(far, Node) else far.node if isinstance(far, Pod) and far.host_network else ""
        if not node:
            return self
        return replace(self, pairs=tuple(pair for pair in self.pairs if getattr(pair[0], "node", "") != node))


def effect(
    before: Snapshot,
    after: Snapshot,
    changed: Iterable[Resource],
    asked: Verdict,
    asked_ports: Iterable[tuple[str, int]],
) -> Effect:
    """Every connection that differs between two states, apart from ``asked_ports`` of the one that was asked about.

    ``changed`` are the objects that differ; only pods that they touch can have another answer. Replicas of the asked
    ends count as these ends.
    """
    ends = _ends(before, after, _touched(before, after, tuple(changed)), asked)
    mine = reduce(or_, (PortSet.of(*each) for each in asked_ports))
    opened: list[Way] = []
    closed: list[Way] = []
    others = 0
    for source, destination in _ways_between(ends):
        # of the alike pods of one end, the first and the last stand for each two
        step = compare(before.engine, after.engine, source.pairs[0], destination.pairs[-1])
        meant = PortSet.NONE
        if (source.role, destination.role) == ("source", "destination"):
            meant = mine
        elif step:
            others += len(source.ids) * len(destination.ids)
        for ports, ways in ((step.opened - meant, opened), (step.closed - meant, closed)):
            ways += [Way(source.ids, destination.ids, ports)] if ports else []
    return Effect(tuple(sorted(opened, key=str)), tuple(sorted(closed, key=str)), others)


def _ways_between(ends: list[_End]) -> Iterator[tuple[_End, _End]]:
    """Each (source, destination) of which the change touches at least one, once."""
    for one in (end for end in ends if end.touched):
        for other in ends:
            near = one.facing(other)
            if near.pairs:
                yield near, other
                if not other.touched:  # else its own turn comes
                    yield other, near


def _touched(before: Snapshot, after: Snapshot, changed: tuple[Resource, ...]) -> set[str]:
    """The ids of the pods that the changed objects are about."""
    found: set[str] = set()
    for resource in changed:
        kind, namespace, name = resource.key
        if kind == "Pod":
            found.add(f"{namespace}/{name}")
        elif kind == "Namespace":
            found |= {pod.id for pod in after.pods if pod.namespace == name}
        found |= {pod.id for pod in after.pods if (pod.namespace, pod.owner) == (namespace, f"{kind}/{name}")}
        for state in (before, after):
            held = state.get(kind, namespace, name)
            if held is not None and isinstance(held.typed, NetworkPolicy):
                found |= {pod.id for pod in state.selected(namespace, held.typed.pod_selector)}
    return found


def _ends(before: Snapshot, after: Snapshot, touched: set[str], asked: Verdict) -> list[_End]:
    """Pods by class in both states, nodes, and the addresses outside that some policy tells apart."""
    groups: dict[tuple[object, ...], list[tuple[Pod, Pod]]] = {}
    now = {pod.id: pod for pod in after.pods}
    for pod in before.pods:
        other = now.get(pod.id, pod)
        is_touched = pod.id in touched and not pod.host_network
        alone = pod.id if pod.host_network else pod.owner
        classes = (before.engine.classes_of(pod), after.engine.classes_of(other))
        key = (is_touched, alone, _role(pod, asked), classes)
        groups.setdefault(key, []).append((pod, other))
    ends = [_End(tuple(pairs), _role(pairs[0][0], asked), bool(key[0])) for key, pairs in groups.items()]
    nodes = [end for end in (asked.source, asked.destination) if isinstance(end, Node)]
    plain: list[Endpoint] = [*dict.fromkeys((*before.nodes, *nodes)), *_outside(before, after, asked)]
    return ends + [_End(((end, end),), _role(end, asked), False) for end in plain]


def _role(end: Endpoint, asked: Verdict) -> str:
    """Whether an end is one of those asked about, or a replica of it."""
    meant = (("source", asked.source), ("destination", asked.destination))
    same = (role for role, other in meant if _identity(end) == _identity(other) or _is_outside(end, other))
    pods = ((role, other) for role, other in meant if isinstance(other, Pod))
    replica = (role for role, other in pods if isinstance(end, Pod) and end.is_replica_of(other))
    return next(same, "") or next(replica, "")


def _is_outside(end: Endpoint, other: Endpoint) -> bool:
    """Whoever asks about ``External`` asks about all of the outside."""
    return other == OUTSIDE and isinstance(end, External)


def _identity(end: Endpoint) -> object:
    return end.id if isinstance(end, Pod) else end


def _outside(before: Snapshot, after: Snapshot, asked: Verdict) -> list[External]:
    """Those that were asked about, and one address of each part of the outside that either state tells apart."""
    found = {end.address: end for end in (asked.source, asked.destination) if isinstance(end, External)}
    taken = {address for pod in before.pods for address in pod.ips}
    for external, ranges in outside_ranges(before, after).items():
        # an ipBlock of pods' own addresses is not outside
        free = next((end for ends in ranges for end in (external.address, *ends) if end not in taken), None)
        if free is not None:
            found.setdefault(free, External(free, external.name))
    return list(found.values())
