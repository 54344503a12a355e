"""The columns of ``kubectl get`` for each kind (``kubernetes/pkg/printers/internalversion/printers.go``).

Each kind has its headers, how many of them only ``-o wide`` shows, and a function from object to cells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from netpol_lab.cluster.server import VERSION, is_ready
from netpol_lab.kubectl.ages import age
from netpol_lab.kubectl.resources import TYPES, ResourceType, metadata
from netpol_lab.model.bodies import ReadOnlyBody
from netpol_lab.model.labels import Requirement

NONE = "<none>"


@dataclass(frozen=True)
class Columns:
    """``wide`` is the number of columns at the end that only ``-o wide`` shows."""

    headers: tuple[str, ...]
    wide: int
    cells: Callable[[ReadOnlyBody, datetime], Sequence[str]]

    def shown(self, row: Sequence[str], *, wide: bool) -> tuple[str, ...]:
        """The headers or cells that this format shows."""
        return tuple(row if wide or not self.wide else row[: -self.wide])


def columns_of(kind: ResourceType) -> Columns:
    """The columns of a kind; name and age for those without columns of their own."""
    return _COLUMNS.get(kind.kind, _PLAIN) if kind in TYPES else _PLAIN


def selector_text(selector: ReadOnlyBody | None) -> str:
    """A label selector as kubectl prints it, sorted by key; ``<none>`` when it is empty or missing.

    >>> selector_text({"matchLabels": {"b": "2"}, "matchExpressions": [{"key": "a", "operator": "Exists"}]})
    'a,b=2'
    """
    selector = selector or {}
    requirements = [Requirement(key, "=", (value,)) for key, value in (selector.get("matchLabels") or {}).items()]
    for term in selector.get("matchExpressions") or ():
        requirements.append(Requirement(term["key"], term["operator"], tuple(term.get("values") or ())))
    return ",".join(str(term) for term in sorted(requirements, key=lambda term: term.key)) or NONE


def labels_text(labels: ReadOnlyBody | None) -> str:
    """``k=v,k2=v2`` sorted by key, or ``<none>``."""
    return ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items())) or NONE


def name_of(body: ReadOnlyBody) -> str:
    return str(metadata(body).get("name", ""))


def _age(body: ReadOnlyBody, now: datetime) -> str:
    return age(str(metadata(body).get("creationTimestamp", "")), now)


def _spec(body: ReadOnlyBody) -> ReadOnlyBody:
    return _mapping(body.get("spec"))


def _status(body: ReadOnlyBody) -> ReadOnlyBody:
    return _mapping(body.get("status"))


def pod_status(body: ReadOnlyBody) -> str:
    """The STATUS column: the phase, or the reason why a container waits or has ended."""
    status = _status(body)
    text = status.get("reason") or status.get("phase") or "Unknown"
    for container in reversed(status.get("containerStatuses") or ()):
        state = container.get("state") or {}
        waiting, ended = state.get("waiting") or {}, state.get("terminated") or {}
        if waiting.get("reason"):
            text = waiting["reason"]
        elif ended:
            text = ended.get("reason") or f"ExitCode:{ended.get('exitCode', 0)}"
    return "Terminating" if is_ending(body) else str(text)


def is_ending(body: ReadOnlyBody) -> bool:
    """Whether a pod was deleted and still runs."""
    return bool(metadata(body).get("deletionTimestamp")) and _status(body).get("phase") not in ("Succeeded", "Failed")


def _pod(body: ReadOnlyBody, now: datetime) -> Sequence[str]:
    spec, status = _spec(body), _status(body)
    states = status.get("containerStatuses") or ()
    ready = sum(bool(state.get("ready")) for state in states)
    return (
        name_of(body),
        f"{ready}/{len(spec.get('containers') or ())}",
        pod_status(body),
        _restarts(states, now),
        _age(body, now),
        status.get("podIP") or NONE,
        spec.get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        NONE,
    )


def _restarts(states: Sequence[ReadOnlyBody], now: datetime) -> str:
    count = sum(int(state.get("restartCount") or 0) for state in states)
    ends = [((state.get("lastState") or {}).get("terminated") or {}).get("finishedAt") for state in states]
    last = max(map(str, filter(None, ends)), default="")
    return f"{count} ({age(last, now)} ago)" if count and last else str(count)


def port_list(spec: ReadOnlyBody) -> str:
    """A Service's ports as ``80/TCP,443:31931/TCP``."""
    ports = []
    for port in spec.get("ports") or ():
        node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
        ports.append(f"{port.get('port')}{node_port}/{port.get('protocol', 'TCP')}")
    return ",".join(ports) or NONE


