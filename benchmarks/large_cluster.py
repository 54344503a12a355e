"""What ``kubectl get -o json`` would print of a large cluster; the same sizes and seed print the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from ipaddress import ip_address
from random import Random
from typing import Any

PODS, WORKLOADS, POLICIES, NAMESPACES, NODES = 5_000, 1_000, 500, 50, 100
TIERS = ("web", "api", "data")
PORTS = {"web": ("http", 8080), "api": ("grpc", 9000), "data": ("sql", 5432)}

Body = dict[str, Any]

_MADE = "2026-01-05T09:00:00Z"
_CONDITIONS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
_TOKEN = [
    {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
    {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
]


def dump(seed: int = 1) -> str:
    """One List, as the line of ``netpol-lab dump`` has it."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(_items(Random(seed)))}, indent=1)


def namespace(number: int) -> str:
    return f"team-{number:02}"


def _items(random: Random) -> Iterator[Body]:
    yield _object("v1", "Namespace", "", "kube-system")
    for number in range(NAMESPACES):
        labels = {"team": f"t{number % 20}", "env": ("prod", "stage", "dev")[number % 3]}
        yield _object("v1", "Namespace", "", namespace(number), labels, status={"phase": "Active"})
    for number in range(NODES):
        addresses = [{"type": "InternalIP", "address": f"172.18.0.{number + 2}"}]
        cidr = f"{ip_address('10.244.0.0') + 256 * number}/24"
        yield _object("v1", "Node", "", f"node-{number}", spec={"podCIDR": cidr}, status={"addresses": addresses})
    place = 0
    for number in range(WORKLOADS):
        for each in _workload(number, place):
            place += each["kind"] == "Pod"
            yield each
    for number in range(POLICIES):
        spec = _spec(random, number)
        name = f"policy-{number // NAMESPACES}"
        yield _object("networking.k8s.io/v1", "NetworkPolicy", namespace(number % NAMESPACES), name, spec=spec)


