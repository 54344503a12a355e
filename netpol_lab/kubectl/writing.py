"""Writing to the cluster: what every verb that changes an object checks, keeps and says."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from netpol_lab.cluster.server import stamp
from netpol_lab.kubectl.failure import Failure, from_server, not_simulated
from netpol_lab.kubectl.file_arguments import Item, decoding, hints_of, in_metadata, invalid, refused
from netpol_lab.kubectl.resources import ResourceType, metadata, type_of
from netpol_lab.kubectl.serialize import go_print, plain, to_compact_json
from netpol_lab.kubectl.session import Call
from netpol_lab.kubectl.until_gone import check_free
from netpol_lab.manifests import Problem
from netpol_lab.manifests.kinds import simulated
from netpol_lab.manifests.name_rules import quoted
from netpol_lab.manifests.server_warnings import server_warnings
from netpol_lab.model.bodies import ReadOnlyBody
from netpol_lab.model.errors import ManifestError
from netpol_lab.model.networks import SERVICE_NETWORK
from netpol_lab.model.objects import Resource, Service

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""The annotation in which ``apply`` keeps what it applied."""

_POD_FIELDS = (
    "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing"
    " tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def dry_run(call: Call) -> str:
    """``none``, ``client`` or ``server``. Raises :class:`Failure` for anything else."""
    value = str(call.parsed.values.get("dry-run") or "none")
    if value == "unchanged":
        time = f"{call.cluster.now:%m%d %H:%M:%S.%f}"
        call.warn(f"W{time}       1 helpers.go:719] --dry-run is deprecated and can be replaced with --dry-run=client.")
        call.parsed.values["dry-run"] = value = "client"
    if value not in ("none", "client", "server"):
        raise Failure(f'Invalid dry-run value ({value}). Must be "none", "server", or "client".')
    return value


def check_namespace(call: Call, kind: ResourceType, namespace: str, about: str = "") -> None:
    """Raise the server's NotFound when a namespaced object has no namespace to be in."""
    if kind.namespaced and call.cluster.get("Namespace", "", namespace) is None:
        raise from_server("NotFound", f'{about}namespaces "{namespace}" not found')


def create(call: Call, resource: Resource, about: str = "") -> ReadOnlyBody:
    """Create an object and return it as the cluster has it; with --dry-run, as it would be sent.

    Raises :class:`Failure` when it is there already, or its namespace is not.
    """
    kind, mode = type_of(resource.body), dry_run(call)
    if mode != "client":
        check_namespace(call, kind, resource.namespace, about)
        check_free(call, kind, resource, about, dry=mode != "none")
        check_namespace(call, kind, resource.namespace, about)
        if call.cluster.get(*resource.key) is not None:
            raise from_server("AlreadyExists", f'{about}{kind.qualified} "{resource.name}" already exists')
        _admit(call, resource, about)
        for warning in server_warnings(resource.body):
            call.warn(f"Warning: {warning}")
    if mode == "server":
        stamped = stamp(resource.body, call.cluster.now, 0)
        del stamped["metadata"]["resourceVersion"]
        return stamped
    if mode == "client":
        return resource.body
    call.cluster.create(resource)
    note_if_not_simulated(call, kind)
    stored = call.cluster.get(*resource.key)
    return stored.body if stored else resource.body


def _admit(call: Call, resource: Resource, about: str) -> None:
    """Raise what the server refuses because of what else is in the cluster, or is not."""
    spec = resource.body.get("spec") or {}
    if resource.kind == "Pod" and simulated(resource):
        account = spec.get("serviceAccountName") or "default"
        if account != "default" and call.cluster.get("ServiceAccount", resource.namespace, account) is None:
            why = f'{resource.namespace}/{account}: serviceaccount "{account}" not found'
            forbidden = f'pods "{resource.name}" is forbidden: error looking up service account {why}'
            raise from_server("Forbidden", f"{about}{forbidden}")
    address = resource.typed.cluster_ip if isinstance(resource.typed, Service) else None
    if address is not None:
        others = any(each.cluster_ip == address for each in call.cluster.services)
        why = "provided IP is already allocated" if others else ""
        if address not in SERVICE_NETWORK:
            why = "the provided network does not match the current range"
        if why:
            value = f'["{address}"]: failed to allocate IP {address}: {why}'
            raise invalid("Service", resource.name, [f"spec.clusterIPs: Invalid value: {value}"])


def replace(
    call: Call,
    kind: ResourceType,
    old: ReadOnlyBody,
    new: ReadOnlyBody,
    written: Item | None = None,
    patch: ReadOnlyBody | None = None,
) -> tuple[ReadOnlyBody, bool]:
    """Put a changed body in the place of ``old``; return the body and whether anything changed.

    ``written`` is the object as it stands in a file, whose lines later messages name; ``patch`` what is sent, where
    that is not the whole object. Raises :class:`Failure` for what the server refuses.
    """
    item = written or Item("", new, None, installed={(str(new.get("apiVersion")), str(new.get("kind")))})
    if kind.kind == "Service":
        new = _without_old_node_ports(old, new)
    try:
        resource = item.decoded(new, old)
    except ManifestError as error:
        unreadable = error.problems[0].kind == "decode" or any(map(in_metadata, error.problems))
        if patch is not None and unreadable:
            raise _patch_refused(patch, error.problems) from None
        raise refused(Item("", new, None), error.problems, "patching") from None
    if (resource.kind, resource.name) != (kind.kind, metadata(old)["name"]):
        raise from_server("BadRequest", "the kind and the name of an object cannot be changed")
    check_update(kind, old, resource.body)
    if same(old, resource.body):
        if dry_run(call) == "none":
            _remember_lines(call, resource)
        return old, False
    if dry_run(call) != "none":
        return resource.body, True
    if call.cluster.get(*resource.key) is None:
        raise not_simulated(
            f"changing {kind.kind} of a Service", "they follow from the Services and pods that are there"
        )
    call.cluster.put(resource)
    stored = call.cluster.get(*resource.key)
    return (stored.body if stored else resource.body), True


def _patch_refused(patch: ReadOnlyBody, problems: Sequence[Problem]) -> Failure:
    """What the server says of a patch that makes no object of its kind."""
    value, words = quoted(go_print(patch)), decoding(problems)
    wrong = _WRONG_TYPE.match(words)
    if wrong:
        words = _conversion(_GO_KINDS[wrong["what"]], wrong["type"])
    hints = hints_of(problems)
    return Failure(f"The request is invalid: patch: Invalid value: {value}: {words}", prefix="", hints=hints)


_WRONG_TYPE = re.compile(r"json: cannot unmarshal (?P<what>\w+).* of type (?P<type>\S+)$")
_GO_KINDS = {"object": "map", "array": "slice", "number": "int64", "string": "string", "bool": "bool"}
_WORDS = ("v1.Protocol", "v1.PolicyType", "v1.LabelSelectorOperator")
"""Types that are texts and have a name of their own."""


def _conversion(found: str, wanted: str) -> str:
    if wanted.startswith("[]"):
        return f"cannot restore slice from {found}"
    if wanted.startswith("map["):
        return f"cannot restore map from {found}"
    if wanted.startswith("v1.") and wanted not in _WORDS:
        return f"cannot restore struct from: {found}"
    return f"cannot convert {_GO_TYPES.get(found, found)} to {wanted}"


_GO_TYPES = {"map": "map[string]interface {}", "slice": "[]interface {}"}


def _remember_lines(call: Call, resource: Resource) -> None:
    """A policy that is applied again unchanged may stand on other lines of its file."""
    stored = call.cluster.get(*resource.key)
    if stored is not None and resource.kind == "NetworkPolicy" and resource.origin is not None:
        again = dataclasses.replace(stored, typed=resource.typed, origin=resource.origin)
        call.cluster.restore(call.cluster.snapshot().with_objects([again]))


def same(old: ReadOnlyBody, new: ReadOnlyBody) -> bool:
    """Whether two bodies of one object say the same."""
    return bool(_comparable(old) == _comparable(new))


def _comparable(body: ReadOnlyBody) -> Any:
    copied = plain(body)
    copied.pop("status", None)
    about = copied.get("metadata", {})
    for name in ("resourceVersion", "generation", "managedFields"):
        about.pop(name, None)
    for name in ("labels", "annotations"):
        if not about.get(name):
            about.pop(name, None)
    return copied


def check_update(kind: ResourceType, old: ReadOnlyBody, new: ReadOnlyBody) -> None:
    """Raise the server's refusal of a change to a field that cannot be changed."""
    name, before, after = str(metadata(old).get("name")), old.get("spec") or {}, new.get("spec") or {}
    if kind.kind == "Pod" and _fixed_part(before) != _fixed_part(after):
        raise invalid(
            "Pod",
            name,
            [_POD_FIELDS],
            [f"delete pod {name} and apply the file again: most of a pod's spec cannot be changed"],
        )
    if kind.group == "apps" and before.get("selector") != after.get("selector"):
        value = f"{to_compact_json(after.get('selector'))}: field is immutable"
        raise invalid(kind.kind, name, [f"spec.selector: Invalid value: {value}"])
    if kind.kind == "Service" and before.get("clusterIP") and after.get("clusterIP") not in (None, before["clusterIP"]):
        value = f"{to_compact_json([after['clusterIP']])}: may not change once set"
        raise invalid("Service", name, [f"spec.clusterIPs[0]: Invalid value: {value}"])


def _without_old_node_ports(old: ReadOnlyBody, new: ReadOnlyBody) -> ReadOnlyBody:
    """A Service that becomes a ClusterIP gives back the node ports it had, as the API server lets it."""
    had = [port["nodePort"] for port in (old.get("spec") or {}).get("ports") or () if port.get("nodePort")]
    spec = new.get("spec")
    if not had or not isinstance(spec, Mapping) or spec.get("type", "ClusterIP") != "ClusterIP":
        return new
    ports = spec.get("ports")
    if not isinstance(ports, list) or not all(isinstance(port, Mapping) for port in ports):  # which is refused later
        return new
    kept = [{key: value for key, value in port.items() if key != "nodePort" or value not in had} for port in ports]
    return {**new, "spec": {**spec, "ports": kept}}


def _fixed_part(spec: ReadOnlyBody) -> Any:
    """The part of a pod's spec that stays as it is for the pod's life, without what the cluster fills in."""
    fixed = plain(spec)
    for name in ("activeDeadlineSeconds", "terminationGracePeriodSeconds", "tolerations", "nodeName"):
        fixed.pop(name, None)
    for container in (*(fixed.get("containers") or ()), *(fixed.get("initContainers") or ())):
        container.pop("image", None)
    return fixed


def with_last_applied(body: ReadOnlyBody) -> dict[str, Any]:
    """The object as ``apply`` sends it: with a note of itself."""
    copied: dict[str, Any] = plain(body)
    about = copied.get("metadata")
    if not isinstance(about, dict) or not isinstance(about.get("annotations") or {}, dict):
        return copied  # the server will say what is wrong with it
    annotations = {key: value for key, value in (about.get("annotations") or {}).items() if key != LAST_APPLIED}
    about["annotations"] = annotations
    note = to_compact_json(copied) + "\n"
    about["annotations"] = {**annotations, LAST_APPLIED: note}
    return copied


def last_applied(body: ReadOnlyBody) -> ReadOnlyBody | None:
    """What was applied last, or None when the object was made another way."""
    note = (metadata(body).get("annotations") or {}).get(LAST_APPLIED)
    try:
        read = json.loads(note) if note else None
    except ValueError:
        return None
    return read if isinstance(read, Mapping) else None


def note_if_not_simulated(call: Call, kind: ResourceType) -> None:
    """Say so when the cluster keeps an object and does nothing with it."""
    if not kind.simulated:
        call.warn(f"note: {kind.kind} is stored, but this workbook does not simulate it")
