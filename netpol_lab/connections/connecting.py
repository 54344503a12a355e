"""One connection attempt, step by step."""

from __future__ import annotations

from dataclasses import dataclass, replace

from netpol_lab.cluster.snapshot import View
from netpol_lab.connections import steps as facts
from netpol_lab.connections.flow import Flow, Outcome, Step, StepName
from netpol_lab.connections.resolving import Resolution, Resolver
from netpol_lab.connections.services import Translation, answers, translate
from netpol_lab.model.objects import Endpoint, External, IPAddress, Service

STEPS: tuple[StepName, ...] = ("Name", "Service", "Egress", "Ingress", "Port")


def connect(world: View, source: Endpoint, host: str, port: int, protocol: str = "TCP", *, attempt: int = 0) -> Flow:
    """Try one connection and tell every step of it; never raises.

    ``world`` is a Cluster or a Snapshot. ``host`` is what the client was given: a name, an address, ``localhost``.
    ``attempt`` counts the tries of this source at this host, from 0: where a Service has several endpoints, the
    tries take them in turn.

    >>> from netpol_lab.cluster.handle import SimulatedCluster as Cluster
    >>> cluster = Cluster()
    >>> dns = cluster.pods[0]
    >>> connect(cluster, dns, "example.com", 443).outcome
    'connected'
    >>> connect(cluster, dns, "no-such-name.example", 443).stopped_at.name
    'Name'
    """
    asked = _Dialing(world, source, host, port, protocol, attempt)
    resolver = Resolver(world, source, attempt)
    found = resolver.resolve(host)
    if not found.found:
        return asked.unresolved(resolver, found)
    return asked.dial(found)


def connect_to(world: View, source: Endpoint, end: Endpoint, port: int, protocol: str = "TCP") -> Flow:
    """One connection to an end by its own address. An end that has none is judged too, and nothing listens there."""
    if end.ip is not None:
        return connect(world, source, str(end.ip), port, protocol)
    steps = Step("Name", "unused", "no address"), Step("Service", "unused", "no Service")
    asked = _Dialing(world, source, end.name, port, protocol, 0)
    return asked._judge(steps, Translation(None, end, port), end)


def connect_each(world: View, source: Endpoint, service: Service, port: int, protocol: str = "TCP") -> list[Flow]:
    """One connection to every endpoint of a Service's port, by the pod's own address and port: what may come up when a
    client asks the Service again and again. Empty when no pod is behind it."""
    return [
        connect_to(world, source, pod, target, protocol)
        for pod, entry, target in world.endpoints(service)
        if (entry.port, entry.protocol) == (port, protocol)
    ]


@dataclass(frozen=True)
class _Dialing:
    """What was asked for; its methods are the steps."""

    world: View
    source: Endpoint
    host: str
    port: int
    protocol: str
    attempt: int

    def _flow(self, outcome: Outcome, steps: tuple[Step, ...]) -> Flow:
        return Flow(self.source, self.host, self.port, self.protocol, outcome, steps)

    def unresolved(self, resolver: Resolver, found: Resolution) -> Flow:
        """It ends at the name. Where only the question was dropped, tell what an address would have done."""
        outcome: Outcome = "bad address" if found.how == "no such name" else "dns timed out"
        flow = replace(self._flow(outcome, (facts.name_step(found), *facts.rest(STEPS[1:]))), dns=found.dns)
        known = resolver.without_policies(self.host) if outcome == "dns timed out" else None
        if known is None:
            return flow
        address, service = known
        there = replace(self, host=str(address)).dial(Resolution(str(address), "literal", (address,), service=service))
        return replace(flow, by_address=there)

    def dial(self, found: Resolution) -> Flow:
        address = found.addresses[0]
        target = self._target(found, address)
        steps = (
            facts.name_step(found),
            facts.service_step(found, target),
        )
        if target.endpoint is None:
            outcome: Outcome = "timed out" if target.problem == "no such address" else "refused"
            stopped = self._flow(outcome, (*steps, *facts.rest(STEPS[2:])))
            return replace(stopped, address=address, service=target.service, dns=found.dns)
        return replace(self._judge(steps, target, target.endpoint), address=address, dns=found.dns)

    def _target(self, found: Resolution, address: IPAddress) -> Translation:
        if found.how == "localhost":
            return Translation(None, self.source, self.port)
        return translate(self.world, address, self.port, self.protocol, self.attempt)

    def _judge(self, steps: tuple[Step, ...], target: Translation, endpoint: Endpoint) -> Flow:
        """The policies, then the port: a drop hides whether anything listens."""
        verdict = self.world.verdict(self.source, endpoint, target.port, self.protocol)
        egress = facts.gate_step(verdict.egress, verdict, reached=True)
        ingress = facts.gate_step(verdict.ingress, verdict, reached=verdict.egress.admitted)
        outcome: Outcome = "timed out"
        port = facts.not_reached("Port")
        if verdict.allowed:
            answered = answers(self.world, endpoint, target.port, self.protocol)
            port = facts.port_step(target, answered=answered)
            # Nothing at all is at an address outside that the simulation does not know: no one refuses
            silent = isinstance(endpoint, External)
            outcome = "connected" if answered else ("timed out" if silent else "refused")
        return replace(
            self._flow(outcome, (*steps, egress, ingress, port)),
            service=target.service,
            destination=endpoint,
            target_port=target.port,
            verdict=verdict,
        )
