"""Controllers: which pods a workload wants.

Only what a student of NetworkPolicy meets: pods come with the template's labels and an owner, are made
anew when deleted or when the template changes, and go with their workload.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from netpol_lab.cluster.server import is_control_plane, suffix
from netpol_lab.manifests import kinds
from netpol_lab.model.bodies import Body
from netpol_lab.model.objects import Resource

WORKLOAD_KINDS = ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob")


_LONGEST_NAME = 253
_LONGEST_BASE = 57
"""API (``names.SimpleNameGenerator``): of a long name, 58 characters with the dash stand before the five letters."""


def makes_pods(resource: Resource) -> bool:
    """Whether an object is a workload: one that is simulated, or of another kind that carries a pod template.

    An Argo Rollout, a DeploymentConfig or a ReplicationController is taken for as many pods as it wants.
    """
    return kinds.simulated(resource) in WORKLOAD_KINDS or is_foreign_workload(resource)


def is_foreign_workload(resource: Resource) -> bool:
    """Whether an object of a kind that is not simulated has a pod template that can be read."""
    if kinds.simulated(resource) or not resource.namespace:
        return False
    template = _mapping(_mapping(resource.body.get("spec")).get("template"))
    metadata, pods = template.get("metadata") or {}, _mapping(template.get("spec"))
    labeled = isinstance(metadata, Mapping) and isinstance(metadata.get("labels") or {}, Mapping)
    return labeled and isinstance(pods.get("containers"), list) and bool(pods["containers"])


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def template_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    spec = body.get("spec") or {}
    if body["kind"] == "CronJob":
        spec = (spec.get("jobTemplate") or {}).get("spec") or {}
    return spec.get("template") or {}


def template_hash(body: Mapping[str, Any]) -> str:
    """Changes when the pod template changes, and only then."""
    return suffix(9, json.dumps(template_of(body), sort_keys=True))


def replicas(body: Mapping[str, Any], nodes: int) -> int:
    """How many pods the workload wants. A CronJob counts as one run of its job."""
    spec = body.get("spec") or {}
    if body["kind"] == "DaemonSet":
        return nodes
    if body["kind"] == "Job":
        at_once: int = spec.get("parallelism", 1)
        runs: int = spec.get("completions", at_once)
        return min(at_once, runs)
    if body["kind"] == "CronJob":
        return 0 if spec.get("suspend") else 1
    wanted = spec.get("replicas", 1)
    return wanted if isinstance(wanted, int) else 1  # a kind that is not simulated is not validated either


def replica_set_for(deployment: Mapping[str, Any]) -> Body:
    """The ReplicaSet of a Deployment's present template."""
    metadata, spec = deployment["metadata"], deployment["spec"]
    fingerprint = template_hash(deployment)
    template = dict(template_of(deployment))
    template["metadata"] = dict(template.get("metadata") or {})
    labels = template["metadata"]["labels"] = {
        **(template["metadata"].get("labels") or {}),
        "pod-template-hash": fingerprint,
    }
    selector = spec.get("selector") or {}
    match = {"matchLabels": {**(selector.get("matchLabels") or {}), "pod-template-hash": fingerprint}}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{metadata['name'][: _LONGEST_NAME - len(fingerprint) - 1]}-{fingerprint}",
            "namespace": metadata["namespace"],
            "labels": dict(labels),
            "ownerReferences": [owner_reference(deployment)],
        },
        "spec": {
            "replicas": spec.get("replicas", 1),
            "selector": {**selector, **match},
            "template": template,
        },
    }


def pod_for(workload: Mapping[str, Any], number: int, node: str = "") -> Body:
    """The pod number ``number`` (counted over the workload's life) of a workload."""
    metadata, template = workload["metadata"], template_of(workload)
    name = metadata["name"] if workload["kind"] == "StatefulSet" else metadata["name"][:_LONGEST_BASE]
    ending = number if workload["kind"] == "StatefulSet" else suffix(5, metadata["namespace"], metadata["name"], number)
    labels = dict((template.get("metadata") or {}).get("labels") or {})
    if workload["kind"] == "StatefulSet":
        labels["statefulset.kubernetes.io/pod-name"] = f"{name}-{ending}"
    spec = dict(template.get("spec") or {})
    if node:
        spec["nodeName"] = node
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{name}-{ending}",
            "namespace": metadata["namespace"],
            "labels": labels,
            "ownerReferences": [owner_reference(workload)],
        },
        "spec": spec,
    }


def daemon_nodes(daemon_set: Mapping[str, Any], nodes: Iterable[Mapping[str, Any]]) -> list[str]:
    """A pod on every node; on the control plane only where the template tolerates it.

    Where nothing is known of nodes (manifests of one's own), one pod stands for those on all of them.
    """
    nodes = list(nodes)
    if not nodes:
        return [""]
    spec = template_of(daemon_set).get("spec") or {}
    tolerates = any(t.get("operator") == "Exists" for t in spec.get("tolerations") or ())
    return [node["metadata"]["name"] for node in nodes if tolerates or not is_control_plane(node)]


def owner_reference(owner: Mapping[str, Any]) -> Body:
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"].get("uid", ""),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def owner_of(body: Mapping[str, Any]) -> tuple[str, str] | None:
    """The controlling owner as (kind, name)."""
    for reference in (body.get("metadata") or {}).get("ownerReferences") or ():
        if reference.get("controller") and reference.get("kind") and reference.get("name"):
            return reference["kind"], reference["name"]
    return None
