"""A second look at an answer that passes: is everybody still there to ask, and does it hold without new labels, with
every network plugin, at one end?"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from netpol_lab.cluster.listening import listener_on, listeners
from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.connections.scene import SceneNode, build
from netpol_lab.engine.profiles import CONFORMANT, Profile
from netpol_lab.lessons.behavior import Judged, is_called, judge
from netpol_lab.lessons.evidence import counterpart, own_policies, short
from netpol_lab.lessons.loading import Exercise
from netpol_lab.lessons.recognize import Cause, cause_of, found
from netpol_lab.model.labels import Labels
from netpol_lab.model.objects import DIRECTIONS, Direction, Namespace, NetworkPolicy, Pod, Resource, Service, name_of
from netpol_lab.model.phrases import listed
from netpol_lab.model.ports import PortSet


def nobody_to_ask(exercise: Exercise, state: Snapshot, start: Snapshot) -> str:
    """Who is no longer there to ask or to answer, as a sentence; "" where all are that the exercise speaks of."""
    silent = _silent(exercise, state)
    if silent or exercise.rest == "free":
        return silent
    there = {(pod.namespace, name_of(pod)) for pod in state.policed_pods}
    for pod in start.policed_pods:
        if pod.namespace != "kube-system" and (pod.namespace, name_of(pod)) not in there:
            return (
                f"`{name_of(pod)}` in `{pod.namespace}` had a pod that policies apply to when the exercise began, and "
                "has none now. Where nobody can ask, nothing is proved."
            )
    if not any(node.is_dns for node in build(state).nodes):
        return "No pod answers DNS any more. Where nobody can ask, nothing is proved."
    return ""


def _silent(exercise: Exercise, state: Snapshot) -> str:
    """Which program or Service that is behind a wanted connection in the solved state does not answer any more."""
    solved = exercise.solved_state()
    names = {cell.destination for cell in exercise.allowed}
    for pod in (pod for pod in solved.pods if f"{pod.namespace}/{name_of(pod)}" in names):
        same = [each for each in state.pods if (each.namespace, name_of(each)) == (pod.namespace, name_of(pod))]
        for one in listeners(solved, pod):
            answering = (listener_on(state, each, one.port.port, one.port.protocol) for each in same)
            if not all(each and each.program == one.program for each in answering):
                return (
                    f"What answered on {one.port.protocol} {one.port.port} of `{name_of(pod)}` in `{pod.namespace}` "
                    "does not run any more. Where nobody answers, nothing is proved."
                )
        for service in (each for each in solved.services if pod in solved.pods_of(each)):
            now = state.service(service.namespace, service.name)
            if now is None or _leads_to(now) != _leads_to(service):
                return (
                    f"The Service `{service.name}` in `{service.namespace}` is gone or leads elsewhere, and clients "
                    "come by it. Where nobody answers them, nothing is proved."
                )
    return ""


def _leads_to(service: Service) -> tuple[object, ...]:
    return service.selector, *((each.port, each.target_port, each.protocol) for each in service.ports)


def labels_in_the_way(exercise: Exercise, state: Snapshot, start: Snapshot) -> Cause | None:
    """Which label was changed to fit a rule; None where the answer holds with the labels of the start.

    For exercises that want the labels ``kept``; those of a visitor are kept in all, also in a pod that took its name.
    """
    changed = [
        each
        for each in _relabeled(state, exercise.with_visitors(start))
        if exercise.labels == "kept" or each.key in {visitor.key for visitor in exercise.visitors}
    ]
    if not changed or all(judged.right for judged in judge(exercise, state.with_objects(changed))):
        return None
    before = changed[0].typed
    assert isinstance(before, Pod | Namespace)
    after = state.objects[changed[0].key].typed
    name = short(before) if isinstance(before, Pod) else f"the namespace {before.name}"
    places = {"name": name, "new": getattr(after, "labels", ""), "old": before.labels}
    return cause_of("label-in-the-way", found(**places))


def labels_of_pods_alone(exercise: Exercise, state: Snapshot) -> Cause | None:
    """Which label was put on pods and not into the template of their Deployment, where the answer needs it.

    None where the exercise's own solution does so.
    """
    behind = list(_as_rolled_out(state))
    if not behind or list(_as_rolled_out(exercise.solved_state())):
        return None
    if all(judged.right for judged in judge(exercise, state.with_objects(behind))):
        return None
    before, now = behind[0].typed, state.objects[behind[0].key].typed
    assert isinstance(before, Pod) and isinstance(now, Pod)
    return cause_of("label-of-a-pod-alone", found(name=short(before), new=now.labels, old=before.labels))


def _as_rolled_out(state: Snapshot) -> Iterator[Resource]:
    """The pods that have other labels than the template of their Deployment gives, each with those."""
    for pod in state.pods:
        made_by = state.get("Deployment", pod.namespace, name_of(pod)) if pod.owner else None
        if made_by is not None:
            labels = Labels(made_by.body["spec"]["template"]["metadata"].get("labels") or {})
            if _chosen(labels) != _chosen(pod.labels):
                resource = state.objects["Pod", pod.namespace, pod.name]
                yield replace(resource, typed=replace(pod, labels=labels))


def _relabeled(state: Snapshot, start: Snapshot) -> Iterator[Resource]:
    """The pods and namespaces that were there at the start, each with the labels it had."""
    for resource in state.objects.values():
        typed = resource.typed
        if isinstance(typed, Pod | Namespace):
            before = _labels_before(typed, start)
            if before is not None and _chosen(before) != _chosen(typed.labels):
                yield replace(resource, typed=replace(typed, labels=before))


def _labels_before(typed: Pod | Namespace, start: Snapshot) -> Labels | None:
    """A pod that was replaced is known by its workload."""
    if isinstance(typed, Namespace):
        return next((space.labels for space in start.namespaces if space.name == typed.name), None)
    known = (pod for pod in start.pods if (pod.namespace, name_of(pod)) == (typed.namespace, name_of(typed)))
    pod = start.pod(typed.namespace, typed.name) or next(known, None)
    return pod.labels if pod is not None else None


def _chosen(labels: Labels) -> dict[str, str]:
    """The labels without the one that a Deployment gives to its pods."""
    return {key: value for key, value in labels.items() if key != "pod-template-hash"}


def plugin_note(exercise: Exercise, state: Snapshot) -> str:
    """With which plugins the answer fails, as sentences; "" where all that enforce the whole API agree.

    A plugin with which the exercise's own solution fails does not count: then the question depends, not the answer.
    """
    failing = [
        (profile, wrong)
        for profile in CONFORMANT
        if profile != state.enforcement
        and (wrong := _first_wrong(exercise, state, profile)) is not None
        and _first_wrong(exercise, _solved(exercise), profile) is None
    ]
    if not failing:
        return ""
    profile, wrong = failing[0]
    protocol, port = wrong.telling_port(wrong.missing or wrong.leak)
    names = listed(f"`{each.name}`" for each, _ in failing)
    reaches = "does not reach" if wrong.missing else "reaches"
    return (
        f"It depends on the network plugin: with {names}, {wrong.source.id} {reaches} "
        f"{wrong.destination.id} on {protocol} {port}. {_advice(profile)}"
    )


def _first_wrong(exercise: Exercise, state: Snapshot, profile: Profile) -> Judged | None:
    judged = judge(exercise, replace(state, enforcement=profile))
    return next((each for each in judged if not each.right), None)


def _solved(exercise: Exercise) -> Snapshot:
    """The solved state, with the visitors."""
    return exercise.with_visitors(exercise.solved_state())


# -- doors that only the other end keeps closed -----------------------------------------------------


def door_note(exercise: Exercise, judged: Sequence[Judged], state: Snapshot, start: Snapshot) -> str:
    """Which connection the student's policies open at one end, though nobody wants it; "" where there is none.

    Nothing passes, as long as the other end stays closed. What was open at that end when the exercise began does not
    count, nor what the exercise's own solution opens there.
    """
    own = own_policies(exercise, state, start)
    if not own:
        return ""
    others = (exercise.with_visitors(start), _solved(exercise))
    doors = [
        (one, ports)
        for one in judged
        if all(_is_named(exercise, node) for node in (one.source, one.destination))
        for direction in DIRECTIONS
        if (ports := _opened(one, direction, state, others)) and _admits(own, one, direction, ports, state)
    ]
    if not doors:
        return ""
    one, ports = min(doors, key=lambda each: _rank(exercise, *each))
    protocol, port = one.telling_port(ports)
    same = one.source.namespace == one.destination.namespace
    source, target = ((end.name if same else end.id) for end in (one.source, one.destination))
    visitors = [short(end.endpoint) for end in (one.source, one.destination) if exercise.is_visitor(end.endpoint)]
    unseen = f" {visitors[0]} stands for any pod that comes later." if visitors else ""
    return f"It also opens a door that is closed only at the other end: {source} → {target}, {protocol} {port}.{unseen}"


def _is_named(exercise: Exercise, node: SceneNode) -> bool:
    names = {name for cell in exercise.cells for name in (cell.source, cell.destination)}
    return not node.is_external and any(is_called(node, name) for name in names)


def _opened(one: Judged, direction: Direction, state: Snapshot, others: Iterable[Snapshot]) -> PortSet:
    """What one end admits and the other does not, of what is to be blocked, and no other state admits there."""
    ends = one.source.endpoint, one.destination.endpoint
    ports = state.engine.admitted(direction, *ends) & one.care - one.got
    for other in others:
        source, target = (counterpart(other, end) for end in ends)
        if source is None or target is None:
            return PortSet.NONE  # one that came later: nobody knows what was open to it
        ports -= other.engine.admitted(direction, source, target)
    return ports


def _admits(own: Collection[NetworkPolicy], one: Judged, direction: Direction, ports: PortSet, state: Snapshot) -> bool:
    protocol, port = one.telling_port(ports)
    verdict = state.verdict(one.source.endpoint, one.destination.endpoint, port, protocol)
    gate = verdict.egress if direction == "egress" else verdict.ingress
    return any(rule.policy in own for rule in gate.admitting)


def _rank(exercise: Exercise, one: Judged, ports: PortSet) -> tuple[bool, ...]:
    """Pods the student knows before visitors, what the exercise names before the rest, then what is served."""
    visits = (exercise.is_visitor(end.endpoint) for end in (one.source, one.destination))
    return *visits, not ports & one.explicit, not ports & one.destination.listens


def _advice(profile: Profile) -> str:
    """Catalogue rule 17: for one new connection, plugins that enforce the whole API differ in what a block matches."""
    if profile.ip_block_matches_pods:
        return "There an `ipBlock` matches pods too: leave the cluster's own ranges out."
    return "There an `ipBlock` does not match pods: take selectors for pods, and blocks for the outside."
