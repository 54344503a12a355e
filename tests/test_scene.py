"""A scene says of every node what the engine says of every pod it stands for."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from small_clusters import pod, policy_resource
from worlds import snapshot_of, state_of, world

from netpol_lab import Cluster
from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.connections import scene as scene_module
from netpol_lab.connections.ends import outside_ranges
from netpol_lab.connections.frames import DIRECTIONS
from netpol_lab.connections.scene import Reach, Scene, build, effect_of
from netpol_lab.engine.compiled import exemption, have_a_family
from netpol_lab.engine.profiles import PROFILES
from netpol_lab.model.objects import NetworkPolicy, Pod
from netpol_lab.model.ports import PortSet

SEEDS = range(150)


def with_owners(state: Snapshot) -> Snapshot:
    """Every second pod of a namespace becomes a replica of one workload."""
    changed = [
        replace(resource, typed=replace(resource.typed, owner="Deployment/many"))
        for place, resource in enumerate(state.list("Pod"))
        if place % 2 and isinstance(resource.typed, Pod)
    ]
    return state.with_objects(changed)


def members(state: Snapshot, scene: Scene, id: str) -> list[Pod]:
    """The pods a node stands for: its own, and the replicas of its owner that are seen like it."""
    first = scene.node(id).endpoint
    assert isinstance(first, Pod)
    alike = [
        each
        for each in state.pods
        if each.owner
        and (each.namespace, each.owner) == (first.namespace, first.owner)
        and not each.host_network
        and [state.engine.class_of(each, v) for v in (4, 6)] == [state.engine.class_of(first, v) for v in (4, 6)]
    ]
    return alike or [first]


@pytest.mark.parametrize("part", range(3))
def test_the_reach_of_a_node_is_that_of_every_pod_it_stands_for(part: int) -> None:
    for seed in SEEDS[part::3]:
        state = with_owners(state_of(world(seed, size=4)))
        scene = build(state)
        assert len({node.id for node in scene.nodes}) == len(scene.nodes), seed
        for (source, target), reach in scene.reach.items():
            ends = [
                [node.endpoint] if node.is_external else members(state, scene, node.id)
                for node in (scene.node(source), scene.node(target))
            ]
            for one, other in product(*ends):
                if exemption(one, other):
                    continue
                assert reach.egress == state.engine.admitted("egress", one, other), seed
                assert reach.ingress == state.engine.admitted("ingress", one, other), seed


@pytest.mark.parametrize("part", range(3))
def test_all_pairs_at_once_are_the_pairs_one_by_one(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    differing = 0
    for seed in SEEDS[part::3]:
        state = with_owners(state_of(world(seed, size=4)))
        for profile, fold in (("upstream", True), ("upstream", False), ("cilium", True)):
            state = replace(state, enforcement=PROFILES[profile])
            one_by_one = build(state, fold=fold)
            assert not one_by_one.is_large
            monkeypatch.setattr(scene_module, "FEW", 0)
            at_once = build(state, fold=fold)
            assert at_once.is_large
            pairs = dict(one_by_one.reach)
            assert dict(at_once.reach) == pairs, (seed, profile, fold)
            monkeypatch.undo()
            differing += sum(reach.certain is not None for reach in pairs.values())
            nodes = at_once.nodes
            table = at_once.numbered(nodes, nodes[::-1])
            rows = [[table.values[number] for number in row] for row in table.numbers.tolist()]
            assert rows == [[pairs.get((a.id, b.id)) for b in nodes[::-1]] for a in nodes], (seed, profile, fold)
            for by_pod in (False, True):
                told = at_once.tally(nodes, nodes[1:], by_pod=by_pod)
                assert told == one_by_one.tally(nodes, nodes[1:], by_pod=by_pod), (seed, profile, fold)
            assert told.total() == sum(a.count * b.count for a, b in product(nodes, nodes[1:]) if (a.id, b.id) in pairs)
    assert differing > 30


def test_pods_that_nobody_tells_apart_do_not_reach_each_other_as_they_reach_themselves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pods = [pod(f"shop/p{number}", {"app": "web"}, ips=[f"10.244.1.{number + 2}"]) for number in range(3)]
    monkeypatch.setattr(scene_module, "FEW", 0)
    scene = build(snapshot_of(pods, [policy_resource("shop/deny")], {"shop": {}}), fold=False)
    assert scene.is_large
    assert {reach.stop for pair, reach in scene.reach.items() if "External" not in pair} == {"ingress"}


def test_the_reach_from_and_to_a_node_that_is_not_in_the_scene_is_none() -> None:
    scene = build(state_of(world(3, size=4)))
    stranger = replace(scene.nodes[0], id="nowhere/nobody")
    table = scene.numbered([stranger, scene.nodes[0]], [scene.nodes[1], stranger])
    assert [[each is None for each in map(table.values.__getitem__, row)] for row in table.numbers.tolist()] == [
        [True, True],
        [False, True],
    ]


def test_a_scene_holds_every_pair_but_outside_to_outside_and_pods_to_an_outside_of_a_family_they_lack() -> None:
    for seed in SEEDS:
        scene = build(state_of(world(seed)), fold=False)
        ids = [node.id for node in scene.nodes]
        external = {node.id for node in scene.nodes if node.is_external}
        wanted = {pair for pair in product(ids, repeat=2) if pair[0] != pair[1] and not set(pair) <= external}
        apart = {
            pair
            for pair in wanted
            if set(pair) & external and not have_a_family(*(scene.node(each).endpoint for each in pair))
        }
        assert set(scene.reach) == wanted - apart


def test_every_pod_off_the_host_network_is_counted_once() -> None:
    for seed in SEEDS:
        state = with_owners(state_of(world(seed, size=3)))
        shown = sum(node.count for node in build(state).nodes if not node.is_external)
        assert shown == sum(not each.host_network for each in state.pods)
        assert len([n for n in build(state, fold=False).nodes if not n.is_external]) == shown


def test_the_outside_is_split_where_a_pod_treats_parts_of_it_differently() -> None:
    web = pod("shop/web", {"app": "web"}, ips=["10.244.1.3"])
    rules = [{"from": [{"ipBlock": {"cidr": "203.0.113.0/24", "except": ["203.0.113.128/25"]}}]}]
    scene = build(snapshot_of([web], [policy_resource("shop/p", ingress=rules)], {"shop": {}}))
    assert [node.name for node in scene.nodes] == ["web", "External", "203.0.113.0/25"]
    assert scene.reach["External", "shop/web"].stop == "ingress"
    assert scene.reach["203.0.113.0/25", "shop/web"].ports == PortSet.ALL


def test_parts_of_the_outside_that_all_pods_treat_alike_are_one_node() -> None:
    web = pod("shop/web", {"app": "web"}, ips=["10.244.1.3"])
    other = policy_resource(
        "shop/p",
        podSelector={"matchLabels": {"no": "body"}},
        ingress=[{"from": [{"ipBlock": {"cidr": "203.0.113.0/24"}}]}],
    )
    scene = build(snapshot_of([web], [other], {"shop": {}}))
    assert [node.name for node in scene.nodes] == ["web", "External"]


def test_the_ranges_of_the_outside_leave_out_the_clusters_own_networks() -> None:
    ranges = [span for spans in outside_ranges(Cluster()).values() for span in spans]
    assert [f"{first}-{last}" for first, last in ranges] == [
        "0.0.0.0-10.95.255.255",
        "10.97.0.0-10.243.255.255",
        "10.245.0.0-172.17.255.255",
        "172.19.0.0-255.255.255.255",
    ]


DEPLOYED = """
apiVersion: v1
kind: Pod
metadata: {name: web}
spec: {containers: [{name: web, image: nginx}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: nginx}]}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  selector: {matchLabels: {app: db}}
  template: {metadata: {labels: {app: db}}, spec: {containers: [{name: web, image: nginx}]}}
