"""kubectl port-forward and kubectl proxy: around all policies, and from the node of the API server."""

from __future__ import annotations

import json
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
    said = curl(closed_web, "-s", "localhost:8080")
    assert ("Welcome to nginx!" in said.stdout, said.stderr) == (True, "Handling connection for 8080\n")
    assert "Welcome to nginx!" in curl(closed_web, "-s", "http://127.0.0.1:8080/").stdout
    attempt = closed_web._session.attempts[-1]
    assert attempt.flow.verdict.ingress.unjudged == "own node"


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


# -- kubectl proxy -------------------------------------------------------------------------------

PAGE = "localhost:8001/api/v1/namespaces/default/services/web/proxy/"


def test_the_proxy_says_where_it_serves_and_returns_at_once(closed_web):
    said = closed_web.kubectl("proxy")
    assert (said.stdout, said.exit_code) == ("Starting to serve on 127.0.0.1:8001\n", 0)
    assert closed_web.kubectl("proxy --port=9000").stdout == "Starting to serve on 127.0.0.1:9000\n"
    assert "invalid port" in closed_web.kubectl("proxy --port=99999").stderr


@pytest.mark.parametrize(
    "path",
    [
        "services/web/proxy/",
        "services/web:page/proxy/",
        "services/web:8000/proxy/",
        "pods/web/proxy/",
        "pods/web:80/proxy",
    ],
)
def test_the_proxy_fetches_the_page_of_a_service_or_a_pod_that_is_open(closed_web, path):
    closed_web.kubectl("delete networkpolicy closed")
    closed_web.kubectl("proxy")
    assert "Welcome to nginx!" in curl(closed_web, "-s", f"localhost:8001/api/v1/namespaces/default/{path}").stdout


def test_the_api_server_is_judged_like_its_node_when_it_fetches_a_page(closed_web):
    """Catalogue rules 26 and 27: only the pod's own node is always let in; the API server is on another one."""
    closed_web.kubectl("proxy")
    said = curl(closed_web, "-s", PAGE)
    address = closed_web.cluster.pod("default", "web").ip
    status = json.loads(said.stdout)
    assert (status["code"], said.exit_code, said.seconds) == (503, 0, 30)
    assert status["message"] == f"error trying to reach service: dial tcp {address}:80: i/o timeout"
    flow = closed_web._session.attempts[-1].flow
    assert (flow.source.name, flow.verdict.stops_at) == ("control-plane", "ingress")


def test_a_pod_on_the_node_of_the_api_server_is_reached_through_the_proxy_though_it_is_closed(closed_web):
    closed_web.kubectl("delete pod web")
    world = WORLD.replace("spec: {containers", "spec: {nodeName: control-plane, containers")
    closed_web.kubectl("apply -f -", stdin=world)
    closed_web.kubectl("proxy")
    assert "Welcome to nginx!" in curl(closed_web, "-s", PAGE).stdout


def test_curl_may_lose_patience_before_the_api_server_does(closed_web):
    closed_web.kubectl("proxy")
    said = curl(closed_web, "-sS", "-m3", PAGE)
    assert (said.exit_code, said.seconds) == (28, 3)


@pytest.mark.parametrize(
    ("path", "code", "message"),
    [
        ("pods/nobody/proxy/", 404, 'pods "nobody" not found'),
        ("services/nobody/proxy/", 404, 'services "nobody" not found'),
        ("services/web:81/proxy/", 503, 'no endpoints available for service "web:81"'),
    ],
)
def test_the_proxy_says_what_it_does_not_find_in_the_words_of_the_api(closed_web, path, code, message):
    closed_web.kubectl("proxy")
    status = json.loads(curl(closed_web, "-s", f"localhost:8001/api/v1/namespaces/default/{path}").stdout)
    assert (status["kind"], status["code"], status["message"]) == ("Status", code, message)


def test_a_port_of_a_pod_where_nothing_listens_refuses_the_api_server(closed_web):
    closed_web.kubectl("delete networkpolicy closed")
    closed_web.kubectl("proxy")
    status = json.loads(curl(closed_web, "-s", "localhost:8001/api/v1/namespaces/default/pods/web:81/proxy/").stdout)
    assert status["message"].endswith("connect: connection refused")


def test_the_rest_of_the_api_is_refused_plainly(closed_web):
    closed_web.kubectl("proxy")
    assert "not simulated" in curl(closed_web, "localhost:8001/api/v1/pods").stderr
    assert json.loads(curl(closed_web, "-s", "localhost:8001/version").stdout)["gitVersion"] == "v1.36.3"
