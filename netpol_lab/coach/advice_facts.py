"""What the checks look at: one state of a cluster, its policies compiled, its pods by class."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from netpol_lab.cluster.controllers import makes_pods, template_of
from netpol_lab.cluster.listening import listeners
from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.engine.classes import EndpointClass
from netpol_lab.engine.compiled import Engine
from netpol_lab.model.labels import METADATA_NAME, Labels, LabelSelector
from netpol_lab.model.networks import SYSTEM_NAMESPACE
from netpol_lab.model.objects import (
    DIRECTIONS,
    Direction,
    Namespace,
    NetworkPolicy,
    NetworkPolicyPeer,
    NetworkPolicyRule,
    Pod,
    Resource,
    Service,
)
from netpol_lab.model.phrases import PEERS_FIELD

ALL_PODS = LabelSelector()


class Place(NamedTuple):
    """One rule that is in force, and how a person would point to it."""

    policy: NetworkPolicy
    direction: Direction
    number: int
    rule: NetworkPolicyRule

    @property
    def words(self) -> str:
        return f"{self.direction.capitalize()} rule {self.number + 1}"

    def peer(self, item: int) -> str:
        """The peer number ``item``; without it where it is the only one."""
        return f"{self.words}, {PEERS_FIELD[self.direction]} {item + 1}" if len(self.rule.peers) > 1 else self.words


@dataclass(frozen=True, eq=False)
class Facts:
    """One state, with look-ups that several checks share."""

    state: Snapshot

    @property
    def engine(self) -> Engine:
        return self.state.engine

    def places(self, policy: NetworkPolicy) -> Iterator[Place]:
        """The rules of the directions in which a policy isolates."""
        for direction in DIRECTIONS:
            if policy.isolates(direction):
                for index, rule in enumerate(policy.rules(direction)):
                    yield Place(policy, direction, index, rule)

    @cached_property
    def class_of(self) -> dict[str, int]:
        """The class of each pod, by its id."""
        return {pod.id: self.engine.class_of(pod) for pod in self.state.pods if not pod.host_network}

    @cached_property
    def pods(self) -> dict[int, Pod]:
        """One pod of each class."""
        found: dict[int, Pod] = {}
        for pod in self.state.pods:
            if not pod.host_network:
                found.setdefault(self.class_of[pod.id], pod)
        return found

    @cached_property
    def labels_in(self) -> dict[str, list[Labels]]:
        """The different label sets of each namespace's pods."""
        found: dict[str, dict[Labels, None]] = {}
        for pod in self.pods.values():
            found.setdefault(pod.namespace, {})[pod.labels] = None
        return {namespace: list(labels) for namespace, labels in found.items()}

    @cached_property
    def has_system(self) -> bool:
        """Whether the cluster's own pods are here; a folder of manifests seldom has them."""
        return SYSTEM_NAMESPACE in self.labels_in

    @cached_property
    def workloads(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for resource in self.state.objects.values():
            if makes_pods(resource):
                found.setdefault(resource.namespace, []).append(resource)
        return found

    @cached_property
    def services(self) -> dict[str, list[Service]]:
        found: dict[str, list[Service]] = {}
        for service in self.state.services:
            found.setdefault(service.namespace, []).append(service)
        return found

    @cached_property
    def pod_addresses(self) -> dict[int, tuple[list[int], list[Pod]]]:
        """For each address family the pods' addresses as numbers, in order, and whose they are."""
        found = {}
        for version in (4, 6):
            pairs = sorted(
                (int(address), index)
                for index, pod in enumerate(self.state.pods)
                for address in pod.ips
                if address.version == version and not pod.host_network
            )
            found[version] = ([number for number, _ in pairs], [self.state.pods[index] for _, index in pairs])
        return found

    def namespaces(self, selector: LabelSelector) -> list[Namespace]:
        return [each for each in self.state.namespaces if selector.matches(each.labels)]

    def is_about_system(self, selector: LabelSelector) -> bool:
        """Whether a namespaceSelector means the cluster's own namespace, and that is not among the manifests."""
        return not self.has_system and selector.matches({METADATA_NAME: SYSTEM_NAMESPACE})

    def selected(self, policy: NetworkPolicy) -> list[int]:
        """The classes a policy selects."""
        return list(self.engine.classes.selected(policy.namespace, policy.pod_selector).members())

    def among(self, policy: NetworkPolicy, peer: NetworkPolicyPeer) -> list[int]:
        """The classes of pods that the selectors of a peer stand for; none for an ipBlock."""
        if peer.ip_block is not None:
            return []
        return [number for run in self.engine.runs(policy.namespace, peer) for number in run.members()]

    def destinations(self, place: Place) -> list[int]:
        """The classes of pods at the receiving end of a rule."""
        if place.direction == "ingress":
            return self.selected(place.policy)
        if not place.rule.peers:
            return list(range(self.engine.classes.pods))
        return list(dict.fromkeys(n for peer in place.rule.peers for n in self.among(place.policy, peer)))

    def pod_class(self, number: int) -> EndpointClass:
        return self.engine.classes[number]

    def listens(self, number: int) -> set[tuple[str, int]]:
        """The (protocol, port) that pods of a class declare or are known to listen on."""
        declared = {(port.protocol, port.port) for port in self.pod_class(number).ports}
        pod = self.pods.get(number)
        known = [listener.port for listener in listeners(self.state, pod)] if pod else []
        return declared | {(port.protocol, port.port) for port in known}

    def on_host(self, namespaces: Iterable[str], selector: LabelSelector) -> bool:
        """Whether pods on the host network have the wanted labels: no selector reaches them (D)."""
        names = set(namespaces)
        return any(
            pod.host_network and pod.namespace in names and selector.matches(pod.labels) for pod in self.state.pods
        )

    def labeled_workload(self, namespaces: Iterable[str], selector: LabelSelector) -> Resource | None:
        """A workload that carries the wanted labels itself and does not give them to its pods."""
        if selector.is_empty:
            return None
        for namespace in namespaces:
            for resource in self.workloads.get(namespace, ()):
                own = resource.body["metadata"].get("labels") or {}
                given = (template_of(resource.body).get("metadata") or {}).get("labels") or {}
                if selector.matches(own) and not selector.matches(given):
                    return resource
        return None


def text(selector: LabelSelector) -> str:
    """A selector for a sentence."""
    return str(selector) if not selector.is_empty else "any labels"
