"""Each kind of advice is given where it belongs, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from netpol_lab import Cluster
from netpol_lab.display import advice_table as card
from netpol_lab.manifests.read import Reader
from netpol_lab.model import datafiles as data
from netpol_lab.tell import catalogue

HERE = Path(__file__).parent / "advice"
DATA = data.path("manifests")

EXPECTED = {
    "allow-all-where-all-is-allowed": ("adds-nothing", 1, ""),
    "dns-by-tcp-only": ("no-dns", 10, "A rule admits TCP 53: without protocol, a port is TCP. DNS asks by UDP."),
    "egress-rules-without-the-type": ("rules-without-effect", 13, "Add Egress to policyTypes."),
    "egress-without-dns": (
        "no-dns",
        10,
        "Admit UDP and TCP 53 to pods with k8s-app=kube-dns in namespace kube-system.",
    ),
    "internet-that-holds-the-pods": (
        "ip-block-covers-pods",
        11,
        "Keep the pods out with except: [10.244.0.0/16].",
    ),
    "label-of-a-namespace-mistyped": ("namespace-label-nobody-has", 12, "Did you mean team=blue?"),
    "label-on-the-deployment-only": ("labels-on-workload", 9, ""),
    "named-port-mistyped": ("named-port-nobody-has", 12, "Did you mean http (8080)?"),
    "named-port-of-an-address": (
        "named-port-nobody-has",
        14,
        "Addresses have no named ports: write the number.",
    ),
    "named-port-of-another-protocol": ("named-port-nobody-has", 12, "http is a TCP port there."),
    "namespace-chosen-by-name": (
        "namespace-label-nobody-has",
        12,
        "Did you mean kubernetes.io/metadata.name=monitoring? Every namespace has that label.",
    ),
    "peer-in-another-namespace": (
        "peer-matches-no-pod",
        13,
        "Pods with app=prometheus are in namespace monitoring.",
    ),
    "peer-label-on-the-deployment-only": ("labels-on-workload", 14, ""),
    "pods-are-in-another-namespace": ("selects-no-pod", 9, "Pods with app=prometheus are in namespace monitoring."),
    "policy-in-a-namespace-without-pods": (
        "namespace-without-pods",
        1,
        "Pods with app=web are in namespace shop.",
    ),
    "policy-for-pods-on-the-host-network": ("pods-on-the-host-network", 14, "Policies do not apply to them."),
    "peer-on-the-host-network": ("pods-on-the-host-network", 17, "Their address is that of their node."),
    "policy-that-adds-nothing": ("adds-nothing", 9, "deny already does this."),
    "selector-of-a-peer-mistyped": ("peer-matches-no-pod", 12, "Did you mean app=frontend?"),
    "selector-of-the-policy-mistyped": ("selects-no-pod", 9, "Did you mean app=web?"),
    "service-port-instead-of-the-pod-port": ("service-port", 13, "Did you mean 8080?"),
}


def cluster_with(*paths: Path) -> Cluster:
    """A cluster with these files in it, also what an older API server took and one of today refuses."""
    cluster = Cluster()
    for path in paths:
        text = path.read_text(encoding="utf-8").replace("$XX", "07")
        for resource in Reader(strict=False).read_text(text, str(path)).found():
            cluster.apply(resource)
    return cluster


def told(cluster: Cluster) -> list[str]:
    return [each.id for each in cluster.warnings()]


@pytest.mark.parametrize("name", EXPECTED)
def test_a_policy_with_one_fault_gets_one_advice_with_its_line(name: str) -> None:
    cluster = cluster_with(HERE / "cluster.yaml", HERE / f"{name}.yaml")
    (found,) = cluster.warnings()
    assert (found.id, found.line, found.near) == EXPECTED[name]
    assert found.file.endswith(f"{name}.yaml")


@pytest.mark.parametrize("name", EXPECTED)
def test_in_ones_own_manifests_the_same_is_said(name: str) -> None:
    text = (HERE / "cluster.yaml").read_text() + "---\n" + (HERE / f"{name}.yaml").read_text()
    assert told(Cluster.from_manifests(text, strict=False)) == [EXPECTED[name][0]]


def test_every_message_and_every_fixture_is_used() -> None:
    assert {id for id, _, _ in EXPECTED.values()} == set(catalogue.warnings())
    assert {path.stem for path in HERE.glob("*.yaml")} == {*EXPECTED, "cluster", "clean"}


def test_good_policies_get_no_advice() -> None:
    paths = [HERE / "cluster.yaml", HERE / "clean.yaml"]
    assert told(cluster_with(*paths)) == []
    assert told(Cluster.from_manifests("---\n".join(path.read_text() for path in paths))) == []


def test_the_labs_own_policies_get_no_advice_where_they_are_right() -> None:
    lab_a = ["namespace", "netpol-apps", "default-deny", "allow-client-to-server"]
    assert told(cluster_with(*(DATA / "lab-a" / f"{name}.yaml" for name in lab_a))) == []
    lab_b = ["production", "default-deny-all", "allow-dns", "allow-web-to-api"]
    assert told(cluster_with(*(DATA / "lab-b" / f"{name}.yaml" for name in lab_b))) == []
    assert told(cluster_with(DATA / "start" / "pictures.yaml")) == []
    assert told(Cluster()) == []


def test_the_labs_faults_are_found() -> None:
    lab_a = [DATA / "lab-a" / f"{name}.yaml" for name in ("namespace", "netpol-apps", "reporter")]
    (found,) = cluster_with(*lab_a).warnings()
    assert (found.id, found.near) == ("peer-matches-no-pod", "Did you mean app=reporter-07?")
    assert told(cluster_with(*lab_a[:2], DATA / "lab-a" / "default-deny-elsewhere.yaml")) == ["namespace-without-pods"]
    assert told(cluster_with(DATA / "lab-b" / "production.yaml", DATA / "lab-b" / "default-deny-all.yaml")) == [
        "no-dns"
    ]


def test_a_default_for_pods_to_come_is_not_superfluous() -> None:
    deny = "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: %s, namespace: shop}, spec: %s}\n"
    cluster = cluster_with(HERE / "cluster.yaml")
    cluster.apply(deny % ("all", "{podSelector: {}}"))
    cluster.apply(deny % ("again", "{podSelector: {}}"))
    assert told(cluster) == []


def test_of_two_equal_policies_only_the_later_is_superfluous() -> None:
    rule = "{podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: 8080}]}]}"
    text = "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: %s, namespace: shop}, spec: %s}\n"
    cluster = cluster_with(HERE / "cluster.yaml")
    for name in ("one", "other"):
        cluster.apply(text % (name, rule))
    assert [(each.id, each.policy.name) for each in cluster.warnings()] == [("adds-nothing", "other")]


def test_where_nothing_is_superfluous_removing_any_policy_changes_a_connection() -> None:
    cluster = cluster_with(HERE / "cluster.yaml", HERE / "clean.yaml")
    for policy in cluster.policies:
        if policy.name != "default-deny":
            without = cluster.snapshot().without([("NetworkPolicy", policy.namespace, policy.name)])
            assert len(cluster.diff(without)), policy.name


def test_what_is_superfluous_can_be_removed_and_nothing_changes() -> None:
    for name, (id, *_) in EXPECTED.items():
        if id == "adds-nothing":
            cluster = cluster_with(HERE / "cluster.yaml", HERE / f"{name}.yaml")
            keys = [("NetworkPolicy", each.policy.namespace, each.policy.name) for each in cluster.warnings()]
            assert not len(cluster.diff(cluster.snapshot().without(keys)))


def test_a_finding_is_of_the_mistake_that_checks_of_exercises_name_too() -> None:
    clusters = [cluster_with(HERE / "cluster.yaml", HERE / f"{name}.yaml") for name in EXPECTED]
    found = {each.id: each.mistake.id for cluster in clusters for each in cluster.warnings()}
    assert found["selects-no-pod"] == "M17" and found["no-dns"] == "M5" and found["service-port"] == "M7"


def test_advice_is_a_table_that_can_be_read_without_its_html() -> None:
    cluster = cluster_with(HERE / "cluster.yaml", HERE / "namespace-chosen-by-name.yaml")
    picture = card.draw(cluster.warnings(), len(cluster.policies))
    assert picture.title == "1 thing in these policies is probably not meant"
    for words in ("shop/allow", "kubernetes.io/metadata.name=monitoring", "04-selectors"):
        assert words in picture.html and words in " ".join(picture.text.split())
    assert picture.text.isascii() and all(len(line) <= 96 for line in picture.text.splitlines())


def test_no_advice_is_said_too() -> None:
    assert card.draw((), 2).title == "2 policies, and no advice about them"
    assert card.draw((), 0).title == "There is no policy"
