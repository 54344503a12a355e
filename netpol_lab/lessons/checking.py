"""The check of one exercise: is everything there, does every connection behave as wanted, and if not, why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from netpol_lab.cluster.snapshot import Snapshot, View
from netpol_lab.connections.scene import SceneNode
from netpol_lab.engine.verdict import Gate, RuleRef, Verdict
from netpol_lab.lessons.behavior import Judged, judge
from netpol_lab.lessons.evidence import gather, is_left_over, own_policies, parts_of, short
from netpol_lab.lessons.loading import Exercise, load
from netpol_lab.lessons.object_checks import candidates, object_problem
from netpol_lab.lessons.passing import door_note, labels_in_the_way, labels_of_pods_alone, nobody_to_ask, plugin_note
from netpol_lab.lessons.recognize import cause_of
from netpol_lab.lessons.recognize import found as recognized
from netpol_lab.model.errors import NotFound
from netpol_lab.model.language import spoken
from netpol_lab.model.objects import NetworkPolicy, NetworkPolicyPeer, Pod
from netpol_lab.model.phrases import first_lines, listed, nth
from netpol_lab.tell.caveat_words import caveat_line
from netpol_lab.tell.feedback import CounterExample, Feedback, FeedbackVerdict

if TYPE_CHECKING:
    from netpol_lab.display.card import Picture
    from netpol_lab.display.feedback_card import CheckPicture

COUNTED = "A connection is one way from one end to another, with all its ports. YAML is not compared."

HOW = f"{COUNTED} Any answer with this behavior passes."

Status = Literal["done", "not started", "not there", "not yet"]


@dataclass(frozen=True)
class CheckResult:
    """What a check found.

    ``status``: ``done``; ``not started``, nothing was applied yet; ``not there``, an object is missing or differs;
    ``not yet``, a connection is not as wanted. ``feedback`` holds the connections, where some were judged.
    ``sentences`` say the rest; with ``done``, with which network plugins the answer fails. ``mistake`` is the id of
    the likely cause, or None. ``policies`` are the student's that were judged. ``first`` is what has to be known before
    all that, or "".
    """

    exercise: Exercise
    status: Status
    sentences: tuple[str, ...] = ()
    mistake: str | None = None
    feedback: Feedback | None = None
    policies: tuple[NetworkPolicy, ...] = ()
    first: str = ""

    @property
    def passed(self) -> bool:
        return self.status == "done"

    def after_refusal(self, command: str, said: str = "") -> CheckResult:
        """The same, said of what stood before: kubectl refused the last command that was to change something."""
        repair = "repair that first, the line with `hint:` says where"
        if "(AlreadyExists)" in said:
            repair = (
                "something of that name is there, and stays as it is. Change it, for example with `kubectl label ... "
                "--overwrite`, or take it away first with `kubectl delete`"
            )
        first = (
            "kubectl refused `{command}`: {repair}. What follows is about the cluster as it stood before, with the "
            "line numbers of what was applied then."
        )
        return self.beginning(spoken(first, command=command.removeprefix("kubectl "), repair=spoken(repair)))

    def after_a_try(self, command: str) -> CheckResult:
        """The same, where a command changed something, and nothing that the exercise looks at."""
        first = (
            "`{command}` changed something: nothing that this exercise looks at. Compare the names and the namespaces "
            "with the question. `{line}` starts over."
        )
        return self.beginning(spoken(first, command=command, line=self.exercise.start_line))

    def after_many_tries(self) -> CheckResult:
        """The same, with the line that starts over."""
        line = self.exercise.start_line
        over = spoken(
            "Start over: `{line}` gives you the cluster as this exercise finds it. Your files stay.", line=line
        )
        if self.feedback is None:
            return replace(self, sentences=(*self.sentences, over))
        return replace(self, feedback=replace(self.feedback, notes=(*self.feedback.notes, over)))

    def after_writing(self, file: str) -> CheckResult:
        """The same, said of what was applied: the student's file says something else now."""
        return self.beginning(
            f"`{file}` is not what was applied: apply it again, `kubectl apply -f {file}`. What follows is about what "
            "was applied, with its line numbers."
        )

    def beginning(self, first: str) -> CheckResult:
        """The same, with a sentence that has to be known before all that."""
        feedback = replace(self.feedback, first=first) if self.feedback else None
        return replace(self, first=first, feedback=feedback)


