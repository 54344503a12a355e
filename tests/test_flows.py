"""A connection as a client makes it: five steps, in the order of a real cluster."""

from __future__ import annotations

import pytest

from netpol_lab import Cluster
from netpol_lab.connections import Flow, connect
from netpol_lab.model.objects import OUTSIDE, Pod
from netpol_lab.tell.step_words import steps_told

SHOP = """
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: shop, labels: {app: client}}
spec: {nodeName: node1, containers: [{name: c, image: "busybox:1.36", command: [sleep, "3600"]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, labels: {app: api}}
spec: {nodeName: node2, containers: [{name: c, image: "example/api", ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {clusterIP: 10.96.5.5, selector: {app: api}, ports: [{port: 80, targetPort: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: nobody, namespace: shop}
spec: {selector: {app: nobody}, ports: [{port: 80}]}
"""


def policy(name: str, spec: str) -> str:
    return (
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
        f"metadata: {{name: {name}, namespace: shop}}\nspec: {spec}\n"
    )


def lines(flow: Flow) -> list[tuple[str, ...]]:
    """The words under each step."""
    return [step.lines for step in steps_told(flow)]


def stopped(flow: Flow) -> tuple[str, ...]:
    """The words under the step that stopped it."""
    return next(step.lines for step in steps_told(flow) if step.state == "stopped")


@pytest.fixture
def shop() -> Cluster:
    cluster = Cluster()
    cluster.apply(SHOP)
    return cluster


def dial(cluster: Cluster, host: str, port: int = 80, protocol: str = "TCP", source: str = "client") -> Flow:
    pod = cluster.pod("shop", source)
    assert pod is not None
    return connect(cluster, pod, host, port, protocol)


def states(flow: Flow) -> list[str]:
    return [step.state for step in flow.steps]


def test_every_step_passes_when_nothing_isolates(shop: Cluster) -> None:
    flow = dial(shop, "api")
    assert flow.outcome == "connected"
    assert states(flow) == ["passed", "passed", "open", "open", "passed"]
    assert [step.name for step in flow.steps] == ["Name", "Service", "Egress", "Ingress", "Port"]
    assert lines(flow)[0] == ("api is", "10.96.5.5")
    assert lines(flow)[2] == ("client is", "not isolated")
    assert lines(flow)[4] == ("taken to listen:", "api declares", "TCP 8080")
    assert flow.server == shop.pod("shop", "api")


def test_the_service_is_translated_before_any_policy_looks(shop: Cluster) -> None:
    shop.apply(policy("only-80", "{podSelector: {matchLabels: {app: api}}, ingress: [{ports: [{port: 80}]}]}"))
    assert dial(shop, "api", 80).outcome == "timed out"
    shop.apply(policy("also-8080", "{podSelector: {matchLabels: {app: api}}, ingress: [{ports: [{port: 8080}]}]}"))
    flow = dial(shop, "api", 80)
    assert (flow.outcome, flow.target_port) == ("connected", 8080)
    assert flow.steps[3].state == "admitted"
    assert lines(flow)[3] == ("admitted by", "also-8080, rule 1")


def test_a_step_has_at_most_three_facts(shop: Cluster) -> None:
    shop.apply(policy("closed", "{podSelector: {}, policyTypes: [Ingress, Egress]}"))
    for host in ("api", "10.96.5.5", "10.244.9.9", "nobody", "localhost", "10.96.0.99"):
        for words in lines(dial(shop, host)):
            assert 1 <= len(words) <= 3


def test_isolation_at_ingress_stops_there_and_the_port_is_never_reached(shop: Cluster) -> None:
    shop.apply(policy("closed", "{podSelector: {matchLabels: {app: api}}}"))
    flow = dial(shop, "api")
    assert flow.outcome == "timed out"
    assert states(flow) == ["passed", "passed", "open", "stopped", "not reached"]
    assert flow.stopped_at is not None and stopped(flow) == ("no rule admits", "api is isolated")