def _external_ip(spec: ReadOnlyBody, status: ReadOnlyBody) -> str:
    kind = spec.get("type", "ClusterIP")
    if kind == "ExternalName":
        return str(spec.get("externalName") or NONE)
    given = list(spec.get("externalIPs") or ())
    if kind == "LoadBalancer":
        ingress = (status.get("loadBalancer") or {}).get("ingress") or ()
        given = [item.get("ip") or item.get("hostname", "") for item in ingress] + given
        return ",".join(given) or "<pending>"
    return ",".join(given) or NONE


def _service(body: ReadOnlyBody, now: datetime) -> Sequence[str]:
    spec = _spec(body)
    return (
        name_of(body),
        spec.get("type", "ClusterIP"),
        spec.get("clusterIP") or NONE,
        _external_ip(spec, _status(body)),
        port_list(spec),
        _age(body, now),
        labels_text(spec.get("selector")),
    )


def containers_and_images(template: ReadOnlyBody) -> tuple[str, str]:
    containers = _spec(template).get("containers") or ()
    names = ",".join(str(container.get("name", "")) for container in containers)
    return names or NONE, ",".join(str(container.get("image", "")) for container in containers) or NONE


def _count(mapping: ReadOnlyBody, key: str, default: int = 0) -> str:
    return str(mapping.get(key, default))


def _deployment(body: ReadOnlyBody, now: datetime) -> Sequence[str]:
    spec, status = _spec(body), _status(body)
    return (
        name_of(body),
        f"{_count(status, 'readyReplicas')}/{_count(spec, 'replicas', 1)}",
        _count(status, "updatedReplicas"),
        _count(status, "availableReplicas"),
        _age(body, now),
        *containers_and_images(spec.get("template") or {}),
        selector_text(spec.get("selector")),
    )


def _replica_set(body: ReadOnlyBody, now: datetime) -> Sequence[str]:
    spec, status = _spec(body), _status(body)
    return (
        name_of(body),
        _count(spec, "replicas", 1),
        _count(status, "replicas"),
        _count(status, "readyReplicas"),
        _age(body, now),
        *containers_and_images(spec.get("template") or {}),
        selector_text(spec.get("selector")),
    )


def _stateful_set(body: ReadOnlyBody, now: datetime) -> Sequence[str]:
    spec = _spec(body)
    ready = f"{_count(_status(body), 'readyReplicas')}/{_count(spec, 'replicas', 1)}"
    return (name_of(body), ready, _age(body, now), *containers_and_images(spec.get("template") or {}))


def _daemon_set(body: ReadOnlyBody, now: datetime) -> Sequence[str]:
    spec, status = _spec(body), _status(body)
    template = spec.get("template") or {}
    counts = (
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "numberReady",
        "updatedNumberScheduled",
        "numberAvailable",
    )
    return (
        name_of(body),
        *(_count(status, name) for name in counts),
        labels_text(_spec(template).get("nodeSelector")),
        _age(body, now),
        *containers_and_images(template),
        selector_text(spec.get("selector")),
    )


def _job(body: ReadOnlyBody, now: datetime) -> Sequence[str]:
    spec, status = _spec(body), _status(body)
    done = int(status.get("succeeded") or 0)
    wanted = spec.get("completions") or 1
    return (
        name_of(body),
        "Complete" if done >= wanted else "Running",
        f"{done}/{wanted}",
        _age(body, now),
        _age(body, now),
        *containers_and_images(spec.get("template") or {}),
        selector_text(spec.get("selector")),
    )


