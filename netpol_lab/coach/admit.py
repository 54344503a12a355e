"""The smallest change that would admit a blocked connection, proved by simulating it.

A mistyped label in a rule is put right. Else candidates are tried from small to large: a label on the other pod or its
namespace (from the near misses), a port added to a rule, a new policy, a rule added to a policy. The first that opens
nothing between other ends is taken; if there is none, the one that opens least. A change that would take a connection
away, or a pod from its Service or its controller, is no candidate.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from netpol_lab.cluster.snapshot import Snapshot, View
from netpol_lab.coach.change import Change, block_of, free_name, judged, labels_text
from netpol_lab.coach.typo import correction
from netpol_lab.coach.ways import effect
from netpol_lab.connections.ends import outside_ranges
from netpol_lab.engine.compare import Twice, compare
from netpol_lab.engine.verdict import Condition, Gate, NearMiss, Verdict
from netpol_lab.manifests import from_object
from netpol_lab.model.bodies import Body
from netpol_lab.model.labels import METADATA_NAME, Labels
from netpol_lab.model.objects import Direction, Endpoint, External, Pod, Resource, name_of
from netpol_lab.model.phrases import PEERS_FIELD


def smallest_change(view: View, verdict: Verdict) -> Change | None:
    """The smallest change found that admits the connection of ``verdict``; None if it is allowed or none is found."""
    if verdict.allowed:
        return None
    state = view.snapshot()
    parts: list[Change] = []
    for direction in ("egress", "ingress"):
        now = judged(state, verdict)
        gate = now.egress if direction == "egress" else now.ingress
        if gate.admitted:
            continue
        found = _repair(state, now, gate)
        if found is None:
            return None
        parts.append(found)
        state = found.applied(state)
    if not judged(state, verdict).allowed:
        return None
    resources = tuple({resource.key: resource for part in parts for resource in part.resources}.values())
    return Change(
        "\n".join(dict.fromkeys(part.command for part in parts)),
        " ".join(dict.fromkeys(part.explanation for part in parts)),
        resources,
        effect(view.snapshot(), state, resources, verdict).opened,
    )


def _repair(state: Snapshot, verdict: Verdict, gate: Gate) -> Change | None:
    """A typo put right; else the first candidate that opens nothing between other ends, or the one that opens least."""
    for miss in gate.near_misses:
        corrected = correction(state, miss)
        # whoever carries the right label was meant: what opens besides is said, and does not count
        if corrected is not None and _admits(corrected.applied(state), verdict, gate):
            return corrected
    best: tuple[int, Change] | None = None
    for change in _candidates(state, verdict, gate):
        changed = change.applied(state)
        if not _admits(changed, verdict, gate):
            continue
        others = effect(state, changed, change.resources, verdict).others
        if best is None or others < best[0]:
            best = (others, change)
        if not others:
            break
    return best[1] if best else None


def _admits(state: Snapshot, verdict: Verdict, gate: Gate) -> bool:
    after = judged(state, verdict)
    return (after.egress if gate.direction == "egress" else after.ingress).admitted


def _candidates(state: Snapshot, verdict: Verdict, gate: Gate) -> Iterator[Change]:
    for miss in gate.near_misses:
        yield from _relabel(state, verdict, gate, miss)
    for miss in gate.near_misses:
        yield from _add_port(state, verdict, miss)
    rule = _Rule.of(verdict, gate)
    yield from _new_policy(state, rule)
    yield from _add_rule(state, gate, rule)


def _relabel(state: Snapshot, verdict: Verdict, gate: Gate, miss: NearMiss) -> Iterator[Change]:
    """One label on one object would meet the rule."""
    fix = miss.failed[0].fix if len(miss.failed) == 1 else None
    if fix is None or fix[0] == METADATA_NAME:  # the API server sets that one
        return
    condition = miss.failed[0]
    other = verdict.source if gate.direction == "ingress" else verdict.destination
    if not isinstance(other, Pod):
        return
    if condition.kind == "pod label":
        resource = state.get("Pod", other.namespace, other.name)
        command = f"kubectl label pod {other.name} -n {other.namespace}"
        changed = [other]
    else:
        resource = state.get("Namespace", "", other.namespace)
        command = f"kubectl label namespace {other.namespace}"
        changed = [pod for pod in state.pods if pod.namespace == other.namespace]
    if resource is not None:
        change = _label(resource, condition, command, miss)
        if not _takes_away(state, state.with_objects(change.resources), changed):
            yield change


def _label(resource: Resource, condition: Condition, command: str, miss: NearMiss) -> Change:
    assert condition.fix is not None
    key, value = condition.fix
    labels = dict(resource.body["metadata"].get("labels") or {})
    overwrite = " --overwrite" if key in labels else ""
    body = {**resource.body, "metadata": {**resource.body["metadata"], "labels": {**labels, key: value}}}
    typed = replace(resource.typed, labels=Labels({**labels, key: value}))  # type: ignore[arg-type, call-arg, type-var]
    labeled = replace(resource, body=body, typed=typed)
    return Change(f"{command} {key}={value}{overwrite}", f"Then {miss.rule} admits it.", (labeled,))


def _takes_away(before: Snapshot, after: Snapshot, changed: list[Pod]) -> bool:
    """Whether new labels cost something: a connection, a place behind a Service, or the pod's controller."""
    everyone: list[Endpoint] = [*before.pods, *before.nodes, *outside_ranges(before)]
    ends = [_twice(after, end) for end in everyone]
    for pod in changed:
        mine = _twice(after, pod)
        if _leaves(before, pod, after.pod(pod.namespace, pod.name) or pod):
            return True
        for end in ends:
            if any(compare(before.engine, after.engine, *way).closed for way in ((mine, end), (end, mine))):
                return True
    return False


