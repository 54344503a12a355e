"""The simulated cluster: a handle on its present state.

Every change makes a new :class:`Snapshot`; a change that fails leaves everything as it was.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Self, TypeGuard

from netpol_lab.cluster.draft import Draft
from netpol_lab.cluster.observed import observed
from netpol_lab.cluster.snapshot import STARTED, Snapshot, View
from netpol_lab.engine.profiles import profile_named
from netpol_lab.manifests import Problem, read_path, read_text
from netpol_lab.manifests.read import Reader, without_garbage_collection
from netpol_lab.model import datafiles as data
from netpol_lab.model.bodies import Key
from netpol_lab.model.errors import LabError
from netpol_lab.model.objects import Resource

Source = str | os.PathLike[str] | Mapping[str, Any] | Iterable[Mapping[str, Any]]
"""What manifests can be given as: a path, a text, or objects that are parsed already."""

CLUSTER_AGE = timedelta(days=3)
"""How old the cluster is when a session starts."""


class SimulatedCluster(View):
    """A cluster you can change. ``profile`` names the network plugin's behavior.

    >>> cluster = SimulatedCluster()
    >>> [node.name for node in cluster.nodes]
    ['control-plane', 'node1', 'node2']
    """

    problems: tuple[Problem, ...] = ()
    """What :meth:`from_manifests` took in spite of a fault, or had to leave out, and keys that are written twice."""
    skipped: tuple[Problem, ...] = ()
    """The files and documents of a folder that are no manifests; ``str`` of each says where and why."""

    def __init__(self, profile: str = "upstream") -> None:
        self._state = replace(_base(profile_named(profile).name), enforcement=profile_named(profile))

    @classmethod
    def at(cls, snapshot: Snapshot) -> Self:
        """A new handle that starts from a snapshot."""
        cluster = cls.__new__(cls)
        cluster._state = snapshot
        return cluster

    @classmethod
    def from_manifests(cls, source: Source, profile: str = "upstream", *, strict: bool = True) -> Self:
        """A cluster with nothing but your own manifests in it: no cluster DNS, no nodes.

        ``source`` is a file; a folder, read with the folders in it; YAML or JSON text; or objects that are parsed
        already: one, a List, or several. What ``kubectl get -o yaml`` or ``-o json`` prints can be read: pods keep
        their addresses and belong to the workloads that are there. Workloads without pods get theirs.
        Namespaces that are used and not declared are made, with the one label the API server sets.

        In a folder, what is no manifest is passed over and listed in :attr:`skipped`: kustomizations, a chart's values
        and templates, files of other tools. ``strict`` False also takes what an API server would refuse and a reader
        can still understand, such as dumps without the names and images of containers, and lists it in
        :attr:`problems`. A policy whose meaning is in doubt is left out and listed there too.

        Raises :class:`ManifestError` with all problems of all files where it is strict, and
        :class:`NotFound` for a path without manifests; nothing is half loaded.

        >>> web = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}}
        >>> web["spec"] = {"containers": [{"name": "nginx", "image": "nginx"}]}
        >>> [pod.id for pod in SimulatedCluster.from_manifests([web]).pods]
        ['default/web']
        """
        with without_garbage_collection():
            draft = Draft(Snapshot({}, profile_named(profile)))
            reader = _read(source, Reader(own=True, strict=strict))
            draft.load(reader.found())
            cluster = cls.at(draft.finish())
        cluster.problems, cluster.skipped = (*reader.problems, *reader.notes), tuple(reader.skipped)
        return cluster

    @classmethod
    def from_kubectl_dump(cls, source: Source, profile: str = "upstream") -> Self:
        """The state of a real cluster, from what ``kubectl get ... -A -o json`` (or yaml) printed of it.

        ``source`` as for :meth:`from_manifests`; ``netpol-lab dump`` prints the kubectl line. Nothing is simulated:
        the pods are those of the dump, with their own addresses, nodes, phases and labels. :attr:`problems` lists what
        has to be known of it, such as namespaces that were not dumped, and :attr:`skipped` what was left out because
        its meaning is in doubt. Raises :class:`NotFound` for a path without objects.
        """
        with without_garbage_collection():
            reader = _read(source, Reader(own=True, strict=False))
            state, notes = observed(reader.found(), profile_named(profile))
        cluster = cls.at(state)
        cluster.problems, cluster.skipped = (*reader.problems, *reader.notes, *notes), tuple(reader.skipped)
        return cluster

    def snapshot(self) -> Snapshot:
        return self._state

    def restore(self, snapshot: Snapshot) -> None:
        """Go back (or over) to another state, clock included."""
        self._state = snapshot

    def advance(self, seconds: float) -> None:
        """Let simulated time pass. Raises :class:`LabError` for a moment that no calendar has."""
        try:
            time = self._state.time + timedelta(seconds=seconds)
        except (OverflowError, ValueError):
            raise LabError(f"{seconds!r} seconds lead out of the calendar.") from None
        self._state = replace(self._state, time=time)
        if self._state.missed or any(until <= time for until in self._state.ending.values()):
            with Draft(self._state, self.restore) as draft:
                draft.catch_up(seconds)

    def apply(self, resource: Resource | str | Path) -> str | dict[str, str]:
        """Create an object, or replace the one of that kind, namespace and name.

        Returns ``created``, ``configured`` or ``unchanged``; for manifests (text or a path) a dict with one
        such word per object. Raises :class:`NotFound` when the namespace does not exist;
        then nothing of the call has happened.
        """
        if isinstance(resource, Resource):
            with Draft(self._state, self.restore) as draft:
                return draft.apply(resource)
        resources = read_text(resource) if _is_text(resource) else read_path(resource)
        with Draft(self._state, self.restore) as draft:
            return {f"{each.kind} {each.name}": draft.apply(each) for each in resources}

    def create(self, resource: Resource) -> None:
        """Create a new object; raises :class:`AlreadyExists` or ``NotFound`` (namespace)."""
        with Draft(self._state, self.restore) as draft:
            draft.create(resource)

    def put(self, resource: Resource) -> None:
        """Replace an existing object by a changed one (after ``label``, ``scale``)."""
        with Draft(self._state, self.restore) as draft:
            draft.put(resource)

    def delete(self, kind: str, namespace: str, name: str, grace: int | None = 0) -> Resource:
        """Delete an object and all it owns; returns it. Raises :class:`NotFound`.

        ``grace``: the seconds that programs get which do not end when told to; None for what their pods say. Until
        then such pods, and the namespace they are in, are still there, and :attr:`Snapshot.ending` has them.
        """
        with Draft(self._state, self.restore) as draft:
            return draft.delete((kind, namespace, name), grace)


def _read(source: Source, reader: Reader) -> Reader:
    if _is_text(source):
        return reader.read_text(source)
    if isinstance(source, str | os.PathLike):
        return reader.read_path(source, recursive=True)
    if isinstance(source, Mapping | Iterable) and not isinstance(source, bytes):
        return reader.read_objects(source)
    raise LabError(f"Manifests are a path, a text, or objects that are parsed already, and no {type(source).__name__}.")


def _is_text(source: object) -> TypeGuard[str]:
    """Whether a string is a manifest rather than the path of one: it has lines or braces, or nothing in it."""
    return isinstance(source, str) and ("\n" in source or source.lstrip()[:1] in ("", "{", "[", "#"))


def hypothetical(state: Snapshot, add: Iterable[Resource] = (), without: Iterable[Key] = ()) -> Snapshot:
    """What if: the same moment with some objects more, or other, or gone. ``state`` stays as it is."""
    draft = Draft(state.without(without))
    for resource in add:
        draft.apply(resource)
    return draft.finish()


@functools.cache
def _base(profile: str) -> Snapshot:
    """The cluster before any lesson, loaded once; it was made three days ago.

    Each node runs the agent of the network plugin: Cilium's, unless the profile has one of its own; then kube-proxy
    runs too.
    """
    draft = Draft(Snapshot({}, time=STARTED - CLUSTER_AGE))
    draft.load(read_path(data.path("clusters", "base.yaml")))
    agent = data.path("clusters") / f"plugin-{profile}.yaml"
    if agent.is_file():
        draft.delete(("DaemonSet", "kube-system", "cilium"))
        for resource in [*read_path(agent), *read_path(agent.with_name("kube-proxy.yaml"))]:
            draft.apply(resource)
    return replace(draft.finish(), time=STARTED)
