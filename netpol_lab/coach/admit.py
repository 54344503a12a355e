"""The smallest change that would admit a blocked connection, proved by simulating it.

A slip is put right where it was made, as the warnings say: in the policy, or in a mistyped label of the other end. Else
candidates are tried from small to large: a port added to a rule, a new policy, a rule added to a policy. The first that
opens nothing between other ends is taken; if there is none, the one that opens least. No pod is given a label
that makes it somebody else. A change that takes a connection away, or a pod from its Service, is no candidate.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from netpol_lab.cluster.snapshot import Snapshot, View
from netpol_lab.coach import advice_selectors as selectors
from netpol_lab.coach.advice_facts import Facts
from netpol_lab.coach.change import (
    ANYWHERE,
    Change,
    asked_ports,
    block_of,
    block_text,
    every_way,
    free_name,
    labels_text,
    lasting_labels,
    new_policy_text,
    ports_text,
    where,
    with_labels,
)
from netpol_lab.coach.ways import Effect, effect
from netpol_lab.connections.ends import outside_ranges
from netpol_lab.engine.compare import Twice, compare
from netpol_lab.engine.reasons import alike
from netpol_lab.engine.verdict import Condition, Gate, NearMiss, Verdict
from netpol_lab.manifests import from_object
from netpol_lab.model.bodies import Body
from netpol_lab.model.labels import METADATA_NAME, Labels
from netpol_lab.model.networks import NODE_NETWORK, POD_NETWORK
from netpol_lab.model.objects import (
    ON_THE_WAY,
    OUTSIDE,
    Direction,
    Endpoint,
    External,
    Namespace,
    Pod,
    Resource,
    name_of,
)
from netpol_lab.model.phrases import PEERS_FIELD, listed
from netpol_lab.tell.saying import line

ROLLING = ("Deployment", "StatefulSet", "DaemonSet")
"""The workloads whose template can change, and whose pods are made anew then."""


def smallest_change(view: View, verdict: Verdict) -> Change | None:
    """The smallest change found that admits the connection of ``verdict``; None if it is allowed or none is found.

    It admits every replica of both ends, also after a rollout, and takes nothing away.
    """
    if verdict.allowed:
        return None
    state, parts = view.snapshot(), list[Change]()
    for direction in ON_THE_WAY:
        stuck = _stuck(state, verdict, direction)
        if stuck is None:
            continue
        found = _repair(state, verdict, stuck, _gate(stuck, direction))
        if found is None:
            return None
        parts.append(found)
        state = found.applied(state)
    if not all(each.allowed for each in every_way(state, verdict)):
        return None
    resources = tuple({resource.key: resource for part in parts for resource in part.resources}.values())
    return Change(
        "\n".join(dict.fromkeys(part.command for part in parts)),
        " ".join(dict.fromkeys(part.explanation for part in parts)),
        resources,
        effect(view.snapshot(), state, resources, verdict, asked_ports(verdict)).opened,
    )


def _gate(verdict: Verdict, direction: Direction) -> Gate:
    return verdict.egress if direction == "egress" else verdict.ingress


def _stuck(state: Snapshot, verdict: Verdict, direction: Direction) -> Verdict | None:
    """The first of the connections between replicas that one direction does not admit."""
    return next((each for each in every_way(state, verdict) if not _gate(each, direction).admitted), None)


def _repair(state: Snapshot, asked: Verdict, verdict: Verdict, gate: Gate) -> Change | None:
    """A slip put right; else the first candidate that opens nothing between other ends, or the one that opens least."""
    for change in _slips(state, verdict, gate):
        changed = change.applied(state)
        # whoever carries the right label was meant: what opens besides is said, and does not count
        if _stuck(changed, asked, gate.direction) is None and not _effect(state, changed, change, asked).closed:
            return change
    best: tuple[int, Change] | None = None
    for change in _candidates(state, verdict, gate):
        changed = change.applied(state)
        if _stuck(changed, asked, gate.direction) is not None:
            continue
        others = _effect(state, changed, change, asked).others
        if best is None or others < best[0]:
            best = (others, change)
        if not others:
            break
    return best[1] if best else None


def _effect(state: Snapshot, changed: Snapshot, change: Change, asked: Verdict) -> Effect:
    return effect(state, changed, change.resources, asked, asked_ports(asked))


def _candidates(state: Snapshot, verdict: Verdict, gate: Gate) -> Iterator[Change]:
    for miss in gate.near_misses:
        yield from _add_port(state, verdict, miss)
    rule = _Rule.of(state, verdict, gate)
    yield from _new_policy(state, rule)
    yield from _add_rule(state, gate, rule)


# -- a slip is repaired where it was made -------------------------------------------------------------


def _slips(state: Snapshot, verdict: Verdict, gate: Gate) -> Iterator[Change]:
    """What the warnings say was meant, of the policies that have a part in it; else a mistyped label of a pod."""
    facts = Facts(state)
    for policy in state.policies:
        if policy in gate.isolating:
            for place in facts.places(policy):
                if place.direction == gate.direction:
                    yield from (repair for each in selectors.peers(facts, place) for repair in each.repairs)
        elif policy.isolates(gate.direction):
            yield from (repair for each in selectors.policy_selector(facts, policy) for repair in each.repairs)
    for miss in gate.near_misses:
        yield from _relabel(state, verdict, gate, miss)


def _relabel(state: Snapshot, verdict: Verdict, gate: Gate, miss: NearMiss) -> Iterator[Change]:
    """The one label that a rule lacks is there, with a slip: the rule asks for what others have."""
    other = verdict.source if gate.direction == "ingress" else verdict.destination
    if len(miss.failed) != 1 or not isinstance(other, Pod):
        return
    condition = miss.failed[0]
    is_pod = condition.kind == "pod label"
    holders: Sequence[Pod | Namespace] = state.pods if is_pod else state.namespaces
    right = _mistyped(condition, other if is_pod else None, holders)
    if right is None or condition.requirement is None:
        return
    change = _labeled(state, other, is_pod, condition.requirement.key, right, miss)
    changed = [pod for pod in state.pods if pod.namespace == other.namespace]
    if is_pod:
        changed = [pod for pod in changed if pod.id == other.id or (pod.owner and pod.owner == other.owner)]
    if change is not None and not _takes_away(state, change.applied(state), changed):
        yield change


def _mistyped(condition: Condition, pod: Pod | None, holders: Sequence[Pod | Namespace]) -> str | None:
    """The right value of a label that has a slip: others have it. A value that is in the object's name is none.

    Two numbers of a series are alike and mean two things.
    """
    asked, value = condition.requirement, condition.value
    if asked is None or value is None or asked.key == METADATA_NAME:  # the API server sets that one
        return None
    name = pod.id if pod else getattr(condition.subject, "name", "")
    if asked.operator not in ("=", "In") or value in name:
        return None
    theirs = {each.labels.get(asked.key) for each in holders}
    letters = re.compile(r"\d+")
    alikes = (each for each in asked.values if alike(each, value) and letters.sub("", each) != letters.sub("", value))
    return next((each for each in alikes if each in theirs), None)


def _labeled(state: Snapshot, pod: Pod, is_pod: bool, key: str, value: str, miss: NearMiss) -> Change | None:
    """The label on the namespace; on the pod itself, or where a workload makes its pods, in the template."""
    explanation = line("remedy.admits", what=miss.rule)
    if not is_pod or not pod.owner:
        kind, namespace, name = ("Pod", pod.namespace, pod.name) if is_pod else ("Namespace", "", pod.namespace)
        resource = state.get(kind, namespace, name)
        labeled = f"pod {name} -n {namespace}" if is_pod else f"namespace {name}"
        command = f"kubectl label {labeled} {key}={value} --overwrite"
        labels = (resource.body["metadata"].get("labels") or {}) if resource else {}
        return Change(command, explanation, (with_labels(resource, {**labels, key: value}),)) if resource else None
    kind, _, name = pod.owner.partition("/")
    owner = state.get(kind, pod.namespace, name)
    if owner is None or kind not in ROLLING or key in _chosen_by(owner):
        return None
    body = copy.deepcopy(dict(owner.body))
    body["spec"]["template"]["metadata"].setdefault("labels", {})[key] = value
    patch = {"spec": {"template": {"metadata": {"labels": {key: value}}}}}
    command = f"kubectl patch {kind.lower()} {name} -n {pod.namespace} -p '{json.dumps(patch, separators=(',', ':'))}'"
    return Change(command, explanation, (replace(owner, body=body),))


def _chosen_by(workload: Resource) -> set[str]:
    """The keys of a workload's own selector, which cannot change: its template keeps them."""
    selector = workload.body["spec"].get("selector") or {}
    return {*(selector.get("matchLabels") or {}), *(each["key"] for each in selector.get("matchExpressions") or ())}


