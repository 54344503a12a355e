"""What happened to one connection, in words: the verdict, the reason, the near miss. Nothing is drawn here.

The sentence is always "no rule admits", never that a policy denies: isolation closes a door, and rules open it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from netpol_lab.connections import Flow
from netpol_lab.engine.verdict import Verdict
from netpol_lab.model.language import spoken
from netpol_lab.model.objects import OUTSIDE, Endpoint, Node, Pod, name_of
from netpol_lab.model.phrases import capital, count
from netpol_lab.tell.saying import line, say
from netpol_lab.tell.step_words import ToldStep, steps_told
from netpol_lab.tell.why_reasons import Reason, near_miss, pod_port, reasons
from netpol_lab.tell.words import Mono, Sentence

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
    steps: tuple[ToldStep, ...]
    reasons: tuple[Reason, ...]
    verdict: Verdict | None

    @property
    def stop(self) -> int | None:
        """The place of the step that stopped it, from 0; None when it arrived."""
        return next((i for i, step in enumerate(self.steps) if step.state == "stopped"), None)


def tell(flow: Flow) -> WhyStory:
    """The story of a connection attempt."""
    ending, names = _ending(flow), _names(flow)
    title, headline = line(f"title.{ending}", **names), line(f"head.{ending}", **names)
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
        steps=steps_told(flow),
        reasons=tuple(reasons(flow)),
        verdict=flow.judged,
    )


def note_of(endpoint: Endpoint) -> str:
    """The second line of a box: the namespace, or what it is."""
    if isinstance(endpoint, Pod):
        return endpoint.namespace
    if isinstance(endpoint, Node):
        return spoken("a node")
    named = endpoint != OUTSIDE and endpoint.name != str(endpoint.address)
    return str(endpoint.address) if named else spoken("outside")


def _ending(flow: Flow) -> str:
    """Which title a connection has: by its verdict, or by the step that stopped it."""
    verdict, stop = flow.verdict, flow.stopped_at
    if verdict is not None and verdict.depends:
        return "depends"
    if flow.connected:
        return "itself" if flow.destination == flow.source else "allowed"
    if flow.outcome == "dns timed out":
        return "DNS"
    if stop is not None and stop.name not in ("Egress", "Ingress"):
        return stop.fact
    return (verdict.stops_at if verdict is not None else "") or "egress"


def _names(flow: Flow) -> dict[str, object]:
    return {
        "source": name_of(flow.source),
        "target": flow.target_name,
        "on": f"{flow.protocol} {flow.port}",
        "port": pod_port(flow),
        "host": flow.host,
        "address": flow.address,
        "service": flow.service.name if flow.service is not None else "",
    }


def _quiet(flow: Flow) -> Sentence:
    """Why, in one line."""
    verdict = flow.verdict
    if flow.outcome == "dns timed out":
        stops = flow.dns.stops_at if flow.dns is not None else ""
        way = stops if stops in ("egress", "ingress") else "nobody"
        return say("quiet.DNS", why=say(f"quiet.DNS.{way}", source=name_of(flow.source)))
    if flow.outcome == "bad address":
        return say("quiet.no such name")
    if verdict is None:
        return say("quiet.not judged")
    if verdict.depends:
        return say("quiet.depends")
    if flow.outcome == "timed out" and not verdict.stops_at:
        return say("quiet.nothing is there")
    if flow.outcome == "refused":
        return say("quiet.refused")
    if flow.connected:
        return _quiet_allowed(flow, verdict)
    if verdict.stops_at == "both ends":
        return say("quiet.both ends")
    gate, other = verdict.ingress, verdict.egress
    if verdict.stops_at == "egress":
        gate, other = other, gate
    close = say("quiet.close") if near_miss(gate) else ()
    if other.isolated:
        return say("quiet.one end", way=other.direction, end=name_of(other.endpoint), close=close)
    number = len(gate.isolating)
    return say(
        "quiet.isolated.one" if number == 1 else "quiet.isolated",
        policies=capital(count(number, "policy", "policies")),
        end=name_of(gate.endpoint),
        way=gate.direction,
        close=close,
    )


def _quiet_allowed(flow: Flow, verdict: Verdict) -> Sentence:
    doors = [gate for gate in verdict.gates if gate.isolated]
    through: Sentence = ()
    if flow.service is not None and flow.target_port not in (None, flow.port):
        through = say("quiet.through", asked=flow.port, port=flow.target_port)
    ignored = next((gate for gate in (verdict.ingress, verdict.egress) if gate.ignored), None)
    if ignored and not doors:
        return say("quiet.ignored", plugin=ignored.ignored_by, through=through)
    if len(doors) != 1:
        return say("quiet.two doors" if doors else "quiet.no door", through=through)
    rule = doors[0].admitting[0]
    return say("quiet.one door", rule=rule.index + 1, policy=Mono(rule.policy.name), through=through)
