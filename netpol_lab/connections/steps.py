"""The short lines under the five steps of a flow. One function per step; no decision is made here."""

from __future__ import annotations

from collections.abc import Iterable

from netpol_lab.connections.flow import Step, StepName
from netpol_lab.connections.resolving import Resolution
from netpol_lab.connections.services import Translation
from netpol_lab.engine.verdict import Gate, Verdict
from netpol_lab.model.objects import Endpoint, External, IPAddress, Node, Pod, name_of

_LABELS = ("pod label", "namespace label", "namespace")


def name_step(found: Resolution) -> Step:
    """Step 1: what became of the host name."""
    how = found.how
    if how == "literal":
        return Step("Name", "unused", ("not asked:", "address used"))
    if how == "localhost":
        return Step("Name", "unused", ("not asked:", "the client itself"))
    if how == "no such name":
        return Step("Name", "stopped", ("no such name", "DNS answers NXDOMAIN"))
    if how == "no answer":
        return Step("Name", "stopped", ("no answer", *_dns_trouble(found.dns)))
    where = ("(from /etc/hosts)",) if how == "hosts" else ()
    return Step("Name", "passed", (f"{found.host} is", str(found.addresses[0]), *where))


def _dns_trouble(dns: Verdict | None) -> tuple[str, str]:
    if dns is None:
        return ("no DNS pod runs", "behind kube-dns")
    if dns.stops_at == "both ends":
        return ("egress and ingress", "to DNS are blocked")
    return (f"{dns.stops_at} to DNS", "is blocked")


def service_step(found: Resolution, address: IPAddress, port: int, protocol: str, target: Translation) -> Step:
    """Step 2: what kube-proxy made of the address and port."""
    service = target.service
    if target.problem == "no such port" and service is not None:
        return Step("Service", "stopped", ("no such port", f"{service.name} has", f"no {protocol} {port}"))
    if target.problem == "no endpoints" and service is not None:
        return Step("Service", "stopped", ("no endpoints", f"no pod behind {service.name}"))
    if target.problem:
        return Step("Service", "stopped", ("no such Service", f"has {address}"))
    if service is not None and target.endpoint is not None:
        return Step("Service", "passed", (_becomes(target.endpoint), where(target.endpoint, target.port)))
    headless = found.service is not None
    return Step("Service", "unused", ("headless: none" if headless else "none", socket(address, port)))


def _becomes(endpoint: Endpoint) -> str:
    return "becomes the pod" if isinstance(endpoint, Pod) and not endpoint.host_network else "becomes the node"


def gate_step(gate: Gate, verdict: Verdict, *, reached: bool) -> Step:
    """Steps 3 and 4: one end of the connection. ``reached`` False: an earlier step stopped it."""
    name: StepName = "Egress" if gate.direction == "egress" else "Ingress"
    if not reached:
        if not gate.admitted:
            return not_reached(name)
        words = f"(would admit: rule {gate.admitting[0].index + 1})" if gate.admitting else "(would admit)"
        return Step(name, "would admit", ("not reached", words))
    if gate.admitting:
        first = gate.admitting[0]
        return Step(name, "admitted", ("admitted by", f"{first.policy.name}, rule {first.index + 1}"))
    if gate.admitted:
        return Step(name, "open", _open(gate, verdict))
    near = sum(1 for miss in gate.near_misses if [c.kind in _LABELS for c in miss.failed] == [True])
    if near:
        return Step(name, "stopped", ("no rule admits", f"{near} near miss{'es' if near > 1 else ''}"))
    return Step(name, "stopped", ("no rule admits", f"{name_of(gate.endpoint)} is isolated"))


def _open(gate: Gate, verdict: Verdict) -> tuple[str, ...]:
    """Why there is no door: not isolated, or nothing a policy could apply to."""
    subject = gate.endpoint
    if verdict.source == verdict.destination:
        return ("to itself:", "always allowed")
    if isinstance(subject, External):
        return ("outside:", "no policy applies")
    if isinstance(subject, Node):
        return ("a node:", "no policy applies")
    if subject.host_network:
        return ("host network:", "no policy applies")
    return ("its own node:", "always allowed") if gate.unjudged else (f"{name_of(subject)} is", "not isolated")


def port_step(target: Translation, protocol: str, *, answered: bool) -> Step:
    """Step 5: whether a program is behind the port."""
    endpoint, port = target.endpoint, target.port
    if answered and endpoint is not None:
        return Step("Port", "passed", (f"{name_of(endpoint)} listens", f"on {protocol} {port}"))
    if isinstance(endpoint, External):
        return Step("Port", "stopped", ("no answer", "nothing is at", socket(endpoint.address, port)))
    return Step("Port", "stopped", ("refused", "nothing listens", f"on {protocol} {port}"))


def not_reached(name: StepName) -> Step:
    return Step(name, "not reached", ("not reached",))


def rest(names: Iterable[StepName]) -> tuple[Step, ...]:
    """The steps after the one that stopped the connection."""
    return tuple(not_reached(name) for name in names)


def where(endpoint: Endpoint, port: int) -> str:
    return socket(endpoint.ip, port) if endpoint.ip is not None else f"{endpoint.name}:{port}"


def socket(address: IPAddress, port: int) -> str:
    """``10.244.1.9:80``, or ``[fd00::9]:80``."""
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"
