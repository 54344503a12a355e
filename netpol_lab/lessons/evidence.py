"""What a check looks at to name the cause of a wrong answer: the student's policies and the decisive connections."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.engine.compiled import address_of, family_of, port_set
from netpol_lab.engine.reasons import peer_failures
from netpol_lab.engine.verdict import Condition, Gate, NearMiss, RuleRef, Verdict
from netpol_lab.lessons.behavior import Judged, judge
from netpol_lab.lessons.loading import Exercise
from netpol_lab.model.errors import NotFound
from netpol_lab.model.objects import (
    OUTSIDE,
    Direction,
    Endpoint,
    IPBlock,
    NetworkPolicy,
    NetworkPolicyPeer,
    NetworkPolicyPort,
    NetworkPolicyRule,
    Pod,
    name_of,
)
from netpol_lab.model.origin import Origin
from netpol_lab.model.ports import PortSet

OTHER: Mapping[Direction, Direction] = {"ingress": "egress", "egress": "ingress"}
WHO: Mapping[Direction, str] = {"ingress": "source", "egress": "destination"}
WAY: Mapping[Direction, str] = {"ingress": "to", "egress": "from"}
"""A connection goes ``to`` the pod that is isolated for ingress, and ``from`` the one for egress."""
DOOR: Mapping[Direction, str] = {"ingress": "way in", "egress": "way out"}


@dataclass(frozen=True)
class Evidence:
    """One wrong answer, taken apart.

    ``start`` is the state as the exercise began, with the visitors. ``policies`` are those the student wrote or
    changed. ``judged`` are all connections the exercise is about. ``leak_pair`` and ``missing_pair`` are the two that
    tell most, ``leak`` and ``missing`` the verdicts on them; each is None when there is none.
    """

    exercise: Exercise
    state: Snapshot
    start: Snapshot
    policies: tuple[NetworkPolicy, ...]
    judged: Sequence[Judged]
    leak_pair: Judged | None
    missing_pair: Judged | None
    leak: Verdict | None
    missing: Verdict | None

    @property
    def leaks_found(self) -> list[Judged]:
        return [judged for judged in self.judged if judged.leak]

    @property
    def misses(self) -> list[Judged]:
        return [judged for judged in self.judged if judged.missing]

    @property
    def wrong(self) -> int:
        """How many connections are not as wanted."""
        return sum(not judged.right for judged in self.judged)

    def wrong_with(self, policy: NetworkPolicy) -> int:
        """How many they were, if this policy stood in the place of the one of its name."""
        resource = self.state.objects["NetworkPolicy", policy.namespace, policy.name]
        return self.wrong_in(self.state.with_objects([replace(resource, typed=policy)]))

    def wrong_in(self, state: Snapshot) -> int:
        """How many they are in another state; all of them where somebody whom the exercise names is not there."""
        try:
            return sum(not judged.right for judged in judge(self.exercise, state))
        except NotFound:
            return len(self.judged)

    # -- what recognizers look at, one after the other ---------------------------------------------

    def itself(self) -> Iterator[Evidence]:
        yield self

    def own(self) -> Iterator[NetworkPolicy]:
        """The student's policies, one after the other."""
        return iter(self.policies)

    def leaks(self) -> Iterator[Verdict]:
        """The verdict on the connection that leaks and tells most."""
        if self.leak is not None:
            yield self.leak

    def misses_told(self) -> Iterator[Verdict]:
        """The verdict on the connection that is missing and tells most."""
        if self.missing is not None:
            yield self.missing

    def leak_gates_and_policies(self) -> Iterator[tuple[Gate, NetworkPolicy]]:
        """Both ends of the leak, each with every policy of the student's."""
        return ((gate, policy) for gate in gates(self.leak) for policy in self.policies)

    def stops_and_policies(self) -> Iterator[tuple[Gate, NetworkPolicy]]:
        """The ends at which the missing connection stops, each with every policy of the student's."""
        return ((gate, policy) for gate in self.stops() for policy in self.policies)

    def admitting(self) -> Iterator[RuleRef]:
        """The student's rules that admit the leak; those of its ingress first, as the example shows them."""
        for gate in reversed(gates(self.leak)):
            yield from (rule for rule in gate.admitting if rule.policy in self.policies)

    def letting_strangers_in(self) -> Iterator[RuleRef]:
        """Those that admit nothing that is wanted between the two ends of the leak: then the peer is what is wrong."""
        return (rule for rule in self.admitting() if not self.serves_pair(rule))

    def serving(self) -> Iterator[RuleRef]:
        """Those that also name a port that is wanted between the two ends of the leak."""
        return filter(self.serves_pair, self.admitting())

    def serves_pair(self, rule: RuleRef) -> bool:
        """Whether a rule that admits the leak also names a port that is wanted between the same two ends."""
        if self.leak_pair is None or self.leak is None:
            return False
        ports = PortSet.from_ranges(each for port in rule.rule.ports for each in self._port_set(port, self.leak))
        return bool(self.leak_pair.wanted & (ports if rule.rule.ports else PortSet.ALL))

    def _port_set(self, port: NetworkPolicyPort, verdict: Verdict) -> PortSet:
        named = verdict.destination.ports if isinstance(verdict.destination, Pod) else ()
        return port_set(port, named, self.state.profile)

    def near_misses(self) -> Iterator[NearMiss]:
        """The student's rules that nearly admit what is missing, closest first, where it stops."""
        for gate in self.stops():
            own = (miss for miss in gate.near_misses if miss.rule.policy in self.policies)
            yield from (miss for miss in own if not (_by_port_alone(miss) and self.is_selected_by_mistake(miss, gate)))

    def is_selected_by_mistake(self, miss: NearMiss, gate: Gate) -> bool:
        """Whether the solution's policy of that name passes over the pod: then a selector is at fault, and no port."""
        meant = any(each.id == miss.rule.policy.id for each in self.exercise.solution_policies)
        return meant and not self.is_rightly_selected(miss.rule.policy, gate.endpoint)

    def is_rightly_selected(self, policy: NetworkPolicy, end: Endpoint) -> bool:
        """Whether the solution's policy of that name selects the end, too."""
        return any(each.id == policy.id and end in self.pods(each) for each in self.exercise.solution_policies)

    def nearest_misses(self) -> list[NearMiss]:
        """Those of them that miss by the fewest conditions. What a farther rule lacks is no cause."""
        found = list(self.near_misses())
        fewest = min((len(miss.failed) for miss in found), default=0)
        return [miss for miss in found if len(miss.failed) == fewest]

    def stops(self) -> Iterator[Gate]:
        """The ends at which the missing connection stops."""
        return (gate for gate in gates(self.missing) if not gate.admitted)

    def stopping(self) -> Iterator[tuple[Gate, NetworkPolicy]]:
        """The student's policies that isolate the missing connection where it stops."""
        for gate in self.stops():
            yield from ((gate, policy) for policy in gate.isolating if policy in self.policies)

    # -- what they ask of it -----------------------------------------------------------------------

    @property
    def opens(self) -> bool:
        """Whether a rule of the student's admits the leak."""
        return any(True for _ in self.admitting())

    @property
    def asks_dns(self) -> bool:
        """Whether the question to DNS is missing, and the exercise asks for it."""
        said = self.exercise.rest == "solution"
        return any(judged.destination.is_dns and (judged.explicit or said) for judged in self.misses)

    def blocks(self) -> Iterator[IPBlock]:
        """All ipBlocks of the student's policies."""
        for policy in self.policies:
            for rule in (*policy.egress, *policy.ingress):
                yield from (peer.ip_block for peer in rule.peers if peer.ip_block is not None)

    def own_end(self, direction: Direction) -> Endpoint:
        """The end of the leak at which the rules of a direction stand."""
        assert self.leak is not None
        return self.leak.destination if direction == "ingress" else self.leak.source

    def stranger(self, rule: RuleRef) -> Endpoint:
        """The end of the leak that a rule lets in, or lets the pod out to."""
        assert self.leak is not None
        return other_end(rule.direction, self.leak)

    def far_end(self, gate: Gate) -> Endpoint:
        """The end that the rules speak of, where the missing connection stops."""
        assert self.missing is not None
        return other_end(gate.direction, self.missing)

    def missed_end(self, miss: NearMiss) -> Endpoint:
        """The end that a rule nearly admits."""
        assert self.missing is not None
        return other_end(miss.rule.direction, self.missing)

    def is_asked_shut(self, end: Endpoint, direction: Direction) -> bool:
        """Whether the exercise says of this very pod that its door is to be closed to somebody."""
        if not isinstance(end, Pod):
            return False
        everywhere = self.exercise.rest == "denied" and end.namespace in self.exercise.scope
        cells = self.exercise.denied
        names = {cell.destination if direction == "ingress" else cell.source for cell in cells}
        return everywhere or any(self.is_named(end, name) for name in names)

    def is_asked_open(self, end: Endpoint, direction: Direction) -> bool:
        """Whether the exercise says of this very pod that its door is to be open to somebody."""
        cells = self.exercise.allowed
        names = {cell.destination if direction == "ingress" else cell.source for cell in cells}
        return any(self.is_named(end, name) for name in names)

    def is_asked_open_at(self, rule: RuleRef) -> bool:
        """The same of the pod whose door a rule opens for the leak."""
        return self.is_asked_open(self.own_end(rule.direction), rule.direction)

    def connections(self, end: Endpoint, direction: Direction) -> list[Judged]:
        """All that the exercise is about and that goes through this door."""
        side = "destination" if direction == "ingress" else "source"
        return [judged for judged in self.judged if getattr(judged, side).endpoint == end]

    def is_to_be_shut(self, end: Endpoint, direction: Direction) -> bool:
        """Whether the exercise wants nothing to pass this door, on any port."""
        found = self.connections(end, direction)
        return bool(found) and all(judged.care.is_all and not judged.wanted for judged in found)

    def is_to_stay_open(self, end: Endpoint, direction: Direction) -> bool:
        """Whether nothing needs to isolate the pod there: it was not at the start, and somebody is to pass freely."""
        before = counterpart(self.start, end)
        was_isolated = before is not None and bool(self.start.engine.isolating(direction, before))
        return not was_isolated and any(judged.wanted.is_all for judged in self.connections(end, direction))

    def fits(self, policy: NetworkPolicy, rule: NetworkPolicyRule, gate: Gate) -> bool:
        """Whether a rule would admit the missing connection where it stops, wherever the rule stands."""
        missing = self.missing
        assert missing is not None
        if rule.peers and all(self.failures(policy, peer, self.far_end(gate)) for peer in rule.peers):
            return False
        asked = (missing.protocol, missing.port)
        return not rule.ports or any(asked in self._port_set(port, missing) for port in rule.ports)

    def failures(self, policy: NetworkPolicy, peer: NetworkPolicyPeer, end: Endpoint) -> tuple[Condition, ...]:
        """What keeps a peer, if it stood in this policy, from standing for an end, under the cluster's plugin."""
        missing = self.missing
        family = family_of(missing.source, missing.destination) if missing is not None else None
        return peer_failures(self.state.engine, policy.namespace, peer, end, address_of(end, family))

    def wanted_through(self, rule: RuleRef) -> Iterator[tuple[Judged, RuleRef]]:
        """The wanted connections that a rule admits at its end, each with the peer and the port that admit it."""
        for judged in self.judged:
            for protocol, first, _ in judged.wanted:
                verdict = self.state.verdict(judged.source.endpoint, judged.destination.endpoint, first, protocol)
                for reference in (each for gate in gates(verdict) for each in gate.admitting):
                    if (reference.policy, reference.direction, reference.index) == (
                        rule.policy,
                        rule.direction,
                        rule.index,
                    ):
                        yield judged, reference

    def is_named(self, end: Endpoint, name: str) -> bool:
        """Whether an exercise means this end by a name; the DNS pods are called ``kube-system/kube-dns``."""
        if not isinstance(end, Pod):
            return False
        if name == "kube-system/kube-dns":
            service = self.state.dns_service
            return service is not None and end in self.state.pods_of(service)
        return name in (end.id, f"{end.namespace}/{short(end)}")

    def pods(self, policy: NetworkPolicy, namespace: str | None = None) -> list[Pod]:
        """The pods a policy's podSelector picks, in its own namespace or (to compare) in another."""
        return list(self.state.selected(namespace or policy.namespace, policy.pod_selector))


