"""Mistakes about the peers of a rule: selectors that miss or let strangers in, ipBlocks, and the API server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from itertools import combinations

from netpol_lab.engine.verdict import Condition, NearMiss, RuleRef, Verdict
from netpol_lab.lessons.evidence import Evidence, short
from netpol_lab.lessons.recognize import Recognized, found, recognizes
from netpol_lab.model.labels import METADATA_NAME, LabelSelector, Requirement
from netpol_lab.model.networks import API_SERVER_PORT, NODE_NETWORK, POD_NETWORK, SERVICE_NETWORK
from netpol_lab.model.objects import ON_THE_WAY, OUTSIDE, Endpoint, External, IPBlock, Pod
from netpol_lab.model.phrases import PEERS_FIELD
from netpol_lab.tell.condition_words import condition_words

_SERVICE_PORT = 443
"""The port of the Service in front of the API server."""
_LOOSE = ("NotIn", "DoesNotExist", "Exists")

# -- selectors that miss -------------------------------------------------------------------------------


@recognizes(Evidence.nearest_misses)
def outside_missed(evidence: Evidence, miss: NearMiss) -> Recognized | None:
    """Selectors were to admit an address outside."""
    has_block = any(peer.ip_block is not None for peer in miss.rule.rule.peers)
    if has_block or all(condition.kind != "outside" for condition in miss.failed):
        return None
    return found(side=PEERS_FIELD[miss.rule.direction]).at(miss.failed[0].origin or miss.rule.origin)


@recognizes(Evidence.nearest_misses)
def peer_misses(evidence: Evidence, miss: NearMiss) -> Recognized | None:
    """The rule that was meant does not match the pod at its other end."""
    for kind in ("namespace label", "namespace", "pod label"):
        condition = next((failed for failed in miss.failed if failed.kind == kind), None)
        if condition is not None:
            words = condition_words("lesson", condition)
            return found(_why(evidence, condition), "wants", condition=words).at(condition.origin or miss.rule.origin)
    return None


def _why(evidence: Evidence, condition: Condition) -> str:
    """The sentence on a label, or a namespace, that is not what a selector asks for."""
    asked, state = condition.requirement, evidence.state
    if asked is None:
        return "own namespace"
    if condition.kind == "pod label":
        return "of a namespace" if any(_carries(asked, space.labels) for space in state.namespaces) else "labels"
    if asked.key == METADATA_NAME:
        known = any(space.name in asked.values for space in state.namespaces)
        return "another namespace" if known else "no such namespace"
    if any(_carries(asked, pod.labels) for pod in state.pods):
        return "of pods"
    return "not carried" if condition.value is None else "another value"


def _carries(asked: Requirement, labels: Mapping[str, str]) -> bool:
    """Whether an object of the other kind carries the very label that is asked for."""
    return asked.needs_key and labels.get(asked.key) in asked.values


@recognizes(Evidence.near_misses)
def contradiction(evidence: Evidence, miss: NearMiss) -> Recognized | None:
    """Two conditions on one key that no object can meet at once; one of them (OR) was meant."""
    for peer in miss.rule.rule.peers:
        for selector in peer.selectors.values():
            pair = _contradicting(selector)
            if pair is not None:
                return found(one=pair[0], two=pair[1]).at(pair[1].origin or miss.rule.origin)
    return None


def _contradicting(selector: LabelSelector) -> tuple[Requirement, Requirement] | None:
    wants = [each for each in selector.requirements if each.operator in ("=", "In")]
    pairs = ((one, other) for one, other in combinations(wants, 2) if one.key == other.key)
    return next((pair for pair in pairs if not {*pair[0].values} & {*pair[1].values}), None)


# -- selectors that let strangers in -------------------------------------------------------------------


@recognizes(Evidence.letting_strangers_in)
def loose_operator(evidence: Evidence, rule: RuleRef) -> Recognized | None:
    """NotIn, DoesNotExist and Exists fit more than the author thought of."""
    for field, selector in (rule.peer.selectors if rule.peer is not None else {}).items():
        requirement = next((each for each in selector.requirements if each.operator in _LOOSE), None)
        if requirement is not None:
            end = evidence.stranger(rule)
            who = (
                f"the namespace {end.namespace}"
                if field == "namespaceSelector" and isinstance(end, Pod)
                else short(end)
            )
            at = requirement.origin or rule.origin
            return found(requirement.operator, requirement=requirement, who=who).at(at)
    return None


@recognizes(Evidence.letting_strangers_in)
def namespace_alone(evidence: Evidence, rule: RuleRef) -> Recognized | None:
    peer = rule.peer
    if peer is None or peer.namespace_selector is None:
        return None
    if peer.pod_selector is not None and not peer.pod_selector.is_empty:
        return None
    says = "alone" if peer.pod_selector is None else "beside nothing"
    return found(says, selector=peer.namespace_selector).at(peer.origin)


@recognizes(Evidence.letting_strangers_in)
def any_namespace(evidence: Evidence, rule: RuleRef) -> Recognized | None:
    """The pods were named, and their namespace was left open."""
    peer = rule.peer
    if peer is None or peer.namespace_selector is None or not peer.namespace_selector.is_empty:
        return None
    return found(selector=peer.pod_selector).at(peer.namespace_selector.origin or peer.origin)


# -- ipBlocks ------------------------------------------------------------------------------------------


def _by_block(evidence: Evidence) -> Iterator[tuple[RuleRef, IPBlock, Endpoint]]:
    """The student's rules that admit the leak by an address, each with the block and the end it covers."""
    for rule in evidence.letting_strangers_in():
        if rule.peer is not None and rule.peer.ip_block is not None:
            yield rule, rule.peer.ip_block, evidence.stranger(rule)


