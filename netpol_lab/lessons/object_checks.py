"""The objects an exercise wants: is one there that is meant, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.lessons.loading import WantedObject
from netpol_lab.lessons.recognize import Cause, cause_of
from netpol_lab.lessons.recognize import found as recognized
from netpol_lab.model.language import spoken
from netpol_lab.model.objects import Resource
from netpol_lab.model.phrases import listed


def candidates(state: Snapshot, item: WantedObject, start: Snapshot) -> list[str]:
    """Objects of that kind that were not there at the start and look like the wanted one."""
    before = {(r.namespace, r.name) for r in start.list(item.kind)}
    new = [r.name for r in state.list(item.kind) if (r.namespace, r.name) not in before]
    return get_close_matches(item.name, new, 3, 0.75)


def object_problem(state: Snapshot, item: WantedObject) -> Cause | None:
    """What is wrong with an object; None when it is as wanted."""
    kind = item.kind.lower()
    found = state.get(item.kind, item.namespace, item.name)
    if found is None:
        missing = "There is no {kind} `{name}` in `{namespace}`." if item.namespace else "There is no {kind} `{name}`."
        return _elsewhere(state, item, spoken(missing, kind=kind, name=item.name, namespace=item.namespace))
    labels = dict(found.body.get("metadata", {}).get("labels") or {})
    wrong = {key: value for key, value in item.labels.items() if labels.get(key) != value}
    if not wrong:
        return _container_problem(found, item)
    has = ", ".join(f"`{key}={value}`" for key, value in sorted(labels.items())) or spoken("no label")
    wants = ", ".join(f"`{key}={value}`" for key, value in wrong.items())
    puts = f"kubectl label {kind} {item.name}{f' -n {item.namespace}' if item.namespace else ''} " + " ".join(
        f"{key}={value}" for key, value in wrong.items()
    )
    places = {"kind": kind, "name": item.name, "wanted": wants, "found": has, "line": f"{puts} --overwrite"}
    return cause_of("object-differs", recognized(**places))


def _container_problem(found: Resource, item: WantedObject) -> Cause | None:
    """What is wrong with what a pod runs; None where nothing is asked of it, or it is as asked."""
    containers = found.body.get("spec", {}).get("containers") or [{}]
    runs = [" ".join([*(each.get("command") or ()), *(each.get("args") or ())]) for each in containers]
    ports = {port.get("containerPort") for each in containers for port in each.get("ports") or ()}
    images = [str(each.get("image", "")).rpartition("/")[2] for each in containers]
    wrong = [
        (
            spoken("the image `{image}`", image=item.image),
            listed(f"`{each}`" for each in images),
            item.image in ("", *images),
        ),
        (
            spoken("the command `{command}`", command=item.command),
            _quoted(runs, spoken("no command")),
            any(item.command in each for each in runs),
        ),
        (
            spoken("the port {port}", port=item.port),
            listed(map(str, sorted(ports))) or spoken("no port"),
            item.port in (None, *ports),
        ),
    ]
    for wanted, got, right in wrong:
        if not right:
            line = f"kubectl delete pod {item.name}{f' -n {item.namespace}' if item.namespace else ''}"
            return cause_of("pod-differs", recognized(name=item.name, wanted=wanted, found=got, line=line))
    return None


def _quoted(words: Iterable[str], none: str) -> str:
    return listed(f"`{each}`" for each in words if each) or none


def _elsewhere(state: Snapshot, item: WantedObject, missing: str) -> Cause:
    kind = item.kind.lower()
    others = [r.namespace for r in state.list(item.kind) if r.name == item.name]
    if others:
        places = {"kind": kind, "name": item.name, "namespace": others[0], "wanted": item.namespace}
        return cause_of("object-elsewhere", recognized(**places))
    near = get_close_matches(item.name, [r.name for r in state.list(item.kind, item.namespace or None)], 1, 0.75)
    if near:
        return cause_of("object-misnamed", recognized(kind=kind, near=near[0], name=item.name))
    return Cause("", missing)
