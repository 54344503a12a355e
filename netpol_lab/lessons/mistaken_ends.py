"""Mistakes about the two ends of a connection: which end a policy is for, which direction, what is on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.engine.verdict import Gate, NearMiss, RuleRef, Verdict
from netpol_lab.lessons.evidence import OTHER, Evidence, at_selector, at_types, counterpart, short
from netpol_lab.lessons.recognize import Recognized, found, recognizes
from netpol_lab.model.objects import DIRECTIONS, NetworkPolicy, NetworkPolicyRule, Pod, Service
from netpol_lab.model.phrases import PEERS_FIELD, listed
from netpol_lab.tell.condition_words import found_words, subject_words, wanted_words

_PART = {"ingress": "receives", "egress": "sends"}
_CLIENT_PORTS = 1024, 32768
"""Clients take their own port from above the first, Linux from above the second. A range that begins above the one and
ends above the other was meant for replies."""


# -- the other end, the other direction ----------------------------------------------------------------


@recognizes(Evidence.stops_and_policies)
def ends_exchanged(evidence: Evidence, stop: tuple[Gate, NetworkPolicy]) -> Recognized | None:
    gate, policy = stop
    other, selected = evidence.far_end(gate), evidence.pods(policy)
    peers = [peer for rule in policy.rules(gate.direction) for peer in rule.peers]
    named = [peer for peer in peers if peer.pod_selector is not None and not peer.pod_selector.is_empty]
    misses = [{each.kind for each in evidence.failures(policy, peer, gate.endpoint)} for peer in named]
    if all(kinds & {"outside", "pod label"} for kinds in misses) or other not in selected or gate.endpoint in selected:
        return None
    parts = {"part": _PART[gate.direction], "others_part": _PART[OTHER[gate.direction]]}
    ends = {"pod": short(gate.endpoint), "other": short(other), "direction": gate.direction}
    at = at_selector(policy)
    return found(policy=policy.name, side=PEERS_FIELD[gate.direction], **ends, **parts).at(at)


@recognizes(Evidence.stops_and_policies)
def wrong_list(evidence: Evidence, stop: tuple[Gate, NetworkPolicy]) -> Recognized | None:
    gate, policy = stop
    wrong = OTHER[gate.direction]
    if policy.rules(gate.direction) or gate.endpoint not in evidence.pods(policy):
        return None
    for index, rule in enumerate(policy.rules(wrong)):
        if not evidence.fits(policy, rule, gate):
            continue
        is_needed = any(True for _ in evidence.wanted_through(RuleRef(policy, wrong, index)))
        if not is_needed or not evidence.wrong_with(_turned(policy)):
            ends = {"pod": short(gate.endpoint), "other": short(evidence.far_end(gate)), "policy": policy.name}
            ways = {"wrong": wrong, "direction": gate.direction, "side": PEERS_FIELD[gate.direction]}
            return found(part=_PART[gate.direction], **ends, **ways).at(rule.origin)
    return None


def _turned(policy: NetworkPolicy) -> NetworkPolicy:
    """The same rules in the other direction."""
    types = tuple(OTHER[way].capitalize() for way in DIRECTIONS if policy.isolates(way))
    return replace(policy, policy_types=types, ingress=policy.egress, egress=policy.ingress)


@recognizes(Evidence.leak_gates_and_policies)
def other_end_closed(evidence: Evidence, leak: tuple[Gate, NetworkPolicy]) -> Recognized | None:
    gate, policy = leak
    end, way, wrong = gate.endpoint, gate.direction, OTHER[gate.direction]
    if evidence.opens or gate.isolated or not evidence.is_asked_shut(end, way) or not evidence.is_to_be_shut(end, way):
        return None  # a rule that opens is the cause itself
    selected = evidence.pods(policy)
    meant = end in selected or any(evidence.is_to_be_shut(pod, wrong) for pod in selected)
    if not selected or meant or policy.isolates(way) or not policy.isolates(wrong):
        return None
    places = {"policy": policy.name, "pods": _some(selected), "wrong": wrong, "pod": short(end)}
    left = "a way in to" if way == "ingress" else "a way out from"
    return found(way=left, type=way.capitalize(), **places).at(at_selector(policy))


def _some(pods: list[Pod]) -> str:
    names = list(dict.fromkeys(short(pod) for pod in pods))
    return listed(names) if len(names) < 4 else f"{names[0]} and {len(names) - 1} others"


@recognizes(Evidence.misses_told)
def one_end_only(evidence: Evidence, missing: Verdict) -> Recognized | None:
    for gate, other in ((missing.egress, missing.ingress), (missing.ingress, missing.egress)):
        opened = any(rule.policy in evidence.policies for rule in other.admitting)
        if not gate.admitted and opened:
            ends = {"opened": short(other.endpoint), "closed": short(gate.endpoint)}
            return found(open=other.direction, closed_way=gate.direction, **ends).at(other.admitting[0].origin)
    return None


# -- policyTypes ---------------------------------------------------------------------------------------


@recognizes(Evidence.leak_gates_and_policies)
def direction_missing(evidence: Evidence, leak: tuple[Gate, NetworkPolicy]) -> Recognized | None:
    gate, policy = leak
    if evidence.opens or gate.isolated or evidence.is_to_stay_open(gate.endpoint, gate.direction):
        return None
    if gate.endpoint not in evidence.pods(policy) or policy.isolates(gate.direction):
        return None
    also = ["asleep"] if policy.rules(gate.direction) else []
    isolated = " and ".join(policy.policy_types).lower()
    return found("missing", *also, **_direction(gate, policy), isolated=isolated).at(at_types(policy))


@recognizes(Evidence.stops_and_policies)
def rules_asleep(evidence: Evidence, stop: tuple[Gate, NetworkPolicy]) -> Recognized | None:
    gate, policy = stop
    asleep = policy.rules(gate.direction) and not policy.isolates(gate.direction)
    return (
        found(**_direction(gate, policy)).at(at_types(policy))
        if asleep and gate.endpoint in evidence.pods(policy)
        else None
    )


@recognizes(Evidence.stopping)
def isolates_too_much(evidence: Evidence, stop: tuple[Gate, NetworkPolicy]) -> Recognized | None:
    gate, policy = stop
    tried = any(miss.rule.policy != policy for miss in evidence.near_misses())
    if len(policy.policy_types) < 2 or tried or evidence.is_to_be_shut(gate.endpoint, gate.direction):
        return None
    if not policy.rules(gate.direction):
        return found("no rules", **_direction(gate, policy)).at(at_types(policy))
    return found("was open", **_direction(gate, policy)).at(at_types(policy)) if _was_open(evidence, gate) else None


def _was_open(evidence: Evidence, gate: Gate) -> bool:
    """Whether this door was open at the start, and the exercise does not speak of the connection."""
    pair, pod = evidence.missing_pair, gate.endpoint
    if pair is None or pair.missing & pair.explicit or not isinstance(pod, Pod):
        return False
    before = counterpart(evidence.start, pod)
    return isinstance(before, Pod) and not evidence.start.engine.isolating(gate.direction, before)


@recognizes(Evidence.stopping)
def both_directions_for_all(evidence: Evidence, stop: tuple[Gate, NetworkPolicy]) -> Recognized | None:
    gate, policy = stop
    others = [pod for pod in evidence.pods(policy) if evidence.is_to_be_shut(pod, gate.direction)]
    mine = evidence.is_to_be_shut(gate.endpoint, OTHER[gate.direction])
    if len(policy.policy_types) != 2 or not mine or not others or gate.endpoint in others:
        return None
    ways = {"mine": OTHER[gate.direction], "theirs": gate.direction, "others": _some(others)}
    return found(policy=policy.name, pod=short(gate.endpoint), **ways).at(at_types(policy))


@recognizes(Evidence.stopping)
def no_rule_written(evidence: Evidence, stop: tuple[Gate, NetworkPolicy]) -> Recognized | None:
    gate, policy = stop
    asked = [each.id for each in evidence.exercise.solution_policies if each.rules(gate.direction)]
    is_default_deny = policy.pod_selector.is_empty and policy.id not in asked
    if policy.rules(gate.direction) or is_default_deny or evidence.is_to_be_shut(gate.endpoint, gate.direction):
        return None
    if any(True for _ in evidence.near_misses()):
        return None
    at = at_selector(policy)
    return found(policy=policy.name, pod=short(gate.endpoint), direction=gate.direction).at(at)


def _direction(gate: Gate, policy: NetworkPolicy) -> dict[str, object]:
    """What sentences about policyTypes say of a direction."""
    ends = {"pod": short(gate.endpoint), "policy": policy.name}
    return {"type": gate.direction.capitalize(), "direction": gate.direction, **ends}


# -- replies, Services, names, ports -------------------------------------------------------------------


@recognizes(Evidence.letting_strangers_in)
def reply_rule(evidence: Evidence, rule: RuleRef) -> Recognized | None:
    leak = evidence.leak
    if leak is None or not _goes_back(evidence, rule, leak):
        return None
    return found(pod=short(leak.source), rule=rule).at(rule.origin)


def _goes_back(evidence: Evidence, rule: RuleRef, leak: Verdict) -> bool:
    """Whether the rule was made for the way back: for the clients of the source, for their ports, or from its own."""
    allowed, source, destination = evidence.exercise.allowed, leak.source, leak.destination
    asked = [cell for cell in allowed if evidence.is_named(source, cell.destination)]
    selector = rule.peer.pod_selector if rule.peer is not None else None
    names_pods = selector is not None and not selector.is_empty  # one that admits everybody has another cause
    if names_pods and any(evidence.is_named(destination, cell.source) for cell in asked):
        return not any(True for _ in evidence.wanted_through(rule))  # one that serves was made for that
    serves = asked if rule.direction == "egress" else [c for c in allowed if evidence.is_named(destination, c.source)]
    if serves and _has_high_range(rule.rule):
        return True
    own = [cell.port for cell in asked if cell.port is not None]
    ports = [port.port for port in rule.rule.ports]
    return evidence.is_to_be_shut(source, "egress") and bool(ports) and all(port in own for port in ports)


def _has_high_range(rule: NetworkPolicyRule) -> bool:
    first, last = _CLIENT_PORTS
    ranges = ((p.port, p.end_port) for p in rule.ports if isinstance(p.port, int) and p.end_port is not None)
    return any(begin >= first and end >= last for begin, end in ranges)


@recognizes(Evidence.misses_told)
def half_of_the_service(evidence: Evidence, missing: Verdict) -> Recognized | None:
    closed = missing.destination
    if not isinstance(closed, Pod) or missing.ingress.admitted:
        return None
    for service, pods in _services_of(evidence.state, closed):
        for policy in evidence.policies:
            chosen = [pod for pod in pods if pod in evidence.pods(policy)]
            if chosen and closed not in chosen and policy.isolates("ingress"):
                names = {
                    "pods": listed(map(short, pods)),
                    "chosen": listed(map(short, chosen)),
                    "closed": short(closed),
                }
                at = at_selector(policy)
                return found(policy=policy.name, service=service.name, **names).at(at)
    return None


def _services_of(state: Snapshot, pod: Pod) -> Iterator[tuple[Service, list[Pod]]]:
    behind = ((service, list(state.pods_of(service))) for service in state.services)
    return ((service, pods) for service, pods in behind if pod in pods)


@recognizes(Evidence.near_misses)
def port_or_protocol(evidence: Evidence, miss: NearMiss) -> Recognized | None:
    verdict, pair = evidence.missing, evidence.missing_pair
    if [condition.kind in ("port", "protocol") for condition in miss.failed] != [True] or not pair or verdict is None:
        return None
    condition = miss.failed[0]
    places = {"wanted": wanted_words(condition), "found": found_words(condition)}
    protocols = [port.protocol for port in miss.rule.rule.ports]
    if condition.kind == "protocol" and verdict.protocol in protocols:  # an entry has it, with another port
        return found("port", "asked", **places).at(condition.origin)
    if condition.kind == "protocol":
        return found("dns" if verdict.port == 53 else "protocol", **places).at(condition.origin)
    service = _service_of_port(evidence, verdict, miss.rule.rule)
    listens = (verdict.protocol, verdict.port) in pair.destination.listens
    says = ["port", *(["of the service"] if service else []), "listens" if listens else "asked"]
    return found(*says, **places, service=service).at(condition.origin)


def _service_of_port(evidence: Evidence, verdict: Verdict, rule: NetworkPolicyRule) -> str:
    """The Service in front of the pod whose own port a rule names, and nothing else; "" when it is no Service's."""
    named = [(port.protocol, port.port, port.end_port) for port in rule.ports]
    for service in evidence.state.services:
        for pod, port, target in evidence.state.endpoints(service):
            if pod == verdict.destination and named == [(port.protocol, port.port, None)] and target != port.port:
                return service.name
    return ""


