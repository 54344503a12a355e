"""The ends of connections: the pods that take part, and the parts of the outside that policies tell apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from netpol_lab.cluster.snapshot import View
from netpol_lab.engine.addresses import AddressMap, AddressRange, range_name
from netpol_lab.engine.compiled import Engine, have_a_family
from netpol_lab.model.networks import NETWORKS, SYSTEM_NAMESPACE
from netpol_lab.model.objects import OUTSIDE, Direction, Endpoint, External, IPBlock, Pod
from netpol_lab.model.phrases import noun
from netpol_lab.model.ports import PortSet


def ends_of(view: View) -> list[Endpoint]:
    """Pods one by one, then one address for each part of the outside that some pod treats differently."""
    pods = pods_in_order(view)
    return [*pods, *outside_of(view, pods)]


def pods_in_order(view: View) -> list[Pod]:
    """The pods that take part (:attr:`View.policed_pods`), by namespace in order of first appearance, system last."""
    pods = view.policed_pods
    order = {name: place for place, name in enumerate(dict.fromkeys(pod.namespace for pod in pods))}
    return sorted(pods, key=lambda pod: (pod.namespace == SYSTEM_NAMESPACE, order[pod.namespace]))


def outside_ranges(*states: View, apart: Iterable[IPBlock] = ()) -> dict[External, list[AddressRange]]:
    """The addresses outside the cluster, by what the policies of any of the states can tell apart.

    One family after the other, of those that pods have; the largest part of each first. Pod, Service and node networks
    are left out where there are nodes. No part holds addresses on both sides of one of the blocks ``apart``.
    """
    addresses, more = states[0].engine.addresses, tuple(apart)
    if len(states) > 1 or more:
        blocks = dict.fromkeys((*(block for state in states for block in state.engine.addresses.blocks), *more))
        addresses = AddressMap(list(blocks))
    cluster = NETWORKS if any(state.nodes for state in states) else ()
    found: dict[External, list[AddressRange]] = {}
    for version in _families(pod for state in states for pod in state.policed_pods):
        parts = list(addresses.classes(version, cluster).values())
        for ranges in sorted(parts, key=lambda ranges: -sum(int(last) - int(first) for first, last in ranges)):
            found[_example(ranges, not found)] = ranges
    return found


def _families(pods: Iterable[Pod]) -> list[int]:
    return list(dict.fromkeys(address.version for pod in pods for address in pod.ips)) or [4]


def _example(ranges: list[AddressRange], is_first: bool) -> External:
    """One address that stands for a part of the outside; the usual one where it is in it."""
    usual = next(address for address in OUTSIDE.ips if address.version == ranges[0][0].version)
    holds_usual = any(int(first) <= int(usual) <= int(last) for first, last in ranges)
    more = f" and {len(ranges) - 1} more {noun(len(ranges) - 1, 'range')}" if len(ranges) > 1 else ""
    name = OUTSIDE.name if is_first else range_name(*ranges[0]) + more
    return External(usual if holds_usual else ranges[0][0], name)


def outside_of(view: View, pods: Sequence[Pod]) -> list[External]:
    """The outside, and besides it each part of it that some pod treats differently.

    Where pods have addresses of two families, the outside of the second is a part of its own, unless no pod tells it
    from the first: then one end stands for both.
    """
    engine = view.engine
    outward, inward = _judges_of_addresses(engine, "egress", pods), _judges_of_addresses(engine, "ingress", pods)
    found: dict[tuple[PortSet | None, ...], External] = {}
    for part in outside_ranges(view):
        sent = (engine.admitted("egress", pod, part) if have_a_family(pod, part) else None for pod in outward)
        received = (engine.admitted("ingress", part, pod) if have_a_family(pod, part) else None for pod in inward)
        known = found.setdefault(key := (*sent, *received), part)
        if part.address.version not in {address.version for address in known.ips}:
            found[key] = replace(known, other_families=(part.address,))
    return list(found.values())


def _judges_of_addresses(engine: Engine, direction: Direction, pods: Iterable[Pod]) -> list[Pod]:
    """One pod for each way to treat addresses outside. Only ipBlocks tell addresses apart."""
    found: dict[object, Pod] = {}
    for pod in pods:
        group = engine.group(direction, pod)
        if any(peer.is_block for rule in group.rules for peer in rule.peers):
            found.setdefault((group, pod.ports, tuple(address.version for address in pod.ips)), pod)
    return list(found.values())
