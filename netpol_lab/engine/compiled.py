"""All policies of one state in one compiled form. Matrix and reasons are read from it.

Endpoints that no policy can tell apart form one class (`engine.classes`), and a peer is the set of classes it
stands for. Classes of pods that the same policies isolate share one *group*: those policies and their rules. A
connection is then a look-up: which group the pod's class has in that direction, and which of its rules hold the other
end's class, on which ports. What nobody asks about is not compiled.

The letters name the source of a rule: **D** the NetworkPolicy page of the Kubernetes documentation,
**T** ``networking/v1/types.go``, **F** ``networking/v1/defaults.go``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from netpol_lab.engine.addresses import AddressMap
from netpol_lab.engine.classes import Classes, EndpointClass, Run
from netpol_lab.engine.profiles import CONFORMANT, UPSTREAM, Profile
from netpol_lab.engine.verdict import Unjudged
from netpol_lab.model.errors import NotFound
from netpol_lab.model.labels import Labels, LabelSelector
from netpol_lab.model.objects import (
    ContainerPort,
    Direction,
    Endpoint,
    External,
    IPAddress,
    IPBlock,
    Namespace,
    NetworkPolicy,
    NetworkPolicyPeer,
    NetworkPolicyPort,
    NetworkPolicyRule,
    Node,
    Pod,
)
from netpol_lab.model.ports import LAST_PORT, PortSet

Ends = Literal["both", "ingress", "egress"]
"""Both ends of a connection, or the ingress of its destination or the egress of its source alone."""


@dataclass(frozen=True)
class CompiledPeer:
    """One item of ``from`` or ``to`` and the classes it stands for."""

    peer: NetworkPolicyPeer | None
    """None stands for a list that is missing or empty: everyone."""
    runs: tuple[Run, ...]

    @property
    def is_block(self) -> bool:
        return self.peer is not None and self.peer.ip_block is not None

    def holds(self, number: int) -> bool:
        return any(run.holds(number) for run in self.runs)


@dataclass(frozen=True)
class CompiledRule:
    """A rule with its peers resolved."""

    policy: NetworkPolicy
    direction: Direction
    index: int
    rule: NetworkPolicyRule
    peers: tuple[CompiledPeer, ...]
    ports: PortSet | None
    """None when named ports make the set depend on the destination."""

    def holds(self, number: int, blocks: bool = True) -> bool:
        """T: "Items in this list are combined using a logical OR operation". Without ``blocks`` no ipBlock matches."""
        return any(peer.holds(number) for peer in self.peers if blocks or not peer.is_block)

    def ports_on(self, destination: EndpointClass, profile: Profile) -> PortSet:
        """The ports this rule admits towards ``destination``."""
        if self.ports is not None:
            return self.ports
        return PortSet.union(port_set(port, destination.ports, profile) for port in self.rule.ports)


@dataclass(frozen=True, eq=False)
class Group:
    """What some classes of pods have in common in one direction: the policies that isolate them, and their rules."""

    policies: tuple[NetworkPolicy, ...]
    rules: tuple[CompiledRule, ...]


class Engine:
    """The reachability of one state of a cluster under one profile.

    ``pods`` need addresses if ipBlocks are to match them; ``namespaces`` maps names to objects.
    Building it costs one pass over pods and one over policies. The policies of a namespace are compiled when one of
    its pods is asked about, and nothing is decided per pair before it is asked.
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
        self._blocks = {block: index for index, block in enumerate(_ip_blocks(self.policies))}
        self.addresses = AddressMap(list(self._blocks))
        self.classes = Classes(self._seen(pods), namespaces)
        self._policies_of: dict[str, list[NetworkPolicy]] = {}
        for policy in self.policies:
            self._policies_of.setdefault(policy.namespace, []).append(policy)
        self._groups: dict[tuple[Direction, str], dict[int, Group]] = {}
        self._ports: dict[tuple[NetworkPolicyPort, ...], PortSet | None] = {(): PortSet.ALL}
        self._admitted: dict[tuple[Direction, int, int, bool], PortSet] = {}

    # -- classes ---------------------------------------------------------------------------------

    def _seen(self, pods: Iterable[Pod]) -> Iterator[EndpointClass]:
        """The classes of all pods, and of all addresses that ipBlocks tell apart."""
        for pod in pods:
            if not pod.host_network:
                for address in pod.ips or (None,):
                    yield self._class(pod, address)
        yield EndpointClass("", Labels(), (), frozenset())
        for version in (4, 6):
            for blocks in self.addresses.classes(version):
                yield EndpointClass("", Labels(), (), blocks)

    def _class(self, endpoint: Endpoint, address: IPAddress | None) -> EndpointClass:
        """What policies see of an endpoint.

        ◇ catalogue rule 17: T says ipBlock is for addresses outside, upstream e2e compares it with pod IPs, so the
        profile decides. D: a pod on the host network looks like its node, and a node like any other address: neither
        has labels.
        """
        blocks: frozenset[int] = frozenset()
        if address is not None and self.profile.compares_ip_blocks_with(endpoint):
            blocks = self.addresses.blocks_of(address)
        if isinstance(endpoint, Pod) and not endpoint.host_network:
            return EndpointClass(endpoint.namespace, endpoint.labels, endpoint.ports, blocks)
        return EndpointClass("", Labels(), (), blocks)

    def class_of(self, endpoint: Endpoint, family: int | None = None) -> int:
        """The number of an endpoint's class. A dual-stack pod is seen by its address of ``family`` (4 or 6).

        Raises :class:`NotFound` for a pod that is not like any pod of this state.
        """
        try:
            return self.classes.number(self._class(endpoint, address_of(endpoint, family)))
        except KeyError:
            name = endpoint.id if isinstance(endpoint, Pod) else endpoint.name
            raise NotFound(f"There is no pod {name} with these labels, ports and addresses now.") from None

    def classes_of(self, endpoint: Endpoint) -> tuple[tuple[int, int], ...]:
        """All that policies see of an endpoint: (family, class) by each of its addresses; family 0 if it has none."""
        seen = tuple((each.version, self.class_of(endpoint, each.version)) for each in endpoint.ips)
        return seen or ((0, self.class_of(endpoint)),)

    # -- policies --------------------------------------------------------------------------------

    def groups(self, direction: Direction, namespace: str) -> Mapping[int, Group]:
        """The group of each class of a namespace that some policy isolates in that direction.

        D: policies add up, in any order. T: rules of a direction that is not in policyTypes are inert. T: a policy's
        podSelector picks pods of its own namespace.
        """
        key = (direction, namespace)
        if key not in self._groups:
            isolating: dict[int, list[NetworkPolicy]] = {}
            for policy in self._policies_of.get(namespace, ()) if direction in self.profile.enforces else ():
                if policy.isolates(direction):
                    for number in self.classes.selected(namespace, policy.pod_selector).members():
                        isolating.setdefault(number, []).append(policy)
            self._groups[key] = self._grouped(direction, isolating)
        return self._groups[key]

    def _grouped(self, direction: Direction, isolating: Mapping[int, Sequence[NetworkPolicy]]) -> dict[int, Group]:
        """Classes with the same policies share one group, and policies compile once."""
        compiled: dict[int, tuple[CompiledRule, ...]] = {}
        shared: dict[tuple[int, ...], Group] = {}
        for policies in isolating.values():
            key = tuple(map(id, policies))
            if key not in shared:
                for policy in policies:
                    if id(policy) not in compiled:
                        compiled[id(policy)] = self._rules(policy, direction)
                rules = tuple(rule for policy in policies for rule in compiled[id(policy)])
                shared[key] = Group(tuple(policies), rules)
        return {number: shared[tuple(map(id, policies))] for number, policies in isolating.items()}

    def _rules(self, policy: NetworkPolicy, direction: Direction) -> tuple[CompiledRule, ...]:
        """T: without ``from``/``to`` a rule admits every end, outside too; without ``ports``, every port."""
        found = []
        for index, rule in enumerate(policy.rules(direction)):
            peers = tuple(CompiledPeer(peer, self.runs(policy.namespace, peer)) for peer in rule.peers)
            everyone = (CompiledPeer(None, (self.classes.everything,)),)
            found.append(CompiledRule(policy, direction, index, rule, peers or everyone, self._fixed_ports(rule.ports)))
        return tuple(found)

    def runs(self, policy_namespace: str, peer: NetworkPolicyPeer) -> tuple[Run, ...]:
        """The classes one item of ``from`` or ``to`` stands for.

        T: an ipBlock is compared with addresses. A podSelector alone looks into the policy's own
        namespace; a namespaceSelector alone takes all pods of the namespaces; both together are ANDed.
        Selectors never match an address outside the cluster.
        """
        if peer.ip_block is not None:
            return (self.classes.in_block(self._blocks[peer.ip_block]),)
        pods = peer.pod_selector or _ALL_PODS
        if peer.namespace_selector is None:
            return (self.classes.selected(policy_namespace, pods),)
        return self.classes.selected_in(peer.namespace_selector, pods)

    def _fixed_ports(self, ports: tuple[NetworkPolicyPort, ...]) -> PortSet | None:
        if ports not in self._ports:
            named = any(isinstance(port.port, str) for port in ports)
            self._ports[ports] = None if named else PortSet.union(port_set(port, (), self.profile) for port in ports)
        return self._ports[ports]

    # -- answers ---------------------------------------------------------------------------------

    def group(self, direction: Direction, endpoint: Endpoint) -> Group:
        """The policies that isolate an endpoint in a direction, and their rules; none if policies do not apply to it.

        D: policies do not apply to pods on the host network, nor to nodes and outside addresses.
        """
        if not isinstance(endpoint, Pod) or endpoint.host_network:
            return _OPEN
        return self.groups(direction, endpoint.namespace).get(self.class_of(endpoint), _OPEN)

    def picks(self, namespace: str, selector: LabelSelector, pod: Pod) -> bool:
        """Whether the podSelector of a policy in ``namespace`` picks a pod (T: of its own namespace)."""
        return self.classes.selected(namespace, selector).holds(self.class_of(pod))

    def isolating(self, direction: Direction, endpoint: Endpoint) -> tuple[NetworkPolicy, ...]:
        """The policies that isolate an endpoint in a direction."""
        return self.group(direction, endpoint).policies

    def ignored(self, direction: Direction, endpoint: Endpoint) -> tuple[NetworkPolicy, ...]:
        """The policies that would isolate an endpoint, if the plugin enforced this direction."""
        if direction in self.profile.enforces or not isinstance(endpoint, Pod):
            return ()
        policies = self._policies_of.get(endpoint.namespace, ())
        return tuple(policy for policy in policies if policy.isolates(direction) and policy.selects(endpoint))

    def admitted(self, direction: Direction, source: Endpoint, destination: Endpoint, blocks: bool = True) -> PortSet:
        """The ports one end admits: egress at ``source``, or ingress at ``destination``.

        A pod that no policy isolates admits everything (D). Otherwise the union of what its rules admit (D). Without
        ``blocks``: as a plugin has it that does not compare ipBlocks with the far end.
        """
        subject = destination if direction == "ingress" else source
        group = self.group(direction, subject)
        if not group.policies or exemption(source, destination):
            return PortSet.ALL
        family = family_of(source, destination)
        pair = (direction, self.class_of(source, family), self.class_of(destination, family), blocks)
        if pair not in self._admitted:
            other = pair[1] if direction == "ingress" else pair[2]
            self._admitted[pair] = self.admitted_by(group.rules, other, pair[2], blocks)
        return self._admitted[pair]

    def admitted_by(self, rules: Iterable[CompiledRule], other: int, target: int, blocks: bool = True) -> PortSet:
        """What some rules admit with class ``other`` at the far end, on ports of class ``target``, the destination."""
        admitting = (rule for rule in rules if rule.holds(other, blocks))
        return PortSet.union(rule.ports_on(self.classes[target], self.profile) for rule in admitting)

    def admitting(
        self, direction: Direction, source: Endpoint, destination: Endpoint
    ) -> tuple[tuple[CompiledRule, PortSet], ...]:
        """The rules by which one end admits something, and what each admits; none where no policy judges it."""
        if exemption(source, destination):
            return ()
        family, is_ingress = family_of(source, destination), direction == "ingress"
        target = self.class_of(destination, family)
        other = self.class_of(source, family) if is_ingress else target
        rules = self.group(direction, destination if is_ingress else source).rules
        found = ((rule, self.admitted_by([rule], other, target)) for rule in rules)
        return tuple((rule, ports) for rule, ports in found if ports)

    @cached_property
    def leaves_open(self) -> bool:
        """Whether an answer may depend on the plugin: for one connection only by an ipBlock (◇ catalogue rule 17)."""
        return bool(self._blocks) and self.profile == UPSTREAM

    def certain(self, direction: Direction, source: Endpoint, destination: Endpoint) -> PortSet:
        """The ports one end admits with every plugin that enforces the whole API; with one plugin's profile, with it.

        ◇ catalogue rules 17 and 27: plugins differ in what they compare ipBlocks with; upstream compares them with
        whatever any of them does.
        """
        other = source if direction == "ingress" else destination
        return self.admitted(direction, source, destination, self.is_certain_of(other))

    def is_certain_of(self, other: Endpoint) -> bool:
        """Whether no plugin compares ipBlocks with such a far end otherwise."""
        return not self.leaves_open or all(profile.compares_ip_blocks_with(other) for profile in CONFORMANT)

    def connection(self, source: Endpoint, destination: Endpoint) -> PortSet:
        """The ports both ends admit (D: egress at the source AND ingress at the destination; catalogue rule 24)."""
        return self.admitted("egress", source, destination) & self.admitted("ingress", source, destination)


