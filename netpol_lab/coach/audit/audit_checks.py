"""What the audit looks for besides the advice: isolation that is missing, and rules that admit more than needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from string import Template

from netpol_lab.cluster.workloads import workload_names
from netpol_lab.coach.advice_facts import Facts, Place
from netpol_lab.coach.audit.audit_rules import AuditFinding, audit_rules
from netpol_lab.coach.audit.audit_settings import AuditSettings
from netpol_lab.engine.verdict import Caveat
from netpol_lab.model.networks import SYSTEM_NAMESPACE
from netpol_lab.model.objects import DIRECTIONS, IPBlock, NetworkPolicyPeer, NetworkPolicyRule, Pod
from netpol_lab.model.origin import Origin
from netpol_lab.model.phrases import capital, listed
from netpol_lab.tell.caveat_words import caveat_line
from netpol_lab.tell.words import ports_words

_OPEN = {"ingress": "everybody may connect to it", "egress": "it may connect to everything"}


def said(id: str, about: str, origin: Origin | None, **places: object) -> AuditFinding:
    """A finding in the words of its rule."""
    rule = audit_rules()[id]
    begin = {name.capitalize(): capital(value) for name, value in places.items()}
    return AuditFinding(rule, rule.severity, about, Template(rule.says).substitute({**begin, **places}), origin)


def defaults(facts: Facts, settings: AuditSettings) -> Iterator[AuditFinding]:
    """Has each namespace with pods a policy that isolates all of them, those to come included, in each direction?"""
    for name in sorted({pod.namespace for pod in _own_pods(facts)}):
        mine = [policy for policy in facts.state.policies if policy.namespace == name and policy.pod_selector.is_empty]
        for way in DIRECTIONS:
            if not any(policy.isolates(way) for policy in mine):
                yield said(f"no-default-deny-{way}", f"Namespace {name}", _of_namespace(facts, name), namespace=name)


def _own_pods(facts: Facts) -> list[Pod]:
    """All but the cluster's own: who closes its namespace stops DNS."""
    return [pod for pod in facts.state.policed_pods if pod.namespace != SYSTEM_NAMESPACE]


def unisolated(facts: Facts, settings: AuditSettings) -> Iterator[AuditFinding]:
    """Is each pod isolated in each direction? One finding for a workload."""
    pods = _own_pods(facts)
    names = workload_names(pods, facts.state.objects)
    open_ways: dict[str, dict[str, None]] = {}
    first: dict[str, Pod] = {}
    for pod in pods:
        for way in DIRECTIONS:
            if not facts.engine.isolating(way, pod):
                first.setdefault(names[pod.id], pod)
                open_ways.setdefault(names[pod.id], {})[way] = None
    for name, ways in sorted(open_ways.items()):
        workload, _, kind = name.removesuffix("]").partition("[")
        namespace, _, short = workload.partition("/")
        owner = facts.state.get(kind, namespace, short) or facts.state.get("Pod", namespace, first[name].name)
        places = {"pods": workload, "ways": listed(ways), "open": listed(_OPEN[way] for way in ways)}
        yield said("pod-not-isolated", f"{kind} {workload}", owner.origin if owner else None, **places)


def wide_rules(facts: Facts, settings: AuditSettings) -> Iterator[AuditFinding]:
    """Does each rule name whom it admits? A rule without effect is not looked at."""
    for policy in facts.state.policies:
        for place in facts.places(policy):
            yield from _everybody(place)
            yield from _blocks(place, settings.widest)


def _everybody(place: Place) -> Iterator[AuditFinding]:
    for who, origin in _without_limit(place.rule):
        # traffic to anywhere on a few ports is how DNS and the like are admitted
        if place.direction == "ingress" or not place.rule.ports:
            yield _of_rule("admits-everybody", place, origin, who=who, ports=ports_words(place.rule.ports))


def _without_limit(rule: NetworkPolicyRule) -> Iterator[tuple[str, Origin | None]]:
    if not rule.peers:
        yield "everybody, inside the cluster and outside,", rule.origin
    for peer in rule.peers:
        if _is_every_pod(peer):
            yield "every pod of every namespace", peer.origin
        elif peer.ip_block and not peer.ip_block.network.prefixlen and not peer.ip_block.excepts:
            yield f"every address ({peer.ip_block.cidr})", peer.origin


def _is_every_pod(peer: NetworkPolicyPeer) -> bool:
    pods, spaces = peer.pod_selector, peer.namespace_selector
    return spaces is not None and spaces.is_empty and (pods is None or pods.is_empty)


def _blocks(place: Place, most: int) -> Iterator[AuditFinding]:
    blocks = [peer.ip_block for peer in place.rule.peers if peer.ip_block]
    for index, block in enumerate(blocks):
        number = _size(block)
        whole = not block.network.prefixlen and not block.excepts  # that is everybody
        if number > most and not whole:
            yield _of_rule("ip-block-wide", place, block.origin, cidr=block, number=f"{number:,}", most=f"{most:,}")
        earlier, later = blocks[:index], blocks[index + 1 :]
        other = next((each for each in earlier + later if _lies_inside(block, each, each in earlier)), None)
        if other is not None:
            yield _of_rule("ip-block-inside-another", place, block.origin, cidr=block, other=other)


def _size(block: IPBlock) -> int:
    """How many addresses are left. Excepts of one block may lie inside one another."""
    from ipaddress import collapse_addresses

    holes = collapse_addresses(block.except_networks)  # type: ignore[type-var]
    return block.network.num_addresses - sum(hole.num_addresses for hole in holes)


def _lies_inside(block: IPBlock, other: IPBlock, is_earlier: bool) -> bool:
    """Whether another block admits all of this one; of two that are the same, the later one lies inside."""
    if block.network.version != other.network.version:
        return False
    if not block.network.subnet_of(other.network):  # type: ignore[arg-type]
        return False
    if any(hole.overlaps(block.network) for hole in other.except_networks):
        return False
    return block.network != other.network or bool(block.excepts) or is_earlier


def not_judged(facts: Facts, settings: AuditSettings) -> Iterator[AuditFinding]:
    """Policies of other kinds, workloads whose pods are not known, a plugin that enforces nothing: each is told."""
    for caveat in facts.state.caveats:
        resource = facts.state.objects.get(caveat.about) if caveat.about else None
        yield said("not-judged", _about(caveat), resource.origin if resource else None, what=caveat_line([caveat]))


def _about(caveat: Caveat) -> str:
    if caveat.about is None:
        return f"Plugin {caveat.plugin}" if caveat.plugin else "Cluster"
    kind, namespace, name = caveat.about
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"


def _of_rule(id: str, place: Place, origin: Origin | None, **places: object) -> AuditFinding:
    policy = place.policy
    where = origin or place.rule.origin or policy.origin
    return said(id, f"NetworkPolicy {policy.id}", where, place=place.words, **places)


def _of_namespace(facts: Facts, name: str) -> Origin | None:
    """Where a namespace is written; else where its first object is."""
    own = facts.state.get("Namespace", "", name)
    inside = (each.origin for each in facts.state.objects.values() if each.namespace == name and each.origin)
    return (own.origin if own else None) or next(inside, None)


CHECKS: tuple[Callable[[Facts, AuditSettings], Iterator[AuditFinding]], ...] = (
    defaults,
    unisolated,
    wide_rules,
    not_judged,
)
