"""Random small clusters with every feature of NetworkPolicy in them; the same seed gives the same cluster.

Policies are API objects as people write them: fields left out, null or empty, selectors of both kinds. The alphabet
is small on purpose, so that labels, ports and addresses often match and often nearly match.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from random import Random
from typing import Any

from slow_evaluator import Rules

from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.engine.compiled import Engine
from netpol_lab.manifests import from_object
from netpol_lab.model.labels import METADATA_NAME, Labels
from netpol_lab.model.objects import (
    Container,
    ContainerPort,
    Endpoint,
    External,
    Namespace,
    NetworkPolicy,
    Node,
    Pod,
    Resource,
)
from netpol_lab.model.ports import PROTOCOLS

Body = dict[str, Any]

KEYS = ("app", "tier", "env")
VALUES = ("a", "b", "c")
PORT_NAMES = ("web", "dns")
NUMBERS = (1, 53, 80, 81, 443, 8080, 65535)
NODES = ("node1", "node2")
BLOCKS = (
    ("0.0.0.0/0", ("10.244.0.0/16", "10.244.1.0/24", "203.0.113.0/24", "172.18.0.0/16", "0.0.0.0/1")),
    ("10.244.0.0/16", ("10.244.1.0/24", "10.244.1.3/32", "10.244.2.0/31")),
    ("10.244.1.0/24", ("10.244.1.2/31", "10.244.1.4/32")),
    ("10.0.0.0/8", ("10.244.0.0/17", "10.244.128.0/17")),
    ("10.244.1.2/32", ()),
    ("10.244.2.2/31", ("10.244.2.2/32",)),
    ("203.0.113.0/24", ("203.0.113.128/25", "203.0.113.5/32")),
    ("172.18.0.0/30", ("172.18.0.3/32",)),
    ("::/0", ("2001:db8::/32", "fd00:244::/64", "fd00:244::1:0/112")),
    ("fd00:244::/64", ("fd00:244::1:0/112", "fd00:244::1:2/128")),
    ("2001:db8::/32", ("2001:db8:1::/48",)),
)
BEFORE: Body = {"spec": {"ingress": [{"from": [{"ipBlock": {"cidr": cidr}} for cidr, _ in BLOCKS]}]}}
OUTSIDE = tuple(
    External(ip_address(text), text) for text in ("198.51.100.10", "203.0.113.5", "203.0.113.200", "2001:db8:1::9")
)


@dataclass(frozen=True)
class World:
    """A cluster as the slow evaluator and the engine each take it, and what to ask about it."""

    rules: Rules
    pods: tuple[Pod, ...]
    nodes: tuple[Node, ...]
    outside: tuple[External, ...]
    asked: tuple[tuple[str, int], ...]

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        return (*self.pods, *self.nodes, *self.outside)

    @property
    def policies(self) -> tuple[NetworkPolicy, ...]:
        typed = [each.typed for each in _kept(self.rules.policies)]
        return tuple(policy for policy in typed if isinstance(policy, NetworkPolicy))

    def engine(self, policies: Sequence[NetworkPolicy] | None = None) -> Engine:
        namespaces = {name: Namespace(name, Labels(labels)) for name, labels in self.rules.namespaces.items()}
        return Engine(self.pods, namespaces, self.policies if policies is None else policies)


def world(seed: int, *, size: int = 0) -> World:
    """One world. ``size`` adds as many namespaces, pods and policies as it says."""
    random = Random(seed)
    names = ["red", "blue", "green"][: random.choice((1, 2, 2, 3))] + [f"more{n}" for n in range(size)]
    namespaces = {name: {METADATA_NAME: name, **_labels(random)} for name in names}
    pods = tuple(_pod(random, number, random.choice(names)) for number in range(random.choice((2, 3, 3, 4)) + size))
    policies = [_policy(random, number, random.choice(names)) for number in range(random.choice((1, 1, 2, 3)) + size)]
    nodes = tuple(Node(name, ip_address(f"172.18.0.{place}")) for place, name in enumerate(NODES, 2))
    asked = {(random.choice(PROTOCOLS), random.choice(NUMBERS)), *_interesting(random, policies, pods)}
    return World(
        rules=Rules(namespaces, policies),
        pods=pods,
        nodes=(random.choice(nodes),) if random.random() < 0.5 else (),
        outside=tuple(random.sample(OUTSIDE, random.choice((1, 1, 2)))),
        asked=tuple(sorted(asked)),
    )


def snapshot_of(pods: Sequence[Pod], policies: Sequence[Resource], labels: dict[str, dict[str, str]]) -> Snapshot:
    """A state of a cluster with these objects in it; ``labels`` are those of each namespace."""
    resources = [
        from_object({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": dict(labels[name])}})
        for name in labels
    ]
    for each in pods:
        metadata = {"name": each.name, "namespace": each.namespace, "labels": dict(each.labels)}
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata}
        resources.append(Resource("v1", "Pod", each.namespace, each.name, body, each))
    return Snapshot({resource.key: resource for resource in (*resources, *policies)})


def _kept(policies: Iterable[Body]) -> list[Resource]:
    """As a cluster has them that kept them from before its API server refused a cidr with host bits."""
    return [from_object(body, old=BEFORE) for body in policies]


def state_of(each: World) -> Snapshot:
    """A world as a state of a cluster. It has no Node objects: nodes are asked about as they are."""
    labels = {name: dict(given) for name, given in each.rules.namespaces.items()}
    return snapshot_of(each.pods, _kept(each.rules.policies), labels)


def _interesting(random: Random, policies: list[Body], pods: Sequence[Pod]) -> set[tuple[str, int]]:
    """Ports at the edges of what the policies and the pods speak of."""
    edges = {(port.protocol, port.port) for pod in pods for port in pod.ports}
    for policy in policies:
        spec = policy["spec"]
        for rule in (*(spec.get("ingress") or ()), *(spec.get("egress") or ())):
            for item in (rule or {}).get("ports") or ():
                number, protocol = (item or {}).get("port"), (item or {}).get("protocol") or "TCP"
                if isinstance(number, int):
                    end = item.get("endPort") or number
                    edges |= {(protocol, port) for port in (number - 1, number, end, end + 1) if 0 < port < 65536}
                    edges.add((random.choice(PROTOCOLS), number))
    return set(random.sample(sorted(edges), min(3, len(edges))))


def _labels(random: Random) -> dict[str, str]:
    return {key: random.choice(VALUES) for key in KEYS if random.random() < 0.5}


def _pod(random: Random, number: int, namespace: str) -> Pod:
    on_host = random.random() < 0.08
    node = random.choice((*NODES, ""))
    place = f"{random.choice((1, 2))}.{number + 2}"
    if on_host:
        ips: tuple[str, ...] = ({"node1": ("172.18.0.2",), "node2": ("172.18.0.3",)}).get(node, ())
    else:
        both = (f"10.244.{place}", f"fd00:244::{place.replace('.', ':')}")
        ips = random.choice((both[:1], both[:1], both[:1], both[1:], both, both[::-1], ()))
    containers = tuple(_container(random, f"c{n}") for n in range(random.choice((1, 1, 2))))
    addresses = tuple(map(ip_address, ips))
    return Pod(namespace, f"pod{number}", Labels(_labels(random)), addresses, containers, node, on_host)


def _container(random: Random, name: str) -> Container:
    ports = [
        ContainerPort(random.choice(NUMBERS), random.choice(PROTOCOLS[:2]), random.choice((*PORT_NAMES, "")))
        for _ in range(random.choice((0, 1, 2)))
    ]
    named: dict[str, ContainerPort] = {port.name or f"{port}": port for port in ports}  # names are unique in one
    return Container(name, "image", tuple(named.values()))


def _policy(random: Random, number: int, namespace: str) -> Body:
    spec: Body = {}
    _maybe(random, spec, "podSelector", _selector(random), empty={})
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        if random.random() < 0.7:
            spec[direction] = [_rule(random, peers) for _ in range(random.choice((0, 1, 1, 2)))] or random.choice(
                ([], None)
            )
    types = random.choice((None, None, ["Ingress"], ["Egress"], ["Ingress", "Egress"], ["Egress", "Ingress"], []))
    _maybe(random, spec, "policyTypes", types, empty=[])
    metadata = {"name": f"policy{number}", "namespace": namespace}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def _maybe(random: Random, body: Body, field: str, value: Any, empty: Any) -> None:
    """Mostly the value; sometimes the field is empty, null or left out."""
    form = random.random()
    if form < 0.70:
        body[field] = value
    elif form < 0.80:
        body[field] = empty
    elif form < 0.87:
        body[field] = None


def _rule(random: Random, peers: str) -> Body | None:
    rule: Body = {}
    _maybe(random, rule, peers, [_peer(random) for _ in range(random.choice((1, 1, 2)))], empty=[])
    _maybe(random, rule, "ports", [_port(random) for _ in range(random.choice((1, 1, 2)))], empty=[])
    return rule or random.choice(({}, None))


def _peer(random: Random) -> Body:
    kind = random.choice(("pods", "pods", "namespaces", "both", "block"))
    if kind == "block":
        cidr, holes = random.choice(BLOCKS)
        block: Body = {"cidr": cidr}
        _maybe(random, block, "except", random.sample(holes, min(len(holes), random.choice((0, 1, 2)))), empty=[])
        return {"ipBlock": block}
    peer: Body = {}
    if kind in ("pods", "both"):
        peer["podSelector"] = _selector(random)
    if kind in ("namespaces", "both"):
        peer["namespaceSelector"] = _selector(random)
    if random.random() < 0.1:
        peer["ipBlock"] = None
    return peer


def _selector(random: Random) -> Body:
    selector: Body = {}
    if random.random() < 0.45:
        _maybe(random, selector, "matchLabels", {random.choice(KEYS): random.choice(VALUES)}, empty={})
    if random.random() < 0.4:
        expressions = [_expression(random) for _ in range(random.choice((1, 1, 2)))]
        _maybe(random, selector, "matchExpressions", expressions, empty=[])
    return selector


def _expression(random: Random) -> Body:
    operator = random.choice(("In", "NotIn", "Exists", "DoesNotExist"))
    key = random.choice((*KEYS, METADATA_NAME)) if operator in ("In", "NotIn") else random.choice(KEYS)
    expression: Body = {"key": key, "operator": operator}
    if operator in ("In", "NotIn"):
        values = (*VALUES, "red", "blue") if key == METADATA_NAME else VALUES
        expression["values"] = random.sample(values, random.choice((1, 2)))
    elif random.random() < 0.3:
        expression["values"] = []
    return expression


def _port(random: Random) -> Body | None:
    item: Body = {}
    _maybe(random, item, "protocol", random.choice(PROTOCOLS), empty=None)
    form = random.random()
    if form < 0.45:
        item["port"] = random.choice(NUMBERS)
    elif form < 0.65:
        item["port"] = first = random.choice(NUMBERS)
        item["endPort"] = random.choice((None, *(number for number in NUMBERS if number >= first)))
    elif form < 0.85:
        item["port"] = random.choice(PORT_NAMES)
    elif form < 0.9:
        item["port"] = None
    return item or random.choice(({}, None))
