"""Which lines a picture draws, and which sentences stand in their place.

Allowed is figure, blocked is ground: an allowed line is drawn where the target listens; a blocked one only where
somebody asked. DNS is one dotted line for a namespace, until a pod cannot reach it: then DNS is the story. Ports on
which network plugins differ have a line of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

from netpol_lab.connections.scene import Reach, Scene, SceneNode, Stop
from netpol_lab.display.shapes import LineState
from netpol_lab.model.errors import LabError, NotFound
from netpol_lab.model.ports import PortSet

AskedLine = tuple[str, str, str, int]
"""A question that was asked: source id, target id, protocol, pod port."""

DNS_PORTS = PortSet.of("UDP", 53) | PortSet.of("TCP", 53)
MOST_BLOCKED = 6
SIGNS: dict[LineState, str] = {
    "allowed": "✓",
    "blocked": "✕",
    "plugin": "?",
    "opened": "+",
    "closed": "−",
    "changed": "~",
    "same": "",
    "dns": "",
}


@dataclass(frozen=True)
class Line:
    """One line of a picture, between two nodes, or from or to the whole namespace of a node.

    ``ports`` is what passes, or for a blocked line what was asked for; ``was`` what passed before; ``remark`` stands
    behind the ports, as ``some pods`` where only some of the pods folded into these nodes can connect.
    """

    source: SceneNode
    target: SceneNode
    state: LineState
    ports: PortSet
    stop: Stop = ""
    was: PortSet = PortSet.NONE
    from_namespace: bool = False
    to_namespace: bool = False
    both_ways: bool = False
    remark: str = ""

    @property
    def ends(self) -> tuple[str, str]:
        return self.source.id, self.target.id

    @property
    def dns(self) -> bool:
        return self.target.is_dns

    @property
    def whence(self) -> str:
        """Where it starts, in words: ``web``, or ``every pod of shop``."""
        return f"every pod of {self.source.namespace}" if self.from_namespace else self.source.name

    def label(self, *, protocol: bool = True) -> tuple[str, ...]:
        """The words on the line: sign and ports, and below them what they were."""
        if self.state == "dns":
            return ()
        sign = SIGNS[self.state] + " " if SIGNS[self.state] else ""
        words = sign + self.ports.words(protocol=protocol).replace("; ", ", ")
        if self.remark:
            words += f", {self.remark}"
        was = self.was.words(protocol=protocol and not _one_protocol(self.ports | self.was))
        return (words, f"was {was}") if self.was else (words,)


def _one_protocol(ports: PortSet) -> bool:
    return len({protocol for protocol, _, _ in ports}) < 2


@dataclass(frozen=True)
class Drawing:
    """The nodes and lines of one picture. ``open`` are the namespaces in which every pod reaches every pod."""

    nodes: tuple[SceneNode, ...]
    lines: tuple[Line, ...]
    open: tuple[str, ...] = ()

    @property
    def namespaces(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(node.namespace for node in self.nodes if node.namespace))

    @property
    def pods(self) -> tuple[SceneNode, ...]:
        """The pods the picture is about: without DNS and the outside."""
        return tuple(node for node in self.nodes if is_pod(node))


def is_pod(node: SceneNode) -> bool:
    """Whether the picture is about this node: not DNS, not the outside."""
    return not node.is_dns and not node.is_external


def open_ports(reach: Reach, target: SceneNode) -> PortSet:
    """The ports that pass *and* on which something listens; for DNS only port 53."""
    return reach.ports & (target.listens & DNS_PORTS if target.is_dns else target.listens)


def drawing(
    scene: Scene,
    asked: Sequence[AskedLine] = (),
    *,
    partial: frozenset[tuple[str, str]] = frozenset(),
) -> Drawing:
    """What to draw of one moment.

    ``asked`` are questions whose answer is drawn even when it is "blocked", at most six. Raises
    :class:`NotFound` for a question about a node that is not in the scene.
    """
    open_namespaces = tuple(name for name in scene.namespaces if _is_open(scene, name))
    lines = list(_allowed(scene, open_namespaces))
    known = {line.ends for line in lines}
    lines = [replace(line, remark="some pods" if line.ends in partial else "") for line in lines]
    lines += [line for line in answers(scene, asked) if line.state == "blocked" or line.ends not in known][
        :MOST_BLOCKED
    ]
    lines += _dns(scene)
    touched = {id for line in lines for id in line.ends}
    nodes = tuple(node for node in scene.nodes if not node.is_dns or node.id in touched)
    return Drawing(nodes, tuple(lines), open_namespaces)


def answers(scene: Scene, asked: Iterable[AskedLine]) -> Iterator[Line]:
    """One line for each question."""
    for source_id, target_id, protocol, port in asked:
        source, target = find(scene, source_id), find(scene, target_id)
        if source.id == target.id:
            raise LabError(f"{source.name} always reaches itself: no policy is asked.")
        reach = scene.reach.get((source.id, target.id), NOTHING)
        stop = reach.stop_on(protocol, port)
        state: LineState = "blocked" if stop else "plugin" if (protocol, port) in reach.depends else "allowed"
        yield Line(source, target, state, PortSet.of(protocol, port), stop)


def find(scene: Scene, id: str) -> SceneNode:
    """A node of the scene. Raises :class:`NotFound`, naming those that exist."""
    for node in scene.nodes:
        if node.id == id:
            return node
    raise NotFound(f"There is no {id!r} in this picture. It has {', '.join(node.id for node in scene.nodes)}.")


def blocked_pairs(scene: Scene) -> tuple[int, int]:
    """How many pairs with a listening target are blocked, and how many there are; DNS does not count."""
    pairs = _pairs(scene)
    return sum(number for reach, target, number in pairs if not open_ports(reach, target)), sum(n for *_, n in pairs)


def undecided_pairs(scene: Scene) -> tuple[int, int, bool]:
    """How many of these pairs depend on the network plugin, how many are not blocked, and whether some do in part."""
    pairs = _pairs(scene)
    if not any(reach.certain for reach, *_ in pairs):
        return 0, 0, False
    told = [(open_ports(reach, target), open_ports(reach.certain or reach, target), n) for reach, target, n in pairs]
    undecided = [(certain, number) for ports, certain, number in told if certain != ports]
    number = sum(number for ports, _, number in told if ports)
    return sum(number for _, number in undecided), number, any(certain for certain, _ in undecided)


def _pairs(scene: Scene) -> list[tuple[Reach, SceneNode, int]]:
    sources = [node for node in scene.nodes if not node.is_dns]
    return list(tallies(scene, sources, [node for node in scene.nodes if is_pod(node) and node.listens]))


def tallies(
    scene: Scene, sources: Sequence[SceneNode], targets: Sequence[SceneNode]
) -> Iterator[tuple[Reach, SceneNode, int]]:
    """The different reaches of some pairs, how many there are, and a target for all that listen as it does."""
    alike: dict[tuple[PortSet, bool], list[SceneNode]] = {}
    for target in targets:
        alike.setdefault((target.listens, target.is_dns), []).append(target)
    for members in alike.values():
        yield from ((reach, members[0], number) for reach, number in scene.tally(sources, members).items())


def _is_open(scene: Scene, namespace: str) -> bool:
    members = [node for node in scene.nodes if node.namespace == namespace]
    if len(members) < 2 or any(node.is_dns for node in members):
        return False
    return all(map(_passes_all, scene.tally(members, members)))


def _passes_all(reach: Reach) -> bool:
    return (reach.certain or reach).ports.is_all


def _allowed(scene: Scene, open_namespaces: tuple[str, ...]) -> Iterator[Line]:
    """Allowed lines. An open namespace counts as one end where everything between the two ends is open."""
    ends: dict[str, list[SceneNode]] = {}
    for node in scene.nodes:
        ends.setdefault(node.namespace if node.namespace in open_namespaces else node.id, []).append(node)
    drawn: set[tuple[str, str]] = set()
    for a, b in permutations(ends, 2):
        sources, targets = ends[a], ends[b]
        if not {a, b} & {*open_namespaces} or not _all_open(scene, sources, targets):
            yield from _between(scene, sources, targets)
        elif (b, a) not in drawn and _drawable(sources, targets):
            drawn.add((a, b))
            both = _all_open(scene, targets, sources) and _drawable(targets, sources)
            into = a in open_namespaces, b in open_namespaces
            yield Line(sources[0], targets[0], "allowed", PortSet.ALL, "", PortSet.NONE, *into, both_ways=both)


def _between(scene: Scene, sources: list[SceneNode], targets: list[SceneNode]) -> Iterator[Line]:
    for source in sources:
        for target in targets:
            if not source.is_dns and is_pod(target):
                yield from passing(source, target, scene.reach.get((source.id, target.id), NOTHING))


def passing(source: SceneNode, target: SceneNode, reach: Reach) -> Iterator[Line]:
    """What passes where something listens: with every network plugin, and with some of them."""
    ports = open_ports(reach, target)
    certain = open_ports(reach.certain, target) if reach.certain else ports
    if certain:
        yield Line(source, target, "allowed", certain)
    if certain != ports:
        yield Line(source, target, "plugin", ports - certain)


NOTHING = Reach(PortSet.NONE, PortSet.NONE)


def _all_open(scene: Scene, sources: list[SceneNode], targets: list[SceneNode]) -> bool:
    found = scene.tally(sources, targets)
    return found.total() == len(sources) * len(targets) and all(map(_passes_all, found))


def _drawable(sources: list[SceneNode], targets: list[SceneNode]) -> bool:
    """A line says something where somebody listens; DNS as a source is quiet."""
    return any(is_pod(node) and node.listens for node in targets) and not any(node.is_dns for node in sources)


def _dns(scene: Scene) -> Iterator[Line]:
    servers = [node for node in scene.nodes if node.is_dns]
    for server in servers:
        for namespace in scene.namespaces:
            members = [node for node in scene.nodes if node.namespace == namespace and is_pod(node)]
            if members and namespace != server.namespace:
                yield from _dns_of(scene, members, server)


def _dns_of(scene: Scene, members: list[SceneNode], server: SceneNode) -> Iterator[Line]:
    lines = [_dns_line(node, server, scene.reach[node.id, server.id]) for node in members]
    if len({(line.state, line.stop) for line in lines}) == 1:  # one line for the whole namespace
        yield replace(lines[0], from_namespace=True, to_namespace=True)
    else:
        yield from lines


def _dns_line(source: SceneNode, server: SceneNode, reach: Reach) -> Line:
    stop = reach.stop_on("UDP", 53)
    if stop:
        return Line(source, server, "blocked", PortSet.of("UDP", 53), stop)
    state: LineState = "plugin" if ("UDP", 53) in reach.depends else "dns"
    return Line(source, server, state, open_ports(reach, server))
