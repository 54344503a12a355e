"""A second look at an answer that passes: does it hold without new labels, and with every network plugin?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from netpol_lab.exercises.behavior import Judged, judge
from netpol_lab.exercises.evidence import listed, short
from netpol_lab.exercises.loading import Exercise
from netpol_lab.manifests import read_text
from netpol_lab.model import Labels, Namespace, Pod, Resource
from netpol_lab.profiles import CONFORMANT, Profile
from netpol_lab.snapshot import Snapshot


def labels_in_the_way(exercise: Exercise, state: Snapshot, start: Snapshot) -> str:
    """Which label was changed to fit a rule, as a sentence; "" where the answer holds with the labels of the start.

    Only for exercises that want the labels ``kept``.
    """
    if exercise.labels != "kept":
        return ""
    changed = list(_relabeled(state, start))
    if not changed or all(judged.right for judged in judge(exercise, state.with_objects(changed))):
        return ""
    before = changed[0].typed
    assert isinstance(before, Pod | Namespace)
    after = state.objects[changed[0].key].typed
    name = short(before) if isinstance(before, Pod) else f"the namespace {before.name}"
    return (
        f"It connects, because a label was changed: {name} has `{getattr(after, 'labels', '')}`, and had "
        f"`{before.labels}`. With the labels there were, the policies do not do what is wanted. Put the label back, "
        "and change the policy."
    )


def _relabeled(state: Snapshot, start: Snapshot) -> Iterator[Resource]:
    """The pods and namespaces that were there at the start, each with the labels it had."""
    for resource in state.objects.values():
        typed = resource.typed
        if isinstance(typed, Pod | Namespace):
            before = _labels_before(typed, start)
            if before is not None and before != typed.labels:
                yield replace(resource, typed=replace(typed, labels=before))


def _labels_before(typed: Pod | Namespace, start: Snapshot) -> Labels | None:
    if isinstance(typed, Namespace):
        return next((space.labels for space in start.namespaces if space.name == typed.name), None)
    pod = start.pod(typed.namespace, typed.name)
    return pod.labels if pod is not None else None


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
    found = judge(exercise, replace(state, enforcement=profile))
    return next((judged for judged in found if not judged.right), None)


def _solved(exercise: Exercise) -> Snapshot:
    """The state in which the exercise's own solution is applied. Kubectl lines write no policy."""
    cluster = exercise.start_cluster()
    for resource in read_text(exercise.solution.manifest) if exercise.solution.manifest else ():
        cluster.apply(resource)
    return exercise.with_visitors(cluster.snapshot())


def _advice(profile: Profile) -> str:
    """Rule 17: for one new connection, plugins that enforce the whole API differ in what an ipBlock matches."""
    if profile.ip_block_matches_pods:
        return "There an `ipBlock` matches pods too: leave the cluster's own ranges out."
    return "There an `ipBlock` does not match pods: take selectors for pods, and blocks for the outside."
