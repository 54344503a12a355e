"""What `get` and `describe` say of each simulated kind: columns and fields as in kubectl."""

from __future__ import annotations

import re

import pytest

from netpol_lab import Cluster
from netpol_lab.kubectl import Session, run

WORLD = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: blue}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: nginx, image: "nginx:1.27", ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template: {metadata: {labels: {app: db}}, spec: {containers: [{name: pg, image: "postgres:16"}]}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: once, namespace: shop}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: "busybox:1.36", command: [sleep, "60"]}]}}}
"""


@pytest.fixture(scope="module")
def session() -> Session:
    cluster = Cluster()
    cluster.apply(WORLD)
    return Session(cluster)


def said(session: Session, line: str) -> str:
    result = run(session, [*line.split(), "-n", "shop"], lambda: "", ".")
    assert result.exit_code == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize(
    ("what", "fields"),
    [
        (
            "deploy web",
            {"Name": "web", "Namespace": "shop", "Labels": "app=web", "Selector": "app=web", "Image": "nginx:1.27"},
        ),
        ("rs", {"Controlled By": "Deployment/web", "Namespace": "shop", "Image": "nginx:1.27"}),
        ("sts db", {"Name": "db", "Namespace": "shop", "Selector": "app=db", "Image": "postgres:16"}),
        ("job once", {"Name": "once", "Namespace": "shop", "Image": "busybox:1.36"}),
        ("svc web", {"Name": "web", "Selector": "app=web", "Type": "ClusterIP", "Port": "<unset>  80/TCP"}),
        ("endpoints web", {"Name": "web", "Namespace": "shop"}),
        ("endpointslices", {"Namespace": "shop"}),
        ("ns shop", {"Name": "shop", "Status": "Active"}),
        ("node node1", {"Name": "node1", "InternalIP": "172.18.0.3", "PodCIDR": "10.244.1.0/24"}),
    ],
)
def test_describe_tells_the_fields_of_each_kind(session: Session, what: str, fields: dict[str, str]) -> None:
    text = said(session, f"describe {what}")
    for field, value in fields.items():
        assert re.search(rf"(?m)^\s*{re.escape(field)}:\s+{re.escape(value)}\s*$", text), (field, text)


def test_describe_of_endpoints_and_slices_names_the_addresses_of_the_pods_behind_them(session: Session) -> None:
    addresses = [str(pod.ip) for pod in session.cluster.pods if pod.labels.get("app") == "web"]
    assert len(addresses) == 2
    for what in ("endpoints web", "endpointslices"):
        assert all(address in said(session, f"describe {what}") for address in addresses)


@pytest.mark.parametrize(
    ("kind", "header", "row"),
    [
        ("deploy", "NAME READY UP-TO-DATE AVAILABLE AGE", r"web 2/2 2 2 \d+s"),
        ("rs", "NAME DESIRED CURRENT READY AGE", r"web-\w+ 2 2 2 \d+s"),
        ("sts", "NAME READY AGE", r"db 1/1 \d+s"),
        ("jobs", "NAME STATUS COMPLETIONS DURATION AGE", r"once Running 0/1 .*"),
        ("svc", "NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE", r"web ClusterIP 10\.96\.\d+\.\d+ <none> 80/TCP \d+s"),
        ("endpoints", "NAME ENDPOINTS AGE", r"web 10\.244\.[\d.]+:80,10\.244\.[\d.]+:80 \d+s"),
        (
            "endpointslices",
            "NAME ADDRESSTYPE PORTS ENDPOINTS AGE",
            r"web-\w+ IPv4 80 10\.244\.[\d.]+,10\.244\.[\d.]+ \d+s",
        ),
        ("ns", "NAME STATUS AGE", r"shop Active \d+s"),
        ("nodes", "NAME STATUS ROLES AGE VERSION", r"node1 Ready <none> \w+ v1\.36\.3"),
    ],
)
def test_get_prints_the_columns_of_each_kind(session: Session, kind: str, header: str, row: str) -> None:
    lines = [" ".join(line.split()) for line in said(session, f"get {kind}").splitlines()]
    assert lines[0] == header
    assert any(re.fullmatch(row, line) for line in lines[1:]), lines
