"""Wanted behavior against what the cluster does: connection by connection, on all ports, never YAML.

A :class:`Judged` is one ordered pair of nodes with three sets of ports: wanted, got, and those the exercise
cares about. The pair leaks where more is admitted than wanted, and misses where less is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.connections.outside import endpoint_at
from netpol_lab.connections.resolving import parse_address
from netpol_lab.connections.scene import Scene, SceneNode, build
from netpol_lab.engine.compare import Difference
from netpol_lab.lessons.loading import Exercise, WantedCell
from netpol_lab.model.errors import NotFound
from netpol_lab.model.objects import Pod
from netpol_lab.model.ports import PortSet

_TELLING_PORTS = (80, 443, 53, 22, 8080)
"""When no program listens on any port of a difference, one that a reader knows is shown."""


@dataclass(frozen=True)
class Judged:
    """One connection: who, to whom, and what of it is as wanted. ``explicit`` holds the ports the exercise names."""

    source: SceneNode
    destination: SceneNode
    wanted: PortSet
    got: PortSet
    care: PortSet
    explicit: PortSet

    @property
    def leak(self) -> PortSet:
        return Difference(self.wanted, self.got).opened & self.care

    @property
    def missing(self) -> PortSet:
        return Difference(self.wanted, self.got).closed & self.care

    @property
    def right(self) -> bool:
        return not self.leak and not self.missing

    def telling_port(self, difference: PortSet) -> tuple[str, int]:
        """The protocol and port to show for a difference: named by the exercise, else served, else well known."""
        for ports in (difference & self.explicit, difference & self.destination.listens):
            for protocol, first, last in ports:
                if first == last:  # a whole range tells nothing
                    return protocol, first
        for port in _TELLING_PORTS:
            if ("TCP", port) in difference:
                return "TCP", port
        protocol, first, _ = difference.ranges[0]
        return protocol, first


def judge(exercise: Exercise, state: Snapshot) -> list[Judged]:
    """Every connection the exercise is about. ``state`` already holds the visitors.

    Raises NotFound when a pod the exercise names is not there.
    """
    now = _scene(exercise, state)
    begun = exercise.with_visitors(exercise.rest_state())
    start = _scene(exercise, begun)
    allowed, denied = _by_pair(exercise.allowed, now), _by_pair(exercise.denied, now)
    known = {
        (source.id, target.id) for source in now.nodes for target in now.nodes if (source.id, target.id) in now.reach
    }
    rests = {pair: cell.rest for cell in exercise.cells if cell.rest for pair in _pairs(cell, now)}
    judged = []
    for pair in sorted(known, key=lambda pair: _place(now, pair)):
        explicit = allowed.get(pair, PortSet.NONE) | denied.get(pair, PortSet.NONE)
        rest = rests.get(pair, exercise.rest if _in_scope(exercise, now, pair) else "free")
        before = _reach_before(start, now, pair) if rest in ("start", "solution") else None
        care = PortSet.ALL if before is not None or rest == "denied" else explicit
        if not care:
            continue
        wanted = ((before or PortSet.NONE) | allowed.get(pair, PortSet.NONE)) - denied.get(pair, PortSet.NONE)
        source, target = now.node(pair[0]), now.node(pair[1])
        judged.append(Judged(source, target, wanted, now.reach[pair].ports, care, explicit))
    return judged


def nodes_named(scene: Scene, name: str) -> list[SceneNode]:
    """The nodes an exercise means by a name: a node, all replicas of a workload, all of the outside, or Anyone."""
    if name == "Anyone":
        return list(scene.nodes)
    if name == "External":
        return [node for node in scene.nodes if node.is_external and parse_address(node.id) is None]
    return [node for node in scene.nodes if is_called(node, name)]


def is_called(node: SceneNode, name: str) -> bool:
    """Whether an exercise means a node by its own name, or by that of its workload."""
    return name in (node.id, _workload(node))


def _scene(exercise: Exercise, state: Snapshot) -> Scene:
    """The scene with a node for each address outside that the exercise names, such as ``203.0.113.10``."""
    named = dict.fromkeys(end for cell in exercise.cells for end in (cell.source, cell.destination))
    addresses = ((name, endpoint_at(address)) for name in named if (address := parse_address(name)) is not None)
    return build(
        state, also=(SceneNode(name, "", name, "" if end.name == name else end.name, end) for name, end in addresses)
    )


def _workload(node: SceneNode) -> str:
    pod = node.endpoint
    return f"{pod.namespace}/{pod.owner.partition('/')[2]}" if isinstance(pod, Pod) and pod.owner else node.id


def _by_pair(cells: Iterable[WantedCell], scene: Scene) -> Mapping[tuple[str, str], PortSet]:
    found: dict[tuple[str, str], PortSet] = {}
    for cell in cells:
        ports = PortSet.ALL if cell.port is None else PortSet.of(cell.protocol, cell.port)
        for pair in _pairs(cell, scene):
            found[pair] = found.get(pair, PortSet.NONE) | ports
    return found


def _pairs(cell: WantedCell, scene: Scene) -> list[tuple[str, str]]:
    """The ids of all that a cell speaks of. Raises NotFound where there is nobody of a name."""
    sources, targets = _need(scene, cell.source), _need(scene, cell.destination)
    return [(source.id, target.id) for source in sources for target in targets]


def _need(scene: Scene, name: str) -> list[SceneNode]:
    nodes = nodes_named(scene, name)
    if not nodes:
        raise NotFound(f"The pod {name} is not there.", "Pod", name)
    return nodes


def _in_scope(exercise: Exercise, scene: Scene, pair: tuple[str, str]) -> bool:
    return any(scene.node(id).namespace in exercise.scope for id in pair)


def _reach_before(start: Scene, now: Scene, pair: tuple[str, str]) -> PortSet | None:
    """What passed between the same two when the exercise began; None when one of them was not there."""
    ends = []
    for id in pair:
        node = now.node(id)
        outside = node.is_external and parse_address(node.id) is None
        same = [each for each in start.nodes if each.id == id]  # a block of addresses that both states tell apart
        found = same or nodes_named(start, "External" if outside else _workload(node))
        if not found:
            return None
        ends.append(found[0].id)
    reach = start.reach.get((ends[0], ends[1]))
    return reach.ports if reach else None


def _place(scene: Scene, pair: tuple[str, str]) -> tuple[int, int]:
    order = {node.id: place for place, node in enumerate(scene.nodes)}
    return order[pair[0]], order[pair[1]]
