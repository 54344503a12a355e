"""Names: /etc/hosts, the search list, and what kube-dns knows."""

from __future__ import annotations

import pytest

from netpol_lab import Cluster
from netpol_lab.connections import Flow, Resolver, connect, naming
from netpol_lab.tell.step_words import steps_told

WORLD = """
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: other}}
---
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: shop}
spec: {containers: [{name: c, image: busybox}]}
---
apiVersion: v1
kind: Pod
metadata: {name: stranger, namespace: other}
spec: {containers: [{name: c, image: busybox}]}
---
apiVersion: v1
kind: Pod
metadata: {name: on-the-host, namespace: shop}
spec: {hostNetwork: true, nodeName: node1, containers: [{name: c, image: busybox}]}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {clusterIP: 10.96.5.5, selector: {app: api}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec:
  replicas: 2
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: c, image: "postgres:16"}]}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec: {clusterIP: None, selector: {app: db}, ports: [{port: 5432}]}
---
apiVersion: v1
kind: Service
metadata: {name: alias, namespace: shop}
spec: {type: ExternalName, externalName: example.com}
"""


def lines(flow: Flow) -> list[tuple[str, ...]]:
    """The words under each step."""
    return [step.lines for step in steps_told(flow)]


@pytest.fixture(scope="module")
def world() -> Cluster:
    cluster = Cluster()
    cluster.apply(WORLD)
    return cluster


def resolve(world: Cluster, host: str, pod: str = "shop/client") -> list[str]:
    return [str(address) for address in Resolver(world, world.endpoint(pod)).resolve(host).addresses]


@pytest.mark.parametrize(
    "host",
    [
        "api",
        "API",
        "api.shop",
        "api.shop.svc",
        "api.shop.svc.cluster.local",
        "api.shop.svc.cluster.local.",
    ],
)
def test_a_service_answers_to_each_form_of_its_name(world: Cluster, host: str) -> None:
    assert resolve(world, host) == ["10.96.5.5"]


@pytest.mark.parametrize("host", ["api.", "api.other", "api.shop.cluster.local", "shop", "", "a..b", "api.shop.pod"])
def test_other_forms_do_not_exist(world: Cluster, host: str) -> None:
    assert resolve(world, host) == []


def test_the_short_name_is_that_of_the_clients_own_namespace(world: Cluster) -> None:
    assert resolve(world, "api", "other/stranger") == []
    assert resolve(world, "api.shop", "other/stranger") == ["10.96.5.5"]


def test_a_headless_service_is_its_pods(world: Cluster) -> None:
    pods = [pod for pod in world.pods if pod.owner == "StatefulSet/db"]
    assert resolve(world, "db") == [str(pod.ip) for pod in pods]
    flow = connect(world, world.endpoint("shop/client"), "db", 5432)
    assert flow.outcome == "connected"
    assert flow.steps[1].state == "unused" and lines(flow)[1][0] == "headless: none"


def test_a_pod_of_a_stateful_set_has_a_name_of_its_own(world: Cluster) -> None:
    assert resolve(world, "db-1.db") == [str(world.pod("shop", "db-1").ip)]
    assert resolve(world, "db-7.db") == []


def test_a_pod_address_with_dashes_is_a_name(world: Cluster) -> None:
    assert resolve(world, "10-244-1-9.shop.pod.cluster.local") == ["10.244.1.9"]


def test_an_external_name_is_looked_up_outside(world: Cluster) -> None:
    assert resolve(world, "alias") == resolve(world, "example.com") == ["203.0.113.10"]


def test_a_pod_knows_its_own_name_without_dns(world: Cluster) -> None:
    found = Resolver(world, world.endpoint("shop/client")).resolve("client")
    assert (found.how, found.dns) == ("hosts", None)


def test_the_search_list_is_that_of_resolv_conf(world: Cluster) -> None:
    resolver = Resolver(world, world.endpoint("shop/client"))
    assert resolver.candidates("api") == [
        "api.shop.svc.cluster.local",
        "api.svc.cluster.local",
        "api.cluster.local",
        "api",
    ]
    assert resolver.candidates("a.b.c.d.e.f")[0] == "a.b.c.d.e.f"
    assert resolver.candidates("api.") == ["api"]


def test_a_pod_on_the_host_network_asks_the_nodes_resolver(world: Cluster) -> None:
    assert resolve(world, "api", "shop/on-the-host") == []
    assert resolve(world, "example.com", "shop/on-the-host") == ["203.0.113.10"]


def test_a_cluster_without_dns_pods_gives_no_answer(world: Cluster) -> None:
    cluster = Cluster.at(world.snapshot())
    cluster.delete("Deployment", "kube-system", "coredns")
    flow = connect(cluster, cluster.endpoint("shop/client"), "api", 80)
    assert flow.outcome == "dns timed out"
    assert lines(flow)[0] == ("no answer", "no DNS pod runs", "behind kube-dns")


def test_ingress_isolation_of_the_dns_pods_stops_every_name(world: Cluster) -> None:
    cluster = Cluster.at(world.snapshot())
    cluster.apply(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
        "metadata: {name: closed, namespace: kube-system}\nspec: {podSelector: {}}\n"
    )
    flow = connect(cluster, cluster.endpoint("shop/client"), "api", 80)
    assert lines(flow)[0] == ("no answer", "ingress to DNS", "is blocked")


@pytest.mark.parametrize("name", ["s", "x/s", "s.x", "s.x.svc", "s.x.svc.cluster.local"])
def test_without_a_port_any_name_of_a_service_means_its_first_one(name: str) -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: %s, namespace: x, labels: {app: %s}}\n"
    pod += "spec: {containers: [{name: c, image: nginx, ports: [{containerPort: 8080}]}]}\n---\n"
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: x}\n"
    service += "spec: {selector: {app: s}, ports: [{port: 8080}]}\n---\n"
    cluster = Cluster()
    cluster.apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n")
    cluster.apply(service + pod % ("s", "s") + pod % ("c", "c"))
    assert naming.flow(cluster.snapshot(), "x/c", name, None, "TCP", "x").port == 8080
