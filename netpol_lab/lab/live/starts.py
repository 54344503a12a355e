"""The start of an exercise on a real cluster: its objects, in namespaces that the lab made or that the student labeled.

A namespace that the lab made is emptied for it. In one of the student's own nothing is deleted but what the lab made:
whatever else is there is named, and nothing is written. All of this is looked at before the first write.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.kubectl.writing import last_applied
from netpol_lab.lab.live.own_kubectl import LiveError
from netpol_lab.lab.live.own_objects import OwnObjects
from netpol_lab.model.bodies import Body, ReadOnlyBody


def begin(own: OwnObjects, state: Snapshot, say: Callable[[str], None]) -> None:
    """Put the objects of a start there, and take away those of the start before.

    ``state`` is the start on a simulated cluster: what was applied to it is applied here. Raises :class:`LiveError`
    where a namespace may not be written to or holds what the lab did not make; then nothing was written.
    """
    bodies = [_applied(each.body) for each in state.objects.values() if last_applied(each.body) is not None]
    spaces: dict[str, Body] = {each["metadata"]["name"]: each for each in bodies if each["kind"] == "Namespace"}
    inside: dict[str, list[Body]] = {name: [] for name in spaces}
    for each in bodies:
        if each["kind"] != "Namespace":
            inside.setdefault(each["metadata"]["namespace"], []).append(each)
    there = own.namespaces(inside, say)
    for name, body in there.items():
        own.check_namespace(name)
        if not own.is_made(body):
            _check_students(own, body, spaces.get(name))
    own.clear(there, say)
    for name, objects in inside.items():
        if name not in there or own.is_made(there[name]):
            own.put_namespace(spaces[name], replace=name in there)
        own.apply(name, objects)


def _applied(body: Any) -> Body:
    """What was applied to the simulated cluster, without the node of a cluster of its own."""
    applied: Body = {**(last_applied(body) or {})}
    if applied["kind"] != "Namespace":
        applied["metadata"].setdefault("namespace", "default")
    if applied["kind"] == "Pod":
        applied["spec"].pop("nodeName", None)
    return applied


def _check_students(own: OwnObjects, namespace: ReadOnlyBody, wanted: Body | None) -> None:
    """A namespace that the student made needs the labels of the start, and nothing in it but what the lab made."""
    name, labels = namespace["metadata"]["name"], namespace["metadata"].get("labels") or {}
    asked = (wanted or {}).get("metadata", {}).get("labels") or {}
    lacking = [f"{key}={value}" for key, value in asked.items() if labels.get(key) != value]
    if lacking:
        raise LiveError(
            f"The namespace {name} is yours, so the lab does not change it, and this exercise needs other labels of "
            f"it: kubectl label --overwrite namespace {name} {' '.join(lacking)}"
        )
    others = own.not_made(name)
    if others:
        raise LiveError(
            f"In the namespace {name} is what the lab did not make, so it stays, and this exercise begins without it. "
            f"To take it away: kubectl delete -n {name} {' '.join(others[:8])}"
        )
