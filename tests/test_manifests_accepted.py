"""What the API server accepts is accepted, defaulted as it does, and typed.

The bodies in ``tests/manifests/accepted.json`` were compared with what Kubernetes 1.33's own decoding and
defaulting make of the same files.
"""

import json
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest

from netpol_lab.manifests import from_object, read_path, read_text
from netpol_lab.model.labels import Labels
from netpol_lab.model.objects import NetworkPolicy, Node, Pod, Resource, Service

HERE = Path(__file__).parent / "manifests"
POLICY = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: web}\n"


def policy(spec: str) -> NetworkPolicy:
    (resource,) = read_text(POLICY + spec)
    assert isinstance(resource.typed, NetworkPolicy)
    return resource.typed


def body(spec: str) -> Any:
    (resource,) = read_text(POLICY + spec)
    return resource.body["spec"]


def accepted(name: str) -> dict[str, Resource]:
    return {f"{resource.kind}/{resource.name}": resource for resource in read_path(HERE / "accepted" / name)}


@pytest.mark.parametrize("path", sorted((HERE / "accepted").iterdir()), ids=lambda path: path.stem)
def test_an_accepted_manifest_has_the_body_the_server_makes_of_it(path: Path) -> None:
    expected = json.loads((HERE / "accepted.json").read_text(encoding="utf-8"))
    assert [resource.body for resource in read_path(path)] == expected[path.name]


# Defaults of a NetworkPolicy: catalogue rules 2, 3, 6, 10 and 19.


@pytest.mark.parametrize(
    ("spec", "types"),
    [
        ("spec: {podSelector: {}}", ("Ingress",)),
        ("spec: {podSelector: {}, egress: []}", ("Ingress",)),
        ("spec: {podSelector: {}, egress: [{}]}", ("Ingress", "Egress")),
        ("spec: {podSelector: {}, policyTypes: []}", ("Ingress",)),
        ("spec: {podSelector: {}, policyTypes: [Egress]}", ("Egress",)),
        ("spec: {podSelector: {}, policyTypes: [Egress, Egress]}", ("Egress",)),
        ("", ("Ingress",)),
    ],
)
def test_policy_types_are_ingress_always_and_egress_with_an_egress_rule(spec: str, types: tuple[str, ...]) -> None:
    assert policy(spec).policy_types == types


@pytest.mark.parametrize("spec", ["", "spec:", "spec: {}", "spec: {podSelector: }", "spec: {podSelector: {}}"])
def test_a_pod_selector_missing_null_or_empty_selects_every_pod(spec: str) -> None:
    assert policy(spec).pod_selector.is_empty
    assert body(spec)["podSelector"] == {}


def test_empty_lists_vanish_from_the_body_as_on_a_real_server() -> None:
    assert body("spec: {podSelector: {}, ingress: [], egress: []}") == {"podSelector": {}, "policyTypes": ["Ingress"]}
    assert body("spec: {ingress: [{from: [], ports: []}]}")["ingress"] == [{}]


def test_ingress_with_one_empty_rule_admits_all_and_without_a_rule_none() -> None:
    assert len(policy("spec: {ingress: [{}]}").ingress) == 1
    assert policy("spec: {ingress: []}").ingress == ()
    assert len(policy("spec: {ingress: [null]}").ingress) == 1


def test_a_port_without_protocol_is_tcp_and_an_empty_port_is_all_of_tcp() -> None:
    (rule,) = policy("spec: {ingress: [{ports: [{}, {port: dns, protocol: UDP}, {port: 80, endPort: 90}]}]}").ingress
    assert [str(port) for port in rule.ports] == ["all TCP ports", "UDP dns", "TCP 80-90"]


@pytest.mark.parametrize(
    "spec",
    [None, {"egress": None}, {"egress": [None]}, {"egress": [{"to": None}]}, {"egress": [{"to": [{"ipBlock": None}]}]}],
)
def test_a_policy_that_was_there_before_may_have_nulls(spec: Any) -> None:
    body = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "p"}}
    assert from_object({**body, "spec": {"podSelector": {}}}, old={**body, "spec": spec}).name == "p"


