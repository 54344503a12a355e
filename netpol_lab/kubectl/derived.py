"""Objects that controllers keep and this cluster does not store: Endpoints, EndpointSlices, Events.

They follow from the Services and pods that are there, so they are made when somebody looks at them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from netpol_lab.cluster.server import suffix
from netpol_lab.kubectl.resources import metadata
from netpol_lab.kubectl.session import Call
from netpol_lab.model.bodies import ReadOnlyBody
from netpol_lab.model.networks import API_SERVER_PORT

_EVENTS_LAST = timedelta(hours=1)
"""The API server forgets events after an hour (``--event-ttl``)."""

PortOfSubset = tuple[str, int, str]


def derived(call: Call, kind: str, namespace: str | None) -> list[ReadOnlyBody]:
    """All objects of such a kind, by namespace and name."""
    return sorted(
        _MAKERS[kind](call, namespace), key=lambda body: (metadata(body)["namespace"], metadata(body)["name"])
    )


def endpoints_of(call: Call, service: Any, body: ReadOnlyBody) -> ReadOnlyBody:
    """The Endpoints object of one Service: a subset for each set of ports."""
    subsets: dict[tuple[PortOfSubset, ...], list[ReadOnlyBody]] = {}
    by_pod: dict[Any, list[PortOfSubset]] = {}
    for pod, port, target in call.cluster.endpoints(service):
        by_pod.setdefault(pod, []).append((port.name, target, port.protocol))
    for pod, ports in by_pod.items():
        about = {"kind": "Pod", "name": pod.name, "namespace": pod.namespace}
        address = {"ip": str(pod.ip), "nodeName": pod.node, "targetRef": about}
        subsets.setdefault(tuple(ports), []).append(address)
    if service.id == "default/kubernetes" and not subsets and (node := call.cluster.control_plane):
        # the API server writes this one itself: its own address, on the control plane's node
        subsets[(("https", API_SERVER_PORT, "TCP"),)] = [{"ip": str(node.ip)}]
    kept = ("name", "namespace", "labels", "creationTimestamp")
    return {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {key: metadata(body)[key] for key in kept if key in metadata(body)},
        "subsets": [
            {"addresses": addresses, "ports": [_port(port) for port in ports]} for ports, addresses in subsets.items()
        ],
    }


def _port(port: PortOfSubset) -> ReadOnlyBody:
    name, number, protocol = port
    return {**({"name": name} if name else {}), "port": number, "protocol": protocol}


def _endpoints(call: Call, namespace: str | None) -> Iterable[ReadOnlyBody]:
    """Those the cluster keeps for its Services; of a Service that selects nothing, those that somebody wrote."""
    written = {resource.key[1:]: resource.body for resource in call.cluster.list("Endpoints", namespace)}
    for resource in call.cluster.list("Service", namespace):
        own = written.pop(resource.key[1:], None)
        selects = (resource.body.get("spec") or {}).get("selector") or resource.name == "kubernetes"
        if selects and resource.typed:
            yield endpoints_of(call, resource.typed, resource.body)
        elif own is not None:
            yield own
    yield from written.values()


def _slices(call: Call, namespace: str | None) -> Iterable[ReadOnlyBody]:
    """One slice for each set of ports of a Service; the API server's own has the name of its Service."""
    yield from (resource.body for resource in call.cluster.list("EndpointSlice", namespace))
    for endpoints in _endpoints(call, namespace):
        about = metadata(endpoints)
        for number, subset in enumerate(endpoints.get("subsets") or ({},)):
            made_up = f"-{suffix(5, 'slice', about['namespace'], about['name'], number)}"
            own = (about["namespace"], about["name"]) == ("default", "kubernetes")
            labels = {"kubernetes.io/service-name": about["name"]}
            if not own:
                labels["endpointslice.kubernetes.io/managed-by"] = "endpointslice-controller.k8s.io"
            addresses = subset.get("addresses") or ()
            yield {
                "addressType": "IPv6" if any(":" in row["ip"] for row in addresses) else "IPv4",
                "apiVersion": "discovery.k8s.io/v1",
                "endpoints": [_end(row) for row in addresses],
                "kind": "EndpointSlice",
                "metadata": {**about, "labels": labels, "name": about["name"] + ("" if own else made_up)},
                "ports": [{"name": "", **port} for port in subset.get("ports") or ()],
            }


def _end(row: Mapping[str, Any]) -> ReadOnlyBody:
    kept = {key: row[key] for key in ("nodeName", "targetRef") if key in row}
    return {"addresses": [row["ip"]], "conditions": {"ready": True, "serving": True, "terminating": False}, **kept}


def _events(call: Call, namespace: str | None) -> Iterable[ReadOnlyBody]:
    """What scheduler and kubelet report of pods of the last hour. Other events are not simulated."""
    for resource in call.cluster.list("Pod", namespace):
        made = str(metadata(resource.body).get("creationTimestamp", ""))
        spec = resource.body.get("spec") or {}
        if not made or call.cluster.now - datetime.fromisoformat(made) > _EVENTS_LAST:
            continue
        name = f"{resource.namespace}/{resource.name}"
        said = [("Scheduled", f"Successfully assigned {name} to {spec.get('nodeName', '')}", "default-scheduler")]
        for container in spec.get("containers") or ():
            image = f'Container image "{container.get("image", "")}" already present on machine'
            said += [("Pulled", f"{image} and can be accessed by the pod", "kubelet")]
            said += [("Created", "Container created", "kubelet"), ("Started", "Container started", "kubelet")]
        for number, (reason, message, source) in enumerate(said):
            yield {
                "apiVersion": "v1",
                "count": 1,
                "firstTimestamp": made,
                "involvedObject": {
                    "apiVersion": "v1",
                    "kind": "Pod",
                    "name": resource.name,
                    "namespace": resource.namespace,
                },
                "kind": "Event",
                "lastTimestamp": made,
                "message": message,
                "metadata": {
                    "creationTimestamp": made,
                    "name": f"{resource.name}.{number:x}{suffix(12, name, reason)}",
                    "namespace": resource.namespace,
                },
                "reason": reason,
                "source": {"component": source},
                "type": "Normal",
            }


_MAKERS: Mapping[str, Callable[[Call, str | None], Iterable[ReadOnlyBody]]] = {
    "Endpoints": _endpoints,
    "EndpointSlice": _slices,
    "Event": _events,
}
DERIVED = tuple(_MAKERS)
