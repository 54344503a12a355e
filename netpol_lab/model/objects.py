"""Kubernetes objects in the API's own terms, as frozen dataclasses.

Only what NetworkPolicy needs is typed here. Everything else of an object stays in
:attr:`Resource.body`, the object as the API server would return it, which nobody changes in place.

Sources quoted in the docstrings: **T** ``networking/v1/types.go``,
**F** ``networking/v1/defaults.go``, **D** the NetworkPolicy page of the Kubernetes documentation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any, Literal

from netpol_lab.model.labels import Labels, LabelSelector
from netpol_lab.model.origin import Origin, origin_field

Direction = Literal["ingress", "egress"]
DIRECTIONS: tuple[Direction, Direction] = ("ingress", "egress")
ON_THE_WAY: tuple[Direction, Direction] = ("egress", "ingress")
"""The two ends of a connection in the order in which it meets them."""

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network


@dataclass(frozen=True)
class IPBlock:
    """``cidr`` without the ranges in ``excepts``. The texts are as written, host bits kept (catalogue rule 16)."""

    cidr: str
    excepts: tuple[str, ...]
    network: IPNetwork
    except_networks: tuple[IPNetwork, ...]
    origin: Origin | None = origin_field()

    def matches(self, address: IPAddress) -> bool:
        """T: inside ``cidr`` and inside none of ``except``. ``0.0.0.0/0`` holds no IPv6 address."""
        return address in self.network and not any(address in hole for hole in self.except_networks)

    def hole(self, address: IPAddress) -> str:
        """The entry of ``except`` that takes an address out of ``cidr``; "" when none does."""
        holes = zip(self.excepts, self.except_networks, strict=True)
        return next((text for text, network in holes if address in network), "") if address in self.network else ""

    def __str__(self) -> str:
        return self.cidr + (f" except {', '.join(self.excepts)}" if self.excepts else "")


@dataclass(frozen=True)
class NetworkPolicyPeer:
    """One item of ``from`` or ``to``: selectors (both: AND), or an ipBlock alone (T)."""

    pod_selector: LabelSelector | None = None
    namespace_selector: LabelSelector | None = None
    ip_block: IPBlock | None = None
    origin: Origin | None = origin_field()

    @property
    def selectors(self) -> dict[str, LabelSelector]:
        """Its selectors by their fields, in the order of the alphabet; one that is absent, not empty, is left out."""
        found = {"namespaceSelector": self.namespace_selector, "podSelector": self.pod_selector}
        return {name: selector for name, selector in found.items() if selector is not None}


@dataclass(frozen=True)
class NetworkPolicyPort:
    """One item of ``ports``. ``port`` None means all ports of ``protocol``; text means a named port."""

    protocol: str = "TCP"
    port: int | str | None = None
    end_port: int | None = None
    origin: Origin | None = origin_field()

    def __str__(self) -> str:
        if self.port is None:
            return f"all {self.protocol} ports"
        return f"{self.protocol} {self.port}" + (f"-{self.end_port}" if self.end_port else "")


@dataclass(frozen=True)
class NetworkPolicyRule:
    """One ingress or egress rule: any of ``peers`` on any of ``ports``.

    Empty ``peers`` means every source or destination; empty ``ports`` means every port (T).
    """

    peers: tuple[NetworkPolicyPeer, ...] = ()
    ports: tuple[NetworkPolicyPort, ...] = ()
    origin: Origin | None = origin_field()


@dataclass(frozen=True)
class NetworkPolicy:
    """A policy with its defaults filled in: ``policy_types`` is never empty (F)."""

    namespace: str
    name: str
    pod_selector: LabelSelector
    policy_types: tuple[str, ...]
    ingress: tuple[NetworkPolicyRule, ...] = ()
    egress: tuple[NetworkPolicyRule, ...] = ()
    origin: Origin | None = origin_field()
    types_origin: Origin | None = origin_field()

    def rules(self, direction: Direction) -> tuple[NetworkPolicyRule, ...]:
        return self.ingress if direction == "ingress" else self.egress

    def isolates(self, direction: Direction) -> bool:
        """Whether the pods it selects are isolated in that direction: policyTypes decides (T)."""
        return direction.capitalize() in self.policy_types

    def selects(self, pod: Pod) -> bool:
        """Whether it is about a pod: of its own namespace, with these labels, and not on the host network (T, D)."""
        return pod.namespace == self.namespace and not pod.host_network and self.pod_selector.matches(pod.labels)

    @property
    def id(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True)
class Namespace:
    name: str
    labels: Labels = Labels()


@dataclass(frozen=True)
class ContainerPort:
    """A port a container declares. Declared ports are what the simulated pod listens on."""

    port: int
    protocol: str = "TCP"
    name: str = ""


@dataclass(frozen=True)
class Container:
    name: str
    image: str
    ports: tuple[ContainerPort, ...] = ()


GENERATIONS = ("pod-template-hash", "controller-revision-hash")
"""The labels by which workloads tell their own generations apart."""


@dataclass(frozen=True)
class Pod:
    """A pod as policies see it. ``owner`` is the workload that made it, as ``Kind/name``.

    ``ending``: it was deleted, and its programs still run until they end or are killed; kubectl says Terminating.
    """

    namespace: str
    name: str
    labels: Labels = Labels()
    ips: tuple[IPAddress, ...] = ()
    containers: tuple[Container, ...] = ()
    node: str = ""
    host_network: bool = False
    owner: str = ""
    phase: str = "Running"
    ending: bool = False

    @property
    def id(self) -> str:
        return f"{self.namespace}/{self.name}"

    @cached_property
    def ports(self) -> tuple[ContainerPort, ...]:
        return tuple(port for container in self.containers for port in container.ports)

    @property
    def ip(self) -> IPAddress | None:
        return self.ips[0] if self.ips else None

    @property
    def own_labels(self) -> Labels:
        """The labels people gave it: without :data:`GENERATIONS`."""
        return Labels((key, value) for key, value in self.labels.items() if key not in GENERATIONS)

    def is_replica_of(self, other: Pod) -> bool:
        """Whether one workload made both, and no selector tells them apart."""
        mine, theirs = ((pod.namespace, pod.owner, pod.labels) for pod in (self, other))
        return bool(self.owner) and mine == theirs


@dataclass(frozen=True)
class ServicePort:
    port: int
    target_port: int | str
    protocol: str = "TCP"
    name: str = ""
    node_port: int | None = None

    def number_on(self, ports: Iterable[ContainerPort]) -> int | None:
        """The port it leads to on a pod with these ports; None when they lack the name of a named targetPort."""
        if isinstance(self.target_port, int):
            return self.target_port
        named = (port.port for port in ports if (port.name, port.protocol) == (self.target_port, self.protocol))
        return next(named, None)


@dataclass(frozen=True)
class Service:
    """``selector`` None: no endpoints of its own. ``cluster_ip`` None: headless."""

    namespace: str
    name: str
    selector: Labels | None
    ports: tuple[ServicePort, ...]
    cluster_ip: IPAddress | None
    type: str = "ClusterIP"

    @property
    def id(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True)
class Node:
    name: str
    ip: IPAddress

    @property
    def ips(self) -> tuple[IPAddress, ...]:
        return (self.ip,)


@dataclass(frozen=True)
class External:
    """Addresses outside the cluster, all treated alike by every policy.

    ``address`` stands for the class; ``name`` is what tables show. The plain :data:`OUTSIDE` is any
    address that no ipBlock speaks of in particular; in ``other_families`` it has one more, for pods that have no
    address of the first one's family.
    """

    address: IPAddress = IPv4Address("198.51.100.10")  # TEST-NET-2, reserved for documentation
    name: str = "External"
    other_families: tuple[IPAddress, ...] = field(default=(), compare=False, repr=False)

    @property
    def id(self) -> str:
        return self.name

    @property
    def ip(self) -> IPAddress:
        return self.address

    @property
    def ips(self) -> tuple[IPAddress, ...]:
        return (self.address, *self.other_families)


OUTSIDE = External(other_families=(IPv6Address("2001:db8::10"),))  # RFC 3849, reserved for documentation too

Endpoint = Pod | Node | External
"""What can be at either end of a connection. ``ips`` are its addresses, ``ip`` the first: the one it is known by."""


def name_of(endpoint: Endpoint) -> str:
    """The name people say: that of the workload that made the pod, else its own; ``External`` for the outside."""
    owner = endpoint.owner.partition("/")[2] if isinstance(endpoint, Pod) else ""
    return owner or endpoint.name


Typed = Namespace | Pod | Service | NetworkPolicy | Node | None


@dataclass(frozen=True)
class Resource:
    """One object of the cluster: its full body, and what NetworkPolicy sees of it.

    ``body`` is the JSON object as the API server returns it (defaults filled in). It is shared
    between snapshots, so it must never be changed in place. ``typed`` is None for kinds the
    simulator stores but does not interpret.
    """

    api_version: str
    kind: str
    namespace: str
    name: str
    body: Mapping[str, Any] = field(repr=False)
    typed: Typed = field(default=None, repr=False)
    origin: Origin | None = origin_field()

    @property
    def key(self) -> tuple[str, str, str]:
        """What identifies it in a cluster: kind (see :func:`kind_in_key`), namespace ("" where it has none), name."""
        return (kind_in_key(self.kind, self.api_version), self.namespace, self.name)


_GROUPS = {
    **dict.fromkeys(("Namespace", "Node", "Pod", "Service"), ""),
    **dict.fromkeys(("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"), "apps"),
    **dict.fromkeys(("CronJob", "Job"), "batch"),
    "NetworkPolicy": "networking.k8s.io",
}


def kind_in_key(kind: str, api_version: str) -> str:
    """The kind as a key has it: with its group where another group's kind has the name of one of ours.

    >>> kind_in_key("NetworkPolicy", "networking.k8s.io/v1"), kind_in_key("NetworkPolicy", "crd.projectcalico.org/v1")
    ('NetworkPolicy', 'NetworkPolicy.crd.projectcalico.org')
    """
    group = api_version.rpartition("/")[0]
    return kind if _GROUPS.get(kind, group) == group else f"{kind}.{group}"
