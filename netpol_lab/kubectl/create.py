"""``kubectl create TYPE NAME`` and ``kubectl expose``, and the manifests they and ``kubectl run`` write."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from netpol_lab.cluster.listening import repository
from netpol_lab.kubectl import apply
from netpol_lab.kubectl import writing as changes
from netpol_lab.kubectl.create_stored import stored_object
from netpol_lab.kubectl.failure import Failure, not_simulated, usage
from netpol_lab.kubectl.file_arguments import Item, files_are_named, refused
from netpol_lab.kubectl.lookup import get, not_found, references
from netpol_lab.kubectl.output import print_change, split_format
from netpol_lab.kubectl.resources import ResourceType, metadata, type_of, type_of_kind
from netpol_lab.kubectl.serialize import plain
from netpol_lab.kubectl.session import Call
from netpol_lab.manifests import from_object
from netpol_lab.model.bodies import ReadOnlyBody
from netpol_lab.model.errors import ManifestError
from netpol_lab.model.numbers import whole
from netpol_lab.model.objects import Resource

_NOT_SIMULATED = (
    *("clusterrole", "clusterrolebinding", "cronjob", "ingress", "ing", "job", "poddisruptionbudget", "pdb"),
    *("priorityclass", "role", "rolebinding", "token"),
)
"""What ``kubectl create`` can make besides, on a real cluster."""


def run(call: Call) -> int:
    """Create objects of files, or one object from flags."""
    if files_are_named(call):
        return apply.run_create(call)
    if not call.args:
        raise Failure("must specify one of -f and -k")
    split_format(call, table_allowed=False)
    word, *rest = call.args
    if word in ("namespace", "ns"):
        return _create(call, namespace_manifest(_name(rest, "namespace")))
    if word in ("deployment", "deploy", "dep"):
        return _create_deployment(call, _name(rest, "deployment"))
    if word in ("service", "svc"):
        return _create_service(call, rest)
    stored = stored_object(call, word, rest)
    if stored is not None:
        return _create(call, stored, f"failed to create {word}")
    if word in _NOT_SIMULATED:
        raise not_simulated(f"kubectl create {word}", "write a manifest and apply it")
    if call.flag("image"):
        raise Failure("unknown flag: --image\nSee 'kubectl create --help' for usage.")
    raise usage(f"Unexpected args: [{' '.join(call.args)}]", "create")


def _name(words: Sequence[str], command: str) -> str:
    if len(words) != 1:
        raise usage(f"exactly one NAME is required, got {len(words)}", f"create {command}")
    return words[0]


def resource_of(call: Call, body: ReadOnlyBody) -> Resource:
    """A body that kubectl made from flags, as the server takes it. Raises :class:`Failure` when it would not."""
    try:
        return from_object(body, default_namespace=call.namespace)
    except ManifestError as error:
        raise refused(Item("", body, None), error.problems, "creating") from None


def _create(call: Call, body: ReadOnlyBody, about: str = "") -> int:
    try:
        resource = resource_of(call, body)
    except Failure as failure:
        if not about or not failure.message.startswith("The "):
            raise
        kind = type_of(body)
        named = f"{kind.kind}.{kind.group}" if kind.group else kind.kind
        raise Failure(f"{about}: {named} {failure.message.partition(' ')[2].partition(' ')[2]}") from None
    if changes.dry_run(call) == "client":
        # What --dry-run=client -o yaml shows: the object as kubectl wrote it, before the server saw it.
        print_change(call, type_of(body), body, "created")
        return 0
    try:
        created = changes.create(call, resource)
    except Failure as failure:
        if about:
            raise Failure(f"{about}: {failure.message.partition(': ')[2]}") from None
        raise
    print_change(call, type_of(body), created, "created")
    return 0


def namespace_manifest(name: str) -> ReadOnlyBody:
    return _object("v1", "Namespace", {"name": name}, {})


def _object(
    api_version: str, kind: str, about: ReadOnlyBody, spec: ReadOnlyBody, status: ReadOnlyBody | None = None
) -> ReadOnlyBody:
    """An object the way kubectl's own encoder writes it, with the empty parts that Go does not leave out."""
    return {"apiVersion": api_version, "kind": kind, "metadata": about, "spec": spec, "status": status or {}}


