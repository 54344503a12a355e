"""What the API server refuses in metadata, pods, Services and workloads, as far as the simulator uses them.

Source: ``apimachinery/pkg/api/validation``, ``pkg/apis/{core,apps,batch}/validation`` of Kubernetes 1.36.
Parts that are stored without being looked into (volumes, probes, affinity) are not judged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from netpol_lab.manifests import name_rules as names
from netpol_lab.manifests.kinds import in_namespace
from netpol_lab.manifests.line_map import Path
from netpol_lab.manifests.name_rules import NameRule, quoted
from netpol_lab.manifests.problem import Report
from netpol_lab.manifests.validation import (
    as_json,
    bad,
    close_word,
    label_selector,
    labels,
    network_policy,
    protocol,
    unsupported,
)
from netpol_lab.model.bodies import ReadOnlyBody
from netpol_lab.model.labels import LabelSelector, Requirement

REQUIRED = "Required value"
NOT_AN_ADDRESS = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
SELECTOR_MISMATCH = "`selector` does not match template `labels`"
EMPTY_SELECTOR = "Invalid value: {{}}: empty selector is invalid for {}"
NOT_A_FINALIZER = "name is neither a standard finalizer name nor is it fully qualified"

TWICE_A_PORT = (
    'Duplicate value: {{"Name":"","Protocol":"{protocol}",'
    '"AppProtocol":null,"Port":{port},"TargetPort":0,"NodePort":0}}'
)

HINT_SELECTOR = "spec.selector.matchLabels and spec.template.metadata.labels must say the same"
HINT_LOWER_CASE = "write it in lower case: {}"
HINT_PORT_NAMES = "with more than one port, each needs a name"


def validate(body: ReadOnlyBody, report: Report, *, ours: bool = True) -> None:
    """Everything wrong with a decoded, defaulted body goes into ``report``; of foreign kinds only the metadata."""
    kind = body["kind"]
    _metadata(body["metadata"], kind, report)
    check = _BY_KIND.get(kind)
    if check and ours:
        check(body, report)


_NAME_RULES: dict[str, NameRule] = {"Namespace": names.dns_label, "Service": names.dns_label}


def _metadata(metadata: ReadOnlyBody, kind: str, report: Report) -> None:
    rule = _NAME_RULES.get(kind, names.dns_subdomain)
    # Kinds of other groups have rules of their own (a ClusterRole may be called system:node).
    name = metadata.get("name", "")
    for message in rule(name) if name and kind in _BY_KIND else ():
        report.invalid(("metadata", "name"), bad(name, message), hint=_lower_case(name, rule))
    namespace = metadata.get("namespace", "")
    if namespace and in_namespace(kind):
        for message in names.dns_label(namespace):
            report.invalid(
                ("metadata", "namespace"), bad(namespace, message), hint=_lower_case(namespace, names.dns_label)
            )
    labels(metadata.get("labels", {}), ("metadata", "labels"), report)
    for key in metadata.get("annotations", {}):
        for message in names.qualified_name(key.lower()):
            report.invalid(("metadata", "annotations"), bad(key, message), at=("metadata", "annotations", key))
    for index, owner in enumerate(metadata.get("ownerReferences", ())):
        _owner(owner, index, report)
    for index, finalizer in enumerate(metadata.get("finalizers", ())):
        _finalizer(finalizer, ("metadata", "finalizers", index), report)


def _owner(owner: ReadOnlyBody, index: int, report: Report) -> None:
    """The server names the list, we show the line of the item."""
    for field in ("apiVersion", "kind", "name", "uid"):
        value, words = owner.get(field, ""), "must not be empty"
        if field == "apiVersion":
            value, words = value.rpartition("/")[2], f"version {words}"
        if not value:
            at = ("metadata", "ownerReferences", index, field)
            report.invalid(("metadata", "ownerReferences", field), bad(owner.get(field, ""), words), at=at)


def _finalizer(name: str, path: Path, report: Report) -> None:
    messages = names.qualified_name(name)
    if not messages and "/" not in name and name not in ("kubernetes", "orphan", "foregroundDeletion"):
        messages = (NOT_A_FINALIZER,)
    for message in messages:
        report.invalid(path, bad(name, message))


def _lower_case(name: str, rule: NameRule) -> str:
    right = name.lower().replace("_", "-").replace(" ", "-")
    return HINT_LOWER_CASE.format(right) if right != name and not rule(right) else ""


def _policy(body: ReadOnlyBody, report: Report) -> None:
    network_policy(body["spec"], report)


def _pod(body: ReadOnlyBody, report: Report) -> None:
    _pod_spec(body["spec"], ("spec",), report)


def _pod_spec(spec: ReadOnlyBody, path: Path, report: Report) -> None:
    seen: set[str] = set()
    if not spec.get("containers"):
        report.invalid((*path, "containers"), REQUIRED)
    for group in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(group, ())):
            _container(container, (*path, group, index), report, seen)
    for field, words in _WORDS.items():
        _one_of(spec, field, words, path, report)


_WORDS = {
    "restartPolicy": ("Always", "OnFailure", "Never"),
    "dnsPolicy": ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"),
}
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")


def _one_of(body: ReadOnlyBody, field: str, words: Sequence[str], path: Path, report: Report) -> None:
    """A field that takes one of a few words, where it is there."""
    if field in body and body[field] not in words:
        report.invalid((*path, field), unsupported(body[field], words), hint=close_word(body[field], words))


def _container(container: ReadOnlyBody, path: Path, report: Report, seen: set[str]) -> None:
    name = container.get("name", "")
    if not name:
        report.invalid((*path, "name"), REQUIRED)
    elif name in seen:
        report.invalid((*path, "name"), f"Duplicate value: {quoted(name)}")
    for message in names.dns_label(name) if name else ():
        report.invalid((*path, "name"), bad(name, message), hint=_lower_case(name, names.dns_label))
    seen.add(name)
    if not container.get("image"):
        report.invalid((*path, "image"), REQUIRED)
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if probe in container:
            _probe(container[probe], (*path, probe), report)
    _one_of(container, "imagePullPolicy", _PULL_POLICIES, path, report)
    port_names: set[str] = set()
    for index, port in enumerate(container.get("ports", ())):
        _container_port(port, (*path, "ports", index), report, port_names)


_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")


def _probe(probe: ReadOnlyBody, path: Path, report: Report) -> None:
    handlers = [name for name in _HANDLERS if name in probe]
    if not handlers:
        report.invalid(path, f"{REQUIRED}: must specify a handler type")
    for extra in handlers[1:]:
        report.invalid((*path, extra), "Forbidden: may not specify more than 1 handler type")
    for name in handlers[:1]:
        handler, field = probe[name], "command" if name == "exec" else "port"
        if name != "exec":
            _port_or_name(handler.get("port", 0), (*path, name, field), report)
        elif not handler.get("command"):
            report.invalid((*path, name, field), REQUIRED)


def _port_or_name(port: int | str, path: Path, report: Report) -> None:
    for message in names.port_number(port) if isinstance(port, int) else names.port_name(port):
        report.invalid(path, bad(port, message))


def _container_port(port: ReadOnlyBody, path: Path, report: Report, seen: set[str]) -> None:
    name = port.get("name", "")
    messages = names.port_name(name) if name else ()
    for message in messages:
        report.invalid((*path, "name"), bad(name, message))
    if name and not messages:
        if name in seen:
            report.invalid((*path, "name"), f"Duplicate value: {quoted(name)}")
        seen.add(name)
    number = port.get("containerPort", 0)
    if not number:
        report.invalid((*path, "containerPort"), REQUIRED)
    for message in names.port_number(number) if number else ():
        report.invalid((*path, "containerPort"), bad(number, message))
    for message in names.port_number(port.get("hostPort", 0)) if port.get("hostPort") else ():
        report.invalid((*path, "hostPort"), bad(port["hostPort"], message))
    protocol(port.get("protocol", "TCP"), (*path, "protocol"), report)


_SERVICE_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")


def _service(body: ReadOnlyBody, report: Report) -> None:
    spec = body["spec"]
    kind, ports = spec["type"], spec.get("ports", ())
    if kind not in _SERVICE_TYPES:
        hint = close_word(kind, _SERVICE_TYPES)
        report.invalid(("spec", "type"), unsupported(kind, _SERVICE_TYPES), hint=hint)
    if not ports and kind != "ExternalName" and spec.get("clusterIP") != "None":
        report.invalid(("spec", "ports"), REQUIRED)
    address = spec.get("clusterIP", "None")
    if address != "None" and names.address(address) is None:
        report.invalid(("spec", "clusterIPs", 0), bad(address, NOT_AN_ADDRESS), at=("spec", "clusterIP"))
    seen: set[str] = set()
    known: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        _service_port(port, ("spec", "ports", index), report, len(ports) > 1, seen)
        same = (port.get("protocol", "TCP"), port.get("port", 0))
        if same in known:
            report.invalid(("spec", "ports", index), TWICE_A_PORT.format(protocol=same[0], port=same[1]))
        known.add(same)
    labels(spec.get("selector", {}), ("spec", "selector"), report)


def _service_port(port: ReadOnlyBody, path: Path, report: Report, name_required: bool, seen: set[str]) -> None:
    name = port.get("name", "")
    if name_required and not name:
        report.invalid((*path, "name"), REQUIRED, hint=HINT_PORT_NAMES)
    elif name:
        for message in names.dns_label(name):
            report.invalid((*path, "name"), bad(name, message))
        if name in seen:
            report.invalid((*path, "name"), f"Duplicate value: {quoted(name)}")
        seen.add(name)
    for message in names.port_number(port.get("port", 0)):
        report.invalid((*path, "port"), bad(port.get("port", 0), message))
    protocol(port.get("protocol", "TCP"), (*path, "protocol"), report)
    target = port.get("targetPort")
    if target is None:
        return
    _port_or_name(target, (*path, "targetPort"), report)


def _workload(body: ReadOnlyBody, report: Report) -> None:
    """Deployment, ReplicaSet, StatefulSet, DaemonSet: the selector must match the template's labels."""
    spec, kind = body["spec"], body["kind"]
    selector = spec.get("selector")
    if selector is None and kind != "DaemonSet":
        report.invalid(("spec", "selector"), REQUIRED, hint=HINT_SELECTOR)
    elif selector is not None:
        label_selector(selector, ("spec", "selector"), report)
        if not selector:
            # The server's own text names a Deployment for a ReplicaSet.
            word = "deployment" if kind == "ReplicaSet" else kind.lower()
            report.invalid(("spec", "selector"), EMPTY_SELECTOR.format(word), hint=HINT_SELECTOR)
    if spec.get("replicas", 0) < 0:
        report.invalid(("spec", "replicas"), bad(spec["replicas"], "must be greater than or equal to 0"))
    _template(spec["template"], ("spec", "template"), report, selector, must_match=selector != {})


