"""A valid, defaulted body to the typed model, with the lines of every part a verdict can name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from netpol_lab.manifests import name_rules as names
from netpol_lab.manifests.line_map import Lines, Path
from netpol_lab.manifests.schema import PEER_SELECTORS
from netpol_lab.model.bodies import ReadOnlyBody
from netpol_lab.model.labels import Labels, LabelSelector, Requirement
from netpol_lab.model.objects import (
    Container,
    ContainerPort,
    IPAddress,
    IPBlock,
    IPNetwork,
    Namespace,
    NetworkPolicy,
    NetworkPolicyPeer,
    NetworkPolicyPort,
    NetworkPolicyRule,
    Node,
    Pod,
    Service,
    ServicePort,
    Typed,
)
from netpol_lab.model.origin import Origin


def typed(body: ReadOnlyBody, lines: Lines | None) -> Typed:
    """The typed object of ``body``; None for kinds that are stored and not interpreted."""
    decode = _BY_KIND.get(body["kind"])
    return decode(body, _Origins(lines)) if decode else None


class _Origins:
    """Origins by path; None where the text had no lines, or the part was filled in."""

    def __init__(self, lines: Lines | None) -> None:
        self._lines = lines

    def __call__(self, path: Path) -> Origin | None:
        return self._lines.written(path) if self._lines else None


def _network_policy(body: ReadOnlyBody, origin: _Origins) -> NetworkPolicy:
    spec = body["spec"]
    return NetworkPolicy(
        namespace=body["metadata"].get("namespace", ""),
        name=body["metadata"]["name"],
        pod_selector=_selector(spec["podSelector"], ("spec", "podSelector"), origin),
        policy_types=tuple(dict.fromkeys(spec["policyTypes"])),
        ingress=_rules(spec, "ingress", "from", origin),
        egress=_rules(spec, "egress", "to", origin),
        origin=origin(()),
        types_origin=origin(("spec", "policyTypes")),
    )


def _rules(spec: ReadOnlyBody, direction: str, peers: str, origin: _Origins) -> tuple[NetworkPolicyRule, ...]:
    rules = []
    for index, rule in enumerate(spec.get(direction, ())):
        path = ("spec", direction, index)
        rules.append(
            NetworkPolicyRule(
                peers=tuple(_peer(peer, (*path, peers, i), origin) for i, peer in enumerate(rule.get(peers, ()))),
                ports=tuple(_port(port, (*path, "ports", i), origin) for i, port in enumerate(rule.get("ports", ()))),
                origin=origin(path),
            )
        )
    return tuple(rules)


def _peer(peer: ReadOnlyBody, path: Path, origin: _Origins) -> NetworkPolicyPeer:
    selectors = {
        name.replace("Selector", "_selector"): _selector(peer[name], (*path, name), origin)
        for name in PEER_SELECTORS
        if name in peer
    }
    block = _ip_block(peer["ipBlock"], (*path, "ipBlock"), origin) if "ipBlock" in peer else None
    return NetworkPolicyPeer(**selectors, ip_block=block, origin=origin(path))


def _port(port: ReadOnlyBody, path: Path, origin: _Origins) -> NetworkPolicyPort:
    return NetworkPolicyPort(port["protocol"], port.get("port"), port.get("endPort"), origin(path))


def _ip_block(block: ReadOnlyBody, path: Path, origin: _Origins) -> IPBlock:
    excepts = tuple(block.get("except", ()))
    holes = tuple(_network(cidr) for cidr in excepts)
    return IPBlock(block["cidr"], excepts, _network(block["cidr"]), holes, origin(path))


def _network(cidr: str) -> IPNetwork:
    return cast("IPNetwork", names.network(cidr))  # validated before


def _selector(selector: ReadOnlyBody, path: Path, origin: _Origins) -> LabelSelector:
    labels = [
        Requirement(key, "=", (value,), origin((*path, "matchLabels", key)))
        for key, value in selector.get("matchLabels", {}).items()
    ]
    expressions = [
        Requirement(
            expression["key"],
            expression["operator"],
            tuple(expression.get("values", ())),
            origin((*path, "matchExpressions", index)),
        )
        for index, expression in enumerate(selector.get("matchExpressions", ()))
    ]
    return LabelSelector((*labels, *expressions), origin(path))


def _namespace(body: ReadOnlyBody, _: _Origins) -> Namespace:
    return Namespace(body["metadata"]["name"], Labels(body["metadata"].get("labels", {})))


def _pod(body: ReadOnlyBody, _: _Origins) -> Pod:
    metadata, spec, status = body["metadata"], body["spec"], _mapping(body.get("status"))
    return Pod(
        namespace=metadata.get("namespace", ""),
        name=metadata["name"],
        labels=Labels(metadata.get("labels", {})),
        ips=() if status.get("phase") in ENDED else _pod_ips(status),
        containers=tuple(map(_container, _running_containers(spec))),
        node=spec.get("nodeName", ""),
        host_network=spec.get("hostNetwork", False),
        owner=_owner(metadata),
        phase=str(status.get("phase", "Running")),
        ending=bool(metadata.get("deletionTimestamp")),
    )


ENDED = ("Succeeded", "Failed")
"""The phases of a pod that has ended. Its address is free, and mostly another pod's by now."""


