"""The smallest change that would stop an allowed connection, proved by simulating it.

There is no rule that denies. A connection is stopped by taking out what admits it, where a policy isolates an end; or
by isolating an end that is open, with a policy that admits others: what people write as default deny and an allow.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from netpol_lab.cluster.snapshot import Snapshot, View
from netpol_lab.coach.change import Change, every_way, free_name, lasting_labels, new_policy_text, where
from netpol_lab.coach.ways import Effect, effect
from netpol_lab.engine.verdict import Gate, RuleRef, Verdict
from netpol_lab.manifests import from_object
from netpol_lab.model.bodies import Body
from netpol_lab.model.labels import Labels
from netpol_lab.model.objects import Direction, Endpoint, Pod, name_of
from netpol_lab.model.phrases import PEERS_FIELD, listed
from netpol_lab.tell.saying import line


def smallest_stop(view: View, verdict: Verdict) -> Change | None:
    """The change found that stops the connection of ``verdict`` and closes the fewest others; None if there is none.

    What it closes besides is in ``also``. There is none for a connection that is blocked already, and for one that no
    policy judges: a pod to itself, a node to its own pods.

    >>> from netpol_lab import Cluster
    >>> cluster = Cluster()
    >>> smallest_stop(cluster, cluster.verdict("External", "kube-system/coredns", 9153)).command[:57]
    'a new policy in kube-system for pods with k8s-app=kube-dn'
    """
    if not verdict.allowed:
        return None
    state = view.snapshot()
    best: tuple[tuple[int, bool, int], Change, Effect] | None = None
    for change in _candidates(state, verdict):
        after = change.applied(state)
        if any(each.allowed for each in every_way(after, verdict)):
            continue
        found = effect(state, after, change.resources, verdict, [(verdict.protocol, verdict.port)])
        is_new = any(resource.key not in state.objects for resource in change.resources)
        cost = (found.others, is_new, len(found.closed))
        if not found.opened and (best is None or cost < best[0]):
            best = (cost, change, found)
    if best is None:
        return None
    _, change, found = best
    return Change(change.command, change.explanation, change.resources, found.closed, stops=True)


def _candidates(state: Snapshot, verdict: Verdict) -> Iterator[Change]:
    """From small to large: what narrows a policy, then what isolates an end."""
    for gate in reversed(verdict.gates):
        if gate.isolated:
            yield from _narrower(state, gate)
    for gate in reversed(verdict.gates):
        if not gate.isolated and gate.unjudged is None:
            yield from _isolating(state, verdict, gate)


# -- an end that is isolated: every rule that admits must go, or admit less ------------------------


def _narrower(state: Snapshot, gate: Gate) -> Iterator[Change]:
    """Take the matching peer, or the matching port, or the whole rule out of each rule that admits."""
    for part in ("peers", "ports", "rule"):
        bodies: dict[tuple[str, str, str], Body] = {}
        texts: dict[tuple[str, int], str] = {}
        # the last rule first: the numbers of those before it stay right
        for reference in sorted(gate.admitting, key=lambda each: (each.policy.id, -each.index)):
            key = ("NetworkPolicy", reference.policy.namespace, reference.policy.name)
            resource = state.get(*key)
            if resource is None:
                return
            body = bodies.setdefault(key, copy.deepcopy(dict(resource.body)))
            texts[reference.policy.id, reference.index] = _take_out(body, reference, part)
        resources = [from_object(body) for body in bodies.values()]
        text = "\n".join(texts[place] for place in sorted(texts))
        yield Change(text, line("remedy.stops"), tuple(resources), stops=True)


def _take_out(body: Body, reference: RuleRef, part: str) -> str:
    """Change ``body`` and say how. A rule that would be left without its list would admit everyone: it goes."""
    rules = body["spec"][reference.direction]
    rule, model = rules[reference.index], reference.rule
    side = PEERS_FIELD[reference.direction]
    what = {"rule": reference, "where": where(reference.origin)}
    if part == "peers" and reference.peer is not None and len(model.peers) > 1:
        number = _place(model.peers, reference.peer)
        rule[side] = _without(rule[side], number)
        return line("remedy.take peer", number=number + 1, side=side, **what)
    if part == "ports" and reference.port is not None and len(model.ports) > 1:
        number = _place(model.ports, reference.port)
        rule["ports"] = _without(rule["ports"], number)
        return line("remedy.take port", port=reference.port, **what)
    body["spec"][reference.direction] = _without(rules, reference.index)
    return line("remedy.delete", **what)


def _place(items: tuple[Any, ...], item: object) -> int:
    """The place of this very item, of several that may be equal."""
    return next((number for number, each in enumerate(items) if each is item), items.index(item))


def _without(items: list[Any], number: int) -> list[Any]:
    return [*items[:number], *items[number + 1 :]]


# -- an end that is open: a policy isolates it and admits those beside the one that is meant -----------


def _isolating(state: Snapshot, verdict: Verdict, gate: Gate) -> Iterator[Change]:
    """What people write: isolate the pod, and admit whom it is for; then the same without anybody."""
    pod, direction = gate.endpoint, gate.direction
    assert isinstance(pod, Pod)
    other = verdict.source if direction == "ingress" else verdict.destination
    peers, words = _beside(state, pod, other)
    if peers:
        yield _policy(state, pod, direction, [{PEERS_FIELD[direction]: peers}], words)
    yield _policy(state, pod, direction, [], line("remedy.nobody"))


def _policy(state: Snapshot, pod: Pod, direction: Direction, rules: list[Body], words: str) -> Change:
    name, labels = free_name(state, pod.namespace, f"isolate-{name_of(pod)}"[:200]), lasting_labels(state, pod)
    spec: Body = {"podSelector": {"matchLabels": dict(labels)}, "policyTypes": [direction.capitalize()]}
    if rules:
        spec[direction] = rules
    body = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": pod.namespace},
        "spec": spec,
    }
    rule = line("remedy.rule", side=PEERS_FIELD[direction], peers=words)
    text = new_policy_text(pod.namespace, labels, direction, rule)
    return Change(text, line("remedy.stops.new policy", policy=name), (from_object(body),), stops=True)


def _beside(state: Snapshot, pod: Pod, other: Endpoint) -> tuple[list[Body], str]:
    """Whom a policy for ``pod`` still admits: all pods, those of its namespace, or those with other labels there."""
    if not isinstance(other, Pod) or other.host_network:
        return [{"namespaceSelector": {}}], line("remedy.pods.all namespaces")
    if other.namespace != pod.namespace:
        return [{"podSelector": {}}], line("remedy.pods.own namespace")
    chosen: dict[Labels, None] = {}
    for each in state.pods:
        is_client = each.namespace == pod.namespace and each.id != pod.id and not each.is_replica_of(pod)
        if is_client and not each.host_network:
            one = ((key, value) for key, value in each.own_labels.items() if other.labels.get(key) != value)
            label = next(one, None)
            if label is not None:
                chosen[Labels([label])] = None
    peers: list[Body] = [{"podSelector": {"matchLabels": dict(each)}} for each in chosen]
    return peers, line("remedy.pods", labels=listed(map(str, chosen)))
