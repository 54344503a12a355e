"""What a policy does as a whole: nothing, nothing in one direction, or more than was meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netpol_lab.coach.advice_facts import Facts
from netpol_lab.coach.advice_finding import Finding, finding
from netpol_lab.engine.compare import Difference
from netpol_lab.engine.compiled import Group
from netpol_lab.model.objects import DIRECTIONS, Direction, External, NetworkPolicy, Pod
from netpol_lab.model.phrases import listed, noun, some
from netpol_lab.model.ports import PortSet

DNS = ("UDP", 53)


def inert_rules(facts: Facts, policy: NetworkPolicy) -> Iterator[Finding]:
    """Are there rules of a direction that is not in policyTypes?"""
    for direction in DIRECTIONS:
        rules = policy.rules(direction)
        if rules and not policy.isolates(direction):
            name = direction.capitalize()
            places = {"direction": direction, "type": name}
            yield finding("rules-without-effect", policy, rules[0].origin, f"Add {name} to policyTypes.", **places)


def without_dns(facts: Facts) -> Iterator[Finding]:
    """Can every pod whose egress is isolated ask the cluster's DNS? One finding for pods with the same policies."""
    groups: dict[int, tuple[Group, list[Pod]]] = {}
    for pod in facts.pods.values():
        group = facts.engine.group("egress", pod)
        if group.policies and not _asks_dns(facts, group, pod):
            groups.setdefault(id(group), (group, []))[1].append(pod)
    for group, pods in groups.values():
        policy = next((each for each in group.policies if each.egress), group.policies[0])
        origin = policy.egress[0].origin if policy.egress else policy.types_origin
        yield finding("no-dns", policy, origin, _dns_rule(facts, group), pods=_some(pods))


def _asks_dns(facts: Facts, group: Group, pod: Pod) -> bool:
    cache, service = facts.state.node_local_dns, facts.state.dns_service
    if cache is not None:
        return DNS in facts.engine.admitted("egress", pod, External(cache, str(cache)))
    endpoints = facts.state.endpoints(service) if service else ()
    servers = [(to, number) for to, port, number in endpoints if port.protocol == "UDP"]
    if servers:
        engine = facts.engine
        return any(pod.id == to.id or ("UDP", n) in engine.admitted("egress", pod, to) for to, n in servers)
    # The DNS pods are not among the manifests: a rule for their port is taken to reach them.
    return any(rule.ports is None or DNS in rule.ports for rule in group.rules)


def _dns_rule(facts: Facts, group: Group) -> str:
    if any(rule.ports is not None and ("TCP", 53) in rule.ports and DNS not in rule.ports for rule in group.rules):
        return "A rule admits TCP 53: without protocol, a port is TCP. DNS asks by UDP."
    if facts.state.node_local_dns is not None:
        return f"Admit UDP and TCP 53 to the ipBlock {facts.state.node_local_dns}/32: the cache is on the host network."
    return "Admit UDP and TCP 53 to pods with k8s-app=kube-dns in namespace kube-system."


def _some(pods: list[Pod]) -> str:
    names = [pod.id for pod in pods]
    return listed(names) if len(names) < 3 else some(names, 2)


def superfluous(facts: Facts, policies: Iterable[NetworkPolicy]) -> Iterator[Finding]:
    """Would every connection be the same without a policy? Of two that do the same, the later one is told.

    A policy for all pods that admits nothing is a default for pods to come, and is never told.
    """
    gone: set[str] = set()
    for policy in reversed(tuple(policies)):
        is_default = policy.pod_selector.is_empty and not any(policy.rules(direction) for direction in DIRECTIONS)
        if not is_default and not _is_about_absent(facts, policy) and _adds_nothing(facts, policy, gone):
            gone.add(policy.id)
            others = [other for other in _beside(facts, policy) if other.id not in gone]
            near = f"{_and(others)} already {noun(len(others), 'does', 'do')} this." if others else ""
            yield finding("adds-nothing", policy, None, near)


def _is_about_absent(facts: Facts, policy: NetworkPolicy) -> bool:
    """Whether a rule admits pods of the cluster itself, which are not among the manifests."""
    peers = (peer for place in facts.places(policy) for peer in place.rule.peers)
    return any(peer.namespace_selector and facts.is_about_system(peer.namespace_selector) for peer in peers)


def _and(policies: list[NetworkPolicy]) -> str:
    if len(policies) > 2:
        return f"{policies[0].name}, {policies[1].name} and others"
    return listed(policy.name for policy in policies)


def _beside(facts: Facts, policy: NetworkPolicy) -> list[NetworkPolicy]:
    """The other policies that isolate the same pods."""
    found = {}
    for direction in DIRECTIONS:
        groups = facts.engine.groups(direction, policy.namespace)
        for number in facts.selected(policy):
            for other in groups[number].policies if number in groups else ():
                found[other.id] = other
    found.pop(policy.id, None)
    return list(found.values())


def _adds_nothing(facts: Facts, policy: NetworkPolicy, gone: set[str]) -> bool:
    for direction in DIRECTIONS:
        if not policy.isolates(direction) or direction not in facts.engine.profile.enforces:
            continue
        groups = facts.engine.groups(direction, policy.namespace)
        seen: set[int] = set()
        for number in facts.selected(policy):
            group = groups[number]
            named = any(rule.ports is None for rule in group.rules)
            if id(group) in seen and not (named and direction == "ingress"):
                continue  # pods with the same policies are admitted the same, unless named ports tell them apart
            seen.add(id(group))
            if not _is_covered(facts, policy, direction, number, group, gone):
                return False
    return True


def _is_covered(
    facts: Facts, policy: NetworkPolicy, direction: Direction, subject: int, group: Group, gone: set[str]
) -> bool:
    """Whether a class of pods is admitted the same things without this policy."""
    mine = [rule for rule in group.rules if rule.policy.id == policy.id]
    others = [rule for rule in group.rules if rule.policy.id != policy.id and rule.policy.id not in gone]
    alone = all(each.id == policy.id or each.id in gone for each in group.policies)
    for other in range(len(facts.engine.classes)):
        target = subject if direction == "ingress" else other
        rest = facts.engine.admitted_by(others, other, target)
        if Difference(PortSet.ALL if alone else rest, facts.engine.admitted_by(mine, other, target) | rest):
            return False
    return True