def _cron_job(body: ReadOnlyBody, now: datetime) -> Sequence[str]:
    spec, status = _spec(body), _status(body)
    active = status.get("active") or 0
    template = _spec(spec.get("jobTemplate") or {}).get("template") or {}
    last = age(status["lastScheduleTime"], now) if status.get("lastScheduleTime") else NONE
    return (
        name_of(body),
        str(spec.get("schedule", "")),
        spec.get("timeZone") or NONE,
        "True" if spec.get("suspend") else "False",
        str(active if isinstance(active, int) else len(active)),
        last,
        _age(body, now),
        *containers_and_images(template),
        NONE,
    )


def _namespace(body: ReadOnlyBody, now: datetime) -> Sequence[str]:
    return (name_of(body), _status(body).get("phase", "Active"), _age(body, now))


def _policy(body: ReadOnlyBody, now: datetime) -> Sequence[str]:
    return (name_of(body), selector_text(_spec(body).get("podSelector")), _age(body, now))


_ROLE = "node-role.kubernetes.io/"


def _node(body: ReadOnlyBody, now: datetime) -> Sequence[str]:
    status = _status(body)
    info = status.get("nodeInfo") or {}
    labels = metadata(body).get("labels") or {}
    roles = sorted(key.removeprefix(_ROLE) for key in labels if key.startswith(_ROLE))
    addresses = {row.get("type"): row.get("address") for row in status.get("addresses") or ()}
    ready = is_ready(body)
    return (
        name_of(body),
        ("Ready" if ready else "NotReady") + (",SchedulingDisabled" if _spec(body).get("unschedulable") else ""),
        ",".join(roles) or NONE,
        _age(body, now),
        info.get("kubeletVersion") or VERSION,
        addresses.get("InternalIP") or NONE,
        addresses.get("ExternalIP") or NONE,
        info.get("osImage") or "<unknown>",
        info.get("kernelVersion") or "<unknown>",
        info.get("containerRuntimeVersion") or "<unknown>",
    )


def endpoint_list(body: ReadOnlyBody) -> list[str]:
    """All ``address:port`` of an Endpoints object."""
    found = []
    for subset in body.get("subsets") or ():
        for port in subset.get("ports") or ():
            found += [f"{_bracketed(row.get('ip', ''))}:{port.get('port')}" for row in subset.get("addresses") or ()]
    return found


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def shortened(items: Sequence[str]) -> str:
    """kubectl shows three endpoints and counts the others."""
    more = f" + {len(items) - 3} more..." if len(items) > 3 else ""
    return (",".join(items[:3]) or NONE) + more


def _mapping(value: object) -> ReadOnlyBody:
    """Kinds that are only stored come as they were written: what is no mapping is taken for an empty one."""
    return value if isinstance(value, Mapping) else {}


def _endpoints(body: ReadOnlyBody, now: datetime) -> Sequence[str]:
    return (name_of(body), shortened(endpoint_list(body)), _age(body, now))


def _slice(body: ReadOnlyBody, now: datetime) -> Sequence[str]:
    ports = [str(_mapping(port).get("port") or "<unset>") for port in body.get("ports") or ()]
    ends = [address for end in body.get("endpoints") or () for address in _mapping(end).get("addresses") or ()]
    shown = shortened(ends) if ends else "<unset>"
    return (name_of(body), str(body.get("addressType", "")), ",".join(ports) or "<unset>", shown, _age(body, now))


def _event(body: ReadOnlyBody, now: datetime) -> Sequence[str]:
    about = _mapping(body.get("involvedObject"))
    seen = age(str(body.get("lastTimestamp") or ""), now)
    which = f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}"
    return (seen, *(str(body.get(key, "")) for key in ("type", "reason")), which, str(body.get("message", "")))


