"""All policies of one state, compiled once. Matrix and reasons are read from this one form.

Endpoints that no policy can tell apart (same namespace, labels, ports and ipBlocks) form one *class*.
Sets of classes are bits of a Python integer: selectors and peers become such sets, each computed once.
A connection is then a look-up: which policies isolate the pod's class in that direction, and which of
their rules hold the other end's class, on which ports.

The letters name the source of a rule: **D** the NetworkPolicy page of the Kubernetes documentation,
**T** ``networking/v1/types.go``, **S** ``labels/selector.go``, **F** ``networking/v1/defaults.go``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from netpol_lab.addresses import AddressMap
from netpol_lab.model import (
    ContainerPort,
    Direction,
    Endpoint,
    External,
    IPAddress,
    IPBlock,
    Labels,
    LabelSelector,
    Namespace,
    NetworkPolicy,
    NetworkPolicyPeer,
    NetworkPolicyPort,
    NetworkPolicyRule,
    Node,
    Pod,
    Requirement,
)
from netpol_lab.ports import LAST_PORT, PortSet
from netpol_lab.profiles import UPSTREAM, Profile

Bits = int
"""A set of endpoint classes: bit ``i`` stands for class ``i``."""


@dataclass(frozen=True)
class EndpointClass:
    """What a policy can see of an endpoint. ``namespace`` is "" for anything that is not a pod."""

    namespace: str
    labels: Labels
    ports: tuple[ContainerPort, ...]
    blocks: frozenset[int]


@dataclass(frozen=True)
class CompiledRule:
    """A rule with its peers resolved: ``peers`` holds each peer with its classes, ``classes`` all of them."""

    policy: NetworkPolicy
    direction: Direction
    index: int
    rule: NetworkPolicyRule
    peers: tuple[tuple[NetworkPolicyPeer, Bits], ...]
    classes: Bits
    ports: PortSet | None
    """None when named ports make the set depend on the destination."""

    def ports_on(self, destination: EndpointClass, profile: Profile) -> PortSet:
        """The ports this rule admits towards ``destination``."""
        if self.ports is not None:
            return self.ports
        return _union(port_set(port, destination.ports, profile) for port in self.rule.ports)


class Engine:
    """The reachability of one state of a cluster under one profile.

    ``pods`` need addresses if ipBlocks are to match them; ``namespaces`` maps names to objects.
    Building it costs one pass over pods and one over policies; nothing is decided per pair before it is asked.
    """

    def __init__(
        self,
        pods: Iterable[Pod],
        namespaces: Mapping[str, Namespace],
        policies: Iterable[NetworkPolicy],
        profile: Profile = UPSTREAM,
    ) -> None:
        self.profile = profile
        self.policies = tuple(policies)
        self._namespaces = namespaces
        self._blocks = {block: index for index, block in enumerate(_ip_blocks(self.policies))}
        self.addresses = AddressMap(list(self._blocks))
        self.classes: list[EndpointClass] = []
        self._index: dict[EndpointClass, int] = {}
        self._by_namespace: dict[str, Bits] = {}
        self._by_label: dict[str, dict[str, Bits]] = {}
        self._by_block: dict[int, Bits] = {}
        for pod in pods:
            if not pod.host_network:
                for address in pod.ips or (None,):
                    self._enter(self._pod_class(pod, address))
        self._enter(self._outside_class(None))
        for version in (4, 6):
            for blocks in self.addresses.classes(version):
                self._enter(EndpointClass("", Labels(), (), blocks))
        self._selected: dict[tuple[str, LabelSelector], Bits] = {}
        self._namespace_bits: dict[LabelSelector, Bits] = {}
        self._rules: dict[Direction, dict[int, tuple[CompiledRule, ...]]] = {}
        self._isolating: dict[Direction, dict[int, tuple[NetworkPolicy, ...]]] = {}
        self._admitted: dict[tuple[Direction, int, int], PortSet] = {}
        for direction in ("ingress", "egress"):
            self._compile(direction)

    # -- classes ---------------------------------------------------------------------------------

    def _pod_class(self, pod: Pod, address: IPAddress | None) -> EndpointClass:
        """◇ T says ipBlock is for addresses outside; upstream e2e compares it with pod IPs: the profile decides."""
        blocks: frozenset[int] = frozenset()
        if address is not None and self.profile.ip_block_matches_pods:
            blocks = self.addresses.blocks_of(address)
        return EndpointClass(pod.namespace, pod.labels, pod.ports, blocks)

    def _outside_class(self, address: IPAddress | None) -> EndpointClass:
        """Anything that is not a pod of the pod network has no labels; ipBlocks may hold its address, if it has one."""
        return EndpointClass("", Labels(), (), self.addresses.blocks_of(address) if address else frozenset())

    def _enter(self, endpoint_class: EndpointClass) -> None:
        if endpoint_class in self._index:
            return
        index = self._index[endpoint_class] = len(self.classes)
        self.classes.append(endpoint_class)
        bit = 1 << index
        for block in endpoint_class.blocks:
            self._by_block[block] = self._by_block.get(block, 0) | bit
        if endpoint_class.namespace:
            namespace = endpoint_class.namespace
            self._by_namespace[namespace] = self._by_namespace.get(namespace, 0) | bit
            for key, value in endpoint_class.labels.items():
                values = self._by_label.setdefault(key, {})
                values[value] = values.get(value, 0) | bit

    @cached_property
    def _everything(self) -> Bits:
        return (1 << len(self.classes)) - 1

    @cached_property
    def _pods(self) -> Bits:
        return _or(self._by_namespace.values())

    def class_of(self, endpoint: Endpoint, family: int | None = None) -> int:
        """The index of an endpoint's class. A dual-stack pod is seen by its address of ``family`` (4 or 6).

        D: a pod on the host network looks like its node, and a node like any other address.
        """
        address = address_of(endpoint, family)
        if isinstance(endpoint, Pod) and not endpoint.host_network:
            return self._index[self._pod_class(endpoint, address)]
        return self._index[self._outside_class(address)]

    def namespace(self, name: str) -> Namespace:
        """The namespace object; one without labels if a pod stands in a namespace that was not declared."""
        return self._namespaces.get(name, Namespace(name))

    # -- selectors -------------------------------------------------------------------------------

    def _requirement(self, requirement: Requirement) -> Bits:
        """S: In and Exists need the key; NotIn and DoesNotExist also match pods that lack it."""
        values = self._by_label.get(requirement.key, {})
        operator = requirement.operator
        if operator in ("Exists", "DoesNotExist"):
            holders = _or(values.values())
        else:
            holders = _or(values.get(value, 0) for value in set(requirement.values))
        return self._pods & ~holders if operator in ("NotIn", "DoesNotExist") else holders

    def selected(self, namespace: str | None, selector: LabelSelector) -> Bits:
        """Pod classes a selector picks: all requirements together (T), in one namespace or (None) in all."""
        key = (namespace or "", selector)
        if key not in self._selected:
            bits = self._pods if namespace is None else self._by_namespace.get(namespace, 0)
            for requirement in selector.requirements:
                bits &= self._requirement(requirement)
            self._selected[key] = bits
        return self._selected[key]

    def _in_namespaces(self, selector: LabelSelector) -> Bits:
        """Namespaces are chosen by label only (D); an empty selector chooses all of them (T)."""
        if selector not in self._namespace_bits:
            self._namespace_bits[selector] = _or(
                bits for name, bits in self._by_namespace.items() if selector.matches(self.namespace(name).labels)
            )
        return self._namespace_bits[selector]

    def peer_classes(self, policy: NetworkPolicy, peer: NetworkPolicyPeer) -> Bits:
        """The classes one item of ``from`` or ``to`` stands for.

        T: an ipBlock is compared with addresses. A podSelector alone looks into the policy's own
        namespace; a namespaceSelector alone takes all pods of the namespaces; both together are ANDed.
        Selectors never match an address outside the cluster.
        """
        if peer.ip_block is not None:
            return self._by_block.get(self._blocks[peer.ip_block], 0)
        if peer.namespace_selector is None:
            return self.selected(policy.namespace, peer.pod_selector or LabelSelector())
        return self._in_namespaces(peer.namespace_selector) & self.selected(None, peer.pod_selector or LabelSelector())

    # -- policies --------------------------------------------------------------------------------

    def _compile(self, direction: Direction) -> None:
        """Hand each pod class the policies that isolate it, and their rules.

        D: policies add up, in any order. T: rules of a direction that is not in policyTypes are inert.
        """
        rules: dict[int, list[CompiledRule]] = {}
        isolating: dict[int, list[NetworkPolicy]] = {}
        for policy in self.policies if direction in self.profile.enforces else ():
            if not policy.isolates(direction):
                continue
            compiled = [self._rule(policy, direction, index) for index in range(len(policy.rules(direction)))]
            for index in _members(self.selected(policy.namespace, policy.pod_selector)):
                isolating.setdefault(index, []).append(policy)
                rules.setdefault(index, []).extend(compiled)
        self._rules[direction] = {index: tuple(found) for index, found in rules.items()}
        self._isolating[direction] = {index: tuple(found) for index, found in isolating.items()}

    def _rule(self, policy: NetworkPolicy, direction: Direction, index: int) -> CompiledRule:
        """T: without ``from``/``to`` it admits every end, outside addresses included; without ``ports``, every port."""
        rule = policy.rules(direction)[index]
        peers = tuple((peer, self.peer_classes(policy, peer)) for peer in rule.peers)
        classes = _or(bits for _, bits in peers) if peers else self._everything
        ports: PortSet | None = PortSet.ALL
        if rule.ports:
            named = any(isinstance(port.port, str) for port in rule.ports)
            ports = None if named else _union(port_set(port, (), self.profile) for port in rule.ports)
        return CompiledRule(policy, direction, index, rule, peers, classes, ports)

    # -- answers ---------------------------------------------------------------------------------

    def isolating(self, direction: Direction, endpoint: Endpoint) -> tuple[NetworkPolicy, ...]:
        """The policies that isolate a pod in a direction; none for anything policies do not apply to.

        D: policies do not apply to pods on the host network, nor to nodes and outside addresses.
        """
        if not isinstance(endpoint, Pod) or endpoint.host_network:
            return ()
        return self._isolating[direction].get(self.class_of(endpoint), ())

    def rules_for(self, direction: Direction, endpoint: Endpoint) -> tuple[CompiledRule, ...]:
        """The rules of the policies that isolate a pod in a direction."""
        return self._rules[direction].get(self.class_of(endpoint), ())

    def admitted(self, direction: Direction, source: Endpoint, destination: Endpoint) -> PortSet:
        """The ports one end admits: egress at ``source``, or ingress at ``destination``.

        A pod that no policy isolates admits everything (D). Otherwise the union of what its rules admit (D).
        """
        subject = destination if direction == "ingress" else source
        if exemption(source, destination) or not self.isolating(direction, subject):
            return PortSet.ALL
        family = family_of(source, destination)
        pair = (direction, self.class_of(source, family), self.class_of(destination, family))
        if pair not in self._admitted:
            other = pair[1] if direction == "ingress" else pair[2]
            self._admitted[pair] = _union(
                rule.ports_on(self.classes[pair[2]], self.profile)
                for rule in self.rules_for(direction, subject)
                if rule.classes >> other & 1
            )
        return self._admitted[pair]

    def connection(self, source: Endpoint, destination: Endpoint) -> PortSet:
        """The ports both ends admit (D: egress at the source AND ingress at the destination)."""
        return self.admitted("egress", source, destination) & self.admitted("ingress", source, destination)


def exemption(source: Endpoint, destination: Endpoint) -> str:
    """Why no policy judges this connection, in words; "" when policies do.

    D: "A Pod cannot block access to itself". D and T: traffic to and from the node where a pod is
    running is always allowed.
    """
    if isinstance(source, Pod) and source == destination:
        return "a pod always reaches itself"
    for pod, other in ((destination, source), (source, destination)):
        if not isinstance(pod, Pod) or pod.host_network or not pod.node:
            continue
        if isinstance(other, Node) and other.name == pod.node:
            return "traffic between a pod and its own node is always allowed"
        if isinstance(other, Pod) and other.host_network and other.node == pod.node:
            return "a pod on the host network counts as its node, and a pod's own node is always allowed"
    return ""


def port_set(port: NetworkPolicyPort, container_ports: Iterable[ContainerPort], profile: Profile = UPSTREAM) -> PortSet:
    """The ports one item of ``ports`` stands for, towards a pod with these container ports.

    T: without ``port``, all ports of the protocol. A name resolves on the destination pod, name and
    protocol both; a name that no container has admits nothing. ``endPort`` closes a range, where the
    plugin supports it (D).
    """
    if port.port is None:
        return PortSet.of(port.protocol)
    if isinstance(port.port, str):
        return _union(
            PortSet.of(found.protocol, found.port)
            for found in container_ports
            if found.name == port.port and found.protocol == port.protocol
        )
    if port.end_port is not None and profile.supports_end_port:
        return PortSet.of(port.protocol, port.port, min(port.end_port, LAST_PORT))
    return PortSet.of(port.protocol, port.port)


def _ip_blocks(policies: Iterable[NetworkPolicy]) -> dict[IPBlock, None]:
    return {
        peer.ip_block: None
        for policy in policies
        for rule in (*policy.ingress, *policy.egress)
        for peer in rule.peers
        if peer.ip_block is not None
    }


def family_of(source: Endpoint, destination: Endpoint) -> int | None:
    """The address family a connection uses: that of the destination's first address which the source has too."""
    known = {address.version for address in _addresses(source)}
    return next((address.version for address in _addresses(destination) if address.version in known), None)


def address_of(endpoint: Endpoint, family: int | None = None) -> IPAddress | None:
    """An endpoint's address of that family; its first one if it has none of it, or None is asked for."""
    addresses = _addresses(endpoint)
    return next((address for address in addresses if address.version == family), next(iter(addresses), None))


def _addresses(endpoint: Endpoint) -> tuple[IPAddress, ...]:
    if isinstance(endpoint, Pod):
        return endpoint.ips
    return (endpoint.address if isinstance(endpoint, External) else endpoint.ip,)


def _union(sets: Iterable[PortSet]) -> PortSet:
    total = PortSet.NONE
    for each in sets:
        total |= each
    return total


def _or(sets: Iterable[Bits]) -> Bits:
    total = 0
    for each in sets:
        total |= each
    return total


def _members(bits: Bits) -> Iterable[int]:
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low
