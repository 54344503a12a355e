"""Misconceptions about ``ipBlock``: what a block covers, what ``except`` does, and DNS that is no address outside.

Each function works as :mod:`netpol_lab.lessons.misconceptions` says.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from netpol_lab.engine.verdict import Condition, RuleRef
from netpol_lab.lessons.evidence import Cause, Evidence, lines, sentence, short
from netpol_lab.model.networks import POD_NETWORK, SERVICE_NETWORK
from netpol_lab.model.objects import OUTSIDE, External, IPBlock, Pod

_USE_LABELS = "Pods get new addresses, and labels stay: use a `podSelector`."


def block_covers_pods(evidence: Evidence) -> Cause | None:
    """M10 and M11: a block for pods, or 0.0.0.0/0 as "outside only"; both cover the addresses of other pods."""
    for rule, block, end in _by_block(evidence):
        if not isinstance(end, Pod):
            continue
        at = lines(rule.peer.origin if rule.peer else rule.origin)
        if _is_for_pods(evidence, rule, block):
            text = f"addresses where pods are meant. `{block}` covers the address of {short(end)} too. {_USE_LABELS}"
            return Cause("M10", text, at)
        return Cause(
            "M11",
            f"`{block}` does not stop at the edge of the cluster. It covers the addresses of pods as well, such as "
            f"that of {short(end)}. Leave out the cluster's own ranges with `except`.",
            at,
        )
    return None


def _is_for_pods(evidence: Evidence, rule: RuleRef, block: IPBlock) -> bool:
    """Whether the block was written for pods: it holds nothing else, or nothing but pods is wanted through it."""
    if isinstance(block.network, IPv4Network) and block.network.subnet_of(POD_NETWORK):
        return True
    uses = (judged for judged, used in evidence.wanted_through(rule) if used.peer == rule.peer)
    ends = [(judged.destination if rule.direction == "egress" else judged.source).endpoint for judged in uses]
    return bool(ends) and all(isinstance(end, Pod) for end in ends)


def hole_missing(evidence: Evidence) -> Cause | None:
    """S21 and M16: an address outside that was to stay closed lies in a block, or in the block of another rule."""
    for rule, block, end in _by_block(evidence):
        if not isinstance(end, External) or evidence.leak_pair is None or evidence.leak_pair.wanted:
            continue
        at = lines(rule.peer.origin if rule.peer else rule.origin)
        elsewhere = _hole_for(evidence, end)
        if elsewhere is not None:
            return Cause(
                "M16",
                f"a hole is no deny. {sentence(elsewhere)} leaves {end.address} out with `except`, and "
                f"{rule} admits it all the same. Rules add up.",
                at,
            )
        if end == OUTSIDE:
            text = f"`{block.cidr}` covers all of the outside that is left. Take a smaller block."
        else:
            text = (
                f"`{block.cidr}` covers {end.address} too. Leave that address out of the block with `except`, or take "
                "a smaller block."
            )
        return Cause("S21", text, at)
    return None


def _by_block(evidence: Evidence) -> Iterator[tuple[RuleRef, IPBlock, object]]:
    """The student's rules that admit the leak by an address, each with the block and the end it covers."""
    for rule in evidence.letting_strangers_in():
        block = rule.peer.ip_block if rule.peer is not None else None
        if block is not None and evidence.leak is not None:
            yield rule, block, evidence.other_end(rule.direction, evidence.leak)


def _hole_for(evidence: Evidence, outside: External) -> RuleRef | None:
    """A rule of the student that leaves this address out."""
    for policy in evidence.policies:
        for direction in ("egress", "ingress"):
            for index, rule in enumerate(policy.rules(direction)):
                for peer in rule.peers:
                    if peer.ip_block is not None and peer.ip_block.hole(outside.address):
                        return RuleRef(policy, direction, index, peer)
    return None


