"""A change that was simulated: what to type or write, what it does, and what it does besides."""

from __future__ import annotations

from dataclasses import dataclass, field

from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.coach.ways import Way
from netpol_lab.engine.verdict import Verdict
from netpol_lab.model.bodies import Key
from netpol_lab.model.objects import Endpoint, Pod, Resource

SHOWN = 3
"""How many other connections a sentence names."""


@dataclass(frozen=True)
class Change:
    """``command`` is what to type or write; ``explanation`` says what it does. Both were checked.

    ``also`` are the other connections that it opens (or closes, where it ``stops`` one), all of them.
    ``resources`` are the objects as the change leaves them, ``deleted`` the keys of those that are gone.
    """

    command: str
    explanation: str
    resources: tuple[Resource, ...] = field(default=(), repr=False, compare=False)
    also: tuple[Way, ...] = field(default=(), repr=False, compare=False)
    stops: bool = False
    deleted: tuple[Key, ...] = field(default=(), repr=False, compare=False)

    @property
    def besides(self) -> str:
        """What the change does besides, as a sentence; "" when that is nothing."""
        if not self.also:
            return ""
        ways = [str(way) for way in self.also[:SHOWN]]
        if len(self.also) > SHOWN:
            ways.append(f"{len(self.also) - SHOWN} more")
        return f"It also {'closes' if self.stops else 'opens'} {'; '.join(ways)}."

    def applied(self, state: Snapshot) -> Snapshot:
        """The state as it would be."""
        return state.without(self.deleted).with_objects(self.resources)


def judged(state: Snapshot, verdict: Verdict) -> Verdict:
    """The same connection in another state; the ends are found again, their labels may have changed."""
    ends = [
        (state.pod(end.namespace, end.name) or end) if isinstance(end, Pod) else end
        for end in (verdict.source, verdict.destination)
    ]
    return state.verdict(ends[0], ends[1], verdict.port, verdict.protocol)


def labels_text(pod: Pod) -> str:
    return f"pods with {pod.own_labels}" if pod.own_labels else "all pods"


def block_of(endpoint: Endpoint) -> str:
    """The address of an end as a CIDR."""
    return f"{endpoint.ip}/{endpoint.ip.max_prefixlen}" if endpoint.ip else "0.0.0.0/0"


def free_name(state: Snapshot, namespace: str, wanted: str) -> str:
    """A name that no policy of the namespace has."""
    name, number = wanted, 1
    while state.get("NetworkPolicy", namespace, name):
        number += 1
        name = f"{wanted}-{number}"
    return name
