"""What happened to one connection, in words: the verdict, the reason, the near miss. Nothing is drawn here.

The sentence is always "no rule admits", never that a policy denies: isolation closes a door, and rules open it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from netpol_lab.connections import Flow, Step
from netpol_lab.connections import steps as facts
from netpol_lab.engine.verdict import Verdict
from netpol_lab.model.objects import OUTSIDE, Endpoint, Node, Pod, name_of
from netpol_lab.tell.why_reasons import Reason, near_miss, pod_port, reasons
from netpol_lab.tell.words import Mono, Sentence, count

Sign = Literal["✓", "✕", "?"]


@dataclass(frozen=True)
class WhyStory:
    """Everything a picture of one connection says.

    ``sign`` is the verdict; ``verdict`` the policies' judgement that decides, on the connection or on the DNS question.
    """

    source: Endpoint
    source_name: str
    source_note: str
    target_name: str
    target_note: str
    protocol: str
    port: int
    sign: Sign
    title: str
    headline: str
    quiet: Sentence
    steps: tuple[Step, ...]
    reasons: tuple[Reason, ...]
    verdict: Verdict | None

    @property
    def stop(self) -> int | None:
        """The place of the step that stopped it, from 0; None when it arrived."""
        return next((i for i, step in enumerate(self.steps) if step.state == "stopped"), None)


def tell(what: Flow | Verdict) -> WhyStory:
    """The story of a connection attempt, or of a bare verdict: then no name and no Service take part."""
    flow = what if isinstance(what, Flow) else _bare(what)
    title, headline = _title(flow)
    depends = flow.verdict is not None and flow.verdict.depends
    sign: Sign = "?" if depends else "✓" if flow.connected else "✕"
    target = flow.destination
    return WhyStory(
        source=flow.source,
        source_name=name_of(flow.source),
        source_note=note_of(flow.source),
        target_name=flow.target_name,
        target_note=note_of(target) if target is not None else "",
        protocol=flow.protocol,
        port=flow.port,
        sign=sign,
        title=f"{sign} {title}",
        headline=headline,
        quiet=_quiet(flow),
        steps=_familiar(flow),
        reasons=tuple(reasons(flow)),
        verdict=flow.judged,
    )


def _familiar(flow: Flow) -> tuple[Step, ...]:
    """The steps with pods under the names people know them by: that of their workload."""
    ends = [end for end in (flow.source, flow.destination) if isinstance(end, Pod) and end.name != name_of(end)]
    both = flow.verdict is not None and flow.verdict.stops_at == "both ends"
    steps = []
    for step in flow.steps:
        lines = step.facts
        for end in ends:
            lines = tuple(line.replace(end.name, name_of(end)) for line in lines)
        if step.name == "Ingress" and step.state == "not reached" and both:
            lines = (*lines, "(would not admit)")
        steps.append(replace(step, facts=lines))
    return tuple(steps)


def note_of(endpoint: Endpoint) -> str:
    """The second line of a box: the namespace, or what it is."""
    if isinstance(endpoint, Pod):
        return endpoint.namespace
    if isinstance(endpoint, Node):
        return "a node"
    named = endpoint != OUTSIDE and endpoint.name != str(endpoint.address)
    return str(endpoint.address) if named else "outside"


def _bare(verdict: Verdict) -> Flow:
    """A verdict as a flow: judged by address, on the pod's own port."""
    source, target = verdict.source, verdict.destination
    egress = facts.gate_step(verdict.egress, verdict, reached=True)
    ingress = facts.gate_step(verdict.ingress, verdict, reached=verdict.egress.admitted)
    admitted = verdict.egress.admitted and verdict.ingress.admitted
    port, answered = _port_step(verdict) if admitted else (facts.not_reached("Port"), False)
    return Flow(
        source,
        target.name,
        verdict.port,
        verdict.protocol,
        "connected" if admitted and answered else "refused" if admitted else "timed out",
        (
            Step("Name", "unused", ("not asked",)),
            Step("Service", "unused", ("none:", "the pod's own port")),
            egress,
            ingress,
            port,
        ),
        destination=target,
        target_port=verdict.port,
        verdict=verdict,
    )


def _port_step(verdict: Verdict) -> tuple[Step, bool]:
    target, port = verdict.destination, f"{verdict.protocol} {verdict.port}"
    if not isinstance(target, Pod) or not target.ports:
        return Step("Port", "passed", (port, "not looked at")), True
    if any((each.protocol, each.port) == (verdict.protocol, verdict.port) for each in target.ports):
        return Step("Port", "passed", (f"{target.name} listens", f"on {port}")), True
    return Step("Port", "stopped", ("refused", "nothing listens", f"on {port}")), False