def block_too_small(evidence: Evidence) -> Cause | None:
    """S20: an address outside that is wanted is not in the block, or lies in one of its holes."""
    verdict = evidence.missing
    for miss in evidence.nearest_misses():
        assert verdict is not None
        end = evidence.other_end(miss.rule.direction, verdict)
        blocks = [peer.ip_block for peer in miss.rule.rule.peers if peer.ip_block is not None]
        if not blocks or not isinstance(end, External) or any(each.ignored_by for each in miss.failed):
            continue  # what a plugin does not compare is no question of size
        block = next((each for each in blocks if each.hole(end.address)), blocks[0])
        hole = block.hole(end.address)
        if hole:
            text = (
                f"a hole is too wide. `{hole}` under `except` leaves out {end.address} as well, an address outside the "
                "cluster. Leave out the cluster's own ranges, and no more."
            )
        else:
            text = f"the block is too small. `{block.cidr}` does not hold {end.address}."
        return Cause("S20", text, lines(block.origin or miss.rule.origin))
    return None


def dns_in_the_hole(evidence: Evidence) -> Cause | None:
    """M5: rules for addresses alone do not let the question to DNS out."""
    asked = next((judged for judged in evidence.misses if judged.destination.is_dns and judged.explicit), None)
    verdict = evidence.missing
    if asked is None or verdict is None or not isinstance(verdict.destination, Pod) or verdict.egress.admitted:
        return None
    misses = [miss for miss in evidence.near_misses() if miss.rule.direction == "egress"]
    if not misses or not all("address" in {condition.kind for condition in miss.failed} for miss in misses):
        return None
    address = verdict.destination.ip
    if any(address is not None and address not in block.network for block in _blocks(evidence)):
        return None  # meant for the DNS pods, and written as an address: block_for_pods knows
    return Cause(
        "M5",
        "DNS is forgotten. The DNS pods are pods of the cluster: what leaves out the cluster's addresses leaves them "
        "out too. Admit egress to them with a selector, on UDP 53 and TCP 53.",
        lines(verdict.egress.isolating[0].origin),
    )


def _blocks(evidence: Evidence) -> Iterator[IPBlock]:
    for policy in evidence.policies:
        for rule in (*policy.egress, *policy.ingress):
            yield from (peer.ip_block for peer in rule.peers if peer.ip_block is not None)


def block_for_pods(evidence: Evidence) -> Cause | None:
    """M10: an address where pods were meant; that of a Service never reaches a policy."""
    verdict = evidence.missing
    for miss in evidence.nearest_misses():
        condition = next((failed for failed in miss.failed if failed.kind == "address"), None)
        if condition is None or verdict is None:  # "not verdict" would mean blocked
            continue
        other = evidence.other_end(miss.rule.direction, verdict)
        if not isinstance(other, Pod):
            continue
        why = _why_not_addresses(evidence, miss.rule, condition, other)
        return Cause("M10", f"an address where pods are meant. {why} {_USE_LABELS}", lines(condition.origin))
    return None


def _why_not_addresses(evidence: Evidence, rule: RuleRef, condition: Condition, pod: Pod) -> str:
    services = [service for service in evidence.state.services if pod in evidence.state.pods_of(service)]
    for peer in (each for each in rule.rule.peers if each.ip_block == condition.wanted):
        for service in services:
            front = External(service.cluster_ip, service.name) if service.cluster_ip is not None else None
            if front and front.address in SERVICE_NETWORK and not evidence.failures(rule.policy, peer, front):
                return (
                    f"`{peer.ip_block}` covers the address of the Service {service.name}. It is exchanged for the "
                    f"address of a pod before policies look, and {short(pod)} has another one."
                )
    if condition.ignored_by:
        plugin = condition.ignored_by
        return f"The network plugin here, `{plugin}`, does not compare an `ipBlock` with the address of {short(pod)}."
    return f"`{condition.wanted}` does not cover the address of {short(pod)}."
