"""Ports that nobody has: a name no container carries, a Service's port where the pod's belongs."""

from __future__ import annotations

from collections.abc import Iterator

from netpol_lab.coach.advice_facts import Facts, Place
from netpol_lab.coach.advice_finding import Finding, finding
from netpol_lab.model.objects import NetworkPolicyPort, Service
from netpol_lab.model.phrases import capital, did_you_mean, nearest


def named_ports(facts: Facts, place: Place) -> Iterator[Finding]:
    """Does each named port exist on some pod at the receiving end?"""
    named = [port for port in place.rule.ports if isinstance(port.port, str)]
    if not named:
        return
    ends = facts.destinations(place)
    blocks = place.direction == "egress" and any(peer.ip_block for peer in place.rule.peers)
    if not ends and not blocks:
        return  # a selector that matches nothing: said elsewhere
    known = {(port.name, port.protocol): port.port for n in ends for port in facts.pod_class(n).ports if port.name}
    for port in named:
        if (port.port, port.protocol) not in known:
            places = {"place": place.words, "protocol": port.protocol, "port": port.port}
            near = _near_name(port, known, only_addresses=not ends)
            yield finding("named-port-nobody-has", place.policy, port.origin, near, **places)


def _near_name(port: NetworkPolicyPort, known: dict[tuple[str, str], int], only_addresses: bool) -> str:
    if only_addresses:
        return "Addresses have no named ports: write the number."
    others = [protocol for name, protocol in known if name == port.port]
    if others:
        return f"{port.port} is a {others[0]} port there."
    names = {name: number for (name, protocol), number in known.items() if protocol == port.protocol}
    close = nearest(str(port.port), names)
    if close:
        return capital(did_you_mean([f"{name} ({names[name]})" for name in close]))
    if names:
        name, number = next(iter(names.items()))
        return f"The port named {name} there is {number}."
    return "Name the container's port, or write its number."


def service_ports(facts: Facts, place: Place) -> Iterator[Finding]:
    """Is a number the port of a Service whose pods listen on another one?"""
    numbers = [port for port in place.rule.ports if isinstance(port.port, int) and not port.end_port]
    if not numbers or (place.direction == "egress" and not place.rule.peers):
        return
    ends = facts.destinations(place)
    listened = {found for number in ends for found in facts.listens(number)}
    for port in numbers:
        if (port.protocol, port.port) in listened:
            continue
        for service, target in _translated(facts, ends, port):
            if not any(_admits(other, port.protocol, target) for other in place.rule.ports):
                places = {"place": place.words, "port": port.port, "service": service.id, "target": target}
                yield finding("service-port", place.policy, port.origin, capital(did_you_mean([str(target)])), **places)
                break


def _translated(facts: Facts, ends: list[int], port: NetworkPolicyPort) -> Iterator[tuple[Service, int]]:
    """The Services in front of these pods that have this port and send it on to another."""
    for number in ends:
        pod = facts.pod_class(number)
        for service in facts.services.get(pod.namespace, ()):
            if service.selector and service.selector.items() <= pod.labels.items():
                for each in service.ports:
                    target = each.number_on(pod.ports)
                    is_the_port = (each.port, each.protocol) == (port.port, port.protocol)
                    if is_the_port and target is not None and target != port.port:
                        yield service, target


def _admits(port: NetworkPolicyPort, protocol: str, number: int) -> bool:
    if port.protocol != protocol or isinstance(port.port, str):
        return False
    return port.port is None or port.port <= number <= (port.end_port or port.port)
