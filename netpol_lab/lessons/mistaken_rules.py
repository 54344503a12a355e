"""Mistakes about the form of a rule: dashes, empty parts, and what peers and ports mean together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from netpol_lab.engine.verdict import NearMiss, RuleRef
from netpol_lab.lessons.evidence import WAY, WHO, Evidence, short
from netpol_lab.lessons.recognize import Recognized, found, recognizes
from netpol_lab.model.labels import METADATA_NAME, LabelSelector, Requirement
from netpol_lab.model.objects import NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicyRule, Pod
from netpol_lab.model.phrases import PEERS_FIELD, listed, nth
from netpol_lab.tell.condition_words import wanted_words


@recognizes(Evidence.admitting)
def dash_before_ports(evidence: Evidence, rule: RuleRef) -> Recognized | None:
    """The API server stores ``- from: []`` as ``- {}``; beside a rule with ports alone it is the same mistake."""
    rules = rule.policy.rules(rule.direction)
    no_ports = [each for each in rules if not each.ports]
    ports_only = [each for each in rules if each.ports and not each.peers]
    if not no_ports or not ports_only or rule.rule not in (*no_ports, *ports_only):
        return None
    return found(side=PEERS_FIELD[rule.direction]).at(no_ports[0].origin, ports_only[0].origin)


@recognizes(Evidence.letting_strangers_in)
def dash_too_many(evidence: Evidence, rule: RuleRef) -> Recognized | None:
    """Only where one peer with both selectors would do better: else the two were meant, and one is not wanted."""
    for space, pod, merged, what in _in_one(rule):
        if _wrong_with(evidence, rule, merged) < evidence.wrong:
            return found(what, side=PEERS_FIELD[rule.direction]).at(space.origin, pod.origin)
    return None


def _in_one(
    rule: RuleRef,
) -> Iterator[tuple[NetworkPolicyPeer, NetworkPolicyPeer, tuple[NetworkPolicyRule, ...], str]]:
    """Each namespaceSelector beside a podSelector of its own, one of which admits: with the rules where both are one.

    The two are items of one rule, or the only peers of two rules with the same ports.
    """
    rules = rule.policy.rules(rule.direction)
    alone = [(each, each.peers[0]) for each in rules if each.ports == rule.rule.ports and len(each.peers) == 1]
    for pairs, what in (([(rule.rule, peer) for peer in rule.rule.peers], "items"), (alone, "rules")):
        for one, space in pairs:
            for other, pod in pairs:
                if not (_is_of_spaces(space) and _is_of_pods(pod) and rule.peer in (space, pod)):
                    continue
                both = replace(space, pod_selector=pod.pod_selector)
                rest = tuple(peer for peer in one.peers if peer not in (space, pod))
                merged = replace(one, peers=(both, *rest))
                others_gone = (each for each in rules if each == one or each != other)
                yield space, pod, tuple(merged if each == one else each for each in others_gone), what


def _is_of_spaces(peer: NetworkPolicyPeer) -> bool:
    return peer.namespace_selector is not None and peer.pod_selector is None


def _is_of_pods(peer: NetworkPolicyPeer) -> bool:
    return peer.namespace_selector is None and peer.pod_selector is not None


@recognizes(Evidence.letting_strangers_in)
def peer_not_wanted(evidence: Evidence, rule: RuleRef) -> Recognized | None:
    """One of several peers only lets strangers in. Without it, everything is as wanted."""
    rules, peers = rule.policy.rules(rule.direction), rule.rule.peers
    if rule.peer is None or len(peers) < 2:
        return None
    shorter = replace(rule.rule, peers=tuple(peer for peer in peers if peer != rule.peer))
    if _wrong_with(evidence, rule, tuple(shorter if each == rule.rule else each for each in rules)):
        return None
    end = evidence.stranger(rule)
    is_foreign = isinstance(end, Pod) and end.namespace != rule.policy.namespace
    stranger = f"{short(end)} of {end.namespace}" if is_foreign and isinstance(end, Pod) else short(end)
    return found(nth=nth(peers.index(rule.peer)), stranger=stranger, rule=rule).at(rule.peer.origin)


@recognizes(Evidence.nearest_misses)
def peer_left_out(evidence: Evidence, miss: NearMiss) -> Recognized | None:
    """The rule admits some that are wanted. With one peer more, for the other end, everything is as wanted."""
    rule, end = miss.rule, evidence.missed_end(miss)
    if not isinstance(end, Pod) or not rule.rule.peers or not _all_serve(evidence, rule):
        return None  # a peer that serves nobody was meant for this end
    labels = tuple(Requirement(key, "=", (value,)) for key, value in end.own_labels.items())
    home = (Requirement(METADATA_NAME, "=", (end.namespace,)),)
    peer = NetworkPolicyPeer(pod_selector=LabelSelector(labels), namespace_selector=LabelSelector(home))
    longer = replace(rule.rule, peers=(*rule.rule.peers, peer))
    rules = tuple(longer if each == rule.rule else each for each in rule.policy.rules(rule.direction))
    if _wrong_with(evidence, rule, rules):
        return None
    return found(rule=rule, end=short(end), side=PEERS_FIELD[rule.direction]).at(rule.rule.origin)


def _all_serve(evidence: Evidence, rule: RuleRef) -> bool:
    """Whether each peer of a rule is needed: without it, more connections were wrong."""
    rules, peers = rule.policy.rules(rule.direction), rule.rule.peers
    shorter = [replace(rule.rule, peers=peers[:n] + peers[n + 1 :]) for n in range(len(peers))]
    without = [
        tuple(
            one for each in rules for one in ((short,) if each == rule.rule else (each,)) if one.peers or not each.peers
        )
        for short in shorter
    ]
    return all(_wrong_with(evidence, rule, each) > evidence.wrong for each in without)


def _wrong_with(evidence: Evidence, rule: RuleRef, rules: tuple[NetworkPolicyRule, ...]) -> int:
    """How many connections were wrong, if the policy of a rule had other rules in that direction."""
    policy = rule.policy
    changed = replace(policy, ingress=rules) if rule.direction == "ingress" else replace(policy, egress=rules)
    return evidence.wrong_with(changed)


@recognizes(Evidence.admitting)
def product(evidence: Evidence, rule: RuleRef) -> Recognized | None:
    """All peers of a rule go with all of its ports, and all selected pods with all of them."""
    if len(rule.rule.ports) < 2:
        return None
    uses = [used for _, used in evidence.wanted_through(rule)]
    this_peer = any(used.peer == rule.peer and used.port != rule.port for used in uses)
    this_port = any(used.peer != rule.peer and used.port == rule.port for used in uses)
    if this_peer and this_port:
        counts = {"peers": len(rule.rule.peers), "ports": len(rule.rule.ports)}
        return found("peers", rule=rule, other=short(evidence.stranger(rule)), port=rule.port, **counts).at(rule.origin)
    return _pods_times_ports(evidence, rule, [used.port for used in uses])


def _pods_times_ports(evidence: Evidence, rule: RuleRef, used: Iterable[NetworkPolicyPort | None]) -> Recognized | None:
    leak, pair = evidence.leak, evidence.leak_pair
    if leak is None or pair is None or not pair.wanted or rule.direction != "ingress" or rule.port not in used:
        return None
    pods = list(dict.fromkeys(short(pod) for pod in evidence.pods(rule.policy)))
    if len(pods) < 2:
        return None
    places = {"policy": rule.policy.name, "pods": listed(pods), "pod": short(leak.destination), "port": rule.port}
    return found("pods", **places).at(rule.origin)


@recognizes(Evidence.admitting)
def no_rule_wanted(evidence: Evidence, rule: RuleRef) -> Recognized | None:
    """Rules do not list who is kept out: they only open."""
    end = evidence.own_end(rule.direction)
    pods = evidence.pods(rule.policy)
    if any(map(_is_empty, evidence.admitting())) or not evidence.is_asked_shut(end, rule.direction):
        return None  # of an empty rule, empty_rule says it better
    if not all(evidence.is_to_be_shut(pod, rule.direction) for pod in pods):
        return None
    ends = {"pod": short(end), "other": short(evidence.stranger(rule)), "way": WAY[rule.direction]}
    return found(rule=rule, direction=rule.direction, **ends).at(rule.origin)


def _is_empty(rule: RuleRef) -> bool:
    return not rule.rule.peers and not rule.rule.ports


@recognizes(Evidence.admitting)
def empty_rule(evidence: Evidence, rule: RuleRef) -> Recognized | None:
    way = rule.direction
    return found(direction=way, side=PEERS_FIELD[way], who=WHO[way]).at(rule.origin) if _is_empty(rule) else None


@recognizes(Evidence.letting_strangers_in)
def peers_too_wide(evidence: Evidence, rule: RuleRef) -> Recognized | None:
    peer = rule.peer
    if peer is not None and _is_wide(peer):
        where = "every namespace" if peer.namespace_selector is not None else "the namespace"
        return found("selector", where=where).at(peer.origin)
    if rule.rule.peers:
        return None
    return found("no peers", side=PEERS_FIELD[rule.direction], who=WHO[rule.direction], rule=rule).at(rule.origin)


def _is_wide(peer: NetworkPolicyPeer) -> bool:
    """No selector of the peer has a condition."""
    return bool(peer.selectors) and all(selector.is_empty for selector in peer.selectors.values())


@recognizes(Evidence.serving)
def port_too_many(evidence: Evidence, rule: RuleRef) -> Recognized | None:
    """The two ends belong together, and the rule opens more ports between them than it should."""
    pair = evidence.leak_pair
    if pair is None or not pair.wanted:
        return None
    if rule.port is None:
        return found("no ports", rule=rule).at(rule.origin)
    way = "from" if rule.direction == "ingress" else "to"
    places = {"port": rule.port, "way": way, "end": short(evidence.stranger(rule)), "wanted": pair.wanted.words()}
    return found("one more", rule=rule, **places).at(rule.port.origin or rule.origin)


@recognizes(Evidence.nearest_misses)
def port_too_few(evidence: Evidence, miss: NearMiss) -> Recognized | None:
    """All ports are wanted between two ends, or a range of them, and the rule names some."""
    pair = evidence.missing_pair
    ports = [condition for condition in miss.failed if condition.kind in ("port", "protocol", "named port")]
    if pair is None or not ports or len(ports) != len(miss.failed):
        return None
    ranges = [first < last for protocol, first, last in pair.wanted if protocol == ports[0].protocol]
    if not pair.wanted.is_all and ranges != [True]:
        return None
    says = "every" if pair.wanted.is_all else "range"
    return found(says, rule=miss.rule, wanted=wanted_words(ports[0]), range=pair.wanted.words()).at(ports[0].origin)