def test_a_null_label_value_is_the_empty_value() -> None:
    (requirement,) = policy("spec: {podSelector: {matchLabels: {app: }}}").pod_selector.requirements
    assert (requirement.key, requirement.operator, requirement.values) == ("app", "=", ("",))


def test_a_policy_of_an_older_cluster_keeps_its_host_bits_and_means_the_network() -> None:
    text = "spec: {ingress: [{from: [{ipBlock: {cidr: 10.0.0.5/8, except: [10.1.2.3/16]}}]}]}"
    block = policy(f"metadata: {{name: web, uid: 1-2-3}}\n{text}").ingress[0].peers[0].ip_block
    assert block is not None
    assert (block.cidr, block.excepts) == ("10.0.0.5/8", ("10.1.2.3/16",))
    assert (block.network, block.except_networks) == (ip_network("10.0.0.0/8"), (ip_network("10.1.0.0/16"),))


@pytest.mark.parametrize(
    ("cidr", "network"),
    [
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("2001:DB8::/32", "2001:db8::/32"),
        ("::/0", "::/0"),
    ],
)
def test_a_cidr_the_server_accepts_is_accepted(cidr: str, network: str) -> None:
    block = policy(f'spec: {{ingress: [{{from: [{{ipBlock: {{cidr: "{cidr}"}}}}]}}]}}').ingress[0].peers[0].ip_block
    assert block is not None
    assert block.network == ip_network(network)


def test_both_selectors_of_one_item_are_one_peer_and_two_items_two() -> None:
    both = policy("spec: {ingress: [{from: [{podSelector: {}, namespaceSelector: {}}]}]}").ingress[0].peers
    apart = policy("spec: {ingress: [{from: [{podSelector: {}}, {namespaceSelector: {}}]}]}").ingress[0].peers
    assert (len(both), len(apart)) == (1, 2)


# Other kinds.


def test_a_namespace_carries_its_name_as_a_label() -> None:
    (resource,) = read_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: demo, labels: {team: a}}")
    assert resource.body["metadata"]["labels"] == {"team": "a", "kubernetes.io/metadata.name": "demo"}
    assert resource.key == ("Namespace", "", "demo")


def test_a_service_port_targets_itself_unless_told_otherwise() -> None:
    services = accepted("pods-and-services.yaml")
    web, node_port, headless = (services[f"Service/{name}"].typed for name in ("web", "node-port", "headless"))
    assert isinstance(web, Service) and isinstance(node_port, Service) and isinstance(headless, Service)
    assert [(port.port, port.target_port, port.protocol) for port in web.ports] == [(80, 80, "TCP")]
    assert [(port.target_port, port.node_port) for port in node_port.ports] == [("http", 30080), (5353, None)]
    assert headless.selector is None and headless.cluster_ip is None


def test_a_sidecar_listens_and_a_finished_init_container_does_not() -> None:
    pod = accepted("pods-and-services.yaml")["Pod/web"].typed
    assert isinstance(pod, Pod)
    assert [container.name for container in pod.containers] == ["web", "side", "sidecar"]
    assert [(port.port, port.protocol) for port in pod.ports] == [(80, "TCP"), (53, "UDP"), (15001, "TCP")]


def test_a_dump_keeps_addresses_node_and_the_deployment_behind_the_replica_set() -> None:
    dump = accepted("dump.yaml")
    pod, service, node = (dump[name].typed for name in ("Pod/web-5d9c7b6f4-abcde", "Service/web", "Node/node2"))
    assert isinstance(pod, Pod) and isinstance(service, Service) and isinstance(node, Node)
    assert pod.ips == (ip_address("10.244.2.4"), ip_address("fd00::2:4"))
    assert (pod.owner, pod.node, pod.phase) == ("Deployment/web", "node2", "Running")
    assert service.cluster_ip == ip_address("10.96.7.7")
    assert node.ip == ip_address("192.168.0.2")


