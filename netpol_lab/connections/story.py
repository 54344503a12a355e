"""What happened in a notebook so far: the moments of the cluster, and the connections tried between them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.connections import Attempt, Flow
from netpol_lab.model.bodies import Key
from netpol_lab.model.errors import NotFound
from netpol_lab.model.objects import NetworkPolicy, Pod, Resource


@dataclass
class Moment:
    """One state, the command that led to it, and what was tried while it lasted."""

    number: int
    command: str
    state: Snapshot
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def name(self) -> str:
        """``start``, or the command without its program: ``apply -f default-deny.yaml``."""
        return self.command.removeprefix("kubectl ") or "start"


class Timeline:
    """The moments of one lab, oldest first. A command that changes no object makes no new moment."""

    def __init__(self, start: Snapshot) -> None:
        self.moments = [Moment(0, "", start)]
        self.held: list[tuple[Flow, Moment]] = []
        """The connections somebody keeps open, each with the moment in which it was opened."""
        self.refused = ""
        """The last command, where it was to change something and was refused."""
        self.refusal = ""
        """What it was told then."""

    @property
    def now(self) -> Moment:
        return self.moments[-1]

    def record(self, command: str, state: Snapshot, attempts: Iterable[Attempt] = ()) -> None:
        """Take in what one command did. The connections it made were made before it was over."""
        self.now.attempts.extend(attempts)
        if _same_objects(self.now.state, state):
            self.now.state = state
        else:
            self.moments.append(Moment(len(self.moments), command, state))

    def tells_of(self, state: Snapshot) -> bool:
        """Whether a state is the one that the last command left."""
        return _same_objects(self.now.state, state)

    def moment(self, which: int | str | Moment) -> Moment:
        """A moment by number (negative from the end), by name, or ``start`` and ``now``.

        A name may be a part of the command; the latest match counts. Raises NotFound with the names there are.
        """
        if isinstance(which, Moment):
            return which
        if isinstance(which, int) and -len(self.moments) <= which < len(self.moments):
            return self.moments[which]
        named = {"start": self.moments[0], "now": self.now}
        if which in named:
            return named[str(which)]
        for moment in reversed(self.moments):
            if isinstance(which, str) and which in moment.command:
                return moment
        known = ", ".join(f"{moment.number} {moment.name!r}" for moment in self.moments)
        raise NotFound(f"There is no moment {which!r}. The moments so far: {known}.")

    def hold(self, flow: Flow) -> None:
        """Keep an open connection; of two between the same ends, only the later one."""
        self.held = [(old, moment) for old, moment in self.held if _ends(old) != _ends(flow)] + [(flow, self.now)]

    def saw(self, flow: Flow) -> tuple[str, str] | None:
        """The last command that tried this very connection since the last change, and what it said; None also where
        nobody heard it."""
        for attempt in reversed(self.now.attempts):
            tried = attempt.flow
            same_end = tried.host == flow.host or (tried.destination and tried.destination == flow.destination)
            if tried.source == flow.source and same_end and tried.port == flow.port:
                return (attempt.command, attempt.said) if attempt.said else None
        return None

    def between(self, first: Moment, last: Moment) -> list[Moment]:
        """All moments from one to another, both included, in whatever order they are given."""
        low, high = sorted((first.number, last.number))
        return self.moments[low : high + 1]

    def last_step(self) -> tuple[Moment, Moment]:
        """The last two moments: before and after the last change."""
        return (self.moments[-2] if len(self.moments) > 1 else self.now), self.now

    def policy_steps(self) -> list[Moment]:
        """One moment for each different set of policies: the last one that had it, in order."""
        steps: list[Moment] = []
        for moment in self.moments:
            if steps and steps[-1].state.policies == moment.state.policies:
                steps.pop()
            steps.append(moment)
        return steps

    def visitors(self, moments: Sequence[Moment]) -> list[Resource]:
        """Pods that tried a connection and were never there between two commands: ``kubectl run --rm`` deletes its pod.

        A pod that somebody deleted is no visitor: it is gone, and pictures show it so.
        """
        found: dict[Key, Resource] = {}
        for moment in moments:
            for attempt in moment.attempts:
                pod = attempt.flow.source
                if isinstance(pod, Pod) and pod.ips and ("Pod", pod.namespace, pod.name) not in moment.state.lasting:
                    found.setdefault(("Pod", pod.namespace, pod.name), _resource(pod))
        return list(found.values())


def with_visitors(state: Snapshot, visitors: Iterable[Resource]) -> Snapshot:
    """The state with the visitors it lacks, where their namespace exists."""
    missing = [
        visitor
        for visitor in visitors
        if visitor.key not in state.lasting and ("Namespace", "", visitor.namespace) in state.lasting
    ]
    return state.with_objects(missing) if missing else state


def _ends(flow: Flow) -> tuple[object, ...]:
    """What tells held connections apart: a replaced pod keeps its name, and its old connections are gone."""
    return getattr(flow.source, "id", flow.source), flow.host, flow.port, flow.protocol


def _resource(pod: Pod) -> Resource:
    metadata = {"name": pod.name, "namespace": pod.namespace, "labels": dict(pod.labels)}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata}
    return Resource("v1", "Pod", pod.namespace, pod.name, body, pod)


def _same_objects(before: Snapshot, after: Snapshot) -> bool:
    """Whether the objects are equal as far as policies and students can see; times and counters do not count."""
    old, new = before.lasting, after.lasting
    return old.keys() == new.keys() and all(each is new[key] or each.body == new[key].body for key, each in old.items())


def policies_changed(states: Sequence[Snapshot], place: int) -> str:
    """What the step to ``states[place]`` added or took away: policies by file where it is known, else by name."""
    here = {policy.id: policy for policy in states[place].policies}
    before = {policy.id: policy for policy in states[place - 1].policies} if place else {}
    if not here:
        return "no policy"
    added = [_file(policy) for id, policy in here.items() if before.get(id) != policy]
    removed = [policy.name for id, policy in before.items() if id not in here]
    return "  ".join(["+ " + name for name in dict.fromkeys(added)] + ["- " + name for name in removed])


def _file(policy: NetworkPolicy) -> str:
    return policy.origin.file if policy.origin and policy.origin.file else policy.name
