"""Detectors for what people get wrong about connections and Services: replies, a half of the pods, port names.

Each works like those of :mod:`netpol_lab.lessons.misconceptions`.
"""

from __future__ import annotations

from netpol_lab.engine.verdict import Condition, RuleRef
from netpol_lab.lessons.evidence import Cause, Evidence, lines, listed, sentence, short
from netpol_lab.model.objects import Endpoint, NetworkPolicyPort, NetworkPolicyRule, Pod
from netpol_lab.tell.condition_words import found_words, subject_words, wanted_words

_CLIENT_PORTS = 1024, 32768
"""Clients take their own port from above the first, Linux from above the second. A range that begins above the one and
ends above the other was meant for replies."""


def reply_rule(evidence: Evidence) -> Cause | None:
    """M22: a rule that was meant to let replies pass. It opens a way for new connections instead."""
    leak = evidence.leak
    for rule in evidence.letting_strangers_in():
        assert leak is not None
        if _goes_back(evidence, rule, leak.source, leak.destination):
            return Cause(
                "M22",
                f"a reply needs no rule. What {short(leak.source)} answers on a connection that a client opened passes "
                f"by itself. {sentence(rule)} lets {short(leak.source)} open connections of its own.",
                lines(rule.origin),
            )
    return None


def _goes_back(evidence: Evidence, rule: RuleRef, source: Endpoint, destination: Endpoint) -> bool:
    """Whether the rule was made for the way back: for the clients of ``source``, for their ports, or from its own."""
    allowed = evidence.exercise.allowed
    asked = [cell for cell in allowed if evidence.is_named(source, cell.destination)]
    if _names_pods(rule) and any(evidence.is_named(destination, cell.source) for cell in asked):
        return True
    serves = asked if rule.direction == "egress" else [c for c in allowed if evidence.is_named(destination, c.source)]
    if serves and _has_high_range(rule.rule):
        return True
    own = [cell.port for cell in asked if cell.port is not None]
    ports = [port.port for port in rule.rule.ports]
    return evidence.is_to_be_shut(source, "egress") and bool(ports) and all(port in own for port in ports)


def _names_pods(rule: RuleRef) -> bool:
    """Whether the rule was written for some pods: one that admits everybody has another cause."""
    selector = rule.peer.pod_selector if rule.peer is not None else None
    return selector is not None and not selector.is_empty


def _has_high_range(rule: NetworkPolicyRule) -> bool:
    first, last = _CLIENT_PORTS
    ranges = ((p.port, p.end_port) for p in rule.ports if isinstance(p.port, int) and p.end_port is not None)
    return any(begin >= first and end >= last for begin, end in ranges)


def port_or_protocol(evidence: Evidence) -> Cause | None:
    """M6 and M7: the rule fits but for its port."""
    for miss in evidence.near_misses():
        if [condition.kind in ("port", "protocol") for condition in miss.failed] == [True]:
            condition = miss.failed[0]
            return _protocol(evidence, condition) if condition.kind == "protocol" else _port(evidence, condition)
    return None


def _protocol(evidence: Evidence, condition: Condition) -> Cause:
    assert evidence.missing is not None
    if evidence.missing.port == 53:
        begin, end = "DNS needs both protocols", "; DNS asks over UDP, and over TCP for long answers."
    else:
        begin, end = "the protocol is another one", "; write down the one you mean."
    return Cause(
        "M6",
        f"{begin}. The rule admits {wanted_words(condition)}, and {found_words(condition)} is asked for. A port "
        f"without `protocol` means TCP{end}",
        lines(condition.origin),
    )


def _port(evidence: Evidence, condition: Condition) -> Cause:
    verdict, pair = evidence.missing, evidence.missing_pair
    assert verdict is not None and pair is not None
    service = _service_of_port(evidence, condition)
    listens = (verdict.protocol, verdict.port) in pair.destination.listens
    found = found_words(condition)
    asked = f"the pod listens on {found}" if listens else f"{found} is asked for"
    return Cause(
        "M7",
        f"the port is not the pod's. {service}The rule admits {wanted_words(condition)}, and {asked}. A policy is "
        "about the port of the pod, after the Service was translated.",
        lines(condition.origin),
    )


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
                f"no container of the pod has a port with that name. The rule wants {wanted_words(condition)}; "
                f"{subject_words(condition)} has {found_words(condition)}. A name is looked up in the pod that "
                "receives.",
                lines(condition.origin),
            )
    return None


def _service_of_port(evidence: Evidence, condition: Condition) -> str:
    """The Service whose own port the rule names, as a sentence; "" when it is no Service's."""
    verdict = evidence.missing
    if verdict is None:
        return ""
    for service in evidence.state.services:
        for pod, port, target in evidence.state.endpoints(service):
            named = condition.wanted == (NetworkPolicyPort(port.protocol, port.port),)
            if pod == verdict.destination and named and target != port.port:
                return f"{port.protocol} {port.port} is the port of the Service `{service.name}`. "
    return ""


def dns_forgotten(evidence: Evidence) -> Cause | None:
    """M5: egress is closed, and no rule lets the question to DNS out."""
    asked = next((judged for judged in evidence.misses if judged.destination.is_dns and judged.explicit), None)
    tried = any(not {"port", "named port"} & {failed.kind for failed in miss.failed} for miss in evidence.near_misses())
    if asked is None or tried:  # a rule on port 53 was meant for DNS: what it lacks is the cause
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
