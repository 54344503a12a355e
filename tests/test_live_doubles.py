"""Pods without a client get a double for a probe, where the lab may write; and nothing of it stays."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from stand_in import CONTEXT, live_cluster

from netpol_lab import Lab
from netpol_lab.lab.live import doubles, probing, waiting
from netpol_lab.lab.live.own_objects import STUDENT

POLICIES = """
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: web, namespace: student-07}, spec: {
  podSelector: {matchLabels: {run: web}}, policyTypes: [Ingress], ingress: [{from: [PEER]}]}}
"""


@pytest.fixture
def cluster(tmp_path_factory, monkeypatch, notebook_folder) -> Iterator[Path]:
    """A database without a client beside a web server, in a namespace that the lab may write to."""
    with live_cluster(tmp_path_factory, monkeypatch) as folder:
        type_(folder, "create namespace student-07")
        type_(folder, f"label namespace student-07 {STUDENT}=07")
        type_(folder, "run web --image=nginx --port=80 -n student-07")
        type_(folder, "run db --image=redis --port=6379 -n student-07")
        type_(folder, "expose pod db --port=6379 -n student-07")
        yield folder


@pytest.fixture
def lab(cluster: Path) -> Iterator[Lab]:
    opened = Lab("07", live=CONTEXT)
    yield opened
    opened.close()


def type_(folder: Path, line: str, stdin: str = "") -> str:
    done = subprocess.run([folder / "kubectl", *line.split()], input=stdin, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def made(folder: Path) -> list[dict]:
    """The pods that were sent to the cluster, as they were written."""
    return [json.loads(line) for line in (folder / "sent.jsonl").read_text().splitlines()]


def test_a_pod_without_a_client_is_tried_from_its_double_and_nothing_stays(lab, cluster):
    before = type_(cluster, "get pods,endpointslices -A -o name")
    text = lab.probe().text
    assert "= student-07/db -> student-07/web TCP 80" in " ".join(text.split()).replace("  ", " ")
    assert "Tried from a pod of the lab's own with the same labels" in text
    assert type_(cluster, "get pods,endpointslices -A -o name") == before


def test_a_double_has_the_labels_of_its_pod_and_is_its_own_so_nobody_else_takes_it(lab, cluster):
    lab.probe()
    (double,) = made(cluster)
    pod = json.loads(type_(cluster, "get pod db -n student-07 -o json"))
    assert pod["metadata"]["labels"].items() <= double["metadata"]["labels"].items()
    (owner,) = double["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["uid"], owner["controller"]) == ("Pod", pod["metadata"]["uid"], True)
    assert double["spec"]["readinessGates"] == [{"conditionType": waiting.NEVER_READY}]
    assert double["spec"]["nodeName"] == pod["spec"]["nodeName"]


def test_without_the_label_the_namespace_is_not_written_to_and_the_row_says_what_to_do(lab, cluster):
    type_(cluster, f"label namespace student-07 {STUDENT}-")
    text = " ".join(lab.probe().text.split())
    assert f"kubectl label namespace student-07 {STUDENT}=07" in text
    assert made(cluster) == []


def test_a_service_that_sends_to_pods_that_are_not_ready_gets_no_double(lab, cluster):
    spec = {"selector": {"run": "db"}, "ports": [{"port": 1}], "publishNotReadyAddresses": True}
    body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "early", "namespace": "student-07"}}
    type_(cluster, "create -f -", json.dumps({**body, "spec": spec}))
    assert "Service early sends to pods that are not Ready" in " ".join(lab.probe().text.split())
    assert made(cluster) == []


def test_a_double_whose_address_the_policies_treat_otherwise_is_not_asked(lab, cluster):
    address = json.loads(type_(cluster, "get pod db -n student-07 -o json"))["status"]["podIP"]
    type_(cluster, "apply -f -", POLICIES.replace("PEER", f"{{ipBlock: {{cidr: {address}/32}}}}"))
    text = " ".join(lab.probe().text.split())
    assert "another address, for which the policies decide otherwise" in text
    assert not any("exec" in words and "probe-" in str(words) and "80" in words for words in asked(cluster))


def test_an_interrupt_takes_the_doubles_away_too(lab, cluster, monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    before = type_(cluster, "get pods -A -o name")
    monkeypatch.setattr(probing._Trial, "by_doubles", interrupted)
    assert "Stopped by you" in lab.probe().text
    assert made(cluster) and type_(cluster, "get pods -A -o name") == before


def test_no_more_doubles_are_made_than_a_probe_may_have(lab, cluster, monkeypatch):
    monkeypatch.setattr(doubles, "MOST", 0)
    assert "at most 0 others" in " ".join(lab.probe().text.split())
    assert made(cluster) == []


def asked(folder: Path) -> list[list[str]]:
    return [json.loads(line) for line in (folder / "asked.jsonl").read_text().splitlines()]
