"""The labs, typed line by line as they have them, with the results their tables give."""

from __future__ import annotations

from pathlib import Path

import pytest
from kubectl_lines import Terminal

from netpol_lab.model import datafiles as data

XX = "07"
PAGE = "<title>Welcome to nginx!</title>"


def filled(text: str) -> str:
    return text.replace("${XX}", XX).replace("$XX", XX)


@pytest.fixture
def lab_a(tmp_path: Path) -> Terminal:
    """The folder of Lab A, with a student's number filled in; the namespace is there."""
    for file in data.path("manifests", "lab-a").iterdir():
        (tmp_path / file.name).write_text(filled(file.read_text(encoding="utf-8")), encoding="utf-8")
    terminal = Terminal(folder=tmp_path)
    terminal.out("create namespace student-07")
    return terminal


def test_lab_a_from_allow_all_to_allow_specific(lab_a: Terminal):
    lines = data.path("transcripts", "lab-a.txt").read_text(encoding="utf-8").splitlines()
    typed = list(dict.fromkeys(filled(line.removeprefix("$ ")) for line in lines if line.startswith("$ ")))
    assert len(typed) == 13
    (apps, pods, wget, deny, allow, unauthorized, policies, described, no_allow, no_deny, no_apps, cilium, labels) = (
        typed
    )

    assert lab_a.out(apps).count(" created\n") == 3
    assert lab_a.out(pods).count("1/1     Running") == 2
    assert PAGE in lab_a.out(wget)

    assert lab_a.out(deny) == "networkpolicy.networking.k8s.io/default-deny-ingress created\n"
    assert lab_a.fails(wget) == "wget: download timed out\ncommand terminated with exit code 1"

    assert lab_a.out(allow) == "networkpolicy.networking.k8s.io/allow-client-to-server created\n"
    assert PAGE in lab_a.out(wget)
    visit = lab_a.type(unauthorized)
    assert visit.stdout == 'pod "unauthorized-07" deleted from student-07 namespace\n'
    assert visit.stderr.endswith("wget: download timed out\n")
    assert "\nallow-client-to-server   app=server-07   " in lab_a.out(policies)
    assert "\n    To Port: 80/TCP\n    From:\n      PodSelector: app=client-07\n" in lab_a.out(described)
    assert lab_a.out(labels).count("app=client-07") == 1
    assert lab_a.out(cilium).count("Running") == 3

    for line, kinds in ((no_allow, 1), (no_deny, 1), (no_apps, 3)):
        assert lab_a.out(line).count(" deleted from student-07 namespace\n") == kinds
    assert lab_a.type(pods).stderr == "No resources found in student-07 namespace.\n"


def test_lab_c_the_address_of_a_pod_a_deny_and_a_visitor_by_its_name():
    terminal = Terminal()
    terminal.out("create deployment testweb --image=nginx")
    address = terminal.out("get pods -l app=testweb -o jsonpath={.items[0].status.podIP}")
    assert address in terminal.out("get pods -o wide -l app=testweb")
    policy = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: %s}
spec:
  podSelector: {matchLabels: {app: testweb}}
  ingress: %s
"""
    terminal.out("apply -f -", policy % ("deny-all-for-testweb", "[]"))
    terminal.out(
        "apply -f -",
        policy % ("allow-testcurl-for-testweb", "[{from: [{podSelector: {matchLabels: {run: testcurl}}}]}]"),
    )
    assert PAGE in terminal.out(f"run testcurl --rm -i --image=centos -- curl -m3 {address}")
    before = terminal.session.cluster.now
    visit = terminal.type(f"run testkurl --rm -i --image=centos -- curl -m3 {address}")
    assert PAGE not in visit.stdout
    assert "curl: (28) Connection timed out after 3001 milliseconds" in visit.stderr
    assert 4 <= (terminal.session.cluster.now - before).total_seconds() < 6
    assert terminal.out("delete networkpolicies --all").count("deleted") == 2


@pytest.fixture
def lab_e() -> Terminal:
    """Three tiers and a client outside them, in namespace netpol-demo."""
    terminal = Terminal()
    terminal.out("create namespace netpol-demo")
    pods = ("frontend", "web"), ("backend", "api"), ("database", "data")
    manifests = [
        f"""
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: netpol-demo, labels: {{app: {name}, tier: {tier}}}}}
spec: {{containers: [{{name: nginx, image: "nginx:alpine", ports: [{{containerPort: 80}}]}}]}}
"""
        for name, tier in pods
    ]
    manifests.append("""
apiVersion: v1
kind: Pod
metadata: {name: external-client, namespace: netpol-demo, labels: {app: external-client}}
spec: {containers: [{name: curl, image: "curlimages/curl:latest", command: ["sleep", "3600"]}]}
""")
    assert terminal.out("apply -f -", "---".join(manifests)).count("created") == 4
    return terminal


def test_lab_e_waits_asks_for_addresses_and_probes(lab_e: Terminal):
    line = "wait pods --all -n netpol-demo --for=condition=Ready --timeout=120s"
    assert lab_e.out(line).count("condition met") == 4
    address = lab_e.out("get pod frontend -n netpol-demo -o jsonpath='{.status.podIP}'")
    probe = f'exec -n netpol-demo external-client -- curl -s --connect-timeout 5 -o /dev/null -w "%{{http_code}}" http://{address}'
    assert lab_e.out(probe) == "200"
    deny = "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny, namespace: netpol-demo},"
    lab_e.out("apply -f -", deny + " spec: {podSelector: {}, policyTypes: [Egress]}}")
    result = lab_e.type(probe)
    assert (result.stdout, result.exit_code) == ("000", 28)
    assert lab_e.out("delete namespace netpol-demo") == 'namespace "netpol-demo" deleted\n'
