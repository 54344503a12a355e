"""Mistakes about policies as a whole: the pods they are for, and what was there before them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches

from netpol_lab.engine.verdict import Gate, Verdict
from netpol_lab.lessons.evidence import DOOR, Evidence, at_selector, counterpart, gates, short
from netpol_lab.lessons.recognize import Recognized, found, recognizes
from netpol_lab.model.labels import Labels
from netpol_lab.model.objects import Direction, Endpoint, NetworkPolicy, NetworkPolicyRule, Pod, Resource
from netpol_lab.model.phrases import in_words, listed
from netpol_lab.tell.condition_words import condition_words

# -- a policy that was not written ---------------------------------------------------------------------


@recognizes(Evidence.itself)
def policy_left_out(evidence: Evidence, _: Evidence) -> Recognized | None:
    """Of several policies some are written, each is needed, and with the rest of the solution all is as wanted."""
    halves = [rule for gate in gates(evidence.missing) for rule in gate.admitting if rule.policy in evidence.policies]
    rest = () if halves else _left_out(evidence)  # where one end is open, that is said
    for gate in (*evidence.stops(), *(gate for gate in gates(evidence.leak) if not gate.isolated)):
        for policy in (each.typed for each in rest):
            assert isinstance(policy, NetworkPolicy)
            if policy.isolates(gate.direction) and gate.endpoint in evidence.pods(policy):
                does = "opens" if gate.isolated else "closes"
                places = {"pod": short(gate.endpoint), "does": does, "door": DOOR[gate.direction]}
                return found("one" if len(rest) == 1 else "some", count=in_words(len(rest)), **places)
    return None


@recognizes(Evidence.stops_and_policies)
def rule_left_out(evidence: Evidence, stop: tuple[Gate, NetworkPolicy]) -> Recognized | None:
    """What a policy says is needed, and with one more rule of the solution all is as wanted."""
    gate, policy = stop
    meant = [each for each in evidence.exercise.solution_policies if each.id == policy.id]
    rules = policy.rules(gate.direction)

    def wrong(changed: Sequence[NetworkPolicyRule]) -> int:
        return evidence.wrong_with(replace(policy, **{gate.direction: tuple(changed)}))  # type: ignore[arg-type]

    for rule in (rule for each in meant for rule in each.rules(gate.direction) if rules and not evidence.asks_dns):
        whole = (*rules, rule)
        if not wrong(whole) and all(wrong([each for each in whole if each is not one]) for one in rules):
            end = short(evidence.far_end(gate))
            return found(policy=policy.name, end=end, direction=gate.direction).at(policy.origin)
    return None


def _left_out(evidence: Evidence) -> Sequence[Resource]:
    """The policies of the solution that are lacking, each of them needed; none where the answer has another fault."""
    written = [("NetworkPolicy", policy.namespace, policy.name) for policy in evidence.policies]
    whole = evidence.exercise.solution_objects
    lacking = {each.key: each for each in whole if each.key not in written}
    healed = evidence.state.with_objects(lacking.values())
    if not written or evidence.wrong_in(healed):
        return ()
    for key in list(lacking):
        if not evidence.wrong_in(healed.without([key])):
            healed = healed.without([key])
            del lacking[key]
    rules = (key for key, each in zip(written, evidence.policies, strict=True) if each.ingress or each.egress)
    needed = all(evidence.wrong_in(healed.without([key])) for key in rules)
    return list(lacking.values()) if needed and len(lacking) < len(whole) else ()


# -- spec.podSelector: nobody, too many, too few -------------------------------------------------------


@recognizes(Evidence.own)
def wrong_namespace(evidence: Evidence, policy: NetworkPolicy) -> Recognized | None:
    exercise = evidence.exercise
    at_home = policy.namespace in exercise.scope or policy.name not in exercise.answer_names
    there = [name for name in exercise.scope if name != policy.namespace and evidence.pods(policy, name)]
    where_it_belongs = policy.namespace in {each.namespace for each in exercise.solution_policies}
    if not there or where_it_belongs or (at_home and evidence.pods(policy)):
        return None
    if not _helps_in(evidence, policy, there[0]):
        return None
    quoted = listed(f"`{name}`" for name in there)
    return found(policy=policy.name, namespace=policy.namespace, there=quoted).at(policy.origin)


def _helps_in(evidence: Evidence, policy: NetworkPolicy, namespace: str) -> bool:
    """Whether fewer connections were wrong if the policy stood in another namespace."""
    resource = evidence.state.objects["NetworkPolicy", policy.namespace, policy.name]
    moved = replace(resource, namespace=namespace, typed=replace(policy, namespace=namespace))
    return evidence.wrong_in(evidence.state.with_objects([moved])) < evidence.wrong


@recognizes(Evidence.own)
def selects_no_pod(evidence: Evidence, policy: NetworkPolicy) -> Recognized | None:
    if evidence.pods(policy):
        return None
    spaces = [f"`{space.name}`" for space in evidence.state.namespaces if evidence.pods(policy, space.name)]
    near = _nearest_label(evidence, policy)
    also = ["elsewhere"] if spaces else ["nearest"] if near else []
    places = {"namespace": policy.namespace, "there": listed(spaces), "near": near}
    return found("nobody", *also, **_selector(policy), **places).at(at_selector(policy))


def _nearest_label(evidence: Evidence, policy: NetworkPolicy) -> str:
    """The label of a pod that looks most like the one the policy asks for."""
    pods = (pod for pod in evidence.state.pods if pod.namespace == policy.namespace)
    labels = {f"{key}={value}" for pod in pods for key, value in pod.labels.items()}
    return next(iter(get_close_matches(str(policy.pod_selector), sorted(labels), 1, 0.5)), "")


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
        if evidence.is_rightly_selected(policy, gate.endpoint):
            continue
        closes = any(evidence.is_asked_shut(pod, gate.direction) for pod in evidence.pods(policy))
        if closes and not evidence.is_asked_shut(gate.endpoint, gate.direction):
            yield gate, policy


@recognizes(_needless)
def selects_every_pod(evidence: Evidence, needless: tuple[Gate, NetworkPolicy]) -> Recognized | None:
    gate, policy = needless
    if not policy.pod_selector.is_empty or _is_default_deny(evidence, policy, gate.direction):
        return None
    was_there = any(before.id == policy.id for before in evidence.start.policies)
    foreign = was_there and policy.name not in evidence.exercise.answer_names
    places = {"namespace": policy.namespace, "pod": short(gate.endpoint)}
    return found("every", "it was there" if foreign else "name a label", **_selector(policy), **places).at(
        at_selector(policy)
    )


def _is_default_deny(evidence: Evidence, policy: NetworkPolicy, direction: Direction) -> bool:
    """Whether the policy isolates every pod and admits nobody, as the solution has it too."""
    return not policy.rules(direction) and any(
        each.namespace == policy.namespace and each.pod_selector.is_empty and each.isolates(direction)
        for each in evidence.exercise.solution_policies
    )


@recognizes(_needless)
def selects_too_many(evidence: Evidence, needless: tuple[Gate, NetworkPolicy]) -> Recognized | None:
    gate, policy = needless
    asked = (evidence.is_asked_shut, evidence.is_asked_open)
    meant = [pod for pod in evidence.pods(policy) if any(each(pod, gate.direction) for each in asked)]
    if not meant or policy.pod_selector.is_empty:
        return None
    return found(**_selector(policy), pod=short(gate.endpoint), meant=short(meant[0])).at(at_selector(policy))


def _passed_over(evidence: Evidence) -> Iterator[tuple[Gate, Pod, list[NetworkPolicy]]]:
    """The open ends of the leak that nothing isolates, with the student's policies there that pass over the pod."""
    for gate in gates(evidence.leak):
        pod = gate.endpoint
        if not gate.isolated and isinstance(pod, Pod) and not evidence.is_to_stay_open(pod, gate.direction):
            here = [each for each in evidence.policies if each.namespace == pod.namespace]
            yield gate, pod, [p for p in here if p.isolates(gate.direction) and pod not in evidence.pods(p)]


