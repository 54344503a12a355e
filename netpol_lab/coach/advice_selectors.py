"""Selectors that match nothing, and what they were probably meant to match."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

from netpol_lab.coach.advice_facts import ALL_PODS, Facts, Place, near_label, text
from netpol_lab.coach.advice_finding import Finding, finding
from netpol_lab.model.labels import METADATA_NAME, LabelSelector
from netpol_lab.model.objects import Namespace, NetworkPolicy, NetworkPolicyPeer
from netpol_lab.model.origin import Origin
from netpol_lab.model.phrases import capital, did_you_mean
from netpol_lab.tell.caveat_words import caveat_line


def policy_selector(facts: Facts, policy: NetworkPolicy) -> Iterator[Finding]:
    """Does ``spec.podSelector`` pick a pod?"""
    if facts.selected(policy):
        return
    selector, namespace = policy.pod_selector, policy.namespace
    origin = _origin(selector) or policy.origin
    if namespace not in facts.labels_in:
        elsewhere = [] if selector.is_empty else _namespaces_with(facts, selector)
        near = f"Pods with {selector} are in {_names(elsewhere)}." if elsewhere else ""
        near = _and_unseen(facts, near, [namespace])
        yield finding("namespace-without-pods", policy, policy.origin, near, namespace=namespace)
        return
    labeled = facts.labeled_workload([namespace], selector)
    if labeled is not None:
        places = {"kind": labeled.kind, "name": labeled.name, "selector": text(selector)}
        yield finding("labels-on-workload", policy, origin, **places)
        return
    near = _and_unseen(facts, _near(facts, selector, [namespace]), [namespace])
    yield finding("selects-no-pod", policy, origin, near, namespace=namespace, selector=text(selector))


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
        where = f"in {_names(names)}"
    origin = _origin(pods) or peer.origin
    labeled = facts.labeled_workload(names, pods)
    if labeled is not None:
        places = {"kind": labeled.kind, "name": labeled.name, "selector": text(pods)}
        yield finding("labels-on-workload", policy, origin, **places)
        return
    near = _and_unseen(facts, _near(facts, pods, names), names)
    places = {"place": place.peer(number), "where": where, "selector": text(pods)}
    yield finding("peer-matches-no-pod", policy, origin, near, **places)


def _nobodys_label(facts: Facts, place: Place, number: int, selector: LabelSelector) -> Finding:
    places = {"place": place.peer(number), "selector": text(selector)}
    near = _near_namespace(selector, facts.state.namespaces)
    return finding("namespace-label-nobody-has", place.policy, _origin(selector), near, **places)


def _near_namespace(selector: LabelSelector, namespaces: Iterable[Namespace]) -> str:
    """The label every namespace has, where a value is a namespace's name; else a label that is nearly the same."""
    known = {namespace.name for namespace in namespaces}
    for requirement in selector.requirements:
        name = next((value for value in requirement.values if value in known), None)
        if name is not None and requirement.operator in ("=", "In") and requirement.key != METADATA_NAME:
            return f"{capital(did_you_mean([f'{METADATA_NAME}={name}']))} Every namespace has that label."
    return capital(did_you_mean(near_label(selector, [namespace.labels for namespace in namespaces])))


def _near(facts: Facts, selector: LabelSelector, names: list[str]) -> str:
    """Pods with these labels in another namespace, or a label that is nearly the same."""
    close = near_label(selector, [labels for name in names for labels in facts.labels_in.get(name, ())])
    if close:
        return capital(did_you_mean(close))
    elsewhere = [] if selector.is_empty else _namespaces_with(facts, selector)
    return f"Pods with {selector} are in {_names(elsewhere)}." if elsewhere else ""


def _and_unseen(facts: Facts, near: str, namespaces: Container[str]) -> str:
    """With the objects there that may have pods which nobody here knows of."""
    unseen = (each for each in facts.state.caveats if each.kind == "unknown object")
    there = [each for each in unseen if each.about and each.about[1] in namespaces]
    return " ".join(filter(None, (near, caveat_line(there))))


def _namespaces_with(facts: Facts, selector: LabelSelector) -> list[str]:
    return [name for name, labels in facts.labels_in.items() if any(map(selector.matches, labels))]


def _names(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return f"namespace {shown}" if len(names) == 1 else f"{shown}{' and others' if len(names) > 3 else ''}"


def _origin(selector: LabelSelector) -> Origin | None:
    """The line of the only requirement, or of the selector."""
    if len(selector.requirements) == 1:
        return selector.requirements[0].origin
    return selector.origin