def _mapping(value: Any) -> ReadOnlyBody:
    return value if isinstance(value, Mapping) else {}


def _pod_ips(status: ReadOnlyBody) -> tuple[IPAddress, ...]:
    """``podIPs`` holds all addresses of a pod, ``podIP`` the first of them."""
    items = status.get("podIPs")
    texts = [_mapping(item).get("ip") for item in items] if isinstance(items, list) else []
    found = (names.address(text) for text in (texts or [status.get("podIP")]) if isinstance(text, str))
    return tuple(dict.fromkeys(address for address in found if address))


def _running_containers(spec: ReadOnlyBody) -> Iterable[ReadOnlyBody]:
    """The containers, and the init containers that keep running beside them (sidecars)."""
    yield from spec.get("containers", ())
    yield from (init for init in spec.get("initContainers", ()) if init.get("restartPolicy") == "Always")


def _container(container: ReadOnlyBody) -> Container:
    ports = (
        ContainerPort(port["containerPort"], port["protocol"], port.get("name", ""))
        for port in container.get("ports", ())
    )
    return Container(container.get("name", ""), container.get("image", ""), tuple(ports))


def _owner(metadata: ReadOnlyBody) -> str:
    """The workload behind a pod. A ReplicaSet made by a Deployment is named after it and the template's hash."""
    owners = metadata.get("ownerReferences", ())
    owner = next((reference for reference in owners if reference.get("controller")), None) or next(iter(owners), None)
    if owner is None:
        return ""
    kind, name = owner.get("kind", ""), owner.get("name", "")
    ending = "-" + metadata.get("labels", {}).get("pod-template-hash", "")
    if kind == "ReplicaSet" and len(ending) > 1 and name.endswith(ending):
        kind, name = "Deployment", name.removesuffix(ending)
    return f"{kind}/{name}"


def _service(body: ReadOnlyBody, _: _Origins) -> Service:
    spec = body["spec"]
    ports = (
        ServicePort(port["port"], port["targetPort"], port["protocol"], port.get("name", ""), port.get("nodePort"))
        for port in spec.get("ports", ())
    )
    return Service(
        namespace=body["metadata"].get("namespace", ""),
        name=body["metadata"]["name"],
        selector=Labels(spec["selector"]) if spec.get("selector") else None,
        ports=tuple(ports),
        cluster_ip=names.address(spec.get("clusterIP", "None")),
        type=spec["type"],
    )


def _node(body: ReadOnlyBody, _: _Origins) -> Node | None:
    """A node without an address yet is stored as it is: the cluster gives it one."""
    addresses = _mapping(body.get("status")).get("addresses")
    for entry in addresses if isinstance(addresses, list) else ():
        ip = names.address(str(_mapping(entry).get("address", "")))
        if ip and _mapping(entry).get("type") == "InternalIP":
            return Node(body["metadata"]["name"], ip)
    return None


_BY_KIND: dict[str, Callable[[ReadOnlyBody, _Origins], Typed]] = {
    "NetworkPolicy": _network_policy,
    "Namespace": _namespace,
    "Pod": _pod,
    "Service": _service,
    "Node": _node,
}
