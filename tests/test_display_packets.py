"""One connection as packets, and a Service as its endpoints."""

from __future__ import annotations

from collections.abc import Iterator

import picture_checks
import pytest

from netpol_lab import Cluster, Lab
from netpol_lab.connections import Flow, connect, connect_each
from netpol_lab.display import endpoints_table as endpoints
from netpol_lab.display import packets
from netpol_lab.manifests import from_object
from netpol_lab.model.errors import LabError, NotFound

WORLD = """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: default, labels: {app: web, tier: front}}
spec: {containers: [{name: nginx, image: nginx, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web-b, namespace: default, labels: {app: web}}
spec: {containers: [{name: nginx, image: nginx, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: default}
spec: {selector: {app: web}, ports: [{port: 8000, targetPort: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: nobody, namespace: default}
spec: {selector: {app: nobody}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: default, labels: {run: client}}
spec: {containers: [{name: busybox, image: busybox, command: [sleep, "60"]}]}
"""
ALLOW = """
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-client, namespace: default}
spec:
  podSelector: {matchLabels: {app: web, tier: front}}
  ingress: [{from: [{podSelector: {matchLabels: {run: client}}}]}]
"""
CLOSED = """
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed, namespace: default}
spec: {podSelector: {matchLabels: {%s}}, policyTypes: [%s]}
"""


def flow(policies: str = "", host: str = "web", port: int = 80, protocol: str = "TCP") -> Flow:
    cluster = Cluster.from_manifests(WORLD + policies)
    pod = cluster.pod("default", host)
    return connect(cluster, cluster.pod("default", "client"), str(pod.ip) if pod else host, port, protocol)


def question() -> Flow:
    """What a pod asks the DNS of the workbook's own cluster."""
    cluster = Cluster()
    cluster.apply(from_object({"apiVersion": "v1", "kind": "Pod", **CLIENT}))
    dns = next(pod for pod in cluster.pods if pod.labels.get("k8s-app") == "kube-dns")
    return connect(cluster, cluster.pod("default", "client"), str(dns.ip), 53, "UDP")


CLIENT = {
    "metadata": {"name": "client", "namespace": "default"},
    "spec": {"containers": [{"name": "c", "image": "busybox"}]},
}
FLOWS = {
    "open": flow(),
    "admitted by a rule": flow(ALLOW),
    "dropped at ingress": flow(CLOSED % ("app: web", "Ingress")),
    "dropped at egress": flow(CLOSED % ("run: client", "Egress")),
    "refused": flow(port=81),
    "UDP": question(),
}


@pytest.mark.parametrize("case", FLOWS)
def test_every_drawing_keeps_the_rules_of_the_house(case: str):
    page = picture_checks.check(lambda: packets.draw(FLOWS[case]))
    assert "client" in page.text and "server" in page.text


@pytest.mark.parametrize(
    ("case", "title", "judged", "unjudged"),
    [
        ("open", "Policies judge the first packet only", 1, 6),
        ("admitted by a rule", "Policies judge the first packet only", 1, 6),
        ("dropped at ingress", "The first packet is dropped at the ingress of web, so nothing else follows", 3, 0),
        ("dropped at egress", "The first packet is dropped at the egress of client, so nothing else follows", 3, 0),
        ("refused", "The first packet is admitted, and web refuses", 1, 1),
        ("UDP", "Policies judge the first packet only", 1, 1),
    ],
)
def test_only_packets_that_open_a_connection_are_judged(case: str, title: str, judged: int, unjudged: int):
    picture = packets.draw(FLOWS[case])
    assert picture.title == title
    assert picture.twin.count("judged, ") == judged
    assert picture.twin.count("no rule is asked") == unjudged


def test_the_rule_that_admits_is_named_and_the_other_end_told():
    assert "ingress: allow-client, rule 1" in packets.draw(FLOWS["admitted by a rule"]).twin
    assert "egress: client is not isolated" in packets.draw(FLOWS["admitted by a rule"]).twin


def test_after_a_drop_the_other_end_is_not_asked():
    assert "ingress: not asked any more" in packets.draw(FLOWS["dropped at egress"]).twin


@pytest.mark.parametrize("host", ["no-such-name", "nobody"])
def test_where_no_packet_reaches_a_pod_there_is_nothing_to_draw(host: str):
    with pytest.raises(LabError, match="no packets to draw"):
        packets.draw(flow(host=host))


# -- endpoints -----------------------------------------------------------------------------------


def each(policies: str = "", service: str = "web", port: int = 8000):
    cluster = Cluster.from_manifests(WORLD + policies)
    client, found = cluster.pod("default", "client"), cluster.service("default", service)
    flows = connect_each(cluster, client, found, port)
    return endpoints.draw(found, client, port, flows)


HALF = ALLOW + CLOSED % ("app: web", "Ingress")


@pytest.mark.parametrize(
    ("policies", "title"),
    [
        ("", "2 of 2 endpoints of web answer client: every request works"),
        (HALF, "1 of 2 endpoints of web answers client: half of the requests work"),
        (CLOSED % ("app: web", "Ingress"), "0 of 2 endpoints of web answer client: no request works"),
    ],
)
def test_the_title_counts_the_endpoints_that_answer(policies: str, title: str):
    assert each(policies).title == title


def test_each_endpoint_has_a_row_with_its_own_labels_and_verdict():
    picture_checks.check(lambda: each(HALF))
    lines = each(HALF).twin.splitlines()
    assert lines[0].split()[:2] == [".", "web"] and "tier=front" in lines[0] and lines[0].endswith("answers")
    assert lines[1].split()[:2] == ["X", "web-b"] and lines[1].endswith("blocked at ingress")


def test_the_nearest_rule_tells_what_the_pod_lacks():
    egress = CLOSED % ("run: client", "Egress") + (
        "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: out, namespace: default}\n"
        "spec: {podSelector: {matchLabels: {run: client}}, policyTypes: [Egress],"
        " egress: [{to: [{podSelector: {matchLabels: {tier: front}}}]}]}\n"
    )
    assert "web-b: rule 1 of out wants tier=front; found: no label tier" in each(egress).twin


def test_a_service_without_pods_says_so():
    assert each(service="nobody", port=80).title == "No pod is behind nobody"


def test_the_policy_port_is_the_pods_and_the_row_shows_it():
    assert ":80 " in each().twin and ":8000" not in each().twin


# -- from the front door -------------------------------------------------------------------------


@pytest.fixture
def half_open() -> Iterator[Lab]:
    """A Service of two pods, of which one admits the client."""
    lab = Lab("07")
    assert lab.kubectl("apply -f -", stdin=WORLD + HALF).exit_code == 0
    yield lab
    lab.close()


def test_why_adds_the_endpoints_where_they_differ(half_open):
    assert "1 of 2 endpoints of web answers client" in half_open.why("client", "web").text
    assert "endpoints of" not in half_open.why("kube-system/coredns", "web.default.svc.cluster.local", port=8000).text


def test_the_lab_shows_endpoints_and_packets_by_name(half_open):
    assert half_open.endpoints("web", "client").title.startswith("1 of 2 endpoints of web answers client")
    assert half_open.packets("client", "web").title == "Policies judge the first packet only"
    assert half_open.packets("client", "web-b").title.startswith("The first packet is dropped at the ingress of web-b")


def test_a_service_that_is_not_there_is_named(half_open):
    with pytest.raises(NotFound, match="no Service 'wbe'"):
        half_open.endpoints("wbe", "client")
