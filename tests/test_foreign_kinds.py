"""Kinds that the simulator does not act on, as people's own folders and dumps hold them."""

from __future__ import annotations

from typing import Any

import pytest

from netpol_lab import Cluster

CLOSED = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "closed", "namespace": "shop"},
    "spec": {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"]},
}


def workload(api_version: str, kind: str, **more: Any) -> dict[str, Any]:
    """An object of some kind with a pod template, as its controller would take it."""
    pod = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
    spec = {"replicas": 2, "template": pod, **more}
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "web", "namespace": "shop"}, "spec": spec}


def warned(cluster: Cluster) -> set[str]:
    return {finding.id for finding in cluster.warnings()}


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("v1", "ReplicationController"),
        ("apps.openshift.io/v1", "DeploymentConfig"),
        ("argoproj.io/v1alpha1", "Rollout"),
        ("apps.kruise.io/v1alpha1", "CloneSet"),
    ],
)
def test_a_workload_that_is_not_simulated_has_the_pods_of_its_template(api_version: str, kind: str) -> None:
    cluster = Cluster.from_manifests([workload(api_version, kind), CLOSED])
    assert len(cluster.pods) == 2
    assert {pod.labels["app"] for pod in cluster.pods} == {"web"}
    assert f"shop/web[{kind}]" in set(cluster.connections(by="workload")["source"])
    assert warned(cluster) == set()
    alone = Cluster.from_manifests([CLOSED])
    assert warned(alone) == {"namespace-without-pods"}


@pytest.mark.parametrize(
    "spec",
    [
        {"replicas": "{{ .Values.replicas }}"},
        {"template": {"spec": {"containers": ["web"]}}},
        {"template": {"metadata": {"labels": "web"}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}},
        {"template": {"spec": {"containers": []}}},
        {"template": "web"},
    ],
)
def test_a_template_that_is_no_pods_is_passed_over(spec: dict[str, Any]) -> None:
    cluster = Cluster.from_manifests([workload("argoproj.io/v1alpha1", "Rollout", **spec), CLOSED])
    assert len(cluster.pods) <= 1


def test_a_pod_that_has_ended_owns_no_address() -> None:
    def pod(name: str, phase: str) -> dict[str, Any]:
        containers = [{"name": "c", "image": "nginx", "ports": [{"containerPort": 80}]}]
        metadata = {"name": name, "namespace": "shop", "labels": {"app": name}}
        status = {"phase": phase, "podIP": "10.244.9.9"}
        head = {"apiVersion": "v1", "kind": "Pod"}
        return {**head, "metadata": metadata, "spec": {"containers": containers}, "status": status}

    job = {**CLOSED, "spec": {"podSelector": {"matchLabels": {"app": "job"}}, "policyTypes": ["Ingress"]}}
    for ended in ("Succeeded", "Failed"):
        cluster = Cluster.from_manifests([pod("job", ended), pod("web", "Running"), job])
        found = cluster.endpoint("10.244.9.9")
        assert getattr(found, "name", "") == "web"
        assert cluster.verdict("External", "10.244.9.9", 80).allowed
