"""What a change costs, counted, and what is no candidate for one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from small_clusters import pod, policy, policy_resource
from worlds import snapshot_of

from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.coach import ways
from netpol_lab.coach.admit import _add_rule, _labeled, _leaves, _mistyped, _Rule, _takes_away, smallest_change
from netpol_lab.coach.change import SHOWN, Change
from netpol_lab.coach.stop import _take_out, smallest_stop
from netpol_lab.coach.ways import Effect, Way
from netpol_lab.engine.verdict import Condition, NearMiss, RuleRef, Verdict
from netpol_lab.manifests import from_object
from netpol_lab.model.labels import Labels
from netpol_lab.model.objects import NetworkPolicy, Pod, Resource
from netpol_lab.model.ports import PortSet

WEB = pod("shop/web", {"app": "web"}, ips=["10.244.1.3"], node="worker")
CLIENT = pod("shop/client", {"app": "client"}, ips=["10.244.1.4"], node="other")
DENY = policy_resource("shop/deny", podSelector={"matchLabels": {"app": "web"}})


def state(*policies: Resource, pods: tuple[Pod, ...] = (WEB, CLIENT)) -> Snapshot:
    return snapshot_of(list(pods), list(policies), {each.namespace: {} for each in pods})


def relabeled(pod: Pod, **labels: str) -> Pod:
    return replace(pod, labels=Labels({**pod.labels, **labels}))


def with_pod(before: Snapshot, now: Pod) -> Snapshot:
    return before.with_objects([replace(before.objects["Pod", now.namespace, now.name], typed=now)])


def replicas(of: Pod, number: int) -> tuple[Pod, ...]:
    return tuple(
        replace(
            pod(f"{of.namespace}/{of.name}-{i}", of.labels, ips=[f"10.244.3.{i + 1}"]), owner=f"ReplicaSet/{of.name}"
        )
        for i in range(number)
    )


def effect(before: Snapshot, after: Snapshot, changed: list[Resource], asked: Verdict) -> Effect:
    return ways.effect(before, after, changed, asked, [(asked.protocol, asked.port)])


# -- the effect of a change ----------------------------------------------------------------------------


def open_web(**peer: Any) -> Resource:
    rule = {"from": [peer]} if peer else {}
    return policy_resource("shop/open", podSelector={"matchLabels": {"app": "web"}}, ingress=[rule])


def opened_by(change: Resource, *pods: Pod) -> tuple[Snapshot, Snapshot]:
    before = state(DENY, pods=pods)
    return before, before.with_objects([change])


def test_every_pair_of_ends_counts_and_not_every_kind_of_pair() -> None:
    others = replicas(pod("shop/spy", {"app": "spy"}), 3)
    before, after = opened_by(open_web(podSelector={}), WEB, CLIENT, *others)
    found = effect(before, after, [open_web(podSelector={})], before.verdict(CLIENT, WEB, 80))
    assert found.others == 3
    assert [set(way.sources) for way in found.opened if "shop/client" not in way.sources] == [
        {each.id for each in others}
    ]
    assert not found.closed


def test_what_closes_is_told_as_closed() -> None:
    before = state()
    after = before.with_objects([DENY])
    found = effect(before, after, [DENY], before.verdict(CLIENT, WEB, 80))
    assert found.closed and not found.opened


def test_replicas_of_the_asked_ends_are_these_ends() -> None:
    servers, clients = replicas(WEB, 2), replicas(CLIENT, 2)
    change = open_web(podSelector={"matchLabels": {"app": "client"}})
    before, after = opened_by(change, *servers, *clients)
    asked = before.verdict(clients[0], servers[0], 80)
    assert effect(before, after, [change], asked).others == 0


def test_pairs_of_two_touched_ends_count_once() -> None:
    one, two = (
        pod(f"shop/{name}", {"app": "web", "n": name}, ips=[f"10.244.4.{i}"]) for i, name in ((1, "a"), (2, "b"))
    )
    before, after = opened_by(open_web(podSelector={}), one, two, CLIENT)
    found = effect(before, after, [open_web(podSelector={})], before.verdict(CLIENT, one, 80))
    assert found.others == 3  # client to two, one to two, two to one


def test_a_pod_and_its_own_node_connect_before_and_after() -> None:
    host = replace(pod("shop/host", {}, ips=["172.18.0.2"], node="worker"), host_network=True)
    everyone = open_web()
    before, after = opened_by(everyone, WEB, CLIENT, host)
    found = effect(before, after, [everyone], before.verdict(CLIENT, WEB, 80))
    assert all("shop/host" not in way.sources for way in found.opened)


def test_of_replicas_only_those_on_other_nodes_open_for_a_node() -> None:
    host = replace(pod("shop/host", {}, ips=["172.18.0.2"], node="worker"), host_network=True)
    here, there = (replace(each, node=node) for each, node in zip(replicas(WEB, 2), ("worker", "other"), strict=True))
    everyone = open_web()
    for one, two in ((here, there), (there, here)):
        before, after = opened_by(everyone, one, two, CLIENT, host)
        found = effect(before, after, [everyone], before.verdict(CLIENT, one, 80))
        assert [way.destinations for way in found.opened if "shop/host" in way.sources] == [(there.id,)]


def test_new_labels_of_a_namespace_touch_its_pods() -> None:
    guest = pod("guests/guest", {"app": "guest"}, ips=["10.244.5.1"])
    trusted = open_web(namespaceSelector={"matchLabels": {"trusted": "yes"}})
    before = state(trusted, DENY, pods=(WEB, CLIENT, guest))
    space = from_object(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "guests", "labels": {"trusted": "yes"}}}
    )
    found = effect(before, before.with_objects([space]), [space], before.verdict(CLIENT, WEB, 80))
    assert [(way.sources, way.destinations) for way in found.opened] == [(("guests/guest",), ("shop/web",))]


@pytest.mark.parametrize(("also", "more"), [(SHOWN, 0), (SHOWN + 1, 1)])
def test_three_connections_are_named_and_the_rest_is_counted(also: int, more: int) -> None:
    ways = tuple(Way((f"a-{i}",), ("b",), PortSet.of("TCP", 80)) for i in range(also))
    told = Change("", "", also=ways).besides
    assert told.count(" to b ") == SHOWN and ("more" in told) == bool(more)


# -- what a label may cost -----------------------------------------------------------------------------


def test_a_pod_may_not_leave_its_service() -> None:
    body = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
    }
    now = state(from_object(body))
    assert _leaves(now, WEB, relabeled(WEB, app="api"))
    assert not _leaves(now, WEB, relabeled(WEB, tier="x"))
    assert not _leaves(now, CLIENT, relabeled(CLIENT, app="api"))


@pytest.mark.parametrize(
    "spec",
    [
        {"podSelector": {"matchLabels": {"x": "y"}}, "policyTypes": ["Ingress"]},
        {"podSelector": {"matchLabels": {"x": "y"}}, "policyTypes": ["Egress"]},
    ],
)
def test_a_label_that_closes_a_way_in_or_out_takes_something_away(spec: Mapping[str, Any]) -> None:
    before = state(policy_resource("shop/p", **spec))
    assert _takes_away(before, with_pod(before, relabeled(WEB, x="y")), [WEB])
    assert not _takes_away(before, with_pod(before, relabeled(WEB, z="y")), [WEB])


# -- rules and policies that are added -----------------------------------------------------------------


def test_a_new_policy_comes_before_a_rule_in_a_policy_of_others() -> None:
    change = smallest_change(state(DENY), state(DENY).verdict(CLIENT, WEB, 80))
    assert change is not None and change.resources[0].name != "deny"


def test_of_two_policies_that_isolate_the_narrower_gets_the_rule_first() -> None:
    wide = policy_resource("shop/all", podSelector={})
    now = state(wide, DENY)
    verdict = now.verdict(CLIENT, WEB, 80)
    rule = _Rule.of(now, verdict, verdict.ingress)
    assert [each.resources[0].name for each in _add_rule(now, verdict.ingress, rule)] == ["deny", "all"]


def test_a_label_by_which_a_workload_chooses_its_pods_is_not_changed() -> None:
    labels = {"app": "client", "tier": "backend"}
    client = replace(CLIENT, labels=Labels(labels), owner="Deployment/client")
    body = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "client", "namespace": "shop"},
        "spec": {
            "selector": {"matchLabels": {"app": "client"}},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "busybox"}]}},
        },
    }
    now = state(open_web(podSelector={}), pods=(WEB, client)).with_objects([from_object(body)])
    miss = NearMiss(RuleRef(policy("shop/p", podSelector={}, ingress=[{}]), "ingress", 0), ())
    assert _labeled(now, client, True, "app", "clients", miss) is None
    assert _labeled(now, client, True, "tier", "backends", miss) is not None


@pytest.mark.parametrize(
    ("key", "wanted", "value", "others", "right"),
    [
        ("tier", "backend", "bakend", "backend", "backend"),
        ("tier", "backend", "bakend", "", None),  # nobody has it
        ("tier", "backend", "frontend", "backend", None),  # another word
        ("tier", "student-07", "student-08", "student-07", None),  # another one of a series
        ("kubernetes.io/metadata.name", "backend", "bakend", "backend", None),  # the API server sets it
    ],
)
def test_a_label_is_mistyped_where_others_have_the_right_one_and_it_is_no_other_word(
    key: str, wanted: str, value: str, others: str, right: str | None
) -> None:
    one, other = relabeled(CLIENT, **{key: value}), relabeled(WEB, **{key: others})
    asked = policy("shop/p", podSelector={"matchLabels": {key: wanted}}).pod_selector.requirements[0]
    condition = Condition("pod label", one, asked)
    assert _mistyped(condition, one, [one, other]) == right


def test_another_value_that_others_have_is_no_typo() -> None:
    typo = open_web(podSelector={"matchLabels": {"app": "clients"}})
    clients = pod("shop/clients", {"app": "clients"}, ips=["10.244.6.1"])
    fixed = smallest_change(state(typo), state(typo).verdict(CLIENT, WEB, 80))
    assert fixed is not None and fixed.resources[0].name == "open"
    meant = state(typo, pods=(WEB, CLIENT, clients))
    other = smallest_change(meant, meant.verdict(CLIENT, WEB, 80))
    assert other is not None and other.resources[0].name != "open"


# -- stops ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["peers", "ports"])
@pytest.mark.parametrize("items", [1, 2])
def test_a_rule_never_loses_the_last_item_of_a_list(part: str, items: int) -> None:
    peers = [{"podSelector": {"matchLabels": {"app": f"a-{i}"}}} for i in range(items)]
    ports = [{"port": 80 + i} for i in range(items)]
    written = policy_resource("shop/p", podSelector={}, ingress=[{"from": peers, "ports": ports}])
    assert isinstance(written.typed, NetworkPolicy)
    rule = written.typed.ingress[0]
    body = {**written.body, "spec": {**written.body["spec"], "ingress": [{"from": peers, "ports": ports}]}}
    _take_out(body, RuleRef(written.typed, "ingress", 0, rule.peers[0], rule.ports[0]), part)
    left = body["spec"]["ingress"]
    assert (left == []) == (items == 1)
    if left:
        assert len(left[0]["from" if part == "peers" else "ports"]) == 1


def test_a_new_policy_stops_it_where_a_change_of_an_old_one_would_stop_more() -> None:
    everybody = open_web(podSelector={})
    others = tuple(pod(f"shop/spy-{i}", {"app": f"spy-{i}"}, ips=[f"10.244.7.{i + 1}"]) for i in range(9))
    now = state(everybody, pods=(WEB, CLIENT, *others))
    change = smallest_stop(now, now.verdict(CLIENT, WEB, 80))
    assert change is not None and change.resources[0].key not in now.objects


def test_of_two_rules_that_admit_both_are_taken_out() -> None:
    rules = [{"from": [{"podSelector": {}}]}, {"ports": [{"port": 80}]}, {"from": [{"ipBlock": {"cidr": "1.0.0.0/8"}}]}]
    written = policy_resource("shop/p", podSelector={"matchLabels": {"app": "web"}}, ingress=rules)
    now = state(written)
    change = smallest_stop(now, now.verdict(CLIENT, WEB, 80))
    assert change is not None
    assert not change.applied(now).verdict(CLIENT, WEB, 80).allowed
