"""Advice on policies that are nearly right: what must not be said, what is meant, and in which order."""

from __future__ import annotations

from small_clusters import policy
from test_advice import HERE, cluster_with, told

from netpol_lab import Cluster
from netpol_lab.coach.advice_addresses import _stretches
from netpol_lab.coach.advice_facts import Facts
from netpol_lab.coach.slips import near_labels
from netpol_lab.manifests import read_text
from netpol_lab.model.labels import Labels
from netpol_lab.model.objects import NetworkPolicy

HEAD = "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: %s, namespace: shop}, spec: %s}\n"
WEB = "podSelector: {matchLabels: {app: web}}"


def shop(**specs: str) -> Cluster:
    """The shop of the other tests of advice, with some policies."""
    cluster = cluster_with(HERE / "cluster.yaml")
    for name, spec in specs.items():
        cluster.apply(HEAD % (name, spec))
    return cluster


def rule(peers: str, ports: str = "") -> str:
    return f"{{{WEB}, ingress: [{{from: [{peers}]{f', ports: [{ports}]' if ports else ''}}}]}}"


CLIENT = "{podSelector: {matchLabels: {app: frontend}}}"


def test_the_port_of_a_service_beside_the_right_one_is_no_mistake() -> None:
    assert told(shop(p=rule(CLIENT, "{port: 80}"))) == ["service-port"]
    assert told(shop(p=rule(CLIENT, "{port: 80}, {port: 8080}"))) == []
    assert told(shop(p=rule(CLIENT, "{port: 80}, {port: 8000, endPort: 8090}"))) == []
    assert told(shop(p=rule(CLIENT, "{port: 80}, {port: 8080, protocol: UDP}"))) == ["service-port"]


def test_a_port_on_which_an_image_listens_is_no_mistake_though_it_is_not_declared() -> None:
    text = """
apiVersion: v1
kind: Pod
metadata: {name: plain, namespace: shop, labels: {app: plain}}
spec: {containers: [{name: c, image: "nginx:1.27"}]}
---
apiVersion: v1
kind: Service
metadata: {name: plain, namespace: shop}
spec: {selector: {app: plain}, ports: [{port: 80, targetPort: 8080}]}
"""
    found = shop()
    found.apply(text)
    found.apply(HEAD % ("p", "{podSelector: {matchLabels: {app: plain}}, ingress: [{ports: [{port: 80}]}]}"))
    assert told(found) == []


def test_a_pod_in_a_block_that_another_peer_admits_is_not_covered_by_mistake() -> None:
    block = "{ipBlock: {cidr: 10.244.0.0/16}}"
    everyone = "{namespaceSelector: {}}"
    assert told(shop(p=rule(block))) == ["ip-block-covers-pods"]
    assert told(shop(p=rule(f"{block}, {everyone}"))) == []


def test_what_is_left_of_a_block_begins_after_the_hole() -> None:
    spec = "{podSelector: {}, egress: [{to: [{ipBlock: {cidr: 10.0.0.0/30, except: [10.0.0.1/32]}}]}]}"
    typed = read_text(HEAD % ("p", spec))[0].typed
    assert isinstance(typed, NetworkPolicy)
    block = typed.egress[0].peers[0].ip_block
    assert block is not None
    first = int(block.network.network_address)
    assert list(_stretches(block)) == [(first, first), (first + 2, first + 3)]


def test_of_two_that_do_the_same_one_stays_though_a_third_policy_isolates_the_pods_too() -> None:
    same = rule(CLIENT, "{port: 8080}")
    other = rule("{namespaceSelector: {}, podSelector: {matchLabels: {app: prometheus}}}", "{port: 8080}")
    cluster = shop(one=same, two=same, third=other)
    assert [(each.id, each.policy.name) for each in cluster.warnings()] == [("adds-nothing", "two")]


def test_a_mistyped_pod_of_another_namespace_is_looked_for_there() -> None:
    peer = "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}},"
    found = shop(p=rule(peer + " podSelector: {matchLabels: {app: promotheus}}}")).warnings()
    assert [each.id for each in found] == ["peer-matches-no-pod"]
    assert "app=prometheus" in found[0].near