def _template(
    template: ReadOnlyBody,
    path: Path,
    report: Report,
    selector: ReadOnlyBody | None = None,
    *,
    must_match: bool = False,
) -> None:
    """A pod template. A missing selector selects nothing, so it cannot match."""
    template_labels = template["metadata"].get("labels", {})
    at = (*path, "metadata", "labels")
    before = len(report.problems)
    labels(template_labels, at, report)
    fine = len(report.problems) == before
    if must_match and fine and (selector is None or not _selects(selector, template_labels)):
        shown = as_json(dict(sorted(template_labels.items())) or None)
        report.invalid(at, f"Invalid value: {shown}: {SELECTOR_MISMATCH}", hint=HINT_SELECTOR)
    _pod_spec(template["spec"], (*path, "spec"), report)


def _selects(selector: ReadOnlyBody, template_labels: Mapping[str, str]) -> bool:
    wanted = [Requirement(key, "=", (value,)) for key, value in selector.get("matchLabels", {}).items()]
    wanted += [
        Requirement(item.get("key", ""), item.get("operator", "Exists"), tuple(item.get("values", ())))
        for item in selector.get("matchExpressions", ())
    ]
    return LabelSelector(tuple(wanted)).matches(template_labels)


def _always_restarts(body: ReadOnlyBody, report: Report) -> None:
    _workload(body, report)
    policy = body["spec"]["template"]["spec"].get("restartPolicy", "Always")
    if policy in ("OnFailure", "Never"):
        path = ("spec", "template", "spec", "restartPolicy")
        report.invalid(path, unsupported(policy, ("Always",)))