def check(view: View, exercise: str | Exercise, xx: str = "07") -> CheckResult:
    """Check one exercise on a cluster, which stays as it is.

    ``exercise`` is an id such as ``02-default-deny/1``. Never raises for a wrong or missing answer; raises NotFound for
    an exercise that does not exist.
    """
    wanted = load(exercise, xx) if isinstance(exercise, str) else exercise
    now, start = view.snapshot(), wanted.start_cluster().snapshot()
    if untouched(wanted, now, start):
        return CheckResult(wanted, "not started", (_not_started(wanted),))
    state = wanted.with_visitors(now)
    for item in wanted.objects:
        problem = object_problem(state, item)
        if problem is not None:
            return CheckResult(wanted, "not there", (problem.text,), problem.mistake or None)
    if wanted.policies == "kept" and (extra := own_policies(wanted, now, start)):
        places = {"policy": extra[0].name, "namespace": extra[0].namespace}
        needless = cause_of("policy-not-wanted", recognized(**places))
        return CheckResult(wanted, "not there", (needless.text,), needless.mistake)
    if wanted.policies == "added" and (gone := [each for each in start.policies if each not in now.policies]):
        kept = cause_of("policy-not-left-alone", recognized(policy=gone[0].name, exercise=wanted.id))
        return CheckResult(wanted, "not there", (kept.text,), kept.mistake)
    if not wanted.cells:
        return CheckResult(wanted, "done", (_all_there(wanted),))
    try:
        judged = judge(wanted, state)
    except NotFound as missing:
        again = f"Run the cells above, from the top, or start over with `{wanted.start_line}`."
        return CheckResult(wanted, "not there", (f"{missing} {again}",))
    result = _judged(wanted, judged, state, start)
    return result if not result.passed else _passing(result, judged, state, start)


def begin(exercise: Exercise) -> Picture:
    """What is said when an exercise starts over."""
    from netpol_lab.display import card

    policies = exercise.start_cluster().policies
    names = [policy.name for policy in policies]
    there = listed(f"`{each.name if names.count(each.name) == 1 else each.id}`" for each in policies)
    says = spoken("The policies: {policies}.", policies=there) if there else spoken("There is no policy.")
    return card.told(
        spoken("Exercise {id} begins: {title}", id=exercise.id, title=exercise.title),
        spoken("The cluster is as this exercise finds it. Your files stay."),
        [*exercise.question.splitlines(), says, spoken("Check with `{line}`.", line=f'lab.check("{exercise.id}")')],
    )


def begun_at(exercise: Exercise, states: Sequence[Snapshot]) -> int | None:
    """The place of the last state in which nothing of an exercise was applied yet; None where there is none."""
    start = exercise.start_cluster().snapshot()
    found = (place for place in reversed(range(len(states))) if untouched(exercise, states[place], start))
    return next(found, None)


def show(result: CheckResult) -> CheckPicture:
    """The result as a picture for a notebook; it has the result's ``passed`` and ``mistake``."""
    from netpol_lab.display.feedback_card import CheckPicture

    card = _card(result)
    return CheckPicture(card.title, card.quiet, card.twin, card.html, result.passed, result.mistake)


def _card(result: CheckResult) -> Picture:
    from netpol_lab.display import card
    from netpol_lab.display import feedback_card as feedback

    if result.feedback is not None:
        return feedback.draw(result.feedback, title=_title(result))
    title = {
        "done": "= Done: it is there",
        "not started": f"Not {'yet' if result.first else 'started yet'}: nothing of this exercise is applied",
        "not there": "Not yet: something is missing",
        "not yet": "Not yet: it connects, because of a label",
    }[result.status]
    said = spoken(title)
    if result.first:
        said = f"{result.first.partition(': ')[0]}. {said}"
    quiet = spoken("Exercise {id}: {title}.", id=result.exercise.id, title=result.exercise.title)
    return card.told(said, quiet, [*([result.first] if result.first else []), *result.sentences])


def _title(result: CheckResult) -> str | None:
    """None: the title that the feedback has of itself."""
    if result.first:
        return None
    if result.passed and result.exercise.objects:  # no policy of the student's is judged
        return "Done: it is there, and it connects as wanted"
    if result.passed and result.sentences:
        return "Equivalent here, and not with every network plugin"
    return None


