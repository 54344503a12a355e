"""Why a connection passes or ends: the policies that isolate, the nearest rule, and what to look at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from netpol_lab.connections import Flow, Step
from netpol_lab.engine.verdict import Condition, Gate, NearMiss, RuleRef, Verdict
from netpol_lab.model.objects import Pod, name_of
from netpol_lab.model.phrases import capital, count, lines_of, place_of
from netpol_lab.tell.condition_words import unjudged_words, wanted_words
from netpol_lab.tell.saying import line, say
from netpol_lab.tell.step_words import steps_told
from netpol_lab.tell.words import Mono, Quiet, Sentence, parts, peers_words, ports_words

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
    by_address: bool = False
    """Whether it tells of the same connection made by address."""


def pod_port(flow: Flow) -> str:
    """The port after Service translation, the one policies see."""
    return f"{flow.protocol} {flow.target_port or flow.port}"


def reasons(flow: Flow) -> Iterable[Reason]:
    """The boxes under the gates, the one that decides first."""
    verdict, stop = flow.verdict, flow.stopped_at
    if verdict is not None and verdict.depends:
        yield Reason(say("reason.plugins"), edge="ink", profiles=verdict.by_profile)
    if verdict is not None and verdict.ingress.unjudged == "own Service":
        return
    if flow.outcome == "dns timed out":
        yield from _dns_reasons(flow)
    elif verdict is not None and (flow.connected or verdict.stops_at):
        yield from policy_reasons(verdict, flow)
    elif stop is not None:
        yield _not_a_policy(flow, stop)


def policy_reasons(verdict: Verdict, flow: Flow | None = None) -> Iterable[Reason]:
    """What the policies alone have to do with a connection; ``flow`` is the one that was tried, where one was."""
    if verdict.allowed:
        yield from _admitted(verdict)
    for gate in verdict.gates:
        if not gate.admitted:
            yield _closed(gate, verdict, flow)


def _admitted(verdict: Verdict) -> Iterable[Reason]:
    gates = verdict.gates
    rules = [gate.admitting[0] for gate in gates if gate.admitting]
    for rule in rules:
        yield Reason(say("reason.admitted", rule=_named(rule)), (_rule_words(rule),), edge="allowed")
    ignored = [gate for gate in gates if gate.ignored]
    if ignored:
        heading = say("reason.ignored", plugin=ignored[0].ignored_by)
        yield Reason(heading, tuple(_ignored(gate) for gate in ignored), edge="ink")
    if rules or ignored:
        return
    unjudged = dict.fromkeys(unjudged_words(gate.unjudged) for gate in gates if gate.unjudged)
    lines = [say("reason.open.unjudged", why=capital(why)) for why in unjudged]
    free = [
        line("reason.open.end", end=name_of(gate.endpoint), way=gate.direction)
        for gate in gates
        if gate.unjudged is None
    ]
    if free:
        lines.append(say("reason.open.free", ends=" or ".join(free)))
    yield Reason(say("reason.open"), tuple(lines), edge="allowed")


def _ignored(gate: Gate) -> Sentence:
    policies = parts([Mono(policy.name) for policy in gate.ignored])
    return say("reason.ignored.end", end=name_of(gate.endpoint), way=gate.direction, policies=policies)


def _named(rule: RuleRef) -> Sentence:
    """``rule 1 of web``."""
    return say("remedy.spot.rule", number=rule.index + 1, policy=rule.policy.name)


def _rule_words(rule: RuleRef) -> Sentence:
    """``from pods with app=client-07 in student-07, on TCP 80. allow.yaml, lines 13–19``."""
    peers = peers_words(rule.rule, rule.policy.namespace, rule.direction)
    where = place_of(rule.origin)
    place = Quiet(line("reason.rule.place", place=where) if where else "")
    return say("reason.rule", peers=peers, ports=ports_words(rule.rule.ports), place=place)


def _isolation(gate: Gate) -> Sentence:
    """Every policy that isolates the pod, by name."""
    policies = [Mono(policy.name) for policy in gate.isolating]
    pod, way = name_of(gate.endpoint), gate.direction
    if len(policies) == 1:
        return say("reason.isolates", policy=policies[0], end=pod, way=way)
    number = capital(count(len(policies), "policy", "policies"))
    return say("reason.isolate", number=number, end=pod, way=way, policies=parts(policies))


def near_miss(gate: Gate) -> NearMiss | None:
    """The closest rule, if one thing alone keeps it from admitting, and that thing looks like a slip."""
    miss = gate.near_misses[0] if gate.near_misses else None
    return miss if miss and len(miss.failed) == 1 and miss.failed[0].kind in _LIKE_A_LABEL else None


def _closed(gate: Gate, verdict: Verdict, flow: Flow | None) -> Reason:
    """Why no rule opens this door."""
    near = near_miss(gate)
    if near is not None:
        differs = say(f"reason.differs.{near.failed[0].kind}")
        return Reason(
            say("reason.near miss", rule=_named(near.rule), differs=differs), (_isolation(gate),), near.failed
        )
    on = f"{verdict.protocol} {verdict.port}"
    source, target = name_of(verdict.source), name_of(verdict.destination)
    heading = say(f"reason.{gate.direction}", source=source, target=target, on=on)
    isolation = _isolation(gate)
    if not gate.near_misses:
        none = "reason.no rule.one" if len(gate.isolating) == 1 else "reason.no rule"
        return Reason(heading, ((*isolation, *say(none, way=gate.direction)),))
    closest = gate.near_misses[0]
    lines = (isolation, _closest(closest, len(gate.near_misses), on), *_service_port(closest, verdict, flow))
    return Reason(heading, lines, closest.failed if 1 < len(closest.failed) <= 2 else ())


def _closest(miss: NearMiss, rules: int, on: str) -> Sentence:
    only = miss.failed[0]
    if len(miss.failed) == 1 and only.kind == "port":
        what = say("reason.closest.port", wanted=wanted_words(only), on=on)
    else:
        what = say("reason.closest.differs", conditions=count(len(miss.failed), "condition"))
    return say(
        "reason.only" if rules == 1 else "reason.closest",
        rule=miss.rule.index + 1,
        policy=Mono(miss.rule.policy.name),
        place=say("reason.closest.place", lines=lines_of(miss.rule.origin)) if miss.rule.origin else (),
        what=what,
    )


def _service_port(miss: NearMiss, verdict: Verdict, flow: Flow | None) -> list[Sentence]:
    """The commonest port mistake: the rule names the port of the Service."""
    if flow is None or flow.service is None or flow.port == verdict.port:
        return []
    if not any(item.port == flow.port for item in miss.rule.rule.ports):
        return []
    return [say("reason.Service port", asked=flow.port, port=verdict.port)]


def _dns_reasons(flow: Flow) -> Iterable[Reason]:
    dns, source = flow.dns, name_of(flow.source)
    if dns is None:
        yield Reason(say("reason.no DNS"))
    else:
        on = f"{dns.protocol} {dns.port}"
        for gate in dns.gates:
            if not gate.admitted:
                asked = dns_name(dns)
                end = source if gate.direction == "egress" else asked
                heading = say("reason.DNS", source=source, dns=asked, on=on, way=gate.direction, end=end)
                closed = _closed(gate, dns, flow)
                yield Reason(heading, closed.lines, closed.conditions)
    if flow.by_address is not None:
        yield _by_address(flow, flow.by_address)


def dns_name(question: Verdict) -> str:
    """What answers names: kube-dns, or the address of a cache on the node."""
    return "kube-dns" if isinstance(question.destination, Pod) else name_of(question.destination)


def _by_address(flow: Flow, direct: Flow) -> Reason:
    address = direct.address
    if direct.service is not None and isinstance(direct.destination, Pod):
        address = direct.destination.ip
    way = {"source": name_of(flow.source), "address": address, "on": pod_port(direct)}
    if direct.connected:
        passed = say("reason.by address.passed", **way)
        return Reason(say("reason.by address.works"), (passed,), edge="allowed", by_address=True)
    stops = direct.verdict.stops_at if direct.verdict is not None else ""
    told = say(f"reason.by address.{'stops' if stops else 'ends'}", **way, stops=stops, outcome=direct.outcome)
    return Reason(say("reason.by address.fails"), (told,), edge="ink", by_address=True)


def _not_a_policy(flow: Flow, stop: Step) -> Reason:
    """Failures in which no policy has a part, and what to look at."""
    if stop.name == "Service":
        own = stop.fact in ("no endpoints", "no ready pod", "not on this node")
        look = stop.fact if own else "Service"
        heading: Sentence = (capital(next(each.said for each in steps_told(flow) if each.state == "stopped")),)
    else:
        look = stop.fact
        heading = say(f"reason.{look}", port=pod_port(flow))
    return Reason(heading, (say(f"reason.{look}.look", names=Mono("service.namespace")),), edge="ink")
