"""What can be read from a cluster: its objects, typed, and the answers about them.

A :class:`Snapshot` is one state and never changes. Before/after, undo and "what if" cost one reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from ipaddress import ip_address

from netpol_lab.cluster.caveats import caveats
from netpol_lab.cluster.server import is_control_plane, is_ready
from netpol_lab.cluster.workloads import matcher
from netpol_lab.engine import reasons as explain
from netpol_lab.engine.compiled import Engine, have_a_family
from netpol_lab.engine.profiles import UPSTREAM, Profile
from netpol_lab.engine.verdict import Caveat, Verdict
from netpol_lab.model.bodies import Key, ReadOnlyBody
from netpol_lab.model.errors import LabError, NotFound
from netpol_lab.model.labels import LabelSelector
from netpol_lab.model.networks import SYSTEM_NAMESPACE
from netpol_lab.model.objects import (
    OUTSIDE,
    Endpoint,
    External,
    IPAddress,
    Namespace,
    NetworkPolicy,
    Node,
    Pod,
    Resource,
    Service,
    ServicePort,
    name_of,
)
from netpol_lab.model.phrases import capital, did_you_mean, nearest
from netpol_lab.model.ports import FIRST_PORT, LAST_PORT, PROTOCOLS

STARTED = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
"""Simulated time starts here in every session."""


class View:
    """What can be read from a cluster or from one of its snapshots."""

    def snapshot(self) -> Snapshot:
        """The present state, which will never change."""
        raise NotImplementedError

    @property
    def objects(self) -> Mapping[Key, Resource]:
        """Every object by (kind, namespace, name), in order of creation."""
        return self.snapshot().objects_by_key

    @property
    def profile(self) -> Profile:
        return self.snapshot().enforcement

    @property
    def now(self) -> datetime:
        return self.snapshot().time

    @property
    def pods(self) -> tuple[Pod, ...]:
        return self.snapshot().all_pods

    @property
    def policed_pods(self) -> tuple[Pod, ...]:
        """The pods that matrices, graphs and frames are about: they run and are to stay, and policies apply to them.

        D: policies do not apply to pods on the host network. No connection begins or ends at a pod that does not run.
        """
        return tuple(p for p in self.pods if p.phase == "Running" and not (p.host_network or p.ending))

    @property
    def services(self) -> tuple[Service, ...]:
        return self._typed(Service)

    @property
    def nodes(self) -> tuple[Node, ...]:
        return self._typed(Node)

    @property
    def policies(self) -> tuple[NetworkPolicy, ...]:
        return self._typed(NetworkPolicy)

    @property
    def namespaces(self) -> tuple[Namespace, ...]:
        return self._typed(Namespace)

    @property
    def engine(self) -> Engine:
        """The compiled policies of this state."""
        return self.snapshot().compiled

    def _typed(self, kind: type) -> tuple:
        return tuple(r.typed for r in self.objects.values() if isinstance(r.typed, kind))

    def get(self, kind: str, namespace: str, name: str) -> Resource | None:
        """One object, or None. ``namespace`` is "" for kinds without one."""
        return self.objects.get((kind, namespace, name))

    def list(self, kind: str, namespace: str | None = None) -> Sequence[Resource]:
        """Objects of a kind as the API lists them: by namespace, then name. ``namespace`` None means all."""
        found = (r for r in self.objects.values() if r.key[0] == kind and namespace in (None, r.namespace))
        return sorted(found, key=lambda resource: (resource.namespace, resource.name))

    def pod(self, namespace: str, name: str) -> Pod | None:
        found = self.get("Pod", namespace, name)
        return found.typed if found and isinstance(found.typed, Pod) else None

    def service(self, namespace: str, name: str) -> Service | None:
        found = self.get("Service", namespace, name)
        return found.typed if found and isinstance(found.typed, Service) else None

    @property
    def control_plane(self) -> Node | None:
        """The node with the control plane's label, else the first; None where nothing is known of nodes."""
        for resource in self.list("Node"):
            if is_control_plane(resource.body) and isinstance(resource.typed, Node):
                return resource.typed
        return next(iter(self.nodes), None)

    @property
    def dns_service(self) -> Service | None:
        """The Service that pods ask for names: its address stands as ``nameserver`` in their resolv.conf."""
        return self.service(SYSTEM_NAMESPACE, "kube-dns")

    @property
    def node_local_dns(self) -> IPAddress | None:
        """Where pods ask for names on a cluster with NodeLocal DNSCache: an address of the node itself, on its host
        network. None where that DaemonSet is not there (documentation, Using NodeLocal DNSCache: ``-localip``)."""
        found = self.get("DaemonSet", SYSTEM_NAMESPACE, "node-local-dns")
        containers = found.body["spec"]["template"]["spec"]["containers"] if found else ()
        for words in (each.get("args") or () for each in containers):
            if "-localip" in words[:-1]:
                with suppress(ValueError):
                    return ip_address(words[words.index("-localip") + 1].partition(",")[0])
        return None

    def endpoints(self, service: Service) -> Sequence[tuple[Pod, ServicePort, int]]:
        """Each (pod, Service port, pod port) behind a Service. A named targetPort resolves on each pod."""
        found = []
        for pod in self.pods_of(service):
            for port in service.ports:
                target = port.number_on(pod.ports)
                if target is not None:
                    found.append((pod, port, target))
        return found

    def pods_of(self, service: Service) -> Sequence[Pod]:
        """The running pods behind a Service: those of :meth:`picked_by` that are Ready.

        Documentation, EndpointSlices, conditions: ``publishNotReadyAddresses`` takes all of them for ready. Those that
        are ending get connections only while there are no others (KEP-1669).
        """
        resource = self.get("Service", service.namespace, service.name)
        ready = bool(resource and (resource.body.get("spec") or {}).get("publishNotReadyAddresses"))
        found = [pod for pod in self.picked_by(service) if ready or is_ready(self._body_of(pod))]
        return [pod for pod in found if not pod.ending] or found

    def picked_by(self, service: Service) -> Sequence[Pod]:
        """The running pods a Service's selector picks, in its own namespace."""
        if not service.selector:
            return []
        wanted = service.selector.items()
        return [
            pod
            for pod in self.pods
            if pod.namespace == service.namespace and pod.phase == "Running" and wanted <= pod.labels.items()
        ]

    def _body_of(self, pod: Pod) -> ReadOnlyBody:
        resource = self.get("Pod", pod.namespace, pod.name)
        return resource.body if resource else {}

    def selected(self, namespace: str, selector: LabelSelector) -> Sequence[Pod]:
        """The pods that the podSelector of a policy in ``namespace`` picks."""
        engine = self.engine
        return [pod for pod in self.pods if pod.namespace == namespace and engine.picks(namespace, selector, pod)]

    def endpoint(self, name: str | Endpoint, namespace: str = "") -> Endpoint:
        """Find an end of a connection by what a person would call it.

        ``name``: ``namespace/pod``, a pod or workload name (looked up in ``namespace``, then everywhere), a workload
        as ``name[Kind]``, a node name, an IP address, or ``External``. Raises :class:`NotFound`,
        naming the closest match.
        """
        return name if not isinstance(name, str) else _find(self.snapshot(), name, namespace)

    def verdict(
        self, source: str | Endpoint, destination: str | Endpoint, port: int = 80, protocol: str = "TCP"
    ) -> Verdict:
        """Judge one connection to a POD's port, with reasons.

        Ends are :class:`Endpoint` objects or names as for :meth:`endpoint`. For a workload its first
        pod is judged. Raises :class:`LabError` for a port or a protocol that does not exist.

        >>> from netpol_lab import Cluster
        >>> cluster = Cluster()
        >>> cluster.verdict("kube-system/coredns", "External", 443).answer
        'allowed'
        """
        if protocol not in PROTOCOLS or not isinstance(port, int) or not FIRST_PORT <= port <= LAST_PORT:
            raise LabError(f"{protocol} {port} is no port: a number from 1 to 65535 of TCP, UDP or SCTP is wanted.")
        ends = self.endpoint(source), self.endpoint(destination)
        found = explain.verdict(self.engine, *ends, port, protocol)
        touching = [each for each in self.caveats if each.touches(*ends) and each.kind != "address family"]
        apart = [] if have_a_family(*ends) else [Caveat("address family")]
        return replace(found, caveats=(*touching, *apart))

    @property
    def caveats(self) -> tuple[Caveat, ...]:
        """What the answers about this state leave out; see :mod:`netpol_lab.cluster.caveats`."""
        return self.snapshot().left_out


