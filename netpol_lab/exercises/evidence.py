"""What a check looks at to name the cause of a wrong answer: the student's policies and the decisive connections."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from netpol_lab.exercises.behavior import Judged
from netpol_lab.exercises.loading import Exercise
from netpol_lab.model import Endpoint, LabelSelector, NetworkPolicy, Origin, Pod
from netpol_lab.snapshot import Snapshot
from netpol_lab.verdict import Gate, NearMiss, RuleRef, Verdict


@dataclass(frozen=True)
class Cause:
    """A likely misconception: its id, what to tell the student (first sentence in bold), and where it stands."""

    misconception: str
    text: str
    lines: str = ""


@dataclass(frozen=True)
class Evidence:
    """One wrong answer, taken apart.

    ``policies`` are those the student wrote or changed. ``leak`` and ``missing`` are verdicts on the two connections
    that tell most, each None when there is none; ``leaks`` and ``misses`` are all the wrong connections.
    """

    exercise: Exercise
    state: Snapshot
    start: Snapshot
    policies: tuple[NetworkPolicy, ...]
    leaks: Sequence[Judged]
    misses: Sequence[Judged]
    leak: Verdict | None
    missing: Verdict | None

    def admitting(self) -> Iterator[RuleRef]:
        """The student's rules that admit the leak."""
        for gate in gates(self.leak):
            yield from (rule for rule in gate.admitting if rule.policy in self.policies)

    def near_misses(self) -> Iterator[NearMiss]:
        """The student's rules that nearly admit what is missing, closest first, where it stops."""
        for gate in gates(self.missing):
            if not gate.admitted:
                yield from (miss for miss in gate.near_misses if miss.rule.policy in self.policies)

    def stopping(self) -> Iterator[tuple[Gate, NetworkPolicy]]:
        """The student's policies that isolate the missing connection where it stops."""
        for gate in gates(self.missing):
            if not gate.admitted:
                yield from ((gate, policy) for policy in gate.isolating if policy in self.policies)

    def meant(self, direction: str) -> set[str]:
        """The pods whose door in this direction the exercise is about."""
        return {cell.destination if direction == "ingress" else cell.source for cell in self.exercise.cells}

    def pods(self, policy: NetworkPolicy, namespace: str | None = None) -> list[Pod]:
        """The pods a policy's podSelector picks, in its own namespace or (to compare) in another."""
        return list(selected(self.state, policy.pod_selector, namespace or policy.namespace))


def gates(verdict: Verdict | None) -> tuple[Gate, ...]:
    return () if verdict is None else (verdict.egress, verdict.ingress)  # a verdict is false when it blocks


def selected(state: Snapshot, selector: LabelSelector, namespace: str) -> Iterator[Pod]:
    return (
        pod
        for pod in state.pods
        if pod.namespace == namespace and not pod.host_network and selector.matches(pod.labels)
    )


def own_policies(exercise: Exercise, state: Snapshot, start: Snapshot) -> tuple[NetworkPolicy, ...]:
    """The policies that are new or changed since the exercise began, where it takes place or by mistake could."""
    before = {policy.id: policy for policy in start.policies}
    places = {"default", *exercise.scope}
    return tuple(
        policy
        for policy in state.policies
        if policy.namespace in places and policy.name not in exercise.ignore and before.get(policy.id) != policy
    )


def lines(*origins: Origin | None) -> str:
    """Where something stands: ``line 8``, ``lines 14 and 17``, with the file where it is known."""
    known = [origin for origin in origins if origin is not None]
    if not known:
        return ""
    numbers = sorted({origin.first_line for origin in known})
    where = f"line {numbers[0]}" if len(numbers) == 1 else f"lines {' and '.join(map(str, numbers))}"
    return f"{known[0].file}, {where}" if known[0].file else where


def short(endpoint: Endpoint) -> str:
    """How a sentence calls an end of a connection: by its workload where it has one."""
    if not isinstance(endpoint, Pod):
        return getattr(endpoint, "name", "the outside")
    return endpoint.owner.partition("/")[2] or endpoint.name


def listed(words: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
