"""The few hosts outside the cluster that answer in the simulation.

A lesson about egress needs an outside that answers. These are documentation addresses (RFC 5737) under names
people type, and a few real addresses people know by heart. No packet ever leaves the machine. Every other name
does not exist, and nothing answers at any other address.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

from netpol_lab.model.objects import OUTSIDE, External, IPAddress


@dataclass(frozen=True)
class OutsideHost:
    """A host of the simulated Internet. ``ports`` are open for TCP; port 53 for UDP too.

    ``knows_cluster``: its DNS knows the cluster's names, as a cloud's does that takes the place of the DNS pods.
    """

    address: IPv4Address
    names: tuple[str, ...]
    ports: tuple[int, ...] = (80, 443)
    knows_cluster: bool = False

    @property
    def name(self) -> str:
        return self.names[0] if self.names else str(self.address)

    def listens(self, port: int, protocol: str) -> bool:
        return port in self.ports and (protocol == "TCP" or (protocol == "UDP" and port == 53))


HOSTS = (
    OutsideHost(IPv4Address("203.0.113.10"), ("example.com", "www.example.com")),
    OutsideHost(IPv4Address("203.0.113.11"), ("example.org", "www.example.org", "example.net", "www.example.net")),
    OutsideHost(IPv4Address("203.0.113.20"), ("kubernetes.io", "www.kubernetes.io")),
    OutsideHost(IPv4Address("203.0.113.30"), ("github.com", "www.github.com")),
    OutsideHost(IPv4Address("203.0.113.31"), ("api.github.com",)),
    OutsideHost(IPv4Address("203.0.113.40"), ("google.com", "www.google.com")),
    OutsideHost(IPv4Address("203.0.113.50"), ("ifconfig.me", "icanhazip.com")),
    OutsideHost(IPv4Address("203.0.113.60"), ("registry-1.docker.io", "docker.io")),
    OutsideHost(IPv4Address("8.8.8.8"), ("dns.google",), (53, 443)),
    OutsideHost(IPv4Address("8.8.4.4"), ("dns.google",), (53, 443)),
    OutsideHost(IPv4Address("1.1.1.1"), ("one.one.one.one",), (53, 80, 443)),
    # The instance metadata service of cloud machines: a favorite target, a favorite ipBlock, and on some clouds DNS too
    OutsideHost(IPv4Address("169.254.169.254"), ("metadata.google.internal",), (53, 80), knows_cluster=True),
)


def host_at(address: IPAddress) -> OutsideHost | None:
    """The host at an address, or None: nothing answers there."""
    return next((host for host in HOSTS if host.address == address), None)


def address_of(name: str) -> IPv4Address | None:
    """What the Internet's DNS says about a name.

    >>> str(address_of("example.com")), address_of("no-such-name.example")
    ('203.0.113.10', None)
    """
    wanted = name.rstrip(".").lower()
    return next((host.address for host in HOSTS if wanted in host.names), None)


def endpoint_at(address: IPAddress) -> External:
    """The outside address as one end of a connection, under the name people know it by."""
    if address in OUTSIDE.ips:
        return External(address, OUTSIDE.name)
    host = host_at(address)
    return External(address, host.name if host else str(address))
