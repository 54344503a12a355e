"""The next state of a cluster while it is being made: what happens when an object is applied or deleted."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from typing import Any

from netpol_lab.cluster import controllers, ending, server
from netpol_lab.cluster.shelf import Shelf
from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.manifests import from_object, kinds
from netpol_lab.manifests.decode import typed
from netpol_lab.model.bodies import Body, Key
from netpol_lab.model.errors import AlreadyExists, ManifestError, NotFound, NotSimulated
from netpol_lab.model.objects import Pod, Resource, Typed

MAX_PODS_MADE = 50_000
"""How many pods the controllers make in the life of a cluster: ends ``replicas: 2000000000``."""


class Draft:
    """The next state while it is being made.

    As a context, it hands the state to ``commit`` on success, and only then.
    """

    def __init__(self, state: Snapshot, commit: Callable[[Snapshot], None] | None = None) -> None:
        self.objects = Shelf(state.objects_by_key)
        self.counters = dict(state.counters)
        self.ending = dict(state.ending)
        self.missed = state.missed
        self.state = state
        self.created = state.time
        self.commit = commit

    def __enter__(self) -> Draft:
        return self

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        if failed is None and self.commit is not None:
            self.commit(self.finish())

    def finish(self) -> Snapshot:
        objects = self.objects.all()
        return replace(
            self.state, objects_by_key=objects, counters=self.counters, ending=self.ending, missed=self.missed
        )

    # -- changes ---------------------------------------------------------------------------------

    def load(self, resources: Iterable[Resource]) -> None:
        """Take in a whole set of objects that may refer to each other in any order."""
        resources = list(resources)
        declared = {resource.name: resource for resource in resources if resource.kind == "Namespace"}
        for resource in resources:
            if resource.namespace and ("Namespace", "", resource.namespace) not in self.objects:
                self.apply(declared.get(resource.namespace) or _namespace(resource.namespace))
        # Nodes come first, for they give pods their addresses. Pods come before workloads, and what a workload owns
        # before the workload: a dump holds all of them, and they are its own.
        for resource in sorted(resources, key=_rank):
            self.apply(resource)

    def apply(self, resource: Resource) -> str:
        if self.ending.pop(resource.key, None) and resource.key in self.objects:
            self.delete(resource.key)
        old = self.objects.get(resource.key)
        if old is None:
            self.create(resource)
            return "created"
        if _content(self._place(self._kept(old, resource), resource)) == _content(old.body):
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
        old = self.objects[resource.key].body
        body = self._kept(self.objects[resource.key], resource)
        body["metadata"]["resourceVersion"] = str(self._next_version())
        if "generation" in old["metadata"]:
            body["metadata"]["generation"] = old["metadata"]["generation"] + (body.get("spec") != old.get("spec"))
        self._store(body, resource)

    def _kept(self, old: Resource, resource: Resource) -> Body:
        body = server.fresh(resource.body)
        body["metadata"] = {**_given_metadata(old.body), **body["metadata"]}
        kind = kinds.simulated(resource)
        if kind in ("Pod", "Service", "Node") and "status" in old.body:
            body.setdefault("status", dict(old.body["status"]))
        old_spec = old.body.get("spec") or {}
        if kind in ("Pod", "Service"):
            for name in ("nodeName", "clusterIP", "clusterIPs"):
                if old_spec.get(name) and isinstance(body.get("spec"), dict):
                    body["spec"].setdefault(name, old_spec[name])
        return body

    def _place(self, body: Body, resource: Resource) -> Body:
        """What the scheduler and the API server fill in, in ``body`` itself; what is there already stays."""
        kind = kinds.simulated(resource)
        if kind == "Pod":
            started = server.place_pod(body, self._nodes, self.counters, self.created)
            if started and self._nodes:  # manifests of one's own stand for pods that run
                ending.end_idle_shells(body, self.created)
        elif kind == "Service":
            server.place_service(body, lambda address: self.objects.has_address(address, resource.key))
        elif kind == "Namespace":
            body.setdefault("status", {"phase": "Active"})
            body.setdefault("spec", {"finalizers": ["kubernetes"]})
        return body

    @cached_property
    def _nodes(self) -> dict[str, Mapping[str, Any]]:
        """The nodes' bodies by name; gathered again after a node was stored or deleted."""
        return {resource.name: resource.body for resource in self.objects.of_kind("Node")}

    def _store(self, body: Body, resource: Resource) -> None:
        self._place(body, resource)
        kind = kinds.simulated(resource)
        seen = resource.typed
        if kind in ("Pod", "Service", "Node") and not self._is_placed(seen):
            seen = typed(body, None)  # the address and the node that were filled in are part of what policies see
        self.objects.put(replace(resource, body=body, typed=seen))
        if kind == "Node":
            self.__dict__.pop("_nodes", None)
        if controllers.makes_pods(resource):
            self._reconcile(resource.key)

    def _is_placed(self, seen: Typed) -> bool:
        """Whether a pod came with all that the cluster would give it, as those of a dump do."""
        return isinstance(seen, Pod) and bool(seen.ips) and bool(seen.node or not self._nodes)

    def delete(self, key: Key, grace: int | None = 0) -> Resource:
        """Delete an object and what it owns; for ``grace`` see :meth:`SimulatedCluster.delete`."""
        if key not in self.objects:
            raise NotFound(f'"{key[2]}" not found', key[0], key[2])
        if key[0] == "Namespace":
            for inside in self.objects.in_namespace(key[2]):
                self._take(inside.key, grace)
            return self._take(key, grace)
        gone = self._take(key, grace)
        if key == server.API_SERVER:
            self.missed = gone
        if gone.kind == "Node":
            self.__dict__.pop("_nodes", None)
        for owned in self.objects.owned_by(gone.key):
            self.delete(owned.key, grace)
        owner = self._workload_owning(gone)
        if owner is not None:
            self._reconcile(owner.key)
        return gone

    def _take(self, key: Key, grace: int | None = 0) -> Resource:
        """Remove an object and return it; one that needs time to end is marked, and stays until then."""
        resource = self.objects[key]
        seconds = self._seconds_to_end(resource, grace)
        if not seconds:
            self.ending.pop(key, None)
            return self.objects.take(key)
        until = self.created + timedelta(seconds=seconds)
        self.ending[key] = min(until, self.ending.get(key, until))
        self.objects.put(ending.marked(resource, self.ending[key], seconds))
        return resource

    def _seconds_to_end(self, resource: Resource, grace: int | None) -> float:
        if grace == 0:
            return 0
        if resource.kind != "Namespace":
            return ending.seconds_to_end(resource, grace)
        ends = (self.ending.get(each.key, self.created) for each in self.objects.in_namespace(resource.name))
        return (max(ends, default=self.created) - self.created).total_seconds() + ending.NAMESPACE_SECONDS

    def catch_up(self, seconds: float) -> None:
        """Take away what was deleted and has had its time, and make anew what the API server misses."""
        if self.missed is not None and self.created.timestamp() % server.API_SERVER_LOOKS < seconds:
            with suppress(AlreadyExists, NotFound):  # somebody wrote one, or took its namespace away
                self.create(self.missed)
            self.missed = None
        for key in [key for key, until in self.ending.items() if until <= self.created]:
            if key in self.objects:
                self.delete(key)
            self.ending.pop(key, None)

    # -- controllers -----------------------------------------------------------------------------

    def _workload_owning(self, resource: Resource) -> Resource | None:
        """The workload that has a controller's reference in this object, if it is there."""
        named = controllers.owner_of(resource.body)
        owner = self.objects.get((named[0], resource.namespace, named[1])) if named else None
        return owner if owner is not None and controllers.makes_pods(owner) else None

    def _reconcile(self, key: Key) -> None:
        """Bring the pods of a workload to what it wants now."""
        workload = self.objects[key]
        if key[0] == "Deployment":
            self._reconcile_deployment(workload)
        elif not self._adopted(key):
            # a template of a kind that is not simulated may be no pod's: then nobody knows its pods
            with suppress(*(ManifestError,) if controllers.is_foreign_workload(workload) else ()):
                self._reconcile_pods(key, workload.body)
        self._set_status(key)
        owner = self._workload_owning(workload)
        if owner is not None:
            self._set_status(owner.key)

    def _adopted(self, key: Key) -> bool:
        """A dump's pods belong to their workload by the owner it names, though we never made them."""
        return f"pods of {key}" not in self.counters and bool(self.objects.owned_by(key))

    def _reconcile_deployment(self, deployment: Resource) -> None:
        owned = self.objects.owned_by(deployment.key)
        behind = (controllers.owner_of(pod.body) for pod in self.objects.pods_of(deployment.key))
        makers = {each.key for each in owned} | {(o[0], deployment.namespace, o[1]) for o in behind if o}
        if any(f"pods of {key}" not in self.counters for key in makers):
            return  # a dump's own ReplicaSets, or the pods of one that the dump leaves out
        wanted = controllers.replica_set_for(deployment.body)
        current = (wanted["kind"], deployment.namespace, wanted["metadata"]["name"])
        for replica_set in owned:
            if replica_set.key != current and replica_set.key in self.objects:  # deleting one reconciles, too
                self.delete(replica_set.key)
        if current not in self.objects:
            self.create(_made(wanted))
        elif self.objects[current].body["spec"]["replicas"] != wanted["spec"]["replicas"]:
            self.put(_made(wanted))

    def _reconcile_pods(self, key: Key, workload: Mapping[str, Any]) -> None:
        """Keep as many of the workload's pods as it wants, and make what is missing."""
        places = controllers.daemon_nodes(workload, self._nodes.values()) if key[0] == "DaemonSet" else []
        wanted = controllers.replicas(workload, len(places))
        kept = self._keep(key, workload, wanted)
        missing = wanted - len(kept)
        self._check_room(key, missing)
        counter = f"pods of {key}"
        self.counters.setdefault(counter, 0)
        taken = {pod.body["spec"].get("nodeName") for pod in kept}
        free = [place for place in places if place not in taken] if places else [""] * missing
        numbers = self._numbers(key)
        for place in free[:missing]:
            pod = controllers.pod_for(workload, next(numbers), place)
            while ("Pod", key[1], pod["metadata"]["name"]) in self.objects:  # a controller draws again, too
                pod = controllers.pod_for(workload, next(numbers), place)
            self.create(_made(pod))

    def _keep(self, key: Key, workload: Mapping[str, Any], wanted: int) -> list[Resource]:
        """The pods that stay. Those too many, and those made from another template, are taken away."""
        owned = [pod for pod in self.objects.owned_by(key) if pod.kind == "Pod" and self._has_a_place(pod.key, key)]
        if key[0] == "StatefulSet":
            owned.sort(key=lambda pod: (len(pod.name), pod.name))  # db-2 before db-10
        kept = [] if self._template_changed(key, workload) else owned[:wanted]
        for extra in owned[len(kept) :]:
            self._take(extra.key)
        return kept

    def _has_a_place(self, pod: Key, workload: Key) -> bool:
        """Whether a pod counts for its workload; one that is ending, only where it has to be gone before the next."""
        return pod not in self.ending or workload[0] in ("StatefulSet", "DaemonSet")

    def _numbers(self, key: Key) -> Iterator[int]:
        """The numbers of pods to come: the lowest that a StatefulSet has free; of all others each only once."""
        counter = f"pods of {key}"
        for number in itertools.count(0 if key[0] == "StatefulSet" else self.counters[counter]):
            self.counters[counter] += 1
            yield number

    def _template_changed(self, key: Key, workload: Mapping[str, Any]) -> bool:
        """Whether the pods that are there were made from another template. A ReplicaSet's never changes."""
        now = server.digest(controllers.template_hash(workload))
        before = self.counters.get(f"template of {key}")
        self.counters[f"template of {key}"] = now
        return key[0] != "ReplicaSet" and before not in (None, now)

    def _check_room(self, key: Key, more: int) -> None:
        made = self.counters["made"] = self.counters.get("made", 0) + max(more, 0)
        if made > MAX_PODS_MADE:
            raise NotSimulated(
                f"{key[0]} {key[2]!r} wants {more} more pods."
                f" The simulated cluster makes at most {MAX_PODS_MADE:,} in all."
            )

    def _set_status(self, key: Key) -> None:
        """How many of a workload's pods there are, and how many of them are Ready."""
        resource = self.objects[key]
        if controllers.is_foreign_workload(resource):
            return  # what its own controller would write there is not known
        owned = self.objects.owned_by(key)
        owned += [each for r in owned if r.kind == "ReplicaSet" for each in self.objects.owned_by(r.key)]
        pods = [each for each in owned if each.kind == "Pod" and each.key not in self.ending]
        ready = sum(server.is_ready(pod.body) for pod in pods)
        body = {**resource.body, "status": _workload_status(key[0], len(pods), ready)}
        self.objects.put(replace(resource, body=body))

    def _next_version(self) -> int:
        self.counters["version"] = self.counters.get("version", 0) + 1
        return self.counters["version"]