@recognizes(Evidence.near_misses)
def port_name_missing(evidence: Evidence, miss: NearMiss) -> Recognized | None:
    if [condition.kind for condition in miss.failed] != ["named port"]:
        return None
    condition = miss.failed[0]
    asked = {"wanted": wanted_words(condition), "subject": subject_words(condition)}
    return found(**asked, found=found_words(condition)).at(condition.origin)


@recognizes(Evidence.itself)
def dns_forgotten(evidence: Evidence, _: Evidence) -> Recognized | None:
    tried = any(not {"port", "named port"} & {failed.kind for failed in miss.failed} for miss in evidence.near_misses())
    closing = [policy for policy in evidence.policies if policy.isolates("egress")]
    if not evidence.asks_dns or tried or not closing:  # a rule on port 53 was meant for DNS: what it lacks is the cause
        return None
    return found().at(at_types(closing[0]))


@recognizes(Evidence.misses_told)
def dns_in_the_hole(evidence: Evidence, missing: Verdict) -> Recognized | None:
    """Rules for addresses alone do not let the question to DNS out."""
    if not evidence.asks_dns or not isinstance(missing.destination, Pod) or missing.egress.admitted:
        return None
    misses = [miss for miss in evidence.near_misses() if miss.rule.direction == "egress"]
    if not misses or not all("address" in {condition.kind for condition in miss.failed} for miss in misses):
        return None
    address = missing.destination.ip
    if any(address is not None and address not in block.network for block in evidence.blocks()):
        return None  # meant for the DNS pods, and written as an address: block_for_pods knows
    return found().at(missing.egress.isolating[0].origin)
