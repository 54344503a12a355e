"""What each network plugin decides, and where a verdict says that it depends on the plugin."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from small_clusters import engine, pod, policy, policy_resource
from worlds import World, world

from netpol_lab import Cluster
from netpol_lab.engine import reasons as explain
from netpol_lab.engine.compiled import Engine
from netpol_lab.engine.profiles import (
    CALICO,
    CILIUM,
    CONFORMANT,
    FLANNEL,
    POINTS,
    PROFILES,
    UPSTREAM,
    WEAVE_2_3,
    profile_named,
)
from netpol_lab.model.errors import LabError
from netpol_lab.model.objects import External, Node, Pod
from netpol_lab.tell.condition_words import found_words

WEB = pod("shop/web", {"app": "web"}, ips=["10.244.1.3"])
CLIENT = pod("shop/client", {"app": "client"}, ips=["10.244.1.4"])
NODE_POD = pod("shop/agent", ips=["172.18.0.3"], node="node2", host_network=True)
ELSEWHERE = External(name="elsewhere")
FROM_PODS = policy("shop/from-block", podSelector={}, ingress=[{"from": [{"ipBlock": {"cidr": "10.244.0.0/16"}}]}])
FROM_ANY_ADDRESS = policy("shop/from-block", podSelector={}, ingress=[{"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}])
FROM_CLIENT = policy(
    "shop/from-client", podSelector={}, ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "client"}}}]}]
)
DENY_ALL = policy("shop/deny-all", podSelector={}, policyTypes=["Ingress", "Egress"])
DEPENDS = "depends on the network plugin"


def answers(built: Engine, source: object, destination: object) -> tuple[str, dict[str, str]]:
    verdict = explain.verdict(built, source, destination, 80)  # type: ignore[arg-type]
    return verdict.answer, dict(verdict.by_profile)


def test_an_ip_block_on_a_pod_address_depends_on_the_plugin() -> None:
    built = engine([WEB, CLIENT], [FROM_PODS])
    each = {"upstream": "allowed", "calico": "allowed", "cilium": "blocked"}
    assert answers(built, CLIENT, WEB) == (DEPENDS, each)


def test_the_clusters_own_profile_still_decides_what_clients_see() -> None:
    verdict = explain.verdict(engine([WEB, CLIENT], [FROM_PODS]), CLIENT, WEB, 80)
    assert (verdict.depends, verdict.allowed, bool(verdict), verdict.stops_at) == (True, True, True, "")
    assert str(engine([WEB, CLIENT], [FROM_PODS]).connection(CLIENT, WEB)) == "All"


def test_nothing_depends_on_the_plugin_where_a_selector_admits_too() -> None:
    assert answers(engine([WEB, CLIENT], [FROM_PODS, FROM_CLIENT]), CLIENT, WEB) == ("allowed", {})


def test_nothing_depends_on_the_plugin_where_the_other_end_blocks_anyway() -> None:
    closed = policy("shop/no-egress", podSelector={"matchLabels": {"app": "client"}}, policyTypes=["Egress"])
    assert answers(engine([WEB, CLIENT], [FROM_PODS, closed]), CLIENT, WEB) == ("blocked", {})


def test_an_ip_block_on_an_address_outside_is_the_same_for_all() -> None:
    assert answers(engine([WEB], [FROM_ANY_ADDRESS]), ELSEWHERE, WEB) == ("allowed", {})


def test_an_ip_block_on_a_port_that_it_does_not_admit_is_the_same_for_all() -> None:
    spec = {"from": [{"ipBlock": {"cidr": "10.244.0.0/16"}}], "ports": [{"port": 81}]}
    assert (
        answers(engine([WEB, CLIENT], [policy("shop/p", podSelector={}, ingress=[spec])]), CLIENT, WEB)[0] == "blocked"
    )


@pytest.mark.parametrize("source", [NODE_POD, Node("node2", NODE_POD.ips[0])], ids=["host network", "node"])
def test_an_ip_block_on_a_node_address_depends_on_the_plugin(source: Pod | Node) -> None:
    answer, each = answers(engine([WEB, NODE_POD], [FROM_ANY_ADDRESS]), source, WEB)
    assert (answer, each) == (DEPENDS, {"upstream": "allowed", "calico": "allowed", "cilium": "blocked"})


@pytest.mark.parametrize(("profile", "answer"), [(CALICO, "allowed"), (CILIUM, "blocked"), (WEAVE_2_3, "blocked")])
def test_one_plugin_gives_one_answer(profile: object, answer: str) -> None:
    assert answers(engine([WEB, CLIENT], [FROM_PODS], profile=profile), CLIENT, WEB) == (answer, {})  # type: ignore[arg-type]


def test_weave_2_3_ignores_egress_and_admits_nothing_for_an_ip_block() -> None:
    built = engine([WEB, CLIENT], [DENY_ALL], profile=WEAVE_2_3)
    assert built.isolating("egress", CLIENT) == ()
    assert str(built.connection(CLIENT, ELSEWHERE)) == "All"
    assert str(built.connection(CLIENT, WEB)) == ""
    assert str(engine([WEB], [FROM_ANY_ADDRESS], profile=WEAVE_2_3).connection(ELSEWHERE, WEB)) == ""


def test_weave_2_3_keeps_the_other_peers_of_a_rule_with_an_ip_block() -> None:
    peers = [{"ipBlock": {"cidr": "0.0.0.0/0"}}, {"podSelector": {"matchLabels": {"app": "client"}}}]
    both = policy("shop/both", podSelector={}, ingress=[{"from": peers}])
    assert str(engine([WEB, CLIENT], [both], profile=WEAVE_2_3).connection(CLIENT, WEB)) == "All"


def test_flannel_enforces_nothing() -> None:
    built = engine([WEB, CLIENT], [DENY_ALL], profile=FLANNEL)
    assert str(built.connection(CLIENT, WEB)) == "All"
    assert answers(built, CLIENT, WEB) == ("allowed", {})


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_decides_every_open_point_and_names_its_source(name: str) -> None:
    profile = profile_named(name)
    assert [each.rule for each in profile.decisions] == list(POINTS)
    assert all(each.words and each.source for each in profile.decisions)
    assert all(profile.decision(rule).rule == rule for rule in POINTS)
    assert profile.summary.endswith(".")


def test_conformant_plugins_differ_in_ip_blocks_alone() -> None:
    """A verdict looks at nothing else to find out whether plugins differ."""
    same = {(each.enforces, each.supports_end_port, each.ip_block_matches_outside) for each in CONFORMANT}
    assert same == {(frozenset({"ingress", "egress"}), True, True)}


def test_an_unknown_profile_is_named_beside_the_known_ones() -> None:
    with pytest.raises(LabError, match=r"'antrea'.*upstream, calico, cilium, weave-2\.3, flannel"):
        profile_named("antrea")


@pytest.mark.parametrize("name", PROFILES)
def test_a_cluster_takes_its_profile_by_name(name: str) -> None:
    cluster = Cluster(name)
    cluster.apply(policy_resource("kube-system/deny-all", podSelector={}, policyTypes=["Ingress", "Egress"]))
    dns = next(each for each in cluster.pods if each.name.startswith("coredns"))
    assert cluster.verdict(dns, "External", 443).allowed == (name in ("weave-2.3", "flannel", "aws-vpc-cni"))


@pytest.mark.parametrize("seed", range(300))
def test_every_profiles_answer_is_that_of_an_engine_with_this_profile(seed: int) -> None:
    each = world(seed, size=seed % 3)
    built = {profile.name: under(each, profile.name) for profile in CONFORMANT}
    for source, destination in product(each.endpoints, repeat=2):
        for protocol, port in each.asked[:2]:
            verdict = explain.verdict(built["upstream"], source, destination, port, protocol)
            alone = {
                name: explain.verdict(one, source, destination, port, protocol).allowed for name, one in built.items()
            }
            told = dict(verdict.by_profile) or dict.fromkeys(built, verdict.answer)
            assert {name: answer == "allowed" for name, answer in told.items()} == alone, (seed, source, destination)
            assert verdict.depends == (len(set(alone.values())) > 1)


def under(each: World, name: str) -> Engine:
    built = each.engine()
    namespaces = {name: built.classes.namespace(name) for name in each.rules.namespaces}
    return Engine(each.pods, namespaces, built.policies, PROFILES[name])


def test_a_profile_of_ones_own_gives_one_answer_too() -> None:
    own = replace(UPSTREAM, name="ours", ip_block_matches_pods=False)
    assert answers(engine([WEB, CLIENT], [FROM_PODS], profile=own), CLIENT, WEB) == ("blocked", {})


@pytest.mark.parametrize(
    ("name", "other", "found"),
    [
        ("cilium", CLIENT, "10.244.1.4, a pod address"),
        ("cilium", Node("node2", NODE_POD.ips[0]), "172.18.0.3, a node address"),
        ("weave-2.3", ELSEWHERE, "198.51.100.10, but weave-2.3 has no ipBlock"),
    ],
)
def test_a_near_miss_says_why_the_plugin_does_not_look_at_an_address(name: str, other: object, found: str) -> None:
    built = engine([WEB, CLIENT], [FROM_ANY_ADDRESS], profile=PROFILES[name])
    (miss,) = explain.verdict(built, other, WEB, 80).ingress.near_misses  # type: ignore[arg-type]
    assert [found_words(condition) for condition in miss.failed] == [found]