def _rank(resource: Resource) -> int:
    kind = kinds.simulated(resource)
    if not controllers.makes_pods(resource):
        return 0 if kind == "Node" else 1
    return 3 if controllers.owner_of(resource.body) is None else 2


def _workload_status(kind: str, pods: int, ready: int) -> dict[str, Any]:
    if kind == "DaemonSet":
        made = dict.fromkeys(("currentNumberScheduled", "desiredNumberScheduled", "updatedNumberScheduled"), pods)
        return {**made, "numberReady": ready, "numberAvailable": ready}
    if kind in ("Job", "CronJob"):
        return {"active": pods}
    status: dict[str, Any] = {"replicas": pods, "readyReplicas": ready, "availableReplicas": ready}
    if kind == "Deployment":
        status["updatedReplicas"] = pods
        available = {"type": "Available", "status": "True" if ready == pods else "False"}
        status["conditions"] = [available, {"type": "Progressing", "status": "True"}]
    return status


def _given_metadata(body: Mapping[str, Any]) -> dict[str, Any]:
    given = ("creationTimestamp", "generation", "uid", "ownerReferences", *ending.MARKS)
    return {name: body["metadata"][name] for name in given if name in body["metadata"]}


def _content(body: Mapping[str, Any]) -> dict[str, Any]:
    """What an author can change: all but the status and the counts of writes. No labels are the same as ``{}``."""
    counts = ("resourceVersion", "generation")
    metadata = {name: value for name, value in body["metadata"].items() if value and name not in counts}
    return {**{name: value for name, value in body.items() if name != "status"}, "metadata": metadata}


def _made(body: Mapping[str, Any]) -> Resource:
    """What the cluster makes of objects that it has taken is not judged again."""
    return from_object(body, strict=False)


def _namespace(name: str) -> Resource:
    return _made({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
