"""The objects of a state that is being made, found by kind, owner or address without looking at them all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from netpol_lab.cluster import controllers
from netpol_lab.model.bodies import Key
from netpol_lab.model.objects import Pod, Resource, Service

Entry = tuple[str, ...]
"""What objects are looked up by: the name of the index first."""


class Shelf:
    """Objects by key, in order of creation; a replaced object keeps its place.

    The look-ups are what makes loading a dump one pass: every pod asks for its node, every workload for what it
    owns, every Service for a free address. They are gathered at the first question: many changes ask none.
    """

    def __init__(self, objects: Mapping[Key, Resource]) -> None:
        self._objects = dict(objects)

    def __contains__(self, key: object) -> bool:
        return key in self._objects

    def __getitem__(self, key: Key) -> Resource:
        return self._objects[key]

    def get(self, key: Key) -> Resource | None:
        return self._objects.get(key)

    def all(self) -> dict[Key, Resource]:
        """Every object, as a snapshot keeps them."""
        return dict(self._objects)

    def put(self, resource: Resource) -> None:
        """Add an object, or replace the one of its key."""
        key = resource.key
        old = self._objects.get(key)
        self._objects[key] = resource
        if "_index" in self.__dict__:
            entries = list(_entries(resource))
            for entry in _entries(old) if old is not None else ():
                if entry not in entries:
                    del self._index[entry][key]
            for entry in entries:
                self._index.setdefault(entry, {})[key] = None

    def take(self, key: Key) -> Resource:
        """Remove an object and return it."""
        resource = self._objects.pop(key)
        if "_index" in self.__dict__:
            for entry in _entries(resource):
                del self._index[entry][key]
        return resource

    def of_kind(self, kind: str) -> list[Resource]:
        return self._found("kind", kind)

    def in_namespace(self, namespace: str) -> list[Resource]:
        return self._found("namespace", namespace)

    def owned_by(self, key: Key) -> list[Resource]:
        """The objects whose controlling owner is that one."""
        return self._found("owner", *key)

    def pods_of(self, workload: Key) -> list[Resource]:
        """The pods behind a workload, also where the ReplicaSet between them is not there."""
        kind, namespace, name = workload
        return self._found("workload", namespace, f"{kind}/{name}")

    def has_address(self, address: str, but: Key) -> bool:
        """Whether a Service other than ``but`` has that cluster IP."""
        return bool(self._index.get(("address", address), {}).keys() - {but})

    def _found(self, *entry: str) -> list[Resource]:
        return [self._objects[key] for key in self._index.get(entry, ())]

    @cached_property
    def _index(self) -> dict[Entry, dict[Key, None]]:
        index: dict[Entry, dict[Key, None]] = {}
        for resource in self._objects.values():
            for entry in _entries(resource):
                index.setdefault(entry, {})[resource.key] = None
        return index


def _entries(resource: Resource) -> Iterator[Entry]:
    """Everything an object can be looked up by."""
    yield "kind", resource.key[0]
    yield "namespace", resource.namespace
    owner = controllers.owner_of(resource.body)
    if owner is not None:
        yield "owner", owner[0], resource.namespace, owner[1]
    if isinstance(resource.typed, Pod) and resource.typed.owner:
        yield "workload", resource.namespace, resource.typed.owner
    if isinstance(resource.typed, Service) and resource.typed.cluster_ip:
        yield "address", str(resource.typed.cluster_ip)
