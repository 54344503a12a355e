"""The likely cause of a wrong answer, and another one beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from netpol_lab.lessons import mistaken_ends, mistaken_peers, mistaken_policies, mistaken_rules
from netpol_lab.lessons.behavior import judge
from netpol_lab.lessons.evidence import Evidence, gather
from netpol_lab.lessons.recognize import RECOGNIZERS, Cause, cause_of
from netpol_lab.model.objects import NetworkPolicy, NetworkPolicyRule
from netpol_lab.tell import catalogue

__all__ = [
    "Cause",
    "likely_cause",
    "mistaken_ends",
    "mistaken_peers",
    "mistaken_policies",
    "mistaken_rules",
    "other_cause",
]


def likely_cause(evidence: Evidence) -> Cause | None:
    """The first cause of the catalogue that explains the wrong answer; None when nothing is recognized."""
    for id in catalogue.causes():
        recognized = RECOGNIZERS[id](evidence) if id in RECOGNIZERS else None
        if recognized is not None:
            return cause_of(id, recognized)
    return None


def other_cause(evidence: Evidence, first: Cause) -> Cause | None:
    """What else is wrong with an answer, as far as the solution shows it: two causes are two sentences.

    Each part that differs from the solution's is judged by itself, with the rest of the solution around it. None where
    fewer than two parts are wrong by themselves, and where the first cause is not that of one part.
    """
    meant = {policy.id: policy for policy in evidence.exercise.solution_policies}
    if {policy.id for policy in evidence.policies} != meant.keys():
        return None
    answers = [
        [part if policy.id == mine.id else meant[policy.id] for policy in evidence.policies]
        for mine in evidence.policies
        for part in _parts(mine, meant[mine.id])
    ]
    causes = [cause for answer in answers if (cause := _cause_of_part(evidence, answer))] if len(answers) > 1 else []
    others = [cause for cause in causes if cause.mistake != first.mistake]
    return others[0] if others and len(others) < len(causes) else None


def _parts(mine: NetworkPolicy, meant: NetworkPolicy) -> Iterator[NetworkPolicy]:
    """The solution's policy, each with one part of the student's in it: those that differ from the solution's."""
    around = replace(meant, origin=mine.origin, types_origin=mine.types_origin)
    found = [replace(around, pod_selector=mine.pod_selector)]
    rules = [(mine.ingress, meant.ingress), (mine.egress, meant.egress)]
    if all(len(ours) == len(theirs) for ours, theirs in rules):
        found.append(replace(around, policy_types=mine.policy_types))
        for field in ("peers", "ports"):
            ingress, egress = (tuple(map(_with(field), theirs, ours)) for ours, theirs in rules)
            found.append(replace(around, ingress=ingress, egress=egress))
    else:
        found.append(replace(mine, pod_selector=meant.pod_selector))
    yield from (each for each in found if each != meant)


def _with(field: str) -> Callable[[NetworkPolicyRule, NetworkPolicyRule], NetworkPolicyRule]:
    return lambda theirs, ours: replace(theirs, origin=ours.origin, **{field: getattr(ours, field)})


def _cause_of_part(evidence: Evidence, answer: Sequence[NetworkPolicy]) -> Cause | None:
    """The likely cause, if this were the answer; None where it would be right."""
    objects = evidence.state.objects
    there = [replace(objects["NetworkPolicy", each.namespace, each.name], typed=each) for each in answer]
    state = evidence.state.with_objects(there)
    found = gather(evidence.exercise, state, evidence.start, judge(evidence.exercise, state))
    return likely_cause(replace(found, policies=tuple(answer))) if found.wrong else None
