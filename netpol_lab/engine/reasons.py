"""Reasons, read from the engine's compiled rules: one connection, its two gates, the near misses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from netpol_lab.engine.classes import EndpointClass
from netpol_lab.engine.compiled import CompiledRule, Engine, Group, address_of, exemption, family_of, port_set
from netpol_lab.engine.profiles import CONFORMANT, UPSTREAM, Profile
from netpol_lab.engine.verdict import Answer, Condition, Gate, NearMiss, RuleRef, Verdict
from netpol_lab.model.objects import (
    DIRECTIONS,
    METADATA_NAME,
    Direction,
    Endpoint,
    External,
    IPAddress,
    LabelSelector,
    NetworkPolicyPeer,
    NetworkPolicyPort,
    Node,
    Pod,
    Requirement,
)


def verdict(engine: Engine, source: Endpoint, destination: Endpoint, port: int, protocol: str = "TCP") -> Verdict:
    """Judge one connection to the POD's port ``port`` (after Service translation), both ends, with reasons."""
    egress = gate(engine, "egress", source, destination, port, protocol)
    ingress = gate(engine, "ingress", source, destination, port, protocol)
    answer: Answer = "allowed" if egress.admitted and ingress.admitted else "blocked"
    by_profile = _by_profile(engine, source, destination, port, protocol)
    if len({each for _, each in by_profile}) <= 1:
        return Verdict(source, destination, protocol, port, egress, ingress, answer)
    depends: Answer = "depends on the network plugin"
    return Verdict(source, destination, protocol, port, egress, ingress, depends, by_profile)


def _by_profile(
    engine: Engine, source: Endpoint, destination: Endpoint, port: int, protocol: str
) -> tuple[tuple[str, Answer], ...]:
    """Each conformant plugin's answer; none when the engine has the profile of one plugin.

    ◇ catalogue rules 17 and 27: for a single new connection they can differ only in whether an ipBlock is compared
    with the address of a pod or of a node.
    """
    if engine.profile != UPSTREAM:
        return ()
    asked = [_Door.at(engine, way, source, destination, port, protocol) for way in DIRECTIONS]
    doors = [each for each in asked if each is not None]
    answers: list[tuple[str, Answer]] = []
    for profile in CONFORMANT:
        admitted = all(any(door.admitted_by(rule, profile) for rule in door.group.rules) for door in doors)
        answers.append((profile.name, "allowed" if admitted else "blocked"))
    return tuple(answers)


def gate(
    engine: Engine, direction: Direction, source: Endpoint, destination: Endpoint, port: int, protocol: str
) -> Gate:
    """One end of a connection. Admitted or not comes from the compiled sets; the conditions only explain it."""
    subject = destination if direction == "ingress" else source
    asked = _Door.at(engine, direction, source, destination, port, protocol)
    if asked is None:
        return Gate(direction, subject, True, note=exemption(source, destination) or _unpoliced(subject))
    admitting: list[RuleRef] = []
    missed: list[NearMiss] = []
    for rule in asked.group.rules:
        if asked.admitted_by(rule, engine.profile):
            admitting.append(_admitting_item(asked, rule))
        else:
            missed.append(_near_miss(asked, rule))
    missed.sort(key=lambda miss: (len(miss.failed), -_likeness(miss)))
    return Gate(direction, subject, bool(admitting), asked.group.policies, tuple(admitting), tuple(missed))


@dataclass(frozen=True)
class _Door:
    """One connection as one gate looks at it. ``other`` is the far end, seen by the ``address`` that is used."""

    engine: Engine
    group: Group
    other: Endpoint
    address: IPAddress | None
    other_class: int
    destination: Endpoint
    target: EndpointClass
    protocol: str
    port: int

    @classmethod
    def at(
        cls, engine: Engine, direction: Direction, source: Endpoint, destination: Endpoint, port: int, protocol: str
    ) -> _Door | None:
        """None where no policy judges: the pod is not isolated, or policies do not apply."""
        subject, other = (destination, source) if direction == "ingress" else (source, destination)
        group = engine.group(direction, subject)
        if not group.policies or exemption(source, destination):
            return None
        family = family_of(source, destination)
        target = engine.classes[engine.class_of(destination, family)]
        other_class = engine.class_of(other, family)
        return cls(engine, group, other, address_of(other, family), other_class, destination, target, protocol, port)

    def admitted_by(self, rule: CompiledRule, profile: Profile) -> bool:
        """Whether a rule admits the connection, as a plugin with this profile compares ipBlocks."""
        holds = rule.holds(self.other_class, profile.compares_ip_blocks_with(self.other))
        return holds and (self.protocol, self.port) in rule.ports_on(self.target, profile)

    def on_port(self, item: NetworkPolicyPort) -> bool:
        return (self.protocol, self.port) in port_set(item, self.target.ports, self.engine.profile)


def _likeness(miss: NearMiss) -> float:
    """How alike wanted and found are, 0 to 1: of two rules that miss by one label, the one with a typo is nearer."""
    texts = ((condition.wanted, condition.found) for condition in miss.failed)
    return sum(SequenceMatcher(None, *pair, autojunk=False).ratio() for pair in texts)


def _unpoliced(subject: Endpoint) -> str:
    """D: policies apply to pods; not to nodes, outside addresses, or pods on the host network."""
    if isinstance(subject, External):
        return "an address outside the cluster: no policy applies to it"
    if isinstance(subject, Node):
        return "a node: no policy applies to it"
    return "on the host network: no policy applies to it" if subject.host_network else ""


def _admitting_item(asked: _Door, rule: CompiledRule) -> RuleRef:
    peer = next((each.peer for each in rule.peers if each.holds(asked.other_class)), None)
    port = next(filter(asked.on_port, rule.rule.ports), None)
    return RuleRef(rule.policy, rule.direction, rule.index, peer, port)


