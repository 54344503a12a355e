"""Real connections between pods, beside what the engine predicts of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.connections import Flow, connect_to
from netpol_lab.connections.probed import Probed, why_differs
from netpol_lab.connections.scene import Scene
from netpol_lab.lab.live.trying import Exec, try_connection
from netpol_lab.model.errors import LabError
from netpol_lab.model.networks import SYSTEM_NAMESPACE
from netpol_lab.model.objects import Pod

MOST = 100
"""Connections in one probe."""

AT_ONCE = 8
TELL_EVERY = 10


def connections_to_try(state: Snapshot, scene: Scene, namespaces: Sequence[str]) -> list[Flow]:
    """A connection from each pod to each port on which another one listens. Replicas count once.

    Without ``namespaces``: all but those of the cluster itself. Raises :class:`LabError` for more than :data:`MOST`.
    """
    pods = [node for node in scene.nodes if isinstance(node.endpoint, Pod) and _meant(node.endpoint, namespaces)]
    found = [
        connect_to(state, source.endpoint, target.endpoint, first, protocol)
        for source in pods
        for target in pods
        if source is not target
        for protocol, first, last in target.listens
        if protocol == "TCP" and first == last
    ]
    if len(found) > MOST:
        raise LabError(
            f"That would be {len(found)} connections; a probe makes at most {MOST}. Name the namespaces: "
            'lab.probe("student-07").'
        )
    return found


def _meant(pod: Pod, namespaces: Sequence[str]) -> bool:
    if namespaces:
        return pod.namespace in namespaces
    return pod.namespace != SYSTEM_NAMESPACE and not pod.namespace.endswith("-system")


def probe(
    run: Exec,
    flows: Iterable[Flow],
    look: Callable[[], Snapshot],
    say: Callable[[str], None],
    pause: Callable[[], None],
) -> tuple[list[Probed], bool]:
    """Try the connections, a few at once; a surprise is tried again after ``pause``, on the state seen by ``look``.

    Returns what each met, and whether somebody interrupted: then those that were not tried are left out.
    """
    flows = [each for each in flows if isinstance(each.source, Pod)]
    found: dict[int, Probed] = {}
    pool = ThreadPoolExecutor(AT_ONCE)
    waiting = {pool.submit(_first, run, each): number for number, each in enumerate(flows)}
    try:
        for count, done in enumerate(as_completed(waiting), start=1):
            found[waiting[done]] = done.result()
            if count % TELL_EVERY == 0 and count < len(flows):
                say(f"{count} of {len(flows)} connections were tried\n")
        surprises = [number for number, each in found.items() if each.is_surprise]
        if surprises:
            pause()
            again = dict(zip(surprises, pool.map(lambda n: _first(run, found[n].flow), surprises), strict=True))
            state = look()
            found |= {number: _judged_again(state, found[number], again[number]) for number in surprises}
    except KeyboardInterrupt:
        return _in_order(found), True
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return _in_order(found), False


def _in_order(found: dict[int, Probed]) -> list[Probed]:
    return [found[number] for number in sorted(found)]


def _first(run: Exec, flow: Flow) -> Probed:
    assert isinstance(flow.source, Pod)
    tried = try_connection(run, flow.source, flow.host, flow.port)
    if not tried.client:
        return Probed(flow, "not tried", "no client")
    return Probed(flow, tried.met, why_differs(flow, tried.met, changed=False), tried.words)


def _judged_again(state: Snapshot, before: Probed, again: Probed) -> Probed:
    """The second try, against the prediction of a state that was read after it."""
    flow = before.flow
    ends = [state.pod(end.namespace, end.name) for end in (flow.source, flow.destination) if isinstance(end, Pod)]
    if len(ends) < 2 or None in ends:
        return Probed(flow, before.met, "changed meanwhile")
    now = connect_to(state, ends[0], ends[1], flow.port, flow.protocol)  # type: ignore[arg-type]
    if now.outcome != flow.outcome:
        return Probed(flow, before.met, "changed meanwhile")
    if not again.is_surprise and again.met != "not tried":
        return Probed(flow, again.met, "agrees when asked again")
    return again
