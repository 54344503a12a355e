"""The next state of a cluster while it is being made: what happens when an object is applied or deleted."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from netpol_lab import controllers, server
from netpol_lab.errors import AlreadyExists, NotFound
from netpol_lab.manifests import from_object
from netpol_lab.model import Resource
from netpol_lab.snapshot import Key, Snapshot


class Draft:
    """The next state while it is being made. As a context, it hands the state to ``commit`` on success, and only then."""

    def __init__(self, state: Snapshot, commit: Callable[[Snapshot], None] | None = None) -> None:
        self.objects = dict(state.objects_by_key)
        self.counters = dict(state.counters)
        self.state = state
        self.created = state.time
        self.commit = commit

    def __enter__(self) -> Draft:
        return self

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        if failed is None and self.commit is not None:
            self.commit(self.finish())

    def finish(self) -> Snapshot:
        return replace(self.state, objects_by_key=self.objects, counters=self.counters)

    # -- changes ---------------------------------------------------------------------------------

    def load(self, resources: Iterable[Resource]) -> None:
        """Take in a whole set of objects that may refer to each other in any order."""
        resources = list(resources)
        for resource in resources:
            if resource.namespace and ("Namespace", "", resource.namespace) not in self.objects:
                declared = [r for r in resources if r.kind == "Namespace" and r.name == resource.namespace]
                self.apply(declared[0] if declared else _namespace(resource.namespace))
        # pods before workloads: a dump holds both, and its pods are the workload's
        for resource in sorted(resources, key=lambda r: r.kind in controllers.WORKLOAD_KINDS):
            self.apply(resource)

    def apply(self, resource: Resource) -> str:
        old = self.objects.get(resource.key)
        if old is None:
            self.create(resource)
            return "created"
        if _content(self._place(self._kept(old, resource), resource.kind)) == _content(old.body):
            return "unchanged"
        self.put(resource)
        return "configured"

    def create(self, resource: Resource) -> None:
        if resource.key in self.objects:
            raise AlreadyExists(resource.kind, resource.name)
        if resource.namespace and ("Namespace", "", resource.namespace) not in self.objects:
            raise NotFound(f'namespaces "{resource.namespace}" not found', "Namespace", resource.namespace)
        body = server.stamp(resource.body, self.created, self._next_version())
        self._store(body, resource)

    def put(self, resource: Resource) -> None:
        """A replaced object keeps what the cluster gave it: addresses, node, uid, times."""
        body = self._kept(self.objects[resource.key], resource)
        body["metadata"]["resourceVersion"] = str(self._next_version())
        self._store(body, resource)

    def _kept(self, old: Resource, resource: Resource) -> server.Body:
        body = copy.deepcopy(dict(resource.body))
        body["metadata"] = {**_given_metadata(old.body), **body["metadata"]}
        if resource.kind in ("Pod", "Service", "Node") and "status" in old.body:
            body.setdefault("status", copy.deepcopy(old.body["status"]))
        old_spec = old.body.get("spec") or {}
        if resource.kind in ("Pod", "Service"):
            for name in ("nodeName", "clusterIP", "clusterIPs"):
                if old_spec.get(name) and isinstance(body.get("spec"), dict):
                    body["spec"].setdefault(name, old_spec[name])
        return body

    def _place(self, body: server.Body, kind: str) -> server.Body:
        """What the scheduler and the API server fill in, in ``body`` itself; what is there already stays."""
        if kind == "Pod":
            server.place_pod(body, self._bodies("Node"), self.counters, self.created)
        elif kind == "Service":
            me = (body["metadata"].get("namespace"), body["metadata"]["name"])
            others = [
                b for b in self._bodies("Service") if (b["metadata"].get("namespace"), b["metadata"]["name"]) != me
            ]
            server.place_service(body, {(b.get("spec") or {}).get("clusterIP", "") for b in others})
        elif kind == "Namespace":
            body.setdefault("status", {"phase": "Active"})
            body.setdefault("spec", {"finalizers": ["kubernetes"]})
        return body

    def _store(self, body: server.Body, resource: Resource) -> None:
        self._place(body, resource.kind)
        typed = resource
        if resource.typed is None or resource.kind in ("Pod", "Service"):
            typed = from_object(body, file=resource.origin.file if resource.origin else "")
        self.objects[resource.key] = replace(resource, body=body, typed=typed.typed)
        if resource.kind in controllers.WORKLOAD_KINDS:
            self._reconcile(resource.key)

    def delete(self, key: Key) -> Resource:
        if key not in self.objects:
            raise NotFound(f'"{key[2]}" not found', key[0], key[2])
        gone = self.objects.pop(key)
        if gone.kind == "Namespace":
            self.objects = {k: r for k, r in self.objects.items() if k[1] != gone.name}
            return gone
        for owned in self._owned(gone.key):
            self.delete(owned.key)
        owner = controllers.owner_of(gone.body)
        owner_key = (owner[0], gone.namespace, owner[1]) if owner else None
        if owner_key in self.objects:
            self._reconcile(owner_key)
        return gone

    # -- controllers -----------------------------------------------------------------------------

    def _reconcile(self, key: Key) -> None:
        """Bring the pods of a workload to what it wants now."""
        workload = self.objects[key].body
        if key[0] == "Deployment":
            self._reconcile_deployment(workload)
        elif not self._adopted(key):
            self._reconcile_pods(key, workload)
        self._set_status(key)
        owner = controllers.owner_of(workload)
        if owner and (owner[0], key[1], owner[1]) in self.objects:
            self._set_status((owner[0], key[1], owner[1]))

    def _adopted(self, key: Key) -> bool:
        """A dump's pods belong to their workload by the owner it names, though we never made them."""
        return f"pods of {key}" not in self.counters and bool(self._owned(key))

    def _reconcile_deployment(self, body: Mapping[str, Any]) -> None:
        metadata = body["metadata"]
        owned = self._owned(("Deployment", metadata["namespace"], metadata["name"]))
        if any(not self._made_here(r.body) for r in owned):
            return
        wanted = controllers.replica_set_for(body)
        current = (wanted["kind"], metadata["namespace"], wanted["metadata"]["name"])
        for replica_set in owned:
            if replica_set.key != current:
                self.delete(replica_set.key)
        if current not in self.objects:
            self.create(from_object(wanted))
        elif self.objects[current].body["spec"]["replicas"] != wanted["spec"]["replicas"]:
            self.put(from_object(wanted))

    def _made_here(self, replica_set: Mapping[str, Any]) -> bool:
        metadata = replica_set["metadata"]
        return f"pods of {('ReplicaSet', metadata['namespace'], metadata['name'])}" in self.counters

    def _reconcile_pods(self, key: Key, workload: Mapping[str, Any]) -> None:
        counter = f"pods of {key}"
        self.counters.setdefault(counter, 0)
        fingerprint = controllers.template_hash(workload)
        places: list[str] = []
        if key[0] == "DaemonSet":
            places = controllers.daemon_nodes(workload, self._bodies("Node"))
        wanted = controllers.replicas(workload, len(places))
        owned = [r for r in self._owned(key) if r.kind == "Pod"]
        stale = key[0] != "ReplicaSet" and self.counters.get(f"{counter} {fingerprint}") is None
        self.counters[f"{counter} {fingerprint}"] = 1
        for extra in owned if stale else owned[wanted:]:
            del self.objects[extra.key]
        kept = [] if stale else owned[:wanted]
        free = [place for place in places if place not in {r.body["spec"].get("nodeName") for r in kept}]
        for number in range(wanted - len(kept)):
            self._make_pod(key, workload, free[number] if places else "")

    def _make_pod(self, key: Key, workload: Mapping[str, Any], node: str) -> None:
        counter = f"pods of {key}"
        taken = self.counters[counter]
        if key[0] == "StatefulSet":
            taken = next(n for n in range(taken + 1) if ("Pod", key[1], f"{key[2]}-{n}") not in self.objects)
        body = controllers.pod_for(workload, taken, node)
        self.counters[counter] += 1
        self.create(from_object(body))

    def _owned(self, key: Key) -> list[Resource]:
        return [
            r
            for r in self.objects.values()
            if r.namespace == key[1] and controllers.owner_of(r.body) == (key[0], key[2])
        ]

    def _set_status(self, key: Key) -> None:
        """All simulated pods are ready, so every count of a workload's status is the number of its pods."""
        resource = self.objects[key]
        owned = self._owned(key)
        pods = [r for r in owned if r.kind == "Pod"]
        pods += [p for r in owned if r.kind == "ReplicaSet" for p in self._owned(r.key)]
        body = {**resource.body, "status": _workload_status(key[0], len(pods))}
        self.objects[key] = replace(resource, body=body)

    def _bodies(self, kind: str) -> list[Mapping[str, Any]]:
        return [r.body for r in self.objects.values() if r.kind == kind]

    def _next_version(self) -> int:
        self.counters["version"] = self.counters.get("version", 0) + 1
        return self.counters["version"]


