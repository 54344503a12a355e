"""ipBlocks that say something else than they seem to."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from netpol_lab.coach.advice_facts import Facts, Place
from netpol_lab.coach.advice_finding import Finding, finding
from netpol_lab.model.networks import POD_NETWORK
from netpol_lab.model.objects import IPBlock, Pod


def covered_pods(facts: Facts, place: Place) -> Iterator[Finding]:
    """Does an ipBlock hold the address of a pod that the rule's other peers do not admit?"""
    blocks = [peer.ip_block for peer in place.rule.peers if peer.ip_block]
    if not blocks:
        return
    selected = {number for peer in place.rule.peers for number in facts.among(place.policy, peer)}
    for block in blocks:
        pod = next((pod for pod in _inside(facts, block) if facts.class_of[pod.id] not in selected), None)
        if pod is not None:
            near = _instead(block, pod)
            places = {"cidr": block.cidr, "pod": f"{pod.id} ({pod.ip})"}
            yield finding("ip-block-covers-pods", place.policy, block.origin, near, **places)


def _inside(facts: Facts, block: IPBlock) -> Iterator[Pod]:
    numbers, pods = facts.pod_addresses[block.network.version]
    for first, last in _stretches(block):
        yield from pods[bisect_left(numbers, first) : bisect_right(numbers, last)]


def _stretches(block: IPBlock) -> Iterator[tuple[int, int]]:
    """What is left of a block without its excepts, as first and last number."""
    start = int(block.network.network_address)
    for hole in sorted(block.except_networks, key=lambda network: int(network.network_address)):
        if start < int(hole.network_address):
            yield start, int(hole.network_address) - 1
        start = max(start, int(hole.broadcast_address) + 1)
    if start <= int(block.network.broadcast_address):
        yield start, int(block.network.broadcast_address)


def _instead(block: IPBlock, pod: Pod) -> str:
    network = block.network
    if network.prefixlen == network.max_prefixlen:
        by = f" by its labels, {pod.own_labels}" if pod.own_labels else " by a label"
        return f"Select the pod{by}: its address changes when it is made anew."
    if network.version == 4 and POD_NETWORK.subnet_of(network) and pod.ip in POD_NETWORK:  # type: ignore[arg-type]
        return f"Keep the pods out with except: [{POD_NETWORK}]."
    return "Keep the pods' network out with except."