def test_one_wrong_label_is_told_as_a_near_miss(shop: Cluster) -> None:
    rule = "ingress: [{from: [{podSelector: {matchLabels: {app: clyent}}}]}]"
    shop.apply(policy("almost", f"{{podSelector: {{matchLabels: {{app: api}}}}, {rule}}}"))
    flow = dial(shop, "api")
    assert flow.stopped_at is not None and stopped(flow) == ("no rule admits", "1 near miss")


def test_an_end_that_is_not_reached_tells_whether_it_would_admit(shop: Cluster) -> None:
    shop.apply(policy("no-way-out", "{podSelector: {matchLabels: {app: client}}, policyTypes: [Egress]}"))
    shop.apply(policy("way-in", "{podSelector: {matchLabels: {app: api}}, ingress: [{}]}"))
    flow = dial(shop, "10.96.5.5")
    assert states(flow) == ["unused", "passed", "stopped", "would admit", "not reached"]
    assert lines(flow)[3] == ("not reached", "(would admit: rule 1)")


def test_a_dropped_question_to_dns_ends_at_the_name_and_by_address_it_works(shop: Cluster) -> None:
    rule = "egress: [{to: [{podSelector: {matchLabels: {app: api}}}]}]"
    shop.apply(policy("api-only", f"{{podSelector: {{matchLabels: {{app: client}}}}, {rule}}}"))
    flow = dial(shop, "api")
    assert flow.outcome == "dns timed out"
    assert states(flow) == ["stopped", *["not reached"] * 4]
    assert lines(flow)[0] == ("no answer", "egress to DNS", "is blocked")
    assert flow.dns is not None and flow.dns.stops_at == "egress"
    assert flow.by_address is not None and flow.by_address.outcome == "connected"
    assert flow.by_address.destination == shop.pod("shop", "api")


def test_dns_on_tcp_alone_is_not_enough(shop: Cluster) -> None:
    spec = "{podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: 53}]}, {ports: [{port: 8080}]}]}"
    shop.apply(policy("tcp-only", spec))
    assert dial(shop, "api").outcome == "dns timed out"


def test_an_admitted_port_without_a_program_is_refused(shop: Cluster) -> None:
    flow = dial(shop, str(shop.pod("shop", "api").ip), 9999)
    assert flow.outcome == "refused"
    assert flow.steps[1].state == "unused"
    assert lines(flow)[4] == ("refused", "nothing listens", "on TCP 9999")


def test_a_drop_hides_whether_anything_listens(shop: Cluster) -> None:
    address = str(shop.pod("shop", "api").ip)
    shop.apply(policy("closed", "{podSelector: {matchLabels: {app: api}}}"))
    assert dial(shop, address, 8080).outcome == dial(shop, address, 9999).outcome == "timed out"


def test_a_declared_port_is_of_one_protocol(shop: Cluster) -> None:
    address = str(shop.pod("shop", "api").ip)
    assert dial(shop, address, 8080, "UDP").outcome == "refused"


@pytest.mark.parametrize(
    ("host", "port", "outcome", "facts"),
    [
        ("api", 81, "refused", ("no such port", "api has", "no TCP 81")),
        ("nobody", 80, "refused", ("no endpoints", "no pod behind nobody")),
        ("10.96.77.77", 80, "timed out", ("no such Service", "has 10.96.77.77")),
    ],
)
def test_kube_proxy_ends_what_it_cannot_translate(
    shop: Cluster, host: str, port: int, outcome: str, facts: tuple[str, ...]
) -> None:
    flow = dial(shop, host, port)
    assert flow.outcome == outcome
    assert flow.stopped_at is not None and (flow.stopped_at.name, stopped(flow)) == ("Service", facts)


def test_nothing_answers_at_an_address_no_pod_has(shop: Cluster) -> None:
    flow = dial(shop, "10.244.9.9")
    assert flow.outcome == "timed out"
    assert flow.stopped_at is not None and flow.stopped_at.name == "Port"