@dataclass(frozen=True, eq=False)
class Snapshot(View):
    """One state of a cluster."""

    objects_by_key: Mapping[Key, Resource] = field(repr=False)
    enforcement: Profile = UPSTREAM
    time: datetime = STARTED
    counters: Mapping[str, int] = field(default_factory=dict, repr=False)
    ending: Mapping[Key, datetime] = field(default_factory=dict, repr=False)
    """The pods and namespaces that were deleted and are still there, and the moment when they will be gone."""
    missed: Resource | None = None
    """The API server's own Service, where somebody deleted it: the API server looks every ten seconds."""

    def snapshot(self) -> Snapshot:
        return self

    @cached_property
    def lasting(self) -> Mapping[Key, Resource]:
        """The objects without those that are ending."""
        objects = self.objects_by_key
        return {key: each for key, each in objects.items() if key not in self.ending} if self.ending else objects

    @cached_property
    def all_pods(self) -> tuple[Pod, ...]:
        return self._typed(Pod)

    @cached_property
    def compiled(self) -> Engine:
        namespaces = {namespace.name: namespace for namespace in self.namespaces}
        return Engine(self.all_pods, namespaces, self.policies, self.enforcement)

    @cached_property
    def left_out(self) -> tuple[Caveat, ...]:
        return caveats(self.objects_by_key.values(), self.all_pods, self.enforcement)

    def without(self, keys: Iterable[Key]) -> Snapshot:
        """The same moment without some objects: what if this policy were not there?"""
        left = set(keys)
        return replace(self, objects_by_key={k: r for k, r in self.objects_by_key.items() if k not in left})

    def with_objects(self, resources: Iterable[Resource]) -> Snapshot:
        """The same moment with some objects put in as they are; no controller or scheduler acts on them."""
        return replace(self, objects_by_key={**self.objects_by_key, **{r.key: r for r in resources}})


