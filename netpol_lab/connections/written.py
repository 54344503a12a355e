"""Where packets go because somebody wrote it down: hand-made endpoints, addresses of load balancers, host ports.

These are read from the objects as they are. A part that is not what the API would have is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any

from netpol_lab.cluster.snapshot import View
from netpol_lab.model.objects import IPAddress, Node, Pod, Resource, Service, ServicePort

PortAt = tuple[IPAddress, int]


def written_endpoints(world: View, service: Service, entry: ServicePort) -> list[PortAt]:
    """The addresses and ports behind one port of a Service that selects no pods.

    Documentation, "Services without selectors": an EndpointSlice names its Service in a label, an Endpoints object has
    its name. Ports belong together by name and protocol.
    """
    if service.selector:
        return []
    found = [
        at for at, name, protocol in _of_service(world, service) if (name, protocol) == (entry.name, entry.protocol)
    ]
    return list(dict.fromkeys(found))


def written_addresses(world: View, service: Service) -> tuple[IPAddress, ...]:
    """The addresses behind a Service that selects no pods: what DNS answers for it if it is headless."""
    found = () if service.selector else _of_service(world, service)
    return tuple(dict.fromkeys(address for (address, _), _, _ in found))


def is_written(world: View, address: IPAddress, port: int, protocol: str) -> bool:
    """Whether some Service's hand-made endpoints say that a program is there."""
    behind = (each for service in world.services if not service.selector for each in _of_service(world, service))
    return any((at, spoken) == ((address, port), protocol) for at, _, spoken in behind)


def balanced_by(world: View, address: IPAddress) -> Service | None:
    """The Service that a load balancer's address, or an external IP, leads to."""
    for service in world.services:
        body = _body(world, "Service", service)
        ingress = _list(_map(_map(body.get("status")).get("loadBalancer")).get("ingress"))
        texts = [*(_map(each).get("ip") for each in ingress), *_list(_map(body.get("spec")).get("externalIPs"))]
        if address in [_address(text) for text in texts]:
            return service
    return None


def keeps_client_address(world: View, service: Service) -> bool:
    """``externalTrafficPolicy: Local``: no second hop, so nothing needs to translate the source."""
    return bool(_map(_body(world, "Service", service).get("spec")).get("externalTrafficPolicy") == "Local")


def host_port(world: View, node: Node, port: int, protocol: str) -> tuple[Pod, int] | None:
    """The pod, and its port, to which a node passes on what comes in on one of its own ports."""
    for pod in world.pods:
        if pod.node != node.name or pod.host_network or pod.phase != "Running":
            continue
        spec = _map(_body(world, "Pod", pod).get("spec"))
        for container in map(_map, _list(spec.get("containers"))):
            for each in map(_map, _list(container.get("ports"))):
                asked = (each.get("hostPort"), each.get("protocol") or "TCP")
                inside = each.get("containerPort")
                if asked == (port, protocol) and isinstance(inside, int):
                    return pod, inside
    return None


def _of_service(world: View, service: Service) -> Iterator[tuple[PortAt, str, str]]:
    """Address and port, the port's name, the protocol."""
    for resource in world.list("EndpointSlice", service.namespace):
        labels = _map(_map(resource.body.get("metadata")).get("labels"))
        if labels.get("kubernetes.io/service-name") == service.name:
            yield from _of_slice(resource)
    endpoints = _body(world, "Endpoints", service)
    for subset in map(_map, _list(endpoints.get("subsets"))):
        for each in _list(subset.get("addresses")):
            yield from _at_ports(_map(each).get("ip"), subset)


def _of_slice(resource: Resource) -> Iterator[tuple[PortAt, str, str]]:
    for endpoint in map(_map, _list(resource.body.get("endpoints"))):
        if _map(endpoint.get("conditions")).get("ready") is not False:
            for text in _list(endpoint.get("addresses")):
                yield from _at_ports(text, resource.body)


def _at_ports(text: Any, holder: Mapping[str, Any]) -> Iterator[tuple[PortAt, str, str]]:
    address = _address(text)
    for each in map(_map, _list(holder.get("ports"))):
        port = each.get("port")
        if address is not None and isinstance(port, int):
            yield (address, port), str(each.get("name") or ""), str(each.get("protocol") or "TCP")


def _address(text: Any) -> IPAddress | None:
    try:
        return ip_address(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _body(world: View, kind: str, of: Pod | Service) -> Mapping[str, Any]:
    resource = world.get(kind, of.namespace, of.name)
    return resource.body if resource else {}


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
