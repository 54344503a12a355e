"""``kubectl port-forward``: a port of your own machine that leads into a pod, around all policies.

On a real cluster the API server passes the bytes to the kubelet of the pod's node, and the container runtime there
dials inside the pod's own network namespace. No policy stands in that way (catalogue rule 26).

The real command stays in the foreground until you stop it. Here it returns at once, and the forward stays open.
"""

from __future__ import annotations

import re

from netpol_lab.kubectl.failure import Failure, usage
from netpol_lab.kubectl.lookup import Reference, first_pod, get, not_found, references
from netpol_lab.kubectl.resources import type_of_kind
from netpol_lab.kubectl.session import Call
from netpol_lab.model.numbers import whole
from netpol_lab.model.objects import Pod, Service

_POD = type_of_kind("Pod")
_FIRST_FREE = 40001
"""The first port taken where the local one is left to kubectl (``:80``); a real kubectl takes any free one."""

_NOTE = (
    "note: a real port-forward runs until you stop it with Ctrl-C; this simulated one stays open in the background as "
    "long as the pod runs"
)


def run(call: Call) -> int:
    """Open each ``[LOCAL:]REMOTE`` and say so. Raises :class:`Failure` for a pod or port that is not there."""
    if len(call.args) < 2:
        raise usage("TYPE/NAME and list of ports are required for port-forward", "port-forward")
    target, *specs = call.args
    pod, service = _target(call, target)
    opened = [_ports(call, spec, pod, service) for spec in specs]
    for local, remote in opened:
        call.session.forwards[local] = (pod, remote)
        call.print(f"Forwarding from 127.0.0.1:{local} -> {remote}")
        call.print(f"Forwarding from [::1]:{local} -> {remote}")
    call.warn(_NOTE)
    return 0


def _target(call: Call, word: str) -> tuple[Pod, Service | None]:
    """The pod that ``POD`` or ``TYPE/NAME`` leads to, and the Service where one was named."""
    name = first_pod(call, word)
    body = get(call, _POD, call.namespace, name)
    pod = call.cluster.pod(call.namespace, name)
    if body is None or pod is None:
        raise not_found(call, _POD, name)
    if pod.phase != "Running":
        raise Failure(f"unable to forward port because pod is not running. Current status={pod.phase}")
    reference: Reference | None = references(call, [word])[0] if "/" in word else None
    if reference is None or reference.type.kind != "Service":
        return pod, None
    return pod, call.cluster.service(call.namespace, str(reference.name))


def _ports(call: Call, spec: str, pod: Pod, service: Service | None) -> tuple[int, int]:
    """``8080:80``, ``80`` and ``:80`` as local and pod port."""
    local, colon, remote = spec.rpartition(":")
    target = _remote(remote, pod, service)
    if not colon:
        return target if whole(remote) is None else _number(remote, spec), target
    return _number(local, spec) if local else _free(call), target


def _remote(word: str, pod: Pod, service: Service | None) -> int:
    """The pod's port. A Service's port is translated, as kubectl does; a name is looked up."""
    if service is None:
        return _named(pod, word) or _number(word, word)
    entry = next((p for p in service.ports if word in (str(p.port), p.name)), None)
    if entry is None:
        raise Failure(f"Service {service.name} does not have a service port {word}")
    wanted = entry.target_port
    port = wanted if isinstance(wanted, int) else _named(pod, wanted)
    if not port:
        raise Failure(f"Pod '{pod.name}' does not have a named port '{wanted}'")
    return port


def _named(pod: Pod, name: str) -> int:
    """The port of a name, whatever its protocol; 0 when there is none."""
    return next((port.port for port in pod.ports if port.name == name), 0)


def _number(word: str, spec: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", word) or not 1 <= int(word) <= 65535:
        raise Failure(f'error parsing {"remote" if word == spec.rpartition(":")[2] else "local"} port "{word}"')
    return int(word)


def _free(call: Call) -> int:
    taken = call.session.forwards
    return next(port for port in range(_FIRST_FREE, 65536) if port not in taken)
