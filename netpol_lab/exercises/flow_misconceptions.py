"""Detectors for what people get wrong about connections and Services: replies, a half of the pods, port names.

Each works like those of :mod:`netpol_lab.exercises.misconceptions`.
"""

from __future__ import annotations

from netpol_lab.exercises.evidence import Cause, Evidence, lines, listed, short
from netpol_lab.model import Endpoint, NetworkPolicyRule, Pod
from netpol_lab.verdict import RuleRef

_HIGH_PORTS = 1024
"""Clients take their own port from above here; a range that begins there was meant for replies."""


def reply_rule(evidence: Evidence) -> Cause | None:
    """M22: a rule that was meant to let replies pass. It opens a way for new connections instead."""
    leak = evidence.leak
    if leak is None:
        return None
    for rule in evidence.admitting():
        back = _names_pods(rule) and _is_client_of(evidence, leak.destination, leak.source)
        if back or _has_high_range(rule.rule):
            return Cause(
                "M22",
                f"a reply needs no rule. What {short(leak.source)} answers on a connection that a client opened passes "
                f"by itself. {_begin(rule)} lets {short(leak.source)} open connections of its own.",
                lines(rule.origin),
            )
    return None


def _names_pods(rule: RuleRef) -> bool:
    """Whether the rule was written for some pods: one that admits everybody has another cause."""
    selector = rule.peer.pod_selector if rule.peer is not None else None
    return selector is not None and not selector.is_empty


def _is_client_of(evidence: Evidence, client: Endpoint, server: Endpoint) -> bool:
    """Whether the exercise wants ``client`` to reach ``server``: then the way back would carry replies only."""
    return any(
        _is_named(client, cell.source) and _is_named(server, cell.destination) for cell in evidence.exercise.allowed
    )


def _is_named(endpoint: Endpoint, name: str) -> bool:
    return isinstance(endpoint, Pod) and name in (endpoint.id, f"{endpoint.namespace}/{short(endpoint)}")


def _has_high_range(rule: NetworkPolicyRule) -> bool:
    return any(isinstance(p.port, int) and p.end_port is not None and p.port >= _HIGH_PORTS for p in rule.ports)


def _begin(rule: RuleRef) -> str:
    words = str(rule)
    return words[:1].upper() + words[1:]


def half_of_the_service(evidence: Evidence) -> Cause | None:
    """S26: the policy opens some pods of a Service, and its requests reach all of them."""
    verdict = evidence.missing
    closed = verdict.destination if verdict is not None and not verdict.ingress.admitted else None
    if not isinstance(closed, Pod):
        return None
    for service in evidence.state.services:
        pods = list(evidence.state.pods_of(service))
        if closed not in pods:
            continue
        for policy in evidence.policies:
            chosen = [pod for pod in pods if pod in evidence.pods(policy)]
            if chosen and closed not in chosen and policy.isolates("ingress"):
                return Cause(
                    "S26",
                    f"`{policy.name}` opens a part of the Service. `{service.name}` sends requests to "
                    f"{listed(short(pod) for pod in pods)}; the policy selects {listed(short(pod) for pod in chosen)} "
                    f"only. Take a label that all of them carry, or label {short(closed)}.",
                    lines(policy.pod_selector.origin or policy.origin),
                )
    return None


def port_name_missing(evidence: Evidence) -> Cause | None:
    """M14: the rule names a port that the pod does not have."""
    for miss in evidence.near_misses():
        if [condition.kind for condition in miss.failed] == ["named port"]:
            condition = miss.failed[0]
            return Cause(
                "M14",
                f"no container of the pod has a port with that name. The rule wants {condition.wanted}; "
                f"{condition.subject} has {condition.found}. A name is looked up in the pod that receives.",
                lines(condition.origin),
            )
    return None


def service_of_port(evidence: Evidence, wanted: str) -> str:
    """The Service whose own port the rule names, as a sentence; "" when it is no Service's.

    ``wanted`` is like ``TCP 80``.
    """
    verdict = evidence.missing
    if verdict is None:
        return ""
    for service in evidence.state.services:
        for pod, port, target in evidence.state.endpoints(service):
            if pod == verdict.destination and f"{port.protocol} {port.port}" == wanted and target != port.port:
                return f"{wanted} is the port of the Service `{service.name}`. "
    return ""
