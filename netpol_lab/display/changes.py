"""What changed between two moments: every connection newly allowed, newly blocked, on other ports, or as before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING

from netpol_lab.connections.scene import Reach, Scene, SceneNode, Stop
from netpol_lab.display.drawn_lines import DNS_PORTS, NOTHING, Drawing, Line, blocked_pairs, is_pod, open_ports
from netpol_lab.display.shapes import Doors, DoorState, LineState
from netpol_lab.engine.compare import Difference
from netpol_lab.engine.pairs import beside
from netpol_lab.engine.verdict import Caveat
from netpol_lab.model.objects import DIRECTIONS, Direction
from netpol_lab.model.ports import PortSet

if TYPE_CHECKING:
    from netpol_lab.engine.reachability import Array

MOST_LINES, MOST_NODES = 14, 20


@dataclass(frozen=True)
class Changes:
    """The lines of a delta and the nodes they join, as they are after the change.

    Of large scenes only the ``lines`` are there that changed, and ``unchanged`` counts the others.
    """

    before: Scene
    after: Scene
    nodes: tuple[SceneNode, ...]
    lines: tuple[Line, ...]
    dns_unchanged: bool
    unchanged: int = 0

    def of(self, state: LineState) -> tuple[Line, ...]:
        """The lines of one kind: ``opened``, ``closed``, ``changed`` or ``same``."""
        return tuple(line for line in self.lines if line.state == state)

    def count(self, state: LineState) -> int:
        """How many there are of a kind."""
        return len(self.of(state)) + self.unchanged * (state == "same")

    @property
    def connections_changed(self) -> bool:
        return any(line.state != "same" for line in self.lines)

    @property
    def caveats(self) -> tuple[Caveat, ...]:
        """What was not judged in either moment."""
        return (*self.before.caveats, *self.after.caveats)

    @property
    def drawing(self) -> Drawing:
        """What a picture of the delta shows: only what changed, where all of it would be a hairball."""
        changed = [line for line in self.lines if line.state != "same"]
        pods = [node for node in self.nodes if is_pod(node)]
        whole = len(self.lines) + self.unchanged <= MOST_LINES and len(pods) <= 12
        lines = self.lines if whole else tuple(changed)
        touched = {id for line in lines for id in line.ends}
        nodes = tuple(node for node in self.nodes if node.id in touched or (whole and is_pod(node)))
        return Drawing(nodes, lines)

    @property
    def fits(self) -> bool:
        """Whether a picture is readable at all."""
        return len(self.drawing.nodes) <= MOST_NODES and len(self.drawing.lines) <= MOST_LINES

    def isolated(self, way: Direction, *, newly: bool) -> tuple[str, ...]:
        """Names of the pods that became isolated for ``ingress`` or ``egress`` (or, not ``newly``, no longer are)."""
        known = _by_id(self.before)
        pairs = ((node, known.get(node.id)) for node in self.nodes if not node.is_external)
        return tuple(
            node.name for node, old in pairs if old and node.isolated(way) is newly and old.isolated(way) is not newly
        )

    def doors(self) -> dict[str, Doors]:
        """The state after; a side that changed in this step says so."""
        known = _by_id(self.before)
        return {
            node.id: Doors(*(_door(node, known.get(node.id), way) for way in DIRECTIONS))
            for node in self.nodes
            if not node.is_external
        }


def compare(before: Scene, after: Scene, differs: Array | None = None) -> Changes:
    """Compare two moments, connection by connection, on the ports on which the target listens.

    Pods that exist only afterwards had no connections before. Pods that are gone are left out: nothing blocks them.
    ``differs`` is what :func:`differing` found of large scenes, where that is known.
    """
    known = _by_id(before)
    large = before.is_large or after.is_large
    nodes = after.nodes
    if large and differs is None:
        differs = differing(before, after)
    some = None if differs is None else ((nodes[a], nodes[b]) for a, b in zip(*differs.nonzero(), strict=True))
    lines = [line for a, b in some or permutations(nodes, 2) for line in _line(before, after, a, b, known.get(b.id))]
    if large:
        lines = [line for line in lines if line.state != "same"]
    dns = list(_dns(before, after))
    unchanged = _open_pairs(after) - len({line.ends for line in lines if line.state != "closed"}) if large else 0
    return Changes(before, after, nodes, (*lines, *dns), not dns, unchanged)


def differing(before: Scene, after: Scene) -> Array:
    """For each two nodes of ``after``, of large scenes, whether their reach differs or the target listens elsewhere."""
    import numpy as np

    nodes, known = after.nodes, _by_id(before)
    told = [scene.numbered(nodes, nodes) for scene in (before, after)]
    both = beside(*told)
    found: Array = np.array([was != now for was, now in both.values], bool)[both.numbers]
    found[:, [node.listens != known.get(node.id, node).listens for node in nodes]] = True
    np.fill_diagonal(found, val=False)
    return found


def _open_pairs(scene: Scene) -> int:
    """How many pairs would have a line."""
    blocked, pairs = blocked_pairs(scene)
    return pairs - blocked


def _line(
    before: Scene, after: Scene, source: SceneNode, target: SceneNode, old_target: SceneNode | None
) -> Iterator[Line]:
    if source.is_dns or not is_pod(target):
        return
    pair = (source.id, target.id)
    new_reach, old_reach = after.reach.get(pair, NOTHING), before.reach.get(pair, NOTHING)
    old = open_ports(old_reach, old_target) if old_target else PortSet.NONE
    new = open_ports(new_reach, target)
    if old_reach.depends or new_reach.depends:
        undecided, was_undecided = new & new_reach.depends, old & old_reach.depends
        if undecided and undecided == was_undecided:
            yield Line(source, target, "same", undecided, remark="as the plugin decides")
        elif undecided:
            yield Line(source, target, "plugin", undecided, was=old & undecided)
        # what plugins differ on has been told, and what they no longer differ on is as good as new
        old, new = old - undecided - (was_undecided & new), new - undecided
    if old or new:
        yield _decided(source, target, old, new, new_reach)


def _decided(source: SceneNode, target: SceneNode, old: PortSet, new: PortSet, reach: Reach) -> Line:
    turn = Difference(old, new).turn
    if turn == "closed":
        return Line(source, target, turn, old, _stop(reach, old))
    return Line(source, target, turn, new, was=old if turn == "changed" else PortSet.NONE)


def _stop(reach: Reach, ports: PortSet) -> Stop:
    """Where the first of these ports stops."""
    protocol, first, _ = ports.ranges[0]
    return reach.stop_on(protocol, first)


def _dns(before: Scene, after: Scene) -> Iterator[Line]:
    """Lines for pods whose way to DNS opened or closed; one for the namespace when it happened to all of its pods."""
    for server in (node for node in after.nodes if node.is_dns):
        for namespace in after.namespaces:
            members = [node for node in after.nodes if node.namespace == namespace and is_pod(node)]
            lines = [line for node in members for line in _dns_line(before, after, node, server)]
            alike = len({(line.state, line.stop) for line in lines}) == 1 and len(lines) == len(members)
            if alike and namespace != server.namespace:
                first = lines[0]
                yield Line(first.source, server, first.state, first.ports, first.stop, PortSet.NONE, True, True)
            else:
                yield from lines


def _dns_line(before: Scene, after: Scene, source: SceneNode, server: SceneNode) -> Iterator[Line]:
    pair = (source.id, server.id)
    if pair not in before.reach:
        return
    was, now = before.reach[pair], after.reach[pair]
    old, new = was.ports & DNS_PORTS, now.ports & DNS_PORTS
    depends = new & now.depends
    if (bool(old), bool(old & was.depends)) != (bool(new), bool(depends)):
        state: LineState = "plugin" if depends else "opened" if new else "closed"
        yield Line(source, server, state, depends or new or old, "" if new else _stop(now, old))


def _by_id(scene: Scene) -> dict[str, SceneNode]:
    return {node.id: node for node in scene.nodes}


def _door(node: SceneNode, old: SceneNode | None, way: Direction) -> DoorState:
    now, was = node.isolated(way), (old or node).isolated(way)
    if now:
        return "closed" if was else "newly closed"
    return "newly open" if was else ""
