"""What a check rests on: which ports of a connection are wrong, which rule was meant, whose end is whose."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from small_clusters import pod, policy, policy_resource
from worlds import snapshot_of

from netpol_lab.connections.scene import SceneNode, build
from netpol_lab.engine.verdict import Condition, ConditionKind, NearMiss, RuleRef
from netpol_lab.lessons.behavior import Judged, nodes_named
from netpol_lab.lessons.checking import _peer_place, check, untouched
from netpol_lab.lessons.evidence import _most_telling, counterpart, other_end
from netpol_lab.lessons.loading import WantedObject, load
from netpol_lab.lessons.mistaken_ends import _has_high_range, dns_forgotten, one_end_only
from netpol_lab.lessons.mistaken_peers import _contradicting, _is_for_pods
from netpol_lab.lessons.mistaken_rules import _is_empty, _is_wide
from netpol_lab.lessons.object_checks import object_problem
from netpol_lab.lessons.passing import _opened
from netpol_lab.model.objects import OUTSIDE, External, NetworkPolicyRule
from netpol_lab.model.ports import PortSet

WEB = replace(pod("shop/web-1", {"app": "web"}, ips=["10.244.1.3"]), owner="ReplicaSet/web")
CLIENT = pod("shop/client", {"app": "client"}, ips=["10.244.1.4"])
STATE = snapshot_of([WEB, CLIENT], [], {"shop": {"team": "a"}})
NODES = build(STATE)
SERVER, SOURCE, OUT = NODES.node("shop/web"), NODES.node("shop/client"), NODES.node("External")


def tcp(*ports: int) -> PortSet:
    return PortSet.from_ranges(("TCP", port, port) for port in ports)


def judged(wanted: PortSet, got: PortSet, care: PortSet = PortSet.ALL, explicit: PortSet = PortSet.NONE) -> Judged:
    return Judged(SOURCE, SERVER, wanted, got, care, explicit)


def rule(**written: Any) -> NetworkPolicyRule:
    return policy("shop/p", podSelector={}, ingress=[written]).ingress[0]


def test_more_than_wanted_leaks_and_less_is_missing_on_the_ports_that_count() -> None:
    one = judged(tcp(80, 81), tcp(81, 82), tcp(80, 81, 82))
    assert (one.leak, one.missing) == (tcp(82), tcp(80))
    assert judged(tcp(80), tcp(80, 9999), tcp(80)).right
    assert not judged(tcp(80), tcp(80, 9999)).right


def test_a_port_of_its_own_tells_more_than_a_range() -> None:
    ranges = PortSet.from_ranges([("TCP", 1, 70), ("TCP", 90, 90)])
    assert judged(PortSet.NONE, PortSet.ALL, explicit=ranges).telling_port(PortSet.ALL) == ("TCP", 90)


def test_the_example_is_one_that_the_exercise_names() -> None:
    unnamed = judged(PortSet.NONE, tcp(80))
    named = judged(PortSet.NONE, tcp(81), explicit=tcp(81))
    assert _most_telling([unnamed, named]) is named and _most_telling([named, unnamed]) is named


def test_the_outside_of_an_exercise_holds_no_address_that_it_names_besides() -> None:
    also = replace(OUT, id="203.0.113.10", name="203.0.113.10", endpoint=External(OUTSIDE.address, "203.0.113.10"))
    assert nodes_named(build(STATE, also=[also]), "External") == [OUT]


@pytest.mark.parametrize(("peers", "place"), [(1, ""), (2, ", second peer"), (3, ", second peer")])
def test_a_peer_is_numbered_where_there_are_others(peers: int, place: str) -> None:
    items = [{"podSelector": {"matchLabels": {"n": str(i)}}} for i in range(peers)]
    one = policy("shop/p", podSelector={}, ingress=[{"from": items}])
    told = one.ingress[0].peers[min(1, peers - 1)]
    assert _peer_place(RuleRef(one, "ingress", 0, told)) == place


def test_an_object_with_another_value_of_a_label_differs() -> None:
    def problem(**labels: str) -> str | None:
        found = object_problem(STATE, WantedObject("Pod", "shop", "client", labels))
        return found and found.mistake

    assert problem(app="client") is None and problem() is None
    assert None not in (problem(app="web"), problem(tier="x"))


def test_nothing_is_touched_until_a_policy_is_gone_or_there() -> None:
    exercise = load("02-default-deny/1")
    start = exercise.start_cluster().snapshot()
    assert untouched(exercise, start, start) and untouched(exercise, replace(start), start)
    assert check(start, exercise).status == "not started"


def test_a_door_is_what_one_end_admits_and_neither_passes_nor_was_open_before() -> None:
    one = judged(tcp(80), tcp(80), care=tcp(80, 81))
    shut = snapshot_of([WEB, CLIENT], [policy_resource("shop/p", podSelector={})], {"shop": {"team": "a"}})
    assert _opened(one, "ingress", STATE, [shut]) == tcp(81)
    assert not _opened(one, "ingress", STATE, [shut, STATE]) and not _opened(one, "ingress", shut, [])


def test_the_other_end_is_the_one_that_rules_speak_of_and_a_replaced_pod_is_known_by_its_workload() -> None:
    verdict = STATE.verdict(CLIENT, WEB, 80)
    assert (other_end("ingress", verdict), other_end("egress", verdict)) == (CLIENT, WEB)
    anew = replace(WEB, name="web-2")
    assert counterpart(STATE, anew) == WEB and counterpart(STATE, replace(CLIENT, name="gone")) is None
    assert counterpart(STATE, OUTSIDE) == OUTSIDE


@pytest.mark.parametrize(
    ("expressions", "contradict"),
    [
        ([("app", "In", ["a", "b"]), ("app", "In", ["b", "c"])], False),
        ([("app", "In", ["a"]), ("app", "In", ["b"])], True),
        ([("app", "In", ["a"]), ("tier", "In", ["b"])], False),
        ([("app", "In", ["a"]), ("app", "NotIn", ["b"])], False),
    ],
)
def test_conditions_contradict_where_no_value_meets_both(
    expressions: list[tuple[str, str, list[str]]], contradict: bool
) -> None:
    written = [{"key": key, "operator": operator, "values": values} for key, operator, values in expressions]
    selector = policy("shop/p", podSelector={"matchExpressions": written}).pod_selector
    assert bool(_contradicting(selector)) == contradict


@pytest.mark.parametrize(
    ("first", "last", "replies"), [(32768, 60999, True), (1024, 65535, True), (1, 65535, False), (8000, 8010, False)]
)
def test_a_range_is_for_replies_where_it_has_the_ports_of_clients_and_no_others(
    first: int, last: int, replies: bool
) -> None:
    assert _has_high_range(rule(ports=[{"port": first, "endPort": last}])) == replies


def test_a_peer_is_wide_where_all_its_selectors_are_empty() -> None:
    def wide(**peer: Any) -> bool:
        return _is_wide(rule(**{"from": [peer]}).peers[0])

    some = {"matchLabels": {"a": "b"}}
    assert wide(podSelector={}) and wide(namespaceSelector={}) and wide(podSelector={}, namespaceSelector={})
    assert not wide(podSelector={}, namespaceSelector=some) and not wide(podSelector=some, namespaceSelector={})
    assert not wide(ipBlock={"cidr": "0.0.0.0/0"})


@pytest.mark.parametrize(("source", "for_pods"), [(SOURCE, True), (OUT, False)])
def test_a_block_is_for_pods_where_only_pods_are_wanted_through_it(source: SceneNode, for_pods: bool) -> None:
    one = policy("shop/p", podSelector={}, ingress=[{"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}])
    used = RuleRef(one, "ingress", 0, one.ingress[0].peers[0])
    wanted = replace(judged(tcp(80), tcp(80)), source=source)
    evidence: Any = SimpleNamespace(wanted_through=lambda rule: [(wanted, used)])
    assert used.peer is not None and used.peer.ip_block is not None
    assert _is_for_pods(evidence, used, used.peer.ip_block) == for_pods


def test_of_two_ends_the_one_that_the_student_opened_and_the_closed_one_are_told_apart() -> None:
    opens = policy_resource("shop/open", podSelector={"matchLabels": {"app": "web"}}, ingress=[{}])
    shut = policy_resource("shop/shut", podSelector={"matchLabels": {"app": "client"}}, policyTypes=["Egress"])
    state = snapshot_of([WEB, CLIENT], [opens, shut], {"shop": {"team": "a"}})
    evidence: Any = SimpleNamespace(policies=[opens.typed])
    nobody: Any = SimpleNamespace(policies=[])
    one = one_end_only(evidence, state.verdict(CLIENT, WEB, 80))
    assert one is not None and (one.places["open"], one.places["closed_way"]) == ("ingress", "egress")
    assert one_end_only(nobody, state.verdict(CLIENT, WEB, 80)) is None


@pytest.mark.parametrize(("kind", "forgotten"), [("port", True), ("pod label", False)])
def test_dns_is_forgotten_where_no_rule_was_meant_for_it(kind: ConditionKind, forgotten: bool) -> None:
    shut = policy("shop/p", podSelector={}, policyTypes=["Egress"])
    miss = NearMiss(RuleRef(shut, "egress", 0), (Condition(kind, CLIENT, ""),))
    evidence: Any = SimpleNamespace(near_misses=lambda: [miss], policies=[shut], asks_dns=True)
    assert (dns_forgotten(evidence, evidence) is not None) == forgotten


def test_a_rule_is_empty_without_peers_and_without_ports() -> None:
    def empty(**written: Any) -> bool:
        return _is_empty(RuleRef(policy("shop/p", podSelector={}, ingress=[written]), "ingress", 0))

    assert empty() and not empty(ports=[{"port": 80}]) and not empty(**{"from": [{"podSelector": {}}]})
