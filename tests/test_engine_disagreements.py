"""Where respected tools disagree: each row of the project's table, decided by the API text."""

from __future__ import annotations

import pytest
from small_clusters import admits, engine, pod, policy, policy_resource, ports

from netpol_lab.engine import reasons as explain
from netpol_lab.model.errors import ManifestError
from netpol_lab.model.objects import OUTSIDE

CLIENT = pod("shop/client", {"app": "client"})
WEB = pod("shop/web", {"app": "web"}, [("http", 8080, "TCP"), ("dns", 53, "UDP")])
WEB_ONLY = {"matchLabels": {"app": "web"}}
NOT_PROD = {"matchExpressions": [{"key": "env", "operator": "NotIn", "values": ["prod"]}]}


def test_a_notin_selector_matches_a_pod_without_the_key() -> None:
    built = engine(
        [CLIENT, WEB], [policy("shop/p", podSelector=WEB_ONLY, ingress=[{"from": [{"podSelector": NOT_PROD}]}])]
    )
    assert admits(built, CLIENT, WEB)


def test_a_notin_selector_does_not_match_the_value_it_names() -> None:
    prod = pod("shop/prod", {"env": "prod"})
    built = engine(
        [prod, WEB], [policy("shop/p", podSelector=WEB_ONLY, ingress=[{"from": [{"podSelector": NOT_PROD}]}])]
    )
    assert not admits(built, prod, WEB)


def test_a_notin_selector_isolates_a_pod_without_the_key() -> None:
    built = engine([CLIENT, WEB], [policy("shop/p", podSelector=NOT_PROD)])
    assert not admits(built, CLIENT, WEB)


def test_a_notin_namespace_selector_matches_a_namespace_without_the_key() -> None:
    other = pod("other/client")
    rules = [{"from": [{"namespaceSelector": NOT_PROD}]}]
    built = engine([other, WEB], [policy("shop/p", podSelector=WEB_ONLY, ingress=rules)])
    assert admits(built, other, WEB)


def test_empty_egress_without_policy_types_isolates_ingress_only() -> None:
    built = engine([CLIENT, WEB], [policy("shop/p", podSelector={}, egress=[])])
    assert ports(built, CLIENT, OUTSIDE) == "All"
    assert ports(built, OUTSIDE, CLIENT) == ""


def test_an_egress_rule_without_policy_types_isolates_both_directions() -> None:
    built = engine([CLIENT, WEB], [policy("shop/p", podSelector={}, egress=[{"ports": [{"port": 443}]}])])
    assert ports(built, CLIENT, OUTSIDE) == "TCP 443"
    assert ports(built, OUTSIDE, CLIENT) == ""


def test_empty_ingress_with_type_ingress_denies_all() -> None:
    built = engine([CLIENT, WEB], [policy("shop/p", podSelector={}, policyTypes=["Ingress"], ingress=[])])
    assert ports(built, CLIENT, WEB) == ""


def test_missing_ingress_denies_all_as_empty_ingress_does() -> None:
    built = engine([CLIENT, WEB], [policy("shop/p", podSelector={})])
    assert ports(built, CLIENT, WEB) == ""


def test_udp_without_a_port_means_all_udp_ports_and_no_other_protocol() -> None:
    built = engine([CLIENT, WEB], [policy("shop/p", podSelector=WEB_ONLY, ingress=[{"ports": [{"protocol": "UDP"}]}])])
    assert ports(built, CLIENT, WEB) == "UDP All"


def test_a_port_item_with_nothing_in_it_means_all_tcp_ports() -> None:
    built = engine([CLIENT, WEB], [policy("shop/p", podSelector=WEB_ONLY, ingress=[{"ports": [{}]}])])
    assert ports(built, CLIENT, WEB) == "TCP All"


def test_a_named_port_of_another_protocol_does_not_match() -> None:
    asked = [{"ports": [{"port": "dns", "protocol": "TCP"}]}]
    built = engine([CLIENT, WEB], [policy("shop/p", podSelector=WEB_ONLY, ingress=asked)])
    assert ports(built, CLIENT, WEB) == ""


def test_a_named_port_of_its_own_protocol_matches() -> None:
    asked = [{"ports": [{"port": "dns", "protocol": "UDP"}]}]
    built = engine([CLIENT, WEB], [policy("shop/p", podSelector=WEB_ONLY, ingress=asked)])
    assert ports(built, CLIENT, WEB) == "UDP 53"


@pytest.mark.parametrize("spec", [{"podSelector": None}, {"podSelector": {}}, {}], ids=["null", "empty", "missing"])
def test_a_pod_selector_without_content_selects_all_pods_of_the_namespace_and_no_others(spec: dict) -> None:
    elsewhere = pod("other/web")
    built = engine([CLIENT, WEB, elsewhere], [policy("shop/p", **spec)])
    assert [bool(built.isolating("ingress", each)) for each in (CLIENT, WEB, elsewhere)] == [True, True, False]


def test_egress_and_ingress_with_disjoint_ports_admit_nothing() -> None:
    out = policy("shop/out", policyTypes=["Egress"], egress=[{"ports": [{"port": 80}]}])
    into = policy("shop/in", podSelector=WEB_ONLY, ingress=[{"ports": [{"port": 443}]}])
    built = engine([CLIENT, WEB], [out, into])
    assert ports(built, CLIENT, WEB) == ""
    assert str(built.admitted("egress", CLIENT, WEB)) == "TCP 80"
    assert str(built.admitted("ingress", CLIENT, WEB)) == "TCP 443"


def test_a_pod_reaches_itself_under_a_policy_that_denies_everything() -> None:
    built = engine([CLIENT, WEB], [policy("shop/p", policyTypes=["Ingress", "Egress"])])
    assert ports(built, WEB, WEB) == "All"
    assert explain.verdict(built, WEB, WEB, 80).ingress.unjudged == "itself"


def test_a_replica_of_the_same_deployment_is_not_the_pod_itself() -> None:
    twin = pod("shop/twin", {"app": "web"}, [("http", 8080, "TCP"), ("dns", 53, "UDP")])
    built = engine([WEB, twin], [policy("shop/p")])
    assert ports(built, WEB, twin) == ""


@pytest.mark.parametrize(
    "selector",
    [
        {"matchLabels": {"app": 1}},
        {"matchLabels": {"not a key": "x"}},
        {"matchExpressions": [{"key": "app", "operator": "In"}]},
        {"matchExpressions": [{"key": "app", "operator": "In", "values": []}]},
        {"matchExpressions": [{"key": "app", "operator": "Exists", "values": ["x"]}]},
        {"matchExpressions": [{"key": "app", "operator": "in", "values": ["x"]}]},
        {"matchLabel": {"app": "web"}},
        "app=web",
    ],
)
def test_a_malformed_selector_is_refused_loudly(selector: object) -> None:
    with pytest.raises(ManifestError):
        policy_resource("shop/p", podSelector=selector)