def _workload_status(kind: str, pods: int) -> dict[str, Any]:
    if kind == "DaemonSet":
        names = ("currentNumberScheduled", "desiredNumberScheduled", "numberReady", "numberAvailable")
        return dict.fromkeys((*names, "updatedNumberScheduled"), pods)
    if kind in ("Job", "CronJob"):
        return {"active": pods}
    status: dict[str, Any] = dict.fromkeys(("replicas", "readyReplicas", "availableReplicas"), pods)
    if kind == "Deployment":
        status["updatedReplicas"] = pods
        status["conditions"] = [{"type": "Available", "status": "True"}, {"type": "Progressing", "status": "True"}]
    return status


def _given_metadata(body: Mapping[str, Any]) -> dict[str, Any]:
    given = ("creationTimestamp", "uid", "ownerReferences")
    return {name: body["metadata"][name] for name in given if name in body["metadata"]}


def _content(body: Mapping[str, Any]) -> dict[str, Any]:
    """What an author can change: all but the status and the count of writes. No labels are the same as ``{}``."""
    metadata = {name: value for name, value in body["metadata"].items() if value and name != "resourceVersion"}
    return {**{name: value for name, value in body.items() if name != "status"}, "metadata": metadata}


def _namespace(name: str) -> Resource:
    return from_object({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
