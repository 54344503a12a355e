"""From the name a client was given to addresses: /etc/hosts, the search list, and a question to kube-dns.

Sources: the Kubernetes documentation, "DNS for Services and Pods"; the DNS-based service discovery
specification it links; resolv.conf(5) for ``search`` and ``ndots``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Literal

from netpol_lab.cluster.snapshot import View
from netpol_lab.connections import outside
from netpol_lab.connections.written import written_addresses
from netpol_lab.engine.verdict import Verdict
from netpol_lab.model.networks import DNS_ADDRESS, DNS_PORT
from netpol_lab.model.objects import Endpoint, IPAddress, Node, Pod, Service

ZONE = "cluster.local"
NDOTS = 5
"""resolv.conf of a pod: a name with fewer dots is tried with the search domains first."""


@dataclass(frozen=True)
class Resolution:
    """What became of a host name.

    ``how``: ``literal`` (it was an address), ``localhost``, ``hosts`` (from /etc/hosts), ``dns`` (answered),
    ``no such name`` (answered: NXDOMAIN), ``no answer`` (the question or the server was not there).
    ``name`` is the full name that was answered; ``service`` the Service the record belongs to;
    ``dns`` the verdict on the question, if one was sent into the cluster.
    """

    host: str
    how: Literal["literal", "localhost", "hosts", "dns", "no such name", "no answer"]
    addresses: tuple[IPAddress, ...] = ()
    name: str = ""
    service: Service | None = None
    dns: Verdict | None = None

    @property
    def found(self) -> bool:
        return bool(self.addresses)


class Resolver:
    """The resolver of one source. ``attempt`` turns the choice among several DNS pods and addresses."""

    def __init__(self, world: View, source: Endpoint, attempt: int = 0) -> None:
        self.world = world
        self.source = source
        self.attempt = attempt

    @property
    def uses_cluster_dns(self) -> bool:
        """Pods ask kube-dns. Nodes, and pods on the host network, ask the node's own resolver.

        "Pod's DNS Policy": ClusterFirst falls back to Default under ``hostNetwork``, unless the policy is
        ClusterFirstWithHostNet.
        """
        if not isinstance(self.source, Pod):
            return False
        spec = _spec(self.world, "Pod", self.source.namespace, self.source.name)
        policy = spec.get("dnsPolicy", "ClusterFirst")
        if self.source.host_network:
            return bool(policy == "ClusterFirstWithHostNet")
        return bool(policy != "Default")

    @property
    def nameserver(self) -> str:
        """The ``nameserver`` of resolv.conf: the ClusterIP of kube-dns or the node's cache; a public one on a node."""
        if not self.uses_cluster_dns:
            return "8.8.8.8"
        if self.world.node_local_dns is not None:
            return str(self.world.node_local_dns)
        service = self.world.dns_service
        return str(service.cluster_ip) if service and service.cluster_ip else str(DNS_ADDRESS)

    @property
    def search(self) -> tuple[str, ...]:
        """The search domains of the pod's resolv.conf; none for a resolver outside."""
        if not (self.uses_cluster_dns and isinstance(self.source, Pod)):
            return ()
        return (f"{self.source.namespace}.svc.{ZONE}", f"svc.{ZONE}", ZONE)

    def candidates(self, host: str) -> list[str]:
        """The full names that are asked for, in order (resolv.conf(5): search, ndots, a trailing dot)."""
        name = host.lower()
        if name.endswith("."):
            return [name[:-1]]
        searched = [f"{name}.{domain}" for domain in self.search]
        return [name, *searched] if name.count(".") >= NDOTS else [*searched, name]

    def resolve(self, host: str) -> Resolution:
        """Everything from the host as typed to its addresses; never raises."""
        literal = parse_address(host)
        if literal is not None:
            return Resolution(host, "localhost" if literal.is_loopback else "literal", (literal,))
        own = self._hosts_file(host)
        if own is not None:
            return own
        if not self.uses_cluster_dns:
            address = outside.address_of(host)
            return Resolution(host, "dns", (address,), host) if address else Resolution(host, "no such name")
        answered, verdict = self.ask()
        if not answered:
            return Resolution(host, "no answer", dns=verdict)
        for name in self.candidates(host):
            addresses, service = lookup(self.world, name)
            if addresses:
                turn = self.attempt % len(addresses)
                return Resolution(host, "dns", addresses[turn:] + addresses[:turn], name, service, verdict)
        return Resolution(host, "no such name", dns=verdict)

    def without_policies(self, host: str) -> tuple[IPAddress, Service | None] | None:
        """What DNS would have said, had the question reached it."""
        for name in self.candidates(host):
            addresses, service = lookup(self.world, name)
            if addresses:
                return addresses[self.attempt % len(addresses)], service
        return None

    def ask(self) -> tuple[bool, Verdict | None]:
        """Send one question to kube-dns: whether an answer comes, and the verdict on the question.

        The question is a connection like any other: UDP 53 of the Service, after translation the port of a
        CoreDNS pod. The reply needs no rule (D: replies of an admitted connection pass).
        """
        service = self.world.dns_service
        if service is None:
            return False, None
        choices = [(pod, port) for pod, entry, port in self.world.endpoints(service) if entry.protocol == "UDP"]
        if not choices:
            return False, None
        pod, port = choices[self.attempt % len(choices)]
        cache = self.world.node_local_dns
        # The cache answers on the host network of the client's node, and what it asks of kube-dns is not simulated.
        server, port = (pod, port) if cache is None else (outside.endpoint_at(cache), DNS_PORT)
        verdict = self.world.verdict(self.source, server, port, "UDP")
        return verdict.allowed, verdict

    def _hosts_file(self, host: str) -> Resolution | None:
        """The kubelet writes localhost and the pod's own name and address into /etc/hosts."""
        name = host.rstrip(".").lower()
        if name == "localhost":
            return Resolution(host, "localhost", (ip_address("127.0.0.1"),))
        if isinstance(self.source, Pod) and name == hostname(self.source) and self.source.ips:
            return Resolution(host, "hosts", self.source.ips[:1], name)
        if isinstance(self.source, Node) and name == self.source.name:
            return Resolution(host, "hosts", (self.source.ip,), name)
        return None