def _takes_away(before: Snapshot, after: Snapshot, changed: list[Pod]) -> bool:
    """Whether new labels cost something: a connection, or a place behind a Service."""
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
    """A pod whose labels no longer fit is left out by its Service."""
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
    more: list[Body] = [{"protocol": protocol, "port": port} for protocol, port in asked_ports(verdict)]
    more = [each for each in more if not any(each.items() <= there.items() for there in ports)]
    ports += more
    items = listed(f"{{protocol: {each['protocol']}, port: {each['port']}}}" for each in more)
    text = line("remedy.add port", ports=items, rule=reference, where=where(miss.failed[0].origin))
    yield Change(text, line("remedy.admits.that rule"), (from_object(body),))


@dataclass(frozen=True)
class _Rule:
    """A rule that admits one connection and no more: it chooses both ends by all of their lasting labels."""

    pod: Pod
    labels: Labels
    other: Endpoint
    direction: Direction
    body: Body
    words: str

    @classmethod
    def of(cls, state: Snapshot, verdict: Verdict, gate: Gate) -> _Rule:
        other = verdict.source if gate.direction == "ingress" else verdict.destination
        pod, side = gate.endpoint, PEERS_FIELD[gate.direction]
        assert isinstance(pod, Pod)
        peers: list[Body]
        if isinstance(other, Pod) and not other.host_network:
            labels = lasting_labels(state, other)
            peers, whom = [{"podSelector": {"matchLabels": dict(labels)}}], labels_text(labels)
            if other.namespace != pod.namespace:
                peers[0]["namespaceSelector"] = {"matchLabels": {METADATA_NAME: other.namespace}}
                whom = line("remedy.pods.of", pods=whom, namespace=other.namespace)
        elif other == OUTSIDE:
            peers = _whole_outside(state, pod)
            whom = line("remedy.outside", blocks=listed(block_text(peer["ipBlock"]) for peer in peers))
        else:
            peers, whom = [{"ipBlock": {"cidr": block_of(other)}}], str(other.ip)
        ports = [{"protocol": protocol, "port": port} for protocol, port in asked_ports(verdict)]
        body = {side: peers, "ports": ports}
        words = line("remedy.rule.ports", side=side, peers=whom, ports=ports_text(verdict))
        return cls(pod, lasting_labels(state, pod), other, gate.direction, body, words)