def gather(exercise: Exercise, state: Snapshot, start: Snapshot, judged: Sequence[Judged]) -> Evidence:
    """The evidence of an answer, with the connections that tell most; without the student's policies yet."""
    bare = Evidence(exercise, state, start, (), judged, None, None, None, None)
    leak, miss = _most_telling(bare.leaks_found), _most_telling(bare.misses)
    return replace(
        bare,
        leak_pair=leak,
        missing_pair=miss,
        leak=_verdict(state, leak, leak.leak) if leak else None,
        missing=_verdict(state, miss, miss.missing) if miss else None,
    )


def _most_telling(judged: Iterable[Judged]) -> Judged | None:
    """Named by the exercise before others, between pods before outside, lesson before kube-system, else the first."""

    def rank(one: Judged) -> tuple[bool, bool, bool, bool]:
        wrong = one.leak or one.missing
        ends = (one.source, one.destination)
        return (
            not wrong & one.explicit,
            not wrong & one.destination.listens,
            any(end.is_external for end in ends),
            any(end.is_dns for end in ends),
        )

    return min(judged, key=rank, default=None)


def _verdict(state: Snapshot, judged: Judged, difference: PortSet) -> Verdict:
    protocol, port = judged.telling_port(difference)
    return state.verdict(judged.source.endpoint, judged.destination.endpoint, port, protocol)


