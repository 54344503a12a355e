"""From the address and port a client dials to the endpoint and port that packets reach.

kube-proxy rewrites the destination before any policy looks at the packet (DNAT); so what it decides comes first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from netpol_lab.cluster.listening import listener_on
from netpol_lab.cluster.snapshot import View
from netpol_lab.connections import outside
from netpol_lab.model.networks import API_SERVER_PORT, KUBELET_PORT, SERVICE_NETWORK
from netpol_lab.model.objects import Endpoint, IPAddress, Node, Pod, Service


@dataclass(frozen=True)
class Translation:
    """Where a connection to ``address:port`` goes.

    ``problem``: "" when there is an ``endpoint``; ``no such port`` and ``no endpoints`` are refused by kube-proxy;
    ``no such address`` is a Service address that no Service has.
    """

    service: Service | None = None
    endpoint: Endpoint | None = None
    port: int = 0
    problem: Literal["", "no such port", "no endpoints", "no such address"] = ""


def translate(world: View, address: IPAddress, port: int, protocol: str = "TCP", attempt: int = 0) -> Translation:
    """Find who gets packets sent to ``address:port``. ``attempt`` turns the choice among several endpoints.

    A real kube-proxy chooses at random; here one endpoint after the other is taken, so that a lesson can be repeated.
    """
    service = next((each for each in world.services if each.cluster_ip == address), None)
    if service is not None:
        return _through(world, service, port, protocol, attempt)
    node = next((each for each in world.nodes if each.ip == address), None)
    if node is not None:
        return _on_node(world, node, port, protocol, attempt)
    pod = next((each for each in world.pods if address in each.ips and not each.host_network), None)
    if pod is not None:
        return Translation(None, pod, port)
    if address in SERVICE_NETWORK:
        return Translation(problem="no such address")
    return Translation(None, outside.endpoint_at(address), port)


def _through(world: View, service: Service, port: int, protocol: str, attempt: int) -> Translation:
    entry = next((each for each in service.ports if (each.port, each.protocol) == (port, protocol)), None)
    if entry is None:
        # kube-proxy in nftables mode rejects unused ports of a ClusterIP; older modes let them time out
        return Translation(service, problem="no such port")
    choices = [(pod, target) for pod, each, target in world.endpoints(service) if each == entry]
    if choices:
        pod, target = choices[attempt % len(choices)]
        return Translation(service, pod, target)
    if service.id == "default/kubernetes" and (node := world.control_plane):
        # Its endpoint is written by the API server itself: the control plane's own address
        return replace(_on_node(world, node, API_SERVER_PORT, protocol, 0), service=service)
    return Translation(service, problem="no endpoints")


def _on_node(world: View, node: Node, port: int, protocol: str, attempt: int) -> Translation:
    """A NodePort on any node leads to the Service; else a program on the host network, else the node itself.

    ◇ catalogue rule 18: which source address policies see behind a NodePort is up to the plugin and
    ``externalTrafficPolicy``. Here the client keeps its own, which is what mistake M19 expects.
    """
    for service in world.services:
        for entry in service.ports:
            if entry.node_port == port and entry.protocol == protocol:
                return _through(world, service, entry.port, protocol, attempt)
    for pod in world.pods:
        if pod.host_network and pod.node == node.name and listener_on(world, pod, port, protocol):
            return Translation(None, pod, port)
    return Translation(None, node, port)


def answers(world: View, endpoint: Endpoint, port: int, protocol: str) -> bool:
    """Whether some program is behind this port (a policy drop would hide it either way)."""
    if isinstance(endpoint, Pod):
        return listener_on(world, endpoint, port, protocol) is not None
    if isinstance(endpoint, Node):
        is_api_server = port == API_SERVER_PORT and endpoint == world.control_plane
        return protocol == "TCP" and (port == KUBELET_PORT or is_api_server)
    host = outside.host_at(endpoint.address)
    return host is not None and host.listens(port, protocol)
