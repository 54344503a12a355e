"""The live lab on a real control plane: objects, waiting, rights, dumps. `make live-test` runs it.

What needs a kubelet is not tried here: exec, logs and the packets themselves. See ``control_plane.py``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from control_plane import control_plane, hollow_kubelet, kubectl, missing
from stand_in import on_path

from netpol_lab import Cluster, Lab
from netpol_lab.lab.live.doubles import doubles
from netpol_lab.lab.live.own_kubectl import LiveError
from netpol_lab.lab.live.reading import dump_line
from netpol_lab.lab.live.waiting import MACHINE, wait_until

pytestmark = pytest.mark.skipif(
    not os.environ.get("NETPOL_LAB_LIVE_TEST"), reason="a real control plane is opt-in: make live-test"
)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a real control plane with a written node."""
    lacking = missing()
    if lacking or not shutil.which("openssl"):
        pytest.fail(f"not run: {', '.join(lacking) or 'openssl'} is neither on PATH nor in NETPOL_LAB_LIVE_BIN")
    with control_plane(tmp_path_factory.mktemp("real")) as folder, hollow_kubelet(folder, slowly=2):
        yield folder


@pytest.fixture
def lab(real: Path, notebook_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    on_path(monkeypatch, real / "bin")
    monkeypatch.setenv("KUBECONFIG", str(real / "admin"))
    opened = Lab("07", live="admin@real", lesson="03-allow-specific")
    yield opened
    opened.close()


def shell(line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(line, shell=True, capture_output=True, text=True, timeout=300)


def test_a_lesson_goes_from_its_first_line_to_its_clean_up(lab: Lab, real: Path) -> None:
    lab.file("lab-a/netpol-apps.yaml")
    lab.file("lab-a/default-deny.yaml")
    lab.file("lab-a/allow-client-to-server.yaml")
    assert shell("kubectl create namespace student-$XX").stdout == "namespace/student-07 created\n"
    said = shell("kubectl apply -f netpol-apps.yaml")
    assert said.stdout.splitlines() == [
        "deployment.apps/server-07 created",
        "service/server-07 created",
        "pod/client-07 created",
    ]
    assert "live: waiting for the cluster" in said.stderr
    pods = {pod.name.rpartition("-")[0] or pod.name: pod for pod in lab.cluster.pods if pod.namespace == "student-07"}
    assert len(pods) == 2 and all(pod.ip is not None and pod.phase == "Running" for pod in pods.values())
    shell("kubectl apply -f default-deny.yaml")
    assert lab.cluster.verdict("client-07", "student-07/server-07[Deployment]", 80).answer == "blocked"
    shell("kubectl apply -f allow-client-to-server.yaml")
    assert "client-07" in lab.why("client-07", "server-07", port=80).text
    assert lab.cluster.verdict("client-07", "student-07/server-07[Deployment]", 80).answer == "allowed"
    assert "allow-client-to-server lets client-07 into server-07 on TCP 80" in lab.policies().text
    names = [moment.name for moment in lab._story.moments if "somebody else" not in moment.name]
    assert names == [
        "start",
        "create namespace student-07",
        "apply -f netpol-apps.yaml",
        "apply -f default-deny.yaml",
        "apply -f allow-client-to-server.yaml",
    ]
    said = shell("kubectl delete namespace student-$XX --wait=false")
    assert said.returncode == 0 and lab.cluster.get("Namespace", "", "student-07") is None
    assert kubectl(real, "get", "namespace", "student-07", "--ignore-not-found") == ""


def test_a_rollout_is_waited_for(lab: Lab, real: Path) -> None:
    shell("kubectl create deployment web --image=nginx --replicas=3")
    assert len([pod for pod in lab.cluster.pods if pod.owner == "Deployment/web" and pod.ip]) == 3
    shell("kubectl scale deployment web --replicas=1")
    assert len([pod for pod in lab.cluster.pods if pod.owner == "Deployment/web" and not pod.ending]) == 1
    shell("kubectl delete deployment web")


def test_what_the_line_of_the_dump_prints_is_read_as_the_lab_reads_it(lab: Lab, real: Path) -> None:
    shell("kubectl run web --image=nginx --port=80")
    words = dump_line().split()
    assert words[0] == "kubectl"
    dumped = Cluster.from_kubectl_dump(kubectl(real, *words[1:]))
    lab.matrix()
    assert dumped.connections().equals(lab.cluster.connections())
    assert dumped.skipped == ()
    shell("kubectl delete pod web")


REPLICAS = """
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: db, namespace: student-07}
spec:
  replicas: 1
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: "redis:7", ports: [{containerPort: 6379}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: student-07}
spec: {selector: {app: db}, ports: [{port: 6379}]}
"""


def test_no_service_and_no_controller_takes_a_double_though_it_has_all_labels_of_its_pod(lab: Lab, real: Path) -> None:
    def found(kind: str) -> list[Any]:
        return json.loads(kubectl(real, "get", kind, "-n", "student-07", "-o", "json", "-l", selected[kind]))["items"]

    selected = {"pods": "app=db", "endpointslices": "kubernetes.io/service-name=db", "replicasets": ""}
    kubectl(real, "create", "namespace", "student-07", patience=60)
    kubectl(real, "label", "namespace", "student-07", "netpol-lab/student=07")
    lab.matrix()  # somebody else made the namespace: the lab sees it, and waits for what is applied in it
    lab.kubectl("apply -f -", REPLICAS)
    assert lab._real is not None
    (pod,) = [each for each in lab.cluster.pods if each.namespace == "student-07"]
    before = found("replicasets")[0]["status"]
    with doubles(lab._real.kubectl, lab._real.own, lab.cluster.snapshot(), [pod], print, MACHINE) as made:
        assert made.refused == {pod.id: ""} and made.pods[pod.id].ip is not None
        time.sleep(5)  # long enough for each controller to look
        assert {each["metadata"]["name"] for each in found("pods")} == {pod.name, made.pods[pod.id].name}
        assert found("replicasets")[0]["status"] == before
        (slice_,) = found("endpointslices")
        ready = [(each["targetRef"]["name"], each["conditions"]["ready"]) for each in slice_["endpoints"]]
        assert sorted(ready) == sorted([(pod.name, True), (made.pods[pod.id].name, False)])
    wait_until(lab._real.kubectl, (), [("Pod", "student-07", made.pods[pod.id].name)], print, MACHINE)
    assert [each["metadata"]["name"] for each in found("pods")] == [pod.name]
    kubectl(real, "delete", "namespace", "student-07")


def test_lists_come_in_pages(lab: Lab, real: Path) -> None:
    many = "\n---\n".join(
        f"apiVersion: v1\nkind: Service\nmetadata: {{name: s{n}}}\nspec: {{ports: [{{port: 80}}]}}" for n in range(520)
    )
    kubectl(real, "apply", "-f", "-", stdin=many)
    lab.matrix()
    assert len([service for service in lab.cluster.services if service.name.startswith("s")]) == 520
    kubectl(real, "delete", "service", "--wait=false", *(f"s{n}" for n in range(520)))


def test_somebody_with_no_right_is_told_the_rule_that_would_allow_it(
    real: Path, notebook_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path(monkeypatch, real / "bin")
    monkeypatch.setenv("KUBECONFIG", str(real / "student"))
    with pytest.raises(LiveError) as refused:
        Lab("07", live="student@real")
    assert 'resources: ["pods"]\n  verbs: ["list"]' in str(refused.value)


def test_somebody_with_rights_in_one_namespace_sees_that_and_is_told_the_rest(
    real: Path, notebook_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kubectl(real, "create", "namespace", "student-07", patience=60)
    kubectl(real, "create", "rolebinding", "own", "-n", "student-07", "--clusterrole=admin", "--user=student")
    kubectl(real, "run", "web", "--image=nginx", "-n", "student-07", patience=30)
    on_path(monkeypatch, real / "bin")
    monkeypatch.setenv("KUBECONFIG", str(real / "student"))
    lab = Lab("07", live="student@real")
    assert [pod.id for pod in lab.cluster.pods] == ["student-07/web"]
    notes = "\n".join(lab._real.notes)  # type: ignore[union-attr]
    assert 'resources: ["nodes"]' in notes and "labels" in notes
    lab.close()
    kubectl(real, "delete", "namespace", "student-07")


def test_who_has_no_login_is_told_so(real: Path, notebook_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = notebook_folder / "config"
    broken.write_text((real / "admin").read_text().replace("admin-of-this-test", "nobody"))
    on_path(monkeypatch, real / "bin")
    monkeypatch.setenv("KUBECONFIG", str(broken))
    with pytest.raises(LiveError, match="does not know you"):
        Lab("07", live="admin@real")
