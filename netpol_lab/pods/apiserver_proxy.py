"""What ``kubectl proxy`` leads to: the API server, and through it the pages of pods and Services.

The API server connects to a pod itself, from its own node. So policies judge that connection like any other from this
node (catalogue rules 26 and 27; users met it in projectcalico/canal issue 127), and the words of a failure are its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from netpol_lab.cluster.snapshot import View
from netpol_lab.connections import Flow, connect
from netpol_lab.model.numbers import whole
from netpol_lab.model.objects import Pod, Service
from netpol_lab.pods import http
from netpol_lab.pods.api_server import HEALTH, failure, public
from netpol_lab.pods.messages import Request, Response

DIAL_SECONDS = 30.0
"""How long the API server tries to reach a pod."""

_PATH = re.compile(
    r"/api/v1/namespaces/(?P<namespace>[^/]+)/(?P<kind>pods|services)/(?P<name>[^/:]+)(:(?P<port>[^/:]*))?/proxy"
    r"(?P<path>/.*)?"
)


def fetch(world: View, request: Request, wait: Callable[[float], None]) -> tuple[Response, Flow | None] | None:
    """The answer to ``kubectl proxy``, and the connection that the API server made for it, if it made one.

    None for a path of the API that is not simulated. ``wait`` lets simulated time pass.
    """
    found = _PATH.fullmatch(request.path)
    if found is None:
        return (public(request.path), None) if request.path in ("/version", *HEALTH) else None
    target = _target(world, found["namespace"], found["kind"], found["name"], found["port"] or "")
    if isinstance(target, Response):
        return target, None
    node = world.control_plane
    assert node is not None, "kubectl answered, so there is an API server"
    flow = connect(world, node, str(target[0].ip), target[1])
    if not flow.connected:
        timed_out = flow.outcome == "timed out"
        wait(DIAL_SECONDS if timed_out else 0)
        why = "i/o timeout" if timed_out else "connect: connection refused"
        message = f"error trying to reach service: dial tcp {target[0].ip}:{target[1]}: {why}"
        return failure(503, "ServiceUnavailable", message), flow
    page = http.answer(world, flow, Request(request.method, found["path"] or "/", request.host))
    return page or failure(503, "ServiceUnavailable", "error trying to reach service: EOF"), flow


def inner_path(path: str) -> str:
    """The path that the pod is asked for."""
    found = _PATH.fullmatch(path)
    return (found and found["path"]) or "/"


def _target(world: View, namespace: str, kind: str, name: str, port: str) -> tuple[Pod, int] | Response:
    """The pod and its port: the one that is named, else port 80 of a pod and the only port of a Service."""
    if kind == "pods":
        pod = world.pod(namespace, name)
        number = whole(port or "80")
        return (pod, number) if pod is not None and number is not None else _not_found(kind, name)
    service = world.service(namespace, name)
    if service is None:
        return _not_found(kind, name)
    wanted = [entry for entry in service.ports if port in (entry.name, str(entry.port))]
    if not port and len(service.ports) == 1:
        wanted = list(service.ports)
    ends = [(pod, target) for pod, entry, target in world.endpoints(service) if wanted and entry == wanted[0]]
    return ends[0] if ends else _no_endpoints(service, port)


def _no_endpoints(service: Service, port: str) -> Response:
    name = f"{service.name}:{port}" if port else service.name
    return failure(503, "ServiceUnavailable", f'no endpoints available for service "{name}"')


def _not_found(kind: str, name: str) -> Response:
    return failure(404, "NotFound", f'{kind} "{name}" not found')