def _title(flow: Flow) -> tuple[str, str]:
    """The title without its sign, and the verdict for the head of the text."""
    source, host, on = name_of(flow.source), flow.target_name, f"{flow.protocol} {flow.port}"
    verdict, stop = flow.verdict, flow.stopped_at
    if verdict is not None and verdict.depends:
        return f"Depends on the network plugin: {source} to {host} on {on}", "DEPENDS on the network plugin"
    if flow.connected:
        if flow.destination == flow.source:
            return f"Allowed: {source} reaches itself on {on}", "ALLOWED"
        return f"Allowed: {source} reaches {host} on {on}", "ALLOWED"
    if flow.outcome == "dns timed out":
        return f"Blocked at the name: {source} cannot ask DNS", "BLOCKED at name: no DNS answer"
    if flow.outcome == "bad address":
        return f"No such name: DNS does not know {flow.host}", "FAILED at name: no such name"
    if stop is not None and stop.name == "Service":
        words = "Refused" if flow.outcome == "refused" else "Timed out"
        return f"{words}: {' '.join(stop.facts[1:]) or stop.facts[0]}", f"{words.upper()} at service"
    if stop is not None and stop.name == "Port":
        if flow.outcome == "refused":
            return f"Refused: nothing listens on {pod_port(flow)} of {host}", "REFUSED at port: nothing listens"
        return f"Timed out: nothing answers at {host} on {on}", "TIMED OUT at port: nothing answers"
    if verdict is not None and verdict.stops_at == "both ends":
        return f"Blocked at both ends: {source} cannot reach {host} on {on}", "BLOCKED at both ends"
    if verdict is not None and verdict.stops_at == "ingress":
        return f"Blocked at ingress of {host}: {source} cannot reach it on {on}", f"BLOCKED at ingress of {host}"
    return f"Blocked at egress of {source}: it cannot reach {host} on {on}", f"BLOCKED at egress of {source}"


def _quiet(flow: Flow) -> Sentence:
    """Why, in one line."""
    verdict = flow.verdict
    if flow.outcome == "dns timed out":
        way: str = flow.dns.stops_at if flow.dns is not None else ""
        end = {"egress": f"it does not get out of {name_of(flow.source)}", "ingress": "it does not get into kube-dns"}
        return ("The name question is a connection of its own, and ", end.get(way, "nobody answers it"), ".")
    if flow.outcome == "bad address":
        return ("The question reached DNS and was answered. No policy is involved.",)
    if verdict is None:
        return ("It ends before any policy is asked.",)
    if verdict.depends:
        return ("The API leaves this to the network plugin, so the same policies give different results.",)
    if flow.outcome == "timed out" and not verdict.stops_at:
        return ("The policies let it through. Nothing is at that address, and silence looks like a policy.",)
    if flow.outcome == "refused":
        return ("The policies let it through: a policy never refuses, it drops, and you wait for a time-out.",)
    if flow.connected:
        return _quiet_allowed(flow, verdict)
    if verdict.stops_at == "both ends":
        return ("Neither end has a rule that admits it. Opening one of the two doors changes nothing.",)
    gate, other = verdict.ingress, verdict.egress
    if verdict.stops_at == "egress":
        gate, other = other, gate
    near = near_miss(gate)
    close = " One rule comes close." if near else ""
    if other.isolated:
        way = f"{other.direction} of {name_of(other.endpoint)}"
        return (f"A rule admits it at {way}, but both ends must admit a connection.", close)
    isolate = "isolates" if len(gate.isolating) == 1 else "isolate"
    policies = count(len(gate.isolating), "policy", "policies").capitalize()
    return (
        f"{policies} {isolate} {name_of(gate.endpoint)} for {gate.direction}, and no rule admits this connection.",
        close,
    )


def _quiet_allowed(flow: Flow, verdict: Verdict) -> Sentence:
    doors = [gate for gate in (verdict.egress, verdict.ingress) if gate.isolated]
    through: Sentence = ()
    if flow.service is not None and flow.target_port not in (None, flow.port):
        through = (f" Port {flow.port} of the Service becomes {flow.target_port} of the pod.",)
    if not doors:
        return ("Every step passes. No policy stands in the way.", *through)
    if len(doors) == 1:
        rule = doors[0].admitting[0]
        where = (f"Every step passes. Rule {rule.index + 1} of ", Mono(rule.policy.name))
        return (*where, " opens the one closed door.", *through)
    return ("Every step passes. Both doors are closed, and a rule opens each of them.", *through)