@recognizes(_passed_over)
def selects_the_wrong_pods(evidence: Evidence, passed: tuple[Gate, Pod, list[NetworkPolicy]]) -> Recognized | None:
    gate, pod, policies = passed
    for policy in policies:
        for picked in evidence.pods(policy):
            misses = any(judged.missing for judged in evidence.connections(picked, gate.direction))
            if misses and evidence.is_to_stay_open(picked, gate.direction):
                places = {"picked": short(picked), "pod": short(pod), "door": DOOR[gate.direction]}
                return found(**_selector(policy), **places).at(at_selector(policy))
    return None


@recognizes(_passed_over)
def misses_pods(evidence: Evidence, passed: tuple[Gate, Pod, list[NetworkPolicy]]) -> Recognized | None:
    _, pod, policies = passed
    if not policies:
        return None
    asked = [requirement for policy in policies for requirement in policy.pod_selector.requirements]
    lacks = dict.fromkeys(f"`{each.key}`" for each in asked if each.needs_key and each.key not in pod.labels)
    says = ["passes over", "one policy" if len(policies) == 1 else "no policy", *(["lacks"] if lacks else [])]
    selectors = listed(dict.fromkeys(f"`{policy.pod_selector}`" for policy in policies))
    places = {"pod": short(pod), "selectors": selectors, "keys": listed(lacks)}
    return found(*says, *_visitor(evidence, pod), **_selector(policies[0]), **places).at(at_selector(policies[0]))