def _named(call: Call, name: str, labels: ReadOnlyBody) -> dict[str, Any]:
    """Metadata; the namespace is only written down when ``-n`` gives it."""
    about: dict[str, Any] = {"labels": labels, "name": name} if labels else {"name": name}
    return {**about, "namespace": call.namespace} if call.namespace_is_given else about


def _create_deployment(call: Call, name: str) -> int:
    images = call.flag("image")
    if not images:
        raise Failure('required flag(s) "image" not set')
    if len(images) > 1 and call.command:
        raise usage("cannot specify multiple --image options and command", "create deployment")
    containers: list[dict[str, Any]] = [
        {"image": image, "name": container_name(image), "resources": {}} for image in images
    ]
    if call.command:
        containers[0]["command"] = list(call.command)
    if call.flag("port") is not None:
        containers[0]["ports"] = [{"containerPort": call.flag("port")}]
    replicas = 1 if call.flag("replicas") is None else call.flag("replicas")
    labels = {"app": name}
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": labels},
        "strategy": {},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
    }
    body = _object("apps/v1", "Deployment", _named(call, name, labels), spec)
    return _create(call, body, "failed to create deployment")


def checked_image(image: str) -> str:
    """The image, as it is. Raises :class:`Failure` where no image can have that name."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._/@:-]*", image):
        raise Failure(f'Invalid image name "{image}": invalid reference format')
    return image


def container_name(image: str) -> str:
    """The name kubectl gives the container of an image.

    >>> container_name("docker.io/library/nginx:1.27")
    'nginx'
    """
    return re.sub(r"[^a-z0-9-]", "-", repository(image).rpartition("/")[2].lower()).strip("-") or "container"


_SERVICE_TYPES = {"clusterip": "ClusterIP", "nodeport": "NodePort", "loadbalancer": "LoadBalancer"}


def _create_service(call: Call, words: Sequence[str]) -> int:
    kind = _SERVICE_TYPES.get(words[0]) if words else None
    if kind is None:
        if words[:1] == ["externalname"]:
            return _create_external_name(call, _name(words[1:], "service externalname"))
        raise usage(f"Unexpected args: [service {' '.join(words)}]", "create service")
    name = _name(words[1:], f"service {words[0]}")
    ports = [_tcp(call, text) for text in call.flag("tcp")]
    if not ports and call.flag("clusterip") != "None":
        raise Failure("at least one tcp port specifier must be provided")
    spec: dict[str, Any] = {"ports": ports, "selector": {"app": name}, "type": kind}
    if call.flag("clusterip"):
        spec["clusterIP"] = call.flag("clusterip")
    body = _object("v1", "Service", _named(call, name, {"app": name}), spec, {"loadBalancer": {}})
    return _create(call, body, f"failed to create {kind} service")


def _create_external_name(call: Call, name: str) -> int:
    if not call.flag("external-name"):
        raise Failure('required flag(s) "external-name" not set')
    spec: dict[str, Any] = {
        "externalName": call.flag("external-name"),
        "selector": {"app": name},
        "type": "ExternalName",
    }
    if call.flag("tcp"):
        spec["ports"] = [_tcp(call, text) for text in call.flag("tcp")]
    body = _object("v1", "Service", _named(call, name, {"app": name}), spec, {"loadBalancer": {}})
    return _create(call, body, "failed to create ExternalName service")


def _tcp(call: Call, text: str) -> ReadOnlyBody:
    """``--tcp=port`` or ``--tcp=port:targetPort``."""
    outer, _, inner = text.partition(":")
    port = whole(outer)
    if port is None:
        raise Failure(f'strconv.Atoi: parsing "{outer}": invalid syntax')
    return {"name": text.replace(":", "-"), "port": port, "protocol": "TCP", "targetPort": _port(inner or outer)}


def _port(text: str) -> int | str:
    number = whole(text)
    return text if number is None else number


def pod_manifest(call: Call, restart: str) -> ReadOnlyBody:
    """The pod of ``kubectl run NAME --image=…``: labeled ``run=NAME`` unless --labels says otherwise."""
    name = call.args[0]
    words = list(call.command if call.command is not None else call.args[1:])
    container: dict[str, Any] = {"image": checked_image(call.flag("image")), "name": name, "resources": {}}
    if words:
        container["command" if call.flag("command") else "args"] = words
    if call.flag("env"):
        container["env"] = [_variable(text) for text in call.flag("env")]
    if call.flag("port"):
        container["ports"] = [{"containerPort": _port(call.flag("port"))}]
    for flag in ("stdin", "tty"):
        if call.flag(flag):
            container[flag] = True
    if call.flag("stdin"):
        container["stdinOnce"] = True
    about = _named(call, name, _pairs(call.flag("labels")) or {"run": name})
    if call.flag("annotations"):
        about["annotations"] = dict(_pair(text) for text in call.flag("annotations"))
    spec = {"containers": [container], "dnsPolicy": "ClusterFirst", "restartPolicy": restart}
    return _object("v1", "Pod", about, spec)


def _variable(text: str) -> ReadOnlyBody:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise Failure(f"invalid env: {text}")
    return {"name": name, "value": value}


def _pairs(text: str | None) -> dict[str, str]:
    return dict(_pair(part) for part in (text or "").split(",") if part)


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise Failure(f"unexpected label spec: {text}")
    return key, value


_EXPOSED = ("Pod", "Service", "ReplicationController", "Deployment", "ReplicaSet")


def run_expose(call: Call) -> int:
    """Make a Service for what a workload selects, a pod is labeled, or another Service has."""
    split_format(call, table_allowed=False)
    if not call.args:
        raise Failure("You must provide one or more resources by argument or filename.")
    reference = references(call, call.args)[0]
    if reference.name is None:
        raise Failure("resource(s) were provided, but no name was specified")
    body = get(call, reference.type, call.namespace, reference.name)
    if body is None:
        raise not_found(call, reference.type, reference.name)
    if reference.type.kind not in _EXPOSED:
        raise Failure(f"cannot expose a {'.'.join(filter(None, (reference.type.kind, reference.type.group)))}")
    service = service_for(call, reference.type, body, port=call.flag("port"))
    resource = resource_of(call, service)
    exposed = service if changes.dry_run(call) == "client" else changes.create(call, resource)
    print_change(call, type_of_kind("Service"), exposed, "exposed")
    return 0


def service_for(call: Call, kind: ResourceType, body: ReadOnlyBody, *, port: str) -> ReadOnlyBody:
    """The Service that ``expose`` makes. Raises :class:`Failure` when there is no port or no selector."""
    selector = _pairs(call.parsed.values.get("selector")) or _selector(kind, body)
    if not selector:
        raise Failure(
            "couldn't retrieve selectors via --selector flag or introspection:"
            f" the {kind.singular} has no labels and cannot be exposed"
        )
    declared = _declared_ports(kind, body)
    number = whole(str(port))
    ports = declared if number is None else [(number, "TCP")]
    if not ports:
        raise Failure("couldn't find port via --port flag or introspection")
    protocol, target = call.parsed.values.get("protocol"), call.parsed.values.get("target-port")
    rows = []
    for place, (each, own) in enumerate(ports, 1):
        row: dict[str, Any] = {
            "port": each,
            "protocol": protocol or own,
            "targetPort": _port(target) if target else each,
        }
        if len(ports) > 1:
            row["name"] = f"port-{place}"
        rows.append(row)
    labels = _pairs(call.parsed.values.get("labels")) or plain(metadata(body).get("labels") or {})
    about = _named(call, call.parsed.values.get("name") or metadata(body)["name"], labels)
    spec: dict[str, Any] = {"ports": rows, "selector": selector}
    for flag, field in (("type", "type"), ("cluster-ip", "clusterIP")):
        if call.parsed.values.get(flag):
            spec[field] = call.parsed.values[flag]
    return _object("v1", "Service", about, spec, {"loadBalancer": {}})


def _selector(kind: ResourceType, body: ReadOnlyBody) -> dict[str, str]:
    spec = body.get("spec") or {}
    if kind.kind == "Pod":
        return dict(metadata(body).get("labels") or {})
    selector = spec.get("selector") or {}
    return dict(selector if kind.kind == "Service" else selector.get("matchLabels") or {})


def _declared_ports(kind: ResourceType, body: ReadOnlyBody) -> list[tuple[int, str]]:
    spec = body.get("spec") or {}
    if kind.kind == "Service":
        return [(row["port"], row.get("protocol", "TCP")) for row in spec.get("ports") or ()]
    pod = spec if kind.kind == "Pod" else (spec.get("template") or {}).get("spec") or {}
    containers = pod.get("containers") or ()
    return [
        (row["containerPort"], row.get("protocol", "TCP")) for each in containers for row in each.get("ports") or ()
    ]