def _by_port_alone(miss: NearMiss) -> bool:
    return all(condition.kind in ("port", "protocol", "named port") for condition in miss.failed)


def other_end(direction: Direction, verdict: Verdict) -> Endpoint:
    """The end that the rules of a direction speak of."""
    return verdict.destination if direction == "egress" else verdict.source


def gates(verdict: Verdict | None) -> tuple[Gate, ...]:
    return () if verdict is None else verdict.gates  # a verdict is false when it blocks


def own_policies(exercise: Exercise, state: Snapshot, start: Snapshot) -> tuple[NetworkPolicy, ...]:
    """The policies that are new or changed since the exercise began, where it takes place or by mistake could.

    By mistake is: in ``default``, and in any namespace under the name that the answer is to have. Those of earlier
    exercises do not count, as long as they do what they did.
    """
    before = {policy.id: policy for policy in start.policies}
    places = {"default", *exercise.scope, *(each.namespace for each in exercise.given)}
    return tuple(
        policy
        for policy in state.policies
        if (policy.namespace in places or policy.name in exercise.answer_names)
        and before.get(policy.id) != policy
        and (
            policy.name not in exercise.ignore or (policy.id in before and _overwrites(exercise, policy, state, start))
        )
    )


def is_left_over(exercise: Exercise, policy: NetworkPolicy, state: Snapshot, start: Snapshot) -> bool:
    """Whether an earlier try left a policy in another namespace, and one of its name was put where it belongs."""
    homes = {each.namespace for each in exercise.solution_policies if each.name == policy.name}
    before = {each.id: each for each in start.policies}
    written = {each.namespace for each in state.policies if each.name == policy.name and before.get(each.id) != each}
    return policy.namespace not in homes and bool(homes & written)


