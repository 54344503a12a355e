"""Selectors that match nothing, and what they were probably meant to match."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import replace

from netpol_lab.coach import slips
from netpol_lab.coach.advice_facts import ALL_PODS, Facts, Place, text
from netpol_lab.coach.advice_finding import Finding, finding
from netpol_lab.model.labels import LabelSelector
from netpol_lab.model.objects import NetworkPolicy, NetworkPolicyPeer
from netpol_lab.model.origin import Origin
from netpol_lab.tell.caveat_words import caveat_line


def policy_selector(facts: Facts, policy: NetworkPolicy) -> Iterator[Finding]:
    """Does ``spec.podSelector`` pick a pod?"""
    if facts.selected(policy):
        return
    selector, namespace = policy.pod_selector, policy.namespace
    origin = _origin(selector) or policy.origin
    if facts.on_host([namespace], selector):
        yield _host_network(policy, origin, "podSelector", f"in namespace {namespace}", selector)
        return
    if namespace not in facts.labels_in:
        slip = slips.of_policy(facts, policy)
        near = _and_unseen(facts, slip.words, [namespace])
        yield _slipped(slip, near, "namespace-without-pods", policy, policy.origin, namespace=namespace)
        return
    labeled = facts.labeled_workload([namespace], selector)
    if labeled is not None:
        places = {"kind": labeled.kind, "name": labeled.name, "selector": text(selector)}
        yield finding("labels-on-workload", policy, origin, **places)
        return
    slip, places = slips.of_policy(facts, policy), {"namespace": namespace, "selector": text(selector)}
    near = _and_unseen(facts, slip.words, [namespace])
    yield _slipped(slip, near, "selects-no-pod", policy, origin, **places)


def peers(facts: Facts, place: Place) -> Iterator[Finding]:
    """Does each item of ``from`` or ``to`` stand for a pod?"""
    for number, peer in enumerate(place.rule.peers):
        if peer.ip_block is None and not facts.among(place.policy, peer):
            yield from _empty_peer(facts, place, number, peer)


def _empty_peer(facts: Facts, place: Place, number: int, peer: NetworkPolicyPeer) -> Iterator[Finding]:
    policy, pods = place.policy, peer.pod_selector or ALL_PODS
    if peer.namespace_selector is None:
        names, where = [policy.namespace], f"in namespace {policy.namespace}"
    else:
        if facts.is_about_system(peer.namespace_selector):
            return
        found = facts.namespaces(peer.namespace_selector)
        if not found:
            yield _nobodys_label(facts, place, number, peer.namespace_selector)
            return
        names = [namespace.name for namespace in found]
        where = f"in {slips.names(names)}"
    origin = _origin(pods) or peer.origin
    if facts.on_host(names, pods):
        yield _host_network(policy, origin, place.peer(number), where, pods)
        return
    labeled = facts.labeled_workload(names, pods)
    if labeled is not None:
        places = {"kind": labeled.kind, "name": labeled.name, "selector": text(pods)}
        yield finding("labels-on-workload", policy, origin, **places)
        return
    slip = slips.of_pods(facts, place, number, peer, names)
    places = {"place": place.peer(number), "where": where, "selector": text(pods)}
    near = _and_unseen(facts, slip.words, names)
    yield _slipped(slip, near, "peer-matches-no-pod", policy, origin, **places)


def _host_network(
    policy: NetworkPolicy, origin: Origin | None, place: str, where: str, selector: LabelSelector
) -> Finding:
    near = "Policies do not apply to them." if place == "podSelector" else "Their address is that of their node."
    places = {"place": place, "where": where, "selector": text(selector)}
    return finding("pods-on-the-host-network", policy, origin, near, **places)


def _nobodys_label(facts: Facts, place: Place, number: int, selector: LabelSelector) -> Finding:
    places = {"place": place.peer(number), "selector": text(selector)}
    slip = slips.of_namespaces(facts, place, number, selector)
    return _slipped(slip, slip.words, "namespace-label-nobody-has", place.policy, _origin(selector), **places)


def _slipped(
    slip: slips.Slip, near: str, id: str, policy: NetworkPolicy, origin: Origin | None, **places: str
) -> Finding:
    return replace(finding(id, policy, origin, near, **places), repairs=slip.repairs)


def _and_unseen(facts: Facts, near: str, namespaces: Container[str]) -> str:
    """With the objects there that may have pods which nobody here knows of."""
    unseen = (each for each in facts.state.caveats if each.kind == "unknown object")
    there = [each for each in unseen if each.about and each.about[1] in namespaces]
    return " ".join(filter(None, (near, caveat_line(there))))


def _origin(selector: LabelSelector) -> Origin | None:
    """The line of the only requirement, or of the selector."""
    if len(selector.requirements) == 1:
        return selector.requirements[0].origin
    return selector.origin
