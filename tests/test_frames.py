"""The frames say what the engine says, row by row."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from itertools import pairwise

from small_clusters import pod, policy_resource
from worlds import snapshot_of, state_of, world

from netpol_lab import Cluster
from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.connections import frames
from netpol_lab.connections.ends import outside_ranges
from netpol_lab.connections.scene import build
from netpol_lab.model.objects import External, Pod

SEEDS = range(60)
WEB = pod("shop/web", {"app": "web"}, ips=["10.244.1.3"])
CLIENT = pod("shop/client", {"app": "client"}, ips=["10.244.1.4"])


def rows(state: Snapshot) -> dict[tuple[str, str], str]:
    frame = frames.connections(state)
    assert list(frame.columns) == ["source", "destination", "ports"]
    found = {(row.source, row.destination): row.ports for row in frame.itertuples()}
    assert len(found) == len(frame)
    return found


def test_every_pair_of_pods_with_a_connection_is_a_row_and_no_other() -> None:
    for seed in SEEDS:
        state = state_of(world(seed, size=2))
        pods = [each for each in state.pods if not each.host_network]
        found = rows(state)
        for source in pods:
            for destination in pods:
                ports = state.engine.connection(source, destination) if source != destination else ""
                assert found.get((source.id, destination.id), "") == str(ports), seed


def test_ranges_outside_are_maximal_and_say_what_every_address_in_them_may() -> None:
    for seed in SEEDS:
        state = state_of(world(seed))
        for source in (each for each in state.pods if not each.host_network):
            ranges = [
                (*end.split("-"), ports)
                for (start, end), ports in rows(state).items()
                if start == source.id and "/" not in end
            ]
            for first, last, ports in ranges:
                for text in (first, last):
                    assert str(state.engine.connection(source, External(ip_address(text)))) == ports, seed
            for version in (4, 6):
                spans = sorted(
                    (int(ip_address(first)), int(ip_address(last)), ports)
                    for first, last, ports in ranges
                    if ip_address(first).version == version
                )
                for (_, end, before), (start, _, after) in pairwise(spans):
                    assert end < start and (end + 1 < start or before != after)


def test_every_class_of_outside_addresses_stands_in_the_rows() -> None:
    for seed in SEEDS:
        state = state_of(world(seed))
        found = rows(state)
        for external in outside_ranges(state):
            for each in (member for member in state.pods if not member.host_network):
                ports = str(state.engine.connection(external, each))
                holding = [
                    text for (source, target), text in found.items() if target == each.id and holds(source, external)
                ]
                assert holding == ([ports] if ports and shares_a_family(each, external) else []), seed


def shares_a_family(pod: Pod, external: External) -> bool:
    return not pod.ips or external.address.version in {address.version for address in pod.ips}


def test_a_dual_stack_pod_has_an_outside_in_both_families() -> None:
    both = pod("x/a", ips=["10.42.0.5", "fd00:42::5"])
    egress = [{"to": [{"ipBlock": {"cidr": "::/0"}}]}]
    opened, shut = (
        snapshot_of([both], [policy_resource("x/t", podSelector={}, policyTypes=["Egress"], egress=rules)], {"x": {}})
        for rules in (egress, [])
    )
    whole = f"{ip_address('::')}-{ip_address(2**128 - 1)}"
    assert rows(opened) == {
        ("0.0.0.0-255.255.255.255", "x/a"): "All",
        (whole, "x/a"): "All",
        ("x/a", whole): "All",
    }
    assert [tuple(row)[:2] for row in frames.diff(opened, shut).itertuples(index=False)] == [("x/a", whole)]


def holds(source: str, external: External) -> bool:
    if "/" in source:
        return False
    first, last = map(ip_address, source.split("-"))
    return first.version == external.address.version and int(first) <= int(external.address) <= int(last)


def test_a_diff_tells_added_removed_and_changed_connections() -> None:
    deny = policy_resource("shop/deny", podSelector={"matchLabels": {"app": "web"}})
    allow = policy_resource(
        "shop/deny",
        podSelector={"matchLabels": {"app": "web"}},
        ingress=[{"from": [{"podSelector": {}}], "ports": [{"port": 80}]}],
    )
    before, closed, opened = (snapshot_of([WEB, CLIENT], policies, {"shop": {}}) for policies in ([], [deny], [allow]))

    def changes(one: Snapshot, other: Snapshot) -> list[tuple[str, str, str, str, str]]:
        return [tuple(row) for row in frames.diff(one, other).itertuples(index=False)]

    world_wide = "0.0.0.0-255.255.255.255"
    assert changes(before, closed) == [
        (world_wide, "shop/web", "", "All", "removed"),
        ("shop/client", "shop/web", "", "All", "removed"),
    ]
    assert changes(closed, opened) == [("shop/client", "shop/web", "TCP 80", "", "added")]
    assert changes(before, opened) == [
        (world_wide, "shop/web", "", "All", "removed"),
        ("shop/client", "shop/web", "TCP 80", "All", "changed"),
    ]
    assert changes(before, before) == []


def test_the_matrix_has_a_boolean_for_every_pair() -> None:
    deny = policy_resource(
        "shop/deny", podSelector={"matchLabels": {"app": "web"}}, ingress=[{"ports": [{"port": 80}]}]
    )
    state = Cluster.at(snapshot_of([WEB, CLIENT], [deny], {"shop": {}}))
    open_80, open_81 = state.matrix(80), state.matrix(81)
    assert bool(open_80.loc[("shop", "client"), ("shop", "web")])
    assert not bool(open_81.loc[("shop", "client"), ("shop", "web")])
    assert state.matrix().loc[("shop", "client"), ("shop", "web")] == "TCP 80"
    assert state.matrix().loc[("shop", "web"), ("shop", "client")] == "All"


def test_a_pod_that_does_not_run_is_in_no_frame_no_matrix_and_no_scene() -> None:
    waiting = replace(pod("shop/waiting", ips=[]), phase="Pending")
    ended = replace(pod("shop/ended", ips=["10.244.1.5"]), phase="Succeeded")
    state = Cluster.at(snapshot_of([WEB, CLIENT, waiting, ended], [], {"shop": {}}))
    connections, matrix, one_port = state.connections(), state.matrix(), state.matrix(80)
    inside = {name for name in {*connections["source"], *connections["destination"]} if "/" in name}
    assert inside == {"shop/web", "shop/client"} == set(state.unselected()["pod"])
    assert [*matrix.index] == [*one_port.index] == [("shop", "web"), ("shop", "client"), ("", "External")]
    assert [node.name for node in build(state).nodes] == ["web", "client", "External"]
