"""Large clusters to measure the engine on; the same sizes and seed give the same cluster."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address, ip_network
from random import Random

from netpol_lab.engine.compiled import Engine
from netpol_lab.model.labels import METADATA_NAME, Labels, LabelSelector, Requirement
from netpol_lab.model.objects import (
    Container,
    ContainerPort,
    IPBlock,
    Namespace,
    NetworkPolicy,
    NetworkPolicyPeer,
    NetworkPolicyPort,
    NetworkPolicyRule,
    Pod,
)

NAMED = (("http", 80), ("web", 8080), ("https", 443), ("db", 5432), ("cache", 6379), ("metrics", 9090), ("sql", 3306))
PORTS = (*(port for _, port in NAMED), 53)
"""The 8 ports that policies speak of, and that every pair is asked about."""

ASKED = [("TCP", port) for port in PORTS]
TIERS = ("web", "api", "data")


@dataclass(frozen=True)
class Cluster:
    pods: tuple[Pod, ...]
    namespaces: dict[str, Namespace]
    policies: tuple[NetworkPolicy, ...]

    def engine(self) -> Engine:
        return Engine(self.pods, self.namespaces, self.policies)


def cluster(pods: int, policies: int, namespaces: int, seed: int = 1) -> Cluster:
    """Namespaces of 20 teams and 3 environments; in each, workloads of 3 tiers, with 4 replicas where they fit."""
    return _Maker(Random(seed), namespaces, pods // namespaces).cluster(pods, policies)


class _Maker:
    def __init__(self, random: Random, namespaces: int, each: int) -> None:
        self.random = random
        self.workloads = min(each, max(4, each // 4))
        self.namespaces = {f"ns-{number}": self._namespace(number) for number in range(namespaces)}
        self.names = list(self.namespaces)

    def _namespace(self, number: int) -> Namespace:
        labels = {"team": f"t{number % 20}", "env": self.random.choice(("prod", "dev", "stage"))}
        return Namespace(f"ns-{number}", Labels({METADATA_NAME: f"ns-{number}", **labels}))

    def cluster(self, pods: int, policies: int) -> Cluster:
        made = tuple(self._pod(number) for number in range(pods))
        return Cluster(made, self.namespaces, tuple(self._policy(number) for number in range(policies)))

    def _pod(self, number: int) -> Pod:
        place = number // len(self.names)
        workload = (place + number % len(self.names)) % self.workloads
        tier, version = TIERS[workload % 3], f"v{workload % 2}"
        labels = {"app": f"app-{workload}", "tier": tier, "version": version}
        if workload % 5 == 0:
            labels["public"] = "true"
        namespace = self.names[number % len(self.names)]
        address = ip_address(0x0A000000 + number)
        return Pod(namespace, f"pod-{number}", Labels(labels), (address,), (self._containers[workload % 7],), "node")

    @cached_property
    def _containers(self) -> tuple[Container, ...]:
        return tuple(Container("main", "image", (ContainerPort(port, "TCP", name),)) for name, port in NAMED)

    def _policy(self, number: int) -> NetworkPolicy:
        types = self.random.choice((("Ingress",), ("Ingress",), ("Egress",), ("Ingress", "Egress")))
        rules = [tuple(self._rule() for _ in range(self.random.randrange(1, 3))) for _ in types]
        sides = dict(zip(types, rules, strict=True))
        namespace, name = self.random.choice(self.names), f"policy-{number}"
        return NetworkPolicy(
            namespace, name, self._pods(), types, ingress=sides.get("Ingress", ()), egress=sides.get("Egress", ())
        )

    def _rule(self) -> NetworkPolicyRule:
        peers = tuple(self._peer() for _ in range(self.random.choice((0, 1, 1, 1, 2, 2))))
        return NetworkPolicyRule(peers, tuple(self._port() for _ in range(self.random.randrange(1, 3))))

    def _peer(self) -> NetworkPolicyPeer:
        kind = self.random.random()
        if kind < 0.05:
            return NetworkPolicyPeer(ip_block=self._block())
        namespaces = self._namespaces() if kind > 0.5 else None
        return NetworkPolicyPeer(None if kind > 0.8 else self._pods(), namespaces)

    def _block(self) -> IPBlock:
        cidr = self.random.choice(("0.0.0.0/0", "10.0.0.0/20", "192.0.2.0/24", "198.51.100.0/24"))
        hole = ip_network(cidr).network_address
        return IPBlock(cidr, (f"{hole}/28",), ip_network(cidr), (ip_network(f"{hole}/28"),))  # type: ignore[arg-type]

    def _port(self) -> NetworkPolicyPort:
        kind = self.random.random()
        if kind < 0.1:
            return NetworkPolicyPort("TCP", self.random.choice(NAMED)[0])
        if kind < 0.15:
            return NetworkPolicyPort("TCP", 8000, 9090)
        return NetworkPolicyPort("TCP", self.random.choice(PORTS))

    def _pods(self) -> LabelSelector:
        kind = self.random.random()
        if kind < 0.1:
            return LabelSelector()
        if kind < 0.6:
            return _selector(("app", "=", f"app-{self.random.randrange(self.workloads)}"))
        if kind < 0.75:
            return _selector(("tier", "In", "web", "api"), ("version", "NotIn", "v1"))
        if kind < 0.9:
            return _selector(("tier", "=", self.random.choice(TIERS)))
        return _selector(("app", "Exists"), ("public", "DoesNotExist"))

    def _namespaces(self) -> LabelSelector:
        kind = self.random.random()
        if kind < 0.2:
            return LabelSelector()
        if kind < 0.5:
            return _selector(("team", "=", f"t{self.random.randrange(20)}"))
        if kind < 0.8:
            return _selector((METADATA_NAME, "=", self.random.choice(self.names)))
        return _selector(("env", "NotIn", "dev"))


def _selector(*requirements: tuple[str, ...]) -> LabelSelector:
    return LabelSelector(tuple(Requirement(r[0], r[1], r[2:]) for r in requirements))  # type: ignore[arg-type]
