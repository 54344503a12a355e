"""Real connections between pods, beside what the engine predicts of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace

from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.connections import Flow, connect_to
from netpol_lab.connections.probed import Probed, why_differs
from netpol_lab.connections.scene import Scene
from netpol_lab.lab.live.doubles import Doubles
from netpol_lab.lab.live.trying import Exec, try_connection
from netpol_lab.model.errors import LabError
from netpol_lab.model.networks import SYSTEM_NAMESPACE
from netpol_lab.model.objects import Pod
from netpol_lab.tell.saying import line

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
    doubles_of: Callable[[Sequence[Pod]], AbstractContextManager[Doubles]] | None = None,
) -> tuple[list[Probed], bool]:
    """Try the connections, a few at once; a surprise is tried again after ``pause``, on the state seen by ``look``.

    ``doubles_of`` makes doubles of pods that have no client. Returns what each met, and whether somebody interrupted:
    then those that were not tried are left out.
    """
    trial = _Trial(run, [each for each in flows if isinstance(each.source, Pod)], say)
    with ExitStack() as stack:  # innermost last: nothing is tried any more when the doubles go
        try:
            trial.all_of(range(len(trial.flows)))
            lacking = [number for number, each in trial.found.items() if each.surprise == "no client"]
            if lacking and doubles_of is not None:
                sources = {_source(each).id: _source(each) for each in map(trial.flows.__getitem__, lacking)}
                trial.by = stack.enter_context(doubles_of(list(sources.values())))
                trial.by_doubles(lacking, look())
            surprises = [number for number, each in trial.found.items() if each.is_surprise]
            if surprises:
                pause()
                before = {number: trial.found[number] for number in surprises}
                trial.all_of(surprises)
                state = look()
                trial.found |= {n: _judged_again(state, before[n], trial.found[n]) for n in surprises}
        except KeyboardInterrupt:
            return _in_order(trial.found), True
        finally:
            trial.pool.shutdown(wait=False, cancel_futures=True)
    return _in_order(trial.found), False


@dataclass
class _Trial:
    """The connections of one probe, and what each met so far."""

    run: Exec
    flows: list[Flow]
    say: Callable[[str], None]
    by: Doubles = field(default_factory=Doubles)
    found: dict[int, Probed] = field(default_factory=dict)
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(AT_ONCE))

    def all_of(self, numbers: Collection[int]) -> None:
        """Try those, a few at once."""
        waiting = {self.pool.submit(self._try, self.flows[number]): number for number in numbers}
        for count, done in enumerate(as_completed(waiting), start=1):
            self.found[waiting[done]] = done.result()
            if count % TELL_EVERY == 0 and count < len(waiting):
                self.say(f"{count} of {len(waiting)} connections were tried\n")

    def by_doubles(self, numbers: Iterable[int], state: Snapshot) -> None:
        """Try those from a double of their pod, where it has one for which the policies decide the same."""
        tried = []
        for number in numbers:
            flow = self.flows[number]
            double, target = self.by.pods.get(_source(flow).id), flow.destination
            if double is None or target is None:
                why = self.by.refused.get(_source(flow).id, "")
            elif connect_to(state, double, target, flow.port, flow.protocol).outcome == flow.outcome:
                tried.append(number)
                continue
            else:
                why = line("probe.double.otherwise")
            self.found[number] = replace(self.found[number], words=why)
        self.all_of(tried)

    def _try(self, flow: Flow) -> Probed:
        double = self.by.pods.get(_source(flow).id)
        tried = try_connection(self.run, double or _source(flow), flow.host, flow.port)
        if not tried.client:
            return Probed(flow, "not tried", "no client")
        why = why_differs(flow, tried.met, changed=False)
        return Probed(flow, tried.met, why, tried.words, double=double is not None)


def _in_order(found: dict[int, Probed]) -> list[Probed]:
    return [found[number] for number in sorted(found)]


def _source(flow: Flow) -> Pod:
    assert isinstance(flow.source, Pod)
    return flow.source


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
        return replace(again, surprise="agrees when asked again")
    return again