"""


def test_a_pod_and_workloads_of_the_same_name_are_nodes_of_their_own() -> None:
    cluster = Cluster()
    cluster.apply(DEPLOYED)
    nodes = [(node.id, node.count) for node in build(cluster).nodes if node.namespace != "kube-system"]
    assert nodes == [
        ("default/web", 1),
        ("default/web[Deployment]", 3),
        ("default/web[StatefulSet]", 1),
        ("External", 1),
    ]


def test_dns_pods_that_are_treated_differently_keep_their_own_names() -> None:
    cluster = Cluster()
    assert [node.id for node in build(cluster).nodes] == ["kube-system/kube-dns", "External"]
    (first, *_) = [each for each in cluster.pods if each.name.startswith("coredns")]
    apart = {"podSelector": {"matchLabels": {"odd": "yes"}}}
    cluster.apply(policy_resource("kube-system/p", **apart))
    resource = cluster.objects["Pod", "kube-system", first.name]
    odd = replace(first, labels=type(first.labels)({**first.labels, "odd": "yes"}))
    state = cluster.snapshot().with_objects([replace(resource, typed=odd)])
    nodes = [node for node in build(state).nodes if not node.is_external]
    assert len({node.id for node in nodes}) == 2
    assert [node.isolated_ingress for node in nodes] == [True, False]
    assert all(node.is_dns for node in nodes)


def test_a_reach_says_at_which_end_it_stops() -> None:
    web, dns, none = PortSet.of("TCP", 80), PortSet.of("UDP", 53), PortSet.NONE
    assert [Reach(*ends).stop for ends in ((web, web), (web, none), (none, web), (none, none), (web, dns))] == [
        "",
        "ingress",
        "egress",
        "both ends",
        "ports differ",
    ]
    assert Reach(web, dns).stop_on("TCP", 80) == "ingress"
    assert Reach(web, dns).stop_on("UDP", 53) == "egress"
    assert Reach(web, dns).stop_on("TCP", 1) == "both ends"
    assert Reach(web, web).stop_on("TCP", 80) == ""


@pytest.mark.parametrize("part", range(3))
def test_a_port_depends_on_the_plugin_in_a_scene_exactly_where_its_verdict_does(part: int) -> None:
    found = 0
    for seed in SEEDS[part::3]:
        each = world(seed, size=4)
        state = state_of(each)
        scene = build(state, fold=False)
        for (source, target), reach in scene.reach.items():
            ends = scene.node(source).endpoint, scene.node(target).endpoint
            for protocol, port in (("TCP", 80), ("TCP", 443), ("UDP", 53)):
                verdict = state.verdict(*ends, port, protocol)
                depends = verdict.answer == "depends on the network plugin"
                assert ((protocol, port) in reach.depends) == depends, (seed, source, target, protocol, port)
                found += depends
    assert found > 10


def test_under_the_profile_of_one_plugin_and_without_ip_blocks_nothing_depends_on_the_plugin() -> None:
    seen = 0
    for seed in SEEDS[:40]:
        state = state_of(world(seed, size=4))
        assert not any(reach.certain for reach in build(replace(state, enforcement=PROFILES["calico"])).reach.values())
        rules = [rule for policy in state.policies for way in DIRECTIONS for rule in policy.rules(way)]
        if not any(peer.ip_block for rule in rules for peer in rule.peers):
            assert not state.engine.leaves_open and not any(reach.certain for reach in build(state).reach.values())
            seen += 1
    assert seen


def test_an_address_outside_never_depends_on_the_plugin() -> None:
    for seed in SEEDS[:40]:
        scene = build(state_of(world(seed, size=4)))
        outside = {node.id for node in scene.nodes if node.is_external}
        assert not any(reach.depends for pair, reach in scene.reach.items() if outside.intersection(pair))


def test_the_effect_of_a_policy_is_what_only_it_admits_or_closes() -> None:
    web, client = pod("shop/web", {"app": "web"}, ips=["10.244.1.3"]), pod("shop/client", ips=["10.244.1.4"])
    deny = policy_resource("shop/deny", podSelector={"matchLabels": {"app": "web"}})
    allow = policy_resource(
        "shop/allow", podSelector={"matchLabels": {"app": "web"}}, ingress=[{"ports": [{"port": 80}]}]
    )
    state = snapshot_of([web, client], [deny, allow], {"shop": {}})
    opened = effect_of(state, typed(allow))
    assert opened == [("client", "web", PortSet.of("TCP", 80), "+"), ("External", "web", PortSet.of("TCP", 80), "+")]
    assert effect_of(state, typed(deny)) == []  # the other one isolates the pod as well
    alone = snapshot_of([web, client], [deny], {"shop": {}})
    assert [sign for *_, sign in effect_of(alone, typed(deny))] == ["-", "-"]


@pytest.mark.parametrize("seed", range(0, 150, 12))
def test_a_policy_has_an_effect_only_at_the_pods_that_it_isolates(seed: int) -> None:
    state = state_of(world(seed, size=3))
    scene = build(state)
    policy = state.policies[0]
    without = state.without([("NetworkPolicy", policy.namespace, policy.name)]).engine
    wanted = []
    for source, target in scene.reach:
        ends = scene.node(source), scene.node(target)
        points = [node.endpoint for node in ends]
        was, now = without.connection(*points), state.engine.connection(*points)
        names = [node.name for node in ends]
        wanted += [(*names, ports, sign) for ports, sign in ((now - was, "+"), (was - now, "-")) if ports]
    assert effect_of(state, policy) == wanted
    assert effect_of(state, policy, scene) == wanted


def typed(resource: object) -> NetworkPolicy:
    found = getattr(resource, "typed", None)
    assert isinstance(found, NetworkPolicy)
    return found