@recognizes(Evidence.stops_and_policies)
def opens_the_wrong_pods(evidence: Evidence, stop: tuple[Gate, NetworkPolicy]) -> Recognized | None:
    gate, policy = stop
    pod = gate.endpoint
    opening = {rule.policy.id for rule in evidence.admitting() if not evidence.is_asked_open_at(rule)}
    if policy.id not in opening or not _would_admit_elsewhere(evidence, gate, policy):
        return None
    return found(**_selector(policy), pod=short(pod), door=DOOR[gate.direction]).at(at_selector(policy))


@recognizes(Evidence.stops_and_policies)
def passes_over_one(evidence: Evidence, stop: tuple[Gate, NetworkPolicy]) -> Recognized | None:
    gate, policy = stop
    pod = gate.endpoint
    if policy in evidence.exercise.solution_policies or not policy.isolates(gate.direction):
        return None
    if not _would_admit_elsewhere(evidence, gate, policy, only_named=True):
        return None
    return found("passes over", *_visitor(evidence, pod), **_selector(policy), pod=short(pod)).at(at_selector(policy))


def _would_admit_elsewhere(evidence: Evidence, gate: Gate, policy: NetworkPolicy, *, only_named: bool = False) -> bool:
    """Whether a rule of a policy fits the connection, and the policy passes over the pod where it stops."""
    pod = gate.endpoint
    assert isinstance(pod, Pod)
    if policy.namespace != pod.namespace or pod in evidence.pods(policy):
        return False
    return any(
        (rule.peers or not only_named) and evidence.fits(policy, rule, gate) for rule in policy.rules(gate.direction)
    )


def _selector(policy: NetworkPolicy) -> dict[str, object]:
    """What sentences about a podSelector say of it."""
    return {"policy": policy.name, "selector": policy.pod_selector}


def _visitor(evidence: Evidence, pod: Endpoint) -> list[str]:
    """The sentence about a pod that the student has never seen."""
    return ["visitor"] if evidence.exercise.is_visitor(pod) else []


# -- what was there before ---------------------------------------------------------------------------


@recognizes(Evidence.leaks)
def deny_does_not_win(evidence: Evidence, leak: Verdict) -> Recognized | None:
    older = [rule for gate in reversed(gates(leak)) for rule in gate.admitting]
    did = evidence.policies or {each.id for each in evidence.start.policies} - {p.id for p in evidence.state.policies}
    if not did or evidence.opens or not older or not _then(evidence, leak):
        return None
    is_answer = older[0].policy.name in evidence.exercise.answer_names
    places = {"policy": older[0].policy.name, "rule": older[0]}
    return found("still there" if is_answer else "still admits", **places).at(older[0].origin)


def _freed(evidence: Evidence) -> Iterator[tuple[Pod, NetworkPolicy, bool]]:
    """Each pod at an open end of the leak with the policies that isolated it, and whether they are still there."""
    for gate in gates(evidence.leak):
        if not gate.isolated and isinstance(gate.endpoint, Pod):
            for policy, is_there in _lost(evidence, gate.direction, gate.endpoint):
                yield gate.endpoint, policy, is_there


@recognizes(_freed)
def isolation_gone(evidence: Evidence, freed: tuple[Pod, NetworkPolicy, bool]) -> Recognized | None:
    pod, policy, is_there = freed
    places = {"policy": policy.name, "pod": short(pod), "start": evidence.exercise.start_line}
    if not is_there:
        return found("the answer is gone" if policy.name in evidence.exercise.answer_names else "gone", **places)
    return found("replaced", **places).at(_now(evidence, policy).origin)


