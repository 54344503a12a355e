"""What a wrong answer was probably meant to be: one small function per misconception.

The ids are those of the course's list of learners' mistakes. Each function gets the :class:`Evidence` of a wrong
answer and returns a :class:`Cause` or None. The first that recognizes something speaks; so the most particular
mistakes stand first in :data:`DETECTORS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches

from netpol_lab.exercises import misconceptions_selectors as selectors
from netpol_lab.exercises.evidence import Cause, Evidence, gates, lines, listed, selected, short
from netpol_lab.exercises.flow_misconceptions import (
    half_of_the_service,
    port_name_missing,
    reply_rule,
    service_of_port,
)
from netpol_lab.exercises.misconceptions_plugins import api_server
from netpol_lab.model import Direction, LabelSelector, NetworkPolicy, NetworkPolicyPeer
from netpol_lab.verdict import Condition, Gate

Detector = Callable[[Evidence], Cause | None]


def wrong_namespace(evidence: Evidence) -> Cause | None:
    """M8: the policy stands where its pods are not."""
    for policy in evidence.policies:
        if evidence.pods(policy):
            continue
        there = [name for name in evidence.exercise.scope if evidence.pods(policy, name)]
        if there:
            return Cause(
                "M8",
                f"the policy is in the wrong namespace. `{policy.name}` is in `{policy.namespace}`, and a policy "
                "selects pods of its own namespace only. The pods you mean are in "
                f"{listed(f'`{name}`' for name in there)}.",
                lines(policy.origin),
            )
    return None


def selects_no_pod(evidence: Evidence) -> Cause | None:
    """M17: the labels under spec.podSelector are nobody's."""
    for policy in evidence.policies:
        if not evidence.pods(policy):
            return Cause(
                "M17",
                f"the policy selects no pod. No pod of `{policy.namespace}` has `{policy.pod_selector}`."
                + _nearest(evidence, policy),
                lines(policy.pod_selector.origin or policy.origin),
            )
    return None


def _nearest(evidence: Evidence, policy: NetworkPolicy) -> str:
    """The label of a pod that looks most like the one the policy asks for."""
    there = {
        f"{key}={value}"
        for pod in evidence.state.pods
        if pod.namespace == policy.namespace
        for key, value in pod.labels.items()
    }
    close = get_close_matches(str(policy.pod_selector), sorted(there), 1, 0.5)
    return f" A pod has `{close[0]}`." if close else ""


def wrong_end(evidence: Evidence) -> Cause | None:
    """M9: an ingress policy that selects the client and admits the server."""
    verdict = evidence.missing
    if verdict is None or verdict.ingress.admitted:
        return None
    for policy in evidence.policies:
        selects_client = verdict.source in evidence.pods(policy)
        admits_server = any(
            peer.pod_selector is not None and peer.pod_selector.matches(getattr(verdict.destination, "labels", {}))
            for rule in policy.ingress
            for peer in rule.peers
        )
        if selects_client and admits_server and verdict.destination not in evidence.pods(policy):
            return Cause(
                "M9",
                f"the two ends are exchanged. `{policy.name}` selects {short(verdict.source)}, the pod that sends. "
                f"An ingress rule belongs to the pod that receives: select {short(verdict.destination)}, and name "
                f"{short(verdict.source)} under `from`.",
                lines(policy.pod_selector.origin),
            )
    return None


def direction_missing(evidence: Evidence) -> Cause | None:
    """S16: the direction in which the leak passes is not in policyTypes."""
    if evidence.leak is None or any(True for _ in evidence.admitting()):
        return None
    for gate in gates(evidence.leak):
        word = gate.direction.capitalize()
        for policy in evidence.policies:
            if _works_the_other_way(evidence, policy, gate):
                continue
            if not gate.isolated and gate.endpoint in evidence.pods(policy) and not policy.isolates(gate.direction):
                inert = f" So its {gate.direction} rules have no effect." if policy.rules(gate.direction) else ""
                return Cause(
                    "S16",
                    f"`{word}` is missing in policyTypes. `{policy.name}` selects {short(gate.endpoint)} and isolates "
                    f"it for {' and '.join(policy.policy_types).lower()} only.{inert}",
                    lines(policy.types_origin or policy.origin),
                )
    return None


_OTHER: Mapping[Direction, Direction] = {"ingress": "egress", "egress": "ingress"}


def _works_the_other_way(evidence: Evidence, policy: NetworkPolicy, gate: Gate) -> bool:
    """The policy has its rules for the other direction, and at the start the pod was open in this one."""
    other = _OTHER[gate.direction]
    if not (policy.isolates(other) and policy.rules(other)) or policy.rules(gate.direction):
        return False
    return not any(
        gate.endpoint in tuple(selected(evidence.start, before.pod_selector, before.namespace))
        for before in evidence.start.policies
        if before.isolates(gate.direction)
    )


