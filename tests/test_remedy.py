"""The suggested change admits the connection, takes nothing away, and opens only what it says."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from small_clusters import pod, policy_resource
from worlds import World, snapshot_of, state_of, world

from netpol_lab import Cluster
from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.coach.admit import smallest_change
from netpol_lab.coach.change import Change
from netpol_lab.engine import reasons as explain
from netpol_lab.model.objects import OUTSIDE, Endpoint, Namespace, NetworkPolicy, Pod, Resource
from netpol_lab.model.ports import PortSet

DENIED = 200


def denied_connections(count: int) -> Iterator[tuple[int, World, Endpoint, Endpoint, str, int]]:
    """One denied connection of each world that has one, not the same kind every time."""
    found = 0
    for seed in range(10 * count):
        each = world(seed)
        engine = each.engine()
        denied = [
            (source, destination, protocol, port)
            for source, destination in product(each.endpoints, repeat=2)
            if {source, destination} & set(each.pods)
            for protocol, port in each.asked
            if (protocol, port) not in engine.connection(source, destination)
        ]
        if denied:
            yield (seed, each, *denied[seed % len(denied)])
            found += 1
        if found == count:
            return
    raise AssertionError("too few denied connections")


def reach(state: Snapshot, each: World) -> dict[tuple[str, str], PortSet]:
    ends = [*state.pods, *each.nodes, *each.outside]
    return {(str(id_of(a)), str(id_of(b))): state.engine.connection(a, b) for a, b in product(ends, repeat=2)}


def id_of(end: Endpoint) -> str:
    return end.name if not isinstance(end, Pod) else end.id


def check(
    change: Change, state: Snapshot, each: World, source: Endpoint, destination: Endpoint, asked: tuple[str, int]
) -> None:
    after = state.with_objects(change.resources)
    old, new = reach(state, each), reach(after, each)
    pair = (id_of(source), id_of(destination))
    assert asked not in old[pair] and asked in new[pair]
    for ends, ports in old.items():
        assert ports & new[ends] == ports, f"{ends} lost something"
    opened = {ends: new[ends] - old[ends] for ends in old if new[ends] - old[ends]}
    changed = change.resources
    touched = {resource.key for resource in changed}
    for ends in opened:
        assert any(may_touch(key, ends, state) for key in touched), (ends, touched)
    if all(isinstance(resource.typed, NetworkPolicy) for resource in changed):
        is_rewritten = change.command.startswith(("write", "put")) or "ports of" in change.command
        assert set(opened.values()) == {PortSet.of(*asked)} or is_rewritten
    if change.command.startswith("a new policy") and len(changed) == 1:
        labels = {pod.id: pod.labels.items() for pod in state.pods}
        addresses = {id_of(end): end.ip for end in each.endpoints}
        for ends in opened:
            for end, meant in zip(ends, (source, destination), strict=True):
                # opened for pods that look like the two ends or have the same address, and for no others
                if isinstance(meant, Pod) and not meant.host_network:
                    assert labels[end] >= meant.labels.items()
                else:
                    assert addresses[end] == addresses[id_of(meant)]


def may_touch(key: tuple[str, str, str], ends: tuple[str, str], state: Snapshot) -> bool:
    """A label opens ways of that pod or namespace; a policy ways of pods in its namespace."""
    kind, namespace, name = key
    if kind == "Pod":
        return f"{namespace}/{name}" in ends
    home = name if kind == "Namespace" else namespace
    return any(end.startswith(f"{home}/") for end in ends)


def test_on_random_denied_connections_the_change_admits_them_and_takes_nothing_away() -> None:
    kinds: dict[str, int] = {}
    for seed, each, source, destination, protocol, port in denied_connections(DENIED):
        state = state_of(each)
        verdict = explain.verdict(state.engine, source, destination, port, protocol)
        change = smallest_change(state, verdict)
        if change is None:
            lost = [end for end in (source, destination) if isinstance(end, Pod) and end.host_network and not end.ips]
            assert lost, f"world {seed}: no change found"  # an end without labels and address: no rule can name it
            continue
        check(change, state, each, source, destination, (protocol, port))
        for line in change.command.splitlines():
            kinds[" ".join(line.split()[:2])] = kinds.get(" ".join(line.split()[:2]), 0) + 1
    assert min(kinds.get(kind, 0) for kind in ("a new", "add {protocol:")) > 2, kinds


CLIENT = pod("shop/client", {"app": "fronted"}, ips=["10.244.1.2"])
WEB = pod("shop/web", {"app": "web"}, [("http", 8080, "TCP")], ["10.244.1.3"])
WEB_ONLY = {"matchLabels": {"app": "web"}}
FRONTEND = [{"podSelector": {"matchLabels": {"app": "frontend"}}}]


def change_for(
    policies: list[Resource], source: Endpoint = CLIENT, pods: tuple[Pod, ...] = (CLIENT, WEB), port: int = 80
) -> Change | None:
    state = snapshot_of(pods, policies, {"shop": {}, "ops": {}})
    return smallest_change(state, explain.verdict(state.engine, source, WEB, port))


def command(*args: Any, **more: Any) -> str:
    change = change_for(*args, **more)
    assert change is not None
    return change.command


def test_an_allowed_connection_needs_no_change() -> None:
    assert change_for([]) is None


FRONT = pod("shop/front", {"app": "frontend"}, ips=["10.244.1.6"])
"""A pod that carries the label the rule asks for: then the rule is no typo."""


def test_a_mistyped_label_of_a_pod_is_put_right() -> None:
    allow = policy_resource("shop/allow", podSelector=WEB_ONLY, ingress=[{"from": FRONTEND}])
    change = change_for([allow], pods=(CLIENT, WEB, FRONT))
    assert change is not None
    assert change.command == "kubectl label pod client -n shop app=frontend --overwrite"
    assert change.explanation == "Then rule 1 of allow admits it."


def test_a_mistyped_label_in_a_rule_is_put_right_there_and_the_pod_keeps_its_own() -> None:
    change = change_for([policy_resource("shop/allow", podSelector=WEB_ONLY, ingress=[{"from": FRONTEND}])])
    assert change is not None
    assert change.command == "write app: fronted in place of app: frontend in rule 1 of allow"
    assert change.explanation == "No pod has app=frontend. Then that rule admits it."
    assert [resource.kind for resource in change.resources] == ["NetworkPolicy"]


def from_app_in(*values: str) -> list[dict[str, Any]]:
    term = {"key": "app", "operator": "In", "values": [*values]}
    return [{"from": [{"podSelector": {"matchExpressions": [term]}}]}]


def test_a_typo_in_an_expression_is_put_right() -> None:
    found = command([policy_resource("shop/allow", podSelector=WEB_ONLY, ingress=from_app_in("frontend"))])
    assert found == "write app: fronted in place of app: frontend in rule 1 of allow"


def test_a_typo_in_one_of_several_values_is_put_right_and_the_others_stay() -> None:
    change = change_for([policy_resource("shop/allow", podSelector=WEB_ONLY, ingress=from_app_in("frontend", "shop"))])
    assert change is not None
    assert change.command == "write app: fronted in place of app: frontend in rule 1 of allow"
    (allow,) = change.resources
    (term,) = allow.body["spec"]["ingress"][0]["from"][0]["podSelector"]["matchExpressions"]
    assert term["values"] == ["fronted", "shop"]


def test_two_values_that_are_not_alike_are_no_typo() -> None:
    rules = [{"from": [{"podSelector": {"matchLabels": {"app": "api"}}}]}]
    assert command([policy_resource("shop/allow", podSelector=WEB_ONLY, ingress=rules)]).startswith("a new policy")


def test_what_a_corrected_typo_opens_for_others_is_said() -> None:
    twin = pod("shop/twin", {"app": "fronted"}, ips=["10.244.1.8"])
    allow = policy_resource("shop/allow", podSelector=WEB_ONLY, ingress=[{"from": FRONTEND}])
    change = change_for([allow], pods=(CLIENT, WEB, twin))
    assert change is not None and change.command.startswith("write app: fronted")
    assert change.besides == (
        "It also opens shop/client to shop/web on all ports but TCP 80; shop/twin to shop/web on all ports."
    )


@pytest.mark.parametrize("key", ["team", "kubernetes.io/metadata.name"])
def test_a_mistyped_label_of_a_namespace_is_put_right_in_the_rule(key: str) -> None:
    admin = pod("operations/admin", {"app": "x"})
    rules = [{"from": [{"namespaceSelector": {"matchLabels": {key: "operatoins"}}}]}]
    allow = policy_resource("shop/allow", podSelector=WEB_ONLY, ingress=rules)
    state = snapshot_of((admin, WEB), [allow], {"shop": {}, "operations": {"team": "operations"}})
    change = smallest_change(state, explain.verdict(state.engine, admin, WEB, 80))
    assert change is not None
    assert change.command == f"write {key}: operations in place of {key}: operatoins in rule 1 of allow"


def test_the_name_label_of_a_namespace_is_the_api_servers_and_is_never_set() -> None:
    admin = pod("ops/admin", {"app": "x"})
    rules = [{"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}}]}]
    found = command([policy_resource("shop/allow", podSelector=WEB_ONLY, ingress=rules)], admin, (admin, WEB))
    assert found.startswith("a new policy in shop")


@pytest.mark.parametrize("labels", [{}, {"app": "stranger"}, {"app": "web"}, {"app": "client-08"}])
def test_no_pod_is_given_a_label_that_makes_it_somebody_else(labels: dict[str, str]) -> None:
    stranger = pod("shop/stranger", {**labels, "team": "guests"}, ips=["10.244.1.2"])
    friend = pod("shop/friend", {"app": "client-07"}, ips=["10.244.1.6"])
    rules = [{"from": [{"podSelector": {"matchLabels": {"app": "client-07"}}}]}]
    allow = policy_resource("shop/allow", podSelector=WEB_ONLY, ingress=rules)
    assert command([allow], stranger, (stranger, friend, WEB)).startswith("a new policy in shop for pods with app=web")


def test_a_label_that_is_the_pods_own_name_is_no_slip() -> None:
    testkurl = pod("shop/testkurl", {"run": "testkurl"}, ips=["10.244.1.2"])
    testcurl = pod("shop/testcurl", {"run": "testcurl"}, ips=["10.244.1.6"])
    rules = [{"from": [{"podSelector": {"matchLabels": {"run": "testcurl"}}}]}]
    allow = policy_resource("shop/allow", podSelector=WEB_ONLY, ingress=rules)
    assert command([allow], testkurl, (testkurl, testcurl, WEB)).startswith("a new policy in shop")


def test_a_mistyped_label_of_a_namespace_that_others_have_is_put_right_on_the_namespace() -> None:
    admin, other = pod("ops/admin", {"app": "x"}), pod("more/other", {"app": "y"})
    rules = [{"from": [{"namespaceSelector": {"matchLabels": {"team": "platform"}}}]}]
    allow = policy_resource("shop/allow", podSelector=WEB_ONLY, ingress=rules)
    teams = {"shop": {}, "ops": {"team": "plaform"}, "more": {"team": "platform"}}
    state = snapshot_of((admin, other, WEB), [allow], teams)
    change = smallest_change(state, explain.verdict(state.engine, admin, WEB, 80))
    assert change is not None and change.command == "kubectl label namespace ops team=platform --overwrite"


def test_a_namespace_that_lacks_a_label_is_not_given_one() -> None:
    admin = pod("ops/admin", {"app": "x"})
    rules = [{"from": [{"namespaceSelector": {"matchLabels": {"trusted": "yes"}}}]}]
    found = command([policy_resource("shop/allow", ingress=rules)], admin, (admin, WEB))
    assert found.startswith("a new policy in shop")


def test_a_port_is_added_to_the_rule_that_lacks_only_that() -> None:
    rules = [{"from": [{"podSelector": {"matchLabels": {"app": "fronted"}}}], "ports": [{"port": 443}]}]
    found = command([policy_resource("shop/allow", podSelector=WEB_ONLY, ingress=rules)])
    assert found == "add {protocol: TCP, port: 80} to the ports of rule 1 of allow"


def test_a_policy_is_suggested_where_no_rule_comes_close() -> None:
    deny = policy_resource("shop/deny")
    assert command([deny]) == "a new policy in shop for pods with app=web: ingress from pods with app=fronted, TCP 80"
    admin = pod("ops/admin", {"app": "x"})
    found = command([deny], admin, (admin, WEB))
    assert found == "a new policy in shop for pods with app=web: ingress from pods with app=x in ops, TCP 80"
    outside = command([deny], OUTSIDE)
    assert outside == "a new policy in shop for pods with app=web: ingress from the outside, 0.0.0.0/0, TCP 80"


def test_the_hash_of_a_generation_is_no_label_to_select_by() -> None:
    agent = pod("ops/agent", {"app": "agent", "controller-revision-hash": "6c5d9f8b7"})
    found = command([policy_resource("shop/deny")], agent, (agent, WEB))
    assert found == "a new policy in shop for pods with app=web: ingress from pods with app=agent in ops, TCP 80"


def test_a_new_policy_never_takes_the_name_of_another() -> None:
    other = policy_resource("shop/allow-from-client", podSelector={"matchLabels": {"app": "other"}})
    change = change_for([policy_resource("shop/deny"), other])
    assert change is not None
    assert [resource.name for resource in change.resources] == ["allow-from-client-2"]


def test_a_new_policy_that_would_isolate_an_open_pod_is_not_suggested() -> None:
    exposed = pod("shop/exposed", {"app": "web", "open": "yes"}, ips=["10.244.1.4"])
    closed = {"matchExpressions": [{"key": "open", "operator": "DoesNotExist"}]}
    found = command([policy_resource("shop/deny", podSelector=closed)], CLIENT, (CLIENT, WEB, exposed))
    assert found == "add to the ingress rules of deny: from pods with app=fronted, TCP 80"


def test_a_label_that_would_cost_another_connection_is_not_suggested() -> None:
    allow = policy_resource("shop/allow", podSelector=WEB_ONLY, ingress=[{"from": FRONTEND}])
    old = {"podSelector": {"matchLabels": {"app": "fronted"}}}
    database = pod("shop/database", {"app": "db"}, ips=["10.244.1.5"])
    keep = policy_resource("shop/keep", podSelector={"matchLabels": {"app": "db"}}, ingress=[{"from": [old]}])
    assert command([allow, keep], CLIENT, (CLIENT, WEB, FRONT, database)).startswith("a new policy in shop")


def test_a_label_that_a_service_chooses_by_is_not_overwritten() -> None:
    cluster = Cluster()
    cluster.apply(
        """
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec: {containers: [{name: web, image: nginx}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: client, labels: {app: client}}
spec: {containers: [{name: client, image: busybox}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: out}
spec:
  podSelector: {matchLabels: {app: client}}
  policyTypes: [Egress]
  egress: [{to: [{podSelector: {matchLabels: {app: api}}}]}]
"""
    )
    change = smallest_change(cluster, cluster.verdict("default/client", "default/web"))
    assert change is not None and "kubectl label" not in change.command


def test_both_ends_are_opened_where_both_are_shut() -> None:
    closed = policy_resource("shop/deny", policyTypes=["Ingress", "Egress"])
    change = change_for([closed])
    assert change is not None
    assert [line.split(":")[1].split()[0] for line in change.command.splitlines()] == ["egress", "ingress"]
    assert len(change.resources) == 2


def test_an_address_makes_a_valid_name_for_a_policy() -> None:
    from ipaddress import ip_address

    from netpol_lab.model.objects import External

    away = External(ip_address("2001:db8::9"), "2001:db8::-2001:db8::ff and 3 more")
    change = change_for([policy_resource("shop/deny")], away)
    assert change is not None
    assert [resource.name for resource in change.resources] == ["allow-from-2001-db8-9"]


@pytest.mark.parametrize("namespace", ["shop", "ops"])
def test_a_state_stays_as_it_was_when_a_change_is_sought(namespace: str) -> None:
    admin = pod(f"{namespace}/admin", {"app": "x"})
    state = snapshot_of((admin, WEB), [policy_resource("shop/deny")], {"shop": {}, "ops": {}})
    before = dict(state.objects)
    smallest_change(state, explain.verdict(state.engine, admin, WEB, 80))
    assert dict(state.objects) == before
    assert all(isinstance(each, Namespace) for each in state.namespaces)
