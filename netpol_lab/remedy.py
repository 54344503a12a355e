"""The smallest change that would admit a blocked connection, proved by simulating it.

Candidates are tried from small to large: a label on the other pod or its namespace (from the near
misses), a port added to a rule, a new policy. Only a change after which the connection is allowed is returned.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from netpol_lab.manifests import from_object
from netpol_lab.model import Labels, NetworkPolicyPort, Pod, Resource
from netpol_lab.snapshot import Snapshot, View
from netpol_lab.verdict import Condition, Gate, NearMiss, Verdict


@dataclass(frozen=True)
class Change:
    """``command`` is what to type or write; ``explanation`` says what it does. Both were checked."""

    command: str
    explanation: str


@dataclass(frozen=True)
class _Candidate:
    change: Change
    resources: tuple[Resource, ...]


def smallest_change(view: View, verdict: Verdict) -> Change | None:
    """The smallest change found that admits the connection of ``verdict``; None if it is allowed or none is found."""
    if verdict.allowed:
        return None
    state = view.snapshot()
    parts: list[Change] = []
    for gate in (verdict.egress, verdict.ingress):
        if gate.admitted:
            continue
        found = _repair(state, verdict, gate)
        if found is None:
            return None
        parts.append(found.change)
        state = state.with_objects(found.resources)
    if not _judge(state, verdict).allowed:
        return None
    # one label may open both ends: then the second gate was repaired already
    texts = list(dict.fromkeys(part.command for part in parts))
    return Change("\n".join(texts), " ".join(dict.fromkeys(part.explanation for part in parts)))


def _judge(state: Snapshot, verdict: Verdict) -> Verdict:
    """The same connection in another state; the ends are found again, their labels may have changed."""
    ends = [
        (state.pod(end.namespace, end.name) or end) if isinstance(end, Pod) else end
        for end in (verdict.source, verdict.destination)
    ]
    return state.verdict(ends[0], ends[1], verdict.port, verdict.protocol)


def _repair(state: Snapshot, verdict: Verdict, gate: Gate) -> _Candidate | None:
    for candidate in _candidates(state, verdict, gate):
        after = _judge(state.with_objects(candidate.resources), verdict)
        if (after.egress if gate.direction == "egress" else after.ingress).admitted:
            return candidate
    return None


def _candidates(state: Snapshot, verdict: Verdict, gate: Gate) -> Iterator[_Candidate]:
    for miss in gate.near_misses:
        yield from _relabel(state, verdict, gate, miss)
    for miss in gate.near_misses:
        yield from _add_port(state, verdict, miss)
    yield _new_policy(verdict, gate)


def _relabel(state: Snapshot, verdict: Verdict, gate: Gate, miss: NearMiss) -> Iterator[_Candidate]:
    """One label on one object would meet the rule."""
    if len(miss.failed) != 1 or miss.failed[0].fix is None:
        return
    condition = miss.failed[0]
    other = verdict.source if gate.direction == "ingress" else verdict.destination
    if not isinstance(other, Pod):
        return
    if condition.kind == "pod label":
        resource = state.get("Pod", other.namespace, other.name)
        command = f"kubectl label pod {other.name} -n {other.namespace}"
    else:
        resource = state.get("Namespace", "", other.namespace)
        command = f"kubectl label namespace {other.namespace}"
    if resource is not None:
        yield _label(resource, condition, command, miss)


def _label(resource: Resource, condition: Condition, command: str, miss: NearMiss) -> _Candidate:
    assert condition.fix is not None
    key, value = condition.fix
    labels = dict(resource.body["metadata"].get("labels") or {})
    overwrite = " --overwrite" if key in labels else ""
    body = {**resource.body, "metadata": {**resource.body["metadata"], "labels": {**labels, key: value}}}
    typed = replace(resource.typed, labels=Labels({**labels, key: value}))  # type: ignore[arg-type, call-arg, type-var]
    change = Change(f"{command} {key}={value}{overwrite}", f"Then {miss.rule} admits it.")
    return _Candidate(change, (replace(resource, body=body, typed=typed),))


def _add_port(state: Snapshot, verdict: Verdict, miss: NearMiss) -> Iterator[_Candidate]:
    """Only the port differs: the rule gets one more."""
    if [condition.kind in ("port", "protocol", "named port") for condition in miss.failed] != [True]:
        return
    policy, reference = miss.rule.policy, miss.rule
    item = NetworkPolicyPort(verdict.protocol, verdict.port)
    rules = list(policy.rules(reference.direction))
    rules[reference.index] = replace(rules[reference.index], ports=(*rules[reference.index].ports, item))
    resource = state.get("NetworkPolicy", policy.namespace, policy.name)
    if resource is not None:
        where = f" ({condition.origin})" if (condition := miss.failed[0]).origin else ""
        text = f"add {{protocol: {verdict.protocol}, port: {verdict.port}}} to the ports of {reference}{where}"
        changed = replace(policy, **{reference.direction: tuple(rules)})  # type: ignore[arg-type]
        yield _Candidate(Change(text, "Then that rule admits it."), (replace(resource, typed=changed),))


def _new_policy(verdict: Verdict, gate: Gate) -> _Candidate:
    """A policy that admits this connection and no more: selected by all labels of both pods."""
    other = verdict.source if gate.direction == "ingress" else verdict.destination
    pod = gate.endpoint
    assert isinstance(pod, Pod)
    side, word = ("from", "Ingress") if gate.direction == "ingress" else ("to", "Egress")
    name = f"allow-{'from' if side == 'from' else 'to'}-{_short(other)}"
    peer: dict = {"ipBlock": {"cidr": _block(other)}}
    if isinstance(other, Pod) and not other.host_network:
        peer = {"podSelector": {"matchLabels": _own_labels(other)}}
        if other.namespace != pod.namespace:
            peer["namespaceSelector"] = {"matchLabels": {"kubernetes.io/metadata.name": other.namespace}}
    rule = {side: [peer], "ports": [{"protocol": verdict.protocol, "port": verdict.port}]}
    body = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": pod.namespace},
        "spec": {
            "podSelector": {"matchLabels": _own_labels(pod)},
            "policyTypes": [word],
            gate.direction: [rule],
        },
    }
    ends = f"{'from' if side == 'from' else 'to'} {_short(other)}"
    whom = f"{pod.namespace} for {_labels_text(pod)}"
    text = f"a new policy in {whom}: {gate.direction} {ends}, {verdict.protocol} {verdict.port}"
    return _Candidate(Change(text, f"No rule comes close; {name} would admit it."), (from_object(body),))


def _own_labels(pod: Pod) -> dict[str, str]:
    return {key: value for key, value in pod.labels.items() if key != "pod-template-hash"}


def _labels_text(pod: Pod) -> str:
    labels = _own_labels(pod)
    return "pods with " + ",".join(f"{key}={value}" for key, value in labels.items()) if labels else "all pods"


def _short(endpoint: object) -> str:
    owner = getattr(endpoint, "owner", "").partition("/")[2]
    return owner or getattr(endpoint, "name", "outside").lower()


def _block(endpoint: object) -> str:
    address = getattr(endpoint, "address", None) or getattr(endpoint, "ip", None)
    return f"{address}/{32 if address.version == 4 else 128}" if address else "0.0.0.0/0"