def test_a_name_that_does_not_exist_is_a_bad_address(shop: Cluster) -> None:
    flow = dial(shop, "apy")
    assert flow.outcome == "bad address"
    assert flow.stopped_at is not None and stopped(flow) == ("no such name", "DNS answers NXDOMAIN")


def test_a_pod_reaches_itself_whatever_isolates_it(shop: Cluster) -> None:
    shop.apply(policy("closed", "{podSelector: {}, policyTypes: [Ingress, Egress]}"))
    api = shop.pod("shop", "api")
    assert isinstance(api, Pod)
    for host in ("localhost", "127.0.0.1", str(api.ip), "api"):
        port = 8080
        flow = connect(shop, api, host, port)
        assert flow.outcome == "connected", host
        assert lines(flow)[3] == ("to itself:", "always allowed")


def test_a_node_reaches_its_own_pods_and_not_those_of_other_nodes(shop: Cluster) -> None:
    shop.apply(policy("closed", "{podSelector: {matchLabels: {app: api}}}"))
    address = str(shop.pod("shop", "api").ip)
    nodes = {node.name: node for node in shop.nodes}
    own, other = connect(shop, nodes["node2"], address, 8080), connect(shop, nodes["node1"], address, 8080)
    assert (own.outcome, other.outcome) == ("connected", "timed out")
    assert lines(own)[3] == ("its own node:", "always allowed")
    assert lines(own)[2] == ("a node:", "no policy applies")


def test_the_outside_is_a_source_no_policy_isolates(shop: Cluster) -> None:
    flow = connect(shop, OUTSIDE, str(shop.pod("shop", "api").ip), 8080)
    assert flow.outcome == "connected"
    assert lines(flow)[2] == ("outside:", "no policy applies")


def test_the_outside_knows_no_cluster_names(shop: Cluster) -> None:
    assert connect(shop, OUTSIDE, "api.shop.svc.cluster.local", 80).outcome == "bad address"


def test_several_endpoints_are_taken_in_turn() -> None:
    cluster = Cluster()
    cluster.apply(SHOP)
    second = SHOP.split("---")[2].replace("name: api,", "name: api-2,").replace("{app: api}", "{app: api, tier: new}")
    cluster.apply(second)
    cluster.apply(policy("half", "{podSelector: {matchLabels: {tier: new}}}"))
    client = cluster.pod("shop", "client")
    assert client is not None
    outcomes = [connect(cluster, client, "api", 80, attempt=attempt).outcome for attempt in range(4)]
    assert outcomes == ["connected", "timed out"] * 2


def test_a_node_port_leads_to_the_service(shop: Cluster) -> None:
    shop.apply(
        "apiVersion: v1\nkind: Service\nmetadata: {name: open, namespace: shop}\n"
        "spec: {type: NodePort, selector: {app: api}, ports: [{port: 80, targetPort: 8080, nodePort: 30080}]}\n"
    )
    flow = connect(shop, OUTSIDE, str(shop.nodes[1].ip), 30080)
    assert (flow.outcome, flow.target_port) == ("connected", 8080)
    assert flow.service is not None and flow.service.name == "open"


def test_the_api_server_is_reached_at_the_control_planes_own_address(shop: Cluster) -> None:
    flow = dial(shop, "kubernetes.default", 443)
    assert flow.outcome == "connected"
    assert flow.target_port == 6443
    assert lines(flow)[1] == ("becomes the node", "172.18.0.2:6443")


def test_selecting_all_pods_does_not_admit_the_api_server(shop: Cluster) -> None:
    shop.apply(
        policy("pods-only", "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}}]}]}")
    )
    assert dial(shop, "api").outcome == "connected"
    assert dial(shop, "kubernetes.default", 443).outcome == "timed out"


def test_a_known_host_outside_answers_and_an_unknown_address_does_not(shop: Cluster) -> None:
    assert dial(shop, "example.com", 443).outcome == "connected"
    assert dial(shop, "203.0.113.99", 443).outcome == "timed out"


def test_a_flow_is_the_same_every_time(shop: Cluster) -> None:
    assert dial(shop, "api") == dial(Cluster.at(shop.snapshot()), "api")
