"""What lies between a client and a pod, and what of it is left to the plugin: nodes, balancers, hand-made endpoints."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from netpol_lab import Cluster
from netpol_lab.connections import Flow, connect, naming
from netpol_lab.display import why
from netpol_lab.tell.caveat_words import caveat_line

NODE1, NODE2 = "172.18.0.3", "172.18.0.4"

WORLD = """
{apiVersion: v1, kind: Namespace, metadata: {name: x}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: x, labels: {app: web}}
spec: {nodeName: node1, containers: [{name: c, image: nginx, ports: [{containerPort: 80, hostPort: 8080}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: c, namespace: x, labels: {app: c}}
spec: {nodeName: node1, containers: [{name: c, image: nginx}]}
"""


def service(name: str = "web", status: Any = None, **spec: Any) -> str:
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80}], **spec}
    body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "x"}, "spec": spec}
    return yaml.safe_dump({**body, **({"status": status} if status else {})})


def policy(cidr: str = "203.0.113.0/24", **spec: Any) -> str:
    rule = [{"from": [{"ipBlock": {"cidr": cidr}}]}]
    head = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "p", "namespace": "x"}}
    return yaml.safe_dump({**head, "spec": {"podSelector": {"matchLabels": {"app": "web"}}, "ingress": rule, **spec}})


def cluster(*texts: str, profile: str = "upstream") -> Cluster:
    made = Cluster(profile)
    for text in (WORLD, *texts):
        made.apply(text)
    return made


def flow(world: Cluster, source: str, host: str, port: int, protocol: str = "TCP") -> Flow:
    return naming.flow(world.snapshot(), source, host, port, protocol, "x")


def kinds(found: Flow) -> list[str]:
    return [each.kind for each in found.caveats]


NODE_PORT = service(type="NodePort", ports=[{"port": 80, "nodePort": 30080}])
LOCAL = service(type="NodePort", ports=[{"port": 80, "nodePort": 30080}], externalTrafficPolicy="Local")


# -- the source address: rule 18 ----------------------------------------------------------------------


def test_behind_a_node_port_the_pod_may_see_the_node_so_the_answer_is_not_flat() -> None:
    found = flow(cluster(NODE_PORT, policy()), "203.0.113.7", NODE2, 30080)
    assert found.verdict is not None and found.verdict.answer == "depends on the network plugin"
    assert dict(found.verdict.by_profile) == {"upstream": "allowed", "calico": "blocked", "cilium": "blocked"}
    assert kinds(found) == ["node's address"]
    told = why.draw(found)
    assert told.title.startswith("? Depends") and "a pod usually sees a node's address" in " ".join(told.text.split())


def test_the_pods_own_node_is_always_let_in_so_a_client_that_no_rule_admits_may_come_in_behind_it() -> None:
    found = flow(cluster(NODE_PORT, policy("192.0.2.0/24")), "203.0.113.7", NODE1, 30080)
    assert found.verdict is not None
    assert dict(found.verdict.by_profile) == {"upstream": "blocked", "calico": "allowed", "cilium": "allowed"}


@pytest.mark.parametrize(("profile", "outcome"), [("calico", "timed out"), ("cilium", "timed out"), ("weave-2.3", "")])
def test_a_plugin_that_shows_the_node_judges_the_node(profile: str, outcome: str) -> None:
    found = flow(cluster(NODE_PORT, policy(), profile=profile), "203.0.113.7", NODE2, 30080)
    assert found.outcome == (outcome or found.outcome) and found.verdict is not None and not found.verdict.by_profile


def test_where_no_policy_isolates_the_pod_the_source_address_changes_nothing() -> None:
    found = flow(cluster(NODE_PORT), "203.0.113.7", NODE2, 30080)
    assert found.connected and found.caveats == ()


def test_where_both_addresses_are_admitted_the_answer_is_flat_and_says_what_it_rests_on() -> None:
    found = flow(cluster(NODE_PORT, policy(ingress=[{}])), "203.0.113.7", NODE2, 30080)
    assert found.verdict is not None and found.verdict.answer == "allowed" and kinds(found) == ["node's address"]


def test_with_local_the_client_keeps_its_address_and_only_the_pods_node_answers() -> None:
    world = cluster(LOCAL, policy())
    found = flow(world, "203.0.113.7", NODE1, 30080)
    assert found.verdict is not None and found.verdict.answer == "allowed" and kinds(found) == ["client's address"]
    away = flow(world, "203.0.113.7", NODE2, 30080)
    assert away.outcome == "timed out" and away.verdict is None
    assert why.draw(away).title == "✕ Timed out: no pod of web on the node that was asked"
    assert flow(world, "x/c", NODE2, 30080).destination is not None  # from inside, any node leads to all pods


def test_the_address_of_a_load_balancer_leads_to_its_service() -> None:
    status = {"loadBalancer": {"ingress": [{"ip": "192.0.2.50"}]}}
    found = flow(cluster(service(type="LoadBalancer", status=status), policy()), "203.0.113.7", "192.0.2.50", 80)
    assert found.service is not None and found.verdict is not None
    assert found.verdict.answer == "depends on the network plugin" and kinds(found) == ["node's address"]


# -- a pod and its own Service: rule 25 ---------------------------------------------------------------


@pytest.mark.parametrize("types", [["Ingress"], ["Egress"], ["Ingress", "Egress"]])
def test_a_pod_that_is_isolated_and_calls_itself_through_its_service_depends_on_the_plugin(types: list[str]) -> None:
    world = cluster(service("front", clusterIP="10.96.7.7"), policy(ingress=[], policyTypes=types))
    found = flow(world, "x/web", "10.96.7.7", 80)
    assert found.verdict is not None and found.verdict.answer == "depends on the network plugin"
    assert kinds(found) == ["own Service"]
    told = why.draw(found)
    assert told.title.startswith("? Depends") and "always allowed" not in told.text + told.html


def test_a_pod_that_is_not_isolated_or_calls_itself_by_address_always_reaches_itself() -> None:
    assert flow(cluster(service("front")), "x/web", "front", 80).caveats == ()
    world = cluster(service("front"), policy(ingress=[]))
    direct = flow(world, "x/web", "x/web", 80)
    assert direct.connected and direct.verdict is not None and direct.verdict.answer == "allowed"


# -- hand-made endpoints ------------------------------------------------------------------------------

BARE = service("man", selector=None, ports=[{"port": 5432}]).replace("selector: null", "selector: {}")
SLICE = """
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: man-1, namespace: x, labels: {kubernetes.io/service-name: man}}
addressType: IPv4
endpoints: [{addresses: [192.0.2.10]}, {addresses: [192.0.2.11], conditions: {ready: false}}]
ports: [{port: 5432}]
"""
ENDPOINTS = """
apiVersion: v1
kind: Endpoints
metadata: {name: man, namespace: x}
subsets: [{addresses: [{ip: 192.0.2.10}], ports: [{port: 5432}]}]
"""


@pytest.mark.parametrize("written", [SLICE, ENDPOINTS])
def test_a_service_that_selects_nothing_reaches_the_address_somebody_wrote(written: str) -> None:
    found = flow(cluster(BARE, written), "x/c", "man", 5432)
    assert (found.connected, found.target_name, found.target_port) == (True, "192.0.2.10", 5432)
    assert why.draw(found).title == "✓ Allowed: c reaches 192.0.2.10 on TCP 5432"


def test_egress_rules_are_asked_about_the_address_that_was_written() -> None:
    shut = policy(
        podSelector={}, policyTypes=["Egress"], ingress=[], egress=[{"ports": [{"port": 53, "protocol": "UDP"}]}]
    )
    assert flow(cluster(BARE, ENDPOINTS, shut), "x/c", "man", 5432).outcome == "timed out"


def test_an_address_of_a_pod_among_hand_made_endpoints_is_that_pod() -> None:
    world = cluster(service("man", selector={}, ports=[{"port": 80}]))
    web = world.pod("x", "web")
    assert web is not None
    world.apply(ENDPOINTS.replace("192.0.2.10", str(web.ip)).replace("5432", "80"))
    assert flow(world, "x/c", "man", 80).destination == world.pod("x", "web")


def test_endpoints_that_lead_back_to_their_own_node_port_end_there() -> None:
    made = service("man", selector={}, type="NodePort", ports=[{"port": 80, "nodePort": 30081}])
    written = ENDPOINTS.replace("192.0.2.10", NODE1).replace("5432", "30081")
    assert flow(cluster(made, written), "203.0.113.7", NODE2, 30081).outcome == "refused"


def test_a_headless_service_without_selector_resolves_to_what_was_written() -> None:
    headless = service("man", selector={}, clusterIP="None", ports=[{"port": 5432}])
    found = flow(cluster(headless, ENDPOINTS), "x/c", "man", 5432)
    assert found.connected and str(found.address) == "192.0.2.10"


# -- names and ports of nodes -------------------------------------------------------------------------


def test_an_external_name_is_found_by_its_bare_name_and_may_lead_back_into_the_cluster() -> None:
    ext = service("ext", type="ExternalName", externalName="example.com", selector={}, ports=[])
    inner = service("inner", type="ExternalName", externalName="web.x.svc.cluster.local", selector={}, ports=[])
    own = service("own", type="ExternalName", externalName="own.x.svc.cluster.local", selector={}, ports=[])
    world = cluster(service(), ext, inner, own)
    for name in ("ext", "x/ext", "ext.x"):
        assert flow(world, "x/c", name, 443).target_name == "example.com"
    assert flow(world, "x/c", "inner", 80).destination == world.pod("x", "web")
    assert flow(world, "x/c", "own", 80).outcome == "bad address"


def test_a_host_port_leads_to_its_pod_and_says_that_the_plugin_decides() -> None:
    found = flow(cluster(), "x/c", NODE1, 8080)
    assert found.connected and found.target_port == 80 and kinds(found) == ["host port"]
    assert flow(cluster(), "x/c", NODE2, 8080).outcome == "refused"


def test_a_refusal_of_udp_is_an_answer_that_a_kernel_limits() -> None:
    found = flow(cluster(), "x/c", "x/web", 9999, "UDP")
    assert found.outcome == "refused" and "a kernel limits" in caveat_line(found.caveats)
    assert flow(cluster(), "x/c", "x/web", 9999).caveats == ()


@pytest.mark.parametrize(
    "subsets",
    [
        "x",
        "[null]",
        "[{addresses: x}]",
        "[{addresses: [{}], ports: [{}]}]",
        "[{addresses: [{ip: 5}], ports: [{port: x}]}]",
    ],
)
def test_what_is_no_endpoint_is_passed_over(subsets: str) -> None:
    bodies = [*yaml.safe_load_all(WORLD), yaml.safe_load(BARE), yaml.safe_load(ENDPOINTS)]
    bodies[-1]["subsets"] = yaml.safe_load(subsets)
    state = Cluster.from_manifests(bodies, strict=False)
    man = state.service("x", "man")
    assert man is not None
    assert connect(state, state.endpoint("x/c"), str(man.cluster_ip), 5432).outcome in ("refused", "timed out")
