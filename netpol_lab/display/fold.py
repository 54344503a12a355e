"""Fewer nodes for larger clusters: one per owner, then one per namespace. Never a hairball."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import permutations

from netpol_lab.connections.scene import Reach, Scene, SceneNode
from netpol_lab.display.drawn_lines import AskedLine, Line, drawing, is_pod, open_ports, tallies
from netpol_lab.model.objects import Pod
from netpol_lab.model.ports import PortSet

MOST_PODS, MOST_LINES, MOST_NODES = 12, 20, 20


@dataclass(frozen=True)
class Folded:
    """A scene that can be drawn. ``partial`` are pairs of which only some pods connect; ``by`` tells how it was folded.

    ``names`` maps every id of the original scene to the one that stands for it.
    """

    scene: Scene
    partial: frozenset[tuple[str, str]] = frozenset()
    by: str = ""
    names: dict[str, str] | None = None

    @property
    def fits(self) -> bool:
        """Whether a graph is the right picture at all."""
        pods = sum(is_pod(node) for node in self.scene.nodes)
        return (1 < pods <= MOST_NODES or not self.by) and len(self.lines) <= MOST_LINES * 3 // 2

    @property
    def lines(self) -> tuple[Line, ...]:
        return drawing(self.scene).lines

    def asked(self, questions: tuple[AskedLine, ...]) -> tuple[AskedLine, ...]:
        """Questions about nodes that were folded, about what stands for them."""
        names = self.names or {}
        moved = ((names.get(a, a), names.get(b, b), protocol, port) for a, b, protocol, port in questions)
        return tuple(dict.fromkeys(question for question in moved if question[0] != question[1]))


def fold(scene: Scene) -> Folded:
    """The scene itself while it is small, else one node per owner, else one per namespace."""
    whole = Folded(scene)
    pods = sum(is_pod(node) for node in scene.nodes)
    if pods <= MOST_PODS and len(whole.lines) <= MOST_LINES:
        return whole
    owners = _grouped(scene, _owner)
    if len(owners) < len(scene.nodes) and sum(is_pod(members[0]) for members in owners.values()) <= MOST_NODES:
        by_owner = merge(scene, _owner, "One node per owner")
        if by_owner.fits:
            return by_owner
    if pods <= MOST_NODES and whole.fits:
        return whole
    return merge(scene, lambda node: f"{node.namespace}/all pods", "One node per namespace")


def _owner(node: SceneNode) -> str:
    owner = node.endpoint.owner if isinstance(node.endpoint, Pod) else ""
    return f"{node.namespace}/{owner.partition('/')[2]}" if owner else node.id


def _grouped(scene: Scene, group_of: Callable[[SceneNode], str]) -> dict[str, list[SceneNode]]:
    groups: dict[str, list[SceneNode]] = {}
    for node in scene.nodes:
        groups.setdefault(group_of(node) if is_pod(node) else node.id, []).append(node)
    return groups


def merge(scene: Scene, group_of: Callable[[SceneNode], str], by: str) -> Folded:
    """One node for every group of pods. DNS and the outside stay as they are."""
    groups = _grouped(scene, group_of)
    nodes = tuple(_node(id, members) for id, members in groups.items())
    reach, partial = {}, set()
    for (a, sources), (b, targets) in permutations(groups.items(), 2):
        pairs = list(tallies(scene, sources, targets))
        if pairs:
            reach[a, b] = _reach([pair for pair, *_ in pairs])
            if len({_told(pair, target) for pair, target, _ in pairs}) > 1:
                partial.add((a, b))
    names = {member.id: id for id, members in groups.items() for member in members}
    return Folded(replace(scene, nodes=nodes, reach=reach), frozenset(partial), by, names)


def _told(reach: Reach, target: SceneNode) -> tuple[PortSet, PortSet]:
    ports = open_ports(reach, target)
    return ports, open_ports(reach.certain, target) if reach.certain else ports


def _node(id: str, members: list[SceneNode]) -> SceneNode:
    first = members[0]
    if len(members) == 1:
        return replace(first, id=id)
    labels = {member.label for member in members}
    return replace(
        first,
        id=id,
        name=id.partition("/")[2],
        label=labels.pop() if len(labels) == 1 else "",
        count=sum(member.count for member in members),
        isolated_ingress=any(member.isolated_ingress for member in members),
        isolated_egress=any(member.isolated_egress for member in members),
        listens=PortSet.from_ranges(r for member in members for r in member.listens),
    )


def _reach(pairs: list[Reach]) -> Reach:
    """What any pair can do, and of that what depends on the plugin for any; where none can do anything, the first."""
    union, depends = _union(pair.ports for pair in pairs), _union(pair.depends for pair in pairs)
    if not union:
        return pairs[0]
    certain = union - depends
    return Reach(union, union, Reach(certain, certain) if depends else None)


def _union(sets: Iterable[PortSet]) -> PortSet:
    return PortSet.from_ranges(r for ports in sets for r in ports)