def untouched(exercise: Exercise, now: Snapshot, start: Snapshot) -> bool:
    """Whether nothing that could be an answer was applied yet: kindness, not failure."""
    if exercise.objects:
        return not any(candidates(now, item, start) for item in exercise.objects)
    return (
        not own_policies(exercise, now, start)
        and _same_labels(_labels(start), _labels(now))
        and {p.id for p in start.policies} <= {p.id for p in now.policies}
    )


def _labels(state: Snapshot) -> dict[str, set[frozenset[tuple[str, str]]]]:
    """The labels that selectors see: of each namespace, and of all pods of each workload."""
    found = {space.name: {frozenset(space.labels.items())} for space in state.namespaces}
    for pod in state.pods:
        labels = {(key, value) for key, value in pod.labels.items() if key != "pod-template-hash"}
        found.setdefault(f"{pod.namespace}/{pod.owner or pod.name}", set()).add(frozenset(labels))
    return found


def _same_labels(
    start: dict[str, set[frozenset[tuple[str, str]]]], now: dict[str, set[frozenset[tuple[str, str]]]]
) -> bool:
    """Whether what is still there is labeled as it was; what is gone or new does not count."""
    return all(now.get(name, labels) == labels for name, labels in start.items())


def _not_started(exercise: Exercise) -> str:
    if exercise.file:
        return (
            f"Fill in the blanks of `{exercise.file}`, run that cell, apply the file, and check again. The "
            "hints above help when you are stuck."
        )
    if exercise.given:  # practice: nothing is prepared
        return (
            "No policy was applied, changed or deleted since it began, and no label changed. Answer, and check again."
        )
    return spoken("Replace the blanks in the line above, run it, and check again. The hints help when you are stuck.")


def _all_there(exercise: Exercise) -> str:
    names = [
        spoken("{kind} `{name}` in `{namespace}`", kind=item.kind, name=item.name, namespace=item.namespace)
        if item.namespace
        else f"{item.kind} `{item.name}`"
        for item in exercise.objects
    ]
    return spoken("{names}: as wanted.", names="; ".join(names))


# -- connections ---------------------------------------------------------------------------------


def _judged(exercise: Exercise, judged: Sequence[Judged], state: Snapshot, start: Snapshot) -> CheckResult:
    from netpol_lab.lessons.causes import likely_cause, other_cause

    begun = exercise.with_visitors(start)
    evidence = gather(exercise, state, begun, judged)
    leaks, misses = evidence.leaks_found, evidence.misses
    verdict: FeedbackVerdict = "equivalent"
    if leaks or misses:
        verdict = "both" if leaks and misses else "too open" if leaks else "too strict"
    parts = parts_of((evidence.leak, evidence.missing))
    own = tuple(
        policy
        for policy in own_policies(exercise, state, start)
        if policy in parts or not is_left_over(exercise, policy, state, start)
    )
    evidence = replace(evidence, policies=own)
    cause = likely_cause(evidence) if leaks or misses else None
    other = other_cause(evidence, cause) if cause else None
    examples = [
        _counterexample(exercise, judgement, found, own)
        for judgement, found in ((evidence.leak_pair, evidence.leak), (evidence.missing_pair, evidence.missing))
        if judgement is not None and found is not None
    ]
    second = f"Beside that: {other.text}" if other else ""
    feedback = Feedback(
        verdict=verdict,
        wanted_cells=len(judged),
        right=sum(j.right for j in judged),
        leaks=len(leaks),
        missing=len(misses),
        counterexamples=tuple(examples),
        cause=cause.text if cause else "",
        cause_lines=cause.lines if cause else "",
        how=COUNTED if leaks or misses else HOW,
        notes=tuple(filter(None, [second, *_left_over(exercise, state, begun, parts), caveat_line(state.caveats)])),
    )
    status: Status = "done" if feedback.passed else "not yet"
    return CheckResult(exercise, status, (), cause.mistake if cause else None, feedback, own)