@recognizes(Evidence.stops)
def still_isolated(evidence: Evidence, gate: Gate) -> Recognized | None:
    if any(True for _ in evidence.near_misses()) or not isinstance(gate.endpoint, Pod) or not gate.isolating:
        return None
    for policy, _ in _lost(evidence, gate.direction, gate.endpoint):
        left = gate.isolating[0]
        first = "it admits" if left.rules(gate.direction) else "it closes"
        places = {"left": left.name, "pod": short(gate.endpoint), "policy": policy.name}
        return found(first, "out of the other", **places).at(left.origin)
    return None


def _lost_rules(evidence: Evidence) -> Iterator[tuple[NetworkPolicy, Verdict]]:
    """The policies that admitted what is missing now, and do so no more; each with the verdict at the start."""
    now = {policy.id: policy for policy in evidence.state.policies}
    # One that the answer takes away is not missed, whatever went through it.
    kept = {policy.id for policy in evidence.exercise.solved_state().policies} if evidence.misses else set()
    for judged in evidence.misses:
        protocol, port = judged.telling_port(judged.missing)
        verdict = evidence.state.verdict(judged.source.endpoint, judged.destination.endpoint, port, protocol)
        for policy in (rule.policy for gate in gates(_then(evidence, verdict)) for rule in gate.admitting):
            if now.get(policy.id) != policy and policy.id in kept and policy.name not in evidence.exercise.answer_names:
                yield policy, verdict


@recognizes(_lost_rules)
def rule_lost(evidence: Evidence, lost: tuple[NetworkPolicy, Verdict]) -> Recognized | None:
    policy, verdict = lost
    ends = {"source": short(verdict.source), "destination": short(verdict.destination)}
    places = {**ends, "port": f"{verdict.protocol} {verdict.port}", "policy": policy.name}
    places["start"] = evidence.exercise.start_line
    if all(each.id != policy.id for each in evidence.state.policies):
        return found("gone", **places)
    return found("replaced", **places).at(_now(evidence, policy).origin)


def _ends(evidence: Evidence) -> Iterator[Pod]:
    """The pods at the ends of the two connections that tell most."""
    verdicts = (verdict for verdict in (evidence.leak, evidence.missing) if verdict is not None)
    ends = (end for verdict in verdicts for end in (verdict.source, verdict.destination))
    return (end for end in ends if isinstance(end, Pod))


@recognizes(_ends)
def label_changed(evidence: Evidence, end: Pod) -> Recognized | None:
    if not any(old != new for _, old, new in _labels(evidence, end)):
        return None
    if evidence.policies and not _label_alone(evidence, end):
        return None
    fixes = (failed for gate in evidence.stops() for miss in gate.near_misses for failed in miss.failed if failed.fix)
    if evidence.leak is None and (failed := next(fixes, None)) is not None:
        return found("one is not enough", condition=condition_words("lesson", failed))
    name, old, new = next(each for each in _labels(evidence, end) if each[1] != each[2])
    return found("changed", name=name, new=new or "<none>", old=old or "<none>")


def _label_alone(evidence: Evidence, end: Pod) -> bool:
    """Whether all were as wanted if this pod had the labels of the start."""
    before = counterpart(evidence.start, end)
    resource = evidence.state.objects.get(("Pod", end.namespace, end.name))
    if not isinstance(before, Pod) or resource is None:
        return False
    restored = replace(resource, typed=replace(end, labels=before.labels))
    return not evidence.wrong_in(evidence.state.with_objects([restored]))


def _labels(evidence: Evidence, end: Pod) -> list[tuple[str, Labels, Labels]]:
    """What selectors see of a pod, by its name and that of its namespace: then and now."""
    before = counterpart(evidence.start, end)
    if not isinstance(before, Pod):
        return []
    pod = (short(end), before.labels, end.labels)
    states = (evidence.start, evidence.state)
    spaces = [space for state in states for space in state.namespaces if space.name == end.namespace]
    if len(spaces) != len(states):
        return [pod]
    return [pod, (f"The namespace {end.namespace}", *(space.labels for space in spaces))]  # type: ignore[list-item]


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
    then = evidence.start.verdict(ends[0], ends[1], verdict.port, verdict.protocol)
    return then if then.allowed else None
