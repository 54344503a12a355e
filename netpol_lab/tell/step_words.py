"""The five steps of a connection in words. Names are chosen here, from the objects: a pod is called by its workload."""

from __future__ import annotations

from dataclasses import dataclass

from netpol_lab.connections import Flow, Step
from netpol_lab.connections.flow import Fact, StepName, StepState
from netpol_lab.connections.steps import near_misses, socket, where
from netpol_lab.engine.verdict import Gate
from netpol_lab.model.language import spoken
from netpol_lab.model.objects import name_of
from netpol_lab.model.phrases import count
from netpol_lab.tell.reason_sentences import STEP_LINES


@dataclass(frozen=True)
class ToldStep:
    """A step with its words: at most three short ``lines`` for under a picture, and all of it ``said`` in one line."""

    name: StepName
    state: StepState
    fact: Fact
    lines: tuple[str, ...]

    @property
    def said(self) -> str:
        """The lines as one.

        >>> ToldStep("Port", "stopped", "nothing listens", ("refused", "nothing listens", "on TCP 81")).said
        'refused: nothing listens on TCP 81'
        """
        first, *rest = self.lines
        heading = rest and self.state in ("stopped", "unused") and not STEP_LINES[self.fact][0].endswith(":")
        return " ".join([f"{first}:" if heading else first, *rest])


def steps_told(flow: Flow) -> tuple[ToldStep, ...]:
    """Every step of a flow with its words, in order."""
    return tuple(_told(flow, step) for step in flow.steps)


def _told(flow: Flow, step: Step) -> ToldStep:
    parts = _parts(flow, step)
    return ToldStep(step.name, step.state, step.fact, tuple(spoken(each, **parts) for each in STEP_LINES[step.fact]))


def _parts(flow: Flow, step: Step) -> dict[str, object]:
    """What the lines speak of. A part that this flow does not have belongs to a step that it did not come to."""
    parts: dict[str, object] = {
        "host": flow.host,
        "address": flow.address,
        "asked": f"{flow.protocol} {flow.port}",
        "port": f"{flow.protocol} {flow.target_port}",
        "dialed": socket(flow.address, flow.port) if flow.address is not None else f"{flow.host}:{flow.port}",
        "dns_end": _dns_end(flow),
        "service": flow.service.name if flow.service is not None else "",
    }
    if flow.destination is not None and flow.target_port is not None:
        parts |= {
            "target": where(flow.destination, flow.target_port),
            "target_name": name_of(flow.destination),
        }
    if flow.verdict is not None and step.name in ("Egress", "Ingress"):
        gate = flow.verdict.egress if step.name == "Egress" else flow.verdict.ingress
        near = near_misses(gate)
        parts |= {
            "end": name_of(gate.endpoint),
            "near": spoken("1 near miss") if near == 1 else spoken("{near} near misses, 1 told", near=near),
        }
        parts |= {"plugin": gate.ignored_by, "ignored": _policies(gate)}
        if gate.admitting:
            parts |= {"policy": gate.admitting[0].policy.name, "rule": gate.admitting[0].index + 1}
    return parts


def _policies(gate: Gate) -> str:
    return gate.ignored[0].name if len(gate.ignored) == 1 else count(len(gate.ignored), "policy", "policies")


def _dns_end(flow: Flow) -> str:
    stops = flow.dns.stops_at if flow.dns is not None else ""
    return "egress and ingress" if stops == "both ends" else stops