def exemption(source: Endpoint, destination: Endpoint) -> Unjudged | None:
    """Why no policy judges this connection; None when policies do.

    D: "A Pod cannot block access to itself". D and T: traffic to and from the node where a pod is
    running is always allowed.
    """
    if isinstance(source, Pod) and source == destination:
        return "itself"
    for pod, other in ((destination, source), (source, destination)):
        if not isinstance(pod, Pod) or pod.host_network or not pod.node:
            continue
        if isinstance(other, Node) and other.name == pod.node:
            return "own node"
        if isinstance(other, Pod) and other.host_network and other.node == pod.node:
            return "pod of its node"
    return None


def port_set(port: NetworkPolicyPort, container_ports: Iterable[ContainerPort], profile: Profile = UPSTREAM) -> PortSet:
    """The ports one item of ``ports`` stands for, towards a pod with these container ports.

    T: without ``port``, all ports of the protocol. A name resolves on the destination pod, name and
    protocol both; a name that no container has admits nothing. ``endPort`` closes a range, where the
    plugin supports it (D).
    """
    if port.port is None:
        return PortSet.of(port.protocol)
    if isinstance(port.port, str):
        return PortSet.union(
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


def address_of(endpoint: Endpoint, family: int | None) -> IPAddress | None:
    """An endpoint's address of that family; its first one if it has none of it, or None is asked for."""
    return next((address for address in endpoint.ips if address.version == family), endpoint.ip)


def family_of(source: Endpoint, destination: Endpoint) -> int | None:
    """The address family a connection uses: that of the destination's first address which the source has too.

    What comes from outside to a pod of two families comes in the first one of the outside, as what goes out to it.
    """
    first, other = (source, destination) if isinstance(source, External) else (destination, source)
    known = {address.version for address in other.ips}
    return next((address.version for address in first.ips if address.version in known), None)


def have_a_family(one: Endpoint, other: Endpoint) -> bool:
    """Whether packets can go from one end to another at all. Of an end without an address, nothing is known."""
    return not one.ips or not other.ips or family_of(one, other) is not None


_ALL_PODS = LabelSelector()
_OPEN = Group((), ())
"""The group of everything that no policy isolates."""
