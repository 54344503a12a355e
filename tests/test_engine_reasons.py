"""The reasons beside an answer: who isolates, which rule admits, what the nearest rules lack."""

from __future__ import annotations

from typing import Any

import pytest
from small_clusters import engine, pod, policy

from netpol_lab.engine import reasons as explain
from netpol_lab.engine.verdict import Condition, Gate, NearMiss, Verdict
from netpol_lab.manifests import read_text
from netpol_lab.model.labels import METADATA_NAME
from netpol_lab.model.objects import OUTSIDE, NetworkPolicy, Pod
from netpol_lab.tell.condition_words import found_words, subject_words, wanted_words

CLIENT = pod("shop/client", {"app": "fronted"}, ips=["10.244.1.2"])
WEB = pod("shop/web", {"app": "web"}, [("http", 8080, "TCP"), ("dns", 53, "UDP")], ["10.244.1.3"])
ADMIN = pod("ops/admin", {"role": "admin"})


def judged(
    rules: list[dict[str, Any]], source: Any = CLIENT, port: int = 80, protocol: str = "TCP", **spec: Any
) -> Verdict:
    chosen = policy("shop/p", podSelector={"matchLabels": {"app": "web"}}, ingress=rules, **spec)
    built = engine([CLIENT, WEB, ADMIN], [chosen], {"ops": {"team": "ops"}})
    return explain.verdict(built, source, WEB, port, protocol)


def miss(verdict: Verdict) -> NearMiss:
    (only,) = verdict.ingress.near_misses
    return only


def failed(verdict: Verdict) -> list[Condition]:
    return list(miss(verdict).failed)


def test_an_open_gate_has_no_policies_and_no_rules() -> None:
    gate = judged([]).egress
    assert gate == Gate("egress", CLIENT, True)
    assert not gate.isolated


def test_an_admitting_rule_names_its_policy_its_number_and_the_items_that_matched() -> None:
    apps = {"podSelector": {"matchLabels": {"app": "fronted"}}}
    rules = [
        {"from": [{"podSelector": {"matchLabels": {"app": "x"}}}]},
        {"from": [ADMIN_PEER, apps], "ports": [{"port": 1}, {"port": 80}]},
    ]
    gate = judged(rules).ingress
    (rule,) = gate.admitting
    assert str(rule) == "rule 2 of p"
    assert rule.peer is not None and str(rule.peer.pod_selector) == "app=fronted"
    assert str(rule.port) == "TCP 80"
    assert [policy.name for policy in gate.isolating] == ["p"]
    assert [each.rule.index for each in gate.near_misses] == [0]


ADMIN_PEER = {"podSelector": {"matchLabels": {"role": "admin"}}, "namespaceSelector": {"matchLabels": {"team": "ops"}}}


def test_a_rule_without_peers_and_ports_matches_by_neither() -> None:
    (rule,) = judged([{}]).ingress.admitting
    assert (rule.peer, rule.port) == (None, None)


def test_a_wrong_label_value_is_told_with_the_right_one_and_a_fix() -> None:
    (condition,) = failed(judged([{"from": [{"podSelector": {"matchLabels": {"app": "frontend"}}}]}]))
    assert (condition.kind, subject_words(condition)) == ("pod label", "pod client")
    assert (wanted_words(condition), found_words(condition)) == ("app=frontend", "app=fronted")
    assert condition.fix == ("app", "frontend")


def test_a_value_under_another_key_is_pointed_out() -> None:
    (condition,) = failed(judged([{"from": [{"podSelector": {"matchLabels": {"run": "fronted"}}}]}]))
    assert found_words(condition) == "no label run, it has app=fronted"


def test_the_name_of_a_namespace_is_not_a_label_name() -> None:
    by_name = {"namespaceSelector": {"matchLabels": {"name": "ops"}}}
    (condition,) = failed(judged([{"from": [by_name]}], ADMIN))
    assert condition.kind == "namespace label"
    assert found_words(condition) == "no label name, it has kubernetes.io/metadata.name=ops"


@pytest.mark.parametrize(
    ("expression", "wanted", "fix"),
    [
        ({"key": "app", "operator": "In", "values": ["b", "a"]}, "app in (a,b)", ("app", "b")),
        ({"key": "app", "operator": "NotIn", "values": ["fronted"]}, "app notin (fronted)", None),
        ({"key": "tier", "operator": "Exists"}, "tier", ("tier", "true")),
        ({"key": "app", "operator": "DoesNotExist"}, "!app", None),
    ],
)
def test_a_failed_expression_is_fixed_by_a_label_where_one_label_can(
    expression: dict, wanted: str, fix: object
) -> None:
    (condition,) = failed(judged([{"from": [{"podSelector": {"matchExpressions": [expression]}}]}]))
    assert (wanted_words(condition), condition.fix) == (wanted, fix)


def test_a_bare_pod_selector_looks_into_its_own_namespace() -> None:
    (condition,) = failed(judged([{"from": [{"podSelector": {"matchLabels": {"role": "admin"}}}]}], ADMIN))
    assert (condition.kind, found_words(condition)) == ("namespace", "namespace ops")
    assert wanted_words(condition) == "namespace shop, the policy's own"
    assert condition.fix is None


def test_every_failed_condition_of_a_peer_is_told() -> None:
    assert [condition.kind for condition in failed(judged([{"from": [ADMIN_PEER]}]))] == [
        "namespace label",
        "pod label",
    ]


