"""Applying, replacing and deleting: what a state becomes, and what it never does."""

from __future__ import annotations

import copy
import json
from ipaddress import ip_network
from typing import Any

import pytest
from small_clusters import policy_resource

from netpol_lab import Cluster
from netpol_lab.cluster.handle import hypothetical
from netpol_lab.manifests import from_object
from netpol_lab.model.errors import AlreadyExists, LabError, ManifestError, NotFound
from netpol_lab.model.labels import METADATA_NAME
from netpol_lab.model.networks import NODE_NETWORK, POD_NETWORK
from netpol_lab.model.objects import Resource

Body = dict[str, Any]

WEB = {"matchLabels": {"app": "web"}}
MANIFESTS = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: blue}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: web, image: nginx, ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: 8080}]}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
data: {color: blue}
"""


def bodies(cluster: Cluster) -> dict[tuple[str, str, str], Body]:
    return {key: copy.deepcopy(dict(resource.body)) for key, resource in cluster.objects.items()}


def shop() -> Cluster:
    cluster = Cluster()
    cluster.apply(MANIFESTS)
    return cluster


def test_applying_tells_created_then_unchanged() -> None:
    cluster = Cluster()
    assert set(cluster.apply(MANIFESTS).values()) == {"created"}  # type: ignore[union-attr]
    assert set(cluster.apply(MANIFESTS).values()) == {"unchanged"}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("app: web}}, ingress", "app: api}}, ingress", "NetworkPolicy allow"),
        (", ingress: [{ports: [{port: 8080}]}]", "", "NetworkPolicy allow"),
        ("[{ports: [{port: 8080}]}]", "[]", "NetworkPolicy allow"),
        ("[{ports: [{port: 8080}]}]", "[{}]", "NetworkPolicy allow"),
        ("team: blue", "team: red", "Namespace shop"),
        (", labels: {team: blue}", "", "Namespace shop"),
        ("color: blue", "color: red", "ConfigMap settings"),
        ("data: {color: blue}", "data: {}", "ConfigMap settings"),
        ("{selector: {app: web}, ports", "{selector: {app: web, tier: front}, ports", "Service web"),
    ],
)
def test_applying_something_else_configures_that_object_alone(old: str, new: str, what: str) -> None:
    assert old in MANIFESTS
    cluster = shop()
    told = cluster.apply(MANIFESTS.replace(old, new))
    assert isinstance(told, dict)
    assert [name for name, word in told.items() if word == "configured"] == [what]
    assert set(told.values()) == {"configured", "unchanged"}
    assert set(cluster.apply(MANIFESTS.replace(old, new)).values()) == {"unchanged"}  # type: ignore[union-attr]


def test_a_policy_whose_rules_are_taken_out_admits_nothing_any_more() -> None:
    cluster = shop()
    assert cluster.verdict("shop/web", "shop/web", 8080)
    assert cluster.verdict("External", "shop/web", 8080)
    cluster.apply(policy_resource("shop/allow", podSelector=WEB))
    assert not cluster.verdict("External", "shop/web", 8080)


def test_a_replaced_object_keeps_what_the_cluster_gave_it() -> None:
    cluster = shop()
    pod, service = cluster.pod("shop", "web"), cluster.service("shop", "web")
    before = bodies(cluster)
    cluster.apply(MANIFESTS.replace("labels: {app: web}", "labels: {app: web, tier: front}"))
    cluster.apply(MANIFESTS.replace("[{port: 80, targetPort: http}]", "[{port: 81, targetPort: http}]"))
    after = bodies(cluster)
    assert pod is not None and service is not None
    assert (cluster.pod("shop", "web").ip, cluster.pod("shop", "web").node) == (pod.ip, pod.node)  # type: ignore[union-attr]
    assert cluster.service("shop", "web").cluster_ip == service.cluster_ip  # type: ignore[union-attr]
    for key in before:
        assert after[key]["metadata"]["uid"] == before[key]["metadata"]["uid"]
        assert after[key]["metadata"]["creationTimestamp"] == before[key]["metadata"]["creationTimestamp"]


def test_every_namespace_has_its_own_name_as_a_label_also_when_relabeled() -> None:
    cluster = shop()
    cluster.apply(MANIFESTS.replace("team: blue", f"{METADATA_NAME}: another"))
    (found,) = [each for each in cluster.namespaces if each.name == "shop"]
    assert dict(found.labels) == {METADATA_NAME: "shop"}


def test_creating_twice_is_an_error_and_applying_twice_is_not() -> None:
    cluster = shop()
    policy = policy_resource("shop/allow", podSelector=WEB)
    with pytest.raises(AlreadyExists):
        cluster.create(policy)
    assert cluster.apply(policy) == "configured"


@pytest.mark.parametrize(
    "broken",
    [
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: nowhere}\nspec: {containers: [{name: c, image: x}]}",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: Bad_Name}\nspec: {containers: [{name: c, image: x}]}",
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\nspec: {ingres: []}",
        "apiVersion: v1\nkind: Pod\n  metadata: {name: p}\n",
    ],
    ids=["no such namespace", "bad name", "unknown field", "bad YAML"],
)
def test_an_error_in_the_last_object_leaves_everything_as_it_was(broken: str) -> None:
    cluster = shop()
    before, snapshot = bodies(cluster), cluster.snapshot()
    with pytest.raises(LabError):
        cluster.apply(MANIFESTS.replace("color: blue", "color: red") + "---\n" + broken)
    assert bodies(cluster) == before
    assert cluster.snapshot() is snapshot


def test_deleting_what_is_not_there_is_an_error_that_names_it() -> None:
    cluster = shop()
    with pytest.raises(NotFound) as caught:
        cluster.delete("Pod", "shop", "nobody")
    assert (caught.value.kind, caught.value.name) == ("Pod", "nobody")


def test_deleting_a_namespace_takes_everything_in_it_and_nothing_else() -> None:
    cluster = shop()
    others = {key for key in cluster.objects if key[1] != "shop" and key != ("Namespace", "", "shop")}
    cluster.delete("Namespace", "", "shop")
    assert set(cluster.objects) == others
    assert cluster.verdict("External", "kube-system/coredns", 53, "UDP")
    with pytest.raises(NotFound):
        cluster.apply(policy_resource("shop/allow"))


def test_a_snapshot_stays_as_it_was_whatever_happens_to_the_cluster() -> None:
    cluster = shop()
    snapshot, before = cluster.snapshot(), bodies(cluster)
    answer = snapshot.verdict("External", "shop/web", 80).answer
    cluster.apply(policy_resource("shop/allow", podSelector=WEB, ingress=[{}]))
    cluster.delete("Pod", "shop", "web")
    cluster.delete("Namespace", "", "shop")
    cluster.advance(60)
    assert {key: dict(resource.body) for key, resource in snapshot.objects.items()} == before
    assert snapshot.verdict("External", "shop/web", 80).answer == answer == "blocked"
    cluster.restore(snapshot)
    assert bodies(cluster) == before
    assert cluster.now == snapshot.now


def test_two_handles_on_one_snapshot_do_not_disturb_each_other() -> None:
    snapshot = shop().snapshot()
    one, other = Cluster.at(snapshot), Cluster.at(snapshot)
    one.delete("NetworkPolicy", "shop", "allow")
    assert one.policies == () and len(other.policies) == 1
    assert one.verdict("External", "shop/web", 80) and not other.verdict("External", "shop/web", 80)


def test_what_if_changes_a_copy() -> None:
    state = shop().snapshot()
    key = ("NetworkPolicy", "shop", "allow")
    without = hypothetical(state, without=[key])
    opened = hypothetical(
        state, add=[policy_resource("shop/more", podSelector=WEB, ingress=[{"ports": [{"port": 80}]}])]
    )
    asked = ("External", "shop/web", 80)
    assert [bool(each.verdict(*asked)) for each in (state, without, opened)] == [False, True, True]
    assert key in state.objects and state.without([key]).policies == without.policies == ()


def test_the_same_steps_give_the_same_cluster_to_the_byte() -> None:
    one, other = shop(), shop()
    for cluster in (one, other):
        cluster.delete("Pod", "shop", "web")
        cluster.apply(MANIFESTS)
    assert bodies(one) == bodies(other)
    assert list(one.objects) == list(other.objects)


def test_addresses_are_never_used_again() -> None:
    cluster, seen = shop(), set()
    for _ in range(5):
        pod = cluster.pod("shop", "web")
        assert pod is not None and pod.ip not in seen
        seen.add(pod.ip)
        cluster.delete("Pod", "shop", "web")
        cluster.apply(MANIFESTS)


def test_objects_are_listed_by_namespace_and_name() -> None:
    cluster = shop()
    cluster.apply(policy_resource("default/z"))
    cluster.apply(policy_resource("shop/a"))
    found = [(each.namespace, each.name) for each in cluster.list("NetworkPolicy")]
    assert found == [("default", "z"), ("shop", "a"), ("shop", "allow")]
    assert [each.name for each in cluster.list("NetworkPolicy", "shop")] == ["a", "allow"]


def test_a_named_target_port_resolves_on_each_pod_behind_a_service() -> None:
    cluster = shop()
    more = MANIFESTS.split("---")[1]
    cluster.apply(more.replace("name: web, namespace", "name: other, namespace").replace("8080", "9090"))
    cluster.apply(more.replace("name: web, namespace", "name: plain, namespace").replace("http", "https"))
    service = cluster.service("shop", "web")
    assert service is not None
    assert [(pod.name, target) for pod, _, target in cluster.endpoints(service)] == [("web", 8080), ("other", 9090)]


# Manifests of one's own


def test_manifests_of_ones_own_need_no_namespace_object() -> None:
    cluster = Cluster.from_manifests(
        MANIFESTS.replace("kind: Namespace\nmetadata: {name: shop", "kind: Namespace\nmetadata: {name: other")
    )
    assert {each.name: dict(each.labels) for each in cluster.namespaces} == {
        "shop": {METADATA_NAME: "shop"},
        "other": {METADATA_NAME: "other", "team": "blue"},
    }
    assert [each.id for each in cluster.pods] == ["shop/web"]
    assert cluster.nodes == ()


def test_a_namespace_that_is_declared_last_has_its_labels_all_the_same() -> None:
    namespace, *others = MANIFESTS.split("---")
    cluster = Cluster.from_manifests("---".join([*others, namespace]))
    assert {each.name: each.labels.get("team") for each in cluster.namespaces} == {"shop": "blue"}


def test_a_daemon_set_without_known_nodes_has_one_pod() -> None:
    template = {"metadata": {"labels": {"app": "agent"}}, "spec": {"containers": [{"name": "c", "image": "x"}]}}
    spec = {"selector": {"matchLabels": {"app": "agent"}}, "template": template}
    body = {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "agent"}, "spec": spec}
    assert [pod.owner for pod in Cluster.from_manifests(json.dumps(body)).pods] == ["DaemonSet/agent"]


def test_all_faults_of_all_files_are_told_and_nothing_is_loaded(tmp_path: Any) -> None:
    (tmp_path / "good.yaml").write_text(MANIFESTS)
    (tmp_path / "one.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: {}\n")
    (tmp_path / "two.yaml").write_text(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\nspec: {ingres: []}\n"
    )
    with pytest.raises(ManifestError) as caught:
        Cluster.from_manifests(tmp_path)
    assert {problem.file.rpartition("/")[2] for problem in caught.value.problems} == {"one.yaml", "two.yaml"}


def test_nodes_of_a_dump_give_its_workloads_their_addresses() -> None:
    node = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "worker"},
        "spec": {"podCIDR": "10.9.0.0/24"},
        "status": {"addresses": [{"type": "InternalIP", "address": "192.168.0.9"}]},
    }
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "c", "image": "x"}]},
    }
    cluster = Cluster.from_manifests(json.dumps({"apiVersion": "v1", "kind": "List", "items": [pod, node]}))
    (found,) = cluster.pods
    assert (found.node, str(found.ip)) == ("worker", "10.9.0.2")


def test_kinds_that_are_not_simulated_are_kept_as_they_are() -> None:
    resource = shop().get("ConfigMap", "shop", "settings")
    assert isinstance(resource, Resource) and resource.typed is None
    assert resource.body["data"] == {"color": "blue"}


def test_finding_an_end_of_a_connection_by_what_people_call_it() -> None:
    cluster = shop()
    web = cluster.pod("shop", "web")
    assert web is not None
    for name in ("shop/web", "web", str(web.ip)):
        assert cluster.endpoint(name) == web
    assert cluster.endpoint("web", "default") == web
    assert cluster.endpoint("node1") == cluster.nodes[1]
    assert cluster.endpoint("203.0.113.5").id == "203.0.113.5"  # type: ignore[union-attr]
    with pytest.raises(NotFound, match="Did you mean 'web'"):
        cluster.endpoint("wbe")
    with pytest.raises(NotFound):
        cluster.endpoint("nowhere/web")


def test_a_resource_that_is_put_replaces_the_one_of_its_key() -> None:
    cluster = shop()
    body = copy.deepcopy(dict(cluster.objects["Pod", "shop", "web"].body))
    body["metadata"]["labels"] = {"app": "api"}
    cluster.put(from_object(body))
    pod = cluster.pod("shop", "web")
    assert pod is not None and dict(pod.labels) == {"app": "api"}
    assert cluster.verdict("External", "shop/web", 80)


def test_the_nodes_ranges_are_parts_of_the_one_pod_network() -> None:
    cluster = Cluster()
    ranges = [ip_network(node.body["spec"]["podCIDR"]) for node in cluster.list("Node")]
    assert len(set(ranges)) == len(cluster.nodes) == 3
    assert all(each.subnet_of(POD_NETWORK) for each in ranges)
    assert all(node.ip in NODE_NETWORK for node in cluster.nodes)