def _workload(number: int, place: int) -> Iterator[Body]:
    """A Deployment with its ReplicaSet, pods, Service and EndpointSlice."""
    inside, name, tier = namespace(number % NAMESPACES), f"app-{number // NAMESPACES}", TIERS[number // NAMESPACES % 3]
    port, target = PORTS[tier]
    labels = {"app": name, "tier": tier, "version": f"v{number % 2}"}
    container: Body = {"name": "main", "image": f"registry.example.com/{name}:1", "imagePullPolicy": "IfNotPresent"}
    container |= {"ports": [{"name": port, "containerPort": target, "protocol": "TCP"}]}
    spec = {"containers": [container], "restartPolicy": "Always", "serviceAccountName": "default"}
    template = {"metadata": {"labels": labels}, "spec": spec}
    wanted: Body = {"replicas": PODS // WORKLOADS, "selector": {"matchLabels": labels}, "template": template}
    yield _object("apps/v1", "Deployment", inside, name, labels, spec=wanted)
    of_deployment, of_replicas = _owned("Deployment", name), _owned("ReplicaSet", f"{name}-6f9c")
    token = {"name": "kube-api-access", "projected": {"defaultMode": 420, "sources": _TOKEN}}
    tolerations = [{"key": key, "operator": "Exists", "effect": "NoExecute"} for key in ("not-ready", "unreachable")]
    own_labels = {**labels, "pod-template-hash": "6f9c"}
    yield _object("apps/v1", "ReplicaSet", inside, f"{name}-6f9c", own_labels, of_deployment, spec=wanted)
    endpoints = []
    for replica in range(PODS // WORKLOADS):
        node, row = (place + replica) % NODES, (place + replica) // NODES
        ip = str(ip_address("10.244.0.0") + 256 * node + 2 + row)
        conditions = [{"type": kind, "status": "True", "lastTransitionTime": _MADE} for kind in _CONDITIONS]
        status: Body = {"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}], "hostIP": f"172.18.0.{node + 2}"}
        own = {**spec, "nodeName": f"node-{node}", "volumes": [token], "tolerations": tolerations}
        pod = f"{name}-6f9c-{replica:05}"
        status |= {"conditions": conditions, "qosClass": "BestEffort", "startTime": _MADE}
        yield _object("v1", "Pod", inside, pod, own_labels, of_replicas, spec=own, status=status)
        reference = {"kind": "Pod", "name": pod, "namespace": inside}
        endpoints.append({"addresses": [ip], "conditions": {"ready": True}, "targetRef": reference})
    ports: list[Body] = [{"name": port, "port": 80, "targetPort": port, "protocol": "TCP"}]
    service: Body = {"selector": {"app": name}, "ports": ports, "type": "ClusterIP"}
    service["clusterIP"] = str(ip_address("10.96.1.0") + number)
    yield _object("v1", "Service", inside, name, labels, spec=service)
    known = {**labels, "kubernetes.io/service-name": name}
    slice_ = _object("discovery.k8s.io/v1", "EndpointSlice", inside, f"{name}-x2k5q", known, _owned("Service", name))
    yield {**slice_, "addressType": "IPv4", "endpoints": endpoints, "ports": [{**ports[0], "port": target}]}


def _spec(random: Random, number: int) -> Body:
    """In each namespace a closed door, DNS, and ways between tiers, workloads, namespaces and addresses."""
    place = number // NAMESPACES
    if place == 0:
        return {"podSelector": {}, "policyTypes": ["Ingress"] if number % 2 else ["Ingress", "Egress"]}
    if place == 1:
        ports = [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]
        return {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": [_to_system()], "ports": ports}]}
    tier = random.choice(TIERS)
    peers = [random.choice((_pods, _pods, _spaces, _block))(random) for _ in range(random.choice((1, 1, 2)))]
    ports = [{"protocol": "TCP", "port": random.choice(PORTS[tier])}]
    way, end = random.choice((("Ingress", "from"), ("Ingress", "from"), ("Egress", "to")))
    picked = {"tier": tier} if random.random() < 0.5 else {"app": f"app-{random.randrange(WORKLOADS // NAMESPACES)}"}
    rule = {end: peers, "ports": ports}
    return {"podSelector": {"matchLabels": picked}, "policyTypes": [way], way.lower(): [rule]}


def _to_system() -> Body:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}


def _pods(random: Random) -> Body:
    return {"podSelector": {"matchLabels": {"app": f"app-{random.randrange(WORKLOADS // NAMESPACES)}"}}}


def _spaces(random: Random) -> Body:
    key, value = random.choice((("env", "prod"), ("team", f"t{random.randrange(20)}")))
    return {"namespaceSelector": {"matchLabels": {key: value}}, "podSelector": {"matchLabels": {"tier": "web"}}}


def _block(random: Random) -> Body:
    cidr = random.choice(("10.0.0.0/8", "192.0.2.0/24", "198.51.100.0/24", "0.0.0.0/0"))
    return {"ipBlock": {"cidr": cidr, "except": [f"{cidr.partition('/')[0]}/28"]}}


def _owned(kind: str, name: str) -> Body:
    version = "v1" if kind == "Service" else "apps/v1"
    owner = {"apiVersion": version, "kind": kind, "name": name, "uid": f"{kind}-{name}", "controller": True}
    return {"ownerReferences": [owner]}


def _object(
    version: str, kind: str, inside: str, name: str, labels: Body | None = None, more: Body | None = None, **rest: Body
) -> Body:
    metadata = {"name": name, **({"namespace": inside} if inside else {}), "labels": labels or {}, **(more or {})}
    known = {"uid": f"{kind}-{inside}-{name}", "creationTimestamp": _MADE, "resourceVersion": "1"}
    return {"apiVersion": version, "kind": kind, "metadata": {**metadata, **known}, **rest}