def hostname(pod: Pod) -> str:
    """A pod's host name: its node's on the host network, else its own name."""
    return pod.node if pod.host_network and pod.node else pod.name


def parse_address(host: str) -> IPAddress | None:
    """The address a host text is, with or without IPv6 brackets; None for a name."""
    try:
        return ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


Records = tuple[tuple[IPAddress, ...], Service | None]


def lookup(world: View, name: str, follow: bool = True) -> Records:
    """What kube-dns answers for one full name; no addresses means it does not exist.

    "DNS for Services and Pods": ``service.namespace.svc.cluster.local`` is the ClusterIP, or the pods' addresses
    of a headless Service; ``host.service.namespace.svc…`` one pod behind it; ``a-b-c-d.namespace.pod…`` an address.
    Every other zone is asked for outside.
    """
    labels = name.lower().rstrip(".").split(".")
    if labels[-2:] != ZONE.split("."):
        address = outside.address_of(name)
        return ((address,) if address else ()), None
    match labels[:-2]:
        case [service, namespace, "svc"]:
            return _service_records(world, namespace, service, follow)
        case [host, service, namespace, "svc"]:
            return _host_records(world, namespace, service, host)
        case [dashed, namespace, "pod"] if any(pod.namespace == namespace for pod in world.pods):
            spelled = parse_address(dashed.replace("-", "."))
            return ((spelled,) if spelled else ()), None
    return (), None


def _service_records(world: View, namespace: str, name: str, follow: bool) -> Records:
    service = world.service(namespace, name)
    if service is None:
        return (), None
    if service.type == "ExternalName":
        target = str(_spec(world, "Service", namespace, name).get("externalName", ""))
        # one step only: a Service that names itself must not be followed for ever
        return lookup(world, target, follow=False) if follow else ((), None)
    if service.cluster_ip is not None:
        return (service.cluster_ip,), service
    pods = dict.fromkeys(pod.ip for pod in world.pods_of(service) if pod.ip is not None)
    return tuple(pods) or written_addresses(world, service), service


def _host_records(world: View, namespace: str, name: str, host: str) -> Records:
    """One pod behind a headless Service: by the name a StatefulSet gave it, or by its address with dashes."""
    service = world.service(namespace, name)
    if service is None or service.cluster_ip is not None:
        return (), None
    for pod in world.pods_of(service):
        if pod.ip is not None and host in (_published_name(world, pod, name), str(pod.ip).replace(".", "-")):
            return (pod.ip,), service
    return (), None


def _published_name(world: View, pod: Pod, service: str) -> str:
    spec = _spec(world, "Pod", pod.namespace, pod.name)
    if spec.get("subdomain") == service:
        return str(spec.get("hostname") or "")
    return pod.name if pod.owner.startswith("StatefulSet/") else ""


def _spec(world: View, kind: str, namespace: str, name: str) -> Mapping[str, Any]:
    resource = world.get(kind, namespace, name)
    return (resource.body.get("spec") if resource else None) or {}