def _ingress(body: ReadOnlyBody, now: datetime) -> Sequence[str]:
    spec = _spec(body)
    rules = spec.get("rules")
    hosts = [_mapping(rule).get("host") for rule in (rules if isinstance(rules, list) else ())]
    ports = "80, 443" if spec.get("tls") else "80"
    shown = ",".join(str(host) for host in hosts if host) or "*"
    return (name_of(body), str(spec.get("ingressClassName") or NONE), shown, "", ports, _age(body, now))


def _config_map(body: ReadOnlyBody, now: datetime) -> Sequence[str]:
    count = len(_mapping(body.get("data"))) + len(_mapping(body.get("binaryData")))
    return (name_of(body), str(count), _age(body, now))


def _secret(body: ReadOnlyBody, now: datetime) -> Sequence[str]:
    data = {**_mapping(body.get("data")), **_mapping(body.get("stringData"))}
    return (name_of(body), str(body.get("type", "Opaque")), str(len(data)), _age(body, now))


def _plain(body: ReadOnlyBody, now: datetime) -> Sequence[str]:
    return (name_of(body), _age(body, now))


_PLAIN = Columns(("NAME", "AGE"), 0, _plain)


def _columns(headers: str, wide: str, cells: Callable[[ReadOnlyBody, datetime], Sequence[str]]) -> Columns:
    """Headers are separated by commas, since some hold spaces."""
    narrow, extra = headers.split(","), wide.split(",") if wide else []
    return Columns((*narrow, *extra), len(extra), cells)


_MADE_OF = "CONTAINERS,IMAGES,SELECTOR"
_COLUMNS: Mapping[str, Columns] = {
    "Pod": _columns("NAME,READY,STATUS,RESTARTS,AGE", "IP,NODE,NOMINATED NODE,READINESS GATES", _pod),
    "Service": _columns("NAME,TYPE,CLUSTER-IP,EXTERNAL-IP,PORT(S),AGE", "SELECTOR", _service),
    "Deployment": _columns("NAME,READY,UP-TO-DATE,AVAILABLE,AGE", _MADE_OF, _deployment),
    "ReplicaSet": _columns("NAME,DESIRED,CURRENT,READY,AGE", _MADE_OF, _replica_set),
    "StatefulSet": _columns("NAME,READY,AGE", "CONTAINERS,IMAGES", _stateful_set),
    "DaemonSet": _columns("NAME,DESIRED,CURRENT,READY,UP-TO-DATE,AVAILABLE,NODE SELECTOR,AGE", _MADE_OF, _daemon_set),
    "Job": _columns("NAME,STATUS,COMPLETIONS,DURATION,AGE", _MADE_OF, _job),
    "CronJob": _columns("NAME,SCHEDULE,TIMEZONE,SUSPEND,ACTIVE,LAST SCHEDULE,AGE", _MADE_OF, _cron_job),
    "Namespace": _columns("NAME,STATUS,AGE", "", _namespace),
    "NetworkPolicy": _columns("NAME,POD-SELECTOR,AGE", "", _policy),
    "Node": _columns(
        "NAME,STATUS,ROLES,AGE,VERSION", "INTERNAL-IP,EXTERNAL-IP,OS-IMAGE,KERNEL-VERSION,CONTAINER-RUNTIME", _node
    ),
    "Endpoints": _columns("NAME,ENDPOINTS,AGE", "", _endpoints),
    "EndpointSlice": _columns("NAME,ADDRESSTYPE,PORTS,ENDPOINTS,AGE", "", _slice),
    "Event": _columns("LAST SEEN,TYPE,REASON,OBJECT,MESSAGE", "", _event),
    "Ingress": _columns("NAME,CLASS,HOSTS,ADDRESS,PORTS,AGE", "", _ingress),
    "ConfigMap": _columns("NAME,DATA,AGE", "", _config_map),
    "Secret": _columns("NAME,TYPE,DATA,AGE", "", _secret),
}