def _left_over(exercise: Exercise, state: Snapshot, start: Snapshot, parts: set[NetworkPolicy]) -> Iterator[str]:
    """Policies that an earlier try left, and those of an earlier exercise with a part in the packets shown."""
    before = {policy.id for policy in start.policies}
    for policy in (each for each in state.policies if each.id not in before):
        tried, earlier = is_left_over(exercise, policy, state, start), policy.name in exercise.ignore
        if tried or (earlier and policy in parts):
            part = "has a part in this" if policy in parts else "has no part in this"
            part = f"is of an earlier exercise, and {part}" if earlier else part
            line = f"kubectl delete networkpolicy {policy.name} -n {policy.namespace}"
            yield f"Left over: `{policy.name}` in `{policy.namespace}` {part}. `{line}` removes it."


def _passing(result: CheckResult, judged: Sequence[Judged], state: Snapshot, start: Snapshot) -> CheckResult:
    """What passes is looked at once more."""
    exercise, feedback = result.exercise, result.feedback
    missing = nobody_to_ask(exercise, state, start)
    if missing:
        return CheckResult(exercise, "not there", (f"{missing} Start over with `{exercise.start_line}`.",))
    relabeled = labels_in_the_way(exercise, state, start) or labels_of_pods_alone(exercise, state)
    if relabeled:
        return CheckResult(exercise, "not yet", (relabeled.text,), relabeled.mistake)
    assert feedback is not None
    depends, door = plugin_note(exercise, state), door_note(exercise, judged, state, start)
    notes = tuple(note for note in (depends, door, *feedback.notes) if note)
    return replace(result, sentences=(depends,) if depends else (), feedback=replace(feedback, notes=notes))


def _counterexample(
    exercise: Exercise, judged: Judged, verdict: Verdict, own: Sequence[NetworkPolicy]
) -> CounterExample:
    got = verdict.allowed
    reason, where = _why_allowed(verdict, own) if got else (_why_blocked(verdict), "")
    imagined = [node.id for node in (judged.source, judged.destination) if exercise.is_visitor(node.endpoint)]
    if imagined:
        reason += f" The check imagines {listed(imagined)}, to see what pods that come later meet."
    same_place = judged.source.namespace == judged.destination.namespace
    return CounterExample(
        source=judged.source.id,
        destination=judged.destination.id,
        source_note=_note(judged.source, same_place),
        destination_note=_note(judged.destination, same_place),
        protocol=verdict.protocol,
        port=verdict.port,
        wanted=not got,
        got=got,
        reason=reason,
        reason_lines=where,
        stops_at=verdict.stops_at or "ingress",
    )


def _note(node: SceneNode, same_place: bool) -> str:
    if node.is_external:
        return (
            f"address outside{f', {node.label}' if node.label else ''}"
            if node.id[0].isdigit()
            else "any outside address"
        )
    return node.label if same_place and node.label else f"namespace {node.namespace}"


def _why_allowed(verdict: Verdict, own: Sequence[NetworkPolicy]) -> tuple[str, str]:
    """The rule that admits, the student's own before others; or, where no policy isolates, that."""
    rules = [rule for gate in (verdict.ingress, verdict.egress) for rule in gate.admitting]
    if rules:
        rule = next((rule for rule in rules if rule.policy in own), rules[0])
        return f"Admitted by `{rule.policy.name}`, rule {rule.index + 1}{_peer_place(rule)}.", first_lines(
            rule.peer.origin if rule.peer else rule.origin
        )
    doors = [f"{short(gate.endpoint)} for {gate.direction}" for gate in (verdict.egress, verdict.ingress)]
    ends = (verdict.source, verdict.destination)
    return (
        f"No policy isolates {' or '.join(d for d, end in zip(doors, ends, strict=True) if isinstance(end, Pod))}.",
        "",
    )


def _peer_place(rule: RuleRef) -> str:
    """`, second peer` where a rule has more than one."""
    peers: tuple[NetworkPolicyPeer, ...] = rule.rule.peers
    if rule.peer is None or len(peers) < 2:
        return ""
    return f", {nth(peers.index(rule.peer))} peer"


def _why_blocked(verdict: Verdict) -> str:
    stops = [gate for gate in (verdict.egress, verdict.ingress) if not gate.admitted]
    return " ".join(map(_stop, stops))


def _stop(gate: Gate) -> str:
    names = ", ".join(f"`{policy.name}`" for policy in gate.isolating)
    return f"Stops at {gate.direction} of {short(gate.endpoint)}: isolated by {names}, and no rule admits."
