"""Reasons, read from the engine's compiled rules: one connection, its two gates, the near misses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from netpol_lab.engine.classes import EndpointClass
from netpol_lab.engine.compiled import CompiledRule, Engine, Group, address_of, exemption, family_of, port_set
from netpol_lab.engine.profiles import CONFORMANT, UPSTREAM, Profile
from netpol_lab.engine.verdict import (
    Answer,
    Condition,
    ConditionKind,
    Gate,
    NearMiss,
    RuleRef,
    Unjudged,
    Verdict,
)
from netpol_lab.model.labels import LabelSelector
from netpol_lab.model.objects import (
    DIRECTIONS,
    Direction,
    Endpoint,
    External,
    IPAddress,
    Namespace,
    NetworkPolicyPeer,
    NetworkPolicyPort,
    Node,
    Pod,
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
        unjudged, ignored = exemption(source, destination) or _unpoliced(subject), engine.ignored(direction, subject)
        if unjudged is None and ignored:
            return Gate(direction, subject, True, (), (), (), "not enforced", ignored, engine.profile.name)
        return Gate(direction, subject, True, unjudged=unjudged)
    admitting: list[RuleRef] = []
    missed: list[NearMiss] = []
    for rule in asked.group.rules:
        if asked.admitted_by(rule, engine.profile):
            admitting.append(_admitting_item(asked, rule))
        else:
            missed.append(_near_miss(asked, rule))
    missed.sort(key=lambda miss: _distance(miss.failed))
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


_NOTHING_THERE = 0.38
"""The likeness of what a rule asks for to nothing at all: a label or a namespace that is far off is no nearer."""


def alike(wanted: str, found: str) -> bool:
    """Whether one may be the other with a slip of the finger: a few letters, their order, or capitals.

    >>> alike("fronted", "frontend"), alike("wbe", "web"), alike("Web", "web"), alike("api", "app")
    (True, True, True, False)
    """
    one, other = wanted.casefold(), found.casefold()
    return sorted(one) == sorted(other) or SequenceMatcher(None, one, other, autojunk=False).ratio() >= 0.75


def _distance(failed: Sequence[Condition]) -> tuple[int, int, float]:
    """How far a rule is from admitting: by the number of failed conditions; then by those that ask for another
    namespace or port, because such a rule is about something else; then by how unlike wanted and found are.
    """
    return len(failed), sum(map(_is_elsewhere, failed)), -sum(map(_likeness, failed))


def _is_elsewhere(condition: Condition) -> bool:
    """Whether a rule asks for another namespace or port; a slip in the label of the right namespace is none."""
    if condition.kind != "namespace label":
        return condition.kind in ("namespace", "port", "protocol", "named port")
    asked = condition.requirement.values if condition.requirement else ()
    return condition.mixed_up is None and not any(alike(value, condition.value or "") for value in asked)


def _likeness(condition: Condition) -> float:
    """How alike wanted and found are, 0 to 1: of two labels, the one with a typo is nearer."""
    pair = _pair(condition)
    return SequenceMatcher(None, *pair, autojunk=False).ratio() if all(pair) else _NOTHING_THERE


def _pair(condition: Condition) -> tuple[str, str]:
    """What the rule asks for and what is there, as kubectl writes both; "" where nothing of the kind is there.

    A label is compared with its key, so that another value of the key is nearer than another key.
    """
    asked, wanted = condition.requirement, condition.wanted
    if asked is not None:
        there = (asked.key, condition.value) if condition.value is not None else condition.mixed_up
        return str(asked), "=".join(there or ())
    if isinstance(wanted, tuple):
        return ", ".join(map(str, wanted)), f"{condition.protocol} {condition.port}"
    return str(wanted), str(condition.address or "")


def _unpoliced(subject: Endpoint) -> Unjudged | None:
    """D: policies apply to pods; not to nodes, outside addresses, or pods on the host network."""
    if isinstance(subject, External):
        return "outside"
    if isinstance(subject, Node):
        return "node"
    return "host network" if subject.host_network else None


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
        closest, conditions = min(failures, key=lambda item: _distance(item[1]))
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
        block, compared = peer.ip_block, engine.profile.compares_ip_blocks_with(other)
        if address is not None and block.matches(address) and compared:
            return ()
        plugin = "" if compared else engine.profile.name
        return (Condition("address", other, block, block.origin, address=address, ignored_by=plugin),)
    if not isinstance(other, Pod) or other.host_network:
        return (Condition("outside", other, peer, peer.origin),)
    failed: list[Condition] = []
    if peer.namespace_selector is not None:
        namespace = engine.classes.namespace(other.namespace)
        failed += _label_failures("namespace label", namespace, peer.namespace_selector)
    elif other.namespace != policy_namespace:
        # T: a podSelector alone looks into the policy's own namespace
        origin = peer.pod_selector.origin if peer.pod_selector else peer.origin
        failed.append(Condition("namespace", other, policy_namespace, origin))
    if peer.pod_selector is not None:
        failed += _label_failures("pod label", other, peer.pod_selector)
    return tuple(failed)


def _label_failures(kind: ConditionKind, subject: Pod | Namespace, selector: LabelSelector) -> Iterable[Condition]:
    for requirement in selector.requirements:
        if not requirement.matches(subject.labels):
            yield Condition(kind, subject, requirement, requirement.origin)


def _port_failure(asked: _Door, items: tuple[NetworkPolicyPort, ...]) -> Condition:
    """Say which kind of port trouble it is; the items are ORed, so they are named together."""
    kind: ConditionKind = "port"
    if all(isinstance(item.port, str) for item in items):
        kind = "named port"
    elif any(item.port in (asked.port, None) and item.protocol != asked.protocol for item in items):
        kind = "protocol"
    return Condition(kind, asked.destination, items, items[0].origin, protocol=asked.protocol, port=asked.port)