def test_rules_and_peers_are_counted_from_one() -> None:
    cluster = shop(p=f"{{{WEB}, ingress: [{{}}, {{from: [{CLIENT}, {CLIENT}]}}]}}")
    first, second = Facts(cluster.snapshot()).places(cluster.policies[0])
    assert (first.words, second.peer(1)) == ("Ingress rule 1", "Ingress rule 2, from 2")


def test_findings_of_one_policy_come_by_line() -> None:
    text = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress:
  - ports:
    - port: 80
  - from:
    - podSelector: {matchLabels: {app: frontent}}
"""
    cluster = shop()
    cluster.apply(text)
    lines = [each.line for each in cluster.warnings()]
    assert len(set(lines)) == 2 and lines == sorted(lines)
    swapped = text.replace("  - ports:\n    - port: 80\n", "") + "  - ports:\n    - port: 80\n"
    cluster.apply(swapped)
    lines = [each.line for each in cluster.warnings()]
    assert len(set(lines)) == 2 and lines == sorted(lines)


def test_the_cluster_s_own_pods_are_not_missed_among_manifests_alone() -> None:
    system = "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}"
    cluster = shop(p=f"{{{WEB}, egress: [{{to: [{system}], ports: [{{port: 53, protocol: UDP}}]}}]}}")
    state = cluster.snapshot()
    own = [resource.key for resource in state.objects.values() if "kube-system" in (resource.namespace, resource.name)]
    selector = state.policies[0].egress[0].peers[0].namespace_selector
    assert selector is not None
    assert Facts(state.without(own)).is_about_system(selector)
    assert not Facts(state).is_about_system(selector)


def test_labels_of_a_workload_are_no_mistake_where_its_pods_would_have_them_too() -> None:
    def found(of_pods: str) -> list[str]:
        cluster = shop()
        workload = (
            "{apiVersion: apps/v1, kind: Deployment, metadata: {name: idle, namespace: shop, labels: {app: idle}},"
        )
        template = f"{{metadata: {{labels: {of_pods}}}, spec: {{containers: [{{name: c, image: busybox}}]}}}}"
        cluster.apply(workload + f" spec: {{replicas: 0, selector: {{matchLabels: {{n: x}}}}, template: {template}}}}}")
        cluster.apply(HEAD % ("p", "{podSelector: {matchLabels: {app: idle}}}"))
        return told(cluster)

    assert found("{n: x}") == ["labels-on-workload"]
    assert found("{n: x, app: idle}") == ["selects-no-pod"]


def test_three_namespaces_are_named_and_of_four_three() -> None:
    def near(number: int) -> str:
        cluster = shop()
        for i in range(number):
            cluster.apply(f"{{apiVersion: v1, kind: Namespace, metadata: {{name: space-{i}}}}}")
            pod = f"{{apiVersion: v1, kind: Pod, metadata: {{name: p, namespace: space-{i}, labels: {{far: away}}}},"
            cluster.apply(pod + " spec: {containers: [{name: c, image: busybox}]}}")
        cluster.apply(HEAD % ("p", "{podSelector: {matchLabels: {far: away}}}"))
        return cluster.warnings()[0].near

    assert "space-2" in near(3) and "others" not in near(3)
    assert "space-2" in near(4) and "space-3" not in near(4) and "others" in near(4)


def test_a_value_of_the_wanted_key_is_nearer_than_another_key() -> None:
    selector = policy("shop/p", podSelector={"matchLabels": {"app": "frontent"}}).pod_selector
    there = [Labels({"apps": "frontent"}), Labels({"app": "frontend"})]
    for labels in (there, there[::-1]):
        assert [(each.right_key, each.right) for each in near_labels(selector, labels)] == [
            ("app", "frontend"),
            ("apps", "frontent"),
        ]


def test_the_label_of_every_namespace_is_not_proposed_for_itself() -> None:
    peer = "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring, team: green}}}"
    found = shop(p=rule(peer)).warnings()
    assert [each.id for each in found] == ["namespace-label-nobody-has"]
    assert "kubernetes.io/metadata.name" not in found[0].near
