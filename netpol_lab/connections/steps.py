"""The five steps of a flow: what each came to. One function per step; no decision is made here, and no word."""

from __future__ import annotations

from collections.abc import Iterable

from netpol_lab.connections.flow import Fact, Step, StepName
from netpol_lab.connections.resolving import Resolution
from netpol_lab.connections.services import Translation
from netpol_lab.engine.verdict import Gate, Verdict
from netpol_lab.model.objects import Endpoint, External, IPAddress, Node, Pod

_LABELS = ("pod label", "namespace label", "namespace")


def name_step(found: Resolution) -> Step:
    """Step 1: what became of the host name."""
    match found.how:
        case "literal":
            return Step("Name", "unused", "address used")
        case "localhost":
            return Step("Name", "unused", "the client itself")
        case "no such name":
            return Step("Name", "stopped", "no such name")
        case "no answer":
            return Step("Name", "stopped", "no DNS pod" if found.dns is None else "DNS is blocked")
    return Step("Name", "passed", "from /etc/hosts" if found.how == "hosts" else "resolved")


def service_step(found: Resolution, target: Translation) -> Step:
    """Step 2: what kube-proxy made of the address and port."""
    if target.problem:
        return Step("Service", "stopped", target.problem)
    if target.service is not None and target.endpoint is not None:
        is_pod = isinstance(target.endpoint, Pod) and not target.endpoint.host_network
        if isinstance(target.endpoint, External):
            return Step("Service", "passed", "becomes the address")
        return Step("Service", "passed", "becomes the pod" if is_pod else "becomes the node")
    if any(caveat.kind == "host port" for caveat in target.caveats):
        return Step("Service", "passed", "becomes the pod")
    return Step("Service", "unused", "headless" if found.service is not None else "no Service")


def gate_step(gate: Gate, verdict: Verdict, *, reached: bool) -> Step:
    """Steps 3 and 4: one end of the connection. ``reached`` False: an earlier step stopped it."""
    name: StepName = "Egress" if gate.direction == "egress" else "Ingress"
    if not reached and not gate.admitted:
        return Step(name, "not reached", "would not admit")
    if not reached:
        return Step(name, "would admit", "a rule would admit" if gate.admitting else "would admit")
    if gate.admitting:
        return Step(name, "admitted", "a rule admits")
    if gate.admitted:
        return Step(name, "open", _open(gate, verdict))
    return Step(name, "stopped", "near misses" if near_misses(gate) else "no rule admits")


def near_misses(gate: Gate) -> int:
    """How many rules miss by one label, or by the namespace, alone."""
    return sum(1 for miss in gate.near_misses if [c.kind in _LABELS for c in miss.failed] == [True])


def _open(gate: Gate, verdict: Verdict) -> Fact:
    """Why there is no door: not isolated, or nothing a policy could apply to."""
    subject = gate.endpoint
    if verdict.source == verdict.destination:
        return "through its own Service" if gate.unjudged == "own Service" else "to itself"
    if isinstance(subject, External):
        return "outside"
    if isinstance(subject, Node):
        return "a node"
    if subject.host_network:
        return "host network"
    if gate.ignored:
        return "policies are ignored"
    return "its own node" if gate.unjudged else "not isolated"


def port_step(target: Translation, *, answered: bool, declared: bool) -> Step:
    """Step 5: whether a program is behind the port; or its manifest says so, and nobody knows what its image runs."""
    if answered:
        return Step("Port", "passed", "declared" if declared else "listens")
    return Step("Port", "stopped", "nothing is there" if isinstance(target.endpoint, External) else "nothing listens")


def not_reached(name: StepName) -> Step:
    return Step(name, "not reached", "not reached")


def rest(names: Iterable[StepName]) -> tuple[Step, ...]:
    """The steps after the one that stopped the connection."""
    return tuple(not_reached(name) for name in names)


def where(endpoint: Endpoint, port: int) -> str:
    return socket(endpoint.ip, port) if endpoint.ip is not None else f"{endpoint.name}:{port}"


def socket(address: IPAddress, port: int) -> str:
    """``10.244.1.9:80``, or ``[fd00::9]:80``."""
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"
