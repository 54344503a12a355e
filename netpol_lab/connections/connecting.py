"""One connection attempt, step by step."""

from __future__ import annotations

from dataclasses import dataclass, replace

from netpol_lab.cluster.listening import is_only_declared
from netpol_lab.cluster.snapshot import View
from netpol_lab.connections import steps as facts
from netpol_lab.connections.flow import Flow, Outcome, Step, StepName
from netpol_lab.connections.resolving import Resolution, Resolver
from netpol_lab.connections.services import Translation, answers, translate
from netpol_lab.connections.written import written_endpoints
from netpol_lab.engine.compiled import address_of, family_of
from netpol_lab.engine.profiles import CONFORMANT, UPSTREAM
from netpol_lab.engine.verdict import Answer, Caveat, Verdict
from netpol_lab.model.bodies import Key
from netpol_lab.model.objects import DIRECTIONS, Endpoint, External, IPAddress, Node, Pod, Service

STEPS: tuple[StepName, ...] = ("Name", "Service", "Egress", "Ingress", "Port")


def connect(world: View, source: Endpoint, host: str, port: int, protocol: str = "TCP", *, attempt: int = 0) -> Flow:
    """Try one connection and tell every step of it; never raises.

    ``world`` is a Cluster or a Snapshot. ``host`` is what the client was given: a name, an address, ``localhost``.
    ``attempt`` is any number; where a Service has several endpoints, it chooses among them.

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
    address = address_of(end, family_of(source, end))
    if address is not None:
        return connect(world, source, str(address), port, protocol)
    steps = Step("Name", "unused", "no address"), Step("Service", "unused", "no Service")
    asked = _Dialing(world, source, end.name, port, protocol, 0)
    return asked._judge(steps, Translation(None, end, port), end)


def connect_each(world: View, source: Endpoint, service: Service, port: int, protocol: str = "TCP") -> list[Flow]:
    """One connection to every endpoint of a Service's port, by its own address and port: what may come up when a
    client asks the Service again and again. Empty when nothing is behind it."""
    found = [
        connect_to(world, source, pod, target, protocol)
        for pod, entry, target in world.endpoints(service)
        if (entry.port, entry.protocol) == (port, protocol)
    ]
    asked = (entry for entry in service.ports if (entry.port, entry.protocol) == (port, protocol))
    written = (each for entry in asked for each in written_endpoints(world, service, entry))
    return found + [connect(world, source, str(address), target, protocol) for address, target in written]


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
            silent = target.problem in ("no such address", "not on this node")
            outcome: Outcome = "timed out" if silent else "refused"
            stopped = self._flow(outcome, (*steps, *facts.rest(STEPS[2:])))
            return replace(stopped, address=address, service=target.service, dns=found.dns)
        return replace(self._judge(steps, target, target.endpoint), address=address, dns=found.dns)

    def _target(self, found: Resolution, address: IPAddress) -> Translation:
        if found.how == "localhost":
            return Translation(None, self.source, self.port)
        return translate(self.world, address, self.port, self.protocol, self.attempt, self.source)

    def _judge(self, steps: tuple[Step, ...], target: Translation, endpoint: Endpoint) -> Flow:
        """The policies, then the port: a drop hides whether anything listens."""
        verdict = self._verdict(target, endpoint)
        egress = facts.gate_step(verdict.egress, verdict, reached=True)
        ingress = facts.gate_step(verdict.ingress, verdict, reached=verdict.egress.admitted)
        outcome: Outcome = "timed out"
        port = facts.not_reached("Port")
        if verdict.allowed:
            answered = answers(self.world, endpoint, target.port, self.protocol)
            declared = isinstance(endpoint, Pod) and is_only_declared(self.world, endpoint, target.port, self.protocol)
            port = facts.port_step(target, answered=answered, declared=declared)
            # Nothing at all is at an address outside that the simulation does not know: no one refuses
            silent = isinstance(endpoint, External)
            outcome = "connected" if answered else ("timed out" if silent else "refused")
        caveats = [each for each in target.caveats if verdict.ingress.isolated or each.kind == "host port"]
        if verdict.ingress.unjudged == "own Service":
            caveats.append(Caveat("own Service", _key_of(target.service)))
        if outcome == "refused" and self.protocol == "UDP":
            caveats.append(Caveat("UDP refusal"))
        return replace(
            self._flow(outcome, (*steps, egress, ingress, port)),
            service=target.service,
            destination=endpoint,
            target_port=target.port,
            verdict=verdict,
            on_the_way=tuple(caveats),
        )

    def _verdict(self, target: Translation, endpoint: Endpoint) -> Verdict:
        """The verdict on what the pod sees: after a translation, that may not be the client (◇ rules 18 and 25)."""
        verdict = self.world.verdict(self.source, endpoint, target.port, self.protocol)
        if target.service is not None and self.source == endpoint:
            return self._through_own_service(verdict)
        if target.node is None or not verdict.ingress.isolated:
            return verdict
        if self.world.profile.masquerades:
            return self._from(target.node, verdict)
        if self.world.profile != UPSTREAM:
            return verdict
        states = {each: replace(self.world.snapshot(), enforcement=each) for each in CONFORMANT}
        seen = {each: replace(self, world=states[each])._verdict(target, endpoint) for each in CONFORMANT[1:]}
        answers: list[tuple[str, Answer]] = [(UPSTREAM.name, "allowed" if verdict.allowed else "blocked")]
        answers += [(profile.name, each.answer) for profile, each in seen.items()]
        if len({answer for _, answer in answers}) == 1:
            return verdict
        return replace(verdict, answer="depends on the network plugin", by_profile=tuple(answers))

    def _from(self, node: Node, verdict: Verdict) -> Verdict:
        """The same connection, as a pod sees it that takes it for one from a node."""
        seen = self.world.verdict(node, verdict.destination, verdict.port, verdict.protocol)
        allowed = verdict.egress.admitted and seen.ingress.admitted
        return replace(verdict, ingress=seen.ingress, answer="allowed" if allowed else "blocked")

    def _through_own_service(self, verdict: Verdict) -> Verdict:
        """◇ catalogue rule 25: on a real node, enforcers dropped it where a policy isolates the pod."""
        engine, pod = self.world.engine, verdict.destination
        if self.world.profile != UPSTREAM or not any(engine.isolating(way, pod) for way in DIRECTIONS):
            return verdict
        left: Answer = "depends on the network plugin"
        answers: list[tuple[str, Answer]] = [
            (UPSTREAM.name, left),
            *((each.name, "allowed") for each in CONFORMANT[1:]),
        ]
        egress, ingress = (replace(gate, unjudged="own Service") for gate in (verdict.egress, verdict.ingress))
        return replace(verdict, egress=egress, ingress=ingress, answer=left, by_profile=tuple(answers))


def _key_of(service: Service | None) -> Key | None:
    return ("Service", service.namespace, service.name) if service is not None else None
