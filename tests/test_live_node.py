"""The live lab on a real node: programs in pods, and the packets themselves. `make live-test` runs it, as root.

The node is that of ``real_node.py``: once with nothing that enforces policies, once with kube-router.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from control_plane import control_plane, kubectl, program
from real_node import ENFORCER, missing, node_wire, real_node
from stand_in import on_path
from test_live_readme import follow

from netpol_lab import Lab
from netpol_lab.lab.live.own_objects import STUDENT

pytestmark = pytest.mark.skipif(
    not os.environ.get("NETPOL_LAB_LIVE_TEST"), reason="a real node is opt-in: make live-test"
)

SHOP = """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: student-07, labels: {app: web}}
spec: {containers: [{name: web, image: "nginx:1.27", imagePullPolicy: IfNotPresent, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: student-07, labels: {app: db}}
spec: {containers: [{name: db, image: "redis:7", imagePullPolicy: IfNotPresent, ports: [{containerPort: 6379}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: student-07, labels: {app: client}}
spec: {terminationGracePeriodSeconds: 0, containers: [{name: client, image: "busybox:1.36", command: [sleep, "3600"]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: student-07}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress: [{from: [{podSelector: {matchLabels: {app: client}}}]}]
"""


@pytest.fixture(scope="module", params=["enforced", "ignored"])
def node(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, bool]]:
    """The folder of a control plane with a real node, and whether policies are enforced on it."""
    enforced = request.param == "enforced"
    lacking = [*missing(), *([] if program(ENFORCER) or not enforced else [ENFORCER])]
    if lacking:
        pytest.skip(f"the node part was not run: {', '.join(lacking)} is not here")
    with (
        node_wire() as address,
        control_plane(tmp_path_factory.mktemp("node"), address) as folder,
        real_node(folder, enforced=enforced),
    ):
        yield folder, enforced


@pytest.fixture
def lab(node: tuple[Path, bool], notebook_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    on_path(monkeypatch, node[0] / "bin")
    monkeypatch.setenv("KUBECONFIG", str(node[0] / "admin"))
    opened = Lab("07", live="admin@real", lesson="03-allow-specific")
    yield opened
    opened.close()


def test_the_canary_proves_by_packets_what_is_enforced(lab: Lab, node: tuple[Path, bool]) -> None:
    folder, enforced = node
    text = lab.canary().text
    print(text)
    if enforced:
        assert "This cluster enforces policies" in text and "NOT" not in text
        assert "a new connection is refused at once" in text
        assert text.count("one that stands is kept") == 2 and "profile calico" in text
    else:
        assert "ingress: NOT enforced" in text and "egress: NOT enforced" in text and "profile flannel" in text
    assert kubectl(folder, "get", "namespace", "netpol-lab-07", "--ignore-not-found") == ""


def test_a_probe_meets_what_is_predicted_or_says_that_nothing_is_enforced(lab: Lab, node: tuple[Path, bool]) -> None:
    folder, enforced = node
    lab.kubectl("create namespace student-07")
    lab.kubectl(f"label namespace student-07 {STUDENT}=07")
    said = lab.kubectl("apply -f -", SHOP)
    assert said.exit_code == 0, said.stderr
    before = kubectl(folder, "get", "pods", "-n", "student-07", "-o", "name")
    text = " ".join(lab.probe("student-07").text.split())
    print(text)
    assert "= student-07/client -> student-07/web TCP 80 connected connected" in text
    assert "Tried from a pod of the lab's own with the same labels" in text
    if enforced:
        assert "! student-07/db -> student-07/web TCP 80 timed out refused" in text
        assert "this plugin rejects what others drop" in text
    else:
        assert "! student-07/db -> student-07/web TCP 80 timed out connected" in text
        assert "the cluster does not enforce them" in text
    kubectl(folder, "wait", "--for=delete", "pods", "-n", "student-07", "-l", "netpol-lab/made-by", "--timeout=30s")
    assert kubectl(folder, "get", "pods", "-n", "student-07", "-o", "name") == before
    assert lab.kubectl("delete namespace student-07").exit_code == 0


def test_the_section_of_the_readme_is_followed_word_by_word(
    node: tuple[Path, bool], repository: Path, notebook_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path(monkeypatch, node[0] / "bin")
    monkeypatch.setenv("KUBECONFIG", str(node[0] / "admin"))
    before = kubectl(node[0], "get", "namespaces", "-o", "name")
    follow(repository, notebook_folder, "admin@real", monkeypatch)
    assert kubectl(node[0], "get", "namespaces", "-o", "name") == before


def test_a_watch_on_a_real_cluster_is_stopped(lab: Lab, node: tuple[Path, bool]) -> None:
    done = subprocess.run("kubectl get namespaces --watch", shell=True, capture_output=True, text=True, timeout=60)
    assert "kube-system" in done.stderr and "live: stopped after" in done.stderr
