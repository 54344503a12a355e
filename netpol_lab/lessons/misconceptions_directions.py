"""Misconceptions about directions: which end a policy is for, which list a rule belongs to, and ``policyTypes``.

Each function works as :mod:`netpol_lab.lessons.misconceptions` says.
"""

from __future__ import annotations

from netpol_lab.engine.verdict import Gate, RuleRef
from netpol_lab.lessons.evidence import OTHER, SIDE, Cause, Evidence, counterpart, gates, lines, listed, short
from netpol_lab.model.objects import Pod

_DOES = {"ingress": "receives", "egress": "sends"}

# -- the other end, the other direction ------------------------------------------------------------


def ends_exchanged(evidence: Evidence) -> Cause | None:
    """M9: the policy selects the pod that should stand in its rules, and its rules name the pod to select."""
    verdict = evidence.missing
    for gate in evidence.stops():
        assert verdict is not None
        other = evidence.other_end(gate.direction, verdict)
        for policy in evidence.policies:
            names_it = any(
                peer.pod_selector is not None
                and not peer.pod_selector.is_empty
                and not {"outside", "pod label"}
                & {each.kind for each in evidence.failures(policy, peer, gate.endpoint)}
                for rule in policy.rules(gate.direction)
                for peer in rule.peers
            )
            selected = evidence.pods(policy)
            if names_it and other in selected and gate.endpoint not in selected:
                return Cause(
                    "M9",
                    f"the two ends are exchanged. `{policy.name}` selects {short(other)}, the pod that "
                    f"{_DOES[OTHER[gate.direction]]}. An {gate.direction} rule belongs to the pod that "
                    f"{_DOES[gate.direction]}: select {short(gate.endpoint)}, and name {short(other)} under "
                    f"`{SIDE[gate.direction]}`.",
                    lines(policy.pod_selector.origin or policy.origin),
                )
    return None


def wrong_list(evidence: Evidence) -> Cause | None:
    """M9: the rule that was meant stands among the rules of the other direction."""
    verdict = evidence.missing
    for gate in evidence.stops():
        assert verdict is not None
        other, wrong = evidence.other_end(gate.direction, verdict), OTHER[gate.direction]
        for policy in evidence.policies:
            if policy.rules(gate.direction) or gate.endpoint not in evidence.pods(policy):
                continue
            for index, rule in enumerate(policy.rules(wrong)):
                is_needed = any(True for _ in evidence.wanted_through(RuleRef(policy, wrong, index)))
                if evidence.fits(policy, rule, verdict, other) and not is_needed:
                    pod = short(gate.endpoint)
                    return Cause(
                        "M9",
                        f"the rule is in the wrong direction. {pod} {_DOES[gate.direction]} this connection, and "
                        f"`{policy.name}` admits {short(other)} under `{wrong}`. The rule belongs under "
                        f"`{gate.direction}`, with `{SIDE[gate.direction]}`.",
                        lines(rule.origin),
                    )
    return None


def other_end_closed(evidence: Evidence) -> Cause | None:
    """M9: a pod was to be shut for everybody, and the policy closes one of those who use it."""
    if any(True for _ in evidence.admitting()):
        return None  # that rule is the cause
    for gate in gates(evidence.leak):
        is_asked = evidence.is_asked_shut(gate.endpoint, gate.direction)
        if gate.isolated or not is_asked or not evidence.is_to_be_shut(gate.endpoint, gate.direction):
            continue
        wrong = OTHER[gate.direction]
        for policy in evidence.policies:
            selected = evidence.pods(policy)
            meant = gate.endpoint in selected or any(evidence.is_to_be_shut(pod, wrong) for pod in selected)
            if not selected or meant or policy.isolates(gate.direction) or not policy.isolates(wrong):
                continue
            end, what = short(gate.endpoint), "a way in" if gate.direction == "ingress" else "a way out"
            return Cause(
                "M9",
                f"the wrong end is closed. `{policy.name}` isolates {_some(selected)} for {wrong}, and all others "
                f"still have {what} {'to' if gate.direction == 'ingress' else 'from'} {end}. Select {end}, and list "
                f"`{gate.direction.capitalize()}`.",
                lines(policy.pod_selector.origin or policy.origin),
            )
    return None


def _some(pods: list[Pod]) -> str:
    names = list(dict.fromkeys(short(pod) for pod in pods))
    return listed(names) if len(names) < 4 else f"{names[0]} and {len(names) - 1} others"


def one_end_only(evidence: Evidence) -> Cause | None:
    """M9: one end admits, the other is isolated and does not."""
    verdict = evidence.missing
    if verdict is None:
        return None
    for gate, other in ((verdict.egress, verdict.ingress), (verdict.ingress, verdict.egress)):
        opened = any(rule.policy in evidence.policies for rule in other.admitting)
        if not gate.admitted and opened:
            return Cause(
                "M9",
                f"only one end is open. {other.direction.capitalize()} of {short(other.endpoint)} admits it. "
                f"{gate.direction.capitalize()} of {short(gate.endpoint)} must admit it too.",
                lines(other.admitting[0].origin),
            )
    return None