def _whole_outside(state: Snapshot, pod: Pod) -> list[Body]:
    """Every address of the pod's families but the cluster's own: no single address is the outside."""
    blocks: list[Body] = []
    for version in sorted({address.version for address in pod.ips} or {4}):
        within = [str(each) for each in (POD_NETWORK, NODE_NETWORK) if state.nodes and each.version == version]
        blocks.append({"ipBlock": {"cidr": ANYWHERE[version], **({"except": within} if within else {})}})
    return blocks


def _new_policy(state: Snapshot, rule: _Rule) -> Iterator[Change]:
    """Only where it isolates no pod that was open: a policy that admits something also isolates."""
    pod, direction = rule.pod, rule.direction
    wanted = rule.labels.items()
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
            "podSelector": {"matchLabels": dict(rule.labels)},
            "policyTypes": [direction.capitalize()],
            direction: [rule.body],
        },
    }
    text = new_policy_text(pod.namespace, rule.labels, direction, rule.words)
    yield Change(text, line("remedy.admits", what=name), (from_object(body),))


def _add_rule(state: Snapshot, gate: Gate, rule: _Rule) -> Iterator[Change]:
    """One rule more in a policy that isolates the pod already; the narrowest of them first."""
    selected = state.engine.classes.selected
    for policy in sorted(gate.isolating, key=lambda each: selected(each.namespace, each.pod_selector).bits.bit_count()):
        resource = state.get("NetworkPolicy", policy.namespace, policy.name)
        if resource is not None:
            body = copy.deepcopy(dict(resource.body))
            body["spec"][rule.direction] = [*body["spec"].get(rule.direction, ()), rule.body]
            text = line("remedy.add rule", way=rule.direction, policy=policy.name, rule=rule.words)
            yield Change(text, line("remedy.admits", what=policy.name), (from_object(body),))


def _short(endpoint: Endpoint) -> str:
    """A part for a policy's name: the workload's, the pod's or the node's name, or the address."""
    if endpoint == OUTSIDE:
        return "outside"
    if isinstance(endpoint, External):
        return re.sub("[^a-z0-9]+", "-", str(endpoint.address)).strip("-")
    return name_of(endpoint)[:200]
