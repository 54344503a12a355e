"""What the parts of a sentence are made of: peers, near misses, steps and a policy's story."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from small_clusters import pod, policy, policy_resource
from worlds import snapshot_of

from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.connections import connect, connect_to
from netpol_lab.connections.steps import near_misses
from netpol_lab.display import why, why_twin
from netpol_lab.engine.profiles import PROFILES
from netpol_lab.engine.verdict import Condition, Gate, NearMiss, RuleRef
from netpol_lab.lab.clusters import Cluster
from netpol_lab.model.objects import NetworkPolicyPeer, Node, Pod
from netpol_lab.model.ports import PortSet
from netpol_lab.tell import policy_story
from netpol_lab.tell.condition_words import found_words, wanted_words
from netpol_lab.tell.policy_story import World
from netpol_lab.tell.step_words import steps_told
from netpol_lab.tell.why_reasons import near_miss, reasons
from netpol_lab.tell.words import Mono, peer_words, text
from tests import scenes
from tests.scenes import PodSpec

WEB = pod("shop/web", {"app": "web"}, [("http", 80, "TCP")], ["10.244.1.3"], node="worker")
CLIENT = pod("test/client", {"app": "client"}, ips=["10.244.1.4"], node="worker")


def peer(**written: Any) -> NetworkPolicyPeer:
    return policy("shop/p", podSelector={}, ingress=[{"from": [written]}]).ingress[0].peers[0]


def labels(**wanted: str) -> dict[str, Mapping[str, str]]:
    return {"matchLabels": wanted}


def state(*specs: Mapping[str, Any], pods: tuple[Pod, ...] = (WEB, CLIENT)) -> Snapshot:
    policies = [policy_resource(f"shop/p-{i}", **spec) for i, spec in enumerate(specs)]
    return snapshot_of(list(pods), policies, {"shop": {"team": "a"}, "test": {"team": "b"}})


# -- peers ---------------------------------------------------------------------------------------------


def test_the_excepts_of_a_block_are_told_and_a_block_without_them_is_told_alone() -> None:
    block = {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16", "10.2.0.0/16"]}
    data = [part for part in peer_words(peer(ipBlock=block), "shop") if isinstance(part, Mono)]
    assert data == ["10.0.0.0/8", "10.1.0.0/16", "10.2.0.0/16"]
    assert [part for part in peer_words(peer(ipBlock={"cidr": "10.0.0.0/8"}), "shop") if isinstance(part, Mono)] == [
        "10.0.0.0/8"
    ]


def test_a_namespace_is_called_by_its_name_only_where_the_selector_means_that_one() -> None:
    def told(operator: str) -> str:
        one = {"key": "kubernetes.io/metadata.name", "operator": operator, "values": ["test"]}
        return text(peer_words(peer(namespaceSelector={"matchExpressions": [one]}), "shop"))

    named = text(peer_words(peer(namespaceSelector=labels(**{"kubernetes.io/metadata.name": "test"})), "shop"))
    assert named.endswith("namespace test")
    assert "namespace test" not in told("NotIn") and "notin" in told("NotIn")


@pytest.mark.parametrize(
    ("written", "kinds"),
    [
        ({"podSelector": labels(app="x")}, ["labels app=x"]),
        ({"namespaceSelector": labels(team="y")}, ["namespace labels team=y"]),
        ({"podSelector": labels(app="x"), "namespaceSelector": {}}, ["namespace labels of any kind", "labels app=x"]),
    ],
)
def test_what_a_peer_wants_of_an_end_outside_names_each_selector_and_what_it_is_of(
    written: dict[str, Any], kinds: list[str]
) -> None:
    one = peer(**written)
    assert wanted_words(Condition("outside", CLIENT, one)).partition("with ")[2].split(" and ") == kinds


def test_an_address_that_a_plugin_does_not_compare_is_said_to_be_a_pods_or_a_nodes() -> None:
    block = peer(ipBlock={"cidr": "10.0.0.0/8"}).ip_block
    assert block is not None and CLIENT.ip is not None
    node = Node("worker", CLIENT.ip)
    host = replace(CLIENT, host_network=True)
    told = [
        found_words(Condition("address", end, block, address=CLIENT.ip, ignored_by="x")) for end in (CLIENT, node, host)
    ]
    assert ["node" in each for each in told] == [False, True, True]


# -- near misses ---------------------------------------------------------------------------------------


def misses(*failed: tuple[Condition, ...]) -> Gate:
    one = policy("shop/p", podSelector={}, ingress=[{}])
    rule = RuleRef(one, "ingress", 0)
    return Gate("ingress", WEB, False, (one,), (), tuple(NearMiss(rule, each) for each in failed))


def conditions(gate: Gate) -> dict[str, Condition]:
    return {each.kind: each for miss in gate.near_misses for each in miss.failed}


def blocked(*specs: Mapping[str, Any]) -> Gate:
    return state(*specs).verdict(CLIENT, WEB, 80).ingress


def test_a_rule_is_a_near_miss_where_one_condition_like_a_label_fails_alone() -> None:
    wrong = {"namespaceSelector": labels(team="c"), "podSelector": labels(app="other")}
    found = conditions(blocked({"podSelector": {}, "ingress": [{"from": [wrong], "ports": [{"port": 81}]}]}))
    space, label, port = found["namespace label"], found["pod label"], found["port"]
    assert near_miss(misses((label,))) is not None and near_misses(misses((label,))) == 1
    assert near_miss(misses((port,))) is None and near_misses(misses((port,))) == 0
    assert near_miss(misses((space, label))) is None and near_misses(misses((space, label))) == 0
    assert near_miss(misses((label, port))) is None and near_misses(misses((label, port))) == 0


def test_every_closed_door_has_a_box() -> None:
    shut = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    other = replace(CLIENT, namespace="shop")
    flow = connect_to(state(shut, pods=(WEB, other)), other, WEB, 80)
    assert len([each for each in reasons(flow) if each.edge == "blocked"]) == 2


@pytest.mark.parametrize(("number", "told"), [(1, 1), (2, 2), (3, 0)])
def test_up_to_two_conditions_of_a_near_miss_are_told_in_a_twin(number: int, told: int) -> None:
    wrong = {"namespaceSelector": labels(team="c"), "podSelector": labels(app="other")}
    found = conditions(blocked({"podSelector": {}, "ingress": [{"from": [wrong], "ports": [{"port": 81}]}]}))
    lines = why_twin._near_miss(misses(tuple(found.values())[:number]).near_misses[0])
    assert sum("wants" in each for each in lines) == told


def test_the_name_step_of_a_twin_shows_the_end_at_which_the_question_to_dns_stops() -> None:
    cluster = Cluster()
    cluster.apply("{apiVersion: v1, kind: Pod, metadata: {name: c}, spec: {containers: [{name: c, image: busybox}]}}")
    cluster.apply(policy_resource("default/shut", podSelector={}, policyTypes=["Egress"]))
    twin = why.draw(connect(cluster, cluster.endpoint("default/c"), "kubernetes.default", 443)).twin
    assert "isolated by shut" in twin


# -- steps ---------------------------------------------------------------------------------------------


def test_each_gate_of_the_steps_tells_of_its_own_end_and_counts_rules_from_one() -> None:
    ways = {"ingress": [{"ports": [{"port": 81}]}, {"ports": [{"port": 80}]}], "policyTypes": ["Ingress"]}
    told = steps_told(connect_to(state({"podSelector": {}, **ways}), CLIENT, WEB, 80))
    egress, ingress = (next(each for each in told if each.name == name) for name in ("Egress", "Ingress"))
    assert egress.said.startswith("client") and ingress.said.endswith("p-0, rule 2")


def test_a_pod_on_its_own_node_and_one_that_is_not_isolated_are_told_apart() -> None:
    node = Node("worker", WEB.ips[0] + 100)
    shut = state({"podSelector": {}})
    facts = [
        [step.fact for step in connect_to(shut, end, WEB, 80).steps if step.name == "Ingress"] for end in (node, CLIENT)
    ]
    assert facts == [["its own node"], ["no rule admits"]]
    assert [step.fact for step in connect_to(state(), CLIENT, WEB, 80).steps if step.name == "Ingress"] == [
        "not isolated"
    ]


# -- a policy's story ----------------------------------------------------------------------------------


def sections(spec: Mapping[str, Any], effect: list[policy_story.EffectRow] | None = None) -> list[policy_story.Section]:
    world = World.of(scenes.lab_a(3), ())
    return policy_story.sections(policy("student-07/p", **spec), world, effect)


@pytest.mark.parametrize(("effects", "details", "more"), [(5, 5, ""), (6, 6, ""), (7, 6, "and 2 more")])
def test_six_effects_are_listed_and_of_seven_the_last_line_is_a_count(effects: int, details: int, more: str) -> None:
    rows = [(f"pod-{i}", "web", PortSet.of("TCP", 80), "+") for i in range(effects)]
    told = sections({"podSelector": {}}, rows)[-1].details
    assert len(told) == details
    assert (told[-1] if "more" in told[-1] else "") == more


def test_the_nearest_label_is_the_most_alike_wherever_its_pod_stands() -> None:
    pods = [PodSpec(f"shop/{name}", f"app: {name}") for name in ("frontend", "backend", "fronted-9")]
    nodes = scenes.scene(pods, dns=False, outside=False).nodes
    selector = policy("shop/p", podSelector=labels(app="frontent")).pod_selector
    for order in (nodes, nodes[::-1]):
        assert policy_story.nearest(selector, order).endswith("app=frontend")


def test_addresses_in_a_direction_that_sleeps_have_no_effect() -> None:
    asleep = {"podSelector": {}, "policyTypes": ["Ingress"], "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]}
    awake = {**asleep, "policyTypes": ["Egress"]}
    texts = ["".join(sections(spec, [])[-1].sentence) for spec in (asleep, awake)]
    assert ["addresses" in each for each in texts] == [False, True]


def test_a_profile_is_named_where_it_does_not_compare_an_address() -> None:
    spec = {"podSelector": {}, "ingress": [{"from": [{"ipBlock": {"cidr": "10.244.0.0/16"}}]}]}
    for profile in PROFILES.values() if isinstance(PROFILES, Mapping) else PROFILES:
        gate = replace(state(spec), enforcement=profile).verdict(CLIENT, WEB, 80).ingress
        for miss in gate.near_misses:
            assert [each.ignored_by for each in miss.failed] == [profile.name]
