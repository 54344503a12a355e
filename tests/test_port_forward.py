"""kubectl port-forward: a way into a pod that no policy closes, because it comes from the pod's own node."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netpol_lab import Lab

WORLD = """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: default, labels: {app: web}}
spec: {containers: [{name: nginx, image: "nginx:1.27", ports: [{containerPort: 80, name: http}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: default}
spec: {selector: {app: web}, ports: [{name: page, port: 8000, targetPort: http}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed, namespace: default}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
"""


@pytest.fixture
def closed_web() -> Iterator[Lab]:
    """A server that admits nobody, with a Service in front of it."""
    lab = Lab("07")
    assert lab.kubectl("apply -f -", stdin=WORLD).exit_code == 0
    yield lab
    lab.close()


def curl(lab: Lab, *words: str):
    return lab._answer("curl", list(words), lambda: "", ".")


def test_it_says_where_it_listens_and_returns_at_once(closed_web):
    said = closed_web.kubectl("port-forward pod/web 8080:80")
    assert said.stdout == "Forwarding from 127.0.0.1:8080 -> 80\nForwarding from [::1]:8080 -> 80\n"
    assert (said.exit_code, "Ctrl-C" in said.stderr) == (0, True)


def test_curl_reaches_a_closed_pod_through_it(closed_web):
    address = str(closed_web.cluster.pod("default", "web").ip)
    assert curl(closed_web, "-m3", address).exit_code == 28
    closed_web.kubectl("port-forward web 8080:80")
    assert "Welcome to nginx!" in curl(closed_web, "-s", "localhost:8080").stdout
    assert "Welcome to nginx!" in curl(closed_web, "-s", "http://127.0.0.1:8080/").stdout
    attempt = closed_web._session.attempts[-1]
    assert attempt.flow.verdict.ingress.note == "traffic between a pod and its own node is always allowed"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("svc/web 8080:8000", "127.0.0.1:8080 -> 80"),
        ("svc/web 8080:page", "127.0.0.1:8080 -> 80"),
        ("svc/web 8000", "127.0.0.1:8000 -> 80"),
        ("web 80", "127.0.0.1:80 -> 80"),
        ("web 8080:http", "127.0.0.1:8080 -> 80"),
        ("web :80", "127.0.0.1:40001 -> 80"),
    ],
)
def test_the_port_of_a_service_and_a_name_become_the_port_of_the_pod(closed_web, words: str, line: str):
    assert f"Forwarding from {line}\n" in closed_web.kubectl(f"port-forward {words}").stdout


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("", "TYPE/NAME and list of ports are required for port-forward"),
        ("web", "TYPE/NAME and list of ports are required for port-forward"),
        ("nobody 8080:80", 'pods "nobody" not found'),
        ("svc/nobody 8080:80", 'services "nobody" not found'),
        ("svc/web 8080:81", "Service web does not have a service port 81"),
        ("web 8080:eighty", 'error parsing remote port "eighty"'),
        ("web 0:80", 'error parsing local port "0"'),
        ("web 8080:99999", 'error parsing remote port "99999"'),
        ("--address=0.0.0.0 web 8080:80", "is not simulated"),
    ],
)
def test_what_cannot_be_forwarded_says_why_and_opens_nothing(closed_web, words: str, error: str):
    said = closed_web.kubectl(f"port-forward {words}")
    assert (said.exit_code, said.stdout) == (1, "")
    assert error in said.stderr
    assert not closed_web._session.forwards


def test_a_port_where_nothing_listens_accepts_and_says_nothing(closed_web):
    closed_web.kubectl("port-forward web 8080:81")
    assert "(52) Empty reply from server" in curl(closed_web, "localhost:8080").stderr


def test_it_ends_with_its_pod(closed_web):
    closed_web.kubectl("port-forward web 8080:80")
    closed_web.kubectl("delete pod web")
    assert "(7) Failed to connect" in curl(closed_web, "localhost:8080").stderr


def test_a_new_label_does_not_end_it(closed_web):
    closed_web.kubectl("port-forward web 8080:80")
    closed_web.kubectl("label pod web tier=front")
    assert curl(closed_web, "localhost:8080").exit_code == 0


def test_localhost_without_a_forward_is_the_students_own_machine(closed_web):
    assert curl(closed_web, "localhost:8080") is None


def test_proxy_is_refused_and_points_to_port_forward(closed_web):
    said = closed_web.kubectl("proxy")
    assert said.exit_code == 1
    assert "kubectl proxy is not simulated" in said.stderr and "port-forward" in said.stderr
