"""Misconceptions about the pods a policy is for: their namespace, and ``spec.podSelector``.

Each function works as :mod:`netpol_lab.lessons.misconceptions` says.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from netpol_lab.engine.verdict import Gate
from netpol_lab.lessons.evidence import Cause, Evidence, gates, lines, listed, short
from netpol_lab.model.objects import Direction, Endpoint, NetworkPolicy, Pod


def wrong_namespace(evidence: Evidence) -> Cause | None:
    """M8: the policy stands where its pods are not."""
    for policy in evidence.policies:
        at_home = policy.namespace in evidence.exercise.scope or policy.name not in evidence.exercise.answer_names
        if at_home and evidence.pods(policy):
            continue
        there = [name for name in evidence.exercise.scope if name != policy.namespace and evidence.pods(policy, name)]
        if there:
            return Cause(
                "M8",
                f"the policy is in the wrong namespace. `{policy.name}` is in `{policy.namespace}`, and a policy "
                "selects pods of its own namespace only. The pods you mean are in "
                f"{listed(f'`{name}`' for name in there)}.",
                lines(policy.origin),
            )
    return None


def selects_no_pod(evidence: Evidence) -> Cause | None:
    """M17: the labels under spec.podSelector are nobody's."""
    for policy in evidence.policies:
        if not evidence.pods(policy):
            return Cause(
                "M17",
                f"the policy selects no pod. No pod of `{policy.namespace}` has `{policy.pod_selector}`."
                + (_elsewhere(evidence, policy) or _nearest(evidence, policy)),
                lines(policy.pod_selector.origin or policy.origin),
            )
    return None


def _elsewhere(evidence: Evidence, policy: NetworkPolicy) -> str:
    """Where the pods with these labels are, when they are pods of another namespace."""
    spaces = [space.name for space in evidence.state.namespaces if evidence.pods(policy, space.name)]
    if not spaces:
        return ""
    return (
        f" Pods of {listed(f'`{name}`' for name in spaces)} have it. A policy selects pods of its own namespace; those "
        "of another one can only stand in a rule, under `from` or `to`."
    )


def _nearest(evidence: Evidence, policy: NetworkPolicy) -> str:
    """The label of a pod that looks most like the one the policy asks for."""
    there = {
        f"{key}={value}"
        for pod in evidence.state.pods
        if pod.namespace == policy.namespace
        for key, value in pod.labels.items()
    }
    close = get_close_matches(str(policy.pod_selector), sorted(there), 1, 0.5)
    return f" A pod has `{close[0]}`." if close else ""


# -- spec.podSelector: too wide, too narrow, beside the mark ----------------------------------------


def selects_every_pod(evidence: Evidence) -> Cause | None:
    """M15: an empty spec.podSelector where some pods were meant."""
    for gate, policy in _needless(evidence):
        if not policy.pod_selector.is_empty or _is_default_deny(evidence, policy, gate.direction):
            continue
        was_there = any(before.id == policy.id for before in evidence.start.policies)
        advice = (
            "Leave it as it was, and write a policy of its own for the pods you mean."
            if was_there and policy.name not in evidence.exercise.answer_names
            else "Name a label of the pods you mean."
        )
        return Cause(
            "M15",
            f"`podSelector: {{}}` selects every pod. It has no condition, so `{policy.name}` is about all pods of "
            f"`{policy.namespace}`, {short(gate.endpoint)} among them. {advice}",
            lines(policy.pod_selector.origin or policy.origin),
        )
    return None


def _is_default_deny(evidence: Evidence, policy: NetworkPolicy, direction: Direction) -> bool:
    """Whether the policy isolates every pod and admits nobody, as the solution has it too."""
    return not policy.rules(direction) and any(
        each.namespace == policy.namespace and each.pod_selector.is_empty and each.isolates(direction)
        for each in evidence.exercise.solution_policies
    )


def selects_too_many(evidence: Evidence) -> Cause | None:
    """M17: spec.podSelector picks the pods that are meant, and another one beside them."""
    for gate, policy in _needless(evidence):
        meant = [pod for pod in evidence.pods(policy) if _is_meant(evidence, pod, gate.direction)]
        if meant and not policy.pod_selector.is_empty:
            return Cause(
                "M17",
                f"`podSelector` picks {short(gate.endpoint)} as well. `{policy.pod_selector}` fits its labels, as it "
                f"fits those of {short(meant[0])}. Compare the labels of the two, letter by letter.",
                lines(policy.pod_selector.origin or policy.origin),
            )
    return None


def _needless(evidence: Evidence) -> Iterator[tuple[Gate, NetworkPolicy]]:
    """The student's policies that open or close a door the exercise does not speak of."""
    for gate in reversed(gates(evidence.leak)):
        for policy in dict.fromkeys(rule.policy for rule in gate.admitting if rule.policy in evidence.policies):
            opens = any(evidence.is_asked_open(pod, gate.direction) for pod in evidence.pods(policy))
            is_shut = evidence.is_asked_shut(gate.endpoint, gate.direction)
            if not evidence.is_asked_open(gate.endpoint, gate.direction) and (opens or not is_shut):
                yield gate, policy
    for gate, policy in evidence.stopping():
        if any(miss.rule.policy != policy for miss in evidence.near_misses()):
            continue  # the student means to open the door again: why that fails is the cause
        closes = any(evidence.is_asked_shut(pod, gate.direction) for pod in evidence.pods(policy))
        if closes and not evidence.is_asked_shut(gate.endpoint, gate.direction):
            yield gate, policy


