"""Misconceptions about the form of a rule: dashes, empty parts, and what peers and ports mean together.

Each function works as :mod:`netpol_lab.lessons.misconceptions` says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from netpol_lab.engine.verdict import RuleRef
from netpol_lab.lessons.evidence import SIDE, Cause, Evidence, lines, listed, nth, sentence, short
from netpol_lab.model.objects import LabelSelector, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicyRule, Pod
from netpol_lab.tell.condition_words import wanted_words

_WHO = {"ingress": "source", "egress": "destination"}


def dash_before_ports(evidence: Evidence) -> Cause | None:
    """M2: one rule became two, all ports to a peer and one port to everybody.

    The API server stores ``- from: []`` as ``- {}``; beside a rule with ports alone it is the same mistake.
    """
    for rule in evidence.admitting():
        side, rules = SIDE[rule.direction], rule.policy.rules(rule.direction)
        no_ports = [each for each in rules if not each.ports]
        ports_only = [each for each in rules if each.ports and not each.peers]
        if no_ports and ports_only and rule.rule in (*no_ports, *ports_only):
            return Cause(
                "M2",
                f"a dash before `ports`. It begins a new rule, so there are two: one with `{side}` for all ports, and "
                "one with `ports` for everybody. Without that dash, both halves belong to one rule.",
                lines(no_ports[0].origin, ports_only[0].origin),
            )
    return None


def dash_too_many(evidence: Evidence) -> Cause | None:
    """M1: two peers, or two rules, (OR) where one peer with two selectors (AND) was meant.

    Only where that one peer would do better: else the two were meant, and one of them is not wanted.
    """
    for rule in evidence.letting_strangers_in():
        for space, pod, merged, what in _in_one(rule):
            if _wrong_with(evidence, rule, merged) >= evidence.wrong:
                continue
            begin = (
                f"a dash too many. Two items under `{SIDE[rule.direction]}` mean"
                if what == "items"
                else "two rules. They mean"
            )
            return Cause(
                "M1",
                f"{begin} OR: the namespaces of the one, and the pods of the other. One item with both selectors means "
                "AND.",
                lines(space.origin, pod.origin),
            )
    return None


def _in_one(
    rule: RuleRef,
) -> Iterator[tuple[NetworkPolicyPeer, NetworkPolicyPeer, tuple[NetworkPolicyRule, ...], str]]:
    """Each namespaceSelector beside a podSelector of its own, one of which admits: with the rules where both are one.

    The two are items of one rule, or the only peers of two rules with the same ports.
    """
    rules = rule.policy.rules(rule.direction)
    alone = [(each, each.peers[0]) for each in rules if each.ports == rule.rule.ports and len(each.peers) == 1]
    for found, what in (([(rule.rule, peer) for peer in rule.rule.peers], "items"), (alone, "rules")):
        for one, space in found:
            for other, pod in found:
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


def peer_not_wanted(evidence: Evidence) -> Cause | None:
    """M15: one of several peers only lets strangers in. Without it, everything is as wanted."""
    for rule in evidence.letting_strangers_in():
        rules, peers = rule.policy.rules(rule.direction), rule.rule.peers
        if rule.peer is None or len(peers) < 2:
            continue
        shorter = replace(rule.rule, peers=tuple(peer for peer in peers if peer != rule.peer))
        if _wrong_with(evidence, rule, tuple(shorter if each == rule.rule else each for each in rules)):
            continue
        return Cause(
            "M15",
            f"the {nth(peers.index(rule.peer))} peer is not wanted: it admits {_stranger(evidence, rule)}. The peers "
            f"of a rule add up (OR): what one of them admits, no other takes back. Take it out of {rule}.",
            lines(rule.peer.origin),
        )
    return None


def _stranger(evidence: Evidence, rule: RuleRef) -> str:
    """Whom a rule admits in the leak, with its namespace where that is another one."""
    assert evidence.leak is not None
    end = evidence.other_end(rule.direction, evidence.leak)
    is_foreign = isinstance(end, Pod) and end.namespace != rule.policy.namespace
    return f"{short(end)} of {end.namespace}" if is_foreign and isinstance(end, Pod) else short(end)


def _wrong_with(evidence: Evidence, rule: RuleRef, rules: tuple[NetworkPolicyRule, ...]) -> int:
    """How many connections were wrong, if the policy of a rule had other rules in that direction."""
    policy = rule.policy
    changed = replace(policy, ingress=rules) if rule.direction == "ingress" else replace(policy, egress=rules)
    return evidence.wrong_with(changed)


def product(evidence: Evidence) -> Cause | None:
    """S25: all peers of a rule go with all of its ports, and all selected pods with all of them."""
    for rule in evidence.admitting():
        if len(rule.rule.ports) < 2:
            continue
        uses = list(evidence.wanted_through(rule))
        if any(used.peer == rule.peer and used.port != rule.port for _, used in uses) and any(
            used.peer != rule.peer and used.port == rule.port for _, used in uses
        ):
            return _peers_times_ports(evidence, rule)
        cause = _pods_times_ports(evidence, rule, [used.port for _, used in uses])
        if cause is not None:
            return cause
    return None


def _peers_times_ports(evidence: Evidence, rule: RuleRef) -> Cause:
    assert evidence.leak is not None
    other = short(evidence.other_end(rule.direction, evidence.leak))
    return Cause(
        "S25",
        f"every peer of a rule goes with every port of it: make two rules. {sentence(rule)} has {len(rule.rule.peers)} "
        f"peers and {len(rule.rule.ports)} ports, so {other} goes with {rule.port} too. Give each rule the peer and "
        "the ports that belong together.",
        lines(rule.origin),
    )


def _pods_times_ports(evidence: Evidence, rule: RuleRef, used: Iterable[NetworkPolicyPort | None]) -> Cause | None:
    verdict, pair = evidence.leak, evidence.leak_pair
    if verdict is None or pair is None or not pair.wanted or rule.direction != "ingress" or rule.port not in used:
        return None
    pods = list(dict.fromkeys(short(pod) for pod in evidence.pods(rule.policy)))
    if len(pods) < 2:
        return None
    return Cause(
        "S25",
        f"every pod that is selected goes with every port of a rule. `{rule.policy.name}` selects {listed(pods)}, so "
        f"{short(verdict.destination)} opens {rule.port} too. Make two policies, each with the port of its pods; or "
        "use the name of the port, where all of them give it the same one.",
        lines(rule.origin),
    )


def no_rule_wanted(evidence: Evidence) -> Cause | None:
    """M15: a rule where a door is to be shut. Rules do not list who is kept out: they only open."""
    verdict = evidence.leak
    if any(_is_empty(rule) for rule in evidence.admitting()):
        return None  # empty_rule says it better
    for rule in evidence.admitting():
        assert verdict is not None
        end = evidence.own_end(rule.direction)
        selected = evidence.pods(rule.policy)
        if not evidence.is_asked_shut(end, rule.direction):
            continue
        if not all(evidence.is_to_be_shut(pod, rule.direction) for pod in selected):
            continue
        what = "to" if rule.direction == "ingress" else "from"
        return Cause(
            "M15",
            f"no rule is wanted here. No connection {what} {short(end)} is wanted, and {rule} admits "
            f"{short(evidence.other_end(rule.direction, verdict))}. A rule only opens. Isolation alone closes: leave "
            f"the {rule.direction} rules out.",
            lines(rule.origin),
        )
    return None


def _is_empty(rule: RuleRef) -> bool:
    return not rule.rule.peers and not rule.rule.ports


def empty_rule(evidence: Evidence) -> Cause | None:
    """M15: a rule without any condition admits all."""
    for rule in evidence.admitting():
        if _is_empty(rule):
            side = SIDE[rule.direction]
            return Cause(
                "M15",
                f"an empty rule admits everything. `{rule.direction}: [{{}}]` is one rule without a condition: every "
                f"{_WHO[rule.direction]}, every port. `- {side}: []` means the same. To admit nothing, leave the rule "
                f"out; to admit some, write `{side}`, `ports` or both.",
                lines(rule.origin),
            )
    return None


def peers_too_wide(evidence: Evidence) -> Cause | None:
    """M15: an empty or missing list of peers, or an empty selector, is no condition, so it admits all."""
    for rule in evidence.letting_strangers_in():
        if rule.peer is not None and _is_wide(rule.peer):
            where = "every namespace" if rule.peer.namespace_selector is not None else "the namespace"
            return Cause(
                "M15",
                f"an empty selector matches everything. This peer means every pod of {where}. Name a label of the pods "
                "you mean.",
                lines(rule.peer.origin),
            )
        if not rule.rule.peers:
            side, who = SIDE[rule.direction], _WHO[rule.direction]
            return Cause(
                "M15",
                f"a rule without `{side}` admits every {who}. Name the peers you mean in {rule}.",
                lines(rule.origin),
            )
    return None


def _is_wide(peer: NetworkPolicyPeer) -> bool:
    """No selector of the peer has a condition."""
    selectors: list[LabelSelector] = [s for s in (peer.pod_selector, peer.namespace_selector) if s is not None]
    return bool(selectors) and all(selector.is_empty for selector in selectors)


def port_too_many(evidence: Evidence) -> Cause | None:
    """M15 and M7: the two ends belong together, and the rule opens more ports between them than it should."""
    pair = evidence.leak_pair
    if pair is None or not pair.wanted:
        return None
    for rule in filter(evidence.serves_pair, evidence.admitting()):
        if rule.port is None:
            text = f"a rule without `ports` admits every port. Add the port you mean to {rule}."
            return Cause("M15", text, lines(rule.origin))
        end = short(evidence.other_end(rule.direction, evidence.leak))  # type: ignore[arg-type]
        verb = "from" if rule.direction == "ingress" else "to"
        return Cause(
            "M7",
            f"a port too many. {sentence(rule)} admits {rule.port}; {verb} {end}, only {pair.wanted.words()} is "
            "wanted.",
            lines(rule.port.origin or rule.origin),
        )
    return None


def port_too_few(evidence: Evidence) -> Cause | None:
    """M7: all ports are wanted between two ends, and the rule names some."""
    pair = evidence.missing_pair
    for miss in evidence.nearest_misses():
        ports = [condition for condition in miss.failed if condition.kind in ("port", "protocol", "named port")]
        if pair is not None and pair.wanted.is_all and len(ports) == len(miss.failed):
            return Cause(
                "M7",
                f"every port is wanted. {sentence(miss.rule)} admits {wanted_words(ports[0])} only. Leave `ports` out: "
                "a rule without it admits all of them.",
                lines(ports[0].origin),
            )
    return None