def _job(body: ReadOnlyBody, report: Report) -> None:
    _job_spec(body["spec"], ("spec",), report)


def _cron_job(body: ReadOnlyBody, report: Report) -> None:
    if not body["spec"].get("schedule"):
        report.invalid(("spec", "schedule"), REQUIRED)
    _job_spec(body["spec"]["jobTemplate"]["spec"], ("spec", "jobTemplate", "spec"), report)


def _job_spec(spec: ReadOnlyBody, path: Path, report: Report) -> None:
    _template(spec["template"], (*path, "template"), report)
    policy = spec["template"]["spec"].get("restartPolicy", "Always")
    if policy == "Always":
        words = f"Required value: valid values: {quoted('OnFailure')}, {quoted('Never')}"
        report.invalid((*path, "template", "spec", "restartPolicy"), words, hint="a Job needs `restartPolicy: Never`")


def _node(body: ReadOnlyBody, report: Report) -> None:
    spec = body.get("spec", {})
    ranges = spec.get("podCIDRs") or [text for text in [spec.get("podCIDR", "")] if text]
    for index, text in enumerate(ranges):
        for message in names.cidr(text):
            at: Path = ("spec", "podCIDRs", index) if spec.get("podCIDRs") else ("spec", "podCIDR")
            report.invalid(("spec", "podCIDRs", index), bad(text, message), at=at)


