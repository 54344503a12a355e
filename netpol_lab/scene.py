"""One moment of a cluster, folded for looking at: who could connect to whom, on which ports.

A :class:`Scene` is the only thing matrices, graphs and deltas are drawn from. Replicas that behave alike
are one node; pods on the host network are left out; the outside is a node of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from netpol_lab.model import Endpoint, NetworkPolicy
from netpol_lab.ports import PortSet

Stop = Literal["", "egress", "ingress", "both ends", "ports differ"]


@dataclass(frozen=True)
class SceneNode:
    """A pod, a set of like replicas, or the outside.

    ``id`` is unique and the same in every scene of a story (``student-07/server-07``; ``External``). ``namespace`` is "" outside.
    ``label`` is the one label policies use (``app: server-07``), or "". ``count`` is the number of pods it stands for.
    """

    id: str
    namespace: str
    name: str
    label: str
    endpoint: Endpoint
    count: int = 1
    isolated_ingress: bool = False
    isolated_egress: bool = False
    is_dns: bool = False
    listens: PortSet = PortSet.NONE

    @property
    def is_external(self) -> bool:
        return not self.namespace


@dataclass(frozen=True)
class Reach:
    """From one node to another: what the source may send, what the target lets in, and both together."""

    egress: PortSet
    ingress: PortSet

    @property
    def ports(self) -> PortSet:
        return self.egress & self.ingress

    @property
    def stop(self) -> Stop:
        """Why there is no port at all; "" when there is one."""
        if self.ports:
            return ""
        if self.egress and self.ingress:
            return "ports differ"
        if self.egress:
            return "ingress"
        return "egress" if self.ingress else "both ends"

    def stop_on(self, protocol: str, port: int) -> Stop:
        """Why one port does not pass; "" when it does."""
        out, into = (protocol, port) in self.egress, (protocol, port) in self.ingress
        if out:
            return "" if into else "ingress"
        return "egress" if into else "both ends"


@dataclass(frozen=True)
class Scene:
    """Nodes in the order of the story (lesson namespaces, kube-system, outside) and their reach.

    ``reach`` holds every ordered pair of different node ids, except outside to outside.
    """

    nodes: tuple[SceneNode, ...]
    reach: Mapping[tuple[str, str], Reach] = field(repr=False)
    policies: tuple[NetworkPolicy, ...] = field(default=(), repr=False)
    profile: str = "upstream"

    def node(self, id: str) -> SceneNode:
        return next(node for node in self.nodes if node.id == id)

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Namespaces in order of first appearance, without the outside."""
        return tuple(dict.fromkeys(node.namespace for node in self.nodes if node.namespace))
