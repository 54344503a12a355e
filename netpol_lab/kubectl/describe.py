"""``kubectl describe``: namespaces, Services, nodes and the frame of the others (kubectl ``pkg/describe/describe.go``).

A describer returns lines with tabs; :func:`align` turns them into columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from netpol_lab.kubectl import describe_pods
from netpol_lab.kubectl.ages import rfc1123
from netpol_lab.kubectl.columns import endpoint_list, labels_text, shortened
from netpol_lab.kubectl.derived import endpoints_of
from netpol_lab.kubectl.describe_parts import annotation_lines, header, label_lines
from netpol_lab.kubectl.describe_policy import describe_policy
from netpol_lab.kubectl.file_arguments import files_are_named
from netpol_lab.kubectl.lookup import Found, bodies, chosen, namespace_for, references
from netpol_lab.kubectl.resources import TYPES, ResourceType, metadata, type_of_kind
from netpol_lab.kubectl.serialize import to_yaml
from netpol_lab.kubectl.session import Call
from netpol_lab.kubectl.tabwriter import align
from netpol_lab.model.bodies import ReadOnlyBody


def run(call: Call) -> int:
    """Describe objects, with two empty lines between them."""
    found = _find(call)
    texts = [align("\n".join(_describe(call, kind, body))) for kind, body in found.objects]
    if texts:
        call.print("\n\n\n".join(texts).replace("\r", "\\r"))
    elif not found.failures:
        scoped = namespace_for(call, references(call, call.args)[0].type) if call.args else call.namespace
        call.warn(f"No resources found in {scoped} namespace." if scoped else "No resources found")
    return call.report(found.failures)


def _find(call: Call) -> Found:
    """As ``get``; a name that is not there may be the start of names that are."""
    found = chosen(call, call.args, everything=True)
    if files_are_named(call) or found.objects or len(found.failures) != 1:
        return found
    wanted = references(call, call.args)[0]
    if wanted.name is None:
        return found
    place = namespace_for(call, wanted.type)
    close = [body for body in bodies(call, wanted.type, place) if metadata(body)["name"].startswith(wanted.name)]
    return Found([(wanted.type, body) for body in close]) if close else found


def _describe(call: Call, kind: ResourceType, body: ReadOnlyBody) -> Iterable[str]:
    describer = _DESCRIBERS.get(kind.kind) if kind in TYPES else None
    return describer(call, body) if describer else _other(body)


def _namespace(call: Call, body: ReadOnlyBody) -> Iterable[str]:
    yield f"Name:\t{metadata(body)['name']}"
    yield from label_lines(body)
    yield from annotation_lines(body)
    yield f"Status:\t{(body.get('status') or {}).get('phase', 'Active')}"
    yield from ("", "No resource quota.", "", "No LimitRange resource.")


def _service(call: Call, body: ReadOnlyBody) -> Iterable[str]:
    spec = body.get("spec") or {}
    yield from header(body)
    yield f"Selector:\t{labels_text(spec.get('selector'))}"
    yield f"Type:\t{spec.get('type', 'ClusterIP')}"
    if spec.get("ipFamilyPolicy"):
        yield f"IP Family Policy:\t{spec['ipFamilyPolicy']}"
    if spec.get("ipFamilies"):
        yield f"IP Families:\t{','.join(spec['ipFamilies'])}"
    yield f"IP:\t{spec.get('clusterIP', '')}"
    yield f"IPs:\t{','.join(spec.get('clusterIPs') or ()) or '<none>'}"
    if spec.get("externalName"):
        yield f"External Name:\t{spec['externalName']}"
    yield from _service_ports(call, body, spec)
    yield f"Session Affinity:\t{spec.get('sessionAffinity', 'None')}"
    if spec.get("type") in ("NodePort", "LoadBalancer"):
        yield f"External Traffic Policy:\t{spec.get('externalTrafficPolicy', 'Cluster')}"
    if spec.get("internalTrafficPolicy"):
        yield f"Internal Traffic Policy:\t{spec['internalTrafficPolicy']}"
    yield "Events:\t<none>"


def _service_ports(call: Call, body: ReadOnlyBody, spec: ReadOnlyBody) -> Iterable[str]:
    resource = call.cluster.get("Service", metadata(body).get("namespace", ""), metadata(body)["name"])
    endpoints = endpoints_of(call, resource.typed, body) if resource and resource.typed else {}
    for port in spec.get("ports") or ():
        name, protocol = port.get("name") or "<unset>", port.get("protocol", "TCP")
        yield f"Port:\t{name}\t{port['port']}/{protocol}"
        yield f"TargetPort:\t{port.get('targetPort', port['port'])}/{protocol}"
        if port.get("nodePort"):
            yield f"NodePort:\t{name}\t{port['nodePort']}/{protocol}"
        yield f"Endpoints:\t{_endpoints_of_port(endpoints, port).replace('<none>', '')}"


def _endpoints_of_port(endpoints: ReadOnlyBody, port: ReadOnlyBody) -> str:
    subsets = []
    for subset in endpoints.get("subsets") or ():
        ports = [row for row in subset["ports"] if row.get("name", "") == port.get("name", "")]
        subsets.append({**subset, "ports": ports})
    return shortened(endpoint_list({"subsets": subsets}))


def _node(call: Call, body: ReadOnlyBody) -> Iterable[str]:
    status, spec = body.get("status") or {}, body.get("spec") or {}
    roles = [key.partition("/")[2] for key in metadata(body).get("labels") or {} if key.startswith("node-role.")]
    yield f"Name:\t{metadata(body)['name']}"
    yield f"Roles:\t{','.join(sorted(roles)) or '<none>'}"
    yield from label_lines(body)
    yield from annotation_lines(body)
    yield f"CreationTimestamp:\t{rfc1123(metadata(body).get('creationTimestamp', ''))}"
    yield f"Unschedulable:\t{str(bool(spec.get('unschedulable'))).lower()}"
    yield "Addresses:"
    for row in status.get("addresses") or ():
        yield f"  {row.get('type')}:\t{row.get('address')}"
    for name, title in (("podCIDR", "PodCIDR"), ("podCIDRs", "PodCIDRs")):
        value = spec.get(name)
        if value:
            yield f"{title}:\t{value if isinstance(value, str) else ','.join(value)}"
    pods = [pod for pod in bodies(call, type_of_kind("Pod"), None) if _runs_on(pod, metadata(body)["name"])]
    yield f"Non-terminated Pods:\t({len(pods)} in total)"
    yield from ("  Namespace\tName", "  ---------\t----")
    for pod in pods:
        yield f"  {metadata(pod)['namespace']}\t{metadata(pod)['name']}"
    yield "Events:\t<none>"


def _runs_on(pod: ReadOnlyBody, node: str) -> bool:
    return (pod.get("spec") or {}).get("nodeName") == node


def _endpoints(call: Call, body: ReadOnlyBody) -> Iterable[str]:
    yield from header(body)
    yield "Subsets:"
    for subset in body.get("subsets") or ():
        yield f"  Addresses:\t{','.join(row['ip'] for row in subset['addresses'])}"
        yield "  NotReadyAddresses:\t<none>"
        yield from ("  Ports:", "    Name\tPort\tProtocol", "    ----\t----\t--------")
        for port in subset["ports"]:
            yield f"    {port.get('name') or '<unset>'}\t{port['port']}\t{port['protocol']}"
        yield ""
    yield "Events:\t<none>"


def _slice(body: ReadOnlyBody) -> Iterable[str]:
    yield from header(body)
    yield f"AddressType:\t{body.get('addressType', '')}"
    yield "Ports:" if body.get("ports") else "Ports: <unset>"
    if body.get("ports"):
        yield from ("  Name\tPort\tProtocol", "  ----\t----\t--------")
    for port in body.get("ports") or ():
        yield f"  {port.get('name') or '<unset>'}\t{port.get('port') or '<unset>'}\t{port.get('protocol', 'TCP')}"
    yield "Endpoints:" if body.get("endpoints") else "Endpoints: <none>"
    for row in body.get("endpoints") or ():
        yield f"  - Addresses:\t{', '.join(row.get('addresses') or ()) or '<none>'}"
        ready = (row.get("conditions") or {}).get("ready")
        yield from ("    Conditions:", f"      Ready:\t{'<unset>' if ready is None else str(ready).lower()}")
        yield f"    Hostname:\t{row.get('hostname') or '<unset>'}"
        if row.get("targetRef"):
            yield f"    TargetRef:\t{row['targetRef'].get('kind', '')}/{row['targetRef'].get('name', '')}"
        yield f"    NodeName:\t{row.get('nodeName') or '<unset>'}"
        yield f"    Zone:\t{row.get('zone') or '<unset>'}"
    yield "Events:\t<none>"


def _other(body: ReadOnlyBody) -> Iterable[str]:
    """Kinds that are only stored: the header, then the rest as it was written."""
    yield from header(body)
    yield f"API Version:\t{body.get('apiVersion', '')}"
    yield f"Kind:\t{body.get('kind', '')}"
    rest = {key: value for key, value in body.items() if key not in ("apiVersion", "kind", "metadata", "status")}
    yield from to_yaml(rest).replace("\t", " ").splitlines() if rest else ()
    yield "Events:\t<none>"


def _without_call(
    describe: Callable[[ReadOnlyBody], Sequence[str] | Iterable[str]],
) -> Callable[[Call, ReadOnlyBody], Iterable[str]]:
    return lambda call, body: describe(body)


_DESCRIBERS: Mapping[str, Callable[[Call, ReadOnlyBody], Iterable[Any]]] = {
    "Namespace": _namespace,
    "Service": _service,
    "Node": _node,
    "Endpoints": _endpoints,
    "EndpointSlice": _without_call(_slice),
    "NetworkPolicy": _without_call(describe_policy),
    "Pod": describe_pods.pod,
    "Deployment": describe_pods.deployment,
    "ReplicaSet": describe_pods.replica_set,
    "StatefulSet": describe_pods.workload,
    "DaemonSet": describe_pods.workload,
    "Job": describe_pods.workload,
}
