"""Pairs, ends and rows: the small decisions that every picture and frame of connections rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest
from small_clusters import pod, policy_resource
from worlds import snapshot_of

from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.connections import connect, connect_to, frames
from netpol_lab.connections.cells import Question, cell, matrix
from netpol_lab.connections.ends import outside_ranges, pods_in_order
from netpol_lab.connections.frames import connections, diff, unselected
from netpol_lab.connections.scene import Reach, build, effect_of
from netpol_lab.connections.services import translate
from netpol_lab.engine.verdict import Caveat
from netpol_lab.lab.clusters import Cluster
from netpol_lab.model.errors import LabError
from netpol_lab.model.objects import NetworkPolicy, Pod
from netpol_lab.model.ports import PortSet


def tcp(*ports: int) -> PortSet:
    return PortSet.from_ranges(("TCP", port, port) for port in ports)


WEB = replace(pod("shop/web", {"app": "web"}, ips=["10.244.1.3"]), owner="ReplicaSet/web")
CLIENT = pod("test/client", {"run": "client"}, ips=["10.244.1.4"])


def state(*specs: Mapping[str, Any], pods: tuple[Pod, ...] = (WEB, CLIENT)) -> Snapshot:
    policies = [policy_resource(f"shop/p-{i}", **spec) for i, spec in enumerate(specs)]
    return snapshot_of(list(pods), policies, {each.namespace: {} for each in pods})


def ingress(port: int = 80, **more: Any) -> dict[str, Any]:
    return {"podSelector": {}, "ingress": [{"ports": [{"port": port}], **more}]}


# -- scenes --------------------------------------------------------------------------------------------


def test_a_reach_holds_what_each_end_admits_and_where_it_stops() -> None:
    out_only, in_only = Reach(tcp(80), PortSet.NONE), Reach(PortSet.NONE, tcp(80))
    assert (out_only.stop, in_only.stop, Reach(tcp(80), tcp(81)).stop) == ("ingress", "egress", "ports differ")
    assert Reach(PortSet.NONE, PortSet.NONE).stop == "both ends"
    told = [each.stop_on("TCP", 80) for each in (out_only, in_only, Reach(PortSet.NONE, PortSet.NONE))]
    assert told == ["ingress", "egress", "both ends"]
    assert Reach(tcp(80, 81), tcp(80, 81), Reach(tcp(80), tcp(80, 82))).depends == tcp(81)


def test_a_scene_looks_at_egress_of_the_source_and_ingress_of_the_target() -> None:
    reach = build(state(ingress())).reach
    assert reach["test/client", "shop/web"] == Reach(PortSet.ALL, tcp(80))
    assert reach["shop/web", "test/client"] == Reach(PortSet.ALL, PortSet.ALL)
    assert ("External", "External") not in reach and ("shop/web", "shop/web") not in reach


def test_sources_that_a_policy_tells_apart_reach_the_same_target_differently() -> None:
    other = pod("test/other", {"run": "other"}, ips=["10.244.1.5"])
    spec = ingress(**{"from": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"run": "client"}}}]})
    reach = build(state(spec, pods=(WEB, CLIENT, other))).reach
    assert [reach[each, "shop/web"].ports for each in ("test/client", "test/other")] == [tcp(80), PortSet.NONE]


@pytest.mark.parametrize(
    ("labels", "shown"),
    [
        ({"run": "r", "k8s-app": "k", "app.kubernetes.io/name": "n", "app": "a"}, "app: a"),
        ({"run": "r", "k8s-app": "k", "app.kubernetes.io/name": "n"}, "app.kubernetes.io/name: n"),
        ({"run": "r", "k8s-app": "k"}, "k8s-app: k"),
        ({"run": "r", "tier": "t"}, "run: r"),
        ({"able": "a", "tier": "t"}, "tier: t"),  # a policy asks for it
        ({"able": "a", "other": "o"}, "able: a"),
        ({}, ""),
    ],
)
def test_the_one_label_that_is_shown_is_a_usual_one_else_one_that_policies_ask_for(
    labels: dict[str, str], shown: str
) -> None:
    one = pod("shop/one", labels, ips=["10.244.1.9"])
    asking = {"podSelector": {"matchLabels": {"tier": "t"}}}
    assert build(state(asking, pods=(one,))).node("shop/one").label == shown


def replicas(*labels: Mapping[str, str], owner: str = "ReplicaSet/web", namespace: str = "shop") -> tuple[Pod, ...]:
    return tuple(
        replace(pod(f"{namespace}/web-{i}", each, ips=[f"10.244.2.{i + 1}"]), owner=owner)
        for i, each in enumerate(labels)
    )


def test_replicas_are_one_node_as_far_as_their_labels_are_the_same() -> None:
    pods = replicas({"app": "web"}, {"app": "web"}, {"app": "web", "canary": "yes"})
    assert [(node.id, node.count) for node in build(state(pods=pods[:2])).nodes][:1] == [("shop/web", 2)]
    found = [(node.id, node.count) for node in build(state(pods=pods)).nodes if node.namespace]
    assert found == [("shop/web-0", 2), ("shop/web-2", 1)]


def test_pods_of_nobody_are_never_one_node() -> None:
    pods = replicas({"app": "web"}, {"app": "web"}, owner="")
    assert [node.count for node in build(state(pods=pods)).nodes if node.namespace] == [1, 1]


def test_workloads_get_their_kind_only_beside_one_of_the_same_name_and_namespace() -> None:
    blue, green = (replicas({"app": "web"}, namespace=space) for space in ("blue", "green"))
    assert [node.name for node in build(state(pods=(*blue, *green))).nodes if node.namespace] == ["web", "web"]


def test_a_node_is_isolated_in_the_direction_of_the_policy() -> None:
    shut = build(state({"podSelector": {}, "policyTypes": ["Egress"]})).node("shop/web")
    assert (shut.isolated_ingress, shut.isolated_egress) == (False, True)


def test_what_a_policy_does_has_the_sign_of_what_it_opens_and_closes() -> None:
    now = state({"podSelector": {}}, ingress())
    deny, allow = (each.typed for key, each in now.objects.items() if key[0] == "NetworkPolicy")
    assert isinstance(deny, NetworkPolicy) and isinstance(allow, NetworkPolicy)
    assert {sign for *_, sign in effect_of(now, allow)} == {"+"}
    assert {sign for *_, sign in effect_of(state({"podSelector": {}}), deny)} == {"-"}


# -- ends ----------------------------------------------------------------------------------------------


def test_the_pods_of_the_system_are_the_last() -> None:
    system = pod("kube-system/dns", {}, ips=["10.244.0.2"])
    assert [each.id for each in pods_in_order(state(pods=(system, CLIENT, WEB)))] == [
        "test/client",
        "shop/web",
        "kube-system/dns",
    ]


def egress(*blocks: str) -> dict[str, Any]:
    return {
        "podSelector": {},
        "policyTypes": ["Egress"],
        "egress": [{"to": [{"ipBlock": {"cidr": block}} for block in blocks]}],
    }


def test_the_largest_part_of_the_outside_is_the_first() -> None:
    assert [str(each.address) for each in outside_ranges(state(egress("11.0.0.0/8")))] == ["198.51.100.10", "11.0.0.0"]
    most = outside_ranges(state(egress("128.0.0.0/1", "0.0.0.0/2")))
    sizes = [sum(int(last) - int(first) for first, last in ranges) for ranges in most.values()]
    assert sizes == sorted(sizes, reverse=True) and next(iter(most)).name == "External"


def test_parts_of_the_outside_are_those_that_any_of_the_states_tells_apart() -> None:
    plain = state(pods=(WEB, CLIENT))
    assert len(outside_ranges(plain)) == 1
    assert len(outside_ranges(plain, state(egress("11.0.0.0/8")))) == 2


def test_the_outside_has_the_families_of_the_pods() -> None:
    dual = replace(CLIENT, ips=(ip_address("10.244.1.4"), ip_address("fd00::4")))
    assert {each.address.version for each in outside_ranges(state(pods=(WEB, dual)))} == {4, 6}


def test_the_networks_of_a_cluster_with_nodes_are_not_outside() -> None:
    cluster = Cluster()
    ranges = [each for ranges in outside_ranges(cluster.snapshot()).values() for each in ranges]
    assert ranges and not any(first <= ip_address("10.244.1.3") <= last for first, last in ranges)


@pytest.mark.parametrize("spec", [egress("11.0.0.0/8"), ingress(**{"from": [{"ipBlock": {"cidr": "11.0.0.0/8"}}]})])
@pytest.mark.parametrize("beside", [(), ({"podSelector": {}},)])
def test_a_part_of_the_outside_is_a_node_where_a_pod_treats_it_differently(
    spec: dict[str, Any], beside: tuple[Mapping[str, Any], ...]
) -> None:
    written = {**spec}
    for direction, side in (("ingress", "from"), ("egress", "to")):
        if direction in written:
            written[direction] = [{**rule, side: [*rule[side], *beside]} for rule in written[direction]]
    nodes = [node.id for node in build(state(written)).nodes if node.is_external]
    assert nodes == ["External", "11.0.0.0/8"]


# -- frames and cells ----------------------------------------------------------------------------------


def test_a_frame_has_no_row_from_a_pod_to_itself() -> None:
    found = connections(state(pods=replicas({"a": "b"}, {"a": "b"})))
    assert len(found) and not (found.source == found.destination).any()


def test_by_workload_what_any_replica_may_counts() -> None:
    pods = (*replicas({"app": "web", "n": "1"}, {"app": "web", "n": "2"}), CLIENT)
    one = {**ingress(81), "podSelector": {"matchLabels": {"n": "1"}}}
    two = {**ingress(82), "podSelector": {"matchLabels": {"n": "2"}}}
    rows = connections(state(one, two, pods=pods), by="workload")
    into = {row.ports for row in rows.itertuples() if "client" in row.source and "web" in row.destination}
    assert into == {"TCP 81-82"}


def test_neighboring_addresses_are_one_row_only_with_the_same_ports() -> None:
    spec = egress("11.0.0.0/8", "12.0.0.0/8")
    spec["egress"] = [{**spec["egress"][0], "ports": [{"port": 80}]}, {"to": [{"ipBlock": {"cidr": "12.0.0.0/8"}}]}]
    rows = connections(state(spec, pods=(WEB,)))
    assert {(row.destination, row.ports) for row in rows.itertuples() if row.source == "shop/web"} == {
        ("11.0.0.0-11.255.255.255", "TCP 80"),
        ("12.0.0.0-12.255.255.255", "All"),
    }


def test_a_diff_tells_what_came_from_what_went() -> None:
    before, after = state(), state(ingress())
    pair = diff(before, after)
    found = {(row.source, row.destination): (row.ports_before, row.ports, row.change) for row in pair.itertuples()}
    assert found["test/client", "shop/web"] == ("All", "TCP 80", "changed")
    assert set(diff(before, state({"podSelector": {}})).change) == {"removed"}


def test_a_pod_that_is_open_one_way_is_unselected() -> None:
    rows = unselected(state({"podSelector": {}, "policyTypes": ["Egress"]}))
    assert [tuple(row)[1:] for row in rows[["pod", "ingress", "egress"]].itertuples()] == [
        ("shop/web", True, False),
        ("test/client", True, True),
    ]


def test_an_answer_of_as_many_rows_as_may_be_is_given_and_one_more_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pods = replicas({"a": "b"}, {"a": "b"}, owner="")
    monkeypatch.setattr(frames, "MAX_ROWS", 4)
    assert len(connections(state(pods=pods))) >= 2
    monkeypatch.setattr(frames, "MAX_ROWS", 3)
    with pytest.raises(LabError, match="more than 3 rows"):
        connections(state(pods=pods))


def test_a_question_about_one_end_stops_at_that_end() -> None:
    scene = build(state({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}))
    web, client = scene.node("shop/web"), scene.node("test/client")
    assert cell(scene, client, web, Question(80, direction="ingress")).stop == "ingress"
    assert cell(scene, web, client, Question(80, direction="egress")).stop == "egress"


def test_outside_to_outside_is_nothing_in_a_matrix() -> None:
    table = matrix(state(), 80)
    assert not table.loc[("", "External"), ("", "External")] and table.loc[("shop", "web"), ("", "External")]


# -- flows ---------------------------------------------------------------------------------------------


def test_what_is_not_judged_on_the_way_is_a_caveat_of_the_flow() -> None:
    flow = connect_to(state(), CLIENT, WEB, 80)
    unsaid = Caveat("webhook")
    assert unsaid in replace(flow, on_the_way=(unsaid,)).caveats


def test_the_connection_decides_once_dns_has_answered() -> None:
    cluster = Cluster()
    cluster.apply("{apiVersion: v1, kind: Pod, metadata: {name: c}, spec: {containers: [{name: c, image: busybox}]}}")
    flow = connect(cluster, cluster.endpoint("default/c"), "kubernetes.default", 443)
    assert flow.dns is not None and flow.verdict is not None and flow.judged is flow.verdict


def test_a_service_turns_among_its_pods_and_says_where_it_leads() -> None:
    cluster = Cluster()
    service = cluster.dns_service
    assert service is not None and service.cluster_ip is not None
    found = {translate(cluster, service.cluster_ip, 53, "UDP", attempt).endpoint for attempt in range(4)}
    assert len(found) == len(cluster.pods_of(service)) > 1
