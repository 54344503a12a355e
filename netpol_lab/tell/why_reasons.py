"""Why a connection passes or ends: the policies that isolate, the nearest rule, and what to look at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from netpol_lab.connections import Flow, Step
from netpol_lab.engine.verdict import Condition, Gate, NearMiss, RuleRef, Verdict
from netpol_lab.model.objects import External, Pod, name_of
from netpol_lab.tell.condition_words import unjudged_words, wanted_words
from netpol_lab.tell.words import (
    Mono,
    Quiet,
    Sentence,
    capital,
    count,
    lines_of,
    listed,
    peers_words,
    place_of,
    ports_words,
)

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


def pod_port(flow: Flow) -> str:
    """The port after Service translation, the one policies see."""
    return f"{flow.protocol} {flow.target_port or flow.port}"


def reasons(flow: Flow) -> Iterable[Reason]:
    """The boxes under the gates, the one that decides first."""
    verdict, stop = flow.verdict, flow.stopped_at
    if verdict is not None and verdict.depends:
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
    notes = list(dict.fromkeys(unjudged_words(gate.unjudged) for gate in gates if gate.unjudged))
    free = [f"{name_of(gate.endpoint)} for {gate.direction}" for gate in gates if gate.unjudged is None]
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


def near_miss(gate: Gate) -> NearMiss | None:
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
    near = near_miss(gate)
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
        return (*name, f" admits {wanted_words(only)}, not {on}.")
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
    return Reason((f"Nothing listens on {pod_port(flow)}",), (told_,), edge="ink")