def _endpoints(body: ReadOnlyBody, report: Report) -> None:
    for number, subset in enumerate(body.get("subsets", ())):
        for field in ("addresses", "notReadyAddresses"):
            for index, row in enumerate(subset.get(field, ())):
                _address(row.get("ip", ""), ("subsets", number, field, index, "ip"), report)


def _endpoint_slice(body: ReadOnlyBody, report: Report) -> None:
    """What the addresses are follows from ``addressType``; names (FQDN) are not judged."""
    if body.get("addressType") in ("IPv4", "IPv6"):
        for number, endpoint in enumerate(body.get("endpoints", ())):
            for index, text in enumerate(endpoint.get("addresses", ())):
                _address(text, ("endpoints", number, "addresses", index), report)


def _address(text: str, path: Path, report: Report) -> None:
    if names.address(text) is None:
        report.invalid(path, bad(text, NOT_AN_ADDRESS))


_BY_KIND: dict[str, Callable[[ReadOnlyBody, Report], None]] = {
    "NetworkPolicy": _policy,
    "Namespace": lambda body, report: None,
    "Pod": _pod,
    "Service": _service,
    "Deployment": _always_restarts,
    "ReplicaSet": _always_restarts,
    "StatefulSet": _always_restarts,
    "DaemonSet": _always_restarts,
    "Node": _node,
    "Endpoints": _endpoints,
    "EndpointSlice": _endpoint_slice,
    "Job": _job,
    "CronJob": _cron_job,
}
