"""Comparing two states end by end is comparing two full walks; frame, matrix and verdict say the same."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from itertools import product

import pytest
from small_clusters import pod, policy_resource
from worlds import snapshot_of, state_of, world

from netpol_lab import Cluster
from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.coach.ways import effect
from netpol_lab.connections.ends import outside_ranges
from netpol_lab.connections.scene import effect_of
from netpol_lab.engine.compare import Difference, compare
from netpol_lab.engine.pairs import connections_between
from netpol_lab.model.labels import Labels
from netpol_lab.model.objects import Endpoint, External, NetworkPolicy, Pod
from netpol_lab.model.ports import PortSet

SEEDS = range(60)
STRANGER = External(ip_address("198.51.100.9"), "198.51.100.9")


def walk(state: Snapshot, ends: list[Endpoint]) -> dict[tuple[int, int], PortSet]:
    return {(a, b): ports for a, b, ports in connections_between(state.engine, [(end,) for end in ends])}


def steps(before: Snapshot) -> list[Snapshot]:
    """The state without its first policy, and the state in which a pod has the labels of another."""
    found = []
    policies = [each for each in before.objects if each[0] == "NetworkPolicy"]
    pods = [each for each in before.objects.values() if isinstance(each.typed, Pod)]
    if policies:
        found.append(before.without(policies[:1]))
    if len(pods) > 1 and isinstance(pods[0].typed, Pod) and isinstance(pods[-1].typed, Pod):
        labels = Labels(pods[-1].typed.labels)
        found.append(before.with_objects([replace(pods[0], typed=replace(pods[0].typed, labels=labels))]))
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_the_comparison_agrees_with_comparing_two_full_walks(seed: int) -> None:
    before = state_of(world(seed, size=2))
    for after in steps(before):
        now = {each.id: each for each in after.pods}
        outside = list(outside_ranges(before, after))
        twice: list[tuple[Endpoint, Endpoint]] = [(each, now[each.id]) for each in before.policed_pods]
        twice += [(each, each) for each in outside]
        old, new = walk(before, [one for one, _ in twice]), walk(after, [other for _, other in twice])
        for (a, source), (b, target) in product(enumerate(twice), repeat=2):
            if a == b or (isinstance(source[0], External) and isinstance(target[0], External)):
                continue
            wanted = Difference(old.get((a, b), PortSet.NONE), new.get((a, b), PortSet.NONE))
            found = compare(before.engine, after.engine, source, target)
            assert (found.opened, found.closed, found.turn) == (wanted.opened, wanted.closed, wanted.turn)


@pytest.mark.parametrize("seed", SEEDS)
def test_frame_matrix_and_verdict_agree(seed: int) -> None:
    each = world(seed, size=2)
    cluster = Cluster.at(state_of(each))
    rows = {(row.source, row.destination): row.ports for row in cluster.connections().itertuples()}
    whole = cluster.matrix()
    pods = cluster.policed_pods
    for protocol, port in each.asked[:3]:
        matrix = cluster.matrix(port, protocol)
        for source, target in product(pods, repeat=2):
            if source == target:
                continue
            at = (source.namespace, source.name), (target.namespace, target.name)
            assert rows.get((source.id, target.id), "") == whole.loc[at]
            assert cluster.verdict(source, target, port, protocol).allowed == matrix.loc[at]


def test_what_a_change_closes_is_told_for_each_address_that_either_state_tells_apart() -> None:
    """From 10.0.0.0/8 to 10.0.0.0/16 and 11.0.0.0/8: three parts, of which no state alone tells all apart."""
    web = pod("shop/web", {"app": "web"}, ips=["10.244.1.3"])

    def state(*blocks: str) -> Snapshot:
        peers = [{"ipBlock": {"cidr": block}} for block in blocks]
        policy = policy_resource("shop/p", podSelector={}, policyTypes=["Egress"], egress=[{"to": peers}])
        return snapshot_of([web], [policy], {"shop": {}})

    before, after = state("10.0.0.0/8"), state("10.0.0.0/16", "11.0.0.0/8")
    changed = [after.objects["NetworkPolicy", "shop", "p"]]
    found = effect(before, after, changed, before.verdict(web, STRANGER, 80), [("TCP", 80)])
    assert [(way.destinations[0], str(way.ports)) for way in found.opened] == [("11.0.0.0/8", "All")]
    assert [str(way.ports) for way in found.closed] == ["All"]


def test_what_a_policy_does_is_told_for_the_addresses_that_it_alone_tells_apart() -> None:
    web = pod("shop/web", {"app": "web"}, ips=["10.244.1.3"])
    deny = policy_resource("shop/deny", podSelector={}, policyTypes=["Egress"])
    to = [{"to": [{"ipBlock": {"cidr": "203.0.113.0/24"}}]}]
    allow = policy_resource("shop/allow", podSelector={}, policyTypes=["Egress"], egress=to)
    assert isinstance(allow.typed, NetworkPolicy)
    state = snapshot_of([web], [deny, allow], {"shop": {}})
    assert effect_of(state, allow.typed) == [("web", "203.0.113.0/24", PortSet.ALL, "+")]
