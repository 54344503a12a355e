"""Misconceptions about what was there before: rules add up, nothing has to be lifted, and a name is replaced.

Each function works as :mod:`netpol_lab.lessons.misconceptions` says.
"""

from __future__ import annotations

from netpol_lab.engine.verdict import Verdict
from netpol_lab.lessons.evidence import Cause, Evidence, counterpart, gates, lines, sentence, short
from netpol_lab.model.objects import Direction, Endpoint, Labels, NetworkPolicy, Pod
from netpol_lab.tell.condition_words import condition_words


def deny_does_not_win(evidence: Evidence) -> Cause | None:
    """M16: the student closes, and an older policy goes on admitting."""
    verdict = evidence.leak
    if verdict is None or not evidence.policies or any(True for _ in evidence.admitting()):
        return None
    older = [rule for gate in reversed(gates(verdict)) for rule in gate.admitting]
    if not older or not _then(evidence, verdict):
        return None
    if older[0].policy.name in evidence.exercise.answer_names:
        text = (
            f"`{older[0].policy.name}` is still there as it was when the exercise began. Rules add up, so {older[0]} "
            "goes on admitting. Delete it, or give your policy its name."
        )
    else:
        text = (
            f"a policy cannot take back what another admits. {sentence(older[0])} still admits it; rules add up. "
            "Change or delete that policy."
        )
    return Cause("M16", text, lines(older[0].origin))


def isolation_gone(evidence: Evidence) -> Cause | None:
    """M16: what isolated a pod was deleted or replaced, to make an allow work."""
    for gate in gates(evidence.leak):
        if gate.isolated or not isinstance(gate.endpoint, Pod):
            continue
        for policy, is_there in _lost(evidence, gate.direction, gate.endpoint):
            if not is_there:
                is_answer = policy.name in evidence.exercise.answer_names
                advice = "Nothing has to be lifted for an allow to work: apply it again."
                return Cause(
                    "M16",
                    f"the policy that isolated the pods is gone. `{policy.name}` was there when the exercise began. "
                    + (f"Without it nothing isolates {short(gate.endpoint)}: repair it." if is_answer else advice),
                )
            return Cause(
                "M16",
                f"`{policy.name}` does not isolate {short(gate.endpoint)} any more. It did when the exercise began, "
                "and applying a policy replaces the one of that name. Nothing has to be lifted for an allow to work: "
                "put it back as it was, and give yours a name of its own.",
                lines(_now(evidence, policy).origin),
            )
    return None


def still_isolated(evidence: Evidence) -> Cause | None:
    """M16: a pod was taken out of the default deny, and another policy isolates it too."""
    for gate in evidence.stops():
        tried = any(True for _ in evidence.near_misses())
        if tried or not isinstance(gate.endpoint, Pod) or not gate.isolating:
            continue
        for policy, _ in _lost(evidence, gate.direction, gate.endpoint):
            left, pod = gate.isolating[0], short(gate.endpoint)
            also = (
                f"`{left.name}` selects {pod} too, and a policy that admits something also isolates."
                if left.rules(gate.direction)
                else f"`{left.name}` isolates {pod} too."
            )
            return Cause(
                "M16",
                f"{also} {pod} is out of `{policy.name}` now, and that opens nothing as long as one policy isolates "
                "it. Nothing has to be lifted: write a rule that admits the connection.",
                lines(left.origin),
            )
    return None


def rule_lost(evidence: Evidence) -> Cause | None:
    """M16: a connection worked when the exercise began, by a rule that was deleted or replaced."""
    now = {policy.id: policy for policy in evidence.state.policies}
    for judged in evidence.misses:
        protocol, port = judged.telling_port(judged.missing)
        ends = judged.source.endpoint, judged.destination.endpoint
        before = _then(evidence, evidence.state.verdict(*ends, port, protocol))
        for policy in (rule.policy for gate in gates(before) for rule in gate.admitting):
            if now.get(policy.id) == policy or policy.name in evidence.exercise.answer_names:
                continue
            what = f"{short(ends[0])} reached {short(ends[1])} on {protocol} {port} when the exercise began"
            if policy.id not in now:
                return Cause(
                    "M16", f"a policy that is needed is gone. {what}: `{policy.name}` admitted it. Apply it again."
                )
            return Cause(
                "M16",
                f"a policy that is needed was replaced. {what}: `{policy.name}` admitted it. Applying a policy "
                "replaces the one of that name. Put it back as it was, and give yours a name of its own.",
                lines(now[policy.id].origin),
            )
    return None


def label_changed(evidence: Evidence) -> Cause | None:
    """M17: no policy was written; a label was changed, and with it who fits the rules."""
    if evidence.policies:
        return None
    for verdict in (evidence.leak, evidence.missing):
        for end in (verdict.source, verdict.destination) if verdict is not None else ():
            for name, old, new in _labels(evidence, end):
                if old != new:
                    return Cause("M17", _still_wanted(evidence) or _label_text(name, old, new))
    return None


def _label_text(name: str, old: Labels, new: Labels) -> str:
    return (
        f"a label was changed. {name} has `{new or '<none>'}` now; it had `{old or '<none>'}`. Selectors look at "
        "labels and nothing else, so other rules fit it."
    )


def _still_wanted(evidence: Evidence) -> str:
    """What a rule goes on asking for, where nothing else is wrong than that a connection is missing."""
    if evidence.leak is not None:
        return ""
    for gate in evidence.stops():
        for condition in (failed for miss in gate.near_misses for failed in miss.failed if failed.fix is not None):
            return f"one label is not enough. {condition_words('lesson', condition)}"
    return ""


def _labels(evidence: Evidence, end: Endpoint) -> list[tuple[str, Labels, Labels]]:
    """What selectors see of an end, then and now."""
    before = counterpart(evidence.start, end)
    if not isinstance(end, Pod) or not isinstance(before, Pod):
        return []
    return [(short(end), before.labels, end.labels), *_namespace_labels(evidence, end.namespace)]


def _namespace_labels(evidence: Evidence, name: str) -> list[tuple[str, Labels, Labels]]:
    old, new = (
        next((space.labels for space in state.namespaces if space.name == name), None)
        for state in (evidence.start, evidence.state)
    )
    return [] if old is None or new is None else [(f"The namespace {name}", old, new)]


# -- then and now ----------------------------------------------------------------------------------


def _lost(evidence: Evidence, direction: Direction, pod: Pod) -> list[tuple[NetworkPolicy, bool]]:
    """The policies that isolated a pod at the start and do not now, each with whether it is still there.

    A policy that is meant as the answer may be changed, but not be gone.
    """
    before = counterpart(evidence.start, pod)
    if not isinstance(before, Pod):
        return []
    isolating_now = {policy.id for policy in evidence.state.engine.isolating(direction, pod)}
    there = {policy.id for policy in evidence.state.policies}
    return [
        (policy, policy.id in there)
        for policy in evidence.start.engine.isolating(direction, before)
        if policy.id not in isolating_now and not (policy.id in there and policy.name in evidence.exercise.answer_names)
    ]


def _now(evidence: Evidence, policy: NetworkPolicy) -> NetworkPolicy:
    return next(each for each in evidence.state.policies if each.id == policy.id)


def _then(evidence: Evidence, verdict: Verdict) -> Verdict | None:
    """The verdict at the start where it was "allowed"; None otherwise, or where an end was not there."""
    ends = [counterpart(evidence.start, end) for end in (verdict.source, verdict.destination)]
    if ends[0] is None or ends[1] is None:
        return None
    found = evidence.start.verdict(ends[0], ends[1], verdict.port, verdict.protocol)
    return found if found.allowed else None
