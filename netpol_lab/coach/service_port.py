"""The smallest change of a Service that sends its packets to a port on which nothing listens."""

from __future__ import annotations

import copy
import json

from netpol_lab.cluster.listening import listeners
from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.coach.change import Change
from netpol_lab.connections import Flow, connect
from netpol_lab.manifests import from_object
from netpol_lab.model.objects import Service
from netpol_lab.tell.saying import line


def service_repair(state: Snapshot, flow: Flow) -> Change | None:
    """A targetPort with which a refused connection works, proved by making it; None where that is not the fault.

    It is certain only where the pods behind the Service all listen on one and the same port.
    """
    service = flow.service
    if service is None or flow.outcome != "refused":
        return None
    entries = [(each.port, each.protocol) for each in service.ports]
    opened = [
        {each.port.port for each in listeners(state, pod) if each.port.protocol == flow.protocol}
        for pod in state.pods_of(service)
    ]
    shared = set.intersection(*opened) if opened else set()
    if (flow.port, flow.protocol) not in entries or len(shared) != 1:
        return None
    return _with_target(state, flow, service, entries.index((flow.port, flow.protocol)), shared.pop())


def _with_target(state: Snapshot, flow: Flow, service: Service, place: int, port: int) -> Change | None:
    body = copy.deepcopy(dict(state.objects["Service", service.namespace, service.name].body))
    body["spec"]["ports"][place]["targetPort"] = port
    changed = from_object(body, strict=False)
    if not connect(state.with_objects([changed]), flow.source, flow.host, flow.port, flow.protocol).connected:
        return None
    patch = json.dumps([{"op": "add", "path": f"/spec/ports/{place}/targetPort", "value": port}], separators=(",", ":"))
    command = f"kubectl patch service {service.name} -n {service.namespace} --type=json -p '{patch}'"
    return Change(command, line("remedy.admits.target port", port=port), (changed,))