def parts_of(verdicts: Iterable[Verdict | None]) -> set[NetworkPolicy]:
    """The policies that have a part in what becomes of connections: they isolate an end of one."""
    return {policy for verdict in verdicts for gate in gates(verdict) for policy in gate.isolating}


def _overwrites(exercise: Exercise, policy: NetworkPolicy, state: Snapshot, start: Snapshot) -> bool:
    """Whether a policy of an earlier exercise was replaced by something that no lesson gives, and that does otherwise.

    Another way to write the same, as an answer to the earlier exercise may be, is none.
    """
    if policy in exercise.given_policies:
        return False
    begun = exercise.with_visitors(start)
    now = begun.with_objects([state.objects["NetworkPolicy", policy.namespace, policy.name]])
    was, is_now = ([judged.got for judged in judge(exercise, each)] for each in (begun, now))
    return was != is_now


def counterpart(state: Snapshot, end: Endpoint) -> Endpoint | None:
    """The same end in another state; a pod that was replaced is found by its workload."""
    if not isinstance(end, Pod):
        return end
    replicas = (pod for pod in state.pods if end.owner and (pod.namespace, pod.owner) == (end.namespace, end.owner))
    return state.pod(end.namespace, end.name) or next(replicas, None)


def at_selector(policy: NetworkPolicy) -> Origin | None:
    """Where its spec.podSelector stands."""
    return policy.pod_selector.origin or policy.origin


def at_types(policy: NetworkPolicy) -> Origin | None:
    """Where its policyTypes stand."""
    return policy.types_origin or policy.origin


def short(endpoint: Endpoint) -> str:
    """How a sentence calls an end of a connection: by its workload where it has one."""
    return "the outside" if endpoint == OUTSIDE else name_of(endpoint)