@recognizes(_by_block)
def block_covers_pods(evidence: Evidence, admitted: tuple[RuleRef, IPBlock, Endpoint]) -> Recognized | None:
    """A block for pods, or 0.0.0.0/0 as "outside only"; both cover the addresses of other pods."""
    rule, block, end = admitted
    if not isinstance(end, Pod):
        return None
    says = "for pods" if _is_for_pods(evidence, rule, block) else "for the outside"
    return found(says, block=block, pod=short(end)).at(rule.peer.origin if rule.peer else rule.origin)


def _is_for_pods(evidence: Evidence, rule: RuleRef, block: IPBlock) -> bool:
    """Whether the block was written for pods: it holds nothing else, or nothing but pods is wanted through it."""
    if isinstance(block.network, IPv4Network) and block.network.subnet_of(POD_NETWORK):
        return True
    uses = (judged for judged, used in evidence.wanted_through(rule) if used.peer == rule.peer)
    ends = [(judged.destination if rule.direction == "egress" else judged.source).endpoint for judged in uses]
    return bool(ends) and all(isinstance(end, Pod) for end in ends)


@recognizes(_by_block)
def hole_missing(evidence: Evidence, admitted: tuple[RuleRef, IPBlock, Endpoint]) -> Recognized | None:
    """An address outside that was to stay closed lies in a block, or in the block of another rule."""
    rule, block, end = admitted
    if not isinstance(end, External) or evidence.leak_pair is None or evidence.leak_pair.wanted:
        return None
    elsewhere = _hole_for(evidence, end)
    places = {"elsewhere": elsewhere, "rule": rule, "cidr": block.cidr, "address": end.address}
    says = "elsewhere" if elsewhere is not None else "all" if end == OUTSIDE else "one"
    return found(says, **places).at(rule.peer.origin if rule.peer else rule.origin)