def _find(state: Snapshot, name: str, namespace: str) -> Endpoint:
    if name.casefold() == OUTSIDE.name.casefold():
        return OUTSIDE
    try:
        return _by_address(state, name)
    except ValueError:
        pass
    where, _, short = name.rpartition("/")
    pods = [pod for pod in state.pods if pod.namespace == (where or namespace)] or ([] if where else list(state.pods))
    pods.sort(key=lambda pod: pod.ending)  # of a workload's pods, one that stays
    of_workload = matcher(short, pods, state.objects)
    for pod in pods:
        if of_workload(pod) if of_workload else short in (pod.name, name_of(pod)):
            return pod
    for node in state.nodes:
        if name == node.name:
            return node
    if not where and namespace:
        return _find(state, name, "")
    raise NotFound(f"There is no pod, workload, node or address {name!r}.{_meant(state, name)}", "Pod", name)


def _meant(state: Snapshot, name: str) -> str:
    """What was probably meant: a pod behind a Service, the name within a URL, or the closest of the names there are."""
    behind = [pod for service in state.services if service.name == name for pod in state.pods_of(service)]
    if behind:
        return f" It is a Service: name a pod behind it, for example {name_of(behind[0])!r}."
    url = _URL.fullmatch(name)
    if url:
        return f" Give the name alone, {(url['host'] or url['bare'])!r}, and the port with port=."
    pods = {f"{pod.namespace}/{name_of(pod)}" if "/" in name else name_of(pod) for pod in state.pods}
    known = sorted({*pods, *(node.name for node in state.nodes), OUTSIDE.name})
    question = did_you_mean(nearest(name, known), "'")
    return question and f" {capital(question)}"


_URL = re.compile(r"[a-z]+://(?P<host>[A-Za-z0-9.-]+).*|(?P<bare>[A-Za-z0-9.-]+):[0-9]+/?")


def _by_address(state: Snapshot, text: str) -> Endpoint:
    address = ip_address(text)
    on_host: Endpoint | None = next((node for node in state.nodes if node.ip == address), None)
    pod = next((pod for pod in state.pods if address in pod.ips and not pod.host_network), None)
    return on_host or pod or External(address, text)