def dash_before_ports(evidence: Evidence) -> Cause | None:
    """M2: one rule became two, all ports to a peer and one port to everybody."""
    for rule in evidence.admitting():
        rules = rule.policy.rules(rule.direction)
        peers_only = [r for r in rules if r.peers and not r.ports]
        ports_only = [r for r in rules if r.ports and not r.peers]
        if peers_only and ports_only and rule.rule in (*peers_only, *ports_only):
            side = "from" if rule.direction == "ingress" else "to"
            return Cause(
                "M2",
                f"a dash before `ports`. It begins a new rule, so there are two: one with `{side}` for all ports, and "
                "one with `ports` for everybody. Without that dash, both halves belong to one rule.",
                lines(peers_only[0].origin, ports_only[0].origin),
            )
    return None


def dash_too_many(evidence: Evidence) -> Cause | None:
    """M1: two peers (OR) where one peer with two selectors (AND) was meant."""
    for rule in evidence.admitting():
        peers = rule.rule.peers
        namespaces = [peer for peer in peers if peer.namespace_selector is not None and peer.pod_selector is None]
        pods = [peer for peer in peers if peer.namespace_selector is None and peer.pod_selector is not None]
        if namespaces and pods and rule.peer in (*namespaces, *pods):
            side = "from" if rule.direction == "ingress" else "to"
            return Cause(
                "M1",
                f"a dash too many. Two items under `{side}` mean OR: the namespaces of the one, and the pods of the "
                "other. One item with both selectors means AND.",
                lines(namespaces[0].origin, pods[0].origin),
            )
    return None


def port_or_protocol(evidence: Evidence) -> Cause | None:
    """M6 and M7: the rule fits but for its port."""
    for miss in evidence.near_misses():
        if [condition.kind in ("port", "protocol") for condition in miss.failed] != [True]:
            continue
        condition, verdict = miss.failed[0], evidence.missing
        assert verdict is not None
        if condition.kind == "protocol" and verdict.port == 53:
            return Cause(
                "M6",
                f"DNS needs both protocols. The rule admits {condition.wanted}, and {condition.found} is asked for. A "
                "port without `protocol` means TCP; DNS asks over UDP, and over TCP for long answers.",
                lines(condition.origin),
            )
        return Cause(
            "M7",
            f"the port is not the pod's. {service_of_port(evidence, condition.wanted)}The rule admits "
            f"{condition.wanted}, and the pod listens on {condition.found}. A policy is about the port of the "
            "pod, after the Service was translated.",
            lines(condition.origin),
        )
    return None


def selects_every_pod(evidence: Evidence) -> Cause | None:
    """M15: an empty spec.podSelector where some pods were meant."""
    ends = [(gate, rule.policy) for gate in gates(evidence.leak) for rule in gate.admitting]
    for gate, policy in [*ends, *evidence.stopping()]:
        if policy not in evidence.policies or not policy.pod_selector.is_empty:
            continue
        pod = f"{getattr(gate.endpoint, 'namespace', '')}/{short(gate.endpoint)}"
        if pod not in evidence.meant(gate.direction):
            return Cause(
                "M15",
                f"`podSelector: {{}}` selects every pod. It has no condition, so `{policy.name}` is about all pods of "
                f"`{policy.namespace}`, {short(gate.endpoint)} among them. Name a label of the pods you mean.",
                lines(policy.pod_selector.origin or policy.origin),
            )
    return None


def rule_too_wide(evidence: Evidence) -> Cause | None:
    """M15: an empty or missing part of a rule is no condition, so it admits all."""
    for rule in evidence.admitting():
        side, who = ("from", "source") if rule.direction == "ingress" else ("to", "destination")
        at = lines(rule.origin)
        if not rule.rule.peers and not rule.rule.ports:
            return Cause(
                "M15",
                f"an empty rule admits everything. `{rule.direction}: [{{}}]` is one rule without a condition: every "
                f"{who}, every port. To admit nothing, leave the rule out.",
                at,
            )
        if rule.peer is not None and _is_wide(rule.peer):
            where = "every namespace" if rule.peer.namespace_selector is not None else "the namespace"
            return Cause(
                "M15",
                f"an empty selector matches everything. This peer means every pod of {where}. Name a label of the pods "
                "you mean.",
                lines(rule.peer.origin),
            )
        if not rule.rule.ports:
            return Cause("M15", f"a rule without `ports` admits every port. Add the port you mean to {rule}.", at)
        if not rule.rule.peers:
            return Cause("M15", f"a rule without `{side}` admits every {who}. Name the peers you mean in {rule}.", at)
    return None


def _is_wide(peer: NetworkPolicyPeer) -> bool:
    """No selector of the peer has a condition."""
    selectors: list[LabelSelector] = [s for s in (peer.pod_selector, peer.namespace_selector) if s is not None]
    return bool(selectors) and all(selector.is_empty for selector in selectors)


def peer_misses(evidence: Evidence) -> Cause | None:
    """M3, M4, M17, M15: the rule that was meant does not match the pod at its other end."""
    for miss in evidence.near_misses():
        for kind, cause in _PEER_CAUSES.items():
            condition = next((failed for failed in miss.failed if failed.kind == kind), None)
            if condition is not None:
                misconception, text = cause
                return Cause(misconception, text + _differs(condition), lines(condition.origin or miss.rule.origin))
    return None


