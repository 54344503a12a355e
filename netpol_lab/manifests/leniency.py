"""What an API server would refuse and a reader can still understand, for dumps that were shortened or made by hand.

A policy is taken only where what it says is in no doubt; what another object lacks must not change who it is.
"""

from __future__ import annotations

from netpol_lab.manifests.name_rules import HOST_BITS, IPV4_IN_IPV6, LEADING_ZEROS
from netpol_lab.manifests.problem import Problem, Report
from netpol_lab.model.bodies import Body

_DECISIVE = ("port", "Port", "protocol", "replicas", "type", "clusterIPs[0]", "schedule")
"""Ends of fields whose value cannot be left in doubt."""


def is_clear(report: Report) -> bool:
    """Whether the object can be understood in spite of all its problems."""
    return all(_is_clear(problem) for problem in report)


def _is_clear(problem: Problem) -> bool:
    policy = problem.object.kind == "NetworkPolicy"
    if problem.kind == "decode":
        return problem.message.startswith("unknown field") and not (policy and problem.field.startswith("spec"))
    if problem.kind != "validation":
        return False
    if policy:
        older = problem.message.endswith((HOST_BITS, LEADING_ZEROS, IPV4_IN_IPV6))
        return older or problem.field.startswith("metadata.")
    return not problem.field.endswith(_DECISIVE) and not problem.field.startswith(("subsets", "endpoints"))


def name_containers(body: Body) -> None:
    """Number the containers that have no name: exec and logs need one."""
    part = body.get("spec") or {}
    for step in {"Pod": (), "CronJob": ("jobTemplate", "spec", "template", "spec")}.get(
        body["kind"], ("template", "spec")
    ):
        part = part.get(step) or {}
    for number, container in enumerate(part.get("containers") or (), start=1):
        container["name"] = container.get("name") or f"container-{number}"