# -- policyTypes -----------------------------------------------------------------------------------


def direction_missing(evidence: Evidence) -> Cause | None:
    """S16: the direction in which the leak passes is not in policyTypes."""
    if evidence.leak is None or any(True for _ in evidence.admitting()):
        return None
    for gate in gates(evidence.leak):
        if gate.isolated or evidence.is_to_stay_open(gate.endpoint, gate.direction):
            continue
        for policy in evidence.policies:
            if gate.endpoint in evidence.pods(policy) and not policy.isolates(gate.direction):
                word = gate.direction.capitalize()
                inert = f" So its {gate.direction} rules have no effect." if policy.rules(gate.direction) else ""
                return Cause(
                    "S16",
                    f"`{word}` is missing in policyTypes. `{policy.name}` selects {short(gate.endpoint)} and isolates "
                    f"it for {' and '.join(policy.policy_types).lower()} only.{inert}",
                    lines(policy.types_origin or policy.origin),
                )
    return None


def rules_asleep(evidence: Evidence) -> Cause | None:
    """S16: the rules that were to admit belong to a direction that is not in policyTypes."""
    for gate in evidence.stops():
        word = gate.direction.capitalize()
        for policy in evidence.policies:
            asleep = policy.rules(gate.direction) and not policy.isolates(gate.direction)
            if asleep and gate.endpoint in evidence.pods(policy):
                return Cause(
                    "S16",
                    f"`{word}` is missing in policyTypes. So the {gate.direction} rules of `{policy.name}` are asleep: "
                    "they are stored, and nothing asks them.",
                    lines(policy.types_origin or policy.origin),
                )
    return None


def isolates_too_much(evidence: Evidence) -> Cause | None:
    """S17: a direction is listed in policyTypes that was not asked for, or that has no rules."""
    for gate, policy in evidence.stopping():
        tried = any(miss.rule.policy != policy for miss in evidence.near_misses())
        if len(policy.policy_types) < 2 or tried or evidence.is_to_be_shut(gate.endpoint, gate.direction):
            continue
        word, pod = gate.direction.capitalize(), short(gate.endpoint)
        if not policy.rules(gate.direction):
            text = (
                f"`{word}` is listed and has no rules. So `{policy.name}` isolates {pod} for {gate.direction} and "
                f"admits nothing there. Take `{word}` out of policyTypes, or write rules for it."
            )
        elif _was_open(evidence, gate):
            text = (
                f"`{word}` is listed, and nobody asked for that. {pod} was open for {gate.direction}. Now "
                f"`{policy.name}` isolates it there, and its rules leave this connection out. Take `{word}` out of "
                "policyTypes."
            )
        else:
            continue
        return Cause("S17", text, lines(policy.types_origin or policy.origin))
    return None


def _was_open(evidence: Evidence, gate: Gate) -> bool:
    """Whether this door was open at the start, and the exercise does not speak of the connection."""
    pair, pod = evidence.missing_pair, gate.endpoint
    if pair is None or pair.missing & pair.explicit or not isinstance(pod, Pod):
        return False
    before = counterpart(evidence.start, pod)
    return isinstance(before, Pod) and not evidence.start.engine.isolating(gate.direction, before)


def both_directions_for_all(evidence: Evidence) -> Cause | None:
    """S17: one policy for two pods that were to be closed in different directions."""
    for gate, policy in evidence.stopping():
        others = [pod for pod in evidence.pods(policy) if evidence.is_to_be_shut(pod, gate.direction)]
        mine = evidence.is_to_be_shut(gate.endpoint, OTHER[gate.direction])
        if len(policy.policy_types) == 2 and mine and others and gate.endpoint not in others:
            return Cause(
                "S17",
                f"every direction holds for every pod that is selected. `{policy.name}` is to close "
                f"{short(gate.endpoint)} for {OTHER[gate.direction]} and {_some(others)} for {gate.direction}, and it "
                "closes each of them in both. Write a policy for each.",
                lines(policy.types_origin or policy.origin),
            )
    return None


def no_rule_written(evidence: Evidence) -> Cause | None:
    """M15: a policy that was to admit somebody has no rule; an empty list admits nobody."""
    for gate, policy in evidence.stopping():
        is_default_deny = policy.pod_selector.is_empty or evidence.is_to_be_shut(gate.endpoint, gate.direction)
        if policy.rules(gate.direction) or is_default_deny or any(True for _ in evidence.near_misses()):
            continue
        return Cause(
            "M15",
            f"the policy has no rule. `{policy.name}` isolates {short(gate.endpoint)} for {gate.direction}, and an "
            f"empty or missing list of rules admits nobody. Write the rule that admits, under `{gate.direction}`.",
            lines(policy.pod_selector.origin or policy.origin),
        )
    return None
