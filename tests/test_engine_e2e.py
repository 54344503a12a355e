"""The truth tables of Kubernetes' own end-to-end NetworkPolicy suite, cell by cell."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from functools import cache
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml

from netpol_lab import Cluster
from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.manifests import from_object

Body = dict[str, Any]


@cache
def suite() -> Body:
    return yaml.safe_load((Path(__file__).parent / "conformance" / "e2e-netpol.yaml").read_text("utf-8"))


def tables_of(spec: Body) -> Iterator[tuple[Cluster, Body]]:
    """Run one spec's steps on a new world; each table comes with the cluster it speaks of."""
    cluster = new_world()
    for step in spec["steps"]:
        for action in step["do"]:
            act(cluster, action)
        for table in step["expect"]:
            yield cluster, table


def new_world() -> Cluster:
    world, cluster = suite()["world"], Cluster.at(Snapshot({}))
    for name, namespace in world["namespaces"].items():
        metadata = {"name": name, "labels": namespace["labels"]}
        cluster.apply(from_object({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}))
    for pod in world["pods"]:
        body = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": pod["name"], "namespace": pod["namespace"], "labels": pod["labels"]},
            "spec": {"containers": [{"name": "server", "image": "agnhost", "ports": pod["ports"]}]},
            "status": {"phase": "Running", "podIP": pod["ip"]},
        }
        cluster.apply(from_object(body))
    return cluster


def act(cluster: Cluster, action: Body) -> None:
    ((verb, what),) = action.items()
    if verb == "apply":
        # the suite writes CIDRs with host bits: servers took them until 1.36, and hold them still
        cluster.apply(from_object(resolved(what), strict=False))
    elif verb == "delete_policy":
        cluster.delete("NetworkPolicy", *what.split("/"))
    elif verb == "label_namespace":
        relabel(cluster, ("Namespace", "", what["name"]), what["labels"])
    elif verb == "label_pod":
        relabel(cluster, ("Pod", what["namespace"], what["name"]), what["labels"])
    else:
        raise AssertionError(f"the data has an action this test does not know: {verb}")


def relabel(cluster: Cluster, key: tuple[str, str, str], labels: Mapping[str, str]) -> None:
    body = copy.deepcopy(dict(cluster.objects[key].body))
    body["metadata"].setdefault("labels", {}).update(labels)
    cluster.put(from_object(body))


def resolved(value: Any) -> Any:
    """The policy with the world's addresses in the place of the placeholders."""
    if isinstance(value, list):
        return [resolved(item) for item in value]
    if not isinstance(value, dict):
        return value
    pod = value.get("pod_ip") or value.get("pod_net")
    if pod is None:
        return {key: resolved(item) for key, item in value.items()}
    address = next(p["ip"] for p in suite()["world"]["pods"] if f"{p['namespace']}/{p['name']}" == pod)
    cidr = f"{address}/{value['prefix']}"
    return cidr if "pod_ip" in value else str(ip_network(cidr, strict=False))


def expected(table: Body, source: str, destination: str) -> bool:
    """Start with the default; a later rule overrides an earlier one; a missing key is a wildcard."""
    answer = table["default"]
    for rule in table["rules"]:
        if covers(rule["from"], source) and covers(rule["to"], destination):
            answer = rule["allowed"]
    return answer


def covers(pattern: Mapping[str, str], pod: str) -> bool:
    namespace, name = pod.split("/")
    return pattern.get("namespace", namespace) == namespace and pattern.get("pod", name) == name


@pytest.mark.parametrize("spec", suite()["specs"], ids=lambda spec: spec["id"])
def test_every_table_of_the_upstream_suite_holds(spec: Body) -> None:
    wrong, scored = [], 0
    for cluster, table in tables_of(spec):
        pods = [pod.id for pod in cluster.pods]
        assert len(pods) == 9
        for source in pods:
            for destination in pods:
                if source == destination:
                    continue
                scored += 1
                verdict = cluster.verdict(source, destination, table["port"], table["protocol"])
                connection = cluster.engine.connection(verdict.source, verdict.destination)
                want = expected(table, source, destination)
                if not verdict.allowed == ((table["protocol"], table["port"]) in connection) == want:
                    wrong.append(f"{table['id']}: {source} -> {destination} should be {want}")
    assert wrong == []
    assert scored == 72 * sum(len(step["expect"]) for step in spec["steps"])


def test_the_whole_upstream_suite_is_scored() -> None:
    specs, counts = suite()["specs"], suite()["counts"]
    tables = [table for spec in specs for step in spec["steps"] for table in step["expect"]]
    assert (len(specs), len(tables), 72 * len(tables)) == (48, 65, 4680)
    assert (counts["specs"], counts["tables"], counts["scored_cells"], counts["skipped_tables"]) == (48, 65, 4680, 0)
    names = [f"{namespace}/{pod}" for namespace in "xyz" for pod in "abc"]
    cells = [expected(t, one, other) for t in tables for one in names for other in names if one != other]
    assert (cells.count(False), cells.count(True)) == (616, 4064)
