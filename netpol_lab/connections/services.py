"""From the address and port a client dials to the endpoint and port that packets reach.

kube-proxy rewrites the destination (DNAT) before a policy of any profile looks at the packet; so that comes first. The
API leaves the order open (catalogue rule 20).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from netpol_lab.cluster.listening import listener_on
from netpol_lab.cluster.snapshot import View
from netpol_lab.connections import outside, written
from netpol_lab.engine.verdict import Caveat
from netpol_lab.model.networks import API_SERVER_PORT, DNS_PORT, KUBELET_PORT, SERVICE_NETWORK
from netpol_lab.model.objects import Endpoint, External, IPAddress, Node, Pod, Service, ServicePort


@dataclass(frozen=True)
class Translation:
    """Where a connection to ``address:port`` goes.

    ``problem``: "" when there is an ``endpoint``; the first three are refused by kube-proxy;
    ``no such address`` is a Service address that no Service has, and ``not on this node`` a NodePort whose pods are on
    other nodes, where ``externalTrafficPolicy: Local`` keeps it from them: both are silent.
    ``node`` is the one whose address the pod may see in place of the client's (M19), ``caveats`` what is left to the
    plugin.
    """

    service: Service | None = None
    endpoint: Endpoint | None = None
    port: int = 0
    problem: Literal["", "no such port", "no endpoints", "no ready pod", "no such address", "not on this node"] = ""
    node: Node | None = None
    caveats: tuple[Caveat, ...] = ()


def translate(
    world: View,
    address: IPAddress,
    port: int,
    protocol: str = "TCP",
    attempt: int = 0,
    source: Endpoint | None = None,
) -> Translation:
    """Find who gets packets that ``source`` sends to ``address:port``. ``attempt`` turns the choice among endpoints.

    A real kube-proxy chooses at random; here ``attempt`` says which, so that a lesson can be repeated.
    """
    service = next((each for each in world.services if each.cluster_ip == address), None)
    if service is not None:
        return _through(world, service, port, protocol, attempt)
    node = next((each for each in world.nodes if each.ip == address), None)
    if node is not None:
        return _on_node(world, node, port, protocol, attempt, source)
    balanced = written.balanced_by(world, address)
    if balanced is not None:
        return _from_outside(world, balanced, None, _through(world, balanced, port, protocol, attempt))
    return _at(world, address, port)


def _at(world: View, address: IPAddress, port: int) -> Translation:
    """The end that has an address."""
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
    choices = [Translation(service, pod, target) for pod, each, target in world.endpoints(service) if each == entry]
    for address, target in written.written_endpoints(world, service, entry):
        node = next((each for each in world.nodes if each.ip == address), None)
        there = Translation(None, node, target) if node else _at(world, address, target)
        choices.append(replace(there, service=service))
    if choices:
        return choices[attempt % len(choices)]
    if service.id == "default/kubernetes" and (node := world.control_plane):
        # Its endpoint is written by the API server itself: the control plane's own address
        return replace(_on_node(world, node, API_SERVER_PORT, protocol, 0, None), service=service)
    return Translation(service, problem="no ready pod" if world.picked_by(service) else "no endpoints")


def _on_node(world: View, node: Node, port: int, protocol: str, attempt: int, source: Endpoint | None) -> Translation:
    """A NodePort on any node leads to the Service; else a program on the host network, a host port, the node itself."""
    for service in world.services:
        for entry in service.ports:
            if entry.node_port == port and entry.protocol == protocol:
                found = _through(world, service, entry.port, protocol, attempt)
                if isinstance(source, External) and written.keeps_client_address(world, service):
                    found = _on_this_node(world, node, service, entry, attempt) or found
                return _from_outside(world, service, node, found)
    for pod in world.pods:
        if pod.host_network and pod.node == node.name and listener_on(world, pod, port, protocol):
            return Translation(None, pod, port)
    passed_on = written.host_port(world, node, port, protocol)
    if passed_on is not None:
        key = ("Pod", passed_on[0].namespace, passed_on[0].name)
        return Translation(None, *passed_on, caveats=(Caveat("host port", key),))
    return Translation(None, node, port)


def _on_this_node(world: View, node: Node, service: Service, entry: ServicePort, attempt: int) -> Translation | None:
    """``externalTrafficPolicy: Local``: only pods on the node that was asked get what comes from outside."""
    choices = [(pod, target) for pod, each, target in world.endpoints(service) if each == entry]
    here = [(pod, target) for pod, target in choices if pod.node == node.name]
    if here:
        return Translation(service, *here[attempt % len(here)])
    return Translation(service, problem="not on this node") if choices else None


def _from_outside(world: View, service: Service, node: Node | None, found: Translation) -> Translation:
    """◇ catalogue rule 18: which source address policies see behind a node or a load balancer is up to the plugin.

    Documentation, "Preserving the client source IP": with ``externalTrafficPolicy: Cluster`` the node that was asked
    translates it into its own, so that the reply comes back that way; with Local nothing needs to.
    """
    pod = found.endpoint
    if not isinstance(pod, Pod) or pod.host_network:
        return found
    local = written.keeps_client_address(world, service)
    caveat = Caveat("client's address" if local else "node's address", ("Service", service.namespace, service.name))
    if local:
        return replace(found, caveats=(caveat,))
    others = [each for each in world.nodes if each.name != pod.node] or list(world.nodes)
    return replace(found, node=node or next(iter(others), None), caveats=(caveat,))


def answers(world: View, endpoint: Endpoint, port: int, protocol: str) -> bool:
    """Whether some program is behind this port (a policy drop would hide it either way)."""
    if isinstance(endpoint, Pod):
        return listener_on(world, endpoint, port, protocol) is not None
    if isinstance(endpoint, Node):
        is_api_server = port == API_SERVER_PORT and endpoint == world.control_plane
        return protocol == "TCP" and (port == KUBELET_PORT or is_api_server)
    host = outside.host_at(endpoint.address)
    known = host is not None and host.listens(port, protocol)
    cached = endpoint.address == world.node_local_dns and port == DNS_PORT and protocol in ("UDP", "TCP")
    return known or cached or written.is_written(world, endpoint.address, port, protocol)