def test_a_replica_set_of_its_own_stays_the_owner() -> None:
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-1", "uid": "x", "controller": True}
    metadata = {"name": "web-1-a", "ownerReferences": [owner]}
    spec = {"containers": [{"name": "a", "image": "nginx"}]}
    pod = from_object({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}).typed
    assert isinstance(pod, Pod)
    assert pod.owner == "ReplicaSet/web-1"


def test_the_default_namespace_is_filled_in_only_where_none_is_written() -> None:
    def namespaces(**options: Any) -> list[str]:
        both = ({"name": "web"}, {"name": "web", "namespace": "a"})
        pods = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata} for metadata in both]
        return [from_object(pod, **options).namespace for pod in pods]

    assert namespaces() == ["default", "a"]
    assert namespaces(default_namespace="team") == ["team", "a"]
    assert namespaces(default_namespace=None) == ["", "a"]


def test_a_cluster_scoped_object_loses_a_namespace() -> None:
    (resource,) = read_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: a, namespace: b}")
    assert resource.namespace == "" and "namespace" not in resource.body["metadata"]


def test_other_kinds_are_stored_as_they_are_and_not_typed() -> None:
    others = accepted("other-kinds.yaml")
    assert [resource.typed for resource in others.values()] == [None, None, None]
    assert others["CiliumNetworkPolicy/l7"].body["spec"] == {"endpointSelector": {}, "anything": [1, 2.5, None, True]}
    assert others["ClusterRole/system:reader"].namespace == ""


def test_a_network_policy_of_another_api_group_is_not_taken_for_ours() -> None:
    text = (
        "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: a}\nspec: {ingress: , selector: all()}"
    )
    (resource,) = read_text(text)
    assert resource.typed is None
    assert resource.body["spec"] == {"ingress": None, "selector": "all()"}


@pytest.mark.parametrize("text", ["", "\n\n", "---\n---\n", "# only a comment\n", "\ufeff", "null\n"])
def test_a_text_without_objects_is_empty(text: str) -> None:
    assert read_text(text) == []


@pytest.mark.parametrize("change", [lambda text: text.replace("\n", "\r\n"), lambda text: "\ufeff" + text])
def test_windows_line_ends_and_a_byte_order_mark_change_nothing(change: Any, tmp_path: Path) -> None:
    text = (HERE / "accepted" / "every-field-of-a-policy.yaml").read_text(encoding="utf-8")
    (tmp_path / "web.yaml").write_bytes(change(text).encode())
    (plain,), (other,) = read_text(text), read_path(tmp_path)
    assert other == plain
    assert other.origin is not None and plain.origin is not None
    assert other.origin.last_line == plain.origin.last_line


def test_a_file_in_utf_16_is_read_as_kubectl_reads_none_but_editors_write_it(tmp_path: Path) -> None:
    (tmp_path / "web.yaml").write_bytes(POLICY.encode("utf-16"))
    assert [resource.name for resource in read_path(tmp_path)] == ["web"]


def test_an_object_is_not_changed_and_not_kept() -> None:
    labels = {"app": "web"}
    obj = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a", "labels": labels}, "status": {"x": [1]}}
    before = json.dumps(obj)
    resource = from_object(obj)
    assert json.dumps(obj) == before
    labels["app"] = "other"
    assert resource.body["metadata"]["labels"]["app"] == "web"


def test_a_body_read_again_is_the_same_resource() -> None:
    for path in sorted((HERE / "accepted").iterdir()):
        for resource in read_path(path):
            assert from_object(resource.body) == resource


def test_labels_of_a_pod_are_those_of_its_body() -> None:
    pod = accepted("pods-and-services.yaml")["Pod/web"].typed
    assert isinstance(pod, Pod)
    assert pod.labels == Labels({"app": "web"})