_PEER_CAUSES = {
    "namespace label": (
        "M4",
        "the namespace does not carry that label. The label every namespace has is `kubernetes.io/metadata.name`. ",
    ),
    "namespace": (
        "M3",
        "a `podSelector` alone looks into the policy's own namespace. For pods of another namespace, add a "
        "`namespaceSelector` to the same item. ",
    ),
    "pod label": ("M17", "the labels do not match. "),
    "outside": (
        "M15",
        "selectors match pods, never addresses outside. An empty `namespaceSelector` means every pod of the cluster; "
        "only `ipBlock`, or a rule without `from`, admits the outside. ",
    ),
}


def _differs(condition: Condition) -> str:
    if condition.kind == "outside":
        return ""
    return f"The rule wants `{condition.wanted}`; {condition.subject} has {condition.found}."


def dns_forgotten(evidence: Evidence) -> Cause | None:
    """M5: egress is closed, and no rule lets the question to DNS out."""
    asked = next((judged for judged in evidence.misses if judged.destination.is_dns and judged.explicit), None)
    if asked is None:
        return None
    closing = [policy for policy in evidence.policies if policy.isolates("egress") and not policy.egress]
    if not closing:
        return None
    return Cause(
        "M5",
        "DNS is forgotten. Closing egress closes the question to DNS as well, and then no name resolves. Admit egress "
        "to the DNS pods on UDP 53 and TCP 53.",
        lines(closing[0].types_origin or closing[0].origin),
    )


def isolates_too_much(evidence: Evidence) -> Cause | None:
    """S17: a direction is listed in policyTypes and has no rules."""
    for gate, policy in evidence.stopping():
        if not policy.rules(gate.direction):
            word = gate.direction.capitalize()
            return Cause(
                "S17",
                f"`{word}` is listed and has no rules. So `{policy.name}` isolates {short(gate.endpoint)} for "
                f"{gate.direction} and admits nothing there. Take `{word}` out of policyTypes, or write rules for it.",
                lines(policy.types_origin or policy.origin),
            )
    return None


def one_end_only(evidence: Evidence) -> Cause | None:
    """M9: one end admits, the other is isolated and does not."""
    verdict = evidence.missing
    if verdict is None:
        return None
    for gate, other in ((verdict.egress, verdict.ingress), (verdict.ingress, verdict.egress)):
        opened = any(rule.policy in evidence.policies for rule in other.admitting)
        if not gate.admitted and opened:
            return Cause(
                "M9",
                f"only one end is open. {other.direction.capitalize()} of {short(other.endpoint)} admits it. "
                f"{gate.direction.capitalize()} of {short(gate.endpoint)} must admit it too.",
                lines(other.admitting[0].origin),
            )
    return None


def deny_does_not_win(evidence: Evidence) -> Cause | None:
    """M16: the answer isolates, and an older policy still admits."""
    for gate in gates(evidence.leak):
        older = [rule for rule in gate.admitting if rule.policy not in evidence.policies]
        if older and any(policy in evidence.policies for policy in gate.isolating):
            return Cause(
                "M16",
                f"a policy cannot take back what another admits. {str(older[0]).capitalize()} still admits it; rules "
                "add up. Change or delete that policy.",
                lines(older[0].origin),
            )
    return None


def isolation_gone(evidence: Evidence) -> Cause | None:
    """M16: the default deny was deleted to make an allow work."""
    gone = [policy for policy in evidence.start.policies if policy.id not in {p.id for p in evidence.state.policies}]
    if evidence.leak is None or not gone:
        return None
    return Cause(
        "M16",
        f"the policy that isolated the pods is gone. `{gone[0].name}` was there when the exercise began. Nothing has "
        "to be lifted for an allow to work: apply it again.",
    )


DETECTORS: tuple[Detector, ...] = (
    wrong_namespace,
    selects_no_pod,
    wrong_end,
    direction_missing,
    dash_before_ports,
    dash_too_many,
    reply_rule,
    half_of_the_service,
    api_server,
    port_or_protocol,
    port_name_missing,
    selects_every_pod,
    rule_too_wide,
    dns_forgotten,
    peer_misses,
    selectors.selects_too_many,
    isolates_too_much,
    one_end_only,
    deny_does_not_win,
    isolation_gone,
    selectors.namespace_alone,
    selectors.any_namespace,
    selectors.rules_asleep,
    selectors.wrong_end_of_egress,
    selectors.block_covers_pods,
    selectors.dns_in_the_hole,
    selectors.hole_missing,
    selectors.block_for_pods,
    selectors.misses_pods,
)


def likely_cause(evidence: Evidence) -> Cause | None:
    """The first misconception that explains the wrong answer; None when no detector recognizes it."""
    causes = (detector(evidence) for detector in DETECTORS)
    return next((cause for cause in causes if cause is not None), None)
