"""A real cluster without a way to it: what ``kubectl get`` printed of it, read as it is."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from netpol_lab import Cluster
from netpol_lab.connections import connect
from netpol_lab.display import why
from netpol_lab.kubectl import Session, run
from netpol_lab.lab.cli import main
from netpol_lab.model import datafiles as data
from netpol_lab.model.objects import Pod

Body = dict[str, Any]


@pytest.fixture(scope="module")
def dumped() -> tuple[Cluster, list[Body]]:
    """A cluster with two lessons' applications, and what its kubectl prints by the line that we tell people to run."""
    cluster = Cluster()
    session = Session(cluster)
    for name in ("lab-b/production.yaml", "lab-b/default-deny-all.yaml", "lab-c/dockercoins.yaml"):
        assert run(session, ["apply", "-f", str(data.path("manifests", *name.split("/")))]).exit_code == 0
    words = CliRunner().invoke(main, ["dump", "--with-env"]).stdout.split()
    said = run(session, words[1 : words.index(">")])
    assert (said.exit_code, said.stderr) == (0, "")
    return cluster, json.loads(said.stdout)["items"]


def without(items: list[Body], *kinds: str) -> list[Body]:
    return [each for each in items if each["kind"] not in kinds]


@pytest.mark.parametrize("form", [json.dumps, yaml.safe_dump], ids=["json", "yaml"])
def test_a_dump_has_the_connections_of_the_cluster_it_was_made_of(dumped, form) -> None:
    cluster, items = dumped
    read = Cluster.from_kubectl_dump(form({"apiVersion": "v1", "kind": "List", "items": items}))
    assert read.connections().equals(cluster.connections())
    assert {(p.id, p.ips, p.node, p.phase) for p in read.pods} == {(p.id, p.ips, p.node, p.phase) for p in cluster.pods}
    assert (read.problems, read.skipped) == ((), ())


def test_no_controller_makes_a_pod_of_a_dump(dumped) -> None:
    _, items = dumped
    assert Cluster.from_kubectl_dump(without(items, "Pod")).pods == ()
    assert len(Cluster.from_manifests(without(items, "Pod"), strict=False).pods) > 5


def test_a_namespace_that_was_not_dumped_is_named_for_its_labels_are_not_known(dumped) -> None:
    _, items = dumped
    read = Cluster.from_kubectl_dump(without(items, "Namespace"))
    assert any('Namespace "production"' in str(each) and "labels" in str(each) for each in read.problems)
    assert read.engine is not None


def test_a_pod_that_has_no_address_or_is_not_ready_is_named(dumped) -> None:
    _, items = dumped
    waiting: Body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "late", "namespace": "production"},
        "spec": {"containers": [{"name": "late", "image": "nginx"}]},
        "status": {"phase": "Pending"},
    }
    address = {"podIP": "10.9.9.9", "podIPs": [{"ip": "10.9.9.9"}]}
    conditions = [{"type": "Ready", "status": "False"}]
    unready = {
        **waiting,
        "metadata": {"name": "unready", "namespace": "production"},
        "status": {"phase": "Running", **address, "conditions": conditions},
    }
    read = Cluster.from_kubectl_dump([*items, waiting, unready])
    told = [str(each) for each in read.problems]
    assert any("late" in each and "no address yet (Pending)" in each for each in told)
    assert any("unready" in each and "not Ready" in each for each in told)
    assert "production/late" not in {pod.id for pod in read.policed_pods}


SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {clusterIP: 10.96.7.7, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: peers, namespace: shop}
spec: {clusterIP: None, publishNotReadyAddresses: true, selector: {app: web}, ports: [{port: 80}]}
"""


def shop(*ready: str) -> Cluster:
    """A client, and a pod behind both Services for each word that says whether it is Ready; "" says nothing."""
    client: Body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "client", "namespace": "shop"},
        "spec": {"containers": [{"name": "main", "image": "nginx"}]},
        "status": {"phase": "Running", "podIPs": [{"ip": "10.244.1.9"}]},
    }
    pods = [
        {
            **client,
            "metadata": {"name": f"web-{number}", "namespace": "shop", "labels": {"app": "web"}},
            "status": {
                "phase": "Running",
                "podIPs": [{"ip": f"10.244.1.{number + 10}"}],
                "conditions": [{"type": "Ready", "status": word}] if word else [],
            },
        }
        for number, word in enumerate(ready)
    ]
    return Cluster.from_kubectl_dump([*yaml.safe_load_all(SERVICE), client, *pods])


def test_a_pod_that_is_not_ready_gets_no_connection_from_a_service() -> None:
    cluster = shop("False", "True", "Unknown", "")
    service = cluster.service("shop", "web")
    assert service is not None
    assert [pod.name for pod in cluster.pods_of(service)] == ["web-1", "web-3"]
    client = cluster.endpoint("shop/client")
    reached = {connect(cluster, client, "10.96.7.7", 80, attempt=number).destination for number in range(4)}
    assert {pod.name for pod in reached if isinstance(pod, Pod)} == {"web-1", "web-3"}
    assert connect(cluster, client, "10.244.1.10", 80).connected  # its own address leads to it


def test_a_service_that_publishes_what_is_not_ready_has_all_its_pods() -> None:
    cluster = shop("False", "True")
    service = cluster.service("shop", "peers")
    assert service is not None
    assert [pod.name for pod in cluster.pods_of(service)] == ["web-0", "web-1"]


def test_a_service_whose_pods_are_all_not_ready_refuses_and_says_why() -> None:
    cluster = shop("False")
    flow = connect(cluster, cluster.endpoint("shop/client"), "10.96.7.7", 80)
    assert flow.outcome == "refused"
    picture = why.draw(flow)
    assert picture.title == "✕ Refused: no pod behind web is Ready"
    assert "tells why they are not Ready" in picture.html


def test_a_pod_that_is_imagined_gets_no_address_of_a_real_one(dumped) -> None:
    _, items = dumped
    read = Cluster.from_kubectl_dump(items)
    taken = {ip for pod in read.pods for ip in pod.ips}
    assert run(Session(read), ["run", "more", "--image=nginx"]).exit_code == 0
    new = read.pod("default", "more")
    assert new is not None and new.ip is not None and new.ip not in taken


def test_the_line_asks_for_no_secret_and_says_what_it_leaves_out() -> None:
    done = CliRunner().invoke(main, ["dump", "-n", "shop"])
    assert done.exit_code == 0
    assert "secrets" not in done.stdout and "configmaps" not in done.stdout
    assert "-n shop" in done.stdout and " nodes" not in done.stdout
    for left in ("Secrets", "environment variables", "nodes"):
        assert left in done.stderr


@pytest.mark.skipif(not shutil.which("jq"), reason="the line pipes into jq")
def test_jq_takes_the_values_of_environment_variables_out(dumped, tmp_path: Path) -> None:
    _, items = dumped
    container = {"name": "a", "image": "nginx", "env": [{"name": "PASSWORD", "value": "hunter2"}]}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "secretive", "namespace": "production", "annotations": {"note": "hunter2"}},
        "spec": {"containers": [container], "initContainers": [container]},
        "status": {"phase": "Running", "podIP": "10.9.9.8", "podIPs": [{"ip": "10.9.9.8"}]},
    }
    (tmp_path / "in.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [*items, pod]}))
    line = CliRunner().invoke(main, ["dump"]).stdout
    assert line.startswith("kubectl get ")
    strip = line[line.index("jq ") :].replace("> cluster.json", "in.json > cluster.json")
    subprocess.run(["bash", "-c", strip], cwd=tmp_path, check=True)
    text = (tmp_path / "cluster.json").read_text()
    assert "hunter2" not in text
    assert "production/secretive" in {each.id for each in Cluster.from_kubectl_dump(tmp_path / "cluster.json").pods}
