"""Workloads and their pods: what controllers make, keep, replace and take away."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

import pytest
import yaml

from netpol_lab import Cluster
from netpol_lab.manifests import from_object
from netpol_lab.model.objects import Pod

Body = dict[str, Any]


def workload(kind: str, name: str = "web", *, image: str = "nginx:1.27", **spec: Any) -> Body:
    """A workload whose pods are labelled ``app: name``."""
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "web", "image": image}]}}
    version = "batch/v1" if kind in ("Job", "CronJob") else "apps/v1"
    if kind == "CronJob":
        template["spec"]["restartPolicy"] = "Never"  # type: ignore[index]
        inner: Body = {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": template}}}
    elif kind == "Job":
        template["spec"]["restartPolicy"] = "Never"  # type: ignore[index]
        inner = {"template": template}
    else:
        inner = {"selector": {"matchLabels": {"app": name}}, "template": template}
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name, "namespace": "default"},
        "spec": {**inner, **spec},
    }


def cluster_with(*bodies: Body) -> Cluster:
    cluster = Cluster()
    for body in bodies:
        cluster.apply(from_object(body))
    return cluster


def pods(cluster: Cluster, namespace: str = "default") -> list[Pod]:
    return [pod for pod in cluster.pods if pod.namespace == namespace]


def names(cluster: Cluster) -> list[str]:
    return [pod.name for pod in pods(cluster)]


def edited(cluster: Cluster, kind: str, name: str, **spec: Any) -> None:
    body = copy.deepcopy(dict(cluster.objects[kind, "default", name].body))
    body["spec"].update(spec)
    cluster.put(from_object(body))


def test_a_deployment_has_a_replica_set_and_that_has_the_pods() -> None:
    cluster = cluster_with(workload("Deployment", replicas=3))
    (replica_set,) = cluster.list("ReplicaSet", "default")
    assert [pod.owner for pod in pods(cluster)] == ["Deployment/web"] * 3
    assert all(name.startswith(f"{replica_set.name}-") for name in names(cluster))
    ending = replica_set.name.removeprefix("web-")
    assert all(pod.labels == {"app": "web", "pod-template-hash": ending} for pod in pods(cluster))
    assert cluster.objects["Deployment", "default", "web"].body["status"]["readyReplicas"] == 3


def test_names_and_addresses_are_the_same_in_every_cluster() -> None:
    bodies = [
        workload("Deployment", replicas=3),
        workload("StatefulSet", "db", replicas=2),
        workload("DaemonSet", "agent"),
    ]
    one, other = cluster_with(*bodies), cluster_with(*bodies)
    assert [(pod.id, pod.ips, pod.node) for pod in one.pods] == [(pod.id, pod.ips, pod.node) for pod in other.pods]
    assert len({pod.ip for pod in one.pods if not pod.host_network}) == len([p for p in one.pods if not p.host_network])


def test_a_new_template_replaces_every_pod() -> None:
    cluster = cluster_with(workload("Deployment", replicas=2))
    before = set(names(cluster))
    cluster.apply(from_object(workload("Deployment", replicas=2, image="nginx:1.28")))
    assert len(names(cluster)) == 2 and not before & set(names(cluster))
    assert len(cluster.list("ReplicaSet", "default")) == 1
    assert pods(cluster)[0].containers[0].image == "nginx:1.28"


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet"])
def test_going_back_to_an_earlier_template_replaces_the_pods_again(kind: str) -> None:
    cluster = cluster_with(workload(kind))
    for image in ("nginx:1.28", "nginx:1.27"):
        cluster.apply(from_object(workload(kind, image=image)))
        assert {pod.containers[0].image for pod in pods(cluster)} == {image}


@pytest.mark.parametrize("kind", ["Deployment", "ReplicaSet", "StatefulSet"])
def test_scaling_keeps_the_first_pods(kind: str) -> None:
    cluster = cluster_with(workload(kind, replicas=2))
    before = names(cluster)
    edited(cluster, kind, "web", replicas=4)
    assert len(names(cluster)) == 4 and names(cluster)[:2] == before
    edited(cluster, kind, "web", replicas=1)
    assert names(cluster) == before[:1]
    edited(cluster, kind, "web", replicas=0)
    assert names(cluster) == []


def test_a_deleted_pod_comes_back_with_a_new_name_and_a_new_address() -> None:
    cluster = cluster_with(workload("Deployment", replicas=2))
    gone, stays = pods(cluster)
    cluster.delete("Pod", "default", gone.name)
    kept, new = pods(cluster)
    assert kept == stays
    assert new.name != gone.name and new.ip not in (gone.ip, stays.ip)


def test_a_deleted_stateful_pod_comes_back_with_its_name_and_a_new_address() -> None:
    cluster = cluster_with(workload("StatefulSet", "db", replicas=3))
    assert names(cluster) == ["db-0", "db-1", "db-2"]
    old = cluster.pod("default", "db-1")
    cluster.delete("Pod", "default", "db-1")
    new = cluster.pod("default", "db-1")
    assert sorted(names(cluster)) == ["db-0", "db-1", "db-2"]
    assert old is not None and new is not None and new.ip != old.ip
    assert new.labels["statefulset.kubernetes.io/pod-name"] == "db-1"


def test_scaling_a_stateful_set_down_takes_its_last_pods_also_after_one_came_back() -> None:
    cluster = cluster_with(workload("StatefulSet", "db", replicas=3))
    cluster.delete("Pod", "default", "db-0")
    edited(cluster, "StatefulSet", "db", replicas=1)
    assert names(cluster) == ["db-0"]


def test_a_bare_pod_that_is_deleted_stays_away() -> None:
    cluster = cluster_with(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "p"},
            "spec": {"containers": [{"name": "c", "image": "x"}]},
        }
    )
    cluster.delete("Pod", "default", "p")
    assert names(cluster) == []


def test_a_daemon_set_has_a_pod_on_every_worker_and_elsewhere_only_where_it_tolerates() -> None:
    cluster = cluster_with(workload("DaemonSet", "agent"))
    assert sorted(pod.node for pod in pods(cluster)) == ["node1", "node2"]
    body = workload("DaemonSet", "all")
    body["spec"]["template"]["spec"]["tolerations"] = [{"operator": "Exists"}]
    cluster = cluster_with(body)
    assert sorted(pod.node for pod in pods(cluster)) == ["control-plane", "node1", "node2"]


def test_a_deleted_daemon_pod_comes_back_on_its_node() -> None:
    cluster = cluster_with(workload("DaemonSet", "agent"))
    gone = pods(cluster)[0]
    cluster.delete("Pod", "default", gone.name)
    assert sorted(pod.node for pod in pods(cluster)) == ["node1", "node2"]
    assert gone.name not in names(cluster)


@pytest.mark.parametrize(
    ("spec", "count"),
    [
        ({}, 1),
        ({"parallelism": 2}, 2),
        ({"parallelism": 2, "completions": 2}, 2),
        ({"parallelism": 5, "completions": 2}, 2),
    ],
)
def test_a_job_has_as_many_pods_as_it_runs_at_once(spec: Body, count: int) -> None:
    cluster = cluster_with(workload("Job", "once", **spec))
    assert [pod.owner for pod in pods(cluster)] == ["Job/once"] * count


def test_a_cron_job_counts_as_one_run_and_a_suspended_one_as_none() -> None:
    assert len(names(cluster_with(workload("CronJob", "nightly")))) == 1
    assert names(cluster_with(workload("CronJob", "nightly", suspend=True))) == []


@pytest.mark.parametrize("kind", ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob"])
def test_a_deleted_workload_takes_its_pods_with_it(kind: str) -> None:
    cluster = cluster_with(workload(kind), workload("Deployment", "other"))
    cluster.delete(kind, "default", "web")
    assert [pod.owner for pod in pods(cluster)] == ["Deployment/other"]
    assert [resource.name.rpartition("-")[0] for resource in cluster.list("ReplicaSet", "default")] == ["other"]


def test_a_deployment_replaces_a_replica_set_that_is_deleted() -> None:
    cluster = cluster_with(workload("Deployment", replicas=2))
    (replica_set,) = cluster.list("ReplicaSet", "default")
    before = set(names(cluster))
    cluster.delete("ReplicaSet", "default", replica_set.name)
    assert len(cluster.list("ReplicaSet", "default")) == 1
    assert len(names(cluster)) == 2 and not before & set(names(cluster))


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"])
def test_applying_a_workload_again_changes_nothing(kind: str) -> None:
    cluster = cluster_with(workload(kind))
    before = cluster.pods
    assert cluster.apply(from_object(workload(kind))) == "unchanged"
    assert cluster.pods == before


# Dumps of real clusters

OWNER = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-6f9c4d8b7", "uid": "u2", "controller": True}


def dump() -> list[Body]:
    """A Deployment at its second revision, as ``kubectl get all -o yaml`` gives it."""

    def replica_set(ending: str, replicas: int) -> Body:
        body = workload("ReplicaSet", replicas=replicas)
        body["metadata"]["name"] = f"web-{ending}"
        body["metadata"]["ownerReferences"] = [{**OWNER, "kind": "Deployment", "name": "web", "uid": "u1"}]
        body["spec"]["template"]["metadata"]["labels"]["pod-template-hash"] = ending
        body["spec"]["selector"]["matchLabels"]["pod-template-hash"] = ending
        return body

    def pod(number: int) -> Body:
        labels = {"app": "web", "pod-template-hash": "6f9c4d8b7"}
        metadata = {
            "name": f"web-6f9c4d8b7-x{number}",
            "namespace": "default",
            "labels": labels,
            "ownerReferences": [OWNER],
        }
        spec = {"nodeName": "worker-9", "containers": [{"name": "web", "image": "nginx"}]}
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": metadata,
            "spec": spec,
            "status": {"phase": "Running", "podIP": f"10.7.0.{number}"},
        }

    return [
        workload("Deployment", replicas=2),
        replica_set("6f9c4d8b7", 2),
        replica_set("5d5c4f9d8", 0),
        pod(1),
        pod(2),
    ]


def loaded(bodies: Iterable[Body]) -> Cluster:
    return Cluster.from_manifests(yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": list(bodies)}))


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [3, 0, 4, 2, 1]])
@pytest.mark.parametrize("left_out", [[], [1], [2], [1, 2], [0], [0, 1, 2]])
def test_a_dumps_pods_are_adopted_and_not_made_again(order: list[int], left_out: list[int]) -> None:
    bodies = dump()
    cluster = loaded(bodies[index] for index in order if index not in left_out)
    assert sorted(names(cluster)) == ["web-6f9c4d8b7-x1", "web-6f9c4d8b7-x2"]
    assert {str(pod.ip) for pod in pods(cluster)} == {"10.7.0.1", "10.7.0.2"}
    assert {pod.owner for pod in pods(cluster)} == {"Deployment/web"}


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0]])
def test_a_dump_without_pods_gets_as_many_as_its_deployment_wants(order: list[int]) -> None:
    bodies = dump()
    cluster = loaded(bodies[index] for index in order)
    assert [pod.owner for pod in pods(cluster)] == ["Deployment/web"] * 2


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0]])
def test_the_job_and_pod_of_a_dumps_cron_job_are_adopted(order: list[int]) -> None:
    job = workload("Job", "nightly-28")
    job["metadata"]["ownerReferences"] = [{**OWNER, "apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly"}]
    reference = {**OWNER, "apiVersion": "batch/v1", "kind": "Job", "name": "nightly-28"}
    metadata = {"name": "nightly-28-abcde", "namespace": "default", "ownerReferences": [reference]}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"containers": [{"name": "c", "image": "x"}]},
    }
    bodies = [workload("CronJob", "nightly"), job, pod]
    assert names(loaded(bodies[index] for index in order)) == ["nightly-28-abcde"]
