"""What happened to one connection, in words: the verdict, the reason, the near miss. Nothing is drawn here.

The sentence is always "no rule admits", never that a policy denies: isolation closes a door, and rules open it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from netpol_lab.display.sentences import (
    Mono,
    Quiet,
    Sentence,
    capital,
    count,
    lines_of,
    listed,
    name_of,
    peers_words,
    place_of,
    ports_words,
)
from netpol_lab.flows import Flow, Step, facts
from netpol_lab.model import OUTSIDE, Endpoint, External, Node, Pod
from netpol_lab.verdict import Condition, Gate, NearMiss, RuleRef, Verdict

Sign = Literal["✓", "✕", "?"]

_LIKE_A_LABEL = ("pod label", "namespace label", "namespace", "named port", "protocol", "address", "outside")
"""Kinds of conditions that one mistake explains. Another port is mostly another rule altogether."""


@dataclass(frozen=True)
class Reason:
    """One box: a heading, sentences, and conditions to be shown one above the other."""

    heading: Sentence
    lines: tuple[Sentence, ...] = ()
    conditions: tuple[Condition, ...] = ()
    edge: Literal["blocked", "allowed", "ink"] = "blocked"
    profiles: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Story:
    """Everything a picture of one connection says.

    ``sign`` is the verdict; ``verdict`` the policies' judgement that decides, on the connection or on the DNS question.
    """

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


def tell(what: Flow | Verdict) -> Story:
    """The story of a connection attempt, or of a bare verdict: then no name and no Service take part."""
    flow = what if isinstance(what, Flow) else _bare(what)
    title, headline = _title(flow)
    depends = flow.verdict is not None and flow.verdict.answer == "depends on the network plugin"
    sign: Sign = "?" if depends else "✓" if flow.connected else "✕"
    target = flow.destination
    return Story(
        source_name=name_of(flow.source),
        source_note=note_of(flow.source),
        target_name=_target(flow),
        target_note=note_of(target) if target is not None else "",
        protocol=flow.protocol,
        port=flow.port,
        sign=sign,
        title=f"{sign} {title}",
        headline=headline,
        quiet=_quiet(flow),
        steps=_familiar(flow),
        reasons=tuple(_reasons(flow)),
        verdict=flow.dns if flow.outcome == "dns timed out" else flow.verdict,
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


def said(step: Step) -> str:
    """The facts of a step as one line.

    >>> said(Step("Port", "stopped", ("refused", "nothing listens", "on TCP 81")))
    'refused: nothing listens on TCP 81'
    """
    first, rest = step.facts[0], " ".join(step.facts[1:])
    if not rest:
        return first
    heading = step.state in ("stopped", "unused") and not first.endswith(":")
    return f"{first}{':' if heading else ''} {rest}"


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
    source, host, on = name_of(flow.source), _target(flow), f"{flow.protocol} {flow.port}"
    verdict, stop = flow.verdict, flow.stopped_at
    if verdict is not None and verdict.answer == "depends on the network plugin":
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
            return f"Refused: nothing listens on {_pod_port(flow)} of {host}", "REFUSED at port: nothing listens"
        return f"Timed out: nothing answers at {host} on {on}", "TIMED OUT at port: nothing answers"
    if verdict is not None and verdict.stops_at == "both ends":
        return f"Blocked at both ends: {source} cannot reach {host} on {on}", "BLOCKED at both ends"
    if verdict is not None and verdict.stops_at == "ingress":
        return f"Blocked at ingress of {host}: {source} cannot reach it on {on}", f"BLOCKED at ingress of {host}"
    return f"Blocked at egress of {source}: it cannot reach {host} on {on}", f"BLOCKED at egress of {source}"


def _target(flow: Flow) -> str:
    return name_of(flow.destination) if flow.destination is not None else flow.host


def _pod_port(flow: Flow) -> str:
    return f"{flow.protocol} {flow.target_port or flow.port}"


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
    if verdict.answer == "depends on the network plugin":
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
    near = _near(gate)
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


def _reasons(flow: Flow) -> Iterable[Reason]:
    verdict, stop = flow.verdict, flow.stopped_at
    if verdict is not None and verdict.answer == "depends on the network plugin":
        yield Reason(("Network plugins differ here",), edge="ink", profiles=verdict.by_profile)
    if flow.connected and verdict is not None:
        yield from _admitted(verdict)
    elif flow.outcome == "dns timed out":
        yield from _dns_reasons(flow)
    elif verdict is not None and verdict.stops_at:
        for gate in (verdict.egress, verdict.ingress):
            if not gate.admitted:
                yield _closed(gate, verdict, flow)
    elif stop is not None:
        yield _not_a_policy(flow, stop)


def _admitted(verdict: Verdict) -> Iterable[Reason]:
    gates = (verdict.egress, verdict.ingress)
    rules = [gate.admitting[0] for gate in gates if gate.admitting]
    for rule in rules:
        heading = ("Admitted by ", str(rule))
        yield Reason(heading, (_rule_words(rule),), edge="allowed")
    if rules:
        return
    notes = list(dict.fromkeys(gate.note for gate in gates if gate.note))
    free = [f"{name_of(gate.endpoint)} for {gate.direction}" for gate in gates if not gate.note]
    lines: list[Sentence] = [(capital(note), ".") for note in notes]
    if free:
        lines.append((f"No policy selects {' or '.join(free)}, so everything may pass there.",))
    yield Reason(("No policy isolates an end of this connection",), tuple(lines), edge="allowed")


def _rule_words(rule: RuleRef) -> Sentence:
    """``from pods with app=client-07 in student-07, on TCP 80. allow.yaml, lines 13–19``."""
    policy = rule.policy
    where = place_of(rule.origin)
    return (
        *peers_words(rule.rule, policy.namespace, rule.direction),
        f", on {ports_words(rule.rule.ports)}.",
        Quiet(f" {where}" if where else ""),
    )


def _isolation(gate: Gate) -> Sentence:
    """Every policy that isolates the pod, by name."""
    policies = [Mono(policy.name) for policy in gate.isolating]
    pod, way = name_of(gate.endpoint), gate.direction
    if len(policies) == 1:
        return (policies[0], f" isolates {pod} for {way}.")
    number = count(len(policies), "policy", "policies").capitalize()
    return (f"{number} isolate {pod} for {way}: ", *listed(policies), ".")


def _near(gate: Gate) -> NearMiss | None:
    """The closest rule, if one thing alone keeps it from admitting, and that thing looks like a slip."""
    miss = gate.near_misses[0] if gate.near_misses else None
    return miss if miss and len(miss.failed) == 1 and miss.failed[0].kind in _LIKE_A_LABEL else None


_DIFFERS = {
    "pod label": "one label differs",
    "namespace label": "a label of the namespace differs",
    "namespace": "it looks into another namespace",
    "named port": "the port name does not fit",
    "protocol": "the protocol differs",
    "address": "the address is outside its range",
    "outside": "its selector matches pods only",
}


def _closed(gate: Gate, verdict: Verdict, flow: Flow) -> Reason:
    """Why no rule opens this door."""
    near = _near(gate)
    if near is not None:
        heading = (f"Near miss: {near.rule} would admit it, but {_DIFFERS[near.failed[0].kind]}",)
        return Reason(heading, (_isolation(gate),), near.failed)
    on = f"{verdict.protocol} {verdict.port}"
    source, target = name_of(verdict.source), name_of(verdict.destination)
    way = f"out to {on}" if gate.direction == "egress" else f"into {target} on {on}"
    heading = (f"No rule lets {source} {way}",)
    lines = [_isolation(gate)]
    if not gate.near_misses:
        none = "It has no" if len(gate.isolating) == 1 else "None of them has an"
        return Reason(heading, ((*lines[0], f" {none} {gate.direction} rule."),))
    closest = gate.near_misses[0]
    lines.append(_closest(closest, len(gate.near_misses), on))
    lines += _service_port(closest, verdict, flow)
    shown = closest.failed if 1 < len(closest.failed) <= 2 else ()
    return Reason(heading, tuple(lines), shown)


def _closest(miss: NearMiss, rules: int, on: str) -> Sentence:
    which = "The only rule" if rules == 1 else "The closest rule"
    where = f" ({lines_of(miss.rule.origin)})" if miss.rule.origin else ""
    name = (f"{which}, {miss.rule.index + 1} of ", Mono(miss.rule.policy.name), f"{where},")
    only = miss.failed[0]
    if len(miss.failed) == 1 and only.kind == "port":
        return (*name, f" admits {only.wanted}, not {on}.")
    return (*name, f" differs in {count(len(miss.failed), 'condition')}.")


def _service_port(miss: NearMiss, verdict: Verdict, flow: Flow) -> list[Sentence]:
    """The commonest port mistake: the rule names the port of the Service."""
    if flow.service is None or flow.port == verdict.port:
        return []
    if not any(item.port == flow.port for item in miss.rule.rule.ports):
        return []
    told = f"{flow.port} is the port of the Service. Policies see the pod's port, {verdict.port}."
    return [(told,)]


def _dns_reasons(flow: Flow) -> Iterable[Reason]:
    dns = flow.dns
    if dns is None:
        yield Reason(("No DNS pod runs: nobody answers the question",))
    else:
        on = f"{dns.protocol} {dns.port}"
        for gate in (dns.egress, dns.ingress):
            if not gate.admitted:
                end = name_of(flow.source) if gate.direction == "egress" else "kube-dns"
                heading = (f"{name_of(flow.source)} → kube-dns, {on} is blocked at {gate.direction} of {end}",)
                closed = _closed(gate, dns, flow)
                yield Reason(heading, closed.lines, closed.conditions)
    if flow.by_address is not None:
        yield _by_address(flow, flow.by_address)


def _by_address(flow: Flow, direct: Flow) -> Reason:
    port = direct.target_port or direct.port
    address = direct.address
    if direct.service is not None and isinstance(direct.destination, Pod):
        address = direct.destination.ip
    way = f"{name_of(flow.source)} → {address}, {flow.protocol} {port}: "
    if direct.connected:
        passed = "✓ egress, ✓ ingress, ✓ port. Only the name is missing."
        return Reason(("By address the connection works",), ((way, passed),), edge="allowed")
    stops = direct.verdict.stops_at if direct.verdict is not None else ""
    told = f"stops at {stops} as well." if stops else f"{direct.outcome} as well."
    return Reason(("By address it does not work either",), ((way, told),), edge="ink")


def _not_a_policy(flow: Flow, stop: Step) -> Reason:
    """Failures in which no policy has a part, and what to look at."""
    if flow.outcome == "bad address":
        told = (
            "Check the spelling. A Service in another namespace needs both names: ",
            Mono("service.namespace"),
            ".",
        )
        return Reason(("DNS was asked and has no such name",), (told,), edge="ink")
    if stop.name == "Service":
        told_: Sentence = ("No policy is involved: look at the Service.",)
        if stop.facts and stop.facts[0] == "no endpoints":
            told_ = ("No policy is involved: compare the Service's selector with the labels of the pods.",)
        return Reason((capital(said(stop)),), (told_,), edge="ink")
    if isinstance(flow.destination, External):
        return Reason(("Nothing answers there",), (("No policy is involved.",),), edge="ink")
    told_ = ("Look at the port the program listens on, not at the policies.",)
    return Reason((f"Nothing listens on {_pod_port(flow)}",), (told_,), edge="ink")