def _hole_for(evidence: Evidence, outside: External) -> RuleRef | None:
    """A rule of the student that leaves this address out."""
    for policy in evidence.policies:
        for direction in ON_THE_WAY:
            for index, rule in enumerate(policy.rules(direction)):
                for peer in rule.peers:
                    if peer.ip_block is not None and peer.ip_block.hole(outside.address):
                        return RuleRef(policy, direction, index, peer)
    return None


@recognizes(Evidence.nearest_misses)
def block_too_small(evidence: Evidence, miss: NearMiss) -> Recognized | None:
    """An address outside that is wanted is not in the block, or lies in one of its holes."""
    end = evidence.missed_end(miss)
    blocks = [peer.ip_block for peer in miss.rule.rule.peers if peer.ip_block is not None]
    if not blocks or not isinstance(end, External) or any(condition.ignored_by for condition in miss.failed):
        return None  # what a plugin does not compare is no question of size
    block = next((each for each in blocks if each.hole(end.address)), blocks[0])
    hole = block.hole(end.address)
    places = {"hole": hole, "cidr": block.cidr, "address": end.address}
    return found("hole" if hole else "block", **places).at(block.origin or miss.rule.origin)


@recognizes(Evidence.nearest_misses)
def block_for_pods(evidence: Evidence, miss: NearMiss) -> Recognized | None:
    """An address where pods were meant; that of a Service never reaches a policy."""
    pod = evidence.missed_end(miss)
    condition = next((failed for failed in miss.failed if failed.kind == "address"), None)
    if condition is None or not isinstance(pod, Pod):
        return None
    service = _service_in(evidence, miss.rule, condition, pod)
    why = "of the service" if service else "not compared" if condition.ignored_by else "elsewhere"
    places = {"block": condition.wanted, "service": service, "pod": short(pod), "plugin": condition.ignored_by}
    return found("address", why, "labels stay", **places).at(condition.origin)


def _service_in(evidence: Evidence, rule: RuleRef, condition: Condition, pod: Pod) -> str:
    """The Service in front of a pod whose address the block holds that was missed; "" when there is none."""
    for peer in (each for each in rule.rule.peers if each.ip_block == condition.wanted):
        for service in evidence.state.services:
            ip = service.cluster_ip
            if ip is None or ip not in SERVICE_NETWORK or pod not in evidence.state.pods_of(service):
                continue
            if not evidence.failures(rule.policy, peer, External(ip, service.name)):
                return service.name
    return ""


# -- the API server ------------------------------------------------------------------------------------


def _to_the_api_server(evidence: Evidence) -> Iterator[tuple[NearMiss, External]]:
    verdict: Verdict | None = evidence.missing
    if verdict is None or verdict.port != API_SERVER_PORT or not isinstance(verdict.destination, External):
        return
    if verdict.destination.address in NODE_NETWORK:
        yield from (
            (miss, verdict.destination) for miss in evidence.nearest_misses() if miss.rule.direction == "egress"
        )


@recognizes(_to_the_api_server)
def api_server(evidence: Evidence, asked: tuple[NearMiss, External]) -> Recognized | None:
    """Egress to the API server by a selector, by the Service's address, or on the Service's port."""
    miss, server = asked
    if [condition.kind for condition in miss.failed] == ["protocol"]:
        return None
    peers = miss.rule.rule.peers
    blocks = [peer.ip_block for peer in peers if peer.ip_block is not None]
    if any(block.network.version == 4 and block.network.subnet_of(SERVICE_NETWORK) for block in blocks):
        says = "service"
    elif peers and not blocks:
        says = "selector"
    else:
        missed = blocks and all(evidence.failures(miss.rule.policy, peer, server) for peer in peers)
        if not missed and all(port.port != _SERVICE_PORT for port in miss.rule.rule.ports):
            return None  # some other port: port_or_protocol knows
        says = "address" if missed else "port"
    places = {"address": server.address, "port": API_SERVER_PORT, "block": blocks[0] if blocks else ""}
    return found(says, **places).at(miss.rule.origin)
