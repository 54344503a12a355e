"""What each cell of a connectivity matrix says, before it is a table, a text or a pandas frame."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from netpol_lab.ports import PortSet
from netpol_lab.scene import Reach, Scene, SceneNode, Stop

if TYPE_CHECKING:
    import pandas as pd

Ends = Literal["both", "ingress", "egress"]
"""Which ends of a connection a matrix asks: the target's ingress, the source's egress, or both."""


@dataclass(frozen=True)
class Question:
    """What a matrix asks of every pair: any port or one port, both ends or one end."""

    port: int | None = None
    protocol: str = "TCP"
    direction: Ends = "both"

    @property
    def asked(self) -> PortSet:
        """The ports the question is about."""
        return PortSet.ALL if self.port is None else PortSet.of(self.protocol, self.port)

    @property
    def words(self) -> str:
        """``TCP 80``, or "" when the question is about all ports."""
        return "" if self.port is None else f"{self.protocol} {self.port}"


@dataclass(frozen=True)
class Cell:
    """One ordered pair. ``ports`` are those of the question that pass; ``stop`` says where none does.

    ``kind`` is ``self`` for a pod and itself, and ``none`` where the question has no meaning (outside to outside).
    ``certain`` are the ports that pass with every network plugin, None where all of ``ports`` do.
    """

    kind: Literal["allowed", "blocked", "self", "none"]
    ports: PortSet = PortSet.NONE
    stop: Stop = ""
    certain: PortSet | None = None

    @property
    def depends(self) -> bool:
        """Whether network plugins differ on some of the ports that pass."""
        return self.certain is not None

    @property
    def sign(self) -> str:
        """The cell as one ASCII character."""
        return "?" if self.depends else {"allowed": ".", "blocked": "X", "self": "#", "none": "-"}[self.kind]


def cell(scene: Scene, source: SceneNode, target: SceneNode, question: Question) -> Cell:
    """The answer for one pair of nodes of the scene.

    >>> from netpol_lab.model import OUTSIDE
    >>> outside = SceneNode("External", "", "External", "", OUTSIDE)
    >>> cell(Scene((outside,), {}), outside, outside, Question()).kind
    'none'
    """
    if source.id == target.id:
        return Cell("none") if source.is_external else Cell("self", question.asked)
    reach = scene.reach.get((source.id, target.id))
    return Cell("none") if reach is None else _judged(reach, question)


@lru_cache(maxsize=4096)
def _judged(reach: Reach, question: Question) -> Cell:
    """Many pairs of a scene share one reach."""
    ports = _passing(reach, question)
    if ports:
        certain = _passing(reach.certain, question) if reach.certain else ports
        return Cell("allowed", ports, certain=None if certain == ports else certain)
    if question.direction != "both":
        return Cell("blocked", stop="ingress" if question.direction == "ingress" else "egress")
    stop = reach.stop if question.port is None else reach.stop_on(question.protocol, question.port)
    return Cell("blocked", stop=stop)


def _passing(reach: Reach, question: Question) -> PortSet:
    whole = {"both": reach.ports, "ingress": reach.ingress, "egress": reach.egress}[question.direction]
    return whole & question.asked


def cells(scene: Scene, question: Question) -> dict[tuple[str, str], Cell]:
    """All cells by (source id, target id), row by row."""
    return {
        (source.id, target.id): cell(scene, source, target, question)
        for source in scene.nodes
        for target in scene.nodes
    }


def short_ports(grid: Iterable[Cell]) -> dict[PortSet, str]:
    """A short text for every set of ports in a matrix: ``80``, ``53``, ``all``, ``UDP 123``.

    A number alone is TCP, or UDP and TCP alike (DNS). Where two different sets would get the same text, both get
    the long one, so that a cell never says two things. A cell that depends on the plugin tells only what is certain.

    >>> tcp, both = PortSet.of("TCP", 53), PortSet.of("TCP", 53) | PortSet.of("UDP", 53)
    >>> short_ports([Cell("allowed", both)])[both]
    '53'
    >>> sorted(short_ports([Cell("allowed", both), Cell("allowed", tcp)]).values())
    ['TCP 53', 'TCP 53; UDP 53']
    """
    told = (item.ports if item.certain is None else item.certain for item in grid if item.kind == "allowed")
    sets = list(filter(None, dict.fromkeys(told)))
    texts = {ports: _short(ports) for ports in sets}
    taken = list(texts.values())
    return {ports: ports.words() if taken.count(text) > 1 else text for ports, text in texts.items()}


def _short(ports: PortSet) -> str:
    tcp, udp, sctp = (ports.of_protocol(name) for name in ("TCP", "UDP", "SCTP"))
    if ports.is_all:
        return "all"
    if tcp and not sctp and udp in ((), tcp):
        return PortSet.from_ranges(("TCP", first, last) for first, last in tcp).words(protocol=False)
    return ports.words()


def protocol_note(labels: dict[PortSet, str]) -> str:
    """The sentence that says which protocol a bare port number means; "" when no cell has one.

    >>> dns = PortSet.of("TCP", 53) | PortSet.of("UDP", 53)
    >>> protocol_note({PortSet.of("TCP", 80): "80", dns: "53"})
    'Ports are TCP; 53 is UDP and TCP.'
    """
    bare = {ports: text for ports, text in labels.items() if text[0].isdigit()}
    mixed = sorted({text for ports, text in bare.items() if ports.of_protocol("UDP")})
    if not bare:
        return ""
    if len(mixed) == len(bare):
        return f"Port {' and '.join(mixed)} means UDP and TCP."
    return "Ports are TCP." if not mixed else f"Ports are TCP; {' and '.join(mixed)} is UDP and TCP."


def groups(nodes: Iterable[SceneNode]) -> list[tuple[str, list[SceneNode]]]:
    """The nodes of each namespace, in order of first appearance; the outside is the group ``""``."""
    found: dict[str, list[SceneNode]] = {}
    for node in nodes:
        found.setdefault(node.namespace, []).append(node)
    return list(found.items())


def arranged(scene: Scene) -> Scene:
    """The same scene with the pods of a namespace side by side, as a table with spanning headers needs them."""
    return replace(scene, nodes=tuple(node for _, members in groups(scene.nodes) for node in members))


def frame(scene: Scene, question: Question) -> pd.DataFrame:
    """The matrix as pandas: rows start a connection, columns receive it, both indexed (namespace, pod).

    With a port the values are booleans. Without one they are texts: ``All``, ``TCP 80,8080-8090; UDP 53``, or ``""``
    for no connection. They are what the cluster's own profile decides, also where the picture says that plugins
    differ. A pod always reaches itself (its diagonal is True, ``All``); the outside is ``("", "External")``, and
    outside to outside, which no cluster sees, is False or ``""``.
    """
    import pandas as pd

    index = pd.MultiIndex.from_tuples([(n.namespace, n.name) for n in scene.nodes], names=["namespace", "pod"])
    rows = [[cell(scene, source, target, question).ports for target in scene.nodes] for source in scene.nodes]
    values = [[str(p) if question.port is None else bool(p) for p in row] for row in rows]
    return pd.DataFrame(values, index=index, columns=index)