def _near_miss(asked: _Door, rule: CompiledRule) -> NearMiss:
    """What failed in the closest peer and the closest port of one rule."""
    failed: list[Condition] = []
    closest: NetworkPolicyPeer | None = None
    if not rule.holds(asked.other_class):
        ask = (asked.engine, rule.policy.namespace)
        failures = [(peer, peer_failures(*ask, peer, asked.other, asked.address)) for peer in rule.rule.peers]
        closest, conditions = min(failures, key=lambda item: len(item[1]))
        failed += conditions
    if rule.rule.ports and not any(map(asked.on_port, rule.rule.ports)):
        failed.append(_port_failure(asked, rule.rule.ports))
    return NearMiss(RuleRef(rule.policy, rule.direction, rule.index, closest), tuple(failed))


def peer_failures(
    engine: Engine, policy_namespace: str, peer: NetworkPolicyPeer, other: Endpoint, address: IPAddress | None
) -> tuple[Condition, ...]:
    """Whether a peer stands for an end, under the engine's profile: empty when it does, else which of its parts fail.

    The peer is of a policy in ``policy_namespace``, which need not be one of this state. ``address`` is the one of
    ``other`` that the connection uses.
    """
    if peer.ip_block is not None:
        comparable = engine.profile.compares_ip_blocks_with(other)
        if address is not None and peer.ip_block.matches(address) and comparable:
            return ()
        found = str(address or "no address") + ("" if comparable else f", {_uncompared(engine, other)}")
        wanted, origin = str(peer.ip_block), peer.ip_block.origin
        return (Condition("address", _subject(other), wanted, found, origin, compared=comparable),)
    if not isinstance(other, Pod) or other.host_network:
        wanted = "a pod with " + _selectors(peer)
        return (Condition("outside", _subject(other), wanted, "no labels: selectors match pods only", peer.origin),)
    failed: list[Condition] = []
    namespace = engine.classes.namespace(other.namespace)
    if peer.namespace_selector is not None:
        subject = f"namespace {other.namespace}"
        failed += _label_failures("namespace label", subject, peer.namespace_selector, namespace.labels)
    elif other.namespace != policy_namespace:
        # T: a podSelector alone looks into the policy's own namespace
        where = f"namespace {policy_namespace}, the policy's own"
        origin = peer.pod_selector.origin if peer.pod_selector else peer.origin
        failed.append(Condition("namespace", f"pod {other.name}", where, f"namespace {other.namespace}", origin))
    if peer.pod_selector is not None:
        failed += _label_failures("pod label", f"pod {other.name}", peer.pod_selector, other.labels)
    return tuple(failed)


def _uncompared(engine: Engine, endpoint: Endpoint) -> str:
    """Why the plugin does not look at an address, though an ipBlock may hold it."""
    if isinstance(endpoint, External):
        return f"but {engine.profile.name} has no ipBlock"
    return "a node address" if isinstance(endpoint, Node) or endpoint.host_network else "a pod address"


def _label_failures(kind: str, subject: str, selector: LabelSelector, labels: Mapping[str, str]) -> Iterable[Condition]:
    for requirement in selector.requirements:
        if not requirement.matches(labels):
            found, value = _found(requirement, labels), labels.get(requirement.key)
            where, fix = requirement.origin, _fix(requirement)
            yield Condition(kind, subject, str(requirement), found, where, fix, requirement, value)


def _found(requirement: Requirement, labels: Mapping[str, str]) -> str:
    """What the object has in place of the wanted label, with the likeliest mix-up named."""
    key = requirement.key
    if key in labels:
        return f"{key}={labels[key]}"
    if key == "name" and METADATA_NAME in labels:
        return f"no label name, it has {METADATA_NAME}={labels[METADATA_NAME]}"
    same_value = next((other for other, value in labels.items() if value in requirement.values), None)
    if same_value is not None:
        return f"no label {key}, it has {same_value}={labels[same_value]}"
    return f"no label {key}"


def _fix(requirement: Requirement) -> tuple[str, str] | None:
    """The label that would meet the requirement, where setting one would."""
    if requirement.operator in ("=", "In"):
        return (requirement.key, requirement.values[0])
    return (requirement.key, "true") if requirement.operator == "Exists" else None


def _port_failure(asked: _Door, items: tuple[NetworkPolicyPort, ...]) -> Condition:
    """Say which kind of port trouble it is; the items are ORed, so they are named together."""
    wanted = ", ".join(map(str, items))
    origin = items[0].origin
    named = [item for item in items if isinstance(item.port, str)]
    if named and len(named) == len(items):
        names = [port.name for port in asked.target.ports if port.name]
        found = f"{asked.protocol} {asked.port}; its port names: {', '.join(names) or 'none'}"
        return Condition("named port", _subject(asked.destination), wanted, found, origin)
    same_number = [item for item in items if item.port in (asked.port, None) and item.protocol != asked.protocol]
    kind = "protocol" if same_number else "port"
    return Condition(kind, "the connection", wanted, f"{asked.protocol} {asked.port}", origin)


def _selectors(peer: NetworkPolicyPeer) -> str:
    parts = []
    if peer.namespace_selector is not None:
        parts.append(f"namespace labels {peer.namespace_selector}")
    if peer.pod_selector is not None:
        parts.append(f"labels {peer.pod_selector}")
    return " and ".join(parts).replace("<none>", "of any kind")


def _subject(endpoint: Endpoint) -> str:
    if isinstance(endpoint, External):
        return f"address {endpoint.address}"
    return f"{'pod' if isinstance(endpoint, Pod) else 'node'} {endpoint.name}"
