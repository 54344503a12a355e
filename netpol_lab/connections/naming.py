"""What a person means by a name: a node of a scene, an end of a connection, a Service."""

from __future__ import annotations

from collections.abc import Iterable

from netpol_lab.cluster.snapshot import Snapshot, View
from netpol_lab.connections import Flow, connect, connect_to
from netpol_lab.connections.scene import Scene, SceneNode, build
from netpol_lab.model.errors import LabError
from netpol_lab.model.numbers import whole
from netpol_lab.model.objects import OUTSIDE, Endpoint, Pod, Service, name_of
from netpol_lab.model.ports import FIRST_PORT, LAST_PORT, PROTOCOLS


def asked_port(port: object, protocol: object = "TCP") -> tuple[int | None, str]:
    """A port and a protocol as a student may write them: ``80``, ``"80"``, ``"tcp"``; None stays None.

    Raises :class:`LabError` for what is no port or no protocol.
    """
    name = str(protocol).upper()
    if name not in PROTOCOLS:
        raise LabError(f"{protocol!r} is no protocol. A policy can name {', '.join(PROTOCOLS)}.")
    if port is None:
        return None, name
    number = whole(str(port)) or 0
    if not FIRST_PORT <= number <= LAST_PORT:
        raise LabError(f"{port!r} is no port. Give a number from {FIRST_PORT} to {LAST_PORT}, for example port=80.")
    return number, name


def asked_questions(ask: object) -> list[tuple[str, str, int, str]]:
    """The connections a picture is asked about, as (from, to, port, protocol).

    Raises :class:`LabError` with an example for anything else than a list of them.
    """
    found = []
    for question in () if isinstance(ask, str) else ask:  # type: ignore[attr-defined]
        if not isinstance(question, tuple | list) or len(question) not in (3, 4):
            raise LabError(_ASK)
        port, protocol = asked_port(*question[2:])
        found.append((str(question[0]), str(question[1]), port or 0, protocol))
    if isinstance(ask, str):
        raise LabError(_ASK)
    return found


_ASK = 'Ask with a list of (from, to, port), for example ask=[("client-07", "server-07", 80)].'


def flow(state: Snapshot, source: str, destination: str, port: int | None, protocol: str, namespace: str) -> Flow:
    """The connection a person asks about, made in ``state``.

    ``destination`` is a Service (bare names in the source's namespace, then in ``namespace``), a pod or workload, a
    node, an address, or a DNS name; nodes and the outside reach a Service by its address. Without ``port``: the
    Service's first, else the first the pod listens on, else 80.
    Raises NotFound for names that nothing has, LabError for a missing end and for what is no port or no protocol.
    """
    port, protocol = asked_port(port, protocol)
    if not (source and destination):
        raise LabError('Name both ends of the connection, for example ("client-07", "server-07").')
    origin = state.endpoint(source, namespace)
    home = origin.namespace if isinstance(origin, Pod) else ""
    service = service_named(state, destination, (home, namespace))
    if service is not None:
        name = service.name if service.namespace == home else f"{service.name}.{service.namespace}"
        if not isinstance(origin, Pod) and service.cluster_ip is not None:
            name = str(service.cluster_ip)  # nodes and the outside do not ask the DNS of the cluster
        return connect(state, origin, name, port or service.ports[0].port, protocol)
    alias = _external_name(state, destination, (home, namespace))
    if alias is not None:
        return connect(state, origin, alias, port or 443, protocol)
    try:
        target = state.endpoint(destination, namespace)
    except LabError:
        if "." in destination:  # a DNS name, of the cluster or of the outside
            inside = _service_of(state, destination)
            return connect(state, origin, destination, port or (inside.ports[0].port if inside else 443), protocol)
        raise
    return connect_to(state, origin, target, port or _first_port(state, target, protocol), protocol)


