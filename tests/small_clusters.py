"""Short ways to write a few pods and policies in a test of the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from netpol_lab.engine.compiled import Engine
from netpol_lab.engine.profiles import UPSTREAM, Profile
from netpol_lab.manifests import from_object
from netpol_lab.model.labels import METADATA_NAME, Labels
from netpol_lab.model.objects import Container, ContainerPort, Endpoint, Namespace, NetworkPolicy, Pod, Resource

Body = dict[str, Any]


def pod(
    id: str,
    labels: Mapping[str, str] | None = None,
    ports: Sequence[tuple[str, int, str]] = (),
    ips: Sequence[str] = (),
    node: str = "",
    host_network: bool = False,
) -> Pod:
    """A pod ``namespace/name``; ``ports`` are (name, number, protocol)."""
    namespace, name = id.split("/")
    container = Container("main", "image", tuple(ContainerPort(n, protocol, text) for text, n, protocol in ports))
    addresses = tuple(map(ip_address, ips))
    return Pod(namespace, name, Labels(labels or {}), addresses, (container,), node, host_network)


def policy_resource(id: str, *, strict: bool = True, **spec: Any) -> Resource:
    """A policy as a manifest; not ``strict``: one that an older API server took and one of today refuses."""
    namespace, name = id.split("/")
    metadata = {"name": name, "namespace": namespace}
    return from_object(
        {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec},
        strict=strict,
    )


def policy(id: str, *, strict: bool = True, **spec: Any) -> NetworkPolicy:
    """A policy ``namespace/name`` whose ``spec`` is written as in a manifest, defaults left to the API server."""
    typed = policy_resource(id, strict=strict, **spec).typed
    assert isinstance(typed, NetworkPolicy)
    return typed


def engine(
    pods: Sequence[Pod],
    policies: Sequence[NetworkPolicy],
    namespaces: Mapping[str, Mapping[str, str]] | None = None,
    profile: Profile = UPSTREAM,
) -> Engine:
    """An engine; every namespace has the API server's own label and those of ``namespaces``."""
    names = {pod.namespace for pod in pods} | set(namespaces or {})
    made = {name: Namespace(name, Labels({METADATA_NAME: name, **(namespaces or {}).get(name, {})})) for name in names}
    return Engine(pods, made, policies, profile)


def ports(built: Engine, source: Endpoint, destination: Endpoint) -> str:
    """The ports on which a connection is admitted, as text."""
    return str(built.connection(source, destination))


def admits(built: Engine, source: Endpoint, destination: Endpoint, port: int = 80, protocol: str = "TCP") -> bool:
    return (protocol, port) in built.connection(source, destination)