def test_the_closest_peer_of_a_rule_is_the_one_that_is_told() -> None:
    verdict = judged([{"from": [ADMIN_PEER, {"podSelector": {"matchLabels": {"app": "frontend"}}}]}])
    assert [wanted_words(condition) for condition in failed(verdict)] == ["app=frontend"]
    assert miss(verdict).rule.peer is not None


def test_the_rule_that_lacks_least_comes_first() -> None:
    verdict = judged(
        [{"from": [ADMIN_PEER], "ports": [{"port": 1}]}, {"ports": [{"port": 443}]}, {"from": [ADMIN_PEER]}]
    )
    assert [(each.rule.index, len(each.failed)) for each in verdict.ingress.near_misses] == [(1, 1), (2, 2), (0, 3)]


def test_an_outside_address_has_no_labels() -> None:
    (condition,) = failed(judged([{"from": [{"namespaceSelector": {}}]}], OUTSIDE))
    assert (condition.kind, subject_words(condition)) == ("outside", "address 198.51.100.10")


def test_an_address_outside_the_block_or_in_its_exception_is_told() -> None:
    rule = {"from": [{"ipBlock": {"cidr": "198.51.0.0/16", "except": ["198.51.100.0/24"]}}]}
    (condition,) = failed(judged([rule], OUTSIDE))
    assert (condition.kind, wanted_words(condition)) == ("address", "198.51.0.0/16 except 198.51.100.0/24")
    assert found_words(condition) == "198.51.100.10"


@pytest.mark.parametrize(
    ("items", "port", "protocol", "kind", "wanted"),
    [
        ([{"port": 443}], 80, "TCP", "port", "TCP 443"),
        ([{"port": 443}, {"port": 8000, "endPort": 8010}], 80, "TCP", "port", "TCP 443, TCP 8000-8010"),
        ([{"port": 80}], 80, "UDP", "protocol", "TCP 80"),
        ([{"protocol": "UDP"}], 80, "TCP", "protocol", "all UDP ports"),
        ([{"port": "http"}], 80, "TCP", "named port", "TCP http"),
        ([{"port": "http"}, {"port": 443}], 80, "TCP", "port", "TCP http, TCP 443"),
    ],
)
def test_the_kind_of_port_trouble_is_told(items: list, port: int, protocol: str, kind: str, wanted: str) -> None:
    (condition,) = failed(judged([{"ports": items}], port=port, protocol=protocol))
    assert (condition.kind, wanted_words(condition)) == (kind, wanted)
    assert found_words(condition).startswith(f"{protocol} {port}")


def test_a_named_port_that_nobody_has_is_told_with_the_names_there_are() -> None:
    (condition,) = failed(judged([{"ports": [{"port": "https"}]}]))
    assert found_words(condition) == "TCP 80; its port names: http, dns"
    assert subject_words(condition) == "pod web"


def test_where_a_rule_was_written_comes_with_it() -> None:
    text = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p, namespace: shop}
spec:
  podSelector: {}
  ingress:
    - from:
        - podSelector:
            matchLabels:
              app: frontend
      ports:
        - port: 443
"""
    (resource,) = read_text(text, "allow.yaml")
    assert isinstance(resource.typed, NetworkPolicy)
    built = engine([CLIENT, WEB], [resource.typed])
    verdict = explain.verdict(built, CLIENT, WEB, 80)
    label, port = failed(verdict)
    assert str(label.origin) == "allow.yaml, line 10"
    assert str(port.origin) == "allow.yaml, line 12"
    assert str(miss(verdict).rule.origin) == "allow.yaml, lines 7-12"


def test_both_ends_can_stop_a_connection() -> None:
    everything = policy("shop/all", policyTypes=["Ingress", "Egress"])
    built = engine([CLIENT, WEB], [everything])
    verdict = explain.verdict(built, CLIENT, WEB, 80)
    assert (verdict.answer, verdict.stops_at, bool(verdict)) == ("blocked", "both ends", False)
    assert verdict.egress.endpoint == CLIENT and verdict.ingress.endpoint == WEB


def test_an_outside_end_is_judged_by_no_policy_and_says_so() -> None:
    verdict = judged([], OUTSIDE)
    assert verdict.egress.unjudged == "outside"
    assert verdict.stops_at == "ingress"


def test_a_bare_pod_selector_of_a_pod_without_the_label_fails_twice() -> None:
    stranger = Pod("ops", "stranger")
    chosen = policy("shop/p", ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "x"}}}]}])
    verdict = explain.verdict(engine([stranger, WEB], [chosen]), stranger, WEB, 80)
    assert [condition.kind for condition in failed(verdict)] == ["namespace", "pod label"]


def test_of_two_rules_with_one_failed_condition_the_one_for_the_right_namespace_and_port_is_nearer() -> None:
    home, dns = ({"matchLabels": {METADATA_NAME: name}} for name in ("x", "kube-system"))
    labeled = {"namespaceSelector": dns, "podSelector": {"matchLabels": {"app.kubernetes.io/name": "coredns"}}}
    rules = [{"to": [{"namespaceSelector": home}]}, {"to": [labeled], "ports": [{"port": 53, "protocol": "UDP"}]}]
    client, server = pod("x/a"), pod("kube-system/coredns", {"k8s-app": "kube-dns"})
    built = engine([client, server], [policy("x/p", policyTypes=["Egress"], egress=rules)])
    misses = explain.verdict(built, client, server, 53, "UDP").egress.near_misses
    assert [(each.rule.index, [one.kind for one in each.failed]) for each in misses] == [
        (1, ["pod label"]),
        (0, ["namespace label"]),
    ]
