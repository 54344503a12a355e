"""The cells of a matrix in words, and their order: what a table and a text of it share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from netpol_lab.connections.cells import Cell
from netpol_lab.connections.scene import Scene, SceneNode
from netpol_lab.model.ports import PortSet


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