def _is_meant(evidence: Evidence, end: Endpoint, direction: Direction) -> bool:
    return evidence.is_asked_shut(end, direction) or evidence.is_asked_open(end, direction)


def selects_the_wrong_pods(evidence: Evidence) -> Cause | None:
    """M17: spec.podSelector picks pods that were to stay open, and not the one that was to be closed."""
    for gate in gates(evidence.leak):
        pod = gate.endpoint
        if gate.isolated or not isinstance(pod, Pod) or evidence.is_to_stay_open(pod, gate.direction):
            continue
        for policy in evidence.policies:
            if not _should_select(evidence, policy, gate):
                continue
            picked = next((each for each in evidence.pods(policy) if _is_closed_needlessly(evidence, each, gate)), None)
            if picked is not None:
                return Cause(
                    "M17",
                    f"`podSelector` picks the wrong pods. `{policy.pod_selector}` fits {short(picked)}, and not "
                    f"{short(pod)}. It is about the pods that a policy isolates: select those whose "
                    f"{'way in' if gate.direction == 'ingress' else 'way out'} is to be closed.",
                    lines(policy.pod_selector.origin or policy.origin),
                )
    return None


def _is_closed_needlessly(evidence: Evidence, pod: Pod, gate: Gate) -> bool:
    misses = any(judged.missing for judged in evidence.connections(pod, gate.direction))
    return misses and evidence.is_to_stay_open(pod, gate.direction)


def opens_the_wrong_pods(evidence: Evidence) -> Cause | None:
    """M17: the rule is right, and spec.podSelector picks pods that nobody wanted to open."""
    verdict = evidence.missing
    opening = {rule.policy.id for rule in evidence.admitting() if not evidence.is_asked_open_at(rule)}
    for gate in evidence.stops():
        pod = gate.endpoint
        assert verdict is not None and isinstance(pod, Pod)
        other = evidence.other_end(gate.direction, verdict)
        for policy in evidence.policies:
            fits = any(evidence.fits(policy, rule, verdict, other) for rule in policy.rules(gate.direction))
            if policy.id in opening and fits and policy.namespace == pod.namespace and pod not in evidence.pods(policy):
                return Cause(
                    "M17",
                    f"`podSelector` picks the wrong pods. `{policy.pod_selector}` does not fit {short(pod)}. It is "
                    f"about the pods whose {'way in' if gate.direction == 'ingress' else 'way out'} the rules open.",
                    lines(policy.pod_selector.origin or policy.origin),
                )
    return None


def passes_over_one(evidence: Evidence) -> Cause | None:
    """M17: the rule is right, and spec.podSelector leaves out one of the pods that need it."""
    verdict = evidence.missing
    for gate in evidence.stops():
        pod = gate.endpoint
        assert verdict is not None and isinstance(pod, Pod)
        other = evidence.other_end(gate.direction, verdict)
        for policy in evidence.policies:
            is_right = policy in evidence.exercise.solution_policies
            is_here = policy.namespace == pod.namespace and policy.isolates(gate.direction)
            if is_right or not is_here or pod in evidence.pods(policy):
                continue
            if any(rule.peers and evidence.fits(policy, rule, verdict, other) for rule in policy.rules(gate.direction)):
                return Cause(
                    "M17",
                    f"`podSelector` passes over {short(pod)}. The rules of `{policy.name}` hold for pods with "
                    f"`{policy.pod_selector}` only.{_visitor(evidence, pod)}",
                    lines(policy.pod_selector.origin or policy.origin),
                )
    return None


def misses_pods(evidence: Evidence) -> Cause | None:
    """M17: spec.podSelector picks too few pods, often because a pod lacks the key."""
    for gate in gates(evidence.leak):
        pod = gate.endpoint
        if not isinstance(pod, Pod) or gate.isolated or evidence.is_to_stay_open(pod, gate.direction):
            continue
        found = [policy for policy in evidence.policies if _should_select(evidence, policy, gate)]
        if found:
            selectors = listed(dict.fromkeys(f"`{policy.pod_selector}`" for policy in found))
            if len(found) == 1:
                text = f"`{found[0].name}` wants {selectors}, and every condition has to hold."
            else:
                text = f"No policy of yours selects it: {selectors} do not fit its labels."
            return Cause(
                "M17",
                f"`podSelector` passes over {short(pod)}. {text}{_lacking(found, pod)}{_visitor(evidence, pod)}",
                lines(found[0].pod_selector.origin or found[0].origin),
            )
    return None


def _should_select(evidence: Evidence, policy: NetworkPolicy, gate: Gate) -> bool:
    """The policy isolates this direction, and passes over a pod of its namespace that no policy isolates."""
    pod = gate.endpoint
    assert isinstance(pod, Pod)
    return (
        not gate.isolated
        and policy.isolates(gate.direction)
        and policy.namespace == pod.namespace
        and pod not in evidence.pods(policy)
    )


def _lacking(policies: list[NetworkPolicy], pod: Pod) -> str:
    """The keys that all of these policies ask for, and the pod does not have."""
    asked = [requirement for policy in policies for requirement in policy.pod_selector.requirements]
    lacks = dict.fromkeys(each.key for each in asked if each.needs_key and each.key not in pod.labels)
    if not lacks:
        return ""
    keys = listed(f"`{key}`" for key in lacks)
    return (
        f" It has no label {keys}. `matchLabels`, `In` and `Exists` need the key; `NotIn` and `DoesNotExist` match "
        "pods without it."
    )


def _visitor(evidence: Evidence, pod: Pod) -> str:
    """Who a pod is that the student has never seen."""
    return f" {short(pod)} stands for any pod that comes later." if evidence.exercise.is_visitor(pod) else ""