def _twice(after: Snapshot, end: Endpoint) -> Twice:
    return end, (after.pod(end.namespace, end.name) if isinstance(end, Pod) else None) or end


def _leaves(state: Snapshot, pod: Pod, now: Pod) -> bool:
    """A pod whose labels no longer fit is left out by its Service, and replaced by its controller."""
    overwritten = any(now.labels.get(key) != value for key, value in pod.labels.items())
    if overwritten and pod.owner:
        return True
    services = (each for each in state.services if each.namespace == pod.namespace and each.selector)
    return any(
        each.selector.items() <= pod.labels.items() and not each.selector.items() <= now.labels.items()
        for each in services
        if each.selector
    )


def _add_port(state: Snapshot, verdict: Verdict, miss: NearMiss) -> Iterator[Change]:
    """Only the port differs: the rule gets one more."""
    if [condition.kind in ("port", "protocol", "named port") for condition in miss.failed] != [True]:
        return
    policy, reference = miss.rule.policy, miss.rule
    resource = state.get("NetworkPolicy", policy.namespace, policy.name)
    if resource is None:
        return
    body = copy.deepcopy(dict(resource.body))
    ports = body["spec"][reference.direction][reference.index]["ports"]
    ports.append({"protocol": verdict.protocol, "port": verdict.port})
    origin = miss.failed[0].origin
    where = f" ({origin})" if origin else ""
    text = f"add {{protocol: {verdict.protocol}, port: {verdict.port}}} to the ports of {reference}{where}"
    yield Change(text, "Then that rule admits it.", (from_object(body),))


@dataclass(frozen=True)
class _Rule:
    """A rule that admits one connection and no more: it chooses both ends by all of their labels."""

    pod: Pod
    other: Endpoint
    direction: Direction
    body: Body
    words: str

    @classmethod
    def of(cls, verdict: Verdict, gate: Gate) -> _Rule:
        other = verdict.source if gate.direction == "ingress" else verdict.destination
        pod, side = gate.endpoint, PEERS_FIELD[gate.direction]
        assert isinstance(pod, Pod)
        whom = str(other.ip)
        peer: Body = {"ipBlock": {"cidr": block_of(other)}}
        if isinstance(other, Pod) and not other.host_network:
            peer = {"podSelector": {"matchLabels": dict(other.own_labels)}}
            whom = labels_text(other)
            if other.namespace != pod.namespace:
                peer["namespaceSelector"] = {"matchLabels": {"kubernetes.io/metadata.name": other.namespace}}
                whom += f" in {other.namespace}"
        body = {side: [peer], "ports": [{"protocol": verdict.protocol, "port": verdict.port}]}
        return cls(pod, other, gate.direction, body, f"{side} {whom}, {verdict.protocol} {verdict.port}")


def _new_policy(state: Snapshot, rule: _Rule) -> Iterator[Change]:
    """Only where it isolates no pod that was open: a policy that admits something also isolates."""
    pod, direction = rule.pod, rule.direction
    wanted = pod.own_labels.items()
    for each in state.pods:
        selected = each.namespace == pod.namespace and wanted <= each.labels.items() and not each.host_network
        if selected and not state.engine.isolating(direction, each):
            return
    name = free_name(state, pod.namespace, f"allow-{PEERS_FIELD[direction]}-{_short(rule.other)}")
    body = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": pod.namespace},
        "spec": {
            "podSelector": {"matchLabels": dict(pod.own_labels)},
            "policyTypes": [direction.capitalize()],
            direction: [rule.body],
        },
    }
    text = f"a new policy in {pod.namespace} for {labels_text(pod)}: {direction} {rule.words}"
    yield Change(text, f"Then {name} admits it.", (from_object(body),))


def _add_rule(state: Snapshot, gate: Gate, rule: _Rule) -> Iterator[Change]:
    """One rule more in a policy that isolates the pod already; the narrowest of them first."""
    selected = state.engine.classes.selected
    for policy in sorted(gate.isolating, key=lambda each: selected(each.namespace, each.pod_selector).bits.bit_count()):
        resource = state.get("NetworkPolicy", policy.namespace, policy.name)
        if resource is not None:
            body = copy.deepcopy(dict(resource.body))
            body["spec"][rule.direction] = [*body["spec"].get(rule.direction, ()), rule.body]
            text = f"add to the {rule.direction} rules of {policy.name}: {rule.words}"
            yield Change(text, f"Then {policy.name} admits it.", (from_object(body),))


def _short(endpoint: Endpoint) -> str:
    """A part for a policy's name: the workload's, the pod's or the node's name, or the address."""
    if isinstance(endpoint, External):
        return re.sub("[^a-z0-9]+", "-", str(endpoint.address)).strip("-")
    return name_of(endpoint)[:200]