def service_named(state: Snapshot, name: str, namespaces: tuple[str, ...]) -> Service | None:
    """The Service a person means: ``namespace/name``, or a bare name in the first of ``namespaces`` that has it."""
    where, _, short = name.rpartition("/")
    for place in (where,) if where else namespaces:
        found = state.service(place, short)
        if found is not None and found.ports:
            return found
    return None


def _external_name(state: Snapshot, name: str, namespaces: tuple[str, ...]) -> str | None:
    """The DNS name of an ExternalName Service, which has no ports and no address of its own."""
    where, _, short = name.rpartition("/")
    found = (state.service(place, short) for place in ((where,) if where else namespaces))
    return next((f"{each.name}.{each.namespace}" for each in found if each and each.type == "ExternalName"), None)


def _service_of(state: Snapshot, dns_name: str) -> Service | None:
    """The Service that a name of the cluster's DNS is of: ``service.namespace``, with or without its ending."""
    short, _, rest = dns_name.rstrip(".").partition(".")
    namespace, _, ending = rest.partition(".")
    known = ending in ("", "svc", "svc.cluster.local")
    return service_named(state, f"{namespace}/{short}", ()) if known else None


def _first_port(state: Snapshot, endpoint: Endpoint, protocol: str) -> int:
    node = node_holding(build(state, fold=False), endpoint)
    return next((first for name, first, _ in (node.listens if node else ()) if name == protocol), 80)


def node_named(scene: Scene, name: str, namespace: str) -> SceneNode | None:
    """The node a person means: its id, its name in their namespace, its name anywhere, or one of its pods."""
    name = OUTSIDE.name if name.casefold() == OUTSIDE.name.casefold() else name
    by_name = [node for node in scene.nodes if node.name == name]
    wanted = [node for node in scene.nodes if node.id in (name, f"{namespace}/{name}")]
    pods = [
        node
        for node in scene.nodes
        if isinstance(node.endpoint, Pod) and name in (node.endpoint.name, node.endpoint.id, name_of(node.endpoint))
    ]
    return next(iter([*wanted, *by_name, *pods]), None)


def node_meant(view: View, scene: Scene, name: str, namespace: str) -> SceneNode:
    """As :func:`node_named`; raises LabError where nothing in the scene has the name."""
    node = node_named(scene, name, namespace)
    if node is None:
        raise not_shown(view, name, namespace)
    return node


def not_shown(view: View, name: str, namespace: str) -> LabError:
    """Why no node has a name: nothing of that name is there, or what is there takes no part."""
    try:
        view.endpoint(name, namespace)
    except LabError as error:
        return error
    return LabError(f"{name!r} does not take part: pods on the host network and nodes are not shown.")


def around(scene: Scene, target: SceneNode) -> list[str]:
    """The ids of those who could ask a node: the others of its namespace, and the outside."""
    return [node.id for node in scene.nodes if node is not target and node.namespace in (target.namespace, "")]


def node_holding(scene: Scene, endpoint: object) -> SceneNode | None:
    """The node an endpoint is folded into."""
    if not isinstance(endpoint, Pod):
        return next((node for node in scene.nodes if node.endpoint == endpoint), None)
    for node in scene.nodes:
        pod = node.endpoint
        if isinstance(pod, Pod) and (pod.id == endpoint.id or pod.is_replica_of(endpoint)):
            return node
    return None


def blocked_by_policies(scene: Scene, flows: Iterable[Flow]) -> list[tuple[str, str, str, int]]:
    """Of some connections, those a policy stopped: (source, destination, protocol, port), each once, by node id."""
    found: dict[tuple[str, str, str, int], None] = {}
    for flow in flows:
        if flow.verdict is None or flow.verdict.allowed or flow.target_port is None:
            continue
        ends = [node_holding(scene, end) for end in (flow.source, flow.destination)]
        if ends[0] and ends[1]:
            found[(ends[0].id, ends[1].id, flow.protocol, flow.target_port)] = None
    return list(found)
