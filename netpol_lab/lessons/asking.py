"""What an exercise asks a student to find out: which connections, and which policies."""

from __future__ import annotations

from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.connections.scene import SceneNode
from netpol_lab.engine.verdict import Verdict
from netpol_lab.lessons.behavior import Judged, is_called, judge
from netpol_lab.lessons.loading import Exercise, WantedCell
from netpol_lab.model.errors import NotFound
from netpol_lab.model.objects import OUTSIDE, Endpoint, External, NetworkPolicy, Pod, name_of


def asks_about(exercise: Exercise, state: Snapshot, verdict: Verdict, begun: bool) -> bool:
    """Whether an exercise asks why this connection passes or does not.

    Of one that has begun: every connection that its check judges. Before that: those that it ``asks`` about, as long as
    they are not as wanted.
    """
    if not begun and not exercise.asks:
        return False
    one = _judged(exercise, exercise.with_visitors(state), verdict.source, verdict.destination)
    if one is None or begun:
        return one is not None
    wrong = (verdict.protocol, verdict.port) in one.leak | one.missing
    return wrong and any(_is_asked(one, cell, verdict) for cell in exercise.asks)


def asks_about_policy(exercise: Exercise, policy: NetworkPolicy) -> bool:
    """Whether an exercise asks what is wrong with a policy: one that the answer is to replace, or the answer itself."""
    return policy.namespace in exercise.scope and policy.name in exercise.answer_names


def _judged(exercise: Exercise, state: Snapshot, source: Endpoint, destination: Endpoint) -> Judged | None:
    try:
        judged = judge(exercise, state)
    except NotFound:  # a pod it names is not there yet
        return None
    return next((one for one in judged if _is(one.source, source) and _is(one.destination, destination)), None)


def _is_asked(one: Judged, cell: WantedCell, verdict: Verdict) -> bool:
    ends = is_called(one.source, cell.source) and is_called(one.destination, cell.destination)
    return ends and (cell.protocol, cell.port) == (verdict.protocol, verdict.port)


def _is(node: SceneNode, end: Endpoint) -> bool:
    """Whether a node stands for an end: another replica of its workload, or the same address, does too."""
    shown = node.endpoint
    if isinstance(shown, Pod) and isinstance(end, Pod):
        return (shown.namespace, name_of(shown)) == (end.namespace, name_of(end))
    if shown == OUTSIDE:
        return isinstance(end, External)
    return bool({*shown.ips} & {*end.ips})
